"""Tables for people: as text, in a notebook, in a terminal.

Listings and results show themselves through this one value. Everything in a
cell may come from another agency, so nothing in it is believed: HTML is
escaped and carries no script, and characters that could steer a terminal are
shown as what they are.

    Listing, Result ─► Table ─► str · _repr_html_ · __rich__

>>> print(Table(("district", "sum"), (("Old Wall", 12), ("\\x1b[2J", 3))))
district  sum
Old Wall   12
\\x1b[2J     3
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table as RichTable

#: Most characters of one value of a list of values; a table's cells get fewer.
MAX_VALUE = 400

_SHOWN_CHARS = 60
_SHOWN_ROWS = 200
_RIGHT = ' style="text-align:right"'


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows, to be shown.

    Attributes:
        columns: Headings.
        rows: Cells as they are; numbers are set to the right.
        caption: One line above, or "".
        empty: What to say when there are no rows.
        cut: Most characters of a cell.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    caption: str = ""
    empty: str = "nothing to show"
    cut: int = _SHOWN_CHARS

    def __str__(self) -> str:
        """Lay the table out in plain text, without trailing spaces."""
        lines = [self.caption] if self.caption else []
        if not self.rows:
            return "\n".join([*lines, self.empty])
        shown = [self._texts(row) for row in self.rows]
        widths = [
            max(len(cells[i]) for cells in (self.columns, *shown))
            for i in range(len(self.columns))
        ]
        right = self._right()
        for cells in (self.columns, *shown):
            padded = (
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(cells, widths, right, strict=True)
            )
            lines.append("  ".join(padded).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Lay the table out for a notebook: escaped, without scripts."""
        right = self._right()
        parts = ["<table>"]
        if self.caption:
            parts.append(f"<caption>{html.escape(plain(self.caption))}</caption>")
        heads = "".join(f"<th>{html.escape(plain(name))}</th>" for name in self.columns)
        parts.append(f"<thead><tr>{heads}</tr></thead><tbody>")
        for row in self.rows[:_SHOWN_ROWS]:
            cells = "".join(
                f"<td{_RIGHT if to_right else ''}>{html.escape(text)}</td>"
                for text, to_right in zip(self._texts(row), right, strict=True)
            )
            parts.append(f"<tr>{cells}</tr>")
        parts.append("</tbody></table>")
        hidden = len(self.rows) - _SHOWN_ROWS
        if hidden > 0:
            parts.append(f"<p>and {hidden} more rows</p>")
        if not self.rows:
            parts.append(f"<p>{html.escape(self.empty)}</p>")
        return "".join(parts)

    def __rich__(self) -> RichTable:
        """Lay the table out for a terminal through rich."""
        from rich.table import Table as RichTable  # noqa: PLC0415 - only if asked
        from rich.text import Text  # noqa: PLC0415 - only if asked

        table = RichTable(title=Text(plain(self.caption)) if self.caption else None)
        for name, to_right in zip(self.columns, self._right(), strict=True):
            table.add_column(Text(plain(name)), justify="right" if to_right else "left")
        for row in self.rows:
            table.add_row(*(Text(text) for text in self._texts(row)))
        return table

    def _texts(self, row: Sequence[object]) -> tuple[str, ...]:
        return tuple(_shown(cell, self.cut) for cell in row)

    def _right(self) -> list[bool]:
        """Columns that hold numbers alone."""
        return [
            bool(self.rows)
            and all(
                isinstance(row[i], int | Decimal) and not isinstance(row[i], bool)
                for row in self.rows
            )
            for i in range(len(self.columns))
        ]


def plain(text: str) -> str:
    """Text that cannot steer a terminal: control characters are spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def html_block(title: str, lines: Sequence[tuple[str, object]]) -> str:
    """A heading and named values for a notebook, escaped, without scripts."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(plain(name))}</th>"
        f"<td>{html.escape(_shown(value, MAX_VALUE))}</td></tr>"
        for name, value in lines
    )
    return (
        f"<p><b>{html.escape(plain(title))}</b></p><table><tbody>{rows}</tbody></table>"
    )


def _shown(cell: object, limit: int = _SHOWN_CHARS) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, list | tuple):
        cell = ", ".join(str(item) for item in cell)
    text = plain(str(cell))
    return text if len(text) <= limit else text[: limit - 1] + "…"
