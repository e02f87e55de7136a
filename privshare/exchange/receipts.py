"""Assembling receipts: from the ledger's own proofs, exactly what is needed.

The last step of every operation. The list of parts is not written here: the
assembler walks the same way as the verifier (`jobs.requirement`), over the
ledger instead of over a receipt, and proves what the walk touched.

    Committed ─► assemble(ledger, operation, index, ...) ─► Receipt ─► drawer

It takes a `Ledger` and no node, so any engine will do, and whoever mirrors a
log can make receipts of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from privshare.errors import EncodingError, NotFound, OutOfRange
from privshare.jobs.receipt import Attachment, Document, Entry, Receipt, StateItem
from privshare.jobs.requirement import (
    FILE,
    encloses_policy,
    requirements,
    row_of,
)
from privshare.jobs.trail import Trail
from privshare.ledger import query
from privshare.ledger.api import Ledger, StateProof
from privshare.ledger.block import is_block, is_leaf
from privshare.ledger.rules import parse_body
from privshare.ledger.rules_grant import GrantRefuse
from privshare.ledger.state_map import Value
from privshare.ledger.transaction import parse
from privshare.log.checkpoint import parse_checkpoint
from privshare.log.policy import TrustPolicy
from privshare.wire import note
from privshare.wire.canonical import Json, decode
from privshare.wire.digest import sha256

__all__ = ["assemble"]

#: How often a receipt is begun anew because the ledger moved on meanwhile.
_ATTEMPTS = 8

#: A block is at most so many entries; looking further would find nothing.
_FURTHEST = 1 << 23


def assemble(
    ledger: Ledger,
    operation: str,
    subject: int,
    *,
    evidence: Mapping[str, Json] | None = None,
    result: Mapping[str, Json] | None = None,
    attachments: Mapping[str, bytes | Attachment] | None = None,
    need: TrustPolicy,
    timeout_s: float,
) -> Receipt:
    """Make the receipt of an operation that was committed.

    Args:
        ledger: Holds the subject; a mirror must have synced past it.
        operation: A row of `jobs.requirement.OPERATIONS`.
        subject: Log index of the transaction.
        evidence: The documents that the operation asks for. For
            `record.share` the `schema` is enough: where the dataset was
            anchored is found in the log.
        result: The result document of a job.
        attachments: By name: bytes, or the `Attachment` where the bytes were
            never here.
        need: Who must have cosigned.
        timeout_s: How long to wait for them.

    Raises:
        EncodingError: Evidence or attachments that the operation does not
            have, or a subject of another kind.
        NotFound: The ledger does not hold what the subject refers to.
        Unavailable: The witnesses did not cosign in time. Call again.
    """
    files = _attachments(operation, attachments or {})
    documents = _evidence(ledger, operation, subject, evidence)
    block, proofs, indices = _prove(ledger, operation, subject, documents)
    indices |= {block, _closing(ledger, subject)}
    checkpoint = ledger.cosigned(block + 1, need, timeout_s)
    size = parse_checkpoint(note.parse(checkpoint)).size
    return Receipt(
        network=ledger.genesis.network,
        operation=operation,
        subject=subject,
        block=block,
        checkpoint=_in_order(checkpoint, need),
        entries=tuple(_entry(ledger, index, size) for index in sorted(indices)),
        state=tuple(
            StateItem(one.key, one.value, one.proof)
            for one in sorted(proofs, key=lambda one: one.key)
        ),
        evidence=documents,
        result=None if result is None else dict(result),
        attachments=files,
    )


@dataclass(frozen=True, slots=True)
class _Values:
    """Proven values, as a reader of the state."""

    values: Mapping[str, Value | None]

    def get(self, key: str) -> Value | None:
        """The value under a key, or None."""
        return self.values.get(key)


def _prove(
    ledger: Ledger, operation: str, subject: int, evidence: Document | None
) -> tuple[int, list[StateProof], set[int]]:
    """Walk over a view, prove what was read, and see that nothing moved.

    The view and the proofs may stand at different heights. So the walk is
    repeated over the proven values themselves, until it needs no others.
    """
    parts = requirements(
        operation, subject, evidence, Trail(ledger.view(), ledger.entry)
    )
    for _ in range(_ATTEMPTS):
        block, proofs = ledger.prove_state(sorted(parts.keys))
        values = _Values({one.key: one.value for one in proofs})
        try:
            again = requirements(
                operation, subject, evidence, Trail(values, ledger.entry)
            )
        except NotFound:
            again = requirements(
                operation, subject, evidence, Trail(ledger.view(), ledger.entry)
            )
        if again.keys == parts.keys:
            return block, proofs, set(again.indices)
        parts = again
    raise NotFound("expected a ledger that rests for a moment, found it changing")


def _closing(ledger: Ledger, subject: int) -> int:
    """Index of the block entry that closes the subject's block."""
    newest = ledger.view().block
    if newest.first <= subject < newest.index:
        return newest.index
    for index in range(subject + 1, subject + _FURTHEST):
        if is_block(ledger.entry(index)):
            return index
    raise NotFound(f"expected a block entry after {subject}, found none")


def _entry(ledger: Ledger, index: int, size: int) -> Entry:
    body = decode(ledger.entry(index))
    if not isinstance(body, dict):
        raise EncodingError(f"expected an object as entry {index}, found another value")
    return Entry(index, body, tuple(ledger.prove_inclusion(index, size)))


def _in_order(checkpoint: bytes, need: TrustPolicy) -> str:
    """The checkpoint with the lines that the policy knows, in their one order."""
    signed = note.parse(checkpoint)
    origin = parse_checkpoint(signed).origin
    known = {(w.key.name, w.key.key_id) for w in need.witnesses}
    log = [line for line in signed.signatures if line.name == origin][:1]
    witnesses = {
        line.name: line
        for line in signed.signatures
        if (line.name, line.key_id) in known
    }
    lines = (*log, *(witnesses[name] for name in sorted(witnesses)))
    return note.format(note.Note(signed.text, lines)).decode()


def _attachments(
    operation: str, given: Mapping[str, bytes | Attachment]
) -> tuple[Attachment, ...]:
    wanted = row_of(operation).attachments
    if tuple(sorted(given)) != wanted:
        raise EncodingError(
            f"expected the attachments {', '.join(wanted) or 'none'}, found "
            f"{', '.join(sorted(given)) or 'none'}"
        )
    files = []
    for name in wanted:
        item = given[name]
        if isinstance(item, bytes):
            size = None if name == FILE else len(item)
            item = Attachment(name, sha256(item), size)
        files.append(item)
    return tuple(files)


def _evidence(
    ledger: Ledger,
    operation: str,
    subject: int,
    given: Mapping[str, Json] | None,
) -> dict[str, Any] | None:
    if given is None:
        return None
    if operation == "record.share" and "anchored" not in given:
        return {**given, **_anchored(ledger, subject)}
    if operation == "grant.refuse":
        body = parse_body(parse(ledger.entry(subject)))
        if isinstance(body, GrantRefuse) and not encloses_policy(ledger.view(), body):
            return None
    return dict(given)


def _anchored(ledger: Ledger, subject: int) -> dict[str, Json]:
    """Find the version of the dataset that a shared record is from.

    Almost always it is the present one. Else the log is searched between the
    dataset's registration and its newest change.
    """
    use = query.use(ledger.view(), _body(ledger, subject)["use"])
    dataset_id = query.grant(ledger.view(), use.grant).terms.dataset
    held = query.dataset(ledger.view(), dataset_id)
    published = held.changed if held.status == "registered" else None
    if published is not None and published < use.at:
        return {"anchored": published, "replaced": None}
    before: int | None = None
    for index in range(held.at, held.changed + 1):
        data = ledger.entry(index)
        if is_leaf(data) or not _publishes(data, dataset_id):
            continue
        if index > use.at:
            return {"anchored": before, "replaced": index}
        before = index
    return {"anchored": before, "replaced": None}


def _body(ledger: Ledger, index: int) -> dict[str, Any]:
    return parse(ledger.entry(index)).body


def _publishes(data: bytes, dataset_id: str) -> bool:
    """Whether an entry registers or amends this dataset."""
    try:
        transaction = parse(data)
    except (EncodingError, OutOfRange):
        return False
    kinds = ("dataset.amend", "dataset.register")
    return transaction.kind in kinds and transaction.body["dataset"] == dataset_id
