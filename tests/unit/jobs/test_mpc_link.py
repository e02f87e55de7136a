"""A node's link: rounds, order, silence by name, and the transcript."""

from __future__ import annotations

import hashlib
import socket
import time

import pytest
from mpc_kit import JOB, converse, frame, links, notaries, pairs, times, together

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.mpc import stream_link
from privshare.jobs.mpc.frame import CHUNK, Kind, label_digest
from privshare.jobs.mpc.stream_link import StreamLink, Times
from privshare.jobs.mpc.timeout import Timeout
from privshare.jobs.mpc.transcript import Views
from privshare.wire import envelope
from privshare.wire.canonical import unb64u


@pytest.fixture(autouse=True)
def short_parting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who misbehave here say no goodbye: nobody waits long for it."""
    monkeypatch.setattr(stream_link, "_PARTING_S", 0.05)


def test_rounds_carry_what_was_sent() -> None:
    """Each gets what its neighbours sent it, of any length, also of none."""

    def program(link: StreamLink) -> list[bytes]:
        me = bytes([link.index])
        got = []
        for size in (0, 1, 79, 80, 16_304, 16_305, CHUNK, CHUNK + 1, 3 * CHUNK):
            got += map(
                bytes, link.round("s", me * size, me * (size // 2), size // 2, size)
            )
        return got

    for node, got in enumerate(converse(program, links(times()))):
        assert isinstance(got, list), got
        before, after = bytes([(node + 2) % 3]), bytes([(node + 1) % 3])
        for place, size in enumerate((0, 1, 79, 80, 16_304, 16_305, CHUNK)):
            assert got[2 * place] == before * (size // 2)
            assert got[2 * place + 1] == after * size


def test_uneven_rounds() -> None:
    """A neighbour that is ahead waits; nothing is taken for another round's."""

    def program(link: StreamLink) -> int:
        total = 0
        for number in range(60):
            if (number + link.index) % 3 == 0:
                link.round("a", b"", b"12", 0, 0)
            elif (number + link.index) % 3 == 1:
                total += len(link.round("a", b"", b"", 2, 0)[0])
            else:
                link.round("a", b"", b"", 0, 0)
        return total

    assert converse(program, links(times())) == [40, 40, 40]


def test_big_messages_in_all_directions_at_once() -> None:
    """64 MB to both neighbours from all three at once: nobody waits in a circle."""
    data = bytes(range(256)) * (1 << 18)
    wanted = hashlib.sha256(data).digest()

    def program(link: StreamLink) -> bool:
        told = link.round("big", data, data, len(data), len(data))
        return all(hashlib.sha256(one).digest() == wanted for one in told)

    assert converse(program, links(times())) == [True, True, True]


def test_settle_is_equal_at_all_three() -> None:
    """One root; another when a byte differs; a view of its own at each."""

    def program(word: bytes) -> object:
        def run(link: StreamLink) -> tuple[bytes, bytes]:
            link.round("a", word, b"xyz", 3, len(word))
            link.agree("b", bytes(32))
            return link.transcript(), link.settle()

        return converse(run, links(times()))  # type: ignore[arg-type]

    first, second = program(b"one"), program(b"two")
    assert len({root for _, root in first}) == 1  # type: ignore[attr-defined]
    assert len({own for own, _ in first}) == 3  # type: ignore[attr-defined]
    assert first != second


def test_disagreement_is_named() -> None:
    """Who holds another digest is named by both others."""

    def program(link: StreamLink) -> None:
        link.agree("which", bytes([link.index == 1]) * 32)

    made = converse(program, links(times()))
    for node in (0, 2):
        error = made[node]
        assert isinstance(error, PrivShareError)
        # Whoever looks second may hear of the end before it sees the digest.
        assert error.detail["rule"] in ("mpc.transcript", "mpc.aborted")
    ours = [one for one in made if one.detail["rule"] == "mpc.transcript"]  # type: ignore[attr-defined]
    assert ours
    for error in ours:
        assert 1 in (error.detail["party"], made.index(error))  # type: ignore[attr-defined]


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_views_that_differ_name_the_pair(pair: tuple[int, int]) -> None:
    """A byte that one of two noted and the other did not: both are named."""
    views = [Views(JOB, node) for node in range(3)]
    for here in range(3):
        for there in range(3):
            if here != there:
                views[here].begin_sent(there, 1, bytes(16), 3)
                views[here].sent(there, b"abc")
                views[there].begin_received(here, 1, bytes(16), 3)
                views[there].received(here, b"abc")
    views[pair[0]].sent(pair[1], b"x")
    for node in range(3):
        others = [one for one in range(3) if one != node]
        told = {one: views[one].view(node, 3 - node - one) for one in others}
        with pytest.raises(PrivShareError) as caught:
            views[node].settle(told)  # type: ignore[arg-type]
        assert caught.value.detail["rule"] == "mpc.transcript"
        assert caught.value.detail["pair"] == list(pair)


@pytest.mark.parametrize("why", ["closed", "nothing heard"])
def test_silence_is_signed_by_two(why: str) -> None:
    """Both others name the silent one, and each holds both signed statements."""
    known = notaries()
    made = links(times(silence_s=0.5), known)

    def alive(link: StreamLink) -> None:
        link.hello(b"", b"")
        link.round("a", b"1", b"2", 1, 1)
        link.round("b", b"1", b"2", 1, 1)

    def silent() -> None:
        link = made[1]
        link.hello(b"", b"")
        link.round("a", b"1", b"2", 1, 1)
        link._stop.set()
        link._failed = PrivShareError("gone")
        if why == "closed":
            link.close()
        else:
            time.sleep(1.8)

    done = together([lambda: alive(made[0]), silent, lambda: alive(made[2])])
    for node in (0, 2):
        error = done[node]
        assert isinstance(error, PrivShareError)
        assert error.detail["rule"] == "mpc.silent"
        assert (error.detail["party"], error.detail["reason"]) == (1, why)
        assert error.detail["by"] == [0, 2]
        for by, text in zip((0, 2), error.detail["statements"], strict=True):
            said = Timeout.from_bytes(known[1].verify(by, unb64u(text)))
            assert (said.by, said.silent, said.round, said.job) == (by, 1, 2, JOB)
    for link in made:
        link.close()


def test_a_node_that_computes_long_is_not_silent() -> None:
    """Beats come while it computes, however long it takes."""

    def program(link: StreamLink) -> int:
        if link.index == 2:
            time.sleep(0.5)
        return len(link.round("a", b"1", b"2", 1, 1)[0])

    assert converse(program, links(times(silence_s=0.1))) == [1, 1, 1]


def test_the_deadline_names_who_is_missing() -> None:
    """A node that lives and never sends is named when the time is over."""

    def program(link: StreamLink) -> None:
        if link.index == 2:
            time.sleep(0.8)
        link.round("a", b"1", b"2", 1, 1)

    made = converse(program, links(times(silence_s=0.2, deadline_s=0.4)))
    for node in (0, 1):
        error = made[node]
        assert isinstance(error, PrivShareError)
        told = (error.detail["rule"], error.detail["party"])
        assert told == ("mpc.deadline", 2) or error.detail["rule"] == "mpc.aborted"


def test_an_end_is_told() -> None:
    """Who ends says why; the others end with it, and say who said it."""

    def program(link: StreamLink) -> None:
        link.round("a", b"1", b"2", 1, 1)
        if link.index == 0:
            error = PrivShareError("x", detail={"rule": "mpc.check", "party": 2})
            link.tell(error)
            raise error
        link.round("b", b"1", b"2", 1, 1)

    made = converse(program, links(times()))
    told = [one.detail for one in made[1:]]  # type: ignore[attr-defined]
    assert any(one.get("says") == "mpc.check" and one["about"] == 2 for one in told)
    assert all(one["rule"] == "mpc.aborted" for one in told)


# ------------------------------------------------------- a peer that misbehaves

LABEL = label_digest("a")
HELLO = frame(Kind.HELLO, 1, 0)
GOOD = {"round": 1, "sequence": 1, "label": LABEL, "left": 4, "length": 4}


def answer_of(raw: bytes) -> PrivShareError:
    """How node 0 ends when node 1 sends these bytes, and node 2 is well."""
    ends = pairs()
    waits = Times(0.3, time.monotonic() + 1.0)
    link = StreamLink(JOB, 0, {1: ends[0, 1], 2: ends[0, 2]}, waits)
    third = StreamLink(JOB, 2, {0: ends[2, 0], 1: ends[2, 1]}, waits)

    def zero() -> None:
        link.hello(b"", b"")
        link.round("a", b"", b"", 4, 4)
        link.round("b", b"", b"", 0, 4)

    def bad() -> None:
        ends[1, 2].send(frame(Kind.HELLO, 1, 2))
        ends[1, 0].settimeout(0.3)
        ends[1, 0].sendall(raw)

    def two() -> None:
        third.hello(b"", b"")
        third.round("a", b"", b"four", 0, 0)
        third._failed = PrivShareError("done")  # no goodbye to wait for

    try:
        error = together([zero, bad, two])[0]
    finally:
        link.close()
        third.close()
        for one in ends.values():
            one.close()
    assert isinstance(error, PrivShareError), error
    return error


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("mpc.order", {"sender": 2}),
        ("mpc.order", {"receiver": 1}),
        ("mpc.order", {"job": b"k" * 32}),
        ("mpc.order", {"round": 2}),
        ("mpc.order", {"round": 0}),
        ("mpc.order", {"sequence": 2}),
        ("mpc.order", {"sequence": 0}),
        ("mpc.order", {"label": label_digest("b")}),
        ("mpc.frame", {"left": 5, "length": 5}),
        ("mpc.frame", {"left": 3, "length": 3}),
        ("mpc.frame", {"left": CHUNK * 4000, "length": CHUNK}),
        ("mpc.frame", {"left": 1 << 63, "length": CHUNK}),
        ("mpc.frame", {"length": (1 << 32) - 1}),
        ("mpc.order", {"kind": Kind.HELLO}),
    ],
)
def test_every_field_is_checked(rule: str, change: dict[str, object]) -> None:
    """A frame that differs in one field names the party and the rule."""
    error = answer_of(HELLO + frame(Kind.DATA, 1, 0, **{**GOOD, **change}) + b"four")
    assert (error.detail["rule"], error.detail["party"]) == (rule, 1)


def test_data_before_the_hello() -> None:
    """The first frame is a hello and nothing else."""
    error = answer_of(frame(Kind.DATA, 1, 0, **{**GOOD, "sequence": 0}) + b"four")
    assert (error.detail["rule"], error.detail["party"]) == ("mpc.order", 1)


def test_a_replayed_frame() -> None:
    """The same frame twice is out of order the second time."""
    whole = frame(Kind.DATA, 1, 0, **GOOD) + b"four"
    error = answer_of(HELLO + whole + whole)
    assert (error.detail["rule"], error.detail["party"]) == ("mpc.order", 1)


def test_a_flood_of_beats() -> None:
    """Beats by the thousand are no sign of life but an attack."""
    beats = b"".join(frame(Kind.BEAT, 1, 0, sequence=n) for n in range(1, 4000))
    error = answer_of(HELLO + beats)
    assert (error.detail["rule"], error.detail["party"]) == ("mpc.frame", 1)


def test_slow_bytes_end_at_the_deadline() -> None:
    """A peer that sends a byte now and then is named when the time is over."""
    began = time.monotonic()
    error = answer_of(HELLO + frame(Kind.DATA, 1, 0, **GOOD) + b"fou")
    assert error.detail["rule"] in ("mpc.silent", "mpc.deadline")
    assert error.detail["party"] == 1
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"party":7,"rule":"mpc.check"}', b'{"party":1,"rule":"x"}']
)
def test_a_notice_that_says_nothing(body: bytes) -> None:
    """An abort without a rule of ours is a bad frame of who sent it."""
    head = frame(Kind.ABORT, 1, 0, sequence=1, left=len(body), length=len(body))
    error = answer_of(HELLO + head + body)
    assert (error.detail["rule"], error.detail["party"]) == ("mpc.frame", 1)


def test_an_accusation_that_is_not_true() -> None:
    """Who calls a living party silent ends the job itself, by its name."""
    said = Timeout(job=JOB, round=1, silent=2, by=1, transcript=bytes(32)).to_bytes()
    head = frame(Kind.TIMEOUT, 1, 0, sequence=1, left=len(said), length=len(said))
    error = answer_of(HELLO + head + said)
    assert error.detail["party"] == 1
    assert (error.detail["rule"], error.detail["says"]) == ("mpc.aborted", "mpc.silent")


def test_a_statement_of_another_is_refused() -> None:
    """A statement counts from who signed it, about this job."""
    known = notaries()
    said = Timeout(job=JOB, round=1, silent=2, by=1, transcript=bytes(32))
    signed = known[1].sign(said.to_bytes())
    assert Timeout.from_bytes(known[0].verify(1, signed)) == said
    for data in (
        signed[:-9] + b"AAAAAAA" + signed[-2:],
        known[2].sign(said.to_bytes()),
    ):
        with pytest.raises(PrivShareError):
            known[0].verify(1, data)
    other = envelope.decode(signed)
    moved = envelope.Envelope("text/plain", other.payload, other.signatures)
    with pytest.raises(EncodingError):
        known[0].verify(1, envelope.encode(moved))
    with pytest.raises(EncodingError):
        Timeout(job=JOB, round=1, silent=1, by=1, transcript=bytes(32))


def test_bounds_of_waiting() -> None:
    """A link that would never, or at once, call a party silent is not made."""
    for seconds in (0, -1, 3601):
        with pytest.raises(OutOfRange):
            Times(seconds, 1.0)


def test_nothing_after_the_end() -> None:
    """A closed link, and one that failed, take no more rounds."""
    made = links(times())
    assert converse(lambda link: None, made) == [None] * 3
    with pytest.raises(PrivShareError) as caught:
        made[0].round("a", b"", b"", 0, 0)
    assert caught.value.detail["rule"] == "mpc.stopped"
    a, b = socket.socketpair()
    c, d = socket.socketpair()
    for one in (a, b, c, d):
        one.setblocking(False)
    link = StreamLink(JOB, 0, {1: a, 2: c}, times(silence_s=0.05))
    for _ in range(2):
        with pytest.raises(PrivShareError):
            link.hello(b"", b"")
    link.close()
    link.close()
    b.close()
    d.close()
