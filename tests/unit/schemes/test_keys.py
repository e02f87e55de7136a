"""Keys: signing, sealing, and secrets at rest."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from privshare.errors import (
    EncodingError,
    NotFound,
    OutOfRange,
    SignatureInvalid,
    VerificationError,
)
from privshare.schemes import keys
from privshare.schemes.key_file import Passphrase
from privshare.schemes.keys import (
    SealKey,
    SealPublicKey,
    SigningKey,
    VerifyKey,
    key_id,
    paillier_kid,
    protect,
    seal,
    sign_envelope,
    unprotect,
    verify_envelope,
)
from privshare.wire import canonical, domain
from privshare.wire.digest import digest_text, tagged
from privshare.wire.envelope import Envelope, Signature, media_type

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P

ALICE = SigningKey.from_seed(b"a" * 32)
BOB = SigningKey.from_seed(b"b" * 32)
KEYS = {key.verify_key.kid: key.verify_key for key in (ALICE, BOB)}


def resolve(kid: str) -> VerifyKey:
    try:
        return KEYS[kid]
    except KeyError:
        raise NotFound(f"no key {kid}") from None


def test_a_signature_verifies_under_its_key_alone() -> None:
    """RFC 8032 test 1; another key, message or signature is refused."""
    key = SigningKey.from_seed(
        bytes.fromhex(
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        )
    )
    assert key.verify_key.raw.hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    sig = key.sign(b"")
    assert sig.hex().startswith("e5564300c360ac729086e2cc806e828a")
    key.verify_key.verify(sig, b"")
    with pytest.raises(SignatureInvalid, match=key.verify_key.kid):
        key.verify_key.verify(sig, b"x")
    with pytest.raises(SignatureInvalid):
        ALICE.verify_key.verify(sig, b"")
    for wrong in (b"", sig[:-1], sig + b"\0", bytes(64)):
        with pytest.raises(SignatureInvalid):
            key.verify_key.verify(wrong, b"")


def test_every_bit_of_a_signature_counts() -> None:
    """No flipped bit in signature, key or message verifies."""
    sig = ALICE.sign(b"m")
    for position in range(512):
        flipped = bytearray(sig)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(SignatureInvalid):
            ALICE.verify_key.verify(bytes(flipped), b"m")
    for position in range(256):
        flipped = bytearray(ALICE.verify_key.raw)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(SignatureInvalid):
            VerifyKey(bytes(flipped)).verify(sig, b"m")


def test_small_order_keys_are_refused() -> None:
    """The table of y coordinates is recomputed from the curve's equation."""
    # d y^4 + 2 y^2 - 1 = 0, so y^2 = (-1 +- sqrt(1 + d)) / d, of which one
    # is a square.
    roots = {
        y
        for s in square_roots((1 + D) % P)
        for y in square_roots((s - 1) * pow(D, -1, P) % P)
    }
    assert len(roots) == 2
    expected = {0, 1, P - 1} | roots
    assert expected == keys._SMALL_ORDER_Y
    for y in expected:
        for sign in (0, 1 << 255):
            with pytest.raises(EncodingError, match="small order"):
                VerifyKey((y | sign).to_bytes(32, "little"))


def square_roots(a: int) -> set[int]:
    """Square roots modulo P = 5 mod 8, by the rule of RFC 8032 section 5.1.3."""
    root = pow(a, (P + 3) // 8, P)
    if root * root % P != a:
        root = root * pow(2, (P - 1) // 4, P) % P
    return {root, P - root} if root * root % P == a else set()


@pytest.mark.parametrize("y", [P, P + 1, P + 2, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_non_canonical_keys_are_refused(y: int, sign: int) -> None:
    """A key has one encoding."""
    with pytest.raises(EncodingError, match="canonical"):
        VerifyKey((y | sign).to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_keys_have_32_bytes(size: int) -> None:
    """Seeds and public keys of another length are refused."""
    for make in (SigningKey.from_seed, SealKey.from_seed, VerifyKey, SealPublicKey):
        with pytest.raises(EncodingError):
            make(bytes(size))


def test_a_string_that_is_no_point_verifies_nothing() -> None:
    """About half of all encodings are no point; such a key has no signatures."""
    for y in range(2, 40):
        x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        if not square_roots(x2):
            break
    with pytest.raises((SignatureInvalid, EncodingError)):
        VerifyKey(y.to_bytes(32, "little")).verify(ALICE.sign(b"m"), b"m")


def test_a_kid_is_a_tagged_digest() -> None:
    """The same bytes under another algorithm have another name."""
    raw = ALICE.verify_key.raw
    assert ALICE.verify_key.kid == digest_text(tagged(domain.KEY_ID, b"ed25519", raw))
    assert SealPublicKey(raw).kid == key_id("x25519", raw) != ALICE.verify_key.kid
    assert paillier_kid(0x01FF) == key_id("paillier", b"\x01\xff")
    assert paillier_kid(1 << 3071) == key_id("paillier", b"\x80" + bytes(383))


@pytest.mark.parametrize("key", [ALICE, SealKey.generate()])
def test_a_secret_key_stays_where_it_is(key: Any) -> None:
    """Not shown, not pickled, not copied; no attributes beside its own."""
    assert key.seed().hex() not in repr(key)
    assert repr(key) == f"<{type(key).__name__} (secret)>"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)
    for leave in (copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            leave(key)
    with pytest.raises(AttributeError):
        key.note = 1


def test_generated_keys_differ_and_come_back_from_their_seed() -> None:
    """The seed is the whole secret."""
    first, second = SigningKey.generate(), SigningKey.generate()
    assert first.verify_key != second.verify_key
    assert SigningKey.from_seed(first.seed()).verify_key == first.verify_key
    sealing = SealKey.generate()
    assert SealKey.from_seed(sealing.seed()).public_key == sealing.public_key
    assert hash(first.verify_key) == hash(VerifyKey(first.verify_key.raw))


def test_an_envelope_is_signed_by_all_its_keys() -> None:
    """Signatures are sorted by kid and all of them verify."""
    env = sign_envelope(media_type("tx"), b"{}", [ALICE, BOB])
    assert [s.keyid for s in env.signatures] == sorted(KEYS)
    assert sign_envelope(media_type("tx"), b"{}", [BOB, ALICE]) == env
    assert verify_envelope(env, resolve) == b"{}"


def test_one_bad_signature_spoils_an_envelope() -> None:
    """Type, payload, signatures and key ids are all covered."""
    env = sign_envelope("t", b"{}", [ALICE, BOB])
    first, second = env.signatures
    stranger = sign_envelope("t", b"{}", [SigningKey.generate()]).signatures[0]
    for wrong in (
        Envelope("u", env.payload, env.signatures),
        Envelope("t", b"{ }", env.signatures),
        Envelope("t", b"{}", (Signature(first.keyid, second.sig), second)),
        Envelope("t", b"{}", (first, Signature(second.keyid, first.sig))),
    ):
        with pytest.raises(SignatureInvalid):
            verify_envelope(wrong, resolve)
    mixed = tuple(sorted((first, stranger), key=lambda s: s.keyid))
    with pytest.raises(NotFound):
        verify_envelope(Envelope("t", b"{}", mixed), resolve)
    with pytest.raises(SignatureInvalid, match="expected key"):
        verify_envelope(sign_envelope("t", b"", [ALICE]), lambda _kid: BOB.verify_key)


def test_an_envelope_needs_different_keys() -> None:
    """None, and the same key twice, are refused."""
    for wrong in ([], [ALICE, ALICE]):
        with pytest.raises(EncodingError):
            sign_envelope("t", b"", wrong)


def test_a_sealed_message_opens_for_its_recipient() -> None:
    """The same key, info and associated data; 48 bytes longer; never the same."""
    key = SealKey.generate()
    for plaintext in (b"", b"row", bytes(100_000)):
        sealed = seal(key.public_key, plaintext, b"disclosure", b"row 7")
        assert len(sealed) == len(plaintext) + 48
        assert key.open(sealed, b"disclosure", b"row 7") == plaintext
        assert seal(key.public_key, plaintext, b"disclosure", b"row 7") != sealed


def test_a_sealed_message_is_hpke() -> None:
    """A plain RFC 9180 recipient opens it with the tagged info."""
    key = SealKey.from_seed(b"s" * 32)
    sealed = seal(key.public_key, b"row", b"i", b"a")
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    private = X25519PrivateKey.from_private_bytes(b"s" * 32)
    info = tagged(domain.SEAL, b"i", b"a")
    assert suite.decrypt(sealed, private, info) == b"row"


def test_a_sealed_message_has_one_face_of_failure() -> None:
    """Wrong key, info, data, length or bit: one error with one message."""
    key = SealKey.generate()
    sealed = seal(key.public_key, b"row", b"info", b"aad")
    attempts = [
        (SealKey.generate(), sealed, b"info", b"aad"),
        (key, sealed, b"inf", b"oaad"),
        (key, sealed, b"aad", b"info"),
        (key, sealed, b"info", b""),
        (key, sealed[:-1], b"info", b"aad"),
        (key, sealed + b"\0", b"info", b"aad"),
        (key, b"", b"info", b"aad"),
        (key, sealed[:32], b"info", b"aad"),
        (key, bytes(32) + sealed[32:], b"info", b"aad"),
    ]
    for position in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[position // 8] ^= 1 << position % 8
        attempts.append((key, bytes(flipped), b"info", b"aad"))
    messages = set()
    for opener, data, info, aad in attempts:
        with pytest.raises(VerificationError) as refusal:
            opener.open(data, info, aad)
        messages.add(str(refusal.value))
    assert len(messages) == 1


@pytest.mark.parametrize("u", [0, 1, P - 1])
def test_nothing_is_sealed_for_a_small_order_key(u: int) -> None:
    """A key whose shared secret everybody knows is refused."""
    with pytest.raises(EncodingError, match="small order"):
        seal(SealPublicKey(u.to_bytes(32, "little")), b"row", b"")


@pytest.mark.parametrize("u", [P, P + 9, 2**255 - 1, 2**255 + 9, 2**256 - 1])
def test_a_sealing_key_has_one_encoding(u: int) -> None:
    """u of 2^255 - 19 and more are refused, so kids are one to one."""
    with pytest.raises(EncodingError, match="canonical"):
        SealPublicKey(u.to_bytes(32, "little"))


def test_a_key_file_opens_with_its_passphrase() -> None:
    """Salt and nonce are drawn; forms of one passphrase are one passphrase."""
    blob = protect(b"seed", "Zo\u00eb", n_log2=14)
    assert unprotect(blob, "Zoe\u0308") == b"seed"
    assert protect(b"seed", "Zo\u00eb", n_log2=14) != blob
    with pytest.raises(VerificationError, match=r"^passphrase does not open"):
        unprotect(blob, "zo\u00eb")


def test_a_key_file_is_stable() -> None:
    """A file of today opens tomorrow: fixed salt and nonce give fixed bytes."""
    blob = protect(b"seed", "pass", salt=bytes(16), nonce=bytes(12), n_log2=14)
    assert json.loads(blob) == {
        "aead": "chacha20-poly1305",
        "ciphertext": "JhFByj4U3Qnk75S7-ORqtjienU0",
        "kdf": {
            "n_log2": 14,
            "name": "scrypt",
            "p": 1,
            "r": 8,
            "salt": "AAAAAAAAAAAAAAAAAAAAAA",
        },
        "nonce": "AAAAAAAAAAAAAAAA",
        "type": "privshare.key",
        "v": 1,
    }


def test_every_field_of_a_key_file_is_bound() -> None:
    """A changed salt, cost, nonce or ciphertext does not open; others are refused."""
    blob = protect(b"seed", "pass", n_log2=14)
    value: Any = canonical.decode(blob)
    other: Any = canonical.decode(protect(b"seed", "pass", n_log2=14))

    def changed(**changes: Any) -> bytes:
        return canonical.encode({**value, **changes})

    def kdf(**changes: Any) -> bytes:
        return changed(kdf={**value["kdf"], **changes})

    for altered in (
        kdf(salt=other["kdf"]["salt"]),
        kdf(n_log2=15),
        changed(nonce=other["nonce"]),
        changed(ciphertext=other["ciphertext"]),
        changed(ciphertext=""),
    ):
        with pytest.raises(VerificationError):
            unprotect(altered, "pass")
    for malformed in (
        kdf(r=16),
        kdf(p=2),
        kdf(name="pbkdf2"),
        kdf(salt="AAAA"),
        kdf(more=1),
        changed(v=2),
        changed(type="key"),
        changed(aead="aes-gcm"),
        changed(nonce="AAAA"),
        changed(more=1),
        blob + b"\n",
        b"{}",
    ):
        with pytest.raises(EncodingError):
            unprotect(malformed, "pass")
    for costly in (kdf(n_log2=21), kdf(n_log2=13), kdf(n_log2=0)):
        with pytest.raises(OutOfRange):
            unprotect(costly, "pass")


def test_protect_has_bounds() -> None:
    """Passphrase, cost, secret, salt and nonce each have theirs."""
    for passphrase in ("", "p" * 1025):
        with pytest.raises(OutOfRange):
            protect(b"seed", passphrase, n_log2=14)
    with pytest.raises(EncodingError):
        protect(b"seed", "\ud800", n_log2=14)
    for n_log2 in (13, 21):
        with pytest.raises(OutOfRange):
            protect(b"seed", "pass", n_log2=n_log2)
    with pytest.raises(OutOfRange):
        protect(bytes(65537), "pass", n_log2=14)
    with pytest.raises(EncodingError):
        protect(b"seed", "pass", salt=bytes(15), n_log2=14)
    with pytest.raises(EncodingError):
        protect(b"seed", "pass", nonce=bytes(13), n_log2=14)


def test_files_under_one_salt_share_their_key() -> None:
    """An opened passphrase derives each (salt, cost) once, and opens all files."""
    opened, salt = Passphrase("correct horse"), bytes(16)
    blobs = [protect(b"%d" % i, opened, salt=salt, n_log2=14) for i in range(3)]
    assert len(set(blobs)) == 3
    assert opened.key(salt, 14) is opened.key(salt, 14)
    assert [unprotect(blob, Passphrase("correct horse")) for blob in blobs] == [
        b"0",
        b"1",
        b"2",
    ]
    assert unprotect(blobs[0], "correct horse") == b"0"
    assert "horse" not in repr(opened)
