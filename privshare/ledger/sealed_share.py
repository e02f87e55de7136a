"""Shares of a threshold key on their way: files that one holder can open.

Whoever deals or re-shares seals each share to the key that the ledger holds
for its agency. A file carries no authority: what is in it is held against the
commitments on the ledger, so it does not matter who brought it.

    dealer      KeyShare ─► seal_share ─► SealedShare ─► FILE ─► holder
    old holder  Resharing ─► seal_parts ─► PublicPart ─► FILE ─► operator
                                       └─► SealedPart ─► FILE ─► new holder

The header is bound to the sealed bytes, so a share opens as what it was sealed
as: of that epoch, for that agency, in that network.

Implements docs/formats/threshold.md, sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from privshare.errors import EncodingError, VerificationError
from privshare.rights import identifier
from privshare.schemes.sealing import OVERHEAD_BYTES, SealKey, SealPublicKey, seal
from privshare.schemes.threshold import MAX_HOLDERS, KeyShare
from privshare.schemes.threshold_reshare import Resharing, SubShare
from privshare.wire import domain
from privshare.wire.canonical import (
    INTEGER_LIMIT,
    Fields,
    Json,
    b64u,
    decode,
    encode,
)
from privshare.wire.digest import tagged

__all__ = [
    "MAX_FILE",
    "PublicPart",
    "SealedPart",
    "SealedShare",
    "evidence",
    "read_file",
    "seal_parts",
    "seal_share",
]

#: The largest file: a re-sharing by the holder of a 3072-bit key to sixteen.
MAX_FILE = 32 * 1024

_MAX_SEALED = 8 * 1024 + OVERHEAD_BYTES
_MOST = INTEGER_LIMIT - 1
_SHARE = "privshare.share"
_PUBLIC = "privshare.resharing"
_PART = "privshare.subshare"


@dataclass(frozen=True, slots=True)
class SealedShare:
    """A dealt share, sealed to its holder.

    Attributes:
        agency: Whom it is for.
        epoch: Of the key.
        index: The share's number, from 1.
        key: Digest of the `ThresholdKey`.
        network: Where that key is on the ledger.
        recipient: Id of the key that opens it.
        sealed: From `sealing.seal`.
    """

    agency: str
    epoch: int
    index: int
    key: bytes
    network: str
    recipient: str
    sealed: bytes = field(repr=False)

    def _header(self) -> dict[str, Json]:
        return {
            "agency": self.agency,
            "epoch": self.epoch,
            "index": self.index,
            "key": b64u(self.key),
            "network": self.network,
            "recipient": self.recipient,
            "type": _SHARE,
            "v": 1,
        }

    def to_json(self) -> dict[str, Json]:
        """Lay the file out."""
        return self._header() | {"sealed": b64u(self.sealed)}

    def open(self, keys: Sequence[SealKey]) -> KeyShare:
        """Open it, as its holder.

        Args:
            keys: The agency's sealing keys, former ones too.

        Returns:
            The share; `KeyShare.check` tells whether it fits its key.

        Raises:
            VerificationError: None of the keys opens it, or it was altered.
            EncodingError: What was sealed is no share.
            OutOfRange: A number outside its interval.
        """
        data = _open(self.sealed, self.recipient, keys, self._header())
        return KeyShare.from_bytes(data)


@dataclass(frozen=True, slots=True)
class PublicPart:
    """What an old holder of a key shows everybody when it is re-shared.

    Attributes:
        by: The old holder.
        holders: The new holders, in the order of their shares.
        network: Where the key is on the ledger.
        previous: The epoch that is re-shared.
        statement: With commitments to what was sealed to the new holders.
    """

    by: str
    holders: tuple[str, ...]
    network: str
    previous: int
    statement: Resharing

    def to_json(self) -> dict[str, Json]:
        """Lay the file out."""
        return {
            "by": self.by,
            "holders": list(self.holders),
            "network": self.network,
            "previous": self.previous,
            "statement": cast(Json, self.statement.to_json()),
            "type": _PUBLIC,
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: Json) -> PublicPart:
        """Read the file.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, "resharing")
        fields.constant("v", 1)
        fields.constant("type", _PUBLIC)
        made = cls(
            identifier.AGENCY.check(fields.str("by"), "resharing.by"),
            fields.str_list("holders", MAX_HOLDERS, identifier.AGENCY.pattern),
            identifier.NETWORK.check(fields.str("network"), "resharing.network"),
            fields.int("previous", 1, _MOST),
            Resharing.from_json(fields.json("statement")),
        )
        fields.end()
        names = len(set(made.holders))
        if not names == len(made.holders) == made.statement.holders:
            raise EncodingError(
                f"resharing.holders: expected {made.statement.holders} agencies, each "
                f"once; found {names}"
            )
        return made


@dataclass(frozen=True, slots=True)
class SealedPart:
    """What an old holder gives one new holder, with what everybody may see of it.

    Attributes:
        agency: Whom it is for.
        public: The old holder's part for everybody.
        recipient: Id of the key that opens it.
        sealed: From `sealing.seal`.
    """

    agency: str
    public: PublicPart
    recipient: str
    sealed: bytes = field(repr=False)

    def _header(self) -> dict[str, Json]:
        return {
            "agency": self.agency,
            "public": self.public.to_json(),
            "recipient": self.recipient,
            "type": _PART,
            "v": 1,
        }

    def to_json(self) -> dict[str, Json]:
        """Lay the file out."""
        return self._header() | {"sealed": b64u(self.sealed)}

    def open(self, keys: Sequence[SealKey]) -> Resharing:
        """Open it, as the new holder.

        Args:
            keys: The agency's sealing keys, former ones too.

        Returns:
            The statement with this holder's sub-share; `assemble` checks both.

        Raises:
            VerificationError: None of the keys opens it, or it was altered.
            EncodingError: What was sealed is no sub-share.
            OutOfRange: A number outside its interval.
        """
        data = _open(self.sealed, self.recipient, keys, self._header())
        return replace(self.public.statement, parts=(SubShare.from_bytes(data),))


def seal_share(
    share: KeyShare,
    *,
    agency: str,
    epoch: int,
    network: str,
    recipient: SealPublicKey,
) -> SealedShare:
    """Seal a dealt share to its holder.

    Args:
        share: From `threshold.deal`.
        agency: The holder.
        epoch: That the key will have.
        network: Where.
        recipient: The holder's sealing key, from the ledger.
    """
    made = SealedShare(
        agency, epoch, share.index, share.key, network, recipient.kid, b""
    )
    return replace(made, sealed=_seal(share.to_bytes(), recipient, made._header()))


def seal_parts(
    resharing: Resharing,
    *,
    by: str,
    holders: Mapping[str, SealPublicKey],
    network: str,
    previous: int,
) -> tuple[PublicPart, tuple[SealedPart, ...]]:
    """Seal what an old holder gives to each new one.

    Args:
        resharing: From `threshold_reshare.reshare`, with all its parts.
        by: The old holder.
        holders: The new holders in the order of their shares, with their
            sealing keys from the ledger.
        network: Where.
        previous: The epoch that is re-shared.
    """
    statement = replace(resharing, parts=())
    public = PublicPart(by, tuple(holders), network, previous, statement)
    parts = []
    for index, (agency, recipient) in enumerate(holders.items(), start=1):
        part = SealedPart(agency, public, recipient.kid, b"")
        data = resharing.part(index).to_bytes()
        parts.append(replace(part, sealed=_seal(data, recipient, part._header())))
    return public, tuple(parts)


def evidence(parts: Sequence[PublicPart]) -> bytes:
    """The digest of a re-sharing's public parts, which `threshold.deal` carries."""
    ordered = sorted(parts, key=lambda part: part.statement.index)
    return tagged(domain.RESHARING, *(encode(part.to_json()) for part in ordered))


def read_file(data: bytes | Json) -> SealedShare | SealedPart:
    """Read a file that was sealed to a holder.

    Args:
        data: The file's bytes, or its JSON when it was decoded already.

    Raises:
        EncodingError: No such file.
        OutOfRange: A number outside its interval.
    """
    obj = decode(data, max_bytes=MAX_FILE) if isinstance(data, bytes) else data
    fields = Fields(obj, "share")
    fields.constant("v", 1)
    kind = fields.str("type", max=64)
    if kind not in (_SHARE, _PART):
        raise EncodingError(
            "share.type: expected a share or a sub-share that was sealed to a holder, "
            f"found {identifier.shown(kind)}"
        )
    agency = identifier.AGENCY.check(fields.str("agency"), "share.agency")
    recipient = identifier.ID.check(fields.str("recipient"), "share.recipient")
    sealed = fields.bytes("sealed", max=_MAX_SEALED)
    made: SealedShare | SealedPart
    if kind == _PART:
        public = PublicPart.from_json(fields.json("public"))
        made = SealedPart(agency, public, recipient, sealed)
    else:
        made = SealedShare(
            agency,
            fields.int("epoch", 1, _MOST),
            fields.int("index", 1, MAX_HOLDERS),
            fields.digest("key"),
            identifier.NETWORK.check(fields.str("network"), "share.network"),
            recipient,
            sealed,
        )
    fields.end()
    return made


def _seal(data: bytes, recipient: SealPublicKey, header: Json) -> bytes:
    return seal(recipient, data, domain.SHARE, encode(header))


def _open(sealed: bytes, kid: str, keys: Sequence[SealKey], header: Json) -> bytes:
    for key in keys:
        if key.public_key.kid == kid:
            return key.open(sealed, domain.SHARE, encode(header))
    raise VerificationError(
        f"expected a file sealed to a key of this node, found one sealed to {kid}",
        fix="ask for another file, sealed to the key that the ledger holds now",
    )
