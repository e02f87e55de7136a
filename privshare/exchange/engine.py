"""The engine of a runner: listed modules, in a process of their own.

    Work ─► jobs.wasm.run: limits, imports, sandbox ─► Outcome, or the rule

Implements docs/protocols/attested-job.md, section 6.
"""

from __future__ import annotations

from pathlib import Path

from privshare.exchange.attester import Outcome, Work
from privshare.jobs.tee_spec import TeeSpec

__all__ = ["WasmEngine", "library_name"]

#: A run that takes longer is stopped, however little fuel it burns.
MAX_SECONDS = 60.0


def library_name(spec: TeeSpec) -> str:
    """The module of the library that a job runs, or ""."""
    from privshare.jobs.wasm import library  # noqa: PLC0415 - heavy

    for name in library.names():
        if library.module(name).closure.digest() == spec.code:
            return name
    return ""


class WasmEngine:
    """Runs modules by wasmtime, with compiled code kept between runs.

    Args:
        cache: Folder for compiled modules.
        key: 32 bytes by which this node knows its own cache again.
    """

    def __init__(self, cache: Path, key: bytes) -> None:
        self._cache, self._key = cache, key

    def run(self, work: Work) -> Outcome:
        """Run a module on tables, within its limits.

        Raises:
            RunRefused: It was stopped; `detail["rule"]` says by what.
        """
        from privshare.jobs.wasm import engine, library, run  # noqa: PLC0415 - heavy
        from privshare.jobs.wasm.closure import Closure  # noqa: PLC0415

        spec, limits = work.spec, work.spec.limits
        ready = library_name(spec)
        if ready:
            library.check_parameters(ready, dict(spec.parameters))
        done = run.run(
            work.module,
            Closure.from_json(work.closure),
            [table for _, table in work.tables],
            dict(spec.parameters),
            k=spec.k,
            limits=run.Limits(
                fuel=limits.fuel,
                memory=limits.memory,
                output=limits.output,
                seconds=MAX_SECONDS,
            ),
            cache=engine.Cache(self._cache, self._key),
            seed=spec.digest(),
        )
        if ready:
            library.check_output(ready, done.output, spec.k)
        return Outcome(done.output, done.fuel, done.sandbox)
