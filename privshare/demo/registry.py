"""Made-up registry data of a prefecture that does not exist.

The demonstration and the benchmarks need records that look like a title
registry, a housing bureau and a tax bureau, and that can never be anybody's.
Every citizen identifier begins with region code 9947: no first-level region
of GB/T 2260 starts with 99, so no invented person can match a real one. The
check digit is right (ISO 7064 MOD 11-2), so that validators can be tried.

The same seed gives the same rows on every machine: only `random.Random` is
used, whose sequence Python keeps stable. Columns are drawn whole, not row by
row, which is what makes it fast.

    >>> title, housing, tax = registries(rows=100, seed=7)
    >>> tax.columns
    ('parcel_id', 'citizen_id', 'district', 'tax_year', 'tax_paid')
    >>> len(tax.rows)
    100
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

DISTRICTS = (
    ("Lower Ferry", 30),
    ("Reed Market", 24),
    ("Old Wall", 18),
    ("Tea Terraces", 12),
    ("Stone Bridge", 9),
    ("North Kilns", 6),
)
"""Names and weights. `HAMLET` comes beside them, on purpose too small."""

HAMLET = "Heron Hamlet"
HAMLET_ROWS = 3

_SYLLABLES = (
    *("an", "bai", "chen", "dong", "fei", "gao", "hai", "jin", "kai", "lan"),
    *("mei", "ning", "ping", "qiu", "rong", "shan", "tao", "wen", "xin", "yue"),
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


@dataclass(frozen=True, slots=True)
class Table:
    """One bureau's table: text cells, as they stand in a CSV file."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def csv(self) -> bytes:
        """The table as UTF-8 CSV with a header line."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue().encode()


def check_digit(body: str) -> str:
    """The eighteenth character of a citizen identifier.

    Args:
        body: The first seventeen characters, digits.

    Source:
        ISO 7064 MOD 11-2, as GB 11643 uses it.
    """
    total = sum(int(c) * w for c, w in zip(body, _WEIGHTS, strict=True))
    return _CHECK[total % 11]


def registries(rows: int, seed: int = 2026) -> tuple[Table, Table, Table]:
    """Title registry, housing bureau and tax bureau of the same homes.

    One row is one home. About one name in a hundred carries a typing error
    between Title and Housing, and about one citizen in eight holds more than
    one home, so that joins and duplicates have something to find.

    Args:
        rows: Number of homes, 20 to 10,000,000.
        seed: The same seed gives the same tables.

    Raises:
        ValueError: rows is outside its range.
    """
    if not 20 <= rows <= 10_000_000:
        raise ValueError(f"rows must be from 20 to 10,000,000; found {rows}")
    rng = Random(seed)  # noqa: S311 - invented data, not a secret
    citizens = max(10, rows * 7 // 8)
    ids = _citizen_ids(rng, citizens)
    names = _names(rng, citizens)
    owner = rng.choices(range(citizens), k=rows)
    parcels = [f"P{n:08d}" for n in rng.sample(range(10 * rows), rows)]
    district = _districts(rng, rows)
    area = rng.choices(range(380, 2400), k=rows)  # tenths of a square metre
    year = rng.choices(range(1962, 2026), k=rows)
    noise = rng.choices(range(800, 1250), k=rows)
    parcels.sort()  # all three bureaus keep their tables by it
    price = [
        a * 620 * n // 1000 * (300 + y - 1962) // 300
        for a, n, y in zip(area, noise, year, strict=True)
    ]
    person = [ids[i] for i in owner]
    title = Table(
        ("parcel_id", "citizen_id", "owner_name", "district", "area_m2"),
        [
            (p, c, names[o], d, f"{a // 10}.{a % 10}")
            for p, c, o, d, a in zip(
                parcels, person, owner, district, area, strict=True
            )
        ],
    )
    housing = Table(
        ("parcel_id", "owner_name", "district", "built", "price"),
        [
            (p, names[o] if t else _typo(names[o]), d, str(y), f"{v}.00")
            for p, o, t, d, y, v in zip(
                parcels,
                owner,
                rng.choices((True, False), weights=(99, 1), k=rows),
                district,
                year,
                price,
                strict=True,
            )
        ],
    )
    # Deed tax: three per cent of the price, in hundredths.
    tax = Table(
        ("parcel_id", "citizen_id", "district", "tax_year", "tax_paid"),
        [
            (p, c, d, t, f"{v * 3 // 100}.{v * 3 % 100:02d}")
            for p, c, d, t, v in zip(
                parcels,
                person,
                district,
                rng.choices(("2023", "2024", "2025"), k=rows),
                price,
                strict=True,
            )
        ],
    )
    return title, housing, tax


def _districts(rng: Random, rows: int) -> list[str]:
    names = [name for name, _ in DISTRICTS]
    weights = [weight for _, weight in DISTRICTS]
    drawn = rng.choices(names, weights=weights, k=rows - HAMLET_ROWS)
    drawn += [HAMLET] * HAMLET_ROWS
    rng.shuffle(drawn)
    return drawn


def _citizen_ids(rng: Random, count: int) -> list[str]:
    years = rng.choices(range(1940, 2007), k=count)
    months = rng.choices(range(1, 13), k=count)
    days = rng.choices(range(1, 29), k=count)
    regions = rng.choices(("994701", "994702", "994721", "994722"), k=count)
    bodies: Iterator[str] = (
        f"{r}{y}{m:02d}{d:02d}{n % 1000:03d}"
        for n, (r, y, m, d) in enumerate(zip(regions, years, months, days, strict=True))
    )
    return [body + check_digit(body) for body in bodies]


def _names(rng: Random, count: int) -> list[str]:
    first = rng.choices(_SYLLABLES, k=count)
    second = rng.choices(_SYLLABLES, k=count)
    third = rng.choices(_SYLLABLES, k=count)
    return [
        f"{a.capitalize()} {b.capitalize()}{c}"
        for a, b, c in zip(first, second, third, strict=True)
    ]


def _typo(name: str) -> str:
    """Two neighbouring letters swapped: the commonest typing error."""
    return name[:-2] + name[-1] + name[-2]
