"""ipcl-python: Intel's library on AVX-512 IFMA; keys of at most 2048 bits."""

import numpy as np
from ipcl_python import PaillierKeypair
from timing import COUNT, best, bits, mean_ms, numbers, pin, right, tell

pin()
size = bits()
if size > 2048:
    raise SystemExit("takes keys of at most 2048 bits")
public, private = PaillierKeypair.generate_keypair(size)
textbook, _ = PaillierKeypair.generate_keypair(size, False)
values = np.array(numbers(31, signed=True), dtype=np.int32)
small = np.array(numbers(31), dtype=np.int32)
floats = np.array(numbers(53, signed=True), dtype=np.float64) / 1024
made = public.encrypt(values)
right([int(v) for v in private.decrypt(made)], [int(v) for v in values])
tell(
    "ipcl-python 2.0.0",
    {
        "key pair, ms": mean_ms(lambda: PaillierKeypair.generate_keypair(size)),
        "encrypt, DJN": best(lambda: public.encrypt(values), COUNT),
        "encrypt, textbook": best(lambda: textbook.encrypt(values), COUNT),
        "decrypt": best(lambda: private.decrypt(made), COUNT),
        "sum, a term": best(made.sum, COUNT),
        "+ plaintext": best(lambda: made + small, COUNT),
        "x u32": best(lambda: made * small, COUNT),
        "x float64": best(lambda: made * floats, COUNT),
        "dot u32, an element": best(lambda: made.dot(small), COUNT),
        "dot float64, an element": best(lambda: made.dot(floats), COUNT),
    },
)
