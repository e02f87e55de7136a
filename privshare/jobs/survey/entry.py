"""A survey in the ledger: what is entered of it, and how a result is held to it.

    collector    opening ─► survey.open;   result_body ─► survey.result
    aggregator   agree ─► survey.accept;   closing(release) ─► survey.close
    auditor      Survey, the ledger's word, result bytes ─► check ─► Result

The ledger holds digests and the parties' names. That the document says the same
is checked by each aggregator before it accepts, and by whoever verifies.

Implements docs/protocols/vdaf.md, section 6.1.
"""

from __future__ import annotations

from privshare.errors import VerificationError
from privshare.jobs.survey.release import Claim, Release
from privshare.jobs.survey.result import Result, verify
from privshare.jobs.survey.task import Survey
from privshare.ledger.survey import Batch
from privshare.ledger.survey import Survey as Entered
from privshare.wire import domain
from privshare.wire.canonical import Json, b64u
from privshare.wire.digest import tagged
from privshare.wire.envelope import Envelope

__all__ = [
    "agree",
    "check",
    "check_claims",
    "closing",
    "opening",
    "result_body",
    "result_digest",
]


def result_digest(data: bytes) -> bytes:
    """How the ledger names a result document."""
    return tagged(domain.SURVEY_RESULT, data)


def opening(
    survey: Survey, collector: str, until: int, noise: Json = None
) -> dict[str, Json]:
    """The body of `survey.open`.

    Args:
        survey: The document.
        collector: The agency that holds the key of `survey.collector`.
        until: Unix seconds after which nothing is released any more.
        noise: `Mechanism.to_json()` of what the document says in words, or None.
    """
    return {
        "collector": collector,
        "helper": survey.helper.agency,
        "leader": survey.leader.agency,
        "min_batch": survey.min_batch,
        "noise": noise,
        "survey": b64u(survey.id),
        "until": until,
    }


def closing(release: Release) -> dict[str, Json]:
    """The body of `survey.close`, of an aggregator's own release.

    Enter it before the release leaves: then no other can be claimed.
    """
    claim = Claim.from_bytes(release.claim.payload)
    return {
        "batch": _batch(claim).to_json(),
        "commitment": b64u(claim.commitment),
        "survey": b64u(claim.survey),
    }


def result_body(survey: Survey, data: bytes) -> dict[str, Json]:
    """The body of `survey.result`, of a result document."""
    return {"result": b64u(result_digest(data)), "survey": b64u(survey.id)}


def agree(survey: Survey, entered: Entered) -> None:
    """Check that the ledger says of a survey what its document says.

    Args:
        survey: The document.
        entered: What the ledger holds under the document's id.

    Raises:
        VerificationError: Other parties, another least batch, an end before reports
            end, or a mechanism where the document has no noise (rule
            survey.entry).
    """
    agencies = tuple(one.agency for one in survey.aggregators)
    if entered.aggregators != agencies:
        raise _false("entry", f"the aggregators {' and '.join(agencies)}", "others")
    if entered.min_batch != survey.min_batch:
        raise _false(
            "entry", f"a least batch of {survey.min_batch}", f"{entered.min_batch}"
        )
    if entered.until < survey.closes:
        raise _false("entry", f"an end from {survey.closes} on", f"{entered.until}")
    if entered.noise is not None and not survey.noise:
        raise _false("entry", "no noise, as in the document", "a mechanism")


def check(survey: Survey, entered: Entered, data: bytes) -> Result:
    """Hold a result document to the ledger, offline.

    Args:
        survey: The document; its id is the key of `entered`.
        entered: What the ledger proves to hold under `survey/<id>`.
        data: From `Result.to_bytes`.

    Raises:
        EncodingError, SignatureInvalid, VerificationError: As `result.verify`
            and `agree`; or the ledger has another result (rule survey.result)
            or other claims (rule survey.claims).
    """
    agree(survey, entered)
    found = verify(survey, data)
    if entered.result != b64u(result_digest(data)):
        raise _false("result", "the result that the ledger names", "another")
    check_claims(entered, found.claims)
    return found


def check_claims(entered: Entered, claims: tuple[Envelope, Envelope]) -> None:
    """Hold both aggregators' claims to those that they entered.

    Raises:
        VerificationError: One is another: rule survey.claims.
    """
    for agency, envelope in zip(entered.aggregators, claims, strict=True):
        _check_claim(entered, agency, envelope)


def _check_claim(entered: Entered, agency: str, envelope: Envelope) -> None:
    claim = Claim.from_bytes(envelope.payload)
    said = entered.claim_of(agency)
    if (
        said is None
        or said.batch != _batch(claim)
        or said.commitment != b64u(claim.commitment)
    ):
        raise _false("claims", f"the claim that {agency} entered", "another")


def _batch(claim: Claim) -> Batch:
    return Batch(
        claim.count, b64u(claim.batch), b64u(claim.reports), b64u(claim.transcript)
    )


def _false(rule: str, expected: str, found: str) -> VerificationError:
    return VerificationError(
        f"expected {expected}, found {found}", detail={"rule": f"survey.{rule}"}
    )
