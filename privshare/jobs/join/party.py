"""One side of a private join, as a machine: message in, messages out.

    receiver                                   helper
      COMMIT root  ────────────────────────►
                   ◄──────────────────────────  COMMIT root, key
      FIRST  k·H(x), rising  ──────────────►
                   ◄──────────────────────────  FIRST  k'·H(y), rising
                   ◄──────────────────────────  SECOND k'·k·H(x), rising
      count: |{k·k'·H(y)} ∩ {k'·k·H(x)}|
      SUM    Σ ciphertexts, re-randomised ──►   (psi.sum)
      CLOSE  result, digest  ◄─────────────►    CLOSE

A state is frozen; `step` gives the next one and what is to be sent. Rows that
arrived and wait stand in `RowStore`s, to which a step appends: that is its one
effect, and a state is not stepped twice. Nothing is believed before its turn:
the root before the first row, the row before the next, and no result before
both have the same digest of all that was said.

What a semi-honest other side learns stands in docs/protocols/psi.md. One that
lies about its own rows, or that evaluates other elements than it got, changes
the answer and is not found out in psi.count and psi.sum; in psi.ids the proof
says that it used one key.

Source: Meadows, S&P 1986; Huberman, Franklin and Hogg, EC 1999; De Cristofaro,
Gasti and Tsudik, CANS 2012, for cardinality; Ion et al., EuroS&P 2020, for sums;
RFC 9497 for identifiers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from privshare.bindings.ristretto255 import ELEMENT_BYTES
from privshare.errors import EncodingError, StepNotAllowed
from privshare.jobs.join.answer import first, second
from privshare.jobs.join.closing import closed, conclude, opened
from privshare.jobs.join.message import Kind, Message, Stream, read_single, refuse
from privshare.jobs.join.message import single as _single
from privshare.jobs.join.owner import PLACED_BYTES, POINT_BYTES, Prepared, first_width
from privshare.jobs.join.rows import RowStore
from privshare.jobs.join.state import Phase, Sent, State
from privshare.jobs.join.terms import Conclusion, Operation, Role
from privshare.schemes import elgamal, oprf
from privshare.wire import domain
from privshare.wire.digest import DIGEST_BYTES, tagged

__all__ = ["Phase", "Sent", "State", "conclusion", "start", "step"]


def start(own: Prepared, folder: Path | None = None) -> tuple[State, Sent]:
    """The first state, and the commitment that is sent before anything.

    Args:
        own: What `prepare` made.
        folder: Where rows of the other side wait; in memory when it is None.
    """
    terms, role = own.terms, own.role
    ids = terms.operation is Operation.IDS
    other = terms.rows(role.other)
    width = first_width(terms.operation, role.other)
    mine = terms.receiver_rows
    placed = ids and role is Role.RECEIVER
    state = State(
        own=own,
        phase=Phase.COMMIT,
        session=terms.digest,
        first=Stream(Kind.FIRST, other, width),
        second=Stream(
            Kind.SECOND, mine, POINT_BYTES, oprf.PROOF_BYTES if ids else 0, not ids
        ),
        waiting=RowStore(width, max(other, mine), _under(folder, "waiting")),
        answer=RowStore(
            PLACED_BYTES if placed else POINT_BYTES,
            max(other, mine),
            _under(folder, "answer"),
        ),
    )
    body = own.root + (own.public or bytes(ELEMENT_BYTES))
    return state, iter([_single(terms.digest, Kind.COMMIT, body)])


def step(state: State, data: bytes) -> tuple[State, Sent]:
    """Take one message of the other side.

    Args:
        state: The present one; not to be used again.
        data: The message's bytes.

    Returns:
        The next state, and the messages to send, which are made as they are
        taken: all of them before the next step.

    Raises:
        EncodingError: Not a message.
        VerificationError: A message that does not belong here or is not true;
            `detail["rule"]` says which (jobs.join.message).
        StepNotAllowed: The join is over.
    """
    message = Message.from_bytes(data)
    if state.phase is Phase.DONE:
        raise StepNotAllowed(
            "join: expected no message after the end, found one",
            detail={"rule": "join.order"},
        )
    if message.session != state.session:
        refuse("session", "a message of this run", "one of another")
    match state.phase, message.kind:
        case Phase.COMMIT, Kind.COMMIT:
            return _committed(state, message)
        case Phase.ROWS, Kind.FIRST:
            return first(state, message)
        case Phase.ROWS, Kind.SECOND if state.is_receiver:
            return second(state, message)
        case Phase.SUM, Kind.SUM:
            return opened(state, message)
        case Phase.SUM | Phase.CLOSE, Kind.CLOSE:
            return closed(state, message)
    wanted = state.phase.name.lower()
    refuse("order", f"a message for the phase {wanted}", message.kind.name.lower())


def conclusion(state: State) -> Conclusion:
    """What both sides sign; only when both have said that it is the same.

    Raises:
        StepNotAllowed: The join is not over.
    """
    if state.phase is not Phase.DONE:
        raise StepNotAllowed(
            f"join: expected the end, found the phase {state.phase.name.lower()}",
            detail={"rule": "join.order"},
        )
    return conclude(state)


def _committed(state: State, message: Message) -> tuple[State, Sent]:
    body = read_single(message, DIGEST_BYTES + ELEMENT_BYTES)
    root, public = body[:DIGEST_BYTES], body[DIGEST_BYTES:]
    keyed = state.is_receiver and state.operation is not Operation.COUNT
    if keyed:
        try:
            elgamal.check_public(public)
        except EncodingError:
            refuse("element", "a public key", "other bytes")
    elif any(public):
        refuse("element", "no public key", "one")
    roots = (state.own.root, root) if state.is_receiver else (root, state.own.root)
    key = public if keyed else state.own.public
    session = tagged(domain.JOIN_SESSION, state.terms.digest, *roots, key)
    state = replace(
        state, phase=Phase.ROWS, session=session, peer_root=root, peer_public=public
    )
    own = Stream(Kind.FIRST, state.terms.rows(state.own.role), state.own.width)
    return state, own.messages(session, state.own.bodies())


def _under(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name
