"""Every byte of a receipt counts: whatever is changed, it is no longer valid."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from network import Filed, Network

from privshare.audit.report import Verdict
from privshare.audit.verifier import verify
from privshare.jobs.requirement import OPERATIONS
from privshare.wire.canonical import encode

MUTATIONS = 2_000
KINDS = ("attested", "shares", "submitted", "together")
NAMES = sorted([*OPERATIONS, *(f"job.result.{kind}" for kind in KINDS)])
DEAR = ("job.attest", "job.refuse", "job.result")
Path = tuple[str | int, ...]


def judge(network: Network, filed: Filed, data: bytes | None = None) -> Verdict:
    """The verdict on a receipt, or on other bytes in its place."""
    return verify(
        filed.data if data is None else data,
        network.trust,
        network.now + 60,
        filed.attachments.get,
        roots=network.roots,
    )


def spared(operation: str, rng: random.Random) -> bool:
    """Whether this part of the longest receipt is left to the long form."""
    long = os.environ.get("PRIVSHARE_LONG") == "1"
    return operation == "job.result.shares" and not long and rng.random() < 0.8


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that holds no others, with the way to it."""
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from leaves(below, (*path, name))
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    else:
        yield path, value


def inner(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every list and object, with the way to it."""
    if isinstance(value, dict | list):
        yield path, value
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, below in pairs:
            yield from inner(below, (*path, name))


def at(document: Any, path: Path) -> Any:
    """What stands at the end of a path."""
    for name in path:
        document = document[name]
    return document


def put(document: Any, path: Path, value: Any) -> None:
    """Write what stands at the end of a path."""
    at(document, path[:-1])[path[-1]] = value


def edits(value: Any, rng: random.Random) -> Iterator[Any]:
    """Other values in the place of this one, near it and far from it."""
    if value is None:
        yield from (0, "", {}, [])
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, max(value - 1, 0), 0, str(value), None, 2**53 - 1)
    elif isinstance(value, str):
        if value:
            place = rng.randrange(len(value))
            other = rng.choice([c for c in "Ab1_-" if c != value[place]])
            yield value[:place] + other + value[place + 1 :]
            yield value[:-1]
        yield value + "A"
        yield None
    else:
        yield from ({"a": 1} if value == {} else [1], None)


@pytest.mark.parametrize("operation", NAMES)
def test_the_receipt_of_each_operation_is_valid(
    network: Network, filed: dict[str, Filed], operation: str
) -> None:
    """What real transactions made passes all nine steps, again and again."""
    verdict = judge(network, filed[operation])
    assert verdict.outcome == "valid", verdict.report()
    assert [step.number for step in verdict.steps] == list(range(1, 10))
    assert verdict.headline and verdict.not_proven


@pytest.mark.parametrize("operation", NAMES)
def test_every_leaf_value_counts(
    network: Network, filed: dict[str, Filed], operation: str
) -> None:
    """No field of a receipt may have another value, however neatly it is written."""
    original = json.loads(filed[operation].data)
    rng = random.Random(operation)
    for path, value in leaves(original):
        if spared(operation, rng):
            continue
        # The arithmetic of a job is dear, and so is evidence: one edit a leaf there.
        choices = [new for new in edits(value, rng) if new != value]
        for new in choices[: 1 if operation.startswith(DEAR) else None]:
            changed = deepcopy(original)
            put(changed, path, new)
            verdict = judge(network, filed[operation], encode(changed))
            assert verdict.outcome != "valid", (path, value, new)


@pytest.mark.parametrize("operation", NAMES)
def test_no_field_can_be_added_or_left_out(
    network: Network, filed: dict[str, Filed], operation: str
) -> None:
    """Objects have exactly their fields, lists exactly their elements."""
    original = json.loads(filed[operation].data)
    rng = random.Random(operation)
    for path, value in inner(original):
        if spared(operation, rng):
            continue
        for change in structural(value):
            changed = deepcopy(original)
            change(at(changed, path))
            if changed == original:
                continue
            verdict = judge(network, filed[operation], encode(changed))
            assert verdict.outcome != "valid", path


def structural(value: Any) -> Iterator[Callable[[Any], Any]]:
    """Ways to take from a list or an object, or to add to it."""
    if isinstance(value, dict):
        yield lambda one: one.update(zz=1)
        for name in list(value)[:2]:
            yield lambda one, name=name: one.pop(name)
    else:
        yield lambda one: one.append(deepcopy(one[-1]) if one else 1)
        if value:
            yield lambda one: one.pop(0)
            yield lambda one: one.insert(0, deepcopy(one[0]))
            yield lambda one: one.reverse()


def _flip(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 200) :]


def _insert(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + rng.randbytes(rng.randrange(1, 20)) + data[start:]


def _splice(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    other = rng.choice(others)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def _swap(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    mine, theirs = json.loads(data), json.loads(rng.choice(others))
    name = rng.choice(list(mine))
    mine[name] = theirs[name]
    return encode(mine)


def _transplant(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    mine, theirs = json.loads(data), json.loads(rng.choice(others))
    name = rng.choice(("entries", "state"))
    mine[name][rng.randrange(len(mine[name]))] = rng.choice(theirs[name])
    key = "index" if name == "entries" else "key"
    if rng.random() < 0.5:
        mine[name].sort(key=lambda one: one[key])
    return encode(mine)


def _drop(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    mine = json.loads(data)
    lists = [one for _, one in inner(mine) if isinstance(one, list) and one]
    chosen = rng.choice(lists)
    chosen.pop(rng.randrange(len(chosen)))
    return encode(mine)


def _double(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    mine = json.loads(data)
    lists = [one for _, one in inner(mine) if isinstance(one, list) and one]
    chosen = rng.choice(lists)
    place = rng.randrange(len(chosen))
    chosen.insert(place, deepcopy(chosen[place]))
    return encode(mine)


def _edit(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    mine = json.loads(data)
    path, value = rng.choice(list(leaves(mine)))
    put(mine, path, rng.choice(list(edits(value, rng))))
    return encode(mine)


def _note(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    mine = json.loads(data)
    lines = mine["checkpoint"].split("\n")
    place = rng.randrange(len(lines) - 1)
    match rng.randrange(4):
        case 0:
            lines.pop(place)
        case 1:
            lines.insert(place, lines[place])
        case 2:
            lines[place], lines[-2] = lines[-2], lines[place]
        case _:
            lines[place] += rng.choice((" ", "\r", "A", "="))
    return encode(mine | {"checkpoint": "\n".join(lines)})


MUTATORS = (
    _flip,
    _flip,
    _cut,
    _insert,
    _splice,
    _swap,
    _swap,
    _transplant,
    _drop,
    _double,
    _edit,
    _edit,
    _note,
)


def test_two_thousand_mutations_and_none_is_valid(
    network: Network, filed: dict[str, Filed]
) -> None:
    """Random damage and forgery of ten kinds never passes, and never takes long."""
    rng = random.Random(20261122)
    names = sorted(filed)
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    while sum(outcomes.values()) < MUTATIONS:
        name = rng.choice(names)
        others = [filed[other].data for other in names if other != name]
        mutator = rng.choice(MUTATORS)
        data = mutator(rng, filed[name].data, others)
        if data == filed[name].data:
            continue
        started = time.perf_counter()
        verdict = judge(network, filed[name], data)
        slowest = max(slowest, time.perf_counter() - started)
        assert verdict.outcome != "valid", (name, mutator.__name__)
        outcomes[verdict.outcome] += 1
    assert outcomes["invalid"] > outcomes["incomplete"]
    assert slowest < 10


def test_attachments_count_too(network: Network, filed: dict[str, Filed]) -> None:
    """A changed attachment is invalid, one that is not there incomplete."""
    rng = random.Random(1)
    for name in ("anchor", "record.share"):
        case = filed[name]
        for file, content in case.attachments.items():
            for _ in range(40):
                damaged = Filed(case.receipt, {file: _flip(rng, content, [])})
                assert judge(network, damaged).outcome == "invalid"
            assert judge(network, Filed(case.receipt)).outcome == "incomplete"


def test_any_bytes_get_a_verdict(network: Network) -> None:
    """Noise, emptiness, deep nesting and huge numbers end in a verdict, fast."""
    rng = random.Random(2)
    hostile = [
        b"",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 100_000,
        b"\xff" * 1000,
        b'{"type":"privshare.receipt","v":1}',
        *(rng.randbytes(rng.randrange(300)) for _ in range(50)),
        b" " * (9 << 20),
    ]
    for data in hostile:
        verdict = verify(data, network.trust, 0)
        assert verdict.outcome == "invalid"
        assert verdict.report() and verdict.to_json()
