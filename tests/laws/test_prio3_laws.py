"""Prio3 against a second verifier, and against everybody who changes a byte."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prio3_reference import Opened

from privshare.errors import EncodingError, OutOfRange
from privshare.schemes import prio3
from privshare.schemes.prio3 import ACCEPTED, NOT_CANONICAL, Prio3, Shares

CTX, KEY = b"laws of prio3", bytes(range(7, 39))
LONG = os.environ.get("PRIVSHARE_LONG") == "1"
EXAMPLES = 200 if LONG else 25
KINDS = (
    Prio3("count"),
    Prio3("sum", bound=1),
    Prio3("sum", bound=1337),
    Prio3("sum", bound=2**63 - 1),
    Prio3("sum-vec", 3, 12, 4),
    Prio3("sum-vec", 1, 2**63 - 1, 9),
    Prio3("histogram", 7, 0, 3),
    Prio3("histogram", 1, 0, 2),
    Prio3("multihot", 5, 3, 2),
)


def run(
    vdaf: Prio3, shares: Shares, change: tuple[int, str, int] | None = None
) -> tuple[bytes, list[int] | None]:
    """All steps of both aggregators; `change` flips a bit of one message."""

    def altered(side: int, what: str, data: bytes) -> bytes:
        if change is None or change[:2] != (side, what):
            return data
        at = bytearray(data)
        at[change[2] // 8] ^= 1 << (change[2] % 8)
        return bytes(at)

    sides = [
        prio3.verify_init(vdaf, i, KEY, CTX, shares, part)
        for i, part in enumerate((shares.leader, shares.helpers))
    ]
    statuses = prio3.merged(sides[0].statuses, sides[1].statuses)
    verifiers = [altered(i, "verifier", side.verifiers) for i, side in enumerate(sides)]
    messages = prio3.combine(vdaf, verifiers, statuses, CTX)
    for i, side in enumerate(sides):
        prio3.verify_next(vdaf, side.states, altered(i, "message", messages), statuses)
    if any(statuses):
        return bytes(statuses), None
    parts = [prio3.aggregate(vdaf, side.states, statuses) for side in sides]
    return bytes(statuses), prio3.unshard(vdaf, parts)


def opened(vdaf: Prio3, shares: Shares) -> Opened:
    """One report for the second verifier."""
    return Opened(
        vdaf.circuit,
        vdaf.length,
        vdaf.bound,
        vdaf.chunk,
        2,
        CTX,
        KEY,
        shares.nonces,
        shares.public,
        (shares.leader, shares.helpers),
    )


def edgy(most: int) -> st.SearchStrategy[int]:
    """Numbers up to a bound, the edges often."""
    edges = {0, 1, most, most - 1, most // 2, 2 ** (most.bit_length() - 1) - 1}
    good = sorted(x for x in edges if 0 <= x <= most)
    return st.one_of(st.sampled_from(good), st.integers(0, most))


@st.composite
def measurements(draw: st.DrawFn, vdaf: Prio3) -> list[int]:
    """One valid measurement."""
    if vdaf.circuit == "histogram":
        return [draw(edgy(vdaf.length - 1))]
    if vdaf.circuit == "multihot":
        chosen = draw(st.sets(st.integers(0, vdaf.length - 1), max_size=vdaf.bound))
        return [int(i in chosen) for i in range(vdaf.length)]
    return [draw(edgy(vdaf.bound or 1)) for _ in range(vdaf.length)]


def sums(vdaf: Prio3, measurement: list[int]) -> list[int]:
    """What a measurement adds to an aggregate."""
    if vdaf.circuit == "histogram":
        return [int(i == measurement[0]) for i in range(vdaf.length)]
    return measurement


@pytest.mark.parametrize("vdaf", KINDS, ids=str)
def test_two_verifiers_agree(vdaf: Prio3) -> None:
    """Verifier shares add up to what the second verifier computes, each element."""

    @settings(max_examples=EXAMPLES // 5)
    @given(measurements(vdaf))
    def agree(measurement: list[int]) -> None:
        shares = prio3.shard(vdaf, measurement, CTX)
        second = opened(vdaf, shares)
        sides = [
            prio3.verify_init(vdaf, i, KEY, CTX, shares, part)
            for i, part in enumerate((shares.leader, shares.helpers))
        ]
        size = vdaf.field_bytes
        len_all = size * len(second.verifier())
        both = [second.decode(side.verifiers[:len_all]) for side in sides]
        found = [(a + b) % second.prime for a, b in zip(*both, strict=True)]
        assert second.verifier() == found
        assert second.accepts()
        assert second.output() == sums(vdaf, measurement)
        assert run(vdaf, shares)[1] == sums(vdaf, measurement)

    agree()


@pytest.mark.parametrize("vdaf", KINDS, ids=str)
def test_two_verifiers_refuse(vdaf: Prio3) -> None:
    """A report with a bit flipped anywhere is refused by both verifiers."""

    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def refuse(data: st.DataObject) -> None:
        shares = prio3.shard(vdaf, data.draw(measurements(vdaf)), CTX)
        names = ["leader", "helpers", "nonces"] + ["public"] * bool(shares.public)
        if not shares.public:
            names.remove("nonces")  # then a report id only picks the test point
        name = data.draw(st.sampled_from(names))
        part = bytearray(getattr(shares, name))
        at = data.draw(st.integers(0, 8 * len(part) - 1))
        part[at // 8] ^= 1 << (at % 8)
        bad = replace(shares, **{name: bytes(part)})
        statuses, result = run(vdaf, bad)
        assert result is None
        try:
            assert not opened(vdaf, bad).accepts()
            assert statuses[0] != NOT_CANONICAL
        except ValueError:
            assert statuses[0] == NOT_CANONICAL

    refuse()


def forged(vdaf: Prio3, values: list[int]) -> tuple[Shares, Opened]:
    """A report of elements that no measurement encodes to, with an honest proof.

    The submitter runs the true prover on a valid measurement and then moves its
    leader share so that the shares add up to `values`.
    """
    zero = [0] * (1 if vdaf.circuit == "histogram" else vdaf.length)
    shares = prio3.shard(vdaf, zero, CTX)
    second = opened(vdaf, shares)
    size, p = vdaf.field_bytes, second.prime
    leader = second.decode(shares.leader[: size * second.elements])
    moved = [
        (x + new - old) % p
        for x, new, old in zip(leader, values, second.summed[0], strict=True)
    ]
    data = b"".join(x.to_bytes(size, "little") for x in moved)
    report = replace(shares, leader=data + shares.leader[len(data) :])
    if shares.public:  # and tells the hash of what it sends
        parts = opened(vdaf, report).joint_parts
        report = replace(report, public=b"".join(parts))
    return report, opened(vdaf, report)


@pytest.mark.parametrize(
    ("vdaf", "values"),
    [
        (Prio3("count"), [2]),
        (Prio3("count"), [2**64 - 2**32]),
        (Prio3("sum", bound=15), [2, 0, 0, 0]),
        (Prio3("sum", bound=15), [0, 0, 0, 10**6]),
        (Prio3("histogram", 4, 0, 2), [1, 1, 0, 0]),
        (Prio3("histogram", 4, 0, 2), [0, 0, 0, 0]),
        (Prio3("histogram", 4, 0, 2), [2, 0, 0, -1]),
        (Prio3("multihot", 4, 2, 2), [1, 1, 1, 0, 1, 1]),
        (Prio3("sum-vec", 2, 3, 2), [1, 1, 7, 0]),
    ],
    ids=str,
)
def test_forged_measurements(vdaf: Prio3, values: list[int]) -> None:
    """Elements outside the range are refused by their proof."""
    prime = prio3.FIELDS[vdaf.field_bytes]
    report, second = forged(vdaf, [x % prime for x in values])
    assert second.summed[0] == [x % prime for x in values]
    assert not second.accepts()
    statuses, result = run(vdaf, report)
    assert (bytes([prio3.FALSE]), None) == (statuses, result)


@pytest.mark.parametrize("vdaf", [KINDS[0], KINDS[2], KINDS[6]], ids=str)
def test_every_bit_of_every_message(vdaf: Prio3) -> None:
    """Each bit of a whole run, flipped: refused, or the aggregate is the same."""
    measurement = [1]
    shares = prio3.shard(vdaf, measurement, CTX)
    honest = run(vdaf, shares)[1]
    assert honest == sums(vdaf, measurement)
    for name in ("public", "leader", "helpers"):
        data = getattr(shares, name)
        for bit in range(8 * len(data)):
            part = bytearray(data)
            part[bit // 8] ^= 1 << (bit % 8)
            assert run(vdaf, replace(shares, **{name: bytes(part)}))[1] is None
    for side in (0, 1):
        for what, size in (
            ("verifier", vdaf.sizes.verifier_share),
            ("message", vdaf.sizes.message),
        ):
            for bit in range(8 * size):
                assert run(vdaf, shares, (side, what, bit))[1] is None


@pytest.mark.parametrize(
    ("vdaf", "values"),
    [
        (Prio3("count"), [2]),
        (Prio3("count"), [-1]),
        (Prio3("sum", bound=1337), [1338]),
        (Prio3("sum", bound=1337), [2**64 - 1]),
        (Prio3("sum", bound=1337), [1.0]),
        (Prio3("sum", bound=1337), ["7"]),
        (Prio3("sum", bound=1337), [2**70]),
        (Prio3("sum-vec", 3, 12, 4), [0, 0, 13]),
        (Prio3("sum-vec", 3, 12, 4), [0, 0]),
        (Prio3("histogram", 7, 0, 3), [7]),
        (Prio3("multihot", 5, 3, 2), [1, 1, 1, 1, 0]),
        (Prio3("multihot", 5, 3, 2), [2, 0, 0, 0, 0]),
    ],
    ids=str,
)
def test_out_of_range_is_not_shared(vdaf: Prio3, values: list[Any]) -> None:
    """A client cannot share what is not a measurement."""
    with pytest.raises((OutOfRange, EncodingError)):
        prio3.shard(vdaf, values, CTX)


def test_batches_keep_reports_apart() -> None:
    """In a batch of 400 the bad reports alone are refused, wherever they stand."""
    vdaf = prio3.total(1000)
    values = np.arange(400) * 2
    shares = prio3.shard(vdaf, values, CTX)
    leader, bad = bytearray(shares.leader), (0, 17, 18, 255, 399)
    for i in bad:
        leader[i * vdaf.sizes.leader_share + 3] ^= 4
    statuses, result = run(vdaf, replace(shares, leader=bytes(leader)))
    assert result is None
    assert tuple(i for i, status in enumerate(statuses) if status != ACCEPTED) == bad
    sides = [
        prio3.verify_init(vdaf, i, KEY, CTX, shares, part)
        for i, part in enumerate((shares.leader, shares.helpers))
    ]
    parts = [prio3.aggregate(vdaf, side.states, statuses) for side in sides]
    kept = [int(x) for i, x in enumerate(values) if i not in bad]
    assert prio3.unshard(vdaf, parts) == [sum(kept)]


def test_shares_are_uniform() -> None:
    """A leader's share of one fixed number looks like any other: no bit is biased."""
    vdaf, reports = prio3.total(1), 4000
    shares = prio3.shard(vdaf, [1] * reports, CTX)
    size = vdaf.sizes.leader_share
    words = np.frombuffer(shares.leader, np.uint8).reshape(reports, size)[:, :8]
    bits = np.unpackbits(words, axis=1).mean(axis=0)
    assert abs(bits - 0.5).max() < 6 * 0.5 / reports**0.5


def test_wrong_lengths_are_refused() -> None:
    """Bytes that are not whole reports never reach the core."""
    vdaf = prio3.count()
    shares = prio3.shard(vdaf, [1], CTX)
    for bad in (
        replace(shares, nonces=shares.nonces[:-1]),
        replace(shares, public=b"x"),
    ):
        with pytest.raises(EncodingError):
            prio3.verify_init(vdaf, 0, KEY, CTX, bad, shares.leader)
    with pytest.raises(EncodingError):
        prio3.verify_init(vdaf, 0, KEY, CTX, shares, shares.leader[1:])
    with pytest.raises(EncodingError):
        prio3.verify_init(vdaf, 0, KEY[1:], CTX, shares, shares.leader)
    with pytest.raises(OutOfRange):
        prio3.verify_init(vdaf, 2, KEY, CTX, shares, shares.helpers)
    with pytest.raises(OutOfRange):
        prio3.verify_init(vdaf, 0, KEY, bytes(40_000), shares, shares.leader)
    with pytest.raises(EncodingError):
        prio3.unshard(vdaf, [b"\xff" * 8, bytes(8)])
    with pytest.raises(OutOfRange):
        prio3.unshard(vdaf, [bytes(8)])


@pytest.mark.parametrize(
    "arguments",
    [
        {"circuit": "mean"},
        {"circuit": "sum"},
        {"circuit": "sum", "bound": 2**63},
        {"circuit": "sum", "bound": -1},
        {"circuit": "count", "length": 2},
        {"circuit": "histogram", "length": 0},
        {"circuit": "histogram", "length": 2**21},
        {"circuit": "multihot", "length": 4, "bound": 5},
        {"circuit": "count", "shares": 1},
        {"circuit": "count", "proofs": 2},
    ],
    ids=str,
)
def test_parameters_are_checked(arguments: dict[str, Any]) -> None:
    """A kind of report that the draft does not have cannot be made."""
    with pytest.raises(OutOfRange):
        Prio3(**arguments)
