"""A silent party, in writing: what two nodes sign about the third.

When nothing is heard of a node, its two neighbours each state that, with the
round they were in and a digest of all they had sent and received until then.
One statement is a claim. Both together are evidence, since no two of three are
assumed to lie.

    node  waits ─► Timeout ─► agency's key ─► the other node, and its statement back

Implements section 5 of docs/protocols/mpc-channel.md.

>>> made = Timeout(job=bytes(32), round=3, silent=2, by=0, transcript=bytes(32))
>>> Timeout.from_bytes(made.to_bytes()) == made
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from privshare.errors import EncodingError, OutOfRange, PrivShareError, SignatureInvalid
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.frame import MAX_NOTICE, PARTIES
from privshare.schemes.keys import SigningKey, VerifyKey, sign_envelope, verify_envelope
from privshare.wire import envelope
from privshare.wire.canonical import Fields, b64u, decode, encode
from privshare.wire.envelope import media_type

__all__ = ["TIMEOUT", "KeyNotary", "Notary", "Statements", "Timeout", "read"]

TIMEOUT: Final = media_type("timeout")
_MAX_ROUND: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """That a node heard nothing of another.

    Attributes:
        job: Digest of the job's specification.
        round: The round it was in; 0 before the first.
        silent: Index of the party not heard.
        by: Index of who says so.
        transcript: `Views.digest` of who says so.

    Raises:
        EncodingError: A party that says it of itself.
    """

    job: bytes
    round: int
    silent: int
    by: int
    transcript: bytes

    def __post_init__(self) -> None:
        if self.silent == self.by:
            raise EncodingError("timeout: expected another party than who says so")

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "by": self.by,
                "job": b64u(self.job),
                "round": self.round,
                "silent": self.silent,
                "transcript": b64u(self.transcript),
                "v": 1,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Timeout:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload), "timeout")
        fields.constant("v", 1)
        made = cls(
            job=fields.digest("job"),
            round=fields.int("round", 0, _MAX_ROUND),
            silent=fields.int("silent", 0, PARTIES - 1),
            by=fields.int("by", 0, PARTIES - 1),
            transcript=fields.digest("transcript"),
        )
        fields.end()
        return made


class Notary(Protocol):
    """Who signs for this node's agency and knows the others' keys."""

    def sign(self, payload: bytes) -> bytes:
        """An encoded envelope of type `TIMEOUT` around the payload."""

    def verify(self, party: int, data: bytes) -> bytes:
        """The payload of an envelope that a party's agency signed, or raises."""


class Statements:
    """What one node says, and hears, about silent parties of one job.

    Args:
        job: Digest of the job's specification.
        index: This node.
        notary: Signs and verifies; None: statements go unsigned, and prove nothing.
    """

    def __init__(self, job: bytes, index: int, notary: Notary | None) -> None:
        self._job = job
        self._index = index
        self._notary = notary

    def make(self, number: int, silent: int, transcript: bytes) -> bytes:
        """State that a party is silent, in round `number`.

        Raises:
            OutOfRange: What came of signing it is too long to be sent.
        """
        said = Timeout(
            job=self._job,
            round=number,
            silent=silent,
            by=self._index,
            transcript=transcript,
        )
        payload = said.to_bytes()
        made = self._notary.sign(payload) if self._notary else payload
        if len(made) > MAX_NOTICE:
            raise OutOfRange(f"expected a statement of up to {MAX_NOTICE} bytes")
        return made

    def open(self, party: int, data: bytes) -> int:
        """Whom a neighbour's statement names.

        Raises:
            VerificationError: `mpc.frame`; it is none, by `party`.
        """
        verify = self._notary.verify if self._notary else _unsigned
        try:
            return read(data, verify, job=self._job, by=party).silent
        except PrivShareError as error:
            abort("mpc.frame", f"timeout: {error.message}", party=party)


def _unsigned(_party: int, data: bytes) -> bytes:
    return data


def read(
    data: bytes, verify: Callable[[int, bytes], bytes], *, job: bytes, by: int
) -> Timeout:
    """Open a statement that a neighbour sent.

    Args:
        data: The encoded envelope.
        verify: `Notary.verify`.
        job: The job it must be of.
        by: The party it must be by.

    Raises:
        PrivShareError: It is no statement of this party about this job.
    """
    made = Timeout.from_bytes(verify(by, data))
    if made.by != by or made.job != job:
        raise EncodingError("timeout: expected one of this job and party")
    return made


class KeyNotary:
    """A notary that holds the keys itself, for tests and for one process.

    Args:
        key: This agency's.
        keys: The three agencies', in the order of the nodes.
    """

    def __init__(self, key: SigningKey, keys: tuple[VerifyKey, ...]) -> None:
        self._key = key
        self._keys = keys

    def sign(self, payload: bytes) -> bytes:
        """Sign a statement."""
        return envelope.encode(sign_envelope(TIMEOUT, payload, [self._key]))

    def verify(self, party: int, data: bytes) -> bytes:
        """Check who signed it."""
        signed = envelope.decode(data, max_bytes=4096)
        if signed.payload_type != TIMEOUT:
            raise EncodingError(f"expected an envelope of type {TIMEOUT}")
        key = self._keys[party]
        if [one.keyid for one in signed.signatures] != [key.kid]:
            raise SignatureInvalid(
                f"expected one signature by key {key.kid}, found another",
                detail={"party": party},
            )
        return verify_envelope(signed, lambda _kid: key)
