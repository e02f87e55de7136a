"""The transcript, beside hashlib, and the page that tells a stranger how."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import OutOfRange
from privshare.schemes.transcript import Transcript

PAGE = Path(__file__).parents[3] / "docs/protocols/transcript.md"

LABELS = st.text(
    st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255
)
STEPS = st.lists(
    st.tuples(LABELS, st.one_of(st.binary(max_size=400), st.integers(0, 400))),
    max_size=8,
)


def laid_out(op: int, label: str, length: int, data: bytes = b"") -> bytes:
    """One step, from the page's words and not from the core."""
    name = label.encode("ascii")
    return bytes((op, len(name))) + name + length.to_bytes(8, "little") + data


class Stranger:
    """The same transcript with hashlib alone."""

    def __init__(self, protocol: str) -> None:
        name = protocol.encode()
        self.steps = laid_out(0, "privshare/transcript/v1", len(name), name)

    def absorb(self, label: str, data: bytes) -> None:
        self.steps += laid_out(1, label, len(data), data)

    def challenge(self, label: str, n: int) -> bytes:
        self.steps += laid_out(2, label, n)
        return hashlib.shake_128(self.steps).digest(n)


@given(LABELS, STEPS)
def test_hashlib_computes_the_same(
    protocol: str, steps: list[tuple[str, bytes | int]]
) -> None:
    """Any steps: bytes are absorbed, a number asks for so many bytes."""
    ours, stranger = Transcript(protocol), Stranger(protocol)
    for label, what in steps:
        if isinstance(what, bytes):
            ours.absorb(label, what)
            stranger.absorb(label, what)
        else:
            assert stranger.challenge(label, what) == ours.challenge(label, what)
    assert stranger.challenge("last", 32) == ours.challenge("last", 32)


def test_known_challenges() -> None:
    """Typed in, as the C test has them."""
    t = Transcript("example/v1")
    t.absorb("message", b"hello")
    fork = t.fork()
    assert t.challenge("e", 8).hex() == "0a3a31ee3a71d7dd"
    assert fork.challenge("e", 64).hex().startswith("686fd0d34c1520dc3bfeb508")
    fork.absorb("commitment", bytes(i % 251 for i in range(400)))
    assert fork.challenge("f", 32).hex() == (
        "07d4be03b2853f3517d927bdddfc485f5cbf2c455b7e42462d6a671148279e2f"
    )


def test_a_scalar_is_a_challenge_reduced() -> None:
    """64 bytes, little-endian, modulo the order of ristretto255."""
    t, bare = Transcript("example/v1"), Transcript("example/v1")
    for label in ("e", "f"):
        wide = int.from_bytes(bare.challenge(label, 64), "little")
        expected = wide % (2**252 + 27742317777372353535851937790883648493)
        assert int.from_bytes(t.challenge_scalar(label), "little") == expected


def test_a_fork_goes_its_own_way() -> None:
    """What one absorbs, the other knows nothing of."""
    t = Transcript("example/v1")
    fork = t.fork()
    fork.absorb("message", b"hello")
    assert t.challenge("e", 32) != fork.challenge("e", 32)
    assert t.challenge("e", 32) != Transcript("example/v1").challenge("e", 32)


@pytest.mark.parametrize(
    "steps",
    [
        [("a", b"bc")],
        [("ab", b"c")],
        [("a", b"b"), ("c", b"")],
        [("a", b""), ("bc", b"")],
        [("a", b"bc"), ("a", b"")],
        [("A", b"bc")],
        [],
    ],
)
def test_steps_never_run_together(steps: list[tuple[str, bytes]]) -> None:
    """Parts cut elsewhere, or named otherwise, give another challenge."""
    t = Transcript("example/v1")
    t.absorb_all(steps)
    others = Transcript("example/v1")
    others.absorb_all([("abc", b"")])
    assert t.challenge("e", 32) != others.challenge("e", 32)


def test_integers_have_eight_bytes() -> None:
    """Little-endian, below 2^64."""
    t, bare = Transcript("example/v1"), Transcript("example/v1")
    t.absorb_int("count", 258)
    bare.absorb("count", bytes((2, 1, 0, 0, 0, 0, 0, 0)))
    assert t.challenge("e", 32) == bare.challenge("e", 32)
    for wrong in (-1, 1 << 64):
        with pytest.raises(OutOfRange):
            t.absorb_int("count", wrong)


@pytest.mark.parametrize("name", ["", "x" * 256, "é", "a\0b", "a\n"])
def test_labels_are_printable_ascii(name: str) -> None:
    """A label that C would cut, or that a stranger cannot type, is refused."""
    t = Transcript("example/v1")
    with pytest.raises(OutOfRange):
        t.absorb(name, b"")
    with pytest.raises(OutOfRange):
        t.challenge(name, 1)


def test_protocols_are_printable_ascii() -> None:
    """Of any length: their length is absorbed before them."""
    Transcript("x" * 1000)
    for wrong in ("", "é", "a\0b"):
        with pytest.raises(OutOfRange):
            Transcript(wrong)


def test_no_negative_challenge() -> None:
    """A length below 0 is refused."""
    with pytest.raises(OutOfRange):
        Transcript("example/v1").challenge("e", -1)


def test_the_page_s_example() -> None:
    """The bytes that the page prints are the steps, and hash to its challenge."""
    page = PAGE.read_text(encoding="utf-8")
    table = re.findall(r"^([0-9a-f ]{10,})$", page, re.MULTILINE)
    steps = b"".join(bytes.fromhex(line) for line in table)
    t, stranger = Transcript("example/v1"), Stranger("example/v1")
    for each in (t, stranger):
        each.absorb("message", b"hello")
        printed = each.challenge("e", 8)
    assert stranger.steps == steps
    assert hashlib.shake_128(steps).digest(8) == printed
    assert f"{len(steps)} bytes begins with `{printed.hex()}`" in page


def test_the_page_s_program() -> None:
    """The program a stranger is given prints what it says."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    scope: dict[str, object] = {}
    exec(program, scope)  # the page is ours
    t = Transcript("example/v1")
    t.absorb("message", b"hello")
    assert scope["e"] == t.challenge("e", 8)
