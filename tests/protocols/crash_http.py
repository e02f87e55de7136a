"""Kill the host of a real network again and again, while eight writers anchor.

    python tests/protocols/crash_http.py --times 50

A host and a member run as they would at two agencies: `privshare node serve`,
each a process group of its own. Eight writers anchor over HTTP, six at the
host and two through the member. A writer repeats a transaction, byte for byte,
until somebody acknowledges it; a refusal as a duplicate names the log index
and counts as an acknowledgement. Meanwhile the host's whole process group is
killed (SIGKILL), every fifth time while it is still starting, and started
again once the kernel has let go of its files. At the end:

    * every acknowledged anchor stands in the log at its index, and no other does
    * no transaction and no leaf stands there twice
    * the entries alone give the checkpoint's root, and replay to the state root
    * the member holds the same entries, raised no alarm, and cosigned the end

SIGKILL takes the process and leaves the kernel's page cache alone: this shows
what the order of our writes is worth, not what a power cut does to a disk.
"""

from __future__ import annotations

import argparse
import fcntl
import http.client
import json
import os
import random
import secrets
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx

from privshare.demo.cluster import HOST, Cluster
from privshare.ledger.block import BlockEntry, is_block, is_leaf
from privshare.ledger.engines.logdb import LogDb
from privshare.ledger.genesis import Genesis
from privshare.ledger.machine import Machine
from privshare.ledger.rules_dataset import batch_root
from privshare.ledger.transaction import build, parse, transaction_id
from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint, parse_checkpoint
from privshare.log.policy import parse_policy
from privshare.schemes.keys import SigningKey
from privshare.service import node_keys
from privshare.wire import envelope, note
from privshare.wire.canonical import b64u, encode

MEMBER = "title"
WRITERS = 8
THROUGH_MEMBER = 2
MOST_LEAVES = 16

#: A host must be ready this soon; the command fails where one is not.
READY_S = 5.0

_PATIENCE_S = 60.0
_PAUSE_S = 0.1

# Outside the range from which the kernel takes ports for outgoing connections:
# a writer that knocks at a dead host's port must not be given that very port.
_PORTS = range(21_000, 31_000)


@dataclass
class Anchor:
    """One transaction that a writer sends until it is acknowledged."""

    id: str
    body: bytes
    leaves: list[bytes]
    index: int = -1


@dataclass
class Tally:
    """What the rounds came to.

    Attributes:
        kills: How often the host was killed.
        early: How many of them came while it was starting.
        acknowledged: Transactions that a writer knows to be in the log.
        anchors: Leaves in them.
        replays: Acknowledgements that were refusals as a duplicate.
        retries: Requests that came to nothing.
        size: Of the log at the end.
        restarts_s: From each start to the first answer that the host is ready.
    """

    kills: int = 0
    early: int = 0
    acknowledged: int = 0
    anchors: int = 0
    replays: int = 0
    retries: int = 0
    size: int = 0
    restarts_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.early} of them during a start; "
            f"{self.acknowledged:,} transactions with {self.anchors:,} anchors "
            f"acknowledged, {self.replays:,} of them as duplicates, after "
            f"{self.retries:,} failed requests; log of {self.size:,} entries\n"
            f"ready again after {statistics.median(self.restarts_s):.2f} s (median), "
            f"{max(self.restarts_s):.2f} s (longest); "
            f"{sum(s >= READY_S for s in self.restarts_s)} of {len(self.restarts_s)} "
            f"took {READY_S:g} s or more"
        )


class Writer(threading.Thread):
    """Anchors until told to stop, and leaves nothing unacknowledged.

    Args:
        url: The node that it posts to.
        network: The network's id.
        key: The signing key of `MEMBER`.
        stop: Set when no new transaction is to be begun.
        rand: Decides sizes.
    """

    def __init__(
        self,
        url: str,
        network: str,
        key: SigningKey,
        stop: threading.Event,
        rand: random.Random,
    ) -> None:
        super().__init__(daemon=True)
        self.done: list[Anchor] = []
        self.replays = self.retries = 0
        self.error: BaseException | None = None
        self._address = urlsplit(url).netloc
        self._network = network
        self._key = key
        self._stop_asked = stop
        self._rand = rand
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Make a transaction, and send it until it is acknowledged."""
        try:
            while not self._stop_asked.is_set():
                anchor = self._make()
                while not self._send(anchor):
                    self.retries += 1
                    time.sleep(_PAUSE_S)
                self.done.append(anchor)
        except BaseException as error:
            self.error = error

    def _make(self) -> Anchor:
        count = self._rand.randint(1, MOST_LEAVES)
        leaves = [secrets.token_bytes(32) for _ in range(count)]
        digests = b"".join(leaves)
        signed = build(
            "anchor.batch",
            MEMBER,
            {"count": count, "root": b64u(batch_root(digests))},
            self._network,
            secrets.token_bytes(16),
            int(time.time()) + 3000,
            [self._key],
        )
        body = encode({"leaves": b64u(digests), "tx": envelope.to_json(signed)})
        return Anchor(transaction_id(signed.payload), body, leaves)

    def _send(self, anchor: Anchor) -> bool:
        """Send it once; True when it is acknowledged."""
        try:
            status, answer = self._post(anchor.body)
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return False
        if status == 503:
            return False
        found = json.loads(answer)
        if status == 409 and found.get("title") == "Conflict" and "index" in found:
            self.replays += 1
        elif status != 201:
            raise AssertionError(f"expected 201, found {status}: {answer!r}")
        assert found["id"] == anchor.id
        anchor.index = found["index"]
        return True

    def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, timeout=30)
        self._connection.request(
            "POST",
            "/v1/ledger/transactions",
            body,
            {"Content-Type": "application/json"},
        )
        response = self._connection.getresponse()
        return response.status, response.read()


class Network(Cluster):
    """A host that can be killed, and a member.

    Args:
        folder: Empty or absent.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [MEMBER])
        ports = random.SystemRandom().sample(_PORTS, len(self.members))
        for member, port in zip(self.members.values(), ports, strict=True):
            member.port = port
        self.build([])
        self.start()

    @property
    def host(self) -> str:
        """Where the host answers."""
        return self.members[HOST].url

    def spawn_host(self) -> None:
        """Start the host, and do not wait for it."""
        self._spawn(self.members[HOST])

    def await_host(self) -> None:
        """Return when the host is ready."""
        deadline = time.monotonic() + _PATIENCE_S
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                try:
                    if client.get(f"{self.host}/health/ready").status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(0.01)
        raise AssertionError((self.members[HOST].folder / "node.log").read_text())

    def kill_host(self) -> None:
        """Kill gunicorn's parent and worker at once, and see them gone."""
        process = self.members[HOST].process
        assert process is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # The worker is not our child. It has gone when its lock is free.
        lock = os.open(self.members[HOST].folder / "ledger" / "lock", os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            os.close(lock)


def run(folder: Path, times: int, seed: int = 1) -> Tally:
    """Start a network, kill its host so many times under writers, and look."""
    rand, tally, stop = random.Random(seed), Tally(), threading.Event()
    with Network(folder) as network:
        secret = node_keys.load(network.members[MEMBER].folder, network.passphrase)
        writers = [
            Writer(
                network.members[MEMBER if n < THROUGH_MEMBER else HOST].url,
                network.network,
                secret.node.sign,
                stop,
                random.Random(f"{seed}/{n}"),
            )
            for n in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        for number in range(1, times + 1):
            _crash(network, number, rand, tally)
            _raise_first(writers)
        time.sleep(rand.uniform(0.1, 0.6))
        stop.set()
        for writer in writers:
            writer.join(_PATIENCE_S)
            assert not writer.is_alive(), "a writer got no acknowledgement"
        _raise_first(writers)
        tally.replays = sum(writer.replays for writer in writers)
        tally.retries = sum(writer.retries for writer in writers)
        newest = _agreed(network)
        _expect_no_faults(network)
    promised = [anchor for writer in writers for anchor in writer.done]
    examine(folder, newest, promised, tally)
    return tally


def _crash(network: Network, number: int, rand: random.Random, tally: Tally) -> None:
    """Let the host work for a moment, kill it, start it again."""
    time.sleep(rand.uniform(0.05, 0.6))
    network.kill_host()
    tally.kills += 1
    if number % 5 == 0:
        network.spawn_host()
        time.sleep(rand.uniform(0.0, 1.5))
        network.kill_host()
        tally.kills += 1
        tally.early += 1
    started = time.monotonic()
    network.spawn_host()
    network.await_host()
    tally.restarts_s.append(time.monotonic() - started)


def _raise_first(writers: list[Writer]) -> None:
    for writer in writers:
        if writer.error is not None:
            raise writer.error


def _agreed(network: Network) -> Checkpoint:
    """Wait until the member shows the host's checkpoint, cosigned, and is ready."""
    need = parse_policy(network.trust.encode())
    member = network.members[MEMBER].url
    deadline = time.monotonic() + _PATIENCE_S
    with httpx.Client(trust_env=False, timeout=10) as client:
        while True:
            theirs = client.get(f"{network.host}/log/checkpoint").content
            ours = client.get(f"{member}/log/checkpoint").content
            newest = parse_checkpoint(note.parse(theirs))
            ready = client.get(f"{member}/health/ready")
            agreed = parse_checkpoint(note.parse(ours)) == newest
            cosigned = len(note.parse(theirs).signatures) > 1
            if agreed and cosigned and ready.status_code == 200:
                assert len(need.check(theirs, strict=True).witnesses) == 1
                return newest
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"expected a member that agrees, found agreed {agreed}, "
                    f"cosigned {cosigned}, {ready.text}"
                )
            time.sleep(0.05)


def _expect_no_faults(network: Network) -> None:
    """No request met an error of the host's own, dying or not."""
    text = (network.members[HOST].folder / "node.log").read_text(errors="replace")
    faults = [line for line in text.splitlines() if '"level": "error"' in line]
    assert not faults, faults[:3]


def examine(
    folder: Path, newest: Checkpoint, promised: list[Anchor], tally: Tally
) -> None:
    """Hold both logs to what was acknowledged, when both nodes have stopped."""
    entries = _entries(folder / HOST)
    assert entries == _entries(folder / MEMBER), "the member holds another log"
    assert newest.size == len(entries)
    assert newest.root == merkle.root(merkle.leaf_hashes(entries))
    replay(entries)
    anchors = dict(_anchors(entries))
    assert len({anchor.id for anchor in promised}) == len(promised)
    for anchor in promised:
        assert anchors.pop(anchor.index) == (anchor.id, anchor.leaves), "one is lost"
    assert not anchors, "the log holds what nobody was told of"
    leaves = [entry for entry in entries if is_leaf(entry)]
    assert len(leaves) == len(set(leaves)), "a leaf stands there twice"
    tally.acknowledged = len(promised)
    tally.anchors = len(leaves)
    tally.size = len(entries)


def replay(entries: list[bytes]) -> None:
    """Execute the log from its beginning; a wrong state root raises."""
    machine, block = Machine(Genesis.decode(entries[0])), []
    for entry in entries:
        block.append(entry)
        if is_block(entry):
            machine.replay_block(block)
            block = []
    assert not block, "the log does not end with a block"
    assert machine.state.root() == BlockEntry.decode(entries[-1]).state_root


def _entries(folder: Path) -> list[bytes]:
    db = LogDb(folder / "ledger" / "ledger.sqlite3")
    try:
        return db.entries(0, db.size())
    finally:
        db.close()


def _anchors(entries: list[bytes]) -> Iterator[tuple[int, tuple[str, list[bytes]]]]:
    """Index, id and leaves of each anchoring transaction; each id once."""
    seen: set[str] = set()
    index = 1
    while index < len(entries):
        start, index = index, index + 1
        if is_block(entries[start]):
            continue
        transaction = parse(entries[start])
        assert transaction.id not in seen, f"{transaction.id} stands there twice"
        seen.add(transaction.id)
        leaves = []
        while is_leaf(entries[index]):
            leaves.append(entries[index][1:])
            index += 1
        if transaction.kind == "anchor.batch":
            yield start, (transaction.id, leaves)


def main() -> int:
    """The command line; its status says whether each restart was quick enough."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=50, help="kills under writers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        tally = run(Path(folder) / "network", options.times, options.seed)
    print(f"{tally}\nnothing lost, nothing doubled, in ", end="")
    print(f"{time.monotonic() - started:.0f} s, load {os.getloadavg()[1]:.1f}")
    return 0 if max(tally.restarts_s) < READY_S else 1


if __name__ == "__main__":
    sys.exit(main())
