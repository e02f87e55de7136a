"""The node's database file: opened one way, and checked.

SQLite in WAL mode with `synchronous=FULL`, so that what was acknowledged
survives a power cut, and with `secure_delete`, so that what was erased is
overwritten. Each of the three is set on every connection and read back; a
file system that cannot keep them stops the node at its start.

    node_process ─► open_engine ─► migrate ─► Store

Reads run beside one another and beside the one writer. A transaction that
will write says so (`writing`) and takes the write lock at once, so that two
writers wait for each other instead of failing half-way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from privshare.errors import ConfigError

#: How long a writer waits for another process (a command beside the node).
BUSY_TIMEOUT_S = 15

#: PRAGMA, what we set, what SQLite must then say.
_PRAGMAS = (
    ("journal_mode", "wal", "wal"),
    ("synchronous", "full", 2),
    ("secure_delete", "on", 1),
    ("foreign_keys", "on", 1),
)


def open_engine(path: Path, *, connections: int = 24) -> sa.Engine:
    """Open the database file, making it if there is none.

    Args:
        path: The file, readable by its owner only; its folder exists.
        connections: Most connections at the same time.

    Raises:
        ConfigError: The file cannot be kept in WAL mode with full
            synchronisation and secure deletion, or is no SQLite database.
    """
    if not path.exists():
        path.touch(mode=0o600)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S},
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    try:
        with engine.connect():
            return engine
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise ConfigError(
            f"expected an SQLite database at {path}, found another file",
            fix="Move the file away, or name another node directory.",
        ) from error
    except ConfigError:
        engine.dispose()
        raise


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Run a transaction that writes; durable when the block has ended."""
    with (
        engine.connect().execution_options(privshare_write=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Run a transaction that only reads, on one snapshot."""
    with engine.begin() as connection:
        yield connection


def scrub(engine: sa.Engine) -> None:
    """Empty the write-ahead log, where erased pages may still lie."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        raw.close()


def _prepare(connection: Any, _record: object) -> None:
    """Set the pragmas on a new connection and read them back."""
    connection.isolation_level = None  # `_begin` says when a transaction begins
    cursor = connection.cursor()
    for name, wanted, expected in _PRAGMAS:
        cursor.execute(f"PRAGMA {name}={wanted}").fetchall()
        found = cursor.execute(f"PRAGMA {name}").fetchone()
        if found is None or found[0] != expected:
            raise ConfigError(
                f"expected SQLite to keep {name}={wanted}, "
                f"found {found[0] if found else 'nothing'}",
                fix="Put the node directory on a local file system.",
            )
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("privshare_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
