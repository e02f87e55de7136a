"""Signed statements in transit: the DSSE envelope.

Every statement of PrivShare travels as an envelope: its exact bytes, their
type, and one to eight signatures over both. This module lays envelopes out
and reads them; `schemes.keys` signs and verifies, and a statement's own `open`
gives the payload a meaning.

    statement ─► canonical.encode ─► keys.sign_envelope ─► encode ─► node

Implements DSSE v1 (Dead Simple Signing Envelope: protocol and JSON envelope)
in the strict profile of docs/formats/envelope.md: canonical JSON, signatures
sorted by key id, each key once.

>>> envelope = Envelope(media_type("note"), b"{}", (Signature("k1", b"sig"),))
>>> encode(envelope)[:40]
b'{"payload":"e30=","payloadType":"applica'
>>> decode(encode(envelope)) == envelope
True
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from privshare.errors import EncodingError
from privshare.wire import canonical
from privshare.wire.base64 import b64, unb64
from privshare.wire.fields import Fields
from privshare.wire.value import MAX_BYTES, Json

MAX_SIGNATURES = 8
MAX_SIGNATURE_BYTES = 8192  # room for post-quantum signatures
MAX_KEYID = 128
MAX_TYPE = 128

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature over an envelope's `pae`.

    Args:
        keyid: Names the key: 1 to `MAX_KEYID` printable ASCII characters.
        sig: 1 to `MAX_SIGNATURE_BYTES` bytes; 64 for Ed25519.

    Raises:
        EncodingError: A key id or a signature outside these bounds.
    """

    keyid: str
    sig: bytes

    def __post_init__(self) -> None:
        _check_text("key id", self.keyid, MAX_KEYID)
        if not 1 <= len(self.sig) <= MAX_SIGNATURE_BYTES:
            raise EncodingError(
                f"expected a signature of 1 to {MAX_SIGNATURE_BYTES} bytes, "
                f"found {len(self.sig)}"
            )


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its type, and signatures that nobody has verified yet.

    Args:
        payload_type: Media type, 1 to `MAX_TYPE` printable ASCII characters.
        payload: The exact bytes that were signed.
        signatures: 1 to `MAX_SIGNATURES`, sorted by key id, each key once.

    Raises:
        EncodingError: A type or signatures outside these bounds.
    """

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        _check_text("payload type", self.payload_type, MAX_TYPE)
        keyids = [signature.keyid for signature in self.signatures]
        if not 1 <= len(keyids) <= MAX_SIGNATURES:
            raise EncodingError(
                f"expected 1 to {MAX_SIGNATURES} signatures, found {len(keyids)}"
            )
        if any(a >= b for a, b in pairwise(keyids)):
            raise EncodingError(
                "expected signatures sorted by key id, each key once, found another "
                "order"
            )


def media_type(name: str) -> str:
    """The payload type of PrivShare's statement `name`.

    >>> media_type("tx")
    'application/vnd.privshare.tx+json'
    """
    return f"application/vnd.privshare.{name}+json"


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding.

    "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload, lengths in
    decimal, so that type and payload cannot trade bytes.
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def to_json(envelope: Envelope) -> dict[str, Json]:
    """The envelope as a JSON object, to stand inside another statement."""
    return {
        "payload": b64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"keyid": signature.keyid, "sig": b64(signature.sig)}
            for signature in envelope.signatures
        ],
    }


def from_json(obj: object) -> Envelope:
    """Read an envelope that stands inside another statement.

    Raises:
        EncodingError: A field missing, unknown, of another type, or out of
            the bounds of `Envelope`; base64 that is not canonical.
    """
    fields = Fields(obj, "envelope")
    payload = _unb64(fields.str("payload", max=MAX_BYTES))
    payload_type = fields.str("payloadType", max=MAX_TYPE)
    signatures = tuple(
        _signature(item) for item in fields.objs("signatures", MAX_SIGNATURES)
    )
    fields.end()
    return Envelope(payload_type, payload, signatures)


def encode(envelope: Envelope) -> bytes:
    """The canonical bytes of an envelope."""
    return canonical.encode(to_json(envelope))


def decode(data: bytes, *, max_bytes: int = MAX_BYTES) -> Envelope:
    """Read the canonical bytes of an envelope, and only those.

    Raises:
        EncodingError: Anything that `encode` does not write.
    """
    return from_json(canonical.decode(data, max_bytes=max_bytes))


def _signature(fields: Fields) -> Signature:
    keyid = fields.str("keyid", max=MAX_KEYID)
    sig = _unb64(fields.str("sig", max=2 * MAX_SIGNATURE_BYTES))
    fields.end()
    return Signature(keyid, sig)


def _unb64(text: str) -> bytes:
    try:
        return unb64(text)
    except EncodingError as error:
        raise EncodingError(f"envelope: {error.message}") from None


def _check_text(name: str, text: str, max_length: int) -> None:
    if len(text) > max_length or not _PRINTABLE.fullmatch(text):
        raise EncodingError(
            f"expected a {name} of 1 to {max_length} printable ASCII characters, "
            f"found another string of {len(text)}"
        )
