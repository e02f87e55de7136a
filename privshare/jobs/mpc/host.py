"""A node as others see it: one address, and a key for each job that it is in.

    channel(job) ─► evidence ─► others' channels ─► run(Plan, request) ─► Finished

Keys live in memory and go with the job: a node that was restarted cannot take part
in what it was attested for before, and has to be attested anew.

>>> with Host("127.0.0.1", 0, "node.example:9443") as host:
...     host.channel(bytes(32)) == host.channel(bytes(32))
True
"""

from __future__ import annotations

import os
import threading
from types import TracebackType

from privshare.errors import ConfigError
from privshare.jobs.attestation.binding import Channel
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.listener import Listener
from privshare.jobs.mpc.session import Finished, Plan, run
from privshare.jobs.mpc.timeout import Notary
from privshare.jobs.mpc.tls import Identity
from privshare.jobs.mpc.worker import Work

__all__ = ["Host"]

#: Keys of jobs that were made and not used.
MAX_KEYS = 1024


class Host:
    """The listener of a node, and the keys of its jobs.

    Args:
        host: Where to listen.
        port: And at which port; 0 takes a free one.
        address: Where others reach it, "host:port"; "": where it listens.

    Raises:
        ConfigError: It cannot listen there.
    """

    def __init__(self, host: str, port: int, address: str = "") -> None:
        self.listener = Listener(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.address = address or f"{shown}:{self.listener.port}"
        self._seeds: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def channel(self, job: bytes) -> Channel:
        """Address and key of this node for a job; the key is made at the first call.

        Raises:
            ConfigError: There are too many jobs that were never run.
        """
        with self._lock:
            if job not in self._seeds:
                if len(self._seeds) >= MAX_KEYS:
                    raise ConfigError(f"expected at most {MAX_KEYS} jobs not run yet")
                self._seeds[job] = os.urandom(32)
            seed = self._seeds[job]
        return Channel(self.address, Identity.from_seed(job, seed).pin)

    def forget(self, job: bytes) -> None:
        """Drop the key of a job that is over."""
        with self._lock:
            self._seeds.pop(job, None)

    def run(
        self,
        plan: Plan,
        request: bytes | memoryview,
        notary: Notary | None = None,
        *,
        work: Work | None = None,
    ) -> Finished:
        """Take part in a job; see `session.run`. Its key is dropped at the end.

        Raises:
            VerificationError: `mpc.peer`: this node has no key for the job, or
                another than the plan says; or as `session.run`.
            Unavailable: As `session.run`.
        """
        with self._lock:
            seed = self._seeds.get(plan.job)
        mine = plan.channels[plan.index].key
        if seed is None or Identity.from_seed(plan.job, seed).pin != mine:
            abort(
                "mpc.peer",
                "expected a job for which this node has the attested key, found none",
                party=plan.index,
                fix="The node restarted since it was attested: attest it anew.",
            )
        try:
            return run(plan, seed, request, self.listener, notary, work=work)
        finally:
            self.forget(plan.job)

    def close(self) -> None:
        """Stop listening."""
        self.listener.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
