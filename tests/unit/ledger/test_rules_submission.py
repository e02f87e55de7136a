"""Submitted code: accounts, mocks, decisions, and runs behind one owner's gate."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_kit import commitments, digest, parties
from submission_kit import ACCOUNT, CODE, DATASET, GATE, PROGRAM, PURPOSE, Gate

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
    PurposeMismatch,
    StepNotAllowed,
)
from privshare.ledger import query, query_submission
from privshare.ledger.parties import Parties
from privshare.ledger.submission import MAX_DECISIONS, Account, Mock, Submission
from privshare.rights.identifier import submitted

Refused = tuple[type[PrivShareError], str]
UNAPPROVED: Refused = (NotPermitted, "submission.unapproved")


@pytest.fixture
def gate() -> Gate:
    """A network with an account, a rule, and a right for one run."""
    return Gate()


def approved_by(gate: Gate, **changes: Any) -> frozenset[str]:
    """Who approves of the code now."""
    asked = {"dataset": DATASET, "grantee": "housing", "purpose": PURPOSE} | changes
    return query_submission.approved_by(gate.machine.state, CODE, **asked)


# -- accounts and mocks --------------------------------------------------------


def test_an_account_is_enrolled_once_and_ended_by_its_agency(gate: Gate) -> None:
    """Ids are known for ever; what ended, ended."""
    assert gate.refused(gate.enrol("labour")) == (Conflict, "account.enrolled")
    assert gate.refused(gate.end("labour")) == (NotPermitted, "account.agency")
    other = gate.end(account=digest("other"))
    assert gate.refused(other) == (NotFound, "account.unknown")
    gate.do(gate.end())
    held = query_submission.account(gate.machine.state, ACCOUNT)
    assert held.ended is not None and held.agency == "housing"
    assert held.at < held.ended
    assert gate.refused(gate.end()) == (StepNotAllowed, "account.ended")
    assert gate.refused(gate.enrol()) == (Conflict, "account.enrolled")
    assert list(query_submission.accounts(gate.machine.state)) == [ACCOUNT]


@pytest.mark.parametrize(
    ("who", "changes", "refused"),
    [
        ("housing", {}, (NotPermitted, "dataset.owner")),
        ("taxes", {"version": 2}, (Conflict, "mock.version")),
        ("taxes", {"schema": digest("other")}, (Conflict, "mock.schema")),
        ("taxes", {"dataset": "taxes/none"}, (NotFound, "")),
    ],
)
def test_a_mock_is_of_the_owners_present_dataset(
    gate: Gate, who: str, changes: dict[str, Any], refused: Refused
) -> None:
    """By its owner, of its version, of its columns."""
    assert gate.refused(gate.publish(who, **changes)) == refused


def test_a_mock_is_published_again(gate: Gate) -> None:
    """The last one is in force; an amended dataset needs one of its version."""
    body = commitments() | {"dataset": DATASET, "expected": 1}
    gate.do(gate.scribe.tx("dataset.amend", "taxes", body))
    assert gate.refused(gate.publish()) == (Conflict, "mock.version")
    gate.do(gate.publish(version=2, gate=digest("stricter")))
    held = query_submission.mock(gate.machine.state, DATASET)
    assert held is not None
    assert (held.version, held.gate) == (2, digest("stricter"))
    assert query_submission.mock(gate.machine.state, "taxes/none") is None


# -- decisions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"grantee": None}, (EncodingError, "submission.form")),
        ({"purpose": None}, (EncodingError, "submission.form")),
        ({"account": None}, (EncodingError, "submission.form")),
        ({"rule": "output.k"}, (EncodingError, "submission.form")),
        ({"gate": None}, (EncodingError, "submission.form")),
        ({"gate": digest("other")}, (Conflict, "submission.gate")),
        ({"decision": "refuse"}, (EncodingError, "submission.form")),
        ({"decision": "perhaps"}, (EncodingError, "")),
        ({"account": digest("other")}, (NotFound, "account.unknown")),
        ({"grantee": "labour"}, (NotPermitted, "account.agency")),
        ({"dataset": "taxes/none"}, (NotFound, "")),
    ],
)
def test_an_approval_says_whom_and_what_for(
    gate: Gate, changes: dict[str, Any], refused: Refused
) -> None:
    """Of an account that an agency answers for, and by no rule."""
    assert gate.refused(gate.approve(**changes)) == refused


def test_an_ended_account_is_not_approved_of(gate: Gate) -> None:
    """What was approved before stays approved."""
    gate.do(gate.approve("labour"))
    gate.do(gate.end())
    assert gate.refused(gate.approve()) == (NotPermitted, "account.agency")
    assert approved_by(gate) == {"labour"}


def test_an_approval_needs_a_published_rule(gate: Gate) -> None:
    """Nobody approves of code that nothing would hold to a rule."""
    gate.do(gate.scribe.register("taxes/other"))
    data = gate.approve(dataset="taxes/other")
    assert gate.refused(data) == (NotPermitted, "mock.none")


def test_nobody_approves_twice(gate: Gate) -> None:
    """Unless it refused in between, or the rule is another."""
    gate.do(gate.approve())
    again: Refused = (Conflict, "submission.approved")
    assert gate.refused(gate.approve()) == again
    gate.do(gate.approve("labour"))
    gate.do(gate.approve(purpose="other"))
    gate.do(gate.refuse(purpose="other"))
    assert gate.refused(gate.approve()) == again
    gate.do(gate.refuse())
    gate.do(gate.approve())
    looser = digest("looser")
    gate.do(gate.publish(gate=looser))
    assert gate.refused(gate.approve()) == (Conflict, "submission.gate")
    gate.do(gate.approve(gate=looser))
    assert gate.refused(gate.approve(gate=looser)) == again
    assert approved_by(gate) == {"taxes"}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, set()),
        ({"purpose": None}, set()),
        ({"grantee": None, "purpose": None, "account": None}, set()),
        ({"purpose": "other"}, {"taxes"}),
        ({"grantee": "labour"}, {"taxes"}),
        ({"dataset": "taxes/none"}, {"taxes"}),
        ({"submission": digest("other")}, {"taxes"}),
    ],
)
def test_a_refusal_ends_what_it_is_about(
    gate: Gate, changes: dict[str, Any], left: set[str]
) -> None:
    """And nothing of another agency, purpose, dataset or submission."""
    gate.do(gate.approve())
    gate.do(gate.refuse("labour"))
    gate.do(gate.refuse(**changes))
    assert approved_by(gate) == left


def test_a_refusal_is_taken_whenever_it_comes(gate: Gate) -> None:
    """Of what nobody knows, for nobody, by a rule."""
    body = {
        "account": None,
        "dataset": "taxes/none",
        "grantee": None,
        "purpose": None,
        "rule": "account.unknown",
    }
    gate.do(gate.refuse("labour", **body))
    held = query_submission.submission(gate.machine.state, CODE)
    assert [one.rule for one in held.decisions] == ["account.unknown"]


def test_an_approval_is_of_the_rule_in_force(gate: Gate) -> None:
    """Another rule leaves it behind; the same one published again does not."""
    gate.do(gate.approve())
    gate.do(gate.publish())
    assert approved_by(gate) == {"taxes"}
    gate.do(gate.publish(gate=digest("looser")))
    assert approved_by(gate) == set()
    assert gate.refused(gate.admit()) == UNAPPROVED
    gate.do(gate.publish())
    assert approved_by(gate) == {"taxes"}


def test_an_approval_can_always_be_taken_back(gate: Gate) -> None:
    """The last decision of an agency is a refusal, whatever others say."""
    for _ in range(MAX_DECISIONS // 2 - 1):
        gate.do(gate.approve())
        gate.do(gate.refuse())
    gate.do(gate.refuse("labour"))
    gate.do(gate.approve())
    assert approved_by(gate) == {"taxes"}
    full: Refused = (StepNotAllowed, "submission.decisions")
    assert gate.refused(gate.approve(purpose="other")) == full
    gate.do(gate.refuse())
    assert approved_by(gate) == set()
    assert gate.refused(gate.refuse()) == full
    gate.do(gate.approve("labour"))


# -- runs ----------------------------------------------------------------------


def test_a_run_goes_its_way(gate: Gate) -> None:
    """Approved, admitted by the grantee, begun and concluded by the owner."""
    gate.do(gate.approve())
    job = gate.do(gate.admit())
    assert gate.refused(gate.result(job)) == (StepNotAllowed, "job.opened")
    assert gate.refused(gate.begin(job, "housing")) == (NotPermitted, "job.opener")
    gate.do(gate.begin(job))
    gate.do(gate.begin(job))
    coordinator = gate.refused(gate.result(job, "housing"))
    assert coordinator == (NotPermitted, "job.owner")
    gate.do(gate.result(job))
    held = query.job(gate.machine.state, job)
    assert held.status == "done" and held.parties.gated
    assert held.parties.owners == ("taxes",) and held.coordinator == "housing"
    assert gate.state(f"grant/{gate.grant}")["status"] == "exhausted"
    assert gate.refused(gate.admit())[0] is NotPermitted


def test_unapproved_bytes_do_not_run(gate: Gate) -> None:
    """Nor bytes that others approve of, or for another purpose or grantee."""
    assert gate.refused(gate.admit()) == UNAPPROVED
    gate.do(gate.approve("labour"))
    gate.do(gate.approve("housing"))
    gate.do(gate.approve(purpose="other"))
    gate.do(gate.enrol("labour", digest("hers")))
    gate.do(gate.approve(grantee="labour", account=digest("hers")))
    assert gate.refused(gate.admit()) == UNAPPROVED
    gate.do(gate.approve())
    changed = submitted(bytes(32))
    assert gate.refused(gate.admit(program=changed)) == UNAPPROVED
    gate.do(gate.admit())


def test_only_the_grantee_charges_its_right(gate: Gate) -> None:
    """An owner cannot run somebody's code on somebody's right alone."""
    gate.do(gate.approve())
    assert gate.refused(gate.admit("taxes")) == (NotPermitted, "grant.grantee")


def test_a_right_for_one_use_admits_once(gate: Gate) -> None:
    """While the first run is under way, too."""
    gate.do(gate.approve())
    gate.do(gate.admit())
    assert gate.refused(gate.admit()) == (NotPermitted, "grant.uses")


def test_a_withdrawn_approval_stops_what_has_not_begun(gate: Gate) -> None:
    """It costs nothing then; given again, it goes on."""
    gate.do(gate.approve())
    job = gate.do(gate.admit())
    gate.do(gate.refuse())
    assert gate.refused(gate.begin(job)) == UNAPPROVED
    gate.do(gate.abort(job))
    held = gate.state(f"grant/{gate.grant}")
    assert (held["used"], held["reserved"]) == (0, 0)
    gate.do(gate.approve())
    gate.do(gate.begin(gate.do(gate.admit())))


def test_a_new_rule_stops_what_has_not_begun(gate: Gate) -> None:
    """Nobody approved of the code under that one."""
    gate.do(gate.approve())
    job = gate.do(gate.admit())
    gate.do(gate.publish(gate=digest("looser")))
    assert gate.refused(gate.begin(job)) == UNAPPROVED


def test_what_has_begun_is_spent(gate: Gate) -> None:
    """Code that fails on purpose tells something, too."""
    gate.do(gate.approve())
    job = gate.do(gate.admit())
    gate.do(gate.begin(job))
    gate.do(gate.refuse())
    gate.do(gate.abort(job))
    held = gate.state(f"grant/{gate.grant}")
    assert (held["used"], held["status"]) == (1, "exhausted")
    assert query.job(gate.machine.state, job).reason == "run.memory: too much"
    assert gate.refused(gate.result(job))[0] is StepNotAllowed


def test_a_run_withdrawn_after_it_began_still_ends(gate: Gate) -> None:
    """What it cost is spent; the result may come."""
    gate.do(gate.approve())
    job = gate.do(gate.admit())
    gate.do(gate.begin(job))
    gate.do(gate.refuse())
    gate.do(gate.begin(job))
    gate.do(gate.result(job))


def test_the_owner_opens_what_was_admitted(gate: Gate) -> None:
    """By the digest of its specification, and by no other."""
    gate.do(gate.approve())
    job = gate.do(gate.admit())
    assert gate.refused(gate.begin(job, spec="other")) == (StepNotAllowed, "job.spec")


@pytest.mark.parametrize("program", ["code.run/v1", PROGRAM])
def test_a_right_is_for_the_class_or_for_these_bytes(program: str) -> None:
    """Both admit the code."""
    gate = Gate((program,))
    gate.do(gate.approve())
    gate.do(gate.admit())


def test_a_right_for_other_bytes_is_none(gate: Gate) -> None:
    """A submission changed by one byte has another digest."""
    gate = Gate((submitted(bytes(32)),))
    gate.do(gate.approve())
    assert gate.refused(gate.admit()) == (PurposeMismatch, "grant.program")


OTHER_FORMS: list[tuple[dict[str, Any], str]] = [
    ({"parties": parties(compute="taxes")}, "job.program"),
    ({"parties": parties(compute="taxes", custodian="registry")}, "job.program"),
    ({"parties": parties(compute="labour", nodes=["labour", "taxes"])}, "job.program"),
    ({"parties": parties(compute="housing", nodes=["housing"])}, "job.parties"),
    ({"parties": parties(compute="labour", nodes=["labour"])}, "job.parties"),
    ({"operation": "sum"}, "job.program"),
    ({"program": "code.run/v1"}, "job.program"),
    ({"program": "he.sum/v2"}, "job.program"),
    ({"program": "tee.run/v1:" + CODE}, "job.program"),
    ({"purpose": "other"}, "grant.purpose"),
]


@pytest.mark.parametrize(("changes", "rule"), OTHER_FORMS)
def test_other_runs_are_refused(gate: Gate, changes: dict[str, Any], rule: str) -> None:
    """Behind the owner's gate, named by its bytes, for operation run."""
    gate.do(gate.approve())
    assert gate.refused(gate.admit(**changes))[1] == rule


def test_the_class_alone_is_no_program(gate: Gate) -> None:
    """Not as an encrypted sum either."""
    gate = Gate(("code.run/v1", "he.sum/v2"))
    changes = {
        "operation": "sum",
        "parties": parties(compute="labour", custodian="registry"),
        "program": "code.run/v1",
    }
    assert gate.refused(gate.admit(**changes))[0] is PurposeMismatch


def test_a_run_has_one_input(gate: Gate) -> None:
    """Two datasets are never behind one gate."""
    gate.do(gate.approve())
    data = gate.scribe.job(
        "housing",
        [gate.grant, gate.grant],
        operation="run",
        parties=parties(compute="taxes", nodes=["taxes"]),
        program=PROGRAM,
    )
    assert gate.refused(data) == (NotPermitted, "job.program")


def test_a_dataset_with_a_privacy_account_takes_no_submissions(gate: Gate) -> None:
    """Of foreign code nobody can say what leaves, so nobody may say it."""
    gate.do(gate.approve())
    body = {"budget": 1_000_000, "dataset": DATASET}
    gate.do(gate.scribe.tx("privacy.account", "taxes", body))
    assert gate.refused(gate.admit()) == (NotPermitted, "privacy.answer")
    one = {
        "answer": {"filter": digest("all"), "noise": None},
        "charge": 10,
        "columns": ["income"],
        "grant": gate.grant,
        "group_by": [],
    }
    data = gate.admit(inputs=[one])
    assert gate.refused(data) == (NotPermitted, "submission.answer")


def test_a_job_behind_the_gate_has_its_parties() -> None:
    """One node, which computes, runs no machine and opens."""
    alone = Parties(compute="taxes", nodes=("taxes",))
    assert alone.gated and not alone.attested and not alone.joins
    assert alone.opened_by == ("taxes",) and alone.runners == ()
    assert Parties.from_json(alone.to_json()) == alone
    with pytest.raises(EncodingError):
        Parties(compute="labour", nodes=("taxes",))
    with pytest.raises(EncodingError):
        Parties(compute="taxes", nodes=("taxes",), custodian="labour")


def test_the_state_is_read_back(gate: Gate) -> None:
    """Accounts, mocks and decisions, as they stand in the map."""
    gate.do(gate.approve())
    gate.do(gate.refuse("labour", rule="output.k", grantee=None, purpose=None))
    for kind, key in (
        (Account, f"account/{ACCOUNT}"),
        (Mock, f"mock/{DATASET}"),
        (Submission, f"submission/{CODE}"),
    ):
        held = gate.state(key)
        assert kind.from_json(held).to_json() == held
    first, second = query_submission.submission(gate.machine.state, CODE).decisions
    assert (first.agency, first.gate, first.decision) == ("taxes", GATE, "approve")
    assert (second.agency, second.rule, second.grantee) == ("labour", "output.k", None)
