"""Laws of rights: a child is inside its parent, and counters never run over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from privshare.errors import (
    GrantRevoked,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
)
from privshare.rights import grant as steps
from privshare.rights.grant import Grant
from privshare.rights.policy import Permission, Policy, Prohibition, decide
from privshare.rights.terms import Terms
from privshare.wire.canonical import b64u, decode, encode

COLUMNS = ("a", "b", "c")
PROGRAMS = ("he.sum/v2", "mpc.sum/v1")
AGGREGATES = ("count", "mean", "sum")
AGENCIES = ("housing", "land", "police")
PURPOSES = ("housing-policy", "research")


def subset(items: tuple[str, ...], least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(items), min_size=least, unique=True).map(
        lambda chosen: tuple(sorted(chosen))
    )


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Terms from a small world, so that two of them are often comparable."""
    first, last = sorted(draw(st.tuples(st.integers(0, 4), st.integers(0, 4))))
    reads = draw(st.booleans()) and draw(st.booleans())
    return Terms(
        dataset="taxes/returns",
        grantee=draw(st.sampled_from(AGENCIES)),
        right=draw(st.sampled_from(("process", "operate"))),
        purpose=draw(st.sampled_from(PURPOSES)),
        operations=("read",) if reads else draw(subset(AGGREGATES, 1)),
        programs=draw(subset(PROGRAMS)),
        columns=draw(subset(COLUMNS)),
        group_by=draw(subset(COLUMNS)),
        not_before=first,
        not_after=last,
        uses=draw(st.integers(1, 4)),
        budget=draw(st.sampled_from((0, 1, 5, 2**53 - 1))),
        output="record" if reads else "aggregate",
        k=draw(st.sampled_from((1, 2, 1_000_000))),
        delegable=draw(st.integers(0, 3)),
        obligations=draw(subset(("delete", "notify"))),
        policy=bytes(32),
    )


@st.composite
def narrowed(draw: st.DrawFn, parent: Terms) -> Terms:
    """Terms inside a parent that can be delegated."""
    first = draw(st.integers(parent.not_before, parent.not_after))
    return replace(
        parent,
        grantee=draw(st.sampled_from(AGENCIES)),
        operations=draw(subset(parent.operations, 1)),
        programs=draw(subset(parent.programs, 1)) if parent.programs else (),
        columns=draw(subset(parent.columns)) if parent.columns else (),
        group_by=draw(subset(parent.group_by)) if parent.group_by else (),
        not_before=first,
        not_after=draw(st.integers(first, parent.not_after)),
        uses=draw(st.integers(1, parent.uses)),
        budget=draw(st.integers(0, parent.budget)),
        k=draw(st.integers(parent.k, 1_000_000)),
        delegable=draw(st.integers(0, parent.delegable - 1)),
    )


@st.composite
def use(draw: st.DrawFn) -> dict[str, Any]:
    """One use, from the same small world."""
    return {
        "operation": draw(st.sampled_from((*AGGREGATES, "read"))),
        "columns": draw(subset(COLUMNS)),
        "group_by": draw(subset(COLUMNS)),
        "purpose": draw(st.sampled_from(PURPOSES)),
        "program": draw(st.sampled_from((*PROGRAMS, None))),
        "time": draw(st.integers(0, 4)),
    }


def is_inside(child: Terms, parent: Terms) -> bool:
    try:
        child.inside(parent)
    except NotPermitted as error:
        assert error.detail["rule"].startswith("grant.inside.")
        return False
    return True


def is_covered(granted: Terms, wanted: dict[str, Any]) -> bool:
    try:
        granted.covers(**wanted)
    except NotPermitted as error:
        assert error.detail["rule"].startswith("grant.")
        return False
    return True


@given(terms())
def test_terms_and_their_json_are_one(one: Terms) -> None:
    """Terms come back from their canonical bytes as they were."""
    assert Terms.from_json(decode(encode(one.to_json()))) == one


@given(terms(), terms())
def test_equal_digests_mean_equal_terms(one: Terms, other: Terms) -> None:
    """The digest names the terms."""
    assert (one.digest() == other.digest()) == (one == other)


@given(st.data())
def test_inside_is_transitive(data: st.DataObject) -> None:
    """What is inside a child is inside its parent."""
    parent = data.draw(terms().map(lambda one: replace(one, delegable=3)))
    child = data.draw(narrowed(replace(parent, delegable=2)))
    child = replace(child, delegable=max(child.delegable, 1))
    grandchild = data.draw(narrowed(child))
    child.inside(parent)
    grandchild.inside(child)
    grandchild.inside(parent)


@settings(max_examples=300)
@given(terms(), terms(), terms())
def test_inside_is_an_order_for_any_terms(a: Terms, b: Terms, c: Terms) -> None:
    """Transitive, irreflexive and asymmetric, also where it rarely holds."""
    assert not is_inside(a, a)
    assert not (is_inside(a, b) and is_inside(b, a))
    if is_inside(a, b) and is_inside(b, c):
        assert is_inside(a, c)


@settings(max_examples=300)
@given(st.data())
def test_a_child_covers_nothing_that_its_parent_does_not(data: st.DataObject) -> None:
    """Delegation never widens: every use a child covers, the parent covers."""
    parent = data.draw(terms().map(lambda one: replace(one, delegable=1)))
    child = data.draw(st.one_of(narrowed(parent), terms()))
    assume(is_inside(child, parent))
    wanted = data.draw(use())
    if is_covered(child, wanted):
        assert is_covered(parent, wanted)


NAMES = st.text(min_size=1, max_size=3)


@given(terms(), use(), NAMES)
def test_one_step_outside_is_never_covered(
    granted: Terms, wanted: dict[str, Any], name: str
) -> None:
    """A column, a group or a purpose that was not granted is refused."""
    assert not is_covered(granted, {**wanted, "time": granted.not_after + 1})
    assert not is_covered(granted, {**wanted, "time": granted.not_before - 1})
    if name not in COLUMNS:
        assert not is_covered(granted, {**wanted, "columns": [name]})
        assert not is_covered(granted, {**wanted, "group_by": [name]})
    assert not is_covered(granted, {**wanted, "purpose": granted.purpose + "x"})


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A few rules of the same small world."""
    rules: list[Permission | Prohibition] = []
    for number in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            rules.append(
                Permission(
                    f"r{number}",
                    purposes=draw(st.sampled_from((("*",), PURPOSES, PURPOSES[:1]))),
                    grantees=draw(st.sampled_from((("*",), AGENCIES, AGENCIES[:1]))),
                    operations=draw(subset((*AGGREGATES, "read"), 1)),
                    columns=draw(st.sampled_from((COLUMNS, COLUMNS[:2]))),
                    group_by=draw(st.sampled_from((COLUMNS, ()))),
                    programs=draw(st.sampled_from((PROGRAMS, PROGRAMS[:1], ()))),
                    min_k=draw(st.sampled_from((1, 2))),
                    max_days=1,
                    max_uses=draw(st.integers(1, 4)),
                    max_budget=draw(st.sampled_from((0, 5, 2**53 - 1))),
                    rights=("operate", "process"),
                    max_delegable=3,
                )
            )
        else:
            rules.append(
                Prohibition(
                    f"r{number}",
                    purposes=draw(st.sampled_from((("*",), PURPOSES[1:]))),
                    grantees=draw(st.sampled_from((("*",), AGENCIES[1:]))),
                    operations=draw(st.sampled_from((("*",), ("mean", "read")))),
                    columns=draw(subset(COLUMNS, 1)),
                )
            )
    return Policy("taxes/returns", tuple(rules))


@given(policies(), terms())
def test_prohibitions_only_take_away(policy: Policy, asked: Terms) -> None:
    """Without its prohibitions a policy permits at least as much."""
    free = Policy(
        policy.dataset,
        tuple(one for one in policy.rules if isinstance(one, Permission)),
    )
    strict = decide(policy, replace(asked, policy=policy.digest()), 0)
    loose = decide(free, replace(asked, policy=free.digest()), 0)
    if strict.permitted:
        assert loose.permitted
        assert loose.rule == strict.rule


@given(st.data())
def test_whoever_may_have_more_may_have_less(data: st.DataObject) -> None:
    """Narrower terms for the same agency are permitted where wider ones are."""
    policy = data.draw(policies())
    asked = data.draw(terms().map(lambda one: replace(one, delegable=1)))
    asked = replace(asked, policy=policy.digest())
    less = replace(data.draw(narrowed(asked)), grantee=asked.grantee)
    if decide(policy, asked, 0).permitted:
        assert decide(policy, less, 0).permitted


@dataclass
class Node:
    """One grant in the model: its id, the ids above it, its open uses."""

    id: str
    lineage: tuple[str, ...]
    open: list[int] = field(default_factory=list)


class GrantTree(RuleBasedStateMachine):
    """Any number of agencies, grants, delegations and uses, in any order.

    The machine does what the ledger's rules do with the pure steps: a use is
    counted in a grant and in all above it, a revocation takes all below along.
    """

    grants = Bundle("grants")
    uses = Bundle("uses")

    @initialize()
    def start(self) -> None:
        self.state: dict[str, Grant] = {}
        self.nodes: dict[str, Node] = {}
        self.at = 0
        self.settled: dict[str, list[int]] = {}

    def _next(self) -> int:
        self.at += 1
        return self.at

    def _enter(self, grant: Grant, above: tuple[str, ...]) -> str:
        name = b64u(self.at.to_bytes(32, "big"))
        self.state[name] = grant
        self.nodes[name] = Node(name, (name, *above))
        self.settled[name] = []
        return name

    @rule(target=grants, asked=terms(), same=st.booleans())
    def grant(self, asked: Terms, same: bool) -> str:
        """A grant comes into force, by one of the two ways."""
        grant = steps.request(asked, at=self._next())
        offered = asked if same else replace(asked, k=1_000_000)
        grant = steps.offer(grant, offered, at=self._next())
        if grant.status == "offered":
            grant = steps.accept(grant, offered.digest(), at=self._next())
        return self._enter(grant, ())

    @rule(target=grants, parent=grants, data=st.data())
    def delegate(self, parent: str, data: st.DataObject) -> Any:
        """A part of a grant is passed on and accepted."""
        above = self.state[parent]
        if above.terms.delegable == 0:
            inner = replace(above.terms, delegable=0)
        else:
            inner = data.draw(narrowed(above.terms))
        try:
            child = steps.delegate(above, inner, parent_id=parent, at=self._next())
        except NotPermitted:
            assert above.status != "active" or above.terms.delegable == 0
            return multiple()
        child = steps.accept(child, inner.digest(), at=self._next())
        return self._enter(child, self.nodes[parent].lineage)

    @rule(target=uses, name=grants, charge=st.sampled_from((0, 1, 2, 5, 2**53 - 1)))
    def reserve(self, name: str, charge: int) -> Any:
        """A use is reserved in the whole lineage, or in none of it."""
        at = self._next()
        lineage = self.nodes[name].lineage
        try:
            after = {
                one: steps.reserve(self.state[one], charge=charge, at=at)
                for one in lineage
            }
        except NotPermitted:
            return multiple()
        assert all(self.state[one].status == "active" for one in lineage)
        self.state.update(after)
        return name, charge

    @rule(taken=consumes(uses))
    def settle(self, taken: tuple[str, int]) -> None:
        """A use settles once, unless a grant of the lineage was revoked."""
        name, charge = taken
        at = self._next()
        lineage = self.nodes[name].lineage
        try:
            after = {
                one: steps.settle(self.state[one], charge=charge, at=at)
                for one in lineage
            }
        except GrantRevoked:
            assert self.state[name].status == "revoked"
            self._release(lineage, charge)
            return
        self.state.update(after)
        for one in lineage:
            self.settled[one].append(charge)

    @rule(taken=consumes(uses))
    def release(self, taken: tuple[str, int]) -> None:
        """A use can always be given back, whatever became of the grant."""
        name, charge = taken
        self._release(self.nodes[name].lineage, charge)

    def _release(self, lineage: tuple[str, ...], charge: int) -> None:
        at = self._next()
        for one in lineage:
            self.state[one] = steps.release(self.state[one], charge=charge, at=at)

    @rule(name=grants)
    def revoke(self, name: str) -> None:
        """A revocation takes every grant below along, at the same index."""
        at = self._next()
        try:
            self.state[name] = steps.revoke(self.state[name], reason="Stop.", at=at)
        except StepNotAllowed:
            assert self.state[name].is_over
            return
        for one, node in self.nodes.items():
            if name in node.lineage[1:] and not self.state[one].is_over:
                self.state[one] = steps.revoke(
                    self.state[one], reason="Above.", rule="grant.parent", at=at
                )

    @precondition(lambda self: bool(self.state))
    @invariant()
    def counters_never_run_over(self) -> None:
        """Used and reserved stay within the uses, spent and held in the budget."""
        for name, grant in self.state.items():
            assert 0 <= grant.used + grant.reserved <= grant.terms.uses
            assert 0 <= grant.spent + grant.held <= grant.terms.budget
            assert grant.used == len(self.settled[name])
            assert grant.spent == sum(self.settled[name])

    @precondition(lambda self: bool(self.state))
    @invariant()
    def nothing_is_active_below_a_revoked_grant(self) -> None:
        """What was revoked above is not in force below."""
        for name, node in self.nodes.items():
            if self.state[name].status == "active":
                above = {self.state[one].status for one in node.lineage[1:]}
                assert above <= {"active", "exhausted"}

    @precondition(lambda self: bool(self.state))
    @invariant()
    def the_state_is_what_its_json_says(self) -> None:
        """Every state that steps reach can be read back."""
        for grant in self.state.values():
            assert Grant.from_json(decode(encode(grant.to_json()))) == grant


GrantTree.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestGrantTree = GrantTree.TestCase


@given(terms(), st.dictionaries(st.sampled_from(["used", "held", "depth"]), NAMES))
def test_junk_in_a_state_is_refused_by_name(one: Terms, junk: dict[str, str]) -> None:
    """A foreign value never raises anything but an error of the tree."""
    obj = {**steps.request(one, at=1).to_json(), **junk}
    try:
        grant = Grant.from_json(obj)
    except (PrivShareError, OutOfRange):
        assert junk
    else:
        assert not junk and grant.requested == 1
