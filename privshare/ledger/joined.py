"""What the state holds about a join: both owners' committed sets.

    joined/<job>    who committed to a set of how many elements, and when

Each owner commits to its set before either learns anything: to its size, and to
the message that will carry it. The size has room for padding and no more, so
that nobody finds out who is in the other's set by asking for everybody.

Implements docs/formats/entry.md, section 5.

>>> Joined.from_json(Joined().to_json()) == Joined()
True
>>> most(100_000)
131072
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import StepNotAllowed
from privshare.ledger.query import Reader
from privshare.ledger.rule import Context
from privshare.ledger.values import Job, Value

__all__ = ["LEAST_ROOM", "Joined", "SetCommitment", "joined", "most", "need_committed"]

#: A set may always be padded to this many elements.
LEAST_ROOM = 1024


def most(rows: int) -> int:
    """The most elements that a set may have, of a dataset of so many rows."""
    return max(LEAST_ROOM, 1 << (rows - 1).bit_length())


@dataclass(frozen=True, slots=True)
class SetCommitment:
    """An owner's set, as it committed to it.

    Attributes:
        agency: The owner.
        at: Log index.
        commitment: Digest of its first message, base64url.
        size: How many elements, padding included.
    """

    agency: str
    at: int
    commitment: str
    size: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "agency": self.agency,
            "at": self.at,
            "commitment": self.commitment,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Joined:
    """`joined/<job>`: the sets committed to, in the order they came."""

    sets: tuple[SetCommitment, ...] = ()

    def of(self, agency: str) -> SetCommitment | None:
        """The set of an owner, or None."""
        return next((one for one in self.sets if one.agency == agency), None)

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"sets": [one.to_json() for one in self.sets]}

    @classmethod
    def from_json(cls, obj: Value) -> Joined:
        """Read the object back."""
        return cls(tuple(SetCommitment(**one) for one in obj["sets"]))


def joined(reader: Reader, job: str) -> Joined:
    """The sets of a join; there from its admission on.

    Raises:
        StepNotAllowed: The job joins nothing.
    """
    found = reader.get(f"joined/{job}")
    if found is None:
        raise StepNotAllowed(
            "expected a job that joins two sets, found another",
            detail={"rule": "join.job"},
        )
    return Joined.from_json(found)


def need_committed(context: Context, job_id: str, job: Job) -> None:
    """Check that both owners have committed to their sets.

    Raises:
        StepNotAllowed: One has not; rule `join.sets`.
    """
    held = joined(context.draft, job_id)
    missing = [one for one in job.parties.nodes if held.of(one) is None]
    if missing:
        raise StepNotAllowed(
            f"expected the set of {', '.join(missing)} to be committed to before, "
            "found that it is not",
            fix="Let each owner commit to its set first (join.commit).",
            detail={"rule": "join.sets", "missing": missing},
        )
