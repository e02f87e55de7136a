"""A holder's share of a threshold key, and the partial decryptions made with it.

    holder     KeyShare.from_bytes ─► check(key) ─► partial(key, cs, context)
               ─► Partial ─► everybody

A share is good for the key it was made for and for no other: it carries the
digest of the whole public key, so that after a re-sharing no old share is used
by mistake. The protocol is `threshold`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from privshare.bindings.paillier_power import MAX_EXPONENT_BYTES
from privshare.errors import EncodingError, OutOfRange, VerificationError
from privshare.schemes import threshold_proof as proofs
from privshare.schemes.secret import Secret
from privshare.schemes.threshold_key import MAX_HOLDERS, ThresholdKey
from privshare.wire.canonical import Encodable, Fields, b64u, decode, encode

#: Ciphertexts that one proof is for, at most.
MAX_CIPHERTEXTS = 1024

_SHARE = "privshare.paillier-share"
_PARTIAL = "privshare.paillier-partial"


@dataclass(frozen=True, slots=True)
class Partial:
    """One holder's part of opening a list of ciphertexts.

    Attributes:
        index: The holder, from 1 to L.
        values: c^(2Δs) for each ciphertext, in their order.
        proof: That all of them come from the holder's share.
    """

    index: int
    values: tuple[bytes, ...]
    proof: bytes

    def to_json(self) -> dict[str, Encodable]:
        """The partial decryptions as a statement's field."""
        return {
            "index": self.index,
            "proof": b64u(self.proof),
            "type": _PARTIAL,
            "v": 2,
            "values": [b64u(value) for value in self.values],
        }

    @classmethod
    def from_json(cls, value: object) -> Partial:
        """Read what `to_json` wrote. Lengths that a key decides: `verify_partial`.

        Raises:
            EncodingError: Another form, or longer than any key's.
            OutOfRange: A number of no holder.
        """
        fields = Fields(value, "partial decryption")
        fields.constant("v", 2)
        fields.constant("type", _PARTIAL)
        index = fields.int("index", 1, MAX_HOLDERS)
        proof = fields.bytes("proof", max=MAX_EXPONENT_BYTES + 32)
        values = tuple(
            Fields({"value": one}, f"partial decryption.values[{i}]").bytes(
                "value", max=768
            )
            for i, one in enumerate(fields.list("values", MAX_CIPHERTEXTS))
        )
        fields.end()
        return cls(index, values, proof)


@final
class KeyShare(Secret):
    """One holder's share. Alone it opens nothing.

    Args:
        index: The holder, from 1 to L.
        value: s, a Python integer.
        key: Digest of the `ThresholdKey` that it belongs to.

    Secret: `value`; `repr` is redacted and it cannot be pickled.
    """

    __slots__ = ("index", "key", "value")

    def __init__(self, index: int, value: int, key: bytes) -> None:
        self.index, self.value, self.key = index, value, key

    def check(self, key: ThresholdKey) -> None:
        """Check a share against its key, once, before its holder accepts it.

        v^(Δ·s) = v_i mod n², and s is as short as the key says.

        Raises:
            VerificationError: It is another key's, or another holder's, or was
                dealt wrongly.

        Leaks:
            As `partial`.
        """
        self._check_belongs(key)
        found = self._power(key, key.base, key.delta)
        if found != key.commitments[self.index - 1]:
            raise VerificationError(
                f"expected the share that the key commits holder {self.index} to, "
                "found another",
                fix="refuse the key: its dealer was wrong or dishonest",
            )

    def partial(
        self, key: ThresholdKey, ciphertexts: Sequence[bytes], context: bytes
    ) -> Partial:
        """Give this holder's part of opening ciphertexts, with the proof of it.

        d_j = c_j^(2Δs) mod n²

        Whoever gets k of them opens the ciphertexts: decide first whether
        these may be opened. Partial decryptions of chosen ciphertexts do not
        help to open others, any more than decryptions do.

        Args:
            key: The share's.
            ciphertexts: 1 to 1,024 of them, together under one proof.
            context: Everything that the opening is for.

        Raises:
            OutOfRange: None, or more.
            EncodingError: One of another length.
            VerificationError: One that is not a ciphertext under this key, or
                a share of another key.

        Leaks:
            Nothing of s by its values (under the assumption of the scheme) and
            2^-128 by its proof. The powers take the same time whatever s is;
            2Δ·s and the sum of the proof are Python integers, which are not
            constant-time.
        """
        return self.partial_with(key, ciphertexts, context, proofs.draw(key))

    def partial_with(
        self,
        key: ThresholdKey,
        ciphertexts: Sequence[bytes],
        context: bytes,
        rand: bytes,
    ) -> Partial:
        """As `partial`, with the proof's randomness; vectors call this one.

        Args:
            key: The share's.
            ciphertexts: 1 to 1,024 of them.
            context: Everything that the opening is for.
            rand: From `threshold_proof.draw`, never used again.
        """
        self._check_belongs(key)
        check_ciphertexts(key, ciphertexts)
        powers = self._power(key, b"".join(ciphertexts), 2 * key.delta)
        values = tuple(key.core.split(powers))
        statement = proofs.Statement(key, self.index, ciphertexts, values, context)
        return Partial(self.index, values, proofs.prove(statement, self.value, rand))

    def _power(self, key: ThresholdKey, cs: bytes, factor: int) -> bytes:
        exponent = factor * self.value
        return proofs.power(key.core, cs, exponent, key.exponent_bytes)

    def _check_belongs(self, key: ThresholdKey) -> None:
        if self.key != key.digest:
            raise VerificationError(
                "expected a share of this threshold key, found one of another",
                fix="use the share of the key's own epoch",
            )
        if not (
            1 <= self.index <= key.holders and 0 <= self.value < 1 << key.share_bits
        ):
            raise VerificationError(
                f"expected a share of holders 1 to {key.holders}, of at most "
                f"{key.share_bits} bits, found another",
                fix="refuse the key: its dealer was wrong or dishonest",
            )

    def to_bytes(self) -> bytes:
        """The secret, for `schemes.keys.protect`, a sealed message, nothing else."""
        return encode(
            {
                "index": self.index,
                "key": b64u(self.key),
                "share": b64u(self.value.to_bytes(MAX_EXPONENT_BYTES, "big")),
                "type": _SHARE,
                "v": 1,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> KeyShare:
        """Read what `to_bytes` wrote; `check` tells whether it is of use.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number of no holder.
        """
        fields = Fields(decode(data), "key share")
        fields.constant("v", 1)
        fields.constant("type", _SHARE)
        index = fields.int("index", 1, MAX_HOLDERS)
        key = fields.digest("key")
        value = int.from_bytes(fields.bytes("share", MAX_EXPONENT_BYTES), "big")
        fields.end()
        return cls(index, value, key)


def check_ciphertexts(key: ThresholdKey, ciphertexts: Sequence[bytes]) -> None:
    """Check that these are ciphertexts under the key, and not too many.

    Raises:
        OutOfRange: None, or more than 1,024.
        EncodingError: One of another length.
        VerificationError: 0, not below n², or sharing a factor with n.
    """
    if not 1 <= len(ciphertexts) <= MAX_CIPHERTEXTS:
        raise OutOfRange(
            f"expected 1 to {MAX_CIPHERTEXTS} ciphertexts, found {len(ciphertexts)}",
            fix="open them in several lists",
        )
    size = key.core.ciphertext_bytes
    for c in ciphertexts:
        if len(c) != size:
            raise EncodingError(
                f"expected ciphertexts of {size} bytes, found one of {len(c)}"
            )
    key.core.check(b"".join(ciphertexts))
