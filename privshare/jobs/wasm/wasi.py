"""What a command may ask of the system, answered from memory.

The few functions of WASI that a program in C needs in order to read its input,
write its output and end. There is no file behind them, no environment, no time
and no chance: the clock, where it is granted, stands at zero, and random bytes,
where they are granted, follow from the job's digest. So a program that asks
gives the same answer every time, and another job gets other bytes.

Runs in the child of `sandbox`. Implements docs/modules.md, "Commands"; the
functions' names and numbers are those of WASI snapshot preview 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from wasmtime import Caller, FuncType, Linker, Memory, ValType

NAMESPACE: Final = "wasi_snapshot_preview1"

_SUCCESS, _BADF, _INVAL, _SPIPE = 0, 8, 28, 70
_CHUNK: Final = 1 << 16


class Exit(Exception):
    """The program called `proc_exit`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class TooMuch(Exception):
    """The program wrote more than its limit."""


class Fault(Exception):
    """The program named memory that it does not have."""


class Command:
    """One run of a command: its input, its arguments and its output so far.

    Args:
        arguments: argv, the program's name first.
        data: What it reads from descriptor 0.
        most: Bytes that it may write to descriptor 1.
        seed: 32 bytes from which random bytes follow.
    """

    def __init__(
        self, arguments: tuple[bytes, ...], data: bytes, most: int, seed: bytes
    ) -> None:
        self._arguments = arguments
        self._data = memoryview(data)
        self._at = 0
        self._most = most
        self._seed = seed
        self._drawn = 0
        self.output = bytearray()

    def link(self, linker: Linker, wanted: list[str]) -> None:
        """Define the functions that were granted, and no others."""
        i32, i64 = ValType.i32(), ValType.i64()
        known: dict[str, tuple[list[ValType], Callable[..., Any]]] = {
            "args_get": ([i32, i32], self._args_get),
            "args_sizes_get": ([i32, i32], self._args_sizes_get),
            "clock_time_get": ([i32, i64, i32], self._clock_time_get),
            "environ_get": ([i32, i32], self._environ_get),
            "environ_sizes_get": ([i32, i32], self._environ_sizes_get),
            "fd_close": ([i32], self._fd_close),
            "fd_fdstat_get": ([i32, i32], self._fd_fdstat_get),
            "fd_read": ([i32] * 4, self._fd_read),
            "fd_seek": ([i32, i64, i32, i32], self._fd_seek),
            "fd_write": ([i32] * 4, self._fd_write),
            "random_get": ([i32, i32], self._random_get),
        }
        for name in wanted:
            short = name.removeprefix(f"{NAMESPACE}.")
            if short == "proc_exit":
                linker.define_func(
                    NAMESPACE, short, FuncType([i32], []), self._proc_exit
                )
                continue
            takes, function = known[short]
            shape = FuncType(takes, [i32])
            linker.define_func(NAMESPACE, short, shape, function, access_caller=True)

    def _args_sizes_get(self, caller: Caller, count: int, size: int) -> int:
        _store(caller, count, len(self._arguments))
        _store(caller, size, sum(len(word) + 1 for word in self._arguments))
        return _SUCCESS

    def _args_get(self, caller: Caller, places: int, text: int) -> int:
        places, text = places & 0xFFFFFFFF, text & 0xFFFFFFFF
        for number, word in enumerate(self._arguments):
            _store(caller, places + 4 * number, text)
            _write(caller, text, word + b"\0")
            text += len(word) + 1
        return _SUCCESS

    def _environ_sizes_get(self, caller: Caller, count: int, size: int) -> int:
        _store(caller, count, 0)
        _store(caller, size, 0)
        return _SUCCESS

    def _environ_get(self, caller: Caller, places: int, text: int) -> int:
        return _SUCCESS

    def _clock_time_get(
        self, caller: Caller, clock: int, precision: int, at: int
    ) -> int:
        _write(caller, at, bytes(8))
        return _SUCCESS

    def _random_get(self, caller: Caller, at: int, size: int) -> int:
        at, size = at & 0xFFFFFFFF, size & 0xFFFFFFFF
        _check(caller, at, size)
        while size > 0:
            block = b"".join(self._draw() for _ in range(min(size, _CHUNK) // 32 + 1))
            part = block[: min(size, _CHUNK)]
            _write(caller, at, part)
            at, size = at + len(part), size - len(part)
        return _SUCCESS

    def _draw(self) -> bytes:
        self._drawn += 1
        counter = self._drawn.to_bytes(8, "big")
        return hashlib.sha256(self._seed + counter).digest()

    def _fd_close(self, caller: Caller, fd: int) -> int:
        return _SUCCESS if fd in (0, 1, 2) else _BADF

    def _fd_fdstat_get(self, caller: Caller, fd: int, at: int) -> int:
        if fd not in (0, 1, 2):
            return _BADF
        # A character device, so that a C library asks for no more; rights to
        # read or to write and nothing else.
        rights = 0b10 if fd == 0 else 0b1000000
        _write(caller, at, b"\2" + bytes(7) + rights.to_bytes(8, "little") + bytes(8))
        return _SUCCESS

    def _fd_seek(
        self, caller: Caller, fd: int, offset: int, whence: int, at: int
    ) -> int:
        return _SPIPE if fd in (0, 1, 2) else _BADF

    def _fd_read(self, caller: Caller, fd: int, pieces: int, n: int, at: int) -> int:
        if fd != 0:
            return _BADF
        total = 0
        for start, size in _pieces(caller, pieces, n):
            part = self._data[self._at : self._at + size]
            _write(caller, start, bytes(part))
            self._at += len(part)
            total += len(part)
        _store(caller, at, total)
        return _SUCCESS

    def _fd_write(self, caller: Caller, fd: int, pieces: int, n: int, at: int) -> int:
        if fd not in (1, 2):
            return _BADF
        total = 0
        for start, size in _pieces(caller, pieces, n):
            total += size
            if fd == 2:  # what a program says of itself stays where it is
                continue
            if len(self.output) + size > self._most:
                raise TooMuch
            self.output += _read(caller, start, size)
        _store(caller, at, total & 0xFFFFFFFF)
        return _SUCCESS

    def _proc_exit(self, code: int) -> None:
        raise Exit(code & 0xFF)


def _memory(caller: Caller) -> Memory:
    memory = caller["memory"]
    if not isinstance(memory, Memory):
        raise Fault
    return memory


def _check(caller: Caller, at: int, size: int) -> None:
    if at + size > _memory(caller).data_len(caller):
        raise Fault


def _write(caller: Caller, at: int, data: bytes) -> None:
    at &= 0xFFFFFFFF
    _check(caller, at, len(data))
    _memory(caller).write(caller, bytearray(data), at)


def _read(caller: Caller, at: int, size: int) -> bytearray:
    at, size = at & 0xFFFFFFFF, size & 0xFFFFFFFF
    _check(caller, at, size)
    return _memory(caller).read(caller, at, at + size)


def _store(caller: Caller, at: int, value: int) -> None:
    _write(caller, at, value.to_bytes(4, "little"))


def _pieces(caller: Caller, at: int, n: int) -> list[tuple[int, int]]:
    """The (start, size) pairs of a scattered read or write, at most 1,024."""
    n &= 0xFFFFFFFF
    if n > 1024:
        raise Fault
    laid = bytes(_read(caller, at, 8 * n))
    words = [int.from_bytes(laid[i : i + 4], "little") for i in range(0, len(laid), 4)]
    return list(zip(words[::2], words[1::2], strict=True))
