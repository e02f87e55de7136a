"""Routes of attested jobs that other agencies' nodes call.

As in `peers`: who may have what is decided by the verbs, against this node's
own copy of the ledger.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from privshare.exchange import tee_party, tee_release, tee_run, tee_runner
from privshare.service.paging import Number
from privshare.service.route import AGENCIES, JSON, Body, Call, Model, Route
from privshare.wire.canonical import Json

BYTES = "application/octet-stream"
MAX_REQUEST = 64 * 1024
#: A bundle with its endorsements, or every party's policy.
MAX_BUNDLE = 8 << 20


class SealedPart(Model):
    """Which part of a sealed table."""

    part: Number = Field(ge=0, lt=1 << 10, description="from 0")
    parts: Number = Field(ge=1, le=1 << 10, description="how many there are")


def nonce(call: Call) -> Json:
    """Commit to a nonce of ours for a job, and tell it."""
    answer = tee_party.commit_nonce(
        call.context.node, call.agency.id, call.params["job"], call.body
    )
    return cast(Json, answer)


def attestation(call: Call) -> Json:
    """Make evidence that is bound to everybody's nonces, and log it."""
    answer = tee_runner.attest(
        call.context.node, call.agency.id, call.params["job"], call.body
    )
    return cast(Json, answer)


def appraisal(call: Call) -> Json:
    """Verify the runner's evidence, and appraise it by our own policy."""
    answer = tee_party.appraise(
        call.context.node, call.agency.id, call.params["job"], call.body
    )
    return cast(Json, answer)


def release(call: Call) -> Json:
    """Seal data of ours for the runners that we appraised."""
    answer = tee_release.release(
        call.context.node, call.agency.id, call.params["job"], _dataset(call), call.body
    )
    return cast(Json, answer)


def sealed(call: Call) -> Json:
    """Keep one part of a sealed table."""
    answer = tee_runner.receive(
        call.context.node,
        call.agency.id,
        call.params["job"],
        _dataset(call),
        part=call.query.part,
        parts=call.query.parts,
        data=call.body,
    )
    return cast(Json, answer)


def run(call: Call) -> Json:
    """Run the job's program on the tables, or say that it is under way."""
    answer = tee_run.run(
        call.context.node, call.agency.id, call.params["job"], call.body
    )
    return cast(Json, answer)


def _dataset(call: Call) -> str:
    return f"{call.params['agency']}/{call.params['name']}"


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/peer/jobs/{job}/nonce",
        nonce,
        AGENCIES,
        "This agency's nonce for an attested job, committed on the ledger.",
        body=Body(JSON, None, MAX_REQUEST),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/jobs/{job}/attestation",
        attestation,
        AGENCIES,
        "Evidence of the runner's machine, bound to the job and to all nonces.",
        body=Body(JSON, None, MAX_BUNDLE),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/peer/jobs/{job}/appraisal",
        appraisal,
        AGENCIES,
        "This agency's appraisal of the runner's evidence.",
        body=Body(JSON, None, MAX_BUNDLE),
    ),
    Route(
        "POST",
        "/v1/peer/jobs/{job}/releases/{agency}/{name}",
        release,
        AGENCIES,
        "This agency's data, sealed to the appraised runners; signed for.",
        body=Body(JSON, None, MAX_REQUEST),
    ),
    Route(
        "PUT",
        "/v1/peer/jobs/{job}/sealed/{agency}/{name}",
        sealed,
        AGENCIES,
        "One part of an owner's sealed table, for the runner.",
        body=Body(BYTES, None, tee_runner.PART),
        query=SealedPart,
    ),
    Route(
        "POST",
        "/v1/peer/jobs/{job}/run",
        run,
        AGENCIES,
        "What came of the run: sealed, concluded, attested; or that it goes on.",
        body=Body(JSON, None, MAX_BUNDLE),
        refusals=(409,),
    ),
)
