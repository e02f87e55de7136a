"""What a policy may ask of a machine's claims, one shape for each question.

A rule reads its field of a policy document, writes it back, and judges claims
by it. Which rules a kind of evidence has stands in `rules`; a policy's schema
and its appraisal cannot drift apart, because both are these.

    policy document ─► Rule.read ─► value ─┐
    Claims ────────────────────────────────┴─► Rule.judge ─► Finding, …

A claim that is not there is refused, as is one of another type. A list names
what is accepted, so an empty one accepts nothing; where a rule allows null,
null must be written, and means that this is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from privshare.errors import EncodingError
from privshare.jobs.attestation.evidence import Claims, Value
from privshare.jobs.attestation.finding import Aspect, Finding, Verdict
from privshare.wire.canonical import Fields, Json

__all__ = [
    "Among",
    "Entry",
    "Event",
    "Forbid",
    "Least",
    "Listed",
    "Most",
    "Numbers",
    "PolicyValue",
    "Registers",
    "Rule",
    "Within",
    "Without",
    "Words",
]

#: What a rule reads from a policy document.
PolicyValue: TypeAlias = (
    bool
    | int
    | str
    | tuple[bytes, ...]
    | tuple[int, ...]
    | tuple[str, ...]
    | Mapping[str, "PolicyValue"]
    | None
)

#: What a policy says of one kind of evidence: a value under each rule's name.
Entry: TypeAlias = Mapping[str, "PolicyValue"]

MAX_LISTED = 256
MAX_NUMBER = 1 << 32

_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_INDEX = re.compile(r"0|[1-9][0-9]?")


class Rule(Protocol):
    """A question that policies of a kind answer."""

    @property
    def name(self) -> str:
        """The field of the policy document."""
        ...

    def read(self, fields: Fields) -> PolicyValue:
        """Read the field; raises what `Fields` raises."""
        ...

    def write(self, value: PolicyValue) -> Json:
        """Lay out what `read` read."""
        ...

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """Judge claims; at least one finding, unless the value is null."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule about one claim; what the next ones share.

    Attributes:
        name: The field of the policy document.
        claim: The claim that it is about.
        aspect: Where it counts.
        nullable: Whether a policy may say that it does not ask.
    """

    name: str
    claim: str
    aspect: Aspect
    nullable: bool = False

    def write(self, value: PolicyValue) -> Json:
        """Lay the value out."""
        return _json(value)

    def found(self, verdict: Verdict, sentence: str, claim: str = "") -> Finding:
        """A finding of this rule."""
        return Finding(
            f"appraisal.{self.name}",
            claim or self.claim,
            verdict,
            sentence,
            self.aspect,
        )

    def judged(self, good: bool, yes: str, no: str) -> Finding:
        """Affirming or contraindicated, with the sentence of that side."""
        return self.found(
            "affirming" if good else "contraindicated", yes if good else no
        )

    def missing(self, claim: str = "") -> Finding:
        """The finding where a claim is not there, or of another type."""
        name = claim or self.claim
        return self.found(
            "contraindicated", f"expected {name}, found no such claim", name
        )


@dataclass(frozen=True, slots=True)
class Among(Listed):
    """A register is one of these; lower-case hex in the document.

    Attributes:
        lengths: In bytes, those that the register may have.
    """

    lengths: tuple[int, ...] = (48,)

    def read(self, fields: Fields) -> PolicyValue:
        """Read a list of registers, or null."""
        if self.nullable:
            return fields.nullable(self.name, _read_registers, fields, self.lengths)
        return _read_registers(self.name, fields, self.lengths)

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding."""
        value = entry[self.name]
        if value is not None:
            yield self.judge_claim(cast(tuple[bytes, ...], value), claims, self.claim)

    def judge_claim(
        self, accepted: tuple[bytes, ...], claims: Claims, claim: str
    ) -> Finding:
        """The finding of one register."""
        found = claims.values.get(claim)
        if type(found) is not bytes:
            return self.missing(claim)
        if found in accepted:
            return self.found("affirming", f"{claim} is one the policy names", claim)
        return self.found(
            "contraindicated",
            f"{claim} is {found.hex()[:32]}…, policy names {len(accepted)} others",
            claim,
        )


@dataclass(frozen=True, slots=True)
class Registers(Listed):
    """Numbered registers, each one of those listed under its number.

    Attributes:
        lengths: In bytes, those that a register may have.
        required: Numbers that every policy must list.
        count: How many registers there are.
    """

    lengths: tuple[int, ...] = (48,)
    required: tuple[int, ...] = ()
    count: int = 24

    def read(self, fields: Fields) -> PolicyValue:
        """Read an object of lists, under the registers' numbers."""
        inner = fields.obj(self.name)
        names = sorted(inner.names(), key=lambda text: (len(text), text))
        found: dict[str, PolicyValue] = {}
        for name in names:
            if not _INDEX.fullmatch(name) or int(name) >= self.count:
                continue  # `end` refuses it with its place
            found[name] = _read_registers(name, inner, self.lengths)
        for number in self.required:
            if str(number) not in found:
                inner.json(str(number))  # says where it is missing
        inner.end()
        return found

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding for each register that the policy lists."""
        one = Among(self.name, self.claim, self.aspect)
        value = cast(Mapping[str, tuple[bytes, ...]], entry[self.name])
        for number, accepted in value.items():
            yield one.judge_claim(accepted, claims, f"{self.claim}.{number}")


@dataclass(frozen=True, slots=True)
class Words(Listed):
    """A word is one of these.

    Attributes:
        pattern: What such a word looks like.
        calm: Words that are affirming; an accepted one outside is a warning.
            Empty: all are.
    """

    pattern: str = r"[A-Za-z0-9][A-Za-z0-9 ._\-]{0,63}"
    calm: tuple[str, ...] = ()

    def read(self, fields: Fields) -> PolicyValue:
        """Read a list of words, or null."""
        if self.nullable:
            return fields.nullable(self.name, _read_words, fields, self.pattern)
        return _read_words(self.name, fields, self.pattern)

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding."""
        value = entry[self.name]
        if value is None:
            return
        accepted = cast(tuple[str, ...], value)
        found = claims.values.get(self.claim)
        if type(found) is not str:
            yield self.missing()
        elif found not in accepted:
            wanted = " or ".join(accepted[:8]) or "none at all"
            yield self.found(
                "contraindicated",
                f"{self.claim} is {found[:64]}, policy wants {wanted}",
            )
        elif self.calm and found not in self.calm:
            yield self.found(
                "warning", f"{self.claim} is {found}, which policy accepts"
            )
        else:
            yield self.found("affirming", f"{self.claim} is {found}")


@dataclass(frozen=True, slots=True)
class Numbers(Listed):
    """A number is one of these."""

    def read(self, fields: Fields) -> PolicyValue:
        """Read a list of numbers, ascending, or null."""
        if self.nullable:
            return fields.nullable(self.name, _read_numbers, fields)
        return _read_numbers(self.name, fields)

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding."""
        value = entry[self.name]
        if value is None:
            return
        accepted = cast(tuple[int, ...], value)
        found = claims.values.get(self.claim)
        if type(found) is not int:
            yield self.missing()
            return
        wanted = " or ".join(map(str, accepted[:8])) or "none at all"
        yield self.judged(
            found in accepted,
            f"{self.claim} is {found}",
            f"{self.claim} is {found}, policy wants {wanted}",
        )


@dataclass(frozen=True, slots=True)
class Least(Listed):
    """A number is this or above."""

    def read(self, fields: Fields) -> PolicyValue:
        """Read a number."""
        return fields.int(self.name, 0, MAX_NUMBER)

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding, with the distance."""
        wanted = cast(int, entry[self.name])
        found = claims.values.get(self.claim)
        if type(found) is not int:
            yield self.missing()
            return
        yield self.judged(
            found >= wanted,
            f"{self.claim} is {found}, policy wants {wanted} or above",
            f"{self.claim} is {found}, policy wants {wanted}: {wanted - found} behind",
        )


@dataclass(frozen=True, slots=True)
class Most(Listed):
    """A number is this or below.

    Attributes:
        limit: The greatest that a policy may say.
    """

    limit: int = MAX_NUMBER

    def read(self, fields: Fields) -> PolicyValue:
        """Read a number."""
        return fields.int(self.name, 0, self.limit)

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding, with the distance."""
        wanted = cast(int, entry[self.name])
        found = claims.values.get(self.claim)
        if type(found) is not int or found < 0:
            yield self.missing()
            return
        yield self.judged(
            found <= wanted,
            f"{self.claim} is {found}, policy allows up to {wanted}",
            f"{self.claim} is {found}, policy allows {wanted}: {found - wanted} above",
        )


@dataclass(frozen=True, slots=True)
class Within(Words):
    """Every word of a claim is one of these."""

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding; names the words that are too many."""
        value = entry[self.name]
        if value is None:
            return
        accepted, found = cast(tuple[str, ...], value), claims.values.get(self.claim)
        if not _is_words(found):
            yield self.missing()
            return
        words = cast(tuple[str, ...], found)
        extra = [word for word in words if word not in accepted]
        if extra:
            yield self.found(
                "contraindicated",
                f"{self.claim} has {', '.join(extra[:8])}, not accepted by policy",
            )
        elif words:
            yield self.found(
                "warning", f"{self.claim} has {', '.join(words[:8])}, all accepted"
            )
        else:
            yield self.found("affirming", f"{self.claim} is empty")


@dataclass(frozen=True, slots=True)
class Without(Words):
    """No word of a claim is one of these."""

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding; names the words that are denied."""
        denied = cast(tuple[str, ...], entry[self.name])
        found = claims.values.get(self.claim)
        if not _is_words(found):
            yield self.missing()
            return
        hit = [word for word in cast(tuple[str, ...], found) if word in denied]
        yield self.judged(
            not hit,
            f"{self.claim} has none that policy denies",
            f"{self.claim} has {', '.join(hit[:8])}, which policy denies",
        )


@dataclass(frozen=True, slots=True)
class Forbid(Listed):
    """Something may be on, or must be off: "allow" or "forbid".

    Attributes:
        bit: Which bit of a number it is; None where the claim is yes or no.
    """

    bit: int | None = None

    def read(self, fields: Fields) -> PolicyValue:
        """Read one of two words."""
        return fields.str(self.name, max=8, pattern="allow|forbid")

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding; not known is as good as on."""
        found = claims.values.get(self.claim)
        on = self._is_on(found)
        if entry[self.name] == "allow":
            yield self.found("affirming", f"policy allows {self.name}")
        elif on is None:
            yield self.missing()
        else:
            yield self.judged(
                not on,
                f"{self.name} is off",
                f"{self.name} is on, policy forbids it",
            )

    def _is_on(self, found: Value | None) -> bool | None:
        if self.bit is None:
            return found if type(found) is bool else None
        return bool(found >> self.bit & 1) if type(found) is int else None


@dataclass(frozen=True, slots=True)
class Event(Listed):
    """The event log replays to this register, which nobody could reset.

    Attributes:
        low: The first register that only grows.
        high: The last one.
    """

    low: int = 8
    high: int = 15

    def read(self, fields: Fields) -> PolicyValue:
        """Read a register's number."""
        return fields.int(self.name, self.low, self.high)

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding: there are events, and the last ones are this register's."""
        register = f"pcr.{entry[self.name]}"
        count = sum(1 for name, _, _ in claims.events if name == register)
        yield self.judged(
            count > 0,
            f"{count} events replay to {register}",
            f"expected events that replay to {register}, found none",
        )


def _is_words(found: object) -> bool:
    return isinstance(found, tuple) and all(type(word) is str for word in found)


def _json(value: PolicyValue) -> Json:
    if isinstance(value, tuple):
        return [one.hex() if isinstance(one, bytes) else one for one in value]
    if isinstance(value, Mapping):
        return {name: _json(one) for name, one in value.items()}
    return value


def _read_registers(
    name: str, fields: Fields, lengths: tuple[int, ...]
) -> tuple[bytes, ...]:
    texts = fields.str_list(name, MAX_LISTED, _HEX, sorted_unique=True)
    found = tuple(bytes.fromhex(text) for text in texts)
    for register in found:
        if len(register) not in lengths:
            wanted = " or ".join(map(str, lengths))
            raise EncodingError(
                f"{fields.where}.{name}: expected registers of {wanted} bytes, found "
                f"one of {len(register)}",
                detail={"field": f"{fields.where}.{name}"},
            )
    return found


def _read_words(name: str, fields: Fields, pattern: str) -> tuple[str, ...]:
    return fields.str_list(name, MAX_LISTED, pattern, sorted_unique=True)


def _read_numbers(name: str, fields: Fields) -> tuple[int, ...]:
    found: list[int] = []
    for value in fields.list(name, MAX_LISTED):
        if type(value) is not int or not 0 <= value <= MAX_NUMBER:
            raise EncodingError(
                f"{fields.where}.{name}: expected numbers of 0 to 2^32, found another "
                "value",
                detail={"field": f"{fields.where}.{name}"},
            )
        if found and found[-1] >= value:
            raise EncodingError(
                f"{fields.where}.{name}: expected numbers in order, each once",
                detail={"field": f"{fields.where}.{name}"},
            )
        found.append(value)
    return tuple(found)
