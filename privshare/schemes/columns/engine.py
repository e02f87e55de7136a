"""Work on many ciphertexts at once: chunks, threads, bounded memory.

The core does a chunk in one call and lets go of the interpreter's lock, so
chunks run on all cores. No more chunks are under way than there are threads
and as many again; results come in order.

>>> list(ordered(lambda n: n * n, iter(range(5))))
[0, 1, 4, 9, 16]
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from privshare.bindings import paillier_column as native
from privshare.bindings.paillier import PrivateCore, PublicCore
from privshare.errors import VerificationError
from privshare.schemes.columns.encoding import Ints

__all__ = [
    "CHUNK",
    "add",
    "add_plain",
    "check",
    "decrypt",
    "dot",
    "multiply",
    "negate",
    "ordered",
    "sum_groups",
    "total",
]

CHUNK = 1024
"""Ciphertexts that go to the core in one call."""

_LANES = 8
_WORTH_A_THREAD = 32
_GROUPS_WORTH_A_THREAD = 8
_LONG = 1 << 16

Job = TypeVar("Job")
Done = TypeVar("Done")


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def ordered(work: Callable[[Job], Done], jobs: Iterator[Job]) -> Iterator[Done]:
    """Do jobs on all cores; give results in the order of the jobs.

    Jobs are drawn as they are needed: memory does not grow with their number.
    """
    threads = _threads()
    if threads == 1:
        yield from map(work, jobs)
        return
    pool = ThreadPoolExecutor(threads)
    pending: deque[Future[Done]] = deque()
    try:
        for job in jobs:
            pending.append(pool.submit(work, job))
            if len(pending) >= 2 * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def pieces(count: int, chunk: int = CHUNK) -> list[tuple[int, int]]:
    """Cut `count` into chunks: whole lanes, and work for every thread."""
    if count <= _WORTH_A_THREAD:
        return [(0, count)] if count else []
    share = -(-count // _threads())
    step = min(chunk, -(-share // _LANES) * _LANES)
    return [(start, min(start + step, count)) for start in range(0, count, step)]


def _over(
    count: int, work: Callable[[int, int], Done], chunk: int = CHUNK
) -> list[Done]:
    """Do chunks [start, stop) of so many ciphertexts."""
    parts = pieces(count, chunk)
    if len(parts) == 1:
        return [work(*parts[0])]
    return list(ordered(lambda part: work(*part), iter(parts)))


def _joined(parts: list[bytes]) -> bytes:
    """Parts as one; one part as it is."""
    return parts[0] if len(parts) == 1 else b"".join(parts)


def add(core: PublicCore, a: bytes, b: bytes) -> bytes:
    """Sums, element by element."""
    size = core.ciphertext_bytes

    left, right = memoryview(a), memoryview(b)

    def work(start: int, stop: int) -> bytes:
        part = slice(start * size, stop * size)
        return native.add(core, left[part], right[part])

    return _joined(_over(len(a) // size, work, _LONG))


def add_plain(
    core: PublicCore, cs: bytes, ms: bytes | Callable[[int, int], bytes]
) -> bytes:
    """Ciphertexts plus plaintexts of n's length.

    Args:
        core: The key.
        cs: The ciphertexts.
        ms: As many plaintexts, or what gives those of [start, stop).
    """
    size, width = core.ciphertext_bytes, core.n_bytes
    view = memoryview(cs)

    def work(start: int, stop: int) -> bytes:
        part = (
            ms[start * width : stop * width]
            if isinstance(ms, bytes)
            else ms(start, stop)
        )
        return native.add_plain(core, view[start * size : stop * size], part)

    return _joined(_over(len(cs) // size, work))


def negate(core: PublicCore, cs: bytes) -> bytes:
    """Every sign turned."""
    size = core.ciphertext_bytes

    view = memoryview(cs)

    def work(start: int, stop: int) -> bytes:
        return native.negate(core, view[start * size : stop * size])

    return _joined(_over(len(cs) // size, work, _LONG))


def multiply(core: PublicCore, cs: bytes, ks: Ints) -> bytes:
    """c_i to the power k_i, signed."""
    size = core.ciphertext_bytes

    view = memoryview(cs)

    def work(start: int, stop: int) -> bytes:
        part = _integers(ks[start:stop])
        return native.multiply(core, view[start * size : stop * size], part)

    return _joined(_over(len(cs) // size, work, _LONG))


def dot(core: PublicCore, cs: bytes, ks: Ints) -> bytes:
    """One ciphertext of Σ k_i · m_i."""
    size = core.ciphertext_bytes

    view = memoryview(cs)

    def work(start: int, stop: int) -> bytes:
        part = _integers(ks[start:stop])
        return native.dot(core, view[start * size : stop * size], part)

    return total(core, _joined(_over(len(cs) // size, work, _LONG)))


def _integers(ks: Ints) -> Any:
    """int64 as it lies in memory; Python integers in a list."""
    return ks.tolist() if ks.dtype == object else np.ascontiguousarray(ks)


def total(core: PublicCore, cs: bytes) -> bytes:
    """One ciphertext of the sum; of nothing it is 1, a plain 0."""
    size = core.ciphertext_bytes
    if not cs:
        return (1).to_bytes(size, "big")

    def work(start: int, stop: int) -> bytes:
        return core.sum(cs[start * size : stop * size], stop - start)

    sums = _over(len(cs) // size, work, _LONG)
    return sums[0] if len(sums) == 1 else core.sum(b"".join(sums), len(sums))


def sum_groups(
    core: PublicCore, cs: bytes, groups: npt.NDArray[np.uint32], n_groups: int
) -> bytes:
    """The sum of each group; `groups` says where each ciphertext belongs."""
    size = core.ciphertext_bytes
    if n_groups == 1:
        return total(core, cs)
    if n_groups > native.MAX_GROUPS:
        return _many_groups(core, cs, groups, n_groups)
    count = len(groups)
    codes = memoryview(groups.astype("<u4").tobytes())
    view = memoryview(cs)

    def work(start: int, stop: int) -> bytes:
        part = codes[4 * start : 4 * stop]
        return native.sum_groups(core, view[start * size : stop * size], part, n_groups)

    if count < _GROUPS_WORTH_A_THREAD * n_groups:
        return work(0, count)
    first, *others = _over(count, work, _LONG)
    for other in others:
        first = native.add(core, first, other)
    return first


def _many_groups(
    core: PublicCore, cs: bytes, groups: npt.NDArray[np.uint32], n_groups: int
) -> bytes:
    """As many groups at a time as the core takes."""
    rows = np.frombuffer(cs, np.uint8).reshape(len(groups), -1)
    sums: list[bytes] = []
    for first in range(0, n_groups, native.MAX_GROUPS):
        last = min(first + native.MAX_GROUPS, n_groups)
        mine = (groups >= first) & (groups < last)
        part = groups[mine] - np.uint32(first)
        sums.append(sum_groups(core, rows[mine].tobytes(), part, last - first))
    return b"".join(sums)


def check(core: PublicCore, cs: bytes) -> None:
    """Refuse what is no ciphertext under this key.

    Raises:
        VerificationError: A number that is 0, not below n², or shares a factor
            with n; its position in `detail`.
    """
    size = core.ciphertext_bytes
    view = memoryview(cs)

    def work(start: int, stop: int) -> None:
        try:
            native.check(core, view[start * size : stop * size])
        except VerificationError as error:
            place = start + int(error.detail.get("index", 0))
            raise VerificationError(
                "expected ciphertexts under this key, units below n^2, found another "
                f"at ciphertext {place}",
                fix="ask whoever sent it for the column again",
                detail={"index": place},
            ) from None

    _over(len(cs) // size, work, _LONG)


def decrypt(
    core: PrivateCore, cs: bytes, progress: Callable[[int], None] | None = None
) -> Iterator[Sequence[int]]:
    """Plaintexts in [0, n), chunk by chunk."""
    size = core.public.ciphertext_bytes

    def work(part: tuple[int, int]) -> list[int]:
        return core.decrypt_batch(cs[part[0] * size : part[1] * size])

    done = 0
    for plain in ordered(work, iter(pieces(len(cs) // size))):
        done += len(plain)
        if progress:
            progress(done)
        yield plain
