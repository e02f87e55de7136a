"""What a side does with the other's rows, and what it finds in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from privshare.bindings import oprf as native
from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.ristretto255 import ELEMENT_BYTES, Elements
from privshare.errors import EncodingError, ProofInvalid
from privshare.jobs.join.closing import close
from privshare.jobs.join.message import Kind, Message, refuse, single
from privshare.jobs.join.owner import (
    PLACED_BYTES,
    POINT_BYTES,
    VALUED_BYTES,
    rerandomised,
    row_places,
)
from privshare.jobs.join.rows import as_rows
from privshare.jobs.join.state import Phase, Sent, State
from privshare.jobs.join.terms import PART_ROWS, Operation
from privshare.schemes import oprf
from privshare.schemes.hash_to_group import hash_to_scalar
from privshare.wire import domain
from privshare.wire.canonical import Json
from privshare.wire.digest import DIGEST_BYTES, digest_text, tagged


def first(state: State, message: Message) -> tuple[State, Sent]:
    """Take a part of the other side's set; answer when it is whole.

    Raises:
        VerificationError: It is not the next part, or not what was committed to.
    """
    stream = state.first.take(message)
    state = replace(state, first=stream)
    ids = state.operation is Operation.IDS
    state.waiting.add(message.body if ids else _evaluated(state, message.body))
    if not stream.is_complete:
        return state, iter(())
    if stream.root != state.peer_root:
        refuse("root", "the rows that were committed to", "others")
    if state.is_receiver:
        return state, iter(())
    answer = replace(state.second, rising=False)
    bodies = _proved(state) if ids else state.waiting.ordered(PART_ROWS)
    kept = []
    for body in bodies:
        answer = answer.add(body)
        kept.append(body if ids else b"")
    again = iter(kept) if ids else state.waiting.ordered(PART_ROWS)
    summed = state.operation is Operation.SUM
    phase = Phase.SUM if summed else Phase.CLOSE
    sent = answer.messages(state.session, again)
    return replace(state, phase=phase, second_sent=answer), sent


def _evaluated(state: State, body: bytes) -> bytes:
    """The other side's rows with their points multiplied by the own key."""
    rows = as_rows(body, state.first.width)
    points = rows[:, :POINT_BYTES].tobytes()
    try:
        tags = native.evaluate(points, state.own.key)
        if state.first.width == VALUED_BYTES:
            for low in (32, 64):
                group.decode(rows[:, low : low + ELEMENT_BYTES].tobytes())
    except EncodingError as error:
        refuse("element", "elements of the group", f"others ({error.message})")
    if state.first.width == POINT_BYTES:
        return tags
    return np.hstack([as_rows(tags, POINT_BYTES), rows[:, POINT_BYTES:]]).tobytes()


def _proved(state: State) -> Iterator[bytes]:
    """psi.ids: the helper's answer to each part, with its proof.

    The nonce depends on everything that the proof is about, so a run that is
    begun again never uses one for two proofs.
    """
    for blinded in state.waiting.ordered(PART_ROWS):
        nonce = _own_scalar(state, b"nonce", blinded)
        try:
            answer, proof = oprf.evaluate_verifiable(state.own.key, blinded, nonce)
        except EncodingError as error:
            refuse("element", "elements of the group", f"others ({error.message})")
        yield answer + proof


def _own_scalar(state: State, use: bytes, about: bytes) -> bytes:
    """A secret scalar for one use in one session."""
    message = state.own.seed + use + state.session + about
    return hash_to_scalar(message, domain.JOIN_KEY)


def second(state: State, message: Message) -> tuple[State, Sent]:
    """Take a part of what the helper made of the receiver's own set.

    Raises:
        VerificationError: It is not the next part, or a proof does not hold.
    """
    if not state.first.is_complete:
        refuse("order", "all first rows before the second", "a second")
    stream = state.second.take(message)
    state = replace(state, second=stream)
    if state.operation is Operation.IDS:
        state.answer.add(_issued(state, message))
    else:
        state.answer.add(message.body)
    if not stream.is_complete:
        return state, iter(())
    return _answered(state)


def _issued(state: State, message: Message) -> bytes:
    """psi.ids: the receiver's tags of one part, with their places."""
    own = state.own.store.part(message.index, PART_ROWS)
    rows = as_rows(own, PLACED_BYTES)
    blinded = rows[:, :POINT_BYTES].tobytes()
    split = len(message.body) - oprf.PROOF_BYTES
    evaluated, proof = message.body[:split], message.body[split:]
    try:
        oprf.verify(state.peer_public, blinded, evaluated, proof)
    except (EncodingError, ProofInvalid) as error:
        refuse("proof", "a proof that one key was used", f"none ({error.message})")
    marks = row_places(own)
    kept = [i for i, mark in enumerate(marks) if mark is not None]
    places = [mark for mark in marks if mark is not None]
    inputs = [state.own.identifiers[place] for place in places]
    points = as_rows(evaluated, POINT_BYTES)[kept].tobytes()
    outputs = oprf.finalise(inputs, state.own.blinds(places), points)
    return b"".join(
        output[:POINT_BYTES] + place.to_bytes(4, "big")
        for output, place in zip(outputs, places, strict=True)
    )


def _answered(state: State) -> tuple[State, Sent]:
    """The receiver has everything: count, and what the question asks."""
    match state.operation:
        case Operation.COUNT:
            count = sum(len(mine) for mine, _ in state.waiting.common(state.answer))
            return close(replace(state, result=_told(state, count)))
        case Operation.IDS:
            found = [
                place
                for mine, _ in state.answer.common(state.waiting)
                for place in row_places(mine.tobytes())
                if place is not None
            ]
            return _named(state, [state.own.identifiers[p] for p in sorted(found)])
        case Operation.SUM:
            return _added(state)


def _told(state: State, count: int) -> dict[str, Json]:
    if count < state.terms.minimum:
        return {"withheld": "minimum"}
    return {"count": count}


def _named(state: State, names: Sequence[bytes]) -> tuple[State, Sent]:
    """The names for the receiver; for both a digest that hides them."""
    if len(names) < state.terms.minimum:
        return close(replace(state, result={"withheld": "minimum"}))
    salt = native.expand([state.own.seed], domain.JOIN_IDENTIFIERS)[:DIGEST_BYTES]
    digest = tagged(domain.JOIN_IDENTIFIERS, salt, *names)
    told: dict[str, Json] = {"identifiers": digest_text(digest)}
    return close(replace(state, result=told, matched=tuple(names)))


def _added(state: State) -> tuple[State, Sent]:
    """psi.sum: add what matched, and have it opened if it is enough."""
    count, sums = 0, [_nothing(), _nothing()]
    for mine, _ in state.waiting.common(state.answer):
        count += len(mine)
        for i in range(2):
            low = POINT_BYTES + ELEMENT_BYTES * i
            column = mine[:, low : low + ELEMENT_BYTES].tobytes()
            sums[i] = group.add(sums[i], _total(column))
    told = _told(state, count)
    if "count" not in told:
        return close(replace(state, result=told))
    r = _own_scalar(state, b"again", sums[0].encode() + sums[1].encode())
    again = rerandomised(sums[0], sums[1], state.peer_public, r)
    body = count.to_bytes(8, "big") + again.to_bytes()
    state = replace(state, phase=Phase.CLOSE, sum_body=body, result=told)
    return state, iter([single(state.session, Kind.SUM, body)])


def _nothing() -> Elements:
    return group.sub(group.base(), group.base())


def _total(column: bytes) -> Elements:
    elements = group.decode(column)
    if len(elements) == 0:
        return _nothing()
    return group.msm_vartime(scalar.ONE * len(elements), elements)
