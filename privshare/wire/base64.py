"""Bytes as text, each in one spelling.

Statements carry bytes as unpadded base64url (`b64u`); DSSE envelopes and
signed notes carry them as padded standard base64 (`b64`). Both readers accept
exactly what the writers write: no whitespace, no other alphabet, no missing
or surplus padding, no stray bits in the last character.

Implements RFC 4648, sections 4 and 5, in the strict form of section 3.5.

>>> b64u(b"\\xff\\xfe")
'__4'
>>> unb64u("__4") == b"\\xff\\xfe"
True
"""

from __future__ import annotations

import binascii

from privshare.errors import EncodingError

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def b64(data: bytes) -> str:
    """Spell bytes in standard base64, padded."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def unb64(text: str, length: int | None = None) -> bytes:
    """Read standard base64.

    Args:
        text: Padded base64, RFC 4648 section 4.
        length: The number of bytes expected, or None for any.

    Raises:
        EncodingError: `text` is not what `b64` writes for any bytes, or the
            bytes are not `length` long.
    """
    data = _decode(text)
    if b64(data) != text:
        raise _not_base64("padded base64", text)
    return _of_length(data, length)


def b64u(data: bytes) -> str:
    """Spell bytes in base64url, unpadded."""
    text = binascii.b2a_base64(data, newline=False).rstrip(b"=")
    return text.translate(_TO_URL).decode("ascii")


def unb64u(text: str, length: int | None = None) -> bytes:
    """Read base64url.

    Args:
        text: Unpadded base64url, RFC 4648 section 5.
        length: The number of bytes expected, or None for any.

    Raises:
        EncodingError: `text` is not what `b64u` writes for any bytes, or the
            bytes are not `length` long.
    """
    data = _decode(text, _FROM_URL, "=" * (-len(text) % 4))
    if b64u(data) != text:
        raise _not_base64("unpadded base64url", text)
    return _of_length(data, length)


def _decode(text: str, table: bytes | None = None, padding: str = "") -> bytes:
    """Decode leniently; the caller compares with what it would have written."""
    try:
        return binascii.a2b_base64((text + padding).encode("ascii").translate(table))
    except (ValueError, UnicodeEncodeError):
        raise _not_base64("base64", text) from None


def _of_length(data: bytes, length: int | None) -> bytes:
    if length is not None and len(data) != length:
        raise EncodingError(f"expected {length} bytes in base64, found {len(data)}")
    return data


def _not_base64(expected: str, text: str) -> EncodingError:
    return EncodingError(
        f"expected canonical {expected}, found another {len(text)} characters"
    )
