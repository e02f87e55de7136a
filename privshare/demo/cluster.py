"""Real nodes on this computer: set up, started, stopped.

A node of the demonstration is the same program as an agency's: its own folder,
keys and database, its own process, HTTP on a loopback port. What is special is
that one process starts them all and takes them down again, whatever happens to
it, and that they are forked from one that has imported the program (`nursery`).
"""

from __future__ import annotations

import fcntl
import http.client
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from privshare.audit.trust_root import EvidenceRoots
from privshare.demo.nursery import Child, Nursery
from privshare.errors import Unavailable
from privshare.schemes.key_file import Passphrase
from privshare.schemes.threshold import KeyShare, ThresholdKey, deal
from privshare.sdk import wallet
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client, connect, fetch_trust
from privshare.service import node_process

HOST = "registrar"
FIRST_PORT = 7100
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Member:
    """One node: where it lies, where it listens, its process."""

    agency: str
    folder: Path
    port: int
    process: Child | None = None
    up: bool = False
    people: dict[str, Path] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the node answers."""
        return f"http://127.0.0.1:{self.port}"


class Cluster:
    """The ledger's host and one node for each agency.

    Use it in a `with`: leaving it stops every process.

    Args:
        folder: Empty or absent; the nodes' folders are made in it.
        agencies: Members besides the host.
        passphrase: Of all key files; drawn when None.
    """

    def __init__(
        self, folder: Path, agencies: Sequence[str], passphrase: str | None = None
    ) -> None:
        self.folder = folder = folder.resolve()
        self.network = f"demo-{secrets.token_hex(4)}"
        self.passphrase = passphrase or secrets.token_urlsafe(24)
        # Remembers what scrypt made of it: one salt does for all files here.
        self._opened = Passphrase(self.passphrase)
        self._ports = Ports(len(agencies) + 1)
        self.members = {
            agency: Member(agency, folder / agency, port)
            for agency, port in zip((HOST, *agencies), self._ports.numbers, strict=True)
        }
        self.trust = ""
        self._drawing: _Drawing | None = None
        self._nursery = Nursery(folder)  # it imports while keys are being made

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def agencies(self) -> tuple[str, ...]:
        """The members besides the host."""
        return tuple(agency for agency in self.members if agency != HOST)

    def build(self, people: Sequence[tuple[str, str]]) -> None:
        """Make the nodes' folders, keys and the network; admit everybody.

        Args:
            people: (agency, role) of each person with a key of their own.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        host = self.members[HOST]
        made = [self._init(host)]
        with ThreadPoolExecutor(2) as pool:
            made += pool.map(self._init, [self.members[a] for a in self.agencies])
        enrolments = [new.enrolment for new in made if new.enrolment is not None]
        node_process.admit_all(host.folder, enrolments, self._opened)
        for agency in self.agencies:
            genesis = node_process.network_of(host.folder)
            node_process.join(self.members[agency].folder, genesis, host.url)
        for agency, role in people:
            self._enrol(self.members[agency], role)

    def start(self, told: Callable[[str], None] = lambda _: None) -> None:
        """Start every node and wait until each is ready.

        Raises:
            Unavailable: A node did not come up; its log is in its folder.
        """
        self._spawn(self.members[HOST])
        for agency in self.agencies:
            self._spawn(self.members[agency])
        for member in self.members.values():
            self._await(member)
            told(f"{member.agency} is up at {member.url}")
        self.trust = fetch_trust(self.members[HOST].url)

    def draw_key(self, holders: Sequence[str], threshold: int) -> None:
        """Begin to draw a threshold key; `share_key` waits for it."""
        self._drawing = _Drawing(tuple(holders), threshold)

    def share_key(
        self, client: Callable[[str, str], Client[Blocking]]
    ) -> tuple[int, float]:
        """Deal the key that is being drawn, as operator; every steward takes over.

        Args:
            client: Connects to an agency as somebody of a role.

        Returns:
            The key's epoch, and the seconds that drawing it took.

        Raises:
            PrivShareError: What a node says.
        """
        drawing = self._drawing
        if drawing is None:
            raise Unavailable("expected draw_key before share_key, found none")
        with ThreadPoolExecutor(2) as pool:
            people = [(HOST, "operator"), *((a, "steward") for a in drawing.holders)]
            operator, *stewards = pool.map(lambda who: client(*who), people)
        made = drawing.wait()
        files: dict[str, bytes] = {}
        dealt = operator.threshold.deal(
            drawing.threshold, drawing.holders, keep=files.update, made=made
        )
        epoch = dealt.int("epoch")

        def take(agency: str, steward: Client[Blocking]) -> None:
            steward.threshold.take([files[f"share-{epoch}-{agency}.json"]])

        with ThreadPoolExecutor(len(stewards)) as pool:
            list(pool.map(take, drawing.holders, stewards))
        return epoch, drawing.seconds

    def connect(
        self, agency: str, role: str, roots: EvidenceRoots | None = None
    ) -> Client[Blocking]:
        """Connect to an agency's node as one of its people."""
        member = self.members[agency]
        return connect(
            member.url,
            key=member.people[role],
            passphrase=self._opened,
            trust=self.trust,
            roots=roots,
        )

    def stop(self) -> None:
        """Stop every node that runs."""
        running = []
        for member in self.members.values():
            if member.process is not None:
                running.append(member.process)
                if member.process.poll() is None:
                    # One that is up need not wait for callers; one that is not
                    # up yet may have inherited to ignore anything but SIGTERM.
                    member.process.send_signal(
                        signal.SIGINT if member.up else signal.SIGTERM
                    )
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its worker, too
                process.wait()
        for member in self.members.values():
            member.process, member.up = None, False
        self._nursery.close()
        self._ports.release()

    def _init(self, member: Member) -> node_process.Initialised:
        return node_process.init(
            member.folder,
            agency=member.agency,
            network=self.network,
            url=member.url,
            passphrase=self._opened,
            host=member.agency == HOST,
        )

    def _enrol(self, member: Member, role: str) -> None:
        file = member.folder / "people" / f"{role}.key"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        node_process.enrol(
            member.folder,
            wallet.create_key(file, self._opened),
            roles=(role,),
            label=f"{role} of {member.agency}",
        )
        member.people[role] = file

    def _spawn(self, member: Member) -> None:
        member.process = self._nursery.serve(
            member.folder, member.folder / "node.log", self.passphrase
        )

    def _await(self, member: Member) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            process = member.process
            if process is not None and process.poll() is not None:
                break
            if _ready(member.port):
                member.up = True
                return
            time.sleep(0.05)
        log = (member.folder / "node.log").read_text(errors="replace")
        raise Unavailable(
            f"expected the node of {member.agency} to be ready within "
            f"{START_TIMEOUT_S:g} s, found it is not; it said: {log[-600:].strip()}",
            fix=f"see {member.folder / 'node.log'}",
        )


class _Drawing:
    """A threshold key that is drawn while something else goes on.

    Args:
        holders: Who will get shares.
        threshold: How many of them open.
    """

    def __init__(self, holders: tuple[str, ...], threshold: int) -> None:
        self.holders, self.threshold = holders, threshold
        self.seconds = 0.0
        self._made: list[tuple[ThresholdKey, tuple[KeyShare, ...]]] = []
        # A daemon: nobody waits for it when the demonstration is interrupted.
        self._thread = threading.Thread(target=self._draw, daemon=True)
        self._thread.start()

    def _draw(self) -> None:
        begun = time.monotonic()
        self._made.append(deal(self.threshold, len(self.holders)))
        self.seconds = time.monotonic() - begun

    def wait(self) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
        """The key and its shares, which are forgotten here.

        Raises:
            Unavailable: It could not be drawn.
        """
        self._thread.join()
        if not self._made:
            raise Unavailable("expected a threshold key, found that none was drawn")
        return self._made.pop()


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with closing(connection):
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


class Ports:
    """Loopback ports that nobody listens on, from 7100 up; busy ones are skipped.

    A node binds its port a while after it was chosen. Until then, and until
    `release`, a locked file keeps other demonstrations on this computer away.

    Raises:
        Unavailable: There are not enough.
    """

    def __init__(self, count: int) -> None:
        self._locks: list[IO[bytes]] = []
        self.numbers: list[int] = []
        for port in range(FIRST_PORT, FIRST_PORT + 1000):
            if len(self.numbers) == count:
                return
            lock = _lock(port)
            if lock is not None:
                self._locks.append(lock)
                self.numbers.append(port)
        self.release()
        raise Unavailable(
            f"expected {count} free ports from {FIRST_PORT} up, found fewer"
        )

    def release(self) -> None:
        """Let others have them."""
        for lock in self._locks:
            lock.close()
        self._locks.clear()


def _lock(port: int) -> IO[bytes] | None:
    """Take a port that is free and that no other demonstration has taken."""
    name = f"privshare-demo-{port}.lock"
    try:
        file = (Path(tempfile.gettempdir()) / name).open("ab")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        file.close()
        return None
    return file
