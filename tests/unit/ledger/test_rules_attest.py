"""Measured jobs: nonces before evidence, evidence before the result."""

from __future__ import annotations

from typing import Any

import pytest
from attested_kit import (
    CODE,
    PROGRAM,
    appraise_by,
    attest,
    attestation,
    conclude,
    granted,
    measured_job,
    nonce,
    ready,
    reappraise,
    refuse,
    result,
    to_nonces,
    withdraw,
)
from ledger_kit import Bench, digest, parties, tx_id

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    PurposeMismatch,
    StepNotAllowed,
)
from privshare.ledger import query, query_attested
from privshare.ledger.attested import MAX_REAPPRAISALS
from privshare.ledger.parties import Parties


def refused(bench: Bench, data: bytes) -> tuple[type[PrivShareError], str]:
    """With which error and rule a transaction is refused, without a trace."""
    before = bench.machine.state.root()
    with pytest.raises(PrivShareError) as caught:
        bench.do(data)
    assert bench.machine.state.root() == before
    return type(caught.value), caught.value.detail.get("rule", "")


def test_a_measured_job_goes_from_nonces_to_its_result() -> None:
    """Each step leaves its index; the uses are settled at the end."""
    bench, job = ready()
    state = bench.machine.state
    assert attestation(bench, job).begun is None
    to_nonces(bench, job)
    bench.do(attest(bench.scribe, "labour", job))
    held = attestation(bench, job)
    assert [one.agency for one in held.nonces] == ["taxes", "housing"]
    assert [one.policy for one in held.nonces] == [digest("policy"), None]
    assert held.nonce("taxes") == held.nonces[0] and held.nonce("labour") is None
    (shown,) = held.shown
    assert shown == held.of("labour") and shown.bundle == digest("bundle")
    assert held.nonces[1].at < shown.at
    assert held.begun == shown.time == bench.scribe.now and held.opened is None
    bench.wait(7)
    bench.do(conclude(bench.scribe, "labour", job))
    assert attestation(bench, job).opened == bench.scribe.now
    bench.do(result(bench.scribe, "housing", job))
    done = query.job(state, job)
    assert (done.status, done.program) == ("done", PROGRAM)
    assert done.parties == Parties(compute="labour", owners=("taxes",))
    assert done.aggregation == digest("conclusion")
    assert query.use(state, f"{job}.0").status == "settled"


@pytest.mark.parametrize(
    "changes",
    [
        {"program": "he.sum/v2"},
        {"operation": "sum"},
        {"parties": parties(compute="labour", custodian="registry")},
    ],
)
def test_measured_programs_run_in_attested_machines_only(
    changes: dict[str, Any],
) -> None:
    """Program, operation and parties go together, or the job is refused."""
    bench = Bench()
    bench.admit_all()
    wide = {"operations": ("run", "sum"), "programs": ("he.sum/v2", PROGRAM)}
    grant = granted(bench, **wide)
    data = measured_job(bench.scribe, "housing", [grant], **changes)
    assert refused(bench, data) == (NotPermitted, "job.program")


def test_the_runner_is_a_member() -> None:
    """A machine of nobody is no party."""
    bench = Bench()
    bench.admit_all()
    strange = parties(compute="ghost")
    data = measured_job(bench.scribe, "housing", [granted(bench)], parties=strange)
    assert refused(bench, data)[0] is NotFound


def test_a_grant_covers_the_program_by_its_digest() -> None:
    """A right to run one program is none to run another."""
    bench = Bench()
    bench.admit_all()
    grant = granted(bench)
    other = f"tee.run/v1:{digest('another')}"
    data = measured_job(bench.scribe, "housing", [grant], program=other)
    assert refused(bench, data) == (PurposeMismatch, "grant.program")
    plain = bench.granted(operations=("run",), programs=("tee.run/v1",))
    data = measured_job(bench.scribe, "housing", [plain])
    assert refused(bench, data) == (PurposeMismatch, "grant.program")
    bad = measured_job(bench.scribe, "housing", [grant], program="tee.run/v1:short")
    assert refused(bench, bad)[0] is EncodingError


def test_only_parties_commit_to_nonces_once_each() -> None:
    """The coordinator and the owners; not the runner, not others, not twice."""
    bench, job = ready()
    for who in ("labour", "registry"):
        data = nonce(bench.scribe, who, job, None)
        assert refused(bench, data) == (NotPermitted, "job.party")
    bench.do(nonce(bench.scribe, "taxes", job))
    again = nonce(bench.scribe, "taxes", job, commitment=digest("another"))
    assert refused(bench, again) == (Conflict, "job.nonce")


def test_a_nonce_names_the_policy_in_force() -> None:
    """An owner without one, and whoever names another, is refused."""
    bench, job = ready()
    without = nonce(bench.scribe, "taxes", job, None)
    assert refused(bench, without) == (NotPermitted, "appraisal.missing")
    other = nonce(bench.scribe, "taxes", job, "another")
    assert refused(bench, other) == (NotPermitted, "appraisal.policy")
    none = nonce(bench.scribe, "housing", job, "policy")
    assert refused(bench, none) == (NotPermitted, "appraisal.policy")
    bench.do(nonce(bench.scribe, "taxes", job))
    bench.do(appraise_by(bench.scribe, "taxes", "newer"))
    bench.do(appraise_by(bench.scribe, "housing", "mine"))
    bench.do(nonce(bench.scribe, "housing", job, "mine"))
    held = attestation(bench, job)
    assert [one.policy for one in held.nonces] == [digest("policy"), digest("mine")]


@pytest.mark.parametrize("missing", ["taxes", "housing"])
def test_evidence_comes_after_every_nonce(missing: str) -> None:
    """One party's nonce is missing: no evidence yet."""
    bench, job = ready()
    if missing == "housing":
        bench.do(nonce(bench.scribe, "taxes", job))
    else:
        bench.do(nonce(bench.scribe, "housing", job, None))
    data = attest(bench.scribe, "labour", job)
    assert refused(bench, data) == (StepNotAllowed, "job.nonces")


def test_only_the_runner_brings_evidence_and_once() -> None:
    """A second bundle would let it choose; nonces come too late then, too."""
    bench, job = ready()
    to_nonces(bench, job)
    for who in ("housing", "taxes", "registry"):
        data = attest(bench.scribe, who, job)
        assert refused(bench, data) == (NotPermitted, "job.runner")
    bench.do(attest(bench.scribe, "labour", job))
    again = attest(bench.scribe, "labour", job, "another")
    assert refused(bench, again) == (Conflict, "job.attested")


def test_a_withdrawn_program_is_not_attested() -> None:
    """Listed when the job was admitted is not enough."""
    bench, job = ready()
    to_nonces(bench, job)
    bench.do(withdraw(bench.scribe, "taxes"))
    data = attest(bench.scribe, "labour", job)
    assert refused(bench, data) == (NotPermitted, "run.unlisted")


def test_a_program_withdrawn_while_it_runs_opens_nothing() -> None:
    """Its result stays inside; what was opened before stays as it is."""
    bench, job = ready()
    to_nonces(bench, job)
    bench.do(attest(bench.scribe, "labour", job))
    bench.do(withdraw(bench.scribe, "taxes"))
    data = conclude(bench.scribe, "labour", job)
    assert refused(bench, data) == (NotPermitted, "run.unlisted")


def test_an_unlisted_program_is_not_attested() -> None:
    """A program that nobody proposed runs nowhere."""
    bench = Bench()
    bench.admit_all()
    bench.do(appraise_by(bench.scribe, "taxes"))
    job = bench.do(measured_job(bench.scribe, "housing", [granted(bench)]))
    to_nonces(bench, job)
    data = attest(bench.scribe, "labour", job)
    assert refused(bench, data) == (NotPermitted, "run.unlisted")
    assert bench.machine.state.get(f"code/{CODE}") is None


def test_nothing_is_opened_before_evidence() -> None:
    """Neither conclusion nor result comes first, and a result needs both."""
    bench, job = ready()
    to_nonces(bench, job)
    for data in (
        conclude(bench.scribe, "labour", job),
        result(bench.scribe, "housing", job),
    ):
        assert refused(bench, data) == (StepNotAllowed, "job.attested")
    bench.do(attest(bench.scribe, "labour", job))
    early = result(bench.scribe, "housing", job)
    assert refused(bench, early) == (StepNotAllowed, "job.opened")
    stranger = conclude(bench.scribe, "housing", job)
    assert refused(bench, stranger) == (NotPermitted, "job.opener")
    bench.do(conclude(bench.scribe, "labour", job))
    body = {"aggregation": digest("another"), "job": job}
    other = bench.scribe.tx("job.open", "labour", body)
    assert refused(bench, other) == (StepNotAllowed, "job.opened")


def test_after_the_deadline_nothing_is_admitted() -> None:
    """Nonces, evidence, conclusion and result: each has to be in time."""
    steps = (
        ("taxes", lambda b, j: nonce(b.scribe, "taxes", j)),
        ("labour", lambda b, j: attest(b.scribe, "labour", j)),
        ("labour", lambda b, j: conclude(b.scribe, "labour", j)),
        ("housing", lambda b, j: result(b.scribe, "housing", j)),
    )
    for done in range(len(steps)):
        bench, job = ready()
        bench.do(nonce(bench.scribe, "housing", job, None))
        for _, step in steps[:done]:
            bench.do(step(bench, job))
        bench.wait(3_700)
        with pytest.raises(StepNotAllowed, match="deadline"):
            bench.do(steps[done][1](bench, job))


@pytest.mark.parametrize("who", ["housing", "taxes", "labour"])
@pytest.mark.parametrize("attested", [False, True])
def test_a_refusal_ends_the_job_and_gives_everything_back(
    who: str, attested: bool
) -> None:
    """Any party refuses, by which rule stays to be read, and it costs nothing."""
    bench, job = ready()
    to_nonces(bench, job)
    if attested:
        bench.do(attest(bench.scribe, "labour", job))
    bench.do(refuse(bench.scribe, who, job))
    held = attestation(bench, job).refusal
    assert held is not None
    assert (held.agency, held.rule, held.released) == (who, "snp.debug", 0)
    ended = query.job(bench.machine.state, job)
    assert (ended.status, ended.ended) == ("aborted", held.at)
    assert query.use(bench.machine.state, f"{job}.0").status == "released"
    again = refuse(bench.scribe, who, job)
    assert refused(bench, again) == (StepNotAllowed, "")


def test_an_abort_after_the_conclusion_spends_the_uses() -> None:
    """Who may know the result pays for it."""
    bench, job = ready()
    to_nonces(bench, job)
    bench.do(attest(bench.scribe, "labour", job))
    bench.do(conclude(bench.scribe, "labour", job))
    bench.do(refuse(bench.scribe, "housing", job))
    assert query.use(bench.machine.state, f"{job}.0").status == "settled"


def test_strangers_refuse_nothing() -> None:
    """Only a party ends a job."""
    bench, job = ready()
    data = refuse(bench.scribe, "registry", job)
    assert refused(bench, data) == (NotPermitted, "job.party")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"released": -1}, OutOfRange),
        ({"released": 1 << 53}, EncodingError),
        ({"released": None}, EncodingError),
        ({"rule": "Rule"}, EncodingError),
        ({"rule": ""}, EncodingError),
        ({"reason": ""}, EncodingError),
    ],
)
def test_a_refusal_has_one_form(changes: dict[str, Any], error: type) -> None:
    """A rule's name, a count and a line."""
    bench, job = ready()
    try:
        data = refuse(bench.scribe, "taxes", job, **changes)
    except PrivShareError as unwritable:
        assert isinstance(unwritable, OutOfRange | EncodingError)
        return
    assert issubclass(refused(bench, data)[0], error)


def test_only_measured_jobs_have_these_steps() -> None:
    """An encrypted sum has no nonces, no evidence and no such refusal."""
    bench = Bench()
    bench.admit_all()
    grant = bench.granted(programs=("he.sum/v2",))
    job = bench.do(bench.scribe.job("housing", [grant]))
    for data in (
        nonce(bench.scribe, "housing", job, None),
        attest(bench.scribe, "housing", job),
        refuse(bench.scribe, "housing", job),
        reappraise(bench.scribe, "housing", job),
    ):
        assert refused(bench, data)[0] is NotFound
    assert bench.machine.state.get(f"attested/{job}") is None


def test_a_later_verdict_is_added_and_rewrites_nothing() -> None:
    """Owners and the coordinator say it, after a result as before one."""
    bench, job = ready()
    to_nonces(bench, job)
    early = reappraise(bench.scribe, "taxes", job)
    assert refused(bench, early) == (StepNotAllowed, "job.attested")
    bench.do(attest(bench.scribe, "labour", job))
    before = attestation(bench, job)
    bench.do(reappraise(bench.scribe, "taxes", job))
    bench.do(conclude(bench.scribe, "labour", job))
    bench.do(result(bench.scribe, "housing", job))
    bench.do(reappraise(bench.scribe, "housing", job, status="contraindicated"))
    for who in ("labour", "registry"):
        data = reappraise(bench.scribe, who, job)
        assert refused(bench, data) == (NotPermitted, "job.party")
    held = attestation(bench, job)
    assert (held.nonces, held.shown) == (before.nonces, before.shown)
    told = [(one.agency, one.status) for one in held.reappraisals]
    assert told == [("taxes", "warning"), ("housing", "contraindicated")]
    assert query.job(bench.machine.state, job).status == "done"
    other = reappraise(bench.scribe, "taxes", job, status="none")
    assert refused(bench, other)[0] is EncodingError


def test_later_verdicts_are_bounded() -> None:
    """No job's value grows without end."""
    bench, job = ready()
    to_nonces(bench, job)
    bench.do(attest(bench.scribe, "labour", job))
    for _ in range(MAX_REAPPRAISALS):
        bench.do(reappraise(bench.scribe, "taxes", job))
        if len(bench.open) > 50:
            bench.close()
    data = reappraise(bench.scribe, "taxes", job)
    assert refused(bench, data) == (StepNotAllowed, "job.reappraisals")


def test_an_unknown_job_has_no_attestation() -> None:
    """Asking for what is not there is told so."""
    bench = Bench()
    name = tx_id(bench.scribe.admit("taxes"))
    with pytest.raises(NotFound):
        query_attested.attestation(bench.machine.state, name)
