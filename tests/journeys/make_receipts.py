"""Write one receipt of each operation to `receipts/`, as files to test with.

    python tests/journeys/make_receipts.py

Of jobs there are four: a sum opened by a custodian, one by two of three, a program
in a simulated machine, and one on shares in three of them, whose test roots are in
`trial-roots.json`.
Run it when a format changes on purpose; `git diff` then shows what did. All but
Paillier keys, shares, ciphertexts and reports of surveys comes from seeds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from network import Network

FOLDER = Path(__file__).parent / "receipts"


def main() -> None:
    """Make the files anew."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        if old.name != "README.md":
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        network = Network(Path(folder))
        for name, filed in network.every_operation().items():
            (FOLDER / f"{name}.psr").write_bytes(filed.data)
            for file, content in filed.attachments.items():
                (FOLDER / f"{name}.{file}").write_bytes(content)
        (FOLDER / "trust.policy").write_bytes(network.trust)
        (FOLDER / "trial-roots.json").write_bytes(network.roots.documents[0])
        network.close()


if __name__ == "__main__":
    main()
