"""Policies: nothing is permitted that a rule does not cover whole."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from privshare.errors import EncodingError, NotPermitted, OutOfRange
from privshare.rights.grant import REASON
from privshare.rights.policy import (
    DEFAULT,
    OTHER_POLICY,
    OVER,
    Permission,
    Policy,
    Prohibition,
    decide,
)
from privshare.rights.terms import Terms
from privshare.wire.canonical import decode, encode

NOW = 1_500

RULE = Permission(
    "housing-totals",
    purposes=("housing-policy",),
    grantees=("housing",),
    operations=("count", "sum"),
    columns=("income", "tax_paid"),
    group_by=("district",),
    programs=("he.sum/v2", "mpc.sum/v1"),
    min_k=20,
    max_days=1,
    max_uses=3,
    max_budget=1_000,
    rights=("process",),
    max_delegable=2,
    obligations=("delete-after-use",),
)


def under(policy: Policy, terms: Terms, **change: Any) -> Terms:
    return replace(terms, **{"policy": policy.digest(), **change})


def test_what_a_permission_covers_is_permitted(terms: Terms) -> None:
    """The decision names the rule and how many people must confirm."""
    policy = Policy("taxes/returns-2025", (RULE,))
    decision = decide(policy, under(policy, terms), NOW)
    assert decision.permitted
    assert (decision.rule, decision.confirmations) == ("housing-totals", 1)
    assert not decision.automatic
    assert decision.reason == (
        '"housing-totals" permits these terms once 1 person confirms.'
    )
    assert decision.enforce() is decision


OUTSIDE: list[dict[str, Any]] = [
    {"purpose": "other"},
    {"grantee": "land"},
    {"right": "operate"},
    {"operations": ("mean", "sum")},
    {"columns": ("income", "name")},
    {"group_by": ("street",)},
    {"programs": ("he.mean/v1",)},
    {"programs": ()},
    {"obligations": ()},
    {"k": 19},
    {"uses": 4},
    {"budget": 1_001},
    {"delegable": 3},
    {"not_after": 1_000 + 86_401},
    {"operations": ("read",), "output": "record"},
]


@pytest.mark.parametrize("change", OUTSIDE)
def test_what_goes_beyond_is_refused(terms: Terms, change: dict[str, Any]) -> None:
    """Each field of the terms is judged; the reason names it in a sentence."""
    policy = Policy("taxes/returns-2025", (RULE,))
    decision = decide(policy, under(policy, terms, **change), NOW)
    assert not decision.permitted
    assert decision.rule == DEFAULT
    field = "period" if "not_after" in change else next(iter(change))
    assert f"{field}: expected" in decision.reason
    assert decision.reason.endswith(".")
    with pytest.raises(NotPermitted) as caught:
        decision.enforce()
    assert caught.value.detail == {"rule": DEFAULT}


def test_a_permission_for_submitted_code_covers_each_submission(terms: Terms) -> None:
    """Its class covers a digest; a digest covers neither its class nor another."""
    one, other = (f"code.run/v1:{letter * 43}" for letter in "AE")
    for allowed, asked, holds in (
        ("code.run/v1", one, True),
        (one, one, True),
        (one, other, False),
        (one, "code.run/v1", False),
    ):
        policy = Policy("taxes/returns-2025", (replace(RULE, programs=(allowed,)),))
        wanted = under(policy, terms, programs=(asked,))
        assert decide(policy, wanted, NOW).permitted == holds


def test_every_field_of_terms_is_judged() -> None:
    """A field added to the terms must be judged by a permission, too."""
    judged = {key for change in OUTSIDE for key in change}
    # The dataset and the policy are compared with the document itself, the
    # start counts in the period, and the output follows from the operations.
    judged |= {"dataset", "policy", "not_before", "output"}
    assert judged == {field.name for field in fields(Terms)}


def test_silence_is_no(terms: Terms) -> None:
    """A policy without rules, or without permissions, permits nothing."""
    for rules in ((), (Prohibition("no-names", columns=("name",)),)):
        policy = Policy("taxes/returns-2025", rules)
        decision = decide(policy, under(policy, terms), NOW)
        assert not decision.permitted
        assert decision.rule == DEFAULT
        assert decision.reason == "No rule permits anything."


PROHIBITIONS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"purposes": ("housing-policy", "research")}, True),
    ({"purposes": ("research",)}, False),
    ({"grantees": ("housing",)}, True),
    ({"grantees": ("land",)}, False),
    ({"operations": ("sum",)}, True),
    ({"operations": ("mean", "read")}, False),
    ({"columns": ("income",)}, True),
    ({"columns": ("district",)}, True),  # splitting by it reads it
    ({"columns": ("name",)}, False),
    ({"columns": ("income",), "purposes": ("research",)}, False),
    ({"columns": ("income",), "operations": ("sum",), "grantees": ("*",)}, True),
]


@pytest.mark.parametrize(("change", "touched"), PROHIBITIONS)
@pytest.mark.parametrize("first", [True, False])
def test_a_prohibition_refuses_what_it_touches(
    terms: Terms, change: dict[str, Any], touched: bool, first: bool
) -> None:
    """It does so wherever it stands; a part of the terms is enough."""
    prohibition = Prohibition("no", **change)
    rules = (prohibition, RULE) if first else (RULE, prohibition)
    policy = Policy("taxes/returns-2025", rules)
    decision = decide(policy, under(policy, terms), NOW)
    assert decision.permitted is not touched
    assert decision.rule == ("no" if touched else "housing-totals")


def test_a_total_prohibition_meets_terms_without_columns(terms: Terms) -> None:
    """A count reads no column, and "*" still means whatever the terms say."""
    policy = Policy("taxes/returns-2025", (RULE, Prohibition("none")))
    count = under(policy, terms, operations=("count",), columns=(), group_by=())
    assert decide(policy, count, NOW).rule == "none"


def test_the_first_permission_that_covers_decides(terms: Terms) -> None:
    """The document's order decides who must confirm."""
    quick = replace(RULE, id="quick", confirmations=0, automatic=True, min_k=50)
    policy = Policy("taxes/returns-2025", (quick, replace(RULE, confirmations=2)))
    large = decide(policy, under(policy, terms, k=50), NOW)
    assert (large.rule, large.automatic, large.confirmations) == ("quick", True, 0)
    assert large.reason == '"quick" permits these terms without a person.'
    small = decide(policy, under(policy, terms, k=20), NOW)
    assert (small.rule, small.automatic) == ("housing-totals", False)
    assert small.confirmations == 2


def test_two_permissions_do_not_add_up(terms: Terms) -> None:
    """One rule covers the terms whole, or none does."""
    one = replace(RULE, id="one", columns=("income",))
    two = replace(RULE, id="two", columns=("tax_paid",))
    policy = Policy("taxes/returns-2025", (one, two))
    assert not decide(policy, under(policy, terms), NOW).permitted


def test_the_nearest_permission_is_named(terms: Terms) -> None:
    """The reason says with what the terms would have passed."""
    far = replace(RULE, id="far", purposes=("research",), min_k=100)
    near = replace(RULE, id="near", min_k=30)
    policy = Policy("taxes/returns-2025", (far, near))
    assert decide(policy, under(policy, terms), NOW).reason == (
        'No rule permits these terms; "near" would with k: expected at least 30, '
        "found 20."
    )


def test_the_longest_reason_fits_a_refusal(terms: Terms) -> None:
    """A decision's reason can go on the ledger, whatever words it lists."""
    names = tuple(f"c{number:02}" + "x" * 60 for number in range(40))
    rule = replace(RULE, id="r" * 64, columns=names[:20])
    policy = Policy("taxes/returns-2025", (rule,))
    decision = decide(policy, under(policy, terms, columns=names[20:], k=1), NOW)
    assert REASON.fullmatch(decision.reason)
    assert decision.reason.endswith(" and 18 more; and 1 more.")
    long = f"{'a' * 31}/{'d' * 63}"
    other = decide(Policy(long), replace(terms, dataset=long[:-1] + "e"), NOW)
    assert REASON.fullmatch(other.reason)


def test_only_terms_under_this_very_policy_are_judged(terms: Terms) -> None:
    """Another digest or another dataset is refused before any rule is read."""
    policy = Policy("taxes/returns-2025", (RULE,))
    for change in ({"policy": bytes(32)}, {"dataset": "taxes/other"}):
        decision = decide(policy, replace(under(policy, terms), **change), NOW)
        assert (decision.permitted, decision.rule) == (False, OTHER_POLICY)


def test_terms_that_are_over_are_refused(terms: Terms) -> None:
    """The last second still counts."""
    policy = Policy("taxes/returns-2025", (RULE,))
    asked = under(policy, terms)
    assert decide(policy, asked, asked.not_after).permitted
    assert decide(policy, asked, asked.not_after + 1).rule == OVER


def test_a_policy_comes_back_from_its_json() -> None:
    """What is laid out is read back, and each rule is in the digest."""
    policy = Policy("taxes/returns-2025", (RULE, Prohibition("none")))
    assert policy == Policy.from_json(decode(encode(policy.to_json())))
    other = Policy("taxes/returns-2025", (Prohibition("none"), RULE))
    assert policy.digest() != other.digest()
    assert policy.digest() != Policy("taxes/other", policy.rules).digest()


BAD_RULES: list[dict[str, Any]] = [
    {"id": "Housing Totals"},
    {"effect": "allow"},
    {"purposes": []},
    {"purposes": ["*", "housing-policy"]},
    {"purposes": ["b", "a"]},
    {"grantees": []},
    {"grantees": ["Housing"]},
    {"operations": []},
    {"operations": ["*"]},
    {"operations": ["median"]},
    {"columns": ["*"]},
    {"columns": ["b", "a"]},
    {"group_by": ["*"]},
    {"programs": ["*"]},
    {"rights": []},
    {"rights": ["own"]},
    {"rights": ["process", "hold"]},
    {"min_k": 0},
    {"max_days": 0},
    {"max_days": 36_526},
    {"max_uses": 0},
    {"max_budget": -1},
    {"max_delegable": 4},
    {"confirmations": 0},
    {"confirmations": 17},
    {"automatic": True},
    {"automatic": 1},
    {"comment": "no such field"},
]


@pytest.mark.parametrize("change", BAD_RULES)
def test_a_bad_permission_is_refused(change: dict[str, Any]) -> None:
    """A rule says what it means in one way; a permission lists what it permits."""
    rule = {**RULE.to_json(), **change}
    obj = {"dataset": "taxes/a", "default": "prohibit", "rules": [rule], "v": 1}
    with pytest.raises((EncodingError, OutOfRange)):
        Policy.from_json(obj)


@pytest.mark.parametrize(
    "change",
    [
        {"purposes": []},
        {"columns": []},
        {"columns": ["a b"]},
        {"operations": ["median"]},
        {"min_k": 1},
        {"effect": "permit"},
    ],
)
def test_a_bad_prohibition_is_refused(change: dict[str, Any]) -> None:
    """A prohibition touches something, and has no numbers."""
    rule = {**Prohibition("no").to_json(), **change}
    obj = {"dataset": "taxes/a", "default": "prohibit", "rules": [rule], "v": 1}
    with pytest.raises(EncodingError):
        Policy.from_json(obj)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"default": "permit"},
        {"dataset": "taxes"},
        {"rules": [RULE.to_json(), RULE.to_json()]},
        {"rules": [replace(RULE, id=f"r{i}").to_json() for i in range(257)]},
        {"rules": None},
        {"more": 1},
    ],
)
def test_a_bad_policy_is_refused(change: dict[str, Any]) -> None:
    """The default is written down, and it is no."""
    good = Policy("taxes/a", (RULE,)).to_json()
    with pytest.raises(EncodingError):
        Policy.from_json({**good, **change})
