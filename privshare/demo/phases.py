"""Where the time of an encrypted sum went, as the nodes count it themselves.

Every node counts how long it worked on requests, by route (`/metrics`). What
the counters of all nodes gained while a job ran is the time of its phases; what
is left of the time that the analyst waited is the coordinator's checking, the
result's way onto the ledger, and her own verification of the receipt.

    before = counters(urls)
    ...                                    # the job
    phases(gained(before, counters(urls)), ask_s, whole_s)

>>> took = phases({f"{JOB}/contributions/{{agency}}/{{name}}": 0.9,
...     f"{JOB}/inputs/{{agency}}/{{name}}": 0.1, f"{JOB}/aggregation": 0.05,
...     f"{JOB}/opening": 0.05}, ask_s=0.1, whole_s=1.4)
>>> told(took)
'ask 0.10 s, encrypt 0.80, ship 0.10, add 0.05, open 0.05, verify 0.30: 1.40 s'
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from urllib.parse import urlsplit

JOB = "/v1/peer/jobs/{job}"
"""What the routes of a job begin with."""

_SECONDS = re.compile(
    r'^privshare_http_request_seconds_sum\{route="([^"]+)"\} (\S+)$', re.MULTILINE
)
_TIMEOUT_S = 10.0


def counters(urls: Iterable[str]) -> dict[str, float]:
    """Seconds that all nodes together worked on requests, by route.

    Raises:
        OSError: A node does not answer.
    """
    found: dict[str, float] = {}
    for url in urls:
        connection = http.client.HTTPConnection(
            urlsplit(url).netloc, timeout=_TIMEOUT_S
        )
        with closing(connection):
            connection.request("GET", "/metrics")
            page = connection.getresponse().read().decode()
        for route, seconds in _SECONDS.findall(page):
            found[route] = found.get(route, 0.0) + float(seconds)
    return found


def gained(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What counters gained in between."""
    return {route: seconds - before.get(route, 0.0) for route, seconds in after.items()}


def phases(
    spent: Mapping[str, float], ask_s: float, whole_s: float
) -> dict[str, float]:
    """Seconds of each phase.

    Args:
        spent: By route, while the job ran.
        ask_s: Until the job was admitted.
        whole_s: Until the receipt was verified.

    Returns:
        `ask`; `encrypt`: the owner reads, groups, packs and encrypts; `ship`: the
        compute node takes the ciphertexts in; `add`: it checks and multiplies
        them; `open`: totals are opened and proven; `verify`: the rest.
    """

    def at(step: str) -> float:
        return sum(s for route, s in spent.items() if route.startswith(f"{JOB}/{step}"))

    ship, owner = at("inputs"), at("contributions")
    took = {
        "ask": ask_s,
        "encrypt": max(0.0, owner - ship),
        "ship": ship,
        "add": at("aggregation"),
        "open": at("opening"),
    }
    return {**took, "verify": max(0.0, whole_s - sum(took.values()))}


def told(took: Mapping[str, float]) -> str:
    """The phases in a line."""
    first, *rest = (f"{name} {seconds:.2f}" for name, seconds in took.items())
    return f"{', '.join([f'{first} s', *rest])}: {sum(took.values()):.2f} s"
