"""Somebody between the parties of a survey: no changed aggregate is accepted.

Every message of a run is changed, cut, repeated and replaced by an old one.
Each run ends in a named error, or in the very sums that the reports have.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest
from survey_kit import NOW, World, survey_of

from privshare.errors import PrivShareError
from privshare.jobs.survey.result import verify
from privshare.schemes import prio3
from privshare.schemes.prio3 import Prio3

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
KINDS: tuple[tuple[Prio3, list[int], tuple[int, ...]], ...] = (
    (prio3.count(), [1, 0, 1], (2,)),
    (prio3.buckets(3), [0, 2, 2], (1, 0, 2)),
)
MESSAGES = ("upload", "begin", "answer", "commit", "release 0", "release 1", "result")


def ends(
    vdaf: Prio3,
    answers: list[int],
    name: str,
    change: Callable[[bytes], bytes],
) -> tuple[int, ...] | str:
    """A whole run with one message changed: the sums, or the error's name."""
    world = World(survey_of(vdaf))
    world.meddle = lambda sent, data: change(data) if sent == name else data
    try:
        uploads = world.uploads(answers)
        if name == "upload":
            uploads[1] = change(uploads[1])
        world.job(uploads)
        data = world.result().to_bytes()
        if name == "result":
            data = change(data)
        return verify(world.survey, data).values
    except PrivShareError as error:
        return error.name


def flip(bit: int) -> Callable[[bytes], bytes]:
    """Changes one bit, counted around the message."""

    def change(data: bytes) -> bytes:
        at = bit % (8 * len(data))
        found = bytearray(data)
        found[at // 8] ^= 1 << (at % 8)
        return bytes(found)

    return change


def lengths(vdaf: Prio3, answers: list[int]) -> dict[str, int]:
    """How long each message of a run is."""
    world = World(survey_of(vdaf))
    uploads = world.uploads(answers)
    world.job(uploads)
    data = world.result().to_bytes()
    return {name: len(data) for name, data in world.log.items()} | {
        "upload": len(uploads[1]),
        "result": len(data),
    }


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize(("vdaf", "answers", "sums"), KINDS, ids=["count", "buckets"])
def test_flipped_bits(
    vdaf: Prio3, answers: list[int], sums: tuple[int, ...], name: str
) -> None:
    """One bit, anywhere; an upload's may only lose that one report."""
    size = lengths(vdaf, answers)[name]
    rng = random.Random(name)
    bits = (
        list(range(8 * size))
        if LONG
        else [8 * i + rng.randrange(8) for i in range(size)]
    )
    without = tuple(x - y for x, y in zip(sums, alone(vdaf, answers[1]), strict=True))
    for bit in bits if LONG else rng.sample(bits, min(len(bits), 120)):
        found = ends(vdaf, answers, name, flip(bit))
        if name == "upload":
            assert found == without, bit
        else:
            assert isinstance(found, str), bit


def alone(vdaf: Prio3, answer: int) -> tuple[int, ...]:
    """What one answer adds to the sums."""
    if vdaf.circuit == "histogram":
        return tuple(int(i == answer) for i in range(vdaf.length))
    return (answer,)


@pytest.mark.parametrize("name", MESSAGES)
def test_cut_and_stretched(name: str) -> None:
    """Shorter, longer, empty, doubled, noise: a named error, or one report less."""
    vdaf, answers, sums = KINDS[0]
    rng = random.Random(7)
    for change in (
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[1:],
        lambda data: data + b"\0",
        lambda data: data + data,
        lambda data: data[: len(data) // 2],
        lambda data: bytes(len(data)),
        lambda data: b"\xff" * len(data),
        lambda data: rng.randbytes(len(data)),
        lambda data: rng.randbytes(3),
    ):
        found = ends(vdaf, answers, name, change)
        assert found == sums if name == "upload" else isinstance(found, str)


@pytest.mark.parametrize("name", MESSAGES[1:-1])
def test_messages_of_another_run(name: str) -> None:
    """The same message of another run of the same survey does not fit."""
    vdaf, answers, _ = KINDS[1]
    other = World(survey_of(vdaf))
    other.job(other.uploads([1, 1, 1]))
    other.result()
    found = ends(vdaf, answers, name, lambda data: other.log[name])
    assert isinstance(found, str)


def test_dropped_and_reordered_messages() -> None:
    """A message for another step is refused as what it is."""
    vdaf, answers, _ = KINDS[0]
    world = World(survey_of(vdaf))
    world.job(world.uploads(answers))
    for name in ("begin", "answer", "commit"):
        for other in ("begin", "answer", "commit"):
            if name != other:
                found = ends(vdaf, answers, name, lambda data, o=other: world.log[o])
                assert found == "EncodingError"


def test_uploads_of_noise() -> None:
    """Arbitrary bytes as uploads never do more than be counted."""
    world = World(survey_of(prio3.count()))
    rng = random.Random(3)
    real = len(world.uploads([1])[0])
    junk = [
        rng.randbytes(rng.choice((0, 1, 59, 60, real, 2 * real))) for _ in range(300)
    ]
    world.job([*junk, *world.uploads([1, 1], NOW)])
    assert world.result().values == (2,)
