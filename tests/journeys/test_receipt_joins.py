"""Receipts of private joins: every lie about one is found, and by its step.

The ledger holds digests and would take any; owners and coordinator lie in chorus
here, each with its own keys, so that only the meaning is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import joins
import pytest
import stranger_joins
from joins import DATASET, PARCELS, SHARED, Course
from network import ROWS, Filed, Network, signing_key

from privshare.audit.report import Verdict
from privshare.audit.verifier import verify
from privshare.jobs.join_statement import CONCLUSION
from privshare.schemes.keys import sign_envelope
from privshare.wire.canonical import b64u, encode
from privshare.wire.envelope import to_json

PAID = sum(int(ROWS[number][2]) for number in SHARED)
Documents = tuple[dict[str, Any], dict[str, Any]]


def judge(network: Network, filed: Filed, **changes: Any) -> Verdict:
    """The verdict a minute later."""
    return verify(
        filed.data, network.trust, network.now + 60, lambda _: None, **changes
    )


def failed(verdict: Verdict) -> list[int]:
    """The steps that failed."""
    return [step.number for step in verdict.steps if step.outcome == "failed"]


def stranger(filed: Filed | None) -> None:
    """What somebody says who has read the pages, and none of our code."""
    assert filed is not None
    receipt = json.loads(filed.data)
    state = {item["key"]: item["value"] for item in receipt["state"]}
    stranger_joins.check(receipt, state)


def test_a_true_receipt_says_what_it_shows(network: Network) -> None:
    """And what it does not; a second opinion says that there is none."""
    case = joins.whole(network).finish()
    verdict = judge(network, case, second_opinion=True)
    assert verdict.outcome == "valid", verdict.report()
    said = "\n".join(verdict.headline)
    assert f"in both {PARCELS} and {DATASET}: {len(SHARED)}" in said
    assert f"sum of tax_paid over them: {PAID:,}, in its smallest unit" in said
    assert "by declared steps: " in verdict.step(7).line()
    assert "both are trusted to have followed" in verdict.step(7).line().lower()
    assert "No second reader of conclusions" in verdict.step(7).line()
    open_points = " ".join(verdict.not_proven)
    assert "nothing ties a set to rows" in open_points
    assert "followed the protocol" in open_points
    stranger(case)
    assert "P 010" not in case.data.decode() and "p010" not in case.data.decode()


def test_rows_of_an_older_version_are_not_claimed(tmp_path: Path) -> None:
    """After an amendment nobody knows how many rows there were; the step says so."""
    network = Network(tmp_path)
    course = joins.whole(network)
    body = network.commitments() | {
        "dataset": PARCELS,
        "expected": 1,
        "rows": 99,
        "root": b64u(bytes(32)),
        "schema": b64u(joins.SCHEMA.digest()),
    }
    network.submit("dataset.amend", "title", body)
    verdict = judge(network, course.finish())
    assert verdict.outcome == "valid", verdict.report()
    line = verdict.step(6).line()
    assert f"as many rows as its dataset: {DATASET}." in line
    assert f"How many rows {PARCELS} had then is not checked" in line
    network.close()


def _result(**changes: Any) -> Callable[[Course], None]:
    """Both owners sign another result, and the coordinator tells it."""

    def lie(course: Course) -> None:
        told = dict(course.said["tax"].result) | changes
        course.say(result=told)

    return lie


def _terms(**changes: Any) -> Callable[[Course], None]:
    """Both owners sign other terms than those admitted."""

    def lie(course: Course) -> None:
        course.say(terms=replace(course.said["tax"].terms, **changes))

    return lie


def _differ(course: Course) -> None:
    """One owner signs another number than the other."""
    other = replace(course.said["title"], result={"count": 13, "sum": PAID})
    course.said["title"] = other


def _streams(course: Course) -> None:
    """Both name other rows than were committed to."""
    streams = {who: dict(one) for who, one in course.said["tax"].streams.items()}
    streams["helper"]["first"] = bytes(32)
    course.say(streams=streams)


def _commit(course: Course) -> None:
    """The first message enclosed is not the one on the ledger."""
    course.commits["title"] = course.commits["title"][:-1] + b"\1"


LIES: dict[str, tuple[Callable[[Course], None], int]] = {
    "fewer than k": (_result(count=2), 7),
    "more than there are rows": (_result(count=25), 7),
    "a sum beyond its bound": (_result(sum=joins.BOUND + 1), 7),
    "a result with more in it": (_result(names="ann"), 7),
    "another job": (_terms(job=bytes(32)), 7),
    "another recipe": (_terms(recipe=bytes(32)), 7),
    "another k": (_terms(minimum=4), 7),
    "another bound": (_terms(bound=joins.BOUND - 1), 7),
    "more rows": (_terms(helper_rows=99), 7),
    "two conclusions": (_differ, 7),
    "other rows": (_streams, 7),
    "another first message": (_commit, 7),
}


@pytest.mark.parametrize("case", list(LIES))
def test_a_false_conclusion_fails_its_step(network: Network, case: str) -> None:
    """What owners signed is not what was specified, or not of their sets."""
    lie, step = LIES[case]
    course = joins.whole(network)
    lie(course)
    verdict = judge(network, course.finish())
    assert step in failed(verdict), verdict.report()
    assert verdict.outcome == "invalid"
    with pytest.raises(AssertionError):
        stranger(course.finished)


def test_what_the_coordinator_would_have_liked(network: Network) -> None:
    """A result that the owners did not sign fails the eighth step."""
    course = joins.whole(network)
    evidence, result = course.documents()
    result["output"]["count"] += 1
    verdict = judge(network, course.finish((evidence, result)))
    assert failed(verdict) == [8], verdict.report()


@pytest.mark.parametrize("signer", ["housing", "tax"])
def test_a_conclusion_by_somebody_else(network: Network, signer: str) -> None:
    """Each owner signs for itself: a name on it makes it nobody's."""
    course = joins.whole(network)
    evidence, result = course.documents()
    payload = encode(course.said["title"].to_json())
    other = to_json(sign_envelope(CONCLUSION, payload, [signing_key(f"{signer}/sign")]))
    held: Any = evidence["conclusions"]["title"]
    other["signatures"][0]["keyid"] = held["signatures"][0]["keyid"]
    evidence["conclusions"]["title"] = other
    verdict = judge(network, course.finish((evidence, result)))
    assert failed(verdict) == [2], verdict.report()


def _other_spec(course: Course) -> Documents:
    """Another question than was admitted."""
    course.spec = replace(course.spec, minimum=5)
    return course.documents()


def _first_messages(course: Course) -> Documents:
    """Both owners' first messages, exchanged."""
    evidence, result = course.documents()
    commits = evidence["commits"]
    commits["tax"], commits["title"] = commits["title"], commits["tax"]
    return evidence, result


@pytest.mark.parametrize("change", [_other_spec, _first_messages])
def test_other_documents_than_the_ledger_knows(
    network: Network, change: Callable[[Course], Documents]
) -> None:
    """The coordinator commits to documents that are not the job's."""
    course = joins.whole(network)
    verdict = judge(network, course.finish(change(course)))
    assert verdict.outcome == "invalid", verdict.report()
    assert failed(verdict)[0] in (6, 7)


def test_a_specification_below_a_grant_s_k(network: Network) -> None:
    """The ledger sees a digest; the auditor sees that k was too small."""
    course = joins.ready(network, {"minimum": 2})
    course.match()
    verdict = judge(network, course.finish())
    assert 6 in failed(verdict), verdict.report()


def test_a_set_of_another_size(network: Network) -> None:
    """Padding beyond the rows is the ledger's to allow, and not a join's."""
    course = joins.admit(network)
    course.prepare()
    course.commit("title", size=len(joins.LOTS) + 1)
    course.commit("tax")
    course.open()
    course.match()
    verdict = judge(network, course.finish())
    assert 6 in failed(verdict), verdict.report()


def test_other_columns_than_were_granted(network: Network) -> None:
    """The specification reads a column that the job on the ledger does not."""
    course = joins.ready(network)
    items = [
        replace(one, on=("district",)) if one.owner == "tax" else one
        for one in course.spec.inputs
    ]
    lying = joins.admit(network, {"inputs": tuple(items)})
    lying.prepare = course.prepare  # type: ignore[method-assign]
    lying.sets, lying.commits = course.sets, course.commits
    for owner in ("title", "tax"):
        lying.commit(owner)
    lying.open()
    lying.match()
    verdict = judge(network, lying.finish())
    assert 6 in failed(verdict), verdict.report()


def test_no_byte_of_it_may_change(network: Network) -> None:
    """Every text and number in evidence and result counts."""
    case = joins.whole(network).finish()
    document = json.loads(case.data)
    tried = 0
    for part in ("evidence", "result"):
        for way, value in _leaves(document[part], (part,)):
            holder = document
            for name in way[:-1]:
                holder = holder[name]
            other = value + "A" if isinstance(value, str) else 7
            holder[way[-1]] = other
            verdict = verify(encode(document), network.trust, network.now + 60)
            assert verdict.outcome == "invalid", way
            holder[way[-1]] = value
            tried += 1
    assert tried > 25


def _leaves(value: Any, way: tuple[Any, ...]) -> Any:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in pairs:
            yield from _leaves(one, (*way, name))
    else:
        yield way, value
