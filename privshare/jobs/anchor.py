"""Anchored digests: how a file becomes a leaf of the log.

A bare digest of a file that can be guessed would give the file away, so the
ledger gets a salted one. The salt stands in the receipt; without it a leaf
says nothing.

    leaf = H(ATTACHMENT, salt, SHA-256(file)),  salt: 32 random bytes

    owner     file ─► SHA-256 ─► leaf_of(salt, digest) ─► anchor.batch
    node      receipt of the batch, as a plain ledger entry
    owner     receipt_of(that receipt, ...) ─► the receipt of one file
    auditor   file, salt in the receipt ─► the same leaf ─► batch root

Implements docs/formats/receipt.md, section 4.

>>> len(leaf_of(bytes(32), bytes(32)))
32
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from privshare.errors import EncodingError
from privshare.jobs.receipt import Attachment, Receipt
from privshare.jobs.requirement import FILE
from privshare.wire import domain
from privshare.wire.canonical import b64u
from privshare.wire.digest import tagged

SALT_BYTES = 32


def leaf_of(salt: bytes, file_digest: bytes) -> bytes:
    """The leaf digest of a file.

    Args:
        salt: 32 random bytes, fresh for each file.
        file_digest: SHA-256 of the file.

    Raises:
        EncodingError: Not 32 bytes each.
    """
    if len(salt) != SALT_BYTES or len(file_digest) != 32:
        raise EncodingError(
            f"expected a salt and a digest of 32 bytes, found {len(salt)} and "
            f"{len(file_digest)}"
        )
    return tagged(domain.ATTACHMENT, salt, file_digest)


def receipt_of(
    batch: Receipt,
    *,
    file_digest: bytes,
    salt: bytes,
    position: int,
    path: Sequence[bytes],
) -> Receipt:
    """Turn the receipt of a batch into the receipt of one file in it.

    Both hold the same entries and values; this one adds what only the file's
    owner knows. The node never sees it.

    Args:
        batch: The receipt of the `anchor.batch` as operation `ledger.entry`.
        file_digest: SHA-256 of the file.
        salt: What `leaf_of` was called with.
        position: The leaf's place in the batch, from 0.
        path: Its inclusion path under the batch's root.
    """
    return replace(
        batch,
        operation="anchor",
        evidence={
            "path": [b64u(step) for step in path],
            "position": position,
            "salt": b64u(salt),
        },
        attachments=(Attachment(FILE, file_digest, None),),
    )
