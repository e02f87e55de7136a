"""A whole log, verified from entry 0: every transaction done again.

What a mirror does all day, once, for somebody who is no member and trusts none
of them: fetch all entries, hash them to the root that the witnesses cosigned,
and run the rules over every transaction until the state roots agree. It reads
the same paths from a node over HTTP and from a folder of files.

    checkpoint ─► trust policy ─► size, root
    entry bundles ─► leaf hashes ─► root, equal
                  └► Machine.replay_block ─► every block entry, equal byte for byte

Implements C2SP tlog-tiles as a reader, and docs/formats/entry.md, section 4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from privshare.errors import (
    EncodingError,
    InclusionInvalid,
    NotFound,
    Unavailable,
    VerificationError,
)
from privshare.ledger.block import is_block
from privshare.ledger.genesis import Genesis
from privshare.ledger.machine import Machine
from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint
from privshare.log.policy import Verified, parse_policy
from privshare.log.tile import WIDTH, Tile, decode_bundle
from privshare.sdk.call import Blocking, Call, Request, Response, fetch
from privshare.sdk.problem import checked


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a full verification found; there is none of a log that is wrong.

    Attributes:
        network: The network's id.
        origin: First line of the log's checkpoints.
        size: Entries.
        root: Root of the tree, 32 bytes.
        height: Of the last block.
        time: Of the last block, Unix seconds.
        transactions: All of them, done again.
        anchors: Digests that were anchored.
        state_root: Of the last block, computed here.
        witnesses: Who cosigned the checkpoint.
    """

    network: str
    origin: str
    size: int
    root: bytes
    height: int
    time: int
    transactions: int
    anchors: int
    state_root: bytes
    witnesses: tuple[str, ...]


def audit_log(
    trust: str, progress: Callable[[str], None] | None = None
) -> Call[LogReport]:
    """Verify a log from its first entry to its newest checkpoint.

    Args:
        trust: Text of the trust policy.
        progress: Told how far it is.

    Raises:
        SignatureInvalid: The checkpoint is not by the log of the policy.
        VerificationError: The quorum did not cosign it, the entries are not
            those that it commits to, or a block breaks a rule;
            `detail["height"]` names the block.
        NotFound: A part of the log is missing.
    """
    verified = yield from checkpoint(trust)
    newest = verified.checkpoint
    edge, machine = merkle.CompactRange(), None
    open_block: list[bytes] = []
    for start in range(0, newest.size, WIDTH):
        entries = yield from _bundle(start, newest.size)
        edge = edge.append_leaf_hashes(merkle.leaf_hashes(entries))
        if machine is None:
            machine = Machine(_genesis(entries[0], newest))
        for entry in entries:
            open_block.append(entry)
            if is_block(entry):
                machine.replay_block(open_block)
                open_block = []
        if progress is not None:
            progress(f"entry {start + len(entries)} of {newest.size}")
    if machine is None:
        raise VerificationError("expected a log with a genesis, found an empty one")
    if edge.root() != newest.root:
        raise InclusionInvalid(
            f"expected entries under root {newest.root.hex()}, found those of "
            f"{edge.root().hex()}",
            fix="keep this copy, and tell the other agencies",
        )
    if open_block:
        raise VerificationError(
            f"expected the log to end in a block entry, found {len(open_block)} "
            "entries behind the last one"
        )
    return LogReport(
        network=machine.genesis.network,
        origin=newest.origin,
        size=newest.size,
        root=newest.root,
        height=machine.height,
        time=machine.time,
        transactions=machine.transactions,
        anchors=machine.anchors,
        state_root=machine.state.root(),
        witnesses=tuple(sorted(verified.witnesses)),
    )


def checkpoint(trust: str) -> Call[Verified]:
    """Read the newest checkpoint, and hold it against a trust policy.

    Raises:
        SignatureInvalid: It is not by the log of the policy.
        VerificationError: The quorum did not cosign it.
    """
    response = checked((yield from fetch(Request("GET", "/log/checkpoint", _ANY))))
    return parse_policy(trust.encode()).check(response.body)


def proven_entry(index: int, trust: str) -> Call[bytes]:
    """Read one entry, and prove that it is in the log.

    Args:
        index: Its log index.
        trust: Text of the trust policy.

    Raises:
        NotFound: The log is shorter.
        InclusionInvalid: The entry is not what the checkpoint commits to.
    """
    newest = (yield from checkpoint(trust)).checkpoint
    if not 0 <= index < newest.size:
        raise NotFound(
            f"expected an index below {newest.size}, the size of the log; found {index}"
        )
    entries = yield from _bundle(index - index % WIDTH, newest.size)
    entry = entries[index % WIDTH]
    tiles: dict[tuple[int, int], bytes] = {}
    while True:
        try:
            path = merkle.prove_inclusion(_Tiles(tiles), index, newest.size)
            break
        except _Wanted as wanted:
            tiles[wanted.level, wanted.index] = yield from _tile(wanted)
    leaf = merkle.leaf_hash(entry)
    merkle.verify_inclusion(leaf, index, newest.size, path, newest.root)
    return entry


def folder(path: Path) -> Blocking:
    """A driver that reads a log from files.

    Args:
        path: A node's directory, its ledger, or the log itself.

    Raises:
        NotFound: There is no log in it.
    """
    for root in (path / "ledger" / "log", path / "log", path):
        if (root / "checkpoint").is_file():
            return Blocking(functools.partial(_read, root))
    raise NotFound(
        f"expected a log in {path}, found no checkpoint",
        fix="name a node's directory, or the folder that holds checkpoint and tile",
    )


_ANY = {"accept": "*/*"}


class _Wanted(Exception):
    """A tile that is not here yet."""

    def __init__(self, level: int, index: int, width: int) -> None:
        super().__init__(level, index, width)
        self.level, self.index, self.width = level, index, width


class _Tiles:
    """Tiles that were fetched; asks for others by raising `_Wanted`."""

    def __init__(self, tiles: dict[tuple[int, int], bytes]) -> None:
        self._tiles = tiles

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        found = self._tiles.get((level, index))
        if found is None or len(found) < 32 * width:
            raise _Wanted(level, index, width)
        return found[: 32 * width]


def _tile(wanted: _Wanted) -> Call[bytes]:
    path = Tile(wanted.level, wanted.index, wanted.width).path
    response = checked((yield from fetch(Request("GET", f"/log/{path}", _ANY))))
    if len(response.body) != 32 * wanted.width:
        raise EncodingError(
            f"expected {32 * wanted.width} bytes as {path}, found {len(response.body)}"
        )
    return response.body


def _bundle(start: int, size: int) -> Call[list[bytes]]:
    """The entries from `start` to the end of their bundle."""
    width = min(WIDTH, size - start)
    path = Tile(None, start // WIDTH, width).path
    response = checked((yield from fetch(Request("GET", f"/log/{path}", _ANY))))
    entries = decode_bundle(response.body)
    if len(entries) != width:
        raise EncodingError(f"expected {width} entries in {path}, found {len(entries)}")
    return entries


def _genesis(entry: bytes, newest: Checkpoint) -> Genesis:
    genesis = Genesis.decode(entry)
    if genesis.origin != newest.origin:
        raise VerificationError(
            f"expected the genesis of {newest.origin}, found that of {genesis.origin}"
        )
    return genesis


def _read(root: Path, request: Request) -> Response:
    """Answer a request out of a folder; only tiles and the checkpoint exist."""
    name = request.path.removeprefix("/log/")
    try:
        return Response(200, {}, (root / name).read_bytes())
    except FileNotFoundError:
        return Response(404)
    except OSError as error:
        raise Unavailable(
            f"expected to read {root / name}, found {type(error).__name__}"
        ) from None
