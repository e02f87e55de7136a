"""The scientist's and the owner's notebook, at the same time, on one running pair."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

from agencies_kit import REPOSITORY, SOURCE, until

pytestmark = [pytest.mark.server, pytest.mark.once, pytest.mark.timeout(900)]

EXAMPLES = REPOSITORY / "examples"
TIMEOUT_S = 500


def program(name: str) -> str:
    """Its cells in order, as one program; it was saved without answers."""
    notebook = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells and not any(cell["outputs"] for cell in cells)
    return "\n".join("".join(cell["source"]) for cell in cells)


def start(name: str, pair: Path, cwd: Path) -> subprocess.Popen[bytes]:
    """Run a notebook in an empty folder, in a session of its own."""
    cwd.mkdir()
    with (cwd / "said").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-c", program(name)],
            cwd=cwd,
            env={
                **os.environ,
                "PRIVSHARE_PAIR": str(pair),
                "PYTHONPATH": str(SOURCE),
            },
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def ended(process: subprocess.Popen[bytes], cwd: Path) -> str:
    """What it said, once it has ended well."""
    code = process.wait(TIMEOUT_S)
    said = (cwd / "said").read_text()
    assert code == 0, said[-4000:]
    return said


def test_the_two_notebooks(tmp_path: Path) -> None:
    """Each finds what the other does; both show a refusal, and end well."""
    pair, its, hers = (tmp_path / name for name in ("pair", "owner", "scientist"))
    nodes = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "syft_pair.py"), str(pair)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    running: list[subprocess.Popen[bytes]] = []
    try:
        until((pair / "pair.json").exists)
        running.append(start("17_syft_owner.ipynb", pair, its))
        running.append(start("16_syft_scientist.ipynb", pair, hers))
        owner, scientist = ended(running[0], its), ended(running[1], hers)
    finally:
        for one in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)  # its bridge, too
        nodes.send_signal(signal.SIGTERM)
        nodes.wait(60)
    assert "expected" in scientist and "expected" in owner
    assert "rejected - " in scientist
    assert "north" in scientist and "runs left: 1" in scientist
    assert "the bridge ended with 0" in owner
