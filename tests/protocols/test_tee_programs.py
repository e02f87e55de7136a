"""Listed programs that misbehave, on the real runner: named, and with a receipt.

What `test_wasm_refusals` shows of the runner alone, shown of a whole job: the
agencies have listed a program, its owner has released her table to a machine
that she accepted, and the program does what it should not. The job ends with
the rule, no result, and a receipt that an auditor accepts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from wasm_kit import closure_of, command, program

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import taxes
from tee_kit import GROUP, RETURNS, AttestedConsortium, permit_run, wanted
from test_tee_job import ended, judged, receipt_of

from privshare.exchange.code import Program
from privshare.exchange.engine import WasmEngine
from privshare.jobs.lifecycle import Job
from privshare.jobs.tee_spec import Limits
from privshare.ledger import query_attested
from privshare.wire.canonical import b64u, decode, unb64u

LOOP = "(loop $again br $again) unreachable"
GROW = (
    "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
)
SMALL = Limits(fuel=20_000_000, memory=4 << 20, output=4096)
KEY = bytes(32)


def of_frames(binary: bytes) -> Program:
    return Program(binary, closure_of(binary).to_json())


def of_commands(name: str, shape: str, call: str, *listed: str) -> Program:
    """A command that calls a function which its closure names only if listed."""
    binary = command(call, {name: shape})
    return Program(binary, closure_of(binary, "wasi-command/v1", listed).to_json())


@pytest.fixture
def network(tmp_path: Path) -> Iterator[AttestedConsortium]:
    made = AttestedConsortium(tmp_path)
    made.attester("registrar", engine=WasmEngine(tmp_path / "cache", KEY))
    yield made
    made.close()


def prepare(network: AttestedConsortium, made: Program) -> None:
    """The program is listed, its owner accepts it, and grants it her table."""
    network.list_code(made)
    code = [{"digest": b64u(made.code), "provenance": "this test"}]
    network.set_policies("tax", code=code)
    network.publish("tax", "returns", taxes(12), rules=[permit_run(made)])
    network.grant("housing", RETURNS, **wanted(made), uses=100)


def ran(network: AttestedConsortium) -> Job:
    """Ask for the program, and return the job as it ended."""
    return ended(network, replace(GROUP, parameters={}, limits=SMALL))


def check_refused(network: AttestedConsortium, job: Job, rule: str) -> None:
    """The ledger has the rule and what was released; the receipt is valid."""
    assert (job.phase, job.result) == ("failed", b"")
    held = query_attested.attestation(network.host.view(), job.ledger_id).refusal
    assert held is not None
    assert (held.rule, held.released) == (rule, network.released)
    assert network.released > 0  # it had to be released: it is the program that fails
    receipt = receipt_of(network, job)
    assert receipt.operation == "job.refuse"
    verdict = judged(network, receipt.body)
    assert verdict.outcome == "valid", verdict.report()
    assert rule in verdict.report()


def test_an_honest_program_ends_with_its_output(network: AttestedConsortium) -> None:
    """The measure of all below."""
    prepare(network, of_frames(program()))
    job = ran(network)
    assert (job.problem, job.phase) == (None, "done")
    result = decode(job.result)
    assert isinstance(result, dict)
    assert unb64u(str(result["output"])) == b"{}"


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        pytest.param(of_frames(program(LOOP)), "run.fuel", id="infinite loop"),
        pytest.param(
            of_frames(program(GROW + " unreachable")), "run.memory", id="memory bomb"
        ),
        pytest.param(of_frames(program("unreachable")), "run.trap", id="trap"),
        pytest.param(
            of_frames(program(size="i32.const 4097")), "run.output", id="output"
        ),
        pytest.param(
            of_frames(program(more='(import "env" "now" (func (result i64)))')),
            "run.import",
            id="forbidden import",
        ),
        pytest.param(
            of_commands(
                "path_open",
                "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
                "unreachable",
            ),
            "run.import",
            id="file",
        ),
        pytest.param(
            of_commands(
                "sock_accept", "(param i32 i32 i32) (result i32)", "unreachable"
            ),
            "run.import",
            id="network",
        ),
        pytest.param(
            of_commands(
                "clock_time_get", "(param i32 i64 i32) (result i32)", "unreachable"
            ),
            "run.import",
            id="clock",
        ),
        pytest.param(
            of_commands("random_get", "(param i32 i32) (result i32)", "unreachable"),
            "run.import",
            id="random",
        ),
    ],
)
def test_a_program_that_misbehaves_leaves_a_receipt(
    network: AttestedConsortium, made: Program, rule: str
) -> None:
    """Stopped by name, no result, and the refusal is on the ledger."""
    prepare(network, made)
    check_refused(network, ran(network), rule)


def test_a_poisoned_cache_leaves_a_receipt_and_is_compiled_anew(
    network: AttestedConsortium, tmp_path: Path
) -> None:
    """Compiled code that this runner did not make is never run."""
    prepare(network, of_frames(program()))
    assert ran(network).phase == "done"
    (entry,) = (tmp_path / "cache").glob("*.code")
    kept = entry.read_bytes()
    entry.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    network.sent.clear()
    check_refused(network, ran(network), "run.cache")
    network.sent.clear()
    assert ran(network).phase == "done"
