"""Receipts of jobs on datasets with a privacy account, in every technique."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import Consortium, permit, taxes
from fault_network import DEEDS, Network, asked, near, noisy, plain_sum
from fault_run import output_of, run
from join_kit import DEEDS as JOINED
from join_kit import JoinConsortium
from join_kit import asked as matched
from joint_kit import JointConsortium
from tee_kit import GROUP, RETURNS, AttestedConsortium, permit_run, wanted
from test_joint_job import ended, judged, receipt_of, summed

from privshare.audit.verifier import verify
from privshare.errors import NotPermitted
from privshare.exchange import dataset as datasets
from privshare.exchange import job as jobs
from privshare.exchange import privacy
from privshare.exchange.job import Question
from privshare.ledger import query, query_privacy
from privshare.rights.answer import Answer

SUM = Question(
    operation="sum",
    column="tax_paid",
    datasets=(RETURNS,),
    purpose="housing-policy",
    group_by="district",
)


def account(network: Consortium, dataset: str = RETURNS) -> tuple[int, int]:
    """What is held and spent."""
    found = query_privacy.account(network.host.view(), dataset)
    assert found is not None
    return found.held, found.spent


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Consortium]:
    """A table that housing may sum, whose owner has an account."""
    made = Consortium(tmp_path)
    rules = [permit(group_by=["district"])]
    made.publish("tax", "returns", taxes(), key="parcel", rules=rules)
    made.grant("housing", RETURNS)
    privacy.open_account(made["tax"], RETURNS, 0)
    made.sync()
    yield made
    made.close()


def test_an_encrypted_sum_enters_the_log(encrypted: Consortium) -> None:
    """Once by district; a second total of the same column is refused."""
    job = jobs.submit(encrypted["housing"], SUM)
    encrypted.run("housing")
    assert jobs.find(encrypted["housing"], job.id).phase == "done"
    (body,) = [
        one.body
        for one in encrypted["housing"].store.receipts()
        if one.operation == "job.result"
    ]
    found = verify(body, encrypted.trust, encrypted.clock())
    assert found.outcome == "valid", found.report()
    with pytest.raises(NotPermitted) as refused:
        jobs.submit(encrypted["housing"], replace(SUM, group_by=None))
    assert refused.value.detail["rule"] == "privacy.differencing"


def test_a_sum_without_the_erased_record_is_refused(encrypted: Consortium) -> None:
    """The difference of a total before and after an erasure is what was erased."""
    job = jobs.submit(encrypted["housing"], SUM)
    encrypted.run("housing")
    assert jobs.find(encrypted["housing"], job.id).phase == "done"
    datasets.erase(encrypted["tax"], RETURNS, "p-5")
    encrypted.sync()
    with pytest.raises(NotPermitted) as refused:
        jobs.submit(encrypted["housing"], SUM)
    assert refused.value.detail["rule"] == "privacy.differencing"


def test_a_record_that_is_erased_meanwhile_ends_the_job(encrypted: Consortium) -> None:
    """It was admitted for all rows, and there is one less now."""
    job = jobs.submit(encrypted["housing"], SUM)
    datasets.erase(encrypted["tax"], RETURNS, "p-5")
    encrypted.sync()
    encrypted.run("housing")
    found = jobs.find(encrypted["housing"], job.id)
    assert found.problem is not None and found.problem.rule == "privacy.filter"
    assert query_privacy.asked(encrypted.host.view(), RETURNS) == {}


def test_a_module_with_other_parameters_is_refused(tmp_path: Path) -> None:
    """What a module does with its parameters nobody knows: others are other rows."""
    network = AttestedConsortium(tmp_path)
    try:
        network.list_code()
        network.publish("tax", "returns", taxes(), rules=[permit_run()])
        network.grant("housing", RETURNS, **wanted())
        network.set_policies()
        privacy.open_account(network["tax"], RETURNS, 0)
        network.sync()
        job = jobs.submit(network["housing"], GROUP)
        network.run("housing")
        assert jobs.find(network["housing"], job.id).phase == "done"
        for other in (
            replace(GROUP, parameters={**GROUP.parameters, "round": 1}),
            replace(GROUP, group_by=()),
        ):
            with pytest.raises(NotPermitted) as refused:
                jobs.submit(network["housing"], other)
            assert refused.value.detail["rule"] == "privacy.differencing"
    finally:
        network.close()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Network]:
    """Two tables for jobs on shares, with an account each."""
    made = Network(tmp_path)
    made.ready("sum", budget=100_000_000)
    for owner, dataset in (("tax", RETURNS), ("title", DEEDS)):
        privacy.open_account(made[owner], dataset, 10_000_000)
    yield made
    made.close()


def test_an_exact_sum_on_shares_has_a_valid_receipt(shared: Network) -> None:
    """As without an account; the admission in it says of which rows."""
    (job,) = run(shared, asked(), between=None).ended
    assert (job.phase, output_of(job)) == ("done", plain_sum())
    found = judged(shared, receipt_of(shared, job).body)
    assert found.outcome == "valid", found.report()
    assert account(shared) == (0, 0)


def test_a_noisy_sum_on_shares_is_charged_and_its_receipt_valid(
    shared: Network,
) -> None:
    """Grants and datasets pay, each in its unit."""
    wanted = noisy()
    assert wanted.noise is not None
    (job,) = run(shared, wanted, between=None).ended
    assert job.phase == "done" and near(wanted)(output_of(job))
    found = judged(shared, receipt_of(shared, job).body)
    assert found.outcome == "valid", found.report()
    for dataset in (RETURNS, DEEDS):
        assert account(shared, dataset) == (0, wanted.noise.charge_rho)
    for grant in query.grants(shared.host.view()).values():
        assert (grant.held, grant.spent) == (0, wanted.noise.charge_epsilon)


def test_bounds_of_the_asker_are_refused_in_the_open(tmp_path: Path) -> None:
    """Where the schema declares none; the refusal has a receipt, too."""
    network = JointConsortium(tmp_path)
    try:
        asked_ = summed(network)
        privacy.open_account(network["title"], DEEDS, 0)
        network.sync()
        job = ended(network, asked_)
        assert job.problem is not None and job.problem.rule == "privacy.bounds"
        assert judged(network, receipt_of(network, job).body).outcome == "valid"
    finally:
        network.close()


def test_a_private_join_is_refused_by_the_owner_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its coordinator looks first; one that does not is told by the owner."""
    network = JoinConsortium(tmp_path)
    try:
        network.prepare()
        privacy.open_account(network["tax"], JOINED, 0)
        network.sync()
        with pytest.raises(NotPermitted) as refused:
            jobs.submit(network["housing"], matched("count"))
        assert refused.value.detail["rule"] == "privacy.join"

        def made_up(_: Any, spec: Any, inputs: list[Any]) -> list[Any]:
            answer = Answer(bytes(32), None).to_json()
            return [
                {**given, "answer": answer} if one.dataset == JOINED else given
                for one, given in zip(spec.inputs, inputs, strict=True)
            ]

        monkeypatch.setattr(privacy, "with_answers", made_up)
        job = jobs.submit(network["housing"], matched("count"))
        network.run("housing")
        found = jobs.find(network["housing"], job.id)
        assert found.problem is not None and found.problem.rule == "privacy.join"
        uses = query.uses(network.host.view()).values()
        assert [one.status for one in uses] == ["released", "released"]
    finally:
        network.close()
