"""Cosignatures: a time and a signature over the whole checkpoint."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError, OutOfRange, SignatureInvalid
from privshare.log.checkpoint import body
from privshare.log.cosignature import WitnessKey, cosign, verify_cosignature
from privshare.schemes.keys import SigningKey
from privshare.wire import note
from privshare.wire.note import Note, NoteSignature


def test_a_cosignature_is_its_formula(small) -> None:
    """72 bytes: the time, then Ed25519 over two header lines and the body."""
    cp = small.checkpoint()
    line = small.cosignature(cp, "x", time=1679315147)
    assert len(line.sig) == 72
    assert int.from_bytes(line.sig[:8], "big") == 1679315147
    small.witness_keys[0].verify_key.verify(
        line.sig[8:], f"cosignature/v1\ntime 1679315147\n{body(cp)}".encode()
    )
    signed = Note(body(cp), (small.line(cp), line))
    assert verify_cosignature(signed, small.witnesses[0]) == 1679315147


def test_the_latest_time_is_returned(small) -> None:
    """A witness that cosigned twice is taken at its later word."""
    cp = small.checkpoint()
    lines = tuple(small.cosignature(cp, "x", time) for time in (5, 9, 7))
    assert verify_cosignature(Note(body(cp), lines), small.witnesses[0]) == 9


def test_another_witness_does_not_stand_in(small) -> None:
    """Other keys, other names, and a note signature in place of a cosignature."""
    cp = small.checkpoint()
    x, y, _ = small.witnesses
    renamed = cosign(body(cp), y.name, small.witness_keys[0], 5)
    plain = NoteSignature(x.name, x.key_id, small.line(cp).sig)
    for lines, words in (
        ((small.cosignature(cp, "y"),), "found none"),
        ((renamed,), "found none"),
        ((small.line(cp),), "found none"),
        ((plain,), "expected 72 bytes"),
        ((small.cosignature(small.checkpoint(19), "x"),), "does not verify"),
        ((small.cosignature(cp, "x"), plain), "expected 72 bytes"),
    ):
        with pytest.raises(SignatureInvalid, match=words):
            verify_cosignature(Note(body(cp), lines), x)


def test_the_time_is_signed(small) -> None:
    """Every bit of time and signature counts; a time of zero or 2^63 is none."""
    cp = small.checkpoint()
    x = small.witnesses[0]
    line = small.cosignature(cp, "x")
    for position in range(72 * 8):
        flipped = bytearray(line.sig)
        flipped[position // 8] ^= 1 << position % 8
        wrong = NoteSignature(line.name, line.key_id, bytes(flipped))
        with pytest.raises(SignatureInvalid):
            verify_cosignature(Note(body(cp), (wrong,)), x)
    for time in (0, 2**63):
        message = f"cosignature/v1\ntime {time}\n{body(cp)}".encode()
        sig = time.to_bytes(8, "big") + small.witness_keys[0].sign(message)
        with pytest.raises(SignatureInvalid, match="expected a time"):
            verify_cosignature(
                Note(body(cp), (NoteSignature(x.name, x.key_id, sig),)), x
            )


@pytest.mark.parametrize("time", [-1, 0, 2**63])
def test_times_have_bounds(small, time: int) -> None:
    """Nothing is cosigned before 1970 or beyond 2^63 - 1."""
    with pytest.raises(OutOfRange):
        small.cosignature(small.checkpoint(), "x", time)


def test_a_witness_key_is_its_verifier_key(small) -> None:
    """Spelled and read; a log's key is not a cosigner's."""
    witness = small.witnesses[0]
    assert WitnessKey.parse(str(witness)) == witness
    with pytest.raises(EncodingError, match="expected a witness key of type 4"):
        WitnessKey.parse(str(small.log_key))


def test_one_key_has_two_ids() -> None:
    """The key id tells a log's line from a witness's line of the same key."""
    raw = SigningKey.from_seed(bytes(32)).verify_key.raw
    assert note.key_id("a", note.ED25519, raw) != note.key_id(
        "a", note.COSIGNATURE_V1, raw
    )
