"""Programs that misbehave: each is stopped, and each by the rule that says why."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from wasm_kit import SEED, TABLE, WASI, closure_of, command, program

from privshare.errors import RunRefused
from privshare.jobs.wasm import library, run, sandbox
from privshare.jobs.wasm.closure import (
    COMMAND,
    ENGINE,
    Closure,
    check_listed,
)
from privshare.jobs.wasm.engine import Cache
from privshare.jobs.wasm.run import Limits, Outcome

SMALL = Limits(fuel=20_000_000, memory=4 << 20, output=4096, seconds=20)
LOOP = "(loop $again br $again) unreachable"
GROW = (
    "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
)


def execute(binary: bytes, limits: Limits = SMALL) -> Outcome:
    """Run a module of the frame ABI over the smallest table."""
    closure = closure_of(binary)
    return run.run(binary, closure, [TABLE], {}, k=1, seed=SEED, limits=limits)


def refused(action: Callable[[], object]) -> RunRefused:
    """The refusal that an action ends with."""
    with pytest.raises(RunRefused) as caught:
        action()
    return caught.value


def test_an_honest_program_runs() -> None:
    """The measure of all below: the same module, without the fault."""
    outcome = execute(program())
    assert (outcome.output, outcome.exit) == (b"{}", 0)
    assert outcome.fuel > 0
    assert not outcome.cached


@pytest.mark.parametrize(
    ("binary", "rule"),
    [
        pytest.param(program(LOOP), "run.fuel", id="infinite loop"),
        pytest.param(program(alloc=LOOP), "run.fuel", id="infinite loop in alloc"),
        pytest.param(
            program(more="(start $s) (func $s (loop $a br $a))"),
            "run.fuel",
            id="infinite loop at the start",
        ),
        pytest.param(program(GROW + " unreachable"), "run.memory", id="memory bomb"),
        pytest.param(
            program(memory='(memory (export "memory") 1000)'),
            "run.memory",
            id="memory at the start",
        ),
        pytest.param(program("i32.const 3"), "run.memory", id="says out of memory"),
        pytest.param(program(alloc="i32.const 0"), "run.memory", id="no room"),
        pytest.param(program("unreachable"), "run.trap", id="trap"),
        pytest.param(
            program("(i32.div_u (i32.const 1) (i32.const 0))"),
            "run.trap",
            id="division by zero",
        ),
        pytest.param(
            program("(i32.load (i32.const -8))"), "run.trap", id="outside memory"
        ),
        pytest.param(
            program("call $f", more="(func $f (result i32) call $f)"),
            "run.trap",
            id="endless recursion",
        ),
        pytest.param(program("i32.const 77"), "run.exit", id="another exit"),
        pytest.param(
            program(size="i32.const 4097"), "run.output", id="oversized output"
        ),
        pytest.param(program(size="i32.const -1"), "run.output", id="output of 4 GiB"),
        pytest.param(program(size="i32.const 1"), "run.output", id="output not JSON"),
        pytest.param(
            program(output="i32.const -2"), "run.abi", id="output outside memory"
        ),
        pytest.param(
            program(alloc="i32.const -16"), "run.abi", id="room outside memory"
        ),
        pytest.param(b"", "run.module", id="empty module"),
        pytest.param(b"\0asm\2\0\0\0", "run.module", id="another version"),
        pytest.param(b"(module)", "run.module", id="a listing, not a binary"),
        pytest.param(program()[:-1], "run.module", id="malformed module"),
        pytest.param(
            program(memory="(memory 16)"),
            "run.abi",
            id="no memory",
        ),
        pytest.param(
            program(more='(import "env" "now" (func (result i64)))'),
            "run.import",
            id="forbidden import",
        ),
        pytest.param(
            program(more='(import "env" "table" (table 1 funcref))'),
            "run.import",
            id="imported table",
        ),
    ],
)
def test_a_program_is_stopped(binary: bytes, rule: str) -> None:
    """Each fault has its rule."""
    assert rule == refused(lambda: execute(binary)).detail["rule"]


@pytest.mark.parametrize(
    "name",
    [
        "path_open",
        "fd_prestat_get",
        "fd_readdir",
        "path_unlink_file",
        "sock_accept",
        "sock_send",
        "sock_recv",
        "poll_oneoff",
        "clock_time_get",
        "clock_res_get",
        "random_get",
        "proc_raise",
        "sched_yield",
    ],
)
def test_files_network_clock_and_chance_are_refused(name: str) -> None:
    """A command that asks for one of these is not run at all."""
    binary = command("", {name: "(param i32) (result i32)"})
    closure = closure_of(binary, "wasi-command/v1", sorted(COMMAND), "separate")
    error = refused(
        lambda: run.run(binary, closure, [TABLE], {}, k=1, seed=SEED, limits=SMALL)
    )
    assert ("run.import", WASI + name) == (error.detail["rule"], error.detail["import"])


def test_a_closure_cannot_name_a_file() -> None:
    """What an ABI does not have, no listing can grant."""
    with pytest.raises(Exception, match="path_open"):
        closure_of(program(), "wasi-command/v1", [WASI + "path_open"])
    with pytest.raises(Exception, match="clock_time_get"):
        closure_of(program(), "privshare-frame/v1", [WASI + "clock_time_get"])


def test_other_bytes_are_refused() -> None:
    """A module that is not the one of its closure, by one bit."""
    binary = program()
    broken = binary[:-1] + bytes((binary[-1] ^ 1,))
    error = refused(
        lambda: run.run(broken, closure_of(binary), [TABLE], {}, k=1, seed=SEED)
    )
    assert error.detail["rule"] == "run.module"


@pytest.mark.parametrize(
    "change",
    [
        {"runtime_version": "50.0.0"},
        {"runtime": "another"},
        {"engine": {**ENGINE, "cranelift_nan_canonicalization": False}},
        {"engine": {**ENGINE, "consume_fuel": False}},
        {"engine": {}},
    ],
)
def test_another_engine_is_refused(change: dict[str, object]) -> None:
    """A closure for a runtime or settings that this runner does not have."""
    binary = program()
    honest = closure_of(binary)
    other = Closure(honest.module, honest.abi, honest.tables, **change)  # type: ignore[arg-type]
    error = refused(lambda: run.run(binary, other, [TABLE], {}, k=1, seed=SEED))
    assert error.detail["rule"] == "run.abi"
    assert honest.digest() != other.digest()


def test_an_unlisted_program_is_refused() -> None:
    """Only what the ledger lists is run."""
    closure = closure_of(program())
    check_listed(closure, {closure.digest()})
    assert (
        refused(lambda: check_listed(closure, set())).detail["rule"] == "run.unlisted"
    )


@pytest.mark.parametrize(
    "table", [b"", TABLE[:-1], TABLE + b"\0", b"PSFRAME1" + b"\xff" * 40]
)
def test_a_malformed_table_is_refused(table: bytes) -> None:
    """The program never sees it."""
    binary = program()
    for tables in ("stacked", "separate"):
        closure = closure_of(binary, tables=tables)  # type: ignore[arg-type]
        error = refused(
            lambda c=closure: run.run(binary, c, [table], {}, k=1, seed=SEED)
        )
        assert error.detail["rule"] == "run.input"


@pytest.mark.parametrize(
    ("parameters", "k"),
    [
        ({"k": 1}, 5),
        ({"a": 1.5}, 5),
        ({"a": "x" * 20_000}, 5),
        ({}, 0),
        ({}, 1_000_001),
    ],
)
def test_parameters_are_bounded(parameters: dict[str, object], k: int) -> None:
    """The threshold is the job's, floats have no form, size has a limit."""
    binary = program()
    error = refused(
        lambda: run.run(
            binary,
            closure_of(binary),
            [TABLE],
            parameters,  # type: ignore[arg-type]
            k=k,
            seed=SEED,
        )
    )
    assert error.detail["rule"] == "run.parameters"


def test_time_is_bounded() -> None:
    """A program with much fuel and little time is killed from outside."""
    limits = Limits(fuel=10**15, seconds=0.7)
    assert refused(lambda: execute(program(LOOP), limits)).detail["rule"] == "run.time"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "code", bytes(range(32)))


def cached(cache: Cache) -> Outcome:
    """Run the honest program with a cache."""
    binary = program()
    return run.run(binary, closure_of(binary), [TABLE], {}, k=1, seed=SEED, cache=cache)


def test_compiled_code_is_kept(cache: Cache) -> None:
    """The second run takes it from the cache and gives the same."""
    first, second = cached(cache), cached(cache)
    assert (first.cached, second.cached) == (False, True)
    assert (first.output, first.fuel) == (second.output, second.fuel)


@pytest.mark.parametrize(
    "poison",
    [
        lambda entry: entry[:-1],
        lambda entry: b"",
        lambda entry: entry[:32],
        lambda entry: entry + b"\0",
        lambda entry: bytes((entry[0] ^ 1,)) + entry[1:],
        lambda entry: entry[:500] + bytes((entry[500] ^ 1,)) + entry[501:],
        lambda entry: entry[32:],
    ],
    ids=["cut", "empty", "mac alone", "longer", "other mac", "other code", "no mac"],
)
def test_a_poisoned_cache_is_named(
    cache: Cache, tmp_path: Path, poison: Callable[[bytes], bytes]
) -> None:
    """The run is refused, the entry is set aside, the next run compiles anew."""
    cached(cache)
    (entry,) = (tmp_path / "code").glob("*.code")
    entry.write_bytes(poison(entry.read_bytes()))
    assert refused(lambda: cached(cache)).detail["rule"] == "run.cache"
    assert not cached(cache).cached


def test_code_of_another_module_is_not_taken(cache: Cache, tmp_path: Path) -> None:
    """An authentic entry under another closure's name is poison, too."""
    cached(cache)
    (entry,) = (tmp_path / "code").glob("*.code")
    other = program("i32.const 1 drop i32.const 0")
    entry.rename(entry.with_name(f"{closure_of(other).digest().hex()}.code"))
    closure = closure_of(other)
    error = refused(
        lambda: run.run(other, closure, [TABLE], {}, k=1, seed=SEED, cache=cache)
    )
    assert error.detail["rule"] == "run.cache"


def test_code_for_another_machine_is_named(cache: Cache) -> None:
    """Authentic bytes that the runtime does not take are refused, not loaded."""
    binary = program()
    cache.store(closure_of(binary), b"\x7fELF" + bytes(100))
    assert refused(lambda: cached(cache)).detail["rule"] == "run.cache"
    assert not cached(cache).cached


def test_a_cache_of_another_runner_is_named(cache: Cache, tmp_path: Path) -> None:
    """Another key, another runner."""
    cached(cache)
    other = Cache(tmp_path / "code", bytes(32))
    assert refused(lambda: cached(other)).detail["rule"] == "run.cache"


def test_a_shared_folder_is_refused(cache: Cache, tmp_path: Path) -> None:
    """A folder that others may write to is no cache."""
    cached(cache)
    os.chmod(tmp_path / "code", 0o777)
    assert refused(lambda: cached(cache)).detail["rule"] == "run.cache"


def test_the_walls_are_told() -> None:
    """The outcome names walls that really stood."""
    walls = execute(program()).sandbox.split("+")
    assert walls == ["none"] or set(walls) <= {"bubblewrap", "landlock", "seccomp"}


def test_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is missing the inner walls stand alone, and the outcome says so."""
    monkeypatch.setattr(sandbox, "_wrapper", lambda: ())
    assert "bubblewrap" not in execute(program()).sandbox


def test_a_child_that_dies_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """No report, no result."""
    monkeypatch.setattr(sandbox, "_START", "raise SystemExit(1)")
    assert refused(lambda: execute(program())).detail["rule"] == "run.sandbox"


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"\xff" * 8,
        b"\5\0\0\0\0\0\0\0[]",
        b"\2\0\0\0\0\0\0\0[]",
        b'\x0c\0\0\0\0\0\0\0{"walls":[]}',
    ],
)
def test_a_report_is_read_with_care(
    monkeypatch: pytest.MonkeyPatch, report: bytes
) -> None:
    """Whatever a broken child writes is a refusal and no other error."""
    start = f"import os, sys; os.write(int(sys.argv[2]), {report!r})"
    monkeypatch.setattr(sandbox, "_START", start)
    assert refused(lambda: execute(program())).detail["rule"] == "run.sandbox"


def test_an_output_does_not_leak_through_errors() -> None:
    """A program that ends with a failure tells a number and no text."""
    error = refused(lambda: execute(program("i32.const 77")))
    assert {name: error.detail[name] for name in ("rule", "exit")} == {
        "rule": "run.exit",
        "exit": 77,
    }


def test_too_few_rows() -> None:
    """A ready module tells nothing of fewer rows than k."""
    module = library.module("describe")
    error = refused(
        lambda: run.run(
            module.binary,
            module.closure,
            [TABLE],
            {"columns": ["age"], "extremes": False},
            k=5,
            seed=SEED,
        )
    )
    assert (error.detail["rule"], error.detail["exit"]) == ("run.exit", 5)
