"""A mirror against hosts that lie: each lie is found, named, and kept.

`PaperHost` is a host made of a list of entries and a signing key; a test
changes one thing about it and says what the mirror must answer.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "ledger"))

from ledger_kit import (
    LOG_KEY,
    ORIGIN,
    START,
    Bench,
    Scribe,
    commitments,
    genesis,
    key,
    tx_id,
)

from privshare.bindings.merkle import consistency_proof
from privshare.errors import (
    ConfigError,
    Conflict,
    ConsistencyInvalid,
    InclusionInvalid,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    SignatureInvalid,
    SplitView,
    Unavailable,
    VerificationError,
)
from privshare.ledger.api import Committed
from privshare.ledger.block import BlockEntry
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.keeper import note_of
from privshare.ledger.engines.mirror import MirrorLedger
from privshare.ledger.trust import Witness, trust_policy
from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint, sign_checkpoint
from privshare.log.tile import WIDTH, encode_bundle, parse_path
from privshare.log.witness import (
    AddCheckpoint,
    WitnessKey,
    encode_request,
    parse_policy,
    verify_cosignature,
)
from privshare.schemes.keys import SigningKey
from privshare.wire import note as notes


class PaperHost:
    """A log as a list of entries, signed with whatever key a test likes."""

    def __init__(self, entries: list[bytes], signing: SigningKey = LOG_KEY) -> None:
        self.entries = entries
        self.signing = signing
        self.size = len(entries)

    def root(self, size: int) -> bytes:
        """The root over the first entries."""
        return merkle.root(merkle.leaf_hashes(self.entries[:size]))

    def sign(self, size: int) -> bytes:
        """A checkpoint of the first entries."""
        checkpoint = Checkpoint(ORIGIN, size, self.root(size))
        return note_of(checkpoint, sign_checkpoint(checkpoint, ORIGIN, self.signing))

    def genesis(self) -> bytes:
        """Entry 0."""
        return self.entries[0]

    def checkpoint(self, size: int | None = None) -> bytes:
        """The newest checkpoint."""
        return self.sign(self.size)

    def tile(self, path: str) -> bytes:
        """A tile or bundle of the first `size` entries."""
        tile = parse_path(path)
        if tile.level is None:
            first = tile.index * WIDTH
            if first + tile.width > self.size:
                raise NotFound(path)
            return encode_bundle(self.entries[first : first + tile.width])
        span = WIDTH**tile.level
        start = tile.index * WIDTH * span
        if start + tile.width * span > self.size:
            raise NotFound(path)
        return b"".join(
            merkle.root(merkle.leaf_hashes(self.entries[at : at + span]))
            for at in range(start, start + tile.width * span, span)
        )

    def submit(self, tx: bytes, leaves: bytes, timeout_s: float) -> Committed:
        """A paper host takes nothing."""
        raise Unavailable("expected a host that runs, found one of paper")


def flat(blocks: list[list[bytes]]) -> list[bytes]:
    """All entries of some blocks."""
    return [entry for block in blocks for entry in block]


def honest(extra: str = "", rounds: int = 3) -> Bench:
    """A log of some blocks; `extra` makes its last block another one."""
    bench = Bench()
    bench.admit_all()
    bench.close()
    for i in range(rounds):
        bench.do(*bench.scribe.anchor("taxes", 100, f"round {i}"))
        bench.do(bench.scribe.register(f"taxes/d{i}"))
        bench.close()
    if extra:
        bench.do(bench.scribe.register(f"taxes/{extra}"))
        bench.close()
    return bench


Make = Callable[..., MirrorLedger]


@pytest.fixture
def mirror_of(tmp_path: Path) -> Iterator[Make]:
    """Make mirrors that are closed when the test ends."""
    made: list[MirrorLedger] = []

    def make(
        source: object, agency: str = "taxes", now: int = START + 100
    ) -> MirrorLedger:
        mirror = MirrorLedger.create(
            tmp_path / f"{agency}{len(made)}",
            source,  # type: ignore[arg-type]
            genesis().digest,
            agency=agency,
            witness_key=key(f"{agency}/witness"),
            clock=lambda: now,
        )
        made.append(mirror)
        return mirror

    yield make
    for mirror in made:
        mirror.close()


def test_a_mirror_comes_to_the_same_state(mirror_of: Make) -> None:
    """From entries alone a mirror reaches the host's roots and proofs."""
    bench = honest()
    host = PaperHost(flat(bench.blocks))
    mirror = mirror_of(host)
    assert mirror.refresh() == host.size
    assert mirror.view().state_root == bench.machine.state.root()
    proof = mirror.prove_inclusion(5, host.size)
    leaf = merkle.leaf_hash(host.entries[5])
    merkle.verify_inclusion(leaf, 5, host.size, proof, host.root(host.size))
    assert mirror.find(tx_id(host.entries[2])) == 2


def test_a_mirror_follows_block_by_block_or_at_once(mirror_of: Make) -> None:
    """Any way of catching up ends in the same view."""
    bench = honest()
    host = PaperHost(flat(bench.blocks))
    slow, quick = mirror_of(host), mirror_of(host)
    host.size = 0
    for block in bench.blocks:
        host.size += len(block)
        slow.refresh()
    quick.refresh()
    assert slow.view().block == quick.view().block
    assert slow.checkpoint() == quick.checkpoint()


def test_a_forked_checkpoint_of_the_same_size(mirror_of: Make) -> None:
    """Another root at a size we hold is a split view, and the evidence is kept."""
    bench, other = honest("a"), honest("b")
    mirror = mirror_of(PaperHost(flat(bench.blocks)))
    mirror.refresh()
    fork = PaperHost(flat(other.blocks))
    assert fork.size == mirror.size
    mirror._source = fork
    with pytest.raises(SplitView):
        mirror.refresh()
    assert mirror.alarm is not None
    assert mirror.alarm.theirs.encode() == fork.checkpoint()


def test_a_forked_checkpoint_of_a_larger_size(mirror_of: Make) -> None:
    """A larger tree that does not extend ours is proven to be a fork."""
    mirror = mirror_of(PaperHost(flat(honest("a").blocks)))
    mirror.refresh()
    before = mirror.view().block
    other = honest("b")
    other.do(*other.scribe.anchor("taxes", 300))
    other.close()
    mirror._source = PaperHost(flat(other.blocks))
    with pytest.raises(SplitView, match="extends"):
        mirror.refresh()
    assert mirror.alarm is not None
    assert mirror.view().block == before


def test_a_fork_shown_to_somebody_else(mirror_of: Make) -> None:
    """Members who exchange checkpoints find the equivocating host."""
    mirror = mirror_of(PaperHost(flat(honest("a").blocks)))
    mirror.refresh()
    shown = PaperHost(flat(honest("b").blocks))
    mirror.observe(mirror.checkpoint())
    mirror.observe(shown.sign(shown.size - 2))
    with pytest.raises(SplitView):
        mirror.observe(shown.checkpoint())


def test_an_alarm_stops_a_mirror_until_somebody_looked(
    mirror_of: Make, tmp_path: Path
) -> None:
    """After an alarm nothing is followed, taken or cosigned, restart or not."""
    bench = honest("a")
    good = PaperHost(flat(bench.blocks))
    mirror = mirror_of(good)
    mirror.refresh()
    mirror._source = PaperHost(flat(honest("b").blocks))
    with pytest.raises(SplitView):
        mirror.refresh()
    mirror._source = good
    request = encode_request(AddCheckpoint(0, (), good.checkpoint()))
    for step in (
        mirror.refresh,
        lambda: mirror.sync(mirror.size),
        lambda: mirror.submit(bench.scribe.admit("fire")),
        lambda: mirror.handle_add_checkpoint(request),
        lambda: mirror.observe(good.checkpoint()),
    ):
        with pytest.raises(SplitView, match="stopped"):
            step()
    assert mirror.entry(0) == good.entries[0]
    mirror.close()
    again = MirrorLedger(tmp_path / "taxes0", good, agency="taxes")
    with pytest.raises(SplitView, match="stopped"):
        again.refresh()
    again.clear_alarm()
    assert again.refresh() == good.size
    again.close()


def test_a_shrunk_log(mirror_of: Make) -> None:
    """A host that offers less than it showed is refused; a fork of it alarms."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    mirror.refresh()
    host.size -= len(honest().blocks[-1])
    with pytest.raises(ConsistencyInvalid, match="shrank"):
        mirror.refresh()
    assert mirror.alarm is None
    host.entries = [*host.entries[:20], b"\x01" * 33, *host.entries[21:]]
    with pytest.raises(SplitView):
        mirror.refresh()


def test_wrong_entry_bytes(mirror_of: Make) -> None:
    """Entries that are not those of the checkpoint are refused, and no alarm."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    signed = host.checkpoint()
    tampered = PaperHost(list(host.entries))
    tampered.entries[10] = tampered.entries[10][:-1] + b" "
    tampered.checkpoint = lambda size=None: signed  # type: ignore[method-assign]
    mirror._source = tampered
    with pytest.raises((InclusionInvalid, ConsistencyInvalid)):
        mirror.refresh()
    assert mirror.size == 2 and mirror.alarm is None
    mirror._source = host
    assert mirror.refresh() == host.size


def test_wrong_entry_bytes_under_honest_tiles(mirror_of: Make) -> None:
    """With true hashes but other entries, it is the entries that are named."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    true_tile = host.tile

    def tile(path: str) -> bytes:
        data = true_tile(path)
        return data[:-1] + b"?" if "entries" in path else data

    host.tile = tile  # type: ignore[method-assign]
    with pytest.raises(InclusionInvalid, match="entries"):
        mirror.refresh()
    assert mirror.alarm is None


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x00\x01", b"\x00\x00" * 300])
def test_a_malformed_bundle(mirror_of: Make, data: bytes) -> None:
    """Bundles that end early, are empty or too long are refused."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    host.tile = lambda path: data  # type: ignore[method-assign]
    with pytest.raises((InclusionInvalid, ConsistencyInvalid)):
        mirror.refresh()


def breaking(change: Callable[[Bench, list[bytes]], list[bytes]]) -> PaperHost:
    """A host whose last block was changed before it was signed."""
    bench = honest()
    bench.do(bench.scribe.register("taxes/last"))
    bench.close()
    bench.blocks[-1] = change(bench, bench.blocks[-1])
    return PaperHost(flat(bench.blocks))


def edited(block: list[bytes], **fields: object) -> list[bytes]:
    """The same block under a block entry with other fields."""
    names = BlockEntry.__slots__
    entry = BlockEntry.decode(block[-1])
    values = {name: getattr(entry, name) for name in names} | fields
    return [*block[:-1], BlockEntry(**values).encode()]  # type: ignore[arg-type]


def with_entry(block: list[bytes], entry: bytes) -> list[bytes]:
    """The same block with one entry more, counted in its block entry."""
    count = BlockEntry.decode(block[-1]).entries + 1
    return edited([*block[:-1], entry, block[-1]], entries=count)


RULES_BROKEN: dict[str, Callable[[Bench, list[bytes]], list[bytes]]] = {
    "a wrong state root": lambda b, block: edited(block, state_root=bytes(32)),
    "a wrong height": lambda b, block: edited(block, height=99),
    "a wrong count": lambda b, block: edited(block, transactions=99),
    "wrong parameters": lambda b, block: edited(block, params=bytes(32)),
    "another network": lambda b, block: edited(block, network="other.net"),
    "a time that goes back": lambda b, block: edited(block, time=START - 1),
    "a transaction that the rules refuse": lambda b, block: with_entry(
        block, b.scribe.tx("dataset.retire", "taxes", {"dataset": "taxes/none"})
    ),
    "a transaction by a stranger": lambda b, block: with_entry(
        block, b.scribe.tx("dataset.retire", "ghost", {"dataset": "ghost/x"})
    ),
    "a forged signature": lambda b, block: with_entry(
        block,
        b.scribe.tx(
            "dataset.retire", "taxes", {"dataset": "taxes/d0"}, [key("mallory")]
        ),
    ),
    "a transaction twice": lambda b, block: with_entry(block, block[0]),
    "an expired transaction": lambda b, block: with_entry(
        block,
        b.scribe.tx(
            "dataset.retire", "taxes", {"dataset": "taxes/d0"}, not_after=START
        ),
    ),
    "a leaf nobody anchored": lambda b, block: with_entry(block, b"\x01" * 33),
    "bytes of no meaning": lambda b, block: with_entry(block, b"?"),
    "an empty block": lambda b, block: [block[-1]],
    "no block entry at its end": lambda b, block: block[:-1],
}


@pytest.mark.parametrize("lie", RULES_BROKEN)
def test_a_host_that_breaks_the_rules(mirror_of: Make, lie: str) -> None:
    """What the rules do not give is found by replay, and alarms."""
    mirror = mirror_of(breaking(RULES_BROKEN[lie]))
    with pytest.raises(VerificationError):
        mirror.refresh()
    assert mirror.alarm is not None and mirror.alarm.error == "VerificationError"
    assert mirror.size == 2
    with pytest.raises(VerificationError, match="stopped"):
        mirror.refresh()


def test_the_broken_rule_is_named(mirror_of: Make) -> None:
    """The alarm says which entry of which block was refused, and why."""
    mirror = mirror_of(breaking(RULES_BROKEN["a transaction that the rules refuse"]))
    with pytest.raises(VerificationError, match="NotFound") as found:
        mirror.refresh()
    assert found.value.detail["error"] == "NotFound"
    mirror = mirror_of(breaking(RULES_BROKEN["a wrong state root"]))
    with pytest.raises(VerificationError, match="state root"):
        mirror.refresh()


def test_a_wrong_log_key(mirror_of: Make) -> None:
    """A checkpoint by another key under the log's name is not believed."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    host.signing = key("mallory")
    with pytest.raises(SignatureInvalid):
        mirror.refresh()
    assert mirror.size == 2 and mirror.alarm is None


def test_another_network(mirror_of: Make, tmp_path: Path) -> None:
    """A mirror is started with a genesis digest and takes no other network."""
    host = PaperHost(flat(honest().blocks))
    with pytest.raises(VerificationError, match="genesis"):
        MirrorLedger.create(tmp_path / "x", host, bytes(32), agency="taxes")


def test_a_block_from_the_future(mirror_of: Make) -> None:
    """A host whose clock is hours ahead is not followed; later it is."""
    bench = honest()
    bench.scribe.now += 10_000
    bench.do(bench.scribe.register("taxes/late"))
    bench.close()
    host = PaperHost(flat(bench.blocks))
    with pytest.raises(VerificationError, match="time"):
        mirror_of(host).refresh()
    assert mirror_of(host, now=START + 10_000).refresh() == host.size


def test_a_silent_host(mirror_of: Make) -> None:
    """A host that does not answer is Unavailable, and nothing is lost."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    mirror.refresh()

    def silent(size: int | None = None) -> bytes:
        raise Unavailable("expected an answer, found none")

    host.checkpoint = silent  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        mirror.sync(mirror.size, 0.1)
    assert mirror.entry(1) == host.entries[1]


# The witness


def push(mirror: MirrorLedger, host: PaperHost, old: int) -> bytes:
    """Show the host's newest checkpoint to a mirror, from an old size."""
    hashes = merkle.leaf_hashes(host.entries[: host.size])
    proof = tuple(consistency_proof(hashes, old)) if 0 < old < host.size else ()
    return mirror.handle_add_checkpoint(
        encode_request(AddCheckpoint(old, proof, host.checkpoint()))
    )


def test_a_witness_replays_before_it_cosigns(mirror_of: Make) -> None:
    """A pushed checkpoint is followed, persisted and cosigned."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    lines = push(mirror, host, 0)
    assert mirror.size == host.size
    witness = WitnessKey(f"{ORIGIN}/witness/taxes", key("taxes/witness").verify_key)
    assert verify_cosignature(notes.parse(host.checkpoint() + lines), witness) == (
        START + 100
    )
    assert mirror.checkpoint() == host.checkpoint() + lines


def test_a_witness_cosigns_no_half_block(mirror_of: Make) -> None:
    """A checkpoint in the middle of a block we hold is of our tree, and refused."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    mirror.refresh()
    host.size -= 1
    with pytest.raises(VerificationError, match="block entry"):
        push(mirror, host, 0)
    assert mirror.alarm is None


def test_a_witness_names_its_size(mirror_of: Make) -> None:
    """From another old size than its own, a witness says where it is."""
    host = PaperHost(flat(honest().blocks))
    mirror = mirror_of(host)
    size = host.size
    push(mirror, host, 0)
    with pytest.raises(Conflict) as stale:
        push(mirror, host, 0)
    assert stale.value.detail["size"] == size
    push(mirror, host, size)


def test_a_witness_remembers_across_restarts(mirror_of: Make, tmp_path: Path) -> None:
    """What was cosigned is on disk: a restarted witness cannot be led back."""
    bench = honest()
    host = PaperHost(flat(bench.blocks))
    mirror = mirror_of(host)
    size = host.size
    push(mirror, host, 0)
    mirror.close()
    again = MirrorLedger(
        tmp_path / "taxes0",
        host,
        agency="taxes",
        witness_key=key("taxes/witness"),
        clock=lambda: START + 100,
    )
    host.size -= len(bench.blocks[-1])
    with pytest.raises(OutOfRange):
        push(again, host, size)
    with pytest.raises(Conflict):
        push(again, host, 0)
    again.close()


def test_a_witness_refuses_what_is_not_the_log(mirror_of: Make) -> None:
    """Another origin, another key, a wrong proof, a fork: each has its error."""
    host = PaperHost(flat(honest("a").blocks))
    mirror = mirror_of(host)
    foreign = Checkpoint("other.log", 0, merkle.EMPTY_ROOT)
    note = note_of(foreign, sign_checkpoint(foreign, "other.log", LOG_KEY))
    with pytest.raises(NotFound):
        mirror.handle_add_checkpoint(encode_request(AddCheckpoint(0, (), note)))
    host.signing = key("mallory")
    with pytest.raises(SignatureInvalid):
        push(mirror, host, 0)
    host.signing = LOG_KEY
    push(mirror, host, 0)
    fork = PaperHost(flat(honest("b").blocks))
    bad = encode_request(AddCheckpoint(host.size, (), fork.checkpoint()))
    with pytest.raises(SplitView):
        mirror.handle_add_checkpoint(bad)
    assert mirror.alarm is not None


def test_a_wrong_proof_is_no_alarm(mirror_of: Make) -> None:
    """A proof that does not hold is refused without accusing the host."""
    bench = honest()
    host = PaperHost(flat(bench.blocks))
    host.size -= len(bench.blocks[-1])
    mirror = mirror_of(host)
    push(mirror, host, 0)
    old, host.size = host.size, len(host.entries)
    bad = AddCheckpoint(old, (bytes(32),) * 5, host.checkpoint())
    with pytest.raises(ConsistencyInvalid):
        mirror.handle_add_checkpoint(encode_request(bad))
    assert mirror.alarm is None
    push(mirror, host, old)


def test_a_mirror_without_a_witness_key_does_not_cosign(tmp_path: Path) -> None:
    """Without the key there is nothing to sign with, and it says so."""
    host = PaperHost(flat(honest().blocks))
    with (
        MirrorLedger.create(
            tmp_path / "m", host, genesis().digest, agency="taxes"
        ) as mirror,
        pytest.raises(ConfigError),
    ):
        push(mirror, host, 0)


# A real host with two mirrors


class Direct:
    """A real ledger as a source in the same process."""

    def __init__(self, ledger: EmbeddedLedger) -> None:
        self.ledger = ledger

    def genesis(self) -> bytes:
        """Entry 0."""
        return self.ledger.genesis.encode()

    def checkpoint(self, size: int | None = None) -> bytes:
        """As the ledger has it."""
        return self.ledger.checkpoint(size)

    def tile(self, path: str) -> bytes:
        """As the ledger has it."""
        return self.ledger.tile(path)

    def submit(self, tx: bytes, leaves: bytes, timeout_s: float) -> Committed:
        """To the ledger."""
        return self.ledger.submit(tx, leaves, timeout_s)


@pytest.fixture
def consortium(tmp_path: Path) -> Iterator[tuple[EmbeddedLedger, list[MirrorLedger]]]:
    """A host that pushes to two mirrors, all in this process."""
    mirrors: dict[str, MirrorLedger] = {}

    def connect(witness: Witness) -> Callable[[bytes], bytes]:
        return mirrors[witness.agency].handle_add_checkpoint

    scribe = Scribe()
    host = EmbeddedLedger.create(
        tmp_path / "host", genesis(), LOG_KEY, clock=lambda: START + 1, connect=connect
    )
    for agency in ("taxes", "housing"):
        mirrors[agency] = MirrorLedger.create(
            tmp_path / agency,
            Direct(host),
            genesis().digest,
            agency=agency,
            witness_key=key(f"{agency}/witness"),
            clock=lambda: START + 2,
        )
        host.submit(scribe.admit(agency))
    host.scribe = scribe  # type: ignore[attr-defined]
    yield host, list(mirrors.values())
    host.close()
    for mirror in mirrors.values():
        mirror.close()


def test_a_quorum_of_mirrors_cosigns(
    consortium: tuple[EmbeddedLedger, list[MirrorLedger]],
) -> None:
    """What is submitted anywhere is cosigned by both, and both can show it."""
    host, mirrors = consortium
    scribe: Scribe = host.scribe  # type: ignore[attr-defined]
    committed = mirrors[0].submit(scribe.register("taxes/returns"))
    assert mirrors[0].view().get("dataset/taxes/returns") is not None
    need = parse_policy(trust_policy(host.genesis, host.view(), 2).encode())
    for ledger in (host, *mirrors):
        note = ledger.cosigned(committed.size, need, 10)
        verified = need.check(note, strict=True)
        assert verified.checkpoint.size >= committed.size
        assert sorted(verified.witnesses) == [
            f"{ORIGIN}/witness/housing",
            f"{ORIGIN}/witness/taxes",
        ]


def test_a_quorum_comes_under_load(
    consortium: tuple[EmbeddedLedger, list[MirrorLedger]],
) -> None:
    """While blocks keep coming, receipts still get their quorum."""
    host, mirrors = consortium
    scribe: Scribe = host.scribe  # type: ignore[attr-defined]
    done = threading.Event()
    written = [scribe.register(f"taxes/d{i}") for i in range(400)]

    def write() -> None:
        for data in written:
            if done.is_set():
                return
            host.submit(data)

    writer = threading.Thread(target=write)
    writer.start()
    need = parse_policy(trust_policy(host.genesis, host.view(), 2).encode())
    try:
        for _ in range(3):
            size = host.size
            need.check(mirrors[1].cosigned(size, need, 20))
    finally:
        done.set()
        writer.join()


def test_a_rule_speaks_through_the_mirror(
    consortium: tuple[EmbeddedLedger, list[MirrorLedger]],
) -> None:
    """The host's refusal reaches whoever submitted at a mirror, by name."""
    _, mirrors = consortium
    scribe = Scribe(nonces=1_000)
    body = commitments() | {"dataset": "taxes/x"}
    with pytest.raises(NotPermitted):
        mirrors[1].submit(scribe.tx("dataset.register", "housing", body))


def test_a_missing_quorum_is_unavailable(
    consortium: tuple[EmbeddedLedger, list[MirrorLedger]],
) -> None:
    """A quorum that nobody can reach ends in time, with Unavailable."""
    host, mirrors = consortium
    need = parse_policy(trust_policy(host.genesis, host.view(), 2).encode())
    for ledger in (host, mirrors[0]):
        started = time.monotonic()
        with pytest.raises(Unavailable):
            ledger.cosigned(host.size + 1, need, 0.3)
        assert time.monotonic() - started < 5


def test_a_host_that_names_another_place(mirror_of: Make) -> None:
    """A host that says "committed" about somebody else's entry is caught."""
    bench = honest()
    host = PaperHost(flat(bench.blocks))
    data = bench.scribe.register("taxes/mine")

    def lying(tx: bytes, leaves: bytes, timeout_s: float) -> Committed:
        return Committed(tx_id(tx), 2, 1, host.size)

    host.submit = lying  # type: ignore[method-assign]
    with pytest.raises(VerificationError, match="our transaction"):
        mirror_of(host).submit(data)


def test_a_witness_that_fails_is_left_alone(tmp_path: Path) -> None:
    """A witness that always fails stops nothing, and its error is shown."""

    def connect(witness: Witness) -> Callable[[bytes], bytes]:
        def client(body: bytes) -> bytes:
            raise RuntimeError("out of order")

        return client

    scribe = Scribe()
    with EmbeddedLedger.create(
        tmp_path / "host", genesis(), LOG_KEY, clock=lambda: START + 1, connect=connect
    ) as host:
        host.submit(scribe.admit("taxes"))
        host.submit(scribe.register("taxes/returns"))
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            status = host.witness_status().get("taxes")
            if status is not None and status.error:
                break
            time.sleep(0.01)
        assert "out of order" in host.witness_status()["taxes"].error
        with pytest.raises(PrivShareError):
            host.submit(b"{}")


def test_a_forged_cosignature_is_not_taken(tmp_path: Path) -> None:
    """A line under a witness's name that does not verify is refused."""
    scribe = Scribe()
    with EmbeddedLedger.create(
        tmp_path / "host", genesis(), LOG_KEY, clock=lambda: START + 1
    ) as host:
        host.submit(scribe.admit("taxes"))
        public = key("taxes/witness").verify_key
        name = f"{ORIGIN}/witness/taxes"
        line = notes.NoteSignature(name, WitnessKey(name, public).key_id, bytes(72))
        forged = host.checkpoint() + notes.format_signatures((line,)).encode()
        with pytest.raises(SignatureInvalid):
            host.add_cosignature(forged)
        stranger = notes.NoteSignature("stranger", b"1234", bytes(72))
        unknown = host.checkpoint() + notes.format_signatures((stranger,)).encode()
        assert host.add_cosignature(unknown) == 0
        assert b"stranger" not in host.checkpoint()
