"""A node: what every verb gets in its hand.

    services/node ─► Node ─► exchange.<verb>(node, ...)

A node belongs to one agency. It reads the ledger from its own copy, keeps rows
and receipts in its own storage, and reaches others through `peers`. Verbs take
the node and are functions; nothing here decides anything.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from privshare.errors import NotFound, SignatureInvalid
from privshare.exchange.attester import Attester
from privshare.exchange.box_room import Boxes
from privshare.exchange.gate_place import Gate
from privshare.exchange.join_held import Matches
from privshare.exchange.peers import Peers
from privshare.exchange.shares import HeldShares, Shares
from privshare.exchange.storage import Storage
from privshare.exchange.survey_door import Door
from privshare.exchange.task import Tasks
from privshare.ledger import query
from privshare.ledger.api import Committed, Ledger, View
from privshare.ledger.parties import Parties
from privshare.ledger.transaction import build
from privshare.log.witness import TrustPolicy
from privshare.rights.grant import MAX_REASON
from privshare.schemes.keys import (
    SealKey,
    SealPublicKey,
    SigningKey,
    VerifyKey,
    sign_envelope,
    verify_envelope,
)
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.schemes.ring_key import RingKey
from privshare.schemes.threshold import KeyShare
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json, unb64u
from privshare.wire.envelope import Envelope

__all__ = [
    "Node",
    "NodeKeys",
    "he_key",
    "job_key",
    "one_line",
    "open_statement",
    "seal_key",
]

#: How long a transaction of ours may wait before it is worth nothing.
TX_LIFETIME_S = 300


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The secrets of a node.

    Attributes:
        sign: For transactions, statements and requests.
        witness: For cosignatures; the ledger's mirror uses it.
        seal: For messages to this agency, newest first; old ones open what
            was sealed before a rotation.
        he: Paillier keys this agency is custodian of, newest first.
        opening: For naming, with other regulators, who signed for a ring;
            newest first.
    """

    sign: SigningKey
    witness: SigningKey | None = None
    seal: tuple[SealKey, ...] = ()
    he: tuple[PaillierPrivateKey, ...] = ()
    opening: tuple[RingKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One agency's node.

    Attributes:
        agency: Its name on the ledger.
        network: The network's id.
        ledger: Its own copy, or the host's.
        store: Its rows, documents, receipts and jobs.
        keys: Its secrets.
        peers: The way to other nodes.
        clock: Unix seconds.
        need: Tells which witnesses a receipt made now must carry.
        commit_timeout_s: How long a verb waits for its transaction.
        receipt_timeout_s: How long a verb waits for cosignatures; what comes
            later is filed by `exchange.drawer.tidy`.
        tasks: Work for peers that goes on between their calls.
        shares: This agency's shares of the consortium's threshold keys; they
            may grow while the node runs.
        attester: What it brings to attested jobs; None: it takes no part in any.
        matches: The private joins that it takes part in now.
        doors: What it remembers of the surveys that it aggregates.
        boxes: Messages that wait for accounts of its people.
        gate: What it runs submitted code with; None: it takes none.
    """

    agency: str
    network: str
    ledger: Ledger
    store: Storage
    keys: NodeKeys
    peers: Peers
    clock: Callable[[], int]
    need: Callable[[], TrustPolicy]
    commit_timeout_s: float = 30.0
    receipt_timeout_s: float = 15.0
    tasks: Tasks = field(default_factory=Tasks, repr=False)
    shares: Shares = field(default_factory=HeldShares, repr=False)
    attester: Attester | None = field(default=None, repr=False)
    matches: Matches = field(default_factory=Matches, repr=False)
    doors: dict[str, Door] = field(default_factory=dict, repr=False)
    boxes: Boxes = field(default_factory=Boxes, repr=False)
    gate: Gate | None = None

    def view(self) -> View:
        """The state as this node knows it."""
        return self.ledger.view()

    def share(self, epoch: int) -> KeyShare | None:
        """This agency's share of the threshold key of an epoch, or None.

        It was checked against the key when it was imported. Ask for it when it
        is used: one that has just been imported is there at once.
        """
        return self.shares.get(epoch)

    def prepare(self, kind: str, body: Mapping[str, Json]) -> bytes:
        """Sign a transaction; `send` submits it, more than once if need be."""
        transaction = build(
            kind,
            self.agency,
            dict(body),
            self.network,
            secrets.token_bytes(16),
            self.clock() + TX_LIFETIME_S,
            [self.keys.sign],
        )
        return envelopes.encode(transaction)

    def send(self, transaction: bytes, leaves: bytes = b"") -> Committed:
        """Submit a transaction, and wait until our own copy has it.

        Raises:
            PrivShareError: What the ledger's rules refuse, or `Unavailable`.
        """
        committed = self.ledger.submit(
            transaction, leaves, timeout_s=self.commit_timeout_s
        )
        self.ledger.sync(committed.index, timeout_s=self.commit_timeout_s)
        return committed

    def submit(
        self, kind: str, body: Mapping[str, Json], leaves: bytes = b""
    ) -> Committed:
        """`prepare` and `send` in one."""
        return self.send(self.prepare(kind, body), leaves)

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Sign a statement as this agency."""
        return sign_envelope(payload_type, payload, [self.keys.sign])


def one_line(text: str) -> str:
    """A reason as the ledger takes it: one line of printable text, not too long.

    What a peer or a person wrote may hold anything; a reason that the ledger
    refused would keep a job from being aborted.
    """
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in line)[:MAX_REASON]


def open_statement(view: View, agency: str, kind: str, envelope: Envelope) -> bytes:
    """Verify a statement of another agency.

    Args:
        view: The ledger, which holds the agency's keys.
        agency: Who must have signed it.
        kind: The payload type expected.
        envelope: As it came.

    Returns:
        The payload.

    Raises:
        SignatureInvalid: Another type, a key that is not an active signing
            key of the agency, or a wrong signature.
    """
    if envelope.payload_type != kind:
        raise SignatureInvalid(
            f"expected a statement of type {kind}, found {envelope.payload_type}",
            detail={"party": agency},
        )

    def resolve(kid: str) -> VerifyKey:
        found = query.keys_of(view, agency, "sign").get(kid)
        if found is None:
            raise SignatureInvalid(
                f"expected a signature by an active key of {agency}, found one by "
                "another key",
                detail={"party": agency},
            )
        return VerifyKey(unb64u(found.pub))

    return verify_envelope(envelope, resolve)


def he_key(view: View, agency: str, at: int | None = None) -> PaillierPublicKey:
    """The Paillier key that a custodian uses: its newest active one.

    Args:
        view: The ledger.
        agency: The custodian.
        at: Log index by which the key was known, so that all parties of a job
            mean the same one; None for the newest now.

    Raises:
        NotFound: It has none.
    """
    return PaillierPublicKey.from_bytes(_newest(view, agency, "he", "Paillier", at))


def job_key(view: View, parties: Parties, at: int | None = None) -> PaillierPublicKey:
    """The key that the values of a job are encrypted under.

    Args:
        view: The ledger.
        parties: Of the job.
        at: As for `he_key`.

    Raises:
        NotFound: The custodian has none, or there is no such epoch.
    """
    if parties.custodian is None:
        return query.threshold_epoch(view, parties.epoch or 0).opened.public
    return he_key(view, parties.custodian, at)


def seal_key(view: View, agency: str) -> SealPublicKey:
    """The key under which messages to an agency are sealed: its newest.

    Raises:
        NotFound: It has none.
    """
    return SealPublicKey(_newest(view, agency, "seal", "sealing"))


def _newest(
    view: View, agency: str, use: str, noun: str, at: int | None = None
) -> bytes:
    found = {
        kid: key
        for kid, key in query.keys_of(view, agency, use).items()
        if at is None or key.since <= at
    }
    if not found:
        raise NotFound(
            f"expected a {noun} key of {agency} on the ledger, found none",
            fix=f"{agency} adds one with `privshare key rotate`.",
            detail={"party": agency},
        )
    kid = max(found, key=lambda kid: (found[kid].since, kid))
    return unb64u(found[kid].pub)
