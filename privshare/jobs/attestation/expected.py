"""What the log says of a measured job, for whoever checks its evidence.

An owner's node reads its own ledger, an auditor the values that a receipt
proves; both get the same `Expected`, so both ask the same question. Nothing of
it comes from the bundle that is to be checked.

    ledger view, receipt ─► expect ─► Expected ─► check.check_admission
"""

from __future__ import annotations

from privshare.errors import StepNotAllowed
from privshare.jobs.attestation.check import Expected
from privshare.ledger import query, query_attested
from privshare.ledger.query import Reader
from privshare.rights import identifier
from privshare.wire.canonical import unb64u

__all__ = ["expect"]


def expect(
    reader: Reader,
    network: str,
    job_id: str,
    *,
    runner: str | None = None,
    now: int | None = None,
    origin: str | None = None,
    witnesses: int | None = None,
) -> Expected:
    """Collect what the ledger holds of a measured job.

    Args:
        reader: The ledger's state.
        network: The network's id.
        job_id: The job.
        runner: Whose machine; None for the one that runs a measured program.
        now: Unix seconds of the newest block, for an owner who looks before
            the evidence is in the log; else the log's own time counts.
        origin: Of the log; None where the caller checks checkpoints itself.
        witnesses: How many cosigned; None where not known.

    Raises:
        NotFound: No such job, or one that runs no measured program.
        StepNotAllowed: There is no evidence yet, nor a time to look at it; or
            no nonce.
    """
    job = query.job(reader, job_id)
    held = query_attested.attestation(reader, job_id)
    code = identifier.code_of(job.program) or ""
    shown = held.of(job.parties.compute if runner is None else runner)
    attested = shown.time if shown is not None else now
    if held.begun is None or attested is None:
        raise StepNotAllowed(
            "expected nonces and evidence of the job in the log, found none",
            detail={"rule": "job.attested"},
        )
    return Expected(
        network=network,
        job=job_id,
        spec=unb64u(job.spec, 32),
        code=unb64u(code, 32),
        commitments={one.agency: unb64u(one.commitment, 32) for one in held.nonces},
        policies={
            one.agency: unb64u(one.policy, 32)
            for one in held.nonces
            if one.policy is not None
        },
        begun=held.begun,
        attested=attested,
        opened=held.opened,
        admitted=None if shown is None else unb64u(shown.bundle, 32),
        concluded=None if job.aggregation is None else unb64u(job.aggregation, 32),
        joint=identifier.is_joint(job.program),
        origin=origin,
        listed=_listed(reader, code, None if shown is None else shown.at),
        witnesses=witnesses,
    )


def _listed(reader: Reader, code: str, at: int | None) -> bool:
    """Whether the program was listed when the evidence came, or is now."""
    if at is None:
        return query_attested.is_listed(reader, code)
    return query_attested.code(reader, code).listed_at(at)
