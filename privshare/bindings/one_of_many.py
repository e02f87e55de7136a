"""One-of-many proofs (`ps_one_of_many.h`).

Bytes in, bytes out; what may be proven, and of what list, `schemes.one_of_many`
decides. Statements are checked by the core: an encoding that is none is an
`EncodingError`, a false one a `ProofInvalid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from privshare.bindings._convert import (
    BACKEND,
    expect_len,
    ffi,
    lib,
    out,
    raise_for,
    take,
    wiped_scratch,
)
from privshare.bindings.ristretto255 import Elements
from privshare.bindings.transcript import TranscriptCore
from privshare.errors import EncodingError, ProofInvalid

MAX_COUNT = int(lib.PS_ONE_OF_MANY_MAX)
MAX_COLUMNS = int(lib.PS_ONE_OF_MANY_COLUMNS)
MAX_BATCH = int(lib.PS_ONE_OF_MANY_BATCH)

_NONE = (1 << 64) - 1

# The verifier's scratch, a megabyte for a long list, is all public.
_new_scratch = ffi.new_allocator(should_clear_after_alloc=False)


@dataclass(frozen=True, slots=True)
class ListCore:
    """A public list as the core takes it.

    Attributes:
        elements: Column after column.
        digest: 32 bytes for all encodings.
        count: Elements of a column, 2 to `MAX_COUNT`.
        columns: 1 to `MAX_COLUMNS`.
        native: The `ps_one_of_many_list *`, which points into the former.
    """

    elements: Elements
    digest: bytes
    count: int
    columns: int
    native: Any = field(init=False, repr=False, compare=False)
    _digest: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Give the core its pointers; this object keeps alive what they point to."""
        digest = ffi.new("uint8_t[32]", self.digest)
        native = ffi.new("ps_one_of_many_list *")
        native.elements = self.elements.native
        native.digest32 = digest
        native.count = self.count
        native.columns = self.columns
        object.__setattr__(self, "_digest", digest)
        object.__setattr__(self, "native", native)


@dataclass(frozen=True, slots=True)
class StatementCore:
    """What is claimed of a list, in encodings of 32 bytes.

    Attributes:
        base: B.
        offset: Q.
        tag: U and T, 64 bytes; empty where there is no tag.
        weights: A scalar for each column.
    """

    base: bytes
    offset: bytes
    tag: bytes
    weights: bytes

    def write(self, native: Any) -> None:
        """Fill a `ps_one_of_many_statement`.

        Raises:
            EncodingError: A part has another length.
        """
        expect_len(self.base, 32, "a base")
        expect_len(self.offset, 32, "an offset")
        if self.tag:
            expect_len(self.tag, 64, "a tag and its base")
        native.base = self.base
        native.offset = self.offset
        native.tag_base = self.tag[:32] or bytes(32)
        native.tag = self.tag[32:] or bytes(32)
        native.tagged = bool(self.tag)
        ffi.memmove(native.weights, self.weights, len(self.weights))


def proof_bytes(count: int, *, tagged: bool) -> int:
    """Length of a proof over a list of `count` elements."""
    return int(lib.ps_one_of_many_len(count, tagged))


@cache
def _bases() -> Any:
    bases = ffi.new("ps_one_of_many_bases *")
    lib.ps_one_of_many_bases_init(bases, BACKEND)
    return bases


def prove(
    items: ListCore,
    statement: StatementCore,
    index: int,
    secret: bytes,
    transcript: TranscriptCore,
    rand: bytes,
) -> bytes:
    """Prove.

    Args:
        items: The list.
        statement: Of the same number of columns.
        index: From 0; a secret.
        secret: 32 bytes, a canonical scalar.
        transcript: With the caller's context; it goes on.
        rand: 32 random bytes.

    Raises:
        EncodingError: A part is not canonical, or has another length.
        OutOfRange: The index is not in the list.
        ProofInvalid: The statement is not true of index and secret.
    """
    expect_len(secret, 32, "a secret")
    expect_len(rand, 32, "randomness")
    native = ffi.new("ps_one_of_many_statement *")
    statement.write(native)
    length = proof_bytes(items.count, tagged=bool(statement.tag))
    proof = out(length)
    limbs = lib.ps_one_of_many_prove_limbs(items.count, items.columns)
    with wiped_scratch(limbs) as scratch:
        status = lib.ps_one_of_many_prove(
            proof,
            transcript.native,
            items.native,
            native,
            index if 0 <= index < items.count else items.count,
            secret,
            rand,
            _bases(),
            BACKEND,
            scratch,
        )
    raise_for(
        status,
        "expected a true statement about an element of the list, in canonical "
        "encodings, found another",
        verify=ProofInvalid,
    )
    return take(proof)


def verify(
    items: ListCore,
    statements: Sequence[StatementCore],
    proofs: Sequence[bytes],
    transcripts: Sequence[TranscriptCore],
    rand: bytes,
) -> None:
    """Verify proofs over one list in one multi-scalar multiplication.

    Args:
        items: The list.
        statements: 1 to `MAX_BATCH`, all with a tag or all without.
        proofs: One for each.
        transcripts: One for each, with the prover's context; they go on.
        rand: 32 bytes; zeros for a verdict that everybody repeats.

    Raises:
        EncodingError: Something is not canonical; `detail` has the index.
        ProofInvalid: A proof does not hold.
    """
    expect_len(rand, 32, "randomness")
    count = len(statements)
    natives = ffi.new("ps_one_of_many_statement[]", count)
    chain = ffi.new("ps_transcript[]", [t.native[0] for t in transcripts])
    length = proof_bytes(items.count, tagged=bool(statements[0].tag))
    for i, (statement, proof) in enumerate(zip(statements, proofs, strict=True)):
        statement.write(natives[i])
        if len(proof) != length:
            raise EncodingError(
                f"expected a one-of-many proof of {length} bytes, found {len(proof)} "
                f"in proof {i}",
                detail={"index": i},
            )
    bad = ffi.new("size_t *", _NONE)
    limbs = lib.ps_one_of_many_verify_limbs(items.count, items.columns, count)
    status = lib.ps_one_of_many_verify_vartime(
        bad,
        chain,
        b"".join(proofs),
        natives,
        count,
        items.native,
        rand,
        _bases(),
        BACKEND,
        _new_scratch("ps_limb[]", limbs),
    )
    if status == lib.PS_E_ENCODING:
        raise EncodingError(
            f"expected canonical elements and scalars, found others in proof {bad[0]}",
            detail={"index": int(bad[0])},
        )
    raise_for(
        status,
        "expected one-of-many proofs that hold, found one that does not",
        verify=ProofInvalid,
    )
    for i, transcript in enumerate(transcripts):
        transcript.native[0] = chain[i]
