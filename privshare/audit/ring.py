"""Statements of unnamed members, and the naming of one: steps 5 to 9.

The verifier does not believe the ledger's rules: it goes through the signed
transactions again. The owner's registration makes the list of keys; the ring
signature is verified against exactly these keys; a signer is named when enough
regulators, each under its own signature, gave a part that proves itself.

    Case ─► check_said, check_signed, check_message, told_since
         ─► check_may_open, check_named

Implements docs/formats/receipt.md, section 5, and docs/protocols/ring.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from privshare.audit.case import Case, Found, expect
from privshare.audit.sentence import counted, listed, ordinal, plain, short
from privshare.errors import EvidenceInvalid, NotPermitted
from privshare.jobs.receipt import MAX_ATTACHMENT
from privshare.jobs.requirement import MESSAGE
from privshare.jobs.requirement_statement import subject_of
from privshare.ledger import query
from privshare.ledger.ring import (
    Opening,
    PartialOpening,
    RingEpoch,
    Statement,
    TagUse,
    kept_ring,
    made_ring,
    regulators_of,
)
from privshare.ledger.ring_statement import (
    message_digest,
    opening_context,
    statement_id,
    tag_key,
    verify,
)
from privshare.ledger.rules_ring import RingExtend, RingRegister
from privshare.ledger.rules_statement import RegOpen, StatementRing
from privshare.rights import identifier
from privshare.schemes import escrow as escrows
from privshare.schemes.key_id import key_id
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_signature import RingSignature
from privshare.wire.canonical import Fields, b64u, unb64u
from privshare.wire.digest import sha256

__all__ = [
    "check_may_open",
    "check_message",
    "check_named",
    "check_opened_statement",
    "check_said",
    "check_signed",
    "opening_since",
    "said",
    "statement_since",
]


@dataclass(frozen=True, slots=True)
class Said:
    """A statement in a receipt: what was handed in, and what the state says of it.

    Attributes:
        name: Its id.
        body: Of its transaction.
        made: The state's value.
        held: The list of keys, as the state describes it.
    """

    name: str
    body: StatementRing
    made: Statement
    held: RingEpoch

    def pages(self, case: Case) -> list[bytes]:
        """The keys, as their owner signed them."""
        return [case.trail.statement(index).keys for index in self.held.pages]

    def ring(self, case: Case) -> Ring:
        """The keys as a ring; step 5 has compared it with the registration."""
        return kept_ring(str(self.held.digest), lambda: self.pages(case))


def said(case: Case) -> Said:
    """The statement that a receipt of either operation is about.

    Raises:
        EvidenceInvalid: The subject is about none that the receipt holds.
        EncodingError, NotFound, OutOfRange: Parts of another form.
    """
    if isinstance(case.statement, StatementRing):
        index = case.index
    else:
        opened = cast(RegOpen, case.statement).statement
        index = query.statement(case.state, opened).at
    body = cast(StatementRing, case.trail.statement(index))
    expect(type(body) is StatementRing, "a statement.ring", f"another at {index}")
    name, _ = subject_of(case.trail.transaction(index))
    made = query.statement(case.state, name)
    return Said(name, body, made, query.ring_epoch(case.state, body.ring, body.epoch))


# Step 5


def check_said(case: Case) -> Found:
    """Check that the list of keys was its owner's, and in force.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid: The transactions do not show the list.
    """
    found = said(case)
    details = _check_registered(case, found.held, found.made.at)
    owner = identifier.owner_of(found.body.ring)
    return [
        f"{owner} registered the {found.held.size:,} keys of {found.body.ring}, epoch "
        f"{found.held.epoch}, and the list was in force. Who signs with one of them "
        "needs no other right, nor does who hands the statement in."
    ], details


def check_may_open(case: Case) -> Found:
    """Check that the account is a regulator of the ring that was signed in.

    Returns:
        Sentences and details.

    Raises:
        NotPermitted: It is none.
        EvidenceInvalid: The transactions do not show it.
    """
    found = said(case)
    details = _check_registered(case, found.held, found.made.at)
    regulators = found.held.regulators
    account = case.subject.account
    if regulators is None or regulators.index(account) is None:
        names = "none" if regulators is None else listed(regulators.agencies)
        raise NotPermitted(f"expected a regulator ({names}) to sign, found {account}")
    opening = _opening_of(case, found.name)
    _check_parts(case, opening, regulators.agencies, found.name)
    owner = identifier.owner_of(found.body.ring)
    return [
        f"{account} is one of the regulators that {owner} named when it registered the "
        f"ring ({listed(regulators.agencies)}); {regulators.threshold} of them name a "
        "signer together, fewer cannot."
    ], details


def _check_registered(case: Case, held: RingEpoch, index: int) -> list[str]:
    """Find the owner's signatures under exactly these keys."""
    owner = identifier.owner_of(held.ring)
    last = len(held.pages) - 1
    expect(last >= 0, "transactions with the keys", "none")
    expect(
        list(held.pages) == sorted(set(held.pages)), "pages in their order", "another"
    )
    expect((held.at, held.since) == (held.pages[0], held.pages[-1]), "its pages", "not")
    pages = []
    for number, place in enumerate(held.pages):
        by = case.trail.transaction(place).account
        body = case.trail.statement(place)
        kind = RingExtend if number else RingRegister
        expect(type(body) is kind, f"a {kind.__name__}", type(body).__name__)
        expect(by == owner, f"a page by {owner}", by)
        named = (body.ring, body.epoch, body.more)
        expect(named == (held.ring, held.epoch, number < last), "this list", "another")
        pages.append(body.keys)
    first = cast(RingRegister, case.trail.statement(held.at))
    settled = (first.regulators, first.repeat)
    expect(settled == (held.regulators, held.repeat), "the regulators named", "others")
    ring = made_ring(pages)
    expect(b64u(ring.digest) == held.digest, "the keys registered", "others")
    expect(held.size == len(ring), f"{len(ring)} keys", held.size)
    expect(held.in_use(index), f"a list in force at index {index}", "another")
    for one in held.regulators.keys if held.regulators is not None else ():
        _check_regulator(case, one.agency, one.kid, held.at)
    return [
        f"ring {held.ring}, epoch {held.epoch}: {held.size} keys with digest "
        f"{held.digest}, registered at {', '.join(map(str, held.pages))}, in force "
        f"from {held.since} until {held.until}"
    ]


def _check_regulator(case: Case, agency: str, kid: str, index: int) -> None:
    key = query.key(case.state, agency, kid)
    expect((key.alg, key.use) == ("ristretto255", "open"), "a key that opens", key.use)
    counted_then = key.since < index and (key.until is None or index < key.until)
    expect(counted_then, f"a key of {agency} in use at {index}", "another")
    expect(key_id(key.alg, unb64u(key.pub)) == kid, f"key {kid}", "another")


# Step 7


def check_signed(case: Case) -> Found:
    """Check the ring signature, and what the state says of the statement.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid, SignatureInvalid: Nobody of the ring signed this.
    """
    found = said(case)
    _verified(case, found)
    made, use = found.made, _tag_use(case, found)
    told = [
        f"One of the {found.held.size:,} members signed, and nothing shows which. "
        f"In the scope {plain(made.scope)} it was this member's "
        f"{ordinal(made.number)} statement."
    ]
    if found.held.regulators is not None:
        regulators = found.held.regulators
        told.append(
            f"The member's key lies hidden in the signature, for any "
            f"{regulators.threshold} of {listed(regulators.agencies)} together."
        )
    return told, [
        f"statement {found.name}",
        f"tag {made.tag}: {use.count} in this scope, from index {use.first} to "
        f"{use.last}",
        f"signature of {len(found.body.signature)} bytes",
    ]


def check_named(case: Case) -> Found:
    """Check every regulator's part, and the key that enough of them show.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid, ProofInvalid, SignatureInvalid: They show another key,
            or none.
    """
    found = said(case)
    signature = _verified(case, found)
    regulators = regulators_of(case.state, found.held)
    escrow = signature.escrow
    if regulators is None or escrow is None:
        raise EvidenceInvalid("expected a ring with regulators, found none")
    opening = _opening_of(case, found.name)
    parts = [_part(case, found, one, escrow, regulators) for one in opening.partials]
    who = listed(one.agency for one in opening.partials)
    details = [f"statement {found.name}", f"{len(parts)} of {regulators.threshold}"]
    told = f"The statement's signature verifies, and so does the part of {who}"
    if len(parts) < regulators.threshold:
        expect((opening.member, opening.opened) == (None, None), "nobody named", "one")
        return [
            f"{told}, made with its own key. It takes {regulators.threshold} parts, so "
            "the signer is not named yet."
        ], details
    expect(len(parts) == regulators.threshold, "enough parts and no more", len(parts))
    member = escrows.combine(escrow, regulators, found.ring(case), parts)
    expect(opening.member == b64u(member), "the key that the parts show", "another")
    expect(opening.opened == opening.partials[-1].at, "the last part", opening.opened)
    return [
        f"{told}, each made with its own key. Together they show the key that signed, "
        f"one of the {found.held.size:,} of the ring."
    ], [*details, f"member {opening.member}"]


def _part(
    case: Case,
    found: Said,
    one: PartialOpening,
    escrow: escrows.Escrow,
    regulators: Regulators,
) -> escrows.Partial:
    """A regulator's part, bound to this statement and the reason it gave."""
    body = cast(RegOpen, case.trail.statement(one.at))
    bound = opening_context(case.receipt.network, found.name, one.agency, body.reason)
    part = escrows.verify_partial(body.opening, escrow, regulators, bound)
    named = found.held.regulators
    index = None if named is None else named.index(one.agency)
    expect(part.index == index, f"the part of regulator {index}", part.index)
    return part


def _verified(case: Case, found: Said) -> RingSignature:
    """The signature, once it verifies and the state holds what it says."""
    made, body = found.made, found.body
    place = body.place(case.receipt.network)
    signature = verify(
        body.signature,
        body.digest,
        place,
        found.ring(case),
        regulators_of(case.state, found.held),
    )
    escrow = signature.escrow
    signed = Statement(
        account=case.trail.transaction(made.at).account,
        at=made.at,
        digest=b64u(body.digest),
        ring=body.ring,
        epoch=body.epoch,
        scope=body.scope,
        tag=b64u(signature.tag),
        number=made.number,
        escrow=None if escrow is None else b64u(escrow.to_bytes()),
    )
    expect(made == signed, "the statement that was signed", "another")
    name = statement_id(place, signature.tag, body.digest)
    expect(found.name == name, f"statement {name}", found.name)
    return signature


def _tag_use(case: Case, found: Said) -> TagUse:
    """What the state counts of this member in this scope."""
    made = found.made
    place = found.body.place(case.receipt.network)
    use = query.tag_use(case.state, tag_key(place, unb64u(made.tag)))
    if use is None:
        raise EvidenceInvalid("expected a count of this tag, found none")
    expect(1 <= made.number <= use.count, f"1 to {use.count}", made.number)
    expect(use.first <= made.at <= use.last, "the tag's first and last", "others")
    expect((made.number == 1) == (use.first == made.at), "the tag's first", "another")
    newest = made.number == use.count
    expect(newest == (use.last == made.at), "the tag's newest", "another")
    return use


# Steps 6 and 8


def check_opened_statement(case: Case) -> Found:
    """Step 6 of an opening: the statement is one that the ledger holds.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid: It is another, or from later.
    """
    found = said(case)
    expect(found.name == case.statement.statement, "the statement opened", "another")
    expect(found.made.at < case.index, "a statement from before", found.made.at)
    return [
        f"The statement {short(found.name)} entered the ledger before, at index "
        f"{found.made.at:,}."
    ], []


def check_message(case: Case) -> Found:
    """Step 8: the message attached is the one that was signed.

    Returns:
        Sentences and details.

    Raises:
        Missing: It was not given.
        EvidenceInvalid: It is another.
    """
    data = case.attachment(MESSAGE)
    (item,) = case.receipt.attachments
    if len(data) > MAX_ATTACHMENT:
        raise EvidenceInvalid(f"expected a message of {item.size} bytes, found more")
    expect(item.size == len(data), f"{item.size} bytes", len(data))
    expect(sha256(data) == item.digest, f"SHA-256 {item.digest.hex()}", "another")
    evidence = Fields(case.evidence(), "evidence")
    salt = evidence.bytes("salt", 32)
    digest = message_digest(salt, data)
    expect(digest == case.statement.digest, "the message signed", "another")
    return ["The message enclosed is the one that was signed, byte for byte."], [
        f"SHA-256 {item.digest.hex()}, digest {b64u(digest)}"
    ]


# Step 9


def statement_since(case: Case) -> list[str]:
    """What the same member said later, and whether it was named since."""
    found = said(case)
    _, tag = subject_of(case.subject)
    use = query.tag_use(case.state, tag)
    told = []
    if use is not None and use.count > found.made.number:
        more = counted(use.count - found.made.number, "statement", "statements")
        told.append(
            f"The same member made {more} more in this scope, the last at index "
            f"{use.last:,}."
        )
    if found.held.until is not None:
        told.append(f"The ring's list was {found.held.status} later.")
    opening = query.opening(case.state, found.name)
    if opening is not None and opening.partials:
        told.append(_told_opening(opening))
    return told


def opening_since(case: Case) -> list[str]:
    """Whether the signer was named by a later part."""
    opening = query.opening(case.state, case.statement.statement)
    if opening is None or opening.opened is None or opening.opened == case.index:
        return []
    return [_told_opening(opening)]


def _told_opening(opening: Opening) -> str:
    who = listed(one.agency for one in opening.partials)
    if opening.opened is None:
        return f"{who} asked since that the signer be named; that is not enough yet."
    return (
        f"{who} named the signer at index {opening.opened:,}: the member with the key "
        f"{opening.member}."
    )


def _opening_of(case: Case, name: str) -> Opening:
    opening = query.opening(case.state, name)
    if opening is None:
        raise EvidenceInvalid("expected an opening of this statement, found none")
    return opening


def _check_parts(
    case: Case, opening: Opening, regulators: tuple[str, ...], name: str
) -> None:
    """Every part stands in a transaction of its regulator, and one is the subject."""
    agencies = [one.agency for one in opening.partials]
    expect(len(set(agencies)) == len(agencies), "a part of each once", "more")
    expect(set(agencies) <= set(regulators), "parts of regulators", "others")
    places = [one.at for one in opening.partials]
    expect(places == sorted(set(places)), "parts in their order", "another")
    expect(case.index in places, "the subject's part", "none")
    for one in opening.partials:
        body = case.trail.statement(one.at)
        by = case.trail.transaction(one.at).account
        expect(type(body) is RegOpen, "a reg.open", type(body).__name__)
        expect(by == one.agency, f"a part by {one.agency}", by)
        expect(body.statement == name, "a part for this statement", "another")
        expect(b64u(body.opening) == one.opening, "the part handed in", "another")
