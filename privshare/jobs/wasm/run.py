"""Run a measured program once over tables, inside every wall there is.

    runner  listed closure, module, frames ─► run ─► Outcome ─► Conclusion

The program gets its parameters and its tables, and nothing else of the world.
The same closure, parameters, tables and seed give the same output and the same
fuel, on every run: so any agency that has the inputs can repeat the run and
compare, without trusting a machine.

Whatever goes wrong is a `RunRefused` that names its rule; docs/modules.md has
the table. Messages never repeat what a program wrote.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.wasm import frame, sandbox
from privshare.jobs.wasm.closure import Closure, refuse
from privshare.jobs.wasm.engine import Cache, compile_module, header
from privshare.jobs.wasm.stopped import raise_stopped
from privshare.wire import canonical
from privshare.wire.canonical import Encodable

__all__ = ["Limits", "Outcome", "run"]

MAX_PARAMETERS: Final = 16 << 10
MAX_THRESHOLD: Final = 1_000_000

_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "fuel": (1, (1 << 53) - 1),
    "memory": (1 << 16, 3 << 30),
    "output": (1, 64 << 20),
    "seconds": (0.1, 86_400),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take before it is stopped.

    Attributes:
        fuel: Units of work, as the runtime counts them.
        memory: Bytes of the program's memory.
        output: Bytes of its output.
        seconds: Of wall-clock time. The one limit that depends on the
            machine, so set it far above what the fuel takes.

    Raises:
        OutOfRange: A limit outside its bounds.
    """

    fuel: int = 10_000_000_000
    memory: int = 256 << 20
    output: int = 256 << 10
    seconds: float = 120.0

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not low <= value <= high:
                raise OutOfRange(f"limits.{name}: expected {low} to {high}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that ended well.

    Attributes:
        output: What the program wrote. Of the frame ABI: canonical JSON.
        fuel: Units of work that it took; the same on every run.
        exit: 0; a program that ends otherwise is refused.
        sandbox: The walls around it, as "bubblewrap+landlock+seccomp", or
            "none".
        cached: Whether its compiled code came from the cache.
        seconds: Of wall-clock time, all of it.
    """

    output: bytes
    fuel: int
    exit: int
    sandbox: str
    cached: bool
    seconds: float


def run(
    binary: bytes,
    closure: Closure,
    tables: Sequence[bytes],
    parameters: Mapping[str, Encodable],
    *,
    k: int,
    seed: bytes,
    limits: Limits | None = None,
    cache: Cache | None = None,
) -> Outcome:
    """Run a program.

    Whether the closure is listed is the caller's question, before this
    (`closure.check_listed`).

    Args:
        binary: The module.
        closure: Which must name it.
        tables: Frames, in the order of the spec's inputs. Stacked into one
            when the closure says so.
        parameters: Of the program; `k` is added under that name.
        k: The fewest rows that the program may tell anything of.
        seed: 32 bytes from which granted random bytes follow: the digest of
            the job's spec.
        limits: What it may take.
        cache: The runner's compiled modules, or None: compile each time.

    Returns:
        What it wrote and what that took.

    Raises:
        RunRefused: `detail["rule"]` is one of run.abi, run.cache, run.exit,
            run.fuel, run.import, run.input, run.memory, run.module,
            run.output, run.parameters, run.sandbox, run.time, run.trap.
    """
    started = time.perf_counter()
    bounds = limits or Limits()
    text = _parameters(parameters, k)
    frames = _tables(closure, tables)
    if len(seed) != 32:
        raise OutOfRange(f"expected a seed of 32 bytes, found {len(seed)}")
    code, compiled = compile_module(binary, closure, bounds.memory, cache)
    head = header(
        "run",
        closure,
        memory=bounds.memory,
        seconds=bounds.seconds,
        fuel=bounds.fuel,
        output=bounds.output,
        seed=seed.hex(),
    )
    answer = sandbox.ask(
        head, [code, text, *frames], most=bounds.output, seconds=bounds.seconds
    )
    if answer.report.get("rule") == "run.cache" and cache is not None:
        cache.discard(closure, "code for another machine or runtime")
    raise_stopped(answer.report)
    fuel = _fuel(answer, bounds)
    _check_output(closure, answer.output, bounds.output)
    return Outcome(
        output=answer.output,
        fuel=fuel,
        exit=0,
        sandbox=answer.walls,
        cached=not compiled,
        seconds=time.perf_counter() - started,
    )


def _parameters(parameters: Mapping[str, Encodable], k: int) -> bytes:
    if not 1 <= k <= MAX_THRESHOLD:
        refuse("run.parameters", f"expected k from 1 to {MAX_THRESHOLD}, found {k}")
    if "k" in parameters:
        refuse("run.parameters", "expected parameters without k, which the job sets")
    try:
        text = canonical.encode({**parameters, "k": k})
    except PrivShareError as error:
        refuse("run.parameters", error.message)
    if len(text) > MAX_PARAMETERS:
        refuse(
            "run.parameters",
            f"expected at most {MAX_PARAMETERS} bytes of parameters, found {len(text)}",
        )
    return text


def _tables(closure: Closure, tables: Sequence[bytes]) -> list[bytes]:
    """The checked frames that go in; the program sees nothing unchecked."""
    try:
        if closure.tables == "stacked":
            return [frame.stack(tables)]
        for table in tables:
            frame.decode(table)
    except (EncodingError, OutOfRange) as error:
        refuse("run.input", error.message, fix=error.fix)
    return list(tables)


def _check_output(closure: Closure, output: bytes, most: int) -> None:
    if closure.abi != "privshare-frame/v1":
        return
    try:
        canonical.decode(output, max_bytes=most)
    except EncodingError as error:
        refuse("run.output", f"output: {error.message}")


def _fuel(answer: sandbox.Answer, limits: Limits) -> int:
    fuel = answer.report.get("fuel")
    if not isinstance(fuel, int) or not 0 <= fuel <= limits.fuel:
        refuse("run.sandbox", "expected a report of the fuel, found none")
    return fuel
