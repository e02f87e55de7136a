"""The terms of a grant: who may do what with which columns, until when.

What a grantee asks for, an owner offers and a receipt carries. Terms are the
closed form of a right: nothing that is not written here is permitted.

    grantee   Terms ─► grant.request ─► ledger
    owner     policy.decide(policy, terms, now) ─► grant.offer ─► ledger
    node      terms.covers(operation, columns, ...) before anything runs
    auditor   terms.covers(...) again, at the time the ledger holds

Implements the grant terms of docs/formats/policy.md; the kinds of right follow
the three of the Chinese data-rights framework (hold, process, operate), the
purposes may be terms of the W3C Data Privacy Vocabulary.

>>> terms = Terms(
...     dataset="taxes/returns-2025", grantee="housing", right="process",
...     purpose="housing-policy", operations=("count", "sum"),
...     programs=("he.sum/v2",), columns=("tax_paid",), group_by=("district",),
...     not_before=1_760_000_000, not_after=1_800_000_000, uses=12,
...     budget=3_000_000, output="aggregate", k=20, delegable=0,
...     obligations=(), policy=bytes(32))
>>> terms.covers(operation="sum", columns=["tax_paid"], group_by=[],
...     purpose="housing-policy", program="he.sum/v2", time=1_770_000_000)
>>> terms.covers(operation="sum", columns=["name"], group_by=[],
...     purpose="housing-policy", program="he.sum/v2", time=1_770_000_000)
Traceback (most recent call last):
privshare.errors.PurposeMismatch: expected columns among tax_paid, found name
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast, get_args

from privshare.errors import (
    EncodingError,
    GrantExpired,
    NotPermitted,
    OutOfRange,
    PurposeMismatch,
)
from privshare.rights import identifier
from privshare.rights.identifier import Output
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u
from privshare.wire.digest import digest_json
from privshare.wire.domain import TERMS

Right = Literal["hold", "operate", "process"]

MAX_COLUMNS = 256
MAX_PROGRAMS = 64
MAX_OBLIGATIONS = 32
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z

#: Bounds of the numbers, ends included. Times are unix seconds, the budget is
#: in micro-epsilon; 0 buys nothing but programs that charge nothing.
BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "budget": (0, INTEGER_LIMIT - 1),
        "delegable": (0, 3),
        "k": (1, 1_000_000),
        "not_after": (0, _LAST_SECOND),
        "not_before": (0, _LAST_SECOND),
        "uses": (1, 1_000_000),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a grant permits. Well formed from the moment it exists.

    Attributes:
        dataset: What it is about; its owner stands before the slash.
        grantee: The agency that may use it.
        right: Kind of right: hold, process or operate.
        purpose: The one purpose of every use.
        operations: Sorted, of the closed list; all with the same `output`.
        programs: Sorted program ids that may run. Empty: no program may, the
            owner answers by itself.
        columns: Sorted columns that may be read or computed on.
        group_by: Sorted columns by whose values results may be split.
        not_before: First second at which it is valid.
        not_after: Last second at which it is valid.
        uses: How many uses, delegated ones included.
        budget: Privacy budget in micro-epsilon, delegated part included.
        output: `aggregate`, or `record` for single rows.
        k: No result may rest on fewer rows than this.
        delegable: How many more times it may be passed on, 0 to 3.
        obligations: Sorted duties that come with every use.
        policy: Digest of the owner's policy under which it was given.

    Raises:
        EncodingError: An identifier of another form, a list that is not
            sorted and unique, operations that do not fit the output.
        OutOfRange: A number outside `BOUNDS`, or an empty period.
    """

    dataset: str
    grantee: str
    right: Right
    purpose: str
    operations: tuple[str, ...]
    programs: tuple[str, ...]
    columns: tuple[str, ...]
    group_by: tuple[str, ...]
    not_before: int
    not_after: int
    uses: int
    budget: int
    output: Output
    k: int
    delegable: int
    obligations: tuple[str, ...]
    policy: bytes

    def __post_init__(self) -> None:
        identifier.DATASET.check(self.dataset, "terms.dataset")
        identifier.AGENCY.check(self.grantee, "terms.grantee")
        identifier.PURPOSE.check(self.purpose, "terms.purpose")
        one_of(self.right, get_args(Right), "terms.right")
        one_of(self.output, get_args(Output), "terms.output")
        for name, bounds in BOUNDS.items():
            _check_number(getattr(self, name), bounds, f"terms.{name}")
        check_set(self.columns, identifier.COLUMN, MAX_COLUMNS, "terms.columns")
        check_set(self.group_by, identifier.COLUMN, MAX_COLUMNS, "terms.group_by")
        check_set(self.programs, identifier.PROGRAM, MAX_PROGRAMS, "terms.programs")
        check_set(
            self.obligations,
            identifier.OBLIGATION,
            MAX_OBLIGATIONS,
            "terms.obligations",
        )
        self._check_operations()
        if self.not_after < self.not_before:
            raise OutOfRange(
                f"terms.not_after: expected {self.not_before} or later, found "
                f"{self.not_after}"
            )
        if len(self.policy) != 32:
            raise EncodingError(
                f"terms.policy: expected 32 bytes, found {len(self.policy)}"
            )

    def _check_operations(self) -> None:
        where = "terms.operations"
        check_order(self.operations, where)
        if not self.operations:
            raise EncodingError(f"{where}: expected at least one, found none")
        for name in self.operations:
            output = identifier.OPERATIONS[
                identifier.check_operation(name, where)
            ].output
            if output != self.output:
                raise EncodingError(
                    f"{where}: expected operations with {self.output} output, found "
                    f"{name}, whose output is {output}"
                )

    @property
    def owner(self) -> str:
        """The agency that owns the dataset."""
        return identifier.owner_of(self.dataset)

    @classmethod
    def from_json(cls, obj: object, where: str = "terms") -> Terms:
        """Read the object that `to_json` writes.

        Args:
            obj: A decoded JSON value.
            where: The object's place, for messages.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number outside `BOUNDS`, or an empty period.
        """
        fields = Fields(obj, where)
        terms = cls(
            dataset=fields.str("dataset"),
            grantee=fields.str("grantee"),
            right=cast(Right, fields.str("right")),
            purpose=fields.str("purpose"),
            operations=fields.str_list("operations", len(identifier.OPERATIONS)),
            programs=fields.str_list("programs", MAX_PROGRAMS),
            columns=fields.str_list("columns", MAX_COLUMNS),
            group_by=fields.str_list("group_by", MAX_COLUMNS),
            not_before=fields.int("not_before"),
            not_after=fields.int("not_after"),
            uses=fields.int("uses"),
            budget=fields.int("budget"),
            output=cast(Output, fields.str("output")),
            k=fields.int("k"),
            delegable=fields.int("delegable"),
            obligations=fields.str_list("obligations", MAX_OBLIGATIONS),
            policy=fields.digest("policy"),
        )
        fields.end()
        return terms

    def to_json(self) -> dict[str, Json]:
        """Lay the terms out as the ledger and receipts hold them."""
        return {
            "budget": self.budget,
            "columns": list(self.columns),
            "dataset": self.dataset,
            "delegable": self.delegable,
            "grantee": self.grantee,
            "group_by": list(self.group_by),
            "k": self.k,
            "not_after": self.not_after,
            "not_before": self.not_before,
            "obligations": list(self.obligations),
            "operations": list(self.operations),
            "output": self.output,
            "policy": b64u(self.policy),
            "programs": list(self.programs),
            "purpose": self.purpose,
            "right": self.right,
            "uses": self.uses,
        }

    def digest(self) -> bytes:
        """The 32 bytes by which a grantee accepts exactly these terms."""
        return digest_json(TERMS, self.to_json())

    def inside(self, parent: Terms) -> None:
        """Check that these terms permit nothing that `parent` does not.

        A transitive, irreflexive relation: each step down spends one level of
        `delegable`. The grantee is free; the obligations may only grow.

        Raises:
            NotPermitted: Something is wider than in the parent;
                `detail["rule"]` is `grant.inside.<field>`.
        """
        for name in ("dataset", "purpose", "right", "output", "policy"):
            mine, theirs = getattr(self, name), getattr(parent, name)
            if mine != theirs:
                raise _wider(name, _text(theirs), _text(mine))
        for name in ("columns", "group_by", "operations", "programs"):
            mine, theirs = getattr(self, name), getattr(parent, name)
            extra = set(mine) - set(theirs)
            if name == "programs":
                extra = identifier.unlisted(mine, theirs)
            if extra:
                raise _wider(name, _among(theirs), _among(extra))
        if parent.programs and not self.programs:
            # Without programs the owner answers by itself, which the parent,
            # whose programs are named, does not cover.
            raise _wider("programs", f"some of {_among(parent.programs)}", "none")
        missing = set(parent.obligations) - set(self.obligations)
        if missing:
            raise _wider("obligations", _among(missing), "a child without them")
        for name in ("uses", "budget", "not_after"):
            if getattr(self, name) > getattr(parent, name):
                raise _wider(
                    name, f"at most {getattr(parent, name)}", str(getattr(self, name))
                )
        for name in ("k", "not_before"):
            if getattr(self, name) < getattr(parent, name):
                raise _wider(
                    name, f"at least {getattr(parent, name)}", str(getattr(self, name))
                )
        if self.delegable >= parent.delegable:
            raise _wider(
                "delegable",
                f"less than the parent's {parent.delegable}",
                str(self.delegable),
            )

    def covers(
        self,
        *,
        operation: str,
        columns: Iterable[str],
        group_by: Iterable[str],
        purpose: str,
        program: str | None,
        time: int,
    ) -> None:
        """Check that one use lies within these terms.

        What the terms say, not what is left of them: the counts of uses and
        budget are checked by `grant.reserve`.

        Args:
            operation: Of the closed list.
            columns: What the use reads or computes on.
            group_by: What the result is split by.
            purpose: The declared purpose.
            program: The program that will run; None when the owner answers by
                itself, which only terms without programs cover.
            time: Unix seconds, from the ledger.

        Raises:
            GrantExpired: Outside the period: rule `grant.not-yet-valid` or
                `grant.expired`.
            PurposeMismatch: For something else: rule `grant.purpose`,
                `grant.operation`, `grant.column`, `grant.group-by` or
                `grant.program`.
        """
        self.check_period(time)
        if purpose != self.purpose:
            raise _outside("purpose", self.purpose, identifier.shown(purpose))
        if operation not in self.operations:
            raise _outside(
                "operation",
                f"an operation among {_among(self.operations)}",
                identifier.shown(operation),
            )
        _check_covered("column", "columns", columns, self.columns)
        _check_covered("group-by", "groups", group_by, self.group_by)
        if program is None and self.programs:
            raise _outside("program", f"one of {_among(self.programs)}", "no program")
        if program is not None and identifier.unlisted((program,), self.programs):
            raise _outside(
                "program",
                f"one of {_among(self.programs)}",
                identifier.shown(program),
            )

    def check_period(self, time: int) -> None:
        """Check that `time`, in unix seconds, lies in the period.

        Raises:
            GrantExpired: It does not: rule `grant.not-yet-valid` or
                `grant.expired`.
        """
        if time < self.not_before:
            raise GrantExpired(
                f"expected a time from {self.not_before} on, found {time}",
                detail={"rule": "grant.not-yet-valid", "not_before": self.not_before},
            )
        if time > self.not_after:
            raise GrantExpired(
                f"expected a time up to {self.not_after}, found {time}",
                detail={"rule": "grant.expired", "not_after": self.not_after},
            )


def one_of(text: str, allowed: tuple[str, ...], where: str) -> None:
    """Check that a word is one of a few.

    Raises:
        EncodingError: It is not.
    """
    if text not in allowed:
        raise EncodingError(
            f"{where}: expected one of {', '.join(allowed)}, found "
            f"{identifier.shown(text)}",
            detail={"field": where},
        )


def check_set(
    items: tuple[str, ...], form: identifier.Form, most: int, where: str
) -> None:
    """Check a list that stands for a set of identifiers.

    Raises:
        EncodingError: Too long, not sorted, repeated, or of another form.
    """
    if len(items) > most:
        raise EncodingError(f"{where}: expected at most {most}, found {len(items)}")
    for item in items:
        form.check(item, where)
    check_order(items, where)


def check_order(items: tuple[str, ...], where: str) -> None:
    """Check that a list is sorted by code point, each element once.

    Raises:
        EncodingError: It is not.
    """
    if list(items) != sorted(set(items)):
        raise EncodingError(
            f"{where}: expected strings in order, each once; found another order",
            detail={"field": where},
        )


def _check_number(value: int, bounds: tuple[int, int], where: str) -> None:
    low, high = bounds
    if isinstance(value, bool) or not low <= value <= high:
        raise OutOfRange(
            f"{where}: expected {low} to {high}, found {value}",
            detail={"field": where},
        )


def _check_covered(
    rule: str, noun: str, wanted: Iterable[str], granted: tuple[str, ...]
) -> None:
    extra = set(wanted).difference(granted)
    if extra:
        raise _outside(rule, f"{noun} among {_among(granted)}", _among(extra))


def _among(names: Iterable[str]) -> str:
    """List names for a message, in order, a few of many."""
    ordered = sorted(names)
    if not ordered:
        return "none"
    rest = f" and {len(ordered) - 8} more" if len(ordered) > 8 else ""
    return ", ".join(identifier.shown(name)[1:-1] for name in ordered[:8]) + rest


def _text(value: str | bytes) -> str:
    return b64u(value) if isinstance(value, bytes) else value


def _outside(rule: str, expected: str, found: str) -> PurposeMismatch:
    return PurposeMismatch(
        f"expected {expected}, found {found}",
        detail={"rule": f"grant.{rule}", "expected": expected, "found": found},
    )


def _wider(field: str, expected: str, found: str) -> NotPermitted:
    return NotPermitted(
        f"child terms, {field}: expected {expected}, found {found}",
        detail={
            "rule": f"grant.inside.{field.replace('_', '-')}",
            "expected": expected,
            "found": found,
        },
    )
