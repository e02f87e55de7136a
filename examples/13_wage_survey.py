"""What does the town earn? 150 people answer, and nobody sees an answer.

Two agencies add up random shares; a third gets the sums. A proof with every answer
shows that it lies within the range. Beside the result stands what the plain answers
give, which here we have.

    python examples/13_wage_survey.py
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

import privshare as ps
from privshare.demo.cluster import Cluster
from privshare.errors import NotFound, OutOfRange, StepNotAllowed

PEOPLE = 150
BUCKETS = (0, 1_500, 2_000, 2_500, 3_000, 4_000)


def soon(what, *arguments):
    """Do what another agency's node may not have heard of yet."""
    for _ in range(200):
        try:
            return what(*arguments)
        except (NotFound, StepNotAllowed):
            time.sleep(0.05)
    return what(*arguments)


def bucket(wage):
    """Which bracket a wage is in."""
    return sum(wage >= least for least in BUCKETS) - 1


def ask(collector, aggregators, leader_url, answers, **kind):
    """One survey from its opening to its result."""
    survey = collector.surveys.open(
        "wages",
        "What do you earn an hour, in cents?",
        leader="tax",
        helper="title",
        closes=int(time.time()) + 3_600,
        min_batch=100,
        **kind,
    )
    for steward in aggregators:
        soon(steward.surveys.accept, survey)
    asked = ps.survey.find(survey, leader_url)
    for answer in answers:
        soon(ps.survey.submit, asked, answer, leader_url)
    try:
        ps.survey.submit(asked, 1_000_000, leader_url)
    except OutOfRange as error:
        print(f"an answer of a million: {error}")
    soon(aggregators[0].surveys.close, survey)
    return soon(collector.surveys.result, survey)


def main() -> None:
    """Ask, answer, close, compare, verify."""
    wages = [round(random.gauss(2_200, 500)) for _ in range(PEOPLE)]
    people = [("tax", "steward"), ("title", "steward"), ("bureau", "analyst")]
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder) / "nodes", ["tax", "title", "bureau"]) as cluster,
    ):
        cluster.build(people)
        cluster.start()
        aggregators = [cluster.connect(name, "steward") for name in ("tax", "title")]
        with cluster.connect("bureau", "analyst") as bureau:
            leader = aggregators[0].url
            total = ask(bureau, aggregators, leader, wages, kind="sum", bound=20_000)
            print(total)
            plain = sum(wages) / PEOPLE
            print(f"mean: {total.mean:.2f}; of the plain answers: {plain:.2f}")
            brackets = [bucket(wage) for wage in wages]
            spread = ask(
                bureau,
                aggregators,
                leader,
                brackets,
                kind="histogram",
                length=len(BUCKETS),
            )
        print(spread)
        assert total.values == (sum(wages),)
        assert list(spread.values) == [brackets.count(i) for i in range(len(BUCKETS))]
        verdict = total.receipt.verify()
        print(verdict.report())
        assert verdict.outcome == "valid"


if __name__ == "__main__":
    main()
