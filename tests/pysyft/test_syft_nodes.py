"""PySyft's own clients over two agencies' nodes: processes, sockets, a ledger."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

import syft_party
from syft_kit import ADA, STEWARD, expect_done, expect_sealed, play

from privshare.bridge.client import login_ds
from privshare.bridge.key import account_key
from privshare.bridge.node_store import NodeStore
from privshare.demo.cluster import HOST, Cluster
from privshare.errors import NotPermitted
from privshare.jobs.submission.account import Enrolment
from privshare.ledger.transaction import build
from privshare.service import node_keys
from privshare.wire import envelope
from privshare.wire.canonical import b64u

pytestmark = pytest.mark.server

AGENCY = {STEWARD: "tax", ADA: "labour"}
ROLE = {STEWARD: "steward", ADA: "analyst"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The nodes of a host, of the tax agency and of the labour agency."""
    with Cluster(tmp_path_factory.mktemp("nodes"), ["tax", "labour"]) as made:
        made.build([("tax", "steward"), ("labour", "analyst"), ("labour", "steward")])
        made.start()
        yield made


def enrol(cluster: Cluster, account: str, folder: Path) -> Enrolment:
    """What a steward does before an account first signs in."""
    made = Enrolment(
        account=account,
        agency=AGENCY[account],
        key=account_key(folder, account),
        network=cluster.network,
        salt=secrets.token_bytes(32),
        system="syft",
    )
    transaction = build(
        "account.enrol",
        made.agency,
        {"account": b64u(made.id())},
        cluster.network,
        secrets.token_bytes(16),
        int(time.time()) + 300,
        [_key(cluster, made.agency)],
    )
    answer = httpx.post(
        cluster.members[HOST].url + "/v1/ledger/transactions",
        json={"leaves": "", "tx": envelope.to_json(transaction)},
    )
    assert answer.status_code < 300, answer.text
    return made


def _key(cluster: Cluster, agency: str) -> Any:
    folder = cluster.members[agency].folder
    return node_keys.load(folder, cluster.passphrase).node.sign


def settings(cluster: Cluster, account: str, peer: str, folder: Path) -> dict[str, Any]:
    """What one side is told."""
    member = cluster.members[AGENCY[account]]
    return {
        "account": account,
        "agencies": {peer: AGENCY[peer]},
        "enrolment": enrol(cluster, account, folder).to_json(),
        "folder": str(folder),
        "key": str(member.people[ROLE[account]]),
        "node": member.url,
        "passphrase": cluster.passphrase,
        "peer": peer,
        "trust": cluster.trust,
    }


def boxes_of(cluster: Cluster, agency: str) -> dict[tuple[str, str, str], bytes]:
    """What lies in an agency's database."""
    database = cluster.members[agency].folder / "node.db"
    found = {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        rows = db.execute("select job, name, data from blob where job like 'box:%/%'")
        for room, name, data in rows:
            kind, owner, other = room.removeprefix("box:").split("/")
            assert AGENCY[owner] == agency
            found[kind, other, name] = data
    return found


def test_a_submission_between_two_nodes(cluster: Cluster, tmp_path: Path) -> None:
    """Peers, mock data, a job, its result: all of it, and all encrypted."""
    sides = {}
    for role, account, peer in (("steward", STEWARD, ADA), ("ada", ADA, STEWARD)):
        (tmp_path / role).mkdir()
        sides[role] = settings(cluster, account, peer, tmp_path / role)
    sides["steward"]["agencies"] = {}  # learnt from her enrolment
    expect_done(play(sides, tmp_path))
    tax, labour = boxes_of(cluster, "tax"), boxes_of(cluster, "labour")
    expect_sealed(
        {**tax, **{(k, o, f"labour/{n}"): d for (k, o, n), d in labour.items()}}
    )
    for agency in ("tax", "labour"):
        for file in cluster.members[agency].folder.glob("node.*"):
            data = file.read_bytes()
            assert syft_party.JOB.encode() not in data
            assert syft_party.RESULT.encode() not in data


def test_a_login_without_an_enrolment(cluster: Cluster, tmp_path: Path) -> None:
    """A node has no box for it, and says what is missing."""
    net = cluster.connect("labour", "steward")
    store = NodeStore(net, "bo@labour.example", AGENCY)
    with pytest.raises(NotPermitted) as error:
        login_ds("bo@labour.example", tmp_path, store)
    assert error.value.detail["rule"] == "account.unknown"
