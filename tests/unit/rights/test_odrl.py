"""The export to ODRL."""

from __future__ import annotations

from typing import Any

from privshare.rights.odrl import PROFILE, to_odrl
from privshare.rights.policy import Permission, Policy, Prohibition
from privshare.wire.canonical import b64u, encode

POLICY = Policy(
    "taxes/returns-2025",
    (
        Permission(
            "totals",
            purposes=("housing-policy",),
            grantees=("housing", "land"),
            operations=("count", "read"),
            columns=("tax_paid",),
            group_by=(),
            programs=("he.sum/v2",),
            min_k=20,
            max_days=90,
            max_uses=12,
            max_budget=5,
            obligations=("delete-after-use",),
        ),
        Prohibition("no-names", columns=("name",)),
        Prohibition("no-reading", operations=("read",), purposes=("research",)),
    ),
)


def constraint(rule: dict[str, Any], left: str) -> object:
    found = {one["leftOperand"]: one["rightOperand"] for one in rule["constraint"]}
    return found.get(left)


def test_a_policy_is_an_offer_of_its_owner() -> None:
    """The document names the policy by its digest, and is plain JSON."""
    document = to_odrl(POLICY)
    assert document["@type"] == "Offer"
    assert document["profile"] == PROFILE
    assert document["conflict"] == "prohibit"
    assert document["assigner"] == "urn:privshare:agency:taxes"
    assert document["target"] == "urn:privshare:dataset:taxes/returns-2025"
    assert document["uid"] == f"urn:privshare:policy:{b64u(POLICY.digest())}"
    encode(document)


def test_a_permission_carries_every_limit() -> None:
    """Nothing of the rule is lost on the way."""
    (rule,) = to_odrl(POLICY)["permission"]  # type: ignore[misc, union-attr]
    assert rule["action"] == ["privshare:count", "read"]
    assert constraint(rule, "purpose") == ["urn:privshare:purpose:housing-policy"]
    assert constraint(rule, "recipient") == [
        "urn:privshare:agency:housing",
        "urn:privshare:agency:land",
    ]
    assert constraint(rule, "privshare:columns") == {"@list": ["tax_paid"]}
    assert constraint(rule, "privshare:groupBy") == {"@list": []}
    assert constraint(rule, "privshare:programs") == {"@list": ["he.sum/v2"]}
    assert constraint(rule, "privshare:right") == {"@list": ["process"]}
    assert constraint(rule, "count") == 12
    assert constraint(rule, "elapsedTime") == {
        "@type": "xsd:duration",
        "@value": "P90D",
    }
    assert constraint(rule, "privshare:groupSize") == 20
    assert constraint(rule, "privshare:microEpsilon") == 5
    assert constraint(rule, "privshare:delegationDepth") == 0
    assert constraint(rule, "privshare:confirmations") == 1
    assert rule["duty"] == [{"action": "privshare:delete-after-use"}]


def test_prohibitions_keep_what_they_touch() -> None:
    """A list that means everything becomes no constraint, or the action `use`."""
    first, second = to_odrl(POLICY)["prohibition"]  # type: ignore[misc, union-attr]
    assert first["action"] == ["use"]
    assert constraint(first, "privshare:columns") == ["name"]
    assert constraint(first, "purpose") is None
    assert second["action"] == ["read"]
    assert constraint(second, "purpose") == ["urn:privshare:purpose:research"]
    assert constraint(second, "privshare:columns") is None
