"""A node that says what a test tells it to, for both drivers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from privshare.schemes.keys import SigningKey
from privshare.sdk import client as sdk_client
from privshare.sdk import transport
from privshare.sdk.call import Awaiting, Blocking
from privshare.sdk.session import Session

URL = "http://127.0.0.1:7101"
META = {"agency": "housing", "network": "demo.test", "version": "0"}
ME = {"agency": "housing", "kid": "k", "label": "Ana", "roles": ["analyst"]}

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class Node:
    """Answers by method and path; remembers what it was asked.

    Args:
        answers: `"GET /v1/me"` to (status, JSON or bytes[, headers]), a list
            of such (each used once, the last again and again), or a function
            of the request.
    """

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = {
            "GET /v1/meta": (200, META),
            "GET /v1/me": (200, ME),
            **answers,
        }
        self.asked: list[httpx.Request] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._answer(request)

    async def ahandle(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get(f"{request.method} {request.url.path}")
        if found is None:
            return problem(404, "NotFound", f"no {request.url.path}")
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if callable(found):
            found = found(request)
        if isinstance(found, httpx.Response):
            return found
        status, body, *rest = found
        headers = rest[0] if rest else {}
        if isinstance(body, bytes):
            return httpx.Response(status, content=body, headers=headers)
        return httpx.Response(status, json=body, headers=headers)

    def bodies(self, name: str) -> list[Any]:
        """JSON bodies of the requests `"POST /path"`."""
        return [
            json.loads(request.content or b"null")
            for request in self.asked
            if f"{request.method} {request.url.path}" == name
        ]


def problem(status: int, title: str, detail: str, **more: Any) -> httpx.Response:
    """A problem report as a node sends it."""
    return httpx.Response(
        status,
        json={"title": title, "detail": detail, "status": status, **more},
        headers={"content-type": "application/problem+json"},
    )


class Clock:
    """Time that passes only where somebody pauses."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self.now = start
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


def signer(clock: Clock) -> transport.Signer:
    """Somebody with a key."""
    return transport.Signer(URL, SigningKey.from_seed(bytes(32)), clock=clock)


def blocking(node: Node, clock: Clock) -> sdk_client.Client[Blocking]:
    """A blocking client of a node."""
    driver = transport.blocking(signer(clock), httpx.MockTransport(node.handle))
    driver._sleep = clock.sleep
    session = Session("trust", clock, clock)
    client: sdk_client.Client[Blocking] = sdk_client.Client(driver, session, URL)
    return client


def awaiting(node: Node, clock: Clock) -> sdk_client.Client[Awaiting]:
    """An awaiting client of a node."""
    driver = transport.awaiting(signer(clock), httpx.MockTransport(node.ahandle))
    driver._sleep = clock.asleep
    session = Session("trust", clock, clock)
    client: sdk_client.Client[Awaiting] = sdk_client.Client(driver, session, URL)
    return client


Both = Callable[[Any], Any]
