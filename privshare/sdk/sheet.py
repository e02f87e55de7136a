"""A table on its way to the node: a CSV file, its bytes, or a DataFrame.

DataFrame ─► to_csv ─► bytes ─► Session.upload
file ──────────────────────────► Session.upload, in pieces
"""

from __future__ import annotations

from pathlib import Path

from privshare.errors import ConfigError


def csv_of(table: object, name: str) -> tuple[bytes | Path, str]:
    """The CSV of a table, as bytes or as a file, and what to call it.

    Args:
        table: Bytes, a path, or anything whose `to_csv(index=False)` gives
            text, such as a pandas DataFrame.
        name: What to call it where it has no name of its own.

    Raises:
        ConfigError: No such file, or something else.
    """
    if isinstance(table, bytes):
        return table, f"{name}.csv"
    if isinstance(table, str | Path):
        path = Path(table)
        if not path.is_file():
            raise ConfigError(f"expected a CSV file at {path}, found none")
        return path, path.name
    to_csv = getattr(table, "to_csv", None)
    text = to_csv(index=False) if callable(to_csv) else None
    if not isinstance(text, str):
        raise ConfigError(
            "expected a CSV file, bytes or a DataFrame as the table, found "
            f"{type(table).__name__}"
        )
    return text.encode(), f"{name}.csv"
