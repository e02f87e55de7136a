"""Verifiers are pure: no clock, no device, no file, and no collector."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / "privshare/jobs/attestation"
COLLECT = "privshare.jobs.attestation.collect"
IMPURE = {
    "ctypes",
    "datetime",
    "os",
    "pathlib",
    "random",
    "socket",
    "subprocess",
    "time",
}

# Modules that draw randomness for the enroller; what they verify needs none.
# Dates of certificates are parsed with the calendar; no clock is read.
DRAWING = {"credential.py": {"os"}, "der.py": {"datetime"}, "enrolment.py": {"os"}}


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", sorted(HOME.glob("*.py")), ids=lambda p: p.name)
def test_verifiers_touch_nothing(path: Path) -> None:
    """Neither a collector nor what only collectors need."""
    names = imported(path)
    assert not {name for name in names if name.startswith(COLLECT)}
    roots = {name.split(".")[0] for name in names}
    assert not roots & IMPURE - DRAWING.get(path.name, set())
