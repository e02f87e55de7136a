"""A bridge in a process of its own, over a folder, which can be killed at any write.

    python bridge_party.py SETTINGS.json KILL_AT [torn]

Counts every file that is opened for writing, renamed or removed below the
test's folder, by whomever: PySyft, the store, the journal. At number KILL_AT it
kills itself as `kill -9` does; `torn` leaves the file opened, and empty. It
prints how many there were, if it lives to see the end.

Its node is a file, which outlives it; so does the log of what ran.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from privshare.bridge.desk import SyftDesk
from privshare.bridge.files import Files
from privshare.bridge.gate import Answer, Caller, Gate, Handed, Shown
from privshare.bridge.journal import Journal, write_whole
from privshare.bridge.key import key_of
from privshare.bridge.store import FolderStore

OUTPUT = b"total\n3000\n"
RECEIPT = b"a receipt of file nodes"
MOCK = b"wage\n1\n2\n"
ROUNDS = 8


class FileNode:
    """Says yes to everything that is enrolled, runs it once, keeps its answers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder

    def enrolled(self, caller: Caller) -> bool:
        return bool(caller.enrolment) and key_of(caller.enrolment) == caller.key

    def submit(self, handed: Handed) -> Answer:
        self._keep(handed.files.digest, {"status": "approved"})
        return Answer("pending", handed.files.digest)

    def state(self, submission: str) -> Answer | None:
        known = self._known().get(submission)
        return None if known is None else self._answer(submission, known)

    def run(self, submission: str, files: Files) -> Answer:
        known = self._known()[submission]
        if known["status"] == "approved":
            if files.digest == submission:
                with (self._folder / "runs").open("a") as log:
                    log.write(f"{submission}\n")
                known = {"status": "done"}
            else:
                known = {"status": "refused"}
            self._keep(submission, known)
        return self._answer(submission, known)

    def published(self) -> Sequence[Shown]:
        return [Shown("tax/wages", MOCK, "Wages of last year")]

    def _answer(self, submission: str, known: dict[str, Any]) -> Answer:
        match known["status"]:
            case "done":
                out = {"total.csv": OUTPUT}
                return Answer("done", submission, "", "", out, {"receipt.psr": RECEIPT})
            case "refused":
                beside = {"receipt.psr": RECEIPT}
                rule, why = "submission.changed", "expected other bytes"
                return Answer("refused", submission, rule, why, {}, beside)
        return Answer("approved", submission)

    def _known(self) -> dict[str, Any]:
        file = self._folder / "known.json"
        return json.loads(file.read_bytes()) if file.exists() else {}

    def _keep(self, submission: str, value: dict[str, Any]) -> None:
        known = self._known()
        if known.get(submission, {}).get("status") in (None, "approved"):
            known[submission] = value
            write_whole(self._folder / "known.json", json.dumps(known).encode())


class Killer:
    """Watches writes below a folder."""

    def __init__(self, root: Path, at: int, torn: bool) -> None:
        self.count = 0
        self._root, self._at, self._torn = str(root), at, torn

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            writes = flags & (os.O_WRONLY | os.O_RDWR)
            if not writes or not isinstance(path, str | bytes | os.PathLike):
                return
        elif event in ("os.rename", "os.remove", "os.mkdir"):
            path = args[0]
        else:
            return
        place = os.fsdecode(path)
        if not place.startswith(self._root) or "/node/" in place:
            return
        self.count += 1
        if self.count == self._at:
            if self._torn and event == "open":
                self._at = -1
                os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Serve until nothing is open, or killed."""
    settings = json.loads(Path(sys.argv[1]).read_text())
    root = Path(settings["root"])
    node = FileNode(root / "node")
    os.environ["PRE_SYNC"] = "false"
    killer = Killer(root, int(sys.argv[2]), "torn" in sys.argv[3:])
    sys.addaudithook(killer)
    folder, account = root / "bridge", settings["account"]
    folder.mkdir(exist_ok=True)
    desk = SyftDesk(account, folder, FolderStore(root / "boxes", account))
    gate = Gate(desk, node, Journal(folder / "journal"))
    answered = sum(gate.round() for _ in range(settings.get("rounds", ROUNDS)))
    print(f"DONE {killer.count} {answered}")


if __name__ == "__main__":
    main()
