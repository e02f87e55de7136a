"""From the pieces of a result to what it says.

    node         own piece, next piece ─► join_pieces ─► sealed for the coordinator
    coordinator  three answers ─► read_pieces: committed to, same at both holders
    auditor      the three pieces ─► check_pieces, values_of
    both         ring elements ─► the program's decode ─► result document

Pure, and without arrays: an auditor needs nothing else.

Implements docs/protocols/mpc.md, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.mpc_statement import (
    SALT_BYTES,
    Outcome,
    piece_commitment,
    result_document,
)
from privshare.ledger.parties import NODES
from privshare.wire.canonical import Json

__all__ = ["check_pieces", "join_pieces", "read_pieces", "result_of", "values_of"]

_LENGTH_BYTES = 4


def join_pieces(own: bytes, following: bytes) -> bytes:
    """Lay two pieces out, each a salt and bytes of ring elements."""
    return len(own).to_bytes(_LENGTH_BYTES, "big") + own + following


def read_pieces(
    outcome: Outcome, nodes: Sequence[str], held: Sequence[bytes]
) -> tuple[bytes, ...]:
    """Read what three nodes sent, each its own piece and the next one.

    Args:
        outcome: What they said together.
        nodes: Their agencies, in order.
        held: What each sent, as `join_pieces` laid it out.

    Returns:
        The three pieces, with their salts.

    Raises:
        EvidenceInvalid: A node sent a piece that was not committed to;
            `detail["party"]` names it.
    """
    found: list[bytes] = [b""] * NODES
    for index, (node, data) in enumerate(zip(nodes, held, strict=True)):
        end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
        after = (index + 1) % NODES
        for number, piece in ((index, data[_LENGTH_BYTES:end]), (after, data[end:])):
            if not _committed(outcome, number, piece):
                raise EvidenceInvalid(
                    f"expected piece {number} of the result as it was committed to, "
                    f"found another from {node}",
                    detail={"party": node, "rule": "mpc.piece"},
                )
            found[number] = piece
    return tuple(found)


def check_pieces(outcome: Outcome, pieces: Sequence[bytes]) -> None:
    """Check that three pieces are the ones committed to.

    Raises:
        EvidenceInvalid: They are not.
    """
    if len(pieces) != NODES:
        raise EvidenceInvalid(f"expected {NODES} pieces, found {len(pieces)}")
    for number, piece in enumerate(pieces):
        if not _committed(outcome, number, piece):
            raise EvidenceInvalid(
                f"expected piece {number} of the result as it was committed to, found "
                "another",
                detail={"rule": "mpc.piece"},
            )


def values_of(outcome: Outcome, pieces: Sequence[bytes]) -> list[int]:
    """The ring elements that three pieces sum to, each 0 to 2^ring - 1.

    Raises:
        EncodingError: Pieces of another length.
    """
    size = outcome.ring // 8
    rows = []
    for piece in pieces:
        data = piece[SALT_BYTES:]
        if len(data) != size * outcome.elements:
            raise EncodingError(
                f"expected a piece of {size * outcome.elements} bytes, found "
                f"{len(data)}"
            )
        rows.append(
            [
                int.from_bytes(data[at : at + size], "little")
                for at in range(0, len(data), size)
            ]
        )
    modulus = 1 << outcome.ring
    return [sum(parts) % modulus for parts in zip(*rows, strict=True)]


def result_of(
    job: str,
    spec: MpcSpec,
    outcome: Outcome,
    pieces: Sequence[bytes],
    rows: Mapping[str, int],
) -> dict[str, Json]:
    """The result document that the pieces of a result make.

    Args:
        job: The job's id on the ledger.
        spec: Its specification.
        outcome: What the nodes said together.
        pieces: The three pieces, checked.
        rows: How many rows each dataset was dealt with.

    Raises:
        EncodingError, OutOfRange: Elements that the program does not put out.
    """
    from privshare.jobs.mpc import catalogue  # noqa: PLC0415 - joint jobs alone

    program = catalogue.find(spec.name)
    plan = program.plan(spec.parameters, rows, spec.k)
    catalogue.check_inputs(plan, spec.inputs)
    if (plan.ring, plan.outputs) != (outcome.ring, outcome.elements):
        raise EncodingError(
            f"expected {plan.outputs} elements of {plan.ring} bits, found "
            f"{outcome.elements} of {outcome.ring}"
        )
    return result_document(job, program.decode(plan, values_of(outcome, pieces)))


def _committed(outcome: Outcome, number: int, piece: bytes) -> bool:
    salt, data = piece[:SALT_BYTES], piece[SALT_BYTES:]
    if len(salt) != SALT_BYTES:
        return False
    return piece_commitment(salt, number, data) == outcome.pieces[number]
