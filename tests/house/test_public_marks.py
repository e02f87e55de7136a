"""What the core declares public is listed, with reasons, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

NATIVE = Path(__file__).parents[2] / "native"
ROW = re.compile(r"^\| (`[^|]+`) \| (\d+) \|", re.MULTILINE)


def test_marks_are_listed() -> None:
    """Each row of native/README.md counts the marks of its files; none is left."""
    text = (NATIVE / "README.md").read_text(encoding="utf-8")
    section = text.split("## What is declared public\n")[1].split("\n## ")[0]
    found = {
        path.relative_to(NATIVE / "src").as_posix(): count
        for path in (NATIVE / "src").rglob("*.c")
        if (count := path.read_text(encoding="ascii").count("PS_PUBLIC("))
    }
    listed: set[str] = set()
    for files, marks in ROW.findall(section):
        names = re.findall(r"`([^`]+)`", files)
        assert (files, sum(found[name] for name in names)) == (files, int(marks))
        listed.update(names)
    assert sorted(found) == sorted(listed)
