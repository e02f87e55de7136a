"""What custodian and openers do when the coordinator asks: open totals.

    custodian  everything checked again ─► job.open ─► every total, proven, signed
    opener     the same ─► job.open ─► its part of every total, proven, signed

A job has one aggregation that is opened: the ledger holds its digest, and each
who opens notes it before it answers, and never answers for another. Asked
again, it gives the same answer.

Implements docs/protocols/paillier-sum.md, section 6.
"""

from __future__ import annotations

from privshare.errors import (
    EvidenceInvalid,
    NotFound,
    NotPermitted,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange.admission import Admitted, admitted, open_contributions
from privshare.exchange.node import Node, open_statement
from privshare.exchange.party import kept_envelope, log_job
from privshare.jobs import aggregate as steps
from privshare.jobs import threshold
from privshare.jobs.spec import MAX_INPUTS
from privshare.jobs.statement import AGGREGATION, OPENING, Aggregation
from privshare.jobs.threshold_statement import PARTIAL_OPENING
from privshare.ledger import query
from privshare.ledger.transaction import parse
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.schemes.threshold import KeyShare
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json, b64u
from privshare.wire.envelope import Envelope

__all__ = ["check_announced", "open_totals"]


def open_totals(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Open the totals of a job, or our part of them, once and nothing else.

    Args:
        node: This node, of the custodian or of an opener.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"aggregation": envelope, "contributions": [envelope], "index",
            "spec"}`.

    Returns:
        `{"opening": envelope}`: an opening, or a partial opening.

    Raises:
        NotFound: No such job, or we have not the key, or not our share of it.
        StepNotAllowed: The job has ended, or its deadline has passed.
        NotPermitted: The caller does not coordinate it, or we do not open it,
            or a grant is not in force any more; `detail["rule"]`.
        SignatureInvalid: A statement that its party did not sign.
        EvidenceInvalid: Totals that are not the products of the subtotals, or
            whatever else `aggregate` refuses; another aggregation than the
            one that was opened before, by us or by another opener.
        OutOfRange: The sum could be larger than plaintexts can show.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    sent = fields.list("contributions", MAX_INPUTS)
    statement = envelopes.from_json(fields.json("aggregation"))
    fields.end()
    spec = known.spec
    if node.agency not in spec.opened_by:
        raise NotPermitted(
            f"expected {' or '.join(spec.opened_by)}, who open the totals, found "
            f"{node.agency}",
            detail={"rule": "job.party"},
        )
    secret = _secret(node, known)
    contributions = open_contributions(known.view, spec, sent)
    payload = open_statement(known.view, spec.compute, AGGREGATION, statement)
    aggregation = Aggregation.from_bytes(payload)
    steps.check_aggregation(aggregation, spec, job, contributions, known.key)
    bound = steps.check_bounds(contributions)
    with node.tasks.exclusive(f"{job}/opening"):
        _check_first(node, known, aggregation)
        kept = node.store.blob(job, "opening")
        if kept is None:
            # First the promise not to open anything else, then the answer.
            node.store.put_blob(job, "opened", aggregation.digest())
            _announce(node, known, aggregation)
            made = _opened(node, known, aggregation, secret, bound)
            kept = envelopes.encode(made)
            node.store.put_blob(job, "opening", kept)
            log_job(node, known, "job.open", "")
    return {"opening": envelopes.to_json(kept_envelope(kept))}


def _opened(
    node: Node,
    known: Admitted,
    aggregation: Aggregation,
    secret: PaillierPrivateKey | KeyShare,
    bound: int,
) -> Envelope:
    """The statement that we answer with, signed."""
    if isinstance(secret, KeyShare):
        shared = query.threshold_epoch(known.view, known.spec.epoch or 0)
        part = threshold.open_part(aggregation, shared, secret)
        return node.sign(PARTIAL_OPENING, part.to_bytes())
    opening = steps.open_totals(aggregation, secret, bound)
    return node.sign(OPENING, opening.to_bytes())


def _secret(node: Node, known: Admitted) -> PaillierPrivateKey | KeyShare:
    """What we open with: our key, or our share of the consortium's."""
    if known.spec.epoch is None:
        return _private(node, known.key)
    share = node.share(known.spec.epoch)
    if share is None:
        raise NotFound(
            f"expected the share of epoch {known.spec.epoch} at {node.agency}, found "
            "none",
            detail={"party": node.agency},
        )
    return share


def _private(node: Node, key: PaillierPublicKey) -> PaillierPrivateKey:
    for private in node.keys.he:
        if private.public == key:
            return private
    raise NotFound(
        f"expected the private key {key.kid} at {node.agency}, found none",
        detail={"party": node.agency},
    )


def _check_first(node: Node, known: Admitted, aggregation: Aggregation) -> None:
    """One aggregation a job: what we noted, and what the ledger holds."""
    if node.store.blob(known.id, "opened") not in (None, aggregation.digest()):
        raise EvidenceInvalid(
            "expected the aggregation that was opened for this job, found another",
            detail={"party": known.spec.compute, "rule": "job.opened"},
        )
    check_announced(node, known.id, aggregation)


def check_announced(node: Node, job: str, aggregation: Aggregation) -> None:
    """Check that nobody announced that another aggregation would be opened.

    Openers have aggregations from the coordinator alone. So a coordinator that
    gave out one knows that whoever announced another made it up.

    Raises:
        EvidenceInvalid: Somebody did, and `detail["party"]` names it.
    """
    held = query.job(node.view(), job)
    if held.opened is None or held.aggregation == b64u(aggregation.digest()):
        return
    announcer = parse(node.ledger.entry(held.opened)).account
    raise EvidenceInvalid(
        f"expected {announcer} to announce the aggregation that was computed for this "
        "job, found that it announced another",
        detail={"party": announcer, "rule": "job.opened"},
    )


def _announce(node: Node, known: Admitted, aggregation: Aggregation) -> None:
    """Have the ledger know that we open: an abort gives nothing back then."""
    if query.job(node.view(), known.id).opened is not None:
        return  # another opener did, or we before a restart
    body: dict[str, Json] = {
        "aggregation": b64u(aggregation.digest()),
        "job": known.id,
    }
    try:
        node.submit("job.open", body)
    except StepNotAllowed as error:  # it has ended, or another was faster
        raise Unavailable(
            f"expected the job to be ours to open, found: {error.message}",
            detail={"party": node.agency},
        ) from None
    _check_first(node, known, aggregation)
