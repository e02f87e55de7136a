"""How three processes that hold attested keys find each other.

Each connects to its next neighbour and is connected to by its previous one.
Sockets are given from outside (`Control`); here they become TLS, whose peer must
hold the key that its evidence binds. Whoever else connects is dropped without a
word, and keeps nobody from being met: handshakes run side by side.

    sockets ─► handshakes ─► check_peer ─► hello ─► StreamLink, SessionKeys

Implements section 1 of docs/protocols/mpc-channel.md.
"""

from __future__ import annotations

import hmac
import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from privshare.errors import EncodingError, PrivShareError
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.frame import PARTIES
from privshare.jobs.mpc.session_key import KEY_BYTES, SessionKeys, derive
from privshare.jobs.mpc.stream_link import StreamLink, Times
from privshare.jobs.mpc.timeout import Notary
from privshare.jobs.mpc.tls import (
    PIN_BYTES,
    Identity,
    check_peer,
    client_context,
    server_context,
    server_name,
)
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = ["Door", "Role", "Seat", "Tls", "meet"]

Role = Literal["next", "previous"]

#: How long one handshake may take before another is tried.
HANDSHAKE_S: Final = 10.0
#: Handshakes at a time; the oldest goes when there are more.
MAX_CANDIDATES: Final = 8


@dataclass(frozen=True, slots=True)
class Seat:
    """A node's place in a job.

    Attributes:
        job: The 32 bytes that name the job.
        index: Which of the three nodes this is.
        pins: The nodes' keys, as their evidence binds them, in order.

    Raises:
        EncodingError: Another form, or one key for two nodes.
    """

    job: bytes
    index: int
    pins: tuple[bytes, ...]

    def __post_init__(self) -> None:
        sizes = {len(pin) for pin in self.pins}
        if len(self.job) != 32 or len(self.pins) != PARTIES or sizes != {PIN_BYTES}:
            raise EncodingError("seat: expected a job and three pins of 32 bytes")
        if len(set(self.pins)) != PARTIES:
            raise EncodingError("seat: expected three keys, found one twice")
        if self.index not in range(PARTIES):
            raise EncodingError(f"seat: expected a node 0 to 2, found {self.index}")

    def party(self, role: Role) -> int:
        """The index of a neighbour."""
        return (self.index + (1 if role == "next" else 2)) % PARTIES

    def digest(self) -> bytes:
        """What all three must have in common."""
        return tagged(domain.MPC_KEY, self.job, *self.pins)


class Door(Protocol):
    """Where sockets come from."""

    def fileno(self) -> int:
        """Readable when one came."""

    def take(self) -> tuple[Role, socket.socket] | None:
        """A socket, not blocking, and which neighbour it should lead to."""

    def again(self) -> None:
        """The connection to the next neighbour failed: make another."""


class Tls:
    """The two sides of TLS for one identity, made before walls go up."""

    def __init__(self, identity: Identity) -> None:
        self.job = identity.job
        self.pin = identity.pin
        self._server = server_context(identity)
        self._client = client_context(identity)
        self._name = server_name(identity.job)
        self._name.encode("idna")  # `ssl` does, and loads a module to do it

    def wrap(self, role: Role, raw: socket.socket) -> ssl.SSLSocket:
        """A socket as TLS, its handshake not begun."""
        raw.setblocking(False)
        if raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if role == "previous":
            return self._server.wrap_socket(
                raw, server_side=True, do_handshake_on_connect=False
            )
        return self._client.wrap_socket(
            raw,
            do_handshake_on_connect=False,
            server_hostname=self._name,
        )


@dataclass(slots=True)
class _Candidate:
    """A connection whose handshake goes on."""

    role: Role
    stream: ssl.SSLSocket
    until: float
    mask: int = select.POLLIN


class _Meeting:
    def __init__(self, seat: Seat, tls: Tls, door: Door, deadline: float) -> None:
        self._seat = seat
        self._tls = tls
        self._door = door
        self._deadline = deadline
        self._candidates: list[_Candidate] = []
        self._refused: dict[int, PrivShareError] = {}
        self.found: dict[int, ssl.SSLSocket] = {}

    def run(self) -> None:
        """Until both neighbours are found."""
        while len(self.found) < PARTIES - 1:
            now = time.monotonic()
            if now > self._deadline:
                self._late()
            for candidate in [one for one in self._candidates if one.until < now]:
                self._fail(candidate)
            self._wait(now)
            self._admit()
            for candidate in list(self._candidates):
                self._advance(candidate)

    def end(self) -> None:
        """Let go of all that were not met."""
        for candidate in self._candidates:
            candidate.stream.close()

    def _wait(self, now: float) -> None:
        poll = select.poll()
        poll.register(self._door.fileno(), select.POLLIN)
        until = self._deadline
        for candidate in self._candidates:
            poll.register(candidate.stream.fileno(), candidate.mask)
            until = min(until, candidate.until)
        poll.poll(max(0.0, until - now) * 1000 + 1)

    def _admit(self) -> None:
        while (came := self._door.take()) is not None:
            role, raw = came
            try:
                stream = self._tls.wrap(role, raw)
            except OSError:  # it left again
                raw.close()
                self._retry(role)
                continue
            until = time.monotonic() + HANDSHAKE_S
            self._candidates.append(_Candidate(role, stream, until))
            if len(self._candidates) > MAX_CANDIDATES:
                self._fail(self._candidates[0])

    def _advance(self, candidate: _Candidate) -> None:
        party = self._seat.party(candidate.role)
        try:
            candidate.stream.do_handshake()
            check_peer(candidate.stream, self._seat.pins[party], party)
        except ssl.SSLWantReadError:
            candidate.mask = select.POLLIN
        except ssl.SSLWantWriteError:
            candidate.mask = select.POLLOUT
        except PrivShareError as error:
            self._refused[party] = error
            self._fail(candidate)
        except (OSError, ValueError):
            self._fail(candidate)
        else:
            self._candidates.remove(candidate)
            if party in self.found:
                candidate.stream.close()
            else:
                self.found[party] = candidate.stream

    def _fail(self, candidate: _Candidate) -> None:
        self._candidates.remove(candidate)
        candidate.stream.close()
        self._retry(candidate.role)

    def _retry(self, role: Role) -> None:
        if role == "next" and self._seat.party(role) not in self.found:
            self._door.again()

    def _late(self) -> None:
        missing = [
            party
            for party in (self._seat.party("next"), self._seat.party("previous"))
            if party not in self.found
        ]
        for party in missing:
            if party in self._refused:
                raise self._refused[party]
        abort(
            "mpc.silent",
            "expected to meet it before the time was over, found no connection",
            party=missing[0],
            parties=missing,
            round=0,
            reason="never met",
        )


def meet(
    seat: Seat,
    tls: Tls,
    door: Door,
    times: Times,
    meet_s: float,
    rand: Callable[[int], bytes],
    notary: Notary | None = None,
) -> tuple[StreamLink, SessionKeys]:
    """Meet both neighbours, and share a key with each.

    Args:
        seat: This node's place.
        tls: Of the key that the seat's pin is of.
        door: Where sockets come from.
        times: For the link.
        meet_s: How long to look for the neighbours, at most.
        rand: Gives random bytes.
        notary: For the link.

    Raises:
        VerificationError: `mpc.peer`: a neighbour answers with another key, or
            takes part in another job.
        Unavailable: `mpc.silent`: a neighbour was not met.
        EncodingError: The identity is not the one of this seat.
    """
    if tls.job != seat.job or tls.pin != seat.pins[seat.index]:
        raise EncodingError("seat: expected the key whose pin stands in it")
    until = min(time.monotonic() + meet_s, times.deadline)
    meeting = _Meeting(seat, tls, door, until)
    try:
        meeting.run()
    except BaseException:
        for stream in meeting.found.values():
            stream.close()
        raise
    finally:
        meeting.end()
    link = StreamLink(seat.job, seat.index, meeting.found, times, notary)
    try:
        return link, _greet(seat, link, rand)
    except PrivShareError as error:
        link.tell(error)
        link.close()
        raise


def _greet(seat: Seat, link: StreamLink, rand: Callable[[int], bytes]) -> SessionKeys:
    """Exchange parts of keys; hold the neighbours' view of the job against ours."""
    parties = (seat.party("previous"), seat.party("next"))
    parts = [rand(KEY_BYTES) for _ in parties]
    common = seat.digest()
    told = link.hello(*(common + part for part in parts))
    keys = []
    for party, mine, body in zip(parties, parts, told, strict=True):
        same = hmac.compare_digest(body[: len(common)], common)
        if len(body) != len(common) + KEY_BYTES or not same:
            abort(
                "mpc.peer",
                "expected the same job with the same three keys, found another view",
                party=party,
            )
        theirs = body[len(common) :]
        keys.append(derive(seat.job, seat.pins, seat.index, mine, party, theirs))
    return SessionKeys(*keys)
