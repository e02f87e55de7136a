"""Numbers about the service, for Prometheus.

Counts and times by route template; never a path, a name or a key.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one node; each node has its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "privshare_http_requests_total",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "privshare_http_request_seconds",
            "Time from the first check to the answer, by route.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.faults = Counter(
            "privshare_faults_total",
            "Answers with status 500.",
            registry=self.registry,
        )
        self.streams = Gauge(
            "privshare_event_streams", "Open event streams.", registry=self.registry
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if status >= 500 and status != 503:
            self.faults.inc()

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Show a number that is read when somebody scrapes."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def page(self) -> bytes:
        """The text that a scrape gets."""
        return generate_latest(self.registry)
