"""Paillier keys as JSON web keys: what the tool `pheutil` reads and writes.

    public   {"kty":"DAJ","alg":"PAI-GN1","key_ops":["encrypt"],"n":b64u,"kid":text}
    private  {"kty":"DAJ","key_ops":["decrypt"],"p":b64u,"q":b64u,"pub":{…},"kid":text}

Numbers are big-endian bytes in base64url without padding. An imported key goes
through the same checks as every other: 2048 or 3072 bits, no weak modulus, and
p · q = n. `kid` is a comment there, so it is not compared with ours.

Format: phe 1.5.0, `phe/command_line.py`; docs/formats/paillier-column.md.

>>> from privshare.schemes.paillier import PaillierPrivateKey
>>> key = PaillierPrivateKey.generate(2048)
>>> public_from_jwk(public_to_jwk(key.public)) == key.public
True
"""

from __future__ import annotations

import json
from typing import Any

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.wire.base64 import b64u, unb64u

__all__ = [
    "object_of",
    "private_from_jwk",
    "private_to_jwk",
    "public_from_jwk",
    "public_to_jwk",
]

_KTY = "DAJ"
_ALG = "PAI-GN1"
_MAX_TEXT = 1 << 14


def public_to_jwk(key: PaillierPublicKey, kid: str | None = None) -> str:
    """Write a public key as `pheutil extract` does.

    Args:
        key: The key.
        kid: A comment; by default the key's id.
    """
    return json.dumps(_public(key, kid))


def private_to_jwk(key: PaillierPrivateKey, kid: str | None = None) -> str:
    """Write a private key as `pheutil genpkey` does.

    Secret: whoever has the text decrypts. It is not protected by a passphrase;
    the project's own key files are.
    """
    size = key.public.size // 2
    return json.dumps(
        {
            "kty": _KTY,
            "key_ops": ["decrypt"],
            "p": b64u(key._p.to_bytes(size, "big")),
            "q": b64u(key._q.to_bytes(size, "big")),
            "pub": _public(key.public, kid),
            "kid": kid or key.public.kid,
        }
    )


def public_from_jwk(text: str) -> PaillierPublicKey:
    """Read a public key.

    Raises:
        EncodingError: Not such a key.
        OutOfRange: A modulus that may not be used.
    """
    return _read_public(object_of(text, _MAX_TEXT))


def private_from_jwk(text: str) -> PaillierPrivateKey:
    """Read a private key.

    Raises:
        EncodingError: Not such a key.
        OutOfRange: Factors that may not be used, or that are not those of the
            public part.
    """
    fields = object_of(text, _MAX_TEXT)
    _expect(fields, "kty", _KTY)
    _expect(fields, "key_ops", ["decrypt"])
    pub = fields.get("pub")
    if not isinstance(pub, dict):
        raise EncodingError("expected a private key with its public part, found none")
    public = _read_public(pub)
    p, q = _number(fields, "p"), _number(fields, "q")
    if p * q != public.n:
        raise OutOfRange("expected p and q whose product is n, found others")
    return PaillierPrivateKey(p, q)


def _public(key: PaillierPublicKey, kid: str | None) -> dict[str, Any]:
    return {
        "kty": _KTY,
        "alg": _ALG,
        "key_ops": ["encrypt"],
        "n": b64u(key.to_bytes()),
        "kid": kid or key.kid,
    }


def _read_public(fields: dict[str, Any]) -> PaillierPublicKey:
    _expect(fields, "kty", _KTY)
    _expect(fields, "alg", _ALG)
    _expect(fields, "key_ops", ["encrypt"])
    return PaillierPublicKey(_number(fields, "n"))


def _expect(fields: dict[str, Any], name: str, value: Any) -> None:
    if fields.get(name) != value:
        raise EncodingError(
            f"expected a key with {name} {json.dumps(value)}, found another",
            fix="give a key that pheutil wrote",
        )


def _number(fields: dict[str, Any], name: str) -> int:
    text = fields.get(name)
    if not isinstance(text, str):
        raise EncodingError(f"expected {name} as base64url, found none")
    return int.from_bytes(unb64u(text), "big")


def object_of(text: str, limit: int) -> dict[str, Any]:
    """Read a JSON object of at most so many characters, each name once.

    Raises:
        EncodingError: Something else.
    """
    if not isinstance(text, str) or len(text) > limit:
        raise EncodingError(f"expected JSON text of at most {limit} characters")
    try:
        found = json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_float=_no_number,
        )
    except (ValueError, RecursionError):
        raise EncodingError("expected a JSON object, found other text") from None
    if not isinstance(found, dict):
        raise EncodingError("expected a JSON object, found another value")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError("no integer")
