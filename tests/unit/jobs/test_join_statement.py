"""What two owners sign after a join, judged by somebody who saw no message."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.join.local import drive
from privshare.jobs.join.owner import Prepared, prepare
from privshare.jobs.join.party import conclusion, start
from privshare.jobs.join.terms import Conclusion, Role, Terms
from privshare.jobs.join_spec import JoinInput, JoinSpec
from privshare.jobs.join_statement import (
    commitment_of,
    read_conclusion,
    sets_digest,
    verify_conclusion,
)
from privshare.wire.canonical import encode

JOB = "A" * 43
ROWS = {"title/parcels": 40, "tax/deeds": 30}
PROGRAMS = ("psi.count/v1", "psi.sum/v1", "psi.ids/v1")


def spec(program: str = "psi.count/v1", **changes: Any) -> JoinSpec:
    """A join that the title registry asks of the tax office."""
    summed = program == "psi.sum/v1"
    fields: dict[str, Any] = {
        "program": program,
        "inputs": (
            JoinInput("title/parcels", "A" * 43, 1, ("citizen_id",)),
            JoinInput(
                "tax/deeds", "E" * 43, 1, ("owner",), "amount" if summed else None
            ),
        ),
        "recipe": (("nfkc", "case", "alphanumeric"),),
        "receiver": "title/parcels",
        "minimum": 5,
        "bound": 10_000 if summed else 0,
        "purpose": "housing-policy",
        "coordinator": "title",
        "nonce": bytes(16),
    }
    return JoinSpec(**(fields | changes))


def people(first: int, count: int) -> list[bytes]:
    return [b"%d" % i for i in range(first, first + count)]


@cache
def ran(
    program: str, overlap: int = 10
) -> tuple[Terms, bytes, dict[Role, bytes], dict[Role, tuple[bytes, int]]]:
    """A join to its end: terms, what is signed, both commitments."""
    terms = spec(program).terms(JOB, ROWS)
    values = [7] * 30 if program == "psi.sum/v1" else None
    sides: dict[Role, Prepared] = {
        Role.RECEIVER: prepare(terms, Role.RECEIVER, people(0, 40), seed=b"r" * 32),
        Role.HELPER: prepare(
            terms, Role.HELPER, people(40 - overlap, 30), values, seed=b"h" * 32
        ),
    }
    commits = {role: next(start(own)[1]) for role, own in sides.items()}
    _, one, two = drive(sides[Role.RECEIVER], sides[Role.HELPER])
    said = encode(conclusion(one).to_json())
    assert said == encode(conclusion(two).to_json())
    held = {r: (commitment_of(m), terms.rows(r)) for r, m in commits.items()}
    return terms, said, commits, held


def rule(call: Any) -> str:
    with pytest.raises(PrivShareError) as caught:
        call()
    return str(caught.value.detail.get("rule", ""))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("overlap", [3, 10])
def test_a_true_conclusion_is_taken(program: str, overlap: int) -> None:
    """Told, or withheld where fewer match than the minimum."""
    terms, said, commits, held = ran(program, overlap)
    result = verify_conclusion(terms, (said, said), commits, held).result
    if overlap < terms.minimum:
        assert result == {"withheld": "minimum"}
    elif program == "psi.ids/v1":
        assert list(result) == ["identifiers"]
    else:
        assert result["count"] == overlap
        assert result.get("sum", 70) == 70


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_altered_one_is_refused(program: str) -> None:
    """Another at one owner, another set, another size, another job."""
    terms, said, commits, held = ran(program)

    def judged(**changes: Any) -> str:
        fields: dict[str, Any] = {
            "terms": terms,
            "payloads": (said, said),
            "commits": commits,
            "committed": held,
        }
        return rule(lambda: verify_conclusion(**(fields | changes)))

    told = read_conclusion(terms, said)
    other = replace(told, result={"withheld": "minimum"})
    assert judged(payloads=(said, encode(other.to_json()))) == "join.conclusion"
    assert judged(terms=replace(terms, job=b"x" * 32)) == "join.terms"
    for role in Role:
        message = commits[role]
        for place in (0, 32, 36, len(message) - 40, len(message) - 1):
            changed = bytearray(message)
            changed[place] ^= 1
            lied = commits | {role: bytes(changed)}
            assert judged(commits=lied) == "join.commitment"
        small = held | {role: (held[role][0], held[role][1] - 1)}
        assert judged(committed=small) == "join.commitment"
    streams = {role: dict(kinds) for role, kinds in told.streams.items()}
    streams["helper"]["first"] = bytes(32)
    swapped = encode(replace(told, streams=streams).to_json())
    assert judged(payloads=(swapped, swapped)) == "join.commitment"


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_altered_byte_passes(program: str) -> None:
    """Every byte of what is signed: refused by name, or another digest."""
    terms, said, _, _ = ran(program)
    true = read_conclusion(terms, said).digest
    for place in range(len(said)):
        changed = bytearray(said)
        changed[place] ^= 1
        try:
            found = read_conclusion(terms, bytes(changed))
        except PrivShareError:
            continue
        assert found.digest != true


def test_impossible_results_are_refused() -> None:
    """A count below the minimum or above a side, a sum beyond the bound."""
    for program, results in {
        "psi.count/v1": ({"count": 4}, {"count": 31}, {"count": 9, "sum": 1}),
        "psi.sum/v1": ({"count": 9, "sum": 10_001}, {"count": 9}, {}),
        "psi.ids/v1": ({"identifiers": "x"}, {"count": 9}),
    }.items():
        terms, said, _, _ = ran(program)
        told = read_conclusion(terms, said)
        for result in results:
            lie: Conclusion = replace(told, result=result)
            with pytest.raises(PrivShareError):
                read_conclusion(terms, encode(lie.to_json()))


def test_the_order_of_the_sets_is_none() -> None:
    """By agency, however they came."""
    one, two = b"1" * 32, b"2" * 32
    assert sets_digest({"a": one, "b": two}) == sets_digest({"b": two, "a": one})
    assert sets_digest({"a": one, "b": two}) != sets_digest({"a": two, "b": one})


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_specification_comes_back(program: str) -> None:
    """As it was laid out; both owners make the same terms of it."""
    asked = spec(program)
    assert JoinSpec.from_json(asked.to_json()) == asked
    terms = asked.terms(JOB, ROWS)
    assert (terms.receiver_rows, terms.helper_rows) == (40, 30)
    assert terms.recipe == asked.names(asked.inputs[1]).digest


@pytest.mark.parametrize(
    ("program", "changes", "error"),
    [
        ("psi.count/v2", {}, EncodingError),
        ("psi.count/v1", {"receiver": "lands/plots"}, EncodingError),
        ("psi.count/v1", {"minimum": 0}, OutOfRange),
        ("psi.count/v1", {"bound": 1}, OutOfRange),
        ("psi.count/v1", {"nonce": b""}, EncodingError),
        ("psi.count/v1", {"recipe": ()}, OutOfRange),
        ("psi.count/v1", {"recipe": (("rot13",),)}, OutOfRange),
        ("psi.count/v1", {"recipe": (("case",), ("case",))}, EncodingError),
        ("psi.sum/v1", {"receiver": "tax/deeds"}, EncodingError),
        ("psi.sum/v1", {"bound": 0}, OutOfRange),
        ("psi.sum/v1", {"bound": (1 << 40) + 1}, OutOfRange),
        ("psi.ids/v1", {"coordinator": "tax"}, EncodingError),
        ("psi.ids/v1", {"coordinator": "housing"}, EncodingError),
    ],
)
def test_other_specifications_are_none(
    program: str, changes: dict[str, Any], error: type[PrivShareError]
) -> None:
    """Refused before they exist."""
    with pytest.raises(error):
        spec(program, **changes)


def test_one_owner_joins_with_nobody() -> None:
    """Two datasets of one owner are no join."""
    first = spec().inputs[0]
    with pytest.raises(EncodingError):
        spec(inputs=(first, replace(first, dataset="title/owners")))
    with pytest.raises(EncodingError):
        spec(inputs=(first,))


def test_an_auditor_needs_no_more_than_it_has() -> None:
    """Specification and conclusion are read without numpy."""
    code = (
        "import sys, privshare.jobs.join_spec, privshare.jobs.join_statement;"
        "sys.exit('numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
