"""A private join at one owner's node: numbered messages in, numbered messages out.

    prepare ─► Match.begin ─► digest and size for join.commit
    PUT …/join?number=n ─► Match.deliver ─► waits for its turn
    Match.run ─► messages for the other owner, in order ─► Conclusion to sign

What a join needs is in memory alone, and goes when the join ends or the node
restarts: its secrets are for one run. A message is taken once, when its turn has
come. The one before, come again because its answer was lost, changes nothing;
any other is refused by `join.order`, and a message that is not true ends the
join at this node.

Implements docs/protocols/psi.md, section "Through the nodes".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition

from privshare.errors import (
    Conflict,
    EncodingError,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange.join_held import MAX_JOINS, MAX_MESSAGE, Matches, gone
from privshare.jobs.join.owner import Prepared
from privshare.jobs.join.party import Phase, State, conclusion, start, step
from privshare.jobs.join.terms import Conclusion, Role
from privshare.jobs.join_statement import commitment_of
from privshare.wire.digest import sha256

__all__ = ["MAX_JOINS", "MAX_MESSAGE", "Match", "Matches"]

#: Sends message `number` to the other owner; returns once it was taken.
Push = Callable[[int, bytes], None]


@dataclass(slots=True, repr=False)
class Match:
    """One join at one owner. Not to be copied: a state is stepped once.

    What arrives waits in memory until its turn: as much as the terms allow the
    other side to send, which is known before, and nothing beyond.

    Attributes:
        first: This side's first message, which goes into the evidence.
        theirs: The other's, once it came.
    """

    _state: State | None
    first: bytes
    theirs: bytes = b""
    _expected: bytes | None = None
    _next: int = 0
    _last: bytes = b""
    _started: bool = False
    _inbox: deque[bytes] = field(default_factory=deque)
    _turn: Condition = field(default_factory=Condition)
    _folder: TemporaryDirectory[str] | None = None

    @classmethod
    def begin(
        cls, own: Prepared, folder: TemporaryDirectory[str] | None = None
    ) -> Match:
        """The join before its first message.

        Args:
            own: This owner's rows.
            folder: Where rows wait that memory should not hold; it goes with the
                join.
        """
        state, sent = start(own, None if folder is None else Path(folder.name))
        return cls(_state=state, first=next(sent), _folder=folder)

    def close(self) -> None:
        """Forget everything; who waits for a message waits no longer."""
        self._set(None)
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def committed(self) -> bytes:
        """What this owner commits to on the ledger."""
        return commitment_of(self.first)

    def expect(self, commitment: bytes) -> None:
        """Take messages from now on, the first of them with this digest.

        Args:
            commitment: What the ledger holds of the other's first message.

        Raises:
            Conflict: Another was expected before, rule join.commitment.
        """
        with self._turn:
            if self._expected not in (None, commitment):
                raise Conflict(
                    "join: expected the commitment that it was opened with, found "
                    "another",
                    detail={"rule": "join.commitment"},
                )
            self._expected = commitment

    def deliver(self, number: int, data: bytes) -> bool:
        """Take message `number` in; `run` reads it.

        Args:
            number: From 0 on, rising by one.
            data: Its bytes.

        Returns:
            False if it is the one before, come again: nothing changed.

        Raises:
            StepNotAllowed: Not its turn, or the join ended; rules join.order,
                join.gone.
            EncodingError: Too long, rule join.frame.
            VerificationError: Another first message than was committed to, rule
                join.commitment.
        """
        with self._turn:
            state = self._held()
            if number == self._next - 1 and sha256(data) == self._last:
                return False
            if self._expected is None or number != self._next or number >= _most(state):
                raise StepNotAllowed(
                    f"join: expected the message whose turn it is, found {number}",
                    fix="Send each message once the one before it was taken.",
                    detail={"rule": "join.order", "number": self._next},
                )
            if len(data) > MAX_MESSAGE:
                raise EncodingError(
                    f"join: expected at most {MAX_MESSAGE} bytes, found {len(data)}",
                    detail={"rule": "join.frame"},
                )
            if number == 0:
                if commitment_of(data) != self._expected:
                    raise VerificationError(
                        "join: expected the message that was committed to, found "
                        "another",
                        detail={"rule": "join.commitment"},
                    )
                self.theirs = data
            self._next, self._last = number + 1, sha256(data)
            self._inbox.append(data)
            self._turn.notify_all()
            return True

    def run(self, push: Push, silence_s: float) -> Conclusion:
        """Say this side of the join to its end.

        Args:
            push: Carries message `number` to the other owner.
            silence_s: How long to wait for each message.

        Returns:
            What this owner signs.

        Raises:
            StepNotAllowed: The join runs or ended already.
            Unavailable: Nothing came in time, rule join.silent.
            PrivShareError: A message that is not true, or what `push` raises.
                Whatever it is, the join is over at this node.
        """
        with self._turn:
            state = self._held()
            if self._started or self._expected is None:
                raise StepNotAllowed(
                    "join: expected one that was opened and has not begun, found "
                    "another",
                    detail={"rule": "join.order"},
                )
            self._started = True
        try:
            numbers = count()
            push(next(numbers), self.first)
            while state.phase is not Phase.DONE:
                state, sent = step(state, self._await(silence_s))
                for message in sent:
                    push(next(numbers), message)
            found = conclusion(state)
        except BaseException:
            self._set(None)
            raise
        self._set(state)
        return found

    def matched(self) -> tuple[bytes, ...]:
        """The identifiers in both sets; known to the receiver of psi.ids alone."""
        with self._turn:
            state = self._held()
        _ = conclusion(state)
        return state.matched

    def commits(self) -> dict[Role, bytes]:
        """Both first messages."""
        with self._turn:
            role = self._held().own.role
            return {role: self.first, role.other: self.theirs}

    def _held(self) -> State:
        if self._state is None:
            gone()
        return self._state

    def _set(self, state: State | None) -> None:
        with self._turn:
            self._state = state
            self._inbox.clear()
            self._turn.notify_all()

    def _await(self, silence_s: float) -> bytes:
        with self._turn:
            came = self._turn.wait_for(
                lambda: bool(self._inbox) or self._state is None, silence_s
            )
            self._held()
            if not came:
                raise Unavailable(
                    f"join: expected message {self._next} within {silence_s:g} s, "
                    "found none",
                    fix="Ask the other owner whether its node runs; then ask again.",
                    detail={"rule": "join.silent", "number": self._next},
                )
            return self._inbox.popleft()


def _most(state: State) -> int:
    """How many messages the other side may send: one each of COMMIT, SUM and
    CLOSE, its rows, and ours answered."""
    return 3 + state.first.parts + state.second.parts
