"""One record that its owner shared, proven to be the one it committed to.

The values come out of the receipt's attachment, which the verifier has just
held against the dataset's root on the ledger: there is no second copy that
could say something else.

    Dataset.record ─► Receipt, verified ─► record.json ─► Record
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from privshare.errors import EvidenceInvalid
from privshare.jobs.requirement import RECORD
from privshare.rights.disclosure import Disclosure, Opened
from privshare.rights.schema import Cell, Column, Schema
from privshare.sdk.document import Document
from privshare.sdk.receipt import Receipt
from privshare.sdk.table import Table
from privshare.wire.canonical import decode

Value: TypeAlias = str | int | bool | Decimal | None


class Record(Mapping[str, Value]):
    """Column to value.

    Args:
        values: By column, as the schema spells them.
        receipt: The proof.
    """

    def __init__(self, values: Mapping[str, Value], receipt: Receipt) -> None:
        self._values = dict(values)
        self.receipt = receipt

    @classmethod
    def from_receipt(
        cls, receipt: Receipt, dataset: str, key: str | int, columns: Sequence[str]
    ) -> Record:
        """Read the record that a verified receipt of `record.share` carries.

        Args:
            receipt: Verified.
            dataset: The dataset that was asked.
            key: The record that was asked for.
            columns: The columns that were asked for.

        Raises:
            EvidenceInvalid: It is another record than the one asked for.
        """
        shared = Document(decode(receipt.attachments[RECORD]), RECORD)
        asked = shared.obj("request")
        if (
            asked.str("dataset") != dataset
            or str(asked["key"]) != str(key)
            or set(asked.strs("columns")) != set(columns)
        ):
            raise EvidenceInvalid(
                f"expected the record asked for, of {dataset}, found another one",
                fix="do not rely on this node; tell its operator",
            )
        evidence = receipt.statement.evidence or {}
        schema = Schema.from_json(evidence["schema"])
        disclosure = Disclosure.from_json(shared["disclosure"])
        values = {
            column.name: _value(column, cell.value)
            for column, cell in zip(schema.columns, disclosure.cells, strict=True)
            if isinstance(cell, Opened)
        }
        return cls(values, receipt)

    def __getitem__(self, column: str) -> Value:
        return self._values[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        """Names of the columns; what stands in them is shown by `table`."""
        return f"<Record with {', '.join(self._values)}>"

    def table(self) -> Table:
        """The record, to be shown."""
        return Table(("column", "value"), tuple(self._values.items()))

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _value(column: Column, cell: Cell) -> Value:
    """A cell as Python has it: scaled integers become decimals, exactly."""
    if column.type == "decimal" and isinstance(cell, int):
        return Decimal(cell).scaleb(-(column.scale or 0))
    return cell
