"""Rules for what is said with a proof: `statement.*`, `reg.open`.

    statement.ring  any member  the signature of somebody in the ring's list in
                                force; the signer stays unnamed
    reg.open        regulator   its part of naming the signer; the one that makes
                                k of them names it
    statement.zk    any member  the digest of a proof; about a dataset, its owner

The ledger verifies ring signatures and openings, as does everybody who replays
it. Proofs stay outside: the ledger holds their digests, and nothing that it
decides depends on one (docs/adr/0013-proofs-by-digest.md).

Implements docs/formats/entry.md, sections 4 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.errors import Conflict, EncodingError, NotPermitted, StepNotAllowed
from privshare.ledger import query
from privshare.ledger.query import Reader
from privshare.ledger.ring import (
    KEY_BYTES,
    Opening,
    PartialOpening,
    RingEpoch,
    Statement,
    TagUse,
    keys_of,
    regulators_of,
)
from privshare.ledger.ring_statement import (
    MAX_EPOCH,
    MAX_SIGNATURE,
    Place,
    opening_context,
    statement_id,
    tag_key,
    verify,
)
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_dataset import need_owner, registered
from privshare.ledger.rules_grant import read_id, read_reason
from privshare.ledger.rules_ring import read_ring
from privshare.rights import identifier
from privshare.schemes import escrow as escrows
from privshare.schemes.ring import Regulators
from privshare.schemes.ring_signature import RingSignature
from privshare.wire.canonical import Fields, b64u, unb64u

__all__ = ["RegOpen", "StatementRing", "StatementZk"]

_KIND = r"[a-z][a-z0-9-]{0,31}/v[1-9][0-9]{0,3}"


@dataclass(frozen=True, slots=True)
class StatementRing:
    """Any member hands in what an unnamed member of a ring signed."""

    digest: bytes
    epoch: int
    ring: str
    scope: str
    signature: bytes

    @classmethod
    def parse(cls, fields: Fields) -> StatementRing:
        """Read the body."""
        return cls(
            fields.digest("digest"),
            fields.int("epoch", 1, MAX_EPOCH),
            read_ring(fields),
            identifier.SCOPE.check(fields.str("scope"), "body.scope"),
            fields.bytes("signature", max=MAX_SIGNATURE),
        )

    def place(self, network: str) -> Place:
        """What it was signed for."""
        return Place(network, self.ring, self.epoch, self.scope)

    def rehearse(self, network: str, reader: Reader) -> None:
        """Verify the signature before the transaction has its place.

        What verified is remembered, so that `apply` does not spend the time of
        those who wait behind it.

        Raises:
            NotFound, StepNotAllowed, EncodingError, SignatureInvalid: As `apply`.
        """
        self._verified(network, reader, self._in_force(reader))

    def apply(self, context: Context) -> None:
        """Enter the statement, and count it for its tag."""
        draft, network = context.draft, context.genesis.network
        held = self._in_force(draft)
        signature = self._verified(network, draft, held)
        place, tag = self.place(network), signature.tag
        name = statement_id(place, tag, self.digest)
        known = draft.get(f"statement/{name}")
        if known is not None:
            raise Conflict(
                f"expected a new statement, found {name} of index {known['at']}",
                detail={
                    "id": name,
                    "index": known["at"],
                    "rule": "statement.repeated",
                },
            )
        use = self._counted(context, held, tag_key(place, tag))
        escrow = signature.escrow
        made = Statement(
            account=context.account,
            at=context.index,
            digest=b64u(self.digest),
            ring=self.ring,
            epoch=self.epoch,
            scope=self.scope,
            tag=b64u(tag),
            number=use.count,
            escrow=None if escrow is None else b64u(escrow.to_bytes()),
        )
        draft.put(f"statement/{name}", made.to_json())
        if escrow is not None:
            draft.put(f"opening/{name}", Opening().to_json())

    def _in_force(self, reader: Reader) -> RingEpoch:
        held = query.ring_epoch(reader, self.ring, self.epoch)
        if held.status != "active":
            raise StepNotAllowed(
                f"expected a ring in force, found epoch {self.epoch} of {self.ring} "
                f"{held.status}",
                fix="Sign for the epoch that is in force.",
                detail={"rule": "ring.status"},
            )
        return held

    def _verified(self, network: str, reader: Reader, held: RingEpoch) -> RingSignature:
        return verify(
            self.signature,
            self.digest,
            self.place(network),
            keys_of(reader, held),
            regulators_of(reader, held),
        )

    def _counted(self, context: Context, held: RingEpoch, key: str) -> TagUse:
        before = query.tag_use(context.draft, key)
        if before is None:
            use = TagUse(1, context.index, context.index)
        elif held.repeat == "refuse":
            raise NotPermitted(
                "expected one statement of a member in this scope, found one of the "
                f"same member at index {before.last}",
                detail={"rule": "statement.repeat", "index": before.last},
            )
        else:
            use = replace(before, count=before.count + 1, last=context.index)
        context.draft.put(key, use.to_json())
        return use


@dataclass(frozen=True, slots=True)
class RegOpen:
    """A regulator gives its part of naming who made a statement."""

    opening: bytes
    reason: str
    statement: str

    @classmethod
    def parse(cls, fields: Fields) -> RegOpen:
        """Read the body."""
        opening = fields.bytes("opening", escrows.PARTIAL_BYTES)
        return cls(opening, read_reason(fields), read_id(fields, "statement"))

    def apply(self, context: Context) -> None:
        """Enter the part; the one that makes it enough names the signer."""
        draft = context.draft
        made = query.statement(draft, self.statement)
        held = query.ring_epoch(draft, made.ring, made.epoch)
        index = None
        if held.regulators is not None:
            index = held.regulators.index(context.account)
        need(
            index is not None,
            "opening.regulator",
            f"expected a regulator of epoch {made.epoch} of {made.ring}, found "
            f"{context.account}",
        )
        opening = query.opening(draft, self.statement) or Opening()
        self._check_open(context, opening)
        regulators = regulators_of(draft, held)
        if regulators is None or made.escrow is None:
            raise StepNotAllowed("expected a ring with regulators, found none")
        escrow = escrows.Escrow.from_bytes(unb64u(made.escrow))
        mine = PartialOpening(context.account, context.index, b64u(self.opening))
        part = self._verified(context, escrow, regulators)
        if part.index != index:
            raise EncodingError(
                f"body.opening: expected the part of regulator {index}, found that of "
                f"{part.index}"
            )
        opening = replace(opening, partials=(*opening.partials, mine))
        if len(opening.partials) == regulators.threshold:
            parts = [_part(one) for one in opening.partials]
            member = escrows.combine(escrow, regulators, keys_of(draft, held), parts)
            opening = replace(opening, opened=context.index, member=b64u(member))
        draft.put(f"opening/{self.statement}", opening.to_json())

    def _check_open(self, context: Context, opening: Opening) -> None:
        if opening.opened is not None:
            raise StepNotAllowed(
                "expected a statement whose signer is unnamed, found it named at index "
                f"{opening.opened}",
                detail={"rule": "opening.opened"},
            )
        if any(one.agency == context.account for one in opening.partials):
            raise Conflict(
                f"expected a part that {context.account} has not given yet, found one "
                "that it has",
                detail={"rule": "opening.repeated"},
            )

    def _verified(
        self, context: Context, escrow: escrows.Escrow, regulators: Regulators
    ) -> escrows.Partial:
        bound = opening_context(
            context.genesis.network, self.statement, context.account, self.reason
        )
        return escrows.verify_partial(self.opening, escrow, regulators, bound)


def _part(one: PartialOpening) -> escrows.Partial:
    """A part as it verified when it was entered."""
    data = unb64u(one.opening)
    return escrows.Partial(data[0], data[1 : 1 + KEY_BYTES])


@dataclass(frozen=True, slots=True)
class StatementZk:
    """A member says that it holds a proof, and of what kind."""

    kind: str
    proof: str
    subject: str | None

    @classmethod
    def parse(cls, fields: Fields) -> StatementZk:
        """Read the body."""
        subject = fields.nullable("subject", fields.str)
        if subject is not None:
            identifier.DATASET.check(subject, "body.subject")
        kind = fields.str("kind", max=64, pattern=_KIND)
        return cls(kind, b64u(fields.digest("proof")), subject)

    def apply(self, context: Context) -> None:
        """Change nothing; about a dataset only its owner may speak."""
        if self.subject is not None:
            need_owner(context, self.subject)
            registered(context, self.subject)
