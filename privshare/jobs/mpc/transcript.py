"""What two nodes sent each other, as digests that both of them can compute.

Each direction of each pair has one running SHA-256:

    for each message: u32 round || label || u64 length || bytes

over which a pair's digest is made, and over the three pairs the root, which
stands in the receipt of a job on shares. A node knows its own two pairs. Before
any output leaves it exchanges views: its neighbours tell what they sent and got,
and both tell the digest of the pair between them.

    view ─► neighbours ─► settle ─► root, or `mpc.transcript` with the pair

Implements section 6 of docs/protocols/mpc-channel.md.

The digests catch what the transport cannot: a node that says another thing
about a conversation than the one it had.

>>> mine = Views(bytes(32), 0)
>>> mine.begin_sent(1, 1, bytes(16), 4)
>>> mine.sent(1, b"to 1")
>>> len(mine.view(1, 2))
96
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Final, NoReturn

from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.frame import PARTIES, Bytes
from privshare.wire import domain
from privshare.wire.digest import tagged

__all__ = ["VIEW_BYTES", "Views"]

#: Sent, received, and the digest of the pair with the third party.
VIEW_BYTES: Final = 96

_ENTRY: Final = struct.Struct(">I16sQ")


class Views:
    """The running digests of one node: two directions to each of two others.

    Args:
        job: Digest of the job.
        index: This node.
    """

    __slots__ = ("_index", "_job", "_received", "_sent")

    def __init__(self, job: bytes, index: int) -> None:
        self._job = job
        self._index = index
        others = [party for party in range(PARTIES) if party != index]
        self._sent = {party: hashlib.sha256() for party in others}
        self._received = {party: hashlib.sha256() for party in others}

    def begin_sent(self, to: int, number: int, label: bytes, size: int) -> None:
        """A message of `size` bytes begins, in round `number`."""
        self._sent[to].update(_ENTRY.pack(number, label, size))

    def begin_received(self, by: int, number: int, label: bytes, size: int) -> None:
        """A message that we wait for begins."""
        self._received[by].update(_ENTRY.pack(number, label, size))

    def sent(self, to: int, data: Bytes) -> None:
        """A piece of a message was sent."""
        self._sent[to].update(data)

    def received(self, by: int, data: Bytes) -> None:
        """A piece of a message came."""
        self._received[by].update(data)

    def pair(self, other: int) -> bytes:
        """Digest of both directions between this node and another."""
        sent, received = self._sent[other].digest(), self._received[other].digest()
        return _pair(self._job, self._index, other, sent, received)

    def digest(self) -> bytes:
        """All that this node has sent and received so far: its own alone."""
        others = sorted(self._sent)
        parts = [self.pair(other) for other in others]
        return tagged(domain.TRANSCRIPT, self._job, bytes([self._index]), *parts)

    def view(self, to: int, third: int) -> bytes:
        """What `settle` at a neighbour needs from us."""
        sent, received = self._sent[to].digest(), self._received[to].digest()
        return sent + received + self.pair(third)

    def snapshot(self) -> Views:
        """A copy that stands still while the exchange of views goes on."""
        made = Views(self._job, self._index)
        made._sent = {party: one.copy() for party, one in self._sent.items()}
        made._received = {party: one.copy() for party, one in self._received.items()}
        return made

    def settle(self, told: dict[int, Bytes]) -> bytes:
        """Compare the neighbours' views with ours.

        Args:
            told: Each neighbour's `view`.

        Returns:
            The root, 32 bytes, equal at all three when each returns.

        Raises:
            VerificationError: `mpc.transcript`; `detail["pair"]` names the two
                nodes that do not agree, `party` the one of them that is not us,
                or is absent when the other two disagree.
        """
        pairs: dict[tuple[int, int], bytes] = {}
        between = sorted(told)
        for party in between:
            if len(told[party]) != VIEW_BYTES:
                abort("mpc.frame", "expected a view of 96 bytes", party=party)
            theirs = bytes(told[party])
            ours = self._received[party].digest() + self._sent[party].digest()
            if not hmac.compare_digest(ours, theirs[:64]):
                _disagree((self._index, party), party)
            pairs[_order(self._index, party)] = self.pair(party)
        claims = [bytes(told[party])[64:] for party in between]
        if not hmac.compare_digest(*claims):
            _disagree((between[0], between[1]), None)
        pairs[_order(*between)] = claims[0]
        parts = [pairs[key] for key in sorted(pairs)]
        return tagged(domain.TRANSCRIPT, self._job, *parts)


def _pair(job: bytes, me: int, other: int, sent: bytes, received: bytes) -> bytes:
    low, high = _order(me, other)
    up, down = (sent, received) if me == low else (received, sent)
    return tagged(domain.TRANSCRIPT, job, bytes([low, high]), up, down)


def _order(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _disagree(pair: tuple[int, int], party: int | None) -> NoReturn:
    low, high = _order(*pair)
    abort(
        "mpc.transcript",
        f"expected parties {low} and {high} to agree on what they sent each other, "
        "found that they do not",
        party=party,
        pair=[low, high],
    )
