"""libsodium's ristretto255, through the wheel of rbcl.

It has neither points that are not encoded nor sums of multiples: a sum is
multiplications and additions, each of which decodes and encodes.
"""

import random
from importlib.metadata import version

import rbcl
from timing import SEED, best, pin, right, tell

pin()
COUNT = 64
draw = random.Random(SEED)
scalars = [
    rbcl.crypto_core_ristretto255_scalar_reduce(draw.randbytes(64))
    for _ in range(COUNT)
]
wide = [draw.randbytes(64) for _ in range(COUNT)]
points = [rbcl.crypto_core_ristretto255_from_hash(x) for x in wide]
pairs = list(zip(scalars, points, strict=True))
right(all(map(rbcl.crypto_core_ristretto255_is_valid_point, points)), True)


def multiples():
    return [rbcl.crypto_scalarmult_ristretto255(s, p) for s, p in pairs]


def total():
    """The sum of all multiples."""
    first, *others = multiples()
    for other in others:
        first = rbcl.crypto_core_ristretto255_add(first, other)
    return first


tell(
    f"libsodium (rbcl {version('rbcl')})",
    {
        "multiply": best(multiples, COUNT, 5),
        "fixed base": best(
            lambda: [rbcl.crypto_scalarmult_ristretto255_base(s) for s in scalars],
            COUNT,
            5,
        ),
        "decode": best(
            lambda: [rbcl.crypto_core_ristretto255_is_valid_point(p) for p in points],
            COUNT,
            20,
        ),
        "from uniform bytes": best(
            lambda: [rbcl.crypto_core_ristretto255_from_hash(x) for x in wide],
            COUNT,
            20,
        ),
        "sum of 64": best(total, 1, 5),
    },
)
