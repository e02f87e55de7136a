"""A host that is killed loses nothing that it acknowledged.

The long form runs by itself: `python tests/protocols/crash_host.py 50`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from crash_host import run


def test_a_killed_host_keeps_its_promises(tmp_path: Path) -> None:
    """Five kills under eight writers: all acknowledged, none twice, same roots."""
    tally = run(tmp_path, 5)
    assert tally.rounds == 5
    assert tally.acknowledged > 0
