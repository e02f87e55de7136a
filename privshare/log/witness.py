"""Witnesses: how a log's growth is checked before it is cosigned.

Each agency's node that does not host the log witnesses it: it keeps the
largest checkpoint it has seen, accepts only what extends it, and cosigns
that. So the host cannot show two histories without losing its quorum.

    host      checkpoint + consistency proof ─► encode_request ─► witness
    witness   decode_request ─► open_checkpoint ─► add_checkpoint ─► persist
              ─► cosign ─► host

Pure: `add_checkpoint(state, ...) -> state`. Whoever calls it stores the new
state before the cosignature leaves, and lets nobody in between.

Implements C2SP tlog-witness (add-checkpoint). Cosignatures and trust policies
have modules of their own; their names stand here too.

>>> from privshare.log.checkpoint import EMPTY_ROOT, Checkpoint
>>> state = add_checkpoint(None, 0, (), Checkpoint("log.example/1", 0, EMPTY_ROOT))
>>> state.size
0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from privshare.bindings.merkle import EMPTY_ROOT, verify_consistency
from privshare.errors import (
    Conflict,
    ConsistencyInvalid,
    EncodingError,
    OutOfRange,
    SplitView,
)
from privshare.log.checkpoint import Checkpoint
from privshare.log.cosignature import WitnessKey, cosign, verify_cosignature
from privshare.log.policy import (
    Group,
    Log,
    TrustPolicy,
    Verified,
    Witness,
    format_policy,
    parse_policy,
)
from privshare.log.text import (
    MAX_SIZE,
    check_hashes,
    join,
    parse_decimal,
    parse_hashes,
    split,
)
from privshare.wire.note import MAX_NOTE_BYTES

__all__ = [
    "SIZE_TYPE",
    "AddCheckpoint",
    "Group",
    "Log",
    "TrustPolicy",
    "Verified",
    "Witness",
    "WitnessKey",
    "WitnessState",
    "add_checkpoint",
    "cosign",
    "decode_request",
    "decode_size",
    "encode_request",
    "encode_size",
    "format_policy",
    "parse_policy",
    "verify_cosignature",
]

#: Content type of the answer that tells a client the witness's own size.
SIZE_TYPE = "text/x.tlog.size"


class WitnessState(NamedTuple):
    """The largest checkpoint a witness cosigned of one log."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to witness a checkpoint.

    Args:
        old_size: The size that the client believes the witness to have.
        proof: Consistency proof from there; empty where old_size is 0.
        checkpoint: The signed checkpoint's bytes, verified by nobody yet.

    Raises:
        EncodingError: A field that no request can hold.
    """

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.old_size <= MAX_SIZE:
            raise EncodingError(f"expected a size below 2^63, found {self.old_size}")
        check_hashes(self.proof)
        if not 1 <= len(self.checkpoint) <= MAX_NOTE_BYTES:
            raise EncodingError(
                f"expected a checkpoint of 1 to {MAX_NOTE_BYTES} bytes, found "
                f"{len(self.checkpoint)}"
            )


def encode_request(request: AddCheckpoint) -> bytes:
    """The body of POST add-checkpoint."""
    return join([f"old {request.old_size}"], request.proof, request.checkpoint)


def decode_request(data: bytes) -> AddCheckpoint:
    """Read the body of POST add-checkpoint.

    Raises:
        EncodingError: A line of another form, or beyond the bounds of
            `AddCheckpoint`. The checkpoint within is not read.
    """
    (first, *hashes), checkpoint = split(data)
    if not first.startswith("old "):
        raise EncodingError("expected an old size line, found another")
    old_size = parse_decimal(first.removeprefix("old "), "old size")
    return AddCheckpoint(old_size, parse_hashes(hashes), checkpoint)


def encode_size(size: int) -> bytes:
    """The body that goes with a conflict: the size the witness has."""
    return f"{size}\n".encode("ascii")


def decode_size(data: bytes) -> int:
    """Read the body that goes with a conflict.

    Raises:
        EncodingError: Not a decimal on one line.
    """
    if len(data) > 32 or not data.isascii() or not data.endswith(b"\n"):
        raise EncodingError("expected a size on one line, found another body")
    return parse_decimal(data[:-1].decode("ascii"), "tree size")


def add_checkpoint(
    state: tuple[int, bytes] | None,
    old_size: int,
    proof: Sequence[bytes],
    checkpoint: Checkpoint,
) -> WitnessState:
    """Let a witness take the next checkpoint of a log, if it extends its last.

    Args:
        state: Size and root of the last one cosigned; None for none.
        old_size: The size that the proof starts from.
        proof: Consistency proof from `old_size` to the checkpoint.
        checkpoint: Already verified as signed by the log.

    Returns:
        The state to store before cosigning.

    Raises:
        OutOfRange: `old_size` above the checkpoint's size (400).
        Conflict: `old_size` is not the state's; `detail["size"]` is (409).
        ConsistencyInvalid: The proof does not show that the checkpoint
            extends the state, or a tree of size 0 has another root (422).
        SplitView: The checkpoint has the state's size and another root: the
            log signed two histories (422, and an alarm).

    Source:
        C2SP tlog-witness, add-checkpoint, in the order given there.
    """
    if old_size > checkpoint.size:
        raise OutOfRange(
            f"expected an old size of at most {checkpoint.size}, found {old_size}"
        )
    size, root = state if state is not None else (0, EMPTY_ROOT)
    if old_size != size:
        raise Conflict(
            f"expected a proof from size {size}, found one from {old_size}",
            fix="Send the proof again from the size given.",
            detail={"size": size},
        )
    if checkpoint.size == size and checkpoint.root != root:
        if size == 0:
            raise ConsistencyInvalid("expected the empty tree's root at size 0")
        raise SplitView(
            f"expected root {root.hex()} at size {size} of {checkpoint.origin}, "
            f"found {checkpoint.root.hex()}",
            detail={"origin": checkpoint.origin, "size": size},
        )
    if size > 0:
        verify_consistency(size, root, checkpoint.size, checkpoint.root, proof)
    elif proof:
        raise ConsistencyInvalid(
            f"expected no proof from size 0, found {len(proof)} hashes"
        )
    return WitnessState(checkpoint.size, checkpoint.root)
