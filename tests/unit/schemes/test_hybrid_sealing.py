"""Hybrid sealed messages: opened by one key, for one purpose, unaltered."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hpke

from privshare.errors import EncodingError, VerificationError
from privshare.schemes import hybrid_sealing, sealing
from privshare.schemes.hybrid_sealing import (
    KEY_BYTES,
    OVERHEAD_BYTES,
    HybridKey,
    HybridPublicKey,
    available,
    seal,
)
from privshare.wire import domain
from privshare.wire.digest import tagged

KEY = HybridKey.from_seed(bytes(range(32)))


def test_round_trip() -> None:
    """What was sealed opens, with the overhead that is declared."""
    assert available()
    for text in (b"", b"x", bytes(5000)):
        sealed = seal(KEY.public_key, text, b"info", b"aad")
        assert len(sealed) == OVERHEAD_BYTES + len(text)
        assert KEY.open(sealed, b"info", b"aad") == text


def test_is_hpke_of_the_library() -> None:
    """The suite is MLKEM768-X25519, HKDF-SHA256, ChaCha20-Poly1305, base mode."""
    suite = hpke.Suite(
        hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305
    )
    sealed = seal(KEY.public_key, b"text", b"info", b"aad")
    info = tagged(domain.SEAL_HYBRID, b"info", b"aad")
    assert suite.decrypt(sealed, KEY._key, info) == b"text"


def test_keys_come_back() -> None:
    """A seed gives the same key each time; public keys survive their bytes."""
    again = HybridKey.from_seed(KEY.seed())
    assert again.public_key == KEY.public_key
    raw = KEY.public_key.raw
    assert len(raw) == KEY_BYTES
    sealed = seal(HybridPublicKey(raw), b"text", b"")
    assert KEY.open(sealed, b"") == b"text"
    assert len(KEY.public_key.kid) == 43
    digest = hashlib.sha256(raw).hexdigest()
    assert digest[:16] == "c9a3565ffde4f72b"


@pytest.mark.parametrize("at", [0, 600, 1087, 1088, 1119, 1120, -1])
def test_altered_messages(at: int) -> None:
    """A changed byte anywhere, and the message does not open."""
    sealed = bytearray(seal(KEY.public_key, b"text", b"info"))
    sealed[at] ^= 1
    with pytest.raises(VerificationError):
        KEY.open(bytes(sealed), b"info")


def test_other_purposes() -> None:
    """Another key, other info, another aad, or too short: one face."""
    sealed = seal(KEY.public_key, b"text", b"info", b"aad")
    other = HybridKey.generate()
    for key, message, info, aad in (
        (other, sealed, b"info", b"aad"),
        (KEY, sealed, b"inf", b"aad"),
        (KEY, sealed, b"info", b""),
        (KEY, sealed, b"infoa", b"ad"),
        (KEY, sealed[:100], b"info", b"aad"),
        (KEY, b"", b"info", b"aad"),
    ):
        with pytest.raises(VerificationError):
            key.open(message, info, aad)


def test_bad_keys() -> None:
    """Keys of another length or form are refused."""
    raw = KEY.public_key.raw
    for bad in (
        raw[:-1],
        raw + b"x",
        b"",
        b"\xff" * KEY_BYTES,
        raw[:-32] + b"\xff" * 32,
    ):
        with pytest.raises(EncodingError):
            HybridPublicKey(bad)
    with pytest.raises(EncodingError):
        HybridKey(bytes(31))
    small = HybridPublicKey(raw[:-32] + bytes(32))
    with pytest.raises(EncodingError):
        seal(small, b"", b"")


def test_sizes_differ_from_plain_sealing() -> None:
    """The two profiles cannot be taken for each other."""
    assert hybrid_sealing.KEY_BYTES != sealing.KEY_BYTES
    assert domain.SEAL != domain.SEAL_HYBRID
