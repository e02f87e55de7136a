"""The examples run as they stand, and check their own answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"
FILES = sorted(path.name for path in EXAMPLES.glob("[0-9]*.py"))

#: What keeps an example short, by its file.
SHORT = {"02_ames_housing.py": ("--rows", "400")}

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


@pytest.mark.parametrize("name", FILES)
def test_an_example_is_on_the_map(name: str) -> None:
    """The folder's README names it."""
    assert f"]({name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
