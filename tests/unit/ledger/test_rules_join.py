"""Private joins: two owners, each committed to its set before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_kit import Bench, digest, parties

from privshare.errors import (
    Conflict,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.ledger import query
from privshare.ledger.joined import LEAST_ROOM, joined, most

COUNT = "psi.count/v1"
PAIR = ["labour", "taxes"]


def ready(program: str = COUNT, operation: str = "match") -> tuple[Bench, list[str]]:
    """Two owners, each with a dataset and a grant on it to housing."""
    bench = Bench()
    bench.admit_all()
    output = "record" if operation == "link" else "aggregate"
    bench.do(bench.scribe.register("labour/wages"))
    grants = [
        bench.granted(
            dataset=dataset,
            operations=(operation,),
            programs=(program,),
            group_by=(),
            output=output,
        )
        for dataset in ("taxes/returns", "labour/wages")
    ]
    bench.close()
    return bench, grants


def job_of(bench: Bench, grants: list[str], **changes: Any) -> bytes:
    """The transaction of a join."""
    fields: dict[str, Any] = {
        "operation": "match",
        "parties": parties(compute=PAIR[0], nodes=PAIR),
        "program": COUNT,
    }
    return bench.scribe.job("housing", grants, **(fields | changes))


def commit(bench: Bench, who: str, job: str, **changes: Any) -> bytes:
    """An owner commits to its set."""
    body = {"commitment": digest(f"set of {who}"), "job": job, "size": 900} | changes
    return bench.scribe.tx("join.commit", who, body)


def begin(bench: Bench, who: str, job: str) -> bytes:
    """An owner says that the join begins."""
    return bench.scribe.tx(
        "job.open", who, {"aggregation": digest("both sets"), "job": job}
    )


def refused(bench: Bench, data: bytes) -> tuple[type[PrivShareError], str]:
    """With which error and rule a transaction is refused, without a trace."""
    before = bench.machine.state.root()
    with pytest.raises(PrivShareError) as caught:
        bench.do(data)
    assert bench.machine.state.root() == before
    return type(caught.value), caught.value.detail.get("rule", "")


def test_a_join_begins_after_both_sets() -> None:
    """Committed, begun by either owner, then a result by the coordinator."""
    bench, grants = ready()
    job = bench.do(job_of(bench, grants))
    assert refused(bench, begin(bench, "taxes", job)) == (StepNotAllowed, "join.sets")
    bench.do(commit(bench, "taxes", job))
    assert refused(bench, begin(bench, "taxes", job)) == (StepNotAllowed, "join.sets")
    bench.do(commit(bench, "labour", job, size=1024))
    body = {"evidence": digest("e"), "job": job, "result": digest("r")}
    early = bench.scribe.tx("job.result", "housing", body)
    assert refused(bench, early) == (StepNotAllowed, "job.opened")
    bench.do(begin(bench, "taxes", job))
    bench.do(begin(bench, "labour", job))
    bench.do(bench.scribe.tx("job.result", "housing", body))
    held = joined(bench.machine.state, job)
    assert [(one.agency, one.size) for one in held.sets] == [
        ("taxes", 900),
        ("labour", 1024),
    ]
    assert query.job(bench.machine.state, job).status == "done"


def test_a_set_is_committed_to_once_by_its_owner() -> None:
    """Not by the coordinator, and not again."""
    bench, grants = ready()
    job = bench.do(job_of(bench, grants))
    data = commit(bench, "housing", job)
    assert refused(bench, data) == (NotPermitted, "job.party")
    bench.do(commit(bench, "taxes", job))
    again = commit(bench, "taxes", job, size=1000)
    assert refused(bench, again) == (Conflict, "join.committed")


def test_a_set_has_room_for_padding_and_no_more() -> None:
    """A set larger than the dataset could ask for everybody."""
    bench, grants = ready()
    job = bench.do(job_of(bench, grants))
    dataset = query.grant(bench.machine.state, grants[0]).terms.dataset
    room = most(query.dataset(bench.machine.state, dataset).rows)
    data = commit(bench, "taxes", job, size=room + 1)
    assert refused(bench, data) == (NotPermitted, "join.size")
    bench.do(commit(bench, "taxes", job, size=room))


def test_room_is_the_next_power_of_two() -> None:
    """And never less than 1,024."""
    assert [most(rows) for rows in (1, 1024, 1025, 4096, 4097)] == [
        LEAST_ROOM,
        1024,
        2048,
        4096,
        8192,
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"parties": parties(compute="labour", nodes=["labour", "registry"])},
        {"parties": parties(compute="labour")},
        {"parties": parties(compute="labour", custodian="registry")},
        {"program": "he.sum/v2"},
        {"operation": "link"},
    ],
)
def test_other_joins_are_refused(changes: dict[str, Any]) -> None:
    """The owners themselves, by a program of joins, for its operation."""
    bench, grants = ready()
    assert refused(bench, job_of(bench, grants, **changes))[0] is NotPermitted


def test_a_join_has_two_inputs() -> None:
    """Of two owners: one alone has nothing to join with."""
    bench, grants = ready()
    assert refused(bench, job_of(bench, grants[:1])) == (NotPermitted, "job.program")


def test_identifiers_need_a_right_of_their_own() -> None:
    """A right to count matches is none to see them."""
    bench, grants = ready()
    data = job_of(bench, grants, program="psi.ids/v1", operation="link")
    assert refused(bench, data)[0] is not Conflict
    bench, grants = ready("psi.ids/v1", "link")
    bench.do(job_of(bench, grants, program="psi.ids/v1", operation="link"))
