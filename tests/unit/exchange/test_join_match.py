"""Two owners' nodes push a join's messages at each other, whole and meddled with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from privshare.errors import Conflict, PrivShareError, StepNotAllowed
from privshare.exchange.join_match import MAX_JOINS, Match, Matches
from privshare.jobs.join.owner import prepare
from privshare.jobs.join.terms import Conclusion, Operation, Role, Terms

Meddle = Callable[[Role, int, bytes], list[tuple[int, bytes]]]
ROWS = {Role.RECEIVER: 40, Role.HELPER: 30}


def sides(operation: Operation = Operation.COUNT) -> dict[Role, Match]:
    """Both owners, ten people in both sets."""
    summed = operation is Operation.SUM
    bound = 10_000 if summed else 0
    terms = Terms(operation, b"j" * 32, b"r" * 32, 40, 30, 5, bound)
    people = {
        Role.RECEIVER: [b"%d" % i for i in range(40)],
        Role.HELPER: [b"%d" % i for i in range(30, 60)],
    }
    made = {}
    for role in Role:
        values = [7] * 30 if summed and role is Role.HELPER else None
        seed = role.value.encode().ljust(32)
        made[role] = Match.begin(prepare(terms, role, people[role], values, seed=seed))
    return made


def opened(operation: Operation = Operation.COUNT) -> dict[Role, Match]:
    """Both, each knowing what the other committed to."""
    both = sides(operation)
    for role in Role:
        both[role].expect(both[role.other].committed)
    return both


def honest(role: Role, number: int, data: bytes) -> list[tuple[int, bytes]]:
    return [(number, data)]


class Meddler:
    """Does one thing to one message of one side."""

    def __init__(self, sender: Role, place: int, what: str) -> None:
        self.sender, self.place, self.what = sender, place, what
        self.reached = False
        self._first = b""

    def __call__(self, role: Role, number: int, data: bytes) -> list[tuple[int, bytes]]:
        if role is self.sender and number == 0:
            self._first = data
        if (role, number) != (self.sender, self.place):
            return [(number, data)]
        self.reached = True
        changed = data[:-1] + bytes([data[-1] ^ 1])
        return {
            "altered": [(number, changed)],
            "dropped": [],
            "replayed": [(number, self._first if number else changed)],
            "twice": [(number, data), (number, data)],
        }[self.what]


def run(
    both: dict[Role, Match], meddle: Meddle = honest, silence_s: float = 5.0
) -> dict[Role, Conclusion | PrivShareError]:
    """Both at once, as they are at two nodes; what each ends in."""

    def push(role: Role, number: int, data: bytes) -> None:
        for message in meddle(role, number, data):
            both[role.other].deliver(*message)

    def end(role: Role) -> Conclusion | PrivShareError:
        try:
            return both[role].run(partial(push, role), silence_s)
        except PrivShareError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(Role, pool.map(end, Role), strict=True))


def rule(call: Callable[[], object]) -> str:
    with pytest.raises(PrivShareError) as caught:
        call()
    return str(caught.value.detail.get("rule", ""))


@pytest.mark.parametrize("operation", Operation)
def test_both_end_with_the_same(operation: Operation) -> None:
    """One conclusion; who matched is known to the receiver alone."""
    both = opened(operation)
    ends = run(both)
    one, two = ends.values()
    assert isinstance(one, Conclusion) and one == two
    if operation is Operation.IDS:
        found = set(both[Role.RECEIVER].matched())
        assert found == {b"%d" % i for i in range(30, 40)}
    else:
        assert one.result["count"] == 10
    assert both[Role.HELPER].matched() == ()
    assert both[Role.HELPER].commits() == both[Role.RECEIVER].commits()


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("sender", Role)
@pytest.mark.parametrize("what", ["altered", "dropped", "replayed", "twice"])
def test_no_message_is_meddled_with(
    operation: Operation, sender: Role, what: str
) -> None:
    """Each message of each side: nobody has a wrong result; twice is as once."""
    true = run(opened(operation))[Role.RECEIVER]
    silence_s = 5.0 if what == "twice" else 0.1
    for place in range(5):
        meddle = Meddler(sender, place, what)
        ends = run(opened(operation), meddle, silence_s)
        if not meddle.reached:
            break
        if what == "twice":
            assert all(end == true for end in ends.values())
            continue
        assert any(isinstance(end, PrivShareError) for end in ends.values())
        for end in ends.values():
            if isinstance(end, PrivShareError):
                assert str(end.detail["rule"]).startswith("join.")
            else:
                assert end == true


def test_nothing_is_taken_before_both_committed() -> None:
    """Not a message, not a run, and no second commitment."""
    both = sides()
    one, two = both.values()
    assert rule(lambda: one.deliver(0, two.first)) == "join.order"
    assert rule(lambda: one.run(lambda *_: None, 0.01)) == "join.order"
    one.expect(two.committed)
    one.expect(two.committed)
    with pytest.raises(Conflict):
        one.expect(bytes(32))
    assert rule(lambda: one.deliver(0, one.first)) == "join.commitment"
    assert rule(lambda: one.deliver(1, two.first)) == "join.order"
    assert one.deliver(0, two.first)
    assert not one.deliver(0, two.first)
    assert rule(lambda: one.deliver(1, bytes((2 << 20) + 1))) == "join.frame"


def test_nobody_fills_the_memory() -> None:
    """No more messages are taken than the terms have."""
    one, two = opened().values()
    one.deliver(0, two.first)
    taken = 0
    with pytest.raises(StepNotAllowed):
        for number in range(1, 100):
            one.deliver(number, b"x")
            taken += 1
    assert taken == 4


def test_a_join_that_ended_is_gone() -> None:
    """After silence, after its end, and after a restart."""
    one = opened()[Role.RECEIVER]
    assert rule(lambda: one.run(lambda *_: None, 0.01)) == "join.silent"
    assert rule(lambda: one.deliver(0, b"")) == "join.gone"
    held = Matches()
    made = [held.add(str(i), lambda: sides()[Role.HELPER]) for i in range(MAX_JOINS)]
    assert held.add("0", lambda: made[1]) is made[0] is held.find("0")
    assert rule(lambda: held.add("more", lambda: made[0])) == "join.busy"
    held.drop("0")
    assert rule(lambda: held.find("0")) == "join.gone"
