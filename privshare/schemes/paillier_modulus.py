"""Proof that a Paillier modulus is one under which openings are unique.

If a prime divides n twice, n-th powers and powers of 1 + n meet: the holder of
such a key can open one ciphertext to many values, each with an r that verifies.
So whoever opens shows n-th roots modulo n of numbers that nobody chose. They
exist for all numbers when gcd(n, φ(n)) = 1, and for one number in p at most
when a prime p of n divides φ(n). With 6 numbers, and no prime of n below 2^16
(`PaillierPublicKey` checks that), a bad modulus passes with probability 2^-96,
and only the next modulus is another chance.

    custodian   private ─► prove ─► roots
    everybody   n, roots ─► verify

Source: Goldberg, Reyzin, Sagga and Baldimtsi, "Efficient noninteractive
certification of RSA moduli and beyond", ASIACRYPT 2019, section 3.

>>> from privshare.schemes.paillier import PaillierPrivateKey
>>> private = PaillierPrivateKey.generate(2048)
>>> verify(private.public.n, prove(private))
>>> verify(private.public.n, bytes(6 * 256))
Traceback (most recent call last):
privshare.errors.ProofInvalid: expected 6 roots that show a sound modulus, found others
"""

from __future__ import annotations

import functools

from privshare.bindings.paillier import public_core
from privshare.errors import OutOfRange, ProofInvalid
from privshare.schemes.paillier import PaillierPrivateKey
from privshare.schemes.transcript import Transcript

ROOTS = 6

_MORE_BYTES = 16  # so that the remainder modulo n is as good as uniform


def prove(private: PaillierPrivateKey) -> bytes:
    """Show that a key's modulus is sound: always the same bytes for one key.

    Returns:
        The roots one after the other, each of n's length.
    """
    size = private.public.ciphertext_size
    # c = (1 + m·n)·r^n mod n², so r is the n-th root of c modulo n.
    opened = (private.open(c.to_bytes(size, "big")) for c in _numbers(private.public.n))
    return b"".join(r for _, r in opened)


def verify(n: int, roots: bytes) -> None:
    """Check the roots shown for a modulus.

    Args:
        n: A modulus that `PaillierPublicKey` takes.
        roots: From `prove`.

    Raises:
        ProofInvalid: They are not the roots.
        OutOfRange: The modulus cannot be a key's.
    """
    public_core(n)
    if not _holds(n, roots):
        raise ProofInvalid(
            f"expected {ROOTS} roots that show a sound modulus, found others"
        )


@functools.lru_cache(maxsize=64)
def _holds(n: int, roots: bytes) -> bool:
    """Whether these are the roots. Public, and the same for all of a key's jobs."""
    core = public_core(n)
    size = core.n_bytes
    if len(roots) != ROOTS * size:
        return False
    shown = [roots[i : i + size] for i in range(0, len(roots), size)]
    try:
        # (1 + 0·n)·r^n mod n², eight at a time; modulo n that is r^n.
        powers = core.encrypt_batch([0] * ROOTS, shown)
    except OutOfRange:
        return False
    return [int.from_bytes(power, "big") % n for power in powers] == _numbers(n)


def _numbers(n: int) -> list[int]:
    """Numbers modulo n that follow from n, and that nobody chose."""
    size = (n.bit_length() + 7) // 8
    transcript = Transcript("paillier-modulus/v2")
    transcript.absorb("n", n.to_bytes(size, "big"))
    length = size + _MORE_BYTES
    stream = transcript.challenge("numbers", ROOTS * length)
    return [
        int.from_bytes(stream[i : i + length], "big") % n
        for i in range(0, len(stream), length)
    ]
