"""Programs for the runner's tests: honest ones, and the ones it must stop."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import wasmtime

from privshare.jobs.wasm import child, frame, library
from privshare.jobs.wasm.closure import ENGINE, Abi, Closure, Tables
from privshare.jobs.wasm.frame import Series
from privshare.wire import canonical

SEED = bytes(range(32))
WASI = "wasi_snapshot_preview1."

#: The smallest honest table.
TABLE = frame.encode([Series("age", "int", (41, 17, None))])


def assemble(text: str) -> bytes:
    """A module from its listing."""
    return bytes(wasmtime.wat2wasm(text))


def closure_of(
    binary: bytes,
    abi: Abi = "privshare-frame/v1",
    imports: Sequence[str] = (),
    tables: Tables = "stacked",
) -> Closure:
    """The closure of a module."""
    digest = hashlib.sha256(binary).digest()
    return Closure(digest, abi, tables, tuple(sorted(imports)))


def program(
    run: str = "i32.const 0",
    *,
    memory: str = '(memory (export "memory") 16)',
    output: str = "i32.const 8",
    size: str = "i32.const 2",
    more: str = "",
    alloc: str = "i32.const 4096",
) -> bytes:
    """A module of the frame ABI that writes `{}`; each part can be replaced."""
    return assemble(
        f"""(module {more} {memory} (data (i32.const 8) "{{}}")
        (func (export "alloc") (param i32) (result i32) {alloc})
        (func (export "run") (param i32 i32 i32 i32) (result i32) {run})
        (func (export "output") (result i32) {output})
        (func (export "output_size") (result i32) {size}))"""
    )


def command(body: str, imports: Mapping[str, str], more: str = "") -> bytes:
    """A command that may call the functions it imports."""
    lines = "".join(
        f'(import "wasi_snapshot_preview1" "{name}" (func ${name} {shape}))'
        for name, shape in imports.items()
    )
    return assemble(
        f"""(module {lines} (memory (export "memory") 2) {more}
        (func (export "_start") {body}))"""
    )


@functools.cache
def _compiled(name: str) -> bytes:
    module = library.module(name)
    engine = child._engine(dict(ENGINE))
    return bytes(wasmtime.Module(engine, module.binary).serialize())


def ask_module(
    name: str, table: bytes, parameters: Mapping[str, Any], *, k: int = 1
) -> Any:
    """What a ready module answers, or the rule and exit it stops with.

    In this process, without the walls: for laws over many small tables.
    """
    header = {
        "abi": "privshare-frame/v1",
        "engine": dict(ENGINE),
        "fuel": 10**10,
        "imports": [],
        "memory": 64 << 20,
        "output": 1 << 20,
    }
    text = canonical.encode({**parameters, "k": k})
    try:
        output, _ = child._run(header, [_compiled(name), text, table])
    except child.Stopped as stopped:
        return stopped.report["rule"], stopped.report.get("exit")
    library.check_output(name, output, k)
    return canonical.decode(output)
