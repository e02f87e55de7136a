"""Transactions: what an agency asks the ledger to do, signed.

A transaction is a DSSE envelope around canonical JSON. The ledger keeps the
envelope's bytes exactly as they were accepted, so that whoever reads the log
verifies the same signature as the node that admitted it.

    agency    build ─► Envelope ─► POST ─► Ledger.submit
    engine    bytes ─► parse ─► Transaction ─► machine.check ─► Checked

Implements docs/formats/entry.md, section 2.

>>> from privshare.schemes.keys import SigningKey
>>> from privshare.wire.envelope import encode as encode_envelope
>>> key = SigningKey.from_seed(bytes(32))
>>> envelope = build("dataset.retire", "taxes", {"dataset": "taxes/returns"},
...     "demo.privshare", bytes(16), 1_800_000_000, [key])
>>> transaction = parse(encode_envelope(envelope))
>>> transaction.kind, transaction.account, len(transaction.id)
('dataset.retire', 'taxes', 43)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from privshare.errors import EncodingError
from privshare.rights import identifier
from privshare.schemes.keys import SigningKey, sign_envelope
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import tagged
from privshare.wire.envelope import Envelope, media_type
from privshare.wire.envelope import decode as decode_envelope

#: What stands in the envelope's `payloadType`.
MEDIA_TYPE = media_type("tx")

#: A log entry is at most this long (C2SP tlog-tiles: a 16-bit length).
MAX_TRANSACTION = 65_535

NONCE_BYTES = 16

_KIND = r"[a-z]+\.[a-z]+"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A well-formed transaction. Nothing about it is verified yet.

    Attributes:
        id: base64url of H(TX_ID, payload), 43 characters.
        account: The agency on whose behalf it is signed.
        kind: A row of `rules.RULES`, or a kind nobody knows.
        network: The network it is meant for.
        nonce: 16 bytes that make two equal requests differ.
        not_after: Unix seconds after which no block may hold it.
        body: The kind's own fields, read by its rule.
        envelope: Payload and signatures.
        data: The envelope's canonical bytes, which are the log entry.
    """

    id: str
    account: str
    kind: str
    network: str
    nonce: bytes
    not_after: int
    body: dict[str, Any] = field(repr=False)
    envelope: Envelope = field(repr=False)
    data: bytes = field(repr=False)


def transaction_id(payload: bytes) -> str:
    """The id of the transaction with this payload; signatures do not enter."""
    return b64u(tagged(domain.TX_ID, payload))


def build(
    kind: str,
    account: str,
    body: Json,
    network: str,
    nonce: bytes,
    not_after: int,
    keys: Sequence[SigningKey],
) -> Envelope:
    """Write and sign a transaction.

    Args:
        kind: A row of `rules.RULES`.
        account: The agency that signs.
        body: The kind's fields (docs/formats/entry.md, section 4).
        network: The network's id, from its genesis.
        nonce: 16 bytes; fresh random ones, unless a test wants others.
        not_after: Unix seconds; later than now and within the network's
            `tx_validity_s`.
        keys: Signing keys of the account, at least one.

    Returns:
        An envelope; `wire.envelope.encode` gives the bytes to submit.
    """
    payload = encode(
        {
            "account": account,
            "body": body,
            "kind": kind,
            "network": network,
            "nonce": b64u(nonce),
            "not_after": not_after,
            "v": 1,
        }
    )
    return sign_envelope(MEDIA_TYPE, payload, keys)


def parse(data: bytes) -> Transaction:
    """Read a transaction's bytes.

    Args:
        data: The canonical bytes of an envelope, at most `MAX_TRANSACTION`.

    Raises:
        EncodingError: Anything else.
        OutOfRange: A number outside its interval.
    """
    if len(data) > MAX_TRANSACTION:
        raise EncodingError(
            f"expected a transaction of at most {MAX_TRANSACTION} bytes, "
            f"found {len(data)}",
            fix="Send digests, and keep the data outside the ledger.",
        )
    envelope = decode_envelope(data)
    if envelope.payload_type != MEDIA_TYPE:
        raise EncodingError(
            f"expected payload type {MEDIA_TYPE}, "
            f"found {identifier.shown(envelope.payload_type)}"
        )
    fields = Fields(decode(envelope.payload), where="tx")
    fields.constant("v", 1)
    transaction = Transaction(
        id=transaction_id(envelope.payload),
        account=identifier.AGENCY.check(fields.str("account"), "tx.account"),
        kind=fields.str("kind", max=32, pattern=_KIND),
        network=identifier.NETWORK.check(fields.str("network"), "tx.network"),
        nonce=fields.bytes("nonce", NONCE_BYTES),
        not_after=fields.int("not_after", 0),
        body=_object(fields.json("body")),
        envelope=envelope,
        data=data,
    )
    fields.end()
    return transaction


def _object(value: Json) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EncodingError("tx.body: expected an object, found something else")
    return value
