"""Prio3 in batches (`ps_prio3.h`).

Byte strings hold the things of one kind one after the other, each of the size
that the `Sizes` name. Nothing here loops over reports: that is C's.
`privshare.schemes.prio3` is what callers use.

Source: draft-irtf-cfrg-vdaf-20.

>>> core = Prio3Core("count", 2, 1, 0, 1, 1)
>>> public, leader, helper = core.shard([1], bytes(16), bytes(64), b"example")
>>> len(public), len(leader), len(helper)
(0, 48, 32)
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from privshare.bindings._convert import expect_len, ffi, lib, out, raise_for, take
from privshare.errors import OutOfRange

if TYPE_CHECKING:  # results are read where numpy is not
    import numpy as np

NONCE_BYTES: int = lib.PS_PRIO3_NONCE_BYTES
SEED_BYTES: int = lib.PS_PRIO3_SEED_BYTES
MAX_ELEMENTS: int = lib.PS_PRIO3_MAX_ELEMENTS
MAX_CONTEXT: int = lib.PS_PRIO3_MAX_CONTEXT

#: Name to the number of a circuit.
CIRCUITS: Final[dict[str, int]] = {
    "count": lib.PS_PRIO3_COUNT,
    "sum": lib.PS_PRIO3_SUM,
    "sum-vec": lib.PS_PRIO3_SUM_VEC,
    "histogram": lib.PS_PRIO3_HISTOGRAM,
    "multihot": lib.PS_PRIO3_MULTIHOT,
    "sum-vec-multiproof": lib.PS_PRIO3_SUM_VEC_MULTI,
    "cubic": lib.PS_PRIO3_CUBIC,
}

#: What a status byte says of a report.
ACCEPTED: int = lib.PS_OK
NOT_CANONICAL: int = lib.PS_E_ENCODING
FALSE: int = lib.PS_E_VERIFY
BAD_POINT: int = lib.PS_E_RANGE

_U32 = 1 << 32
_U64 = 1 << 64
_KEPT_LIMBS = 1 << 17  # scratch above 1 MB goes back to the system
_allocate = ffi.new_allocator(should_clear_after_alloc=False)


class _Cache(threading.local):
    """Scratch of one thread. The core wipes what it used of it."""

    limbs = 0
    scratch: Any = None


_cache = _Cache()


def _scratch(limbs: int) -> Any:
    if limbs > _KEPT_LIMBS:
        return _allocate("ps_limb[]", limbs)
    if limbs > _cache.limbs:
        _cache.scratch = _allocate("ps_limb[]", limbs)
        _cache.limbs = limbs
    return _cache.scratch


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in bytes of the things of one report; see `ps_prio3`."""

    rand: int
    public_share: int
    leader_share: int
    helper_share: int
    verifier_share: int
    message: int
    aggregate: int
    state: int


class Prio3Core:
    """One kind of report: its native parameters and the calls on it.

    Args:
        circuit: One of `CIRCUITS`.
        shares: Aggregators, 2 to 255.
        length: Numbers in a measurement.
        bound: The largest number; 0 for circuits without one.
        chunk: Products that one gadget call adds up.
        proofs: 1; 3 or more for "sum-vec-multiproof".

    Raises:
        OutOfRange: A parameter that the circuit does not allow.
    """

    __slots__ = ("_native", "field_bytes", "shares", "sizes")

    def __init__(
        self,
        circuit: str,
        shares: int,
        length: int,
        bound: int,
        chunk: int,
        proofs: int,
    ) -> None:
        small = (shares, length, chunk, proofs)
        if any(not 0 <= x < _U32 for x in small) or not 0 <= bound < _U64:
            raise OutOfRange(f"expected parameters that {circuit} allows, found others")
        self._native = ffi.new("ps_prio3 *")
        status = lib.ps_prio3_init(
            self._native, CIRCUITS[circuit], shares, length, bound, chunk, proofs
        )
        raise_for(status, f"expected parameters that {circuit} allows, found others")
        v = self._native
        self.shares = shares
        self.field_bytes = int(v.field_bytes)
        self.sizes = Sizes(
            rand=v.rand_bytes,
            public_share=v.public_share_bytes,
            leader_share=v.leader_share_bytes,
            helper_share=v.helper_share_bytes,
            verifier_share=v.verifier_share_bytes,
            message=v.message_bytes,
            aggregate=v.aggregate_bytes,
            state=v.state_bytes,
        )

    def shard(
        self,
        measurements: Sequence[int] | np.ndarray[Any, np.dtype[np.uint64]],
        nonces: bytes,
        rand: bytes,
        ctx: bytes,
    ) -> tuple[bytes, bytes, bytes]:
        """Share measurements: public, leader's and helpers' shares.

        Args:
            measurements: The numbers of all reports, one after the other.
            nonces: 16 bytes a report; how many there are says how many reports.
            rand: `sizes.rand` random bytes a report, used once.
            ctx: The application's context.

        Raises:
            EncodingError: Lengths that do not fit together.
            OutOfRange: A measurement outside its interval.

        Leaks:
            Nothing of measurements and rand.
        """
        count = _count(nonces, NONCE_BYTES)
        values = self._numbers(measurements, count)
        expect_len(rand, count * self.sizes.rand, "random bytes")
        shares = [
            out(max(1, count * size))
            for size in (
                self.sizes.public_share,
                self.sizes.leader_share,
                self.sizes.helper_share * (self.shares - 1),
            )
        ]
        status = lib.ps_prio3_shard(
            *shares,
            ffi.from_buffer("uint64_t[]", values),
            nonces,
            rand,
            count,
            ctx,
            len(ctx),
            self._native,
            _scratch(self._native.scratch_limbs),
        )
        raise_for(status, "expected measurements in their interval, found another")
        return (
            take(shares[0], count * self.sizes.public_share),
            take(shares[1], count * self.sizes.leader_share),
            take(shares[2], count * self.sizes.helper_share * (self.shares - 1)),
        )

    def verify_init(
        self,
        aggregator: int,
        verify_key: bytes,
        nonces: bytes,
        public_shares: bytes,
        input_shares: bytes,
        statuses: bytearray,
        ctx: bytes,
    ) -> tuple[bytes, bytes]:
        """Query proofs: states and verifier shares; `statuses` is changed.

        Raises:
            EncodingError: Lengths that do not fit together.
            OutOfRange: No such aggregator, or a context that is too long.
        """
        count = _count(nonces, NONCE_BYTES)
        sizes = self.sizes
        share = sizes.helper_share if aggregator else sizes.leader_share
        expect_len(verify_key, SEED_BYTES, "a verification key")
        expect_len(public_shares, count * sizes.public_share, "public shares")
        expect_len(input_shares, count * share, "input shares")
        expect_len(bytes(statuses), count, "statuses")
        states = out(max(1, count * sizes.state))
        verifiers = out(max(1, count * sizes.verifier_share))
        status = lib.ps_prio3_verify_init(
            states,
            verifiers,
            ffi.from_buffer("uint8_t[]", statuses),
            aggregator,
            verify_key,
            nonces,
            public_shares,
            input_shares,
            count,
            ctx,
            len(ctx),
            self._native,
            _scratch(self._native.scratch_limbs),
        )
        raise_for(status, "expected an aggregator and a context, found another")
        return (
            take(states, count * sizes.state),
            take(verifiers, count * sizes.verifier_share),
        )

    def combine(
        self, verifier_shares: Sequence[bytes], statuses: bytearray, ctx: bytes
    ) -> bytes:
        """Decide on proofs: verifier messages; `statuses` is changed.

        Args:
            verifier_shares: Those of all reports, for each aggregator.
            statuses: One byte a report.
            ctx: As for sharding.

        Raises:
            EncodingError: Lengths that do not fit together.
        """
        count = len(statuses)
        if len(verifier_shares) != self.shares:
            raise OutOfRange(
                f"expected verifier shares of {self.shares} aggregators, "
                f"found {len(verifier_shares)}"
            )
        for part in verifier_shares:
            expect_len(part, count * self.sizes.verifier_share, "verifier shares")
        messages = out(max(1, count * self.sizes.message))
        status = lib.ps_prio3_combine(
            messages,
            ffi.from_buffer("uint8_t[]", statuses),
            b"".join(verifier_shares),
            count,
            ctx,
            len(ctx),
            self._native,
            _scratch(self._native.scratch_limbs),
        )
        raise_for(status, f"expected a context of {MAX_CONTEXT} bytes, found a longer")
        return take(messages, count * self.sizes.message)

    def verify_next(self, states: bytes, messages: bytes, statuses: bytearray) -> None:
        """Compare messages with what states expect; `statuses` is changed.

        Raises:
            EncodingError: Lengths that do not fit together.
        """
        count = len(statuses)
        expect_len(states, count * self.sizes.state, "states")
        expect_len(messages, count * self.sizes.message, "verifier messages")
        lib.ps_prio3_verify_next(
            ffi.from_buffer("uint8_t[]", statuses),
            states,
            messages,
            count,
            self._native,
        )

    def aggregate(
        self, aggregate: bytes, states: bytes, statuses: bytes | bytearray
    ) -> bytes:
        """Add the output shares of accepted reports to an aggregate share.

        Raises:
            EncodingError: Lengths that do not fit together, or an element that
                is not canonical.
        """
        expect_len(aggregate, self.sizes.aggregate, "an aggregate share")
        expect_len(states, len(statuses) * self.sizes.state, "states")
        total = ffi.new("uint8_t[]", aggregate)
        status = lib.ps_prio3_aggregate(
            total,
            states,
            ffi.from_buffer("uint8_t[]", statuses),
            len(statuses),
            self._native,
        )
        raise_for(status, "expected canonical field elements, found another")
        return take(total, self.sizes.aggregate)

    def merge(self, shares: Sequence[bytes]) -> bytes:
        """Add up aggregate shares.

        Raises:
            EncodingError: Another length, or an element that is not canonical.
        """
        for share in shares:
            expect_len(share, self.sizes.aggregate, "an aggregate share")
        total = out(self.sizes.aggregate)
        status = lib.ps_prio3_merge(total, b"".join(shares), len(shares), self._native)
        raise_for(status, "expected canonical field elements, found another")
        return take(total)

    def _numbers(
        self,
        measurements: Sequence[int] | np.ndarray[Any, np.dtype[np.uint64]],
        count: int,
    ) -> np.ndarray[Any, np.dtype[np.uint64]]:
        import numpy as np  # noqa: PLC0415 - results are read where it is not

        found = np.asarray(measurements)
        if found.size and found.dtype.kind not in "bui":
            raise OutOfRange(
                "expected whole numbers from 0 to 2^63 - 1, found another value"
            )
        values = np.ascontiguousarray(found, dtype=np.uint64)
        length = self._native.length
        if self._native.circuit == lib.PS_PRIO3_HISTOGRAM:
            length = 1
        if values.size != count * length:
            raise OutOfRange(
                f"expected {count} times {length} numbers, found {values.size}"
            )
        return values


def expand(seed: bytes, dst: bytes, binder: bytes, length: int, field: int) -> bytes:
    """XofTurboShake128: bytes (field 0), or elements of a field of 8 or 16 bytes.

    Raises:
        OutOfRange: A length or a field that there is not.
    """
    expect_len(seed, SEED_BYTES, "a seed")
    result = out(max(1, length * max(field, 1)))
    status = lib.ps_prio3_expand(
        result, length, field, dst, len(dst), seed, binder, len(binder)
    )
    raise_for(status, "expected a field of 8 or 16 bytes, found another")
    return take(result, length * max(field, 1))


def _count(data: bytes, size: int) -> int:
    count = len(data) // size
    expect_len(data, count * size, "whole items")
    return count
