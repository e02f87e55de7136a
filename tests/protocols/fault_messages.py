"""What can go wrong with a message between two nodes, and where.

`record` runs a job and keeps every call and every answer. From these come the
faults: each field of each JSON body and answer in several ways, each sealed
upload at several places, each message lost, repeated, late, from somebody else,
or out of another job; each node ended before and after each message.

    record(job) ─► Script ─► faults(script, count, seed) ─► Meddler ─► `run`
"""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import AGENCIES, Asked
from fault_network import COORDINATOR, Killed, Message, Network, Place, copied

from privshare.errors import PrivShareError, Unavailable
from privshare.wire.canonical import b64u, unb64u

Way = tuple[str | int, ...]

#: What happens to one field of a body or of an answer.
FIELD = ("bit", "other", "type", "drop", "more", "none")
#: What happens to sealed bytes.
BYTES = ("bit", "cut", "longer", "empty", "old", "path")
#: What happens to a message as a whole.
WHOLE = (
    "lost",
    "answer lost",
    "twice",
    "again at the end",
    "of an older job",
    "answer of an older job",
    "as another agency",
    "to another agency",
    "no object",
    "error",
)
#: What happens to a node; it comes back at once, or stays away.
NODE = ("end before", "end after", "away before", "away after")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong in one job.

    Attributes:
        place: At which message.
        part: "body", "answer", "message" or "node".
        how: Of the lists above.
        path: To which field.
        agency: Which node, for `NODE`.
        draw: For what is left to chance.
    """

    place: Place
    part: str
    how: str
    path: Way = ()
    agency: str = ""
    draw: int = 0


@dataclass
class Spoken:
    """One message of a recorded job."""

    place: Place
    asked: Asked
    answer: Any


class Script:
    """All messages of one job, by place."""

    def __init__(self) -> None:
        self.spoken: dict[Place, Spoken] = {}

    def __call__(
        self, network: Network, message: Message, go_on: Callable[[Asked], Any]
    ) -> Any:
        asked = copy.deepcopy(message.asked)
        answer = go_on(message.asked)
        self.spoken[message.place] = Spoken(message.place, asked, copied(answer))
        return answer

    def last(self, place: Place) -> Spoken | None:
        """What was said at a place, or else the last that was said there."""
        kind, caller, agency, nth = place
        for number in range(nth, -1, -1):
            if found := self.spoken.get((kind, caller, agency, number)):
                return found
        return None


def leaves(value: Any, at: Way = ()) -> Iterator[Way]:
    """Every field, and every object and list, of a JSON value."""
    if at:
        yield at
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*at, number))


def every(script: Script) -> dict[str, list[Fault]]:
    """All faults there are, by what they hit."""
    found: dict[str, list[Fault]] = {}

    def add(name: str, fault: Fault) -> None:
        found.setdefault(name, []).append(fault)

    for place, spoken in script.spoken.items():
        for part, value in (("body", spoken.asked.body), ("answer", spoken.answer)):
            name = f"{place[0]} {part}"
            if isinstance(value, bytes):
                for how in BYTES:
                    add(name, Fault(place, part, how))
                continue
            for path in leaves(value):
                for how in FIELD:
                    add(name, Fault(place, part, how, path))
        for how in WHOLE:
            add(how, Fault(place, "message", how))
        for agency in AGENCIES:
            for how in NODE:
                add(f"{agency}: {how}", Fault(place, "node", how, (), agency))
    return found


def faults(script: Script, count: int, seed: int) -> Iterator[Fault]:
    """So many of them: every kind as often as any other, places by chance."""
    rng = random.Random(seed)
    kinds = every(script)
    for one in kinds.values():
        rng.shuffle(one)
    names = sorted(kinds)
    for number in range(count):
        if number % len(names) == 0:
            rng.shuffle(names)
        listed = kinds[names[number % len(names)]]
        fault = listed[number // len(names) % len(listed)]
        yield replace(fault, draw=rng.randrange(1 << 30))


class Meddler:
    """Makes one fault happen, once.

    Args:
        fault: Which.
        older: What was said in a job before.

    Attributes:
        hit: Whether the message came by.
    """

    def __init__(self, fault: Fault, older: Script) -> None:
        self.fault, self.hit = fault, False
        self._older = older
        self._late: list[Asked] = []

    def __call__(
        self, network: Network, message: Message, go_on: Callable[[Asked], Any]
    ) -> Any:
        if self.hit or message.place != self.fault.place:
            return go_on(message.asked)
        self.hit = True
        asked = copy.deepcopy(message.asked)
        match self.fault.part:
            case "body":
                return go_on(self._body(asked))
            case "answer":
                return self._altered(go_on(asked), self._old_answer())
            case "message":
                return self._whole(asked, go_on)
        return self._node(network, asked, go_on)

    def after(self, network: Network) -> None:
        """When the job is over: what was held back arrives now."""
        for asked in self._late:
            try:
                network.deliver(asked)
            except PrivShareError:
                continue

    # How

    def _old_answer(self) -> Any:
        old = self._older.last(self.fault.place)
        return None if old is None else old.answer

    def _body(self, asked: Asked) -> Asked:
        old = self._older.last(self.fault.place)
        body = None if old is None else old.asked.body
        if not isinstance(asked.body, bytes):
            return replace(asked, body=self._altered(asked.body, body))
        data, at = asked.body, self.fault.draw % max(1, len(asked.body))
        match self.fault.how:
            case "bit":
                turned = data[at] ^ (1 << self.fault.draw % 8)
                data = data[:at] + bytes([turned]) + data[at + 1 :]
            case "cut":
                data = data[:at]
            case "longer":
                data += bytes(1 + self.fault.draw % 64)
            case "empty":
                data = b""
            case "old":
                data = body if isinstance(body, bytes) else data
            case "path":
                ways = ("part=1&parts=2", "part=0&parts=2", "part=9&parts=1")
                path = asked.path.partition("?")[0]
                way = ways[self.fault.draw % len(ways)]
                return replace(asked, path=f"{path}?{way}")
        return replace(asked, body=data)

    def _altered(self, value: Any, old: Any) -> Any:
        """A value with one field changed, or as it was if it has no such field."""
        value = copy.deepcopy(value)
        *way, last = self.fault.path
        inner = value
        try:
            for step in way:
                inner = inner[step]
                old = _at(old, step)
            held = inner[last]
        except (KeyError, IndexError, TypeError):
            return value
        match self.fault.how:
            case "drop":
                del inner[last]
            case "more" if isinstance(held, dict):
                held["more"] = 1
            case "more" if isinstance(held, list):
                held += copy.deepcopy(held[-1:]) or [None]
            case "none":
                inner[last] = None
            case "type":
                inner[last] = _other_type(held, self.fault.draw)
            case "other":
                inner[last] = _at(old, last)
            case _:
                inner[last] = _turned(held, self.fault.draw)
        return value

    def _whole(self, asked: Asked, go_on: Callable[[Asked], Any]) -> Any:
        old = self._older.last(self.fault.place)
        others = [one for one in AGENCIES if one not in (asked.caller, asked.agency)]
        other = others[self.fault.draw % len(others)]
        match self.fault.how:
            case "lost":
                raise _away(asked)
            case "answer lost":
                go_on(asked)
                raise _away(asked)
            case "twice":
                go_on(copy.deepcopy(asked))
            case "again at the end":
                self._late.append(copy.deepcopy(asked))
            case "of an older job" if old is not None:
                asked = replace(asked, body=copy.deepcopy(old.asked.body))
            case "answer of an older job" if old is not None:
                go_on(asked)
                return copy.deepcopy(old.answer)
            case "as another agency":
                asked = replace(asked, caller=other)
            case "to another agency":
                asked = replace(asked, agency=other)
            case "no object":
                return [None, 7, "text", [], {}][self.fault.draw % 5]
            case "error":
                rule = [7, None, {}, "x" * 999, "job.no such", "job.other"]
                detail = {"rule": rule[self.fault.draw % len(rule)]}
                raise PrivShareError("made up", detail=detail)
        return go_on(asked)

    def _node(
        self, network: Network, asked: Asked, go_on: Callable[[Asked], Any]
    ) -> Any:
        agency, how = self.fault.agency, self.fault.how
        answer = go_on(asked) if how.endswith("after") else None
        if agency == COORDINATOR and asked.caller == COORDINATOR:
            raise Killed
        network.restart(agency)
        if how.startswith("away"):
            network.away.add(agency)
        if agency in (asked.agency, asked.caller):
            raise _away(asked)
        return answer if how.endswith("after") else go_on(asked)


def _away(asked: Asked) -> Unavailable:
    return Unavailable(
        f"expected {asked.agency} to answer, found nobody",
        detail={"party": asked.agency},
    )


def _at(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _other_type(held: Any, draw: int) -> Any:
    found = [
        one
        for one in ({}, [], "", 0, True, -1, 1 << 52, "A" * 300, [[]], {"v": 1})
        if type(one) is not type(held)
    ]
    return found[draw % len(found)]


def _turned(held: Any, draw: int) -> Any:
    """Another value of the same kind, as near as can be."""
    if isinstance(held, bool):
        return not held
    if isinstance(held, int):
        return held + (1 if draw % 2 else -1)
    if isinstance(held, str):
        return _text(held, draw)
    if isinstance(held, list):
        return held[::-1] if draw % 2 else held[:-1]
    if isinstance(held, dict) and held:
        names = list(held)
        return {name: held[one] for name, one in zip(names, names[::-1], strict=True)}
    return "other"


def _text(held: str, draw: int) -> str:
    try:
        data = bytearray(unb64u(held))
    except PrivShareError:
        data = bytearray()
    if len(data) >= 16:  # it is bytes: turn one bit of these
        data[draw % len(data)] ^= 1 << draw % 8
        return b64u(bytes(data))
    at = draw % max(1, len(held))
    return held[:at] + chr(33 + draw % 90) + held[at + 1 :]


KINDS: Sequence[str] = (*FIELD, *BYTES, *WHOLE, *NODE)


#: What is taken from the other of two jobs that run at the same time.
SWAPS = ("body", "answer", "path", "spec")


class Swap:
    """Two jobs run at once; one message of one becomes the other's.

    Args:
        place: At which message.
        what: Of `SWAPS`.

    Attributes:
        hit: Whether there was a message of the other job to take.
    """

    def __init__(self, place: Place, what: str) -> None:
        self._place, self._what = place, what
        self._scripts: dict[str, Script] = {}
        self.hit = False

    def __call__(
        self, network: Network, message: Message, go_on: Callable[[Asked], Any]
    ) -> Any:
        if not message.job:
            return go_on(message.asked)
        script = self._scripts.setdefault(message.job, Script())
        others = [job for job in self._scripts if job != message.job]
        said = self._scripts[others[0]].last(message.place) if others else None
        if self.hit or said is None or message.place != self._place:
            return script(network, message, go_on)
        self.hit = True
        asked = copy.deepcopy(message.asked)
        body, old = asked.body, copy.deepcopy(said.asked.body)
        match self._what:
            case "answer":
                go_on(asked)
                return copy.deepcopy(said.answer)
            case "path":
                asked = replace(asked, path=said.asked.path)
            case "spec" if isinstance(body, dict) and isinstance(old, dict):
                asked = replace(asked, body=body | {"spec": old.get("spec")})
            case _:
                asked = replace(asked, body=old)
        return go_on(asked)


def swaps(script: Script, count: int, seed: int) -> Iterator[tuple[Place, str]]:
    """Every place with every way of swapping, shuffled, again and again."""
    rng = random.Random(seed)
    places = [one for one in script.spoken if one[0] != "datasets"]
    listed = [(place, what) for place in places for what in SWAPS]
    for number in range(count):
        if number % len(listed) == 0:
            rng.shuffle(listed)
        yield listed[number % len(listed)]
