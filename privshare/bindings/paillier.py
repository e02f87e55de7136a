"""Paillier with g = n + 1 (`ps_paillier.h`).

Plaintexts and randomness are integers in [0, n), ciphertexts big-endian bytes
of fixed length. Arrays of ciphertexts are concatenated; a whole array crosses
to C in one call, during which other Python threads run. On a processor with
AVX-512 IFMA eight numbers are worked on at a time, so a batch costs much less
than its numbers one by one; the bytes are the same.

Import decides what may be a key: n of 2048 or 3072 bits, odd, composite, no
perfect power, no prime factor below 2^16. `unsafe_any_size` leaves that out,
for published examples that are smaller.

>>> key = PublicCore.unsafe_any_size(126869)
>>> int.from_bytes(key.encrypt(10100, 74384), "big")
935906717
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from privshare.bindings import paillier_column
from privshare.bindings._convert import (
    BACKEND,
    ffi,
    lib,
    out,
    raise_for,
    take,
    wiped,
    wiped_scratch,
)
from privshare.errors import (
    EncodingError,
    NativeError,
    OutOfRange,
    ProofInvalid,
)

PROFILES = (2048, 3072)
"""Bits of n that may be used: about 112 and 128 bits of security."""

NOT_A_CIPHERTEXT = "expected ciphertexts that are units below n^2, found another"
MAX_BITS = 64 * lib.PS_PAILLIER_N_LIMBS


def _scratch() -> Any:
    return wiped_scratch(lib.PS_PAILLIER_SCRATCH_LIMBS)


def _batch_scratch() -> Any:
    return wiped_scratch(lib.PS_PAILLIER_BATCH_LIMBS)


def _bytes_of(value: int) -> bytes:
    """A positive integer as big-endian bytes without leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _check_profile(bits: int) -> None:
    if bits not in PROFILES:
        raise OutOfRange(f"expected a modulus of 2048 or 3072 bits, found {bits}")


@functools.lru_cache(maxsize=16)
def public_core(n: int) -> PublicCore:
    """Return the key of a modulus; the checks of import are paid once.

    Raises:
        OutOfRange: As `PublicCore`.
    """
    return PublicCore(n)


class PublicCore:
    """Arithmetic under a public key.

    Every operation refuses what is no ciphertext: a number that is not below
    n^2 or shares a factor with n.

    Attributes:
        n: The modulus.
        n_bytes: Length of n, and of a plaintext that travels as bytes.
        ciphertext_bytes: Length of a ciphertext, twice `n_bytes`.

    Raises:
        OutOfRange: n cannot be a public key; see the module.
    """

    __slots__ = ("_native", "ciphertext_bytes", "n", "n_bytes")

    def __init__(self, n: int) -> None:
        _check_profile(n.bit_length() if n > 0 else 0)
        data = _bytes_of(n)
        with _scratch() as scratch:
            status = lib.ps_paillier_check_modulus_vartime(
                data, len(data), n.bit_length(), scratch
            )
        raise_for(
            status, "expected an odd product of large primes, found another modulus"
        )
        self._load(n)

    @classmethod
    def unsafe_any_size(cls, n: int) -> PublicCore:
        """A key of any size up to 3072 bits, without the checks of import."""
        key = cls.__new__(cls)
        key._load(n)
        return key

    def _load(self, n: int) -> None:
        if n <= 0 or n.bit_length() > MAX_BITS:
            raise OutOfRange(f"expected a modulus of at most {MAX_BITS} bits")
        data = _bytes_of(n)
        native = ffi.new("ps_paillier_public *")
        status = lib.ps_paillier_public_init(native, data, len(data))
        raise_for(status, "expected an odd modulus above 1, found another")
        self._adopt(native, n)

    def _adopt(self, native: Any, n: int) -> None:
        """Use a key that C has prepared."""
        self._native = native
        self.n = n
        self.n_bytes = int(native.n_len)
        self.ciphertext_bytes = int(native.c_len)

    def __repr__(self) -> str:
        return f"PublicCore({self.n.bit_length()} bits)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicCore) and self.n == other.n

    def __hash__(self) -> int:
        return hash(self.n)

    # Numbers in, numbers out

    def _number(self, value: int | bytes) -> bytes:
        """A number in [0, n) as `n_bytes` bytes."""
        number = value if isinstance(value, int) else int.from_bytes(value, "big")
        if not 0 <= number < self.n:
            raise OutOfRange("expected a number in [0, n), found one outside")
        return number.to_bytes(self.n_bytes, "big")

    def _numbers(self, values: Iterable[int | bytes]) -> bytes:
        return b"".join(map(self._number, values))

    def _ciphertexts(self, data: bytes, count: int) -> bytes:
        """Bytes that are as long as `count` ciphertexts."""
        expected = count * self.ciphertext_bytes
        if len(data) != expected:
            raise EncodingError(
                f"expected {count} ciphertexts, {expected} bytes, found {len(data)}"
            )
        return data

    def _count(self, data: bytes) -> int:
        """How many ciphertexts these bytes are."""
        if len(data) % self.ciphertext_bytes:
            raise EncodingError(
                f"expected a multiple of {self.ciphertext_bytes} bytes,"
                f" found {len(data)}"
            )
        return len(data) // self.ciphertext_bytes

    def split(self, data: bytes) -> list[bytes]:
        """Concatenated ciphertexts as a list."""
        size = self.ciphertext_bytes
        return [data[i * size : (i + 1) * size] for i in range(self._count(data))]

    # Encryption

    def encrypt(self, m: int | bytes, r: int | bytes) -> bytes:
        """(1 + m·n) · r^n mod n².

        Args:
            m: The number, in [0, n).
            r: Uniform in [1, n), used once.

        Raises:
            OutOfRange: m >= n, r == 0 or r >= n.
        """
        return self._encrypt(self._number(m), self._number(r), 1)

    def encrypt_batch(
        self, ms: Sequence[int | bytes], rs: Sequence[int | bytes]
    ) -> list[bytes]:
        """`encrypt` for a whole list, in one call to C."""
        if len(ms) != len(rs):
            raise OutOfRange(f"expected {len(ms)} random numbers, found {len(rs)}")
        return self.split(self._encrypt(self._numbers(ms), self._numbers(rs), len(ms)))

    def _encrypt(self, ms: bytes, rs: bytes, count: int) -> bytes:
        c = out(count * self.ciphertext_bytes)
        with _batch_scratch() as scratch:
            status = lib.ps_paillier_encrypt(
                c, ms, rs, count, self._native, BACKEND, scratch
            )
        raise_for(status, "expected m in [0, n) and r in [1, n), found one outside")
        return take(c)

    def rerandomise(self, c: bytes, r: int | bytes) -> bytes:
        """c · r^n mod n²: the same number behind fresh randomness."""
        return self._rerandomise(self._ciphertexts(c, 1), self._number(r), 1)

    def rerandomise_batch(self, cs: bytes, rs: Sequence[int | bytes]) -> bytes:
        """`rerandomise` for concatenated ciphertexts."""
        self._ciphertexts(cs, len(rs))
        return self._rerandomise(cs, self._numbers(rs), len(rs))

    def _rerandomise(self, cs: bytes, rs: bytes, count: int) -> bytes:
        fresh = out(len(cs))
        with _scratch() as scratch:
            status = lib.ps_paillier_rerandomise(
                fresh, cs, rs, count, self._native, scratch
            )
        raise_for(
            status,
            "expected units below n^2 and r in [1, n), found another",
        )
        return take(fresh)

    # What anybody can do

    def check(self, c: bytes) -> None:
        """Check that bytes are one ciphertext, or several concatenated.

        Raises:
            EncodingError: They have not the length of whole ciphertexts.
            VerificationError: One is 0, or not below n^2, or shares a factor
                with n.
        """
        paillier_column.check(self, c)

    def add(self, a: bytes, b: bytes) -> bytes:
        """a · b mod n²: the sum, or the sums of two concatenated arrays.

        Raises:
            EncodingError: The lengths differ or are not whole ciphertexts.
            VerificationError: An operand is no ciphertext.
        """
        return paillier_column.add(self, a, b)

    def sum(self, cs: bytes, count: int) -> bytes:
        """The product of `count` concatenated ciphertexts: the sum.

        Raises:
            EncodingError: `cs` is not `count` ciphertexts long.
            OutOfRange: `count` is 0.
            VerificationError: A term is no ciphertext.
        """
        self._ciphertexts(cs, count)
        c = out(self.ciphertext_bytes)
        with _scratch() as scratch:
            status = lib.ps_paillier_sum_vartime(
                c, cs, count, self._native, BACKEND, scratch
            )
        if status == lib.PS_E_VERIFY:
            paillier_column.check(self, cs)  # says which
        raise_for(status, "expected at least one term, found none")
        return take(c)

    def negate(self, c: bytes) -> bytes:
        """c⁻¹ mod n².

        Raises:
            EncodingError: `c` has another length.
            VerificationError: `c` is no ciphertext.
        """
        return paillier_column.negate(self, self._ciphertexts(c, 1))

    def add_plain(self, c: bytes, m: int | bytes) -> bytes:
        """c · (1 + m·n) mod n², for m in [0, n).

        Whoever sees both ciphertexts can compute m; rerandomise to hide it.
        """
        return paillier_column.add_plain(self, self._ciphertexts(c, 1), self._number(m))

    def mul_plain(self, c: bytes, k: int) -> bytes:
        """c^k mod n², for a public integer |k| < n of either sign.

        Raises:
            OutOfRange: |k| >= n.
            EncodingError: `c` has another length.
            VerificationError: `c` is no ciphertext.
        """
        if abs(k) >= self.n:
            raise OutOfRange("expected a multiplier with |k| < n, found a larger one")
        return paillier_column.multiply(self, self._ciphertexts(c, 1), [k])

    def verify_opening(self, c: bytes, m: int, r: int) -> None:
        """Check that c is the encryption of m with r.

        Raises:
            EncodingError: `c` has another length.
            ProofInvalid: It is not, or m or r is outside its interval.
        """
        self._ciphertexts(c, 1)
        if not (0 <= m < self.n and 0 < r < self.n):
            raise ProofInvalid("expected m in [0, n) and r in [1, n), found another")
        with _batch_scratch() as scratch:
            status = lib.ps_paillier_verify_opening_vartime(
                c, self._number(m), self._number(r), self._native, BACKEND, scratch
            )
        raise_for(
            status,
            "expected an opening of this ciphertext, found another",
            verify=ProofInvalid,
        )


class PrivateCore:
    """The key holder's side. A context manager: closing wipes the key.

    Attributes:
        public: The public key.

    Raises:
        OutOfRange: p and q cannot be a private key: not prime, not of half the
            bits of a 2048- or 3072-bit product, or too close together.
    """

    __slots__ = ("_native", "public")

    def __init__(self, p: int, q: int) -> None:
        n_bits = (p * q).bit_length()
        _check_profile(n_bits)
        length = n_bits // 16
        if p <= 0 or max(p.bit_length(), q.bit_length()) > 8 * length:
            raise OutOfRange(f"expected primes of {8 * length} bits, found others")
        with _batch_scratch() as scratch:
            status = lib.ps_paillier_check_primes(
                p.to_bytes(length, "big"),
                q.to_bytes(length, "big"),
                length,
                n_bits,
                BACKEND,
                scratch,
            )
        raise_for(status, "expected two fit primes of equal length, found others")
        self._load(p, q)

    @classmethod
    def unsafe_any_size(cls, p: int, q: int) -> PrivateCore:
        """A key from any two primes, without the checks of import."""
        key = cls.__new__(cls)
        key._load(p, q)
        return key

    def _load(self, p: int, q: int) -> None:
        length = (max(p.bit_length(), q.bit_length()) + 7) // 8
        if min(p, q) <= 0 or length > lib.PS_PRIME_MAX_BYTES:
            raise OutOfRange("expected primes of at most 1536 bits, found others")
        native = ffi.new("ps_paillier_private *")
        status = lib.ps_paillier_private_init(
            native, p.to_bytes(length, "big"), q.to_bytes(length, "big"), length
        )
        raise_for(status, "expected two different odd primes, found others")
        self._native: Any = ffi.gc(
            native, lambda key: lib.ps_wipe(key, ffi.sizeof("ps_paillier_private"))
        )
        # A copy: it may outlive this key, which is wiped.
        self.public = PublicCore.__new__(PublicCore)
        self.public._adopt(ffi.new("ps_paillier_public *", native.pub), p * q)

    def __repr__(self) -> str:
        return f"PrivateCore({self.public.n.bit_length()} bits, secret)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key cannot be pickled")

    def __enter__(self) -> PrivateCore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the key up. Later operations raise `NativeError`.

        It is wiped when the last call that still uses it returns, which is at
        once unless another thread is decrypting.
        """
        self._native = None

    def _key(self) -> Any:
        if self._native is None:
            raise NativeError("expected an open private key, found a closed one")
        return self._native

    def decrypt(self, c: bytes) -> int:
        """The number in [0, n) that `c` encrypts.

        Raises:
            EncodingError: `c` has another length.
            VerificationError: `c` is no ciphertext.
        """
        self.public._ciphertexts(c, 1)
        return self.decrypt_batch(c)[0]

    def decrypt_batch(self, cs: bytes | Sequence[bytes]) -> list[int]:
        """`decrypt` for concatenated or listed ciphertexts, in one call to C."""
        data = self._joined(cs)
        count = self.public._count(data)
        size = self.public.n_bytes
        with _batch_scratch() as scratch, wiped(count * size) as m:
            status = lib.ps_paillier_decrypt(
                m, data, count, self._key(), BACKEND, scratch
            )
            raise_for(status, NOT_A_CIPHERTEXT)
            return _integers(m, size, count)

    def recover(self, c: bytes) -> tuple[int, int]:
        """The message and the randomness that made `c`: a proof of decryption.

        Whoever gets both can check them with `PublicCore.verify_opening`.

        Raises:
            EncodingError: `c` has another length.
            VerificationError: `c` is no ciphertext.
        """
        self.public._ciphertexts(c, 1)
        return self.recover_batch(c)[0]

    def recover_batch(self, cs: bytes | Sequence[bytes]) -> list[tuple[int, int]]:
        """`recover` for concatenated or listed ciphertexts."""
        data = self._joined(cs)
        count = self.public._count(data)
        size = self.public.n_bytes
        with (
            _batch_scratch() as scratch,
            wiped(count * size) as m,
            wiped(count * size) as r,
        ):
            status = lib.ps_paillier_recover(
                m, r, data, count, self._key(), BACKEND, scratch
            )
            raise_for(status, NOT_A_CIPHERTEXT)
            messages = _integers(m, size, count)
            return list(zip(messages, _integers(r, size, count), strict=True))

    def _joined(self, cs: bytes | Sequence[bytes]) -> bytes:
        if isinstance(cs, bytes):
            return cs
        return b"".join(self.public._ciphertexts(c, 1) for c in cs)


def _integers(buffer: Any, size: int, count: int) -> list[int]:
    """Numbers of `size` bytes each."""
    view = ffi.buffer(buffer)
    return [
        int.from_bytes(view[i * size : (i + 1) * size], "big") for i in range(count)
    ]
