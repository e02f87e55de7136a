"""What the demonstration plays on: bureaus, their tables, who wants what.

A scene is either made up (`made_up`, seeded) or read from a folder of the
user's own CSV files (`from_folder`), one file a bureau. From the columns it
finds by itself which one names a record, which one groups, and which one is
worth adding up; what it found is part of the story that is told.

    >>> scene = made_up(rows=60, seed=1)
    >>> [bureau.agency for bureau in scene.bureaus]
    ['title', 'housing', 'tax']
    >>> scene.total.column, scene.total.by
    ('tax_paid', 'district')
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import combinations
from pathlib import Path

from privshare.demo.registry import registries
from privshare.errors import ConfigError
from privshare.rights import identifier
from privshare.rights.policy import Permission, Policy, Rule
from privshare.wire import domain
from privshare.wire.canonical import Json
from privshare.wire.digest import digest_json

PURPOSE = "housing-policy"
OTHER_PURPOSE = "marketing"
K = 10

#: The module of the library that the demonstration runs.
MODULE = "group"
#: And the program on shares.
PROGRAM = "mpc.linear_regression"
#: And that of a private join.
JOIN = "psi.count/v1"
#: Most columns that its regression takes.
_MAX_FIT = 3

_MAX_FILE_BYTES = 64 << 20
_MAX_SAMPLE = 200_000
_MAX_GROUPS = 200
_MAX_DAYS = 366
_MAX_USES = 20


@dataclass(frozen=True, slots=True)
class Bureau:
    """One agency with its one table.

    Attributes:
        agency: As the ledger names it.
        title: For people.
        dataset: The part of the dataset's name behind the slash.
        data: CSV, UTF-8, with a header line.
        columns: The header.
        rows: All cells as text.
        key: The column that names a record.
    """

    agency: str
    title: str
    dataset: str
    data: bytes
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    key: str | None

    @property
    def name(self) -> str:
        """The dataset's whole name."""
        return f"{self.agency}/{self.dataset}"

    def cells(self, column: str) -> list[str]:
        """All cells of a column."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Total:
    """The encrypted sum to make.

    Attributes:
        bureau: Whose column it is.
        column: What is added up.
        by: What splits it.
    """

    bureau: Bureau
    column: str
    by: str

    def groups(self) -> dict[str, tuple[int, Decimal]]:
        """The plain answer, by hand: records and sum of each group."""
        counts: Counter[str] = Counter()
        sums: dict[str, Decimal] = {}
        values, names = self.bureau.cells(self.column), self.bureau.cells(self.by)
        for value, group in zip(values, names, strict=True):
            if value:
                counts[group] += 1
                sums[group] = sums.get(group, Decimal(0)) + Decimal(value)
        return {group: (counts[group], sums[group]) for group in sorted(counts)}


@dataclass(frozen=True, slots=True)
class Fit:
    """The regression to make, on columns of one or several bureaus.

    Attributes:
        y: Whose column is explained, and which.
        x: By which columns, each of some bureau.
        aligned_by: The key by which all of them sorted the same rows; None where
            there is one bureau.
    """

    y: tuple[Bureau, str]
    x: tuple[tuple[Bureau, str], ...]
    aligned_by: str | None

    @property
    def bureaus(self) -> tuple[Bureau, ...]:
        """Whose columns they are, each once."""
        found = {bureau.agency: bureau for bureau, _ in (self.y, *self.x)}
        return tuple(found.values())

    def columns(self, bureau: Bureau) -> list[str]:
        """Those of one bureau."""
        return sorted(name for one, name in (self.y, *self.x) if one is bureau)

    @staticmethod
    def ref(column: tuple[Bureau, str]) -> str:
        """A column as a question names it."""
        return f"{column[0].name}.{column[1]}"

    @staticmethod
    def values(column: tuple[Bureau, str]) -> list[Decimal]:
        """A column's plain values."""
        return [Decimal(cell) for cell in column[0].cells(column[1])]

    def named(self) -> list[tuple[str, list[Decimal]]]:
        """The columns X by their names, with their plain values."""
        return [(one[1], self.values(one)) for one in self.x]


@dataclass(frozen=True, slots=True)
class Match:
    """The private join to make.

    Attributes:
        bureaus: Whose two tables.
        column: By which rows of both name somebody.
    """

    bureaus: tuple[Bureau, Bureau]
    column: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Three bureaus or more, and what their analyst is after.

    Attributes:
        bureaus: Each with its table.
        analyst: The agency whose analyst asks.
        total: The encrypted sum.
        shared: The bureau that shares one record.
        words: What was found, in sentences.
        banded: A bureau with a key, and the column in which a value of a row
            is proven to lie in a band; None where no table serves.
        fit: The regression; None where no table serves.
        match: The private join; None where no two tables serve.
    """

    bureaus: tuple[Bureau, ...]
    analyst: str
    total: Total
    shared: Bureau
    words: tuple[str, ...]
    banded: tuple[Bureau, str] | None
    fit: Fit | None
    match: Match | None

    def policy(self, bureau: Bureau) -> dict[str, Json]:
        """The policy that the bureau's steward publishes with its table."""
        rules: list[Rule] = []
        if bureau is self.total.bureau:
            rules.append(
                Permission(
                    "totals-only",
                    purposes=(PURPOSE,),
                    grantees=("*",),
                    operations=("count", "mean", "sum"),
                    columns=(self.total.column,),
                    group_by=(self.total.by,),
                    programs=("he.sum/v2",),
                    min_k=K,
                    max_days=_MAX_DAYS,
                    max_uses=_MAX_USES,
                    max_budget=0,
                )
            )
            rules.append(
                Permission(
                    "listed-program",
                    purposes=(PURPOSE,),
                    grantees=("*",),
                    operations=("run",),
                    columns=(self.total.column,),
                    group_by=(self.total.by,),
                    programs=(identifier.measured(program_code()),),
                    min_k=K,
                    max_days=_MAX_DAYS,
                    max_uses=_MAX_USES,
                    max_budget=0,
                )
            )
        if bureau is self.shared:
            rules.append(
                Permission(
                    "single-records",
                    purposes=(PURPOSE,),
                    grantees=("*",),
                    operations=("read",),
                    columns=tuple(sorted(bureau.columns)),
                    group_by=(),
                    programs=(),
                    min_k=1,
                    max_days=_MAX_DAYS,
                    max_uses=_MAX_USES,
                    max_budget=0,
                )
            )
        if self.fit is not None and bureau in self.fit.bureaus:
            rules.append(
                Permission(
                    "listed-regression",
                    purposes=(PURPOSE,),
                    grantees=("*",),
                    operations=("run",),
                    columns=tuple(self.fit.columns(bureau)),
                    group_by=(),
                    programs=(identifier.measured(shares_code(), identifier.JOINT),),
                    min_k=K,
                    max_days=_MAX_DAYS,
                    max_uses=_MAX_USES,
                    max_budget=0,
                    confirmations=0,
                    automatic=True,
                )
            )
        if self.match is not None and bureau in self.match.bureaus:
            rules.append(
                Permission(
                    "counted-matches",
                    purposes=(PURPOSE,),
                    grantees=("*",),
                    operations=("match",),
                    columns=(self.match.column,),
                    group_by=(),
                    programs=(JOIN,),
                    min_k=K,
                    max_days=_MAX_DAYS,
                    max_uses=_MAX_USES,
                    max_budget=0,
                    confirmations=0,
                    automatic=True,
                )
            )
        return Policy(bureau.name, tuple(rules)).to_json()


def shares_code() -> bytes:
    """The digest of the program on shares."""
    from privshare.jobs.mpc import catalogue  # noqa: PLC0415 - reads the engine

    closure = catalogue.closure(PROGRAM.removeprefix("mpc."))
    return digest_json(domain.PROGRAM, closure)


def program_code() -> bytes:
    """The digest of the program that runs."""
    from privshare.jobs.wasm import library  # noqa: PLC0415 - reads modules

    return library.module(MODULE).closure.digest()


def made_up(rows: int, seed: int = 2026) -> Scene:
    """Title registry, housing bureau and tax bureau of an invented prefecture."""
    title, housing, tax = registries(rows, seed)
    bureaus = tuple(
        Bureau(agency, name, dataset, t.csv(), t.columns, tuple(t.rows), key)
        for agency, name, dataset, t, key in (
            ("title", "Title Registry", "parcels", title, "parcel_id"),
            ("housing", "Housing Bureau", "homes", housing, "parcel_id"),
            ("tax", "Tax Bureau", "deed-tax", tax, "parcel_id"),
        )
    )
    words = (f"{rows:,} made-up homes in a prefecture that does not exist",)
    total = Total(bureaus[2], "tax_paid", "district")
    banded = (bureaus[1], "price")
    x = ((bureaus[0], "area_m2"), (bureaus[1], "built"))
    fit = Fit((bureaus[2], "tax_paid"), x, "parcel_id")
    match = Match((bureaus[0], bureaus[2]), "citizen_id")
    return Scene(bureaus, "housing", total, bureaus[0], words, banded, fit, match)


def from_folder(folder: Path) -> Scene:
    """Play on the user's own tables.

    Args:
        folder: 3 to 6 CSV files, one a bureau, named after it. At least one
            needs a numeric column and a column that groups (few different
            values), and another one a column that names each record.

    Raises:
        ConfigError: The folder does not serve; says what was missing.
    """
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    if not 3 <= len(files) <= 6:
        raise ConfigError(
            f"expected a folder with 3 to 6 CSV files, found {len(files)} in {folder}",
            fix="put one table for each bureau there, named after the bureau",
        )
    bureaus = tuple(_read(file) for file in files)
    if len({bureau.agency for bureau in bureaus}) < len(bureaus):
        raise ConfigError("expected file names that differ, found two alike")
    totals = [total for bureau in bureaus if (total := _find_total(bureau))]
    if not totals:
        raise ConfigError(
            "expected a table with a numeric column and a column of few different "
            "values to group by, found none"
        )
    total = totals[-1]
    keyed = [b for b in bureaus if b.key is not None and b is not total.bureau]
    if not keyed:
        raise ConfigError(
            "expected a second table with a column that names each record, found none"
        )
    shared = keyed[0]
    analyst = next(b for b in bureaus if b is not total.bureau and b is not shared)
    sizes = ", ".join(f"{b.name} ({len(b.rows):,} rows)" for b in bureaus)
    words = (
        f"your tables: {sizes}",
        f"to be added up: {total.column} by {total.by} in {total.bureau.name}",
        f"to be shared: one record of {shared.name}, found by {shared.key}",
    )
    whole = [column for column in _numeric(shared) if all(shared.cells(column))]
    banded = (shared, whole[-1]) if whole else None
    fit = next((fit for b in bureaus if (fit := _find_fit(b))), None)
    match = _find_match(bureaus)
    return Scene(bureaus, analyst.agency, total, shared, words, banded, fit, match)


def _read(file: Path) -> Bureau:
    agency = re.sub("[^a-z0-9]+", "-", file.stem.lower()).strip("-")
    if not re.fullmatch("[a-z][a-z0-9-]{1,30}", agency) or agency == "registrar":
        raise ConfigError(
            "expected a file named after a bureau (letters, digits, hyphens), "
            f"found {file.name}"
        )
    size = file.stat().st_size
    if size > _MAX_FILE_BYTES:
        raise ConfigError(
            f"expected {file.name} of at most {_MAX_FILE_BYTES >> 20} MiB, "
            f"found {size >> 20} MiB"
        )
    data = file.read_bytes()
    try:
        lines = [
            row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if row
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{file.name}: expected UTF-8 CSV, found {error}") from None
    if len(lines) < 2 or any(len(row) != len(lines[0]) for row in lines):
        raise ConfigError(
            f"{file.name}: expected a header and rows of as many fields, found others"
        )
    columns = tuple(lines[0])
    if not all(re.fullmatch("[a-z][a-z0-9_]{0,62}", column) for column in columns):
        raise ConfigError(
            f"{file.name}: expected column names of lower-case letters, digits and "
            f"underscores, found {', '.join(columns)[:120]}"
        )
    rows = tuple(tuple(row) for row in lines[1:])
    bureau = Bureau(agency, file.stem, "records", data, columns, rows, None)
    key = next((c for c in columns if _names_records(bureau.cells(c))), None)
    return Bureau(agency, file.stem, "records", data, columns, rows, key)


def _names_records(cells: list[str]) -> bool:
    return all(cells) and len(set(cells)) == len(cells) and not _has_fraction(cells)


def _has_fraction(cells: list[str]) -> bool:
    return any("." in cell for cell in cells) and all(map(_number, cells))


def _number(cell: str) -> bool:
    try:
        return Decimal(cell).is_finite()
    except InvalidOperation:
        return False


def _find_total(bureau: Bureau) -> Total | None:
    """The last numeric column, split by the first column that groups."""
    numeric = list(_numeric(bureau))
    grouping = next(
        (
            column
            for column in bureau.columns
            if column not in numeric
            and 2 <= len(set(bureau.cells(column))) <= _MAX_GROUPS
            and max(Counter(bureau.cells(column)).values()) >= K
        ),
        None,
    )
    if not numeric or grouping is None:
        return None
    return Total(bureau, numeric[-1], grouping)


def _find_match(bureaus: tuple[Bureau, ...]) -> Match | None:
    """Two tables with a column of one name and enough words that are in both."""
    for one, other in combinations(bureaus, 2):
        for column in one.columns:
            if column not in other.columns:
                continue
            left, right = one.cells(column), other.cells(column)
            words = all(left) and all(right) and not any(map(_number, left + right))
            if words and len(set(left) & set(right)) >= K:
                return Match((one, other), column)
    return None


def _find_fit(bureau: Bureau) -> Fit | None:
    """The last numeric column without gaps, explained by those before it."""
    whole = [
        column
        for column in _numeric(bureau)
        if all(cells := bureau.cells(column)) and len(set(cells)) > 1
    ]
    if len(whole) < 2 or len(bureau.rows) < max(K, _MAX_FIT + 2):
        return None
    x = tuple((bureau, column) for column in whole[-1 - _MAX_FIT : -1])
    return Fit((bureau, whole[-1]), x, None)


def _numeric(bureau: Bureau) -> Iterator[str]:
    for column in bureau.columns:
        cells = [cell for cell in bureau.cells(column)[:_MAX_SAMPLE] if cell]
        if column != bureau.key and cells and all(map(_number, cells)):
            yield column
