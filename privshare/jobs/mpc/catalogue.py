"""The closed catalogue of programs on shares.

    analyst    find("mean") ─► Program.plan ─► MpcSpec
    ledger     closure("mean") ─► digest ─► listed, as a grant names it
    reader     TABLE ─► docs/protocols/mpc.md, "Programs"

There is no user code in a job on shares. A program is named by the digest of its
closure: name, version, and the sources of the engine that runs it, so nodes of
two releases do not compute one job together unless these are the same.

Importable without arrays: an auditor plans and decodes, and computes nothing.

>>> find("mean").version
1
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from privshare.bindings.source import source_digest
from privshare.errors import EncodingError, NotFound, NotPermitted
from privshare.jobs.mpc.programs import (
    groups,
    join,
    linear,
    logistic,
    moments,
    order,
)
from privshare.jobs.mpc.programs.program import Plan, Program
from privshare.jobs.mpc_spec import Model
from privshare.jobs.tee_spec import TeeInput
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import Json, b64u
from privshare.wire.digest import digest_json, tagged

__all__ = [
    "ABI",
    "PROGRAMS",
    "check_code",
    "check_inputs",
    "check_model",
    "closure",
    "default_model",
    "engine_digest",
    "find",
    "load",
    "names",
    "table",
]

ABI = "mpc.run/v1"

PROGRAMS: tuple[Program, ...] = (
    *moments.PROGRAMS,
    *groups.PROGRAMS,
    *linear.PROGRAMS,
    *logistic.PROGRAMS,
    *join.PROGRAMS,
    *order.PROGRAMS,
)


def find(name: str) -> Program:
    """The program of this name.

    Raises:
        NotFound: The catalogue has none.
    """
    for program in PROGRAMS:
        if program.name == name:
            return program
    raise NotFound(
        f"expected a program of the catalogue ({', '.join(names())}), found "
        f"{identifier.shown(name)}"
    )


def names() -> tuple[str, ...]:
    """Every program's name, sorted."""
    return tuple(sorted(program.name for program in PROGRAMS))


def check_inputs(plan: Plan, inputs: Sequence[TeeInput]) -> None:
    """Check that a plan takes no column but those that the inputs name.

    A grant is on the columns that an input of the specification names; what the
    parameters say must not reach beyond.

    Raises:
        EncodingError: A dataset or a column that the inputs do not name, or an
            input's column that the plan does not take.
    """
    named = {(item.dataset, name) for item in inputs for name in item.all_columns}
    taken = {item for column in plan.columns for item in column.of.items()}
    for dataset, name in sorted(named ^ taken):
        asked = (dataset, name) in named
        raise EncodingError(
            f"{dataset}, column {name}: expected it in the inputs and in the "
            f"program's parameters, found it in the {'first' if asked else 'second'} "
            "alone",
            detail={"column": name, "rule": "mpc.columns"},
        )


def check_model(plan: Plan, model: str) -> None:
    """Check that a plan can be run against this adversary.

    Raises:
        NotPermitted: It cannot: rule `job.model`.
    """
    if model == "semi-honest":
        return
    program = find(plan.program)
    if not program.checked:
        raise NotPermitted(
            f"expected the model semi-honest for {plan.program}, found {model}: "
            "nothing checks how it shuffles its rows",
            fix="Ask for semi-honest.",
            detail={"rule": "job.model"},
        )


def default_model(plan: Plan) -> Model:
    """Against whom a plan is run if nobody says: what its program prefers."""
    return find(plan.program).model


def closure(name: str) -> Json:
    """What a program is made of, as its digest on the ledger covers it.

    Raises:
        NotFound: The catalogue has none of this name.
    """
    return {
        "abi": ABI,
        "engine": b64u(engine_digest()),
        "program": name,
        "version": find(name).version,
    }


def check_code(name: str, code: bytes) -> None:
    """Check that a digest is that of this program, of this release.

    A grant is on the digest; what runs goes by the name.

    Raises:
        NotPermitted: It is another's: rule `run.module`.
        NotFound: The catalogue has none of this name.
    """
    if digest_json(domain.PROGRAM, closure(name)) != code:
        raise NotPermitted(
            f"expected the digest of {name} in this release, found another program's",
            fix="List the program of this release: privshare code propose.",
            detail={"rule": "run.module"},
        )


@cache
def engine_digest() -> bytes:
    """Digest of the sources that compute: this package's, and the C core's."""
    home = Path(__file__).parent
    parts: list[bytes] = []
    for path in sorted(home.rglob("*.py"), key=lambda path: path.as_posix()):
        parts += [path.relative_to(home).as_posix().encode(), path.read_bytes()]
    return tagged(domain.PROGRAM, *parts, source_digest())


def load() -> None:
    """Import what computes, of all programs: a worker opens no file later."""
    engine_digest()
    for program in PROGRAMS:
        program.load()


def table() -> list[dict[str, str]]:
    """The catalogue as rows of words, for the protocol's page."""
    return [
        {
            "program": f"{program.name}/v{program.version}",
            "inputs": program.inputs,
            "outputs": program.outputs,
            "leaks": program.leaks,
            "error": program.error,
        }
        for program in PROGRAMS
    ]
