"""Specifications: one form, one digest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.spec import Input, Spec

SPEC = Spec(
    operation="sum",
    column="tax_paid",
    group_by="district",
    inputs=(Input("tax/returns", "A" * 43, 1), Input("title/deeds", "A" * 42 + "E", 2)),
    k=20,
    purpose="housing-policy",
    coordinator="housing",
    compute="title",
    custodian="registrar",
    nonce=bytes(16),
)


#: Instead of a custodian: holders of the threshold key.
TOGETHER: Any = {"custodian": None, "epoch": 2, "openers": ("housing", "tax")}


def test_round_trip() -> None:
    """What to_json writes from_json reads; the digest follows from it."""
    assert Spec.from_json(SPEC.to_json()) == SPEC
    assert Spec.from_json(SPEC.to_json()).digest() == SPEC.digest()
    assert SPEC.owners == ("tax", "title")
    assert SPEC.groups == ("district",)
    assert SPEC.input("tax/returns") == SPEC.inputs[0]
    assert SPEC.input("tax/other") is None
    assert SPEC.opened_by == ("registrar",)
    together = replace(SPEC, **TOGETHER)
    assert Spec.from_json(together.to_json()) == together
    assert together.opened_by == ("housing", "tax")


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": "mean"},
        {"column": "rooms"},
        {"group_by": None},
        {"inputs": SPEC.inputs[::-1]},
        {"k": 21},
        {"purpose": "other"},
        {"coordinator": "tax"},
        {"compute": "tax"},
        {"custodian": "tax"},
        TOGETHER,
        TOGETHER | {"epoch": 3},
        TOGETHER | {"openers": ("housing", "title")},
        {"nonce": b"\1" * 16},
    ],
)
def test_every_field_is_in_the_digest(changes: Any) -> None:
    """Specifications that differ anywhere have different digests."""
    assert replace(SPEC, **changes).digest() != SPEC.digest()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"operation": "max"}, EncodingError),
        ({"column": "Tax"}, EncodingError),
        ({"group_by": ""}, EncodingError),
        ({"inputs": ()}, OutOfRange),
        ({"inputs": SPEC.inputs * 5}, OutOfRange),
        ({"inputs": SPEC.inputs[:1] * 2}, EncodingError),
        ({"k": 0}, OutOfRange),
        ({"k": 1_000_001}, OutOfRange),
        ({"purpose": "?"}, EncodingError),
        ({"compute": "A"}, EncodingError),
        ({"custodian": None}, EncodingError),
        ({"epoch": 1, "openers": ("tax",)}, EncodingError),
        (TOGETHER | {"openers": ()}, EncodingError),
        (TOGETHER | {"openers": ("tax", "housing")}, EncodingError),
        (TOGETHER | {"openers": ("tax", "tax")}, EncodingError),
        (TOGETHER | {"openers": ("tax", "?")}, EncodingError),
        ({"nonce": b""}, EncodingError),
    ],
)
def test_what_is_no_specification(changes: Any, error: type[PrivShareError]) -> None:
    """Values outside their form are refused when the specification is made."""
    with pytest.raises(error):
        replace(SPEC, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"program": "he.sum/v1"},
        {"method": "mpc"},
        {"v": 2},
        {"extra": 1},
        {"parties": {"compute": "title"}},
        {"parties": SPEC.parties.roles() | {"key": {"epoch": 1, "n": 2}}},
        {"inputs": [{"dataset": "tax/returns"}]},
        {"inputs": [{"dataset": "tax/returns", "grant": "short", "version": 1}]},
        {"nonce": "AAAA"},
    ],
)
def test_what_does_not_read_as_one(changes: Any) -> None:
    """Another program, version, field or form is refused when it is read."""
    with pytest.raises(EncodingError):
        Spec.from_json({**SPEC.to_json(), **changes})
