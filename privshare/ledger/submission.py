"""What the state holds about submitted code: accounts, mocks, decisions.

    account/<id>            whose account of another system it is: the agency
    mock/<dataset>          what was shown of a dataset to write code against
    submission/<digest>     what agencies decided about these very bytes

No e-mail address and no line of code is on the ledger: an account's id is the
digest of its enrolment, which is salted, and a submission's that of its files.

Implements docs/formats/entry.md, section 5.

>>> one = Decision(account="A" * 43, agency="tax", at=7, dataset="tax/wages",
...     decision="approve", gate="B" * 43, grantee="labour", purpose="wage-study",
...     reason="reviewed", rule=None)
>>> about = About("tax/wages", "labour", "wage-study", "B" * 43)
>>> Submission((one,)).approved_by(about)
frozenset({'tax'})
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal

from privshare.ledger.values import Value

__all__ = [
    "MAX_DECISIONS",
    "About",
    "Account",
    "Decision",
    "Mock",
    "Submission",
    "Verdict",
]

Verdict = Literal["approve", "refuse"]
#: About one submission, by one agency; the last can only be a refusal, so that
#: whoever approved can always take it back, whatever others say.
MAX_DECISIONS: Final = 32


@dataclass(frozen=True, slots=True)
class Account:
    """An account of another system, enrolled by an agency as one of its own.

    Attributes:
        agency: Whose.
        at: Log index of the enrolment.
        ended: Log index of its end, or None.
    """

    agency: str
    at: int
    ended: int | None = None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, obj: Value) -> Account:
        """Read the object back."""
        return cls(**obj)


@dataclass(frozen=True, slots=True)
class Mock:
    """What an owner shows of a dataset, and what it asks of code about it.

    Attributes:
        at: Log index.
        gate: Digest of the rule that outputs must keep, base64url.
        mock: Digest of the made-up rows, base64url.
        schema: Digest of the schema they were made from, base64url.
        version: Of the dataset; its rows are committed to there.
    """

    at: int
    gate: str
    mock: str
    schema: str
    version: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, obj: Value) -> Mock:
        """Read the object back."""
        return cls(**obj)


@dataclass(frozen=True, slots=True)
class About:
    """What a decision is about: these rows, for this agency, to this end.

    Attributes:
        dataset: Its name.
        grantee: The agency whose right is used.
        purpose: What for.
        gate: Digest of the rule that outputs must keep, base64url; None where
            nothing is published.
    """

    dataset: str
    grantee: str
    purpose: str
    gate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one agency decided about a submission.

    Attributes:
        account: Id of the account that handed it in, or None if it has none.
        agency: Who decided.
        at: Log index.
        dataset: What the code is to run on, or None if not known.
        decision: approve, or refuse; a refusal ends an approval before it.
        gate: Digest of the rule that outputs must keep, under which alone an
            approval holds; None in a refusal, which holds under any.
        grantee: The agency whose right is to be used, or None if not known.
        purpose: What for, or None.
        reason: In one line.
        rule: The rule that said no, or None where a person decided.
    """

    account: str | None
    agency: str
    at: int
    dataset: str | None
    decision: Verdict
    gate: str | None
    grantee: str | None
    purpose: str | None
    reason: str
    rule: str | None

    def covers(self, about: About) -> bool:
        """Whether it is about this: a refusal covers what it leaves open."""
        mine = (self.dataset, self.grantee, self.purpose, self.gate)
        wanted = (about.dataset, about.grantee, about.purpose, about.gate)
        open_to_all = self.decision == "refuse"
        return all(
            one == other or (one is None and open_to_all)
            for one, other in zip(mine, wanted, strict=True)
        )

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Submission:
    """What was decided about one submission, in the order of the log."""

    decisions: tuple[Decision, ...] = ()

    def by(self, agency: str) -> tuple[Decision, ...]:
        """What an agency decided, in the order of the log."""
        return tuple(one for one in self.decisions if one.agency == agency)

    def latest(self, agency: str, about: About) -> Decision | None:
        """What an agency thinks now of one dataset, grantee, purpose and rule.

        A refusal that leaves one of them open is for all.
        """
        found = None
        for one in self.by(agency):
            if one.covers(about):
                found = one
        return found

    def approved_by(self, about: About, before: int | None = None) -> frozenset[str]:
        """Agencies that approve.

        Args:
            about: Of what.
            before: Log index: what was decided from there on does not count.
        """
        earlier = Submission(
            tuple(one for one in self.decisions if before is None or one.at < before)
        )
        found = set()
        for agency in {one.agency for one in earlier.decisions}:
            now = earlier.latest(agency, about)
            if now is not None and now.decision == "approve":
                found.add(agency)
        return frozenset(found)

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"decisions": [one.to_json() for one in self.decisions]}

    @classmethod
    def from_json(cls, obj: Value) -> Submission:
        """Read the object back."""
        return cls(tuple(Decision(**one) for one in obj["decisions"]))
