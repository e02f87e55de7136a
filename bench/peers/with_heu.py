"""sf-heu's ZPaillier: exponents of half the modulus' length, whole arrays."""

from importlib.metadata import version

import numpy as np
from heu import numpy as hnp
from heu import phe
from timing import COUNT, best, bits, mean_ms, numbers, pin, right, tell

pin()
size = bits()
kit = hnp.setup(phe.SchemaType.ZPaillier, size)
encryptor, evaluator, decryptor = kit.encryptor(), kit.evaluator(), kit.decryptor()
values = numbers(53, signed=True)
small = numbers(32)
plain = kit.array(values)
weights = kit.array(small)
wide = kit.array(values)
row = kit.array(np.array([small], dtype=object))
wide_row = kit.array(np.array([values], dtype=object))
column = encryptor.encrypt(kit.array(np.array([[v] for v in values], dtype=object)))
made = encryptor.encrypt(plain)
right([int(v) for v in decryptor.decrypt(made).to_numpy()], values)
tell(
    f"sf-heu {version('sf-heu')}",
    {
        "key pair, ms": mean_ms(lambda: hnp.setup(phe.SchemaType.ZPaillier, size)),
        "encrypt, DJN": best(lambda: encryptor.encrypt(plain), COUNT),
        "decrypt": best(lambda: decryptor.decrypt(made), COUNT),
        "sum, a term": best(lambda: evaluator.sum(made), COUNT, 20),
        "+ plaintext": best(lambda: evaluator.add(made, weights), COUNT, 10),
        "x u32": best(lambda: evaluator.mul(made, weights), COUNT),
        "x float64": best(lambda: evaluator.mul(made, wide), COUNT),
        "dot u32, an element": best(lambda: evaluator.matmul(row, column), COUNT),
        "dot float64, an element": best(
            lambda: evaluator.matmul(wide_row, column), COUNT
        ),
    },
)
