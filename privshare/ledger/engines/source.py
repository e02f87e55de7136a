"""Where a mirror gets the log from, and the little it takes on trust: nothing.

A `LogSource` is the host as a mirror sees it: the public files of the log, and
a place to submit to. `remote.HttpLogSource` asks another node; tests hand over
a ledger in the same process, or one that lies.
"""

from __future__ import annotations

from typing import NoReturn, Protocol

from privshare.errors import (
    ConsistencyInvalid,
    EncodingError,
    InclusionInvalid,
    NotFound,
    PrivShareError,
    SplitView,
)
from privshare.ledger.api import Committed
from privshare.ledger.engines.alarm import Misconduct
from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint
from privshare.log.tile import Tile, decode_bundle


class LogSource(Protocol):
    """Where a mirror gets the log, and where submissions go."""

    def genesis(self) -> bytes:
        """Entry 0, to be compared with a digest that was given by hand."""
        ...

    def checkpoint(self, size: int | None = None) -> bytes:
        """The newest checkpoint, or the best cosigned one from a size on."""
        ...

    def tile(self, path: str) -> bytes:
        """A tile or an entry bundle.

        Raises:
            NotFound: No such tile, or none of that width any more.
        """
        ...

    def submit(self, tx: bytes, leaves: bytes, timeout_s: float) -> Committed:
        """Hand a transaction to the host; raises what `Ledger.submit` raises."""
        ...


def fetch_bundle(source: LogSource, index: int, width: int) -> list[bytes]:
    """Fetch a bundle of at least `width` entries; the full one if need be.

    Raises:
        NotFound: The source has neither.
        InclusionInvalid: What came is no bundle, or too short.
    """
    try:
        data = source.tile(Tile(None, index, width).path)
    except NotFound:
        data = source.tile(Tile(None, index).path)
    try:
        entries = decode_bundle(data)
    except EncodingError as error:
        raise InclusionInvalid(
            f"expected an entry bundle, found another ({error.message})"
        ) from None
    if len(entries) < width:
        raise InclusionInvalid(
            f"expected {width} entries in bundle {index}, found {len(entries)}"
        )
    return entries


class SourceTiles:
    """A source's tiles as proofs read them (`log.tile.TileReader`)."""

    def __init__(self, source: LogSource) -> None:
        self._source = source

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """The first `width` hashes, verified by nobody.

        Raises:
            NotFound: The source has no such tile.
        """
        try:
            return self._source.tile(Tile(level, index, width).path)
        except NotFound:
            return self._source.tile(Tile(level, index).path)[: 32 * width]


def diagnose(source: LogSource, size: int, ours: bytes, target: Checkpoint) -> NoReturn:
    """The entries fetched are not those of the checkpoint: a fork, or not?

    It is a fork, provably, if the host's own tiles connect its checkpoint
    with another tree of our size.

    Args:
        source: The host.
        size: The size of the log that is held.
        ours: Its root.
        target: A larger checkpoint, signed by the log.

    Raises:
        Misconduct: A fork.
        ConsistencyInvalid: The host proves nothing.
        InclusionInvalid: It proves that its log extends ours, and served
            other entries.
    """
    reader = SourceTiles(source)
    try:
        proof = merkle.prove_consistency(reader, size, target.size)
        theirs = merkle.root_at(reader, size)
        merkle.verify_consistency(size, theirs, target.size, target.root, proof)
    except PrivShareError as error:
        raise ConsistencyInvalid(
            f"expected a log that extends ours of {size} entries, found neither its "
            f"entries nor a proof ({error.message})"
        ) from error
    if theirs != ours:
        raise Misconduct(
            SplitView(
                f"expected root {ours.hex()} at size {size}, found that the "
                f"checkpoint of size {target.size} extends {theirs.hex()}",
                detail={"size": size},
            )
        )
    raise InclusionInvalid(
        f"expected the entries that the checkpoint of size {target.size} commits to, "
        "found others"
    )
