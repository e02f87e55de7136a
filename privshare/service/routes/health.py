"""Routes for those who run the node: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from pydantic import Field

from privshare.errors import Unavailable
from privshare.service.metrics import CONTENT_TYPE
from privshare.service.route import PUBLIC, Answer, Call, Model, Route


class Health(Model):
    """What a monitor reads."""

    status: str = Field(description="`live` or `ready`")


def live(_call: Call) -> Answer:
    """Say that the process answers."""
    return Answer({"status": "live"}, headers={"Cache-Control": "no-store"})


def ready(call: Call) -> Answer:
    """Say whether the node can do its work: store open, ledger in step."""
    reason = call.context.ready()
    if reason:
        raise Unavailable(f"expected a node that is ready, found: {reason}")
    return Answer({"status": "ready"}, headers={"Cache-Control": "no-store"})


def metrics(call: Call) -> Answer:
    """Give the counters to Prometheus."""
    return Answer(call.context.metrics.page(), media=CONTENT_TYPE)


ROUTES = (
    Route(
        "GET",
        "/health/live",
        live,
        PUBLIC,
        "The process answers.",
        answer=Health,
        limited=False,
    ),
    Route(
        "GET",
        "/health/ready",
        ready,
        PUBLIC,
        "The store is open and the ledger in step.",
        answer=Health,
        limited=False,
    ),
    Route(
        "GET",
        "/metrics",
        metrics,
        PUBLIC,
        "Counters for Prometheus.",
        media=CONTENT_TYPE,
        limited=False,
    ),
)
