"""Measure durable anchors a second over HTTP, beside what they are made of.

    python bench/rest.py [--seconds 3] [--connections 1 8 32 64]

A real host process serves; the load comes from another process (`load.py`)
over keep-alive connections on the loopback interface. In the same run, on the
same disk: a bare write and fdatasync, plain SQLite, and the embedded ledger
called without HTTP. Everything sent is signed before the clock starts, and
the host's rate limits are lifted. At the end the acknowledged anchors are
looked up in the log's database, one by one.

Columns: anchors a second · that by plain SQLite's rate with as many rows a
commit · median and 99th percentile of a request · processor time that the
host's processes spent on a request · requests answered 503, all places being
taken. Processor time hardly depends on what else the machine does; the others
do, so read ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ledger as engine
import load
import machine

from privshare.demo.cluster import HOST, Cluster
from privshare.ledger.block import is_leaf
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.logdb import LogDb
from privshare.ledger.genesis import Params
from privshare.ledger.rules_dataset import batch_root
from privshare.ledger.transaction import build
from privshare.schemes import http_signature
from privshare.schemes.http_signature import Message
from privshare.schemes.keys import SigningKey
from privshare.sdk import wallet
from privshare.service import node_keys
from privshare.wire import envelope
from privshare.wire.canonical import b64u, encode

BATCH = 1000
WARM_UP = 50

#: Requests prepared for a row, for each second that it may take.
SINGLES, BATCHES, PEOPLE = 1500, 60, 300

UNLIMITED = {
    "PRIVSHARE_NODE_RATE_PER_S": "1000000",
    "PRIVSHARE_NODE_RATE_BURST": "1000000",
    "PRIVSHARE_NODE_PUBLIC_RATE_PER_S": "1000000",
    "PRIVSHARE_NODE_PUBLIC_RATE_BURST": "1000000",
}


@dataclass
class Row:
    """One measured line."""

    name: str
    anchors_per_s: float
    leaves: int = 1
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_ms: float | None = None
    refused: int = 0


@dataclass
class Table:
    """Lines as they come, each beside plain SQLite's line for its size."""

    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Print a line."""
        self.rows.append(row)
        plain = [r for r in self.rows if r.leaves == row.leaves and "SQLite" in r.name]
        ratio = f"{row.anchors_per_s / plain[0].anchors_per_s:8.1%}" if plain else ""
        cells = "".join(
            f"{x:9.2f}" if x is not None else f"{'-':>9}"
            for x in (row.p50_ms, row.p99_ms, row.cpu_ms)
        )
        line = f"{row.name:46}{row.anchors_per_s:10,.0f}{ratio:>10}{cells}"
        print(f"{line}{row.refused:9,}" if row.refused else line, flush=True)

    @staticmethod
    def head() -> None:
        """Print the names of the columns."""
        print(
            f"\n{'durable, a second':46}{'anchors':>10}{'/ SQLite':>10}"
            f"{'p50 ms':>9}{'p99 ms':>9}{'cpu ms':>9}{'503':>9}"
        )


@dataclass
class Acknowledged:
    """What the host has promised so far: where each batch's leaves stand."""

    leaves: dict[int, list[bytes]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many anchors."""
        return sum(map(len, self.leaves.values()))


class Target:
    """A running host, and requests for it.

    Args:
        cluster: Running.
    """

    def __init__(self, cluster: Cluster) -> None:
        host = cluster.members[HOST]
        if host.process is None:
            raise SystemExit("expected a running host")
        self.url = host.url
        self.group = host.process.pid
        self.database = host.folder / "ledger" / "ledger.sqlite3"
        self.network = cluster.network
        self.agency_key = node_keys.load(host.folder, cluster.passphrase).node.sign
        self.person_key = wallet.open_key(host.people["steward"], cluster.passphrase)
        self.acknowledged = Acknowledged()

    def transaction(self, leaves: list[bytes]) -> tuple[str, bytes]:
        """A path and a body: an `anchor.batch` that the agency signed."""
        digests = b"".join(leaves)
        signed = build(
            "anchor.batch",
            HOST,
            {"count": len(leaves), "root": b64u(batch_root(digests))},
            self.network,
            secrets.token_bytes(16),
            int(time.time()) + 3000,
            [self.agency_key],
        )
        body = {"leaves": b64u(digests), "tx": envelope.to_json(signed)}
        return "/v1/ledger/transactions", encode(body)

    def digests(self, leaves: list[bytes]) -> tuple[str, bytes]:
        """A path and a body: digests, for the node to sign and anchor."""
        return "/v1/anchors", encode({"digests": [b64u(leaf) for leaf in leaves]})

    def request(self, path: str, body: bytes, person: SigningKey | None) -> bytes:
        """The bytes of a request, signed by a person if one is named."""
        url = self.url + path
        headers = {"content-type": "application/json"}
        if person is not None:
            headers["content-digest"] = http_signature.content_digest(body)
            headers |= http_signature.sign(
                Message.of_url("POST", url, headers),
                person,
                person.verify_key.kid,
                created=int(time.time()),
                nonce=secrets.token_bytes(16),
            )
        headers |= {"host": urlsplit(url).netloc, "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + body

    def measure(
        self,
        name: str,
        make: Callable[[list[bytes]], tuple[str, bytes]],
        person: SigningKey | None,
        leaves: int,
        connections: int,
        count: int,
        seconds: float,
    ) -> Row:
        """Prepare requests, send them from another process, keep the answers."""
        batches = [
            [secrets.token_bytes(32) for _ in range(leaves)] for _ in range(count)
        ]
        requests = [self.request(*make(batch), person) for batch in batches]
        before = machine.cpu_seconds(self.group)
        answers, spent = _send(self.url, connections, seconds, requests)
        busy = machine.cpu_seconds(self.group) - before
        took = []
        for number, status, ms, body in answers:
            if status not in (201, 503):
                raise SystemExit(f"{name}: expected 201, found {status}: {body}")
            if status == 201:
                self.acknowledged.leaves[json.loads(body)["index"]] = batches[number]
                took.append(ms)
        took.sort()
        return Row(
            name,
            len(took) * leaves / spent,
            leaves,
            statistics.median(took),
            took[min(len(took) - 1, int(0.99 * len(took)))],
            1000 * busy / len(answers),
            len(answers) - len(took),
        )


def _send(
    url: str, connections: int, seconds: float, requests: list[bytes]
) -> tuple[list[tuple[int, int, float, str]], float]:
    """Run the load generator in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        prepared, answers = Path(folder) / "requests", Path(folder) / "answers"
        load.write_requests(prepared, requests)
        subprocess.run(
            [
                sys.executable,
                str(Path(load.__file__)),
                url,
                str(connections),
                str(seconds),
                str(prepared),
                str(answers),
            ],
            check=True,
            timeout=seconds + 2 * load.TIMEOUT_S,
        )
        *lines, last = map(json.loads, answers.read_text().splitlines())
    return lines, last["seconds"]


def baselines(table: Table, folder: Path, seconds: float) -> None:
    """What the same disk and interpreter do without us, and without HTTP."""
    table.add(Row("raw: write and fdatasync 32 bytes", flushes(folder, seconds)))
    for rows in (1, BATCH):
        name = f"plain SQLite, {rows:,} row{'s' * (rows > 1)} a commit"
        table.add(Row(name, engine.plain_sqlite(folder, seconds, rows), rows))
    with EmbeddedLedger.create(
        folder / "ledger", engine.genesis(Params()), engine.LOG_KEY, clock=engine.clock
    ) as ledger:
        ledger.submit(engine.Scribe().admit("taxes"))
        for leaves, threads, pace in (
            (1, 1, 300),
            (1, 8, 600),
            (1, 64, 900),
            (BATCH, 1, 30),
            (BATCH, 8, 60),
        ):
            total = int(pace * seconds)
            done = engine.drive(ledger, engine.anchor(leaves), total, threads)
            what = "single anchors" if leaves == 1 else f"batches of {leaves:,}"
            name = f"in process, {what}, {threads} writers"
            table.add(Row(name, done * leaves, leaves))


def flushes(folder: Path, seconds: float) -> float:
    """Forced writes of 32 bytes a second, one at a time."""
    with open(folder / "raw", "ab", buffering=0) as file:

        def step() -> int:
            file.write(bytes(32))
            os.fdatasync(file.fileno())
            return 1

        return engine.rate(step, seconds)


@contextmanager
def serving(folder: Path, members: list[str]):
    """A host with so many mirrors, running."""
    with Cluster(folder, members) as cluster:
        cluster.build([(HOST, "steward")])
        cluster.start()
        time.sleep(1.1)  # a signature of the second of the start is refused as stale
        yield Target(cluster)


def over_http(
    table: Table, target: Target, connections: list[int], seconds: float
) -> None:
    """The lines of one host."""
    singles = int(SINGLES * seconds)
    target.measure("warm-up", target.transaction, None, 1, 4, WARM_UP, seconds)
    for width in connections:
        name = f"POST /v1/ledger/transactions, 1 leaf, {width} conn."
        table.add(
            target.measure(name, target.transaction, None, 1, width, singles, seconds)
        )
    for width in (1, 8):
        name = f"POST /v1/ledger/transactions, {BATCH:,}, {width} conn."
        count = int(BATCHES * seconds)
        table.add(
            target.measure(name, target.transaction, None, BATCH, width, count, seconds)
        )
    as_person(table, target, connections, seconds)


def as_person(
    table: Table, target: Target, connections: list[int], seconds: float
) -> None:
    """The lines of a person, who gets a receipt of each batch."""
    person = target.person_key
    for width in connections:
        name = f"POST /v1/anchors, 1 digest, {width} conn."
        count = int(PEOPLE * seconds)
        table.add(
            target.measure(name, target.digests, person, 1, width, count, seconds)
        )
    name = f"POST /v1/anchors, {BATCH:,} digests, 8 conn."
    table.add(
        target.measure(
            name, target.digests, person, BATCH, 8, int(BATCHES * seconds), seconds
        )
    )


def compare(target: Target) -> str:
    """Look each acknowledged anchor up in the log of a host that has stopped."""
    db = LogDb(target.database)
    try:
        entries = db.entries(0, db.size())
        for index, leaves in target.acknowledged.leaves.items():
            for position, leaf in enumerate(leaves, index + 1):
                if entries[position] != b"\x01" + leaf:
                    raise SystemExit(f"acknowledged, and not in the log: {position}")
        held = [entry for entry in entries if is_leaf(entry)]
    finally:
        db.close()
    count = target.acknowledged.count
    if not count == len(held) == len(set(held)):
        raise SystemExit(f"expected {count} anchors in the log, found {len(held)}")
    return f"{count:,} anchors acknowledged, {len(held):,} in the log, each once"


def main() -> None:
    """Print the machine, the table, and the count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each line")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32, 64])
    options = parser.parse_args()
    os.environ.update(UNLIMITED)
    print(machine.describe())
    table = Table()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        print(f"a forced write: {machine.flush_ms(folder):.2f} ms, median")
        table.head()
        baselines(table, folder, options.seconds)
        print("\nthe host alone")
        with serving(folder / "alone", []) as alone:
            over_http(table, alone, options.connections, options.seconds)
        print(compare(alone))
        print("\na host and one mirror, which cosigns")
        with serving(folder / "mirrored", ["title"]) as mirrored:
            width = max(options.connections)
            line = f"POST /v1/ledger/transactions, 1 leaf, {width} conn."
            count = int(SINGLES * options.seconds)
            make = mirrored.transaction
            table.add(
                mirrored.measure(line, make, None, 1, width, count, options.seconds)
            )
            as_person(table, mirrored, [1, width], options.seconds)
        print(compare(mirrored))
        print(f"a forced write: {machine.flush_ms(folder):.2f} ms, median, at the end")


if __name__ == "__main__":
    main()
