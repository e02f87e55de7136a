"""What the receipt of each operation must hold: exactly that, no more, no less.

A receipt that lacks a part cannot be checked, and one with a part too many
says something that no step looks at. So there is one list of parts, made the
same way by whoever assembles a receipt and by whoever verifies it: `follow`
walks from the subject transaction to everything it rests on, and a `Trail`
remembers which state keys and which log entries the walk has read. How the
walk goes through rings and proofs is in `requirement_statement`, through
measured jobs in `requirement_attested`.

Block entries are not on the trail: a receipt always holds the one whose state
root proves its values, and the one that closes the subject's block.

Implements docs/formats/receipt.md, section 3.

>>> sorted(OPERATIONS)[:3]
['anchor', 'appraisal.set', 'code.list']
>>> operation_of("use.settle")
'record.share'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, cast

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.jobs.receipt import Document
from privshare.jobs.requirement_attested import (
    BUNDLE,
    EVIDENCE,
    JOINT,
    MEASURED,
    follow_appraisal,
    follow_attestation,
    follow_code,
    follow_evidence,
    follow_refusal,
)
from privshare.jobs.requirement_many import follow_joined, follow_survey
from privshare.jobs.requirement_statement import (
    CELL_DOCUMENT,
    DOCUMENT,
    SALT,
    follow_opening,
    follow_proof,
    follow_publication,
    follow_statement,
)
from privshare.jobs.requirement_submission import (
    CODE,
    DECISION,
    follow_decision,
    follow_submission,
)
from privshare.jobs.spec import MAX_INPUTS
from privshare.jobs.trail import Trail
from privshare.ledger import query
from privshare.ledger.query import Reader
from privshare.ledger.rules import RULES, parse_body
from privshare.ledger.rules_dataset import (
    DatasetAmend,
    DatasetRegister,
    DatasetRetire,
    RecordErase,
)
from privshare.ledger.rules_grant import (
    GrantAccept,
    GrantOffer,
    GrantRefuse,
    GrantRevoke,
)
from privshare.ledger.rules_job import JobAbort, JobResult
from privshare.ledger.rules_use import UseSettle
from privshare.ledger.transaction import Transaction
from privshare.rights import identifier
from privshare.rights.grant import MAX_DEPTH, Grant
from privshare.wire.canonical import MAX_BYTES, b64u, decode
from privshare.wire.envelope import Envelope
from privshare.wire.envelope import from_json as envelope_from_json

#: The attachment that holds a shared record.
RECORD = "record.json"

#: The attachment of an anchor: the file itself, whatever its name.
FILE = "file"

#: The attachment of a statement: what an unnamed member of a ring said.
MESSAGE = "message"


Follow: TypeAlias = Callable[[Trail, Transaction, Document | None], None]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: a kind of receipt.

    Attributes:
        kinds: The subject transaction is of one of these.
        follow: Walks to everything the subject rests on.
        evidence: Field names of the evidence, one set for each form allowed;
            None stands for no evidence.
        attachments: Names of the attachments, in order.
        has_result: Whether the result stands in the receipt.
    """

    kinds: tuple[str, ...]
    follow: Follow
    evidence: tuple[frozenset[str] | None, ...] = (None,)
    attachments: tuple[str, ...] = ()
    has_result: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """Transactions and state keys that a receipt must hold, besides blocks."""

    indices: frozenset[int]
    keys: frozenset[str] = field(repr=False)


def operation_of(kind: str) -> str:
    """The operation that a transaction of this kind is the subject of.

    A `grant.offer` issues the grant if it made it active, and is a plain
    ledger entry if it did not; the first is said here.

    Raises:
        EncodingError: An unknown kind.
    """
    for name, row in OPERATIONS.items():
        if kind in row.kinds:
            return name
    raise EncodingError(f"expected a known kind, found {identifier.shown(kind)}")


def row_of(operation: str) -> Operation:
    """The row of an operation.

    Raises:
        EncodingError: An unknown operation.
    """
    row = OPERATIONS.get(operation)
    if row is None:
        raise EncodingError(
            f"receipt.operation: expected one of {', '.join(OPERATIONS)}, "
            f"found {identifier.shown(operation)}"
        )
    return row


def requirements(
    operation: str, subject: int, evidence: Document | None, trail: Trail
) -> Parts:
    """Say which transactions and state keys a receipt must hold.

    Args:
        operation: A row of `OPERATIONS`.
        subject: Log index of the transaction it is about.
        evidence: The receipt's evidence; who signed it comes onto the trail.
        trail: A fresh one.

    Raises:
        EncodingError: An unknown operation, evidence of another form, or a
            subject of another kind.
        NotFound: A part that the trail's source does not have.
        EvidenceInvalid: Parts that do not fit together.
    """
    row = row_of(operation)
    if (None if evidence is None else frozenset(evidence)) not in row.evidence:
        forms = " or ".join(
            "none" if form is None else ", ".join(sorted(form)) for form in row.evidence
        )
        raise EncodingError(
            f"receipt.evidence: expected {forms}, found "
            f"{'none' if evidence is None else 'other documents'}"
        )
    transaction = trail.transaction(subject)
    if transaction.kind not in row.kinds:
        raise EncodingError(
            f"expected a subject of kind {' or '.join(row.kinds)}, "
            f"found {transaction.kind}"
        )
    row.follow(trail, transaction, evidence)
    return Parts(frozenset(trail.indices), frozenset(trail.keys))


def lineage(trail: Trail, grant_id: str) -> list[tuple[str, Grant]]:
    """A grant and all above it, the grant itself first.

    Raises:
        EvidenceInvalid: More of them than can be.
        NotFound: One that the trail's source does not have.
    """
    found: list[tuple[str, Grant]] = []
    following: str | None = grant_id
    while following is not None:
        if len(found) > MAX_DEPTH:
            raise EvidenceInvalid(
                f"expected at most {MAX_DEPTH} grants above one, found more"
            )
        grant = query.grant(trail, following)
        found.append((following, grant))
        following = grant.parent
    return found


def signed_parts(evidence: Document, trail: Trail, job_id: str) -> list[SignedPart]:
    """The envelopes in a job's evidence, and who must have signed each.

    Raises:
        EncodingError: Another form.
    """
    parties = query.job(trail, job_id).parties
    if parties.attested != ("releases" in evidence):
        raise EncodingError(
            "receipt.evidence: expected releases exactly in a measured job, found "
            "otherwise"
        )
    if parties.joins != ("conclusions" in evidence):
        raise EncodingError(
            "receipt.evidence: expected conclusions exactly in a private join, found "
            "otherwise"
        )
    if parties.joins:
        return _conclusions(evidence["conclusions"], parties.nodes)
    if parties.gated != ("run" in evidence):
        raise EncodingError(
            "receipt.evidence: expected a statement of the run exactly in a job of "
            "submitted code, found otherwise"
        )
    if parties.gated:
        return [SignedPart("run", parties.compute, envelope_from_json(evidence["run"]))]
    if bool(parties.nodes) != ("bundles" in evidence):
        raise EncodingError(
            "receipt.evidence: expected the evidence of all nodes exactly in a job on "
            "shares, found otherwise"
        )
    if parties.attested:
        return _releases(evidence["releases"])
    contributions = evidence["contributions"]
    if not isinstance(contributions, list) or len(contributions) > MAX_INPUTS:
        raise EncodingError(
            f"evidence.contributions: expected a list of at most {MAX_INPUTS}"
        )
    parts = []
    for item in contributions:
        envelope = envelope_from_json(item)
        dataset = payload_text(envelope, "dataset")
        identifier.DATASET.check(dataset, "contribution.dataset")
        parts.append(SignedPart("contribution", identifier.owner_of(dataset), envelope))
    aggregation = envelope_from_json(evidence["aggregation"])
    parts.append(SignedPart("aggregation", parties.compute, aggregation))
    together = parties.custodian is None
    if together != ("partials" in evidence):
        raise EncodingError(
            "receipt.evidence: expected "
            + ("partial openings" if together else "an opening by the custodian")
            + ", found the other"
        )
    openings = evidence["partials"] if together else [evidence["opening"]]
    if not isinstance(openings, list) or len(openings) != len(parties.opened_by):
        raise EncodingError(
            f"evidence.partials: expected a list of {len(parties.opened_by)}"
        )
    name = "partial" if together else "opening"
    for agency, item in zip(parties.opened_by, openings, strict=True):
        parts.append(SignedPart(name, agency, envelope_from_json(item)))
    return parts


def _conclusions(items: object, owners: tuple[str, ...]) -> list[SignedPart]:
    """What both owners of a private join signed."""
    if not isinstance(items, dict) or set(items) != set(owners):
        raise EncodingError(
            f"evidence.conclusions: expected those of {' and '.join(owners)}"
        )
    return [
        SignedPart("conclusion", owner, envelope_from_json(items[owner]))
        for owner in owners
    ]


def _releases(items: object) -> list[SignedPart]:
    """What each owner of a measured job signed."""
    if not isinstance(items, list) or len(items) > MAX_INPUTS:
        raise EncodingError(
            f"evidence.releases: expected a list of at most {MAX_INPUTS}"
        )
    parts = []
    for item in items:
        envelope = envelope_from_json(item)
        dataset = payload_text(envelope, "dataset")
        identifier.DATASET.check(dataset, "release.dataset")
        parts.append(SignedPart("release", identifier.owner_of(dataset), envelope))
    return parts


@dataclass(frozen=True, slots=True)
class SignedPart:
    """One envelope of a job's evidence.

    Attributes:
        name: `contribution`, `aggregation`, `opening`, `partial`, `release`,
            `conclusion` or `run`.
        agency: Who must have signed it.
        envelope: Payload and signatures.
    """

    name: str
    agency: str
    envelope: Envelope


def payload_text(envelope: Envelope, name: str) -> str:
    """Read one text field of an envelope's payload, nothing else of it.

    Raises:
        EncodingError: The payload is not an object with such a field.
    """
    payload = decode(envelope.payload, max_bytes=MAX_BYTES)
    value = payload.get(name) if isinstance(payload, dict) else None
    if not isinstance(value, str):
        raise EncodingError(f"expected an object with a text {name}, found another")
    return value


def _nothing(trail: Trail, subject: Transaction, evidence: Document | None) -> None:
    """The subject stands for itself."""


def _dataset_publish(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    body = cast(DatasetRegister | DatasetAmend, parse_body(subject))
    query.dataset(trail, body.dataset)


def _dataset_retire(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    body = cast(DatasetRetire, parse_body(subject))
    trail.transaction(query.dataset(trail, body.dataset).at)


def _grant_request(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    query.dataset(trail, query.grant(trail, subject.id).terms.dataset)


def _grant_issue(trail: Trail, subject: Transaction, evidence: Document | None) -> None:
    body = cast(GrantOffer | GrantAccept, parse_body(subject))
    _dataset_of(trail, _chain(trail, body.grant))


def _grant_refuse(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    body = cast(GrantRefuse, parse_body(subject))
    _dataset_of(trail, _chain(trail, body.grant))
    if (evidence is not None) != encloses_policy(trail, body):
        raise EncodingError(
            "receipt.evidence: expected the policy exactly when a rule of the present "
            "policy is named, found otherwise"
        )


def encloses_policy(state: Reader, body: GrantRefuse) -> bool:
    """Whether a refusal's receipt holds the policy.

    It does when the refusal names a rule and the terms are under the policy
    that the dataset has; a policy amended since decides nothing any more.
    """
    terms = query.grant(state, body.grant).terms
    held = query.dataset(state, terms.dataset)
    return body.rule is not None and held.policy == b64u(terms.policy)


def _grant_revoke(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    body = cast(GrantRevoke, parse_body(subject))
    _dataset_of(trail, _chain(trail, body.grant))


def _record_share(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    body = cast(UseSettle, parse_body(subject))
    use = query.use(trail, body.use)
    trail.transaction(use.at)
    _dataset_of(trail, _chain(trail, use.grant))
    follow_publication(trail, evidence or {})


def _record_erase(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    body = cast(RecordErase, parse_body(subject))
    query.dataset(trail, body.dataset)
    query.erased(trail, body.dataset, body.row)


def _job_result(trail: Trail, subject: Transaction, evidence: Document | None) -> None:
    body = cast(JobResult, parse_body(subject))
    job = query.job(trail, body.job)
    trail.transaction(job.at)
    for use_id in job.inputs:
        _dataset_of(trail, _chain(trail, query.use(trail, use_id).grant))
    for part in signed_parts(evidence or {}, trail, body.job):
        trail.signers(part.agency, part.envelope)
        if part.name == "opening":
            query.key(trail, part.agency, payload_text(part.envelope, "key"))
    if job.parties.epoch is not None:
        query.threshold_epoch(trail, job.parties.epoch)
    if job.parties.attested:
        follow_attestation(trail, body.job)
    if job.parties.joins:
        follow_joined(trail, body.job, job.opened)
    if job.parties.gated:
        follow_submission(trail, job, evidence or {})


def _job_abort(trail: Trail, subject: Transaction, evidence: Document | None) -> None:
    body = cast(JobAbort, parse_body(subject))
    trail.transaction(query.job(trail, body.job).at)


def _chain(trail: Trail, grant_id: str) -> Grant:
    """A grant and those above it, each with the entries that brought it about."""
    grants = [grant for _, grant in lineage(trail, grant_id)]
    for grant in grants:
        for index in (grant.requested, grant.offered, grant.active):
            if index is not None:
                trail.transaction(index)
    return grants[0]


def _dataset_of(trail: Trail, grant: Grant) -> None:
    query.dataset(trail, grant.terms.dataset)


_DOCUMENTS = frozenset(("metadata", "policy", "schema"))
_POLICY = frozenset(("policy",))
_RECORD = frozenset(("anchored", "replaced", "schema"))
_JOB = frozenset(("aggregation", "contributions", "opening", "spec"))
_JOB_TOGETHER = frozenset(("aggregation", "contributions", "partials", "spec"))
_JOIN = frozenset(("commits", "conclusions", "spec"))
_SURVEY = frozenset(("document",))
_LEAF = frozenset(("path", "position", "salt"))

_SUBJECTS: dict[str, Operation] = {
    "anchor": Operation(("anchor.batch",), _nothing, (_LEAF,), (FILE,)),
    "appraisal.set": Operation(("appraisal.set",), follow_appraisal, (None, _POLICY)),
    "code.list": Operation(("code.approve", "code.list", "code.withdraw"), follow_code),
    "dataset.publish": Operation(
        ("dataset.amend", "dataset.register"), _dataset_publish, (_DOCUMENTS,)
    ),
    "dataset.retire": Operation(("dataset.retire",), _dataset_retire),
    "grant.issue": Operation(("grant.accept", "grant.offer"), _grant_issue, (_POLICY,)),
    "grant.refuse": Operation(("grant.refuse",), _grant_refuse, (None, _POLICY)),
    "grant.request": Operation(("grant.request",), _grant_request),
    "grant.revoke": Operation(("grant.revoke",), _grant_revoke),
    "job.abort": Operation(("job.abort",), _job_abort),
    "job.attest": Operation(("job.attest",), follow_evidence, (EVIDENCE,)),
    "job.refuse": Operation(("job.refuse",), follow_refusal, (None, BUNDLE)),
    "job.result": Operation(
        ("job.result",),
        _job_result,
        (_JOB, _JOB_TOGETHER, MEASURED, JOINT, _JOIN, CODE),
        has_result=True,
    ),
    "record.erase": Operation(("record.erase",), _record_erase),
    "record.share": Operation(("use.settle",), _record_share, (_RECORD,), (RECORD,)),
    "ring.opening": Operation(("reg.open",), follow_opening),
    "submission.decide": Operation(
        ("submission.decide",), follow_decision, (DECISION,)
    ),
    "survey.result": Operation(
        ("survey.result",), follow_survey, (_SURVEY,), has_result=True
    ),
    "statement.ring": Operation(
        ("statement.ring",), follow_statement, (SALT,), (MESSAGE,)
    ),
    "statement.zk": Operation(
        ("statement.zk",), follow_proof, (DOCUMENT, CELL_DOCUMENT)
    ),
}

_OWN = {kind for row in _SUBJECTS.values() for kind in row.kinds}
# An offer may wait for acceptance; a batch may wait for whoever holds the files.
_OTHER = tuple(sorted((RULES.keys() - _OWN) | {"anchor.batch", "grant.offer"}))

#: The table: operation to what its receipts must hold.
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {**_SUBJECTS, "ledger.entry": Operation(_OTHER, _nothing)}
)
