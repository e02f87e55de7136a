"""The rules of a policy: what an owner permits and what it prohibits.

A rule judges terms and knows nothing of other rules; `policy.decide` puts
their answers together. Every field of the terms is judged by some field of a
permission, so nothing comes in that the owner did not write down.

    owner     rules ─► Policy ─► policy.decide(policy, terms, now) ─► Decision

Implements docs/formats/policy.md, "Rules"; permission and prohibition are
words of the W3C ODRL Information Model 2.2.

>>> Prohibition("no-names", columns=("name",)).to_json()["operations"]
['*']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast, get_args

from privshare.errors import EncodingError, OutOfRange
from privshare.rights import identifier
from privshare.rights.terms import (
    BOUNDS,
    MAX_COLUMNS,
    MAX_OBLIGATIONS,
    MAX_PROGRAMS,
    Right,
    Terms,
    check_order,
    one_of,
)
from privshare.wire.canonical import Fields, Json

#: In a list: whatever the terms say.
ANY = "*"
MAX_PARTIES = 256
MAX_DAYS = 36_525
MAX_CONFIRMATIONS = 16
_DAY_S = 86_400
_SHOWN = 80

_FORMS: dict[str, identifier.Form | None] = {
    "columns": identifier.COLUMN,
    "grantees": identifier.AGENCY,
    "group_by": identifier.COLUMN,
    "obligations": identifier.OBLIGATION,
    "operations": None,
    "programs": identifier.PROGRAM,
    "purposes": identifier.PURPOSE,
}
_LENGTHS = {
    "columns": MAX_COLUMNS,
    "grantees": MAX_PARTIES,
    "group_by": MAX_COLUMNS,
    "obligations": MAX_OBLIGATIONS,
    "operations": len(identifier.OPERATIONS),
    "programs": MAX_PROGRAMS,
    "purposes": MAX_PARTIES,
}


@dataclass(frozen=True, slots=True)
class Prohibition:
    """A rule that refuses whatever it touches.

    It touches terms when each of its four lists meets them: their purpose,
    their grantee, one of their operations, and one of their columns (those of
    `group_by` included). A list that is ("*",) meets everything.

    Attributes:
        id: Of the form `identifier.RULE`, once in a policy.
        purposes: Sorted.
        grantees: Sorted agencies.
        operations: Sorted.
        columns: Sorted.

    Raises:
        EncodingError: A list that is empty, not sorted, or of other words.
    """

    id: str
    purposes: tuple[str, ...] = (ANY,)
    grantees: tuple[str, ...] = (ANY,)
    operations: tuple[str, ...] = (ANY,)
    columns: tuple[str, ...] = (ANY,)

    def __post_init__(self) -> None:
        identifier.RULE.check(self.id, "rule.id")
        for field in ("purposes", "grantees", "operations", "columns"):
            where = f"rule {self.id}, {field}"
            _check_list(field, getattr(self, field), where, may_be_any=True)
            if not getattr(self, field):
                raise EncodingError(f"{where}: expected at least one, found none")

    def touches(self, terms: Terms) -> bool:
        """Whether any part of the terms falls under this prohibition."""
        return (
            _meets(self.purposes, (terms.purpose,))
            and _meets(self.grantees, (terms.grantee,))
            and _meets(self.operations, terms.operations)
            and _meets(self.columns, terms.columns + terms.group_by)
        )

    def to_json(self) -> dict[str, Json]:
        """Lay the rule out as its policy holds it."""
        return {
            "columns": list(self.columns),
            "effect": "prohibit",
            "grantees": list(self.grantees),
            "id": self.id,
            "operations": list(self.operations),
            "purposes": list(self.purposes),
        }


@dataclass(frozen=True, slots=True)
class Permission:
    """A rule that permits terms which it covers whole.

    Attributes:
        id: Of the form `identifier.RULE`, once in a policy.
        purposes: Sorted; the terms' purpose is among them. May be ("*",).
        grantees: Sorted agencies; the grantee is among them. May be ("*",).
        operations: Sorted; the terms have no others.
        columns: Sorted; the terms have no others.
        group_by: Sorted; the terms split by no others.
        programs: Sorted; the terms name no others. Empty: the owner answers
            by itself.
        min_k: The terms' k is at least this.
        max_days: The terms' period is at most this long.
        max_uses: The terms have at most as many uses.
        max_budget: The terms have at most this budget, in micro-epsilon.
        confirmations: How many people of the owner must confirm before the
            node offers; 0 exactly when `automatic`.
        automatic: The node may offer at once, without a person.
        rights: Sorted kinds; the terms' right is among them.
        max_delegable: The terms may be passed on at most this often.
        obligations: Sorted; the terms take on all of them.

    Raises:
        EncodingError: A list that is not sorted, of other words, or empty
            where nothing would be covered; confirmations that contradict
            `automatic`.
        OutOfRange: A number outside its bounds.
    """

    id: str
    purposes: tuple[str, ...]
    grantees: tuple[str, ...]
    operations: tuple[str, ...]
    columns: tuple[str, ...]
    group_by: tuple[str, ...]
    programs: tuple[str, ...]
    min_k: int
    max_days: int
    max_uses: int
    max_budget: int
    confirmations: int = 1
    automatic: bool = False
    rights: tuple[Right, ...] = ("process",)
    max_delegable: int = 0
    obligations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        identifier.RULE.check(self.id, "rule.id")
        for field in _FORMS:
            where = f"rule {self.id}, {field}"
            may_be_any = field in ("purposes", "grantees")
            _check_list(field, getattr(self, field), where, may_be_any=may_be_any)
        for field in ("purposes", "grantees", "operations", "rights"):
            if not getattr(self, field):
                raise EncodingError(
                    f"rule {self.id}, {field}: expected at least one, found none"
                )
        check_order(self.rights, f"rule {self.id}, rights")
        for right in self.rights:
            one_of(right, get_args(Right), f"rule {self.id}, rights")
        for field, (low, high) in _LIMITS.items():
            value = getattr(self, field)
            if isinstance(value, bool) or not low <= value <= high:
                raise OutOfRange(
                    f"rule {self.id}, {field}: expected {low} to {high}, found {value}"
                )
        if self.automatic != (self.confirmations == 0):
            raise EncodingError(
                f"rule {self.id}, confirmations: expected 0 exactly when automatic, "
                f"found {self.confirmations} with automatic {self.automatic}"
            )

    def shortfalls(self, terms: Terms) -> tuple[str, ...]:
        """All that keeps this rule from covering the terms; empty when it does.

        Each is a clause for people: the field, what was expected, what was
        found.
        """
        return (
            *self._subject(terms),
            *self._parts(terms),
            *self._numbers(terms),
        )

    def _subject(self, terms: Terms) -> Iterator[str]:
        for field, allowed, found in (
            ("purpose", self.purposes, terms.purpose),
            ("grantee", self.grantees, terms.grantee),
            ("right", self.rights, terms.right),
        ):
            if not _meets(allowed, (found,)):
                yield f"{field}: expected one of {_words(allowed)}, found {found}"

    def _parts(self, terms: Terms) -> Iterator[str]:
        for field in ("operations", "columns", "group_by", "programs"):
            allowed = getattr(self, field)
            extra = set(getattr(terms, field)).difference(allowed)
            if field == "programs":
                extra = identifier.unlisted(terms.programs, allowed)
            if extra:
                among, found = _words(allowed), _words(sorted(extra))
                yield f"{field}: expected among {among}, found {found}"
        # Terms without programs ask the owner to answer by itself, which is a
        # permission of its own.
        if self.programs and not terms.programs:
            yield f"programs: expected some of {_words(self.programs)}, found none"
        missing = sorted(set(self.obligations).difference(terms.obligations))
        if missing:
            yield f"obligations: expected {_words(missing)}, found terms without"

    def _numbers(self, terms: Terms) -> Iterator[str]:
        if terms.k < self.min_k:
            yield f"k: expected at least {self.min_k}, found {terms.k}"
        for field, most in (
            ("uses", self.max_uses),
            ("budget", self.max_budget),
            ("delegable", self.max_delegable),
        ):
            if getattr(terms, field) > most:
                yield (
                    f"{field}: expected at most {most}, found {getattr(terms, field)}"
                )
        days = -(-(terms.not_after - terms.not_before) // _DAY_S)
        if days > self.max_days:
            yield f"period: expected at most {self.max_days} days, found {days}"

    def to_json(self) -> dict[str, Json]:
        """Lay the rule out as its policy holds it."""
        return {
            "automatic": self.automatic,
            "columns": list(self.columns),
            "confirmations": self.confirmations,
            "effect": "permit",
            "grantees": list(self.grantees),
            "group_by": list(self.group_by),
            "id": self.id,
            "max_budget": self.max_budget,
            "max_days": self.max_days,
            "max_delegable": self.max_delegable,
            "max_uses": self.max_uses,
            "min_k": self.min_k,
            "obligations": list(self.obligations),
            "operations": list(self.operations),
            "programs": list(self.programs),
            "purposes": list(self.purposes),
            "rights": list(self.rights),
        }


_LIMITS: dict[str, tuple[int, int]] = {
    "confirmations": (0, MAX_CONFIRMATIONS),
    "max_budget": BOUNDS["budget"],
    "max_days": (1, MAX_DAYS),
    "max_delegable": BOUNDS["delegable"],
    "max_uses": BOUNDS["uses"],
    "min_k": BOUNDS["k"],
}

Rule: TypeAlias = Permission | Prohibition


def read_rule(fields: Fields) -> Rule:
    """Read the object that a rule's `to_json` writes, to its end.

    Raises:
        EncodingError: A field too few, too many, or not of its form.
        OutOfRange: A number outside its bounds.
    """
    effect = fields.str("effect", max=16)
    one_of(effect, ("permit", "prohibit"), "rule.effect")
    rule = _read_permission(fields) if effect == "permit" else _read_prohibition(fields)
    fields.end()
    return rule


def _read_prohibition(fields: Fields) -> Prohibition:
    return Prohibition(
        id=fields.str("id"),
        purposes=fields.str_list("purposes", MAX_PARTIES),
        grantees=fields.str_list("grantees", MAX_PARTIES),
        operations=fields.str_list("operations", MAX_PARTIES),
        columns=fields.str_list("columns", MAX_COLUMNS),
    )


def _read_permission(fields: Fields) -> Permission:
    return Permission(
        id=fields.str("id"),
        purposes=fields.str_list("purposes", MAX_PARTIES),
        grantees=fields.str_list("grantees", MAX_PARTIES),
        operations=fields.str_list("operations", MAX_PARTIES),
        columns=fields.str_list("columns", MAX_COLUMNS),
        group_by=fields.str_list("group_by", MAX_COLUMNS),
        programs=fields.str_list("programs", MAX_PROGRAMS),
        min_k=fields.int("min_k"),
        max_days=fields.int("max_days"),
        max_uses=fields.int("max_uses"),
        max_budget=fields.int("max_budget"),
        confirmations=fields.int("confirmations"),
        automatic=fields.bool("automatic"),
        rights=cast(tuple[Right, ...], fields.str_list("rights", 3)),
        max_delegable=fields.int("max_delegable"),
        obligations=fields.str_list("obligations", MAX_OBLIGATIONS),
    )


def _check_list(
    field: str, items: tuple[str, ...], where: str, *, may_be_any: bool
) -> None:
    if may_be_any and items == (ANY,):
        return
    if len(items) > _LENGTHS[field]:
        raise EncodingError(
            f"{where}: expected at most {_LENGTHS[field]}, found {len(items)}"
        )
    check_order(items, where)
    form = _FORMS[field]
    for item in items:
        if form is None:
            identifier.check_operation(item, where)
        else:
            form.check(item, where)


def _meets(allowed: Sequence[str], found: Sequence[str]) -> bool:
    return ANY in allowed or not set(allowed).isdisjoint(found)


def _words(words: Sequence[str]) -> str:
    """List words for a reason: some hundred characters, the rest counted."""
    shown: list[str] = []
    for word in words:
        if sum(map(len, shown)) > _SHOWN:
            return f"{', '.join(shown)} and {len(words) - len(shown)} more"
        shown.append(word)
    return ", ".join(shown) or "none"
