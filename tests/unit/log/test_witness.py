"""The witness's step, and its request and answers as bytes."""

from __future__ import annotations

import pytest

from privshare.bindings.merkle import consistency_proof
from privshare.errors import (
    Conflict,
    ConsistencyInvalid,
    EncodingError,
    OutOfRange,
    SplitView,
)
from privshare.log.checkpoint import Checkpoint
from privshare.log.witness import (
    AddCheckpoint,
    WitnessState,
    add_checkpoint,
    decode_request,
    decode_size,
    encode_request,
    encode_size,
)
from privshare.wire.base64 import b64


def proof(small, old: int, new: int) -> list[bytes]:
    return consistency_proof(small.leaf_hashes(new), old)


def test_a_witness_follows_a_growing_log(small) -> None:
    """From nothing to empty, to some, to the same again, to more."""
    state = None
    for size in (0, 7, 7, 8, 20):
        old = state.size if state else 0
        path = proof(small, old, size) if old else []
        state = add_checkpoint(state, old, path, small.checkpoint(size))
        assert state == WitnessState(size, small.checkpoint(size).root)
    assert add_checkpoint(None, 0, [], small.checkpoint(20)) == state


def test_a_client_that_is_behind_learns_the_size(small) -> None:
    """Any other old size is a conflict that carries the right one."""
    state = WitnessState(8, small.checkpoint(8).root)
    for old in (0, 7, 9, 20):
        with pytest.raises(Conflict) as refusal:
            add_checkpoint(state, old, [], small.checkpoint(20))
        assert refusal.value.detail == {"size": 8}
    with pytest.raises(Conflict) as refusal:
        add_checkpoint(None, 1, [], small.checkpoint(20))
    assert refusal.value.detail == {"size": 0}


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(small) -> None:
    """A witness is never rolled back."""
    state = WitnessState(8, small.checkpoint(8).root)
    for old in (8, 9):
        with pytest.raises(OutOfRange):
            add_checkpoint(state, old, [], small.checkpoint(7))
    with pytest.raises(Conflict):
        add_checkpoint(state, 7, [], small.checkpoint(7))


def test_a_fork_is_refused(small) -> None:
    """Another history: as a longer log, as an equal one, as an empty one."""
    state = WitnessState(8, small.checkpoint(8).root)
    forked = Checkpoint("log.example/1", 20, bytes(32))
    with pytest.raises(ConsistencyInvalid):
        add_checkpoint(state, 8, proof(small, 8, 20), forked)
    with pytest.raises(SplitView) as refusal:
        add_checkpoint(state, 8, [], Checkpoint("log.example/1", 8, bytes(32)))
    assert refusal.value.detail == {"origin": "log.example/1", "size": 8}
    for start in (None, WitnessState(0, small.checkpoint(0).root)):
        with pytest.raises(ConsistencyInvalid, match="empty tree"):
            add_checkpoint(start, 0, [], Checkpoint("log.example/1", 0, bytes(32)))


def test_a_proof_fits_exactly(small) -> None:
    """Missing, surplus and altered nodes are refused; size 0 takes no proof."""
    state = WitnessState(7, small.checkpoint(7).root)
    good = proof(small, 7, 20)
    target = small.checkpoint(20)
    add_checkpoint(state, 7, good, target)
    wrong = [good[:-1], good[1:], [*good, bytes(32)], [bytes(32), *good], []]
    wrong += [[*good[:i], bytes(32), *good[i + 1 :]] for i in range(len(good))]
    for path in wrong:
        with pytest.raises(ConsistencyInvalid):
            add_checkpoint(state, 7, path, target)
    with pytest.raises(ConsistencyInvalid):
        add_checkpoint(None, 0, [bytes(32)], target)
    with pytest.raises(ConsistencyInvalid):
        add_checkpoint(state, 7, [bytes(32)], small.checkpoint(7))


def test_a_request_is_lines_of_text(small) -> None:
    """The layout of C2SP tlog-witness, there and back."""
    request = AddCheckpoint(7, tuple(proof(small, 7, 20)), small.note())
    data = encode_request(request)
    lines = data.split(b"\n")
    assert lines[0] == b"old 7"
    assert lines[1] == b64(request.proof[0]).encode()
    assert data.endswith(b"\n\n" + small.note())
    assert decode_request(data) == request
    first = AddCheckpoint(0, (), small.note())
    assert encode_request(first) == b"old 0\n\n" + small.note()
    assert decode_request(encode_request(first)) == first


HASH = b64(bytes(32)).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        b"old 00\n\ncp\n",
        b"old -1\n\ncp\n",
        b"old  1\n\ncp\n",
        b"old\n\ncp\n",
        b"new 1\n\ncp\n",
        b"\n\ncp\n",
        b"old 9223372036854775808\n\ncp\n",
        b"old 1\nAAAA\n\ncp\n",
        b"old 1\n" + HASH + b" \n\ncp\n",
        b"old 1\n" + HASH[:-1] + b"\n\ncp\n",
        b"old 1\r\n\r\ncp\n",
        b"old 1\n\xc3\xa9\n\ncp\n",
        b"old 1\n" + (HASH + b"\n") * 64 + b"\ncp\n",
        b"old 1\n\n" + b"c" * 1_000_001,
        b"old 1\n" * 400_000,
    ],
)
def test_other_requests_are_refused(data: bytes) -> None:
    """Other numbers, hashes, line ends, sizes."""
    with pytest.raises(EncodingError):
        decode_request(data)


def test_sixty_three_hashes_are_the_most() -> None:
    """As many as a tree of fewer than 2^63 leaves can need."""
    data = b"old 1\n" + (HASH + b"\n") * 63 + b"\ncp\n"
    assert len(decode_request(data).proof) == 63
    for wrong in ((bytes(32),) * 64, (bytes(31),)):
        with pytest.raises(EncodingError):
            AddCheckpoint(1, wrong, b"cp\n")
    with pytest.raises(EncodingError):
        AddCheckpoint(-1, (), b"cp\n")


def test_a_conflict_s_size_is_one_line() -> None:
    """A decimal and a newline, there and back."""
    assert encode_size(20852163) == b"20852163\n"
    assert decode_size(encode_size(0)) == 0
    for wrong in (b"", b"7", b"07\n", b"7\n\n", b"-7\n", b"\xff\n", b"1" * 40 + b"\n"):
        with pytest.raises(EncodingError):
            decode_size(wrong)
