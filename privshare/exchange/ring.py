"""Rings: registered, spoken through, and opened by regulators together.

    owner      keys ─► register ─► ring.register, ring.extend
    anybody    SignedStatement ─► relay ─► statement.ring   (nobody is logged)
    regulator  message ─► open_statement ─► reg.open

A relayed statement's text stays with the node that took it, and is handed to
the ring's owner and its regulators alone; whoever gets it holds it against the
ledger. It is kept before the statement is on the ledger, so no statement stands
there whose text is lost.

Implements docs/protocols/ring.md and docs/formats/entry.md, section 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from privshare.errors import (
    Conflict,
    NotFound,
    NotPermitted,
    OutOfRange,
    StepNotAllowed,
    VerificationError,
)
from privshare.exchange import drawer
from privshare.exchange.node import Node
from privshare.jobs.requirement import MESSAGE
from privshare.ledger import query
from privshare.ledger.api import Committed, View
from privshare.ledger.ring import (
    Opening,
    RegulatorKey,
    RegulatorSet,
    RingEpoch,
    Statement,
    keys_of,
    regulators_of,
)
from privshare.ledger.ring_statement import (
    SALT_BYTES,
    SignedStatement,
    message_digest,
    opening_context,
    statement_id,
    verify,
)
from privshare.ledger.rules_ring import MAX_PAGE
from privshare.ledger.transaction import parse
from privshare.rights import identifier
from privshare.schemes.escrow import Escrow, partial_opening
from privshare.schemes.ring import MIN_THRESHOLD, Ring
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u

__all__ = [
    "Message",
    "Opened",
    "Registered",
    "Relayed",
    "message",
    "open_statement",
    "register",
    "relay",
    "serve_message",
    "tx_id",
]

_KEPT = "statement:"
_MAX_KEPT = 1 << 18


@dataclass(frozen=True, slots=True)
class Registered:
    """A ring as the ledger has it now."""

    ring: str
    epoch: int
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Relayed:
    """A statement that is on the ledger.

    Attributes:
        id: The statement's.
        tx: The transaction's, and the receipt's.
        index: Log index.
        tag: What links its author's statements in this scope, base64url.
        number: Which of them it is, from 1.
    """

    id: str
    tx: str
    index: int
    tag: str
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """A statement's text, held against the ledger."""

    message: bytes
    salt: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """How far the opening of a statement has come.

    Attributes:
        id: The statement's.
        member: The author's public key, base64url, once it is open.
        missing: How many more regulators it takes.
    """

    id: str
    member: str | None
    missing: int


def register(
    node: Node,
    name: str,
    keys: Sequence[bytes],
    *,
    regulators: Sequence[str] = (),
    threshold: int = 0,
    repeat: str = "link",
    person: str = "",
) -> Registered:
    """Register a ring of this agency, or the next epoch of one.

    Args:
        node: The owner's.
        name: The part behind the slash.
        keys: The members', in any order.
        regulators: Agencies that open together; none for nobody.
        threshold: How many of them it takes.
        repeat: `link` or `refuse`.
        person: Who asked.

    Raises:
        EncodingError: A key that is none, or twice.
        OutOfRange: Too few or too many keys or regulators.
        NotFound: A regulator that is no member, or has no key for it.
        PrivShareError: What the ledger's rules say.
    """
    made = Ring.of(keys)
    full = f"{node.agency}/{name}"
    view = node.view()
    epoch = query.ring(view, full).newest + 1
    pages = [made.keys[i : i + MAX_PAGE] for i in range(0, len(made), MAX_PAGE)]
    openers = _regulators(view, regulators, threshold)
    body: dict[str, Json] = {
        "epoch": epoch,
        "keys": b64u(b"".join(pages[0])),
        "more": len(pages) > 1,
        "regulators": None if openers is None else cast(Json, openers.to_json()),
        "repeat": repeat,
        "ring": full,
    }
    committed = _put(node, "ring.register", body, person)
    for number, page in enumerate(pages[1:], start=2):
        body = {
            "epoch": epoch,
            "keys": b64u(b"".join(page)),
            "more": number < len(pages),
            "ring": full,
        }
        committed = _put(node, "ring.extend", body, person)
    node.ledger.sync(committed.index, timeout_s=node.commit_timeout_s)
    held = query.ring_epoch(node.view(), full, epoch)
    return Registered(full, epoch, held.size, held.digest or "")


def relay(node: Node, signed: SignedStatement) -> Relayed:
    """Check an anonymous statement and put it on the ledger.

    Sent again, it gives the answer of the first time; its text is kept here, too.

    Args:
        node: Any agency's.
        signed: As it came; who brought it is nobody's business.

    Raises:
        VerificationError: It is for another network.
        NotFound: There is no such ring or epoch.
        StepNotAllowed: The epoch is not in force.
        SignatureInvalid: None of the ring's members signed this.
        EncodingError: The signature has another form.
        NotPermitted: A second statement where the ring takes one.
    """
    place = signed.place
    if place.network != node.network:
        raise VerificationError(
            f"expected a statement in {node.network}, found one in {place.network}"
        )
    view = node.view()
    held = query.ring_epoch(view, place.ring, place.epoch)
    if held.digest is None:
        raise _not_in_force(held)
    found = verify(
        signed.signature,
        signed.digest,
        place,
        keys_of(view, held),
        regulators_of(view, held),
    )
    name = statement_id(place, found.tag, signed.digest)
    text = Message(signed.message, signed.salt)
    before = _known(view, name)
    if before is not None:
        if _kept(node, name) is None:  # another node took it, and may not have it
            _keep(node, name, text)
            _file(node, name, tx_id(node, before.at), before.at)
        return _relayed(node, name, before)
    if held.status != "active":
        raise _not_in_force(held)
    _keep(node, name, text)
    try:
        committed = node.submit("statement.ring", signed.body())
    except Conflict as error:
        if error.detail.get("rule") != "statement.repeated":
            raise
        index = error.detail.get("index")
        if isinstance(index, int):
            node.ledger.sync(index, timeout_s=node.commit_timeout_s)
        return _relayed(node, name, query.statement(node.view(), name))
    except NotPermitted as error:
        if error.detail.get("rule") == "statement.repeat":  # refused for good
            node.store.drop_blobs(_KEPT + name)
        raise
    _file(node, name, committed.id, committed.index)
    return _relayed(node, name, query.statement(node.view(), name))


def message(node: Node, statement_id: str) -> Message:
    """The text of a statement: from here, or from the node that took it.

    Raises:
        NotFound: No such statement, or its text is nowhere.
        NotPermitted: We are neither the ring's owner nor a regulator.
        VerificationError: What the other node sent is another text.
        Unavailable: The other node does not answer.
    """
    made = _readable(node.view(), node.agency, statement_id)
    kept = _kept(node, statement_id)
    if kept is not None:
        return kept
    path = f"/v1/peer/statements/{statement_id}/message"
    answer = Fields(node.peers.call(made.account, "GET", path), where="answer")
    found = Message(
        unb64u(answer.str("message", max=_MAX_KEPT)), answer.bytes("salt", SALT_BYTES)
    )
    answer.end()
    if b64u(message_digest(found.salt, found.message)) != made.digest:
        raise VerificationError(
            f"expected of {made.account} the text that the statement commits to, "
            "found another",
            detail={"party": made.account},
        )
    _keep(node, statement_id, found)
    _file(node, statement_id, tx_id(node, made.at), made.at)
    return found


def serve_message(node: Node, caller: str, statement_id: str) -> dict[str, Json]:
    """The text of a statement, for a regulator of its ring or the owner.

    Raises:
        NotPermitted: The caller is neither: rule `statement.reader`.
        NotFound: No such statement, or its text is not here.
    """
    _readable(node.view(), caller, statement_id)
    kept = _kept(node, statement_id)
    if kept is None:
        raise NotFound("expected the text of this statement here, found none")
    return {"message": b64u(kept.message), "salt": b64u(kept.salt)}


def open_statement(
    node: Node, statement_id: str, reason: str, *, person: str = ""
) -> Opened:
    """Give this agency's part of naming a statement's author.

    Args:
        node: A regulator's.
        statement_id: Which statement.
        reason: On the ledger, beside the part.
        person: Who asked.

    Raises:
        NotFound: No such statement; or this node has not the key that the
            ring names.
        NotPermitted: The agency is no regulator of the ring.
        StepNotAllowed: The ring has none; or the author is named already.
        Conflict: The agency has given its part.
    """
    view = node.view()
    made = query.statement(view, statement_id)
    held = query.ring_epoch(view, made.ring, made.epoch)
    regulators = regulators_of(view, held)
    if regulators is None or held.regulators is None or made.escrow is None:
        raise StepNotAllowed(
            f"expected a ring with regulators, found {made.ring} without",
            detail={"rule": "opening.regulator"},
        )
    index = held.regulators.index(node.agency)
    if index is None:
        raise NotPermitted(
            f"expected a regulator of {made.ring}, found {node.agency}",
            detail={"rule": "opening.regulator"},
        )
    wanted = regulators.keys[index - 1]
    keys = [key for key in node.keys.opening if key.public == wanted]
    if not keys:
        raise NotFound(
            f"expected the key {held.regulators.keys[index - 1].kid} on this node, "
            "found none like it",
            fix="put the key that the ring names back into the node's key folder",
        )
    bound = opening_context(node.network, statement_id, node.agency, reason)
    escrow = Escrow.from_bytes(unb64u(made.escrow))
    part = partial_opening(escrow, regulators, keys[0], bound)
    body: dict[str, Json] = {
        "opening": b64u(part),
        "reason": reason,
        "statement": statement_id,
    }
    committed = node.submit("reg.open", body)
    node.store.log_use(
        node.clock(), node.agency, "ring.open", person=person, subject=statement_id
    )
    drawer.file(node, "ring.opening", committed, statement_id)
    opening = query.opening(node.view(), statement_id) or Opening()
    missing = max(0, held.regulators.threshold - len(opening.partials))
    return Opened(statement_id, opening.member, missing)


def _regulators(
    view: View, agencies: Sequence[str], threshold: int
) -> RegulatorSet | None:
    """The regulators of a new list, each with its newest key."""
    if not agencies and not threshold:
        return None
    if not MIN_THRESHOLD <= threshold <= len(set(agencies)):
        raise OutOfRange(
            f"expected a threshold from {MIN_THRESHOLD} to the number of regulators, "
            f"found {threshold} of {len(set(agencies))}"
        )
    keys = []
    for agency in sorted(set(agencies)):
        held = query.keys_of(view, agency, "open")
        if not held:
            raise NotFound(
                f"expected a key of {agency} with use open on the ledger, found none",
                fix=f"name another regulator, or ask {agency} to enrol one",
            )
        kid = max(held, key=lambda kid: (held[kid].since, kid))
        keys.append(RegulatorKey(agency, kid))
    return RegulatorSet(tuple(keys), threshold)


def _put(node: Node, kind: str, body: Mapping[str, Json], person: str) -> Committed:
    committed = node.submit(kind, body)
    node.store.log_use(
        node.clock(), node.agency, kind, person=person, subject=committed.id
    )
    drawer.file(node, "ledger.entry", committed, committed.id)
    return committed


def _readable(view: View, agency: str, statement_id: str) -> Statement:
    """A statement whose text this agency may read: the owner, the regulators."""
    made = query.statement(view, statement_id)
    held = query.ring_epoch(view, made.ring, made.epoch)
    readers = {identifier.owner_of(made.ring)}
    if held.regulators is not None:
        readers |= set(held.regulators.agencies)
    if agency not in readers:
        raise NotPermitted(
            f"expected the owner of {made.ring} or a regulator, found {agency}",
            detail={"rule": "statement.reader"},
        )
    return made


def _not_in_force(held: RingEpoch) -> StepNotAllowed:
    return StepNotAllowed(
        f"expected a ring in force, found epoch {held.epoch} of {held.ring} "
        f"{held.status}",
        fix="sign for the epoch that is in force",
        detail={"rule": "ring.status"},
    )


def _known(view: View, name: str) -> Statement | None:
    try:
        return query.statement(view, name)
    except NotFound:
        return None


def _relayed(node: Node, name: str, made: Statement) -> Relayed:
    return Relayed(name, tx_id(node, made.at), made.at, made.tag, made.number)


def tx_id(node: Node, index: int) -> str:
    """The id of the transaction at a log index."""
    return parse(node.ledger.entry(index)).id


def _file(node: Node, name: str, tx_id: str, index: int) -> None:
    """File the receipt of a statement whose text is here."""
    kept = _kept(node, name)
    if kept is None:
        return
    drawer.file_at(
        node,
        "statement.ring",
        tx_id,
        index,
        name,
        evidence={"salt": b64u(kept.salt)},
        attachments={MESSAGE: kept.message},
    )


def _keep(node: Node, name: str, text: Message) -> None:
    kept = encode({"message": b64u(text.message), "salt": b64u(text.salt)})
    node.store.put_blob(_KEPT + name, MESSAGE, kept)


def _kept(node: Node, name: str) -> Message | None:
    data = node.store.blob(_KEPT + name, MESSAGE)
    if data is None:
        return None
    value = cast(dict[str, Any], decode(data, max_bytes=_MAX_KEPT))
    return Message(unb64u(value["message"]), unb64u(value["salt"]))
