"""Block entries: the last entry of each block, and what the block came to.

A checkpoint always ends right behind a block entry. So one inclusion proof of
that entry gives an auditor the height, the time and the state root under which
everything before it holds.

    machine   close_block ─► Block ─► log
    auditor   entry ─► BlockEntry.decode ─► state_root ─► verify_map

Implements docs/formats/entry.md, section 1.

>>> entry = BlockEntry(anchors=0, entries=2, first=0, height=0,
...     network="demo.privshare", params=bytes(32), state_root=bytes(32),
...     time=1_800_000_000, transactions=0)
>>> BlockEntry.decode(entry.encode()) == entry
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privshare.errors import EncodingError
from privshare.rights import identifier
from privshare.wire.canonical import Fields, Json, b64u, decode, encode

#: An anchored digest is an entry of its own: this byte and 32 more.
LEAF_TAG = b"\x01"

_BLOCK_MARK = b'{"anchors":'


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """What a block entry says.

    Attributes:
        anchors: Leaves anchored in this log so far.
        entries: Entries in this block, this one included.
        first: Log index of the block's first entry.
        height: 0 for the genesis block.
        network: The network's id.
        params: Digest of the parameters in force.
        state_root: Root of the state map after this block.
        time: Unix seconds; never earlier than the block before.
        transactions: Transactions in this log so far.
    """

    anchors: int
    entries: int
    first: int
    height: int
    network: str
    params: bytes
    state_root: bytes
    time: int
    transactions: int

    @property
    def index(self) -> int:
        """Log index of this entry."""
        return self.first + self.entries - 1

    @property
    def size(self) -> int:
        """Size of the log that ends with this entry."""
        return self.first + self.entries

    def to_json(self) -> Json:
        """Lay the entry out."""
        return {
            "anchors": self.anchors,
            "entries": self.entries,
            "first": self.first,
            "height": self.height,
            "kind": "block",
            "network": self.network,
            "params": b64u(self.params),
            "state_root": b64u(self.state_root),
            "time": self.time,
            "transactions": self.transactions,
            "v": 1,
        }

    def encode(self) -> bytes:
        """The bytes of the log entry."""
        return encode(self.to_json())

    @classmethod
    def decode(cls, data: bytes) -> BlockEntry:
        """Read a block entry.

        Raises:
            EncodingError: Another kind of entry, or another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(data), where="block")
        fields.constant("v", 1)
        fields.constant("kind", "block")
        entry = cls(
            anchors=fields.int("anchors", 0),
            entries=fields.int("entries", 2),
            first=fields.int("first", 0),
            height=fields.int("height", 0),
            network=identifier.NETWORK.check(fields.str("network"), "block.network"),
            params=fields.digest("params"),
            state_root=fields.digest("state_root"),
            time=fields.int("time", 0),
            transactions=fields.int("transactions", 0),
        )
        fields.end()
        return entry


@dataclass(frozen=True, slots=True)
class Accepted:
    """A transaction that a block holds: its id, place and end of validity."""

    id: str
    index: int
    not_after: int


@dataclass(frozen=True, slots=True)
class Block:
    """A closed block, with all that an engine keeps of it.

    Attributes:
        entry: The block entry.
        data: Its bytes.
        changes: State keys written, with their canonical values.
        accepted: The block's transactions, in order.
    """

    entry: BlockEntry
    data: bytes
    changes: Mapping[str, bytes]
    accepted: tuple[Accepted, ...]


def is_leaf(entry: bytes) -> bool:
    """Whether a log entry is an anchored digest."""
    return len(entry) == 33 and entry[:1] == LEAF_TAG


def is_block(entry: bytes) -> bool:
    """Whether a log entry claims to be a block entry.

    The canonical form of no other entry begins with the field `anchors`.
    """
    return entry.startswith(_BLOCK_MARK)


def leaf_entry(digest: bytes) -> bytes:
    """The log entry of an anchored digest.

    Raises:
        EncodingError: Not 32 bytes.
    """
    if len(digest) != 32:
        raise EncodingError(f"expected a digest of 32 bytes, found {len(digest)}")
    return LEAF_TAG + digest
