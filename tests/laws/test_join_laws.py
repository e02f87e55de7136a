"""A private join says what a plain intersection says, and nothing is silent."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privshare.errors import PrivShareError
from privshare.jobs.join import message as wire
from privshare.jobs.join.local import run
from privshare.jobs.join.party import conclusion
from privshare.jobs.join.terms import Operation, Role, Terms

SEEDS = (b"r" * 32, b"h" * 32)
JOB = bytes(range(32))

sets = st.lists(st.sampled_from([bytes([c]) for c in range(24)]), max_size=40)


def terms(operation: Operation, rows: int = 40, **more: int) -> Terms:
    bound = (1 << 20) if operation is Operation.SUM else 0
    return Terms(operation, JOB, bytes(32), rows, rows, **{"bound": bound, **more})


@given(sets, sets)
@settings(max_examples=25, deadline=None)
def test_a_count_is_the_size_of_the_intersection(a: list[bytes], b: list[bytes]):
    """psi.count of lists with repetitions is the plain one of their sets."""
    result, *_ = run(terms(Operation.COUNT), a, b, seeds=SEEDS)
    assert result == {"count": len(set(a) & set(b))}


@given(sets, st.lists(st.tuples(st.sampled_from(range(24)), st.integers(-99, 99))))
@settings(max_examples=20, deadline=None)
def test_a_sum_is_that_of_the_matching_rows(a: list[bytes], b: list[tuple[int, int]]):
    """psi.sum adds the values of those helper's rows that the receiver has."""
    b = b[:40]
    keys, values = [bytes([k]) for k, _ in b], [v for _, v in b]
    result, *_ = run(terms(Operation.SUM), a, keys, values, seeds=SEEDS)
    own = set(a)
    expected = sum(v for k, v in zip(keys, values, strict=True) if k in own)
    assert result == {"count": len(own & set(keys)), "sum": expected}


@given(sets, sets)
@settings(max_examples=12, deadline=None)
def test_identifiers_are_those_of_the_intersection(a: list[bytes], b: list[bytes]):
    """psi.ids tells the receiver which of its own identifiers match."""
    _, receiver, helper = run(terms(Operation.IDS), a, b, seeds=SEEDS)
    assert set(receiver.matched) == set(a) & set(b)
    assert helper.matched == ()
    assert conclusion(receiver).digest == conclusion(helper).digest


@pytest.mark.parametrize("operation", list(Operation))
def test_the_ends_of_the_range(operation: Operation):
    """Empty sets, equal sets, disjoint sets, and a set as large as declared."""
    whole = [i.to_bytes(2, "big") for i in range(40)]
    apart = [i.to_bytes(3, "big") for i in range(40)]
    for a, b in (([], []), (whole, []), ([], whole), (whole, whole), (whole, apart)):
        values = [3] * len(b) if operation is Operation.SUM else None
        result, receiver, _ = run(terms(operation), a, b, values, seeds=SEEDS)
        size = len(set(a) & set(b))
        if operation is Operation.IDS:
            assert len(receiver.matched) == size
        else:
            assert result["count"] == size
            assert result.get("sum", 3 * size) == 3 * size


@pytest.mark.parametrize("operation", list(Operation))
def test_few_matches_are_withheld(operation: Operation):
    """Below the minimum neither side learns a count, a sum or a name."""
    values = [5, 6] if operation is Operation.SUM else None
    for minimum, told in ((1, True), (2, False)):
        result, receiver, _ = run(
            terms(operation, minimum=minimum),
            [b"a", b"b"],
            [b"b", b"c"],
            values,
            seeds=SEEDS,
        )
        assert (result != {"withheld": "minimum"}) is told
        assert bool(receiver.matched) is (told and operation is Operation.IDS)


def test_rows_on_disk_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With files, many small buckets and many parts the results are the same."""
    monkeypatch.setattr("privshare.jobs.join.rows.BUCKET_ROWS", 64)
    for module in ("terms", "message", "owner", "answer"):
        monkeypatch.setattr(f"privshare.jobs.join.{module}.PART_ROWS", 50)
    a = [i.to_bytes(2, "big") for i in range(0, 300)]
    b = [i.to_bytes(2, "big") for i in range(100, 420)]
    for operation in Operation:
        values = [1] * len(b) if operation is Operation.SUM else None
        result, receiver, _ = run(
            terms(operation, 430), a, b, values, seeds=SEEDS, folder=tmp_path
        )
        if operation is Operation.IDS:
            assert sorted(receiver.matched) == a[100:]
        else:
            assert result["count"] == 200
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


class Fault:
    """A change on the wire at one message."""

    def __init__(self, at: int, change: str, where: int) -> None:
        self.at, self.change, self.where = at, change, where
        self.seen: list[bytes] = []

    def __call__(self, role: Role, number: int, message: bytes) -> list[bytes]:
        self.seen.append(message)
        if number != self.at:
            return [message]
        match self.change:
            case "drop":
                return []
            case "twice":
                return [message, message]
            case "replay":
                return [self.seen[0], message]
            case "short":
                return [message[: self.where % len(message)]]
            case "long":
                return [message + b"\0"]
            case _:
                changed = bytearray(message)
                changed[self.where % len(message)] ^= 1 << self.where % 8
                return [bytes(changed)]


def places(size: int) -> list[int]:
    """Each byte of a head, and every kind of place behind it."""
    head = wire._HEAD.size
    behind = {head, head + 31, head + 32, (head + size) // 2, size - 33, size - 1}
    return [*range(0, head, 5), *sorted(p for p in behind if head <= p < size)]


@pytest.mark.parametrize("operation", list(Operation))
def test_no_changed_message_changes_the_answer(
    operation: Operation, monkeypatch: pytest.MonkeyPatch
):
    """Each message changed at each kind of place: the right answer or a rule."""
    for module in ("terms", "message", "owner", "answer"):
        monkeypatch.setattr(f"privshare.jobs.join.{module}.PART_ROWS", 4)
    a, b = [b"a", b"b", b"c", b"d"], [b"c", b"d", b"e", b"f"]
    values = [1, 2, 4, 8] if operation is Operation.SUM else None
    agreed = terms(operation, 6)
    clean = Fault(-1, "", 0)
    expected, *_ = run(agreed, a, b, values, seeds=SEEDS, wire=clean)
    faults = [
        Fault(number, change, 7 * number + 3)
        for number in range(len(clean.seen))
        for change in ("drop", "twice", "replay", "short", "long")
    ]
    faults += [
        Fault(number, "flip", place)
        for number, message in enumerate(clean.seen)
        for place in places(len(message))
    ]
    refused = set()
    for fault in faults:
        try:
            found, *_ = run(agreed, a, b, values, seeds=SEEDS, wire=fault)
        except PrivShareError as error:
            assert error.detail["rule"].startswith("join."), error
            refused.add(error.detail["rule"])
        else:
            assert found == expected, (fault.at, fault.change, fault.where)
    assert {"join.frame", "join.session", "join.order", "join.count"} <= refused
    assert {"join.result", "join.root", "join.element"} & refused


def test_a_message_of_another_run_is_refused():
    """The same sets under another job: its messages are of no use here."""
    other = Fault(-1, "", 0)
    run(
        Terms(Operation.COUNT, b"x" * 32, bytes(32), 6, 6),
        [b"a"],
        [b"a"],
        seeds=SEEDS,
        wire=other,
    )
    for at in range(len(other.seen)):

        def wire_(role: Role, number: int, message: bytes, at: int = at) -> list[bytes]:
            return [other.seen[at]] if number == at else [message]

        with pytest.raises(PrivShareError) as caught:
            run(terms(Operation.COUNT, 6), [b"a"], [b"a"], seeds=SEEDS, wire=wire_)
        assert caught.value.detail["rule"] == "join.session"


@pytest.mark.skipif(
    not os.environ.get("PRIVSHARE_LONG"),
    reason="long form: 300,000 rows on disk; set PRIVSHARE_LONG=1",
)
@pytest.mark.parametrize("operation", list(Operation))
def test_many_rows_on_disk(operation: Operation, tmp_path: Path):
    """Sets of several buckets and many parts give the plain answer."""
    draw = random.Random(11)
    a = [b"%011d" % draw.randrange(600_000) for _ in range(300_000)]
    b = [b"%011d" % draw.randrange(600_000) for _ in range(280_000)]
    values = (
        [draw.randrange(-50, 50) for _ in b] if operation is Operation.SUM else None
    )
    agreed = Terms(
        operation, JOB, bytes(32), 300_000, 300_000, 0, (1 << 30) * (values is not None)
    )
    result, receiver, _ = run(agreed, a, b, values, seeds=SEEDS, folder=tmp_path)
    own = set(a)
    if operation is Operation.IDS:
        assert set(receiver.matched) == own & set(b)
    else:
        assert result["count"] == len(own & set(b))
    if values is not None:
        expected = sum(v for x, v in zip(b, values, strict=True) if x in own)
        assert result["sum"] == expected
