"""Paillier encryption from tables of powers (`ps_paillier_table.h`).

A table is built once a key and takes megabytes; each encryption then costs one
product a window of its exponent and no square. Tables are read-only: threads
may use one at the same time, and C runs without the interpreter's lock. Both
kinds give what `PublicCore.encrypt` could have given, so nobody who gets a
ciphertext can or need tell which one made it.

>>> from privshare.bindings.paillier import PublicCore
>>> key = PublicCore.unsafe_any_size(126869)
>>> table = EncryptionTable(key, 5)
>>> c = table.encrypt((10100).to_bytes(3, "big"), bytes([1, 2]), 1)
>>> n = key.n
>>> int.from_bytes(c, "big") == (1 + 10100 * n) * pow(5, n * 258, n * n) % n**2
True
"""

from __future__ import annotations

from typing import Any, NoReturn

from privshare.bindings._convert import BACKEND, ffi, lib, out, raise_for, take
from privshare.bindings.paillier import PrivateCore, PublicCore, _batch_scratch
from privshare.errors import EncodingError, NativeError, OutOfRange

NOT_A_PLAINTEXT = "expected messages in [0, n), found one outside"
NOT_BASES = "expected bases in [2, p - 1) and [2, q - 1), found another"


def _expect(data: bytes, count: int, size: int, what: str) -> None:
    """Refuse an array of another length."""
    if count < 0 or len(data) != count * size:
        raise EncodingError(
            f"expected {count} {what} of {size} bytes each, found {len(data)} bytes"
        )


class EncryptionTable:
    """Powers of h_s = base^n mod n², for whoever has the public key.

    Attributes:
        core: The public key.
        exponent_bytes: Length of an exponent: half of n's.
        size_bytes: Memory that the table holds. It is freed with the object.

    Args:
        core: The public key.
        base: A unit in [2, n - 1), such as `privshare.schemes.paillier_base.djn_base`
            gives.

    Raises:
        OutOfRange: The base is outside [2, n - 1) or shares a factor with n.

    Source:
        Damgård, Jurik and Nielsen, Int. J. Inf. Secur. 9 (2010), section 4.2.
    """

    __slots__ = ("_memory", "_table", "core", "exponent_bytes", "size_bytes")

    def __init__(self, core: PublicCore, base: int) -> None:
        if not 2 <= base < core.n - 1:
            raise OutOfRange("expected a base in [2, n - 1), found one outside")
        self.core = core
        self.size_bytes = int(lib.ps_paillier_table_bytes(core._native, BACKEND))
        self._memory = ffi.new("uint8_t[]", self.size_bytes)
        self._table = ffi.new("ps_paillier_table *")
        with _batch_scratch() as scratch:
            status = lib.ps_paillier_table_init_vartime(
                self._table,
                self._memory,
                self.size_bytes,
                base.to_bytes(core.n_bytes, "big"),
                core._native,
                BACKEND,
                scratch,
            )
        raise_for(status, "expected a base without a factor in common with n")
        self.exponent_bytes = int(self._table.exponent_len)

    def __repr__(self) -> str:
        return (
            f"EncryptionTable({self.core.n.bit_length()} bits, {self.size_bytes} bytes)"
        )

    def encrypt(self, ms: bytes, xs: bytes, count: int) -> bytes:
        """(1 + m·n) · h_s^x mod n² for each m and x.

        Args:
            ms: `count` messages in [0, n), `core.n_bytes` bytes each.
            xs: `count` exponents of `exponent_bytes` bytes, uniform, used once.
            count: How many.

        Returns:
            `count` ciphertexts, one after the other.

        Raises:
            EncodingError: An array has another length.
            OutOfRange: A message is not below n.

        Leaks:
            Nothing of messages and exponents: time and addresses depend on n
            and `count`.
        """
        core = self.core
        _expect(ms, count, core.n_bytes, "messages")
        _expect(xs, count, self.exponent_bytes, "exponents")
        cs = out(count * core.ciphertext_bytes)
        with _batch_scratch() as scratch:
            status = lib.ps_paillier_table_encrypt(
                cs, ms, xs, count, self._table, core._native, scratch
            )
        raise_for(status, NOT_A_PLAINTEXT)
        return take(cs)


class HolderTable:
    """Powers modulo p² and q², for the key holder. A context manager.

    Ciphertexts are distributed as (1 + m·n)·r^n for a uniform unit r: textbook
    Paillier, without any assumption about short exponents. Secret: whoever
    reads the table can factor n.

    Attributes:
        core: The private key. The table works as long as the key is open.
        exponent_bytes: Length of one exponent: p's and 8 more, so that its
            remainder modulo p - 1 is uniform but for 2^-65.
        size_bytes: Memory that the table holds. It is wiped and freed when the
            table is closed, or with the object.

    Args:
        core: The private key.
        p_base: A generator of Z_p*. Secret.
        q_base: A generator of Z_q*. Secret.

    Raises:
        OutOfRange: A base is outside [2, p - 1) or [2, q - 1).

    Source:
        Paillier, EUROCRYPT 1999, section 4; `ps_paillier_table.h` says why the
        distribution is the same.
    """

    __slots__ = ("_memory", "_table", "core", "exponent_bytes", "size_bytes")

    def __init__(self, core: PrivateCore, p_base: int, q_base: int) -> None:
        key = core._key()
        limbs = int(key.p.p.mont.limbs)
        if min(p_base, q_base) < 2 or max(p_base, q_base).bit_length() > 64 * limbs:
            raise OutOfRange(NOT_BASES)
        size = int(lib.ps_paillier_holder_table_bytes(key, BACKEND))
        memory = ffi.gc(
            ffi.new("uint8_t[]", size), lambda bytes_: lib.ps_wipe(bytes_, size)
        )
        table = ffi.new("ps_paillier_holder_table *")
        with _batch_scratch() as scratch:
            status = lib.ps_paillier_holder_table_init(
                table,
                memory,
                size,
                p_base.to_bytes(8 * limbs, "big"),
                q_base.to_bytes(8 * limbs, "big"),
                8 * limbs,
                key,
                BACKEND,
                scratch,
            )
        raise_for(status, NOT_BASES)
        self.core = core
        self.size_bytes = size
        self.exponent_bytes = int(table.exponent_len)
        self._memory: Any = memory
        self._table: Any = table

    def __repr__(self) -> str:
        bits = self.core.public.n.bit_length()
        return f"HolderTable({bits} bits, {self.size_bytes} bytes, secret)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key's table cannot be pickled")

    def __enter__(self) -> HolderTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the table up. Later operations raise `NativeError`.

        It is wiped when the last call that still uses it returns.
        """
        self._table = None
        self._memory = None

    def encrypt(self, ms: bytes, seeds: bytes, count: int) -> bytes:
        """(1 + m·n) · y^n mod n² for each m, with y from its seed.

        Args:
            ms: `count` messages in [0, n), `core.public.n_bytes` bytes each.
            seeds: For each message two exponents of `exponent_bytes` bytes,
                uniform, used once: for p, then for q.
            count: How many.

        Returns:
            `count` ciphertexts, one after the other.

        Raises:
            EncodingError: An array has another length.
            OutOfRange: A message is not below n.
            NativeError: The table or the key has been closed.

        Leaks:
            Nothing of messages, seeds and key: time and addresses depend on
            n's length and `count`.
        """
        public = self.core.public
        key = self.core._key()
        # Kept by name: another thread may close the table meanwhile.
        memory, table = self._memory, self._table
        if memory is None or table is None:
            raise NativeError("expected an open table, found a closed one")
        _expect(ms, count, public.n_bytes, "messages")
        _expect(seeds, count, 2 * self.exponent_bytes, "pairs of exponents")
        cs = out(count * public.ciphertext_bytes)
        with _batch_scratch() as scratch:
            status = lib.ps_paillier_holder_encrypt(
                cs, ms, seeds, count, table, key, scratch
            )
        raise_for(status, NOT_A_PLAINTEXT)
        return take(cs)
