"""Tiles and bundles: names, contents, and what to write when."""

from __future__ import annotations

from itertools import pairwise

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.log import merkle
from privshare.log.tile import (
    Tile,
    decode_bundle,
    encode_bundle,
    parse_path,
    plan_bundles,
    plan_tiles,
    tiles_at,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(1, 999, 1), "tile/1/999.p/1"),
        (Tile(0, 1000, 255), "tile/0/x001/000.p/255"),
        (Tile(2, 1234067), "tile/2/x001/x234/067"),
        (Tile(None, 67, 112), "tile/entries/067.p/112"),
        (Tile(7, 2**55 - 1), "tile/7/x036/x028/x797/x018/x963/967"),
    ],
)
def test_a_tile_has_one_path(tile: Tile, path: str) -> None:
    """The examples of C2SP tlog-tiles, and the far end."""
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/../000",
        "tile/entries/../../checkpoint",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/\u0660\u0660\u0660",
        "tile/data/000",
    ],
)
def test_nothing_else_is_a_path(path: str) -> None:
    """A server that parses first serves tiles and nothing beside them."""
    with pytest.raises(EncodingError):
        parse_path(path)


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(8, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 2**55, 1), (0, 0, 0), (0, 0, 257)],
)
def test_a_tile_has_bounds(level: int, index: int, width: int) -> None:
    """Level, index and width outside theirs are refused."""
    with pytest.raises(OutOfRange):
        Tile(level, index, width)


def test_a_bundle_is_lengths_and_entries() -> None:
    """Two bytes of length before each; empty and largest entries included."""
    entries = [b"", b"one", b"\xff" * 65535]
    data = encode_bundle(entries)
    assert data[:7] == b"\x00\x00\x00\x03one"
    assert decode_bundle(data) == entries
    assert decode_bundle(encode_bundle([b"x"] * 256)) == [b"x"] * 256
    for wrong in ([], [b""] * 257, [bytes(65536)]):
        with pytest.raises(OutOfRange):
            encode_bundle(wrong)
    for cut in (b"", b"\x00", data[:1], data[:3], data[:-1], bytes(2) * 257):
        with pytest.raises(EncodingError):
            decode_bundle(cut)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [Tile(0, 0, 1)]),
        (256, [Tile(0, 0), Tile(1, 0, 1)]),
        (257, [Tile(0, 1, 1), Tile(1, 0, 1)]),
        (70000, [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]),
        (65536, [Tile(0, 255), Tile(1, 0), Tile(2, 0, 1)]),
    ],
)
def test_the_right_edge_of_a_size(size: int, expected: list[Tile]) -> None:
    """The examples of C2SP tlog-tiles: 70,000 and 256 leaves."""
    assert list(tiles_at(size)) == expected


class Shelf:
    """Tiles that were written so far, by path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write(self, plan: list[tuple[str, bytes]]) -> None:
        for path, data in plan:
            assert self.files.setdefault(path, data) == data
            assert parse_path(path).width * 32 == len(data)

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return self.files[Tile(level, index, width).path]


def test_a_plan_grows_a_log() -> None:
    """Sizes on and around the borders; every checkpoint's tiles exist."""
    sizes = [0, 0, 1, 2, 255, 256, 257, 511, 512, 600, 65535, 65537, 70000]
    leaves = b"".join(i.to_bytes(32, "big") for i in range(sizes[-1]))
    shelf = Shelf()
    for old, new in pairwise(sizes):
        plan = plan_tiles(old, new, shelf, leaves[32 * old : 32 * new])
        shelf.write(plan)
        for tile in tiles_at(new):
            assert tile.path in shelf.files
        assert merkle.root_at(shelf, new) == merkle.root(leaves[: 32 * new])
        partial = [path for path, _ in plan if ".p/" in path]
        assert len(partial) <= 3


def test_a_plan_at_once_is_the_specification_s_count() -> None:
    """70,000 leaves: 273 full tiles, one full above, three partial ones."""
    leaves = bytes(32 * 70000)
    plan = dict(plan_tiles(0, 70000, Shelf(), leaves))
    assert len(plan) == 277
    assert sum(path.startswith("tile/0/") for path in plan) == 274
    assert {p for p in plan if ".p/" in p} == {
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }


def test_a_plan_refuses_what_does_not_fit() -> None:
    """Shrinking, a wrong number of hashes, a tile of another length."""

    class Short:
        def read_tile(self, level: int, index: int, width: int) -> bytes:
            return bytes(32 * width - 1)

    with pytest.raises(OutOfRange):
        plan_tiles(2, 1, Shelf(), b"")
    with pytest.raises(OutOfRange):
        plan_tiles(0, 2**63, Shelf(), b"")
    with pytest.raises(EncodingError):
        plan_tiles(0, 2, Shelf(), bytes(32))
    with pytest.raises(EncodingError, match=r"of tile/0/000\.p/3"):
        plan_tiles(3, 4, Short(), bytes(32))


def test_bundles_grow_with_the_entries() -> None:
    """The unfinished bundle is written again with the new entries."""
    entries = [b"%d" % i for i in range(600)]
    files = dict(plan_bundles(0, [], entries[:10]))
    assert list(files) == ["tile/entries/000.p/10"]
    files.update(plan_bundles(10, entries[:10], entries[10:256]))
    files.update(plan_bundles(256, [], entries[256:]))
    assert list(files) == [
        "tile/entries/000.p/10",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]
    whole = [decode_bundle(files[f"tile/entries/{n}"]) for n in ("000", "001")]
    assert [*whole[0], *whole[1], *decode_bundle(files["tile/entries/002.p/88"])] == (
        entries
    )
    assert plan_bundles(10, entries[:10], []) == []
    with pytest.raises(OutOfRange):
        plan_bundles(10, entries[:9], [b"x"])


def test_proofs_out_of_tiles_have_bounds() -> None:
    """What has no proof is refused before a tile is read."""
    for index, size in ((0, 0), (1, 1), (-1, 1), (0, 2**63)):
        with pytest.raises(OutOfRange):
            merkle.prove_inclusion(Shelf(), index, size)
    for old, new in ((0, 0), (0, 1), (2, 1), (-1, 1), (1, 2**63)):
        with pytest.raises(OutOfRange):
            merkle.prove_consistency(Shelf(), old, new)
    for size in (-1, 2**63):
        with pytest.raises(OutOfRange):
            merkle.root_at(Shelf(), size)
    assert merkle.root_at(Shelf(), 0) == merkle.EMPTY_ROOT
