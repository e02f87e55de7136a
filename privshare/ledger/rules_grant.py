"""Rules for rights: the `grant.*` kinds.

What may follow what, and what the counters allow, is `rights.grant`; here
stands who may take each step, and what a step means for the grants below.

    who         requests: the grantee · offers: the owner · accepts: the grantee
                refuses: the owner a request, the grantee an offer
                delegates: the parent's grantee
                revokes: the owner, the grantee, the agency that delegated

Implements docs/formats/entry.md, section 4.6.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import Conflict, NotFound
from privshare.ledger import query
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_dataset import need_owner, registered
from privshare.rights import grant as steps
from privshare.rights import identifier
from privshare.rights.grant import REASON, Grant
from privshare.rights.terms import Terms
from privshare.wire.canonical import Fields, b64u

_CASCADE = "a grant above it was revoked"


def read_id(fields: Fields, name: str) -> str:
    """Read the id of a grant, use, job or statement."""
    return identifier.ID.check(fields.str(name), f"body.{name}")


def read_reason(fields: Fields) -> str:
    """Read the field `reason`: one line of text."""
    return fields.str("reason", max=steps.MAX_REASON, pattern=REASON)


def write_grant(context: Context, grant_id: str, grant: Grant) -> None:
    """Put a grant back."""
    context.draft.put(f"grant/{grant_id}", grant.to_json())


def need_grantee(context: Context, grant: Grant) -> None:
    """Refuse anybody but the grantee.

    Raises:
        NotPermitted: The account is not the grantee.
    """
    grantee = grant.terms.grantee
    need(
        context.account == grantee,
        "grant.grantee",
        f"expected {grantee}, the grantee, found {context.account}",
    )


def _check_current_policy(context: Context, terms: Terms) -> None:
    """An offer is made under the policy in force, not under an older one."""
    held = registered(context, terms.dataset)
    if b64u(terms.policy) != held.policy:
        raise Conflict(
            f"expected terms under policy {held.policy}, found {b64u(terms.policy)}",
            fix="Read the dataset again and decide by its present policy.",
            detail={"policy": held.policy},
        )


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """A grantee asks for a right; the transaction's id becomes the grant's."""

    terms: Terms

    @classmethod
    def parse(cls, fields: Fields) -> GrantRequest:
        """Read the body."""
        return cls(Terms.from_json(fields.json("terms")))

    def apply(self, context: Context) -> None:
        """Enter the grant as requested."""
        grant = steps.request(self.terms, at=context.index)
        need_grantee(context, grant)
        registered(context, self.terms.dataset)
        write_grant(context, context.tx_id, grant)


@dataclass(frozen=True, slots=True)
class GrantOffer:
    """An owner answers a request; with the terms requested it is active."""

    grant: str
    terms: Terms

    @classmethod
    def parse(cls, fields: Fields) -> GrantOffer:
        """Read the body."""
        return cls(read_id(fields, "grant"), Terms.from_json(fields.json("terms")))

    def apply(self, context: Context) -> None:
        """Take the step `offer`."""
        grant = query.grant(context.draft, self.grant)
        need_owner(context, grant.terms.dataset)
        offered = steps.offer(grant, self.terms, at=context.index)
        _check_current_policy(context, self.terms)
        write_grant(context, self.grant, offered)


@dataclass(frozen=True, slots=True)
class GrantAccept:
    """A grantee accepts the terms with this digest."""

    grant: str
    terms: bytes

    @classmethod
    def parse(cls, fields: Fields) -> GrantAccept:
        """Read the body."""
        return cls(read_id(fields, "grant"), fields.digest("terms"))

    def apply(self, context: Context) -> None:
        """Take the step `accept`; a parent must still be in force."""
        grant = query.grant(context.draft, self.grant)
        need_grantee(context, grant)
        if grant.parent is not None:
            query.grant(context.draft, grant.parent).in_force()
        accepted = steps.accept(grant, self.terms, at=context.index)
        write_grant(context, self.grant, accepted)


@dataclass(frozen=True, slots=True)
class GrantRefuse:
    """The other side turns a request or an offer down."""

    grant: str
    reason: str
    rule: str | None

    @classmethod
    def parse(cls, fields: Fields) -> GrantRefuse:
        """Read the body."""
        rule = fields.nullable("rule", fields.str, pattern=identifier.RULE.pattern)
        return cls(read_id(fields, "grant"), read_reason(fields), rule)

    def apply(self, context: Context) -> None:
        """Take the step `refuse`."""
        grant = query.grant(context.draft, self.grant)
        if grant.status == "offered":
            need_grantee(context, grant)
        else:
            need_owner(context, grant.terms.dataset)
        refused = steps.refuse(
            grant, reason=self.reason, rule=self.rule, at=context.index
        )
        write_grant(context, self.grant, refused)


@dataclass(frozen=True, slots=True)
class GrantRevoke:
    """A grant ends, and with it, in the same entry, every grant below it."""

    grant: str
    reason: str

    @classmethod
    def parse(cls, fields: Fields) -> GrantRevoke:
        """Read the body."""
        return cls(read_id(fields, "grant"), read_reason(fields))

    def apply(self, context: Context) -> None:
        """Take the step `revoke` here and for each living descendant."""
        grant = query.grant(context.draft, self.grant)
        self._check_account(context, grant)
        revoked = steps.revoke(grant, reason=self.reason, at=context.index)
        write_grant(context, self.grant, revoked)
        for below in context.descendants(self.grant):
            child = query.grant(context.draft, below)
            if not child.is_over:
                ended = steps.revoke(
                    child, reason=_CASCADE, rule="grant.parent", at=context.index
                )
                write_grant(context, below, ended)

    def _check_account(self, context: Context, grant: Grant) -> None:
        allowed = {grant.terms.owner, grant.terms.grantee}
        if grant.parent is not None:
            allowed.add(query.grant(context.draft, grant.parent).terms.grantee)
        need(
            context.account in allowed,
            "grant.party",
            f"expected one of {', '.join(sorted(allowed))}, found {context.account}",
        )


@dataclass(frozen=True, slots=True)
class GrantDelegate:
    """A grantee offers a part of its right to another agency."""

    parent: str
    terms: Terms

    @classmethod
    def parse(cls, fields: Fields) -> GrantDelegate:
        """Read the body."""
        return cls(read_id(fields, "parent"), Terms.from_json(fields.json("terms")))

    def apply(self, context: Context) -> None:
        """Enter the child as offered; the transaction's id becomes its id."""
        parent = query.grant(context.draft, self.parent)
        need_grantee(context, parent)
        registered(context, self.terms.dataset)
        if context.draft.get(f"agency/{self.terms.grantee}") is None:
            raise NotFound(f"expected a member, found no agency {self.terms.grantee}")
        child = steps.delegate(
            parent, self.terms, parent_id=self.parent, at=context.index
        )
        write_grant(context, context.tx_id, child)
