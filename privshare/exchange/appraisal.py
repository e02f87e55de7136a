"""Appraisal policies: set by an agency, and held against a runner's evidence.

    operator   policy document ─► appraisal.set ─► ledger; the document stays here
    owner      bundle of the runner ─► the one on the ledger? ours the nonce?
               ─► verified, appraised by our own policy ─► Appraisal, or the rule

Nobody's data leaves before its owner has come to the end of this. The checks
are `jobs.attestation.check`, which an auditor runs again.

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
    Unavailable,
)
from privshare.exchange import drawer
from privshare.exchange.attester import Attester
from privshare.exchange.node import Node
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.check import Checked, check_admission, check_bundle
from privshare.jobs.attestation.expected import expect
from privshare.jobs.attestation.floors import Floors
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.ledger import query_attested
from privshare.ledger.api import Committed, Ledger
from privshare.ledger.attested import Attestation
from privshare.log.checkpoint import Checkpoint, parse_checkpoint
from privshare.wire import note
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = [
    "appraise_bundle",
    "attester_of",
    "own_policy",
    "policy_of",
    "set_policy",
]

_MAX_POLICY = 1 << 20
_FLOORS = "attested.floors"
_SOFT = ("simulated", "software")


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
    soft = [name for name in _SOFT if name in policy.accept_classes]
    if soft and (node.attester is None or node.attester.production):
        raise EvidenceInvalid(
            "expected a policy that accepts hardware alone, as this node is in "
            f"production, found one that accepts {' and '.join(soft)}",
            fix='Try it in a deployment of its own: deployment = "trial".',
            detail={"rule": "policy.production"},
        )
    digest = b64u(policy.digest())
    written = policy.to_json()
    node.store.put_documents({digest: encode(written)})
    committed = node.submit("appraisal.set", {"policy": digest})
    drawer.file_kind(node, committed, node.agency, evidence={"policy": written})
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


def appraise_bundle(
    node: Node,
    job: str,
    bundle: AttestedBundle,
    *,
    runner: str,
    whole: bool = False,
) -> Checked:
    """Verify a runner's evidence, and hold it against our own policy.

    The times are the ledger's: those of the entries around the evidence.

    Args:
        node: This node.
        job: The job's id on the ledger.
        bundle: What the runner shows.
        runner: Whose machine it is.
        whole: Judge the conclusion, too; before the result is taken.

    Returns:
        What was found; `appraisals` has ours, accepted, if we have a policy.

    Raises:
        EvidenceInvalid: It is another bundle than the ledger has, not bound to
            this job, not proven, or not what the policy accepts;
            `detail["rule"]` names the first of it.
        Unavailable: Our copy of the ledger does not have the evidence yet.
    """
    attester, view = attester_of(node), node.view()
    held = query_attested.attestation(view, job)
    shown = held.of(runner)
    if shown is None or (whole and held.opened is None):
        raise Unavailable(
            f"expected {'a conclusion' if whole else 'evidence'} in our copy of the "
            "ledger, found none yet",
            detail={"party": node.agency},
        )
    mine = held.nonce(node.agency)
    judge = node.agency if mine is not None and mine.policy is not None else None
    _check_checkpoint(node.ledger, held, bundle.admission.checkpoint)
    expected = expect(
        view,
        node.network,
        job,
        runner=runner,
        origin=node.ledger.genesis.origin,
        witnesses=_witnesses(node, shown.at),
    )
    check = check_bundle if whole else check_admission
    checked = check(
        bundle,
        expected,
        roots=attester.roots,
        production=attester.production,
        parties=None if judge is None else {judge},
        floors=_floors(node),
    )
    node.store.put_setting(_FLOORS, encode(checked.floors.to_json()).decode())
    return checked


def _floors(node: Node) -> Floors:
    """Numbers of collateral that this node has seen; they never fall."""
    kept = node.store.setting(_FLOORS)
    return Floors({}) if not kept else Floors.from_json(decode(kept.encode()))


def _check_checkpoint(
    ledger: Ledger, held: Attestation, checkpoint: Checkpoint
) -> None:
    """The log that the runner saw is ours, and has all the nonces."""
    newest = parse_checkpoint(note.parse(ledger.checkpoint()))
    last = held.nonces[-1].at if held.nonces else None
    if last is None or not last < checkpoint.size <= newest.size:
        raise _other_log(f"one of {checkpoint.size} entries, not all after {last}")
    proof = ledger.prove_consistency(checkpoint.size, newest.size)
    try:
        verify_consistency(
            checkpoint.size, checkpoint.root, newest.size, newest.root, proof
        )
    except ConsistencyInvalid:
        raise _other_log("one of another history") from None


def _other_log(found: str) -> PrivShareError:
    return EvidenceInvalid(
        f"expected a checkpoint of our log behind every nonce, found {found}",
        detail={"rule": "bundle.log"},
    )


def _witnesses(node: Node, index: int) -> int:
    """How many witnesses have cosigned the log with this entry in it."""
    need = node.need()
    cosigned = node.ledger.cosigned(index + 1, need, node.receipt_timeout_s)
    return len(need.check(cosigned).witnesses)
