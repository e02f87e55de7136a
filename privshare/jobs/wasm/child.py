"""The process that holds the runtime: it compiles one module, or runs it once.

Started by `sandbox` with two descriptors, the sealed job and a pipe for the
answer. It knows nothing of the ledger, of keys or of parties; it imports the
runtime, puts up its walls (`confine`), and only then looks at the module and
the tables. Whatever happens inside leaves as one report: a rule's id with
numbers, or the output.

    job     = u64 header bytes || header (JSON) || the parts that it lists
    answer  = u64 header bytes || header (JSON) || output or compiled code

The one process that imports the runtime, and it imports nothing else of the
package.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any, NoReturn

from wasmtime import (
    Config,
    Engine,
    ExitTrap,
    Func,
    Instance,
    Linker,
    Memory,
    Module,
    Store,
    Trap,
    TrapCode,
    WasmtimeError,
)

from privshare.jobs.wasm import confine, wasi

_MAGIC = b"\0asm\1\0\0\0"
_PAGE = 1 << 16

#: Memory of the process beside the program's own: interpreter and runtime,
#: and what it takes to compile.
_OVERHEAD = 512 << 20
_COMPILING = 1 << 30

#: Names and types (parameters, results) of what an ABI's modules export.
_EXPORTS: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "privshare-frame/v1": {
        "alloc": (["i32"], ["i32"]),
        "output": ([], ["i32"]),
        "output_size": ([], ["i32"]),
        "run": (["i32"] * 4, ["i32"]),
    },
    "wasi-command/v1": {"_start": ([], [])},
}

#: Codes of native/wasm/memory.h that have a rule of their own.
_REASONS = {1: "run.parameters", 2: "run.input", 3: "run.memory"}


class Stopped(Exception):
    """The run ends without output."""

    def __init__(self, rule: str, **detail: str | int) -> None:
        super().__init__(rule)
        self.report: dict[str, Any] = {"rule": rule, **detail}


def main(job: int, answer: int) -> None:
    """Do the job on one descriptor, write the answer to the other."""
    header, parts = _read_job(job)
    compiling = header["mode"] == "compile"
    room = _COMPILING if compiling else header["memory"] + 3 * sum(header["parts"])
    walls = confine.confine(_OVERHEAD + room, header["seconds"])
    report: dict[str, Any] = {"walls": walls}
    output = b""
    try:
        if compiling:
            output = _compile(header, parts[0])
        else:
            started = time.perf_counter_ns()
            output, fuel = _run(header, parts)
            report["fuel"] = fuel
            report["nanoseconds"] = time.perf_counter_ns() - started
    except Stopped as stopped:
        report.update(stopped.report)
    except MemoryError:
        report["rule"] = "run.memory"
    head = json.dumps(report).encode()
    _write(answer, len(head).to_bytes(8, "little") + head)
    _write(answer, output)
    os._exit(0)


def _read_job(descriptor: int) -> tuple[dict[str, Any], list[bytes]]:
    size = os.fstat(descriptor).st_size
    data = bytearray()
    while len(data) < size:
        data += os.pread(descriptor, size - len(data), len(data))
    at = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:at])
    parts = []
    for length in header["parts"]:
        parts.append(bytes(data[at : at + length]))
        at += length
    return header, parts


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _engine(settings: dict[str, Any]) -> Engine:
    config = Config()
    for name, value in settings.items():
        setattr(config, name, value)
    # Where code is made and kept, not what it does: no second thread, no file
    # behind a memory, and an address space that small machines have, too.
    config.parallel_compilation = False
    config.memory_init_cow = False
    config.memory_reservation = 1 << 32
    return Engine(config)


def _compile(header: dict[str, Any], binary: bytes) -> bytes:
    if binary[:8] != _MAGIC:
        raise Stopped("run.module", found="no WebAssembly binary of version 1")
    try:
        module = Module(_engine(header["engine"]), binary)
    except WasmtimeError as error:
        raise Stopped("run.module", found=str(error).splitlines()[0][:160]) from None
    _check(module, header)
    return bytes(module.serialize())


def _check(module: Module, header: dict[str, Any]) -> None:
    """Hold imports and exports against the closure."""
    for one in module.imports:
        name = f"{one.module}.{one.name}"
        if name not in header["imports"]:
            raise Stopped("run.import", found=name[:160])
    exports: dict[str, Any] = {one.name: one.type for one in module.exports}
    memory = exports.get("memory")
    pages = getattr(getattr(memory, "limits", None), "min", None)
    if pages is None:
        raise Stopped("run.abi", found="no memory")
    if pages * _PAGE > header["memory"]:
        raise Stopped("run.memory")
    for name, (takes, gives) in _EXPORTS[header["abi"]].items():
        shape = exports.get(name)
        found = (
            [str(one) for one in getattr(shape, "params", ["none"])],
            [str(one) for one in getattr(shape, "results", ["none"])],
        )
        if found != (takes, gives):
            raise Stopped("run.abi", found=f"no {name} of its type")


class _Program:
    """One instance in one store."""

    def __init__(self, header: dict[str, Any], compiled: bytes) -> None:
        engine = _engine(header["engine"])
        try:
            self._module = Module.deserialize(engine, compiled)
        except WasmtimeError:
            raise Stopped("run.cache") from None
        _check(self._module, header)
        self.store = Store(engine)
        self.store.set_fuel(header["fuel"])
        self.store.set_limits(
            memory_size=header["memory"],
            table_elements=100_000,
            instances=1,
            tables=8,
            memories=1,
        )
        self.linker = Linker(engine)
        self._limits = header
        self._instance: Instance | None = None

    def start(self) -> None:
        """Make the instance, which may run code already."""
        try:
            self._instance = self.linker.instantiate(self.store, self._module)
        except Trap as trap:
            self._stop(trap)
        except WasmtimeError as error:
            rule = "run.memory" if "memory" in str(error) else "run.trap"
            raise Stopped(rule) from None

    @property
    def memory(self) -> Memory:
        assert self._instance is not None
        memory = self._instance.exports(self.store)["memory"]
        assert isinstance(memory, Memory)
        return memory

    def call(self, name: str, *values: int) -> int:
        """Call an export; every way of failing is a `Stopped`."""
        try:
            result = self._function(name)(self.store, *values)
        except wasi.Exit as ended:
            return ended.code
        except wasi.TooMuch:
            raise Stopped("run.output") from None
        except wasi.Fault:
            raise Stopped("run.trap", found="an address outside its memory") from None
        except (Trap, ExitTrap) as trap:
            self._stop(trap)
        except WasmtimeError:
            raise Stopped("run.trap") from None
        return result & 0xFFFFFFFF if isinstance(result, int) else 0

    def _function(self, name: str) -> Func:
        assert self._instance is not None
        function = self._instance.exports(self.store)[name]
        assert isinstance(function, Func)
        return function

    def _stop(self, trap: Trap | ExitTrap) -> NoReturn:
        code = trap.trap_code if isinstance(trap, Trap) else None
        if code is TrapCode.OUT_OF_FUEL or self.store.get_fuel() == 0:
            raise Stopped("run.fuel", fuel=self._limits["fuel"])
        if code is TrapCode.UNREACHABLE:
            self._ask_reason()
        if self._instance is not None:
            used = self.memory.data_len(self.store)
            if used + _PAGE > self._limits["memory"]:
                raise Stopped("run.memory")
        found = code.name.lower().replace("_", " ") if code else "a trap"
        raise Stopped("run.trap", found=found)

    def _ask_reason(self) -> None:
        """A module of the library tells why it stopped; others do not."""
        try:
            reason = self._function("reason")(self.store)
        except (AssertionError, KeyError, AttributeError, Trap, WasmtimeError):
            return
        if isinstance(reason, int) and 0 < reason < 256:
            raise Stopped(_REASONS.get(reason, "run.exit"), exit=reason)

    def put(self, data: bytes) -> int:
        """Hand bytes to the program, at a place that it chooses."""
        at = self.call("alloc", len(data))
        if at == 0 and data:
            raise Stopped("run.memory")
        if at + len(data) > self.memory.data_len(self.store):
            raise Stopped("run.abi", found="alloc gave room that is not there")
        self.memory.write(self.store, bytearray(data), at)
        return at


def _run(header: dict[str, Any], parts: list[bytes]) -> tuple[bytes, int]:
    """Run once: compiled code, parameters, then the tables."""
    program = _Program(header, parts[0])
    tables = b"".join(parts[2:])
    if header["abi"] == "wasi-command/v1":
        output, code = _command(program, header, parts[1], tables)
    else:
        output, code = _frame(program, header, parts[1], tables)
    fuel: int = header["fuel"] - program.store.get_fuel()
    if code != 0:
        raise Stopped(_REASONS.get(code, "run.exit"), exit=code, fuel=fuel)
    return output, fuel


def _frame(
    program: _Program, header: dict[str, Any], parameters: bytes, tables: bytes
) -> tuple[bytes, int]:
    program.start()
    text, data = program.put(parameters), program.put(tables)
    code = program.call("run", text, len(parameters), data, len(tables))
    if code != 0:
        return b"", code
    at, size = program.call("output"), program.call("output_size")
    if size > header["output"]:
        raise Stopped("run.output")
    if at + size > program.memory.data_len(program.store):
        raise Stopped("run.abi", found="output that is not in its memory")
    return bytes(program.memory.read(program.store, at, at + size)), 0


def _command(
    program: _Program, header: dict[str, Any], parameters: bytes, tables: bytes
) -> tuple[bytes, int]:
    seed = bytes.fromhex(header["seed"])
    command = wasi.Command((b"job", parameters), tables, header["output"], seed)
    command.link(program.linker, header["imports"])
    program.start()
    code = program.call("_start")
    return bytes(command.output), code
