"""Signed notes: text with signatures below, as transparency logs write them.

A checkpoint is a note. This module lays notes and verifier keys out and reads
them; it verifies nothing (`schemes.keys`, `log.checkpoint`, `log.witness`).
What `parse` accepts, `format` writes back byte for byte.

Implements C2SP signed-note v1.0.0, with at most 100 signatures in a note of
at most 1 MB.

>>> vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
>>> parse_vkey(vkey).name
'example.com/foo'
>>> note = parse("hi\\n\\n— example.com/foo Uw2QOgAA\\n".encode())
>>> note.text, note.signatures[0].key_id == parse_vkey(vkey).key_id
('hi\\n', True)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from privshare.bindings.hash import sha256
from privshare.errors import EncodingError
from privshare.wire.base64 import b64, unb64

ED25519 = 0x01
COSIGNATURE_V1 = 0x04

MAX_NOTE_BYTES = 1_000_000
MAX_NOTE_SIGNATURES = 100
MAX_NAME = 255
KEY_ID_BYTES = 4

_EM_DASH = "\u2014"
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_HEX8 = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note.

    Args:
        name: The signer's key name.
        key_id: Four bytes that tell keys of one name apart.
        sig: What follows the key id: the signature, for a cosignature with
            its timestamp in front. At least one byte.

    Raises:
        EncodingError: A name, key id or signature that no note can hold.
    """

    name: str
    key_id: bytes
    sig: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES:
            raise EncodingError(
                f"expected a key id of {KEY_ID_BYTES} bytes, found {len(self.key_id)}"
            )
        if not self.sig:
            raise EncodingError("expected a signature after the key id, found none")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and signatures that nobody has verified yet.

    Args:
        text: Ends in a newline, which is part of what is signed.
        signatures: 1 to `MAX_NOTE_SIGNATURES`, in the order of their lines.

    Raises:
        EncodingError: A text or signatures that no note can hold.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise EncodingError("expected a text that ends in a newline")
        if _CONTROL.search(self.text):
            raise EncodingError("expected text, found a control character")
        if not 1 <= len(self.signatures) <= MAX_NOTE_SIGNATURES:
            raise EncodingError(
                f"expected 1 to {MAX_NOTE_SIGNATURES} signature lines, found "
                f"{len(self.signatures)}"
            )


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: whom to believe, by name, algorithm and public key.

    Args:
        name: The key name of its signature lines.
        alg: Signature type: `ED25519`, `COSIGNATURE_V1`, or another below
            256 that we only carry.
        public_key: The key material, 32 bytes for both of ours.

    Raises:
        EncodingError: A name, algorithm or key of another form.
    """

    name: str
    alg: int
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 0 <= self.alg <= 0xFF:
            raise EncodingError(f"expected a signature type of one byte: {self.alg}")
        if not self.public_key:
            raise EncodingError("expected a public key, found none")
        if self.alg in (ED25519, COSIGNATURE_V1) and len(self.public_key) != 32:
            raise EncodingError(
                f"expected an Ed25519 key of 32 bytes, found {len(self.public_key)}"
            )

    @property
    def key_id(self) -> bytes:
        """The four bytes in front of this key's signatures."""
        return key_id(self.name, self.alg, self.public_key)

    def __str__(self) -> str:
        return encode_vkey(self)


def check_name(name: str) -> None:
    """Refuse what cannot be a key name.

    Raises:
        EncodingError: Empty, longer than `MAX_NAME`, or with a space, a plus
            sign, a control character or a lone surrogate.
    """
    if not 1 <= len(name) <= MAX_NAME:
        raise EncodingError(
            f"expected a key name of 1 to {MAX_NAME} characters, found {len(name)}"
        )
    if "+" in name or _CONTROL.search(name) or any(map(str.isspace, name)):
        raise EncodingError("expected a key name without space or plus sign")
    _utf8(name)


def key_id(name: str, alg: int, pub: bytes) -> bytes:
    """SHA-256(name || newline || alg || public key), its first four bytes."""
    return sha256(_utf8(name) + b"\n" + bytes((alg,)) + pub)[:KEY_ID_BYTES]


def encode_vkey(vkey: Vkey) -> str:
    """Spell a verifier key: name+hex(key id)+base64(alg || public key)."""
    material = bytes((vkey.alg,)) + vkey.public_key
    return f"{vkey.name}+{vkey.key_id.hex()}+{b64(material)}"


def parse_vkey(text: str) -> Vkey:
    """Read a verifier key.

    Raises:
        EncodingError: Not what `encode_vkey` writes, or a key id that is not
            this key's.
    """
    # Base64 has plus signs of its own: only the first two separate.
    parts = text.split("+", 2)
    if len(parts) != 3 or not _HEX8.fullmatch(parts[1]):
        raise EncodingError("expected a verifier key name+hex+base64, found another")
    name, key_id_hex, material_b64 = parts
    material = unb64(material_b64)
    if not material:
        raise EncodingError("expected a signature type and a public key, found none")
    vkey = Vkey(name, material[0], material[1:])
    if vkey.key_id.hex() != key_id_hex:
        raise EncodingError(
            f"expected key id {vkey.key_id.hex()} for this key, found {key_id_hex}"
        )
    return vkey


def parse(data: bytes) -> Note:
    """Read a note.

    Raises:
        EncodingError: Not UTF-8, control characters, no blank line before
            the signatures, a line of another form, base64 that is not
            canonical, or beyond the bounds of `Note`.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise EncodingError(
            f"expected a note of at most {MAX_NOTE_BYTES} bytes, found {len(data)}"
        )
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"expected UTF-8, found byte 0x{data[error.start]:02x} at offset "
            f"{error.start}"
        ) from None
    head, blank, below = whole.rpartition("\n\n")
    if not blank:
        raise EncodingError("expected a blank line before the signatures, found none")
    return Note(head + "\n", parse_signatures(below))


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """Read signature lines alone, as a witness answers them.

    Raises:
        EncodingError: None, more than `MAX_NOTE_SIGNATURES`, or a line of
            another form.
    """
    if not lines.endswith("\n"):
        raise EncodingError("expected a newline after the last signature, found none")
    rows = lines[:-1].split("\n")
    if len(rows) > MAX_NOTE_SIGNATURES:
        raise EncodingError(
            f"expected at most {MAX_NOTE_SIGNATURES} signature lines, found {len(rows)}"
        )
    return tuple(_parse_line(row) for row in rows)


def format(note: Note) -> bytes:
    """The bytes of a note.

    Raises:
        EncodingError: A text with lone surrogates.
    """
    return _utf8(f"{note.text}\n{format_signatures(note.signatures)}")


def format_signatures(signatures: Iterable[NoteSignature]) -> str:
    """Signature lines alone, as a witness answers them."""
    return "".join(
        f"{_EM_DASH} {item.name} {b64(item.key_id + item.sig)}\n" for item in signatures
    )


def add_signatures(signed: Note, more: Iterable[NoteSignature]) -> Note:
    """The note with further signature lines, one a key.

    A line replaces an earlier one of the same name and key id, so that a
    witness that cosigns again does not stand there twice.
    """
    lines = {(item.name, item.key_id): item for item in (*signed.signatures, *more)}
    return Note(signed.text, tuple(lines.values()))


def _parse_line(row: str) -> NoteSignature:
    parts = row.split(" ")
    if len(parts) != 3 or parts[0] != _EM_DASH:
        raise EncodingError(
            "expected a signature line (em dash, key name, base64), found another"
        )
    blob = unb64(parts[2])
    return NoteSignature(parts[1], blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise EncodingError("expected Unicode text, found a lone surrogate") from None
