"""Declared columns, and how rows of several owners belong together.

A program's parameters declare for every column its interval and scale, or its
categories, and where it stands in each owner's dataset:

    {"name": "income", "from": {"taxes/returns": "income"},
     "minimum": 0, "maximum": 100000000, "scale": 2}

and, for all of them, one of

    {"kind": "appended"}                          same columns, rows one after another
    {"kind": "aligned", "by": "sorted", "key": "citizen_id"}
    {"kind": "aligned", "by": "join", "key": "<id of the job>"}

Aligned rows stand in the same order in every dataset: row i is about the same
person everywhere. Nodes see shares and can check that row counts are equal, not
that the persons are; "sorted" says that owners agreed on the set of keys and
sorted by it, "join" that both took the order of an earlier join.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from privshare.errors import EncodingError, OutOfRange
from privshare.rights import identifier, schema
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json

__all__ = [
    "MAX_DECLARED",
    "MAX_ROWS",
    "TEXT_BITS",
    "Alignment",
    "Column",
    "Declared",
    "check_schema",
    "read_columns",
    "read_declared",
    "read_noisy",
]

MAX_DECLARED = 64
#: Rows of one program, all datasets together.
MAX_ROWS = 1 << 26
_MAX_CATEGORIES = 64
#: Bits of the digest that stands for a text.
TEXT_BITS = 128
_LIMIT = INTEGER_LIMIT - 1


@dataclass(frozen=True, slots=True)
class Column:
    """What a program is told of one column.

    Attributes:
        name: What the program calls it.
        of: Its name in each dataset that has it.
        minimum: Least value, scaled; of categories 0.
        maximum: Greatest value, scaled; of categories the last index.
        scale: Digits after the point.
        categories: The words allowed, or empty for numbers.
        text: Whether it holds any texts: identifiers, compared and no more.
    """

    name: str
    of: Mapping[str, str] = field(hash=False)
    minimum: int
    maximum: int
    scale: int = 0
    categories: tuple[str, ...] = ()
    text: bool = False

    @property
    def size(self) -> int:
        """No value is larger in size."""
        return max(abs(self.minimum), abs(self.maximum))

    @property
    def spread(self) -> int:
        """No two values are farther apart."""
        return self.maximum - self.minimum

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers, not categories or texts."""
        return not self.categories and not self.text


@dataclass(frozen=True, slots=True)
class Alignment:
    """How rows of several datasets belong together.

    Attributes:
        aligned: Whether row i is about the same in all, or rows are appended.
        by: "sorted" or "join" if aligned, else "".
        key: The column sorted by, or the id of the join; else "".
    """

    aligned: bool
    by: Literal["", "join", "sorted"] = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What every program is told, read and checked.

    Attributes:
        columns: The declared columns.
        alignment: How rows of several datasets belong together.
        rows: Rows of each dataset.
        n_rows: Rows that the program sees.
        k: Groups of fewer rows are not told.
    """

    columns: tuple[Column, ...]
    alignment: Alignment
    rows: Mapping[str, int] = field(hash=False)
    n_rows: int
    k: int

    def number(self, name: str) -> Column:
        """The declared column of this name, which holds numbers.

        Raises:
            EncodingError: No such column, or one of categories.
        """
        return self._column(name, True)

    def identifier(self, name: str) -> Column:
        """The declared column of this name, which holds numbers or texts.

        Raises:
            EncodingError: No such column, or one of categories.
        """
        for column in self.columns:
            if column.name == name and column.text:
                return column
        return self._column(name, True)

    def category(self, name: str) -> Column:
        """The declared column of this name, which holds categories.

        Raises:
            EncodingError: No such column, or one of numbers.
        """
        return self._column(name, False)

    def _column(self, name: str, is_number: bool) -> Column:
        for column in self.columns:
            fits = column.is_number if is_number else bool(column.categories)
            if column.name == name and fits:
                return column
        raise EncodingError(
            f"column {identifier.shown(name)}: expected a declared column of "
            f"{'numbers' if is_number else 'categories'}, found none",
            detail={"column": identifier.shown(name)},
        )

    def used(self, *names: str) -> None:
        """Refuse columns that were declared and are not computed on.

        Raises:
            EncodingError: There is one.
        """
        for column in self.columns:
            if column.name not in names:
                raise EncodingError(
                    f"column {column.name}: expected the program to use it, found "
                    "it declared alone",
                    detail={"column": column.name},
                )


def read_declared(fields: Fields, rows: Mapping[str, int], k: int) -> Declared:
    """Read what every program is told: "columns" and "rows".

    Args:
        fields: The program's parameters; other fields are left to it.
        rows: Rows of each dataset.
        k: Groups of fewer rows are not told.

    Raises:
        EncodingError: Another form; datasets and columns that do not fit the
            alignment, or row counts that differ although rows are aligned.
        OutOfRange: A number outside its interval, fewer rows than k, or more
            than `MAX_ROWS`.
    """
    columns, alignment = read_columns(fields), _read_alignment(fields)
    total = _check_rows(columns, alignment, rows, k)
    return Declared(columns, alignment, dict(rows), total, k)


def read_noisy(fields: Fields) -> bool:
    """Read the field "noisy": whether noise is added to the outputs; or False.

    Raises:
        EncodingError: Another form.
    """
    return fields.bool("noisy") if "noisy" in fields.names() else False


def read_columns(fields: Fields) -> tuple[Column, ...]:
    """Read the field "columns" of a program's parameters.

    Raises:
        EncodingError: Another form, or a name twice.
        OutOfRange: A number outside its interval.
    """
    columns = tuple(_column(Fields(one, "column")) for one in _objects(fields))
    names = [column.name for column in columns]
    if not columns or len(set(names)) != len(names):
        raise EncodingError("columns: expected some, each name once, found otherwise")
    return columns


def _objects(fields: Fields) -> list[Json]:
    listed = fields.json("columns")
    if not isinstance(listed, list) or len(listed) > MAX_DECLARED:
        raise EncodingError(f"columns: expected a list of at most {MAX_DECLARED}")
    return listed


def _column(fields: Fields) -> Column:
    name = identifier.COLUMN.check(fields.str("name"), "column.name")
    named = fields.obj("from")
    of = {
        identifier.DATASET.check(dataset, "column.from"): identifier.COLUMN.check(
            named.str(dataset), f"column {name}, from"
        )
        for dataset in named.names()[:MAX_DECLARED]
    }
    named.end()
    if "categories" in fields.names():
        words = fields.str_list("categories", _MAX_CATEGORIES)
        if len(words) < 2 or len(set(words)) != len(words):
            raise EncodingError(
                f"column {name}, categories: expected 2 to {_MAX_CATEGORIES} words, "
                "each once, found otherwise",
                detail={"column": name},
            )
        made = Column(name, of, 0, len(words) - 1, 0, tuple(words))
    elif "text" in fields.names():
        if not fields.bool("text"):
            raise EncodingError(f"column {name}, text: expected true, found false")
        made = Column(name, of, 0, (1 << TEXT_BITS) - 1, text=True)
    else:
        low = fields.int("minimum", -_LIMIT, _LIMIT)
        high = fields.int("maximum", -_LIMIT, _LIMIT)
        made = Column(name, of, low, high, fields.int("scale", 0, schema.MAX_SCALE))
        if low > high:
            raise OutOfRange(
                f"column {name}: expected minimum <= maximum, found {low} and {high}",
                detail={"column": name},
            )
    fields.end()
    if not of:
        raise EncodingError(f"column {name}, from: expected a dataset, found none")
    return made


def _read_alignment(fields: Fields) -> Alignment:
    """Read the field "rows" of a program's parameters.

    Raises:
        EncodingError: Another form.
    """
    rows = fields.obj("rows")
    kind = rows.str("kind", max=16)
    if kind == "appended":
        made = Alignment(False)
    elif kind == "aligned":
        by = rows.str("by", max=16)
        if by not in ("join", "sorted"):
            raise EncodingError("rows.by: expected join or sorted, found another word")
        made = Alignment(True, cast(Any, by), rows.str("key", max=63))
    else:
        raise EncodingError("rows.kind: expected aligned or appended, found neither")
    rows.end()
    return made


def _check_rows(
    columns: tuple[Column, ...],
    alignment: Alignment,
    rows: Mapping[str, int],
    k: int,
) -> int:
    """Check that columns, datasets and row counts fit together.

    Returns:
        How many rows the program sees.

    Raises:
        EncodingError: Datasets and columns that do not fit the alignment, or row
            counts that differ although rows are aligned; names both.
        OutOfRange: Fewer rows than k, or more than `MAX_ROWS`.
    """
    named = {dataset for column in columns for dataset in column.of}
    if named != set(rows):
        raise EncodingError(
            f"columns: expected the job's datasets {_list(rows)}, found {_list(named)}"
        )
    for dataset, count in rows.items():
        if isinstance(count, bool) or not 0 <= count <= MAX_ROWS:
            raise OutOfRange(f"{dataset}: expected 0 to {MAX_ROWS} rows, found {count}")
    if alignment.aligned:
        total = _aligned(columns, rows)
    else:
        total = _appended(columns, rows)
    if not max(k, 1) <= total <= MAX_ROWS:
        raise OutOfRange(
            f"rows: expected {max(k, 1)} to {MAX_ROWS}, found {total}",
            detail={"rule": "mpc.rows", "rows": total},
        )
    return total


def _aligned(columns: tuple[Column, ...], rows: Mapping[str, int]) -> int:
    for column in columns:
        if len(column.of) != 1:
            raise EncodingError(
                f"column {column.name}: expected one dataset as rows are aligned, "
                f"found {len(column.of)}",
                detail={"column": column.name},
            )
    if len(set(rows.values())) != 1:
        shown = ", ".join(f"{name} {count}" for name, count in sorted(rows.items()))
        raise EncodingError(
            f"rows: expected as many in each aligned dataset, found {shown}",
            fix="Sort and complete both by the declared key, or join them first.",
            detail={"rule": "mpc.rows", "rows": dict(rows)},
        )
    return next(iter(rows.values()))


def _appended(columns: tuple[Column, ...], rows: Mapping[str, int]) -> int:
    for column in columns:
        if set(column.of) != set(rows):
            raise EncodingError(
                f"column {column.name}: expected it in every dataset as rows are "
                f"appended ({_list(rows)}), found {_list(column.of)}",
                detail={"column": column.name},
            )
    return sum(rows.values())


def check_schema(
    columns: tuple[Column, ...], dataset: str, declared: schema.Schema
) -> None:
    """Check a dataset's schema against what a program was told of it.

    Raises:
        EncodingError: A column that is missing, may be empty, or has another
            type, scale or other categories, or an interval that the one asked for
            does not hold; names it.
        NotFound: A column that the schema does not have.
    """
    for column in columns:
        if dataset not in column.of:
            continue
        found = declared.column(column.of[dataset])
        for what, expected, is_so in (
            ("kind", "a number", not column.is_number or found.type in _NUMBERS),
            (
                "kind",
                "a category",
                not column.categories or found.type == "category",
            ),
            ("kind", "a text", not column.text or found.type == "string"),
            ("scale", str(column.scale), column.scale == (found.scale or 0)),
            (
                "categories",
                "those declared",
                not column.categories or column.categories == found.categories,
            ),
            ("cells", "none empty", not found.nullable),
            ("interval", "one that holds its own", _holds(column, found)),
        ):
            if not is_so:
                raise EncodingError(
                    f"{dataset}, column {found.name}, {what}: expected {expected}, "
                    "found otherwise in its schema",
                    detail={"column": found.name, "rule": "mpc.schema"},
                )


_NUMBERS = ("int", "decimal")


def _holds(column: Column, found: schema.Column) -> bool:
    """Whether an interval that was asked for holds the one that the owner declared.

    A narrower one would be a question: whether some value lies outside.
    """
    if not column.is_number:
        return True
    low = found.minimum is None or column.minimum <= found.minimum
    return low and (found.maximum is None or column.maximum >= found.maximum)


def _list(names: Mapping[str, Any] | set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
