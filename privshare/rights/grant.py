"""A grant: terms with a life, and counters that never run over.

The steps are pure functions from a grant to the next one. They know what may
follow what, and what the counters allow; who may take a step is the business
of the ledger's rules, which call them.

               offer (same terms)
    requested ────────────────────────────► active ──► exhausted
        │    └──► offered ── accept ──────────┘│  ▲      (last use settled)
        │            │  ▲                      │  └─ reserve, settle, release
      refuse       refuse │ delegate           │
        ▼            ▼    └─ (from a parent)   ▼
     refused      refused                   revoked  (from any living state)

    ledger    rules ─► request, offer, accept, ... ─► `grant/<id>` in the state

That a grant has expired is no step: nobody acts when time passes, so it
follows from the terms and the ledger's time (`Terms.check_period`).

Source: PrivShare's own; `grant/<id>` in docs/formats/entry.md. Reserving first
and settling after is how DESIGN keeps races from costing privacy.

>>> from dataclasses import replace
>>> terms = Terms(
...     dataset="taxes/returns-2025", grantee="housing", right="process",
...     purpose="housing-policy", operations=("sum",), programs=("he.sum/v2",),
...     columns=("tax_paid",), group_by=(), not_before=0, not_after=9, uses=1,
...     budget=500, output="aggregate", k=20, delegable=0, obligations=(),
...     policy=bytes(32))
>>> grant = request(terms, at=4)
>>> grant = offer(grant, terms, at=5)
>>> grant.status, grant.active
('active', 5)
>>> grant = reserve(grant, charge=200, at=6)
>>> grant = settle(grant, charge=200, at=7)
>>> grant.status, grant.used, grant.spent
('exhausted', 1, 200)
>>> reserve(grant, charge=0, at=8)
Traceback (most recent call last):
privshare.errors.NotPermitted: expected a grant with uses left, found one that \
is exhausted
"""

from __future__ import annotations

from dataclasses import replace

from privshare.errors import NotPermitted, OutOfRange, StepNotAllowed
from privshare.rights.standing import (
    LIVING,
    MAX_DEPTH,
    MAX_REASON,
    REASON,
    Grant,
    Status,
)
from privshare.rights.terms import Terms
from privshare.wire.canonical import INTEGER_LIMIT, b64u

__all__ = [
    "LIVING",
    "MAX_DEPTH",
    "MAX_REASON",
    "REASON",
    "Grant",
    "Status",
    "Terms",
    "accept",
    "delegate",
    "offer",
    "refuse",
    "release",
    "request",
    "reserve",
    "revoke",
    "settle",
]

_MOST = INTEGER_LIMIT - 1


def request(terms: Terms, *, at: int) -> Grant:
    """Ask for a right.

    Args:
        terms: What the grantee asks for.
        at: Log index of the entry; so in every step below.
    """
    return Grant(terms=terms, status="requested", requested=at)


def offer(grant: Grant, terms: Terms, *, at: int) -> Grant:
    """Answer a request with terms; the same terms put it in force at once.

    Raises:
        StepNotAllowed: It is not `requested`.
        NotPermitted: Another dataset or another grantee than was asked for:
            rule `grant.offer`.
    """
    _step(grant, "offer", at, "requested")
    asked = (grant.terms.dataset, grant.terms.grantee)
    if (terms.dataset, terms.grantee) != asked:
        raise NotPermitted(
            f"expected an offer of {asked[0]} to {asked[1]}, found one of "
            f"{terms.dataset} to {terms.grantee}",
            detail={"rule": "grant.offer"},
        )
    if terms == grant.terms:
        return replace(grant, status="active", offered=at, active=at)
    return replace(grant, terms=terms, status="offered", offered=at)


def accept(grant: Grant, terms: bytes, *, at: int) -> Grant:
    """Accept an offer.

    Args:
        grant: An offered one.
        terms: Digest of the terms that the grantee has read.
        at: Log index of the entry.

    Raises:
        StepNotAllowed: It is not `offered`.
        NotPermitted: The offer has other terms: rule `grant.terms`.
    """
    _step(grant, "accept", at, "offered")
    if terms != grant.terms.digest():
        raise NotPermitted(
            f"expected the digest {b64u(grant.terms.digest())} of the terms that "
            f"were offered, found {b64u(terms)}",
            fix="Read the grant again and accept the terms it holds.",
            detail={"rule": "grant.terms"},
        )
    return replace(grant, status="active", active=at)


def refuse(grant: Grant, *, reason: str, rule: str | None, at: int) -> Grant:
    """Turn down a request or an offer.

    Args:
        grant: A requested or an offered one.
        reason: One line for people.
        rule: The rule of the policy that led to it, or None.
        at: Log index of the entry.

    Raises:
        StepNotAllowed: It is neither `requested` nor `offered`.
        EncodingError: A reason or a rule of another form.
    """
    _step(grant, "refuse", at, "requested", "offered")
    return replace(grant, status="refused", ended=at, reason=reason, rule=rule)


def revoke(grant: Grant, *, reason: str, at: int, rule: str | None = None) -> Grant:
    """End a grant before its time. Uses under way can only be released.

    The same step ends its descendants: the ledger takes it for each of them,
    in the same entry, with rule `grant.parent`.

    Raises:
        StepNotAllowed: It is over already.
        EncodingError: A reason or a rule of another form.
    """
    _step(grant, "revoke", at, "requested", "offered", "active")
    return replace(grant, status="revoked", ended=at, reason=reason, rule=rule)


def delegate(parent: Grant, terms: Terms, *, parent_id: str, at: int) -> Grant:
    """Offer a part of a grant to another agency.

    Args:
        parent: A grant in force.
        terms: What is passed on: inside the parent's terms.
        parent_id: Id of the parent.
        at: Log index of the entry.

    Returns:
        The child, `offered`. Its uses and its budget are counted in the
        parent too, so the parent is not changed here.

    Raises:
        GrantRevoked, GrantMissing, NotPermitted: The parent is not in force,
            or the terms are wider than its own: rule `grant.inside.<field>`.
    """
    terms.inside(parent.in_force())
    _check_index(parent, at)
    return Grant(
        terms=terms,
        status="offered",
        requested=at,
        offered=at,
        parent=parent_id,
        depth=parent.depth + 1,
    )


def reserve(grant: Grant, *, charge: int, at: int) -> Grant:
    """Hold one use and its charge, before anything runs.

    A use of a delegated grant is reserved in it and in every grant above it.

    Args:
        grant: A grant in force.
        charge: Privacy cost in micro-epsilon, 0 or more.
        at: Log index of the entry.

    Raises:
        GrantRevoked, GrantMissing: The grant is not in force.
        NotPermitted: No use is left (rule `grant.uses`), or not enough budget
            (rule `grant.budget`).
        OutOfRange: A negative charge.
    """
    terms = grant.in_force()
    _check_index(grant, at)
    _check_charge(charge)
    if grant.used + grant.reserved >= terms.uses:
        raise NotPermitted(
            f"expected a use left of {terms.uses}, found {grant.used} used and "
            f"{grant.reserved} under way",
            detail={"rule": "grant.uses", "uses": terms.uses},
        )
    left = terms.budget - grant.spent - grant.held
    if charge > left:
        raise NotPermitted(
            f"expected a charge of at most {left} micro-epsilon, found {charge}",
            detail={"rule": "grant.budget", "left": left, "charge": charge},
        )
    return replace(grant, reserved=grant.reserved + 1, held=grant.held + charge)


def settle(grant: Grant, *, charge: int, at: int) -> Grant:
    """Book a use that was reserved; the last one exhausts the grant.

    Args:
        grant: A grant in force, with the use reserved.
        charge: The charge that was reserved.
        at: Log index of the entry.

    Raises:
        GrantRevoked, GrantMissing, NotPermitted: The grant is not in force.
        StepNotAllowed: No such use is reserved.
    """
    terms = grant.in_force()
    _check_reserved(grant, "settle", charge, at)
    used = grant.used + 1
    last = used == terms.uses
    return replace(
        grant,
        status="exhausted" if last else "active",
        ended=at if last else None,
        used=used,
        reserved=grant.reserved - 1,
        spent=grant.spent + charge,
        held=grant.held - charge,
    )


def release(grant: Grant, *, charge: int, at: int) -> Grant:
    """Give back a use that was reserved and did not happen.

    Allowed after the grant has ended, too; it stays ended.

    Args:
        grant: The grant, with the use reserved.
        charge: The charge that was reserved.
        at: Log index of the entry.

    Raises:
        StepNotAllowed: No such use is reserved.
    """
    _check_reserved(grant, "release", charge, at)
    return replace(grant, reserved=grant.reserved - 1, held=grant.held - charge)


def _step(grant: Grant, verb: str, at: int, *states: Status) -> None:
    if grant.status not in states:
        raise StepNotAllowed(
            f"{verb}: expected a grant that is {' or '.join(states)}, found one "
            f"that is {grant.status}",
            detail={"rule": f"grant.{verb}", "status": grant.status},
        )
    _check_index(grant, at)


def _check_index(grant: Grant, at: int) -> None:
    if at < grant.newest:
        raise OutOfRange(f"expected a log index from {grant.newest} on, found {at}")


def _check_charge(charge: int) -> None:
    if not 0 <= charge <= _MOST:
        raise OutOfRange(f"expected a charge of 0 to {_MOST}, found {charge}")


def _check_reserved(grant: Grant, verb: str, charge: int, at: int) -> None:
    _check_index(grant, at)
    _check_charge(charge)
    if grant.reserved < 1 or grant.held < charge:
        raise StepNotAllowed(
            f"{verb}: expected a use under way that holds {charge}, found "
            f"{grant.reserved} under way that hold {grant.held}",
            detail={"rule": f"grant.{verb}", "status": grant.status},
        )
