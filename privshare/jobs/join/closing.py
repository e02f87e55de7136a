"""The end of a join: the sum is opened, both say what they saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.join.message import Kind, Message, read_single, refuse, single
from privshare.jobs.join.state import Phase, Sent, State
from privshare.jobs.join.terms import Conclusion, Operation
from privshare.schemes import elgamal
from privshare.wire import domain
from privshare.wire.canonical import Json, decode, encode
from privshare.wire.digest import DIGEST_BYTES, tagged


def opened(state: State, message: Message) -> tuple[State, Sent]:
    """psi.sum: the helper opens the sum.

    Raises:
        VerificationError: Too few matches, or no sum within the bound.
    """
    body = read_single(message, 8 + elgamal.CIPHERTEXT_BYTES)
    count = int.from_bytes(body[:8], "big")
    most = min(state.terms.receiver_rows, state.terms.helper_rows)
    if not state.terms.minimum <= count <= most:
        refuse("result", f"{state.terms.minimum} to {most} matches", f"{count}")
    try:
        ciphertext = elgamal.Ciphertext.from_bytes(body[8:])
        total = elgamal.decrypt(
            state.own.elgamal(), ciphertext, bound=state.terms.bound
        )
    except (EncodingError, OutOfRange) as error:
        refuse("result", "a sum within the bound", f"none ({error.message})")
    result: dict[str, Json] = {"count": count, "sum": total}
    return close(replace(state, sum_body=body, result=result))


def close(state: State) -> tuple[State, Sent]:
    """Say the result, with the digest of all that was said."""
    assert state.result is not None
    digest = conclude(state).digest
    body = digest + encode(state.result)
    state = replace(state, phase=Phase.CLOSE)
    return state, iter([single(state.session, Kind.CLOSE, body)])


def closed(state: State, message: Message) -> tuple[State, Sent]:
    """Take what the other side says that came out, and end.

    Raises:
        VerificationError: It is not what this side saw, rule join.result.
    """
    body = read_single(message)
    known = state.result
    told = _read_result(state, body[DIGEST_BYTES:])
    state = replace(state, result=told)
    if body[:DIGEST_BYTES] != conclude(state).digest:
        refuse("result", "the digest of what this side saw", "another")
    sent: Sent = iter(())
    if known is None or _is_open(state, known):
        state, sent = close(state)
    for store in (state.waiting, state.answer, state.own.store):
        store.close()
    return replace(state, phase=Phase.DONE), sent


def _is_open(state: State, result: Mapping[str, Json]) -> bool:
    """The receiver of a sum has counted, and waits for the sum."""
    summed = state.operation is Operation.SUM and state.is_receiver
    return summed and "count" in result and "sum" not in result


def _read_result(state: State, data: bytes) -> Mapping[str, Json]:
    """What the other side says that came out, if it can be so."""
    try:
        found = decode(data, max_bytes=1024)
    except (EncodingError, OutOfRange):
        found = None
    if not isinstance(found, dict):
        refuse("result", "a result", "other bytes")
    known = state.result
    if known is not None and not _is_open(state, known):
        if found != known:
            refuse("result", "the result that both have", "another")
        return found
    if found == {"withheld": "minimum"} and state.terms.minimum and known is None:
        return found
    wanted = _members(state)
    told = {name: type(value) for name, value in found.items()}
    if not wanted or told != wanted:
        refuse("result", f"the members {', '.join(wanted) or 'none'}", "others")
    most = min(state.terms.receiver_rows, state.terms.helper_rows)
    count, total = found.get("count", most), found.get("sum", 0)
    assert isinstance(count, int) and isinstance(total, int)
    if not state.terms.minimum <= count <= most:
        refuse("result", f"{state.terms.minimum} to {most} matches", f"{count}")
    if known is not None and (
        count != known["count"] or abs(total) > state.terms.bound
    ):
        refuse("result", "the count that was sent and a sum in the bound", "others")
    return found


def _members(state: State) -> dict[str, type]:
    """What may be told to a side that does not know the result."""
    match state.operation:
        case Operation.COUNT:
            return {"count": int}
        case Operation.IDS:
            return {"identifiers": str}
        case Operation.SUM:
            return {"count": int, "sum": int} if state.is_receiver else {}


def conclude(state: State) -> Conclusion:
    """What both sides sign, as this side saw it."""
    assert state.result is not None
    receiver: dict[str, bytes] = {}
    helper: dict[str, bytes] = {}
    own, peer = (receiver, helper) if state.is_receiver else (helper, receiver)
    own["first"], peer["first"] = state.own.root, state.peer_root
    second = state.second if state.is_receiver else state.second_sent
    helper["second"] = (second or state.second).root
    if state.sum_body:
        receiver["sum"] = tagged(domain.TRANSCRIPT, state.sum_body)
    streams = {"receiver": receiver, "helper": helper}
    return Conclusion(state.terms, streams, state.result)
