"""Rules for surveys: opened, accepted, closed by both aggregators, released.

    survey.open     collector or leader   the document's digest, its parties
    survey.accept   aggregator            holds the document, takes part
    survey.close    both aggregators      the batch, alike; its own commitment
    survey.result   collector             digest of the result document
    survey.abort    any party             why

Implements docs/formats/entry.md, section 4, and docs/protocols/vdaf.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.errors import Conflict, EncodingError, NotFound, StepNotAllowed
from privshare.ledger import query
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_grant import read_reason
from privshare.ledger.state_map import Value
from privshare.ledger.survey import Batch, BatchClaim, Status, Survey, survey
from privshare.rights import identifier
from privshare.rights.mechanism import Mechanism
from privshare.wire.canonical import Fields, b64u

__all__ = [
    "SurveyAbort",
    "SurveyAccept",
    "SurveyClose",
    "SurveyOpen",
    "SurveyResult",
]

BATCH_BYTES = 16
MAX_BATCH = 1 << 32
MAX_SURVEY_S = 366 * 86_400


def _read_survey(fields: Fields) -> str:
    return b64u(fields.digest("survey"))


def _agency(fields: Fields, name: str) -> str:
    return identifier.AGENCY.check(fields.str(name), f"body.{name}")


def _read_noise(fields: Fields) -> Value | None:
    found = fields.json("noise")
    if found is None:
        return None
    return Mechanism.from_json(found, "body.noise").to_json()


def _in(context: Context, survey_id: str, *allowed: Status) -> Survey:
    found = survey(context.draft, survey_id)
    if found.status not in allowed:
        raise StepNotAllowed(
            f"expected a survey that is {' or '.join(allowed)}, found {found.status}",
            detail={"rule": "survey.status", "status": found.status},
        )
    return found


def _need_party(context: Context, allowed: tuple[str, ...]) -> None:
    need(
        context.account in allowed,
        "survey.party",
        f"expected one of {', '.join(allowed)}, found {context.account}",
    )


def _need_time(context: Context, held: Survey) -> None:
    if context.time > held.until:
        raise StepNotAllowed(
            f"expected a time up to {held.until}, the survey's last, "
            f"found {context.time}",
            detail={"rule": "survey.until"},
        )


def _write(context: Context, survey_id: str, held: Survey) -> None:
    context.draft.put(f"survey/{survey_id}", held.to_json())


@dataclass(frozen=True, slots=True)
class SurveyOpen:
    """The collector or the leader opens a survey."""

    collector: str
    helper: str
    leader: str
    min_batch: int
    noise: Value | None
    survey: str
    until: int

    @classmethod
    def parse(cls, fields: Fields) -> SurveyOpen:
        """Read the body."""
        made = cls(
            _agency(fields, "collector"),
            _agency(fields, "helper"),
            _agency(fields, "leader"),
            fields.int("min_batch", 2, MAX_BATCH),
            _read_noise(fields),
            _read_survey(fields),
            fields.int("until", 0),
        )
        if made.leader == made.helper:
            raise EncodingError(
                "body.helper: expected another agency than the leader, found the same"
            )
        return made

    def apply(self, context: Context) -> None:
        """Enter it; whoever opens it as an aggregator accepts it thereby."""
        _need_party(context, (self.collector, self.leader))
        for agency in (self.collector, self.helper, self.leader):
            if not query.is_active(context.draft, agency):
                raise NotFound(f"expected a member, found {agency}, who is none")
        if context.draft.get(f"survey/{self.survey}") is not None:
            raise Conflict(
                "expected a survey that is not in the ledger yet, found one that is",
                detail={"rule": "survey.known"},
            )
        latest = context.time + MAX_SURVEY_S
        if not context.time < self.until <= latest:
            raise StepNotAllowed(
                f"expected body.until after {context.time} and up to {latest}, "
                f"found {self.until}",
                detail={"rule": "survey.until"},
            )
        held = Survey(
            account=context.account,
            at=context.index,
            leader=self.leader,
            helper=self.helper,
            collector=self.collector,
            accepted=(),
            min_batch=self.min_batch,
            noise=self.noise,
            until=self.until,
        )
        if context.account in held.aggregators:
            held = held.accept(context.account)
        _write(context, self.survey, held)


@dataclass(frozen=True, slots=True)
class SurveyAccept:
    """An aggregator takes part."""

    survey: str

    @classmethod
    def parse(cls, fields: Fields) -> SurveyAccept:
        """Read the body."""
        return cls(_read_survey(fields))

    def apply(self, context: Context) -> None:
        """Enter it, once an aggregator; that of both starts the survey."""
        held = _in(context, self.survey, "opened")
        _need_party(context, held.aggregators)
        _need_time(context, held)
        if context.account in held.accepted:
            raise Conflict(
                f"expected a survey that {context.account} has not accepted yet, "
                "found one that it has",
                detail={"rule": "survey.accepted"},
            )
        _write(context, self.survey, held.accept(context.account))


@dataclass(frozen=True, slots=True)
class SurveyClose:
    """An aggregator says what it added up, before its share leaves."""

    batch: Batch
    commitment: str
    survey: str

    @classmethod
    def parse(cls, fields: Fields) -> SurveyClose:
        """Read the body."""
        inner = fields.obj("batch")
        batch = Batch(
            inner.int("count", 0, MAX_BATCH),
            b64u(inner.bytes("id", BATCH_BYTES)),
            b64u(inner.digest("reports")),
            b64u(inner.digest("transcript")),
        )
        inner.end()
        return cls(batch, b64u(fields.digest("commitment")), _read_survey(fields))

    def apply(self, context: Context) -> None:
        """Enter it, once an aggregator; the second says what the first said."""
        held = _in(context, self.survey, "running")
        _need_party(context, held.aggregators)
        _need_time(context, held)
        need(
            self.batch.count >= held.min_batch,
            "survey.small",
            f"expected at least {held.min_batch} reports, found {self.batch.count}",
        )
        if held.claim_of(context.account) is not None:
            raise Conflict(
                f"expected a survey that {context.account} has not closed yet, "
                "found one that it has",
                detail={"rule": "survey.closed"},
            )
        if any(one.batch != self.batch for one in held.claims):
            raise Conflict(
                "expected the batch that the other aggregator claims, found another",
                detail={"rule": "survey.claims"},
            )
        mine = BatchClaim(context.account, context.index, self.batch, self.commitment)
        claims = (*held.claims, mine)
        status: Status = "closed" if len(claims) == len(held.aggregators) else "running"
        _write(context, self.survey, replace(held, claims=claims, status=status))


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """The collector says which document the result is."""

    result: str
    survey: str

    @classmethod
    def parse(cls, fields: Fields) -> SurveyResult:
        """Read the body."""
        return cls(b64u(fields.digest("result")), _read_survey(fields))

    def apply(self, context: Context) -> None:
        """End the survey with a result; both aggregators have closed it."""
        held = _in(context, self.survey, "closed")
        _need_party(context, (held.collector,))
        _need_time(context, held)
        done = replace(held, status="done", result=self.result, ended=context.index)
        _write(context, self.survey, done)


@dataclass(frozen=True, slots=True)
class SurveyAbort:
    """A party ends a survey without a result."""

    reason: str
    survey: str

    @classmethod
    def parse(cls, fields: Fields) -> SurveyAbort:
        """Read the body."""
        return cls(read_reason(fields), _read_survey(fields))

    def apply(self, context: Context) -> None:
        """End it; also after its last second."""
        held = _in(context, self.survey, "opened", "running", "closed")
        _need_party(context, held.parties)
        ended = replace(held, status="aborted", reason=self.reason, ended=context.index)
        _write(context, self.survey, ended)
