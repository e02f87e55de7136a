"""A host that is killed under HTTP writers keeps its word.

The long form runs by itself: `python tests/protocols/crash_http.py --times 50`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from crash_http import run


@pytest.mark.server
def test_a_killed_host_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Three kills under eight writers: each anchor once, and the member agrees."""
    tally = run(tmp_path / "network", 3)
    assert tally.kills == 3
    assert tally.acknowledged > 0
    assert len(tally.restarts_s) == 3
