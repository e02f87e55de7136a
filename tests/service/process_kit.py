"""Real nodes for tests: a host and members, each its own process on loopback."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from privshare.schemes import http_signature
from privshare.schemes.http_signature import Message
from privshare.schemes.keys import SigningKey
from privshare.service import node_process

PASSPHRASE = "correct horse battery staple"
START_S = 90.0
STOP_S = 45.0

_SERVE = (
    "import sys; from pathlib import Path; "
    "from privshare.service import node_process as n; "
    "n.serve(Path(sys.argv[1]), passphrase=n.read_passphrase())"
)


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on at this moment."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Nodes:
    """A network of processes, the host first."""

    def __init__(self, folder: Path, agencies: list[str], people: list[str]) -> None:
        self.folder = folder
        self.host = agencies[0]
        ports = free_ports(len(agencies))
        self.urls = {
            agency: f"http://127.0.0.1:{port}"
            for agency, port in zip(agencies, ports, strict=True)
        }
        self.people: dict[tuple[str, str], SigningKey] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.client = httpx.Client(timeout=60, trust_env=False)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._init, agencies))
        genesis = node_process.network_of(folder / self.host)
        for agency in agencies[1:]:
            enrolment = folder / agency / node_process.ENROLMENT
            node_process.admit(folder / self.host, enrolment, PASSPHRASE)
            node_process.join(folder / agency, genesis, self.urls[self.host])
        for agency in agencies:
            for role in people:
                key = SigningKey.generate()
                self.people[agency, role] = key
                node_process.enrol(folder / agency, key.verify_key, roles=[role])

    def _init(self, agency: str) -> None:
        node_process.init(
            self.folder / agency,
            agency=agency,
            network="process-test",
            url=self.urls[agency],
            passphrase=PASSPHRASE,
            host=agency == self.host,
        )

    def spawn(self, agency: str) -> None:
        """Start one node."""
        with (self.folder / agency / "node.log").open("ab") as log:
            self.processes[agency] = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(self.folder / agency)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[2],
                env={**os.environ, "PRIVSHARE_PASSPHRASE": PASSPHRASE},
            )

    def start(self) -> None:
        """Start all nodes and wait until each is ready."""
        for agency in self.urls:
            self.spawn(agency)
        for agency in self.urls:
            self.await_ready(agency)

    def await_ready(self, agency: str) -> None:
        """Wait until a node says that it is ready."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.processes[agency].poll() is None, self.log(agency)
            try:
                url = self.urls[agency] + "/health/ready"
                if self.client.get(url, timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log(agency))

    def log(self, agency: str) -> str:
        """The end of what a node has written."""
        return (self.folder / agency / "node.log").read_text(errors="replace")[-3000:]

    def stop(self, agency: str) -> int:
        """Stop one node gracefully; returns its exit status."""
        process = self.processes.pop(agency)
        process.terminate()
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def close(self) -> None:
        """Stop whatever still runs."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.client.close()

    def call(
        self,
        agency: str,
        role: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Call a node as one of its people."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        data = body if isinstance(body, bytes) else b""
        if body is not None and not data:
            data = json.dumps(body).encode()
        if data:
            sent.setdefault("content-type", "application/json")
            sent["content-digest"] = http_signature.content_digest(data)
        key = self.people[agency, role]
        url = self.urls[agency] + path
        for _ in range(3):
            signature = http_signature.sign(
                Message.of_url(method, url, sent),
                key,
                key.verify_key.kid,
                created=int(time.time()),
                nonce=secrets.token_bytes(16),
            )
            response = self.client.request(
                method, url, content=data, headers={**sent, **signature}
            )
            if response.status_code != 401 or response.json()["reason"] != "stale":
                break
            time.sleep(1)  # signed in the second in which the node started
        return response
