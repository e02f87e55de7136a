"""Three pieces of a sharing, two of them short: seeds for random elements.

    owner   elements ─► split ─► seed, seed, what is missing
    node    a piece ─► expand ─► ring elements

x = x0 + x1 + x2 in the ring, x0 and x1 from seeds. Any two pieces are
independent of x: two seeds say nothing of it, and beside one seed the third
piece is x masked with what the other seed stands for.

Source:
    Replicated sharing: Ito, Saito and Nishizeki, 1987; seeds as in Araki,
    Furukawa, Lindell, Nof and Ohara, CCS 2016, section 2.
"""

from __future__ import annotations

from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from privshare.errors import EncodingError

__all__ = ["SEED_BYTES", "Elements", "expand", "split"]

SEED_BYTES = 32
_LIMB_BYTES = 8

#: Ring elements: n limbs of 64 bits, or n rows of two, the low one first.
Elements: TypeAlias = npt.NDArray[np.uint64]


def split(elements: Elements, seed0: bytes, seed1: bytes) -> tuple[bytes, bytes, bytes]:
    """Split ring elements into three pieces.

    Args:
        elements: In Z_2^64 as (n,), in Z_2^128 as (n, 2). Secret.
        seed0: 32 random bytes, used once.
        seed1: 32 others.

    Returns:
        The two seeds, and the bytes of the third piece.

    Raises:
        EncodingError: A seed of another length, or another array.
    """
    width = _width(elements)
    first = expand(0, seed0, len(elements), 64 * width)
    second = expand(1, seed1, len(elements), 64 * width)
    rest = _subtract(_subtract(elements, first), second)
    return seed0, seed1, rest.astype("<u8", copy=False).tobytes()


def expand(number: int, piece: bytes, n_elements: int, ring: int) -> Elements:
    """The ring elements of a piece.

    Args:
        number: Which piece, 0 to 2.
        piece: A seed, or of piece 2 bytes.
        n_elements: How many elements it has.
        ring: Bits of each, 64 or 128.

    Raises:
        EncodingError: A piece of another length.
    """
    size = n_elements * ring // 8
    expected = size if number == 2 else SEED_BYTES
    if len(piece) != expected:
        raise EncodingError(
            f"piece {number}: expected {expected} bytes, found {len(piece)}"
        )
    data = piece if number == 2 else _stream(piece, size)
    limbs = np.frombuffer(data, dtype="<u8").astype(np.uint64, copy=False)
    return limbs if ring == 64 else limbs.reshape(n_elements, 2)


def _stream(seed: bytes, size: int) -> bytes:
    """AES-256 in counter mode from zero: the seed is a key used once."""
    made = Cipher(algorithms.AES(seed), modes.CTR(bytes(16))).encryptor()
    return made.update(bytes(size))


def _width(elements: Elements) -> int:
    if elements.dtype != np.uint64 or elements.ndim not in (1, 2):
        raise EncodingError("elements: expected 64-bit limbs, found another array")
    if elements.ndim == 2 and elements.shape[1] != 2:
        raise EncodingError("elements: expected two limbs each, found others")
    return elements.ndim


def _subtract(left: Elements, right: Elements) -> Elements:
    if left.ndim == 1:
        return cast(Elements, left - right)
    low = left[:, 0] - right[:, 0]
    borrow = (left[:, 0] < right[:, 0]).astype(np.uint64)
    high = left[:, 1] - right[:, 1] - borrow
    return np.stack([low, high], axis=1)
