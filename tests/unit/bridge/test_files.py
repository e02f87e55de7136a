"""What is read of a job: every byte, and a digest that the node finds too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from privshare.bridge import files
from privshare.bridge.files import File, Files
from privshare.errors import OutOfRange
from privshare.jobs.submission import tree
from privshare.wire.canonical import b64u


def test_the_digest_is_that_of_the_tree(tmp_path: Path) -> None:
    """Approvals name one digest, whoever reads the files."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("print(1)\n")
    (tmp_path / "run.sh").write_text("python main.py\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "code-2.py").write_text("")
    assert b64u(tree.load(tmp_path).tree.digest) == Files.read(tmp_path).digest


def test_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    """So that the node can refuse it, and anchor that it did."""
    for number in range(tree.MAX_FILES + 1):
        (tmp_path / f"{number}.py").touch()
    with pytest.raises(OutOfRange):
        tree.load(tmp_path)
    assert len(Files.read(tmp_path).files) == tree.MAX_FILES + 1


@pytest.mark.parametrize("kind", ["link", "pipe", "folder of links"])
def test_only_plain_files(kind: str, tmp_path: Path) -> None:
    """What is no file has no bytes to be named by."""
    (tmp_path / "main.py").write_text("print(1)")
    if kind == "link":
        (tmp_path / "more.py").symlink_to("/etc/passwd")
    elif kind == "pipe":
        os.mkfifo(tmp_path / "pipe")
    else:
        (tmp_path / "sub").symlink_to("/etc")
    with pytest.raises(OutOfRange) as refused:
        Files.read(tmp_path)
    assert refused.value.detail["rule"] == "submission.kind"


@pytest.mark.parametrize(
    ("what", "rule"),
    [("none", "count"), ("many", "count"), ("long", "size"), ("deep", "path")],
)
def test_what_could_not_be_sent(
    what: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by its rule, without a digest."""
    monkeypatch.setattr(files, "_MAX_FILES", 3)
    monkeypatch.setattr(files, "MAX_READ", 100)
    if what == "many":
        for number in range(4):
            (tmp_path / f"{number}.py").touch()
    elif what == "long":
        (tmp_path / "a.py").write_bytes(bytes(60))
        (tmp_path / "b.py").write_bytes(bytes(60))
    elif what == "deep":
        folder = tmp_path / "/".join("d" * 40)
        folder.mkdir(parents=True)
        (folder / "a.py").touch()
    with pytest.raises(OutOfRange) as refused:
        Files.read(tmp_path)
    assert refused.value.detail["rule"] == f"submission.{rule}"


def test_a_name_in_other_bytes_is_refused(tmp_path: Path) -> None:
    """It has no text that a document could hold."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.py")).touch()
    with pytest.raises(OutOfRange) as refused:
        Files.read(tmp_path)
    assert refused.value.detail["rule"] == "submission.path"


def test_laid_out_for_the_node() -> None:
    """As `POST /v1/submissions` takes them."""
    made = Files((File("run.sh", b"true", True),))
    assert made.to_json() == [{"bytes": "dHJ1ZQ", "executable": True, "path": "run.sh"}]


def test_files_that_stand_for_unreadable_ones() -> None:
    """Nobody approved their digest."""
    assert Files.unreadable("expected plain files, found a link").files
