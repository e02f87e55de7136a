"""The trust policy: the one thing an auditor brings along.

It names the log's key, the witnesses and how many of them must have cosigned
(C2SP tlog-policy). Where it comes from is the auditor's affair; a policy that
travelled with the receipt proves only as much as its fingerprint, compared
over another channel.

    bytes of trust.policy ─► open_trust ─► TrustRoot ─► step 4
"""

from __future__ import annotations

from dataclasses import dataclass, field

from privshare.log.policy import TrustPolicy, parse_policy
from privshare.wire.digest import sha256


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """A policy and how to recognise it.

    Attributes:
        policy: What it says.
        fingerprint: SHA-256 of the file's bytes, in hex.
    """

    policy: TrustPolicy = field(repr=False)
    fingerprint: str


def open_trust(data: bytes) -> TrustRoot:
    """Read a trust policy file.

    Raises:
        EncodingError: Not a trust policy, or longer than 1 MiB.
    """
    return TrustRoot(parse_policy(data), sha256(data).hex())


@dataclass(frozen=True, slots=True)
class EvidenceRoots:
    """Roots beside the makers' at which evidence may end, for measured jobs.

    The makers' roots are in the program. An auditor adds manufacturers of TPMs
    that it knows, or, to try things out, test roots: then every verdict says so.

    Attributes:
        documents: Files, each as `roots.root_document` lays one out.
        trial: Whether test roots may be among them. Without it a test root is
            refused, whatever the file says of it.
    """

    documents: tuple[bytes, ...] = field(default=(), repr=False)
    trial: bool = False
