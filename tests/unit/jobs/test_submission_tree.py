"""A submission is named by all of its bytes, and by nothing that hides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from privshare.errors import EvidenceInvalid, OutOfRange, PrivShareError
from privshare.jobs.submission import tree
from privshare.jobs.submission.tree import Tree, check_same, load
from privshare.wire.canonical import decode, encode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission as clients lay it out."""
    made = tmp_path / "job"
    (made / "code" / "lib").mkdir(parents=True)
    (made / "code" / "main.py").write_text("import lib.sums\n")
    (made / "code" / "lib" / "sums.py").write_text("")
    (made / "run.sh").write_text("#!/bin/bash\npython main.py\n")
    (made / "config.yaml").write_text("name: wages\n")
    return made


def test_the_digest_is_of_names_and_bytes_alone(folder: Path, tmp_path: Path) -> None:
    """The same files elsewhere, written in another order, have the same digest."""
    first = load(folder)
    other = tmp_path / "other"
    for path in sorted(first.contents, reverse=True):
        place = other / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(first.contents[path])
    assert load(other).tree == first.tree
    assert [one.path for one in first.tree.files] == sorted(first.contents)


def _append(folder: Path) -> None:
    with (folder / "code" / "lib" / "sums.py").open("a") as file:
        file.write("#")


def _start_script(folder: Path) -> None:
    (folder / "run.sh").write_text("#!/bin/bash\npython other.py\n")


def _configuration(folder: Path) -> None:
    (folder / "config.yaml").write_text("name: wages\n\n")


def _more(folder: Path) -> None:
    (folder / "code" / "extra.txt").write_text("")


def _less(folder: Path) -> None:
    (folder / "code" / "lib" / "sums.py").unlink()


def _renamed(folder: Path) -> None:
    (folder / "code" / "main.py").rename(folder / "code" / "Main.py")


def _executable(folder: Path) -> None:
    (folder / "code" / "main.py").chmod(0o755)


@pytest.mark.parametrize(
    "change",
    [_append, _start_script, _configuration, _more, _less, _renamed, _executable],
)
def test_whatever_is_changed_is_another_submission(
    folder: Path, change: object
) -> None:
    """Any file, its name, its mode, one more, one less."""
    approved = load(folder).tree.digest
    check_same(approved, load(folder).tree)
    change(folder)  # type: ignore[operator]
    with pytest.raises(EvidenceInvalid) as refused:
        check_same(approved, load(folder).tree)
    assert refused.value.detail["rule"] == "submission.changed"


def _link(folder: Path) -> None:
    (folder / "code" / "rows").symlink_to("/etc/passwd")


def _linked_folder(folder: Path) -> None:
    (folder / "etc").symlink_to("/etc")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "code" / "pipe")


def _backwards(folder: Path) -> None:
    (folder / "code" / "evil\u202eyp.txt").write_text("")


def _control(folder: Path) -> None:
    (folder / "code" / "two\nlines").write_text("")


def _not_text(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_text("")


def _decomposed(folder: Path) -> None:
    (folder / "e\u0301.py").write_text("")


def _large(folder: Path) -> None:
    with (folder / "code" / "large").open("wb") as file:
        file.truncate(tree.MAX_BYTES + 1)


def _many(folder: Path) -> None:
    for number in range(tree.MAX_FILES):
        (folder / "code" / str(number)).write_text("")


def _deep(folder: Path) -> None:
    (folder / "/".join("d" * 20)).mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (_link, "kind"),
        (_linked_folder, "kind"),
        (_pipe, "kind"),
        (_backwards, "path"),
        (_control, "path"),
        (_not_text, "path"),
        (_decomposed, "path"),
        (_large, "size"),
        (_many, "count"),
        (_deep, "path"),
    ],
)
def test_what_is_not_plain_is_refused(folder: Path, spoil: object, rule: str) -> None:
    """Links, pipes, names that deceive, too much."""
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(OutOfRange) as refused:
        load(folder)
    assert refused.value.detail["rule"] == f"submission.{rule}"


def test_an_empty_or_absent_folder_is_no_submission(tmp_path: Path) -> None:
    """There must be something to approve."""
    for place in (tmp_path, tmp_path / "absent"):
        with pytest.raises(OutOfRange):
            load(place)


def test_a_tree_is_read_as_it_was_written(folder: Path) -> None:
    """And anything else is refused, not crashed on."""
    made = load(folder).tree
    document = decode(encode(made.to_json()))
    assert Tree.from_json(document) == made
    assert isinstance(document, dict)
    for other in ({**document, "files": []}, {**document, "v": 2}, [], {"v": 1}):
        with pytest.raises(PrivShareError):
            Tree.from_json(other)
    first = document["files"][0]  # type: ignore[index,call-overload]
    for path in ("../up", "/root", "a//b", ""):
        with pytest.raises(PrivShareError):
            Tree.from_json({**document, "files": [{**first, "path": path}]})
    with pytest.raises(PrivShareError):
        Tree.from_json({**document, "files": [first, first]})
