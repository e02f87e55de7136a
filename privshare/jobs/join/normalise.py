"""How identifiers are written before they are compared: a declared recipe.

Two owners that spell one person in two ways find no match, and nobody sees
why. So the spelling is a declared, versioned step of the join: both apply the
same recipe, its digest stands in the terms, and rows that it cannot take are
counted by column before anything is sent.

    columns ─► steps of each field ─► one byte string a row

A row's fields are joined with their lengths, so ("ab", "c") is not ("a", "bc").
Steps are the functions of `STEPS`; a step that finds what it does not accept
refuses the row.

Source: Unicode Standard Annex 15 (NFKC); ISO/IEC 7064 (MOD 11-2, as GB 11643
has it for resident ids, and MOD 97-10); ISO/IEC 7812-1, annex B (Luhn).

>>> recipe = Recipe((Field("id", ("nfkc", "case", "alphanumeric", "mod-11-2")),))
>>> one, two = identifiers(
...     recipe, {"id": ["11010519491231002x", "1101 0519-4912 31002X"]}
... )
>>> one == two
True
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from privshare.errors import EncodingError, OutOfRange
from privshare.wire import domain
from privshare.wire.canonical import Json
from privshare.wire.digest import digest_json

VERSION = "join-identifier/v1"
MAX_FIELDS = 16
MAX_STEPS = 16
MAX_BYTES = 4096
_LENGTH_BYTES = 2

_DATE = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})")
_SPACE = re.compile(r"\s+")


class _Unfit(ValueError):
    """A cell that a step does not accept; `identifiers` counts them."""


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _case(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def _accents(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c))


def _trim(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def _alphanumeric(text: str) -> str:
    return text if text.isalnum() else "".join(filter(str.isalnum, text))


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise _Unfit
    return text


def _unpadded(text: str) -> str:
    return text.lstrip("0") or "0"


def _luhn(text: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(_digits(text))):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    if total % 10:
        raise _Unfit
    return text


def _mod_11_2(text: str) -> str:
    text = text.upper()
    body, check = text[:-1], text[-1:]
    value = 0
    for digit in _digits(body):
        value = (value + int(digit)) * 2 % 11
    if (12 - value) % 11 != (10 if check == "X" else int(_digits(check))):
        raise _Unfit
    return text


def _mod_97_10(text: str) -> str:
    if not (text.isascii() and text.isalnum()):
        raise _Unfit
    if int("".join(str(int(c, 36)) for c in text)) % 97 != 1:
        raise _Unfit
    return text.upper()


def _date(order: str) -> Callable[[str], str]:
    """Year, month and day in a declared order, or eight digits year first."""

    def step(text: str) -> str:
        text = text.strip()
        if len(text) == 8 and text.isascii() and text.isdigit():
            parts = {"y": text[:4], "m": text[4:6], "d": text[6:]}
        else:
            found = _DATE.fullmatch(text)
            if found is None:
                raise _Unfit
            parts = dict(zip(order, found.groups(), strict=True))
        if len(parts["y"]) != 4:
            raise _Unfit
        try:
            day = date(int(parts["y"]), int(parts["m"]), int(parts["d"]))
        except ValueError as error:
            raise _Unfit from error
        return day.strftime("%Y%m%d")

    return step


#: Name of a step, and what it does to a text.
STEPS: Mapping[str, Callable[[str], str]] = {
    "nfkc": _nfkc,  # one form of characters that look alike: full width, ligatures
    "case": _case,  # capitals are small letters
    "accents": _accents,  # é is e
    "trim": _trim,  # no space at the ends, one inside
    "alphanumeric": _alphanumeric,  # letters and digits stay
    "digits": _digits,  # refuses everything else
    "unpadded": _unpadded,  # no zeros in front
    "date-ymd": _date("ymd"),  # 1949-12-31, 1949/12/31 and 19491231
    "date-dmy": _date("dmy"),  # 31.12.1949
    "date-mdy": _date("mdy"),  # 12/31/1949
    "luhn": _luhn,  # refuses a wrong check digit
    "mod-11-2": _mod_11_2,
    "mod-97-10": _mod_97_10,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column and the steps that it goes through, in order.

    Attributes:
        name: The column's; it may differ between the two owners.
        steps: Names out of `STEPS`.

    Raises:
        OutOfRange: No such step, or too many.
    """

    name: str
    steps: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = [step for step in self.steps if step not in STEPS]
        if unknown or len(self.steps) > MAX_STEPS:
            raise OutOfRange(
                f"expected up to {MAX_STEPS} steps out of {', '.join(STEPS)}, "
                f"found {', '.join(unknown) or len(self.steps)}",
                detail={"rule": "join.recipe"},
            )

    def apply(self, text: str) -> bytes:
        for step in self.steps:
            text = STEPS[step](text)
        data = text.encode()
        if not data or len(data) > MAX_BYTES:
            raise _Unfit
        return data


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an identifier is made of columns.

    Attributes:
        fields: At least one, in the order in which they are joined.

    Raises:
        OutOfRange: No field, or more than 16.
    """

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.fields) <= MAX_FIELDS:
            raise OutOfRange(
                f"expected 1 to {MAX_FIELDS} fields, found {len(self.fields)}",
                detail={"rule": "join.recipe"},
            )

    def to_json(self) -> Json:
        """Without the columns' names: both owners have the same."""
        return {"version": VERSION, "fields": [list(f.steps) for f in self.fields]}

    @property
    def digest(self) -> bytes:
        """What the terms name, 32 bytes."""
        return digest_json(domain.JOIN_RECIPE, self.to_json())


#: A number of people, written with or without its separators.
PLAIN = ("nfkc", "case", "alphanumeric")


def identifiers(
    recipe: Recipe, columns: Mapping[str, Sequence[str | None]]
) -> list[bytes]:
    """One byte string a row.

    Args:
        recipe: What both owners declared.
        columns: The texts of every field, as many of each; None where missing.

    Raises:
        EncodingError: A column is not there, or they are not of one length.
        OutOfRange: Cells are missing or refused by a step; the message names the
            first column of which there are, and how many rows it concerns.
    """
    count = _rows(recipe, columns)
    parts: list[list[bytes]] = []
    for field in recipe.fields:
        made, bad = _column(field, columns[field.name])
        if bad:
            raise OutOfRange(
                f"column {field.name}: expected identifiers that the steps "
                f"{', '.join(field.steps) or 'none'} take, found {len(bad)} of "
                f"{count} rows missing or refused, the first in row {bad[0]}",
                fix="Mend these rows, or leave them out, before the join.",
                detail={
                    "rule": "join.identifier",
                    "column": field.name,
                    "rows": len(bad),
                    "row": bad[0],
                },
            )
        parts.append(made)
    return [b"".join(row) for row in zip(*parts, strict=True)]


def fields_of(identity: bytes) -> tuple[str, ...]:
    """The texts of a row's fields, out of the byte string that `identifiers` made.

    >>> recipe = Recipe((Field("a", ()), Field("b", ())))
    >>> fields_of(identifiers(recipe, {"a": ["x"], "b": ["yz"]})[0])
    ('x', 'yz')
    """
    found, at = [], 0
    while at < len(identity):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(identity[at:start], "big")
        found.append(identity[start:at].decode(errors="replace"))
    return tuple(found)


def fit(recipe: Recipe, columns: Mapping[str, Sequence[str | None]]) -> list[int]:
    """The rows that `identifiers` takes: for an owner that leaves others out.

    Raises:
        EncodingError: As there.
    """
    left = set(range(_rows(recipe, columns)))
    for field in recipe.fields:
        left.difference_update(_column(field, columns[field.name])[1])
    return sorted(left)


def _rows(recipe: Recipe, columns: Mapping[str, Sequence[str | None]]) -> int:
    missing = [f.name for f in recipe.fields if f.name not in columns]
    if missing:
        raise EncodingError(
            f"expected the columns of the recipe, found no {', '.join(missing)}",
            detail={"rule": "join.column", "column": missing[0]},
        )
    counts = {len(columns[field.name]) for field in recipe.fields}
    if len(counts) != 1:
        raise EncodingError(
            f"expected columns of one length, found {sorted(counts)} rows",
            detail={"rule": "join.column"},
        )
    return counts.pop()


def _column(field: Field, cells: Sequence[str | None]) -> tuple[list[bytes], list[int]]:
    made, bad = [], []
    for row, cell in enumerate(cells):
        try:
            if not isinstance(cell, str):
                raise _Unfit
            data = field.apply(cell)
            made.append(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
        except ValueError:
            bad.append(row)
    return made, bad
