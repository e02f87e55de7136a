"""A policy as others read it: ODRL 2.2 in JSON-LD, for export.

Catalogues and data spaces speak ODRL. This writes a policy in that language,
with a small profile for what ODRL has no word for (columns, group size,
privacy budget, delegation). It is a translation for readers: the policy that
is hashed, signed and decided by is the document of `policy`, and there is no
way back.

    owner     Policy ─► to_odrl ─► catalogue (`odrl:hasPolicy` of DCAT)

Implements the W3C ODRL Information Model 2.2 and Vocabulary 2.2; the profile
stands in docs/formats/policy.md, "ODRL".

>>> from privshare.rights.policy import Policy, Prohibition
>>> policy = Policy("taxes/returns-2025", (Prohibition("no-names", columns=("name",)),))
>>> document = to_odrl(policy)
>>> document["@type"], document["conflict"], document["assigner"]
('Offer', 'prohibit', 'urn:privshare:agency:taxes')
"""

from __future__ import annotations

from collections.abc import Sequence

from privshare.rights import identifier
from privshare.rights.policy import ANY, Permission, Policy, Prohibition
from privshare.wire.canonical import Json, b64u

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
#: Names the profile; its own words follow after a hash sign.
PROFILE = "urn:privshare:odrl:v1"

# Operations that ODRL has a word for; the others are words of the profile.
_ACTIONS = {"read": "read"}


def to_odrl(policy: Policy) -> dict[str, Json]:
    """Translate a policy into an ODRL offer.

    Returns:
        A JSON-LD document. Its `uid` holds the digest of the policy, so that
        a reader can tell which one was translated.
    """
    return {
        "@context": [CONTEXT, {"privshare": f"{PROFILE}#"}],
        "@type": "Offer",
        "assigner": _agency(identifier.owner_of(policy.dataset)),
        "conflict": "prohibit",
        "permission": [
            _permission(rule) for rule in policy.rules if isinstance(rule, Permission)
        ],
        "profile": PROFILE,
        "prohibition": [
            _prohibition(rule) for rule in policy.rules if isinstance(rule, Prohibition)
        ],
        "target": f"urn:privshare:dataset:{policy.dataset}",
        "uid": f"urn:privshare:policy:{b64u(policy.digest())}",
    }


def _permission(rule: Permission) -> Json:
    lists: list[Json] = [
        _subset("privshare:columns", rule.columns),
        _subset("privshare:groupBy", rule.group_by),
        _subset("privshare:programs", rule.programs),
        _subset("privshare:right", rule.rights),
    ]
    numbers: list[Json] = [
        _constraint("count", "lteq", rule.max_uses),
        _constraint(
            "elapsedTime",
            "lteq",
            {"@type": "xsd:duration", "@value": f"P{rule.max_days}D"},
        ),
        _constraint("privshare:groupSize", "gteq", rule.min_k),
        _constraint("privshare:microEpsilon", "lteq", rule.max_budget),
        _constraint("privshare:delegationDepth", "lteq", rule.max_delegable),
        _constraint("privshare:confirmations", "gteq", rule.confirmations),
    ]
    return {
        "action": [_action(operation) for operation in rule.operations],
        "constraint": [
            *_parties(rule.purposes, rule.grantees),
            *lists,
            *numbers,
        ],
        "duty": [{"action": f"privshare:{name}"} for name in rule.obligations],
        "uid": f"urn:privshare:rule:{rule.id}",
    }


def _prohibition(rule: Prohibition) -> Json:
    constraints = _parties(rule.purposes, rule.grantees)
    if rule.columns != (ANY,):
        constraints.append(_any_of("privshare:columns", rule.columns))
    if rule.operations == (ANY,):
        actions: list[Json] = ["use"]  # ODRL: all actions that use the asset
    else:
        actions = [_action(operation) for operation in rule.operations]
    return {
        "action": actions,
        "constraint": constraints,
        "uid": f"urn:privshare:rule:{rule.id}",
    }


def _parties(purposes: Sequence[str], grantees: Sequence[str]) -> list[Json]:
    """Constraints on purpose and recipient; none where anything goes."""
    constraints: list[Json] = []
    if ANY not in purposes:
        names = [f"urn:privshare:purpose:{purpose}" for purpose in purposes]
        constraints.append(_any_of("purpose", names))
    if ANY not in grantees:
        constraints.append(_any_of("recipient", [_agency(one) for one in grantees]))
    return constraints


def _action(operation: str) -> str:
    return _ACTIONS.get(operation, f"privshare:{operation}")


def _agency(agency: str) -> str:
    return f"urn:privshare:agency:{agency}"


def _any_of(left: str, right: Sequence[str]) -> Json:
    return _constraint(left, "isAnyOf", list(right))


def _subset(left: str, right: Sequence[str]) -> Json:
    """All that is asked for is among `right`; an empty list allows none."""
    return _constraint(left, "privshare:isSubsetOf", {"@list": list(right)})


def _constraint(left: str, operator: str, right: Json) -> Json:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}
