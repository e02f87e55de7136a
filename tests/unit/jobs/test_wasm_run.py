"""Honest runs: the same answer every time, and walls that really stand."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasm_kit import SEED, TABLE, WASI, closure_of, command

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.wasm import confine, frame, library, run, sandbox
from privshare.jobs.wasm.closure import COMMAND, ENGINE, GRANTED, Closure
from privshare.jobs.wasm.engine import Cache
from privshare.jobs.wasm.frame import Series
from privshare.jobs.wasm.run import Limits
from privshare.wire.digest import digest_text

REPOSITORY = Path(__file__).resolve().parents[3]
RUNS = 100 if os.environ.get("PRIVSHARE_LONG") == "1" else 4

#: What a command asks for in order to tell it: time, chance, arguments, input.
ASKING = command(
    """
    (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 64)))
    (drop (call $random_get (i32.const 72) (i32.const 40)))
    (drop (call $args_sizes_get (i32.const 112) (i32.const 116)))
    (drop (call $environ_sizes_get (i32.const 120) (i32.const 124)))
    (i32.store (i32.const 0) (i32.const 128)) (i32.store (i32.const 4) (i32.const 8))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 72))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $proc_exit (i32.const 0))
    """,
    {
        "clock_time_get": "(param i32 i64 i32) (result i32)",
        "random_get": "(param i32 i32) (result i32)",
        "args_sizes_get": "(param i32 i32) (result i32)",
        "environ_sizes_get": "(param i32 i32) (result i32)",
        "fd_read": "(param i32 i32 i32 i32) (result i32)",
        "fd_write": "(param i32 i32 i32 i32) (result i32)",
        "proc_exit": "(param i32)",
    },
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("runner") / "code", bytes(range(32)))


def test_the_same_on_every_run(cache: Cache) -> None:
    """Output and fuel do not vary; 100 runs in the long form."""
    module = library.module("regression")
    table = frame.encode(
        [
            Series("x", "float", [i / 7 for i in range(300)]),
            Series("y", "decimal", [i * i % 1009 for i in range(300)], 3),
        ]
    )
    seen = set()
    for _ in range(RUNS):
        outcome = run.run(
            module.binary,
            module.closure,
            [table],
            {"x": ["x"], "y": "y"},
            k=10,
            seed=SEED,
            cache=cache,
        )
        seen.add((hashlib.sha256(outcome.output).digest(), outcome.fuel))
    assert len(seen) == 1


def test_a_command_gets_time_and_chance_of_the_job(cache: Cache) -> None:
    """Granted, the clock stands and random bytes follow from the seed alone."""
    imports = sorted(COMMAND | GRANTED)
    closure = closure_of(ASKING, "wasi-command/v1", imports, "separate")

    def ask(seed: bytes) -> bytes:
        outcome = run.run(
            ASKING, closure, [TABLE], {"a": 1}, k=3, seed=seed, cache=cache
        )
        return outcome.output

    first, other = ask(SEED), ask(bytes(32))
    stream = b"".join(
        hashlib.sha256(SEED + counter.to_bytes(8, "big")).digest() for counter in (1, 2)
    )
    arguments = (2).to_bytes(4, "little") + (len('job {"a":1,"k":3}') + 1).to_bytes(
        4, "little"
    )
    expected = bytes(8) + stream[:40] + arguments + bytes(8) + TABLE[:8]
    assert expected == first == ask(SEED)
    assert first[:8] == other[:8] and first[8:48] != other[8:48]


@given(
    st.binary(min_size=32, max_size=32),
    st.sampled_from(["separate", "stacked"]),
    st.sets(st.sampled_from(sorted(COMMAND | GRANTED))),
)
def test_a_closure_survives_its_document(
    module: bytes, tables: str, imports: set[str]
) -> None:
    """What is written is what is read, and everything in it is in the digest."""
    closure = Closure(module, "wasi-command/v1", tables, tuple(sorted(imports)))  # type: ignore[arg-type]
    assert Closure.from_json(closure.to_json()) == closure
    for name, value in ENGINE.items():
        other = {**ENGINE, name: not value if isinstance(value, bool) else 1}
        changed = Closure(
            module,
            closure.abi,
            closure.tables,
            closure.imports,
            engine=other,
        )
        assert changed.digest() != closure.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"type": "another"},
        {"abi": "another"},
        {"tables": "joined"},
        {"module": "AA"},
        {"imports": [WASI + "proc_exit", WASI + "args_get"]},
        {"imports": [WASI + "path_open"]},
        {"engine": {"a": None}},
        {"engine": []},
        {"more": 1},
    ],
)
def test_what_is_no_closure(change: dict[str, object]) -> None:
    """Strict as every statement: an unknown field, value or order is an error."""
    laid = Closure(bytes(32), "wasi-command/v1", "stacked").to_json()
    with pytest.raises(EncodingError):
        Closure.from_json({**laid, **change})


@pytest.mark.parametrize(
    "limits",
    [{"fuel": 0}, {"memory": 1}, {"output": 0}, {"seconds": 0}, {"fuel": True}],
)
def test_limits_have_bounds(limits: dict[str, int]) -> None:
    """A limit of nothing is no limit."""
    with pytest.raises(OutOfRange):
        Limits(**limits)  # type: ignore[arg-type]


def test_the_sources_are_those_of_the_table() -> None:
    """Nobody changed the C and forgot to build."""
    sys.path.insert(0, str(REPOSITORY / "native" / "wasm"))
    try:
        import build
    finally:
        sys.path.pop(0)
    for name in library.names():
        assert library.module(name).sources == build.sources(name)


def test_modules_are_built_again() -> None:
    """From the C to the same bytes, with the compiler of the table."""
    done = subprocess.run(
        [sys.executable, "native/wasm/build.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 2:
        pytest.skip("no clang, wasm-ld and wasm2wat")
    if done.returncode == 3:
        pytest.skip("another compiler than the modules were made with")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ready_modules_import_nothing() -> None:
    """Their listings have no import, so there is nothing to grant."""
    for name in library.names():
        listing = REPOSITORY / f"privshare/jobs/wasm/modules/{name}.wat"
        assert "(import" not in listing.read_text(encoding="utf-8")
        closure = library.module(name).closure
        assert closure.imports == ()
        assert len(digest_text(closure.digest())) == 43


def test_the_parent_does_not_load_the_runtime() -> None:
    """Who verifies, plans or reads results never imports 6 MB of it."""
    names = "closure, engine, frame, library, run, sandbox, stopped"
    code = (
        f"from privshare.jobs.wasm import {names}; import sys; "
        "assert 'wasmtime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_runtime_is_the_one_of_the_closure() -> None:
    """The version that a closure names is the one that is installed."""
    from importlib.metadata import version

    from privshare.jobs.wasm.closure import RUNTIME, RUNTIME_VERSION

    assert version(RUNTIME) == RUNTIME_VERSION


#: What a process tries after its walls stand; each must fail with EPERM.
TRIES = """
import errno, os, socket, subprocess, sys, mmap
sys.path.insert(0, {root!r})
from privshare.jobs.wasm import confine
ready, peer = os.pipe()
walls = confine.confine(1 << 30, 30)
def fails(action):
    try:
        action()
    except OSError as error:
        return error.errno in (errno.EPERM, errno.EACCES)
    return False
assert "seccomp" in walls, walls
assert fails(lambda: os.open("/etc/passwd", os.O_RDONLY)), "open"
assert fails(lambda: os.open("/tmp/x", os.O_WRONLY | os.O_CREAT)), "create"
assert fails(lambda: os.listdir("/")), "list"
assert fails(lambda: os.stat("/")), "stat"
assert fails(lambda: socket.socket()), "socket"
assert fails(lambda: socket.socket(socket.AF_UNIX)), "unix socket"
assert fails(lambda: os.fork()), "fork"
assert fails(lambda: os.execv("/bin/true", ["true"])), "exec"
assert fails(lambda: os.kill(os.getppid(), 0)), "kill"
assert fails(lambda: os.memfd_create("x")), "memfd"
assert fails(lambda: os.unlink("/tmp/x")), "unlink"
assert fails(lambda: os.chdir("/tmp")), "chdir"
os.write(peer, b"walls stand")
os._exit(0)
"""


def test_the_inner_walls_hold() -> None:
    """No file, no socket, no process, once `confine` has come back."""
    code = TRIES.format(root=str(REPOSITORY))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    if "AssertionError: []" in done.stderr or "AssertionError: ['landlock']" in (
        done.stderr
    ):
        pytest.skip("the kernel permits no seccomp")
    assert done.returncode == 0, done.stderr


def test_the_filter_kills_aliens() -> None:
    """The program begins with the architecture and ends with a refusal."""
    laid = confine.filter_program(0xC000003E, [0, 1, 60])
    lines = [laid[i : i + 8] for i in range(0, len(laid), 8)]
    assert len(lines) == 6 + 3 + 2
    assert int.from_bytes(lines[-2][4:], "little") == 0x00050001
    assert int.from_bytes(lines[2][4:], "little") == 0x80000000


def test_the_job_is_sealed() -> None:
    """Nobody who holds the descriptor can change what was checked."""
    descriptor = sandbox._sealed((b"checked",))
    try:
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 0)
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 7)
        assert os.pread(descriptor, 10, 0) == b"checked"
    finally:
        os.close(descriptor)


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child sees no variable of ours, whatever the parent has."""
    monkeypatch.setenv("PRIVSHARE_SECRET", "1")
    start = (
        "import json, os, sys; "  # both are set by the wrapper or the interpreter
        "found = sorted(set(os.environ) - {'LC_CTYPE', 'PWD'}); "
        "head = json.dumps({'walls': found}).encode(); "
        "os.write(int(sys.argv[2]), len(head).to_bytes(8, 'little') + head)"
    )
    monkeypatch.setattr(sandbox, "_START", start)
    answer = sandbox.ask({}, [], most=100, seconds=20)
    assert answer.report == {"walls": []}


def test_the_outer_walls_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bubblewrap: no secrets to read, no network, nothing to write to."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    if not sandbox._wrapper():
        pytest.skip("the kernel permits bubblewrap no namespaces")
    start = """
import json, os, socket, sys
found = []
for path in ("/etc/passwd", "/proc/1/environ", "/root/.ssh", "/dev"):
    found += [path] if os.path.exists(path) else []
for path in ("/home", "/tmp", "/root"):  # there only if we are: then nothing besides
    if any(place.startswith(path + "/") for place in (*sys.argv[3:], sys.base_prefix)):
        found += [path] if len(os.listdir(path)) > 1 else []
    else:
        found += [path] if os.path.exists(path) else []
for place in [*sys.argv[3:], "/usr/lib"]:
    try:
        open(os.path.join(place, "privshare", "written"), "w")
        found.append(place)
    except OSError:
        pass
try:
    socket.create_connection(("127.0.0.1", 1), 1)
except OSError as error:
    found += [] if error.errno == 101 or error.errno == 111 else [str(error)]
head = json.dumps({"walls": found + [str(os.getpid() < 5)]}).encode()
os.write(int(sys.argv[2]), len(head).to_bytes(8, "little") + head)
"""
    monkeypatch.setattr(sandbox, "_START", start)
    answer = sandbox.ask({}, [], most=100, seconds=20)
    assert answer.report == {"walls": ["True"]}
