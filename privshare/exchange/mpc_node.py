"""What a node does with the pieces it holds: compute with two others.

    sealed pieces ─► opened ─► as their owner committed to them ─► Compute.run
    ─► two pieces of the result, commitments to all three ─► Outcome

No node has more than two pieces of anything. What the three say together is an
`Outcome`; each has its own machine sign it.

Implements docs/protocols/mpc.md, sections 5 and 6.
"""

from __future__ import annotations

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.exchange.attester import JointWork
from privshare.exchange.node import Node, open_statement
from privshare.exchange.tee_admission import TeeAdmitted
from privshare.exchange.tee_run import Done, unsealed
from privshare.exchange.tee_runner import Room
from privshare.jobs.attestation.binding import Admission, Channel
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.mpc import catalogue
from privshare.jobs.mpc.dealt import Dealt
from privshare.jobs.mpc.timeout import TIMEOUT
from privshare.jobs.mpc_result import join_pieces
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.mpc_statement import (
    LENGTH_BYTES,
    SALT_BYTES,
    Deal,
    Outcome,
    piece_commitment,
)
from privshare.ledger import query_attested
from privshare.ledger.parties import NODES
from privshare.schemes.recipient import Opener
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json, b64u

__all__ = ["compute"]


class NodeNotary:
    """Signs for this node's agency, and finds the others' keys on the ledger."""

    def __init__(self, node: Node, nodes: tuple[str, ...]) -> None:
        self._node = node
        self._nodes = nodes

    def sign(self, payload: bytes) -> bytes:
        """Sign that a party fell silent."""
        return envelopes.encode(self._node.sign(TIMEOUT, payload))

    def verify(self, party: int, data: bytes) -> bytes:
        """Open what the agency of a party signed."""
        envelope = envelopes.decode(data)
        view = self._node.view()
        return open_statement(view, self._nodes[party], TIMEOUT, envelope)


def compute(
    node: Node,
    known: TeeAdmitted,
    spec: MpcSpec,
    room: Room,
    key: Opener,
    admission: Admission,
    deals: tuple[Deal, ...],
    bundles: Json,
) -> Done:
    """Compute the job's program on our pieces, together with the two others.

    Args:
        node: This node.
        known: The job.
        spec: Its specification.
        room: What it takes to run it here.
        key: To which the pieces were sealed.
        admission: What our evidence is bound to.
        deals: What the owners signed, in the order of the inputs.
        bundles: The evidence of all nodes, by agency.

    Raises:
        EvidenceInvalid: Other evidence than the log names, or pieces that their
            owner did not commit to.
        NotPermitted: The program named is not the one listed: `run.module`.
        Unavailable: A piece or a node is missing; `detail["party"]`.
        VerificationError: A node cheated; `detail["rule"]`.
    """
    if room.compute is None:
        raise EvidenceInvalid("expected a node that computes on shares, found another")
    catalogue.check_code(spec.name, spec.code)
    admissions = _admissions(known, spec, bundles)
    index = spec.nodes.index(node.agency)
    if admissions[index] != admission:
        raise _other("our own evidence", node.agency)
    digests = tuple(one.digest() for one in admissions)
    pieces = []
    for deal in deals:
        if deal.admissions != digests:
            raise EvidenceInvalid(
                "expected a deal to the keys of these nodes, found one to others",
                detail={"party": deal.owner, "rule": "job.release"},
            )
        data = unsealed(node, known, key, digests[index], deal.dataset)
        pieces.append(_open(deal, index, data))
    done = room.compute.run(
        JointWork(
            job=known.id,
            spec=spec,
            index=index,
            channels=_channels(spec, admissions),
            pieces=pieces,
            deadline=known.job.deadline,
        ),
        NodeNotary(node, spec.nodes),
    )
    outcome = Outcome(
        job=known.id,
        spec=spec.digest(),
        inputs=tuple(sorted((one.dataset, one.commitment) for one in deals)),
        model=spec.model,
        transcript=done.transcript,
        pieces=done.pieces,
        elements=done.elements,
        ring=done.ring,
        bounds=done.bounds,
        noise=done.noise,
        charge=done.charge,
    )
    return Done(
        output=join_pieces(done.own, done.next),
        commitment=outcome.digest(),
        fuel=0,
        sandbox=done.sandbox,
        outcome=outcome.to_json(),
        announced=outcome.digest(),
    )


def _admissions(
    known: TeeAdmitted, spec: MpcSpec, bundles: Json
) -> tuple[Admission, ...]:
    """What each node's evidence is bound to; the evidence is the log's."""
    if not isinstance(bundles, dict) or set(bundles) != set(spec.nodes):
        raise EncodingError("body.bundles: expected the evidence of every node")
    held = query_attested.attestation(known.view, known.id)
    found = []
    for agency in spec.nodes:
        bundle = AttestedBundle.from_json(bundles[agency])
        shown = held.of(agency)
        if shown is None or shown.bundle != b64u(bundle.digest()):
            raise _other(f"the evidence of {agency} that the log names", agency)
        found.append(bundle.admission)
    return tuple(found)


def _channels(spec: MpcSpec, admissions: tuple[Admission, ...]) -> tuple[Channel, ...]:
    found = []
    for agency, one in zip(spec.nodes, admissions, strict=True):
        if one.channel is None:
            raise _other(f"a channel of {agency}", agency)
        found.append(one.channel)
    return tuple(found)


def _open(deal: Deal, index: int, data: bytes) -> Dealt:
    """Our two pieces of an input, as its owner committed to them."""
    after = (index + 1) % NODES
    head, at = 2 * SALT_BYTES + LENGTH_BYTES, 2 * SALT_BYTES
    length = int.from_bytes(data[at:head], "big")
    own, following = data[head : head + length], data[head + length :]
    salts = data[:SALT_BYTES], data[SALT_BYTES:at]
    numbered = zip((index, after), salts, (own, following), strict=True)
    for number, salt, piece in numbered:
        whole = len(salt) == SALT_BYTES and len(own) == length and len(piece) > 0
        if not whole or piece_commitment(salt, number, piece) != deal.pieces[number]:
            raise EvidenceInvalid(
                f"expected piece {number} of {deal.dataset} as its owner committed to "
                "it, found another",
                detail={"party": deal.owner, "rule": "job.commitment"},
            )
    return Dealt(dataset=deal.dataset, rows=deal.rows, own=own, next=following)


def _other(expected: str, party: str) -> EvidenceInvalid:
    return EvidenceInvalid(
        f"expected {expected}, found another",
        detail={"party": party, "rule": "bundle.digest"},
    )
