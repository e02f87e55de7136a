"""Random words that two nodes draw in step, from a key that both have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from privshare.jobs.mpc.ring import Limbs

__all__ = ["Stream"]


class Stream:
    """Random words from a key that two nodes share, in step with each other."""

    def __init__(self, key: bytes) -> None:
        made = Cipher(algorithms.AES(key), modes.CTR(bytes(16)))
        self._stream = made.encryptor()

    def words(self, shape: Sequence[int]) -> Limbs:
        """As many words as the shape has."""
        size = 8 * int(np.prod(shape, dtype=np.int64))
        data = self._stream.update(bytes(size))
        return np.frombuffer(data, dtype=np.uint64).reshape(tuple(shape))
