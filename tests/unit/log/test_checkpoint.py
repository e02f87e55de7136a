"""Checkpoints: layout, signature, and every refusal."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError, SignatureInvalid, VerificationError
from privshare.log.checkpoint import (
    EMPTY_ROOT,
    Checkpoint,
    LogKey,
    body,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from privshare.schemes.keys import SigningKey
from privshare.wire import note
from privshare.wire.base64 import b64
from privshare.wire.note import Note, NoteSignature, Vkey

ROOT = b64(bytes(32))


def text(value: str) -> Note:
    return Note(value, (NoteSignature("a", b"abcd", b"s"),))


def test_a_checkpoint_is_three_lines(small) -> None:
    """Origin, size and root, with the log's signature below."""
    cp = small.checkpoint(20)
    assert body(cp) == f"log.example/1\n20\n{b64(cp.root)}\n"
    data = small.note()
    assert data.decode().startswith(body(cp) + "\n\u2014 log.example/1 ")
    assert open_checkpoint(data, small.log_key) == (cp, note.parse(data))
    empty = small.checkpoint(0)
    assert empty.root == EMPTY_ROOT
    assert open_checkpoint(small.note(0), small.log_key)[0] == empty


def test_the_specification_s_checkpoint_is_read() -> None:
    """The example of C2SP tlog-checkpoint."""
    root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    cp = parse_checkpoint(text(f"example.com/behind-the-sofa\n20852163\n{root}\n"))
    assert (cp.origin, cp.size, b64(cp.root)) == (
        "example.com/behind-the-sofa",
        20852163,
        root,
    )


def test_foreign_extension_lines_are_kept() -> None:
    """A log of others may sign more lines; they are part of the body."""
    value = f"log.example/2\n5\n{ROOT}\nheight 7\nmore\n"
    cp = parse_checkpoint(text(value))
    assert cp.extensions == ("height 7", "more")
    assert body(cp) == value


@pytest.mark.parametrize(
    "value",
    [
        "log.example/1\n20\n",
        f"log.example/1\n20\n{ROOT}\n\n",
        f"\n20\n{ROOT}\n",
        f"log.example/1\n\n20\n{ROOT}\n",
        f"log.example/1\n020\n{ROOT}\n",
        f"log.example/1\n+20\n{ROOT}\n",
        f"log.example/1\n-1\n{ROOT}\n",
        f"log.example/1\n2_0\n{ROOT}\n",
        f"log.example/1\n \n{ROOT}\n",
        f"log.example/1\n\u0662\n{ROOT}\n",
        f"log.example/1\n{2**63}\n{ROOT}\n",
        f"log.example/1\n{10**19}\n{ROOT}\n",
        f"log.example/1\n20 \n{ROOT}\n",
        f"log.example/1\n20\n{ROOT[:-1]}\n",
        f"log.example/1\n20\n{b64(bytes(31))}\n",
        f"log.example/1\n20\n{b64(bytes(33))}\n",
        f"{'o' * 256}\n20\n{ROOT}\n",
        f"log.example/1\n20\n{ROOT}\n" + "x\n" * 17,
    ],
)
def test_what_is_no_checkpoint_is_refused(value: str) -> None:
    """Lines missing or empty, other numbers, roots of another length."""
    with pytest.raises(EncodingError):
        parse_checkpoint(text(value))


def test_the_largest_size_is_read() -> None:
    """2^63 - 1 passes."""
    assert parse_checkpoint(text(f"o\n{2**63 - 1}\n{ROOT}\n")).size == 2**63 - 1


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 1, bytes(32), ()),
        ("a\nb", 1, bytes(32), ()),
        ("a\tb", 1, bytes(32), ()),
        ("a", -1, bytes(32), ()),
        ("a", 2**63, bytes(32), ()),
        ("a", 1, bytes(31), ()),
        ("a", 1, bytes(32), ("",)),
        ("a", 1, bytes(32), ("x\ny",)),
    ],
)
def test_a_checkpoint_cannot_be_built_wrong(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...]
) -> None:
    """The value checks itself."""
    with pytest.raises(EncodingError):
        Checkpoint(origin, size, root, extensions)


def test_only_the_log_s_own_signature_counts(small) -> None:
    """No line, another key's line, another name's, or another text's."""
    cp = small.checkpoint()
    other = SigningKey.from_seed(b"o" * 32)
    stranger = sign_checkpoint(cp, "log.example/1", other)
    renamed = sign_checkpoint(cp, "log.example/2", small.key)
    for lines in ((stranger,), (renamed,), (small.cosignature(cp, "x"),)):
        with pytest.raises(SignatureInvalid, match="expected a signature by log"):
            open_checkpoint(note.format(Note(body(cp), lines)), small.log_key)
    earlier = small.line(small.checkpoint(19))
    good = small.line(cp)
    for lines in ((earlier,), (good, earlier), (earlier, good)):
        with pytest.raises(SignatureInvalid):
            open_checkpoint(note.format(Note(body(cp), lines)), small.log_key)
    open_checkpoint(note.format(Note(body(cp), (stranger, good))), small.log_key)


def test_a_log_speaks_for_its_own_origin(small) -> None:
    """A good signature under a checkpoint of another origin is refused."""
    cp = Checkpoint("log.example/2", 0, EMPTY_ROOT)
    data = note.format(Note(body(cp), (small.line(cp),)))
    with pytest.raises(VerificationError, match=r"expected a checkpoint of log\.ex"):
        open_checkpoint(data, small.log_key)


def test_every_bit_of_a_checkpoint_counts(small) -> None:
    """No flipped bit leaves a checkpoint that opens."""
    data = small.note()
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises((EncodingError, VerificationError)):
            open_checkpoint(bytes(flipped), small.log_key)


def test_a_log_key_is_its_verifier_key(small) -> None:
    """Spelled and read; a cosigner's key is not a log's."""
    assert LogKey.parse(str(small.log_key)) == small.log_key
    cosigner = Vkey("log.example/1", note.COSIGNATURE_V1, small.key.verify_key.raw)
    with pytest.raises(EncodingError, match="expected a log key of type 1"):
        LogKey.parse(str(cosigner))
    with pytest.raises(EncodingError):
        LogKey.parse(str(Vkey("log.example/1", note.ED25519, bytes(32))))
