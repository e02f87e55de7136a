"""One out of many: a proof that one knows the secret of some element of a list.

For a public list P_0 … P_(N-1), a base B and an offset Q: P_l - Q = x·B, and with a
tag T = x·U besides. The proof names neither l nor x; its length grows with the
logarithm of N.

    everybody  Candidates.of(encodings)                          once for a list
    prover     prove(candidates, index, secret, base, …) ─► proof
    verifier   verify(Claim, candidates), or verify_batch for many over one list

The context goes into the transcript before the call, and the transcript goes on
afterwards. Everything is in 32-byte encodings; the caller decides whether a list
may hold equal elements or the identity (`Ring` refuses both).

The composition with a tag needs outside review: docs/protocols/one-of-many.md.

Source: Groth and Kohlweiss, EUROCRYPT 2015; Bootle et al., ESORICS 2015;
Triptych, eprint 2020/018; Lelantus Spark, eprint 2021/1173.

>>> from privshare.bindings import ristretto255, scalar
>>> from privshare.schemes.transcript import Transcript
>>> secrets = [scalar.from_int(i) for i in (11, 12, 13)]
>>> base = ristretto255.base().encode()
>>> table = ristretto255.base_table()
>>> candidates = Candidates.of(table.mul(b"".join(secrets)).encode())
>>> proof = prove(candidates, 1, secrets[1], base, transcript=Transcript("example/v1"))
>>> verify(Claim(proof, base, Transcript("example/v1")), candidates)
>>> len(proof)
256
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from privshare.bindings import one_of_many as native
from privshare.bindings.one_of_many import ListCore, StatementCore
from privshare.bindings.ristretto255 import Elements, decode
from privshare.errors import EncodingError, OutOfRange, ProofInvalid, VerificationError
from privshare.schemes.transcript import Transcript
from privshare.wire import domain
from privshare.wire.digest import tagged

MIN_COUNT = 2
MAX_COUNT = native.MAX_COUNT
MAX_COLUMNS = native.MAX_COLUMNS
MAX_BATCH = native.MAX_BATCH

IDENTITY = bytes(32)
"""The encoding of the group's neutral element: no offset."""

_ONE = (1).to_bytes(32, "little")
_REPEATABLE = bytes(32)


@dataclass(frozen=True, slots=True)
class Candidates:
    """A public list, decoded once and used for any number of proofs.

    Attributes:
        core: The list as the core takes it.
    """

    core: ListCore

    @classmethod
    def of(cls, encodings: bytes | Sequence[bytes], *, columns: int = 1) -> Candidates:
        """Read a list.

        Args:
            encodings: Elements of 32 bytes; with several columns the whole first
                column, then the second.
            columns: 1 to `MAX_COLUMNS`, all of the same length.

        Raises:
            EncodingError: An element is none (`detail` has its index), or the
                length does not fit.
            OutOfRange: Fewer than 2 or more than `MAX_COUNT` elements in a
                column, or too many columns.
        """
        data = encodings if isinstance(encodings, bytes) else b"".join(encodings)
        if not 1 <= columns <= MAX_COLUMNS:
            raise OutOfRange(f"expected 1 to {MAX_COLUMNS} columns, found {columns}")
        if len(data) % (32 * columns):
            raise EncodingError(
                f"expected columns of 32-byte elements, found {len(data)} bytes "
                f"for {columns}"
            )
        count = len(data) // (32 * columns)
        if not MIN_COUNT <= count <= MAX_COUNT:
            raise OutOfRange(
                f"expected {MIN_COUNT} to {MAX_COUNT} elements, found {count}"
            )
        parts = [data[i : i + 32 * count] for i in range(0, len(data), 32 * count)]
        digest = tagged(domain.CANDIDATES, *parts)
        return cls(ListCore(decode(data), digest, count, columns))

    @property
    def count(self) -> int:
        """N: elements of a column."""
        return self.core.count

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return self.core.columns

    @property
    def digest(self) -> bytes:
        """Of all encodings, 32 bytes: what the challenge depends on."""
        return self.core.digest

    @property
    def elements(self) -> Elements:
        """All elements, column after column."""
        return self.core.elements


@dataclass(frozen=True, slots=True)
class Tag:
    """The secret once more, over a base that belongs to a scope.

    Attributes:
        base: U, hashed to the group, so that nobody knows its logarithm.
        value: T = x·U.
    """

    base: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """One proof, and what a verifier holds it for.

    Attributes:
        proof: From `prove`, or anything.
        base: B.
        transcript: With the whole context; it goes on when the proof holds.
        offset: Q.
        tag: U and T, where there is one.
        weights: A scalar of 32 bytes for each of several columns.
    """

    proof: bytes
    base: bytes
    transcript: Transcript
    offset: bytes = IDENTITY
    tag: Tag | None = None
    weights: bytes = b""

    def statement(self, columns: int) -> StatementCore:
        """As the core takes it, for a list of so many columns.

        Raises:
            EncodingError: There is not one weight for each column.
        """
        return _statement(self.base, self.offset, self.tag, self.weights, columns)


def proof_bytes(count: int, *, tagged: bool) -> int:
    """Length of a proof over `count` elements: 32·(4 + 4m), or 32·(4 + 5m).

    Raises:
        OutOfRange: No list has so many.
    """
    if not MIN_COUNT <= count <= MAX_COUNT:
        raise OutOfRange(f"expected {MIN_COUNT} to {MAX_COUNT} elements, found {count}")
    return native.proof_bytes(count, tagged=tagged)


def prove(
    candidates: Candidates,
    index: int,
    secret: bytes,
    base: bytes,
    *,
    offset: bytes = IDENTITY,
    tag: Tag | None = None,
    weights: bytes = b"",
    transcript: Transcript,
    rand: bytes | None = None,
) -> bytes:
    """Prove that one knows the secret of an element.

    Args:
        candidates: The list.
        index: Which element it is, from 0.
        secret: x, a canonical scalar.
        base: B, not the identity.
        offset: Q.
        tag: Where the secret is to be linked.
        weights: A scalar for each column; nothing for one column.
        transcript: With the whole context. It goes on.
        rand: 32 random bytes, for tests; `secrets` gives them else. Nonces also
            depend on secret and statement.

    Returns:
        `proof_bytes` bytes.

    Raises:
        EncodingError: A part is not canonical, or has another length.
        OutOfRange: No element has that index.
        ProofInvalid: The statement is not true of index and secret.

    Source:
        docs/protocols/one-of-many.md, section 2.

    Leaks:
        The shape of the list, by time. Index and secret touch no branch and no
        address in the core; Python hands over a small integer.
    """
    if not 0 <= index < candidates.count:
        raise OutOfRange(f"expected an index below {candidates.count}, found another")
    return native.prove(
        candidates.core,
        _statement(base, offset, tag, weights, candidates.columns),
        index,
        secret,
        transcript.core,
        secrets.token_bytes(32) if rand is None else rand,
    )


def verify(claim: Claim, candidates: Candidates) -> None:
    """Verify one proof; everybody gets the same verdict.

    Raises:
        EncodingError: The proof or the statement is not canonical.
        ProofInvalid: It does not hold.
    """
    _verify([claim], candidates, _REPEATABLE)


def verify_batch(
    claims: Sequence[Claim], candidates: Candidates, rand: bytes | None = None
) -> None:
    """Verify proofs over one list together.

    Args:
        claims: 1 to `MAX_BATCH`, all with a tag or all without.
        candidates: The list of all of them.
        rand: 32 random bytes, for tests; `secrets` gives them else.

    Raises:
        EncodingError: Something is not canonical; `detail["index"]` says in which.
        OutOfRange: Too many claims, or none, or both kinds.
        ProofInvalid: A proof does not hold; `detail["index"]` has the first.
    """
    if not 1 <= len(claims) <= MAX_BATCH:
        raise OutOfRange(f"expected 1 to {MAX_BATCH} proofs, found {len(claims)}")
    if len({claim.tag is None for claim in claims}) > 1:
        raise OutOfRange("expected proofs with a tag or without, found both")
    try:
        _verify(claims, candidates, secrets.token_bytes(32) if rand is None else rand)
    except VerificationError:
        _blame(claims, candidates)
        raise


def _blame(claims: Sequence[Claim], candidates: Candidates) -> None:
    """Name the first proof that does not hold by itself."""
    for index, claim in enumerate(claims):
        alone = replace(claim, transcript=claim.transcript.fork())
        try:
            _verify([alone], candidates, _REPEATABLE)
        except VerificationError:
            raise ProofInvalid(
                f"expected one-of-many proofs that hold, found another at {index}",
                detail={"index": index},
            ) from None


def _verify(claims: Sequence[Claim], candidates: Candidates, rand: bytes) -> None:
    native.verify(
        candidates.core,
        [claim.statement(candidates.columns) for claim in claims],
        [claim.proof for claim in claims],
        [claim.transcript.core for claim in claims],
        rand,
    )


def _statement(
    base: bytes, offset: bytes, tag: Tag | None, weights: bytes, columns: int
) -> StatementCore:
    if columns == 1 and not weights:
        weights = _ONE
    if len(weights) != 32 * columns:
        raise EncodingError(
            f"expected {columns} weights of 32 bytes, found {len(weights)} bytes"
        )
    both = b"" if tag is None else _both(tag)
    return StatementCore(base, offset, both, weights)


def _both(tag: Tag) -> bytes:
    if len(tag.base) != 32 or len(tag.value) != 32:
        raise EncodingError(
            "expected a tag and its base of 32 bytes each, found other lengths"
        )
    return tag.base + tag.value
