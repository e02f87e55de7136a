"""Bring a node's tables up to date when it starts.

The migrations are Alembic's and begin with the first table. A database that
is up to date is told by one SELECT, so that an ordinary start does not even
import Alembic; one that a newer PrivShare wrote is left alone.
"""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from privshare.errors import ConfigError
from privshare.store.engine import writing

#: The newest migration in `migrations/versions`.
HEAD = "0001"

_TURN = threading.Lock()
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine) -> None:
    """Run the migrations that are missing, in one transaction.

    Raises:
        ConfigError: The database is newer than this program.
    """
    found = version(engine)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise ConfigError(
            f"expected a database of version {HEAD} or older, found {found}",
            fix="Install the PrivShare that wrote it, or a newer one.",
        )
    from alembic import command  # noqa: PLC0415  (300 ms that a start need not pay)
    from alembic.config import Config  # noqa: PLC0415 - lazy

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    # Alembic keeps its context in a module: one migration at a time.
    with _TURN, writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def version(engine: sa.Engine) -> str | None:
    """Return the newest migration that ran, or None for an empty database."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        row = found.first()
    return str(row[0]) if row else None
