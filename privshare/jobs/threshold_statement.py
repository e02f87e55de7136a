"""What each opener of a job's totals signs: its part of every total.

    openers      PartialOpening   one partial decryption a total, one proof
    coordinator  k of them ─► the totals

It is bound to the job, the key's epoch and the one aggregation that it is of:
parts of different aggregations never come together. It says no total, for no
opener knows one; whoever has k of them computes the totals, and everybody
finds the same.

Implements section 3 of docs/protocols/paillier-sum.md.

>>> part = PartialOpening(job="A" * 43, epoch=1, key="k", aggregation=bytes(32),
...     index=2, values=(bytes(512),), proof=bytes(32))
>>> PartialOpening.from_bytes(part.to_bytes()) == part
True
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.jobs.statement import MAX_CIPHERTEXT, MAX_GROUPS, MAX_STATEMENT
from privshare.ledger.parties import MAX_OPENERS
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u, decode, encode, unb64u
from privshare.wire.digest import tagged
from privshare.wire.envelope import media_type

__all__ = ["PARTIAL_OPENING", "PartialOpening"]

PARTIAL_OPENING = media_type("partial-opening")

_MAX_PROOF = 4 * MAX_CIPHERTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialOpening:
    """One opener's part of the totals of one aggregation, of all of them.

    Attributes:
        job: The job's id.
        epoch: Of the threshold key.
        key: That key's id, which stands for it with all its commitments.
        aggregation: `digest` of the aggregation.
        index: Of the opener's share.
        values: Partial decryptions, in the aggregation's order.
        proof: That each was made with that share (`schemes.threshold`).
    """

    job: str
    epoch: int
    key: str
    aggregation: bytes
    index: int
    values: tuple[bytes, ...] = ()
    proof: bytes = b""

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "aggregation": b64u(self.aggregation),
                "epoch": self.epoch,
                "index": self.index,
                "job": self.job,
                "key": self.key,
                "proof": b64u(self.proof),
                "v": 2,
                "values": [b64u(value) for value in self.values],
            }
        )

    def context(self) -> bytes:
        """What its proof is for: everything but the values and the proof."""
        bare = replace(self, values=(), proof=b"")
        return tagged(domain.PROOF, b"partial-opening", bare.to_bytes())

    @classmethod
    def from_bytes(cls, payload: bytes) -> PartialOpening:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload, max_bytes=MAX_STATEMENT), "partial opening")
        fields.constant("v", 2)
        values = fields.str_list("values", MAX_GROUPS)
        made = cls(
            job=identifier.ID.check(fields.str("job"), "partial opening.job"),
            epoch=fields.int("epoch", 1, INTEGER_LIMIT - 1),
            key=fields.str("key"),
            aggregation=fields.digest("aggregation"),
            index=fields.int("index", 1, MAX_OPENERS),
            values=tuple(unb64u(text) for text in values),
            proof=fields.bytes("proof", max=_MAX_PROOF),
        )
        fields.end()
        return made
