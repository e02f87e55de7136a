"""Step 6: the inputs are what was anchored.

A dataset is known to the ledger by the root over its rows; a file by its
digest in a signed batch. This step ties what was used to one of these.

    Case ─► check_inputs ─► sentences, or the input that is another

Implements docs/formats/receipt.md, section 5, step 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

from privshare.audit.case import Case, Found, NotApplicable, expect
from privshare.audit.ring import check_opened_statement
from privshare.audit.sentence import counted, listed
from privshare.bindings import merkle
from privshare.errors import EvidenceInvalid, OutOfRange
from privshare.jobs.anchor import leaf_of
from privshare.jobs.requirement import RECORD
from privshare.ledger import query
from privshare.ledger.rules_dataset import (
    AnchorBatch,
    DatasetAmend,
    DatasetRegister,
    RecordErase,
)
from privshare.ledger.values import Dataset
from privshare.wire import domain
from privshare.wire.canonical import Fields, b64u, unb64u

Published = DatasetRegister | DatasetAmend


def check_inputs(case: Case) -> Found:
    """Check that what went in is what the ledger holds; for jobs see `technique`.

    Returns:
        Sentences and details.

    Raises:
        NotApplicable: Nothing went in.
        Missing: The attachment that went in was not given.
        EvidenceInvalid, VerificationError, EncodingError, OutOfRange: It is
            something else.
    """
    return _CHECKS[case.operation](case)


def _publish(case: Case) -> Found:
    body = cast(Published, case.statement)
    held = query.dataset(case.state, body.dataset)
    version = _version_of(body)
    if held.changed == case.index:
        expect(_is_version(held, body, version), "the dataset published", "another")
    else:
        expect(held.changed > case.index, "a change not before", held.changed)
        expect(held.version >= version, f"version {version} or later", held.version)
    return _dataset_known(body.dataset, version, body.commitments.rows), [
        f"root {body.commitments.root}, schema {body.commitments.schema}, policy "
        f"{body.commitments.policy}, metadata {body.commitments.metadata}"
    ]


def _retire(case: Case) -> Found:
    dataset_id = case.statement.dataset
    held = query.dataset(case.state, dataset_id)
    expect(held.status == "retired", "a retired dataset", held.status)
    expect(held.changed == case.index, "the retirement itself", held.changed)
    first = case.trail.statement(held.at)
    expect(type(first) is DatasetRegister, "a dataset.register", "another kind")
    expect(first.dataset == dataset_id, dataset_id, first.dataset)
    return _dataset_known(dataset_id, held.version, held.rows), []


def _grant(case: Case) -> Found:
    name = case.subject.id if case.operation == "grant.request" else None
    grant = query.grant(case.state, name or case.statement.grant)
    dataset = grant.terms.dataset
    held = query.dataset(case.state, dataset)
    expect(held.at < case.index, "a dataset registered before", f"at {held.at}")
    return [f"The grant is about {dataset}, which the ledger held then."], []


def _erase(case: Case) -> Found:
    body = cast(RecordErase, case.statement)
    held = query.dataset(case.state, body.dataset)
    if body.row >= held.rows:
        raise OutOfRange(f"expected a row below {held.rows}, found {body.row}")
    erased = query.erased(case.state, body.dataset, body.row)
    expect(erased == case.index, "the erasure itself", f"index {erased}")
    return [f"Row {body.row:,} is one of the {held.rows:,} of {body.dataset}."], []


def _share(case: Case) -> Found:
    use = query.use(case.state, case.statement.use)
    dataset_id = query.grant(case.state, use.grant).terms.dataset
    body, version = in_force(case, dataset_id, use.at)
    commitments = body.commitments
    from privshare.audit.record import open_record  # noqa: PLC0415 - seldom needed
    from privshare.rights.schema import Schema  # noqa: PLC0415 - seldom needed

    document, digest = case.document("schema", domain.SCHEMA)
    expect(digest == commitments.schema, "the dataset's schema", "another")
    schema = Schema.from_json(document)
    record = open_record(case.attachment(RECORD))
    expect(record.dataset == dataset_id, dataset_id, record.dataset)
    expect(record.columns == use.columns, "the columns of the use", record.columns)
    opened = record.disclosure.verify(
        unb64u(commitments.root, 32), commitments.rows, schema
    )
    expect(set(opened) == set(use.columns), "the columns of the use", list(opened))
    if schema.key in opened:  # else nobody sees which record it is
        shown = str(opened[schema.key])
        expect(shown == str(record.key), "the record asked for", "another's key")
    return [
        f"The record is row {record.disclosure.row:,} of {commitments.rows:,} of "
        f"{dataset_id}, version {version}, as its owner committed to it; "
        f"{counted(len(opened), 'column is', 'columns are')} shown "
        f"({listed(opened)})."
    ], [f"root {commitments.root}", f"schema {commitments.schema}"]


def in_force(case: Case, dataset_id: str, index: int) -> tuple[Published, int]:
    """The publication that was the dataset's newest at a log index."""
    evidence = Fields(case.evidence(), "evidence")
    anchored = evidence.int("anchored", 0)
    replaced = evidence.nullable("replaced", evidence.int, 0)
    body = _published(case, dataset_id, anchored)
    version = _version_of(body)
    held = query.dataset(case.state, dataset_id)
    expect(anchored < index, "a publication before the use", f"index {anchored}")
    if replaced is None:
        expect(_is_version(held, body, version), "the newest version", held.version)
    else:
        after = _published(case, dataset_id, replaced)
        expect(_version_of(after) == version + 1, "the next version", "another")
        expect(replaced > index, "an amendment after the use", f"index {replaced}")
    return body, version


def check_version(case: Case, dataset: str, version: int, index: int) -> str:
    """Check that a dataset had a version before a job was admitted.

    Args:
        case: The receipt.
        dataset: Its id.
        version: The version meant.
        index: Log index of the admission.

    Returns:
        A detail.

    Raises:
        EvidenceInvalid: It had not.
    """
    held = query.dataset(case.state, dataset)
    expect(held.version >= version, f"version {version} of {dataset}", held.version)
    late = held.changed > index and held.status == "registered"
    expect(
        not (late and held.version == version),
        f"a version of {dataset} from before the job",
        f"one from index {held.changed}",
    )
    return f"{dataset}: version {version}, root of version {held.version} {held.root}"


def _published(case: Case, dataset_id: str, index: int) -> Published:
    body = case.trail.statement(index)
    if not isinstance(body, DatasetRegister | DatasetAmend):
        raise EvidenceInvalid(f"expected a publication at {index}, found another kind")
    expect(body.dataset == dataset_id, dataset_id, body.dataset)
    return body


def _version_of(body: Published) -> int:
    return 1 if isinstance(body, DatasetRegister) else body.expected + 1


def _is_version(held: Dataset, body: Published, version: int) -> bool:
    found = (held.metadata, held.policy, held.root, held.rows, held.schema)
    c = body.commitments
    signed = (c.metadata, c.policy, c.root, c.rows, c.schema)
    return found == signed and held.version == version


def _dataset_known(dataset: str, version: int, rows: int) -> list[str]:
    return [
        f"The ledger holds a commitment to {counted(rows, 'row', 'rows')} of {dataset} "
        f"as version {version}."
    ]


def _proof(case: Case) -> Found:
    if case.statement.subject is None:
        raise NotApplicable("No data of the ledger went in.")
    from privshare.audit.proof import check_cells  # noqa: PLC0415 - seldom needed

    return check_cells(case)


def _anchor(case: Case) -> Found:
    body = cast(AnchorBatch, case.statement)
    evidence = Fields(case.evidence(), "evidence")
    position = evidence.int("position", 0, body.count - 1)
    salt = evidence.bytes("salt", 32)
    path = [unb64u(step, 32) for step in evidence.str_list("path", 16)]
    leaf = leaf_of(salt, case.receipt.attachments[0].digest)
    merkle.verify_inclusion(
        merkle.leaf_hash(leaf), position, body.count, path, body.root
    )
    return [
        f"The file's digest is number {position + 1:,} of {body.count:,} that "
        f"{case.subject.account} anchored in one transaction."
    ], [f"leaf {b64u(leaf)}, batch root {b64u(body.root)}"]


def _none(case: Case) -> Found:
    raise NotApplicable("No data went in.")


def _survey(case: Case) -> Found:
    from privshare.audit.survey import check_inputs as check  # noqa: PLC0415 - other receipts need none of it

    return check(case)


_CHECKS: Mapping[str, Callable[[Case], Found]] = MappingProxyType(
    {
        "anchor": _anchor,
        "appraisal.set": _none,
        "code.list": _none,
        "dataset.publish": _publish,
        "dataset.retire": _retire,
        "grant.issue": _grant,
        "grant.refuse": _grant,
        "grant.request": _grant,
        "grant.revoke": _grant,
        "job.abort": _none,
        "job.refuse": _none,
        "ledger.entry": _none,
        "record.erase": _erase,
        "record.share": _share,
        "ring.opening": check_opened_statement,
        "statement.ring": _none,
        "statement.zk": _proof,
        "submission.decide": _none,
        "survey.result": _survey,
    }
)
