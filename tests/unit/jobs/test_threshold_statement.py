"""Partial openings: one form, and checks that each can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from threshold_kit import dealt

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
)
from privshare.jobs import aggregate as steps
from privshare.jobs import packing, threshold
from privshare.jobs.spec import Input, Spec
from privshare.jobs.statement import Aggregation, Cell
from privshare.jobs.threshold_statement import PartialOpening
from privshare.ledger.shared_key import Holder, SharedKey
from privshare.wire.canonical import decode, encode

HOLDERS = ("title", "housing", "tax")
TOTALS = (36, -14)


@lru_cache
def shared() -> SharedKey:
    key: Any = dealt(2, 3)[0].to_json()
    return SharedKey(
        epoch=4,
        key=key,
        holders=tuple(Holder(agency, 9) for agency in HOLDERS),
        dealer="registrar",
        status="active",
        at=8,
        since=9,
    )


@lru_cache
def aggregation() -> Aggregation:
    key = shared().opened.public
    made = key.encrypt_batch([packing.hide(total, key.bits) for total in TOTALS])
    cells = (
        Cell("east", 5, made[: key.ciphertext_size]),
        Cell("north", 2, made[key.ciphertext_size :]),
    )
    return Aggregation(
        job="A" * 43, key=key.kid, contributions=(bytes(32),), groups=cells
    )


@lru_cache
def part(agency: str) -> PartialOpening:
    share = dealt(2, 3)[1][HOLDERS.index(agency)]
    return threshold.open_part(aggregation(), shared(), share)


def spec(**changes: Any) -> Spec:
    made = Spec(
        operation="sum",
        column="tax_paid",
        group_by="district",
        inputs=(Input("tax/returns", "A" * 43, 1),),
        k=2,
        purpose="housing-policy",
        coordinator="housing",
        compute="registrar",
        epoch=4,
        openers=("tax", "title"),
        nonce=bytes(16),
    )
    return replace(made, **changes)


@pytest.mark.parametrize("openers", [("tax", "title"), ("housing", "tax")])
def test_any_two_parts_make_the_totals(openers: tuple[str, ...]) -> None:
    """Each part holds, and every two of them make the same totals."""
    for opener in openers:
        threshold.check_part(part(opener), opener, aggregation(), shared())
    parts = [part(opener) for opener in openers]
    totals = threshold.combine(aggregation(), shared(), parts)
    assert tuple(totals) == TOTALS
    steps.check_totals(totals, aggregation(), spec(), 36)


def test_one_part_makes_nothing() -> None:
    """One opener, or one twice, opens nothing."""
    for parts in ([part("tax")], [part("tax"), part("tax")], []):
        with pytest.raises(OutOfRange):
            threshold.combine(aggregation(), shared(), parts)


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (lambda o: replace(o, job="B" * 42 + "A"), EvidenceInvalid),
        (lambda o: replace(o, epoch=3), EvidenceInvalid),
        (lambda o: replace(o, key="other"), EvidenceInvalid),
        (lambda o: replace(o, aggregation=bytes(32)), EvidenceInvalid),
        (lambda o: replace(o, index=1), EvidenceInvalid),
        (lambda o: replace(o, values=o.values[:1]), EvidenceInvalid),
        (lambda o: replace(o, values=o.values[::-1]), ProofInvalid),
        (lambda o: replace(o, values=(o.values[0][1:], o.values[1])), ProofInvalid),
        (lambda o: replace(o, values=(bytes(512), o.values[1])), ProofInvalid),
        (lambda o: replace(o, proof=o.proof[::-1]), ProofInvalid),
        (lambda o: replace(o, proof=b""), ProofInvalid),
        (lambda o: replace(o, values=part("title").values), ProofInvalid),
        (lambda o: replace(part("title"), index=3), ProofInvalid),
    ],
)
def test_parts_that_are_not_true(
    lie: Callable[[PartialOpening], PartialOpening], error: type[PrivShareError]
) -> None:
    """Another job, key, aggregation, share or value is found, and who signed it."""
    with pytest.raises(error) as refused:
        threshold.check_part(lie(part("tax")), "tax", aggregation(), shared())
    assert refused.value.detail["party"] == "tax"


def test_a_part_of_somebody_without_a_share() -> None:
    """Who holds no share has no part."""
    with pytest.raises(EvidenceInvalid):
        threshold.check_part(part("tax"), "registrar", aggregation(), shared())


def test_the_proof_is_for_one_job_epoch_and_aggregation() -> None:
    """What the proof is for changes with each of the fields that it is bound to."""
    true = part("tax")
    contexts = {
        made.context()
        for made in (
            true,
            replace(true, job="B" * 42 + "A"),
            replace(true, epoch=3),
            replace(true, key="other"),
            replace(true, aggregation=bytes(32)),
            replace(true, index=1),
        )
    }
    assert len(contexts) == 6
    assert replace(true, values=(), proof=b"").context() == true.context()


@pytest.mark.parametrize(
    ("totals", "changes", "bound", "rule"),
    [
        ((37, 0), {}, 36, "job.bound"),
        ((0, -37), {}, 36, "job.bound"),
        ((5, 3), {"operation": "count"}, 36, ""),
    ],
)
def test_totals_that_no_owner_signed(
    totals: tuple[int, ...], changes: Any, bound: int, rule: str
) -> None:
    """Totals past the bound, and counts that are not the counts, are refused; with
    openers it is nobody's statement, so nobody is named."""
    with pytest.raises(EvidenceInvalid) as refused:
        steps.check_totals(totals, aggregation(), spec(**changes), bound)
    assert refused.value.detail.get("rule", "") == rule
    assert "party" not in refused.value.detail


def test_a_part_has_one_byte_string() -> None:
    """It reads back as itself, from its own bytes alone."""
    data = part("tax").to_bytes()
    assert PartialOpening.from_bytes(data) == part("tax")
    fields: Any = decode(data)
    for field in fields:
        less = {name: value for name, value in fields.items() if name != field}
        with pytest.raises(EncodingError):
            PartialOpening.from_bytes(encode(less))
    for changes in (
        {"extra": 1},
        {"v": 1},
        {"epoch": 0},
        {"index": 17},
        {"job": "short"},
        {"values": ["="]},
        {"proof": "AAAA" * 1025},
    ):
        with pytest.raises((EncodingError, OutOfRange)):
            PartialOpening.from_bytes(encode({**fields, **changes}))
