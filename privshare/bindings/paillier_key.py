"""Paillier keys: drawing them, and what makes their holder fast.

The primes are p = 2·u·k + 1 with u a prime (`ps_prime_search.h`). Whoever keeps
the small cofactors k knows all prime factors of p - 1, and so a generator of
Z_p*: a power of it with a uniform exponent is a uniform element. That is what
encryption by the key's holder from a table needs in order to give exactly the
textbook's distribution. For primes that came from elsewhere p - 1 cannot be
factored, and `holder_bases` says so.

    generate(bits, random, kind="known")  ordinary keys; k of 20 bits
    generate(bits, random, kind="safe")   threshold keys; k = 1
    holder_bases(p, q, factors)           generators of Z_p* and Z_q*, or None
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NoReturn

from privshare.bindings._convert import (
    BACKEND,
    ffi,
    lib,
    raise_for,
    wiped,
    wiped_scratch,
)
from privshare.bindings.paillier import (
    PROFILES,
    PrivateCore,
    _batch_scratch,
    _check_profile,
    _integers,
)
from privshare.bindings.prime import generator
from privshare.errors import NativeError, OutOfRange

__all__ = ["Kind", "PrimePair", "generate", "holder_bases"]

Kind = Literal["known", "safe"]

_KINDS: dict[str, int] = {"known": lib.PS_PRIME_KNOWN, "safe": lib.PS_PRIME_SAFE}


@dataclass(frozen=True, slots=True, repr=False)
class PrimePair:
    """The primes of a key that has passed its self-test. Secret.

    Attributes:
        p: A prime, 3 modulo 4.
        q: Another of the same length; gcd(p - 1, q - 1) = 2.
        factors: k and k': (p - 1) / (2·k) and (q - 1) / (2·k') are prime.
        core: The key, ready for use.
    """

    p: int
    q: int
    factors: tuple[int, int]
    core: PrivateCore

    def __repr__(self) -> str:
        return "<PrimePair (secret)>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a PrimePair is not copied or pickled")


def _feed_bytes(bits: int, kind: Kind) -> int:
    """Random bytes that almost always suffice; see `ps_prime_search`."""
    size = bits // 16
    return 32 * size if kind == "known" else size**3 // 32


def _feed(random: Callable[[int], bytes], size: int) -> bytes:
    feed = random(size)
    if len(feed) != size:
        raise NativeError(f"expected {size} random bytes, found {len(feed)}")
    return feed


def generate(
    bits: int, random: Callable[[int], bytes], *, kind: Kind = "known"
) -> PrimePair:
    """Draw the primes of a key, and test the key.

    The same random bytes give the same primes on every machine.

    Args:
        bits: 2048 or 3072: the length of p·q.
        random: Gives so many uniform bytes, such as `secrets.token_bytes`.
        kind: "known" for ordinary keys; "safe" for safe primes, which take
            twenty times as long and which threshold keys need.

    Raises:
        OutOfRange: Another number of bits, or another kind.
        NativeError: The self-test failed, which means broken hardware, or
            `random` gave another number of bytes.

    Leaks:
        How many candidates were tested; see `ps_prime_search.h`.

    Source:
        FIPS 186-5, A.1.3 and B.9; Pocklington 1914; Brandt and Damgård,
        CRYPTO '92.
    """
    _check_profile(bits)
    if kind not in _KINDS:
        raise OutOfRange(f'expected the kind "known" or "safe", found {kind!r}')
    p, q, factors = _search(bits, random, kind)
    core = PrivateCore.unsafe_any_size(p, q)
    with _batch_scratch() as scratch:
        status = lib.ps_paillier_pairwise_test(core._key(), BACKEND, scratch)
    if status != lib.PS_OK:
        raise NativeError("expected a key that decrypts what it encrypts")
    return PrimePair(p, q, factors, core)


def _search(
    bits: int, random: Callable[[int], bytes], kind: Kind
) -> tuple[int, int, tuple[int, int]]:
    size = bits // 16
    feed_bytes = _feed_bytes(bits, kind)
    factors = ffi.new("uint64_t[2]")
    with (
        wiped(size) as p,
        wiped(size) as q,
        wiped_scratch(lib.PS_PRIME_SEARCH_LIMBS) as scratch,
    ):
        status = lib.PS_E_FEED
        while status == lib.PS_E_FEED:
            feed = _feed(random, feed_bytes)
            status = lib.ps_paillier_generate(
                p, q, factors, _KINDS[kind], bits, feed, feed_bytes, BACKEND, scratch
            )
        raise_for(status, f"expected a size in {PROFILES}, found {bits}")
        primes = _integers(p, size, 1)[0], _integers(q, size, 1)[0]
        found = int(factors[0]), int(factors[1])
    lib.ps_wipe(factors, ffi.sizeof(factors))
    return *primes, found


def holder_bases(
    p: int, q: int, factors: tuple[int, int] | None
) -> tuple[int, int] | None:
    """Generators of Z_p* and Z_q*, if the factors of p - 1 and q - 1 are known.

    Args:
        p: A prime of the key.
        q: The other.
        factors: Their cofactors from `generate`, or None for a key that came
            from elsewhere.

    Returns:
        Two small primes; None when there are no factors. The holder then
        encrypts as everybody does.

    Raises:
        OutOfRange: The factors are not those of these primes.

    Leaks:
        The small factors and the generators: a few of the bits of p and q.
    """
    if factors is None:
        return None
    return generator(p, factors[0]), generator(q, factors[1])
