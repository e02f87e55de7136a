"""Calls without I/O: both drivers run the same generator."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from privshare.errors import NotFound, Unavailable
from privshare.sdk.call import (
    Awaiting,
    Blocking,
    Bound,
    Call,
    M,
    Pause,
    Request,
    Response,
    fetch,
    verb,
)


class Door(Bound[M]):
    """Something with verbs."""

    @verb
    def knock(self, times: int, *, tag: str = "") -> Call[list[int]]:
        """Knock several times."""
        seen = []
        for number in range(times):
            response = yield from fetch(Request("POST", f"/{tag}{number}"))
            seen.append(response.status)
            yield Pause(0.5)
        return seen

    @verb
    def patient(self) -> Call[str]:
        """Go on although nobody is there."""
        try:
            yield from fetch(Request("GET", "/"))
        except Unavailable:
            return "nobody"
        return "somebody"


def both(send: Any) -> tuple[Door[Blocking], Door[Awaiting], list[float]]:
    """The same door under both drivers."""
    pauses: list[float] = []

    async def asend(request: Request) -> Response:
        result: Response = send(request)
        return result

    async def asleep(seconds: float) -> None:
        pauses.append(seconds)

    return (
        Door(Blocking(send, pauses.append)),
        Door(Awaiting(asend, asleep)),
        pauses,
    )


def test_both_drivers_return_the_same() -> None:
    """The awaiting twin is the same generator under another driver."""
    sync, later, pauses = both(lambda request: Response(200 + len(request.path)))
    assert sync.knock(2, tag="a") == [203, 203]
    assert asyncio.run(later.knock(2, tag="a")) == [203, 203]
    assert pauses == [0.5] * 4


def test_errors_of_the_transport_reach_the_generator() -> None:
    """What a transport raises can be caught inside a verb."""

    def send(_: Request) -> Response:
        raise Unavailable("expected a node, found none")

    sync, later, _ = both(send)
    assert sync.patient() == "nobody"
    assert asyncio.run(later.patient()) == "nobody"


def test_errors_of_the_verb_reach_the_caller() -> None:
    """What a verb does not catch is raised to whoever called it."""

    def send(_: Request) -> Response:
        raise NotFound("expected a door, found none")

    sync, later, _ = both(send)
    with pytest.raises(NotFound):
        sync.knock(1)
    with pytest.raises(NotFound):
        asyncio.run(later.knock(1))


def test_a_cancelled_call_closes_its_generator() -> None:
    """Cancelling the task runs the generator's clean-up at once."""
    closed = []

    class Slow(Bound[M]):
        @verb
        def wait(self) -> Call[None]:
            try:
                yield Pause(60)
            finally:
                closed.append(True)

    async def send(_: Request) -> Response:
        return Response(200)

    async def run() -> None:
        task = asyncio.create_task(Slow(Awaiting(send)).wait())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert closed == [True]


def test_verbs_keep_their_documents() -> None:
    """Help shows what the method says, on the class and on an object."""
    sync, _, _ = both(lambda request: Response(200))
    assert "Knock several times." == Door.knock.__doc__ == sync.knock.__doc__
    assert sync.knock.__name__ == "knock"
