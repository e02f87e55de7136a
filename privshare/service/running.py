"""An open node: ledger, store, keys, threads, in one process.

    open_node ─► Running(context) ─► app
                     └► loops: follow the log · let policies answer · run jobs

Everything that has to be closed is closed here, in the order in which it was
not opened.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import httpx

from privshare.errors import ConfigError, NotFound
from privshare.exchange.gate_place import Gate
from privshare.exchange.node import Node
from privshare.exchange.runner import Runner
from privshare.exchange.tick import node_tick, recover
from privshare.exchange.transport import HttpPeers
from privshare.ledger import query
from privshare.ledger.api import Ledger
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.mirror import MirrorLedger
from privshare.ledger.engines.remote import HttpLogSource, http_witness
from privshare.service import log
from privshare.service.attesting import attester
from privshare.service.auth import Authenticator, ReplayCache
from privshare.service.config import Settings
from privshare.service.context import Context
from privshare.service.limits import Places, RateLimit
from privshare.service.loop import Loop
from privshare.service.metrics import Metrics
from privshare.service.node_keys import Secrets
from privshare.service.trust import MembersPolicy
from privshare.store.store import Store
from privshare.wire.canonical import unb64u

DATABASE = "node.db"
LEDGER = "ledger"

#: How long a request waits for witnesses; later receipts are filed by the tick.
RECEIPT_TIMEOUT_S = 5.0

#: A member that has not heard from the host for this long is not ready.
STALE_S = 30.0


@dataclass(slots=True)
class Running:
    """A node that is open.

    Attributes:
        context: What requests reach.
        stopping: Set when the node is asked to end; streams watch it.
    """

    context: Context
    stopping: threading.Event
    _closing: ExitStack = field(repr=False)

    def close(self) -> None:
        """Stop the loops, then close store and ledger."""
        self.stopping.set()
        self._closing.close()


def open_node(
    directory: Path,
    settings: Settings,
    secrets: Secrets,
    *,
    clock: Callable[[], int] = lambda: int(time.time()),
) -> Running:
    """Open a node's ledger and store, and start its loops.

    Args:
        directory: The node directory.
        settings: From `config.load`.
        secrets: From `node_keys.load`.
        clock: Unix seconds.

    Raises:
        ConfigError: Another process has the ledger open, or files that do not
            fit one another.
    """
    with ExitStack() as closing:
        ledger = open_ledger(directory, settings, secrets, clock)
        closing.callback(ledger.close)
        replay = ReplayCache(clock())
        store = Store.open(directory / DATABASE)
        closing.callback(store.close)
        peers = HttpPeers(
            settings.agency,
            secrets.node.sign,
            lambda agency: query.agency(ledger.view(), agency).url,
            clock,
        )
        closing.callback(peers.close)
        node = Node(
            agency=settings.agency,
            network=settings.network,
            ledger=ledger,
            store=store,
            keys=secrets.node,
            peers=peers,
            clock=clock,
            need=MembersPolicy(ledger).now,
            receipt_timeout_s=RECEIPT_TIMEOUT_S,
            shares=secrets.shares,
            attester=attester(directory, settings, clock=clock),
            gate=gate_of(settings),
        )
        runner = Runner(node)
        loops, ready, starting = _loops(node, settings)
        stopping = threading.Event()
        context = Context(
            node=node,
            store=store,
            settings=settings,
            authenticator=authenticator(node, store, settings, replay),
            metrics=_metrics(ledger),
            people_rate=RateLimit(settings.rate_per_s, settings.rate_burst),
            public_rate=RateLimit(
                settings.public_rate_per_s, settings.public_rate_burst
            ),
            streams=Places(settings.max_streams),
            places=Places(settings.threads // 2),
            ready=ready,
            starting=starting,
            stopping=stopping.is_set,
            wake=runner.wake,
            witness=(
                ledger.handle_add_checkpoint
                if isinstance(ledger, MirrorLedger)
                else None
            ),
        )
        for loop in loops:
            loop.start()
            closing.callback(loop.close)
        runner.start()
        closing.callback(runner.stop)
        return Running(context, stopping, closing.pop_all())


def open_ledger(
    directory: Path, settings: Settings, secrets: Secrets, clock: Callable[[], int]
) -> EmbeddedLedger | MirrorLedger:
    """Open the log that this node hosts or mirrors; a new mirror is begun.

    Raises:
        ConfigError: Another process has it open, or it is another network's.
        Unavailable: A new mirror does not reach the host.
    """
    path = directory / LEDGER
    if settings.role == "host":
        if secrets.log is None:
            raise _missing("keys/log.key")
        connect = http_witness(http_client())
        return EmbeddedLedger(path, secrets.log, clock=clock, connect=connect)
    source = HttpLogSource(http_client(settings.host_url))
    if not path.exists():
        return MirrorLedger.create(
            path,
            source,
            unb64u(settings.genesis, 32),
            agency=settings.agency,
            witness_key=secrets.node.witness,
            clock=clock,
        )
    return MirrorLedger(
        path,
        source,
        agency=settings.agency,
        witness_key=secrets.node.witness,
        clock=clock,
    )


def gate_of(settings: Settings) -> Gate | None:
    """What a node runs submitted code with, if it takes any.

    Raises:
        ConfigError: Its folder of packages is not there.
    """
    if settings.gate == "off":
        return None
    site = Path(settings.gate_site)
    if settings.gate_site and not site.is_dir():
        raise ConfigError(
            f"expected a folder of packages at {site}, found none",
            detail={"setting": "gate_site"},
        )
    return Gate((site,) if settings.gate_site else (), settings.gate_runs)


def http_client(base_url: str = "") -> httpx.Client:
    """A client for logs and witnesses; it follows nobody elsewhere."""
    return httpx.Client(
        base_url=base_url,
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(30.0, connect=5.0),
    )


def authenticator(
    node: Node, store: Store, settings: Settings, replay: ReplayCache
) -> Authenticator:
    """Look people up in the store and agencies on the ledger."""

    def person(kid: str) -> tuple[bytes, frozenset[str]] | None:
        found = store.person(kid)
        return None if found is None else (found.public, frozenset(found.roles))

    def agency(name: str, kid: str) -> bytes | None:
        view = node.view()
        try:
            member = query.agency(view, name)
            key = query.key(view, name, kid)
        except NotFound:
            return None
        if member.status != "active" or key.use != "sign" or key.until is not None:
            return None
        return unb64u(key.pub, 32)

    return Authenticator(
        person, agency, settings.authorities, replay, settings.clock_skew_s
    )


def _loops(
    node: Node, settings: Settings
) -> tuple[list[Loop], Callable[[], str], Callable[[], str]]:
    """The node's own work; how it says that it is ready, and that it starts."""
    ledger = node.ledger
    recovered = threading.Event()

    def recover_first() -> None:
        # What was on the ledger when the process died must be seen first.
        if isinstance(ledger, MirrorLedger):
            ledger.refresh()
        recover(node)
        recovered.set()

    def tick() -> None:
        if not recovered.is_set():
            recover_first()
        for error in node_tick(node):
            log.logger().warning("tick", error=error.name, places=log.places(error))

    def starting() -> str:
        return "" if recovered.is_set() else "the log was not reached yet"

    ticking = Loop("tick", settings.tick_interval_s, tick)
    if not isinstance(ledger, MirrorLedger):
        return [ticking], starting, starting
    mirror, seen = ledger, [0]

    def follow() -> None:
        size = mirror.refresh()
        if size != seen[0]:
            seen[0] = size
            ticking.wake()

    sync = Loop("sync", settings.sync_interval_s, follow)

    def ready() -> str:
        if mirror.alarm is not None:
            return f"the mirror stopped with {mirror.alarm.error}"
        if not sync.succeeded:
            return "the log is not mirrored yet"
        if monotonic() - sync.succeeded > STALE_S:
            return f"the host of the log does not answer ({sync.error})"
        return starting()

    return [sync, ticking], ready, starting


def _metrics(ledger: Ledger) -> Metrics:
    metrics = Metrics()
    metrics.gauge(
        "privshare_ledger_size",
        "Entries of the log that this node has.",
        lambda: float(ledger.view().size),
    )
    metrics.gauge(
        "privshare_ledger_height",
        "Newest block that this node has.",
        lambda: float(ledger.view().height),
    )
    return metrics


def _missing(name: str) -> ConfigError:
    return ConfigError(f"expected {name} in the node directory, found none")
