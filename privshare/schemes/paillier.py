"""Paillier encryption: sums of numbers that nobody else may see.

Whoever knows the public key encrypts and adds; only the key's custodian opens,
and shows with every opening that it is the right one.

    owner       encrypt_batch(values) ─► ciphertexts, one after the other
    compute     sum(ciphertexts) ─► a ciphertext of the total
    custodian   open(total) ─► (m, r)
    everybody   verify_opening(total, m, r)

    c = (1 + m·n) · r^n  mod n²,  r uniform in Z*_n,  m taken mod n

A signed integer v stands as v mod n; |v| < n/2, so that reading is unique.
A sum is right as long as the true sum is in that interval: `half` is the bound
that callers check before they encrypt, because afterwards nobody can.

Bytes are big-endian and of fixed length: r and m have n's length, a ciphertext
twice that.

Source: Paillier, EUROCRYPT 1999, section 4; g = n + 1 as in Damgård and Jurik,
PKC 2001. The arithmetic is the core's (`ps_paillier.h`).

>>> private = PaillierPrivateKey.generate(2048)
>>> public = private.public
>>> total = public.sum(public.encrypt_batch([40, 5, -3]))
>>> m, r = private.open(total)
>>> public.verify_opening(total, m, r)
>>> m
42
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, final, overload

from privshare.bindings import paillier as native
from privshare.bindings import paillier_key
from privshare.errors import EncodingError, OutOfRange, ProofInvalid, VerificationError
from privshare.schemes.key_id import paillier_kid
from privshare.schemes.paillier_random import holder_randomness, public_randomness
from privshare.schemes.secret import Secret
from privshare.wire.canonical import Fields, b64u, decode, encode

if TYPE_CHECKING:
    from privshare.schemes.columns.column import EncryptedColumn
    from privshare.schemes.columns.encryption import Progress
    from privshare.schemes.columns.number import EncryptedGroups, EncryptedNumber

__all__ = ["SIZES", "PaillierPrivateKey", "PaillierPublicKey"]

#: Moduli that are used, in bits; there are no others.
SIZES = (2048, 3072)

_THREADS = 2
_WORTH_A_THREAD = 32


@final
class PaillierPublicKey:
    """A modulus under which values are encrypted, added and checked.

    Args:
        n: Of exactly 2048 or 3072 bits, an odd product of large primes.

    Raises:
        OutOfRange: Another number.
    """

    __slots__ = ("__weakref__", "_core", "n")

    def __init__(self, n: int) -> None:
        self.n = n
        self._core = native.public_core(n)

    @classmethod
    def from_bytes(cls, data: bytes) -> PaillierPublicKey:
        """Read the modulus as the ledger holds it, big-endian.

        Raises:
            OutOfRange: Not a modulus that may be used.
        """
        return cls(int.from_bytes(data, "big"))

    def to_bytes(self) -> bytes:
        """The modulus, big-endian."""
        return self.n.to_bytes(self.size, "big")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaillierPublicKey) and other.n == self.n

    def __hash__(self) -> int:
        return hash(self.n)

    def __repr__(self) -> str:
        return f"PaillierPublicKey({self.bits} bits, kid={self.kid})"

    @property
    def kid(self) -> str:
        """The key's id: a digest of algorithm and key, 43 characters."""
        return paillier_kid(self.n)

    @property
    def bits(self) -> int:
        """2048 or 3072."""
        return self.n.bit_length()

    @property
    def size(self) -> int:
        """Bytes of m and of r: 256 or 384."""
        return self.bits // 8

    @property
    def ciphertext_size(self) -> int:
        """Bytes of a ciphertext: 512 or 768."""
        return self.bits // 4

    @property
    def half(self) -> int:
        """The least size a value may not have: |v| < half."""
        return (self.n + 1) // 2

    def encrypt(
        self,
        column: Any,
        *,
        scale: int | None = None,
        bound: Any = None,
        packed: bool = True,
        by: Any = None,
        rounding: str = "exact",
        headroom: int = 14,
        randomness: str = "djn",
        progress: Progress | None = None,
    ) -> EncryptedColumn | EncryptedNumber:
        """Encrypt a column of numbers.

        Args:
            column: Integers of any size, booleans, floats, Decimals, Fractions:
                a list, range or iterator of them, a numpy array, a pandas or
                polars Series. A single number gives an `EncryptedNumber`.
            scale: How many units make 1, such as 100 for cents; public, one for
                the column. By default 1 for integers and booleans, 10**6 for
                everything else.
            bound: Largest size that a value may have; public. By default the
                range of the column's type for integer arrays of up to 32 bits,
                and otherwise 2**53 - 1 units.
            packed: Many values in a ciphertext. False: one, for `dot`, `* array`
                and `groupby` by keys that come later.
            by: A public key for each value. Values are sorted by it, and no
                ciphertext holds two groups: packed columns can then be summed
                by group.
            rounding: "exact" refuses what is no multiple of 1/scale (a float is
                one if it is the nearest float to one); "nearest" rounds, halves
                to even.
            headroom: Free bits of a slot: 2^headroom such columns can be added.
            randomness: "djn": h^(n·x) with a short secret x, as Damgård, Jurik
                and Nielsen have it; "textbook": r^n, ten times slower, with no
                assumption beyond Paillier's.
            progress: Called with (values done, values in all or None).

        Returns:
            The column; its scale, layout, bound and length are public.

        Raises:
            EncodingError: Something that is no number, with its position.
            OutOfRange: NaN, infinity, a missing value, one past the bound or
                between two multiples of 1/scale, with its position and never
                its value.

        Leaks:
            How many values there are, and in which groups. Encoding branches on
            values (their types, sizes and rounding) in the owner's own process;
            encryption does not.
        """
        from privshare.schemes.columns.encryption import encrypt  # noqa: PLC0415 - numpy

        return encrypt(
            self,
            public_randomness(self, randomness),
            column,
            scale=scale,
            bound=bound,
            packed=packed,
            by=by,
            rounding=rounding,
            headroom=headroom,
            progress=progress,
        )

    def encrypt_batch(self, values: Sequence[int], randomness: str = "djn") -> bytes:
        """Encrypt signed integers, each with fresh randomness.

        Args:
            values: |v| < n/2. Decimals are scaled first (`FixedPoint`), so
                that the scale is public and written once.
            randomness: As for `encrypt`.

        Returns:
            The ciphertexts one after the other, `ciphertext_size` bytes each.

        Raises:
            OutOfRange: A value with |v| >= n/2.

        Leaks:
            How many values there are. Time depends on that and on n alone.
        """
        source = public_randomness(self, randomness)
        n, size = self.n, self.size
        self._fit(values)

        def encrypt(part: Sequence[int]) -> bytes:
            plain = b"".join((values[i] % n).to_bytes(size, "big") for i in part)
            return source.encrypt(plain, len(part))

        return _in_threads(range(len(values)), encrypt)

    def encrypt_batch_known(self, values: Sequence[int]) -> tuple[bytes, list[int]]:
        """As textbook's `encrypt_batch`; the second is the r of each, for proofs.

        Secret: whoever knows an r opens its ciphertext.
        """
        below = self.n - 1
        rand = [secrets.randbelow(below) + 1 for _ in values]

        def encrypt(part: Sequence[int]) -> bytes:
            return self.encrypt_batch_with(
                [values[i] for i in part], [rand[i] for i in part]
            )

        return _in_threads(range(len(values)), encrypt), rand

    def encrypt_batch_with(self, values: Sequence[int], rand: Sequence[int]) -> bytes:
        """Encrypt with the randomness given; vectors and laws call this one.

        Args:
            values: |v| < n/2.
            rand: One r a value, uniform in [1, n), never used again.

        Raises:
            OutOfRange: A value or an r outside its interval.
        """
        self._fit(values)
        n = self.n
        return b"".join(self._core.encrypt_batch([value % n for value in values], rand))

    def _fit(self, values: Sequence[int]) -> None:
        """Refuse values that wrap."""
        half = self.half
        for value in values:
            if not -half < value < half:
                raise OutOfRange(
                    "expected a value that fits the plaintext space of "
                    f"{self.bits} bits with its sign, found one of "
                    f"{value.bit_length()} bits"
                )

    def sum(self, ciphertexts: bytes) -> bytes:
        """Add up: the product of ciphertexts modulo n².

        Args:
            ciphertexts: One after the other, at least one.

        Returns:
            A ciphertext of the sum. It is not freshly blinded: whoever saw
            the addends recognises it.

        Raises:
            EncodingError: Not a whole number of ciphertexts, or none.
            VerificationError: One that is not a ciphertext under this key.
        """
        size = self.ciphertext_size
        if not ciphertexts or len(ciphertexts) % size:
            raise EncodingError(
                f"expected ciphertexts of {size} bytes each, found "
                f"{len(ciphertexts)} bytes"
            )
        return self._core.sum(ciphertexts, len(ciphertexts) // size)

    def add(self, left: bytes, right: bytes) -> bytes:
        """Add two ciphertexts.

        Raises:
            EncodingError: One of another length.
            VerificationError: One that is not a ciphertext under this key.
        """
        return self.sum(left + right)

    def check(self, ciphertext: bytes) -> bytes:
        """Return `ciphertext` if it can be one under this key.

        Raises:
            EncodingError: Another length.
            VerificationError: 0, not below n², or sharing a factor with n.
        """
        if len(ciphertext) != self.ciphertext_size:
            raise EncodingError(
                f"expected a ciphertext of {self.ciphertext_size} bytes, "
                f"found {len(ciphertext)}"
            )
        self._core.check(ciphertext)
        return ciphertext

    def verify_opening(self, ciphertext: bytes, m: int, r: bytes) -> None:
        """Check that a ciphertext holds exactly m.

        Encrypts m under r again. No secret is involved. Under a sound modulus
        (`schemes.paillier_modulus`) there is exactly one pair (m, r) for a
        ciphertext, so a wrong total cannot be shown.

        Args:
            ciphertext: The one that was opened.
            m: Signed, |m| < n/2.
            r: n's length, in [1, n).

        Raises:
            ProofInvalid: It holds something else, or r is out of bounds.
            OutOfRange: m does not fit.
        """
        half = self.half
        if not -half < m < half:
            raise OutOfRange(
                f"expected an opened value below n/2 in size, found one of "
                f"{m.bit_length()} bits"
            )
        if len(r) != self.size:
            raise ProofInvalid(
                f"expected an r of {self.size} bytes, found {len(r)}",
            )
        try:
            self._core.verify_opening(ciphertext, m % self.n, int.from_bytes(r, "big"))
        except (VerificationError, OutOfRange, EncodingError):
            raise ProofInvalid(
                "expected an opening of the ciphertext, found one of another"
            ) from None


@final
class PaillierPrivateKey(Secret):
    """The custodian's key. It opens totals and leaves no other trace.

    Secret: p and q stay inside; `repr` is redacted and it cannot be pickled.

    Args:
        p, q: Primes of the same length.
        factors: Their cofactors, see `bindings.paillier_key`; None if unknown.

    Raises:
        OutOfRange: They are no key.
    """

    __slots__ = ("__weakref__", "_core", "_factors", "_p", "_q", "public")

    def __init__(self, p: int, q: int, factors: tuple[int, int] | None = None) -> None:
        self.public = PaillierPublicKey(p * q)
        self._p, self._q, self._factors = p, q, factors
        self._core = native.PrivateCore(p, q)

    @classmethod
    def generate(cls, bits: int = 3072) -> PaillierPrivateKey:
        """Draw a fresh key.

        Args:
            bits: 2048 or 3072. Takes 20 to 50 ms, four times as long without
                vector code.

        Raises:
            OutOfRange: Another size.
        """
        if bits not in SIZES:
            raise OutOfRange(f"expected {SIZES[0]} or {SIZES[1]} bits, found {bits}")
        pair = paillier_key.generate(bits, secrets.token_bytes)
        key = cls.__new__(cls)
        key.public = PaillierPublicKey.__new__(PaillierPublicKey)
        key.public.n, key.public._core = pair.p * pair.q, pair.core.public
        key._p, key._q, key._factors = pair.p, pair.q, pair.factors
        key._core = pair.core
        return key

    def holder_bases(self) -> tuple[int, int] | None:
        """Generators of Z_p* and Z_q*, or None where they cannot be known.

        Raises:
            OutOfRange: The key's cofactors are not those of its primes.
        """
        return paillier_key.holder_bases(self._p, self._q, self._factors)

    def encrypt(
        self,
        column: Any,
        *,
        scale: int | None = None,
        bound: Any = None,
        packed: bool = True,
        by: Any = None,
        rounding: str = "exact",
        headroom: int = 14,
        progress: Progress | None = None,
    ) -> EncryptedColumn | EncryptedNumber:
        """As `PaillierPublicKey.encrypt`, by the holder of the key.

        Ciphertexts have exactly the textbook distribution.
        """
        from privshare.schemes.columns.encryption import encrypt  # noqa: PLC0415 - numpy

        return encrypt(
            self.public,
            holder_randomness(self),
            column,
            scale=scale,
            bound=bound,
            packed=packed,
            by=by,
            rounding=rounding,
            headroom=headroom,
            progress=progress,
        )

    @overload
    def decrypt(self, encrypted: bytes, progress: Progress | None = None) -> int: ...
    @overload
    def decrypt(
        self,
        encrypted: EncryptedColumn | EncryptedNumber | EncryptedGroups,
        progress: Progress | None = None,
    ) -> Any: ...
    def decrypt(self, encrypted: Any, progress: Progress | None = None) -> Any:
        """Read a column, a number, groups, or one bare ciphertext.

        Args:
            encrypted: What was encrypted under this key.
            progress: Called with (values done, values in all).

        Returns:
            A column at scale 1: a numpy array of integers. At another scale:
            `ScaledValues`, exact Decimals (Fractions where the scale has other
            factors than 2 and 5), with `.to_numpy(float)`. A number: an int, a
            Decimal or a Fraction; after a division always a Fraction. Groups: a
            dict. Bytes: the signed integer.

        Raises:
            OutOfRange: Encrypted under another key.
            EncodingError: Bytes of another length.
            VerificationError: Not a ciphertext under this key, or a value past
                the column's bound: whoever encrypted it broke its promise.
        """
        if not isinstance(encrypted, bytes):
            from privshare.schemes.columns.encryption import decrypt  # noqa: PLC0415 - numpy

            return decrypt(self._core, self.public, encrypted, progress)
        self.public.check(encrypted)
        return self._signed(self._core.decrypt(encrypted))

    def open(self, ciphertext: bytes) -> tuple[int, bytes]:
        """The signed integer in a ciphertext, and the r that proves it.

        Returns:
            m with |m| < n/2, and r of n's length: what `verify_opening` takes.

        Raises:
            EncodingError: Another length.
            VerificationError: Not a ciphertext under this key.

        Leaks:
            r is about this ciphertext alone. A sum's r says nothing about its
            addends beyond the sum's.
        """
        self.public.check(ciphertext)
        m, r = self._core.recover(ciphertext)
        return self._signed(m), r.to_bytes(self.public.size, "big")

    def _signed(self, m: int) -> int:
        return m if m < self.public.half else m - self.public.n

    def to_bytes(self) -> bytes:
        """The secret, for `schemes.keys.protect` and nothing else."""
        size = self.public.size // 2
        k = self._factors
        return encode(
            {
                "factors": None if k is None else {"p": k[0], "q": k[1]},
                "p": b64u(self._p.to_bytes(size, "big")),
                "q": b64u(self._q.to_bytes(size, "big")),
                "type": "privshare.paillier",
                "v": 1,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> PaillierPrivateKey:
        """Read what `to_bytes` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: Factors of another size.
        """
        fields = Fields(decode(data), "paillier key")
        fields.constant("v", 1)
        fields.constant("type", "privshare.paillier")
        p = int.from_bytes(fields.bytes("p", max=192), "big")
        q = int.from_bytes(fields.bytes("q", max=192), "big")
        factors = fields.nullable("factors", fields.obj)
        fields.end()
        if factors is None:
            return cls(p, q)
        k = tuple(factors.int(name, 1, 2**32 - 1) for name in ("p", "q"))
        factors.end()
        return cls(p, q, (k[0], k[1]))


def _in_threads(values: Sequence[int], work: Callable[[Sequence[int]], bytes]) -> bytes:
    """Do a batch in two halves; the core lets go of the interpreter's lock."""
    if len(values) < _WORTH_A_THREAD:
        return work(values)
    middle = (len(values) + 1) // _THREADS
    chunks = [values[:middle], values[middle:]]
    with ThreadPoolExecutor(_THREADS) as pool:
        return b"".join(pool.map(work, chunks))
