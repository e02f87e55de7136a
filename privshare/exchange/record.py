"""Sharing one record: end to end encrypted, and proven to be the anchored one.

    grantee  request ─► use.reserve ─► POST ─► owner
    owner    mirror agrees ─► Disclosure ─► use.settle ─► seal ─► answer
    grantee  open ─► Disclosure.verify(root on its own mirror)
                  ─► digest equal to the one settled ─► receipt + record.json

The use is reserved before the owner is asked and settled before the record
leaves, so a record that was shared is always on the ledger, and one that was
refused costs nothing. Asking again for the same use gives the same answer.

Implements docs/protocols/record.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from privshare.bindings import merkle
from privshare.errors import (
    EvidenceInvalid,
    GrantExpired,
    GrantMissing,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    Unavailable,
    VerificationError,
)
from privshare.exchange import dataset as datasets
from privshare.exchange import drawer
from privshare.exchange.grant import check_passed_on
from privshare.exchange.node import Node, seal_key
from privshare.exchange.request import MAX_RECORD, Request, binding, record_digest
from privshare.ledger import query
from privshare.ledger.transaction import parse
from privshare.ledger.values import Dataset, Use
from privshare.rights import identifier
from privshare.rights.dataset import Cell, Disclosure, disclose
from privshare.rights.grant import Grant
from privshare.schemes.keys import seal
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import parse_digest

__all__ = ["Request", "Shared", "fetch", "find_grant", "serve"]

RECORD = "record.json"
OPERATION = "read"
_SETTLE_TRIES = 50


@dataclass(frozen=True, slots=True)
class Shared:
    """A record as the grantee got it.

    Attributes:
        values: The opened cells by column.
        use: Id of the use.
        grant: Id of the grant.
        receipt: Id of the receipt, whose attachment is the record document.
    """

    values: Mapping[str, Cell]
    use: str
    grant: str
    receipt: str


def fetch(
    node: Node,
    dataset: str,
    key: str,
    *,
    grant: str | None = None,
    columns: Sequence[str] | None = None,
    purpose: str | None = None,
    person: str = "",
) -> Shared:
    """Get one record of another agency.

    Args:
        node: This node, of the grantee.
        dataset: Which dataset.
        key: Value of its key column, as text.
        grant: The grant to use; None looks for one that fits.
        columns: Which columns; None: all that the grant names. Which key the
            record has is proven where the key column is among them.
        purpose: What for; None: the grant's.
        person: Who asked.

    Raises:
        GrantMissing, GrantExpired, GrantRevoked, PurposeMismatch, NotPermitted:
            The rights say no; `detail["rule"]`. Nothing was sent then.
        NotFound: No record with this key.
        Unavailable: The owner does not answer (the use stays reserved until
            the owner or time releases it).
        VerificationError: What the owner sent is not the anchored record.
    """
    if grant is None:
        grant = find_grant(node, dataset, columns, purpose)
    held = query.grant(node.view(), grant)
    asked = Request(
        dataset=dataset,
        grant=grant,
        columns=tuple(sorted(set(held.terms.columns if columns is None else columns))),
        key=key,
        salt=secrets.token_bytes(32),
    )
    purpose = held.terms.purpose if purpose is None else purpose
    _check_right(node, held, asked, purpose)
    committed = node.submit(
        "use.reserve",
        {
            "charge": 0,
            "columns": list(asked.columns),
            "grant": grant,
            "group_by": [],
            "operation": OPERATION,
            "purpose": purpose,
            "request": b64u(asked.digest()),
        },
    )
    document, state = _ask(node, committed.id, committed.index, asked)
    values, schema = _verify(node, document, asked, state)
    receipt = _file(node, committed.id, document, state, schema)
    node.store.log_use(
        node.clock(),
        node.agency,
        "record.fetch",
        person=person,
        dataset=dataset,
        grant=grant,
        subject=committed.id,
    )
    return Shared(values, committed.id, grant, receipt)


def find_grant(
    node: Node,
    dataset: str,
    columns: Sequence[str] | None = None,
    purpose: str | None = None,
) -> str:
    """The newest grant to this agency that allows reading these columns.

    Raises:
        GrantMissing: There is none: rule `grant.missing`.
        NotPermitted: There are some, and none allows it; the newest one's no.
    """
    refusal: PrivShareError = GrantMissing(
        f"expected a grant to {node.agency} to read records of {dataset}, found none",
        fix="Ask for one: grant request.",
        detail={"rule": "grant.missing"},
    )
    found = [
        (grant_id, grant)
        for grant_id, grant in query.grants(node.view()).items()
        if grant.terms.dataset == dataset
        and grant.terms.grantee == node.agency
        and grant.terms.output == "record"
    ]
    for grant_id, grant in found:
        asked = grant.terms.columns if columns is None else tuple(columns)
        try:
            _check_terms(node, grant, asked, purpose or grant.terms.purpose)
        except PrivShareError as error:
            refusal = error
        else:
            return grant_id
    raise refusal


def serve(node: Node, caller: str, body: Json) -> dict[str, Json]:
    """Answer another agency's request for a record of ours.

    Args:
        node: This node, of the owner.
        caller: The agency that signed the HTTP request.
        body: `{"index": log index of the reservation, "request": ..., "use"}`.

    Returns:
        `{"sealed": ...}`: the record document, sealed to the caller's key.

    Raises:
        NotPermitted: The use is another agency's, for something else, spent on
            something else, or the grant does not cover it; `detail["rule"]`.
        NotFound: No such use, or no record with this key. The use is released.
        Unavailable: Our copy of the ledger does not have the use yet.
    """
    fields = Fields(body, "body")
    use_id = identifier.ID.check(fields.str("use"), "body.use")
    index = fields.int("index", 0)
    asked = Request.from_json(fields.json("request"))
    fields.end()
    node.ledger.sync(index, timeout_s=5.0)
    outcome = "done"
    try:
        use = _check_use(node, caller, use_id, asked)
        with node.tasks.exclusive(f"use:{use_id}"):
            document = _disclose(node, use_id, use, asked)
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        raise
    finally:
        node.store.log_use(
            node.clock(),
            caller,
            "record.serve",
            dataset=asked.dataset,
            grant=asked.grant,
            subject=use_id,
            outcome=outcome,
        )
    sealed = seal(seal_key(node.view(), caller), document, binding(use_id))
    return {"sealed": b64u(sealed)}


# -- the grantee's part -------------------------------------------------------


def _check_right(node: Node, grant: Grant, asked: Request, purpose: str) -> None:
    if grant.terms.grantee != node.agency or grant.terms.dataset != asked.dataset:
        raise GrantMissing(
            f"expected a grant on {asked.dataset} to {node.agency}, found one on "
            f"{grant.terms.dataset} to {grant.terms.grantee}",
            detail={"rule": "grant.missing"},
        )
    _check_terms(node, grant, asked.columns, purpose)


def _check_terms(
    node: Node, grant: Grant, columns: Sequence[str], purpose: str
) -> None:
    state = query.dataset(node.view(), grant.terms.dataset)
    datasets.need_registered(state, grant.terms.dataset)
    terms = grant.in_force()
    terms.covers(
        operation=OPERATION,
        columns=columns,
        group_by=(),
        purpose=purpose,
        program=None,
        time=max(node.clock(), terms.not_before),
    )
    if grant.used + grant.reserved >= terms.uses:
        raise NotPermitted(
            f"expected a use left of {terms.uses}, found none",
            detail={"rule": "grant.uses"},
        )


def _ask(node: Node, use_id: str, index: int, asked: Request) -> tuple[bytes, Dataset]:
    """The owner's answer, opened, and the dataset as it was when we asked."""
    state = query.dataset(node.view(), asked.dataset)
    owner = identifier.owner_of(asked.dataset)
    body: dict[str, Json] = {"index": index, "request": asked.to_json(), "use": use_id}
    if owner == node.agency:
        answer: Json = serve(node, node.agency, body)
    else:
        answer = node.peers.call(owner, "POST", "/v1/peer/records", body)
    fields = Fields(answer, "answer")
    sealed = fields.bytes("sealed", max=MAX_RECORD)
    fields.end()
    for key in node.keys.seal:
        try:
            return key.open(sealed, binding(use_id)), state
        except VerificationError:
            continue  # sealed to an older or a newer key of ours
    raise VerificationError(
        "expected a record sealed to this agency, found one that does not open",
        detail={"party": owner},
    )


def _verify(
    node: Node, document: bytes, asked: Request, state: Dataset
) -> tuple[Mapping[str, Cell], dict[str, Json]]:
    """Check a record document against our own copy of the ledger."""
    owner = identifier.owner_of(asked.dataset)
    fields = Fields(decode(document, max_bytes=MAX_RECORD), "record")
    fields.constant("v", 1)
    fields.constant("type", "privshare.record")
    disclosure = Disclosure.from_json(fields.json("disclosure"))
    answered = Request.from_json(fields.json("request"))
    fields.end()
    if answered != asked:
        raise EvidenceInvalid(
            "expected the record that was asked for, found an answer to another "
            "request",
            detail={"party": owner},
        )
    known = datasets.documents(node, asked.dataset)
    if known.state.schema != state.schema or known.schema.key is None:
        raise EvidenceInvalid(
            "expected the schema under which the record was asked for, found another",
            detail={"party": owner},
        )
    values = disclosure.verify(parse_digest(state.root), state.rows, known.schema)
    # The key column need not be among those granted: then nobody sees it.
    shows_key = known.schema.key in values
    if set(values) != set(asked.columns) or (
        shows_key and str(values[known.schema.key]) != asked.key
    ):
        raise EvidenceInvalid(
            "expected the record with the key asked for and its columns, found another",
            detail={"party": owner},
        )
    return values, known.schema.to_json()


def _file(
    node: Node,
    use_id: str,
    document: bytes,
    state: Dataset,
    schema: dict[str, Json],
) -> str:
    """Wait until our copy has the settlement, compare, and file the receipt."""
    use = query.use(node.view(), use_id)
    for _ in range(_SETTLE_TRIES):
        if use.status != "reserved":
            break
        _wait_for_block(node)
        use = query.use(node.view(), use_id)
    owner = query.grant(node.view(), use.grant).terms.owner
    if use.status != "settled" or use.ended is None:
        raise EvidenceInvalid(
            "expected the owner to settle the use before it answers, found it "
            f"{use.status}",
            detail={"party": owner},
        )
    if use.result != b64u(record_digest(document)):
        raise EvidenceInvalid(
            "expected the record whose digest is on the ledger, found another",
            detail={"party": owner},
        )
    tx_id = _tx_id(node, use.ended)
    now = query.dataset(node.view(), query.grant(node.view(), use.grant).terms.dataset)
    return drawer.file_at(
        node,
        "record.share",
        tx_id,
        use.ended,
        use_id,
        evidence={
            "anchored": state.changed,
            "replaced": now.changed if now.changed != state.changed else None,
            "schema": schema,
        },
        attachments={RECORD: document},
    )


def _wait_for_block(node: Node) -> None:
    """Until the next block or a moment has passed."""
    try:
        node.ledger.sync(node.view().size, timeout_s=0.2)
    except (OutOfRange, Unavailable):  # no further block, at the host or here
        return


def _tx_id(node: Node, index: int) -> str:
    return parse(node.ledger.entry(index)).id


# -- the owner's part ---------------------------------------------------------


def _check_use(node: Node, caller: str, use_id: str, asked: Request) -> Use:
    """Everything that must hold before a row is read, on our own copy."""
    view = node.view()
    use = query.use(view, use_id)
    grant = query.grant(view, use.grant)
    if asked.grant != use.grant or grant.terms.dataset != asked.dataset:
        raise NotPermitted(
            "expected a request for the grant that was reserved, found another",
            detail={"rule": "use.grant"},
        )
    if grant.terms.owner != node.agency:
        raise NotFound(f"expected a dataset of {node.agency}, found {asked.dataset}")
    if grant.terms.grantee != caller:
        raise NotPermitted(
            f"expected {grant.terms.grantee}, for whom the use is reserved, "
            f"found {caller}",
            detail={"rule": "use.grantee"},
        )
    if use.request != b64u(asked.digest()) or use.columns != asked.columns:
        raise NotPermitted(
            "expected the request whose digest was reserved, found another",
            detail={"rule": "use.request"},
        )
    if use.operation != OPERATION:
        raise NotPermitted(
            f"expected a use that reads, found one for {use.operation}",
            detail={"rule": "grant.operation"},
        )
    if use.status == "released":
        raise NotPermitted(
            "expected a use that is reserved, found one that was released",
            detail={"rule": "use.status"},
        )
    if use.status == "reserved":
        state = query.dataset(view, asked.dataset)
        datasets.need_registered(state, asked.dataset)
        _check_served(node, grant, use)
    return use


def _check_served(node: Node, grant: Grant, use: Use) -> None:
    terms = grant.in_force()
    check_passed_on(node, grant)
    now = max(node.clock(), node.view().time)
    if now > terms.not_after:
        raise GrantExpired(
            f"expected a time up to {terms.not_after}, found {now}",
            detail={"rule": "grant.expired"},
        )
    terms.covers(
        operation=use.operation,
        columns=use.columns,
        group_by=use.group_by,
        purpose=use.purpose,
        program=None,
        time=use.time,
    )


def _disclose(node: Node, use_id: str, use: Use, asked: Request) -> bytes:
    """The record document; settles the use the first time."""
    own = node.store.dataset(asked.dataset)
    found = node.store.row_by_key(asked.dataset, asked.key)
    if own is None or found is None:
        _release(node, use_id, use)
        raise NotFound(
            "expected a record with this key, found none",
            detail={"rule": "record.key"},
        )
    index, data, salt = found
    schema = datasets.documents(node, asked.dataset).schema
    if schema.key is None:
        _release(node, use_id, use)
        raise NotFound(f"expected a dataset with a key, found {asked.dataset}")
    disclosure = disclose(
        schema,
        cast(list[Json], decode(data)),
        salt,
        asked.columns,
        index=index,
        path=merkle.inclusion_proof(own.leaves, index),
    )
    document = encode(
        {
            "disclosure": disclosure.to_json(),
            "request": asked.to_json(),
            "type": "privshare.record",
            "v": 1,
        }
    )
    result = b64u(record_digest(document))
    current = query.use(node.view(), use_id)
    if current.status == "reserved":
        node.submit("use.settle", {"result": result, "use": use_id})
    elif current.status != "settled" or current.result != result:
        raise NotPermitted(
            "expected the record that the use was settled with, found another",
            detail={"rule": "use.status"},
        )
    return document


def _release(node: Node, use_id: str, use: Use) -> None:
    """Give the use back: there is nothing to share."""
    if use.status == "reserved":
        node.submit("use.release", {"reason": "no record with this key", "use": use_id})
