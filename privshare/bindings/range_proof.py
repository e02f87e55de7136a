"""Range proofs over ristretto255 (`ps_range.h`).

Arrays of elements and scalars are byte strings, 32 bytes each, one after the
other. `privshare.schemes.range_proof` is what callers use.

Source: Bünz, Bootle, Boneh, Poelstra, Wuille and Maxwell, "Bulletproofs", IEEE
S&P 2018.

>>> transcript = TranscriptCore(b"example/v1")
>>> proof, commitments = prove([5], bytes(32), 8, transcript.fork(), bytes(32))
>>> verify([Proof(8, 1, commitments, proof, transcript)])
>>> len(proof)
480
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from privshare.bindings._convert import (
    BACKEND,
    expect_len,
    ffi,
    lib,
    out,
    raise_for,
    take,
)
from privshare.bindings.merlin import Merlin
from privshare.bindings.transcript import TranscriptCore
from privshare.errors import EncodingError, OutOfRange, ProofInvalid, Unavailable

MAX_BITS: int = lib.PS_RANGE_MAX_BITS
MAX_COUNT: int = lib.PS_RANGE_MAX_COUNT
RAND_BYTES = 32

_ELEMENT_BYTES = 32
_KEPT_LIMBS = 1 << 20  # scratch above 8 MB goes back to the system
_allocate = ffi.new_allocator(should_clear_after_alloc=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof, and what it has to be checked against.

    Attributes:
        bits: The numbers are below 2^bits; a power of two up to 64.
        count: How many numbers, 1 to 32.
        commitments: `count` elements.
        proof: `proof_bytes(bits, count)` bytes.
        transcript: The context absorbed. A `TranscriptCore` for the project's
            own format, a `Merlin` for the dalek library's.
    """

    bits: int
    count: int
    commitments: bytes
    proof: bytes
    transcript: TranscriptCore | Merlin


class _Generators:
    """The generators for so many parties, in memory that stays."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        limbs = int(lib.ps_range_generators_limbs(parties))
        self._memory = _allocate("ps_limb[]", limbs)
        self.native = ffi.new("ps_range_generators *")
        lib.ps_range_generators_init(self.native, self._memory, parties, BACKEND)


class _Cache(threading.local):
    """Scratch of one thread. The core wipes what is secret in it."""

    limbs = 0
    scratch: Any = None


_cache = _Cache()
_lock = threading.Lock()
_generators: list[_Generators] = []


def _for_parties(parties: int) -> _Generators:
    """Generators that serve `parties`: derived when first needed, then kept."""
    for kept in _generators:
        if kept.parties >= parties:
            return kept
    with _lock:
        made = _Generators(parties)
        _generators.append(made)
        return made


def _scratch(limbs: int) -> Any:
    """So many limbs, which the thread keeps unless they are very many."""
    if limbs > _KEPT_LIMBS:
        return _allocate("ps_limb[]", limbs)
    if limbs > _cache.limbs:
        _cache.scratch = _allocate("ps_limb[]", limbs)
        _cache.limbs = limbs
    return _cache.scratch


def _padded(count: int) -> int:
    """The least power of two that is not below `count`."""
    return 1 << (count - 1).bit_length()


def _shape(bits: int, count: int) -> tuple[int, int]:
    """A shape that fits C's fields; whether it is allowed C decides."""
    if not (0 < bits <= MAX_BITS and 0 < count <= MAX_COUNT):
        raise OutOfRange(
            f"expected 1 to {MAX_COUNT} numbers of at most {MAX_BITS} bits, "
            f"found {count} of {bits}"
        )
    return bits, count


def proof_bytes(bits: int, count: int) -> int:
    """How long a proof is.

    Raises:
        OutOfRange: `bits` is not a power of two up to 64, or `count` is not
            from 1 to 32.
    """
    length = int(lib.ps_range_proof_len(_shape(bits, count)))
    if length == 0:
        raise OutOfRange(f"expected a power of two of bits, found {bits}")
    return length


def _enter(slot: Any, transcript: TranscriptCore | Merlin) -> None:
    """Copy a transcript into C's, so that an error leaves it as it was."""
    if isinstance(transcript, Merlin):
        slot.format = lib.PS_RANGE_DALEK
        slot.merlin = transcript.native[0]
    else:
        slot.format = lib.PS_RANGE_V1
        slot.own = transcript.native[0]


def _leave(slot: Any, transcript: TranscriptCore | Merlin) -> None:
    """Copy it back, with statement and proof absorbed."""
    if isinstance(transcript, Merlin):
        transcript.native[0] = slot.merlin
    else:
        transcript.native[0] = slot.own


def prove(
    values: Sequence[int],
    blindings: bytes,
    bits: int,
    transcript: TranscriptCore | Merlin,
    rand: bytes,
) -> tuple[bytes, bytes]:
    """Commit to numbers and prove that they are below 2^bits.

    Args:
        values: 1 to 32 numbers.
        blindings: As many canonical scalars.
        bits: A power of two up to 64.
        transcript: The context absorbed; statement and proof are added to it.
        rand: 32 fresh bytes.

    Returns:
        The proof, and the commitments v·G + r·H.

    Raises:
        OutOfRange: The shape is not allowed, or a value is not in [0, 2^bits).
        EncodingError: A blinding is not a canonical scalar.
        Unavailable: Probability 2^-240: try again with other `rand`.

    Leaks:
        Nothing of values, blindings and `rand`: time and addresses depend on
        `bits` and on how many there are.
    """
    count = len(values)
    size = proof_bytes(bits, count)
    expect_len(blindings, _ELEMENT_BYTES * count, "blindings")
    expect_len(rand, RAND_BYTES, "randomness")
    if any(not 0 <= value < 1 << MAX_BITS for value in values):
        raise OutOfRange(f"expected values in [0, 2^{bits}), found one outside")
    proof, commitments = out(size), out(_ELEMENT_BYTES * count)
    slot = ffi.new("ps_range_transcript *")
    _enter(slot, transcript)
    numbers = ffi.new("uint64_t[]", values)
    shape = (bits, count)
    status = lib.ps_range_prove(
        proof,
        commitments,
        slot,
        numbers,
        blindings,
        shape,
        rand,
        _for_parties(_padded(count)).native,
        BACKEND,
        _scratch(int(lib.ps_range_prove_limbs(shape))),
    )
    lib.ps_wipe(numbers, ffi.sizeof(numbers))
    if status == lib.PS_E_ENCODING:
        raise EncodingError("expected canonical blindings, found one that is not")
    if status == lib.PS_E_FEED:
        raise Unavailable("expected usable randomness, found a value that is not")
    raise_for(status, f"expected values in [0, 2^{bits}), found one outside")
    _leave(slot, transcript)
    return take(proof), take(commitments)


def verify(proofs: Sequence[Proof], rand: bytes | None = None) -> None:
    """Check proofs of any shapes and formats, all in one sum.

    Args:
        proofs: Each with a transcript of its own, to which statement and proof
            are added when all hold.
        rand: 32 bytes that nobody knew when the proofs were made. Without them
            the weights of the sum depend on statements and proofs alone.

    Raises:
        OutOfRange: A shape is not allowed.
        EncodingError: An element, a scalar or a length is not as it must be.
        ProofInvalid: A proof does not hold.

        Each with `detail["index"]`, the first proof that it speaks of.

    Leaks:
        All inputs are public.
    """
    if not proofs:
        return
    if rand is not None:
        expect_len(rand, RAND_BYTES, "randomness")
    for index, item in enumerate(proofs):
        _expect_lengths(index, item)
    count = len(proofs)
    slots = ffi.new("ps_range_transcript[]", count)
    for slot, item in zip(slots, proofs, strict=True):
        _enter(slot, item.transcript)
    shapes = ffi.new("ps_range_shape[]", [(p.bits, p.count) for p in proofs])
    commitments = b"".join(p.commitments for p in proofs)
    joined = b"".join(p.proof for p in proofs)
    bad = ffi.new("size_t *")
    status = lib.ps_range_verify_vartime(
        bad,
        slots,
        shapes,
        count,
        commitments,
        len(commitments),
        joined,
        len(joined),
        ffi.NULL if rand is None else rand,
        _for_parties(max(_padded(p.count) for p in proofs)).native,
        BACKEND,
        _scratch(int(lib.ps_range_verify_limbs(shapes, count))),
    )
    if status != lib.PS_OK:
        _refuse(status, int(bad[0]))
    for slot, item in zip(slots, proofs, strict=True):
        _leave(slot, item.transcript)


def _expect_lengths(index: int, item: Proof) -> None:
    """Refuse a proof or commitments of another length."""
    size = proof_bytes(item.bits, item.count)
    if len(item.proof) != size:
        raise EncodingError(
            f"expected a range proof of {size} bytes, found {len(item.proof)}",
            detail={"index": index},
        )
    if len(item.commitments) != _ELEMENT_BYTES * item.count:
        raise EncodingError(
            f"expected {item.count} commitments of {_ELEMENT_BYTES} bytes each, "
            f"found {len(item.commitments)} bytes",
            detail={"index": index},
        )


def _refuse(status: int, index: int) -> None:
    """Raise what a status of the core means, for the proof at `index`."""
    detail = {"index": index}
    if status == lib.PS_E_ENCODING:
        raise EncodingError(
            f"expected canonical elements and scalars, found others in proof {index}",
            detail=detail,
        )
    if status == lib.PS_E_VERIFY:
        raise ProofInvalid(
            f"expected numbers in range, found that proof {index} is false",
            detail=detail,
        )
    raise OutOfRange(
        f"expected a shape that the format has, found proof {index} of another",
        detail=detail,
    )
