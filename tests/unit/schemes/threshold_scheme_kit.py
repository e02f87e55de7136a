"""Threshold keys for the tests, and a second implementation of what they do.

The primes were drawn with `openssl prime -generate -safe`, twice with
`-bits 1024` and twice with `-bits 288`; they protect nothing. The small key is
as long as soundness needs (no prime of the squares' order below 2^256), so
that a test of the protocol takes milliseconds.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import factorial, prod

from privshare.schemes.threshold import KeyShare, Partial, ThresholdKey, deal_with
from privshare.schemes.threshold_deal import unsafe_deal_any_size

P = int(
    "E6C3E0E609F9938AA6B2AA0A3E72415D2D62B519FC1884402CEF1B8CD407CC26"
    "9F319B586919E7549CF76C1690AD9F16151AAEEE06FD872D0EE304822413C36D"
    "7E666C7523506C733843F9F7272C8941E11F3749A44E4C27A245EEB4C327245D"
    "30C23A667B0BC52C4D900801BA3F6895AF8487988B3C65F930FFFC200347C613",
    16,
)
Q = int(
    "EC3BB359229DFEAEE47397BDEBEEBCB796EA93676B7D84007EFA6774E4DBAEE5"
    "6B00E2A3A5526BFE29A7BCE36979E78C67ABCB2E3C3AA5A302F2069D6B11B5AF"
    "86D3EF14745544540FE7F5224B93639B1254002E0BFB7DB2EDB47FBD92FCA54B"
    "A185D555F3586F4A7A3DA6D8338C625A5A8543A4A4930A391495D3B6C7E05A87",
    16,
)
SMALL_P = 0xD22EA0E068C143116F7174A294F1AF79ECBD24C397E73DD982892AB0224BEFC4A0B43D8B
SMALL_Q = 0xD67BE494EDFE14B29273A3B662DEA295BC8CEDD37304B6917E39ABF4D9FB8F3E8C75E1DF

Dealt = tuple[ThresholdKey, tuple[KeyShare, ...]]

CONTEXT = b"one opening"


@lru_cache
def dealt(threshold: int = 2, holders: int = 3) -> Dealt:
    """A key of 2048 bits."""
    return deal_with(threshold, holders, P, Q, secrets.randbelow)


@lru_cache
def small(threshold: int = 2, holders: int = 3, _other: int = 0) -> Dealt:
    """A key of 576 bits."""
    return unsafe_deal_any_size(threshold, holders, SMALL_P, SMALL_Q, secrets.randbelow)


def encrypt(key: ThresholdKey, *values: int) -> list[bytes]:
    """Textbook encryption, under a key of any size."""
    n, length = key.n, key.core.ciphertext_bytes
    return [
        (
            (1 + value * n) * pow(secrets.randbelow(n - 1) + 1, n, n * n) % (n * n)
        ).to_bytes(length, "big")
        for value in values
    ]


def partials(
    shares: Sequence[KeyShare],
    key: ThresholdKey,
    cs: Sequence[bytes],
    context: bytes = CONTEXT,
) -> list[Partial]:
    """What these holders send."""
    return [share.partial(key, cs, context) for share in shares]


# The second implementation: the equations of docs/protocols/threshold-paillier.md,
# with nothing of the package but the bytes that it wrote.


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def hashed(tag: bytes, *parts: bytes) -> bytes:
    """Digest under a tag, as docs/formats/envelope.md says."""
    tag = b"privshare/v1/" + tag
    data = bytes((len(tag),)) + tag
    for part in parts:
        data += len(part).to_bytes(8, "big") + part
    return hashlib.sha256(data).digest()


def step(op: int, label: str, data: bytes) -> bytes:
    """A step of a transcript, as docs/protocols/transcript.md says."""
    name = label.encode()
    return bytes((op, len(name))) + name + len(data).to_bytes(8, "little") + data


def begun(protocol: str) -> bytes:
    """The first step."""
    return step(0, "privshare/transcript/v1", protocol.encode())


def asked(label: str, n: int) -> bytes:
    """The step of a challenge: a length, and no data."""
    return step(2, label, bytes(n))[:-n]


def drawn(steps: bytes, n: int) -> bytes:
    """The challenge itself."""
    return hashlib.shake_128(steps).digest(n)


def naive_open(n: int, counts: Sequence[int], values: dict[int, bytes]) -> int:
    """Combine partial decryptions of one ciphertext, with fractions and pow.

    Args:
        n: The modulus.
        counts: Holders of all keys from the dealt one to this one.
        values: What the holders sent, by their numbers.
    """
    delta = factorial(counts[-1])
    growth = prod(factorial(a) * factorial(b) for a, b in pairwise(counts))
    total = 1
    for i, value in values.items():
        part = Fraction(delta)
        for j in values:
            if j != i:
                part *= Fraction(j, j - i)
        assert part.denominator == 1
        total = total * pow(number(value), 2 * part.numerator, n * n) % (n * n)
    assert total % n == 1
    scaled = Fraction(total - 1, n)
    m = scaled.numerator * pow(4 * delta**2 * growth, -1, n) % n
    return m if 2 * m < n else m - n


def naive_base(n: int, past: Sequence[int]) -> int:
    """v from n and the former keys' holders."""
    size = (n.bit_length() + 7) // 8
    steps = begun("paillier-threshold-base/v2") + step(1, "n", n.to_bytes(size, "big"))
    r = number(drawn(steps + asked("r", size + 16), size + 16)) % n
    w = pow((1 + n) * pow(r, n, n * n), 2, n * n)
    return pow(w, prod(map(factorial, past)), n * n)


def naive_verify(
    key_json: bytes,
    n: int,
    past: Sequence[int],
    commitments: Sequence[bytes],
    cs: Sequence[bytes],
    partial: Partial,
    context: bytes,
) -> bool:
    """The check of a proof, from the page on the protocol."""
    square, size = n * n, 2 * ((n.bit_length() + 7) // 8)
    steps = (
        begun("paillier-threshold-share/v2")
        + step(1, "context", context)
        + step(1, "key", hashed(b"key-id", b"paillier-threshold", key_json))
        + step(1, "holder", partial.index.to_bytes(8, "little"))
        + step(1, "ciphertexts", b"".join(cs))
        + step(1, "values", b"".join(partial.values))
        + asked("weights", 16 * len(cs))
    )
    stream = drawn(steps, 16 * len(cs))
    c = d = 1
    for j, (one, value) in enumerate(zip(cs, partial.values, strict=True)):
        weight = number(stream[16 * j : 16 * j + 16])
        c = c * pow(number(one), weight, square) % square
        d = d * pow(number(value), weight, square) % square
    e, z = number(partial.proof[:32]), number(partial.proof[32:])
    v_i = number(commitments[partial.index - 1])
    a = pow(c, 4 * z, square) * pow(d, -2 * e, square) % square
    b = pow(naive_base(n, past), z, square) * pow(v_i, -e, square) % square
    for label, sent in (("a", a), ("b", b)):
        steps += step(1, label, sent.to_bytes(size, "big"))
    return number(drawn(steps + asked("e", 32), 32)) == e
