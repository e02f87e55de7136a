"""A survey's result: the sums, and all that shows they are the sums.

    collector   Release, Release ─► collect ─► Result ─► to_bytes
    anybody     bytes, Survey ─► verify ─► Result, offline, without any secret

The document holds both aggregate shares in the open: together they are the
result, and each alone is uniform, so nothing is told that the result does not
tell. With them anybody recomputes the sums and compares the commitments that
the aggregators signed.

Implements docs/protocols/vdaf.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from privshare.errors import EncodingError, VerificationError
from privshare.jobs.survey.release import (
    SALT_BYTES,
    Claim,
    Release,
    commitment,
    share_info,
    verify_claims,
)
from privshare.jobs.survey.task import ROLES, Survey
from privshare.schemes import prio3
from privshare.schemes.recipient import Opener
from privshare.wire.canonical import Fields, b64u, decode, encode, unb64u
from privshare.wire.envelope import Envelope, from_json, to_json

__all__ = ["MAX_RESULT", "Result", "collect", "verify"]

MAX_RESULT = 1 << 22
_NUMBER = r"0|-?[1-9][0-9]{0,39}"


@dataclass(frozen=True, slots=True)
class Result:
    """A verified result. Made by `collect` or `verify`.

    Attributes:
        survey: The survey's id.
        values: The sums: one number, or one a place or bucket.
        claim: What both aggregators say of the batch.
        claims: Their signed claims, the leader's first.
        opened: Salt and aggregate share of each.
    """

    survey: bytes
    values: tuple[int, ...]
    claim: Claim = field(repr=False)
    claims: tuple[Envelope, Envelope] = field(repr=False)
    opened: tuple[bytes, bytes] = field(repr=False)

    @property
    def count(self) -> int:
        """How many reports were added up."""
        return self.claim.count

    def to_bytes(self) -> bytes:
        """Its canonical bytes."""
        return encode(
            {
                "claims": [to_json(claim) for claim in self.claims],
                "opened": [b64u(part) for part in self.opened],
                "survey": b64u(self.survey),
                "v": 1,
                "values": [str(value) for value in self.values],
            }
        )


def collect(survey: Survey, key: Opener, leader: Release, helper: Release) -> Result:
    """Open both aggregate shares and add them up.

    Args:
        survey: The survey.
        key: The collector's.
        leader: What the leader released.
        helper: What the helper released.

    Raises:
        SignatureInvalid: A claim that the aggregator did not sign.
        VerificationError: Claims that differ; a share that does not open, or
            is not the one claimed (rule survey.share); sums that so many valid
            reports cannot have (rule survey.range).
    """
    releases = (leader, helper)
    envelopes = (leader.claim, helper.claim)
    verify_claims(survey, envelopes)
    opened = tuple(
        key.open(release.sealed, share_info(role), release.claim.payload)
        for role, release in enumerate(releases)
    )
    return _result(survey, envelopes, (opened[0], opened[1]))


def verify(survey: Survey, data: bytes) -> Result:
    """Check a result document, offline.

    Args:
        survey: The survey, from a source that the reader trusts.
        data: From `Result.to_bytes`.

    Raises:
        EncodingError: Another form.
        SignatureInvalid: A claim that the aggregator did not sign.
        VerificationError: As for `collect`; or other values than the shares
            add up to (rule survey.values).
    """
    fields = Fields(decode(data, max_bytes=MAX_RESULT), "result")
    fields.constant("v", 1)
    named = fields.digest("survey")
    values = fields.str_list("values", survey.vdaf.outputs, _NUMBER)
    claims = [from_json(item) for item in fields.list("claims", len(ROLES))]
    length = SALT_BYTES + survey.vdaf.sizes.aggregate
    parts = [
        unb64u(item, length) if isinstance(item, str) else b""
        for item in fields.list("opened", len(ROLES))
    ]
    fields.end()
    if not len(claims) == len(parts) == len(ROLES) or b"" in parts:
        raise EncodingError("result: expected two claims and two shares, found others")
    if named != survey.id:
        raise _false("other", "a result of this survey", "another's")
    found = _result(survey, (claims[0], claims[1]), (parts[0], parts[1]))
    if found.values != tuple(map(int, values)):
        raise _false("values", "the values that the shares add up to", "others")
    return found


def _result(
    survey: Survey,
    envelopes: tuple[Envelope, Envelope],
    opened: tuple[bytes, bytes],
) -> Result:
    claims = verify_claims(survey, envelopes)
    shares = []
    for claim, part in zip(claims, opened, strict=True):
        salt, share = part[:SALT_BYTES], part[SALT_BYTES:]
        if commitment(salt, share) != claim.commitment:
            raise _false("share", "the share that was claimed", "another")
        shares.append(share)
    sums = prio3.unshard(survey.vdaf, shares)
    if survey.noise:
        values = tuple(prio3.signed(survey.vdaf, x) for x in sums)
    else:
        values = tuple(sums)
        _check_range(survey, claims[0].count, values)
    return Result(survey.id, values, claims[0], envelopes, opened)


def _check_range(survey: Survey, count: int, values: tuple[int, ...]) -> None:
    """Refuse sums that `count` valid reports cannot have."""
    vdaf = survey.vdaf
    most = vdaf.bound if vdaf.circuit in ("sum", "sum-vec") else 1
    good = all(value <= count * most for value in values)
    if vdaf.circuit == "histogram":
        good &= sum(values) == count
    if vdaf.circuit == "multihot":
        good &= sum(values) <= count * vdaf.bound
    if not good:
        raise _false("range", f"sums of {count} valid reports", "impossible ones")


def _false(rule: str, expected: str, found: str) -> VerificationError:
    return VerificationError(
        f"expected {expected}, found {found}", detail={"rule": f"survey.{rule}"}
    )
