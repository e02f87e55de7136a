"""Appraisal policies: set by an agency, and held against a runner's evidence.

    operator   policy document ─► appraisal.set ─► ledger; the document stays here
    owner      bundle of the runner ─► the one on the ledger? ours the nonce?
               ─► verified, appraised by our own policy ─► Appraisal, or the rule

Nobody's data leaves before its owner has come to the end of this.

Implements docs/protocols/attested-job.md, section 4.
"""

from __future__ import annotations

from privshare.bindings.merkle import verify_consistency
from privshare.errors import (
    ConsistencyInvalid,
    EvidenceInvalid,
    NotFound,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.exchange import drawer
from privshare.exchange.attester import Attester
from privshare.exchange.node import Node
from privshare.exchange.tee_admission import TeeAdmitted
from privshare.jobs.attestation.appraisal import Appraisal, appraise
from privshare.jobs.attestation.binding import Admission, nonce_commitment
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.verifier import verify
from privshare.ledger import query_attested
from privshare.ledger.api import Committed, Ledger
from privshare.ledger.attested import Attestation
from privshare.ledger.block import BlockEntry, is_block
from privshare.log.checkpoint import Checkpoint, parse_checkpoint
from privshare.wire import note
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = [
    "appraise_bundle",
    "attester_of",
    "check_bound",
    "own_policy",
    "policy_of",
    "set_policy",
    "time_of",
]

_MAX_POLICY = 1 << 20
#: A block has no more entries than this; looking further would find nothing.
_FURTHEST = 1 << 16


def set_policy(node: Node, document: Json, *, person: str = "") -> Committed:
    """Appraise by this policy from now on: its digest goes onto the ledger.

    Args:
        node: The agency's.
        document: An appraisal policy.
        person: Who asked.

    Raises:
        EncodingError, OutOfRange: Not an appraisal policy.
        EvidenceInvalid: One that accepts simulated or software evidence, at a
            node in production: rule `policy.production`.
        Conflict: It is the one in force.
    """
    policy = AppraisalPolicy.from_json(document)
    attester = node.attester
    soft = sorted({"simulated", "software"} & set(policy.accept_classes))
    if soft and (attester is None or attester.production):
        raise EvidenceInvalid(
            "expected a policy that accepts hardware alone, as this node is in "
            f"production, found one that accepts {', '.join(soft)}",
            fix="Try it in a deployment of its own: deployment = trial.",
            detail={"rule": "policy.production"},
        )
    digest = b64u(policy.digest())
    node.store.put_documents({digest: encode(policy.to_json())})
    committed = node.submit("appraisal.set", {"policy": digest})
    drawer.file(node, "ledger.entry", committed, node.agency)
    node.store.log_use(
        node.clock(), node.agency, "appraisal.set", person=person, subject=digest
    )
    return committed


def policy_of(node: Node, digest: str) -> AppraisalPolicy:
    """A policy whose document is here.

    Raises:
        NotFound: It is not.
    """
    kept = node.store.document(digest)
    if kept is None:
        raise NotFound(
            f"expected the appraisal policy {digest[:10]}... at {node.agency}, found "
            "none",
            fix="Set it again: privshare appraisal set.",
            detail={"party": node.agency, "rule": "appraisal.missing"},
        )
    return AppraisalPolicy.from_json(decode(kept, max_bytes=_MAX_POLICY))


def own_policy(node: Node) -> AppraisalPolicy | None:
    """The policy that this agency has in force, or None.

    Raises:
        NotFound: The ledger has one whose document is not here.
    """
    head = query_attested.appraisal(node.view(), node.agency)
    return None if head is None else policy_of(node, head.policy)


def attester_of(node: Node) -> Attester:
    """What this node brings to attested jobs.

    Raises:
        NotPermitted: Nothing: rule `attest.none`.
    """
    if node.attester is None:
        raise NotPermitted(
            f"expected {node.agency} to take part in attested jobs, found that it "
            "does not",
            detail={"party": node.agency, "rule": "attest.none"},
        )
    return node.attester


def time_of(ledger: Ledger, index: int) -> int:
    """When an entry was made: Unix seconds of the block that holds it.

    Raises:
        NotFound: Our copy has no such block yet.
    """
    newest = ledger.view().block
    if newest.first <= index <= newest.index:
        return newest.time
    for at in range(index + 1, index + _FURTHEST):
        data = ledger.entry(at)
        if is_block(data):
            return BlockEntry.decode(data).time
    raise NotFound(f"expected a block entry after {index}, found none")


# -- what evidence is bound to ------------------------------------------------


def check_bound(node: Node, known: TeeAdmitted, admission: Admission) -> None:
    """Check that an admission is of this job, as the ledger has it.

    Raises:
        EvidenceInvalid: It names another job, specification, code, nonce,
            policy or log; `detail["rule"]` says which.
    """
    spec, ledger = known.spec, query_attested.attestation(known.view, known.id)
    _same("bind.network", "network", node.network, admission.network)
    _same("bind.job", "job", known.id, admission.job)
    _same("bind.spec", "specification", spec.digest(), admission.spec)
    _same("bind.code", "code", spec.code, admission.code)
    nonces = dict(admission.nonces)
    _same("bind.nonce", "parties", known.spec.relying, tuple(sorted(nonces)))
    policies = dict(admission.policies)
    for agency in known.spec.relying:
        held = ledger.nonce(agency)
        if held is None:
            raise EvidenceInvalid(
                f"expected a nonce of {agency} on the ledger, found none",
                detail={"rule": "bind.nonce"},
            )
        found = b64u(nonce_commitment(known.id, agency, nonces[agency]))
        _same("bind.nonce", f"nonce of {agency}", held.commitment, found)
        policy = policies.get(agency)
        found_policy = None if policy is None else b64u(policy)
        _same("bind.policy", f"policy of {agency}", held.policy, found_policy)
    if set(policies) - set(known.spec.relying):
        raise EvidenceInvalid(
            "expected policies of the parties, found others",
            detail={"rule": "bind.policy"},
        )
    _check_checkpoint(node.ledger, ledger, admission.checkpoint)


def _check_checkpoint(
    ledger: Ledger, held: Attestation, checkpoint: Checkpoint
) -> None:
    """The log that the runner saw is ours, and has all the nonces."""
    _same("bind.log", "log", ledger.genesis.origin, checkpoint.origin)
    newest = parse_checkpoint(note.parse(ledger.checkpoint()))
    last = held.last_nonce
    if last is None or not last < checkpoint.size <= newest.size:
        raise EvidenceInvalid(
            f"expected a checkpoint after entry {last} and within our log, found one "
            f"of {checkpoint.size} entries",
            detail={"rule": "bind.log"},
        )
    proof = ledger.prove_consistency(checkpoint.size, newest.size)
    try:
        verify_consistency(
            checkpoint.size, checkpoint.root, newest.size, newest.root, proof
        )
    except ConsistencyInvalid:
        raise EvidenceInvalid(
            "expected a checkpoint of our log, found one of another history",
            detail={"rule": "bind.log"},
        ) from None


def _same(rule: str, noun: str, expected: object, found: object) -> None:
    if expected != found:
        raise EvidenceInvalid(
            f"expected evidence that is bound to the {noun} of this job, found another",
            detail={"rule": rule},
        )


def appraise_bundle(
    node: Node, known: TeeAdmitted, bundle: AttestedBundle, policy: AppraisalPolicy
) -> Appraisal:
    """Verify a runner's evidence and hold it against a policy of ours.

    The time is the ledger's: that of the entry that brought the evidence.

    Args:
        node: This node.
        known: The job.
        bundle: What the runner shows.
        policy: Ours, the one that our nonce was committed with.

    Returns:
        An appraisal that is not contraindicated.

    Raises:
        EvidenceInvalid: It is another bundle than the ledger has, not bound to
            this job, not proven, or not what the policy accepts;
            `detail["rule"]` names the first of it.
        StepNotAllowed: The ledger does not have the evidence yet.
    """
    attester, view = attester_of(node), known.view
    held = query_attested.attestation(view, known.id)
    if held.bundle is None or held.at is None or held.last_nonce is None:
        raise StepNotAllowed(
            "expected evidence on the ledger, found none yet",
            detail={"rule": "job.attested"},
        )
    _same("bind.ledger", "entry on the ledger", held.bundle, b64u(bundle.digest()))
    check_bound(node, known, bundle.admission)
    begun, at = time_of(node.ledger, held.last_nonce), time_of(node.ledger, held.at)
    try:
        claims = verify(bundle.evidence, bundle.endorsements, attester.roots, at)
        appraisal = appraise(
            claims,
            policy,
            at=at,
            production=attester.production,
            report_data=bundle.admission.report_data(claims.kind),
            code=known.spec.code,
            age_s=at - begun,
            listed=query_attested.is_listed(view, b64u(known.spec.code)),
            witnesses=_witnesses(node, held.at),
        )
        return appraisal.check()
    except PrivShareError as error:
        error.detail.setdefault("party", known.spec.runner)
        raise


def _witnesses(node: Node, index: int) -> int:
    """How many witnesses have cosigned the log with this entry in it."""
    need = node.need()
    cosigned = node.ledger.cosigned(index + 1, need, node.receipt_timeout_s)
    return len(need.check(cosigned).witnesses)
