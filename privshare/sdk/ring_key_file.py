"""A ring member's key, as files: encrypted, and its public part beside it.

The public part goes to whoever registers the ring. The key signs anonymous
statements and nothing else; it is never the key that signs requests.

    create_ring_key ─► me.ring, me.ring.pub ─► steward registers ─► open_ring_key

>>> from privshare.schemes.ring_key import RingKey
>>> public = RingKey.generate().public
>>> decode_public(encode_public(public)) == public
True
"""

from __future__ import annotations

from pathlib import Path

from privshare.errors import ConfigError, EncodingError
from privshare.schemes.key_file import Passphrase, protect, unprotect
from privshare.schemes.key_id import key_id
from privshare.schemes.ring_key import ALGORITHM, RingKey, check_public
from privshare.sdk.wallet import (
    PUBLIC_SUFFIX,
    check_mode,
    public_path,
    read_file,
    write_new,
)
from privshare.wire.canonical import Fields, b64u, decode, encode

_BYTES = 32


def create_ring_key(path: Path, passphrase: str | Passphrase) -> bytes:
    """Make a key, and write both its files.

    Args:
        path: Where the encrypted key goes; the public part goes beside it.
        passphrase: Opens the key file; not empty.

    Returns:
        The public key, 32 bytes.

    Raises:
        ConfigError: The passphrase is empty.
        Conflict: A file of that name is there.
    """
    if not passphrase:
        raise ConfigError("expected a passphrase for the new key, found an empty one")
    key = RingKey.generate()
    salt = passphrase.salt if isinstance(passphrase, Passphrase) else None
    write_new(path, protect(key.to_bytes(), passphrase, salt=salt), 0o600)
    write_new(public_path(path), encode_public(key.public), 0o644)
    return key.public


def open_ring_key(path: Path, passphrase: str | Passphrase) -> RingKey:
    """Read a key file.

    Raises:
        NotFound: There is no such file.
        ConfigError: Others on this computer can read it.
        VerificationError: The passphrase does not open it.
        EncodingError: It is not a ring member's key file.
    """
    blob = read_file(path, "a key file")
    check_mode(path)
    secret = unprotect(blob, passphrase)
    if len(secret) != _BYTES:
        raise EncodingError(
            f"expected a ring member's key of {_BYTES} bytes in {path}, found "
            f"{len(secret)}"
        )
    key = RingKey.from_bytes(secret)
    if public_path(path).exists() and public_ring_key(path) != key.public:
        raise EncodingError(
            f"expected in {path} the ring member's key of {public_path(path)}, found "
            "another",
            fix="privshare ring new-key FILE makes the right kind of key",
        )
    return key


def public_ring_key(path: Path) -> bytes:
    """Read the public part that lies beside a key file; needs no passphrase.

    Args:
        path: The key file, or the public file itself.

    Raises:
        NotFound: There is no such file.
        EncodingError: It is not a ring member's public key file.
    """
    if path.suffix != PUBLIC_SUFFIX:
        path = public_path(path)
    return decode_public(read_file(path, "a public key file"))


def encode_public(public: bytes) -> bytes:
    """Lay a public key out as its file holds it."""
    return encode(
        {
            "alg": ALGORITHM,
            "kid": key_id(ALGORITHM, public),
            "pub": b64u(public),
            "type": "privshare.public-key",
            "v": 1,
        }
    )


def decode_public(data: bytes) -> bytes:
    """Read what `encode_public` wrote.

    Raises:
        EncodingError: Something else, or a kid that is not the key's.
    """
    fields = Fields(decode(data.strip()), where="public key")
    fields.constant("alg", ALGORITHM)
    fields.constant("type", "privshare.public-key")
    fields.constant("v", 1)
    kid = fields.str("kid", max=43)
    public = fields.bytes("pub", _BYTES)
    fields.end()
    check_public(public, "public key")
    if key_id(ALGORITHM, public) != kid:
        raise EncodingError("public key: expected the kid of the key, found another")
    return public
