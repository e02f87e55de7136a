"""A twisted ElGamal key that any k of n holders use together, and fewer never.

    dealer      deal(k, n) ─► SharedKey ─► everybody
                          └─► KeyShare sᵢ ─► holder i, sealed
    holder i    Pᵢ = sᵢ·D, with a proof that it is ─► partial
    anybody     k partials ─► combine ─► v

    s = Σ λᵢ·sᵢ  for the Lagrange coefficients λᵢ at 0 of any k holders
    Vᵢ = sᵢ·pk,  so that Σ λᵢ·Vᵢ = s·pk = H: checked where a key is read

Whoever holds a `SharedKey` checks that the Vᵢ are values of one polynomial of
degree below k and that its value at 0 belongs to pk, and each holder that its
share belongs to its Vᵢ, so no dealer can hand out shares that do not fit. What
a dealer can do is remember s: it is trusted for that. Who trusts nobody uses
the escrow of ring signatures, which has no dealer (schemes.escrow), or a key of
its own.

A partial's proof is one of two logarithms being equal, pk to Vᵢ and D to Pᵢ,
so a wrong partial is refused and its holder named.

Source: Shamir, CACM 1979; Feldman, FOCS 1987, for the Vᵢ; Chaum and Pedersen,
CRYPTO 1992, for the proof; Desmedt and Frankel, CRYPTO 1989.

>>> from privshare.schemes.elgamal import encrypt
>>> key, shares = deal(2, 3)
>>> ciphertext, _ = encrypt(key.public, 42)
>>> sent = [make_partial(key, share, ciphertext, b"why") for share in shares[1:]]
>>> checked = [verify_partial(key, ciphertext, data, b"why") for data in sent]
>>> combine(key, ciphertext, checked, bound=1 << 16)
42
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.ristretto255 import ELEMENT_BYTES, Elements
from privshare.bindings.scalar import SCALAR_BYTES, WIDE_BYTES, from_int
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes import commitment as pedersen
from privshare.schemes import sigma
from privshare.schemes.commitment import BLINDING_BASE
from privshare.schemes.elgamal import Ciphertext, SecretKey, search
from privshare.schemes.secret import Secret
from privshare.schemes.transcript import Transcript

MAX_HOLDERS = 16

_PROTOCOL = "elgamal-partial/v1"
_PROOF_BYTES = 2 * SCALAR_BYTES  # challenge, response
PARTIAL_BYTES = 1 + ELEMENT_BYTES + _PROOF_BYTES


@dataclass(frozen=True, slots=True)
class SharedKey:
    """The public side of a dealt key.

    Attributes:
        threshold: k, from 2 to n.
        public: pk, 32 bytes.
        verifications: V₁ … Vₙ, 32 bytes each; n is at most 16.

    Raises:
        EncodingError: Bytes that are no elements, or the identity.
        OutOfRange: Another number of holders.
        ProofInvalid: The Vᵢ are not those of one dealt key.
    """

    threshold: int
    public: bytes
    verifications: tuple[bytes, ...]
    _elements: Elements = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_counts(self.threshold, len(self.verifications))
        elements = pedersen.decode((self.public, *self.verifications), "shared key")
        object.__setattr__(self, "_elements", elements)
        holders = range(1, len(self.verifications) + 1)
        first = holders[: self.threshold]
        for index in (0, *holders[self.threshold :]):
            row = elements.take(list(first))
            found = group.msm_vartime(b"".join(_lagrange(first, index)), row)
            wanted = elements[index] if index else pedersen.blinding_base()
            if found != wanted:
                raise ProofInvalid(
                    "expected verification keys of one dealt key, found that that of "
                    f"{f'holder {index}' if index else 'the key itself'} does not fit"
                )

    @property
    def holders(self) -> int:
        """n."""
        return len(self.verifications)

    def verification(self, index: int) -> bytes:
        """Vᵢ.

        Raises:
            OutOfRange: There is no such holder.
        """
        if not 1 <= index <= self.holders:
            raise OutOfRange(
                f"expected a holder from 1 to {self.holders}, found {index}"
            )
        return self.verifications[index - 1]


class KeyShare(Secret):
    """One holder's share.

    Attributes:
        index: Whose, from 1.
    """

    __slots__ = ("_secret", "index")

    def __init__(self, index: int, secret: bytes) -> None:
        """Take a share that a dealer sent.

        Raises:
            EncodingError: Not a scalar, or of another length.
            OutOfRange: An index outside 1 to 16.
        """
        if not 1 <= index <= MAX_HOLDERS:
            raise OutOfRange(
                f"expected a holder from 1 to {MAX_HOLDERS}, found {index}"
            )
        if len(secret) != SCALAR_BYTES:
            raise EncodingError(f"expected a share of 32 bytes, found {len(secret)}")
        self.index = index
        self._secret = scalar.check(secret, "share")

    def to_bytes(self) -> bytes:
        """sᵢ, 32 bytes, for the holder's key file."""
        return self._secret

    def check(self, key: SharedKey) -> None:
        """Check that this is the share that everybody believes the holder has.

        Raises:
            OutOfRange: The key has no such holder.
            ProofInvalid: sᵢ·pk is not Vᵢ.
        """
        wanted = group.decode(key.verification(self.index))
        if group.mul(self._secret, group.decode(key.public)) != wanted:
            raise ProofInvalid(
                f"expected the share of holder {self.index}, found one that does not "
                "belong to its verification key"
            )


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial decryption that was verified.

    Attributes:
        index: Whose, from 1.
        value: Pᵢ, 32 bytes.
        ciphertext: Of which.
    """

    index: int
    value: bytes
    ciphertext: Ciphertext


def deal(
    threshold: int, holders: int, rand: bytes | None = None
) -> tuple[SharedKey, tuple[KeyShare, ...]]:
    """Make a key and its shares. Whoever calls this could decrypt alone.

    Args:
        threshold: k, from 2 to n.
        holders: n, at most 16.
        rand: 64 random bytes for each of the k coefficients, used once; drawn
            unless given.

    Returns:
        The public side, and the shares of holders 1 to n.

    Raises:
        OutOfRange: Another number of holders or of random bytes.
    """
    _check_counts(threshold, holders)
    if rand is None:
        rand = os.urandom(WIDE_BYTES * threshold)
    if len(rand) != WIDE_BYTES * threshold:
        raise OutOfRange(
            f"expected {WIDE_BYTES * threshold} random bytes, found {len(rand)}"
        )
    wide = scalar.reduce_wide(rand)
    coefficients = [
        wide[i : i + SCALAR_BYTES] for i in range(0, len(wide), SCALAR_BYTES)
    ]
    public = SecretKey.from_bytes(coefficients[0]).public
    shares = []
    for index in range(1, holders + 1):
        x, value = from_int(index), scalar.ZERO
        for coefficient in reversed(coefficients):
            value = scalar.mul_add(value, x, coefficient)
        shares.append(KeyShare(index, value))
    row = group.decode(public).take([0] * holders)
    encoded = group.mul(b"".join(one.to_bytes() for one in shares), row).encode()
    verifications = tuple(
        encoded[i : i + ELEMENT_BYTES] for i in range(0, len(encoded), ELEMENT_BYTES)
    )
    return SharedKey(threshold, public, verifications), tuple(shares)


def make_partial(
    key: SharedKey,
    share: KeyShare,
    ciphertext: Ciphertext,
    context: bytes,
    rand: bytes | None = None,
) -> bytes:
    """A holder's part of a decryption, with its proof.

    Pᵢ = sᵢ·D

    Args:
        key: The shared key.
        share: Of one holder.
        ciphertext: Whoever sees k partials reads it: the holder decides.
        context: What the decryption is for; verifiers must say the same.
        rand: 32 random bytes for the proof; drawn unless given.

    Returns:
        u8 index, Pᵢ, challenge, response: 97 bytes.

    Raises:
        ProofInvalid: The share is not the key's.
    """
    share.check(key)
    value = group.mul(share.to_bytes(), group.decode(ciphertext.d)).encode()
    relation = _relation(key, share.index, ciphertext, value)
    transcript = _transcript(key, share.index, ciphertext, context)
    proof = sigma.prove(relation, [share.to_bytes()], transcript, rand, compact=True)
    return bytes((share.index,)) + value + proof


def verify_partial(
    key: SharedKey, ciphertext: Ciphertext, data: bytes, context: bytes
) -> Partial:
    """Check what a holder sent.

    Raises:
        EncodingError: Another length, or a value that is no element.
        OutOfRange: There is no such holder.
        ProofInvalid: It is not this holder's part of this ciphertext, or was
            made for another purpose; `detail["index"]` names the holder.
    """
    if len(data) != PARTIAL_BYTES:
        raise EncodingError(
            f"expected a partial decryption of {PARTIAL_BYTES} bytes, found {len(data)}"
        )
    index, value = data[0], data[1 : 1 + ELEMENT_BYTES]
    key.verification(index)
    pedersen.decode((value,), "partial decryption")
    relation = _relation(key, index, ciphertext, value)
    try:
        sigma.verify(
            relation,
            data[1 + ELEMENT_BYTES :],
            _transcript(key, index, ciphertext, context),
            compact=True,
        )
    except ProofInvalid:
        raise ProofInvalid(
            f"expected holder {index}'s part of the decryption, found one whose proof "
            "does not hold",
            detail={"index": index},
        ) from None
    return Partial(index, value, ciphertext)


def combine(
    key: SharedKey, ciphertext: Ciphertext, partials: Sequence[Partial], *, bound: int
) -> int:
    """Decrypt with k partials.

    Args:
        key: The shared key.
        ciphertext: That all partials are of.
        partials: From `verify_partial`, of k different holders; more are not
            used.
        bound: What |v| is at most; up to 2^40.

    Raises:
        OutOfRange: Too few holders, one twice, or no such v.
        ProofInvalid: A partial of another ciphertext.
    """
    if any(one.ciphertext != ciphertext for one in partials):
        raise ProofInvalid(
            "expected partial decryptions of this ciphertext, found one of another"
        )
    used = sorted(partials, key=lambda one: one.index)
    indices = [one.index for one in used]
    if len(set(indices)) != len(indices) or len(indices) < key.threshold:
        raise OutOfRange(
            f"expected parts of {key.threshold} different holders, found those of "
            f"{indices}"
        )
    indices = indices[: key.threshold]
    row = group.decode(b"".join(one.value for one in used[: key.threshold]))
    mask = group.msm_vartime(b"".join(_lagrange(indices, 0)), row)
    return search(ciphertext, mask, bound)


def _relation(
    key: SharedKey, index: int, ciphertext: Ciphertext, value: bytes
) -> sigma.LinearRelation:
    """Vᵢ = s·pk and Pᵢ = s·D."""
    b = sigma.RelationBuilder()
    s = b.scalar()
    pk, d = b.element(key.public), b.element(ciphertext.d)
    b.equation([(b.element(key.verification(index)), 1)], [(s, pk, 1)])
    b.equation([(b.element(value), 1)], [(s, d, 1)])
    return b.relation()


def _transcript(
    key: SharedKey, index: int, ciphertext: Ciphertext, context: bytes
) -> Transcript:
    transcript = Transcript(_PROTOCOL)
    transcript.absorb("context", context)
    transcript.absorb_int("threshold", key.threshold)
    transcript.absorb_int("holders", key.holders)
    transcript.absorb("key", key.public + b"".join(key.verifications))
    transcript.absorb("base", BLINDING_BASE)
    transcript.absorb_int("index", index)
    transcript.absorb("ciphertext", ciphertext.to_bytes())
    return transcript


def _lagrange(indices: Sequence[int], at: int) -> list[bytes]:
    """λᵢ with f(at) = Σ λᵢ·f(i) for every f of degree below their number."""
    found = []
    for i in indices:
        above, below = 1, 1
        for j in indices:
            if j != i:
                above, below = above * (at - j), below * (i - j)
        found.append(scalar.mul(from_int(above), scalar.invert(from_int(below))))
    return found


def _check_counts(threshold: int, holders: int) -> None:
    if not 2 <= threshold <= holders <= MAX_HOLDERS:
        raise OutOfRange(
            f"expected 2 <= threshold <= holders <= {MAX_HOLDERS}, found {threshold} "
            f"and {holders}"
        )
