"""Programs are proposed, approved, listed and withdrawn; policies are anchored."""

from __future__ import annotations

from typing import Any

import pytest
from attested_kit import (
    CODE,
    appraise_by,
    approve,
    code_of,
    list_code,
    withdraw,
)
from ledger_kit import Bench, digest

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.ledger import query_attested


@pytest.fixture
def bench() -> Bench:
    """Four members."""
    made = Bench()
    made.admit_all()
    return made


def refused(bench: Bench, data: bytes) -> PrivShareError:
    """What a transaction is refused with; it leaves no trace."""
    before = bench.machine.state.root()
    with pytest.raises(PrivShareError) as caught:
        bench.do(data)
    assert bench.machine.state.root() == before
    return caught.value


def test_more_than_half_of_the_members_list_a_program(bench: Bench) -> None:
    """Of four members two are not enough; the third lists it, at its index."""
    state = bench.machine.state
    bench.do(list_code(bench.scribe, "labour"))
    assert code_of(bench).proposer == "labour"
    bench.do(approve(bench.scribe, "taxes"))
    assert code_of(bench).status == "proposed"
    assert not query_attested.is_listed(state, CODE)
    bench.do(approve(bench.scribe, "housing"))
    found = code_of(bench)
    assert found.status == "listed" and query_attested.is_listed(state, CODE)
    assert found.listed == found.approvals[2].at
    assert not found.listed_at(found.listed) and found.listed_at(found.listed + 1)
    assert found.approvers == ("labour", "taxes", "housing")
    bench.do(approve(bench.scribe, "registry"))
    assert code_of(bench).listed == found.listed
    assert list(query_attested.codes(state)) == [CODE]


def test_the_only_member_of_a_network_lists_alone() -> None:
    """One of one is more than half; a member that joins later changes nothing."""
    bench = Bench()
    bench.do(list_code(bench.scribe, "registry"))
    assert code_of(bench).status == "listed"
    bench.do(bench.scribe.admit("taxes"))
    bench.do(bench.scribe.admit("housing"))
    assert code_of(bench).status == "listed"


def test_a_majority_is_one_of_the_members_at_that_time(bench: Bench) -> None:
    """Two of three are more than half, and of five they are not."""
    small = Bench()
    small.do(small.scribe.admit("taxes"))
    small.do(list_code(small.scribe, "taxes"))
    assert code_of(small).status == "proposed"
    small.do(small.scribe.admit("housing"))
    small.do(approve(small.scribe, "housing"))
    assert code_of(small).status == "listed"
    bench.do(bench.scribe.admit("fire"))
    bench.do(list_code(bench.scribe, "fire"))
    bench.do(approve(bench.scribe, "taxes"))
    assert code_of(bench).status == "proposed"


@pytest.mark.parametrize("who", ["labour", "taxes", "registry"])
def test_an_approver_or_the_operator_withdraws(bench: Bench, who: str) -> None:
    """One is enough, before the listing as after it."""
    for approvers in ((), ("taxes", "housing")):
        code = digest(str(approvers))
        bench.do(list_code(bench.scribe, "labour", code))
        for agency in approvers:
            bench.do(approve(bench.scribe, agency, code))
        if who == "taxes" and not approvers:
            bench.do(approve(bench.scribe, who, code))
        bench.do(withdraw(bench.scribe, who, code))
        found = code_of(bench, code)
        assert found.status == "withdrawn" and found.withdrawn is not None
        assert found.withdrawn.reason == "a flaw"
        assert not query_attested.is_listed(bench.machine.state, code)
        index = found.withdrawn.at
        assert found.listed_at(index) == bool(approvers)
        assert not found.listed_at(index + 1)


def test_nobody_else_withdraws(bench: Bench) -> None:
    """A member that did not approve may not stop others."""
    bench.do(list_code(bench.scribe, "labour"))
    error = refused(bench, withdraw(bench.scribe, "housing"))
    assert isinstance(error, NotPermitted)
    assert error.detail["rule"] == "code.withdraw"


def test_what_was_withdrawn_stays_so(bench: Bench) -> None:
    """It is neither approved, proposed nor withdrawn again."""
    bench.do(list_code(bench.scribe, "labour"))
    bench.do(withdraw(bench.scribe, "labour"))
    error = refused(bench, approve(bench.scribe, "taxes"))
    assert (type(error), error.detail["rule"]) == (StepNotAllowed, "code.withdrawn")
    error = refused(bench, list_code(bench.scribe, "taxes"))
    assert (type(error), error.detail["rule"]) == (Conflict, "code.known")
    error = refused(bench, withdraw(bench.scribe, "labour"))
    assert (type(error), error.detail["rule"]) == (StepNotAllowed, "code.withdrawn")


def test_each_member_counts_once(bench: Bench) -> None:
    """The proposer approved already, and nobody approves twice."""
    bench.do(list_code(bench.scribe, "labour"))
    bench.do(approve(bench.scribe, "taxes"))
    for who in ("labour", "taxes"):
        error = refused(bench, approve(bench.scribe, who))
        assert (type(error), error.detail["rule"]) == (Conflict, "code.approved")
    error = refused(bench, list_code(bench.scribe, "housing"))
    assert (type(error), error.detail["rule"]) == (Conflict, "code.known")


def test_nobody_approves_what_nobody_proposed(bench: Bench) -> None:
    """A digest that the ledger does not know is not found."""
    assert isinstance(refused(bench, approve(bench.scribe, "taxes")), NotFound)
    assert isinstance(refused(bench, withdraw(bench.scribe, "registry")), NotFound)


@pytest.mark.parametrize(
    "changes",
    [
        {"abi": "tee run"},
        {"abi": "tee.run"},
        {"code": "short"},
        {"module": "Describe"},
        {"module": ""},
        {"provenance": {"digest": None}},
        {"provenance": {"digest": "x", "text": "y"}},
        {"provenance": {"digest": None, "text": ""}},
        {"provenance": {"digest": None, "text": "two\nlines"}},
        {"provenance": {"digest": None, "more": 1, "text": "y"}},
        {"more": 1},
    ],
)
def test_a_proposal_of_another_form_is_refused(
    bench: Bench, changes: dict[str, Any]
) -> None:
    """Every field has one form."""
    error = refused(bench, list_code(bench.scribe, "labour", **changes))
    assert isinstance(error, EncodingError)


def test_the_history_of_appraisal_policies_is_kept(bench: Bench) -> None:
    """The newest is in force; each one keeps from when until when it was."""
    state = bench.machine.state
    assert query_attested.appraisal(state, "taxes") is None
    for name in ("one", "two", "one"):
        bench.do(appraise_by(bench.scribe, "taxes", name))
    head = query_attested.appraisal(state, "taxes")
    assert head is not None and (head.number, head.policy) == (3, digest("one"))
    first, second, third = (
        query_attested.appraisal_number(state, "taxes", n) for n in (1, 2, 3)
    )
    assert (first.policy, second.policy) == (digest("one"), digest("two"))
    assert (first.until, second.until, third.until) == (second.at, third.at, None)
    assert third.at == head.at
    with pytest.raises(NotFound):
        query_attested.appraisal_number(state, "taxes", 4)
    assert query_attested.appraisal(state, "housing") is None


def test_the_same_policy_again_is_refused(bench: Bench) -> None:
    """Who sets what is in force changes nothing, and is told so."""
    bench.do(appraise_by(bench.scribe, "taxes"))
    error = refused(bench, appraise_by(bench.scribe, "taxes"))
    assert (type(error), error.detail["rule"]) == (Conflict, "appraisal.same")
