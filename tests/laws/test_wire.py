"""The algebra of canonical bytes, digests, envelopes and notes."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EncodingError
from privshare.wire import envelope, note
from privshare.wire.canonical import (
    INTEGER_LIMIT,
    b64,
    b64u,
    decode,
    decode_loose,
    encode,
    unb64,
    unb64u,
)
from privshare.wire.digest import tagged

EDGES = [0, 1, -1, INTEGER_LIMIT - 1, 1 - INTEGER_LIMIT, 10**15, 10**16 - 1]
INTEGERS = st.sampled_from([n for n in EDGES if abs(n) < INTEGER_LIMIT]) | st.integers(
    1 - INTEGER_LIMIT, INTEGER_LIMIT - 1
)
# Characters around the borders of UTF-16 and of JSON's escapes.
EDGE_TEXT = st.text(
    st.sampled_from('\x00\x1f\x7f"\\/\u2028\ud7ff\ue000\uffff\U00010000\U0010ffff[]{}')
)
TEXT = EDGE_TEXT | st.text()
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_decode_undoes_encode(value: Any) -> None:
    """A value comes back from its bytes, and only one way."""
    data = encode(value)
    assert decode(data) == value
    assert decode_loose(data) == value
    assert encode(decode(data)) == data


@given(VALUES)
def test_another_implementation_writes_the_same_bytes(value: Any) -> None:
    """The rfc8785 package agrees on every value we accept."""
    assert encode(value) == rfc8785.dumps(value)


@given(VALUES)
def test_layout_does_not_change_the_value(value: Any) -> None:
    """Spaces, escapes and order go; the canonical bytes stay."""
    for loose in (
        json.dumps(value, indent=2),
        json.dumps(value, ensure_ascii=True, separators=(" , ", " : ")),
    ):
        assert encode(decode_loose(loose.encode())) == encode(value)


@given(
    st.binary(max_size=40)
    | st.text(st.sampled_from('[]{}",:\\u0d8 1.e-'), max_size=40).map(str.encode)
)
def test_what_decodes_is_canonical(data: bytes) -> None:
    """Arbitrary bytes are refused with one error, or are exactly canonical."""
    with suppress(EncodingError):
        assert encode(decode(data)) == data
    with suppress(EncodingError):
        loose = decode_loose(data)
        assert decode(encode(loose)) == loose


@given(VALUES, st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_never_decodes_to_the_same_value(
    value: Any, position: int, bit: int
) -> None:
    """No two byte strings mean one value."""
    data = bytearray(encode(value))
    data[position % len(data)] ^= 1 << bit
    with suppress(EncodingError):
        assert encode(decode(bytes(data))) != encode(value)


@given(st.binary(max_size=100))
def test_base64_agrees_with_the_standard_library(data: bytes) -> None:
    """Both spellings, there and back."""
    assert b64(data) == base64.b64encode(data).decode()
    assert b64u(data) == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert unb64(b64(data)) == unb64u(b64u(data)) == data


@given(st.text(max_size=12))
def test_base64_readers_accept_what_the_writers_write(text: str) -> None:
    """Whatever is read is spelled as it would have been written."""
    for read, write in ((unb64, b64), (unb64u, b64u)):
        try:
            data = read(text)
        except EncodingError:
            continue
        assert write(data) == text


@given(
    st.lists(st.binary(max_size=8), max_size=4),
    st.lists(st.binary(max_size=8), max_size=4),
)
def test_tagged_is_injective_in_its_parts(a: list[bytes], b: list[bytes]) -> None:
    """Equal digests come from equal lists of parts."""
    assert (tagged(b"t", *a) == tagged(b"t", *b)) == (a == b)


PRINTABLE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20
)


@given(
    PRINTABLE,
    st.binary(max_size=60),
    st.dictionaries(
        PRINTABLE, st.binary(min_size=1, max_size=70), min_size=1, max_size=8
    ),
)
def test_envelopes_come_back(kind: str, payload: bytes, sigs: dict[str, bytes]) -> None:
    """Layout and reading of envelopes are inverse."""
    made = envelope.Envelope(
        kind,
        payload,
        tuple(envelope.Signature(key, sigs[key]) for key in sorted(sigs)),
    )
    assert envelope.decode(envelope.encode(made)) == made


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"),
    min_size=1,
    max_size=10,
)
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"))


@given(
    LINES,
    st.lists(
        st.builds(
            note.NoteSignature,
            NAMES,
            st.binary(min_size=4, max_size=4),
            st.binary(min_size=1, max_size=80),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_notes_come_back(text: str, signatures: list[note.NoteSignature]) -> None:
    """Layout and reading of notes are inverse."""
    made = note.Note(text + "\n", tuple(signatures))
    assert note.parse(note.format(made)) == made


@given(NAMES, st.integers(0, 255), st.binary(min_size=32, max_size=32))
def test_verifier_keys_come_back(name: str, alg: int, public_key: bytes) -> None:
    """Spelling and reading of verifier keys are inverse."""
    vkey = note.Vkey(name, alg, public_key)
    assert note.parse_vkey(str(vkey)) == vkey
