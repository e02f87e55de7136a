"""Private joins through the nodes: two owners, a coordinator, one ledger."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from join_kit import PARCELS, JoinConsortium, asked

from privshare.audit.verifier import verify
from privshare.errors import GrantMissing, PrivShareError, PurposeMismatch
from privshare.exchange import job as jobs
from privshare.exchange import join_party, party
from privshare.exchange.join_question import JoinAsked
from privshare.jobs.lifecycle import Job
from privshare.ledger import query
from privshare.ledger.joined import joined
from privshare.wire.canonical import decode, encode


@pytest.fixture
def network(tmp_path: Path) -> Iterator[JoinConsortium]:
    """Four agencies."""
    made = JoinConsortium(tmp_path)
    yield made
    made.close()


def ended(network: JoinConsortium, question: Any, who: str = "housing") -> Job:
    """Ask, run to the end, and return the job as it ended."""
    job = jobs.submit(network[who], question)
    network.run(who)
    return jobs.find(network[who], job.id)


def output(job: Job) -> Any:
    """What a job gave out."""
    assert (job.problem, job.phase) == (None, "done")
    found: Any = decode(job.result)
    return found["output"]


def budget(network: JoinConsortium) -> list[tuple[int, int]]:
    """Uses spent and reserved, of every grant."""
    found = query.grants(network.host.view()).values()
    return sorted((one.used, one.reserved) for one in found)


def receipt_of(network: JoinConsortium, job: Job, who: str = "housing") -> bytes:
    """The one receipt about a job in its coordinator's drawer."""
    (found,) = [
        one for one in network[who].store.receipts(500) if one.subject == job.ledger_id
    ]
    return bytes(found.body)


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all texts and numbers in a document."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*way, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from leaves(one, (*way, place))
    else:
        yield way


def altered(document: Any, way: tuple[Any, ...]) -> Any:
    """The document with another value at one place."""
    made = copy.deepcopy(document)
    at = made
    for step in way[:-1]:
        at = at[step]
    old = at[way[-1]]
    if isinstance(old, str):
        at[way[-1]] = old[:-2] + ("BA" if old[-2:] != "BA" else "AA") if old else "x"
    else:
        at[way[-1]] = 1 if old is None else old + 1
    return made


@pytest.mark.parametrize("program", ["count", "sum"])
def test_a_receipt_proves_it_offline(network: JoinConsortium, program: str) -> None:
    """And with anything altered in evidence or result it proves nothing."""
    network.prepare(program)
    job = ended(network, asked(program))
    data = receipt_of(network, job)
    found = verify(data, network.trust, network.clock())
    assert found.outcome == "valid", found.report()
    said = "\n".join(found.headline)
    assert "in both title/parcels and tax/deeds: 20" in said
    assert "none left in the clear" in said
    assert any("followed the protocol" in one for one in found.not_proven)
    document: Any = decode(data, max_bytes=8 << 20)
    tried = 0
    for part in ("evidence", "result"):
        for way in leaves(document[part], (part,)):
            changed = encode(altered(document, way))
            verdict = verify(changed, network.trust, network.clock())
            assert verdict.outcome != "valid", way
            tried += 1
    assert tried > 30


def test_how_many_are_in_both(network: JoinConsortium) -> None:
    """However each side writes its identifiers, and without a third machine."""
    network.prepare()
    job = ended(network, asked())
    assert output(job) == {"count": 20}
    held = joined(network.host.view(), job.ledger_id)
    assert [(one.agency, one.size) for one in held.sets] == [("title", 40), ("tax", 50)]
    assert budget(network) == [(1, 0), (1, 0)]
    for node in network.nodes.values():
        assert node.matches.jobs == ()


def test_what_they_owe_together(network: JoinConsortium) -> None:
    """The values of those in both, added up; in cents, as the column has them."""
    network.prepare("sum")
    expected = sum(100 * n + 50 for n in range(20, 40))
    assert output(ended(network, asked("sum"))) == {"count": 20, "sum": expected}


def test_who_is_in_both_stays_at_home(network: JoinConsortium) -> None:
    """The asker is the receiver; no other agency and no receipt has the names."""
    network.prepare("ids")
    network.grant(
        "title",
        PARCELS,
        columns=["citizen"],
        group_by=[],
        k=3,
        operations=["link"],
        programs=["psi.ids/v1"],
    )
    job = ended(network, asked("ids"), "title")
    found: Any = decode(job.result)
    assert set(found["output"]) == {"identifiers"}
    names = sorted(one[0] for one in found["found"])
    assert names == [f"c{n:05}" for n in range(20, 40)]
    for agency, node in network.nodes.items():
        for receipt in node.store.receipts(100):
            assert b"c00025" not in receipt.body, agency


def test_fewer_than_k_are_not_told(network: JoinConsortium) -> None:
    """Not even how few."""
    network.prepare(left=list(range(40)), right=list(range(39, 90)))
    assert output(ended(network, asked(k=5))) == {"withheld": "minimum"}


def test_without_the_right_nothing_begins(network: JoinConsortium) -> None:
    """The asker's own node says so."""
    network.prepare()
    with pytest.raises(PurposeMismatch):
        jobs.submit(network["housing"], asked("sum"))
    with pytest.raises(GrantMissing):
        jobs.submit(network["tax"], asked())
    assert all("/set/" not in one.path for one in network.calls)


def test_rows_that_do_not_fit_are_found_before_anything_is_sent(
    network: JoinConsortium,
) -> None:
    """With column and row count; how many there are is for their owner alone."""
    network.prepare(right=list(range(20, 70)))
    job = ended(network, asked(recipe=(("digits",),)))
    assert job.phase == "failed" and job.problem is not None
    assert job.problem.rule == "join.identifier"
    assert "column citizen of title/parcels" in job.problem.reason
    assert "all 40 rows" in job.problem.reason
    assert not [one for one in network.calls if one.path.endswith("message")]
    assert budget(network) == [(0, 0), (0, 0)]
    outcomes = [one.outcome for one in network["title"].store.uses(PARCELS)]
    assert "join.identifier: 40 in citizen" in outcomes


@pytest.mark.parametrize("kind", ["set", "match", "message"])
def test_an_owner_that_is_away_is_named(network: JoinConsortium, kind: str) -> None:
    """And the books are right: spent if the join began, free if not."""
    network.prepare()
    network.away.clear()

    def gone(one: Any) -> Any:
        raise PrivShareError("expected to be there, found a bug")

    network.meddle[("tax", kind)] = gone
    job = ended(network, asked())
    assert job.phase == "failed" and job.problem is not None
    spent = 1 if kind != "set" else 0
    assert all(used in (0, spent) and not held for used, held in budget(network))
    for node in network.nodes.values():
        party.forget(node)
        assert node.matches.jobs == ()


def test_a_set_cannot_be_exchanged_later(network: JoinConsortium) -> None:
    """The first message must be the one committed to."""
    network.prepare()

    def other(one: Any) -> Any:
        if "number=0" in one.path:
            one = replace(one, body=one.body[::-1])
        return network.answer(one)

    network.meddle[("tax", "message")] = other
    job = ended(network, asked())
    assert job.phase == "failed" and job.problem is not None
    assert job.problem.rule == "join.commitment"


def test_a_restarted_owner_ends_the_join(network: JoinConsortium) -> None:
    """What it needs outlives no restart; nothing was opened, nothing is spent."""
    network.prepare()
    job = jobs.submit(network["housing"], asked())
    network["tax"].matches.drop(job.ledger_id)

    def forget(one: Any) -> Any:
        network["tax"].matches.drop(job.ledger_id)
        return network.answer(one)

    network.meddle[("tax", "match")] = forget
    network.run("housing")
    found = jobs.find(network["housing"], job.id)
    assert found.problem is not None and found.problem.rule == "join.gone"


def test_only_the_other_owner_may_send(network: JoinConsortium) -> None:
    """And only the coordinator may ask."""
    network.prepare()
    job = jobs.submit(network["housing"], asked())
    network.sync()
    for caller in ("housing", "registrar", "tax"):
        with pytest.raises(PrivShareError) as refused:
            join_party.message(network["tax"], caller, job.ledger_id, 0, b"x")
        assert refused.value.detail["rule"] in ("job.party", "join.gone")


def test_the_rows_of_a_question_decide_who_counts(network: JoinConsortium) -> None:
    """explain says who learns what, before anything runs."""
    network.prepare("sum")
    found = jobs.join_plan.explain(network["housing"], asked("sum"))
    assert set(found["learns"]) == {"housing", "tax", "title"}
    assert "semi-honest" in found["adversary"]
    assert "citizen and owner by nfkc, case, alphanumeric" in found["notes"][1]
    assert "even fewer than 3;" in found["learns"]["title"]
    assert "even fewer" not in found["learns"]["tax"] + found["learns"]["housing"]
    wrong = (JoinAsked(PARCELS, ("citizen",)), JoinAsked(PARCELS, ("citizen",)))
    with pytest.raises(PrivShareError):
        jobs.join_plan.explain(network["housing"], asked("sum", inputs=wrong))
