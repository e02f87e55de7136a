"""Laws of the state map and of the three ways to one ledger state."""

from __future__ import annotations

import random
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

from ledger_kit import LOG_KEY, START, Scribe, genesis, key, terms, tx_id

from privshare.errors import InclusionInvalid
from privshare.ledger.api import Committed
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.mirror import MirrorLedger
from privshare.ledger.state_map import EMPTY, StateMap, verify_map
from privshare.wire import domain
from privshare.wire.canonical import encode
from privshare.wire.digest import sha256, tagged

keys = st.integers(0, 60).map(lambda i: f"k/{i}")
values = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=2)
writes = st.lists(st.tuples(keys, values), max_size=80)


def naive(items: dict[str, dict[str, int]]) -> bytes:
    """The root by the definition alone: no cache, no increments."""

    def build(leaves: list[tuple[str, bytes]], depth: int) -> bytes:
        if not leaves:
            return EMPTY
        if len(leaves) == 1:
            return leaves[0][1]
        left = [leaf for leaf in leaves if leaf[0][depth] == "0"]
        right = [leaf for leaf in leaves if leaf[0][depth] == "1"]
        pair = (build(left, depth + 1), build(right, depth + 1))
        return tagged(domain.STATE_NODE, *pair)

    leaves = []
    for name, value in items.items():
        path = tagged(domain.STATE_KEY, name.encode())
        digest = tagged(domain.STATE_LEAF, path, sha256(encode(value)))
        leaves.append((f"{int.from_bytes(path, 'big'):0256b}", digest))
    return build(leaves, 0)


def filled(pairs: list[tuple[str, dict[str, int]]]) -> StateMap:
    """A map after some writes."""
    state = StateMap()
    for name, value in pairs:
        state.put(name, value)
    return state


@given(writes)
def test_the_root_is_that_of_the_definition(
    pairs: list[tuple[str, dict[str, int]]],
) -> None:
    """Incremental hashing gives the root of a naive rebuild."""
    assert filled(pairs).root() == naive(dict(pairs))


@given(writes, st.randoms(use_true_random=False))
def test_the_order_of_writing_does_not_show(
    pairs: list[tuple[str, dict[str, int]]], rand: random.Random
) -> None:
    """The root depends on what is held, not on how it came in."""
    final = list(dict(pairs).items())
    rand.shuffle(final)
    assert filled(final).root() == filled(pairs).root()


@given(writes, keys)
def test_proofs_hold_and_only_for_the_truth(
    pairs: list[tuple[str, dict[str, int]]], name: str
) -> None:
    """Whatever is asked, the truth is provable and nothing else is."""
    state = filled(pairs)
    held = state.get(name)
    proof = state.prove(name)
    verify_map(state.root(), name, held, proof)
    other = {"x": 1} if held is None else None
    with pytest.raises(InclusionInvalid):
        verify_map(state.root(), name, other, proof)


@given(writes, writes)
def test_a_snapshot_is_the_past(
    before: list[tuple[str, dict[str, int]]], after: list[tuple[str, dict[str, int]]]
) -> None:
    """A snapshot reads, lists and proves as if nothing had come after it."""
    state = filled(before)
    snapshot = state.snapshot()
    for name, value in after:
        state.put(name, value)
    then = filled(before)
    assert snapshot.root() == then.root()
    assert list(snapshot.items("k/")) == list(then.items("k/"))
    for name, _ in after:
        assert snapshot.get(name) == then.get(name)
        verify_map(then.root(), name, then.get(name), snapshot.prove(name))


class Direct:
    """A ledger as a mirror's source in the same process."""

    def __init__(self, ledger: EmbeddedLedger) -> None:
        self.genesis = ledger.genesis.encode
        self.checkpoint = ledger.checkpoint
        self.tile = ledger.tile
        self.submit: object = ledger.submit


def trace(seed: int) -> list[tuple[bytes, bytes]]:
    """A mixed sequence of transactions, some of which the rules refuse."""
    rand, scribe = random.Random(seed), Scribe()
    sequence = [(scribe.admit(name), b"") for name in ("taxes", "housing", "labour")]
    sequence.append((scribe.register("taxes/returns"), b""))
    grants: list[str] = []
    for i in range(60):
        choice = rand.randrange(5)
        if choice == 0:
            sequence.append(scribe.anchor("taxes", rand.randrange(1, 200), str(i)))
        elif choice == 1 or not grants:
            wanted = terms(uses=rand.randrange(1, 4), budget=rand.randrange(100))
            data = scribe.request(wanted)
            grants.append(tx_id(data))
            sequence += [(data, b""), (scribe.offer(grants[-1], wanted), b"")]
        elif choice == 2:
            grant, charge = rand.choice(grants), rand.randrange(60)
            sequence.append((scribe.reserve(grant, "housing", charge), b""))
        elif choice == 3:
            sequence.append((scribe.revoke(rand.choice(grants), "taxes"), b""))
        else:
            sequence.append((scribe.register(f"taxes/d{rand.randrange(20)}"), b""))
    return sequence


def feed(ledger: EmbeddedLedger, part: list[tuple[bytes, bytes]]) -> list[Committed]:
    """Submit one after another; refusals are part of the trace."""
    done = []
    for data, leaves in part:
        try:
            done.append(ledger.submit(data, leaves))
        except Exception:
            continue
    return done


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_way_ends_in_the_same_roots(seed: int) -> None:
    """Without interruption, over restarts, and by replay in a mirror: one log."""
    sequence = trace(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = lambda: START + 1  # noqa: E731
        straight = EmbeddedLedger.create(folder / "a", genesis(), LOG_KEY, clock=clock)
        feed(straight, sequence)
        broken = EmbeddedLedger.create(folder / "b", genesis(), LOG_KEY, clock=clock)
        for start in range(0, len(sequence), 17):
            feed(broken, sequence[start : start + 17])
            broken.close()
            broken = EmbeddedLedger(folder / "b", LOG_KEY, clock=clock)
        mirror = MirrorLedger.create(
            folder / "m",
            Direct(straight),  # type: ignore[arg-type]
            genesis().digest,
            agency="taxes",
            witness_key=key("taxes/witness"),
            clock=clock,
        )
        mirror.refresh()
        for other in (broken, mirror):
            assert other.view().block == straight.view().block
            assert other.checkpoint() == straight.checkpoint()
        for ledger in (straight, broken, mirror):
            ledger.close()


def test_arrival_from_many_threads_changes_no_outcome() -> None:
    """Eight members write at once: each finds its own writes, once, in its order."""
    with (
        tempfile.TemporaryDirectory() as name,
        EmbeddedLedger.create(
            Path(name) / "a", genesis(), LOG_KEY, clock=lambda: START + 1
        ) as ledger,
    ):
        scribe = Scribe()
        names = [f"agency{i}" for i in range(8)]
        for agency in names:
            ledger.submit(scribe.admit(agency))
        written = {
            agency: [scribe.register(f"{agency}/d{i}") for i in range(10)]
            for agency in names
        }
        done: dict[str, list[Committed]] = {}

        def go(agency: str) -> None:
            done[agency] = [ledger.submit(data) for data in written[agency]]

        threads = [threading.Thread(target=go, args=(agency,)) for agency in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for agency in names:
            places = [committed.index for committed in done[agency]]
            assert places == sorted(places)
            for data, committed in zip(written[agency], done[agency], strict=True):
                assert ledger.entry(committed.index) == data
