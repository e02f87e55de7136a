"""What a proof is for: it holds in this context and in no other.

>>> Context("taxes", "demo.privshare", "price band", bytes(16)).purpose
'price band'
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from privshare.errors import EncodingError
from privshare.schemes.transcript import Transcript
from privshare.wire.canonical import Fields, Json, b64u

MIN_NONCE = 16
MAX_NONCE = 32
MAX_NAME = 96
MAX_PURPOSE = 128


@dataclass(frozen=True, slots=True)
class Context:
    """Who proves, where, what for, and to which request.

    Attributes:
        account: The agency that answers for the proof, or "".
        network: The network it is for, or "".
        purpose: What for, in a few words of printable ASCII.
        nonce: 16 to 32 bytes. A verifier that wants a fresh proof sends them;
            else the prover draws them.

    Raises:
        EncodingError: A text that is too long or not printable ASCII, or a
            nonce of another length.
    """

    account: str
    network: str
    purpose: str
    nonce: bytes

    def __post_init__(self) -> None:
        _check_text("account", self.account, 0, MAX_NAME)
        _check_text("network", self.network, 0, MAX_NAME)
        _check_text("purpose", self.purpose, 1, MAX_PURPOSE)
        if not MIN_NONCE <= len(self.nonce) <= MAX_NONCE:
            raise EncodingError(
                f"context.nonce: expected {MIN_NONCE} to {MAX_NONCE} bytes, found "
                f"{len(self.nonce)}"
            )

    @classmethod
    def fresh(cls, purpose: str, *, account: str = "", network: str = "") -> Context:
        """A context with a nonce of its own."""
        return cls(account, network, purpose, os.urandom(MIN_NONCE))

    def absorb(self, transcript: Transcript) -> None:
        """Put all of it into a transcript."""
        transcript.absorb("account", self.account.encode("ascii"))
        transcript.absorb("network", self.network.encode("ascii"))
        transcript.absorb("purpose", self.purpose.encode("ascii"))
        transcript.absorb("nonce", self.nonce)

    @classmethod
    def from_fields(cls, fields: Fields) -> Context:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
        """
        context = cls(
            account=fields.str("account", max=MAX_NAME),
            network=fields.str("network", max=MAX_NAME),
            purpose=fields.str("purpose", max=MAX_PURPOSE),
            nonce=fields.bytes("nonce", max=MAX_NONCE),
        )
        fields.end()
        return context

    def to_json(self) -> dict[str, Json]:
        """Lay it out as a document holds it."""
        return {
            "account": self.account,
            "network": self.network,
            "nonce": b64u(self.nonce),
            "purpose": self.purpose,
        }


def _check_text(name: str, text: str, least: int, most: int) -> None:
    printable = text.isascii() and (text.isprintable() or not text)
    if not (printable and least <= len(text) <= most):
        raise EncodingError(
            f"context.{name}: expected {least} to {most} printable ASCII characters, "
            f"found {len(text)}{'' if printable else ' with others among them'}"
        )
