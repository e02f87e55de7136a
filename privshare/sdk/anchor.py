"""Anchoring a file: its digest goes onto the ledger, the file stays here.

The salt is drawn here and stands only in the receipt that is made here, so
not even the own node can tell what was anchored.

    file ─► SHA-256, salt ─► leaf ─► POST /v1/anchors ─► batch receipt
                                                     └─► Receipt of the file

Implements docs/formats/receipt.md, section 4.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from privshare.bindings.hash import sha256
from privshare.jobs.anchor import SALT_BYTES, leaf_of, receipt_of
from privshare.jobs.requirement import FILE
from privshare.sdk.call import Call
from privshare.sdk.receipt import Receipt
from privshare.sdk.session import Session
from privshare.wire.canonical import b64u, unb64u


@dataclass(frozen=True, slots=True)
class Anchoring:
    """A file on its way to the ledger.

    Attributes:
        content: The file.
        salt: 32 random bytes, used once.
    """

    content: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def run(self, session: Session) -> Call[Receipt]:
        """Anchor the file, and make and verify its receipt.

        Raises:
            PrivShareError: What the node reports, or what in its receipt is
                not true.
        """
        digest = sha256(self.content)
        leaf = leaf_of(self.salt, digest)
        answer = yield from session.send(
            "POST", "/v1/anchors", {"digests": [b64u(leaf)]}
        )
        batch = yield from session.receipt(answer.str("id"), ("ledger.entry",))
        # One digest is the whole batch: position 0, and no path to its root.
        made = receipt_of(
            batch.statement,
            file_digest=digest,
            salt=self.salt,
            position=0,
            path=[unb64u(step, 32) for step in _path(answer["paths"])],
        )
        receipt = Receipt(
            made.to_bytes(), {FILE: self.content}, session.trust, session.clock
        )
        receipt.verify()
        return receipt


def prepare(content: bytes) -> Anchoring:
    """Draw the salt for a file."""
    return Anchoring(content, secrets.token_bytes(SALT_BYTES))


def _path(paths: object) -> list[str]:
    """The one path of a batch of one digest."""
    if isinstance(paths, list) and len(paths) == 1 and isinstance(paths[0], list):
        return [step for step in paths[0] if isinstance(step, str)]
    return []
