"""Proofs about bits over GF(2^64) (`ps_gf64.h`, `ps_dzk.h`): their kernels.

Arrays are of 64-bit words and must be contiguous; whole arrays cross to C in
one call. Who says what to whom stands in `jobs.mpc.bit_proof`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.bindings._convert import BACKEND, ffi, lib
from privshare.errors import OutOfRange

__all__ = ["BLOCK", "FAN", "bits", "dot", "fold", "mul", "products", "spread", "weigh"]

Words: TypeAlias = npt.NDArray[np.uint64]

#: Words of a block, which are the corners of a cube of six dimensions.
BLOCK: int = lib.PS_DZK_WORDS
#: Corners of a cube of three dimensions.
FAN: int = lib.PS_DZK_FAN


def _in(array: Words, count: int) -> Any:
    if array.dtype != np.uint64 or array.size != count:
        raise OutOfRange(f"expected {count} words, found {array.size} {array.dtype}")
    return ffi.from_buffer("ps_limb[]", np.ascontiguousarray(array))


def _out(array: Words) -> Any:
    return ffi.from_buffer("ps_limb[]", array, require_writable=True)


def mul(a: Words, b: Words) -> Words:
    """Products element by element."""
    made = np.empty(a.size, np.uint64)
    lib.ps_gf64_mul(_out(made), _in(a, a.size), _in(b, a.size), a.size, BACKEND)
    return made


def dot(a: Words, b: Words) -> int:
    """The sum of products."""
    return int(lib.ps_gf64_dot(_in(a, a.size), _in(b, a.size), a.size, BACKEND))


def bits(x0: Words, x1: Words, y0: Words, y1: Words, beta: Words) -> Words:
    """What the prover shares first: G at the points of {0,1,inf}^6."""
    made = np.empty(lib.PS_DZK_POINTS, np.uint64)
    scratch = np.empty(lib.PS_DZK_SCRATCH, np.uint64)
    words = [_in(one, BLOCK * beta.size) for one in (x0, x1, y0, y1)]
    lib.ps_dzk_bits(
        _out(made), *words, _in(beta, beta.size), beta.size, BACKEND, _out(scratch)
    )
    return made


def spread(parts: Sequence[Words], eq: Words, beta: Words | None = None) -> Words:
    """Bits to elements at a challenge, weighed by beta when there is one.

    The parts are of one length; what they become stands in one vector.
    """
    size = parts[0].size
    blocks = size // BLOCK
    made = np.empty(len(parts) * size, np.uint64)
    weights = ffi.NULL if beta is None else _in(beta, blocks)
    for number, words in enumerate(parts):
        out = _out(made[number * size : (number + 1) * size])
        source = _in(words, BLOCK * blocks)
        lib.ps_dzk_spread(out, source, _in(eq, BLOCK), weights, blocks, BACKEND)
    return made


def weigh(words: Words, eq: Words, beta: Words) -> int:
    """A sum of words, weighed as `spread` weighs bits."""
    source = _in(words, BLOCK * beta.size)
    weights = _in(beta, beta.size)
    return int(lib.ps_dzk_weigh(source, _in(eq, BLOCK), weights, beta.size, BACKEND))


def products(u: Words, v: Words) -> Words:
    """What the prover shares later: G at the points of {0,1,inf}^3."""
    made = np.empty(lib.PS_DZK_FAN_POINTS, np.uint64)
    n = u.size // FAN
    lib.ps_dzk_products(_out(made), _in(u, FAN * n), _in(v, FAN * n), n, BACKEND)
    return made


def fold(u: Words, eq: Words) -> Words:
    """An eighth of a vector, at a challenge."""
    n = u.size // FAN
    made = np.empty(n, np.uint64)
    lib.ps_dzk_fold(_out(made), _in(u, FAN * n), _in(eq, FAN), n, BACKEND)
    return made
