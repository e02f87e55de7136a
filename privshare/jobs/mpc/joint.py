"""One node's part of a job on shares, from pieces to pieces.

    pieces of the inputs ─► shares ─► the program ─► shares of the result
    ─► a commitment to each piece, the same at both holders ─► settled transcript

What every node says at the end is the same, and it was agreed on before any
piece of the result left a node.

Implements docs/protocols/mpc.md, sections 5 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from privshare.errors import EncodingError
from privshare.jobs.mpc import catalogue
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.link import Link
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.pieces import expand
from privshare.jobs.mpc.ring import Shared
from privshare.jobs.mpc_spec import Model
from privshare.jobs.mpc_statement import piece_commitment
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = ["Dealt", "Finished", "Task", "compute"]

_NODES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """One owner's columns as a node holds them.

    Attributes:
        dataset: Which input.
        rows: How many rows.
        own: The node's own piece: a seed, or bytes of ring elements. Secret.
        next: The next node's piece. Secret.
    """

    dataset: str
    rows: int
    own: bytes = field(repr=False)
    next: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to compute.

    Attributes:
        program: Its name in the catalogue.
        parameters: Of the program.
        k: Groups of fewer rows are not told.
        model: What the other nodes may do.
        inputs: In the order of the specification. Secret.
    """

    program: str
    parameters: Mapping[str, Any]
    k: int
    model: Model
    inputs: Sequence[Dealt] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What came of it at this node.

    Attributes:
        own: This node's own piece of the result, its salt in front. Secret.
        next: The next node's. Secret.
        pieces: Commitments to all three.
        transcript: What all nodes agreed that they had sent.
        elements: How many ring elements the result has.
        ring: Bits of each.
        bounds: What is not certain, as negated binary logarithms.
        noise: What was added, or None.
        charge: Privacy budget spent, in micro-epsilon.
    """

    own: bytes = field(repr=False)
    next: bytes = field(repr=False)
    pieces: tuple[bytes, ...]
    transcript: bytes
    elements: int
    ring: int
    bounds: Mapping[str, int]
    noise: Mapping[str, Any] | None = None
    charge: int = 0


def compute(link: Link, key_previous: bytes, key_next: bytes, task: Task) -> Finished:
    """Compute one job together with the two others.

    Args:
        link: To both others.
        key_previous: 32 bytes that the previous node has, too, made for this job.
        key_next: 32 bytes that the next node has, too.
        task: The same at all three, but for the pieces.

    Raises:
        VerificationError: A node cheated, or the nodes disagree; `mpc.*`.
        Unavailable: A node fell silent; `detail["party"]` is its number.
        EncodingError, OutOfRange: Inputs that the program does not take.
    """
    program = catalogue.find(task.program)
    rows = {one.dataset: one.rows for one in task.inputs}
    plan = program.plan(task.parameters, rows, task.k)
    inputs = {
        one.dataset: _shares(link.index, one, plan.elements[one.dataset], plan.ring)
        for one in task.inputs
    }
    engine, previous = _keys(key_previous), _keys(key_next)
    party = Party(link, engine[0], previous[0], task.model)
    result = program.run(party, plan, inputs)
    party.check()
    if result.shape != (plan.outputs,) or result.ring != plan.ring:
        raise EncodingError(
            f"result: expected {plan.outputs} elements of {plan.ring} bits, found "
            f"{result.shape} of {result.ring}"
        )
    own, following = engine[1] + _bytes(result.own), previous[1] + _bytes(result.next)
    pieces = _commit(link, own, following)
    return Finished(
        own=own,
        next=following,
        pieces=pieces,
        transcript=link.settle(),
        elements=plan.outputs,
        ring=plan.ring,
        bounds=party.bounds,
    )


def _shares(index: int, dealt: Dealt, n_elements: int, ring: int) -> Shared:
    return Shared(
        expand(index, dealt.own, n_elements, ring),
        expand((index + 1) % _NODES, dealt.next, n_elements, ring),
        ring,
    )


def _keys(key: bytes) -> tuple[bytes, bytes]:
    """From what two nodes share: a key for randomness, a salt for their piece."""
    return (
        tagged(domain.PAIR, b"randomness", key),
        tagged(domain.PAIR, b"salt", key),
    )


def _bytes(limbs: Any) -> bytes:
    return np.ascontiguousarray(limbs, dtype="<u8").tobytes()


def _commit(link: Link, own: bytes, following: bytes) -> tuple[bytes, ...]:
    """Commit to all three pieces of the result; both holders of each agree."""
    index, after = link.index, (link.index + 1) % _NODES
    salted = ((index, own), (after, following))
    mine = {number: piece_commitment(p[:32], number, p[32:]) for number, p in salted}
    # The third piece is held by both others: the previous one's own, the next
    # one's next.
    came = link.round("pieces", mine[after], mine[index], 32, 32)
    previous, following_said = (bytes(one) for one in came)
    if previous != following_said:
        raise abort(
            "mpc.piece",
            "expected both holders of a piece of the result to commit to the same, "
            "found otherwise",
        )
    found = {**mine, (index + 2) % _NODES: previous}
    return tuple(found[number] for number in range(_NODES))
