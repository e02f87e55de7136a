"""One node's part of a job on shares, from pieces to pieces.

    pieces of the inputs ─► shares ─► the program ─► shares of the result
    ─► a commitment to each piece, the same at both holders

What every node says at the end is the same; the worker settles the transcript,
which is agreement on all of it, before any piece of the result leaves a node.

`work` is what the node's process runs: a request in, an answer out, both bytes.
All programs are imported with this module, since the process that runs it opens
no file afterwards.

Implements docs/protocols/mpc.md, sections 5 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from privshare.errors import EncodingError
from privshare.jobs.mpc import catalogue, noise
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.checked_party import CheckedParty
from privshare.jobs.mpc.dealt import Dealt
from privshare.jobs.mpc.link import Link
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.pieces import expand
from privshare.jobs.mpc.ring import Shared
from privshare.jobs.mpc.session_key import SessionKeys
from privshare.jobs.mpc_spec import MODELS, Model
from privshare.jobs.mpc_statement import SALT_BYTES, piece_commitment
from privshare.jobs.spec import MAX_INPUTS, MAX_K
from privshare.ledger.parties import NODES
from privshare.rights.mechanism import Mechanism
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u
from privshare.wire.digest import tagged

__all__ = [
    "Finished",
    "Task",
    "compute",
    "read_answer",
    "request_of",
    "work",
]

_LENGTH_BYTES = 4
_MAX_HEAD = 1 << 20

catalogue.load()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to compute.

    Attributes:
        program: Its name in the catalogue.
        parameters: Of the program.
        k: Groups of fewer rows are not told.
        model: What the other nodes may do.
        inputs: In the order of the specification. Secret.
        noise: What is added to the result, or None.
    """

    program: str
    parameters: Mapping[str, Any]
    k: int
    model: Model
    inputs: Sequence[Dealt] = field(repr=False)
    noise: Mechanism | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What came of it at this node.

    Attributes:
        own: This node's own piece of the result, its salt in front. Secret.
        next: The next node's. Secret.
        pieces: Commitments to all three.
        elements: How many ring elements the result has.
        ring: Bits of each.
        bounds: What is not certain, as negated binary logarithms.
        noise: What was added, or None.
        charge: Privacy budget spent, in micro-epsilon.
    """

    own: bytes = field(repr=False)
    next: bytes = field(repr=False)
    pieces: tuple[bytes, ...]
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
        NotPermitted: Noise is missing or for something else: `privacy.noise`.
    """
    program = catalogue.find(task.program)
    rows = {one.dataset: one.rows for one in task.inputs}
    plan = program.plan(task.parameters, rows, task.k)
    noise.check(plan, task.noise)
    catalogue.check_model(plan, task.model)
    # Before the inputs are looked at: sampling is not constant-time.
    numbers = [] if task.noise is None else noise.prepare(task.noise)
    inputs = {
        one.dataset: _shares(link.index, one, plan.elements[one.dataset], plan.ring)
        for one in task.inputs
    }
    engine, previous = _keys(key_previous), _keys(key_next)
    kind = Party if task.model == "semi-honest" else CheckedParty
    party = kind(link, engine[0], previous[0])
    checked = {dataset: party.input(one) for dataset, one in inputs.items()}
    result = party.output(program.run(party, plan, checked))
    if result.shape != (plan.outputs,) or result.ring != plan.ring:
        raise EncodingError(
            f"result: expected {plan.outputs} elements of {plan.ring} bits, found "
            f"{result.shape} of {result.ring}"
        )
    if task.noise is not None:
        result = noise.add(link, result, numbers)
    own, following = engine[1] + _bytes(result.own), previous[1] + _bytes(result.next)
    pieces = _commit(link, own, following)
    return Finished(
        own=own,
        next=following,
        pieces=pieces,
        elements=plan.outputs,
        ring=plan.ring,
        bounds={**party.bounds, **noise.bounds(task.noise)},
        noise=None if task.noise is None else noise.report(task.noise),
        charge=0 if task.noise is None else task.noise.charge_epsilon,
    )


def _shares(index: int, dealt: Dealt, n_elements: int, ring: int) -> Shared:
    return Shared(
        expand(index, dealt.own, n_elements, ring),
        expand((index + 1) % NODES, dealt.next, n_elements, ring),
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
    index, after = link.index, (link.index + 1) % NODES
    salted = ((index, own), (after, following))
    mine = {
        number: piece_commitment(p[:SALT_BYTES], number, p[SALT_BYTES:])
        for number, p in salted
    }
    # The third piece is held by both others: the previous one's own, the next
    # one's next.
    came = link.round("pieces", mine[after], mine[index], 32, 32)
    previous, following_said = (bytes(one) for one in came)
    if previous != following_said:
        abort(
            "mpc.piece",
            "expected both holders of a piece of the result to commit to the same, "
            "found otherwise",
        )
    found = {**mine, (index + 2) % NODES: previous}
    return tuple(found[number] for number in range(NODES))


# -- as the node's process has it ---------------------------------------------


def request_of(task: Task) -> bytes:
    """Lay a task out for the process that computes it."""
    head: dict[str, Json] = {
        "inputs": [
            {
                "dataset": one.dataset,
                "next": len(one.next),
                "own": len(one.own),
                "rows": one.rows,
            }
            for one in task.inputs
        ],
        "k": task.k,
        "model": task.model,
        "noise": None if task.noise is None else task.noise.to_json(),
        "parameters": cast(Json, dict(task.parameters)),
        "program": task.program,
    }
    pieces = b"".join(one.own + one.next for one in task.inputs)
    return _framed(head) + pieces


def work(link: Link, keys: SessionKeys, request: memoryview) -> bytes:
    """Compute what a request asks for; `worker.Work`.

    Args:
        link: To both others.
        keys: Shared with each of them.
        request: Of `request_of`, from this node.

    Returns:
        For `read_answer`.

    Raises:
        PrivShareError: As `compute`.
    """
    head, rest = _unframed(request)
    fields = Fields(head, "request")
    inputs, at = [], 0
    for item in fields.objs("inputs", MAX_INPUTS):
        own, following = item.int("own", 1), item.int("next", 1)
        middle, end = at + own, at + own + following
        inputs.append(
            Dealt(
                dataset=item.str("dataset", max=128),
                rows=item.int("rows", 0),
                own=bytes(rest[at:middle]),
                next=bytes(rest[middle:end]),
            )
        )
        item.end()
        at = end
    parameters, asked = fields.json("parameters"), fields.json("noise")
    model = fields.str("model", max=32)
    if at != len(rest) or not isinstance(parameters, dict) or model not in MODELS:
        raise EncodingError("request: expected a task, found another form")
    task = Task(
        program=fields.str("program", max=63),
        parameters=parameters,
        k=fields.int("k", 1, MAX_K),
        model=cast(Model, model),
        inputs=inputs,
        noise=None if asked is None else Mechanism.from_json(asked),
    )
    fields.end()
    done = compute(link, keys.previous, keys.next, task)
    answer: dict[str, Json] = {
        "bounds": dict(done.bounds),
        "charge": done.charge,
        "elements": done.elements,
        "noise": None if done.noise is None else cast(Json, dict(done.noise)),
        "own": len(done.own),
        "pieces": [b64u(one) for one in done.pieces],
        "ring": done.ring,
    }
    return _framed(answer) + done.own + done.next


def read_answer(data: bytes | memoryview) -> Finished:
    """Read what `work` gave out.

    Raises:
        EncodingError: Another form.
    """
    head, rest = _unframed(memoryview(data))
    fields = Fields(head, "answer")
    bounds = fields.obj("bounds")
    said = fields.json("noise")
    own = fields.int("own", 0, len(rest))
    texts = fields.str_list("pieces", NODES)
    made = Finished(
        own=bytes(rest[:own]),
        next=bytes(rest[own:]),
        pieces=tuple(unb64u(text, 32) for text in texts),
        elements=fields.int("elements", 1),
        ring=fields.int("ring", 64, 128),
        bounds={name: bounds.int(name, 0) for name in bounds.names()},
        noise=said if isinstance(said, dict) else None,
        charge=fields.int("charge", 0),
    )
    fields.end()
    return made


def _framed(head: Json) -> bytes:
    data = encode(head)
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def _unframed(data: memoryview) -> tuple[Json, memoryview]:
    end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
    if not _LENGTH_BYTES < end <= min(len(data), _MAX_HEAD):
        raise EncodingError("expected a head and its length, found another form")
    return decode(bytes(data[_LENGTH_BYTES:end]), max_bytes=_MAX_HEAD), data[end:]
