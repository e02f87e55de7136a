"""Compiled modules, kept so that nobody else's code is ever loaded.

Compiling is done in the walls of `sandbox`, and its result is native code: who
can change it owns the runner. So a compiled module never comes from outside.
The runner's own cache is authenticated under a key that only the runner has;
an entry that does not verify is set aside and named.

    entry = HMAC-SHA256(key, tagged(MODULE_CACHE, closure digest, code)) || code

>>> Cache(Path("/nonexistent"), bytes(31))
Traceback (most recent call last):
privshare.errors.ConfigError: expected a cache key of 32 bytes, found 31
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
import stat
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from privshare.errors import ConfigError
from privshare.jobs.wasm import sandbox
from privshare.jobs.wasm.closure import (
    RUNTIME,
    RUNTIME_VERSION,
    Closure,
    check_module,
    refuse,
)
from privshare.jobs.wasm.stopped import raise_stopped
from privshare.wire import domain
from privshare.wire.canonical import Encodable
from privshare.wire.digest import tagged

__all__ = ["Cache", "compile_module"]

MAX_CODE: Final = 256 << 20
COMPILE_SECONDS: Final = 120.0
_MAC: Final = hashlib.sha256().digest_size


class Cache:
    """Compiled modules in a folder of the runner's own.

    Args:
        folder: Made when it is missing, for its owner alone.
        key: 32 secret bytes of this runner, for this and nothing else.

    Raises:
        ConfigError: A key of another length.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        if len(key) != 32:
            raise ConfigError(f"expected a cache key of 32 bytes, found {len(key)}")
        self._folder = folder
        self._key = key

    def __repr__(self) -> str:
        return f"Cache({str(self._folder)!r}, key=...)"

    def load(self, closure: Closure) -> bytes | None:
        """The compiled code of a closure, or None when it is not there.

        Raises:
            RunRefused: Rule run.cache: an entry that this runner did not
                make for this closure, or a folder that others may write to.
                The entry is set aside, so that the next run compiles anew.
        """
        path = self._path(closure)
        try:
            self._check_folder()
            with path.open("rb") as file:
                entry = file.read(MAX_CODE + _MAC + 1)
        except FileNotFoundError:
            return None
        except OSError:
            self.discard(closure, "an entry that cannot be read")
        mac, code = entry[:_MAC], entry[_MAC:]
        if not hmac.compare_digest(mac, self._mac(closure, code)):
            self.discard(closure, "an entry that this runner did not make")
        return code

    def store(self, closure: Closure, code: bytes) -> None:
        """Keep compiled code.

        Raises:
            RunRefused: Rule run.cache: a folder that others may write to.
            OSError: The folder cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_folder()
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._mac(closure, code) + code)
            os.replace(name, self._path(closure))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    def discard(self, closure: Closure, found: str) -> None:
        """Set an entry aside and refuse the run.

        Raises:
            RunRefused: Always; rule run.cache.
        """
        path = self._path(closure)
        with contextlib.suppress(OSError):
            os.replace(path, path.with_suffix(".refused"))
        refuse(
            "run.cache",
            f"expected compiled code that this runner made, found {found}",
            fix="Find out who writes to the runner's cache; the entry was set aside "
            "and the next run compiles anew.",
        )

    def _path(self, closure: Closure) -> Path:
        return self._folder / f"{closure.digest().hex()}.code"

    def _mac(self, closure: Closure, code: bytes) -> bytes:
        message = tagged(domain.MODULE_CACHE, closure.digest(), code)
        return hmac.digest(self._key, message, "sha256")

    def _check_folder(self) -> None:
        status = os.stat(self._folder)
        if status.st_uid != os.geteuid() or status.st_mode & (
            stat.S_IWGRP | stat.S_IWOTH
        ):
            refuse(
                "run.cache",
                "expected a cache folder that its owner alone may write, found another",
                fix="Give the folder to the runner's user, mode 0700.",
            )


def compile_module(
    binary: bytes, closure: Closure, memory: int, cache: Cache | None
) -> tuple[bytes, str]:
    """The compiled code of a module.

    Args:
        binary: The module.
        closure: Which must name it.
        memory: Bytes that it may use; a module that needs more is refused.
        cache: Where compiled code is kept, or None: compile each time.

    Returns:
        The code, and the walls in which it was compiled, or "" when it came
        from the cache.

    Raises:
        RunRefused: Rules run.module, run.abi, run.import, run.memory,
            run.cache, run.time, run.sandbox.
    """
    check_module(closure, binary)
    _check_runtime()
    if cache is not None:
        kept = cache.load(closure)
        if kept is not None:
            return kept, ""
    answer = sandbox.ask(
        header("compile", closure, memory=memory, seconds=COMPILE_SECONDS),
        [binary],
        most=MAX_CODE,
        seconds=COMPILE_SECONDS,
    )
    raise_stopped(answer.report)
    if cache is not None:
        cache.store(closure, answer.output)
    return answer.output, answer.walls


@functools.cache
def _check_runtime() -> None:
    """The closure names a version; it has to be the one that is here."""
    found = version(RUNTIME)
    if found != RUNTIME_VERSION:
        refuse(
            "run.abi",
            f"expected {RUNTIME} {RUNTIME_VERSION}, found {found[:32]}",
            fix=f"pip install {RUNTIME}=={RUNTIME_VERSION}",
        )


def header(
    mode: str, closure: Closure, *, memory: int, seconds: float, **more: Encodable
) -> dict[str, Encodable]:
    """What the child is told beside its parts."""
    return {
        "abi": closure.abi,
        "engine": dict(closure.engine),
        "imports": list(closure.imports),
        "memory": memory,
        "mode": mode,
        "seconds": int(seconds) + 2,
        **more,
    }
