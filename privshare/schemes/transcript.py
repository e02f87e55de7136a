"""The transcript: one sponge for everything that a challenge depends on.

Every proof of PrivShare draws its challenges from here, and from nowhere else.
What was absorbed cannot be changed afterwards without changing the challenge,
so a verifier absorbs the whole statement and the context it asks about, in the
order of the protocol's page, before it draws.

    prover     Transcript(protocol) ─► absorb context, statement ─► absorb commitment
                                    ─► challenge ─► response
    verifier   the same steps, in the same order

Each step is laid out injectively and absorbed into SHAKE128; a challenge is the
first bytes of the hash of all steps so far. `hashlib.shake_128` alone computes
any of them again: docs/protocols/transcript.md has an example.

Source: Fiat and Shamir, CRYPTO 1986; Bernhard, Pereira and Warinschi,
ASIACRYPT 2012 (hash the whole statement); FIPS 202.

>>> t = Transcript("example/v1")
>>> t.absorb("message", b"hello")
>>> t.challenge("e", 8).hex()
'0a3a31ee3a71d7dd'
"""

from __future__ import annotations

from collections.abc import Iterable

from privshare.bindings.transcript import TranscriptCore
from privshare.errors import OutOfRange


class Transcript:
    """What prover and verifier have in common, step by step.

    Attributes:
        core: The sponge itself, which bindings of schemes in the core absorb
            into.
    """

    __slots__ = ("core",)

    def __init__(self, protocol: str) -> None:
        """Begin a transcript.

        Args:
            protocol: Name and version of the protocol, such as "range/v1".

        Raises:
            OutOfRange: It is empty, or not printable ASCII.
        """
        self.core = TranscriptCore(_ascii(protocol))

    def absorb(self, label: str, data: bytes) -> None:
        """Absorb one part of the context, the statement or a message.

        Args:
            label: 1 to 255 printable ASCII characters that name the part.
            data: Any bytes; what they mean is fixed by label and protocol.

        Raises:
            OutOfRange: The label is none.

        Leaks:
            The length of `data`.
        """
        self.core.absorb(_ascii(label), data)

    def absorb_all(self, parts: Iterable[tuple[str, bytes]]) -> None:
        """Absorb labelled parts one after the other."""
        for label, data in parts:
            self.absorb(label, data)

    def absorb_int(self, label: str, value: int) -> None:
        """Absorb a count or an index: eight bytes, little-endian.

        Raises:
            OutOfRange: Negative, or 2^64 and more.
        """
        if not 0 <= value < 1 << 64:
            raise OutOfRange("expected an integer from 0 to 2^64 - 1, found another")
        self.absorb(label, value.to_bytes(8, "little"))

    def challenge(self, label: str, n: int) -> bytes:
        """Draw `n` bytes; later challenges depend on this step as well.

        Raises:
            OutOfRange: The label is none, or n is negative.
        """
        if n < 0:
            raise OutOfRange(f"expected a length of 0 or more, found {n}")
        return self.core.challenge(_ascii(label), n)

    def challenge_scalar(self, label: str) -> bytes:
        """Draw a scalar of ristretto255: 64 bytes modulo the order, encoded.

        Raises:
            OutOfRange: The label is none.
        """
        return self.core.challenge_scalar(_ascii(label))

    def fork(self) -> Transcript:
        """A second transcript that goes on from here by itself."""
        twin = object.__new__(Transcript)
        twin.core = self.core.fork()
        return twin


def _ascii(text: str) -> bytes:
    if not (text and text.isascii() and text.isprintable()):
        raise OutOfRange("expected a name of printable ASCII, found another")
    return text.encode("ascii")
