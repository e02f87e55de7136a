"""Cosignatures: a witness's word that the log only ever grew.

A witness signs a checkpoint with the time at which it was the largest it had
seen of that log, having checked that it extends the one before.

Implements C2SP tlog-cosignature, `cosignature/v1` with Ed25519 (type 0x04).

>>> from privshare.schemes.keys import SigningKey
>>> key = SigningKey.from_seed(bytes(32))
>>> text = "log.example/1\\n0\\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\\n"
>>> line = cosign(text, "witness.example/w1", key, 1679315147)
>>> witness = WitnessKey("witness.example/w1", key.verify_key)
>>> verify_cosignature(Note(text, (line,)), witness)
1679315147
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from privshare.errors import EncodingError, OutOfRange, SignatureInvalid
from privshare.schemes.keys import SIGNATURE_BYTES, SigningKey, VerifyKey
from privshare.wire import note
from privshare.wire.note import Note, NoteSignature, Vkey

MAX_TIMESTAMP = 2**63 - 1

_U64 = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The key that a witness cosigns with.

    Args:
        name: Its key name, as on its signature lines.
        key: The public key, used for nothing but cosignatures.

    Raises:
        EncodingError: A name that no key can have.
    """

    name: str
    key: VerifyKey
    key_id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        note.check_name(self.name)
        key_id = note.key_id(self.name, note.COSIGNATURE_V1, self.key.raw)
        object.__setattr__(self, "key_id", key_id)

    @classmethod
    def parse(cls, vkey: str) -> WitnessKey:
        """Read a witness's verifier key.

        Raises:
            EncodingError: Not a verifier key, or not of type 0x04.
        """
        found = note.parse_vkey(vkey)
        if found.alg != note.COSIGNATURE_V1:
            raise EncodingError(
                f"expected a witness key of type {note.COSIGNATURE_V1}, found type "
                f"{found.alg}"
            )
        return cls(found.name, VerifyKey(found.public_key))

    def __str__(self) -> str:
        return note.encode_vkey(Vkey(self.name, note.COSIGNATURE_V1, self.key.raw))


def cosign(cp_body: str, name: str, key: SigningKey, timestamp: int) -> NoteSignature:
    """Cosign a checkpoint that `witness.add_checkpoint` accepted.

    Args:
        cp_body: The checkpoint's text, with its last newline.
        name: The witness's key name.
        key: The witness's key.
        timestamp: Now, in seconds since 1970; 1 to 2^63 - 1.

    Raises:
        OutOfRange: A time outside these bounds.
        EncodingError: A name that no key can have.
    """
    if not 1 <= timestamp <= MAX_TIMESTAMP:
        raise OutOfRange(f"expected a time from 1 to 2^63 - 1, found {timestamp}")
    key_id = note.key_id(name, note.COSIGNATURE_V1, key.verify_key.raw)
    sig = key.sign(_message(cp_body, timestamp))
    return NoteSignature(name, key_id, _U64.pack(timestamp) + sig)


def verify_cosignature(signed: Note, witness: WitnessKey) -> int:
    """Check that a witness cosigned a checkpoint.

    Args:
        signed: The checkpoint with its signature lines; those of others are
            not looked at.
        witness: Whom to look for.

    Returns:
        The time of the cosignature, the latest where there are several.

    Raises:
        SignatureInvalid: None by this witness, or one that does not verify.
    """
    times = [
        verify_line(signed.text, item, witness)
        for item in signed.signatures
        if item.name == witness.name and item.key_id == witness.key_id
    ]
    if not times:
        raise SignatureInvalid(f"expected a cosignature by {witness}, found none")
    return max(times)


def verify_line(cp_body: str, line: NoteSignature, witness: WitnessKey) -> int:
    """Check one signature line that carries this witness's name and key id.

    Returns:
        The time of the cosignature.

    Raises:
        SignatureInvalid: It does not verify.
    """
    if len(line.sig) != _U64.size + SIGNATURE_BYTES:
        raise SignatureInvalid(
            f"expected {_U64.size + SIGNATURE_BYTES} bytes of cosignature by "
            f"{witness.name}, found {len(line.sig)}"
        )
    (timestamp,) = _U64.unpack_from(line.sig)
    if not 1 <= timestamp <= MAX_TIMESTAMP:
        raise SignatureInvalid(
            f"expected a time from 1 to 2^63 - 1 in the cosignature by "
            f"{witness.name}, found {timestamp}"
        )
    witness.key.verify(line.sig[_U64.size :], _message(cp_body, timestamp))
    return int(timestamp)


def _message(cp_body: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{cp_body}".encode()
