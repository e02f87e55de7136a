"""The bridge's memory: one line a job, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from privshare.bridge.journal import Journal, Line, write_whole
from privshare.errors import EncodingError

JOB = "ada@labour.example/v1/total"


def test_lines_outlive_the_process(tmp_path: Path) -> None:
    """The last line of each job, and which jobs are open."""
    journal = Journal(tmp_path)
    for state in ("sent", "answering"):
        journal.keep(Line(JOB, "digest", state))  # type: ignore[arg-type]
    journal.keep(Line("dataset tax/wages", "other", "delivered"))
    again = Journal(tmp_path)
    assert again.line(JOB) == Line(JOB, "digest", "answering")
    assert again.open_jobs() == [JOB]
    assert again.line("another") is None


def test_a_line_that_was_not_written_whole_is_the_last_one(tmp_path: Path) -> None:
    """A crash leaves what was there."""
    Journal(tmp_path).keep(Line(JOB, "digest", "sent"))
    (file,) = tmp_path.glob("*.json")
    file.with_name(f".{file.name}.new").write_bytes(b'{"job"')
    assert Journal(tmp_path).line(JOB) == Line(JOB, "digest", "sent")


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"job":"a","state":"x","submission":""}']
)
def test_a_line_that_somebody_changed_stops_the_start(
    data: bytes, tmp_path: Path
) -> None:
    """Without it a changed job would be handed in anew, so nobody guesses."""
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(EncodingError, match="journal"):
        Journal(tmp_path)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """Nothing else is left."""
    write_whole(tmp_path / "receipt.psr", b"one")
    write_whole(tmp_path / "receipt.psr", b"two")
    assert [one.name for one in tmp_path.iterdir()] == ["receipt.psr"]
    assert (tmp_path / "receipt.psr").read_bytes() == b"two"
