"""GMP's powm by gmpy2, doing the same work without anything around it."""

import random

import gmpy2
from timing import COUNT, FEW, SEED, best, bits, numbers, pin, right, tell

pin()
size = bits()
draw = random.Random(SEED)


def prime():
    """Half of a modulus, its two highest bits set."""
    top = 3 << (size // 2 - 2)
    return gmpy2.next_prime(top | draw.getrandbits(size // 2 - 2))


p, q = prime(), prime()
n = p * q
square, p_square, q_square = n * n, p * p, q * q
bases = [gmpy2.mpz(draw.randrange(1, n)) for _ in range(FEW)]
fixed = gmpy2.powmod(bases[0], n, square)
short = [gmpy2.mpz(draw.getrandbits(size // 2)) for _ in range(FEW)]
made = [gmpy2.powmod(r, n, square) for r in bases]
small, wide = numbers(32, FEW), numbers(53, FEW)
many = made * (COUNT // FEW)
right(all(gmpy2.powmod(c, p - 1, p_square) % p == 1 for c in made), True)


def product():
    """All of them, one after the other."""
    total = many[0]
    for c in many[1:]:
        total = total * c % square
    return total


def crt_powers():
    """The two powers of each decryption."""
    return [
        (gmpy2.powmod(c, p - 1, p_square), gmpy2.powmod(c, q - 1, q_square))
        for c in made
    ]


def powers(scalars):
    """Each to its own exponent."""
    return [gmpy2.powmod(c, k, square) for c, k in zip(made, scalars, strict=True)]


tell(
    f"GMP {gmpy2.mp_version().split()[-1]} powm",
    {
        "encrypt, DJN": best(
            lambda: [gmpy2.powmod(fixed, x, square) for x in short], FEW
        ),
        "encrypt, textbook": best(
            lambda: [gmpy2.powmod(r, n, square) for r in bases], FEW
        ),
        "decrypt": best(crt_powers, FEW),
        "sum, a term": best(product, len(many), 20),
        "x u32": best(lambda: powers(small), FEW),
        "x float64": best(lambda: powers(wide), FEW),
    },
)
