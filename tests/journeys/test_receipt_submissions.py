"""Receipts of submitted code: every lie about one is found, and by its step.

The ledger holds digests and would take any; owner and grantee lie in chorus here,
each with its own keys, so that only the meaning is wrong.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import submissions
from network import ROWS, Filed, Network
from submissions import ADVISER, GRANTEE, OWNER, RULE, Course

from privshare.audit.report import Verdict
from privshare.audit.verifier import verify
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.jobs.submission.statement import RUN
from privshare.ledger import query
from privshare.ledger.submission import MAX_DECISIONS
from privshare.wire.canonical import b64u

Documents = tuple[dict[str, Any], dict[str, Any]]


def judge(network: Network, filed: Filed, **changes: Any) -> Verdict:
    """The verdict a minute later."""
    return verify(
        filed.data, network.trust, network.now + 60, lambda _: None, **changes
    )


def failed(verdict: Verdict) -> list[int]:
    """The steps that failed."""
    return [step.number for step in verdict.steps if step.outcome == "failed"]


def test_a_true_receipt_says_what_it_shows(network: Network) -> None:
    """And what it does not; a second opinion says that there is none."""
    filed = submissions.whole(network, "true").finish()
    verdict = judge(network, filed, second_opinion=True)
    assert verdict.outcome == "valid", verdict.report()
    assert "code submitted by ada@housing.example of housing" in verdict.headline[0]
    assert f"{OWNER} and {ADVISER} had approved" in verdict.step(5).line()
    assert f"{len(ROWS)} rows" in verdict.step(7).line()
    assert "no machine vouches for it" in verdict.step(7).line()
    assert "owner's word" in " ".join(verdict.not_proven)


@pytest.mark.parametrize("decision", ["approve", "refuse"])
@pytest.mark.parametrize("agency", [OWNER, ADVISER])
def test_a_decision_stands_in_words(
    network: Network, decision: str, agency: str
) -> None:
    """Whose, about which code, for whom."""
    course = submissions.begun(network, f"{decision} {agency}")
    verdict = judge(network, course.decided(course.decide(agency, decision)))
    assert verdict.outcome == "valid", verdict.report()
    verb = {"approve": "approved", "refuse": "refused"}[decision]
    assert f"the agency {agency} {verb} the submitted code" in verdict.headline[0]
    assert "ada@housing.example" in verdict.step(8).line()


def _run(**changes: Any) -> Callable[[Course], Documents]:
    """The owner signs something else about the run."""

    def lie(course: Course) -> Documents:
        return course.documents(**changes)

    return lie


def _evidence(**changes: Any) -> Callable[[Course], Documents]:
    """The owner encloses another document."""

    def lie(course: Course) -> Documents:
        evidence, result = course.documents()
        return evidence | changes, result

    return lie


def _signed_by_another(course: Course) -> Documents:
    """The owner's name, another's signature."""
    evidence, result = course.documents()
    payload = base64.b64decode(evidence["run"]["payload"])
    theirs = course.network._signed(ADVISER, RUN, payload)
    evidence["run"]["signatures"][0]["sig"] = theirs["signatures"][0]["sig"]
    return evidence, result


def _outputs(outputs: dict[str, bytes]) -> Callable[[Course], Documents]:
    """The owner releases something else, and signs that."""

    def lie(course: Course) -> Documents:
        course.outputs = outputs
        return course.documents()

    return lie


def _other_result(course: Course) -> Documents:
    evidence, _ = course.documents()
    course.outputs = {"totals.csv": b"district,n\neast,12\n"}
    return evidence, course.documents()[1]


LIES: dict[str, tuple[Callable[[Course], Documents], int]] = {
    "another submission": (_run(submission=bytes(32)), 7),
    "another specification": (_run(spec=bytes(32)), 7),
    "another rule": (_run(gate=bytes(32)), 7),
    "another job": (_run(job="A" * 43), 7),
    "more rows than there are": (_run(rows=len(ROWS) + 1), 7),
    "noise that nobody asked for": (_run(noise="discrete-laplace"), 7),
    "other outputs than signed": (_run(outputs=bytes(32)), 8),
    "another result": (_other_result, 8),
    "small groups": (_outputs({"totals.csv": b"district,n\neast,2\n"}), 8),
    "no count": (_outputs({"totals.csv": b"district\neast\n"}), 8),
    "another format": (_outputs({"totals.json": b'{"n":12}'}), 8),
    "numbers in another spelling": (_outputs({"t.csv": b"n,tax\n12,1.50\n"}), 8),
    "somebody else's signature": (_signed_by_another, 2),
    "files that were not handed in": (
        _evidence(tree=submissions.tree({"code/main.py": b"pass\n"}).to_json()),
        7,
    ),
    "a softer rule": (_evidence(gate=replace(RULE, k=4).to_json()), 5),
    "another's account": (
        _evidence(enrolment=submissions.enrolment(account="bo@x").to_json()),
        6,
    ),
}


@pytest.mark.parametrize("name", sorted(LIES))
def test_every_lie_about_a_run_is_found(network: Network, name: str) -> None:
    """By the step that looks there first."""
    lie, step = LIES[name]
    course = submissions.whole(network, f"lie: {name}")
    verdict = judge(network, course.finish(lie(course)))
    assert verdict.outcome == "invalid"
    assert failed(verdict)[0] == step, verdict.report()


def test_an_adviser_that_did_not_approve_is_missed(network: Network) -> None:
    """The ledger asks for the owner's approval; the rest is for the auditor."""
    course = submissions.begun(network, "no adviser")
    course.decide(OWNER)
    course.admit()
    course.open()
    verdict = judge(network, course.finish())
    assert failed(verdict) == [5]
    assert f"expected an approval of {ADVISER}" in verdict.step(5).line()


def test_an_adviser_that_took_it_back_is_missed(network: Network) -> None:
    """Between admission and beginning, too."""
    course = submissions.ready(network, "taken back")
    course.admit()
    course.decide(ADVISER, "refuse")
    course.open()
    assert failed(judge(network, course.finish())) == [5]


def test_a_rule_published_since_is_said(network: Network) -> None:
    """The receipt stays valid: it names the rule that held then."""
    course = submissions.whole(network, "published since")
    course.publish(replace(RULE, k=9))
    verdict = judge(network, course.finish())
    assert verdict.outcome == "valid", verdict.report()
    assert "another mock was published since" in "".join(verdict.step(6).details)


def test_a_rule_that_was_not_published_is_found(network: Network) -> None:
    """Owner and grantee agree on a softer one than was approved."""
    course = submissions.begun(network, "unpublished rule")
    stricter = replace(RULE, k=9)
    course.publish(stricter)
    for agency in (OWNER, ADVISER):
        course.decide(agency, gate=b64u(stricter.digest()))
    course.admit()
    course.open()
    assert failed(judge(network, course.finish()))[0] == 5


def test_a_rule_hidden_by_a_later_one_is_found(network: Network) -> None:
    """Nor does it help to publish another before the result."""
    course = submissions.begun(network, "hidden rule")
    stricter = replace(RULE, k=9)
    course.publish(stricter)
    for agency in (OWNER, ADVISER):
        course.decide(agency, gate=b64u(stricter.digest()))
    course.admit()
    course.open()
    course.publish(replace(RULE, k=8))
    verdict = judge(network, course.finish())
    assert failed(verdict)[0] == 5
    assert "under the rule specified" in verdict.step(5).line()


def test_an_adviser_approves_of_one_rule(network: Network) -> None:
    """Under a softer one it is asked again, also if the owner is content."""
    course = submissions.begun(network, "softer since")
    stricter = replace(RULE, k=9)
    course.publish(stricter)
    course.decide(ADVISER, gate=b64u(stricter.digest()))
    course.publish()
    course.decide(OWNER)
    course.admit()
    course.open()
    verdict = judge(network, course.finish())
    assert failed(verdict) == [5]
    assert f"expected an approval of {ADVISER}" in verdict.step(5).line()


# -- what the ledger itself refuses ------------------------------------------------


def refused(kind: type[PrivShareError], rule: str, what: Callable[..., Any]) -> None:
    """The ledger says no, and by which rule."""
    with pytest.raises(kind) as caught:
        what()
    assert caught.value.detail.get("rule") == rule


def test_nothing_is_admitted_that_the_owner_did_not_approve(network: Network) -> None:
    """Nor what it approved for another purpose, or took back."""
    course = submissions.begun(network, "unapproved")
    refused(NotPermitted, "submission.unapproved", course.admit)
    course.decide(ADVISER)
    refused(NotPermitted, "submission.unapproved", course.admit)
    course.decide(OWNER, purpose="other-policy")
    refused(NotPermitted, "submission.unapproved", course.admit)
    course.decide(OWNER)
    course.decide(OWNER, "refuse", grantee=None, purpose=None, account=None)
    refused(NotPermitted, "submission.unapproved", course.admit)
    course.decide(OWNER)
    course.admit()


def test_one_byte_more_is_another_submission(network: Network) -> None:
    """An approval is for these bytes, whichever file it is."""
    for path in submissions.FILES:
        course = submissions.ready(network, f"changed {path}")
        files = submissions.FILES | {path: submissions.FILES[path] + b" "}
        course.tree = submissions.tree(files)
        refused(NotPermitted, "submission.unapproved", course.admit)


def test_a_right_for_certain_bytes_is_for_no_others(network: Network) -> None:
    """And one for the class is for all that is approved."""
    course = submissions.ready(network, "named")
    other = submissions.ready(network, "not named")
    course.granted(programs=(f"code.run/v1:{course.submission}",))
    other.grant = course.grant
    refused(PrivShareError, "grant.program", other.admit)
    course.admit()


def test_a_right_of_one_use_is_used_once(network: Network) -> None:
    """And what was begun is spent, however it ends."""
    course = submissions.ready(network, "one use")
    course.granted(uses=1)
    course.admit()
    spec, job = course.spec, course.job
    refused(NotPermitted, "grant.uses", course.admit)
    course.spec, course.job = spec, job
    course.open()
    body = {"job": course.job, "reason": "run.memory: expected less, found more"}
    network.submit("job.abort", OWNER, body)
    grant = query.grant(network.ledger.view(), course.grant)
    assert (grant.used, grant.reserved) == (1, 0)
    with pytest.raises(PrivShareError):
        course.admit()


def test_what_did_not_begin_costs_nothing(network: Network) -> None:
    """An abort before the beginning gives the use back."""
    course = submissions.ready(network, "not begun")
    course.granted(uses=1)
    course.admit()
    network.submit("job.abort", OWNER, {"job": course.job, "reason": "changed"})
    grant = query.grant(network.ledger.view(), course.grant)
    assert (grant.used, grant.reserved) == (0, 0)
    course.admit()


def test_a_run_begins_once_as_approved(network: Network) -> None:
    """By the owner, with the specification admitted, while the approval stands."""
    course = submissions.ready(network, "begins")
    course.admit()
    other = b64u(bytes(32))
    refused(StepNotAllowed, "job.spec", lambda: course.open(aggregation=other))
    with pytest.raises(NotPermitted):
        network.submit(
            "job.open",
            GRANTEE,
            {"aggregation": b64u(course.spec.digest()), "job": course.job},  # type: ignore[union-attr]
        )
    refused(StepNotAllowed, "job.opened", course.finish)
    course.decide(OWNER, "refuse")
    refused(NotPermitted, "submission.unapproved", course.open)
    course.decide(OWNER)
    course.open()
    evidence, result = course.documents()
    body = {"evidence": b64u(bytes(32)), "job": course.job, "result": b64u(bytes(32))}
    refused(
        NotPermitted,
        "job.owner",
        lambda: network.submit("job.result", GRANTEE, body),
    )
    course.finish((evidence, result))


def test_accounts_are_enrolled_once_and_end_once(network: Network) -> None:
    """By their agency; who has ended is approved no more."""
    course = submissions.begun(network, "accounts")
    refused(Conflict, "account.enrolled", lambda: course.enrol(ADVISER))
    end = {"account": course.id, "reason": "left"}
    refused(
        NotPermitted,
        "account.agency",
        lambda: network.submit("account.end", OWNER, end),
    )
    network.submit("account.end", GRANTEE, end)
    refused(
        StepNotAllowed,
        "account.ended",
        lambda: network.submit("account.end", GRANTEE, end),
    )
    refused(NotPermitted, "account.agency", lambda: course.decide(OWNER))
    unknown = {"account": b64u(bytes(32))}
    refused(NotFound, "account.unknown", lambda: course.decide(OWNER, **unknown))
    course.decide(OWNER, "refuse", **unknown)  # a refusal needs no account


def test_approvals_name_everything(network: Network) -> None:
    """A refusal may leave open what is not known."""
    course = submissions.begun(network, "named all")
    for name in ("account", "dataset", "gate", "grantee", "purpose"):
        with pytest.raises(EncodingError):
            course.decide(OWNER, **{name: None})
    with pytest.raises(EncodingError):
        course.decide(OWNER, rule="submission.header")
    course.decide(OWNER)
    refused(Conflict, "submission.approved", lambda: course.decide(OWNER))
    refused(Conflict, "mock.version", lambda: course.publish(version=2))


def test_decisions_are_bounded(network: Network) -> None:
    """Nobody fills the log with one submission, or keeps another from a no."""
    course = submissions.begun(network, "many")
    for _ in range(MAX_DECISIONS):
        course.decide(ADVISER, "refuse")
    refused(
        StepNotAllowed,
        "submission.decisions",
        lambda: course.decide(ADVISER, "refuse"),
    )
    course.decide(OWNER)
    course.decide(OWNER, "refuse")


def test_two_owners_or_inputs_are_none(tmp_path: Path, network: Network) -> None:
    """Submitted code sees one dataset, at its owner."""
    course = submissions.ready(network, "inputs")
    item = {"charge": 0, "columns": ["tax_paid"], "grant": course.grant, "group_by": []}
    refused(NotPermitted, "job.program", lambda: course.admit(inputs=[item, item]))
    parties = {
        "compute": GRANTEE,
        "custodian": None,
        "key": None,
        "nodes": [GRANTEE],
        "openers": [],
    }
    refused(NotPermitted, "job.parties", lambda: course.admit(parties=parties))
    alone = parties | {"compute": OWNER, "nodes": []}
    refused(NotPermitted, "job.program", lambda: course.admit(parties=alone))
    refused(NotPermitted, "job.program", lambda: course.admit(program="he.sum/v2"))
