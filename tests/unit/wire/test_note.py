"""Signed notes and verifier keys as text."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError
from privshare.wire import note
from privshare.wire.note import Note, NoteSignature, Vkey, parse, parse_vkey

# The example of C2SP signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E"
    "RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()


def test_the_specification_s_example_is_read_and_written_back() -> None:
    """Text, name, key id and signature of the C2SP example."""
    found = parse(NOTE)
    key = parse_vkey(VKEY)
    assert found.text == "This is an example message.\n"
    (signature,) = found.signatures
    assert (signature.name, signature.key_id) == (key.name, key.key_id)
    assert key.key_id == bytes.fromhex("530d903a")
    assert len(signature.sig) == 64
    assert note.format(found) == NOTE
    assert str(key) == VKEY


def test_the_text_ends_at_the_last_blank_line() -> None:
    """A text may hold blank lines of its own, and non-ASCII letters."""
    text = "Ognuno sta solo\n\n\ned è subito sera.\n"
    made = Note(text, (NoteSignature("è.example/x", b"abcd", b"s"),))
    assert parse(note.format(made)) == made
    assert parse(b"\n\n\xe2\x80\x94 a YWJjZHM=\n").text == "\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\xe2\x80\x94 a YWJjZHM=\n",
        b"text\n\n\xe2\x80\x94 a YWJjZHM=",
        b"text\n\n\xe2\x80\x94 a YWJjZHM=\n\n",
        b"text\n\n- a YWJjZHM=\n",
        b"text\n\n\xe2\x80\x93 a YWJjZHM=\n",
        b"text\n\n\xe2\x80\x94  a YWJjZHM=\n",
        b"text\n\n\xe2\x80\x94 a YWJjZHM= \n",
        b"text\n\n\xe2\x80\x94 a b YWJjZHM=\n",
        b"text\n\n\xe2\x80\x94 a\xc2\xa0b YWJjZHM=\n",
        b"text\n\n\xe2\x80\x94 a+b YWJjZHM=\n",
        b"text\n\n\xe2\x80\x94 a YWJjZHM\n",
        b"text\n\n\xe2\x80\x94 a YWJjZHN=\n",
        b"text\n\n\xe2\x80\x94 a YWJjZA==\n",
        b"text\n\n\xe2\x80\x94 a \n",
        b"text\r\n\n\xe2\x80\x94 a YWJjZHM=\n",
        b"te\x00xt\n\n\xe2\x80\x94 a YWJjZHM=\n",
        b"te\xffxt\n\n\xe2\x80\x94 a YWJjZHM=\n",
        b"text\n\n" + b"\xe2\x80\x94 a YWJjZHM=\n" * 101,
        b"t" * 1_000_001,
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    """Missing parts, other dashes, loose spaces and base64, controls, sizes."""
    with pytest.raises(EncodingError):
        parse(data)


def test_a_hundred_signatures_are_the_most() -> None:
    """One hundred lines pass."""
    data = b"text\n\n" + b"\xe2\x80\x94 a YWJjZHM=\n" * 100
    assert len(parse(data).signatures) == 100


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u2003b", "a" * 256])
def test_a_key_name_has_no_space_or_plus(name: str) -> None:
    """Names that would break a line or a verifier key are refused."""
    with pytest.raises(EncodingError):
        NoteSignature(name, b"abcd", b"s")
    with pytest.raises(EncodingError):
        Vkey(name, note.ED25519, bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("foo", "fop"),
        VKEY[:-1],
        VKEY + "=",
        VKEY + "\n",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+AQ==",
    ],
)
def test_a_verifier_key_carries_its_own_check(text: str) -> None:
    """The key id must be that of name and key; the key of its length."""
    with pytest.raises(EncodingError):
        parse_vkey(text)


def test_every_bit_of_a_note_counts() -> None:
    """A flipped bit is refused or changes what was read, and is written back."""
    original = parse(NOTE)
    for position in range(len(NOTE) * 8):
        flipped = bytearray(NOTE)
        flipped[position // 8] ^= 1 << position % 8
        try:
            found = parse(bytes(flipped))
        except EncodingError:
            continue
        assert found != original
        assert note.format(found) == flipped


def test_a_note_cannot_be_built_wrong() -> None:
    """The value checks itself: text, key id, signature."""
    good = NoteSignature("a", b"abcd", b"s")
    for text, signatures in (("x", (good,)), ("x\n", ()), ("x\ty\n", (good,))):
        with pytest.raises(EncodingError):
            Note(text, signatures)
    for key_id, sig in ((b"abc", b"s"), (b"abcd", b"")):
        with pytest.raises(EncodingError):
            NoteSignature("a", key_id, sig)
    with pytest.raises(EncodingError):
        Vkey("a", 256, b"k")
    with pytest.raises(EncodingError):
        Vkey("a", note.ED25519, bytes(31))
    with pytest.raises(EncodingError):
        note.format(Note("\ud800\n", (good,)))
