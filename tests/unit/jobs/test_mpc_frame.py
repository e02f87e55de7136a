"""Frames between nodes: laid out once, read with bounds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from privshare.errors import PrivShareError, VerificationError
from privshare.jobs.mpc.frame import (
    CHUNK,
    HEADER_BYTES,
    MAX_MESSAGE,
    MAX_NOTICE,
    Header,
    Kind,
    label_digest,
    pack,
    unpack,
)

HEAD = Header(Kind.DATA, 0, 1, b"j" * 32, 3, 9, label_digest("step"), 100, 100)


def test_layout() -> None:
    """The bytes stand where docs/protocols/mpc-channel.md says."""
    data = pack(HEAD)
    assert len(data) == HEADER_BYTES == 80
    assert data[:8] == b"PSM1\x02\x00\x01\x00"
    assert data[8:40] == b"j" * 32
    assert data[40:52] == bytes([0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9])
    assert data[52:68] == label_digest("step")
    assert data[68:] == bytes([0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 100])


@pytest.mark.parametrize("kind", list(Kind))
def test_round_trip(kind: Kind) -> None:
    """Every kind reads back as it was laid out."""
    size = 0 if kind in (Kind.BEAT, Kind.BYE) else 7
    waits = 5 if kind is Kind.BEAT else 0
    head = HEAD._replace(kind=kind, left=size, length=size, waits=waits)
    assert unpack(pack(head), party=0) == head


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 0},
        {"kind": 7},
        {"kind": 255},
        {"left": 0, "length": 0},
        {"length": 99},
        {"length": 101},
        {"left": MAX_MESSAGE + 1, "length": CHUNK},
        {"left": (1 << 64) - 1, "length": CHUNK},
        {"left": CHUNK + 1, "length": CHUNK + 1},
        {"left": CHUNK + 1, "length": 1},
        {"kind": Kind.BEAT},
        {"kind": Kind.BYE},
        {"kind": Kind.ABORT, "left": MAX_NOTICE + 1, "length": MAX_NOTICE + 1},
        {"kind": Kind.HELLO, "left": 3, "length": 2},
        {"waits": 1},
        {"kind": Kind.BEAT, "left": 0, "length": 0, "waits": 8},
    ],
)
def test_bounds(change: dict[str, int]) -> None:
    """A kind or a length outside its bounds names the party."""
    with pytest.raises(VerificationError) as caught:
        unpack(pack(HEAD._replace(**change)), party=2)
    assert caught.value.detail == {"rule": "mpc.frame", "party": 2}


def test_another_magic() -> None:
    """Bytes of another protocol or version are no frame."""
    for data in (b"PSM2" + pack(HEAD)[4:], b"GET / HTTP/1.1\r\n".ljust(80)):
        with pytest.raises(VerificationError):
            unpack(data, party=0)


def test_any_bytes_end_in_a_rule() -> None:
    """Whatever comes: a header, or an error of ours."""
    rng = random.Random(5)
    good = pack(HEAD)
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            head = unpack(data, party=1)
        except PrivShareError as error:
            assert error.detail["rule"] == "mpc.frame"
        else:
            assert head.length <= CHUNK
            assert pack(head) == bytes(data)


def test_labels_differ() -> None:
    """Two steps have two digests."""
    assert len({label_digest(name) for name in ("a", "b", "open", "")}) == 4


def test_files_are_calm() -> None:
    """No file of the transport has grown past what one reads at once."""
    folder = Path(__file__).parents[3] / "privshare" / "jobs" / "mpc"
    assert all(len(one.read_text().splitlines()) <= 500 for one in folder.glob("*.py"))
