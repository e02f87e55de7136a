"""Digests: SHA-256, always under a tag that says what was hashed.

Records, transactions, state and keys are named by digests. `tagged` is the
one way to make them: the tag and the length of every part go into the hash,
so no two different inputs are the same bytes. Plain `sha256` stays for the
formats of others (Merkle trees, key ids of notes, files).

    digest = SHA-256(u8 len(tag) || tag || for each part: u64 len || part)

with big-endian lengths. The text form of a digest is unpadded base64url, 43
characters (`digest_text`). Implements docs/formats/envelope.md, "Digests";
the hash is FIPS 180-4 in the C core.

>>> from privshare.wire import domain
>>> digest_text(tagged(domain.TX_ID, b"payload"))
'hx8fcLCmJZ-K6J6pKLoCfURzK9HpL3Gy2coWQn_VCFk'
"""

from __future__ import annotations

import struct

from privshare.bindings import hash as native
from privshare.wire.base64 import b64u, unb64u
from privshare.wire.canonical import encode
from privshare.wire.value import Encodable

DIGEST_BYTES = 32

_U64 = struct.Struct(">Q")


def sha256(data: bytes) -> bytes:
    """SHA-256 of `data`, 32 bytes, with no domain separation."""
    return native.sha256(data)


def tagged(tag: bytes, *parts: bytes) -> bytes:
    """Hash parts under a domain tag.

    Args:
        tag: One of `privshare.wire.domain`, at most 255 bytes.
        *parts: Any number of byte strings, each of any length.

    Returns:
        32 bytes, injective in (tag, parts) up to collisions of SHA-256.
    """
    pieces = [bytes((len(tag),)), tag]
    for part in parts:
        pieces.append(_U64.pack(len(part)))
        pieces.append(part)
    return native.sha256(b"".join(pieces))


def digest_json(tag: bytes, value: Encodable) -> bytes:
    """Hash the canonical bytes of a JSON value under a domain tag.

    Raises:
        EncodingError: The value has no canonical bytes.
        OutOfRange: An integer of 2^53 or more in size.
    """
    return tagged(tag, encode(value))


def digest_text(digest: bytes) -> str:
    """Spell a digest: 43 characters of base64url."""
    return b64u(digest)


def parse_digest(text: str) -> bytes:
    """Read a digest.

    Raises:
        EncodingError: Not the base64url of 32 bytes.
    """
    return unb64u(text, DIGEST_BYTES)
