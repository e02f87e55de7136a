"""Laws of rings on the ledger, over random histories.

Whoever handed them in, in whatever order: a member is counted in a scope as
often as it spoke there, and not oftener where it may speak once; a signer is
named by enough different regulators and by nobody else; one list is in force;
and a replay of the log gives the same state.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

from ledger_kit import NETWORK
from statement_bench import REGULATORS, RING, RingBench

from privshare.errors import PrivShareError
from privshare.ledger import query
from privshare.ledger.machine import Machine
from privshare.ledger.ring_statement import Place, tag_key
from privshare.schemes.ring_signature import tag_of
from privshare.wire.canonical import b64u

MEMBERS = 4
SCOPES = ("reports", "votes")

said = st.tuples(
    st.just("say"),
    st.integers(0, MEMBERS - 1),
    st.sampled_from(SCOPES),
    st.sampled_from((b"yes", b"no")),
)
opened = st.tuples(
    st.just("open"), st.integers(0, 5), st.sampled_from((*REGULATORS, "registry"))
)
listed = st.tuples(
    st.just("list"),
    st.sampled_from(("link", "refuse")),
    st.booleans(),
    st.booleans(),
)
histories = st.lists(st.one_of(said, said, opened, opened, listed), max_size=14)


class History:
    """A bench, and what a simple model says must have come of it."""

    def __init__(self) -> None:
        self.bench = RingBench()
        self.keys = self.bench.register(MEMBERS, regulators=self.bench.regulators())
        self.repeat = "link"
        self.spoke: Counter[tuple[int, str]] = Counter()
        self.names: list[tuple[str, int, int]] = []
        self.parts: dict[str, list[str]] = {}
        self.taken: set[tuple[int, str, bytes, int]] = set()

    @property
    def active(self) -> int:
        """The list in force."""
        return query.ring(self.bench.machine.state, RING).active or 0

    def attempt(self, action: tuple[object, ...]) -> None:
        """Do it, if the model allows it; else it must be refused."""
        may, do = getattr(self, f"_{action[0]}")(*action[1:])
        before = self.bench.machine.state.root()
        try:
            do()
        except PrivShareError:
            assert not may, action
            assert self.bench.machine.state.root() == before
        else:
            assert may, action

    def _say(self, member: int, scope: str, message: bytes):  # type: ignore[no-untyped-def]
        again = (member, scope, message, self.active) in self.taken
        more = self.spoke[member, scope] and self.repeat == "refuse"
        may = not again and not more

        def do() -> None:
            key, epoch = self.keys[member], self.active
            name = self.bench.say(key, message, epoch=epoch, scope=scope)
            self.spoke[member, scope] += 1
            self.taken.add((member, scope, message, epoch))
            self.names.append((name, member, epoch))

        return may, do

    def _open(self, which: int, agency: str):  # type: ignore[no-untyped-def]
        if which >= len(self.names):
            return True, lambda: None
        name, _, epoch = self.names[which]
        held = self.bench.epoch(epoch).regulators
        given_by = self.parts.setdefault(name, [])
        may = (
            held is not None
            and agency in held.agencies
            and agency not in given_by
            and len(given_by) < held.threshold
        )

        def do() -> None:
            who = agency if agency in REGULATORS and held else "taxes"
            body = {"opening": b64u(bytes(129)), "reason": "why", "statement": name}
            if held is not None:
                body = self.bench.part(name, who)
            self.bench.do(self.bench.scribe.tx("reg.open", agency, body))
            given_by.append(agency)

        return may, do

    def _list(self, repeat: str, more: bool, regulated: bool):  # type: ignore[no-untyped-def]
        def do() -> None:
            newest = query.ring(self.bench.machine.state, RING).newest
            self.bench.register(
                MEMBERS,
                epoch=newest + 1,
                repeat=repeat,
                more=more,
                regulators=self.bench.regulators() if regulated else None,
            )
            if not more:
                self.repeat = repeat

        return True, do

    def check(self) -> None:
        """Hold the state against the model."""
        state = self.bench.machine.state
        for (member, scope), count in self.spoke.items():
            place = Place(NETWORK, RING, 1, scope)
            tag = tag_of(self.keys[member], place.scope_bytes).value
            use = query.tag_use(state, tag_key(place, tag))
            assert use is not None and use.count == count
        assert len(list(state.items("tag/"))) == len(+self.spoke)
        for name, member, epoch in self.names:
            opening = query.opening(state, name)
            held = self.bench.epoch(epoch).regulators
            assert (opening is None) == (held is None)
            if opening is None or held is None:
                continue
            by = [one.agency for one in opening.partials]
            assert by == self.parts.get(name, []) and len(set(by)) == len(by)
            enough = len(by) == held.threshold
            named = b64u(self.keys[member].public) if enough else None
            assert opening.member == named
        newest = query.ring(state, RING).newest
        statuses = Counter(
            self.bench.epoch(number).status for number in range(1, newest + 1)
        )
        assert statuses["active"] == 1 and statuses["open"] <= 1

    def replayed(self) -> None:
        """A mirror that sees the log alone comes to the same root."""
        if self.bench.open:
            self.bench.close()
        mirror = Machine(self.bench.genesis)
        for entries in self.bench.blocks:
            mirror.replay_block(entries)
        assert mirror.state.root() == self.bench.machine.state.root()


@settings(max_examples=40)
@given(histories)
def test_what_the_ledger_holds_of_rings(history: list[tuple[object, ...]]) -> None:
    """The state is what the model says, and so is what is refused."""
    made = History()
    for action in history:
        made.attempt(action)
    made.check()
    made.replayed()
