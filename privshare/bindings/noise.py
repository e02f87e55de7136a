"""Exact noise of differential privacy, sampled with integers (`ps_noise.h`).

Every function takes a source of random bytes and gives a list of integers of
exactly the stated distribution. The source is read in order: asked twice, it
gives what follows, never the same bytes again.

None of this takes constant time: how long a sample takes depends on the
sample. Sample before any input is at hand, and all at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from privshare.bindings._convert import ffi, lib, raise_for
from privshare.errors import NativeError, OutOfRange

__all__ = [
    "MAX_COUNT",
    "MAX_POLYA_SCALE",
    "MAX_S",
    "MAX_SCALE",
    "MAX_T",
    "MAX_VARIANCE",
    "RandomSource",
    "bernoulli_exp",
    "gaussian",
    "laplace",
    "polya",
]

#: Gives so many random bytes.
RandomSource = Callable[[int], bytes]

MAX_COUNT = 1 << 20
"""Most samples of one call."""

MAX_SCALE = 1 << lib.PS_NOISE_RATIO_BITS
"""Largest scale t/s of a discrete Laplace."""

MAX_POLYA_SCALE = 1 << lib.PS_NOISE_POLYA_BITS
"""Largest scale t/s of a Polya pair, whose time grows with it."""

MAX_VARIANCE = 1 << lib.PS_NOISE_VARIANCE_BITS
"""σ² of a discrete Gaussian is below this."""

MAX_T = 1 << lib.PS_NOISE_SCALE_BITS
"""The numerator of a scale is below this."""

MAX_S = 1 << lib.PS_NOISE_SHARE_BITS
"""The denominator of a scale is below this."""

_MAX_DIVISOR = 1 << lib.PS_NOISE_DIVISOR_BITS
_WORD = 1 << 64
_REFILLS = 64


def _check_count(count: int) -> None:
    if not 0 <= count <= MAX_COUNT:
        raise OutOfRange(f"expected 0 to {MAX_COUNT} samples, found {count}")


def _fill(
    kind: str, call: Any, count: int, guess: int, rand: RandomSource, *numbers: int
) -> list[int]:
    """Call until every sample is there.

    A sample that the feed broke off begins again with the same bytes and more
    behind them, so that the length of a feed does not choose samples.
    """
    _check_count(count)
    samples: list[int] = []
    buffer = ffi.new(kind, count)
    done, used = ffi.new("size_t *"), ffi.new("size_t *")
    feed = b""
    for _ in range(_REFILLS):
        left = count - len(samples)
        feed += rand(max(len(feed), 64 + left * guess))
        status = call(buffer, done, used, left, *numbers, feed, len(feed))
        samples += ffi.unpack(buffer, done[0])
        feed = feed[used[0] :]
        if status != lib.PS_E_FEED:
            raise_for(status, "expected parameters in their documented intervals")
            return samples
    raise NativeError(f"expected {count} samples, found a source that gives too little")


def _check_scale(t: int, s: int, most: int) -> None:
    if not (0 < t < MAX_T and 0 < s < MAX_S and t <= most * s):
        raise OutOfRange(
            f"expected a scale t/s of at most {most} with 0 < t < {MAX_T} and "
            f"0 < s < {MAX_S}, found {t}/{s}"
        )


def bernoulli_exp(
    a: int, b: int, count: int, rand: RandomSource = secrets.token_bytes
) -> list[int]:
    """Bits that are 1 with probability exp(-a/b).

    Args:
        a: 0 or more, below 2^64.
        b: 1 or more, below 2^64.
        count: How many, at most `MAX_COUNT`.
        rand: Random bytes.

    Raises:
        OutOfRange: A number outside its interval.

    Leaks:
        The bits, through the time.

    Source:
        Canonne, Kamath and Steinke, NeurIPS 2020, algorithm 1.
    """
    if not (0 <= a < _WORD and 0 < b < _WORD):
        raise OutOfRange(f"expected 0 <= a < 2^64 and 0 < b < 2^64, found {a} and {b}")
    return _fill("uint8_t[]", lib.ps_noise_bernoulli_vartime, count, 4, rand, a, b)


def laplace(
    t: int, s: int, count: int, rand: RandomSource = secrets.token_bytes
) -> list[int]:
    """Discrete Laplace of scale t/s: P(x) ∝ exp(-|x|·s/t).

    Args:
        t: Numerator, below 2^60.
        s: Denominator, below 2^40.
        count: How many, at most `MAX_COUNT`.
        rand: Random bytes.

    Raises:
        OutOfRange: A number outside its interval, or t/s above `MAX_SCALE`.

    Leaks:
        Something about the samples, through the time.

    Source:
        Canonne, Kamath and Steinke, NeurIPS 2020, algorithm 2.
    """
    _check_scale(t, s, MAX_SCALE)
    guess = 4 if t < 1 << 16 else 40
    return _fill("int64_t[]", lib.ps_noise_laplace_vartime, count, guess, rand, t, s)


def gaussian(
    n: int, d: int, count: int, rand: RandomSource = secrets.token_bytes
) -> list[int]:
    """Discrete Gaussian of σ² = n/d: P(x) ∝ exp(-x²/(2σ²)).

    Args:
        n: Numerator, below 2^96.
        d: Denominator, below 2^32.
        count: How many, at most `MAX_COUNT`.
        rand: Random bytes.

    Raises:
        OutOfRange: A number outside its interval, or n/d not below
            `MAX_VARIANCE`.

    Leaks:
        Something about the samples, through the time.

    Source:
        Canonne, Kamath and Steinke, NeurIPS 2020, algorithm 3.
    """
    if not (0 < n < MAX_VARIANCE * d and 0 < d < _MAX_DIVISOR and n < 1 << 96):
        raise OutOfRange(
            f"expected σ² = n/d below 2^80 with 0 < n < 2^96 and 0 < d < 2^32, "
            f"found {n}/{d}"
        )
    guess = 12 if n < d << 16 else 64
    return _fill(
        "int64_t[]",
        lib.ps_noise_gaussian_vartime,
        count,
        guess,
        rand,
        n % _WORD,
        n >> 64,
        d,
    )


def polya(
    t: int, s: int, count: int, rand: RandomSource = secrets.token_bytes
) -> list[int]:
    """Half of a discrete Laplace: two of them add to one of scale t/s.

    The difference of two independent negative binomials of shape 1/2, whose
    sum is geometric.

    Args:
        t: Numerator, below 2^60.
        s: Denominator, below 2^40.
        count: How many, at most `MAX_COUNT`.
        rand: Random bytes; a sample takes about t/(4·s) of them.

    Raises:
        OutOfRange: A number outside its interval, or t/s above
            `MAX_POLYA_SCALE`.

    Leaks:
        Something about the samples, through the time.

    Source:
        Feller, "An introduction to probability theory", I, III.4, theorem 1.
    """
    _check_scale(t, s, MAX_POLYA_SCALE)
    # A long walk is sampled in parts, so that a feed stays short.
    guess = 16 + t // (3 * s)
    step = max(1, (1 << 22) // guess)
    _check_count(count)
    samples: list[int] = []
    while len(samples) < count:
        part = min(step, count - len(samples))
        samples += _fill(
            "int64_t[]", lib.ps_noise_polya_vartime, part, guess, rand, t, s
        )
    return samples
