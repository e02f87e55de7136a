"""What an aggregator lets go of: a signed claim, and its sealed share.

    aggregator   Batch ─► close ─► Release ─► collector, and the other aggregator
                                   │ claim: signed, public, without the share
                                   └ sealed: share and salt, for the collector

A batch is released once, and never one that is too small. The claim says how
many reports it holds, which, what was refused and why, and the digest of all
messages; both aggregators' claims must say the same but for their role and
commitment.

Implements docs/protocols/vdaf.md, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from privshare.errors import (
    EncodingError,
    NotPermitted,
    SignatureInvalid,
    StepNotAllowed,
    VerificationError,
)
from privshare.jobs.survey.reason import BATCH_BYTES, REASONS
from privshare.jobs.survey.task import MAX_BATCH, ROLES, Survey
from privshare.schemes import prio3
from privshare.schemes.keys import SigningKey, VerifyKey, sign_envelope, verify_envelope
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import tagged
from privshare.wire.envelope import Envelope, from_json, media_type, to_json

if TYPE_CHECKING:
    from privshare.jobs.survey.batch import Batch

__all__ = [
    "CLAIM",
    "MAX_RELEASE",
    "SALT_BYTES",
    "Claim",
    "Release",
    "close",
    "commitment",
]

CLAIM = media_type("survey-claim")
SALT_BYTES = 32
MAX_RELEASE = 1 << 20


def commitment(salt: bytes, share: bytes) -> bytes:
    """What a claim says of the share: H(SURVEY_SHARE, salt, share)."""
    return tagged(domain.SURVEY_SHARE, salt, share)


def share_info(role: int) -> bytes:
    """What a sealed aggregate share is for."""
    return domain.SURVEY_SHARE + b"/" + ROLES[role].encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an aggregator signs of a batch.

    Attributes:
        survey: The survey's id.
        batch: The batch's id.
        role: `LEADER` or `HELPER`.
        count: How many reports were added up.
        jobs: In how many jobs.
        refused: What the leader and what the helper refused, for each of
            `REASONS`.
        reports: Digest of the accepted ids, in order.
        transcript: Digest of all messages.
        commitment: `commitment` of its aggregate share.
    """

    survey: bytes
    batch: bytes
    role: int
    count: int
    jobs: int
    refused: tuple[tuple[int, ...], tuple[int, ...]]
    reports: bytes
    transcript: bytes
    commitment: bytes

    @property
    def shared(self) -> Claim:
        """What both aggregators must say alike."""
        return replace(self, role=0, commitment=b"")

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "batch": b64u(self.batch),
                "commitment": b64u(self.commitment),
                "count": self.count,
                "jobs": self.jobs,
                "refused": {
                    role: _named(table)
                    for role, table in zip(ROLES, self.refused, strict=True)
                },
                "reports": b64u(self.reports),
                "role": ROLES[self.role],
                "survey": b64u(self.survey),
                "transcript": b64u(self.transcript),
                "v": 1,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Claim:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload, max_bytes=1 << 16), "claim")
        fields.constant("v", 1)
        refused = fields.obj("refused")
        found = cls(
            survey=fields.digest("survey"),
            batch=fields.bytes("batch", BATCH_BYTES),
            role=ROLES.index(fields.str("role", pattern="leader|helper")),
            count=fields.int("count", 0, MAX_BATCH),
            jobs=fields.int("jobs", 0, MAX_BATCH),
            refused=(_table(refused.obj(ROLES[0])), _table(refused.obj(ROLES[1]))),
            reports=fields.digest("reports"),
            transcript=fields.digest("transcript"),
            commitment=fields.digest("commitment"),
        )
        refused.end()
        fields.end()
        return found


def _named(table: tuple[int, ...]) -> dict[str, Json]:
    """Counts by reason; only those that occurred."""
    return {name: n for name, n in zip(REASONS, table, strict=True) if n}


def _table(fields: Fields) -> tuple[int, ...]:
    named = fields.names()
    found = tuple(fields.int(name, 1) if name in named else 0 for name in REASONS)
    fields.end()
    return found


@dataclass(frozen=True, slots=True)
class Release:
    """What an aggregator sends to the collector.

    Attributes:
        claim: Its claim, signed.
        sealed: Salt and aggregate share, sealed to the collector.
    """

    claim: Envelope
    sealed: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """Its canonical bytes."""
        return encode({"claim": to_json(self.claim), "sealed": b64u(self.sealed)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Release:
        """Read it; nothing is verified yet.

        Raises:
            EncodingError: Another form.
        """
        fields = Fields(decode(data, max_bytes=MAX_RELEASE), "release")
        found = cls(
            from_json(fields.json("claim")), fields.bytes("sealed", max=MAX_RELEASE)
        )
        fields.end()
        return found


def close(
    survey: Survey,
    role: int,
    batch: Batch,
    key: SigningKey,
    salt: bytes,
    noise: Sequence[int] | None = None,
) -> tuple[Batch, Release]:
    """Close a batch and release its share.

    Args:
        survey: The survey.
        role: `LEADER` or `HELPER`.
        batch: Store the closed one before the release leaves.
        key: The aggregator's signing key.
        salt: 32 random bytes, used once.
        noise: One integer a sum, if the survey's document asks for noise: drawn
            by this aggregator alone, as the document says.

    Returns:
        The closed batch, and what goes to the collector.

    Raises:
        NotPermitted: Fewer reports than the survey's least batch (rule
            survey.small).
        StepNotAllowed: The batch was released before (rule survey.closed).
        EncodingError: Another key than the document's, a salt of another
            length, or noise where there is to be none and vice versa.
    """
    if batch.closed:
        raise StepNotAllowed(
            "expected a batch that was not released yet, found a closed one",
            detail={"rule": "survey.closed"},
        )
    if batch.count < survey.min_batch:
        raise NotPermitted(
            f"expected at least {survey.min_batch} reports, found {batch.count}",
            fix="wait for more reports",
            detail={"rule": "survey.small", "count": batch.count},
        )
    if key.verify_key != survey.aggregators[role].key or len(salt) != SALT_BYTES:
        raise EncodingError(
            f"expected the survey's signing key and {SALT_BYTES} bytes of salt, "
            "found others"
        )
    if (noise is None) != (survey.noise == ""):
        raise EncodingError(
            "expected noise exactly where the survey's document asks for it",
            detail={"rule": "survey.noise"},
        )
    share = batch.share
    if noise is not None:
        share = prio3.with_numbers(survey.vdaf, share, noise)
    claim = _claim(role, batch, commitment(salt, share)).to_bytes()
    sealed = survey.collector.seal(salt + share, share_info(role), claim)
    return replace(batch, closed=True), Release(
        sign_envelope(CLAIM, claim, [key]), sealed
    )


def _claim(role: int, batch: Batch, committed: bytes) -> Claim:
    return Claim(
        survey=batch.survey,
        batch=batch.id,
        role=role,
        count=batch.count,
        jobs=batch.jobs,
        refused=batch.refused,
        reports=batch.reports,
        transcript=batch.transcript,
        commitment=committed,
    )


def verify_claims(survey: Survey, envelopes: Sequence[Envelope]) -> list[Claim]:
    """Check two claims: signed by the two aggregators, and saying the same.

    Args:
        survey: The survey.
        envelopes: The leader's, the helper's.

    Raises:
        SignatureInvalid: A signature by another key, or none that verifies.
        VerificationError: The claims differ (rule survey.claims), are for
            another survey (survey.other), or for too few reports
            (survey.small).
    """
    if len(envelopes) != len(ROLES):
        raise EncodingError(f"expected two claims, found {len(envelopes)}")
    claims = [
        _verified(survey, role, envelope) for role, envelope in enumerate(envelopes)
    ]
    if claims[0].shared != claims[1].shared:
        raise _false("claims", "two claims that say the same", "different ones")
    if claims[0].survey != survey.id:
        raise _false("other", "claims of this survey", "another's")
    if claims[0].count < survey.min_batch:
        raise _false(
            "small", f"at least {survey.min_batch} reports", f"{claims[0].count}"
        )
    return claims


def _verified(survey: Survey, role: int, envelope: Envelope) -> Claim:
    key = survey.aggregators[role].key

    def resolve(kid: str) -> VerifyKey:
        if kid != key.kid:
            raise SignatureInvalid(
                f"expected a claim signed by the {ROLES[role]}, found another key"
            )
        return key

    payload = verify_envelope(envelope, resolve)
    if envelope.payload_type != CLAIM:
        raise EncodingError(f"expected a statement {CLAIM}, found another")
    claim = Claim.from_bytes(payload)
    if claim.role != role:
        raise _false("claims", f"the {ROLES[role]}'s claim", "the other's")
    return claim


def _false(rule: str, expected: str, found: str) -> VerificationError:
    detail: dict[str, Any] = {"rule": f"survey.{rule}"}
    return VerificationError(f"expected {expected}, found {found}", detail=detail)
