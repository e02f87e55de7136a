"""A table's rows in a secret order that no node knows.

Three hops. In each, two neighbours draw a permutation from the key that they
share, and hold all three pieces between them: both permute what they hold, and
share it anew with the third. Each permutation is unknown to one node, so their
composition is to every one; and messages are masked by randomness that whoever
gets them does not know.

    nodes i - 1 and i    y_i = p(x_i + x_(i+1)) - y_(i+1)  +  p(x_(i-1)) - y_(i-1)
                               sent by i                      sent by i - 1

with y_(i+1) from the key of nodes i and i + 1, y_(i-1) from that of i + 1 and
i - 1. Semi-honest: a node that permutes otherwise, or masks wrongly, is not found
here.

Source:
    Laur, Willemson and Zhang, ISC 2011; Chida, Hamada, Ikarashi, Kikuchi, Kiribuchi
    and Pinkas, IACR ePrint 2019/695.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from privshare.errors import OutOfRange
from privshare.jobs.mpc.party import Party, Stream
from privshare.jobs.mpc.ring import Limbs, Shared

__all__ = ["permutation", "shuffle"]


def permutation(stream: Stream, n: int) -> npt.NDArray[np.int64]:
    """A uniform order of n rows, the same at both nodes that have this stream."""
    while True:
        keys = stream.words((n,))
        order = np.argsort(keys)
        ordered = keys[order]
        # Two equal keys would favour an order: once in 2^17 tables of 2^24 rows.
        if not bool((ordered[1:] == ordered[:-1]).any()):
            return order


def shuffle(party: Party, table: Shared) -> Shared:
    """Rows of a table in an order that nobody knows: three messages.

    Args:
        party: This node.
        table: (columns, rows), of Z_2^64.

    Raises:
        OutOfRange: Another ring.
    """
    if table.ring != 64:
        raise OutOfRange(f"table: expected ring 64, found {table.ring}")
    for upper in range(3):
        table = _hop(party, table, upper)
    return table


def _hop(party: Party, table: Shared, upper: int) -> Shared:
    """Nodes `upper` - 1 and `upper` permute."""
    shape, size = table.own.shape, table.own.nbytes
    previous, following = party.streams
    if party.index == upper:
        order = permutation(previous, shape[1])
        fresh = following.words(shape)
        mine = (table.own + table.next)[:, order] - fresh
        came, _ = party.link.round("shuffle", mine, b"", size, 0)
        return Shared(mine + _limbs(came, shape), fresh)
    if party.index == (upper + 2) % 3:
        order = permutation(following, shape[1])
        fresh = previous.words(shape)
        mine = table.own[:, order] - fresh
        _, came = party.link.round("shuffle", b"", mine, 0, size)
        return Shared(fresh, mine + _limbs(came, shape))
    party.link.round("shuffle", b"", b"", 0, 0)
    return Shared(previous.words(shape), following.words(shape))


def _limbs(came: memoryview, shape: tuple[int, ...]) -> Limbs:
    return np.frombuffer(came, np.uint64).reshape(shape)
