"""What the state holds about a survey: its parties, both claims, its result.

    survey/<digest>    of the document that every submitter reads

    survey.open   ─► opened ─ survey.accept of each aggregator ─► running
    survey.close of both aggregators, alike ─► closed ─ survey.result ─► done
    survey.abort, at any time before ─► aborted

No submitter and no report is on the ledger: a claim says how many reports were
added up, and digests of which they were and of all messages about them.

Implements docs/formats/entry.md, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from privshare.errors import NotFound
from privshare.ledger.query import Reader
from privshare.ledger.values import Value

__all__ = ["Batch", "BatchClaim", "Status", "Survey", "survey"]

Status = Literal["aborted", "closed", "done", "opened", "running"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What both aggregators say alike of the reports that they added up.

    Attributes:
        count: How many.
        id: Its 16 bytes, base64url.
        reports: Digest of the ids of the reports, in order, base64url.
        transcript: Digest of all messages between the two, base64url.
    """

    count: int
    id: str
    reports: str
    transcript: str

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "count": self.count,
            "id": self.id,
            "reports": self.reports,
            "transcript": self.transcript,
        }


@dataclass(frozen=True, slots=True)
class BatchClaim:
    """An aggregator's word about the batch.

    Attributes:
        agency: Leader or helper.
        at: Log index.
        batch: What the other has to say as well.
        commitment: To its aggregate share, base64url.
    """

    agency: str
    at: int
    batch: Batch
    commitment: str

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "agency": self.agency,
            "at": self.at,
            "batch": self.batch.to_json(),
            "commitment": self.commitment,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Self:
        """Read the object back."""
        return cls(**{**obj, "batch": Batch(**obj["batch"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`survey/<digest>`: one survey, which releases one batch.

    Attributes:
        account: Who opened it: the collector or the leader.
        at: Log index at which it was opened.
        leader: The aggregator that takes reports.
        helper: The other aggregator.
        collector: Who gets the sums.
        accepted: Aggregators that hold the document and its keys, in the order
            in which they said so.
        min_batch: No aggregate of fewer reports.
        noise: What each aggregator adds to its share, a mechanism, or None.
            It is shown and charged to no account: reports are of no dataset.
        until: Unix seconds after which nothing is released any more.
        status: See the head of this page.
        claims: Of the batch, at most one an aggregator.
        result: Digest of the result document, base64url, or None.
        ended: Log index of the result or abort, or None.
        reason: Why it was aborted, or None.
    """

    account: str
    at: int
    leader: str
    helper: str
    collector: str
    accepted: tuple[str, ...]
    min_batch: int
    noise: Value | None
    until: int
    status: Status = "opened"
    claims: tuple[BatchClaim, ...] = ()
    result: str | None = None
    ended: int | None = None
    reason: str | None = None

    @property
    def aggregators(self) -> tuple[str, str]:
        """Leader, helper."""
        return self.leader, self.helper

    @property
    def parties(self) -> tuple[str, str, str]:
        """Leader, helper, collector."""
        return self.leader, self.helper, self.collector

    def accept(self, agency: str) -> Survey:
        """With one more acceptance; that of both starts it."""
        accepted = (*self.accepted, agency)
        both = set(accepted) == set(self.aggregators)
        return replace(self, accepted=accepted, status="running" if both else "opened")

    def claim_of(self, agency: str) -> BatchClaim | None:
        """What an aggregator said of the batch, or None."""
        return next((one for one in self.claims if one.agency == agency), None)

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "accepted": list(self.accepted),
            "account": self.account,
            "at": self.at,
            "claims": [one.to_json() for one in self.claims],
            "collector": self.collector,
            "ended": self.ended,
            "helper": self.helper,
            "leader": self.leader,
            "min_batch": self.min_batch,
            "noise": self.noise,
            "reason": self.reason,
            "result": self.result,
            "status": self.status,
            "until": self.until,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Self:
        """Read the object back."""
        claims = tuple(BatchClaim.from_json(one) for one in obj["claims"])
        return cls(**{**obj, "accepted": tuple(obj["accepted"]), "claims": claims})


def survey(reader: Reader, survey_id: str) -> Survey:
    """A survey, by the digest of its document.

    Raises:
        NotFound: The ledger has no such survey.
    """
    key = f"survey/{survey_id}"
    found = reader.get(key)
    if found is None:
        raise NotFound(
            "expected the survey in the ledger, found none", detail={"key": key}
        )
    return Survey.from_json(found)
