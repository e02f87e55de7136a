"""Calls without I/O: one generator for the blocking and the awaiting client.

A verb of the SDK is a generator. It yields what it wants done, a `Request` or
a `Pause`, receives the `Response`, and returns its value. It knows no socket,
so the same lines serve both clients, and a test can play the server by hand.
Two drivers run generators: `Blocking` in the caller's thread, `Awaiting` on
the caller's event loop.

    Dataset.request ─► Request ─► driver ─► transport ─► node
                    ◄─ Response ◄─────────────────────────┘

`verb` turns such a generator method into what the caller sees. Its type
follows from the driver in the object's type: on a `Dataset[Blocking]` the
verb returns its value, on a `Dataset[Awaiting]` something to await, and a
type checker finds the forgotten `await`.

>>> class Door(Bound[M]):
...     @verb
...     def knock(self, times: int) -> Call[int]:
...         response = yield from fetch(Request("POST", f"/knock?n={times}"))
...         return response.status
>>> Door(Blocking(lambda request: Response(204))).knock(3)
204
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

from privshare.errors import PrivShareError

T = TypeVar("T")
M = TypeVar("M")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, before it is signed.

    Attributes:
        method: In capitals.
        path: Path and query, percent-encoded, beginning with a slash.
        headers: Beyond those that the transport adds.
        body: The body, or
        file: a file that is sent instead of it, without being held in memory.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back.

    Attributes:
        status: HTTP status code.
        headers: By lower-case name.
        body: The whole body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on after this many seconds."""

    seconds: float


Effect: TypeAlias = Request | Pause
Call: TypeAlias = Generator[Effect, Response | None, T]


def fetch(request: Request) -> Call[Response]:
    """Yield a request and return the response to it."""
    return cast(Response, (yield request))


class Blocking:
    """Runs calls in the caller's thread.

    Args:
        send: Sends one request and returns the response.
        sleep: What a `Pause` does.
        close: Gives up the connections.
    """

    def __init__(
        self,
        send: Callable[[Request], Response],
        sleep: Callable[[float], None] = time.sleep,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._send = send
        self._sleep = sleep
        self.close = close

    def run(self, call: Call[T]) -> T:
        """Run a call to its end.

        Raises:
            PrivShareError: What the call raises.
        """
        try:
            effect = next(call)
            while True:
                try:
                    answer = self._do(effect)
                except PrivShareError as error:
                    effect = call.throw(error)
                else:
                    effect = call.send(answer)
        except StopIteration as end:
            return cast(T, end.value)
        finally:
            call.close()

    def _do(self, effect: Effect) -> Response | None:
        if isinstance(effect, Request):
            return self._send(effect)
        self._sleep(effect.seconds)
        return None


async def _nothing() -> None:
    """Close what was never opened."""


class Awaiting:
    """Runs calls on the caller's event loop.

    Args:
        send: Sends one request and returns the response.
        sleep: What a `Pause` does.
        close: Gives up the connections.
    """

    def __init__(
        self,
        send: Callable[[Request], Awaitable[Response]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        close: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._send = send
        self._sleep = sleep
        self.close = close

    async def run(self, call: Call[T]) -> T:
        """Run a call to its end.

        Raises:
            PrivShareError: What the call raises.
        """
        try:
            effect = next(call)
            while True:
                try:
                    answer = await self._do(effect)
                except PrivShareError as error:
                    effect = call.throw(error)
                else:
                    effect = call.send(answer)
        except StopIteration as end:
            return cast(T, end.value)
        finally:
            call.close()

    async def _do(self, effect: Effect) -> Response | None:
        if isinstance(effect, Request):
            return await self._send(effect)
        await self._sleep(effect.seconds)
        return None


class Bound(Generic[M]):
    """An object whose verbs are run by one driver.

    Args:
        driver: `Blocking` or `Awaiting`.
    """

    def __init__(self, driver: M) -> None:
        self._driver = driver


class verb(Generic[P, T]):
    """Make a generator method callable through its object's driver.

    Args:
        steps: The generator method. Other generators reach it as
            `yield from Class.name.steps(self, ...)`.
    """

    def __init__(self, steps: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> verb[P, T]: ...

    @overload
    def __get__(
        self, instance: Bound[Blocking], owner: type[Any]
    ) -> Callable[P, T]: ...

    @overload
    def __get__(
        self, instance: Bound[Awaiting], owner: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        if instance is None:
            return self

        @functools.wraps(self.steps)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return instance._driver.run(self.steps(instance, *args, **kwargs))

        return call
