"""The parts of a running node that handlers reach.

Made once by `node_process` (or a test) and handed to `app.create_app`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from privshare.exchange.node import Node
from privshare.service.auth import Authenticator
from privshare.service.config import Settings
from privshare.service.limits import Places, RateLimit
from privshare.service.metrics import Metrics
from privshare.store.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a request may need.

    Attributes:
        node: The exchange's node: ledger, keys, peers, clock.
        store: The node's rows; the same as `node.store`.
        settings: What node.toml says.
        authenticator: Tells who asks.
        metrics: Counters of this node.
        people_rate: For those who are authenticated.
        public_rate: For addresses that nobody vouches for.
        streams: For event streams.
        places: For requests that may wait for the ledger.
        ready: Says why the node is not ready, or "".
        starting: Says why nothing may be changed yet, or "": what an earlier
            process left half done is mended first.
        stopping: Whether the node was asked to end; streams end then.
        witness: Answers C2SP add-checkpoint requests; None at the host.
        wake: Tells the job runner that there is work.
        boot: Names this process in the store.
        monotonic: Seconds for rates and times.
    """

    node: Node
    store: Store
    settings: Settings
    authenticator: Authenticator
    metrics: Metrics
    people_rate: RateLimit
    public_rate: RateLimit
    streams: Places
    places: Places
    ready: Callable[[], str]
    starting: Callable[[], str] = lambda: ""
    stopping: Callable[[], bool] = lambda: False
    witness: Callable[[bytes], bytes] | None = None
    wake: Callable[[], None] = lambda: None
    boot: str = field(default_factory=lambda: secrets.token_hex(8))
    monotonic: Callable[[], float] = time.monotonic
