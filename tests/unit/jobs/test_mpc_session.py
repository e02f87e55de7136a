"""Jobs through one address: processes, several at once, strangers, ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from mpc_kit import hosts, notaries, plans, together

from privshare.errors import (
    ConfigError,
    Conflict,
    OutOfRange,
    PrivShareError,
    VerificationError,
)
from privshare.jobs.mpc import listener as listening
from privshare.jobs.mpc.abort import abort
from privshare.jobs.mpc.host import Host
from privshare.jobs.mpc.listener import Listener
from privshare.jobs.mpc.session import Finished
from privshare.jobs.mpc.session_key import SessionKeys
from privshare.jobs.mpc.stream_link import StreamLink

PROBE = "privshare.jobs.mpc.probe:probe"
ASKED = json.dumps({"rounds": 20, "size": 8, "bytes": 100_000}).encode()


def greet(link: StreamLink, keys: SessionKeys, request: memoryview) -> bytes:
    """A program: what the neighbours were asked, and a digest of shared keys."""
    mine = bytes(request)
    told = link.round("a", mine, mine, len(mine), len(mine))
    return b"|".join((bytes(told[0]), mine, bytes(told[1])))


def test_a_job_in_three_processes() -> None:
    """Each node's process measures the links; all agree on the transcript."""
    with hosts() as made:
        waits = {"deadline_s": 60.0, "silence_s": 20.0}
        jobs = plans(made, program=PROBE, **waits)
        done = together(
            [lambda n=n: made[n].run(jobs[n], ASKED) for n in range(3)]  # type: ignore[misc]
        )
    assert all(isinstance(one, Finished) for one in done), done
    assert len({one.root for one in done}) == 1  # type: ignore[attr-defined]
    assert done[0].rounds == 23  # type: ignore[attr-defined]
    assert done[0].sent == 2 * (1 + 20 * 8 + 100_000 + 96)  # type: ignore[attr-defined]
    assert "rounds_s" in json.loads(done[0].result)  # type: ignore[attr-defined]
    walls = done[0].walls  # type: ignore[attr-defined]
    assert walls == "none" or set(walls.split("+")) <= {"landlock", "seccomp"}


def test_two_jobs_at_once_through_one_address() -> None:
    """Connections find their job by its name; the answers do not mix."""
    with hosts() as made:
        first, second = plans(made), plans(made)
        calls = [
            lambda n=n, jobs=jobs, word=word: made[n].run(jobs[n], word, work=greet)  # type: ignore[misc]
            for jobs, word in ((first, b"one"), (second, b"two"))
            for n in range(3)
        ]
        done = together(calls)
    assert [one.result for one in done] == [b"one|one|one"] * 3 + [b"two|two|two"] * 3  # type: ignore[attr-defined]
    assert done[0].root != done[3].root  # type: ignore[attr-defined]


def test_strangers_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow, silent, garbled and half-open connections do not keep a job."""
    monkeypatch.setattr(listening, "HELLO_S", 0.3)
    with hosts() as made:
        port = made[0].listener.port
        strangers = [socket.create_connection(("127.0.0.1", port)) for _ in range(12)]
        strangers[0].send(b"\x16")
        strangers[1].send(b"GET / HTTP/1.1\r\n\r\n")
        strangers[2].send(b"\x16\x03\x01\x40\x00" + bytes(100))
        strangers[3].send(b"\x16\x03\x01")
        strangers[3].shutdown(socket.SHUT_WR)
        strangers[4].send(os.urandom(4000))
        began = time.process_time()
        jobs = plans(made)
        done = together(
            [lambda n=n: made[n].run(jobs[n], b"ok", work=greet) for n in range(3)]  # type: ignore[misc]
        )
        assert [one.result for one in done] == [b"ok|ok|ok"] * 3  # type: ignore[attr-defined]
        time.sleep(0.5)
        for stranger in strangers:  # all were let go of
            stranger.settimeout(2)
            with contextlib.suppress(ConnectionError):
                assert stranger.recv(1) == b""
            stranger.close()
        assert time.process_time() - began < 2


def test_too_many_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of them goes; those who come later get through."""
    monkeypatch.setattr(listening, "MAX_PENDING", 4)
    with hosts() as made:
        port = made[0].listener.port
        strangers = [socket.create_connection(("127.0.0.1", port)) for _ in range(9)]
        strangers[0].settimeout(5)
        assert strangers[0].recv(1) == b""
        jobs = plans(made)
        done = together(
            [lambda n=n: made[n].run(jobs[n], b"ok", work=greet) for n in range(3)]  # type: ignore[misc]
        )
        assert all(isinstance(one, Finished) for one in done)
        for stranger in strangers:
            stranger.close()


def test_a_job_runs_once_at_a_time() -> None:
    """A second listener for the same job is refused."""
    with Host("127.0.0.1", 0) as host:
        with host.listener.expect(b"j" * 32), pytest.raises(Conflict):
            host.listener.expect(b"j" * 32)
        host.listener.expect(b"j" * 32).close()


def test_an_address_in_use() -> None:
    """A node that cannot listen does not start."""
    taken = Listener("127.0.0.1", 0)
    with pytest.raises(ConfigError):
        Listener("127.0.0.1", taken.port)
    taken.close()


def test_a_program_that_ends_with_a_rule() -> None:
    """Its rule comes out at its node; the others end with it and its name."""

    def cheated(link: StreamLink, _keys: SessionKeys, _request: memoryview) -> bytes:
        link.round("a", b"1", b"1", 1, 1)
        if link.index == 2:
            abort("mpc.check", "expected a product, found another", party=1)
        link.round("b", b"1", b"1", 1, 1)
        return b"wrong"

    with hosts() as made:
        jobs = plans(made)
        done = together(
            [lambda n=n: made[n].run(jobs[n], b"", work=cheated) for n in range(3)]  # type: ignore[misc]
        )
    assert isinstance(done[2], VerificationError)
    assert done[2].detail["rule"] == "mpc.check"
    assert done[2].detail["party"] == 1
    assert {one.detail["rule"] for one in done[:2]} == {"mpc.aborted"}  # type: ignore[attr-defined]
    assert any(one.detail["says"] == "mpc.check" for one in done[:2])  # type: ignore[attr-defined]


def test_a_program_that_breaks() -> None:
    """An error of ours tells its kind and nothing of its text."""

    def broken(_link: StreamLink, _keys: SessionKeys, request: memoryview) -> bytes:
        raise ValueError(bytes(request).decode())

    with hosts() as made:
        jobs = plans(made)
        done = together(
            [lambda n=n: made[n].run(jobs[n], b"secret", work=broken) for n in range(3)]  # type: ignore[misc]
        )
    for error in done:
        assert isinstance(error, PrivShareError)
        assert error.detail["rule"] in ("mpc.worker", "mpc.aborted")
        assert "secret" not in str(error)


def test_a_process_that_is_killed() -> None:
    """Its node says so; the others name it with two signatures."""
    known = notaries()
    with hosts() as made:
        waits = {"deadline_s": 30.0, "silence_s": 10.0}
        jobs = plans(made, program=PROBE, **waits)
        asked = json.dumps({"rounds": 1_000_000, "size": 8, "bytes": 0}).encode()

        def kill() -> None:
            until = time.monotonic() + 25
            while time.monotonic() < until:
                found = workers()
                # The second thread of each starts when it has met the others.
                if [threads(one) for one in found] == [2, 2, 2]:
                    time.sleep(0.2)
                    os.kill(found[0], signal.SIGKILL)
                    return
                time.sleep(0.05)

        done = together(
            [lambda n=n: made[n].run(jobs[n], asked, known[n]) for n in range(3)]  # type: ignore[misc]
            + [kill]
        )
    assert not workers()
    rules = [one.detail["rule"] for one in done[:3]]  # type: ignore[attr-defined]
    assert sorted(rules) == ["mpc.silent", "mpc.silent", "mpc.worker"]
    dead = rules.index("mpc.worker")
    for node in {0, 1, 2} - {dead}:
        detail = done[node].detail  # type: ignore[attr-defined]
        assert detail["party"] == dead
        assert detail["by"] == sorted({0, 1, 2} - {dead})


def threads(process: int) -> int:
    """How many threads a process has."""
    try:
        return len(os.listdir(f"/proc/{process}/task"))
    except OSError:
        return 0


def workers() -> list[int]:
    """The processes that we started and that compute."""
    mine = Path(f"/proc/{os.getpid()}/task")
    found = []
    for task in mine.iterdir():
        for child in (task / "children").read_text().split():
            line = Path(f"/proc/{child}/cmdline")
            try:
                if b"mpc import worker" in line.read_bytes():
                    found.append(int(child))
            except OSError:
                continue
    return found


def test_arguments_and_environment_tell_nothing() -> None:
    """Seed and request go through memory; others of the machine see neither."""
    seen: list[bytes] = []
    with hosts() as made:
        jobs = plans(made, program=PROBE, deadline_s=5.0, meet_s=1.0, silence_s=1.0)
        request = b"SECRET-REQUEST" + ASKED

        def look() -> None:
            until = time.monotonic() + 10
            while not seen and time.monotonic() < until:
                for child in workers():
                    folder = Path(f"/proc/{child}")
                    try:
                        seen.append((folder / "cmdline").read_bytes())
                        seen.append((folder / "environ").read_bytes())
                    except OSError:
                        continue
                time.sleep(0.02)

        done = together([lambda: made[0].run(jobs[0], request), look])
    assert isinstance(done[0], PrivShareError)
    assert done[0].detail["rule"] == "mpc.silent"
    assert seen
    assert not any(b"SECRET" in one for one in seen)


def test_a_key_lives_for_one_job() -> None:
    """After a restart, or after the job, a node has no key to take part."""
    with hosts() as made:
        jobs = plans(made)
        made[0].forget(jobs[0].job)
        with pytest.raises(VerificationError) as caught:
            made[0].run(jobs[0], b"", work=greet)
        assert caught.value.detail["rule"] == "mpc.peer"
        again = plans(made, jobs[0].job)
        assert again[0].channels[0] != jobs[0].channels[0]
        assert again[0].channels[1] == jobs[0].channels[1]


def test_bounds_of_plans() -> None:
    """A plan without time, memory or output is none."""
    with hosts() as made:
        for bad in (
            {"deadline_s": 0},
            {"deadline_s": 1e9},
            {"meet_s": 0},
            {"memory": 1},
            {"output": 0},
        ):
            with pytest.raises(OutOfRange):
                plans(made, **bad)  # type: ignore[arg-type]


def test_a_result_too_long() -> None:
    """A process that says more than it may is stopped."""

    def chatty(_link: StreamLink, _keys: SessionKeys, _request: memoryview) -> bytes:
        return bytes(200_000)

    with hosts() as made:
        jobs = plans(made, output=100_000)
        done = together(
            [lambda n=n: made[n].run(jobs[n], b"", work=chatty) for n in range(3)]  # type: ignore[misc]
        )
    assert {one.detail["rule"] for one in done} == {"mpc.worker"}  # type: ignore[attr-defined]
