"""Both sides of a join in one process: for tests, benches and examples.

>>> from privshare.jobs.join.terms import Operation, Terms
>>> terms = Terms(Operation.COUNT, bytes(32), bytes(32), 4, 8)
>>> run(terms, [b"ann", b"bob"], [b"bob", b"eve"], seeds=(b"1" * 32, b"2" * 32))[0]
{'count': 1}
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from privshare.errors import StepNotAllowed
from privshare.jobs.join.owner import Prepared, prepare
from privshare.jobs.join.party import Phase, State, conclusion, start, step
from privshare.jobs.join.terms import Role, Terms
from privshare.wire.canonical import Json

#: What happens to a message on its way: (sender, number, bytes) to what arrives.
Wire = Callable[[Role, int, bytes], Sequence[bytes]]


def run(
    terms: Terms,
    receiver: Sequence[bytes],
    helper: Sequence[bytes],
    values: Sequence[int] | None = None,
    *,
    seeds: tuple[bytes, bytes],
    folder: Path | None = None,
    wire: Wire | None = None,
) -> tuple[Mapping[str, Json], State, State]:
    """Run a join to its end.

    Args:
        terms: What both agreed on.
        receiver: Its normalised identifiers.
        helper: Its normalised identifiers.
        values: The helper's, in a sum.
        seeds: Of the receiver and of the helper, 32 bytes each.
        folder: Where rows go that memory should not hold.
        wire: What happens to messages on the way; nothing, if None.

    Returns:
        The result, and both last states.

    Raises:
        PrivShareError: What a side refused.
        StepNotAllowed: Messages were lost: nobody has anything left to send.
    """
    folders = [None if folder is None else folder / role.value for role in Role]
    own = [
        prepare(terms, Role.RECEIVER, receiver, seed=seeds[0], folder=folders[0]),
        prepare(terms, Role.HELPER, helper, values, seed=seeds[1], folder=folders[1]),
    ]
    return drive(own[0], own[1], folder=folder, wire=wire)


def drive(
    receiver: Prepared,
    helper: Prepared,
    *,
    folder: Path | None = None,
    wire: Wire | None = None,
) -> tuple[Mapping[str, Json], State, State]:
    """The same from rows that are prepared."""
    states: dict[Role, State] = {}
    queues: dict[Role, deque[bytes]] = {role: deque() for role in Role}
    count = 0

    def send(role: Role, messages: Sequence[bytes]) -> None:
        nonlocal count
        for message in messages:
            arriving = [message] if wire is None else wire(role, count, message)
            count += 1
            queues[role.other].extend(arriving)

    for own in (receiver, helper):
        under = None if folder is None else folder / f"{own.role.value}-peer"
        states[own.role], messages = start(own, under)
        send(own.role, list(messages))
    while any(queues.values()):
        for role in (Role.RECEIVER, Role.HELPER):
            if queues[role]:
                message = queues[role].popleft()
                states[role], messages = step(states[role], message)
                send(role, list(messages))
    if any(state.phase is not Phase.DONE for state in states.values()):
        raise StepNotAllowed(
            "join: expected both at the end, found one waiting",
            detail={"rule": "join.silent"},
        )
    result = conclusion(states[Role.RECEIVER])
    assert result == conclusion(states[Role.HELPER])
    return result.result, states[Role.RECEIVER], states[Role.HELPER]
