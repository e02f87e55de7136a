"""What a hostile peer, or a hostile keeper of boxes, makes of real clients."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

from syft.sync.connections.base_connection import SyftboxPlatformConnection
from syft.sync.connections.connection_router import ConnectionRouter
from syft.sync.messages.proposed_filechange import (
    ProposedFileChange,
    ProposedFileChangesMessage,
)
from syft_kit import ADA, STEWARD

from privshare.bridge import guard
from privshare.bridge.client import connection_of, login_do, login_ds
from privshare.bridge.connection import BoxConnection
from privshare.bridge.key import account_key, bundle_digest
from privshare.bridge.store import OPENED, Box, FolderStore
from privshare.errors import ConfigError, NotPermitted, OutOfRange, PrivShareError
from privshare.wire.canonical import Json, b64u

BO = "bo@labour.example"
INBOX = Box("inbox", STEWARD, ADA)


def enrolment(account: str, folder: Path, **changes: Json) -> dict[str, Json]:
    """A document of the form that folders and nodes carry."""
    document: dict[str, Json] = {
        "account": account,
        "agency": account.partition("@")[2].partition(".")[0],
        "key": b64u(account_key(folder, account)),
        "network": "test",
        "salt": b64u(bytes(32)),
        "system": "syft",
        "v": 1,
    }
    return document | changes


@dataclass
class Stage:
    """An owner, two scientists it accepted, and a job of each."""

    root: Path
    do: Any
    ada: Any
    bo: Any

    def folder(self, account: str) -> Path:
        """Where an account keeps its files."""
        return self.root / account

    def store(self, account: str) -> FolderStore:
        """Boxes as an account sees them."""
        return FolderStore(self.root / "boxes", account)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Peers that know each other."""
    monkeypatch.setenv("PRE_SYNC", "false")

    def login(kind: Any, account: str) -> Any:
        folder = tmp_path / account
        store = FolderStore(tmp_path / "boxes", account)
        return kind(account, folder, store, enrolment(account, folder))

    do = login(login_do, STEWARD)
    ada, bo = login(login_ds, ADA), login(login_ds, BO)
    for one in (ada, bo):
        one.add_peer(STEWARD)
    do.load_peers()
    for account in (ADA, BO):
        do.approve_peer_request(account)
    for one in (do, ada, bo):
        one.sync()
    return Stage(tmp_path, do, ada, bo)


def submit(stage: Stage, client: Any, name: str) -> None:
    """An honest job."""
    script = stage.root / f"{name}.py"
    script.write_text("print(1)")
    client.submit_python_job(STEWARD, str(script), job_name=name, force_submission=True)


def propose(stage: Stage, sender: str, path: str, owner: str = STEWARD) -> None:
    """A message that Ada's client never sends, under Ada's keys."""
    change = ProposedFileChange(
        path_in_datasite=Path(path), content="evil", datasite_email=owner
    )
    message = ProposedFileChangesMessage(
        sender_email=sender, proposed_file_changes=[change]
    )
    put(stage, message.message_filename.as_string(), message.as_compressed_data())


def put(stage: Stage, name: str, clear: bytes) -> None:
    """Encrypt something as Ada, and put it into the owner's inbox."""
    peers = stage.ada.sync_engine._peer_store
    stage.store(ADA).put(INBOX, name, peers.encrypt(STEWARD, clear))


def evil(stage: Stage) -> list[Path]:
    """Files that a hostile message left at the owner's."""
    return [
        one
        for one in stage.folder(STEWARD).rglob("*")
        if one.is_file() and one.read_bytes() == b"evil"
    ]


def own_path(account: str) -> str:
    """Where an account may write at the owner's."""
    return f"app_data/job/inbox/{account}/v1/x/run.sh"


@pytest.mark.parametrize(
    "hostile",
    [
        lambda s: propose(s, BO, own_path(BO)),
        lambda s: propose(s, STEWARD, "private/crypto_keys.json"),
        lambda s: propose(s, ADA, f"{own_path(ADA)}/../../../../../../../private/x"),
        lambda s: propose(s, ADA, "../bo@labour.example/x"),
        lambda s: propose(s, ADA, own_path(ADA), owner=BO),
        lambda s: propose(s, ADA, ""),
    ],
    ids=[
        "in-bos-name",
        "in-the-owners-name",
        "path",
        "path-up",
        "other-folder",
        "none",
    ],
)
def test_a_peer_writes_in_its_own_name_and_folder(
    stage: Stage, hostile: Callable[[Stage], None]
) -> None:
    """Anything else is taken out; what comes after it arrives."""
    hostile(stage)
    submit(stage, stage.ada, "honest")
    stage.do.sync()
    assert evil(stage) == []
    assert [(one.name, one.submitted_by) for one in stage.do.jobs] == [("honest", ADA)]
    assert stage.store(STEWARD).names(INBOX) == [OPENED]


def bomb(size: int) -> bytes:
    """Little that unpacks to much."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("proposed_file_changes.json")
        info.size = size
        tar.addfile(info, io.BytesIO(bytes(size)))
    return made.getvalue()


def test_messages_that_are_none(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear text, another's seal, junk, bombs: one stops nothing."""
    monkeypatch.setattr(guard, "MAX_CLEAR", 4 << 20)
    message = ProposedFileChangesMessage(sender_email=ADA, proposed_file_changes=[])
    clear = message.as_compressed_data()
    store = stage.store(ADA)
    bos = stage.bo.sync_engine._peer_store.encrypt(STEWARD, clear)
    for n, data in enumerate((b"", b"junk", clear, bos)):
        store.put(INBOX, f"msgv2_{n}.0_{n}.tar.gz", data)
    for n, inside in enumerate((b"", b"junk", clear + clear, bomb(64 << 20))):
        put(stage, f"msgv2_1{n}.0_{n}.tar.gz", inside)
    for name in ("msgv2_nan_1.tar.gz", "msgv2_inf_1.tar.gz", "msgv2__", "zzz"):
        store.put(INBOX, name, b"never looked at")
    put(stage, "msgv2_1.50_9.tar.gz", clear)  # its name is not as PySyft spells it
    submit(stage, stage.ada, "honest")
    stage.do.sync()
    assert [one.name for one in stage.do.jobs] == ["honest"]
    left = {OPENED, "msgv2_nan_1.tar.gz", "msgv2_inf_1.tar.gz", "msgv2__", "zzz"}
    assert set(stage.store(STEWARD).names(INBOX)) == left


def test_a_bomb_is_not_unpacked() -> None:
    """It is counted while it is read, and no further than the bound."""
    guard._expect_bounded(bomb(1 << 20))
    with pytest.raises(OutOfRange):
        guard._expect_bounded(bomb(guard.MAX_CLEAR + 1))


def test_an_owner_writes_only_its_own_files(stage: Stage) -> None:
    """Events of an owner cannot touch the scientist's own folder."""
    from syft.sync.events.file_change_event import (
        FileChangeEvent,
        FileChangeEventsMessage,
    )

    event = FileChangeEvent(
        id="12345678-1234-5678-1234-567812345678",
        path_in_datasite=Path("private/crypto_keys.json"),
        datasite_email=ADA,
        content="evil",
        submitted_timestamp=1.0,
        timestamp=1.0,
    )
    message = FileChangeEventsMessage(events=[event])
    sealed = stage.do.sync_engine._peer_store.encrypt(ADA, message.as_compressed_data())
    name = message.message_filepath.as_string()
    stage.store(STEWARD).put(Box("outbox", STEWARD, ADA), name, sealed)
    before = (stage.folder(ADA) / ADA / "private" / "crypto_keys.json").read_bytes()
    with pytest.raises(PrivShareError):
        stage.ada.sync()
    after = (stage.folder(ADA) / ADA / "private" / "crypto_keys.json").read_bytes()
    assert before == after


def test_keys_that_the_enrolment_does_not_name(stage: Stage) -> None:
    """Whoever keeps the boxes cannot put keys of its own there."""
    eve = connection_of(stage.ada)
    shown = Box("shown", STEWARD, ADA)
    assert eve.read_peer_encryption_bundle(STEWARD) is not None
    other = stage.bo.sync_engine._peer_store.get_public_bundle()
    for bundle in (other, {}, None, []):
        data = json.dumps({"public_encryption_bundle": bundle}).encode()
        stage.store(STEWARD).put(shown, "bundle", data)
        assert eve.read_peer_encryption_bundle(STEWARD) is None
    stage.store(STEWARD).put(shown, "bundle", b"\xff")
    assert eve.read_peer_encryption_bundle(STEWARD) is None


def test_collections_with_odd_names(stage: Stage) -> None:
    """A tag or a file that leads elsewhere is no collection."""
    shown = Box("shown", STEWARD, ADA)
    prefix = "syft_datasetcollection"
    for name in ("../h", "t/..", "./h", "t/a\\b", "t/a\nb", "t/h/f", "t", ""):
        stage.store(STEWARD).put(shown, f"{prefix}/{name}", b'["evil"]')
    connection = connection_of(stage.ada)
    assert connection.watcher_list_collections(prefix) == []
    for n, listed in enumerate((b"", b"7", b'{"a":1}', b"[1]", b'["../x"]', b"[[]]")):
        stage.store(STEWARD).put(shown, f"{prefix}/t/{n}", listed)
        with pytest.raises(PrivShareError):
            connection.watcher_download_collection(prefix, "t", str(n), STEWARD)
        stage.store(STEWARD).drop(shown, f"{prefix}/t/{n}")
    stage.ada.sync()
    assert not [one for one in stage.folder(ADA).rglob("*") if "evil" in one.name]


def test_a_collection_is_seen_whole_or_not_at_all(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scientist who syncs while it is being shown gets it the next time."""
    mock, rows = stage.root / "mock.csv", stage.root / "rows.csv"
    mock.write_text("a\n1\n")
    rows.write_text("a\n2\n")
    seen: list[int] = []
    put = FolderStore.put

    def synced(self: FolderStore, box: Box, name: str, data: bytes) -> None:
        put(self, box, name, data)
        if box.kind == "shown" and "syft_datasetcollection" in name:
            stage.ada.sync()
            seen.append(len(stage.ada.datasets.get_all()))

    monkeypatch.setattr(FolderStore, "put", synced)
    stage.do.create_dataset("wages", mock, rows, summary="", users=[ADA])
    monkeypatch.undo()
    assert len(seen) == 3 and seen == [0, 0, 1]
    (dataset,) = stage.ada.datasets.get_all()
    assert [Path(one).read_text() for one in dataset.mock_files] == ["a\n1\n"]
    stage.do.delete_dataset("wages", require_confirmation=False)
    stage.ada.sync()
    assert len(stage.ada.datasets.get_all()) == 0
    assert not [
        one
        for one in stage.store(STEWARD).names(Box("shown", STEWARD, ADA))
        if "collection" in one
    ]


def test_private_rows_go_into_no_box(stage: Stage) -> None:
    """PySyft can store private data with its messages; here it is refused."""
    mock, rows = stage.root / "mock.csv", stage.root / "rows.csv"
    mock.write_text("a\n1\n")
    rows.write_text("a\n31415926\n")
    with pytest.raises(NotPermitted) as error:
        stage.do.create_dataset(
            "wages", mock, rows, summary="", users=[ADA], upload_private=True
        )
    assert error.value.detail["rule"] == "box.private"
    boxes = [p for p in (stage.root / "boxes").rglob("*") if p.is_file()]
    assert not [one for one in boxes if b"31415926" in one.read_bytes()]


def test_nothing_leaves_in_clear(stage: Stage) -> None:
    """To somebody whose keys are not known nothing is sent."""
    peers = stage.ada.sync_engine._peer_store
    with pytest.raises(NotPermitted) as error:
        peers.encrypt_if_needed("eve@labour.example", b"text")
    assert error.value.detail["rule"] == "box.clear"


def test_every_method_that_clients_call_is_there() -> None:
    """What the router and the base class name, a connection of ours has."""
    import inspect
    import re

    source = inspect.getsource(ConnectionRouter)
    called = set(re.findall(r"\bconnection\.(\w+)\(", source))
    called |= set(re.findall(r"\)\.(\w+)\(", source))
    called -= {"append", "as_string", "as_compressed_data", "items", "get", "copy"}
    base = {
        name
        for name, one in vars(SyftboxPlatformConnection).items()
        if inspect.isfunction(one) and not name.startswith("__")
    }
    # Older ways of the base class, which the router has left.
    base -= {"watcher_send_proposed_file_changes_message"}
    assert len(called) > 30
    for name in called | base:
        own = getattr(BoxConnection, name, None)
        assert own is not None, name
        assert own is not getattr(SyftboxPlatformConnection, name, None), name


def test_a_client_that_starts_again(stage: Stage) -> None:
    """Peers, jobs and checkpoints are there after a restart elsewhere."""
    submit(stage, stage.ada, "first")
    stage.do.sync()
    stage.do.sync_engine.create_checkpoint()
    submit(stage, stage.ada, "second")
    stage.do.sync()
    for name in ("mock.csv", "rows.csv"):
        (stage.root / name).write_text("a\n1\n")
    stage.do.create_dataset(
        "wages",
        stage.root / "mock.csv",
        stage.root / "rows.csv",
        summary="",
        users=[ADA],
    )
    folder = stage.root / "elsewhere"
    keys = Path("private/crypto_keys.json")
    (folder / STEWARD / keys).parent.mkdir(parents=True)
    old = stage.folder(STEWARD) / STEWARD / keys
    (folder / STEWARD / keys).write_bytes(old.read_bytes())
    again = login_do(STEWARD, folder, stage.store(STEWARD), enrolment(STEWARD, folder))
    assert sorted(one.name for one in again.jobs) == ["first", "second"]
    assert {one.email for one in again.peers} == {ADA, BO}
    restored = folder / STEWARD / "public" / "syft_datasets" / "wages"
    assert (restored / "mock.csv").read_text() == "a\n1\n"


@pytest.mark.parametrize("users", [[ADA], "any"])
def test_what_was_half_shown_is_shown_at_the_next_start(
    stage: Stage, users: Any
) -> None:
    """Killed at any write, the owner shows the whole when it starts again."""
    mock, rows = stage.root / "mock.csv", stage.root / "rows.csv"
    mock.write_text("a\n1\n")
    rows.write_text("a\n2\n")
    stage.do.create_dataset("wages", mock, rows, summary="", users=users)
    shown = Box("shown", STEWARD, ADA)
    store = stage.store(STEWARD)
    whole = {one: store.get(shown, one) for one in store.names(shown)}
    names = [one for one in whole if "collection" in one]
    assert len(names) == 3
    for left in range(3):
        for name in names:
            store.drop(shown, name)
        for name in names[1 : 1 + left]:  # the list comes first in order, last in time
            store.put(shown, name, whole[name] or b"")
        store.put(shown, "syft_datasetcollection/gone/h/mock.csv", b"of another")
        store.drop(shown, "version")
        connection_of(stage.do).sign_in()
        again = {one: store.get(shown, one) for one in store.names(shown)}
        assert again.keys() == whole.keys()
        assert [again[one] for one in names] == [whole[one] for one in names]


def test_an_owner_starts_after_a_crash_amid_its_collections(
    stage: Stage, tmp_path: Path
) -> None:
    """One that was begun, and one that was half dropped, stop nothing."""
    connection = connection_of(stage.do)
    prefix = "syft_datasetcollection"
    connection.owner_create_collection_folder(prefix, "begun", "h", STEWARD)
    connection.owner_create_collection_folder(prefix, "ended", "h", STEWARD)
    files = {"mock.csv": b"1", "dataset.yaml": b"2"}
    connection.owner_upload_collection_files(prefix, "ended", "h", files)
    own = Box("private", STEWARD, "collections")
    stage.store(STEWARD).drop(own, f"{prefix}/ended/h/mock.csv")
    found = connection.watcher_download_collection(prefix, "ended", "h", STEWARD)
    assert found == {"dataset.yaml": b"2"}
    keys = Path(STEWARD, "private", "crypto_keys.json")
    folder = tmp_path / "elsewhere"
    (folder / keys).parent.mkdir(parents=True)
    (folder / keys).write_bytes((stage.folder(STEWARD) / keys).read_bytes())
    login_do(STEWARD, folder, stage.store(STEWARD), enrolment(STEWARD, folder))


def test_whose_login_it_is(stage: Stage, tmp_path: Path) -> None:
    """The store, the enrolment and the keys are the account's."""
    folder = tmp_path / "new"
    with pytest.raises(ConfigError):
        login_ds(ADA, folder, stage.store(BO))
    with pytest.raises(ConfigError):
        login_ds(ADA, folder, stage.store(ADA), enrolment(BO, folder))
    other = enrolment(ADA, folder, key=b64u(b"?" * 32))
    with pytest.raises(ConfigError) as error:
        login_ds(ADA, folder, stage.store(ADA), other)
    assert error.value.detail["rule"] == "account.key"


def test_the_key_of_an_account(tmp_path: Path, stage: Stage) -> None:
    """It is made once, stays, and is that of the bundle that peers see."""
    first = account_key(tmp_path / "k", ADA)
    assert account_key(tmp_path / "k", ADA) == first
    assert account_key(tmp_path / "l", ADA) != first
    own = stage.ada.sync_engine._peer_store.get_public_bundle()
    assert bundle_digest(own) == account_key(stage.folder(ADA), ADA)
    (tmp_path / "k" / ADA / "private" / "crypto_keys.json").write_text("{}")
    with pytest.raises(ConfigError):
        account_key(tmp_path / "k", ADA)
