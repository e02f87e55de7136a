"""The log on disk: one SQLite database for a host or a mirror.

The database is the truth; tiles and the checkpoint file are derived from it.
A block enters in one SQL transaction, with its entries, state changes,
checkpoint and right edge, or not at all.

    embedded  Block ─► LogDb.append (durable when it returns) ─► tiles ─► answers
    mirror    entries, verified and replayed ─► LogDb.append

SQLite runs with WAL and `synchronous=FULL`, and both settings are read back:
in our power-loss runs FULL lost nothing and NORMAL lost acknowledged rows.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from privshare.errors import ConfigError, NotFound
from privshare.ledger.block import Accepted, Block, BlockEntry

#: Changes with the schema below; another number is refused.
FORMAT = 1

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (idx INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE block (idx INTEGER PRIMARY KEY, height INTEGER NOT NULL,
                    time INTEGER NOT NULL);
CREATE TABLE tx (idx INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
                 not_after INTEGER NOT NULL);
CREATE TABLE state (ord INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
                    value BLOB NOT NULL);
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL);
CREATE TABLE cosignature (size INTEGER NOT NULL, name TEXT NOT NULL,
                          line TEXT NOT NULL, PRIMARY KEY (size, name))
                         WITHOUT ROWID;
"""

_WAL_PAGES = 4_000
_CHUNK = 4_096


class LogDb:
    """One log's database. One thread writes; any thread reads.

    Args:
        path: The database file.
        create: Make it; it must not exist. Otherwise it must.

    Raises:
        ConfigError: The file is missing, there already, of another format, or
            SQLite does not promise durability.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if path.exists() is create:
            expected, found = ("no file", "one") if create else ("a ledger", "none")
            raise ConfigError(f"expected {expected} at {path}, found {found}")
        self._path = path
        self._writer = self._connect()
        self._reader = self._connect()
        self._reader.execute("PRAGMA query_only=ON")
        self._read_lock = threading.Lock()
        if create:
            self._writer.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            with self.transaction():
                self.set_meta("format", str(FORMAT).encode())
        found_format = self.meta("format")
        if found_format != str(FORMAT).encode():
            raise ConfigError(f"expected ledger format {FORMAT}, found another")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=30.0
        )
        for pragma, expected in (
            ("journal_mode=WAL", "wal"),
            ("synchronous=FULL", 2),
            ("secure_delete=ON", 1),
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
            name = pragma.partition("=")[0]
            found = connection.execute(f"PRAGMA {name}").fetchone()[0]
            if found != expected:
                raise ConfigError(f"expected SQLite with {pragma}, found {found}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        return connection

    def close(self) -> None:
        """Close both connections."""
        with self._read_lock:
            self._reader.close()
        self._writer.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do several writes at once; durable when the block ends without error."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    # Writes: by the one writer, inside `transaction`.

    def set_meta(self, name: str, value: bytes) -> None:
        """Keep a named value."""
        self._writer.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) "
            "DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def drop_meta(self, name: str) -> None:
        """Forget a named value."""
        self._writer.execute("DELETE FROM meta WHERE name = ?", (name,))

    def add_entries(self, first: int, entries: Sequence[bytes]) -> None:
        """Add log entries from index `first` on."""
        self._writer.executemany(
            "INSERT INTO entry VALUES (?, ?)", enumerate(entries, first)
        )

    def add_block(self, block: Block) -> None:
        """Add a block's effects; its entries are added by `add_entries`."""
        self._writer.execute(
            "INSERT INTO block VALUES (?, ?, ?)",
            (block.entry.index, block.entry.height, block.entry.time),
        )
        self._writer.executemany(
            "INSERT INTO tx VALUES (?, ?, ?)",
            [(a.index, a.id, a.not_after) for a in block.accepted],
        )
        self._writer.executemany(
            "INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) "
            "DO UPDATE SET value = excluded.value",
            block.changes.items(),
        )

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a checkpoint, signed by the log and nobody else yet."""
        self._writer.execute(
            "INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", (size, note)
        )

    def add_cosignature(self, size: int, name: str, line: str) -> None:
        """Keep a witness's signature line under a checkpoint."""
        self._writer.execute(
            "INSERT OR REPLACE INTO cosignature VALUES (?, ?, ?)", (size, name, line)
        )

    def drop_checkpoints(self, below: int) -> None:
        """Forget checkpoints and cosignatures of sizes below."""
        for table in ("checkpoint", "cosignature"):
            self._writer.execute(
                f"DELETE FROM {table} WHERE size < ?",  # noqa: S608 - our two names
                (below,),
            )

    def pending_entries(self, first: int, end: int) -> Iterator[bytes]:
        """Entries from `first` to `end`, those of the open transaction included."""
        for start in range(first, end, _CHUNK):
            rows = self._writer.execute(
                "SELECT data FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx",
                (start, min(start + _CHUNK, end)),
            ).fetchall()
            for row in rows:
                yield _bytes(row[0])

    # Reads: from any thread.

    def _rows(self, sql: str, *args: object) -> list[tuple[object, ...]]:
        with self._read_lock:
            return self._reader.execute(sql, args).fetchall()

    def meta(self, name: str) -> bytes | None:
        """A named value, or None."""
        rows = self._rows("SELECT value FROM meta WHERE name = ?", name)
        return _bytes(rows[0][0]) if rows else None

    def size(self) -> int:
        """How many entries."""
        (newest,) = self._rows("SELECT max(idx) FROM entry")[0]
        return 0 if newest is None else _int(newest) + 1

    def entry(self, index: int) -> bytes:
        """One entry.

        Raises:
            NotFound: The log is not that long.
        """
        rows = self._rows("SELECT data FROM entry WHERE idx = ?", index)
        if not rows:
            raise NotFound(f"expected an index below the log's size, found {index}")
        return _bytes(rows[0][0])

    def entries(self, first: int, end: int) -> list[bytes]:
        """The entries from `first` up to, not including, `end`."""
        rows = self._rows(
            "SELECT data FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", first, end
        )
        return [_bytes(row[0]) for row in rows]

    def find(self, tx_id: str) -> int | None:
        """The log index of a transaction, or None."""
        rows = self._rows("SELECT idx FROM tx WHERE id = ?", tx_id)
        return _int(rows[0][0]) if rows else None

    def last_block(self) -> BlockEntry:
        """The newest block entry.

        Raises:
            NotFound: There is no block yet.
        """
        rows = self._rows("SELECT idx FROM block ORDER BY idx DESC LIMIT 1")
        if not rows:
            raise NotFound("expected a block, found an empty log")
        return BlockEntry.decode(self.entry(_int(rows[0][0])))

    def block_of(self, index: int) -> BlockEntry:
        """The block entry of the block that holds an index.

        Raises:
            NotFound: The log is not that long.
        """
        rows = self._rows("SELECT min(idx) FROM block WHERE idx >= ?", index)
        if rows[0][0] is None:
            raise NotFound(f"expected an index below the log's size, found {index}")
        return BlockEntry.decode(self.entry(_int(rows[0][0])))

    def is_block_end(self, size: int) -> bool:
        """Whether a log of this size ends in a block entry."""
        return bool(self._rows("SELECT 1 FROM block WHERE idx = ?", size - 1))

    def state(self) -> Iterable[tuple[str, bytes]]:
        """State keys and canonical values, in the order they appeared."""
        rows = self._rows("SELECT key, value FROM state ORDER BY ord")
        return [(str(key), _bytes(value)) for key, value in rows]

    def seen(self, time: int, validity_s: int) -> list[Accepted]:
        """Transactions whose `not_after` has not passed at `time`.

        Such a transaction stands in a block younger than `validity_s`, so only
        those are looked through.
        """
        rows = self._rows(
            "SELECT max(idx) FROM block WHERE time <= ?", time - validity_s
        )
        since = -1 if rows[0][0] is None else _int(rows[0][0])
        found = self._rows(
            "SELECT id, idx, not_after FROM tx WHERE idx > ? AND not_after > ?",
            since,
            time,
        )
        return [Accepted(str(a), _int(b), _int(c)) for a, b, c in found]

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """All checkpoints that are kept, the oldest first."""
        rows = self._rows("SELECT size, note FROM checkpoint ORDER BY size")
        return [(_int(a), _bytes(b)) for a, b in rows]

    def cosignatures(self) -> list[tuple[int, str]]:
        """All signature lines that are kept, each with its checkpoint's size."""
        rows = self._rows("SELECT size, line FROM cosignature ORDER BY size, name")
        return [(_int(a), str(b)) for a, b in rows]


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise ConfigError(f"expected an integer in the database, found {type(value)}")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise ConfigError(f"expected bytes in the database, found {type(value)}")
    return value
