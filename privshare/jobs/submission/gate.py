"""The gate's rule: who approves code, what it may take, what may leave.

An owner publishes one rule for a dataset; its digest stands on the ledger, and
every result of submitted code is held to it, by the owner before it leaves and
by an auditor after.

    Ran.outputs ─► release(outputs, rule) ─► bytes that may leave ─► job.result
    receipt     ─► check_released(outputs, rule)

What a hostile program could hide rows in, and what becomes of it:

    low digits of numbers     rounded to `digits` that count
    spelling, spaces, quotes  printed anew
    order of lines, columns   put in order, after noise
    number of lines, files    bounded by `rows`, `files`
    texts, names, file names  bounded by `texts`; a closed list with `words`
    small groups              `count` of each line is `k` or more
    the values themselves     exact, unless `noise`; `bits` says how much fits
    reasons of a refusal      words of ours alone: which rule, a few bits a run
    when it ends, whether     not hidden; every run spends a use

So the rule bounds, and people who read the code do the rest: that a count is a
count, that two lines do not differ by one person, what `sensitivity` is. What
`bits` allows can be told about rows by a program that nobody read.

>>> rule = GateRule(k=10, count="n", formats=("csv",))
>>> release({"mean.csv": b"district,n,mean\\r\\nwest,12,41.500\\r\\n"}, rule)
{'mean.csv': b'district,mean,n\\nwest,41.5,12\\n'}
>>> release({"mean.csv": b"district,n,mean\\nwest,9,41.5\\n"}, rule)
Traceback (most recent call last):
privshare.errors.RunRefused: expected at least 10 rows behind each line, found less
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final, NoReturn

from privshare.jobs.submission import output
from privshare.jobs.submission.output import Cell, Table
from privshare.jobs.submission.rule import MAX_FILE_NAME, GateRule, Noise
from privshare.jobs.wasm.closure import refuse
from privshare.schemes.noise import RandomSource

__all__ = ["GateRule", "Noise", "check_released", "release"]

_FILE: Final = re.compile(
    rf"([A-Za-z0-9][A-Za-z0-9_-]{{0,{MAX_FILE_NAME - 1}}})\.(csv|json)"
)
#: The file that travels beside the outputs.
_RESERVED: Final = "receipt"
_MORE: Final = "Aggregate further, or ask its owner for a rule with more."


def release(
    outputs: Mapping[str, bytes],
    rule: GateRule,
    rand: RandomSource = secrets.token_bytes,
) -> dict[str, bytes]:
    """Judge what a run left, and give what of it may leave.

    Args:
        outputs: Name to bytes, as the program wrote them.
        rule: The owner's.
        rand: Random bytes, for the noise; fresh for every run.

    Returns:
        Name to bytes in the one way of printing. Without noise, releasing it
        again changes nothing.

    Raises:
        RunRefused: Rules output.files, output.format, output.size,
            output.rows, output.numbers, output.text, output.count, output.k.

    Leaks:
        At most `rule.bits`; a refusal, which of some twenty sentences it was.
        Noised numbers are `rule.charge`-differentially private together, if
        the sensitivity is right. Not covered by it: texts, how many lines and
        files there are, whether it is refused, and an exact `count`. A count
        that is noised is raised to `k` where it is less: only its owner knows
        that there were k rows before.
    """
    tables = _tables(outputs, rule)
    if rule.noise is not None:
        tables = _noised(tables, rule, rule.noise, rand)
    return _laid_out(tables, rule)


def check_released(outputs: Mapping[str, bytes], rule: GateRule) -> None:
    """Check that outputs are what `release` gives under this rule.

    Everything but that noise was drawn: whoever has the numbers alone cannot
    see that, and has the owner's word.

    Raises:
        RunRefused: As `release`; output.format where bytes are spelled in
            another way.
    """
    if _laid_out(_tables(outputs, rule), rule) != dict(outputs):
        refuse(
            "output.format",
            "expected numbers, lines and columns as the gate prints them, found others",
        )


def _tables(outputs: Mapping[str, bytes], rule: GateRule) -> dict[str, Table]:
    """Read all outputs, exactly, and check all but their printed size."""
    _check_files(outputs, rule)
    _check_size(outputs.values(), rule)
    tables = {
        name: output.read(name, data, rows=rule.rows)
        for name, data in sorted(outputs.items())
    }
    _check_cells(tables, rule)
    for table in tables.values():
        if rule.count is not None:
            _check_counts(table, rule.count, rule.k)
        if rule.noise is not None:
            _check_noised(table, rule.noise, rule.count)
    return tables


def _laid_out(tables: Mapping[str, Table], rule: GateRule) -> dict[str, bytes]:
    laid = {
        name: output.lay_out(output.settle(table, digits=rule.digits))
        for name, table in tables.items()
    }
    _check_size(laid.values(), rule)
    return laid


def _check_files(outputs: Mapping[str, bytes], rule: GateRule) -> None:
    if not 0 < len(outputs) <= rule.files:
        refuse(
            "output.files",
            f"expected 1 to {rule.files} files, found {'more' if outputs else 'none'}",
            fix="Write results into the folder outputs, beside the entry file.",
        )
    stems = set()
    for name in outputs:
        match = _FILE.fullmatch(name)
        if match is None or match[1].lower() == _RESERVED:
            refuse(
                "output.files",
                "expected names of letters, digits, _ and - that end in .csv or "
                f".json and are not {_RESERVED}, found others",
            )
        if match[2] not in rule.formats:
            refuse(
                "output.format",
                f"expected files in {' or '.join(rule.formats)}, found another format",
            )
        if rule.vocabulary is not None and match[1] not in rule.vocabulary:
            _foreign_word()
        stems.add(name.lower())
    if len(stems) != len(outputs):
        refuse("output.files", "expected names that differ by letters, found others")


def _check_size(parts: Iterable[bytes], rule: GateRule) -> None:
    if sum(len(part) for part in parts) > rule.bytes:
        refuse(
            "output.size",
            f"expected at most {rule.bytes} bytes in all files, found more",
            fix=_MORE,
        )


def _check_cells(tables: Mapping[str, Table], rule: GateRule) -> None:
    """Count numbers and texts; names of files, columns and keys are texts."""
    cells = [cell for table in tables.values() for line in table.lines for cell in line]
    texts = [cell for cell in cells if isinstance(cell, str)]
    if len(cells) - len(texts) > rule.numbers:
        refuse(
            "output.numbers",
            f"expected at most {rule.numbers} numbers and empty cells, found more",
            fix=_MORE,
        )
    texts += [name for table in tables.values() for name in table.names]
    if len(texts) + len(tables) > rule.texts:
        refuse(
            "output.text",
            f"expected at most {rule.texts} texts, names counted, found more",
            fix=_MORE,
        )
    if rule.vocabulary is not None and not set(texts) <= rule.vocabulary:
        _foreign_word()


def _check_counts(table: Table, count: str, k: int) -> None:
    """Check that each line tells how many rows it rests on, and that it may."""
    if table.lines and count not in table.names:
        refuse(
            "output.count",
            "expected on each line how many rows it is about, found no such column",
            fix=f"Add a column or a key {count}.",
        )
    for line in table.lines:
        value = line[table.names.index(count)]
        if not isinstance(value, Decimal) or value != value.to_integral_value():
            refuse("output.count", "expected whole numbers of rows, found another cell")
        if value < k:
            refuse(
                "output.k",
                f"expected at least {k} rows behind each line, found less",
                fix="Leave small groups out, or put them together.",
            )


def _check_noised(table: Table, noise: Noise, count: str | None) -> None:
    step = Decimal(1).scaleb(-noise.places)
    for line in table.lines:
        for name, cell in zip(table.names, line, strict=True):
            if name in noise.fields:
                if not isinstance(cell, Decimal) or not _whole(cell, noise.places):
                    refuse(
                        "output.numbers",
                        f"expected whole multiples of {step:f} where noise is added, "
                        "found another cell",
                        fix="Round in the program: its sensitivity is of what it "
                        "prints.",
                    )
            elif name != count and not isinstance(cell, str):
                refuse(
                    "output.numbers",
                    "expected numbers only where noise is added, found others",
                    fix="The rule lists the columns: gate.noise.fields.",
                )


def _noised(
    tables: Mapping[str, Table], rule: GateRule, noise: Noise, rand: RandomSource
) -> dict[str, Table]:
    total = sum(
        len(table.lines) * sum(name in noise.fields for name in table.names)
        for table in tables.values()
    )
    drawn = iter(noise.law.sample(total, rand))
    most = 9 * 10 ** (17 + noise.places)  # far beyond numbers that mean something

    def noisy(name: str, cell: Cell) -> Cell:
        if name not in noise.fields or not isinstance(cell, Decimal):
            return cell
        steps = int(cell.scaleb(noise.places, output.WIDE)) + next(drawn)
        steps = max(-most, min(most, steps))
        if name == rule.count:
            steps = max(rule.k, steps)
        return Decimal(steps).scaleb(-noise.places, output.WIDE)

    return {
        file: replace(
            table,
            lines=tuple(
                tuple(
                    noisy(name, cell)
                    for name, cell in zip(table.names, line, strict=True)
                )
                for line in table.lines
            ),
        )
        for file, table in tables.items()
    }


def _whole(number: Decimal, places: int) -> bool:
    steps = number.scaleb(places, output.WIDE)
    return steps == steps.to_integral_value(context=output.WIDE)


def _foreign_word() -> NoReturn:
    refuse(
        "output.text",
        "expected texts and names of the rule's list, found others",
        fix="The rule lists them: gate.words.",
    )
