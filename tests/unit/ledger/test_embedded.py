"""The embedded engine: durable answers, refusals, restarts, and a clean stop."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_kit import LOG_KEY, PARAMS, START, Scribe, genesis, key, tx_id

from privshare.errors import (
    ConfigError,
    Conflict,
    EncodingError,
    NotFound,
    OutOfRange,
    SignatureInvalid,
    Unavailable,
    VerificationError,
)
from privshare.ledger.block import BlockEntry
from privshare.ledger.engines import embedded
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.logdb import LogDb
from privshare.ledger.state_map import verify_map
from privshare.log import merkle
from privshare.log.checkpoint import open_checkpoint
from privshare.log.tile import decode_bundle


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START + 1

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Unix seconds."""
    return Clock()


@pytest.fixture
def scribe() -> Scribe:
    """Writes transactions."""
    return Scribe()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock, scribe: Scribe) -> Iterator[EmbeddedLedger]:
    """A ledger with one member besides the operator."""
    with EmbeddedLedger.create(
        tmp_path / "ledger", genesis(), LOG_KEY, clock=clock
    ) as made:
        made.submit(scribe.admit("taxes"))
        yield made


def reopened(ledger: EmbeddedLedger, path: Path, clock: Clock) -> EmbeddedLedger:
    """The same ledger after a restart."""
    ledger.close()
    return EmbeddedLedger(path / "ledger", LOG_KEY, clock=clock)


def test_a_submission_is_answered_with_its_place(
    ledger: EmbeddedLedger, scribe: Scribe
) -> None:
    """The answer names index, height and size, and the entry is there."""
    data = scribe.register("taxes/returns")
    done = ledger.submit(data)
    assert (done.id, done.index, done.height) == (tx_id(data), 4, 2)
    assert ledger.entry(done.index) == data
    assert ledger.find(done.id) == done.index
    assert ledger.size == done.size == done.index + 2


def test_what_was_answered_is_on_disk(
    ledger: EmbeddedLedger, scribe: Scribe, tmp_path: Path
) -> None:
    """Another connection reads the entry at the moment of the answer."""
    data = scribe.register("taxes/returns")
    done = ledger.submit(data)
    with sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite3") as other:
        row = other.execute("SELECT data FROM entry WHERE idx = ?", (done.index,))
        assert row.fetchone()[0] == data


def test_the_database_promises_durability(tmp_path: Path) -> None:
    """WAL and synchronous=FULL are set and read back on both connections."""
    db = LogDb(tmp_path / "x.sqlite3", create=True)
    for connection in (db._writer, db._reader):
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    db.close()


def test_every_proof_holds(ledger: EmbeddedLedger, scribe: Scribe) -> None:
    """Inclusion, consistency and state proofs verify against the checkpoint."""
    for i in range(3):
        ledger.submit(*scribe.anchor("taxes", 300, f"b{i}"))
    checkpoint, _ = open_checkpoint(ledger.checkpoint(), ledger.log_key)
    size, root = checkpoint.size, checkpoint.root
    for index in (0, 1, 255, 256, 700, size - 1):
        leaf = merkle.leaf_hash(ledger.entry(index))
        proof = ledger.prove_inclusion(index, size)
        merkle.verify_inclusion(leaf, index, size, proof, root)
    for old in (1, 2, 256, 513, size):
        tree = merkle.root([merkle.leaf_hash(ledger.entry(i)) for i in range(old)])
        proof = ledger.prove_consistency(old, size)
        merkle.verify_consistency(old, tree, size, root, proof)
    index, proofs = ledger.prove_state(["agency/taxes", "agency/nobody"])
    block = BlockEntry.decode(ledger.entry(index))
    assert [proof.value is None for proof in proofs] == [False, True]
    for proof in proofs:
        verify_map(block.state_root, proof.key, proof.value, proof.proof)


def test_questions_beyond_the_log_are_refused(ledger: EmbeddedLedger) -> None:
    """Entries, proofs and tiles that do not exist have named errors."""
    size = ledger.size
    for bad in (-1, size, size + 1):
        with pytest.raises(NotFound):
            ledger.entry(bad)
    for index, tree in ((size, size), (0, size + 1), (0, 0), (-1, size)):
        with pytest.raises(OutOfRange):
            ledger.prove_inclusion(index, tree)
    for old, new in ((0, size), (size, size - 1), (1, size + 1)):
        with pytest.raises(OutOfRange):
            ledger.prove_consistency(old, new)
    for path in ("tile/0/000", "tile/9/000", "tile/0/000.p/255", "../lock", ""):
        with pytest.raises(NotFound):
            ledger.tile(path)
    with pytest.raises(OutOfRange):
        ledger.sync(size)
    assert ledger.find("A" * 43) is None


def test_tiles_are_files_too(
    ledger: EmbeddedLedger, scribe: Scribe, tmp_path: Path
) -> None:
    """A static server finds checkpoint, tiles and bundles in the folder."""
    ledger.submit(*scribe.anchor("taxes", 600))
    ledger._tiles.settle()
    root = tmp_path / "ledger" / "log"
    assert (root / "checkpoint").read_bytes() == ledger.checkpoint()
    for path in ("tile/0/000", "tile/0/001", "tile/entries/001", "tile/1/000.p/2"):
        assert (root / path).read_bytes() == ledger.tile(path)
    width = ledger.size % 256
    bundle = (root / f"tile/entries/002.p/{width}").read_bytes()
    assert decode_bundle(bundle)[-1] == ledger.entry(ledger.size - 1)
    assert not (root / "tile/0/000.p").exists()


@pytest.mark.parametrize("damage", ["gone", "garbage", "one full tile gone"])
def test_tiles_are_made_again(
    ledger: EmbeddedLedger, scribe: Scribe, tmp_path: Path, clock: Clock, damage: str
) -> None:
    """Lost or spoiled tiles come back from the database at the next start."""
    ledger.submit(*scribe.anchor("taxes", 600))
    before = ledger.checkpoint()
    ledger.close()
    tiles = tmp_path / "ledger" / "log" / "tile"
    if damage == "gone":
        shutil.rmtree(tiles)
    elif damage == "garbage":
        (tiles / "0" / "000").write_bytes(bytes(8192))
    else:
        (tiles / "0" / "001").unlink()
    with EmbeddedLedger(tmp_path / "ledger", LOG_KEY, clock=clock) as again:
        assert again.checkpoint() == before
        checkpoint, _ = open_checkpoint(before, again.log_key)
        for index in (0, 300, 600):
            merkle.verify_inclusion(
                merkle.leaf_hash(again.entry(index)),
                index,
                again.size,
                again.prove_inclusion(index, again.size),
                checkpoint.root,
            )


def test_a_restart_goes_on_where_it_was(
    ledger: EmbeddedLedger, scribe: Scribe, tmp_path: Path, clock: Clock
) -> None:
    """State, checkpoint, counters and replay protection survive a restart."""
    data = scribe.register("taxes/returns")
    done = ledger.submit(data)
    block, note = ledger.view().block, ledger.checkpoint()
    with reopened(ledger, tmp_path, clock) as again:
        assert (again.view().block, again.checkpoint()) == (block, note)
        with pytest.raises(Conflict) as replay:
            again.submit(data)
        assert replay.value.detail["index"] == done.index
        assert again.submit(scribe.register("taxes/more")).height == done.height + 1


def test_a_replay_is_refused(
    ledger: EmbeddedLedger, scribe: Scribe, clock: Clock
) -> None:
    """The same bytes twice are a conflict; when they expired, out of range."""
    data = scribe.register("taxes/returns")
    done = ledger.submit(data)
    with pytest.raises(Conflict) as replay:
        ledger.submit(data)
    assert replay.value.detail["index"] == done.index
    clock.now += 300
    with pytest.raises(OutOfRange):
        ledger.submit(data)


def test_one_of_many_equal_submissions_wins(
    ledger: EmbeddedLedger, scribe: Scribe
) -> None:
    """Eight threads with one transaction: one committed, seven conflicts."""
    data = scribe.register("taxes/returns")
    results: list[object] = []

    def go() -> None:
        try:
            results.append(ledger.submit(data))
        except Conflict as conflict:
            results.append(conflict)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(result, Conflict) for result in results) == 7


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"network": "other.net"}, VerificationError),
        ({"not_after": START}, OutOfRange),
        ({"not_after": START + 2 + PARAMS.tx_validity_s}, OutOfRange),
    ],
)
def test_a_transaction_out_of_place_is_refused(
    ledger: EmbeddedLedger,
    scribe: Scribe,
    change: dict[str, object],
    error: type[Exception],
) -> None:
    """Another network, too old, or valid for too long."""
    with pytest.raises(error):
        ledger.submit(
            scribe.tx("dataset.retire", "taxes", {"dataset": "a/b"}, **change)
        )


def test_a_signature_by_nobody_is_refused(
    ledger: EmbeddedLedger, scribe: Scribe
) -> None:
    """A stranger's key, another member's key, a broken signature, an outsider."""
    body = {"dataset": "taxes/x"}
    for signer in ("mallory", "registry/sign", "taxes/witness"):
        with pytest.raises(SignatureInvalid):
            ledger.submit(scribe.tx("dataset.retire", "taxes", body, [key(signer)]))
    both = [key("taxes/sign"), key("mallory")]
    with pytest.raises(SignatureInvalid):
        ledger.submit(scribe.tx("dataset.retire", "taxes", body, both))
    with pytest.raises(NotFound):
        ledger.submit(scribe.tx("dataset.retire", "ghost", {"dataset": "ghost/x"}))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff" * 10, b"1" * 70_000])
def test_bytes_that_are_no_transaction_are_refused(
    ledger: EmbeddedLedger, data: bytes
) -> None:
    """Malformed input is an encoding error and leaves nothing behind."""
    before = ledger.size
    with pytest.raises(EncodingError):
        ledger.submit(data)
    assert ledger.size == before


def test_a_flipped_bit_is_refused(ledger: EmbeddedLedger, scribe: Scribe) -> None:
    """No single changed byte of a transaction is accepted."""
    data = scribe.register("taxes/returns")
    for position in range(0, len(data), 7):
        broken = bytearray(data)
        broken[position] ^= 1
        with pytest.raises((EncodingError, VerificationError, NotFound, OutOfRange)):
            ledger.submit(bytes(broken))


def test_time_does_not_go_back(
    ledger: EmbeddedLedger, scribe: Scribe, clock: Clock
) -> None:
    """A clock that was set back does not set the ledger back."""
    clock.now += 100
    scribe.now += 100
    ledger.submit(scribe.register("taxes/a"))
    clock.now -= 90
    ledger.submit(scribe.register("taxes/b"))
    assert ledger.view().time == START + 101


def test_a_view_stays_as_it_was(ledger: EmbeddedLedger, scribe: Scribe) -> None:
    """A view taken before a block does not see it."""
    view = ledger.view()
    ledger.submit(scribe.register("taxes/returns"))
    assert view.get("dataset/taxes/returns") is None
    assert list(view.items("dataset/")) == []
    assert ledger.view().get("dataset/taxes/returns") is not None


def test_two_processes_never_share_a_ledger(
    ledger: EmbeddedLedger, tmp_path: Path
) -> None:
    """The lock file refuses a second opener, in words."""
    with pytest.raises(ConfigError, match="in use"):
        EmbeddedLedger(tmp_path / "ledger", LOG_KEY)


def test_a_directory_is_founded_once(ledger: EmbeddedLedger, tmp_path: Path) -> None:
    """Neither over an open ledger nor over a closed one."""
    with pytest.raises(ConfigError):
        EmbeddedLedger.create(tmp_path / "ledger", genesis(), LOG_KEY)
    ledger.close()
    with pytest.raises(ConfigError, match="no file"):
        EmbeddedLedger.create(tmp_path / "ledger", genesis(), LOG_KEY)


def test_another_log_key_is_refused(
    ledger: EmbeddedLedger, tmp_path: Path, clock: Clock
) -> None:
    """The key must be the genesis', when founding and when opening."""
    with pytest.raises(ConfigError, match="log key"):
        EmbeddedLedger.create(tmp_path / "other", genesis(), key("mallory"))
    ledger.close()
    with pytest.raises(ConfigError, match="log key"):
        EmbeddedLedger(tmp_path / "ledger", key("mallory"))
    EmbeddedLedger(tmp_path / "ledger", LOG_KEY, clock=clock).close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE state SET value = CAST(replace(value, 'active', 'actjve') AS BLOB)",
        "DELETE FROM state WHERE key LIKE 'agency/%'",
        "UPDATE entry SET data = x'01' WHERE idx = 1",
        "UPDATE entry SET data = CAST(data || ' ' AS BLOB) WHERE idx = 2",
    ],
)
def test_a_changed_database_is_noticed(
    ledger: EmbeddedLedger, tmp_path: Path, clock: Clock, sql: str
) -> None:
    """Changed state or entries do not open: the roots give them away."""
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite3") as other:
        other.execute(sql)
    shutil.rmtree(tmp_path / "ledger" / "log")
    with pytest.raises(VerificationError):
        EmbeddedLedger(tmp_path / "ledger", LOG_KEY, clock=clock)


def test_a_closed_ledger_takes_nothing(ledger: EmbeddedLedger, scribe: Scribe) -> None:
    """After close, submissions fail at once."""
    data = scribe.register("taxes/returns")
    ledger.close()
    with pytest.raises(Unavailable, match="stopped"):
        ledger._enqueue(embedded._Pending(ledger._machine.check(data, b"", START + 1)))


def test_nobody_hangs_when_the_committer_dies(
    ledger: EmbeddedLedger, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing disk fails all that wait and all that come, and nothing is acked."""
    before = ledger.size

    def broken(*_: object) -> None:
        time.sleep(0.1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger, "_keep", broken)
    errors: list[BaseException] = []

    def go(data: bytes) -> None:
        try:
            ledger.submit(data, timeout_s=20)
        except BaseException as error:
            errors.append(error)

    written = [scribe.register(f"taxes/d{i}") for i in range(12)]
    threads = [threading.Thread(target=go, args=(data,)) for data in written]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 10
    assert len(errors) == 12
    assert all(isinstance(error, Unavailable) for error in errors)
    with pytest.raises(Unavailable, match="No space"):
        ledger.submit(scribe.register("taxes/late"))
    assert ledger.size == before


def test_a_failed_block_is_gone_after_a_restart(
    ledger: EmbeddedLedger,
    scribe: Scribe,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What failed was not written, and the same transaction goes through later."""
    data = scribe.register("taxes/returns")

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(ledger._db, "add_checkpoint", broken)
    with pytest.raises(Unavailable):
        ledger.submit(data)
    monkeypatch.undo()
    with reopened(ledger, tmp_path, clock) as again:
        assert again.find(tx_id(data)) is None
        again.submit(data)


def test_a_durable_block_is_acknowledged_though_tiles_fail(
    ledger: EmbeddedLedger,
    scribe: Scribe,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When only derived files fail, the answer is yes; then the engine stops."""

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger._tiles, "grow", broken)
    data = scribe.register("taxes/returns")
    done = ledger.submit(data)
    with pytest.raises(Unavailable):
        ledger.submit(scribe.register("taxes/late"))
    monkeypatch.undo()
    with reopened(ledger, tmp_path, clock) as again:
        assert again.find(tx_id(data)) == done.index
        again.prove_inclusion(done.index, again.size)


def test_a_full_queue_refuses(
    ledger: EmbeddedLedger, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the queue holds is Unavailable, to be sent again."""
    gate = threading.Event()
    keep = ledger._keep

    def slow(*args: object) -> None:
        gate.wait(20)
        keep(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "_keep", slow)
    monkeypatch.setattr(ledger._queue, "maxsize", 2)
    written = [scribe.register(f"taxes/d{i}") for i in range(8)]
    results: list[object] = []

    def go(data: bytes) -> None:
        try:
            results.append(ledger.submit(data, timeout_s=30))
        except Unavailable as error:
            results.append(error)

    threads = [threading.Thread(target=go, args=(data,)) for data in written]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    gate.set()
    for thread in threads:
        thread.join()
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert refused and all("waiting" in error.message for error in refused)
    assert len(results) == 8 and len(refused) <= 6


def test_a_timeout_withdraws_what_was_not_taken(
    ledger: EmbeddedLedger, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives up before the committer took it is told so, and it is true."""
    gate = threading.Event()
    keep = ledger._keep

    def slow(*args: object) -> None:
        gate.wait(20)
        keep(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "_keep", slow)
    first, second = scribe.register("taxes/a"), scribe.register("taxes/b")
    blocked = threading.Thread(target=ledger.submit, args=(first,))
    blocked.start()
    time.sleep(0.1)
    with pytest.raises(Unavailable) as given_up:
        ledger.submit(second, timeout_s=0.1)
    assert "Nothing was written" in given_up.value.fix
    gate.set()
    blocked.join()
    ledger.submit(scribe.register("taxes/c"))
    assert ledger.find(tx_id(first)) is not None
    assert ledger.find(tx_id(second)) is None


def test_a_bug_in_a_rule_stops_one_transaction(
    ledger: EmbeddedLedger, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen error in one rule reaches its submitter; others go on."""
    from privshare.ledger.rules_dataset import DatasetRetire

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(DatasetRetire, "apply", broken)
    root = ledger.view().state_root
    with pytest.raises(ZeroDivisionError):
        ledger.submit(scribe.tx("dataset.retire", "taxes", {"dataset": "taxes/x"}))
    assert ledger.view().state_root == root
    ledger.submit(scribe.register("taxes/returns"))


def test_many_threads_make_few_blocks(ledger: EmbeddedLedger, scribe: Scribe) -> None:
    """Group commit: what waits together is written together, in one block."""
    written = [scribe.register(f"taxes/d{i}") for i in range(120)]

    def go(part: list[bytes]) -> None:
        for data in part:
            ledger.submit(data)

    threads = [threading.Thread(target=go, args=(written[i::12],)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.view().height < 100
    assert all(ledger.find(tx_id(data)) is not None for data in written)
