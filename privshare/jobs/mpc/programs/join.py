"""Two owners' tables joined by a secret identifier, and summed by group.

    {"columns": [{"name": "citizen", "from": {"tax/returns": "citizen_id",
                                              "edu/degrees": "person"},
                  "minimum": 0, "maximum": 99999999999, "scale": 0},
                 {"name": "income", "from": {"tax/returns": "income"}, ...},
                 {"name": "field", "from": {"edu/degrees": "field"},
                  "categories": [...]}],
     "rows": {"kind": "joined"}, "key": "citizen", "value": "income",
     "group": "field"}

One dataset has the value and may have several rows of a person; the other has the
group, and a person once. Both tables are shuffled, so that no row is known by its
place. Identifiers become AES-128 pseudonyms under a key that the nodes drew
together and none knows; pseudonyms are opened. So nodes see how many rows have a
partner, and how many rows each person has: a pattern, of nobody they know. What
is summed and counted stays shared. A person twice in the second table is refused,
with the number of such persons.

An identifier may be a text instead ("text": true): its owner gives 128 bits of its
digest, and two persons of 2^26 have the same one with probability 2^-76. Owners
write identifiers alike before: nothing here knows that "ab-1" is "AB1".

Source:
    Laur, Talviste and Willemson, ACNS 2013; Mohassel, Rindal and Rosulek, CCS 2020;
    Bogdanov, Kamm, Kubo, Rebane, Sokk and Talviste, PoPETs 2016(3), whose study of
    students and taxes this is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.mpc.programs.column import (
    MAX_ROWS,
    Alignment,
    Column,
    Declared,
    read_columns,
)
from privshare.jobs.mpc.programs.cost import Cost, Tally
from privshare.jobs.mpc.programs.decimal_text import scaled, text
from privshare.jobs.mpc.programs.program import (
    HEADROOM,
    Block,
    Plain,
    Plan,
    Program,
    not_an_output,
    refuse_overflow,
)
from privshare.wire.canonical import Fields, Json

__all__ = ["BATCH", "JOIN_GROUP_SUM", "PROGRAMS", "Joined", "duplicates"]

_RING = 64
#: Identifiers of up to so many bits, counted from their least.
MAX_KEY_BITS = 60
_MORE_DIGITS = 6
#: Rows whose pseudonyms are computed at once: a node holds about 3 KB for each.
BATCH = 1 << 16


@dataclass(frozen=True, slots=True)
class Joined:
    """What the program is told beside the columns.

    Attributes:
        key: The identifier, a column of both datasets.
        value: What is summed.
        group: The categories it is summed by.
        many: The dataset that has the value; a person may be there many times.
        unique: The dataset that has the group, and each person once.
        key_bits: Bits of an identifier, its least taken away; 128 of a text.
        groups: How many groups there are.
        complementary: As in `groups.Groups`.
        noisy: Never: what `groups_run.suppress` asks.
    """

    key: str
    value: str
    group: str
    many: str
    unique: str
    key_bits: int
    groups: int
    complementary: bool
    noisy: bool = False

    @property
    def key_width(self) -> int:
        """Elements of an identifier."""
        return -(-self.key_bits // _RING)

    @property
    def group_bits(self) -> int:
        """Bits of the index of a group."""
        return max((self.groups - 1).bit_length(), 1)


def _plan(parameters: Mapping[str, Any], rows: Mapping[str, int], k: int) -> Plan:
    fields = Fields(dict(parameters), "parameters")
    columns = read_columns(fields)
    kind = fields.obj("rows")
    if kind.str("kind", max=16) != "joined":
        raise EncodingError("rows.kind: expected joined, found another word")
    kind.end()
    names = [fields.str(name, max=63) for name in ("key", "value", "group")]
    complementary = True
    if "complementary" in fields.names():
        complementary = fields.bool("complementary")
    fields.end()
    declared = Declared(columns, Alignment(False), dict(rows), sum(rows.values()), k)
    key, value, group = (
        declared.identifier(names[0]),
        declared.number(names[1]),
        declared.category(names[2]),
    )
    declared.used(*names)
    many, unique = _sides(key, value, group, rows)
    _check_rows(rows, k)
    key_bits = max(key.spread.bit_length(), 1)
    if key_bits > MAX_KEY_BITS and not key.text:
        raise OutOfRange(
            f"column {key.name} of {declared.n_rows} rows: expected identifiers of at "
            f"most {MAX_KEY_BITS} bits, found up to {key_bits}",
            detail={"rule": "mpc.overflow", "columns": [key.name]},
        )
    largest = max(value.size * rows[many], 2 * declared.n_rows)
    if largest >= 1 << _RING - HEADROOM:
        raise refuse_overflow(largest, declared, [value.name])
    detail = Joined(
        key.name,
        value.name,
        group.name,
        many,
        unique,
        key_bits,
        len(group.categories),
        complementary,
    )
    return Plan(
        program="join_group_sum",
        ring=_RING,
        columns=columns,
        alignment=declared.alignment,
        rows=dict(rows),
        k=k,
        blocks=(
            Block(key.name, "digest", 2) if key.text else Block(key.name, "number"),
            Block(value.name, "number"),
            Block(group.name, "code"),
        ),
        outputs=4 * detail.groups,
        cost=_cost(detail, rows),
        detail=detail,
    )


def _sides(
    key: Column, value: Column, group: Column, rows: Mapping[str, int]
) -> tuple[str, str]:
    for column, expected in ((value, 1), (group, 1), (key, 2)):
        if len(column.of) != expected or not set(column.of) <= set(rows):
            raise EncodingError(
                f"column {column.name}: expected it in {expected} of the job's two "
                f"datasets, found it in {len(column.of)}",
                detail={"column": column.name},
            )
    many, unique = next(iter(value.of)), next(iter(group.of))
    if len(rows) != 2 or many == unique:
        raise EncodingError(
            f"column {group.name}: expected it in the dataset that does not have "
            f"{value.name}, of two, found otherwise",
            detail={"column": group.name},
        )
    return many, unique


def _check_rows(rows: Mapping[str, int], k: int) -> None:
    for dataset, count in rows.items():
        if isinstance(count, bool) or not max(k, 1) <= count <= MAX_ROWS:
            raise OutOfRange(
                f"{dataset}: expected {max(k, 1)} to {MAX_ROWS} rows, found {count}",
                detail={"rule": "mpc.rows", "rows": count},
            )


def _cost(detail: Joined, rows: Mapping[str, int]) -> Cost:
    tally, groups = Tally(_RING), detail.groups
    tally.pseudonyms(0, BATCH)
    persons = rows[detail.unique]
    for count in rows.values():
        width = detail.key_width + 1
        tally.take(width * count)
        # Shuffled: each hop sends two elements a cell, a product sends three.
        tally.multiply(2 * width * count // 3, 3)
        tally.pseudonyms(count, BATCH)
    tally.low_bits(persons, detail.group_bits)
    tally.multiply(persons * ((1 << detail.group_bits) - detail.group_bits - 1))
    tally.matmul(groups, persons, 1)
    tally.compare(groups)
    tally.multiply(3 * groups, 2)
    if detail.complementary and groups > 1:
        levels = (groups - 1).bit_length()
        tally.compare(groups, levels + 1)
        tally.multiply(groups, 2 * levels + 5)
    return tally.cost()


def duplicates(dataset: str, column: str, persons: int, rows: int) -> EncodingError:
    """The error that says that a table that should have each person once does not."""
    return EncodingError(
        f"{dataset}, column {column} of {rows} rows: expected each identifier once, "
        f"found {persons} of them more than once",
        fix="Keep one row of each, or exchange the roles of the two tables.",
        detail={"rule": "mpc.duplicates", "column": column, "persons": persons},
    )


def _document(plan: Plan, numbers: Sequence[int]) -> dict[str, Json]:
    g, detail = plan.detail.groups, plan.detail
    told, persons, totals, rows = (numbers[i * g : (i + 1) * g] for i in range(4))
    scale = plan.column(detail.value).scale
    cells: list[Json] = []
    for word, bit, people, total, count in zip(
        plan.column(detail.group).categories, told, persons, totals, rows, strict=True
    ):
        least = max(plan.k, 1) * bit
        if (
            bit not in (0, 1)
            or not least <= people <= plan.rows[detail.unique] * bit
            or not people <= count <= plan.rows[detail.many] * bit
        ):
            raise not_an_output(plan)
        if not bit:
            cells.append({"group": word, "suppressed": True})
            continue
        mean = Fraction(total, count * 10**scale)
        cells.append(
            {
                "group": word,
                "persons": people,
                "rows": count,
                "sum": scaled(total, scale),
                "mean": text(mean, scale + _MORE_DIGITS),
            }
        )
    return {"k": plan.k, "rows": dict(plan.rows), "groups": cells}


def _reference(plan: Plan, plain: Plain) -> dict[str, Json]:
    detail = plan.detail
    key, value, group = (
        plan.column(name) for name in (detail.key, detail.value, detail.group)
    )
    many, unique = plain[detail.many], plain[detail.unique]
    ids = unique[key.of[detail.unique]]
    repeated = sum(ids.count(one) > 1 for one in set(ids))
    if repeated:
        raise duplicates(
            detail.unique, key.of[detail.unique], repeated, plan.rows[detail.unique]
        )
    words = unique[group.of[detail.unique]]
    of = {
        one: group.categories.index(str(word))
        for one, word in zip(ids, words, strict=True)
    }
    g = detail.groups
    totals, rows = [0] * g, [0] * g
    seen: list[set[Any]] = [set() for _ in range(g)]
    for one, number in zip(
        many[key.of[detail.many]], many[value.of[detail.many]], strict=True
    ):
        if one in of and isinstance(number, int):
            totals[of[one]] += number
            rows[of[one]] += 1
            seen[of[one]].add(one)
    persons = [len(people) for people in seen]
    # Cells may be hidden: those that are too small, and perhaps one beside.
    told = [int(count >= plan.k) for count in persons]
    hidden = sum(count for bit, count in zip(told, persons, strict=True) if not bit)
    shown = told.count(0) == 1 or 0 < hidden < plan.k
    if detail.complementary and shown and 1 in told:
        rest = [i for i, bit in enumerate(told) if bit]
        told[min(rest, key=lambda i: (persons[i], i))] = 0
    kept = [
        bit * number
        for numbers in (persons, totals, rows)
        for bit, number in zip(told, numbers, strict=True)
    ]
    return _document(plan, [*told, *kept])


JOIN_GROUP_SUM = Program(
    name="join_group_sum",
    version=1,
    inputs="an identifier, number or text, in both datasets; a column of numbers in "
    "one, where a person may have many rows, and of up to 64 categories in the "
    "other, where each has one",
    outputs="persons, rows, total and mean of each group of at least k persons in "
    "both; of others that they are suppressed, not how small",
    leaks="how many rows of a person there are in each dataset, and how many persons "
    "are in both, of persons not known",
    error="none: exact",
    plan=_plan,
    document=_document,
    reference=_reference,
    runner="privshare.jobs.mpc.programs.join_run:join_group_sum",
)
PROGRAMS = (JOIN_GROUP_SUM,)
