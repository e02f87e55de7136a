"""pypaillier: Rust with GMP, exponents of half the modulus' length."""

from importlib.metadata import version

import paillier
from timing import COUNT, best, bits, mean_ms, numbers, pin, right, tell

pin()
size = bits()
public, private = paillier.generate_keypair(size)[:2]
values = numbers(53, signed=True)
small = numbers(32)
made = paillier.encrypt_integers(public, values)
right([int(v) for v in paillier.decrypt_many(private, made)], values)


def dot(scalars):
    """Multiply and add: it has no product of vectors."""
    return paillier.add_many(
        public, paillier.multiply_integers_public(public, made, scalars)
    )


tell(
    f"pypaillier {version('pypaillier')}",
    {
        "key pair, ms": mean_ms(lambda: paillier.generate_keypair(size), 2),
        "encrypt, DJN": best(lambda: paillier.encrypt_integers(public, values), COUNT),
        "decrypt": best(lambda: paillier.decrypt_many(private, made), COUNT, 2),
        "sum, a term": best(lambda: paillier.add_many(public, made), COUNT, 20),
        "x u32": best(
            lambda: paillier.multiply_integers_public(public, made, small), COUNT
        ),
        "x float64": best(
            lambda: paillier.multiply_integers_public(public, made, values), COUNT
        ),
        "dot u32, an element": best(lambda: dot(small), COUNT),
        "dot float64, an element": best(lambda: dot(values), COUNT),
    },
)
