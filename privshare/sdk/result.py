"""Results: a small table of numbers, and the receipt that proves them.

The document that the job's receipt commits to holds scaled integers. Here they
become `Decimal`s, exactly: no float is made unless pandas is asked for one.

    Job.result ─► Receipt, verified ─► Result ─► rows · to_pandas · receipt

>>> result = Result({"column": "tax_paid", "group_by": "district", "k": 10,
...     "operation": "sum", "scale": 2, "suppressed": [], "v": 1,
...     "rows": [{"count": 12, "group": "Old Wall", "value": "12050"}]})
>>> result["Old Wall"]
Decimal('120.50')
>>> print(result)
sum of tax_paid by district, groups of at least 10
district  count     sum
Old Wall     12  120.50
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from privshare.errors import EncodingError, NotFound, StepNotAllowed
from privshare.sdk.document import Document
from privshare.sdk.receipt import Receipt
from privshare.sdk.table import Table
from privshare.wire.value import Json

if TYPE_CHECKING:
    import pandas  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from rich.table import Table as RichTable

#: Digits that a mean has beyond those of its column.
MEAN_DIGITS = 6
_MEAN_FACTOR: int = 10**MEAN_DIGITS

_MAX_DIGITS = 1_000  # of a total, as its opening is bounded


class Result:
    """What a job computed: one row a group.

    Args:
        document: The result that the receipt commits to.
        receipt: The proof; None only in examples.

    Raises:
        EncodingError: Not a result.
    """

    def __init__(
        self, document: Mapping[str, Json], receipt: Receipt | None = None
    ) -> None:
        read = Document(dict(document), "result")
        self.operation = read.str("operation")
        self.column = read.str("column")
        self.group_by = read.str("group_by", "") or None
        self.k = read.int("k")
        self.scale = read.int("scale", 0)
        self.suppressed = _suppressed(read)
        self.rows = tuple(self._row(row) for row in read.objs("rows"))
        self._receipt = receipt

    @property
    def receipt(self) -> Receipt:
        """The proof, verified before this result was returned.

        Raises:
            StepNotAllowed: The result was made without one.
        """
        if self._receipt is None:
            raise StepNotAllowed("expected a result with a receipt, found none")
        return self._receipt

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the group's, `count`, and the operation's."""
        group = () if self.group_by is None else (self.group_by,)
        value = () if self.operation == "count" else (self.operation,)
        return (*group, "count", *value)

    @property
    def value(self) -> Decimal | int:
        """The one number of a question without groups.

        Raises:
            StepNotAllowed: There are groups; index the result by their names.
            NotFound: The number was suppressed: too few records.
        """
        if self.group_by is not None:
            raise StepNotAllowed(
                f"expected one number, found a result by {self.group_by}",
                fix='take a group: result["name"]',
            )
        return self._value("")

    def __getitem__(self, group: str) -> Decimal | int:
        """The number of a group.

        Raises:
            NotFound: No such group, or it was suppressed.
        """
        return self._value(group)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, str | int | Decimal]]:
        """The rows as mappings from column to value."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"<Result {self._caption()}, {len(self.rows)} rows>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> RichTable:
        return self.table().__rich__()

    def table(self) -> Table:
        """The result, to be shown."""
        caption = self._caption()
        if self.suppressed:
            caption += f"; suppressed: {', '.join(self.suppressed)}"
        return Table(
            self.columns, self.rows, caption, "every group was suppressed: too small"
        )

    def to_pandas(self, *, floats: bool = False) -> pandas.DataFrame:
        """The rows as a DataFrame.

        Args:
            floats: Make numbers floats, which pandas computes with, in place
                of exact `Decimal`s.

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas  # noqa: PLC0415 - only if asked

        frame = pandas.DataFrame(list(self.rows), columns=list(self.columns))
        if floats and self.operation in frame:
            frame[self.operation] = frame[self.operation].astype(float)
        return frame

    def to_csv(self) -> str:
        """The rows as CSV with a header line."""
        import csv  # noqa: PLC0415 - only if asked
        import io  # noqa: PLC0415 - only if asked

        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()

    def _row(self, row: Document) -> tuple[str | int | Decimal, ...]:
        count = row.int("count")
        group = () if self.group_by is None else (row.str("group", ""),)
        if self.operation == "count":
            return (*group, count)
        total = _integer(row.str("value"))
        if self.operation == "sum":
            return (*group, count, _decimal(total, self.scale))
        return (*group, count, _decimal(_mean(total, count), self.scale + MEAN_DIGITS))

    def _value(self, group: str) -> Decimal | int:
        for row in self.rows:
            if self.group_by is None or row[0] == group:
                number = row[-1]
                assert not isinstance(number, str)
                return number
        what = f'group "{group}"' if self.group_by else "number"
        why = "it was suppressed" if group in self.suppressed else "there is none"
        raise NotFound(
            f"expected the {what}, found none: {why}",
            fix=f"only groups of at least {self.k} records are released",
        )

    def _caption(self) -> str:
        by = f" by {self.group_by}" if self.group_by else ""
        return f"{self.operation} of {self.column}{by}, groups of at least {self.k}"


def _integer(text: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > _MAX_DIGITS:
        raise EncodingError(
            f"expected a decimal integer as result.rows.value, found {len(text)} "
            "other characters"
        )
    return int(text)


def _mean(total: int, count: int) -> int:
    """The quotient with `MEAN_DIGITS` more digits, rounded half to even."""
    if count < 1:
        raise EncodingError(f"expected a mean of 1 value or more, found {count}")
    quotient, rest = divmod(total * _MEAN_FACTOR, count)
    up = 2 * rest > count or (2 * rest == count and quotient % 2 == 1)
    return quotient + int(up)


def _decimal(scaled: int, scale: int) -> Decimal:
    """scaled / 10^scale, exactly, in whatever context."""
    digits = tuple(map(int, str(abs(scaled))))
    return Decimal((int(scaled < 0), digits, -scale))


def _suppressed(read: Document) -> tuple[str, ...]:
    """Names of groups that were too small; with several inputs each names its own."""
    names = read.strs("suppressed")
    return tuple(sorted(set(names)))
