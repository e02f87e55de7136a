"""The little grammar that the tlog formats share.

Decimals without leading zeros, one hash a line in base64, and the frame of
proof files and witness requests: a head of lines, a blank line, a checkpoint.
Used by `checkpoint`, `proof` and `witness`; from C2SP tlog-checkpoint,
tlog-proof and tlog-witness.

>>> parse_decimal("70000", "tree size")
70000
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from privshare.errors import EncodingError
from privshare.wire.base64 import b64, unb64
from privshare.wire.note import MAX_NOTE_BYTES

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
MAX_HASHES = 63  # a path through a tree of fewer than 2^63 leaves

_DECIMAL = re.compile("0|[1-9][0-9]{0,18}")


def parse_decimal(text: str, name: str) -> int:
    """Read a decimal of at most 2^63 - 1, without sign or leading zero.

    Raises:
        EncodingError: Another form, or larger; `name` says what it is.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise EncodingError(
            f"expected the {name} as a decimal below 2^63, found {text[:32]!r}"
        )
    return int(text)


def parse_hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Read one hash a line.

    Raises:
        EncodingError: More than `MAX_HASHES`, or a line that is not the
            base64 of 32 bytes.
    """
    if len(lines) > MAX_HASHES:
        raise EncodingError(
            f"expected at most {MAX_HASHES} hash lines, found {len(lines)}"
        )
    return tuple(unb64(line, HASH_BYTES) for line in lines)


def check_hashes(hashes: Sequence[bytes]) -> None:
    """Refuse what `parse_hashes` would not return.

    Raises:
        EncodingError: More than `MAX_HASHES`, or one that is not 32 bytes.
    """
    if len(hashes) > MAX_HASHES:
        raise EncodingError(f"expected at most {MAX_HASHES} hashes, found more")
    for item in hashes:
        if len(item) != HASH_BYTES:
            raise EncodingError(
                f"expected hashes of {HASH_BYTES} bytes, found {len(item)}"
            )


def join(head: Sequence[str], hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Lay out head lines, hash lines, a blank line and a checkpoint."""
    lines = [*head, *map(b64, hashes), "", ""]
    return "\n".join(lines).encode("utf-8") + checkpoint


def split(data: bytes) -> tuple[list[str], bytes]:
    """Take apart what `join` laid out: the lines before the blank one, the rest.

    Raises:
        EncodingError: Too long, no blank line, or a head that is not ASCII.
    """
    if len(data) > 2 * MAX_NOTE_BYTES:
        raise EncodingError(
            f"expected at most {2 * MAX_NOTE_BYTES} bytes, found {len(data)}"
        )
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise EncodingError("expected a blank line before the checkpoint, found none")
    try:
        return head.decode("ascii").split("\n"), checkpoint
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"expected ASCII, found byte 0x{head[error.start]:02x} at offset "
            f"{error.start}"
        ) from None
