"""Anchoring: digests of files, on the ledger, as many as 1,024 at a time.

    owner   file + salt ─► leaf_of ─► anchor ─► anchor.batch ─► batch receipt
                                            └─► jobs.anchor.receipt_of, by the owner

The node sees digests and nothing else; salt and file stay with whoever made
them. Each digest is an entry of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from privshare.bindings import merkle
from privshare.errors import EncodingError, OutOfRange
from privshare.exchange import drawer
from privshare.exchange.node import Node
from privshare.log.merkle import inclusion_proofs
from privshare.wire.canonical import Json, b64u

__all__ = ["MAX_DIGESTS", "Anchored", "anchor"]

MAX_DIGESTS = 1024


@dataclass(frozen=True, slots=True)
class Anchored:
    """Where a batch stands in the log, for good.

    Attributes:
        id: The transaction's id, and that of the batch's receipt.
        index: Its log index; the digests' entries follow in their order.
        size: Size of the log right after its block.
        paths: For each digest, its inclusion path under the batch's root.
        root: The batch's root, in the transaction.
    """

    id: str
    index: int
    size: int
    paths: tuple[tuple[bytes, ...], ...]
    root: bytes


def anchor(node: Node, digests: Sequence[bytes], *, person: str = "") -> Anchored:
    """Put a batch of digests on the ledger.

    Args:
        node: This node.
        digests: 1 to 1,024 of 32 bytes each; salted, since everybody reads
            the ledger.
        person: Who asked.

    Raises:
        OutOfRange: None, or more than 1,024.
        EncodingError: One of another length.
        Unavailable: The ledger did not answer.
    """
    if not 1 <= len(digests) <= MAX_DIGESTS:
        raise OutOfRange(f"expected 1 to {MAX_DIGESTS} digests, found {len(digests)}")
    for digest in digests:
        if len(digest) != 32:
            raise EncodingError(f"expected digests of 32 bytes, found {len(digest)}")
    leaves = merkle.leaf_hashes(list(digests))
    root = merkle.root(leaves)
    body: dict[str, Json] = {"count": len(digests), "root": b64u(root)}
    committed = node.submit("anchor.batch", body, b"".join(digests))
    node.store.log_use(
        node.clock(), node.agency, "anchor", person=person, subject=committed.id
    )
    drawer.file(node, "ledger.entry", committed, committed.id)
    paths = tuple(inclusion_proofs(leaves))
    return Anchored(committed.id, committed.index, committed.size, paths, root)
