"""PySyft's own clients over a folder: two processes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

from syft_kit import ADA, STEWARD, expect_done, expect_sealed, play


def test_a_submission_between_two_processes(tmp_path: Path) -> None:
    """Peers, mock data, a job, its result: all of it, and all encrypted."""
    boxes = tmp_path / "boxes"
    sides = {
        "steward": {"account": STEWARD, "peer": ADA},
        "ada": {"account": ADA, "peer": STEWARD},
    }
    for role, settings in sides.items():
        (tmp_path / role).mkdir()
        settings |= {"boxes": str(boxes), "folder": str(tmp_path / role)}
    expect_done(play(sides, tmp_path))
    files = {}
    for file in boxes.rglob("*"):
        if file.is_file():
            kind, owner, other, *name = file.relative_to(boxes).parts
            assert {owner, other} & {STEWARD, ADA}
            files[kind, other, unquote("".join(name))] = file.read_bytes()
    expect_sealed(files)
