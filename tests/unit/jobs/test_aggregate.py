"""The statements of an encrypted sum, and the checks between them."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    ProofInvalid,
)
from privshare.jobs import aggregate as steps
from privshare.jobs import packing
from privshare.jobs.spec import Input, Spec
from privshare.jobs.statement import (
    Aggregation,
    Cell,
    Contribution,
    Opening,
    ciphertexts_digest,
)
from privshare.schemes.paillier import PaillierPrivateKey
from privshare.schemes.paillier_knowledge import Known, prove
from privshare.wire.canonical import decode, encode

JOB = "A" * 43
VALUES = {
    "tax/returns": {"east": [1, 2, 3], "west": [-4, 5, 6]},
    "title/deeds": {"east": [10, 20], "north": [7, 7]},
}


@lru_cache
def private() -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(2048)


@lru_cache
def other_key() -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(2048)


def spec(**changes: Any) -> Spec:
    made = Spec(
        operation="sum",
        column="tax_paid",
        group_by="district",
        inputs=tuple(Input(name, "A" * 43, 1) for name in VALUES),
        k=2,
        purpose="housing-policy",
        coordinator="housing",
        compute="land",
        custodian="registrar",
        nonce=bytes(16),
    )
    return replace(made, **changes)


@lru_cache
def contribution(dataset: str) -> Contribution:
    key, groups = private().public, VALUES[dataset]
    plaintexts = [
        packing.hide(m, key.bits)
        for values in groups.values()
        for m in packing.pack(array("q", values), key.bits)
    ]
    column = key.encrypt_batch(plaintexts)
    size = key.ciphertext_size
    cells = tuple(
        Cell(name, len(values), column[i * size : (i + 1) * size])
        for i, (name, values) in enumerate(groups.items())
    )
    rows = sum(map(len, groups.values()))
    made = Contribution(
        job=JOB,
        dataset=dataset,
        version=1,
        column="tax_paid",
        group_by="district",
        key=key.kid,
        ciphertexts=ciphertexts_digest(column),
        rows=rows,
        bound=rows * 100,
        scale=2,
        groups=cells,
        suppressed=("south",) if dataset == "tax/returns" else ("west",),
    )
    return proven(made)


def proven(made: Contribution) -> Contribution:
    """With the proof of somebody who knows what the ciphertexts hide."""
    known = []
    for cell in made.groups:
        m, r = private().open(cell.ciphertext)
        known.append(Known(cell.ciphertext, m, int.from_bytes(r, "big")))
    proof = prove(private().public.n, known, made.context())
    return replace(made, proof=proof)


def contributions() -> list[Contribution]:
    return [contribution(name) for name in VALUES]


def opened(made: Aggregation) -> Opening:
    bound = steps.check_bounds(contributions())
    return steps.open_totals(made, private(), bound)


def test_the_whole_way() -> None:
    """Groups add up across owners; what one suppressed is left out; the opening
    proves the totals; the result follows."""
    key = private().public
    made = steps.aggregate(spec(), JOB, contributions(), key)
    assert [(c.group, c.count) for c in made.groups] == [("east", 5), ("north", 2)]
    steps.check_aggregation(made, spec(), JOB, contributions(), key)
    opening = opened(made)
    bound = steps.check_bounds(contributions())
    steps.check_opening(opening, made, spec(), bound, key)
    totals = [one.total for one in opening.groups]
    assert steps.result(spec(), contributions(), made, totals) == {
        "column": "tax_paid",
        "group_by": "district",
        "k": 2,
        "operation": "sum",
        "rows": [
            {"count": 5, "group": "east", "value": "36"},
            {"count": 2, "group": "north", "value": "14"},
        ],
        "scale": 2,
        "suppressed": ["south", "west"],
        "v": 1,
    }


def test_statements_have_one_byte_string() -> None:
    """Each statement reads back as itself, from its own bytes alone."""
    key = private().public
    made = steps.aggregate(spec(), JOB, contributions(), key)
    for statement in (contribution("tax/returns"), made, opened(made)):
        data = statement.to_bytes()
        assert type(statement).from_bytes(data) == statement
        extra: Any = decode(data)
        with pytest.raises(EncodingError):
            type(statement).from_bytes(encode({**extra, "v": 3 - extra["v"]}))
        with pytest.raises(EncodingError):
            type(statement).from_bytes(encode({**extra, "extra": 1}))
        for field in extra:
            less = {name: value for name, value in extra.items() if name != field}
            with pytest.raises(EncodingError):
                type(statement).from_bytes(encode(less))


@pytest.mark.parametrize(
    "changes",
    [
        {"bound": "-0"},
        {"bound": "01"},
        {"bound": 1},
        {"groups": []},
        {"suppressed": ["b", "a"]},
        {"suppressed": ["x" * 129]},
        {"rows": 0},
        {"scale": 16},
        {"job": "short"},
        {"ciphertexts": "AAAA"},
    ],
)
def test_contributions_of_another_form(changes: Any) -> None:
    """Numbers have one spelling, lists one order, groups at least one member."""
    fields: Any = decode(contribution("tax/returns").to_bytes())
    with pytest.raises((EncodingError, OutOfRange)):
        Contribution.from_bytes(encode({**fields, **changes}))


def test_groups_out_of_order() -> None:
    """Groups are sorted, each once."""
    one = contribution("tax/returns")
    for groups in (one.groups[::-1], one.groups[:1] * 2):
        with pytest.raises(EncodingError):
            Contribution.from_bytes(replace(one, groups=groups).to_bytes())


def _cell(one: Contribution, **changes: Any) -> Contribution:
    return replace(one, groups=(replace(one.groups[0], **changes), *one.groups[1:]))


@pytest.mark.parametrize(
    "lie",
    [
        lambda one: replace(one, job="B" * 42 + "A"),
        lambda one: replace(one, dataset="tax/other"),
        lambda one: replace(one, version=2),
        lambda one: replace(one, column="rooms"),
        lambda one: replace(one, group_by=None),
        lambda one: replace(one, key=other_key().public.kid),
        lambda one: replace(one, rows=one.rows + 1),
        lambda one: _cell(replace(one, rows=one.rows - 2), count=1),
        lambda one: replace(one, bound=one.rows * (1 << 53)),
        lambda one: _cell(
            replace(one, rows=one.rows + packing.MAX_VALUES),
            count=one.groups[0].count + packing.MAX_VALUES,
        ),
        lambda one: replace(one, bound=-1),
        lambda one: replace(one, suppressed=("east",)),
        lambda one: _cell(one, ciphertext=bytes(512)),
        lambda one: _cell(one, ciphertext=b"\xff" * 512),
        lambda one: _cell(one, ciphertext=b"\1" * 511),
        lambda one: _cell(one, ciphertext=private().public.n.to_bytes(512, "big")),
    ],
)
def test_contributions_that_are_not_for_this_job(
    lie: Callable[[Contribution], Contribution],
) -> None:
    """Whatever does not fit the job is refused, and its owner is named."""
    with pytest.raises(EvidenceInvalid) as refused:
        steps.check_contribution(
            lie(contribution("tax/returns")), spec(), JOB, private().public
        )
    assert refused.value.detail["party"] == "tax"


def test_one_contribution_an_input() -> None:
    """Too few, too many and another order are refused."""
    one, two = contributions()
    for wrong in ([one], [one, two, two], [two, one], []):
        with pytest.raises(EvidenceInvalid):
            steps.aggregate(spec(), JOB, wrong, private().public)


def test_a_job_without_groups_has_one() -> None:
    """Without a grouping column there is one group, without a name."""
    asked = spec(group_by=None, inputs=spec().inputs[:1])
    one = replace(contribution("tax/returns"), group_by=None)
    with pytest.raises(EvidenceInvalid):
        steps.aggregate(asked, JOB, [one], private().public)


def test_scales_that_differ() -> None:
    """Columns of different scales are not added."""
    one, two = contributions()
    with pytest.raises(EvidenceInvalid) as refused:
        steps.aggregate(spec(), JOB, [one, replace(two, scale=3)], private().public)
    assert refused.value.detail["rule"] == "job.scale"


def test_nothing_left() -> None:
    """When every group was suppressed somewhere there is no result."""
    one, two = contributions()
    hidden = replace(two, suppressed=("east", "north", "west"), groups=two.groups)
    with pytest.raises(PrivShareError):
        steps.aggregate(spec(), JOB, [one, hidden], private().public)
    only = replace(two, groups=(two.groups[1],), rows=2, suppressed=("east", "west"))
    less = replace(one, suppressed=("north",))
    with pytest.raises(NotPermitted) as refused:
        steps.aggregate(spec(), JOB, [less, only], private().public)
    assert refused.value.detail["rule"] == "job.k"


def test_sums_that_could_wrap() -> None:
    """Bounds that pass the largest total together are refused before anything is
    added."""
    one, two = contributions()
    fits = [replace(one, bound=packing.LIMIT - 5), replace(two, bound=5)]
    assert steps.check_bounds(fits) == packing.LIMIT
    wraps = [replace(one, bound=packing.LIMIT - 5), replace(two, bound=6)]
    with pytest.raises(OutOfRange) as refused:
        steps.check_bounds(wraps)
    assert refused.value.detail["rule"] == "job.bound"


def test_totals_past_the_bound_are_not_opened() -> None:
    """A total that no honest column can have is not signed."""
    made = steps.aggregate(spec(), JOB, contributions(), private().public)
    with pytest.raises(EvidenceInvalid):
        steps.open_totals(made, private(), 35)


def test_plaintexts_past_all_masks_are_not_opened() -> None:
    """A plaintext with a total that fits, but larger than owners' together: the
    custodian refuses it, and is named where it does not."""
    key = private().public
    large = ((1 << 96) - 1) << 1_700
    one, two = contributions()
    c = key.add(one.groups[0].ciphertext, key.encrypt_batch([large]))
    told = [proven(_cell(one, ciphertext=c)), two]
    made = steps.aggregate(spec(), JOB, told, key)
    bound = steps.check_bounds(told)
    with pytest.raises(EvidenceInvalid) as refused:
        steps.open_totals(made, private(), bound)
    assert refused.value.detail["rule"] == "job.bound"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "check", lambda m, bits: None)
        opening = steps.open_totals(made, private(), bound)
    with pytest.raises(EvidenceInvalid) as refused:
        steps.check_opening(opening, made, spec(), bound, key)
    assert refused.value.detail == {"party": "registrar", "rule": "job.bound"}


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (lambda o: replace(o, job="B" * 42 + "A"), EvidenceInvalid),
        (lambda o: replace(o, key="other"), EvidenceInvalid),
        (lambda o: replace(o, aggregation=bytes(32)), EvidenceInvalid),
        (lambda o: replace(o, groups=o.groups[:1]), EvidenceInvalid),
        (lambda o: replace(o, groups=o.groups[::-1]), EvidenceInvalid),
        (
            lambda o: replace(o, groups=(replace(o.groups[0], m=37), o.groups[1])),
            ProofInvalid,
        ),
        (
            lambda o: replace(o, groups=(replace(o.groups[0], m=10**9), o.groups[1])),
            EvidenceInvalid,
        ),
        (
            lambda o: replace(
                o, groups=(replace(o.groups[0], r=o.groups[1].r), o.groups[1])
            ),
            ProofInvalid,
        ),
        (
            lambda o: replace(o, groups=(replace(o.groups[0], r=b"\1"), o.groups[1])),
            ProofInvalid,
        ),
    ],
)
def test_openings_that_are_not_true(
    lie: Callable[[Opening], Opening], error: type[PrivShareError]
) -> None:
    """Another total, another r, another group or another aggregation is found."""
    key = private().public
    made = steps.aggregate(spec(), JOB, contributions(), key)
    bound = steps.check_bounds(contributions())
    with pytest.raises(error) as refused:
        steps.check_opening(lie(opened(made)), made, spec(), bound, key)
    assert refused.value.detail["party"] == "registrar"


def test_a_count_is_what_it_counts() -> None:
    """In a count the opened total must be the count that was signed."""
    asked = spec(operation="count", inputs=spec().inputs[:1])
    one = contribution("tax/returns")
    made = steps.aggregate(asked, JOB, [one], private().public)
    opening = steps.open_totals(made, private(), one.bound)
    with pytest.raises(EvidenceInvalid):
        steps.check_opening(opening, made, asked, one.bound, private().public)
