"""A node's storage: what the exchange asks of it, and that it lasts."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from privshare.errors import ConfigError, Conflict, NotFound, VerificationError
from privshare.exchange.storage import Storage
from privshare.jobs.lifecycle import Advance, Job, Problem, step
from privshare.store import migrate
from privshare.store.engine import open_engine, reading
from privshare.store.keyfile import read_key, write_key
from privshare.store.request import KEEP_S
from privshare.store.store import Store

SALT = bytes(32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh store."""
    made = Store.open(tmp_path / "node.db")
    yield made
    made.close()


def _draft(store: Store, rows: int = 3) -> str:
    draft = store.create_draft("a.csv", 10)
    store.add_draft_rows(draft, [(i, b"line %d" % i) for i in range(rows)])
    store.finish_draft(draft, rows, b"{}")
    return draft


def _publish(store: Store, dataset: str = "tax/deed", rows: int = 3) -> None:
    draft = _draft(store, rows)
    staged = [(i, f"R-{i}", b"[%d]" % i, SALT) for i in range(rows)]
    store.stage_rows(draft, [staged[: rows // 2], staged[rows // 2 :]])
    store.stage(draft, dataset, bytes(32 * rows))
    store.promote(draft, 20)


def test_it_is_what_the_exchange_asks_for(store: Store) -> None:
    """The store satisfies the protocol, every method of it."""
    as_protocol: Storage = store
    names = [name for name in vars(Storage) if not name.startswith("_")]
    assert all(callable(getattr(as_protocol, name)) for name in names)


def test_a_draft_becomes_a_dataset(store: Store) -> None:
    """Lines come in, typed rows are staged, and promoted at once."""
    draft = _draft(store)
    found = store.draft(draft)
    assert found is not None
    assert (found.filename, found.rows, found.ready, found.created) == (
        "a.csv",
        3,
        True,
        10,
    )
    assert [row for page in store.draft_rows(draft, 2) for row in page] == [
        (0, b"line 0"),
        (1, b"line 1"),
        (2, b"line 2"),
    ]
    store.stage_rows(draft, [[(0, "a", b"[1]", SALT)], [(1, None, b"[2]", SALT)]])
    assert store.datasets() == ()
    store.stage(draft, "tax/deed", bytes(64))
    assert store.drafts()[0].dataset == "tax/deed"
    store.promote(draft, 20)
    assert store.draft(draft) is None
    kept = store.dataset("tax/deed")
    assert kept is not None
    assert (kept.rows, kept.leaves, kept.created) == (2, bytes(64), 20)
    assert list(store.rows("tax/deed")) == [[(0, b"[1]", SALT), (1, b"[2]", SALT)]]
    assert store.row_by_key("tax/deed", "a") == (0, b"[1]", SALT)
    store.promote(draft, 30)  # gone: nothing happens
    assert store.dataset("tax/deed") == kept


def test_staging_again_replaces(store: Store) -> None:
    """What was staged before is gone."""
    draft = _draft(store)
    store.stage_rows(draft, [[(0, "a", b"[1]", SALT)]])
    store.stage_rows(draft, [[(0, "b", b"[2]", SALT)]])
    store.stage(draft, "tax/deed", SALT)
    store.promote(draft, 1)
    assert store.row_by_key("tax/deed", "a") is None
    assert store.row_by_key("tax/deed", "b") is not None


def test_staging_is_all_or_nothing(store: Store) -> None:
    """Rows that fail half-way leave what was staged before."""
    draft = _draft(store)
    store.stage_rows(draft, [[(0, "old", b"[1]", SALT)]])

    def broken() -> Iterator[list[tuple[int, str | None, bytes, bytes]]]:
        yield [(0, "new", b"[2]", SALT)]
        raise ValueError

    with pytest.raises(ValueError):
        store.stage_rows(draft, broken())
    with pytest.raises(Conflict):
        twice = [[(0, "same", b"[1]", SALT), (1, "same", b"[2]", SALT)]]
        store.stage_rows(draft, twice)
    store.stage(draft, "tax/deed", SALT)
    store.promote(draft, 1)
    assert store.row_by_key("tax/deed", "old") is not None


def test_publishing_again_replaces(store: Store) -> None:
    """A dataset's former rows go with the promotion of new ones."""
    _publish(store, rows=5)
    _publish(store, rows=2)
    assert sum(len(page) for page in store.rows("tax/deed")) == 2
    assert [one.dataset for one in store.datasets()] == ["tax/deed"]


def test_what_is_not_there(store: Store) -> None:
    """Reading gives nothing, writing to nothing is NotFound."""
    assert store.draft("x") is None
    assert list(store.draft_rows("x")) == list(store.rows("x/y")) == []
    assert store.dataset("x/y") is store.row_by_key("x/y", "k") is None
    assert store.document("x") is store.person("x") is store.receipt("x") is None
    assert store.job("x") is store.job_on_ledger("") is store.blob("x", "y") is None
    assert store.attachment("x", "y") is store.setting("x") is None
    store.drop_draft("x")
    store.erase_row("x/y", 0)
    store.drop_blobs("x")
    store.drop_attachments("x")
    store.remove_person("x")
    for write in (
        lambda: store.add_draft_rows("x", [(0, b"")]),
        lambda: store.finish_draft("x", 0, b""),
        lambda: store.stage_rows("x", []),
        lambda: store.stage("x", "a/b", b""),
    ):
        with pytest.raises(NotFound):
            write()


def test_what_is_erased_is_gone_from_the_file(tmp_path: Path) -> None:
    """An erased row's bytes are in no file of the database."""
    store = Store.open(tmp_path / "node.db")
    secret, salt = b'["a very secret name"]', b"0123456789abcdef" * 2
    draft = store.create_draft("a.csv", 1)
    store.add_draft_rows(draft, [(0, secret)])
    store.finish_draft(draft, 1, b"{}")
    store.stage_rows(draft, [[(0, "secret-key", secret, salt)]])
    store.stage(draft, "tax/deed", SALT)
    store.promote(draft, 1)
    assert any(secret in path.read_bytes() for path in tmp_path.iterdir())
    store.erase_row("tax/deed", 0)
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        for piece in (b"very secret", salt, b"secret-key"):
            assert piece not in data, path.name
    assert store.row_by_key("tax/deed", "secret-key") is None
    store.close()


def test_people(store: Store) -> None:
    """People are added, changed and removed; the time of entry stays."""
    store.put_person("kid", SALT, ["steward", "analyst", "steward"], "Ann", 5)
    store.put_person("kid", SALT, ["auditor"], "Ann B.", 9)
    found = store.person("kid")
    assert found is not None
    assert (found.roles, found.label, found.added) == (("auditor",), "Ann B.", 5)
    store.remove_person("kid")
    assert store.people() == ()


def test_receipts(store: Store) -> None:
    """Receipts come newest first, with their attachments' names."""
    for index in (4, 9, 6):
        store.put_receipt(
            f"r{index}",
            operation="o",
            subject="s",
            index=index,
            body=b"b",
            attachments={"b.json": b"1", "a.json": b"2"},
            now=1,
        )
    assert [one.index for one in store.receipts()] == [9, 6, 4]
    assert [one.index for one in store.receipts(1, before=9)] == [6]
    assert store.receipts()[0].attachments == ("a.json", "b.json")
    assert store.attachment("r4", "a.json") == b"2"
    store.drop_attachments("r4")
    assert store.attachment("r4", "a.json") is None
    store.put_receipt(
        "r4", operation="o", subject="s", index=4, body=b"c", attachments={}, now=2
    )
    again = store.receipt("r4")
    assert again is not None
    assert (again.body, again.attachments) == (b"c", ())


def test_jobs_come_back_as_they_were(store: Store) -> None:
    """Every field of a job survives, and lists are in order."""
    job = Job(
        "j1",
        "sum",
        b"{}",
        deadline=99,
        created=10,
        ledger_id="L1",
        phase="opening",
        done=2,
        total=3,
        note="waiting for tax",
        heartbeat=11,
        cancelled="enough",
        problem=Problem("Unavailable", "silent", "tax", "job.deadline"),
        result=b'{"v":1}',
        receipt="r",
        person="kid",
    )
    store.put_job(job)
    assert store.job("j1") == store.job_on_ledger("L1") == job
    later = Job("j2", "mean", b"{}", deadline=99, created=10)
    store.put_job(later)
    store.put_job(step(later, Advance("admitting", 12)))
    store.put_job(replace(job, id="j0", ledger_id="", phase="done", created=5))
    assert [one.id for one in store.jobs()] == ["j2", "j1", "j0"]
    assert [one.id for one in store.jobs(2, before=(10, "j2"))] == ["j1", "j0"]
    assert [one.id for one in store.open_jobs()] == ["j1", "j2"]


def test_blobs_are_listed_and_counted(store: Store) -> None:
    """Names come in order of code points, sizes in bytes; prefixes are literal."""
    names = sorted(["b", "a", "é", "\U0001f511", "%", "_", "a\x00", "a\x00b", "A"])
    for name in names:
        store.put_blob("box:x/a/b", name, b"\x00" * len(name))
    assert store.blob_names("box:x/a/b") == tuple(names)
    assert store.blob_names("box:x/a/b", after=names[2], limit=3) == tuple(names[3:6])
    assert store.blob_size("box:x/a/b", "a\x00b") == 3
    assert store.blob_size("box:x/a/b", "none") is None
    store.put_blob("box:x/é/b", "n", b"12345")
    store.put_blob("bos", "n", b"1")
    store.put_blob("box;", "n", b"1")
    total = sum(map(len, names))
    assert store.blob_totals("box:") == (
        ("box:x/a/b", len(names), total),
        ("box:x/é/b", 1, 5),
    )
    store.drop_blob("box:x/a/b", "a")
    store.drop_blob("box:x/a/b", "a")
    assert "a" not in store.blob_names("box:x/a/b")
    assert store.blob_size("box:x/a/b", "a\x00") == 2


def test_blobs(store: Store) -> None:
    """Blobs are kept by job and name, and dropped by prefix, literally."""
    for name in ("part:1", "part:2", "p%", "other"):
        store.put_blob("j", name, name.encode())
    store.put_blob("j", "other", b"new")
    assert store.blob("j", "other") == b"new"
    assert store.blob_jobs() == ("j",)
    store.put_blob("receipt:a", "notes", b"1")
    store.put_blob("statement:a", "message", b"2")
    assert store.blob_jobs() == ("j", "receipt:a", "statement:a")
    assert store.blob_jobs("receipt:") == ("receipt:a",)
    store.drop_blobs("receipt:a")
    store.drop_blobs("statement:a")
    store.drop_blobs("j", "p%")
    assert store.blob("j", "part:1") is not None
    store.drop_blobs("j", "part:")
    assert store.blob("j", "part:1") is None
    store.drop_blobs("j")
    assert store.blob_jobs() == ()


def test_uses_and_settings(store: Store) -> None:
    """The log of uses grows; settings are replaced."""
    for n in range(3):
        store.log_use(n, "tax", "record.serve", dataset=f"tax/d{n % 2}", person="k")
    assert [use.at for use in store.uses()] == [2, 1, 0]
    assert [use.at for use in store.uses("tax/d0")] == [2, 0]
    assert [use.at for use in store.uses(limit=1, before=store.uses()[0].id)] == [1]
    store.put_setting("a", "1")
    store.put_setting("a", "2")
    assert store.setting("a") == "2"


def test_documents_stay(store: Store) -> None:
    """A digest that is there already keeps its bytes."""
    store.put_documents({})
    store.put_documents({"d": b"1", "e": b"2"})
    store.put_documents({"d": b"other"})
    assert store.document("d") == b"1"


def test_idempotency_keys(store: Store) -> None:
    """A key is taken, answered, kept for a day, and then forgotten."""
    take = store.begin_request
    assert take("p", "k", b"d", "boot", 100) is None
    with pytest.raises(Conflict):
        take("p", "k", b"d", "boot", 101)
    with pytest.raises(Conflict, match="stopped"):
        take("p", "k", b"d", "later boot", 101)
    with pytest.raises(VerificationError):
        take("p", "k", b"other", "boot", 101)
    assert take("q", "k", b"d", "boot", 101) is None
    store.release_request("q", "k")
    assert take("q", "k", b"d", "boot", 102) is None
    store.finish_request("p", "k", 201, b"{}", b"body")
    answered = take("p", "k", b"d", "boot", 103)
    assert answered is not None
    assert (answered.status, answered.body) == (201, b"body")
    store.release_request("p", "k")  # answered: it stays
    assert take("p", "k", b"d", "boot", 104) is not None
    assert store.requests() == 2
    assert take("p", "k", b"d", "boot", 101 + KEEP_S) is None


def test_threads_write_side_by_side(store: Store) -> None:
    """Many writers wait for each other and lose nothing."""
    failed: list[BaseException] = []

    def work(n: int) -> None:
        try:
            for m in range(20):
                store.log_use(n, "tax", f"{n}.{m}")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(store.uses(limit=1000)) == 320


def test_a_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """What was written before a SIGKILL is there afterwards."""
    program = (
        "import sys, os, signal; from pathlib import Path\n"
        "from privshare.store.store import Store\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "for n in range(50):\n"
        "    store.put_setting(str(n), 'x'); print(n, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "node.db"
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    assert run.returncode == -9, run.stderr
    store = Store.open(path)
    for n in run.stdout.split():
        assert store.setting(n) == "x"
    store.close()


def test_pragmas_are_in_force(store: Store) -> None:
    """WAL, full synchronisation, secure deletion and foreign keys, read back."""
    with reading(store._engine) as db:
        for name, expected in (
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("secure_delete", 1),
            ("foreign_keys", 1),
        ):
            assert db.exec_driver_sql(f"PRAGMA {name}").scalar() == expected


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    """Nobody else may read the database."""
    Store.open(tmp_path / "node.db").close()
    assert (tmp_path / "node.db").stat().st_mode & 0o077 == 0


def test_another_file_is_refused(tmp_path: Path) -> None:
    """What is no database is not overwritten."""
    path = tmp_path / "node.db"
    path.write_bytes(b"something else entirely, and long enough" * 100)
    with pytest.raises(ConfigError):
        open_engine(path)
    assert path.read_bytes().startswith(b"something")


def test_migrations_make_the_tables_of_the_models(tmp_path: Path) -> None:
    """The migrations and the models agree, to the last index."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlmodel import SQLModel

    store = Store.open(tmp_path / "node.db")
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection)
        own = {table.name for table in SQLModel.metadata.tables.values()}
        assert {"draft", "row", "receipt", "job"} <= own
        assert compare_metadata(context, SQLModel.metadata) == []
    assert migrate.version(store._engine) == migrate.HEAD
    store.close()


def test_the_head_is_the_newest_migration() -> None:
    """HEAD names the last script, and the chain has no holes."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrate._MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrate.HEAD]
    assert [one.revision for one in scripts.walk_revisions()][-1] == "0001"


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    """A database of a later version stops the start."""
    path = tmp_path / "node.db"
    Store.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    with pytest.raises(ConfigError, match="9999"):
        Store.open(path)


def test_a_migration_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables come all together or not at all."""
    from alembic import command

    real = command.upgrade

    def broken(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        raise RuntimeError

    monkeypatch.setattr(command, "upgrade", broken)
    with pytest.raises(RuntimeError):
        Store.open(tmp_path / "node.db")
    engine = open_engine(tmp_path / "node.db")
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_key_files(tmp_path: Path) -> None:
    """Written once, 0600, no links, and refused when others may read."""
    path = tmp_path / "sign.key"
    write_key(path, b"seed", "pass")
    assert read_key(path, "pass") == b"seed"
    with pytest.raises(ConfigError):
        write_key(path, b"seed", "pass")
    with pytest.raises(VerificationError):
        read_key(path, "other")
    for mode in (0o640, 0o604, 0o620, 0o660):
        path.chmod(mode)
        with pytest.raises(ConfigError) as error:
            read_key(path, "pass")
        assert error.value.fix == f"chmod 600 {path}"
    path.chmod(0o600)
    (tmp_path / "link.key").symlink_to(path)
    with pytest.raises(ConfigError):
        read_key(tmp_path / "link.key", "pass")
    with pytest.raises(ConfigError):
        read_key(tmp_path, "pass")
