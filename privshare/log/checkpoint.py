"""Checkpoints: the log's signed word on its size and root.

Everything that is ever proved about the log is proved against a checkpoint.
The log signs one whenever it publishes entries; witnesses cosign it
(`witness`), and a receipt carries it.

    node      tree ─► Checkpoint ─► sign_checkpoint ─► Note ─► log/checkpoint
    auditor   bytes ─► TrustPolicy.check, or open_checkpoint for one known log

Implements C2SP tlog-checkpoint, with Ed25519 note signatures (type 0x01).

>>> from privshare.schemes.keys import SigningKey
>>> key = SigningKey.from_seed(bytes(32))
>>> cp = Checkpoint("log.example/1", 0, EMPTY_ROOT)
>>> data = note.format(Note(body(cp), (sign_checkpoint(cp, "log.example/1", key),)))
>>> print(body(cp), end="")
log.example/1
0
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
>>> open_checkpoint(data, LogKey("log.example/1", key.verify_key))[0] == cp
True
"""

from __future__ import annotations

from dataclasses import dataclass, field

from privshare.bindings.merkle import EMPTY_ROOT
from privshare.errors import EncodingError, SignatureInvalid, VerificationError
from privshare.log.text import HASH_BYTES, MAX_SIZE, parse_decimal
from privshare.schemes.keys import SigningKey, VerifyKey
from privshare.wire import note
from privshare.wire.base64 import b64, unb64
from privshare.wire.note import Note, NoteSignature, Vkey

__all__ = [
    "EMPTY_ROOT",
    "Checkpoint",
    "LogKey",
    "body",
    "open_checkpoint",
    "parse_checkpoint",
    "sign_checkpoint",
]

MAX_ORIGIN = 255
MAX_EXTENSIONS = 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's size and root, not yet or no longer signed.

    Args:
        origin: Which log: one line of 1 to `MAX_ORIGIN` characters.
        size: How many entries, 0 to 2^63 - 1.
        root: The RFC 9162 root over them, 32 bytes.
        extensions: Further lines that foreign logs sign; ours never do.

    Raises:
        EncodingError: A field that no checkpoint can hold.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.origin) > MAX_ORIGIN:
            raise EncodingError(
                f"expected an origin of at most {MAX_ORIGIN} characters, found "
                f"{len(self.origin)}"
            )
        if not 0 <= self.size <= MAX_SIZE:
            raise EncodingError(f"expected a size below 2^63, found {self.size}")
        if len(self.root) != HASH_BYTES:
            raise EncodingError(
                f"expected a root of {HASH_BYTES} bytes, found {len(self.root)}"
            )
        if len(self.extensions) > MAX_EXTENSIONS:
            raise EncodingError(f"expected at most {MAX_EXTENSIONS} extension lines")
        for line in (self.origin, *self.extensions):
            if not line or min(line) < " ":
                raise EncodingError(
                    "expected an origin and extensions of one line each, found an "
                    "empty line or a control character"
                )


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key that a log signs its checkpoints with.

    Args:
        name: The log's origin, which is its key name too.
        key: The public key.

    Raises:
        EncodingError: A name that no key can have.
    """

    name: str
    key: VerifyKey
    key_id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        note.check_name(self.name)
        key_id = note.key_id(self.name, note.ED25519, self.key.raw)
        object.__setattr__(self, "key_id", key_id)

    @classmethod
    def parse(cls, vkey: str) -> LogKey:
        """Read a log's verifier key.

        Raises:
            EncodingError: Not a verifier key, or not of type 0x01.
        """
        found = note.parse_vkey(vkey)
        if found.alg != note.ED25519:
            raise EncodingError(
                f"expected a log key of type {note.ED25519}, found type {found.alg}"
            )
        return cls(found.name, VerifyKey(found.public_key))

    def __str__(self) -> str:
        return note.encode_vkey(Vkey(self.name, note.ED25519, self.key.raw))


def body(cp: Checkpoint) -> str:
    """The text that log and witnesses sign: origin, size, root, one a line."""
    lines = (cp.origin, str(cp.size), b64(cp.root), *cp.extensions, "")
    return "\n".join(lines)


def sign_checkpoint(cp: Checkpoint, name: str, key: SigningKey) -> NoteSignature:
    """Sign a checkpoint as its log.

    A log that signs two checkpoints of which neither extends the other has
    ended its own credibility: sign nothing that is not durable.

    Raises:
        EncodingError: A name that no key can have.
    """
    key_id = note.key_id(name, note.ED25519, key.verify_key.raw)
    return NoteSignature(name, key_id, key.sign(body(cp).encode("utf-8")))


def parse_checkpoint(signed: Note) -> Checkpoint:
    """Read the text of a note as a checkpoint; its signatures are not checked.

    Raises:
        EncodingError: Fewer than three lines, an empty line, a size or root
            of another form.
    """
    lines = signed.text[:-1].split("\n")
    if len(lines) < 3:
        raise EncodingError(
            f"expected origin, size and root on three lines, found {len(lines)}"
        )
    origin, size, root, *extensions = lines
    return Checkpoint(
        origin,
        parse_decimal(size, "tree size"),
        unb64(root, HASH_BYTES),
        tuple(extensions),
    )


def open_checkpoint(data: bytes, log_key: LogKey) -> tuple[Checkpoint, Note]:
    """Read a checkpoint and believe it, because the log signed it.

    Args:
        data: The note's bytes, with any number of other signatures, which
            are not looked at.
        log_key: The one log that is expected.

    Returns:
        The checkpoint, and the note for whoever looks for cosignatures.

    Raises:
        EncodingError: Not a note, or not a checkpoint.
        SignatureInvalid: No signature by the log, or one that does not verify.
        VerificationError: The log signed for another origin than its own.
    """
    signed = note.parse(data)
    cp = parse_checkpoint(signed)
    if cp.origin != log_key.name:
        raise VerificationError(
            f"expected a checkpoint of {log_key.name}, found one of {cp.origin}"
        )
    lines = [
        item
        for item in signed.signatures
        if item.name == log_key.name and item.key_id == log_key.key_id
    ]
    if not lines:
        raise SignatureInvalid(
            f"expected a signature by {log_key}, found none",
            fix="Compare the log's verifier key with the one its operator publishes.",
        )
    for item in lines:
        log_key.key.verify(item.sig, signed.text.encode("utf-8"))
    return cp, signed
