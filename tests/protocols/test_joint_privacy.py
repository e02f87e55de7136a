"""Privacy accounts of datasets that go into jobs on shares, through the exchange."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import Asked as Call
from fault_network import DEEDS, RETURNS, Network, asked, noisy, plain_sum
from fault_run import Books, judge, run
from joint_kit import Asked, question

from privshare.errors import GrantMissing, NotFound, NotPermitted, PrivShareError
from privshare.exchange import job as jobs
from privshare.exchange import privacy
from privshare.exchange.mpc_question import MpcQuestion
from privshare.ledger import query, query_privacy
from privshare.rights.answer import Answer
from privshare.rights.privacy import filter_tag

BUDGET = 10_000_000_000


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A consortium whose first owner has a privacy account."""
    made = Network(tmp_path)
    made.ready("sum", "mean", "count", budget=BUDGET)
    privacy.open_account(made["tax"], RETURNS, 1_000_000)
    yield made
    made.close()


def alone(program: str = "sum", **changes: Any) -> MpcQuestion:
    """The same about the first table only."""
    column = {
        "name": "paid",
        "from": {RETURNS: "tax_paid"},
        "maximum": 10_000_000,
        "minimum": 0,
        "scale": 2,
    }
    parameters = {"columns": [column], "rows": {"kind": "appended"}, "value": "paid"}
    return question(
        program,
        Asked(RETURNS, ("tax_paid",)),
        **{"deadline_s": 30, "parameters": parameters, **changes},
    )


def done(network: Network, wanted: MpcQuestion) -> Any:
    """Run a job and return it as it ended."""
    (job,) = run(network, wanted, between=None).ended
    return job


def rule_of(network: Network, wanted: MpcQuestion) -> str:
    """The rule by which a question is refused."""
    with pytest.raises(PrivShareError) as refused:
        jobs.submit(network["housing"], wanted)
    return str(refused.value.detail.get("rule"))


def account(network: Network) -> tuple[int, int]:
    """What is held and spent."""
    found = query_privacy.account(network.host.view(), RETURNS)
    assert found is not None
    return found.held, found.spent


def test_an_exact_answer_enters_the_log_and_its_difference_is_refused(
    network: Network,
) -> None:
    """The sum of both tables was told; that of one of them would tell the other."""
    assert done(network, asked()).phase == "done"
    assert rule_of(network, alone()) == "privacy.differencing"
    assert done(network, asked()).phase == "done"  # the same again says nothing new
    log = privacy.show(network["tax"], RETURNS)
    assert [one["column"] for one in log["asked"]] == ["*", "tax_paid"]
    assert {len(one["sets"]) for one in log["asked"]} == {1}
    assert [one["status"] for one in log["uses"]] == ["spent", "spent"]
    assert {one["grantee"] for one in log["uses"]} == {"housing"}


def test_an_answer_that_was_not_given_leaves_the_log(network: Network) -> None:
    """The owner's machine is gone: no answer, so the other one may be asked."""
    network.hosts["tax"].close()
    assert done(network, asked()).phase == "failed"
    network.restart("tax")
    assert account(network) == (0, 0)
    assert done(network, alone()).phase == "done"
    assert rule_of(network, asked()) == "privacy.differencing"


def test_counts_within_overlapping_intervals_are_refused(network: Network) -> None:
    """How many pay up to 50, then up to 60: the difference is about those between."""

    def count(high: int) -> MpcQuestion:
        made = alone("count")
        return replace(made, parameters={**made.parameters, "at_most": high}, k=3)

    assert done(network, count(5_000)).phase == "done"
    assert rule_of(network, count(6_000)) == "privacy.differencing"
    assert done(network, count(5_000)).phase == "done"


def test_noise_is_charged_to_the_account_exactly(network: Network) -> None:
    """As long as it lasts, and not once more; who fails gets it back."""
    wanted = noisy(400_000)
    assert wanted.noise is not None
    rho = wanted.noise.charge_rho
    assert done(network, wanted).phase == "done"
    assert account(network) == (0, rho)
    network.hosts["title"].close()
    assert done(network, wanted).phase == "failed"
    assert account(network) == (0, rho)
    network.restart("title")
    assert done(network, wanted).phase == "done"
    assert account(network) == (0, 2 * rho)
    assert rule_of(network, wanted) == "privacy.budget"
    held = {one.held for one in query.grants(network.host.view()).values()}
    assert held == {0}


def test_noise_that_was_paid_for_is_added(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator that pays for noise and asks for none gets nothing."""
    paid = noisy(100_000).noise
    assert paid is not None

    def cheat(node: Any, spec: Any, inputs: list[Any]) -> list[Any]:
        made = true(node, spec, inputs)
        for one in made:
            if "answer" in one:
                one["answer"] = {**one["answer"], "noise": paid.to_json()}
                one["charge"] = paid.charge_epsilon
        return made

    true = privacy.with_answers
    monkeypatch.setattr(privacy, "with_answers", cheat)
    job = done(network, asked())
    assert (job.phase, job.problem.rule) == ("failed", "privacy.noise")
    assert network.released == 0 and account(network) == (0, 0)


def test_rows_under_another_name_are_found(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator that names the rows otherwise evades the log and gets nothing."""
    assert done(network, asked()).phase == "done"

    def cheat(node: Any, spec: Any, inputs: list[Any]) -> list[Any]:
        made = true(node, spec, inputs)
        other = Answer(filter_tag(bytes(32), "others"), None).to_json()
        return [{**one, "answer": other} if "answer" in one else one for one in made]

    true = privacy.with_answers
    monkeypatch.setattr(privacy, "with_answers", cheat)
    assert rule_of(network, asked()) == "privacy.differencing"
    privacy.open_account(network["title"], DEEDS, 0)
    # The first of its kind would pass the log; its owner knows better.
    deeds = replace(
        alone(),
        inputs=(Asked(DEEDS, ("tax_paid",)),),
        parameters={
            **alone().parameters,
            "columns": [
                {**alone().parameters["columns"][0], "from": {DEEDS: "tax_paid"}}
            ],
        },
    )
    job = done(network, deeds)
    assert (job.phase, job.problem.rule) == ("failed", "privacy.filter")
    assert job.problem.party == "housing"


@pytest.mark.parametrize(
    ("maximum", "rule"), [(4_000, "mpc.schema"), (10_000_001, "privacy.bounds")]
)
def test_bounds_are_those_of_the_owner(
    network: Network, maximum: int, rule: str
) -> None:
    """Whoever asks cannot find out by refusals between which bounds values lie."""
    other = {**alone().parameters["columns"][0], "maximum": maximum}
    wanted = replace(alone(), parameters={**alone().parameters, "columns": [other]})
    job = done(network, wanted)
    assert (job.phase, job.problem.rule) == ("failed", rule)
    assert network.released == 0


def test_the_query_key_is_for_grantees(network: Network) -> None:
    """Nobody else gets it, and nobody of a dataset without an account."""
    with pytest.raises(GrantMissing):
        privacy.serve_key(network["tax"], "registrar", RETURNS)
    with pytest.raises(NotFound):
        privacy.serve_key(network["title"], "housing", DEEDS)
    with pytest.raises(NotFound):
        privacy.serve_key(network["title"], "housing", RETURNS)
    first, second = (
        privacy.serve_key(network["tax"], "housing", RETURNS) for _ in range(2)
    )
    assert first != second  # sealed anew each time


def test_an_owner_that_hands_out_another_key_gets_no_job(network: Network) -> None:
    """The tag it checks is another: the job ends, and nothing is spent."""

    def other(call: Call) -> Any:
        network.nodes["tax"].store.put_setting(f"query-key:{RETURNS}", "A" * 43)
        answer = network.deliver(call)
        network.nodes["tax"].store.put_setting(f"query-key:{RETURNS}", true)
        return answer

    true = network.nodes["tax"].store.setting(f"query-key:{RETURNS}")
    assert true is not None

    def between(_: Network, message: Any, go_on: Any) -> Any:
        return (
            other(message.asked) if message.kind == "datasets" else go_on(message.asked)
        )

    made = run(network, asked(), between=between)
    assert made.ended[0].problem.rule == "privacy.filter"  # type: ignore[union-attr]
    assert judge(network, made, plain_sum(), Books()) == []


def test_a_thousand_jobs_at_once_do_not_overspend(network: Network) -> None:
    """Two agencies' nodes admit from many threads: as many as the budget pays for."""
    wanted = noisy(1_000)
    assert wanted.noise is not None
    rho, room = wanted.noise.charge_rho, 37
    privacy.open_account(network["tax"], RETURNS, room * rho + rho // 2)
    for name in ("registrar",):
        network.grant(
            name,
            RETURNS,
            operations=["run"],
            programs=list(_programs(network)),
            uses=1_000_000,
            budget=BUDGET,
        )
    ends: Counter[str] = Counter()
    lock = threading.Lock()
    question_ = replace(
        wanted,
        inputs=(Asked(RETURNS, ("tax_paid",)),),
        parameters={**alone().parameters, "noisy": True},
    )

    def ask(agency: str, times: int) -> None:
        for _ in range(times):
            try:
                jobs.submit(network[agency], question_)
                end = "admitted"
            except NotPermitted as error:
                end = str(error.detail["rule"])
            with lock:
                ends[end] += 1

    threads = [
        threading.Thread(target=ask, args=(agency, 125))
        for agency in ("housing", "registrar")
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == {"admitted": room, "privacy.budget": 1_000 - room}
    assert account(network) == (room * rho, 0)


def _programs(network: Network) -> tuple[str, ...]:
    """What the grant that is there allows."""
    (terms,) = {
        one.terms.programs
        for one in query.grants(network.host.view()).values()
        if one.terms.dataset == RETURNS
    }
    return terms
