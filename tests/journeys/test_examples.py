"""The examples run as they stand, and check their own answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"
FILES = sorted(path.name for path in EXAMPLES.glob("[0-9]*.py"))
ALL_NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("[0-9]*.ipynb"))

#: Two that run beside each other, with PySyft: tests/pysyft runs them.
PYSYFT = {"16_syft_scientist.ipynb", "17_syft_owner.ipynb"}
NOTEBOOKS = [name for name in ALL_NOTEBOOKS if name not in PYSYFT]

#: What keeps an example short, by its file.
SHORT = {
    "02_ames_housing.py": ("--rows", "400"),
    "05_dask.py": ("--rows", "20000"),
}

TIMEOUT_S = 280
LONG_TIMEOUT_S = 1800

pytestmark = pytest.mark.server


def _run(name: str, *options: str, cwd: Path, timeout_s: float = TIMEOUT_S) -> str:
    """Run an example in an empty folder; return what it says."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *options],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(cwd.iterdir()), f"{name} left files behind"
    return done.stdout


@pytest.mark.parametrize("name", FILES)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    """Exit code 0 (its own checks hold), something said, nothing left."""
    assert _run(name, *SHORT.get(name, ()), cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(LONG_TIMEOUT_S)
@pytest.mark.parametrize("name", SHORT)
@pytest.mark.skipif(
    os.environ.get("PRIVSHARE_LONG") != "1",
    reason="long form: set PRIVSHARE_LONG=1",
)
def test_an_example_runs_in_full(name: str, tmp_path: Path) -> None:
    """The same on all of its data."""
    assert _run(name, cwd=tmp_path, timeout_s=LONG_TIMEOUT_S)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name: str, tmp_path: Path) -> None:
    """Its cells, in order, as one program; it was saved without answers."""
    notebook = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells and not any(cell["outputs"] for cell in cells)
    program = "\n".join("".join(cell["source"]) for cell in cells)
    done = subprocess.run(
        [sys.executable, "-"],
        input=program,
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "expected" in done.stdout  # the refusal that it shows


@pytest.mark.parametrize("name", [*FILES, *ALL_NOTEBOOKS, "syft_pair.py"])
def test_an_example_is_on_the_map(name: str) -> None:
    """The folder's README names it."""
    assert f"]({name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
