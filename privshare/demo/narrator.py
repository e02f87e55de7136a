"""How the demonstration speaks: to a person, or to a program.

For a person: what happens, as it happens, in words, with tables; colours and
the moving line only on a terminal. For a program (`--json`): silence, and one
object at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol


class Narrator(Protocol):
    """What the story needs to be told."""

    def title(self, text: str) -> None: ...
    def step(self, number: int, text: str) -> None: ...
    def say(self, text: str) -> None: ...
    def good(self, text: str) -> None: ...
    def refused(self, text: str) -> None: ...
    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None: ...
    def side_by_side(
        self, tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[object]]]]
    ) -> None: ...
    def working(self, text: str) -> AbstractContextManager[Any]: ...


class Silent:
    """Says nothing."""

    def title(self, text: str) -> None:
        """Nothing."""

    def step(self, number: int, text: str) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def good(self, text: str) -> None:
        """Nothing."""

    def refused(self, text: str) -> None:
        """Nothing."""

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        """Nothing."""

    def side_by_side(
        self, tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[object]]]]
    ) -> None:
        """Nothing."""

    def working(self, text: str) -> AbstractContextManager[Any]:
        """Nothing, for as long as it takes."""
        return nullcontext()


class Terminal:
    """Speaks through rich, to standard output."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only when somebody looks

        self._console = Console(highlight=False, emoji=False)

    def title(self, text: str) -> None:
        """The first line."""
        self._print(text, style="bold")

    def step(self, number: int, text: str) -> None:
        """A heading."""
        self._console.print()
        self._print(f"{number}  {text}", style="bold cyan")

    def say(self, text: str) -> None:
        """What happened."""
        self._print(f"   {text}")

    def good(self, text: str) -> None:
        """What turned out to be true."""
        self._print(f"   ✓ {text}", style="green")

    def refused(self, text: str) -> None:
        """What was refused, as it should be."""
        self._print(f"   ✗ {text}", style="yellow")

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        """A table."""
        from rich.padding import Padding  # noqa: PLC0415 - as above

        made = self._table(title, columns, rows)
        self._console.print(Padding(made, (0, 0, 0, 3)))

    def side_by_side(
        self, tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[object]]]]
    ) -> None:
        """Tables beside one another, or below where the window is narrow."""
        from rich.columns import Columns  # noqa: PLC0415 - as above
        from rich.padding import Padding  # noqa: PLC0415 - as above

        made = [self._table(*table) for table in tables]
        self._console.print(Padding(Columns(made, padding=(0, 2)), (0, 0, 0, 3)))

    def working(self, text: str) -> AbstractContextManager[Any]:
        """A moving line while something takes its time; on terminals only."""
        if not self._console.is_terminal:
            return nullcontext()
        return self._console.status(f"   {text}")

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style or None, markup=False, soft_wrap=True)

    def _table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> Any:
        from rich import box  # noqa: PLC0415 - as above
        from rich.table import Table  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        table = Table(
            title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
        )
        for place, column in enumerate(columns):
            numeric = bool(rows) and all(
                _numeric(str(row[place])) for row in rows if str(row[place])
            )
            table.add_column(column, justify="right" if numeric else "left")
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        return table


def _numeric(text: str) -> bool:
    return text.replace(",", "").replace(".", "").lstrip("-<").isdigit()
