"""Terms: what they may say, and what lies within them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from privshare.errors import (
    EncodingError,
    GrantExpired,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    PurposeMismatch,
)
from privshare.rights.terms import BOUNDS, Terms
from privshare.wire.canonical import b64u, decode, encode

USE: dict[str, Any] = {
    "operation": "sum",
    "columns": ["tax_paid"],
    "group_by": ["district"],
    "purpose": "housing-policy",
    "program": "he.sum/v2",
    "time": 1_500,
}


def test_terms_come_back_from_their_json(terms: Terms) -> None:
    """What is laid out is read back, and only the seventeen fields stand there."""
    laid = encode(terms.to_json())
    assert terms == Terms.from_json(decode(laid))
    assert len(terms.to_json()) == 17
    assert b64u(bytes(range(32))) == terms.to_json()["policy"]


def test_each_field_is_in_the_digest(terms: Terms) -> None:
    """Other terms have another digest, whichever field differs."""
    others = [
        replace(terms, dataset="taxes/other"),
        replace(terms, grantee="land"),
        replace(terms, right="operate"),
        replace(terms, purpose="other"),
        replace(terms, operations=("sum",)),
        replace(terms, programs=()),
        replace(terms, columns=("income",)),
        replace(terms, group_by=()),
        replace(terms, not_before=1_001),
        replace(terms, not_after=1_999),
        replace(terms, uses=2),
        replace(terms, budget=999),
        replace(terms, operations=("read",), output="record"),
        replace(terms, k=21),
        replace(terms, delegable=1),
        replace(terms, obligations=()),
        replace(terms, policy=bytes(32)),
    ]
    assert len({terms.digest(), *(other.digest() for other in others)}) == 18


BAD_FIELDS = [
    ("dataset", "taxes", "expected a dataset"),
    ("grantee", "Housing", "expected an agency"),
    ("right", "own", "expected one of hold, operate, process"),
    ("purpose", "", "expected a purpose"),
    ("operations", [], "expected at least one"),
    ("operations", ["median"], "expected one of count"),
    ("operations", ["sum", "count"], "in order, each once"),
    ("operations", ["count", "read"], "operations with aggregate output"),
    ("programs", ["he.sum"], "expected a program"),
    ("columns", ["tax_paid", "income"], "in order, each once"),
    ("columns", ["income", "income"], "in order, each once"),
    ("columns", ["Income"], "expected a column"),
    ("columns", [f"c{i:03}" for i in range(257)], "at most 256"),
    ("group_by", ["a b"], "expected a column"),
    ("not_before", -1, "expected 0 to"),
    ("not_before", 2_001, "expected 2001 or later, found 2000"),
    ("not_after", 2**53 - 1, "expected 0 to"),
    ("uses", 0, "expected 1 to 1000000, found 0"),
    ("uses", 1_000_001, "expected 1 to 1000000"),
    ("uses", True, "expected an integer, found a boolean"),
    ("budget", -1, "expected 0 to"),
    ("output", "all", "expected one of aggregate, record"),
    ("k", 0, "expected 1 to"),
    ("delegable", 4, "expected 0 to 3, found 4"),
    ("obligations", ["Delete"], "expected an obligation"),
    ("policy", "AA", "expected 32 bytes"),
    ("policy", None, "expected bytes"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_FIELDS)
def test_a_bad_field_is_refused(
    terms: Terms, field: str, value: Any, message: str
) -> None:
    """Each field has its form and its bounds, and the message names it."""
    obj = {**terms.to_json(), field: value}
    with pytest.raises((EncodingError, OutOfRange), match=message) as caught:
        Terms.from_json(obj)
    if field != "not_before" or value < 0:
        assert f"terms.{field}" in caught.value.message


@pytest.mark.parametrize("field", sorted(BOUNDS))
def test_a_field_too_few_or_too_many_is_refused(terms: Terms, field: str) -> None:
    """Nothing may be left out, and nothing unknown may ride along."""
    obj = terms.to_json()
    with pytest.raises(EncodingError, match="expected no further field"):
        Terms.from_json({**obj, "zone": 1})
    del obj[field]
    with pytest.raises(EncodingError, match="expected the field, found none"):
        Terms.from_json(obj)


def test_terms_are_checked_when_python_makes_them_too(terms: Terms) -> None:
    """No unchecked value exists, wherever it comes from."""
    with pytest.raises(OutOfRange, match=r"terms\.uses"):
        replace(terms, uses=True)
    with pytest.raises(EncodingError, match=r"terms\.policy: expected 32 bytes"):
        replace(terms, policy=b"short")


def test_a_use_within_the_terms_is_covered(terms: Terms) -> None:
    """All that was granted may be used, on the first and the last second."""
    for time in (1_000, 2_000):
        terms.covers(**{**USE, "time": time})
    terms.covers(**{**USE, "operation": "count", "columns": [], "group_by": []})


OUTSIDE = [
    ({"time": 999}, GrantExpired, "grant.not-yet-valid"),
    ({"time": 2_001}, GrantExpired, "grant.expired"),
    ({"purpose": "other"}, PurposeMismatch, "grant.purpose"),
    ({"operation": "mean"}, PurposeMismatch, "grant.operation"),
    ({"operation": "read"}, PurposeMismatch, "grant.operation"),
    ({"columns": ["name", "tax_paid"]}, PurposeMismatch, "grant.column"),
    ({"group_by": ["street"]}, PurposeMismatch, "grant.group-by"),
    ({"group_by": ["tax_paid"]}, PurposeMismatch, "grant.group-by"),
    ({"program": "he.mean/v1"}, PurposeMismatch, "grant.program"),
    ({"program": "he.sum/v3"}, PurposeMismatch, "grant.program"),
    ({"program": None}, PurposeMismatch, "grant.program"),
]


@pytest.mark.parametrize(("change", "error", "rule"), OUTSIDE)
def test_a_use_outside_the_terms_is_not_covered(
    terms: Terms, change: dict[str, Any], error: type[NotPermitted], rule: str
) -> None:
    """Each part of a use has its rule, and the error names it."""
    with pytest.raises(error) as caught:
        terms.covers(**{**USE, **change})
    assert rule == caught.value.detail["rule"]
    assert isinstance(caught.value, NotPermitted)


def test_terms_without_programs_cover_only_the_owners_own_answer(terms: Terms) -> None:
    """No program is listed, so none may run; the owner may answer by itself."""
    alone = replace(terms, programs=())
    alone.covers(**{**USE, "program": None})
    with pytest.raises(PurposeMismatch, match="expected one of none"):
        alone.covers(**USE)


CLASS = "code.run/v1"
ONE, OTHER = (f"{CLASS}:{letter * 43}" for letter in "AE")

SUBMITTED: list[tuple[str, str | None, bool]] = [
    (CLASS, ONE, True),
    (CLASS, CLASS, True),
    (ONE, ONE, True),
    (ONE, OTHER, False),
    (ONE, CLASS, False),
    (CLASS, None, False),
    (CLASS, "tee.run/v1:" + "A" * 43, False),
    ("tee.run/v1", "tee.run/v1:" + "A" * 43, False),
    ("he.sum/v2", ONE, False),
]


@pytest.mark.parametrize(("granted", "program", "holds"), SUBMITTED)
def test_submitted_code_is_covered_by_its_digest_or_its_class(
    terms: Terms, granted: str, program: str | None, holds: bool
) -> None:
    """No other program has a class."""
    mine = replace(terms, programs=(granted,))
    use = {**USE, "program": program}
    if holds:
        mine.covers(**use)
        return
    with pytest.raises(PurposeMismatch) as caught:
        mine.covers(**use)
    assert caught.value.detail["rule"] == "grant.program"


def test_a_submission_may_be_passed_on_out_of_its_class(terms: Terms) -> None:
    """And the class is wider than any submission."""
    whole = replace(terms, programs=(CLASS,))
    part = replace(terms, programs=(ONE,), grantee="land", delegable=1)
    part.inside(whole)
    child = replace(whole, grantee="land", delegable=1)
    for parent in (replace(part, delegable=2), replace(part, programs=(OTHER,))):
        with pytest.raises(NotPermitted) as caught:
            child.inside(replace(parent, delegable=2))
        assert caught.value.detail["rule"] == "grant.inside.programs"


def test_a_message_does_not_carry_foreign_text_along(terms: Terms) -> None:
    """A column's name from a request is quoted in ASCII and cut."""
    with pytest.raises(PurposeMismatch) as caught:
        terms.covers(**{**USE, "columns": ["\n" + "x" * 500]})
    assert caught.value.message.isascii()
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 120


Change = Callable[[Terms], Terms]

WIDER: list[tuple[str, dict[str, Any]]] = [
    ("dataset", {"dataset": "taxes/other"}),
    ("purpose", {"purpose": "other"}),
    ("right", {"right": "hold"}),
    ("output", {"operations": ("read",), "output": "record"}),
    ("policy", {"policy": bytes(32)}),
    ("columns", {"columns": ("income", "name")}),
    ("group-by", {"group_by": ("street",)}),
    ("operations", {"operations": ("mean", "sum")}),
    ("programs", {"programs": ("he.mean/v1",)}),
    ("programs", {"programs": ()}),
    ("obligations", {"obligations": ()}),
    ("uses", {"uses": 4}),
    ("budget", {"budget": 1_001}),
    ("not-after", {"not_after": 2_001}),
    ("not-before", {"not_before": 999}),
    ("k", {"k": 19}),
    ("delegable", {"delegable": 2}),
]


@pytest.mark.parametrize(("field", "change"), WIDER)
def test_wider_terms_are_not_inside(
    terms: Terms, field: str, change: dict[str, Any]
) -> None:
    """A child that is wider in any field is refused by the rule of that field."""
    child = replace(terms, **{"delegable": 1, "grantee": "land", **change})
    with pytest.raises(NotPermitted) as caught:
        child.inside(terms)
    assert f"grant.inside.{field}" == caught.value.detail["rule"]


def test_narrower_terms_are_inside(terms: Terms) -> None:
    """A child may have less of everything, and more obligations."""
    replace(terms, delegable=1, grantee="land").inside(terms)
    replace(
        terms,
        grantee="land",
        operations=("sum",),
        programs=("he.sum/v2",),
        columns=(),
        group_by=(),
        not_before=1_500,
        not_after=1_500,
        uses=1,
        budget=0,
        k=50,
        delegable=0,
        obligations=("delete-after-use", "notify-owner"),
    ).inside(terms)


def test_what_cannot_be_delegated_has_nothing_inside(terms: Terms) -> None:
    """Where `delegable` is 0 no child is inside, not even an equal one."""
    last = replace(terms, delegable=0)
    with pytest.raises(NotPermitted, match="less than the parent's 0"):
        last.inside(last)


def test_errors_belong_to_the_tree(terms: Terms) -> None:
    """A caller that catches the root catches every refusal."""
    with pytest.raises(PrivShareError):
        terms.check_period(0)
    assert terms.owner == "taxes"
