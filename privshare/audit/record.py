"""The attachment of a shared record: what was asked, and the cells shown.

The owner's answer to a request, as the reader's node kept it. The ledger
holds the request's digest from before the answer and the answer's digest from
after it, so neither can be exchanged.

    record.json ─► open_record ─► Record ─► steps 6 and 8

Implements docs/formats/receipt.md, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from privshare.rights import identifier
from privshare.rights.disclosure import Disclosure
from privshare.rights.terms import MAX_COLUMNS
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, decode
from privshare.wire.digest import digest_json

TYPE = "privshare.record"
MAX_RECORD = 4 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """A shared record, well formed and not verified.

    Attributes:
        dataset: Where it is from.
        grant: Id of the grant by which it was asked for.
        columns: What was asked for, in order.
        key: The value of the key column by which it was asked for.
        disclosure: The cells shown, with their proof.
        request_digest: What `use.reserve` committed to.
        digest: What `use.settle` committed to.
    """

    dataset: str
    grant: str
    columns: tuple[str, ...]
    key: Json
    disclosure: Disclosure = field(repr=False)
    request_digest: bytes
    digest: bytes


def open_record(data: bytes) -> Record:
    """Read a record document.

    Raises:
        EncodingError: Another form.
        OutOfRange: A number outside its interval.
    """
    document = decode(data, max_bytes=MAX_RECORD)
    fields = Fields(document, "record")
    fields.constant("type", TYPE)
    fields.constant("v", 1)
    disclosure = Disclosure.from_json(fields.json("disclosure"))
    asked = fields.json("request")
    fields.end()
    request = Fields(asked, "record.request")
    request.constant("v", 1)
    record = Record(
        dataset=identifier.DATASET.check(request.str("dataset"), "request.dataset"),
        grant=identifier.ID.check(request.str("grant"), "request.grant"),
        columns=request.str_list("columns", MAX_COLUMNS, sorted_unique=True),
        key=request.json("key"),
        disclosure=disclosure,
        request_digest=digest_json(domain.JOB_REQUEST, asked),
        digest=digest_json(domain.RESULT, document),
    )
    request.bytes("salt", 32)
    request.end()
    return record
