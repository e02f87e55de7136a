"""The closure of a program: everything that decides what it does, in one digest.

A module's bytes are not enough: the same bytes behave differently under
another runtime, with another setting of it, or with another function behind an
import. All of that stands in the closure, and the closure's digest is what the
ledger lists, what a grant names and what evidence is bound to.

    agency    module ─► Closure ─► digest ─► code.list ─► code.approve
    runner    Closure + module ─► check_module, check_listed ─► run.run

Implements docs/modules.md, "Closure".

>>> closure = Closure(bytes(32), "privshare-frame/v1", "stacked")
>>> Closure.from_json(closure.to_json()) == closure
True
>>> len(closure.digest())
32
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, NoReturn, cast, get_args

from privshare.errors import EncodingError, RunRefused
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u
from privshare.wire.digest import digest_json

Abi = Literal["privshare-frame/v1", "wasi-command/v1"]
Tables = Literal["separate", "stacked"]

#: The runtime that this version of the runner embeds.
RUNTIME: Final = "wasmtime"
RUNTIME_VERSION: Final = "50.0.1"

#: How the runtime is set. Each entry is applied by `engine`; what is not here
#: is the default of that version of the runtime, which the closure names.
ENGINE: Final[Mapping[str, bool | int | str]] = MappingProxyType(
    {
        "consume_fuel": True,
        "cranelift_nan_canonicalization": True,
        "cranelift_opt_level": "speed",
        "max_wasm_stack": 1 << 19,
        "strategy": "cranelift",
        "wasm_bulk_memory": True,
        "wasm_component_model": False,
        "wasm_exceptions": False,
        "wasm_function_references": False,
        "wasm_gc": False,
        "wasm_memory64": False,
        "wasm_multi_memory": False,
        "wasm_multi_value": True,
        "wasm_reference_types": True,
        "wasm_relaxed_simd": False,
        "wasm_relaxed_simd_deterministic": True,
        "wasm_simd": True,
        "wasm_tail_call": False,
        "wasm_threads": False,
    }
)

_WASI = "wasi_snapshot_preview1."

#: What a command needs in order to read its input, write and end; the runner
#: answers these from memory. No environment, no time, no chance, no files.
COMMAND: Final = frozenset(
    _WASI + name
    for name in (
        "args_get",
        "args_sizes_get",
        "environ_get",
        "environ_sizes_get",
        "fd_close",
        "fd_fdstat_get",
        "fd_read",
        "fd_seek",
        "fd_write",
        "proc_exit",
    )
)

#: What a listing may grant on top, in its deterministic form: the constant
#: clock, and the stream of bytes that follows from the job's digest.
GRANTED: Final = frozenset((_WASI + "clock_time_get", _WASI + "random_get"))

#: Import names that an ABI can ever have.
_ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "privshare-frame/v1": frozenset(),
    "wasi-command/v1": COMMAND | GRANTED,
}

MAX_MODULE = 16 << 20
VERSION = 1
_TYPE = "privshare.closure"


@dataclass(frozen=True, slots=True)
class Closure:
    """A module with everything that decides what it does.

    Attributes:
        module: SHA-256 of the module's bytes.
        abi: How it is called.
        tables: Whether it gets its tables one by one, or stacked into one by
            the runner, which needs equal columns.
        imports: "module.name" of each import that it may use, ascending. A
            module that asks for another is not run.
        runtime: Name of the runtime.
        runtime_version: Its exact version.
        engine: Its settings.

    Raises:
        EncodingError: A field that is not of its form, or an import that the
            ABI does not have.
    """

    module: bytes
    abi: Abi
    tables: Tables
    imports: tuple[str, ...] = ()
    runtime: str = RUNTIME
    runtime_version: str = RUNTIME_VERSION
    engine: Mapping[str, bool | int | str] = field(default_factory=lambda: ENGINE)

    def __post_init__(self) -> None:
        if len(self.module) != 32:
            raise EncodingError(
                f"closure.module: expected 32 bytes, found {len(self.module)}"
            )
        _one_of(self.abi, get_args(Abi), "closure.abi")
        _one_of(self.tables, get_args(Tables), "closure.tables")
        if list(self.imports) != sorted(set(self.imports)):
            raise EncodingError(
                "closure.imports: expected each name once, ascending, found another "
                "order"
            )
        for name in self.imports:
            if name not in _ALLOWED[self.abi]:
                raise EncodingError(
                    f"closure.imports: expected imports that {self.abi} has, found "
                    f"{name[:80]}",
                    detail={"rule": "run.import", "import": name[:80]},
                )
        object.__setattr__(self, "engine", MappingProxyType(dict(self.engine)))

    def to_json(self) -> dict[str, Json]:
        """Lay the closure out."""
        return {
            "abi": self.abi,
            "engine": dict(self.engine),
            "imports": list(self.imports),
            "module": b64u(self.module),
            "runtime": self.runtime,
            "runtime_version": self.runtime_version,
            "tables": self.tables,
            "type": _TYPE,
            "v": VERSION,
        }

    @classmethod
    def from_json(cls, obj: object, where: str = "closure") -> Closure:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
        """
        fields = Fields(obj, where)
        fields.constant("type", _TYPE)
        fields.constant("v", VERSION)
        closure = cls(
            module=fields.digest("module"),
            abi=cast(Abi, fields.str("abi")),
            tables=cast(Tables, fields.str("tables")),
            imports=tuple(fields.str_list("imports", 64)),
            runtime=fields.str("runtime"),
            runtime_version=fields.str("runtime_version"),
            engine=_settings(fields.json("engine"), f"{where}.engine"),
        )
        fields.end()
        return closure

    def digest(self) -> bytes:
        """The 32 bytes that name this program on the ledger."""
        return digest_json(domain.PROGRAM, self.to_json())


def measure(
    binary: bytes, abi: str, *, separate: bool = False, granted: Iterable[str] = ()
) -> Closure:
    """The closure under which this runner runs a module of one's own.

    Args:
        binary: The module.
        abi: `privshare-frame/v1`, which imports nothing, or `wasi-command/v1`,
            which may read, write and end.
        separate: Whether it is handed its tables one by one.
        granted: What a command is granted besides: `clock_time_get`, `random_get`.

    Raises:
        EncodingError: Another ABI, or an import that it does not have.
    """
    imports = {_WASI + name for name in granted}
    if abi == "wasi-command/v1":
        imports |= COMMAND
    return Closure(
        hashlib.sha256(binary).digest(),
        cast(Abi, abi),
        "separate" if separate else "stacked",
        tuple(sorted(imports)),
    )


def check_module(closure: Closure, binary: bytes) -> None:
    """Check that bytes are the module that a closure names, run as it says.

    Raises:
        RunRefused: Rule run.module: other bytes, or more than `MAX_MODULE`.
            Rule run.abi: a runtime, a version or settings that this runner
            does not have.
    """
    if len(binary) > MAX_MODULE:
        refuse(
            "run.module",
            f"expected a module of at most {MAX_MODULE} bytes, found {len(binary)}",
        )
    found = hashlib.sha256(binary).digest()
    if found != closure.module:
        refuse(
            "run.module",
            f"expected the module {b64u(closure.module)}, found {b64u(found)}",
        )
    wanted = (closure.runtime, closure.runtime_version)
    if wanted != (RUNTIME, RUNTIME_VERSION) or dict(closure.engine) != dict(ENGINE):
        refuse(
            "run.abi",
            f"expected a closure for {RUNTIME} {RUNTIME_VERSION} with this runner's "
            f"settings, found one for {wanted[0][:32]} {wanted[1][:32]}",
            fix="List the module again, with a closure made by this version.",
        )


def check_listed(closure: Closure, listed: Container[bytes]) -> None:
    """Check that the ledger lists a closure.

    Args:
        closure: What is to be run.
        listed: Digests of the closures that are listed and not withdrawn.

    Raises:
        RunRefused: Rule run.unlisted.
    """
    digest = closure.digest()
    if digest not in listed:
        refuse(
            "run.unlisted",
            f"expected a program that the ledger lists, found {b64u(digest)}",
            fix="Propose it with `code.list` and have it approved.",
        )


def refuse(rule: str, message: str, *, fix: str = "", **detail: Json) -> NoReturn:
    """Raise the error of this rule.

    Raises:
        RunRefused: Always.
    """
    raise RunRefused(message, fix=fix, detail={"rule": rule, **detail})


def _one_of(value: str, allowed: tuple[str, ...], where: str) -> None:
    if value not in allowed:
        raise EncodingError(
            f"{where}: expected {' or '.join(allowed)}, found {value[:40]}"
        )


def _settings(obj: object, where: str) -> dict[str, bool | int | str]:
    if not isinstance(obj, dict) or len(obj) > 64:
        raise EncodingError(f"{where}: expected an object of at most 64 settings")
    for name, value in obj.items():
        if not isinstance(value, bool | int | str):
            raise EncodingError(
                f"{where}.{name[:40]}: expected a boolean, an integer or a string, "
                "found another value"
            )
    return cast(dict[str, bool | int | str], obj)
