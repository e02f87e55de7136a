"""Hashing to the group and to scalars."""

from __future__ import annotations

import pytest

from privshare.bindings import ristretto255 as group
from privshare.bindings.scalar import check
from privshare.errors import OutOfRange
from privshare.schemes.hash_to_group import (
    expand_message,
    hash_to_group,
    hash_to_scalar,
)


def test_lengths_join_to_different_strings() -> None:
    """The length is hashed too: a shorter output is no prefix of a longer one."""
    short, long = (expand_message(b"m", b"tag", n) for n in (64, 65))
    assert len(short) == 64
    assert len(long) == 65
    assert not long.startswith(short)
    assert len(expand_message(b"", b"t", 16_320)) == 16_320


@pytest.mark.parametrize("length", [-1, 0, 16_321])
def test_lengths_outside_the_standard(length: int) -> None:
    """255 blocks are the most, one byte is the least."""
    with pytest.raises(OutOfRange, match="expected a length from 1 to 16320"):
        expand_message(b"m", b"tag", length)


def test_a_tag_is_needed() -> None:
    """Nothing is hashed without a domain."""
    for function in (hash_to_group, hash_to_scalar):
        with pytest.raises(OutOfRange, match="found none"):
            function(b"m", b"")


def test_message_and_tag_do_not_run_together() -> None:
    """A byte moved from the message to the tag changes the element."""
    assert hash_to_group(b"ab", b"c") != hash_to_group(b"a", b"bc")
    assert hash_to_group(b"ab", b"c") == hash_to_group(b"ab", b"c")
    assert not hash_to_group(b"ab", b"c").is_identity()


def test_long_tags_are_hashed() -> None:
    """255 bytes are taken as they are; 256 are another tag."""
    found = {expand_message(b"m", b"t" * n, 32) for n in (254, 255, 256, 300)}
    assert len(found) == 4


def test_results_are_canonical() -> None:
    """An element decodes again, and a scalar is below the order."""
    element = hash_to_group(b"m", b"tag")
    assert group.decode(element.encode()) == element
    assert len(check(hash_to_scalar(b"m", b"tag"))) == 32
