"""Kill a host without warning, many times, and count what was lost: nothing.

    python tests/protocols/crash_host.py 50

Each round starts the host in a process of its own, with eight writers that
note every acknowledgement in a file; after a moment the process is killed
(SIGKILL). Then the ledger is opened again, and must hold every acknowledged
transaction at its index, no transaction twice, the roots of its own replay,
and refuse what it holds already.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "ledger"))

from ledger_kit import LOG_KEY, START, Scribe, genesis

from privshare.errors import Conflict
from privshare.ledger.block import is_block, is_leaf
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.machine import Machine
from privshare.ledger.transaction import parse
from privshare.log import merkle
from privshare.log.checkpoint import open_checkpoint

WRITERS = 8
ACKED = "acked.jsonl"


def clock() -> int:
    """Time stands still, so that every transaction stays valid."""
    return START + 1


@dataclass
class Tally:
    """What the rounds came to."""

    rounds: int = 0
    acknowledged: int = 0
    anchors: int = 0
    unacknowledged: int = 0


def host(directory: Path, round_number: int) -> None:
    """Serve eight writers until somebody kills this process."""
    ledger = EmbeddedLedger(directory / "ledger", LOG_KEY, clock=clock)
    acked = os.open(directory / ACKED, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(writer: int) -> None:
        scribe = Scribe(nonces=(round_number * WRITERS + writer) << 32)
        for count in range(1 << 30):
            if count % 3:
                name = f"taxes/r{round_number}w{writer}n{count}"
                data, batch = scribe.register(name), b""
            else:
                data, batch = scribe.anchor("taxes", 50, f"{writer}/{count}")
            done = ledger.submit(data, batch)
            line = {"id": done.id, "index": done.index, "tx": data.hex()}
            os.write(acked, json.dumps(line).encode() + b"\n")

    for writer in range(WRITERS):
        threading.Thread(target=write, args=(writer,), daemon=True).start()
    print("ready", flush=True)
    while True:
        time.sleep(1)


def crash(directory: Path, round_number: int, rand: random.Random) -> None:
    """Start a host, let it work for a moment, kill it."""
    command = [sys.executable, __file__, "host", str(directory), str(round_number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(rand.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)


def acknowledged(directory: Path) -> list[dict[str, object]]:
    """What writers were told; a last line that was cut short is no promise."""
    lines = (directory / ACKED).read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def examine(directory: Path, tally: Tally) -> None:
    """Open the ledger again and hold it to everything it promised."""
    promised = acknowledged(directory)
    with EmbeddedLedger(directory / "ledger", LOG_KEY, clock=clock) as ledger:
        entries = [ledger.entry(i) for i in range(ledger.size)]
        found: dict[str, int] = {}
        for index, entry in enumerate(entries[1:], 1):
            if not is_leaf(entry) and not is_block(entry):
                tx_id = parse(entry).id
                assert tx_id not in found, f"{tx_id} at {found[tx_id]} and {index}"
                found[tx_id] = index
        for line in promised:
            assert found[str(line["id"])] == line["index"], "one is lost"
            assert ledger.find(str(line["id"])) == line["index"]
        _check_roots(ledger, entries)
        for line in promised[-3:]:
            try:
                ledger.submit(bytes.fromhex(str(line["tx"])), _leaves(ledger, line))
            except Conflict as conflict:
                assert conflict.detail["index"] == line["index"]
            else:
                raise AssertionError("a transaction was applied twice")
    tally.rounds += 1
    tally.acknowledged = len(promised)
    tally.anchors = sum(map(is_leaf, entries))
    tally.unacknowledged = len(found) - 1 - len(promised)


def _leaves(ledger: EmbeddedLedger, line: dict[str, object]) -> bytes:
    """The leaves behind an entry, to submit it once more."""
    leaves, index = b"", int(str(line["index"])) + 1
    while is_leaf(entry := ledger.entry(index)):
        leaves, index = leaves + entry[1:], index + 1
    return leaves


def _check_roots(ledger: EmbeddedLedger, entries: list[bytes]) -> None:
    """Tree and state are those that the entries alone give."""
    checkpoint, _ = open_checkpoint(ledger.checkpoint(), ledger.log_key)
    assert checkpoint.size == len(entries)
    assert checkpoint.root == merkle.root(merkle.leaf_hashes(entries))
    assert merkle.root_at(ledger._tiles, len(entries)) == checkpoint.root
    machine, block = Machine(ledger.genesis), []
    for entry in entries:
        block.append(entry)
        if is_block(entry):
            machine.replay_block(block)
            block = []
    assert machine.state.root() == ledger.view().state_root


def run(directory: Path, rounds: int, seed: int = 1) -> Tally:
    """Found a ledger and crash it so many times."""
    with EmbeddedLedger.create(
        directory / "ledger", genesis(), LOG_KEY, clock=clock
    ) as ledger:
        ledger.submit(Scribe().admit("taxes"))
    (directory / ACKED).touch()
    tally, rand = Tally(), random.Random(seed)
    for round_number in range(1, rounds + 1):
        crash(directory, round_number, rand)
        examine(directory, tally)
    return tally


def main() -> None:
    """The command line: a number of rounds, or, from ourselves, the host."""
    if sys.argv[1] == "host":
        host(Path(sys.argv[2]), int(sys.argv[3]))
    with tempfile.TemporaryDirectory() as directory:
        started = time.monotonic()
        tally = run(Path(directory), int(sys.argv[1]))
        print(f"{tally} in {time.monotonic() - started:.0f} s: nothing lost")


if __name__ == "__main__":
    main()
