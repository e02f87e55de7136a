"""Two agencies on this computer, for the notebooks 16 (scientist) and 17 (owner).

    python examples/syft_pair.py [FOLDER]        until Ctrl-C; then they are gone

Starts the ledger's host and the nodes of tax and labour, as real processes, and
writes into FOLDER (`syft-pair` unless said) where they are and with which keys.
tax runs submitted code: `gate = "on"` in its settings.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
from pathlib import Path

from privshare.demo.cluster import Cluster

PEOPLE = [
    ("tax", "operator"),
    ("tax", "steward"),
    ("labour", "analyst"),
    ("labour", "steward"),
]


def main(folder: Path) -> None:
    """Start both, say where they are, wait."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = folder / "nodes"
    shutil.rmtree(nodes, ignore_errors=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Cluster(nodes, ["tax", "labour"]) as cluster:
        cluster.build(PEOPLE)
        settings = cluster.members["tax"].folder / "node.toml"
        settings.write_text(f'{settings.read_text()}\ngate = "on"\n')
        cluster.start()
        told = {
            "keys": {
                f"{agency}/{role}": str(cluster.members[agency].people[role])
                for agency, role in PEOPLE
            },
            "nodes": {
                agency: cluster.members[agency].url for agency in ("tax", "labour")
            },
            "passphrase": cluster.passphrase,
            "trust": cluster.trust,
        }
        file = folder / "pair.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(told))
        print(f"ready: {file}", flush=True)
        stop.wait()
        file.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "syft-pair"))
