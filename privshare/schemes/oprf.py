"""Oblivious pseudorandom functions: F(k, x) where one holds k, the other x.

    x ─► blind(x, r) ─► r·H(x) ─────────────► holder of k
    F(k, x) ◄─ finalise ◄─ k·r·H(x), proof ◄─ evaluate

The holder of the key learns nothing of x, not even whether two inputs are one;
the other learns F(k, x) and nothing else of k. In the verifiable mode a proof
says that the same key, whose public part was named before, was used for every
element of a batch.

Implements RFC 9497, modes OPRF and VOPRF, suite ristretto255-SHA512. Batches
are bytes, 32 for each element; a batch has at most 65,535, as the proof has it.

>>> key = derive_key(bytes(32), b"example")
>>> blinds = bytes([5] + [0] * 31)
>>> evaluated = evaluate(key, blind([b"x"], blinds))
>>> finalise([b"x"], blinds, evaluated) == evaluate_inputs(key, [b"x"])
True
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from privshare.bindings import oprf as native
from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.hash import sha512
from privshare.bindings.ristretto255 import ELEMENT_BYTES, IDENTITY, Elements
from privshare.bindings.scalar import SCALAR_BYTES
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes.hash_to_group import hash_to_scalar

SEED_BYTES = 32
OUTPUT_BYTES = 64
PROOF_BYTES = 64
MAX_BATCH = (1 << 16) - 1
MAX_INPUT = (1 << 16) - 1

_SUITE = b"ristretto255-SHA512"


class Mode(IntEnum):
    """RFC 9497, section 3: what a key is for. Keys of two modes differ."""

    OPRF = 0
    VOPRF = 1


def _context(mode: Mode) -> bytes:
    return b"OPRFV1-" + bytes([mode]) + b"-" + _SUITE


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def derive_key(seed: bytes, info: bytes = b"", mode: Mode = Mode.OPRF) -> bytes:
    """DeriveKeyPair: a key from 32 secret bytes.

    Args:
        seed: 32 bytes, uniform.
        info: What the key is for, up to 65,535 bytes.
        mode: The only mode it is used in.

    Returns:
        32 bytes, a scalar other than 0.

    Raises:
        OutOfRange: A seed or an info of another length.

    Source:
        RFC 9497, section 3.2.1.
    """
    if len(seed) != SEED_BYTES:
        raise OutOfRange(f"expected a seed of {SEED_BYTES} bytes, found {len(seed)}")
    _check_inputs([info], "info")
    for counter in range(256):
        key = hash_to_scalar(
            seed + _sized(info) + bytes([counter]), b"DeriveKeyPair" + _context(mode)
        )
        if key != scalar.ZERO:
            return key
    raise OutOfRange("expected a seed that gives a key, found one that does not")


def public_key(key: bytes) -> bytes:
    """k·G, 32 bytes.

    Raises:
        EncodingError: Not a scalar.
    """
    return group.base_table().mul(key).encode()


def uniform(inputs: Sequence[bytes], mode: Mode = Mode.OPRF) -> bytes:
    """What HashToGroup maps to elements: 64 bytes for each input.

    Raises:
        OutOfRange: An input of more than 65,535 bytes.
    """
    _check_inputs(inputs, "input")
    return native.expand(inputs, b"HashToGroup-" + _context(mode))


def blind(inputs: Sequence[bytes], blinds: bytes, mode: Mode = Mode.OPRF) -> bytes:
    """r[i] · H(x[i]), with a scalar of its own for each.

    Args:
        inputs: Up to 65,535 bytes each.
        blinds: 32 bytes for each, uniform, not 0, used once.
        mode: The key's.

    Raises:
        EncodingError: Not one scalar for each.
        OutOfRange: A blind of 0, or an input that is too long.

    Leaks:
        Nothing of the inputs by its bytes: they are uniform whatever these are.
    """
    _check_blinds(blinds)
    points = group.from_uniform(uniform(inputs, mode))
    return native.encode_twice(group.mul(native.halve(blinds), points))


def evaluate(key: bytes, blinded: bytes) -> bytes:
    """BlindEvaluate of a batch: k times each element.

    Raises:
        EncodingError: Not elements, or the identity among them; or the key is
            no scalar.

    Source:
        RFC 9497, section 3.3.1.
    """
    return native.evaluate(blinded, key, "blinded elements")


def evaluate_verifiable(
    key: bytes, blinded: bytes, nonce: bytes
) -> tuple[bytes, bytes]:
    """BlindEvaluate of a batch with a proof that the key was used.

    Args:
        key: Of mode VOPRF.
        blinded: 1 to 65,535 elements.
        nonce: A scalar, uniform, secret, used once; not 0.

    Returns:
        The evaluated elements, and 64 bytes of proof.

    Raises:
        EncodingError: As `evaluate`.
        OutOfRange: A batch of another size, or a nonce of 0.

    Source:
        RFC 9497, sections 3.3.2 and 2.2.1; Chaum and Pedersen, CRYPTO 1992.
    """
    if nonce == scalar.ZERO:
        raise OutOfRange("expected a nonce other than 0, found 0")
    _check_batch(blinded)
    evaluated = native.evaluate(blinded, key, "blinded elements")
    public = public_key(key)
    m = _composite(public, blinded, evaluated, (group.decode(blinded),))[0]
    z = group.mul(key, m)
    t2, t3 = group.base_table().mul(nonce), group.mul(nonce, m)
    c = _challenge(public, m, z, t2, t3)
    return evaluated, c + scalar.sub(nonce, scalar.mul(c, key))


def verify(public: bytes, blinded: bytes, evaluated: bytes, proof: bytes) -> None:
    """That log_G(public) is the logarithm of every evaluated[i] to blinded[i].

    Raises:
        EncodingError: Not elements, the identity among them, another length of
            the proof, or not scalars in it.
        OutOfRange: A batch of another size.
        ProofInvalid: It is not so.

    Source:
        RFC 9497, section 2.2.2.
    """
    count = _check_batch(blinded)
    if len(evaluated) != len(blinded):
        raise EncodingError(
            f"evaluated elements: expected {len(blinded)} bytes, found {len(evaluated)}"
        )
    if len(proof) != PROOF_BYTES:
        raise EncodingError(
            f"proof: expected {PROOF_BYTES} bytes, found {len(proof)}",
        )
    scalar.check(proof, "proof")
    base = _decode(public, "public key")
    sides = _decode(blinded, "blinded elements"), _decode(evaluated, "evaluated")
    m, z = _composite(public, blinded, evaluated, sides)
    c, s = proof[:SCALAR_BYTES], proof[SCALAR_BYTES:]
    t2 = group.mul_two_vartime(s, group.base(), c, base)
    t3 = group.mul_two_vartime(s, m, c, z)
    if _challenge(public, m, z, t2, t3) != c:
        raise ProofInvalid(
            f"expected a proof that one key evaluated {count} elements, found none: "
            "another key was used, or the elements were changed",
            detail={"rule": "oprf.proof"},
        )


def finalise(inputs: Sequence[bytes], blinds: bytes, evaluated: bytes) -> list[bytes]:
    """Take the blinds away and hash: F(k, x) for each, 64 bytes.

    Raises:
        EncodingError: Not one scalar and one element for each; or not elements.
        OutOfRange: A blind of 0, or an input that is too long.

    Source:
        RFC 9497, section 3.3.1.
    """
    _check_blinds(blinds)
    points = _decode(evaluated, "evaluated")
    if len(points) != len(inputs):
        raise EncodingError(
            f"evaluated: expected {len(inputs)} elements, found {len(points)}"
        )
    inverse = native.halve(scalar.invert_many(blinds))
    return _hash(inputs, native.encode_twice(group.mul(inverse, points)))


def evaluate_inputs(
    key: bytes, inputs: Sequence[bytes], mode: Mode = Mode.OPRF
) -> list[bytes]:
    """F(k, x) for each input, by the holder of the key.

    Raises:
        EncodingError: The key is no scalar.
        OutOfRange: An input that is too long.
    """
    return _hash(inputs, native.blind(uniform(inputs, mode), key))


def _hash(inputs: Sequence[bytes], issued: bytes) -> list[bytes]:
    _check_inputs(inputs, "input")
    size = ELEMENT_BYTES.to_bytes(2, "big")
    return [
        sha512(
            _sized(x)
            + size
            + issued[ELEMENT_BYTES * i : ELEMENT_BYTES * (i + 1)]
            + b"Finalize"
        )
        for i, x in enumerate(inputs)
    ]


def _composite(
    public: bytes, blinded: bytes, evaluated: bytes, sides: Sequence[Elements]
) -> list[Elements]:
    """The same random sum of each side: RFC 9497, section 2.2.1."""
    context = _context(Mode.VOPRF)
    seed = _sized(sha512(_sized(public) + _sized(b"Seed-" + context)))
    size = ELEMENT_BYTES.to_bytes(2, "big")
    places = range(0, len(blinded), ELEMENT_BYTES)
    transcripts = [
        seed
        + i.to_bytes(2, "big")
        + size
        + blinded[at : at + ELEMENT_BYTES]
        + size
        + evaluated[at : at + ELEMENT_BYTES]
        + b"Composite"
        for i, at in enumerate(places)
    ]
    wide = native.expand(transcripts, b"HashToScalar-" + context)
    weights = scalar.reduce_wide(wide)
    return [group.msm_vartime(weights, side) for side in sides]


def _challenge(public: bytes, *elements: Elements) -> bytes:
    parts = [public, *(element.encode() for element in elements)]
    message = b"".join(map(_sized, parts)) + b"Challenge"
    return hash_to_scalar(message, b"HashToScalar-" + _context(Mode.VOPRF))


def _decode(data: bytes, where: str) -> Elements:
    elements = group.decode(data, where)
    for i in range(0, len(data), ELEMENT_BYTES):
        if data[i : i + ELEMENT_BYTES] == IDENTITY:
            raise EncodingError(
                f"{where}: expected no identity, found it at index {i // ELEMENT_BYTES}"
            )
    return elements


def _check_batch(blinded: bytes) -> int:
    count = len(blinded) // ELEMENT_BYTES
    if not 1 <= count <= MAX_BATCH:
        raise OutOfRange(f"expected 1 to {MAX_BATCH} elements, found {count}")
    return count


def _check_blinds(blinds: bytes) -> None:
    for i in range(0, len(blinds), SCALAR_BYTES):
        if blinds[i : i + SCALAR_BYTES] == scalar.ZERO:
            raise OutOfRange("expected blinds other than 0, found 0")


def _check_inputs(inputs: Sequence[bytes], what: str) -> None:
    longest = max(map(len, inputs), default=0)
    if longest > MAX_INPUT:
        raise OutOfRange(f"{what}: expected at most {MAX_INPUT} bytes, found {longest}")
