"""Simulated evidence: verify what a development key says. SIMULATED - NO SECURITY.

For trying things out where there is no machine that attests. The statement
has the fields of real evidence, and the whole way from collecting to audit is
the same; what is missing is the machine: whoever holds the development key
can say anything. Its root is the key itself, its class `simulated`, and no
production deployment can load such a root.

    simulator ─► statement, signature, key ─► verify ─► Claims (class simulated)

Implements docs/formats/evidence.md, section 3.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
)
from privshare.wire import canonical, domain
from privshare.wire.digest import tagged
from privshare.wire.fields import Fields

__all__ = ["FAMILY", "LABEL", "MAX_LIFE_S", "signed_message", "verify"]

FAMILY: Final = "simulated"

#: Stands in every statement, and in everything that shows one.
LABEL: Final = "SIMULATED - NO SECURITY"

#: How long a statement may claim to hold, in seconds.
MAX_LIFE_S: Final = 24 * 3600

_MEASUREMENT: Final = re.compile(r"[0-9a-f]{96}")
_REPORT_DATA: Final = re.compile(r"[0-9a-f]{128}")
_LATEST: Final = 1 << 40


def signed_message(statement: bytes) -> bytes:
    """What the development key signs: a tagged digest of the statement."""
    return tagged(domain.SIMULATED, statement)


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify simulated evidence.

    Args:
        evidence: Kind `simulated`; parts `statement` (canonical JSON),
            `signature` (Ed25519, over `signed_message`), `key` (32 bytes).
        endorsements: None.
        roots: Family `simulated`; the digest is that of the public key.
        at: Unix seconds; between the statement's `not_before` and `not_after`.

    Returns:
        `report_data` has 64 bytes, as a TEE's. Values: `measurement`, `label`.

    Raises:
        EvidenceInvalid: `detail["rule"]` is `root.unknown` or begins with
            `simulated.`: `class`, `key`, `signature`, `statement`,
            `not-yet-valid`, `expired`.
    """
    evidence.only(["statement", "signature", "key"])
    endorsements.only([])
    key, statement = evidence.part("key"), evidence.part("statement")
    if len(key) != 32:
        raise _refusal("key", f"expected a key of 32 bytes, found {len(key)}")
    root = roots.find(sha256(key).digest(), [FAMILY])
    if root.trust_class != "simulated":
        raise _refusal(
            "class", f"expected a root of class simulated, found {root.trust_class}"
        )
    try:
        message = signed_message(statement)
        Ed25519PublicKey.from_public_bytes(key).verify(
            evidence.part("signature"), message
        )
    except (InvalidSignature, ValueError):
        raise _refusal(
            "signature", "expected a valid signature over the statement, found another"
        ) from None
    try:
        measurement, report_data, start, end, debug = _read(statement)
    except (EncodingError, OutOfRange) as error:
        raise _refusal("statement", error.message) from None
    if at < start:
        raise _refusal(
            "not-yet-valid", f"expected a statement of before {at}, found {start}"
        )
    if at > end:
        raise _refusal(
            "expired", f"expected a statement that holds at {at}, found one until {end}"
        )
    return Claims(
        kind=evidence.kind,
        root=root,
        report_data=report_data,
        debug=debug,
        values={"label": LABEL, "measurement": measurement},
        identity=sha256(message).digest(),
        instance=sha256(key).digest(),
        not_before=start,
        not_after=end,
    )


def _read(statement: bytes) -> tuple[bytes, bytes, int, int, bool]:
    fields = Fields(canonical.decode(statement), "statement")
    fields.constant("v", 1)
    fields.constant("type", "privshare.simulated")
    fields.constant("label", LABEL)
    measurement = bytes.fromhex(fields.str("measurement", pattern=_MEASUREMENT))
    report_data = bytes.fromhex(fields.str("report_data", pattern=_REPORT_DATA))
    start = fields.int("not_before", 0, _LATEST)
    end = fields.int("not_after", start, start + MAX_LIFE_S)
    debug = fields.bool("debug")
    fields.end()
    return measurement, report_data, start, end, debug


def _refusal(word: str, message: str) -> EvidenceInvalid:
    return EvidenceInvalid(message, detail={"rule": f"simulated.{word}"})
