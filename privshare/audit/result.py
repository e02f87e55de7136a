"""Step 8: what is attached is what was committed to.

The subject transaction carries digests of documents that stand in the receipt
or travel beside it. This step hashes the documents again, and holds a result
against the evidence it must follow from.

    Case ─► check_result ─► sentences, or the document that is another

Implements docs/formats/receipt.md, section 5, step 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

from privshare.audit.case import Case, Found, NotApplicable, expect
from privshare.audit.inputs import Published
from privshare.audit.ring import check_message
from privshare.audit.sentence import counted, plain
from privshare.errors import EvidenceInvalid
from privshare.jobs.receipt import MAX_ATTACHMENT
from privshare.jobs.requirement import FILE, RECORD
from privshare.ledger import query
from privshare.wire import domain
from privshare.wire.canonical import b64u
from privshare.wire.digest import sha256


def check_result(case: Case) -> Found:
    """Check every document against its digest; for jobs see `technique`.

    Returns:
        Sentences and details.

    Raises:
        NotApplicable: There is no document.
        Missing: An attachment was not given.
        EvidenceInvalid, EncodingError, OutOfRange: It is another one.
    """
    return _CHECKS[case.operation](case)


def _publish(case: Case) -> Found:
    from privshare.rights.policy import Policy  # noqa: PLC0415 - seldom needed
    from privshare.rights.schema import Schema  # noqa: PLC0415 - seldom needed

    body = cast(Published, case.statement)
    held = body.commitments
    for name, tag, signed in (
        ("metadata", domain.METADATA, held.metadata),
        ("policy", domain.POLICY, held.policy),
        ("schema", domain.SCHEMA, held.schema),
    ):
        _, found = case.document(name, tag)
        expect(found == signed, f"the {name} with digest {signed}", found)
    schema = Schema.from_json(case.evidence()["schema"])
    policy = Policy.from_json(case.evidence()["policy"])
    expect(policy.dataset == body.dataset, f"a policy of {body.dataset}", "another")
    return [
        f"The schema ({counted(len(schema.columns), 'column', 'columns')}), the policy "
        f"({counted(len(policy.rules), 'rule', 'rules')}) and the description enclosed "
        "are the ones published."
    ], []


def _policy(case: Case) -> Found:
    if case.receipt.evidence is None:
        raise NotApplicable("No document was committed to.")
    _, digest = case.document("policy", domain.POLICY)
    grant = query.grant(case.state, case.statement.grant)
    wanted = b64u(grant.terms.policy)
    expect(digest == wanted, "the policy that the terms name", digest)
    return ["The policy enclosed is the one whose digest the terms name."], [
        f"policy {digest}"
    ]


def _share(case: Case) -> Found:
    from privshare.audit.record import open_record  # noqa: PLC0415 - seldom needed

    data = _attached(case, RECORD)
    record = open_record(data)
    use = query.use(case.state, case.statement.use)
    found = b64u(record.digest)
    expect(found == case.statement.result, "the record answered", found)
    expect(use.result == case.statement.result, "the use's result", use.result)
    expect(b64u(record.request_digest) == use.request, "the request made", "another")
    expect(record.grant == use.grant, "the grant asked under", record.grant)
    return [
        "The record enclosed is the owner's answer, and it answers the request that "
        "was reserved before."
    ], [f"request {use.request}, result {found}"]


def _attached(case: Case, name: str) -> bytes:
    data = case.attachment(name)
    item = next(one for one in case.receipt.attachments if one.name == name)
    if len(data) > MAX_ATTACHMENT and item.size is not None:
        raise EvidenceInvalid(f"expected {name} of {item.size} bytes, found more")
    expect(item.size in (None, len(data)), f"{item.size} bytes", len(data))
    found = sha256(data)
    expect(
        found == item.digest, f"{name} with SHA-256 {item.digest.hex()}", found.hex()
    )
    return data


def _anchor(case: Case) -> Found:
    _attached(case, FILE)
    digest = case.receipt.attachments[0].digest
    return ["The file enclosed is the one anchored, byte for byte."], [
        f"SHA-256 {digest.hex()}"
    ]


def _document(case: Case) -> Found:
    _, digest = case.document("document", domain.PROOF_DOCUMENT)
    expect(digest == case.statement.proof, "the proof committed to", digest)
    return ["The proof enclosed is the one whose digest is in the ledger."], [
        f"proof {digest}"
    ]


def _appraisal(case: Case) -> Found:
    if case.receipt.evidence is None:
        raise NotApplicable("The policy itself stays with its agency.")
    from privshare.jobs.attestation.policy import AppraisalPolicy  # noqa: PLC0415 - seldom needed

    document, digest = case.document("policy", domain.APPRAISAL_POLICY)
    expect(digest == case.statement.policy, "the policy anchored", digest)
    policy = AppraisalPolicy.from_json(document)
    return [
        f"The appraisal policy enclosed, {plain(policy.id)} version {policy.version}, "
        "is the one anchored."
    ], [f"policy {digest}"]


def _none(case: Case) -> Found:
    raise NotApplicable("There is no document beside the transaction.")


def _survey(case: Case) -> Found:
    from privshare.audit.survey import check_result as check  # noqa: PLC0415 - other receipts need none of it

    return check(case)


def _decision(case: Case) -> Found:
    from privshare.audit.submission import check_decision_documents  # noqa: PLC0415 - other receipts need none of it

    return check_decision_documents(case)


_CHECKS: Mapping[str, Callable[[Case], Found]] = MappingProxyType(
    {
        "anchor": _anchor,
        "appraisal.set": _appraisal,
        "code.list": _none,
        "dataset.publish": _publish,
        "dataset.retire": _none,
        "grant.issue": _policy,
        "grant.refuse": _policy,
        "grant.request": _none,
        "grant.revoke": _none,
        "job.abort": _none,
        "job.refuse": _none,
        "ledger.entry": _none,
        "record.erase": _none,
        "record.share": _share,
        "ring.opening": _none,
        "statement.ring": check_message,
        "statement.zk": _document,
        "submission.decide": _decision,
        "survey.result": _survey,
    }
)
