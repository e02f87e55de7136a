"""Encrypted sums from end to end, between four nodes."""

from __future__ import annotations

from exchange_kit import Consortium, taxes

from privshare.audit.verifier import verify
from privshare.exchange import job as jobs
from privshare.exchange.plan import Question
from privshare.wire.canonical import decode

SUM = Question(
    operation="sum",
    column="tax_paid",
    datasets=("tax/returns",),
    purpose="housing-policy",
    group_by="district",
)


def test_sum_of_one_owner(network: Consortium) -> None:
    """One owner's column is summed by group, small groups are left out, and the
    receipt verifies offline."""
    network.publish("tax", "returns", taxes(), key="parcel")
    network.grant("housing", "tax/returns")
    job = jobs.submit(network["housing"], SUM)
    network.run("housing")
    done = jobs.find(network["housing"], job.id)
    assert done.phase == "done", done.problem
    result = decode(done.result)
    east = sum(i * 1000 + 25 for i in range(2, 20, 2))
    west = sum(i * 1000 + 25 for i in range(1, 20, 2))
    assert result["rows"] == [
        {"count": 9, "group": "east", "value": str(east)},
        {"count": 10, "group": "west", "value": str(west)},
    ]
    assert result["suppressed"] == ["north"]
    receipt = network["housing"].store.receipt(done.receipt)
    assert receipt is not None
    verdict = verify(receipt.body, network.trust, network.clock(), lambda _: None)
    assert verdict.outcome == "valid", verdict.report()
