"""Prove later that a file existed now, unchanged; show it to nobody.

Two nodes start on this computer. The file's salted digest goes onto the
ledger, the file stays here, and the receipt is checked twice: as it is, and
with one letter of the file changed.

    python examples/01_anchor_a_file.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from privshare.audit.verifier import verify
from privshare.demo.cluster import Cluster


def main() -> None:
    """Anchor a contract, keep the receipt, verify it."""
    contract = b"The seller hands over the keys on 1 March.\n"
    with tempfile.TemporaryDirectory() as folder:
        with Cluster(Path(folder) / "nodes", ["title", "housing", "tax"]) as cluster:
            cluster.build([("tax", "steward")])
            cluster.start()
            with cluster.connect("tax", "steward") as net:
                saved = net.anchor(contract).save(Path(folder) / "contract.psr")
        # The nodes are gone. A file is left, and the policy to judge it by.
        trust, now = cluster.trust, int(time.time())
        verdict = verify(saved.read_bytes(), trust, now, lambda _: contract)
        print(verdict.report())
        assert verdict.outcome == "valid"
        forged = contract.replace(b"1 March", b"8 March")
        verdict = verify(saved.read_bytes(), trust, now, lambda _: forged)
        print(f"\nWith the date changed: {verdict.outcome}")
        assert verdict.outcome == "invalid"


if __name__ == "__main__":
    main()
