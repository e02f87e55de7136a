"""Proofs about commitments, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from privshare.audit.proof_words import in_words
from privshare.cli import main
from privshare.schemes.commitment import Opening
from privshare.schemes.proof import (
    AtLeast,
    EqualValues,
    InRange,
    Interval,
    KnowsOpening,
    LinearSum,
    OneOfSet,
)
from privshare.wire.canonical import b64u

ONE, OTHER = (Opening(value, bytes([value] + [0] * 31)) for value in (7, 9))
C, D = ONE.commitment(), OTHER.commitment()
SHOWN_C, SHOWN_D = (f"{b64u(one)[:8]}…" for one in (C, D))


def test_each_kind_has_its_sentence() -> None:
    """Bounds are shown, values and blindings are not there to be shown."""
    assert in_words(InRange((Interval(C, 0, 1_000), Interval(D, -5, 9)))) == (
        f"the number in {SHOWN_C} is from 0 to 1,000 and the number in {SHOWN_D} is "
        "from -5 to 9"
    )
    assert in_words(AtLeast(D, C)) == (
        f"the number in {SHOWN_D} is at least that in {SHOWN_C}"
    )
    assert in_words(OneOfSet(C, (1, 7))) == (
        f"the value in {SHOWN_C} is one of 2 stated values"
    )
    assert in_words(LinearSum((C, D), (2, -1), 5)) == (
        f"2 · {SHOWN_C} and -1 · {SHOWN_D}, added up, give 5"
    )
    assert in_words(EqualValues((C, D))) == (
        "several commitments hide one value (2 commitments)"
    )
    assert in_words(KnowsOpening(C)).endswith("(1 commitment)")


def test_the_command_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`proof verify` ends with what is proven."""
    opening, proof = str(tmp_path / "price"), str(tmp_path / "band")
    bounds = ["--low", "0", "--high", "500000"]
    for line in (
        ["commit", "412000", "--out", opening],
        ["make", "range", opening, *bounds, "--purpose", "p", "--out", proof],
        ["verify", proof],
    ):
        assert main.main(["proof", *line]) == 0
    assert "is from 0 to 500,000" in capsys.readouterr().out
