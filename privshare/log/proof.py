"""Proof files: an entry's place in the log, verifiable offline.

The part of every receipt that answers "was this really logged": index, audit
path, and the cosigned checkpoint in one small text file.

    node      prove_inclusion + checkpoint ─► TlogProof ─► encode ─► receipt
    auditor   decode ─► verify(proof, leaf_hash, policy) ─► Verified

Implements C2SP tlog-proof (`c2sp.org/tlog-proof@v1`). What `decode` accepts,
`encode` writes back byte for byte.

>>> proof = TlogProof(0, (), b"checkpoint\\n")
>>> print(encode(proof).decode(), end="")
c2sp.org/tlog-proof@v1
index 0
<BLANKLINE>
checkpoint
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.bindings.merkle import verify_inclusion
from privshare.errors import EncodingError
from privshare.log.policy import TrustPolicy, Verified
from privshare.log.text import (
    MAX_SIZE,
    check_hashes,
    join,
    parse_decimal,
    parse_hashes,
    split,
)
from privshare.wire.base64 import b64, unb64
from privshare.wire.note import MAX_NOTE_BYTES

HEADER = "c2sp.org/tlog-proof@v1"
MAX_EXTRA_BYTES = 65536


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An entry's index and audit path, and the checkpoint they lead to.

    Args:
        index: Where the entry stands, 0 to 2^63 - 1.
        hashes: The audit path, the leaf's sibling first; at most 63.
        checkpoint: The note's bytes, verified by nobody yet.
        extra: Bytes that travel along unauthenticated; PrivShare writes none.

    Raises:
        EncodingError: A field that no proof file can hold.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise EncodingError(f"expected an index below 2^63, found {self.index}")
        check_hashes(self.hashes)
        if not 1 <= len(self.checkpoint) <= MAX_NOTE_BYTES:
            raise EncodingError(
                f"expected a checkpoint of 1 to {MAX_NOTE_BYTES} bytes, found "
                f"{len(self.checkpoint)}"
            )
        if self.extra is not None and not 1 <= len(self.extra) <= MAX_EXTRA_BYTES:
            raise EncodingError(
                f"expected 1 to {MAX_EXTRA_BYTES} bytes of extra data, found "
                f"{len(self.extra)}"
            )


def encode(proof: TlogProof) -> bytes:
    """The bytes of a proof file."""
    head = [HEADER]
    if proof.extra is not None:
        head.append(f"extra {b64(proof.extra)}")
    head.append(f"index {proof.index}")
    return join(head, proof.hashes, proof.checkpoint)


def decode(data: bytes) -> TlogProof:
    """Read a proof file.

    Raises:
        EncodingError: A line of another form, or beyond the bounds of
            `TlogProof`. The checkpoint within is not read.
    """
    lines, checkpoint = split(data)
    if lines[0] != HEADER:
        raise EncodingError(f"expected {HEADER}, found another first line")
    rest = lines[1:]
    extra = None
    if rest and rest[0].startswith("extra "):
        extra = unb64(rest.pop(0).removeprefix("extra "))
    if not rest or not rest[0].startswith("index "):
        raise EncodingError("expected an index line, found another")
    index = parse_decimal(rest.pop(0).removeprefix("index "), "index")
    return TlogProof(index, parse_hashes(rest), checkpoint, extra)


def verify(
    proof: TlogProof, leaf_hash: bytes, policy: TrustPolicy, *, strict: bool = False
) -> Verified:
    """Check that an entry is in a log that a policy believes.

    Args:
        proof: From `decode`.
        leaf_hash: `merkle.leaf_hash` of the entry's bytes.
        policy: Which logs and witnesses to believe.
        strict: As in `TrustPolicy.check`, and no extra data either.

    Raises:
        EncodingError: The checkpoint is none, or strict and extra data.
        VerificationError: The policy does not accept the checkpoint.
        InclusionInvalid: The entry is not in the tree.
    """
    if strict and proof.extra is not None:
        raise EncodingError("expected no extra data in the proof, found some")
    verified = policy.check(proof.checkpoint, strict=strict)
    tree = verified.checkpoint
    verify_inclusion(leaf_hash, proof.index, tree.size, proof.hashes, tree.root)
    return verified
