"""Nodes that are killed while they compute on shares leave nothing wrong behind.

The long form runs by itself, too: `python tests/protocols/crash_shares.py --times 40`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from crash_shares import run

LONG = os.environ.get("PRIVSHARE_LONG") == "1"


@pytest.mark.server
@pytest.mark.skipif(not LONG, reason="long form: kills nodes of a real network")
@pytest.mark.timeout(900)
def test_killed_nodes_end_jobs_well(tmp_path: Path) -> None:
    """Each of the four nodes and of their processes is killed three times."""
    tally = run(tmp_path / "network", 15)
    assert tally.faults == []
    assert sum(tally.ends.values()) == 15
