"""The base that public encryption raises to random powers.

Whoever encrypts with a table computes h^(n·x) for a short random x in place of
r^n for a random unit r. All agree on h without being told, since it follows
from n: a public key stays one number.

    n ─► djn_base ─► h ─► EncryptionTable (privshare.bindings.paillier_table)

h is the negative of a random square, as Damgård, Jurik and Nielsen take it: for
p = q = 3 mod 4 it generates a group of the largest order that n has, but for a
negligible chance.

Source: Damgård, Jurik and Nielsen, "A generalization of Paillier's public-key
system with applications to electronic voting", Int. J. Inf. Secur. 9 (2010),
section 4.2.

>>> djn_base(126869)
19920
"""

from __future__ import annotations

from math import gcd

from privshare.errors import OutOfRange
from privshare.schemes.transcript import Transcript

_MORE_BYTES = 16  # so that the remainder modulo n is as good as uniform


def djn_base(n: int) -> int:
    """The base of a modulus: h = -x² mod n for an x that follows from n.

    Args:
        n: An odd modulus above 3.

    Returns:
        h in [2, n - 1), a unit.

    Raises:
        OutOfRange: n is even or too small.

    Source:
        Damgård, Jurik and Nielsen 2010, section 4.2. x is a challenge of a
        transcript of n, 16 bytes longer than n, modulo n; the next is taken
        until h is a unit, which small examples alone go past the first for.
    """
    if n < 5 or n % 2 == 0:
        raise OutOfRange("expected an odd modulus above 3, found another")
    size = (n.bit_length() + 7) // 8
    transcript = Transcript("paillier-base/v2")
    transcript.absorb("n", n.to_bytes(size, "big"))
    while True:
        x = int.from_bytes(transcript.challenge("x", size + _MORE_BYTES), "big")
        h = -x * x % n
        if 2 <= h < n - 1 and gcd(h, n) == 1:
            return h
