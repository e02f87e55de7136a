"""The columns of a dataset, and which values may stand in them.

A schema is public to the network: its digest is on the ledger, the document
travels beside it. It is also the one place that says what a cell may hold;
the CSV reader, the row commitments and the disclosures all ask it.

    owner     CSV ─► table.read_csv(stream, schema) ─► rows ─► row.commit_rows
    reader    Disclosure.verify(root, rows, schema) ─► values of these types

Implements docs/formats/dataset.md, "Schema" and "Values".

>>> schema = Schema((
...     Column("parcel", "string"),
...     Column("tax_paid", "decimal", scale=2, minimum=0),
...     Column("district", "category", categories=("east", "west"))), key="parcel")
>>> schema.column("tax_paid").encode(1250)
b'[1250]'
>>> schema.column("tax_paid").encode(-1)
Traceback (most recent call last):
privshare.errors.OutOfRange: column tax_paid: expected 0 to 9007199254740991, \
found an integer outside
>>> Schema.from_json(schema.to_json()) == schema
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from json.encoder import encode_basestring
from typing import Literal, TypeAlias, cast, get_args

from privshare.errors import EncodingError, NotFound, OutOfRange, PrivShareError
from privshare.rights import identifier
from privshare.rights.terms import MAX_COLUMNS, check_order, one_of
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json
from privshare.wire.digest import digest_json
from privshare.wire.domain import SCHEMA
from privshare.wire.value import kind

ColumnType = Literal["bool", "category", "date", "decimal", "int", "string"]

#: What one cell holds: a decimal as the integer value · 10^scale, a date as
#: YYYY-MM-DD, a category as its word.
Cell: TypeAlias = bool | int | str | None

#: The newest version of a schema's document.
VERSION = 2

MAX_STRING = 4096
MAX_SCALE = 15
MAX_CATEGORIES = 1024
MAX_CATEGORY = 256
_MOST = INTEGER_LIMIT - 1
_NUMBERS = ("int", "decimal")
_KEYS = ("int", "string")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REMEMBERED = 1 << 16  # dates a column keeps laid out: a century is 36,525


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Of the form `identifier.COLUMN`.
        type: string, int, decimal, date, category or bool.
        nullable: Whether a cell may be null.
        scale: For decimals, digits after the point, 1 to 15; else None.
        categories: For categories, the words allowed, sorted; else empty.
        minimum: For numbers, the least value (of a decimal: scaled), or None.
            A declared interval is what lets a sum know that it cannot
            overflow.
        maximum: The greatest value, or None.
        provable: Whether its cells are Pedersen commitments, of which bounds,
            equality and sums can be proven without opening them
            (`rights.provable`). Not together with `nullable`.

    Raises:
        EncodingError: Fields that do not fit the type, or one another.
        OutOfRange: A scale or an interval outside its bounds.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    scale: int | None = None
    categories: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    provable: bool = False

    def __post_init__(self) -> None:
        identifier.COLUMN.check(self.name, "column.name")
        where = f"column {self.name}"
        one_of(self.type, get_args(ColumnType), f"{where}, type")
        self._check_fits("scale", self.scale is not None, self.type == "decimal")
        self._check_fits("categories", bool(self.categories), self.type == "category")
        if self.scale is not None and not 1 <= self.scale <= MAX_SCALE:
            raise OutOfRange(
                f"{where}, scale: expected 1 to {MAX_SCALE}, found {self.scale}"
            )
        if len(self.categories) > MAX_CATEGORIES:
            raise EncodingError(
                f"{where}, categories: expected at most {MAX_CATEGORIES}, found "
                f"{len(self.categories)}"
            )
        for word in self.categories:
            _check_word(word, f"{where}, categories")
        check_order(self.categories, f"{where}, categories")
        self._check_interval(where)
        if self.provable and self.nullable:
            raise EncodingError(
                f"{where}: expected a provable column without empty cells, found it "
                "nullable",
                fix="Fill its empty cells, or publish it without proofs.",
                detail={"column": self.name},
            )

    def _check_fits(self, field: str, present: bool, wanted: bool) -> None:
        if present != wanted:
            raise EncodingError(
                f"column {self.name}, {field}: expected "
                f"{'some' if wanted else 'none'} for type {self.type}, found "
                f"{'some' if present else 'none'}"
            )

    def _check_interval(self, where: str) -> None:
        if self.type not in _NUMBERS:
            bounded = self.minimum is not None or self.maximum is not None
            self._check_fits("minimum and maximum", bounded, False)
        low, high = self.interval
        if not -_MOST <= low <= high <= _MOST:
            raise OutOfRange(
                f"{where}: expected -{_MOST} <= minimum <= maximum <= {_MOST}, found "
                f"{low} and {high}"
            )

    @property
    def interval(self) -> tuple[int, int]:
        """Least and greatest value of a number column, scaled if a decimal."""
        low = -_MOST if self.minimum is None else self.minimum
        high = _MOST if self.maximum is None else self.maximum
        return low, high

    def encode(self, value: Json) -> bytes:
        """Check one cell and lay it out for its commitment.

        Returns:
            The canonical bytes of the list `[value]`.

        Raises:
            EncodingError: Not a value of this column's type.
            OutOfRange: A number outside the column's interval.
        """
        return encoder(self)(value)

    @classmethod
    def from_json(cls, obj: object, where: str = "column") -> Column:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number outside its interval.
        """
        return cls._from_fields(Fields(obj, where), VERSION)

    @classmethod
    def _from_fields(cls, fields: Fields, version: int) -> Column:
        column = cls(
            name=fields.str("name"),
            type=cast(ColumnType, fields.str("type")),
            nullable=fields.bool("nullable"),
            scale=fields.nullable("scale", fields.int),
            categories=fields.nullable("categories", fields.str_list, MAX_CATEGORIES)
            or (),
            minimum=fields.nullable("minimum", fields.int),
            maximum=fields.nullable("maximum", fields.int),
            provable=version > 1 and fields.bool("provable"),
        )
        fields.end()
        return column

    def to_json(self, version: int = VERSION) -> dict[str, Json]:
        """Lay the column out; what does not apply to its type is null.

        Args:
            version: Of the schema's document; the first had no `provable`.
        """
        laid: dict[str, Json] = {
            "categories": list(self.categories) if self.categories else None,
            "maximum": self.maximum,
            "minimum": self.minimum,
            "name": self.name,
            "nullable": self.nullable,
            "scale": self.scale,
            "type": self.type,
        }
        return laid if version == 1 else {**laid, "provable": self.provable}


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns in their order, 1 to 256, each name once.

    Attributes:
        columns: Their order is the order of cells in a row.
        key: The column whose values identify a row, or None. Of type string
            or int, never null.

    Raises:
        EncodingError: No columns, too many, a name twice, or no such key.
    """

    columns: tuple[Column, ...]
    key: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.columns) <= MAX_COLUMNS:
            raise EncodingError(
                f"schema: expected 1 to {MAX_COLUMNS} columns, found "
                f"{len(self.columns)}"
            )
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise EncodingError(f"schema: expected each name once, found {name}")
            seen.add(name)
        if self.key is not None:
            self._check_key(self.key)

    def _check_key(self, key: str) -> None:
        column = next((one for one in self.columns if one.name == key), None)
        if column is None or column.nullable or column.type not in _KEYS:
            found = "no such column" if column is None else f"{column.type}, nullable"
            if column is not None and not column.nullable:
                found = column.type
            raise EncodingError(
                "schema.key: expected a column of type int or string that is never "
                f"null, found {found}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def provable(self) -> tuple[int, ...]:
        """The places of its provable columns, from 0."""
        return tuple(j for j, column in enumerate(self.columns) if column.provable)

    @property
    def version(self) -> int:
        """Of its document: 2 when a column is provable, else 1.

        So every schema has one form, and one without provable columns is named
        by the digest that it always had.
        """
        return VERSION if self.provable else 1

    def index(self, name: str) -> int:
        """The place of a column, from 0.

        Raises:
            NotFound: There is no column of this name.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise NotFound(
                f"expected a column among {', '.join(self.names)}, found "
                f"{identifier.shown(name)}",
                detail={"column": name[:64]},
            ) from None

    def column(self, name: str) -> Column:
        """The column of this name.

        Raises:
            NotFound: There is none.
        """
        return self.columns[self.index(name)]

    def check(self, row: Iterable[Json]) -> tuple[Cell, ...]:
        """Check one row of values, in the order of the columns.

        Raises:
            EncodingError: Too few or too many cells, or one of another type.
            OutOfRange: A number outside its column's interval.
        """
        cells = tuple(row)
        if len(cells) != len(self.columns):
            raise wrong_width(len(self.columns), len(cells))
        for column, cell in zip(self.columns, cells, strict=True):
            column.encode(cell)
        return cast(tuple[Cell, ...], cells)

    @classmethod
    def from_json(cls, obj: object, where: str = "schema") -> Schema:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, where)
        version = fields.int("v")
        if not 1 <= version <= VERSION:
            raise EncodingError(f"{where}.v: expected 1 or {VERSION}, found {version}")
        schema = cls(
            columns=tuple(
                Column._from_fields(column, version)
                for column in fields.objs("columns", MAX_COLUMNS)
            ),
            key=fields.nullable("key", fields.str),
        )
        fields.end()
        if version != schema.version:
            raise EncodingError(
                f"{where}.v: expected {schema.version}, which is 2 when a column is "
                f"provable and else 1, found {version}"
            )
        return schema

    def to_json(self) -> dict[str, Json]:
        """Lay the schema out as its document holds it."""
        return {
            "columns": [column.to_json(self.version) for column in self.columns],
            "key": self.key,
            "v": self.version,
        }

    def digest(self) -> bytes:
        """The 32 bytes that name this schema on the ledger."""
        return digest_json(SCHEMA, self.to_json())


Encoder: TypeAlias = Callable[[Json], bytes]


def encoder(column: Column) -> Encoder:
    """Make the function behind `Column.encode`, to be called many times.

    The function checks and lays out in one pass; a dataset of a million rows
    asks it for every cell.
    """
    encode = _ENCODERS[column.type](column)
    if not column.nullable:
        return encode
    return lambda value: b"[null]" if value is None else encode(value)


def _number_encoder(column: Column) -> Encoder:
    low, high = column.interval
    noun = "an integer" if column.type == "int" else "a scaled integer"

    def encode(value: Json) -> bytes:
        if type(value) is not int:  # a bool is an int to isinstance
            raise _another(column, noun, kind(value))
        if not low <= value <= high:
            raise OutOfRange(
                f"column {column.name}: expected {low} to {high}, found an integer "
                "outside",
                detail=_detail(column, f"{low} to {high}", "an integer outside"),
            )
        return b"[%d]" % value

    return encode


def _string_encoder(column: Column) -> Encoder:
    def encode(value: Json) -> bytes:
        if not isinstance(value, str) or len(value) > MAX_STRING:
            raise _another(column, f"a string of at most {MAX_STRING}", kind(value))
        try:
            # Escapes what RFC 8785 escapes, and as it does: the quotation
            # mark, the backslash and U+0000 to U+001F. A law holds it to that.
            return f"[{encode_basestring(value)}]".encode()
        except UnicodeEncodeError:
            raise _another(column, "Unicode text", "a lone surrogate") from None

    return encode


def _date_encoder(column: Column) -> Encoder:
    known: dict[str, bytes] = {}

    def encode(value: Json) -> bytes:
        if not isinstance(value, str):
            raise _another(column, "a date YYYY-MM-DD", kind(value))
        laid = known.get(value)
        if laid is None:
            if not is_date(value):
                shaped = _DATE.fullmatch(value) is not None
                found = "a day that does not exist" if shaped else kind(value)
                raise _another(column, "a date YYYY-MM-DD", found)
            laid = b'["%s"]' % value.encode("ascii")
            if len(known) < _REMEMBERED:
                known[value] = laid
        return laid

    return encode


def _category_encoder(column: Column) -> Encoder:
    known = {
        word: f"[{encode_basestring(word)}]".encode() for word in column.categories
    }

    def encode(value: Json) -> bytes:
        laid = known.get(value) if isinstance(value, str) else None
        if laid is None:
            raise _another(column, f"one of {len(known)} categories", kind(value))
        return laid

    return encode


def _bool_encoder(column: Column) -> Encoder:
    def encode(value: Json) -> bytes:
        if value is True:
            return b"[true]"
        if value is False:
            return b"[false]"
        raise _another(column, "true or false", kind(value))

    return encode


_ENCODERS: dict[str, Callable[[Column], Encoder]] = {
    "bool": _bool_encoder,
    "category": _category_encoder,
    "date": _date_encoder,
    "decimal": _number_encoder,
    "int": _number_encoder,
    "string": _string_encoder,
}


def is_date(text: str) -> bool:
    """Whether text is YYYY-MM-DD of a day that exists (years 0001 to 9999)."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def wrong_width(expected: int, found: int) -> PrivShareError:
    """The error of a row with too few or too many cells."""
    return EncodingError(
        f"expected {expected} cells in a row, found {found}",
        detail={"expected": f"{expected} cells", "found": f"{found} cells"},
    )


def _check_word(word: str, where: str) -> None:
    surrogate = any("\ud800" <= character <= "\udfff" for character in word)
    if surrogate or not 1 <= len(word) <= MAX_CATEGORY:
        raise EncodingError(
            f"{where}: expected words of 1 to {MAX_CATEGORY} characters, found "
            f"{kind(word)}"
        )


def _another(column: Column, expected: str, found: str) -> EncodingError:
    """A cell's value is private, so its kind is all that a message says."""
    return EncodingError(
        f"column {column.name}: expected {expected}, found {found}",
        detail=_detail(column, expected, found),
    )


def _detail(column: Column, expected: str, found: str) -> dict[str, str]:
    return {"column": column.name, "expected": expected, "found": found}
