"""phe with gmpy2."""

from importlib.metadata import version

from phe import paillier, util
from timing import FEW, best, bits, mean_ms, numbers, pin, right, tell

pin()
size = bits()
public, private = paillier.generate_paillier_keypair(n_length=size)
values = numbers(53, FEW, signed=True)
small = numbers(32, FEW)
floats = [value / 1024 for value in values]
made = [public.encrypt(value) for value in values]
right([private.decrypt(c) for c in made], values)
many = made * 16


def dot(scalars):
    """Multiply and add, as its manual does."""
    return sum(
        (c * k for c, k in zip(made[1:], scalars[1:], strict=True)),
        made[0] * scalars[0],
    )


right(
    private.decrypt(dot(small)), sum(v * k for v, k in zip(values, small, strict=True))
)
tell(
    f"phe {version('phe')}" + ("" if util.HAVE_GMP else " without gmpy2"),
    {
        "key pair, ms": mean_ms(
            lambda: paillier.generate_paillier_keypair(n_length=size), 6
        ),
        "encrypt, textbook": best(lambda: [public.encrypt(v) for v in values], FEW, 2),
        "decrypt": best(lambda: [private.decrypt(c) for c in made], FEW, 2),
        "sum, a term": best(lambda: sum(many[1:], many[0]), len(many)),
        "+ plaintext": best(
            lambda: [c + k for c, k in zip(made, small, strict=True)], FEW
        ),
        "x u32": best(lambda: [c * k for c, k in zip(made, small, strict=True)], FEW),
        "x float64": best(
            lambda: [c * k for c, k in zip(made, floats, strict=True)], FEW
        ),
        "dot u32, an element": best(lambda: dot(small), FEW),
        "dot float64, an element": best(lambda: dot(floats), FEW),
    },
)
