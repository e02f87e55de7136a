"""Where a grant stands: the value that the ledger's state holds.

A frozen value with its terms, its history and its counters. It checks itself
when it is made, so no grant exists whose counters run over or whose history
contradicts its state; the steps from one value to the next are in `grant`.

    ledger    `grant/<id>` in the state ─► Grant.from_json ─► grant's steps
    auditor   Grant.from_json(the value that the state root proves)

Implements the state value `grant/<id>` of docs/formats/entry.md.

>>> from privshare.rights.terms import Terms
>>> terms = Terms(
...     dataset="taxes/returns-2025", grantee="housing", right="process",
...     purpose="housing-policy", operations=("sum",), programs=("he.sum/v2",),
...     columns=("tax_paid",), group_by=(), not_before=0, not_after=9, uses=1,
...     budget=500, output="aggregate", k=20, delegable=0, obligations=(),
...     policy=bytes(32))
>>> grant = Grant(terms=terms, status="requested", requested=4)
>>> Grant.from_json(grant.to_json()) == grant
True
>>> grant.in_force()
Traceback (most recent call last):
privshare.errors.GrantMissing: expected a grant in force, found one that is requested
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from privshare.errors import (
    EncodingError,
    GrantMissing,
    GrantRevoked,
    NotPermitted,
    OutOfRange,
)
from privshare.rights import identifier
from privshare.rights.terms import Terms, one_of
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json

Status = Literal["active", "exhausted", "offered", "refused", "requested", "revoked"]

#: States from which something can still follow.
LIVING: frozenset[Status] = frozenset(("requested", "offered", "active"))

MAX_DEPTH = 3
MAX_REASON = 512
#: A reason is one line of text: it is read aloud in reports.
REASON = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,512}")
_MOST = INTEGER_LIMIT - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The state of one grant. No value exists whose counters run over.

    Attributes:
        terms: What was asked for; from `offer` on, what was offered.
        status: Where in its life it is.
        requested: Log index of the entry that made it: a request, or the
            delegation of a child.
        offered: Log index of the offer, or None.
        active: Log index of the entry that put it in force, or None.
        ended: Log index of the entry that ended it, or None.
        used: Uses that were settled.
        reserved: Uses that are under way.
        spent: Budget spent by settled uses, in micro-epsilon.
        held: Budget held by uses under way, in micro-epsilon.
        parent: Id of the grant it was delegated from, or None.
        depth: Delegations above it, 0 to 3.
        rule: The rule a refusal named, or None.
        reason: Why it was refused or revoked, in one line, or None.

    Raises:
        EncodingError: Fields that contradict one another.
        OutOfRange: A counter below zero or above what the terms allow.
    """

    terms: Terms
    status: Status
    requested: int
    offered: int | None = None
    active: int | None = None
    ended: int | None = None
    used: int = 0
    reserved: int = 0
    spent: int = 0
    held: int = 0
    parent: str | None = None
    depth: int = 0
    rule: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        one_of(self.status, get_args(Status), "grant.status")
        self._check_counters()
        self._check_history()
        if self.rule is not None:
            identifier.RULE.check(self.rule, "grant.rule")
        if self.reason is not None and REASON.fullmatch(self.reason) is None:
            raise EncodingError(
                f"grant.reason: expected one line of 1 to {MAX_REASON} characters, "
                f"found {len(self.reason)} characters of another kind"
            )
        if self.parent is not None:
            identifier.ID.check(self.parent, "grant.parent")
        deepest = 0 if self.parent is None else MAX_DEPTH
        if not min(deepest, 1) <= self.depth <= deepest:
            raise EncodingError(
                f"grant.depth: expected {min(deepest, 1)} to {deepest}, found "
                f"{self.depth}"
            )

    def _check_counters(self) -> None:
        for counter, value, most in (
            ("used", self.used, self.terms.uses),
            ("reserved", self.reserved, self.terms.uses - self.used),
            ("spent", self.spent, self.terms.budget),
            ("held", self.held, self.terms.budget - self.spent),
        ):
            if not 0 <= value <= most:
                raise OutOfRange(
                    f"grant.{counter}: expected 0 to {most}, found {value}"
                )
        if (self.used == self.terms.uses) != (self.status == "exhausted"):
            raise EncodingError(
                f"grant.used: expected all {self.terms.uses} uses settled exactly "
                f"when exhausted, found {self.used} in one that is {self.status}"
            )
        if self.held and not self.reserved:
            raise EncodingError(
                f"grant.held: expected 0 without a use under way, found {self.held}"
            )

    def _check_history(self) -> None:
        """Each state has passed some others, at indexes that do not go back."""
        offered, active, ended = _PASSED[self.status]
        for name, index, wanted in (
            ("offered", self.offered, offered),
            ("active", self.active, active),
            ("ended", self.ended, ended),
        ):
            if wanted is not None and (index is not None) != wanted:
                raise EncodingError(
                    f"grant.{name}: expected {'an index' if wanted else 'null'} in "
                    f"a grant that is {self.status}, found "
                    f"{'null' if index is None else 'an index'}"
                )
        passed = [
            index
            for index in (self.requested, self.offered, self.active, self.ended)
            if index is not None
        ]
        if passed != sorted(passed) or passed[0] < 0 or passed[-1] > _MOST:
            raise OutOfRange(
                f"grant: expected log indexes that do not go back, found {passed}"
            )
        if self.active is not None and self.offered is None:
            raise EncodingError("grant.offered: expected an index, found null")
        if self.active is None and (self.used or self.reserved):
            raise EncodingError("grant.active: expected an index, found null")

    @property
    def newest(self) -> int:
        """Log index of the newest step that its history names."""
        indexes = (self.requested, self.offered, self.active, self.ended)
        return max(index for index in indexes if index is not None)

    @property
    def is_over(self) -> bool:
        """Whether it has ended: nothing can follow but `release`."""
        return self.status not in LIVING

    @classmethod
    def from_json(cls, obj: object, where: str = "grant") -> Grant:
        """Read a value of the ledger's state, `grant/<id>`.

        Raises:
            EncodingError: A field too few, too many or not of its form, or
                fields that contradict one another.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, where)
        grant = cls(
            terms=Terms.from_json(fields.json("terms"), f"{where}.terms"),
            status=cast(Status, fields.str("status")),
            requested=fields.int("requested", 0),
            offered=fields.nullable("offered", fields.int, 0),
            active=fields.nullable("active", fields.int, 0),
            ended=fields.nullable("ended", fields.int, 0),
            used=fields.int("used"),
            reserved=fields.int("reserved"),
            spent=fields.int("spent"),
            held=fields.int("held"),
            parent=fields.nullable("parent", fields.str),
            depth=fields.int("depth"),
            rule=fields.nullable("rule", fields.str),
            reason=fields.nullable("reason", fields.str),
        )
        fields.end()
        return grant

    def to_json(self) -> dict[str, Json]:
        """Lay it out as the ledger's state holds it."""
        return {
            "active": self.active,
            "depth": self.depth,
            "ended": self.ended,
            "held": self.held,
            "offered": self.offered,
            "parent": self.parent,
            "reason": self.reason,
            "requested": self.requested,
            "reserved": self.reserved,
            "rule": self.rule,
            "spent": self.spent,
            "status": self.status,
            "terms": self.terms.to_json(),
            "used": self.used,
        }

    def in_force(self) -> Terms:
        """Return the terms of a grant that is active.

        Time is not looked at: `Terms.covers` and `Terms.check_period` do.

        Raises:
            GrantRevoked: It was revoked: rule `grant.revoked`.
            GrantMissing: It was never in force: rule `grant.not-active`.
            NotPermitted: Its uses are used up: rule `grant.uses`.
        """
        if self.status == "active":
            return self.terms
        if self.status == "revoked":
            raise GrantRevoked(
                "expected a grant in force, found one that was revoked at index "
                f"{self.ended}",
                detail={"rule": "grant.revoked", "index": self.ended},
            )
        if self.status == "exhausted":
            raise NotPermitted(
                "expected a grant with uses left, found one that is exhausted",
                detail={"rule": "grant.uses", "uses": self.terms.uses},
            )
        raise GrantMissing(
            f"expected a grant in force, found one that is {self.status}",
            detail={"rule": "grant.not-active", "status": self.status},
        )


# Whether (offered, active, ended) hold an index in each state; None: either.
_PASSED: dict[Status, tuple[bool | None, bool | None, bool]] = {
    "requested": (False, False, False),
    "offered": (True, False, False),
    "active": (True, True, False),
    "exhausted": (True, True, True),
    "refused": (None, False, True),
    "revoked": (None, None, True),
}
