"""A grant's life: which step may follow which, and what the counters allow."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from privshare.errors import (
    EncodingError,
    GrantMissing,
    GrantRevoked,
    NotPermitted,
    OutOfRange,
    StepNotAllowed,
)
from privshare.rights import grant as steps
from privshare.rights.grant import Grant
from privshare.rights.terms import Terms
from privshare.wire.canonical import b64u, decode, encode

PARENT = b64u(b"p" * 32)


@pytest.fixture
def in_state(terms: Terms) -> Callable[[str], Grant]:
    """A grant in each state, reached by steps alone."""

    def reach(state: str) -> Grant:
        requested = steps.request(terms, at=10)
        offered = steps.offer(requested, replace(terms, uses=1), at=11)
        active = steps.accept(offered, offered.terms.digest(), at=12)
        used = steps.reserve(active, charge=5, at=13)
        return {
            "requested": requested,
            "offered": offered,
            "active": active,
            "exhausted": steps.settle(used, charge=5, at=14),
            "refused": steps.refuse(requested, reason="No.", rule="no", at=11),
            "revoked": steps.revoke(used, reason="Stop.", at=14),
        }[state]

    return reach


STEPS: dict[str, Callable[[Grant, int], Grant]] = {
    "offer": lambda grant, at: steps.offer(grant, grant.terms, at=at),
    "accept": lambda grant, at: steps.accept(grant, grant.terms.digest(), at=at),
    "refuse": lambda grant, at: steps.refuse(grant, reason="No.", rule=None, at=at),
    "revoke": lambda grant, at: steps.revoke(grant, reason="Stop.", at=at),
    "reserve": lambda grant, at: steps.reserve(grant, charge=0, at=at),
    "settle": lambda grant, at: steps.settle(grant, charge=0, at=at),
    "release": lambda grant, at: steps.release(grant, charge=5, at=at),
    "delegate": lambda grant, at: steps.delegate(
        grant, replace(grant.terms, delegable=0), parent_id=PARENT, at=at
    ),
}

# What follows on each step from each state: a state, or an error.
TABLE: dict[str, dict[str, Any]] = {
    "requested": {
        "offer": "active",
        "accept": StepNotAllowed,
        "refuse": "refused",
        "revoke": "revoked",
        "reserve": GrantMissing,
        "settle": GrantMissing,
        "release": StepNotAllowed,
        "delegate": GrantMissing,
    },
    "offered": {
        "offer": StepNotAllowed,
        "accept": "active",
        "refuse": "refused",
        "revoke": "revoked",
        "reserve": GrantMissing,
        "settle": GrantMissing,
        "release": StepNotAllowed,
        "delegate": GrantMissing,
    },
    "active": {
        "offer": StepNotAllowed,
        "accept": StepNotAllowed,
        "refuse": StepNotAllowed,
        "revoke": "revoked",
        "reserve": "active",
        "settle": StepNotAllowed,
        "release": StepNotAllowed,
        "delegate": "offered",
    },
    "exhausted": {
        "offer": StepNotAllowed,
        "accept": StepNotAllowed,
        "refuse": StepNotAllowed,
        "revoke": StepNotAllowed,
        "reserve": NotPermitted,
        "settle": NotPermitted,
        "release": StepNotAllowed,
        "delegate": NotPermitted,
    },
    "refused": {
        "offer": StepNotAllowed,
        "accept": StepNotAllowed,
        "refuse": StepNotAllowed,
        "revoke": StepNotAllowed,
        "reserve": GrantMissing,
        "settle": GrantMissing,
        "release": StepNotAllowed,
        "delegate": GrantMissing,
    },
    "revoked": {  # reached with one use under way that holds 5
        "offer": StepNotAllowed,
        "accept": StepNotAllowed,
        "refuse": StepNotAllowed,
        "revoke": StepNotAllowed,
        "reserve": GrantRevoked,
        "settle": GrantRevoked,
        "release": "revoked",
        "delegate": GrantRevoked,
    },
}


@pytest.mark.parametrize("state", TABLE)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_from_each_state(
    in_state: Callable[[str], Grant], state: str, step: str
) -> None:
    """The whole table: where each step leads, and which error says it does not."""
    expected = TABLE[state][step]
    if isinstance(expected, str):
        assert expected == STEPS[step](in_state(state), 20).status
        return
    with pytest.raises(expected) as caught:
        STEPS[step](in_state(state), 20)
    assert expected is type(caught.value)
    assert caught.value.detail["rule"].startswith("grant.")


def test_a_grant_is_laid_out_as_the_state_holds_it(
    in_state: Callable[[str], Grant],
) -> None:
    """Fourteen fields, and each state is read back as it was."""
    for state in TABLE:
        grant = in_state(state)
        assert grant == Grant.from_json(decode(encode(grant.to_json())))
    expected = {
        "terms", "status", "requested", "offered", "active", "ended", "used",
        "reserved", "spent", "held", "parent", "depth", "rule", "reason",
    }  # fmt: skip
    assert expected == set(in_state("active").to_json())


def test_history_holds_the_index_of_each_step(terms: Terms) -> None:
    """A step notes the index of its entry, and nothing else of the past changes."""
    grant = steps.request(terms, at=3)
    assert _history(grant) == (3, None, None, None)
    grant = steps.offer(grant, replace(terms, uses=2), at=5)
    assert _history(grant) == (3, 5, None, None)
    grant = steps.accept(grant, grant.terms.digest(), at=5)
    assert _history(grant) == (3, 5, 5, None)
    grant = steps.revoke(grant, reason="The project ended.", at=9)
    assert _history(grant) == (3, 5, 5, 9)
    assert grant.reason == "The project ended."


def _history(grant: Grant) -> tuple[int, int | None, int | None, int | None]:
    return grant.requested, grant.offered, grant.active, grant.ended


def test_an_offer_of_the_same_terms_puts_the_grant_in_force(terms: Terms) -> None:
    """Who asked for exactly this need not accept it again."""
    grant = steps.offer(steps.request(terms, at=1), terms, at=2)
    assert (grant.status, grant.offered, grant.active) == ("active", 2, 2)


def test_an_offer_keeps_dataset_and_grantee(terms: Terms) -> None:
    """An answer about another dataset or to another agency is no answer."""
    asked = steps.request(terms, at=1)
    for other in (
        replace(terms, grantee="land"),
        replace(terms, dataset="taxes/other"),
    ):
        with pytest.raises(NotPermitted) as caught:
            steps.offer(asked, other, at=2)
        assert caught.value.detail["rule"] == "grant.offer"


def test_only_the_offered_terms_can_be_accepted(terms: Terms) -> None:
    """A grantee accepts by digest; that of its own request does not do."""
    offered = steps.offer(steps.request(terms, at=1), replace(terms, k=99), at=2)
    with pytest.raises(NotPermitted) as caught:
        steps.accept(offered, terms.digest(), at=3)
    assert caught.value.detail["rule"] == "grant.terms"
    assert steps.accept(offered, offered.terms.digest(), at=3).terms.k == 99


def test_the_last_use_exhausts_the_grant(terms: Terms) -> None:
    """Uses are held first and booked after; the third of three is the last."""
    grant = steps.offer(steps.request(terms, at=1), terms, at=2)
    for at in (3, 4, 5):
        grant = steps.reserve(grant, charge=100, at=at)
    assert _counters(grant) == (0, 3, 0, 300)
    with pytest.raises(NotPermitted) as caught:
        steps.reserve(grant, charge=0, at=6)
    assert caught.value.detail["rule"] == "grant.uses"
    grant = steps.settle(grant, charge=100, at=7)
    grant = steps.settle(grant, charge=100, at=8)
    assert grant.status == "active"
    grant = steps.settle(grant, charge=100, at=9)
    assert _counters(grant) == (3, 0, 300, 0)
    assert (grant.status, grant.ended) == ("exhausted", 9)


def _counters(grant: Grant) -> tuple[int, int, int, int]:
    return grant.used, grant.reserved, grant.spent, grant.held


def test_a_released_use_can_be_used_again(terms: Terms) -> None:
    """What did not happen costs neither a use nor budget."""
    one = replace(terms, uses=1)
    grant = steps.offer(steps.request(one, at=1), one, at=2)
    grant = steps.reserve(grant, charge=1_000, at=3)
    grant = steps.release(grant, charge=1_000, at=4)
    assert _counters(grant) == (0, 0, 0, 0)
    assert steps.reserve(grant, charge=1_000, at=5).held == 1_000


def test_the_budget_counts_what_is_held(terms: Terms) -> None:
    """A charge is refused when the rest is only held by a use under way."""
    grant = steps.offer(steps.request(terms, at=1), terms, at=2)
    grant = steps.reserve(grant, charge=600, at=3)
    with pytest.raises(NotPermitted) as caught:
        steps.reserve(grant, charge=401, at=4)
    assert caught.value.detail == {"rule": "grant.budget", "left": 400, "charge": 401}
    assert steps.reserve(grant, charge=400, at=4).held == 1_000


def test_charges_are_counts(terms: Terms) -> None:
    """No charge is negative or beyond what JSON can say."""
    grant = steps.offer(steps.request(terms, at=1), terms, at=2)
    for charge in (-1, 2**53):
        with pytest.raises(OutOfRange):
            steps.reserve(grant, charge=charge, at=3)


def test_no_more_is_settled_or_released_than_was_reserved(terms: Terms) -> None:
    """A use settles once, with no more than it held."""
    grant = steps.offer(steps.request(terms, at=1), terms, at=2)
    grant = steps.reserve(grant, charge=10, at=3)
    for step in (steps.settle, steps.release):
        with pytest.raises(StepNotAllowed):
            step(grant, charge=11, at=4)
        done = step(grant, charge=10, at=4)
        for again in (steps.settle, steps.release):
            with pytest.raises(StepNotAllowed):
                again(done, charge=0, at=5)


def test_a_child_is_offered_below_its_parent(terms: Terms) -> None:
    """A delegation makes an offered grant, one level down; the parent stays."""
    parent = steps.offer(steps.request(terms, at=1), terms, at=2)
    inner = replace(terms, grantee="land", delegable=1)
    child = steps.delegate(parent, inner, parent_id=PARENT, at=4)
    assert (child.status, child.parent, child.depth) == ("offered", PARENT, 1)
    assert _history(child) == (4, 4, None, None)
    child = steps.accept(child, inner.digest(), at=5)
    last = replace(inner, delegable=0)
    grandchild = steps.delegate(child, last, parent_id=b64u(b"c" * 32), at=6)
    assert grandchild.depth == 2


def test_a_child_outside_its_parent_is_refused(terms: Terms) -> None:
    """Nothing can be delegated that was not granted."""
    parent = steps.offer(steps.request(terms, at=1), terms, at=2)
    wider = replace(terms, delegable=0, uses=4)
    with pytest.raises(NotPermitted) as caught:
        steps.delegate(parent, wider, parent_id=PARENT, at=3)
    assert caught.value.detail["rule"] == "grant.inside.uses"


@pytest.mark.parametrize("step", STEPS)
def test_indexes_do_not_go_back(in_state: Callable[[str], Grant], step: str) -> None:
    """An entry cannot act on what a later one made."""
    grants = [in_state(state) for state in TABLE]
    grants.append(steps.reserve(in_state("active"), charge=5, at=13))
    for grant in grants:
        possible = isinstance(TABLE[grant.status][step], str) or (
            step == "settle" and grant.status == "active" and grant.reserved > 0
        )
        if possible:
            with pytest.raises(OutOfRange, match="expected a log index from"):
                STEPS[step](grant, 9)


@pytest.mark.parametrize("reason", ["", "x" * 513, "two\nlines", "bell\x07"])
def test_a_reason_is_one_line(terms: Terms, reason: str) -> None:
    """Reasons are read aloud in reports: one line, and not endless."""
    grant = steps.request(terms, at=1)
    with pytest.raises(EncodingError, match="one line"):
        steps.revoke(grant, reason=reason, at=2)
    with pytest.raises(EncodingError, match="one line"):
        steps.refuse(grant, reason=reason, rule=None, at=2)


BAD_STATE = [
    {"status": "gone"},
    {"status": "active"},  # with no use under way it may be; with ended it may not
    {"offered": None},
    {"active": None},
    {"ended": None},
    {"requested": 13},
    {"requested": -1},
    {"used": 2},
    {"used": -1},
    {"used": 0},
    {"reserved": 1},
    {"spent": 1_001},
    {"held": 1},
    {"depth": 1},
    {"depth": 4, "parent": PARENT},
    {"parent": PARENT},
    {"parent": "x"},
    {"rule": "Not A Rule"},
    {"reason": "a\nb"},
    {"extra": 1},
]


@pytest.mark.parametrize("change", BAD_STATE)
def test_a_state_that_contradicts_itself_is_refused(
    in_state: Callable[[str], Grant], change: dict[str, Any]
) -> None:
    """No grant exists, from JSON or otherwise, that steps could not have made."""
    obj = {**in_state("exhausted").to_json(), **change}
    with pytest.raises((EncodingError, OutOfRange)):
        Grant.from_json(obj)


def test_a_grant_does_not_change(terms: Terms) -> None:
    """Steps make new values; the old one stays as it was, and can be copied."""
    grant = steps.request(terms, at=1)
    with pytest.raises(FrozenInstanceError):
        grant.status = "active"  # type: ignore[misc]
    assert grant == pickle.loads(pickle.dumps(grant))


def test_what_is_over_is_over(in_state: Callable[[str], Grant]) -> None:
    """Three states live, three have ended."""
    over = {state for state in TABLE if in_state(state).is_over}
    assert {"exhausted", "refused", "revoked"} == over
