"""Rows that memory does not hold, and what a side brings."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from privshare.errors import EncodingError, OutOfRange, VerificationError
from privshare.jobs.join import rows as store
from privshare.jobs.join.message import Kind, Message, Stream
from privshare.jobs.join.owner import prepare
from privshare.jobs.join.rows import RowStore, as_rows, is_ascending, matches, sort
from privshare.jobs.join.terms import Operation, Role, Terms

SEED = b"s" * 32


def some(count: int, width: int = 32, seed: int = 1) -> list[bytes]:
    draw = random.Random(seed)
    return [draw.randbytes(width) for _ in range(count)]


@pytest.mark.parametrize("on_disk", [False, True])
def test_rows_come_back_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_disk: bool
):
    """However they are added, parts of any size are the sorted whole."""
    monkeypatch.setattr(store, "BUCKET_ROWS", 16)
    rows = some(500, 40)
    kept = RowStore(40, 500, tmp_path / "rows" if on_disk else None)
    assert kept.buckets == 32
    for at in range(0, 500, 77):
        kept.add(b"".join(rows[at : at + 77]))
    for size in (1, 7, 499, 500, 1000):
        assert b"".join(kept.ordered(size)) == b"".join(sorted(rows))
    kept.close()
    assert list(kept.ordered(5)) == []


def test_equal_beginnings_are_told_apart():
    """Keys that differ behind their first eight bytes are sorted and matched."""
    same = [b"12345678" + row[8:] for row in some(20)]
    listed = sort(as_rows(b"".join(same), 32))
    assert listed.tobytes() == b"".join(sorted(same))
    assert is_ascending(listed, b"")
    mixed = sort(as_rows(b"".join(same[:10] + some(10)), 32))
    mine, theirs = matches(listed, mixed)
    assert {listed[i].tobytes() for i in mine} == set(same[:10])
    assert np.array_equal(listed[mine], mixed[theirs])


def test_rising_is_strict():
    """A row twice, a step down, and a row that is not above the last part's."""
    low, high = sorted(some(2))
    twin = high[:8] + bytes(24)
    for good in ([low, high], [low], []):
        assert is_ascending(as_rows(b"".join(good), 32), b"")
    for bad in ([low, low], [high, low], [high, twin]):
        assert not is_ascending(as_rows(b"".join(bad), 32), b"")
    assert not is_ascending(as_rows(high, 32), high)


def test_parts_have_one_form():
    """A part out of turn, of another size or after the last is refused."""
    stream = Stream(Kind.FIRST, 3, 32)
    rows = sorted(some(3))
    good = Message(SEED, Kind.FIRST, 0, 1, 3, b"".join(rows))
    assert stream.take(good).is_complete
    for bad, rule in (
        (Message(SEED, Kind.FIRST, 1, 1, 3, good.body), "join.order"),
        (Message(SEED, Kind.FIRST, 0, 2, 3, good.body), "join.count"),
        (Message(SEED, Kind.FIRST, 0, 1, 2, good.body[:64]), "join.count"),
        (Message(SEED, Kind.FIRST, 0, 1, 3, good.body[:-1]), "join.count"),
        (Message(SEED, Kind.FIRST, 0, 1, 3, rows[0] * 3), "join.element"),
    ):
        with pytest.raises(VerificationError) as caught:
            stream.take(bad)
        assert caught.value.detail["rule"] == rule
    for data in (b"", good.to_bytes()[:40], bytes(48), bytes(2_000_000)):
        with pytest.raises(EncodingError) as refused:
            Message.from_bytes(data)
        assert refused.value.detail["rule"] == "join.frame"


def terms(operation: Operation, **more: int) -> Terms:
    return Terms(operation, bytes(32), bytes(32), 8, 8, **more)


def test_what_the_terms_do_not_allow():
    """Sets above their size, values in the wrong place or above the bound."""
    count, total = terms(Operation.COUNT), terms(Operation.SUM, bound=10)
    many = some(9)
    for call, rule in (
        (lambda: prepare(count, Role.HELPER, many, seed=SEED), "join.size"),
        (lambda: prepare(count, Role.HELPER, [], [], seed=SEED), "join.values"),
        (lambda: prepare(total, Role.HELPER, many[:1], seed=SEED), "join.values"),
        (lambda: prepare(total, Role.HELPER, many[:1], [], seed=SEED), "join.values"),
        (
            lambda: prepare(total, Role.HELPER, many[:2], [6, 5], seed=SEED),
            "join.values",
        ),
    ):
        with pytest.raises(OutOfRange) as caught:
            call()
        assert caught.value.detail["rule"] == rule
    prepare(total, Role.HELPER, many[:3], [6, 4, -10], seed=SEED)


def test_terms_have_bounds():
    """Sizes, minimum and bound lie in their intervals."""
    for bad in (
        {"receiver_rows": 0},
        {"helper_rows": (1 << 30) + 1},
        {"minimum": -1},
        {"bound": 1},
        {"job": b"short"},
    ):
        fields = {
            "operation": Operation.COUNT,
            "job": bytes(32),
            "recipe": bytes(32),
            "receiver_rows": 1,
            "helper_rows": 1,
            **bad,
        }
        if bad == {"bound": 1}:
            fields["operation"], fields["bound"] = Operation.SUM, 0
        with pytest.raises(OutOfRange):
            Terms(**fields)


def test_the_first_message_hides_size_and_order():
    """Rows are as many as declared, and the same in whatever order they came."""
    found = some(5)
    one = prepare(terms(Operation.COUNT), Role.RECEIVER, found, seed=SEED)
    two = prepare(terms(Operation.COUNT), Role.RECEIVER, found[::-1], seed=SEED)
    assert len(b"".join(one.bodies())) == 8 * 32
    assert one.root == two.root
    assert "seed" not in repr(one)
