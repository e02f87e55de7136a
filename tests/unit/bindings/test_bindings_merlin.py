"""Merlin transcripts: the published challenges, forks, labels."""

from __future__ import annotations

import pytest

from privshare.bindings.merlin import Merlin
from privshare.errors import OutOfRange

# gtank/merlin, merlin_test.go.
SIMPLE = "d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615"
COMPLEX = "a8c933f54fae76e3f9bea93648c1308e7dfa2152dd51674ff3ca438351cf003c"


def test_simple() -> None:
    """One message and one challenge."""
    t = Merlin(b"test protocol")
    t.append(b"some label", b"some data")
    assert t.challenge(b"challenge", 32).hex() == SIMPLE


def test_complex() -> None:
    """Messages longer than a block, each after the challenge before it."""
    t = Merlin(b"test protocol")
    t.append(b"step1", b"some data")
    for _ in range(32):
        challenge = t.challenge(b"challenge", 32)
        t.append(b"bigdata", b"c" * 1024)
        t.append(b"challengedata", challenge)
    assert challenge.hex() == COMPLEX


def test_forks_go_their_own_way() -> None:
    """A fork draws what the original would have drawn, and then differs."""
    t = Merlin(b"p")
    twin = t.fork()
    assert t.challenge(b"c", 16) == twin.challenge(b"c", 16)
    twin.append(b"m", b"")
    assert t.challenge(b"c", 16) != twin.challenge(b"c", 16)


def test_labels_end_at_no_zero() -> None:
    """A label that C would cut short is refused."""
    t = Merlin(b"p")
    with pytest.raises(OutOfRange):
        t.append(b"a\0b", b"")
    with pytest.raises(OutOfRange):
        t.challenge(b"a\0b", 1)
