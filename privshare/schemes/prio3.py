"""Prio3: sums of what many submitters report, each report with a proof.

A submitter splits its measurement into one share an aggregator, and proves to
all of them together that it is valid: a bit, a number in its range, one bucket
of many. No aggregator learns a measurement, and a report that is not valid is
refused. The sum of all aggregators' sums is the aggregate.

    submitter    measurement ─► shard ─► public share, input shares
    aggregator   input shares ─► verify_init ─► states, verifier shares
    either       verifier shares ─► combine ─► verifier messages
    aggregator   messages, states ─► verify_next ─► statuses
                 states, statuses ─► aggregate ─► aggregate share
    collector    aggregate shares ─► unshard ─► sums

Everything takes many reports at once, and no call loops over them in Python: a
field of `Shares` or `Prepared` holds the things of all reports, one after the
other, and `statuses` has one byte a report.

Source: draft-irtf-cfrg-vdaf-20, section 7; the proofs are those of Boneh,
Boyle, Corrigan-Gibbs, Gilboa and Ishai, CRYPTO 2019. docs/protocols/vdaf.md
says what this gives and what not.

>>> vdaf, key, ctx = total(1000), bytes(32), b"example"
>>> shares = shard(vdaf, [7, 1000], ctx)
>>> leader = verify_init(vdaf, 0, key, ctx, shares, shares.leader)
>>> helper = verify_init(vdaf, 1, key, ctx, shares, shares.helpers)
>>> statuses = merged(leader.statuses, helper.statuses)
>>> messages = combine(vdaf, [leader.verifiers, helper.verifiers], statuses, ctx)
>>> for side in (leader, helper):
...     verify_next(vdaf, side.states, messages, statuses)
>>> parts = [aggregate(vdaf, side.states, statuses) for side in (leader, helper)]
>>> unshard(vdaf, parts)
[1007]
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from privshare.bindings.prio3 import (
    ACCEPTED,
    BAD_POINT,
    CIRCUITS,
    FALSE,
    MAX_CONTEXT,
    MAX_ELEMENTS,
    NONCE_BYTES,
    NOT_CANONICAL,
    SEED_BYTES,
    Prio3Core,
    Sizes,
)
from privshare.errors import EncodingError, OutOfRange

if TYPE_CHECKING:  # results are read where numpy is not
    import numpy as np

__all__ = [
    "ACCEPTED",
    "BAD_POINT",
    "FALSE",
    "MAX_CONTEXT",
    "MAX_ELEMENTS",
    "NONCE_BYTES",
    "NOT_CANONICAL",
    "SEED_BYTES",
    "Prepared",
    "Prio3",
    "Shares",
    "Sizes",
    "aggregate",
    "buckets",
    "capacity",
    "choices",
    "combine",
    "count",
    "merge",
    "merged",
    "shard",
    "shard_with",
    "signed",
    "total",
    "totals",
    "unshard",
    "verify_init",
    "verify_next",
    "with_numbers",
]

FIELDS: Final[dict[int, int]] = {8: 2**64 - 2**32 + 1, 16: 2**128 - 7 * 2**66 + 1}
"""Bytes of an element to the field's prime (draft, section 6.1.2)."""

Numbers: TypeAlias = "Sequence[int] | np.ndarray[Any, np.dtype[Any]]"


@dataclass(frozen=True, slots=True)
class Prio3:
    """One kind of report.

    Args:
        circuit: "count", "sum", "sum-vec", "histogram" or "multihot"; for
            the draft's vectors also "sum-vec-multiproof" and "cubic".
        length: Numbers in a measurement, or buckets; 1 for count and sum.
        bound: The largest number; the most ones for "multihot"; else 0.
        chunk: Products that one call of the proof's gadget adds up: near the
            square root of the number of elements the proof is shortest.
        shares: Aggregators.
        proofs: 3 or more for "sum-vec-multiproof"; else 1.

    Raises:
        OutOfRange: A parameter that the circuit does not allow.
    """

    circuit: str
    length: int = 1
    bound: int = 0
    chunk: int = 1
    shares: int = 2
    proofs: int = 1

    def __post_init__(self) -> None:
        _core(self)

    @property
    def sizes(self) -> Sizes:
        """Lengths in bytes of the things of one report."""
        return _core(self).sizes

    @property
    def field_bytes(self) -> int:
        """Bytes of an element: 8 or 16."""
        return _core(self).field_bytes

    @property
    def outputs(self) -> int:
        """How many sums an aggregate has."""
        return self.length


@dataclass(frozen=True, slots=True)
class Shares:
    """What submitters made, of all reports one after the other.

    Attributes:
        nonces: 16 bytes each: the reports' ids.
        public: For everybody.
        leader: Input shares of aggregator 0.
        helpers: Input shares of the others; those of one report together.
    """

    nonces: bytes
    public: bytes
    leader: bytes
    helpers: bytes

    def __len__(self) -> int:
        return len(self.nonces) // NONCE_BYTES


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one aggregator holds after querying the proofs.

    Attributes:
        states: Secret to the aggregator: output shares and what the verifier
            messages must be.
        verifiers: Verifier shares, for the other aggregators.
        statuses: One byte a report.
    """

    states: bytes
    verifiers: bytes
    statuses: bytearray


@lru_cache(maxsize=64)
def _core(vdaf: Prio3) -> Prio3Core:
    if vdaf.circuit not in CIRCUITS:
        raise OutOfRange(
            f"expected a circuit of {', '.join(CIRCUITS)}, found {vdaf.circuit!r}"
        )
    return Prio3Core(
        vdaf.circuit, vdaf.shares, vdaf.length, vdaf.bound, vdaf.chunk, vdaf.proofs
    )


def count() -> Prio3:
    """How many said yes: measurements 0 or 1."""
    return Prio3("count")


def total(bound: int) -> Prio3:
    """The sum of numbers from 0 to `bound` < 2^63."""
    return Prio3("sum", bound=bound)


def totals(length: int, bound: int) -> Prio3:
    """The sums of vectors of `length` numbers from 0 to `bound` < 2^63."""
    return Prio3(
        "sum-vec", length, bound, best_chunk(length * max(1, bound.bit_length()))
    )


def buckets(length: int) -> Prio3:
    """How many are in each of `length` buckets: measurements are bucket numbers."""
    return Prio3("histogram", length, 0, best_chunk(length))


def choices(length: int, most: int) -> Prio3:
    """How many chose each of `length` things, at most `most` a submitter."""
    return Prio3("multihot", length, most, best_chunk(length + most.bit_length()))


def best_chunk(elements: int) -> int:
    """The chunk with the shortest proof for so many encoded elements.

    A proof has 2c + 2p - 1 elements, where p is the least power of two above
    ceil(elements / c) (draft, section 7.3.2).
    """
    best = (2 * elements + 3, max(1, elements))
    points = 4
    while points <= 2 * max(1, elements):
        chunk = -(-elements // (points - 1))
        best = min(best, (2 * chunk + 2 * points - 1, max(1, chunk)))
        points *= 2
    return best[1]


def capacity(vdaf: Prio3) -> int:
    """How many reports an aggregate can hold before a sum could wrap around."""
    most = vdaf.bound if vdaf.circuit in ("sum", "sum-vec", "sum-vec-multiproof") else 1
    return (FIELDS[vdaf.field_bytes] - 1) // max(
        most, 2 if vdaf.circuit == "cubic" else 1
    )


def shard(vdaf: Prio3, measurements: Numbers, ctx: bytes) -> Shares:
    """Share measurements and prove that they are valid, with fresh randomness.

    Args:
        vdaf: The kind of report.
        measurements: The numbers of all reports: one a report, or rows of
            `length`.
        ctx: Names the application and the task; part of every derivation.

    Raises:
        OutOfRange: A measurement outside its interval, or a fraction.

    Leaks:
        Nothing of measurements, but how many reports there are.
    """
    import numpy as np  # noqa: PLC0415 - results are read where it is not

    each = 1 if vdaf.circuit == "histogram" else vdaf.length
    found = int(np.size(np.asarray(measurements)))
    reports = found // each
    nonces = secrets.token_bytes(reports * NONCE_BYTES)
    rand = secrets.token_bytes(reports * vdaf.sizes.rand)
    return shard_with(vdaf, measurements, ctx, nonces, rand)


def shard_with(
    vdaf: Prio3, measurements: Numbers, ctx: bytes, nonces: bytes, rand: bytes
) -> Shares:
    """As `shard`, with the caller's nonces and random bytes.

    Args:
        vdaf: The kind of report.
        measurements: The numbers of all reports.
        ctx: Names the application and the task.
        nonces: 16 bytes a report, each used once.
        rand: `sizes.rand` bytes a report, uniform, used once.

    Raises:
        OutOfRange: A measurement outside its interval, or a fraction.
        EncodingError: Lengths that do not fit together.

    Source:
        draft-irtf-cfrg-vdaf-20, section 7.2.1.
    """
    _check_context(ctx)
    return Shares(nonces, *_core(vdaf).shard(measurements, nonces, rand, ctx))


def verify_init(
    vdaf: Prio3,
    aggregator: int,
    verify_key: bytes,
    ctx: bytes,
    shares: Shares,
    inputs: bytes,
    statuses: bytearray | None = None,
) -> Prepared:
    """Begin to verify reports as one aggregator.

    Args:
        vdaf: The kind of report.
        aggregator: 0 leads.
        verify_key: 32 bytes that the aggregators share and no submitter knows.
        ctx: As for sharding.
        shares: Of which nonces and public shares are read.
        inputs: This aggregator's input shares.
        statuses: Reports that are refused already are passed over.

    Raises:
        EncodingError: Lengths that do not fit together.
        OutOfRange: No such aggregator.

    Source:
        draft-irtf-cfrg-vdaf-20, section 7.2.2.
    """
    _check_context(ctx)
    _check_key(verify_key)
    marks = bytearray(len(shares)) if statuses is None else bytearray(statuses)
    states, verifiers = _core(vdaf).verify_init(
        aggregator, verify_key, shares.nonces, shares.public, inputs, marks, ctx
    )
    return Prepared(states, verifiers, marks)


def merged(*statuses: bytes | bytearray) -> bytearray:
    """For each report the first status that is not `ACCEPTED`.

    Raises:
        EncodingError: Not as many statuses everywhere.
    """
    import numpy as np  # noqa: PLC0415 - results are read where it is not

    result = bytearray(statuses[0])
    for other in statuses[1:]:
        if len(other) != len(result):
            raise EncodingError(
                f"expected {len(result)} statuses, found {len(other)}",
            )
        ours = np.frombuffer(result, np.uint8)
        theirs = np.frombuffer(bytes(other), np.uint8)
        ours[:] = np.where(ours == ACCEPTED, theirs, ours)
    return result


def combine(
    vdaf: Prio3, verifiers: Sequence[bytes], statuses: bytearray, ctx: bytes
) -> bytes:
    """Decide on the proofs; `statuses` tells of each report.

    Args:
        vdaf: The kind of report.
        verifiers: Verifier shares of every aggregator, the leader's first.
        statuses: Changed: `FALSE` where a proof does not hold, `NOT_CANONICAL`
            where an element is none.
        ctx: As for sharding.

    Returns:
        Verifier messages: 32 bytes a report, or none where the circuit has no
        joint randomness.
    """
    _check_context(ctx)
    return _core(vdaf).combine(verifiers, statuses, ctx)


def verify_next(
    vdaf: Prio3, states: bytes, messages: bytes, statuses: bytearray
) -> None:
    """Compare verifier messages with what states expect; changes `statuses`.

    Raises:
        EncodingError: Lengths that do not fit together.
    """
    _core(vdaf).verify_next(states, messages, statuses)


def aggregate(
    vdaf: Prio3, states: bytes, statuses: bytes | bytearray, onto: bytes | None = None
) -> bytes:
    """Add the output shares of accepted reports up.

    Args:
        vdaf: The kind of report.
        states: From `verify_init`.
        statuses: After `verify_next`.
        onto: An aggregate share to go on from.

    Raises:
        EncodingError: Lengths that do not fit together.
    """
    start = bytes(vdaf.sizes.aggregate) if onto is None else onto
    return _core(vdaf).aggregate(start, states, statuses)


def merge(vdaf: Prio3, shares: Sequence[bytes]) -> bytes:
    """Add aggregate shares up.

    Raises:
        EncodingError: Another length, or an element that is not canonical.
    """
    return _core(vdaf).merge(shares)


def unshard(vdaf: Prio3, shares: Sequence[bytes]) -> list[int]:
    """The aggregate: the sums of all aggregators' shares, as numbers.

    Raises:
        EncodingError: Another length, or an element that is not canonical.
        OutOfRange: Not one share of each aggregator.
    """
    if len(shares) != vdaf.shares:
        raise OutOfRange(f"expected {vdaf.shares} shares, found {len(shares)}")
    data, size = merge(vdaf, shares), vdaf.field_bytes
    return [
        int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)
    ]


def with_numbers(vdaf: Prio3, share: bytes, numbers: Sequence[int]) -> bytes:
    """An aggregate share plus integers, such as noise: one a sum.

    Raises:
        OutOfRange: Not one number a sum, or one of half the field or more.
        EncodingError: A share that is none.
    """
    prime, size = FIELDS[vdaf.field_bytes], vdaf.field_bytes
    if len(numbers) != vdaf.outputs or any(2 * abs(x) >= prime for x in numbers):
        raise OutOfRange(
            f"expected {vdaf.outputs} numbers below half the field, found others"
        )
    added = b"".join((int(x) % prime).to_bytes(size, "little") for x in numbers)
    return merge(vdaf, [share, added])


def signed(vdaf: Prio3, value: int) -> int:
    """A sum that noise may have made negative: in (-p/2, p/2)."""
    prime = FIELDS[vdaf.field_bytes]
    return value - prime if 2 * value > prime else value


def _check_context(ctx: bytes) -> None:
    if len(ctx) > MAX_CONTEXT:
        raise OutOfRange(
            f"expected a context of at most {MAX_CONTEXT} bytes, found {len(ctx)}"
        )


def _check_key(key: bytes) -> None:
    if len(key) != SEED_BYTES:
        raise EncodingError(
            f"expected a verification key of {SEED_BYTES} bytes, found {len(key)}"
        )
