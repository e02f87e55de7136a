"""A tiled log written by others: fifteen entries, a checkpoint after each.

Source: the test log of transparency-dev/tessera; provenance is beside the
data. Its key is the one published there for this log.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from privshare.log import merkle
from privshare.log.checkpoint import LogKey, open_checkpoint
from privshare.log.tile import (
    Tile,
    decode_bundle,
    encode_bundle,
    parse_path,
    plan_bundles,
    plan_tiles,
)
from privshare.wire import note

VKEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


@pytest.fixture(scope="module")
def log(vectors: Path) -> Path:
    root = vectors / "tlog-tiles/log"
    if not root.is_dir():
        pytest.skip("no test vectors tlog-tiles")
    return root


class Files:
    """Tiles as they stand in the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return (self.root / Tile(level, index, width).path).read_bytes()


def test_every_checkpoint_is_that_of_its_tiles(log: Path) -> None:
    """Signature, size, and the root that the tiles lead to."""
    key = LogKey.parse(VKEY)
    files = Files(log)
    last = 0
    for file in sorted(log.glob("checkpoint.*"), key=lambda f: int(f.suffix[1:])):
        cp, signed = open_checkpoint(file.read_bytes(), key)
        assert note.format(signed) == file.read_bytes()
        assert cp.size == int(file.suffix[1:])
        assert merkle.root_at(files, cp.size) == cp.root
        if last:
            old, _ = open_checkpoint((log / f"checkpoint.{last}").read_bytes(), key)
            proof = merkle.prove_consistency(files, last, cp.size)
            merkle.verify_consistency(last, old.root, cp.size, cp.root, proof)
        last = cp.size
    assert last > 0


def test_every_entry_is_in_the_log(log: Path) -> None:
    """Bundles decode, hash to their tile, and are written back."""
    files = Files(log)
    for file in sorted((log / "tile/entries").rglob("*")):
        if file.is_dir():
            continue
        tile = parse_path(str(file.relative_to(log)))
        entries = decode_bundle(file.read_bytes())
        assert len(entries) == tile.width
        assert encode_bundle(entries) == file.read_bytes()
        hashes = merkle.leaf_hashes(entries)
        assert files.read_tile(0, tile.index, tile.width) == hashes
        root = merkle.root_at(files, tile.width)
        for index, entry in enumerate(entries):
            proof = merkle.prove_inclusion(files, index, tile.width)
            merkle.verify_inclusion(
                merkle.leaf_hash(entry), index, tile.width, proof, root
            )


def test_our_writer_writes_the_same_files(log: Path) -> None:
    """Entry by entry, tiles and bundles come out byte for byte."""
    bundles = sorted((log / "tile/entries/000.p").iterdir(), key=lambda f: int(f.name))
    entries = decode_bundle(bundles[-1].read_bytes())
    for size in range(len(entries)):
        plan = plan_tiles(size, size + 1, Files(log), merkle.leaf_hash(entries[size]))
        plan += plan_bundles(size, entries[:size], entries[size : size + 1])
        for path, data in plan:
            assert (log / path).read_bytes() == data
