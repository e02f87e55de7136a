"""gunicorn, started from here: one process that serves, many threads.

The ledger has one writer and the store one file, so there is one worker
process; gunicorn's parent starts it again should it die. What cannot be put
right by trying again (a port in use, a wrong passphrase, a ledger that another
process holds) is found before, and said in one sentence.

    serve ─► Server.run ─► [worker] open_node ─► app ─► threads
    SIGTERM ─► no new request ─► those under way end ─► ledger closed ─► exit
"""

from __future__ import annotations

import gc
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from privshare.errors import ConfigError, EncodingError
from privshare.service import problems
from privshare.service.layer import trace_id

#: How long requests under way may take to end after SIGTERM.
GRACE_S = 30

#: How long one thread may hold the interpreter while others want it.
SWITCH_S = 0.001

_MAX_LINE = 8190
_SHM = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat file, no data


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's thread worker, whose refusals are problem reports too."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that is not HTTP."""
        if not isinstance(client, socket.socket):
            return
        problem = problems.problem_of(
            EncodingError("expected a complete HTTP/1.1 request, found something else"),
            trace_id(""),
        )
        body = problem.body()
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            f"Content-Type: {problems.CONTENT_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        try:
            client.sendall(head.encode("ascii") + body)
        except OSError:
            return

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """End at once: close idle connections, and wait for no request.

        gunicorn's own handler takes a lock that the line it interrupts may
        hold, and then hangs for good (seen with 27.0.1, 2026-11-22).
        """
        self.cfg.set("graceful_timeout", 0)
        self.handle_exit(sig, frame)


class Server(BaseApplication):  # type: ignore[misc]
    """One node's HTTP server.

    Args:
        bind: Address and port.
        threads: Requests at a time.
        start: Opens the node in the worker process; returns the application.
        stop: Called in the worker when the first signal to end comes, so that
            streams end.
        close: Called in the worker when the last request has ended.
        ready: Called in the parent when the port is open.
        gone: Called in the parent at the very end.
    """

    def __init__(
        self,
        bind: str,
        threads: int,
        *,
        start: Callable[[], Flask],
        stop: Callable[[], None],
        close: Callable[[], None],
        ready: Callable[[], None],
        gone: Callable[[], None],
    ) -> None:
        self._bind = bind
        self._threads = threads
        self._start = start
        self._stop = stop
        self._close = close
        self._ready = ready
        self._gone = gone
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run."""
        settings: dict[str, Any] = {
            "bind": self._bind,
            "workers": 1,
            "threads": self._threads,
            "worker_class": "privshare.service.server.Worker",
            "worker_connections": 1000,
            "keepalive": 30,
            "timeout": 120,
            "graceful_timeout": GRACE_S,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "limit_request_line": _MAX_LINE,
            "limit_request_fields": 64,
            # A client must not name another path than the one it signed.
            "forwarder_headers": "",
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
            "control_socket_disable": True,
            "post_worker_init": lambda worker: self._catch_signals(),
            "worker_exit": lambda server, worker: self._close(),
            "when_ready": lambda server: self._listening(),
            "on_exit": lambda server: self._gone(),
        }
        if _SHM.is_dir():
            settings["worker_tmp_dir"] = str(_SHM)
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Open the node, in the worker process."""
        # The committer must not wait for threads that are busy reading.
        sys.setswitchinterval(SWITCH_S)
        application = self._start()
        # What is loaded by now lives as long as the process; not to walk over
        # it again, at the latest when the process ends, is half a second saved.
        gc.freeze()
        return application

    def _listening(self) -> None:
        gc.freeze()  # the parent, too, has only to wait and to end
        self._ready()

    def _catch_signals(self) -> None:
        """Hear of the end before gunicorn waits for the last request."""
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            before = signal.getsignal(name)

            def handle(
                number: int, frame: FrameType | None, then: Any = before
            ) -> None:
                self._stop()
                if callable(then):
                    then(number, frame)

            signal.signal(name, handle)


def check_port(bind: str) -> None:
    """Make sure that we may listen there, before anything is opened.

    Raises:
        ConfigError: Somebody else does, or there is no such address here.
    """
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise ConfigError(
                f"expected to listen on {bind}, found: {error.strerror}",
                fix="Stop what uses the port, or change `bind` in node.toml.",
                detail={"setting": "bind"},
            ) from None
