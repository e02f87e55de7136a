"""An owner's policy: which terms it grants, to whom, and who must say yes.

A policy is a document of the owner. Its digest is on the ledger with the
dataset and in every grant's terms, so that a receipt shows which rules were
in force. `decide` is pure: the owner's node runs it before it offers, the
auditor runs it again.

    owner     Policy ─► digest ─► dataset.register
    node      decide(policy, terms, now) ─► Decision ─► grant.offer | grant.refuse
    auditor   decide(policy, terms, the ledger's time) ─► the same Decision

Permitted is what one permission covers whole and no prohibition touches:

1. A prohibition that touches any part of the terms refuses them.
2. Else the first permission, in the document's order, that covers every part
   of the terms permits them.
3. Else they are refused. Silence is no.

Every field of the terms is judged by a field of the permission, so nothing
comes in that its author did not write down. Implements docs/formats/policy.md;
the conflict strategy is `prohibit` of the W3C ODRL Information Model 2.2.

>>> from privshare.rights.terms import Terms
>>> policy = Policy("taxes/returns-2025", (Permission(
...     "housing-totals", purposes=("housing-policy",), grantees=("*",),
...     operations=("count", "sum"), columns=("tax_paid",),
...     group_by=("district",), programs=("he.sum/v2",), min_k=20, max_days=366,
...     max_uses=12, max_budget=3_000_000, confirmations=1),))
>>> terms = Terms(
...     dataset="taxes/returns-2025", grantee="housing", right="process",
...     purpose="housing-policy", operations=("sum",), programs=("he.sum/v2",),
...     columns=("tax_paid",), group_by=(), not_before=0, not_after=86_400,
...     uses=1, budget=0, output="aggregate", k=5, delegable=0, obligations=(),
...     policy=policy.digest())
>>> print(decide(policy, terms, now=0).reason)
No rule permits these terms; "housing-totals" would with k: expected at least \
20, found 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import EncodingError, NotPermitted
from privshare.rights import identifier
from privshare.rights.rule import (
    ANY,
    Permission,
    Prohibition,
    Rule,
    read_rule,
)
from privshare.rights.terms import Terms
from privshare.wire.canonical import Fields, Json, b64u
from privshare.wire.digest import digest_json
from privshare.wire.domain import POLICY

__all__ = [
    "ANY",
    "DEFAULT",
    "MAX_RULES",
    "OTHER_POLICY",
    "OVER",
    "Decision",
    "Permission",
    "Policy",
    "Prohibition",
    "Rule",
    "decide",
]

MAX_RULES = 256

#: `Decision.rule` where no rule of the document decided.
DEFAULT = "policy.default"
OTHER_POLICY = "policy.other"
OVER = "policy.over"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one dataset.

    Attributes:
        dataset: What it is about.
        rules: At most 256, each id once. None: everything is refused.

    Raises:
        EncodingError: A name of another form, too many rules, or an id twice.
    """

    dataset: str
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        identifier.DATASET.check(self.dataset, "policy.dataset")
        if len(self.rules) > MAX_RULES:
            raise EncodingError(
                f"policy.rules: expected at most {MAX_RULES}, found {len(self.rules)}"
            )
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise EncodingError(
                    f"policy.rules: expected each id once, found {rule.id}"
                )
            seen.add(rule.id)

    @classmethod
    def from_json(cls, obj: object, where: str = "policy") -> Policy:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number outside its bounds.
        """
        fields = Fields(obj, where)
        fields.constant("v", 1)
        fields.constant("default", "prohibit")
        policy = cls(
            dataset=fields.str("dataset"),
            rules=tuple(read_rule(rule) for rule in fields.objs("rules", MAX_RULES)),
        )
        fields.end()
        return policy

    def to_json(self) -> dict[str, Json]:
        """Lay the policy out as its document holds it."""
        return {
            "dataset": self.dataset,
            "default": "prohibit",
            "rules": [rule.to_json() for rule in self.rules],
            "v": 1,
        }

    def digest(self) -> bytes:
        """The 32 bytes that name this policy on the ledger and in terms."""
        return digest_json(POLICY, self.to_json())


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says of some terms.

    Attributes:
        permitted: Whether the owner's node may offer them.
        rule: Id of the rule that decided, or `policy.default`,
            `policy.other` or `policy.over` where no rule did.
        reason: One sentence for people, fit for the `reason` of a refusal
            (`grant.REASON`).
        automatic: The node may offer without a person.
        confirmations: How many people must confirm first.
    """

    permitted: bool
    rule: str
    reason: str
    automatic: bool = False
    confirmations: int = 0

    def enforce(self) -> Decision:
        """Return this decision if it permits.

        Raises:
            NotPermitted: It does not; the message is the reason and
                `detail["rule"]` the rule.
        """
        if not self.permitted:
            raise NotPermitted(self.reason, detail={"rule": self.rule})
        return self


def decide(policy: Policy, terms: Terms, now: int) -> Decision:
    """Judge terms by a policy. Pure, and no unless a rule says yes.

    Args:
        policy: The owner's, of the dataset that the terms are about.
        terms: What was asked for.
        now: Unix seconds.

    Returns:
        The decision. Refusals are decisions, too: see `Decision.enforce`.
    """
    if terms.dataset != policy.dataset or terms.policy != policy.digest():
        return Decision(
            False,
            OTHER_POLICY,
            f"Expected terms under policy {b64u(policy.digest())} of "
            f"{policy.dataset}, found {b64u(terms.policy)} of {terms.dataset}.",
        )
    if terms.not_after < now:
        return Decision(
            False,
            OVER,
            f"Expected terms that end at {now} or later, found {terms.not_after}.",
        )
    for rule in policy.rules:
        if isinstance(rule, Prohibition) and rule.touches(terms):
            return Decision(
                False, rule.id, f'"{rule.id}" prohibits a part of these terms.'
            )
    return _first_permission(policy, terms)


def _first_permission(policy: Policy, terms: Terms) -> Decision:
    nearest: tuple[Permission, tuple[str, ...]] | None = None
    for rule in policy.rules:
        if isinstance(rule, Prohibition):
            continue
        missing = rule.shortfalls(terms)
        if not missing:
            return Decision(
                True,
                rule.id,
                f'"{rule.id}" permits these terms{_asking(rule)}.',
                rule.automatic,
                rule.confirmations,
            )
        if nearest is None or len(missing) < len(nearest[1]):
            nearest = rule, missing
    if nearest is None:
        return Decision(False, DEFAULT, "No rule permits anything.")
    rule, missing = nearest
    reason = f'No rule permits these terms; "{rule.id}" would with {missing[0]}'
    if len(missing) > 1:
        reason += f"; and {len(missing) - 1} more"
    return Decision(False, DEFAULT, f"{reason}.")


def _asking(rule: Permission) -> str:
    if rule.automatic:
        return " without a person"
    people = "person confirms" if rule.confirmations == 1 else "people confirm"
    return f" once {rule.confirmations} {people}"
