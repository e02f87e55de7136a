"""Reports: words for people, data for programs, and nobody's control characters."""

from __future__ import annotations

import pytest

from privshare.audit.report import TITLES, Outcome, Step, Verdict, outcome_of
from privshare.audit.sentence import counted, lasting, listed, plain, short, when


def steps(**outcomes: Outcome) -> tuple[Step, ...]:
    """Nine steps that are ok, but for those named s1 to s9."""
    return tuple(
        Step(n, title, outcomes.get(f"s{n}", "ok"), (f"said {n}",), (f"detail {n}",))
        for n, title in TITLES.items()
    )


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({}, "valid"),
        ({"s7": "not applicable"}, "valid"),
        ({"s4": "missing"}, "incomplete"),
        ({"s9": "missing"}, "valid"),
        ({"s4": "missing", "s5": "failed"}, "invalid"),
        ({"s9": "failed"}, "invalid"),
    ],
)
def test_a_failed_step_outweighs_a_missing_one(
    outcomes: dict[str, Outcome], expected: str
) -> None:
    """Invalid, else incomplete, else valid; the ninth cannot make it incomplete."""
    assert expected == outcome_of(steps(**outcomes))


def verdict(**outcomes: Outcome) -> Verdict:
    """A verdict about nothing."""
    made = steps(**outcomes)
    return Verdict(
        outcome=outcome_of(made),
        operation="anchor",
        network="demo.privshare",
        subject=7,
        digest_hex="00",
        headline=("On a day.",),
        steps=made,
        not_proven=("that it matters",),
    )


def test_a_valid_report_ends_with_what_is_not_proven() -> None:
    """The list stands under every report that could be relied on."""
    said = verdict().report("x.psr")
    assert said.startswith("VALID  anchor  x.psr\n\nOn a day.\n")
    assert said.endswith("What this does not prove:\n  - that it matters\n")
    assert "detail 3" not in said
    assert "detail 3" in verdict().report(explain=True)


def test_an_invalid_report_only_says_what_is_claimed() -> None:
    """Nobody reads the first sentence of a forged receipt as the truth."""
    said = verdict(s2="failed").report()
    assert said.startswith("NOT VALID  anchor\n\nThe receipt claims, wrongly")
    assert "does not prove" not in said


def test_json_has_the_same_words() -> None:
    """Programs get what people read."""
    data = verdict(s4="missing").to_json()
    assert data["outcome"] == "incomplete"
    assert data["steps"][3] == {
        "details": ["detail 4"],
        "number": 4,
        "outcome": "missing",
        "sentences": ["said 4"],
        "title": "checkpoint",
    }


def test_moments_and_lengths_of_time() -> None:
    """UTC, and the largest unit that fits."""
    assert when(0) == "1970-01-01 00:00:00 UTC"
    assert when(253_402_300_799) == "9999-12-31 23:59:59 UTC"
    assert when(2**60).startswith("second 1152921504606846976")
    assert [lasting(s) for s in (1, 60, 7_300, 180_000)] == [
        "1 second",
        "1 minute",
        "2 hours",
        "2 days",
    ]


def test_foreign_text_stays_on_its_line() -> None:
    """No newline, escape, or change of direction gets through."""
    said = plain("a\nVALID\x1b[2J\u202e\ud800z")
    assert said == "a\ufffdVALID\ufffd[2J\ufffd\ufffdz"
    assert len(plain("x" * 1000)) == 303


def test_lists_and_counts() -> None:
    """A few of many, and the noun that fits."""
    assert listed([]) == "none"
    assert listed(["a"]) == "a"
    assert listed(map(str, range(11))).endswith(" and 3 more")
    assert counted(1, "row", "rows") == "1 row"
    assert counted(1_234, "row", "rows") == "1,234 rows"
    assert short("abcdefghijklm") == "abcdefghij..."
