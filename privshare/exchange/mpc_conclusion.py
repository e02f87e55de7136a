"""How a job on shares ends at its coordinator: three answers, one result.

    three nodes ─► evidence of each whole ─► one outcome, the same in all three
    two pieces each, opened ─► as committed to, the same at both of their holders
    ─► ring elements ─► the program's reading of them ─► result, evidence

One node that alters a piece is found here: the other holder's does not agree,
and the commitment tells which is right.

Implements docs/protocols/mpc.md, section 7.
"""

from __future__ import annotations

from privshare.errors import PrivShareError
from privshare.exchange.node import open_statement
from privshare.exchange.tee_conclusion import Told, concluded, refused
from privshare.exchange.tee_steps import Hands
from privshare.jobs.lifecycle import Job
from privshare.jobs.mpc_result import read_pieces, result_of
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.mpc_statement import DEAL, Deal, Outcome
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json, b64u

__all__ = ["conclude"]


def conclude(
    hands: Hands, job: Job, spec: MpcSpec, handed: list[Json]
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Check what the nodes answered, and draw result and evidence from it.

    Raises:
        EvidenceInvalid, VerificationError: It is not true; `detail["party"]`
            names the node, where one is to blame.
    """
    deals = []
    for item, given in zip(spec.inputs, handed, strict=True):
        envelope = envelopes.from_json(given)
        payload = open_statement(hands.node.view(), item.owner, DEAL, envelope)
        deals.append(Deal.from_bytes(payload))
    committed = {one.dataset: one.commitment for one in deals}
    told = [concluded(hands, job, node, committed) for node in spec.nodes]
    outcome = _outcome(job, spec, committed, told)
    held = []
    for node, one in zip(spec.nodes, told, strict=True):
        if one.conclusion.output != outcome.digest():
            raise refused("what all nodes concluded together", "something else", node)
        held.append(one.output)
    pieces = read_pieces(outcome, spec.nodes, held)
    result = result_of(
        job.ledger_id, spec, outcome, pieces, {d.dataset: d.rows for d in deals}
    )
    evidence: dict[str, Json] = {
        "bundles": {
            node: one.bundle.to_json()
            for node, one in zip(spec.nodes, told, strict=True)
        },
        "outcome": outcome.to_json(),
        "pieces": [b64u(piece) for piece in pieces],
        "releases": handed,
        "spec": spec.to_json(),
    }
    return result, evidence


def _outcome(
    job: Job, spec: MpcSpec, committed: dict[str, bytes], told: list[Told]
) -> Outcome:
    """The one thing that all nodes say."""
    read = [_read(one, node) for node, one in zip(spec.nodes, told, strict=True)]
    first = read[0]
    for node, one in zip(spec.nodes, read, strict=True):
        if one != first:
            raise refused("the same outcome as the others", "another", node)
    said = (first.job, first.spec, dict(first.inputs), first.model)
    meant = (job.ledger_id, spec.digest(), committed, spec.model)
    if said != meant:
        raise refused("an outcome of this job", "one of another", spec.nodes[0])
    return first


def _read(told: Told, node: str) -> Outcome:
    """What one node says; a fault names it."""
    try:
        return Outcome.from_json(told.outcome)
    except PrivShareError as error:
        error.detail.setdefault("party", node)
        raise
