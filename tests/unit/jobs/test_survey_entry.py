"""A survey's result is held to what its parties entered in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from survey_kit import World, keys, survey_of

from privshare.errors import PrivShareError
from privshare.jobs.survey import entry
from privshare.jobs.survey.result import Result, collect
from privshare.jobs.survey.task import HELPER, LEADER
from privshare.ledger.rules_survey import SurveyClose, SurveyOpen, SurveyResult
from privshare.ledger.survey import BatchClaim, Survey
from privshare.schemes import prio3
from privshare.wire.canonical import Fields


def honest() -> tuple[World, Result, Survey]:
    """Three reports, their result, and what the ledger holds of it."""
    world = World(survey_of(prio3.total(1000)))
    world.job(world.uploads([1, 20, 300]))
    releases = [world.release(role) for role in (LEADER, HELPER)]
    found = collect(world.survey, keys(hybrid=False)[2], releases[0], releases[1])
    opened = SurveyOpen.parse(
        Fields(entry.opening(world.survey, "bureau", 2_000_000_000), "body")
    )
    said = [SurveyClose.parse(Fields(entry.closing(r), "body")) for r in releases]
    ended = SurveyResult.parse(
        Fields(entry.result_body(world.survey, found.to_bytes()), "body")
    )
    held = Survey(
        account="bureau",
        at=1,
        leader=opened.leader,
        helper=opened.helper,
        collector=opened.collector,
        accepted=("tax", "health"),
        min_batch=opened.min_batch,
        noise=opened.noise,
        until=opened.until,
        status="done",
        claims=tuple(
            BatchClaim(agency, at, one.batch, one.commitment)
            for at, (agency, one) in enumerate(
                zip(("tax", "health"), said, strict=True)
            )
        ),
        result=ended.result,
        ended=9,
    )
    return world, found, held


def test_an_honest_result_is_the_one_entered() -> None:
    """What the parties enter is enough to hold a result to."""
    world, found, held = honest()
    assert found.values == (321,)
    assert entry.check(world.survey, held, found.to_bytes()) == found
    assert held.claims[0].batch == held.claims[1].batch


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"helper": "housing"}, "survey.entry"),
        ({"min_batch": 3}, "survey.entry"),
        ({"noise": {}}, "survey.entry"),
        ({"until": 1_800_000_999}, "survey.entry"),
        ({"result": "A" * 43}, "survey.result"),
        ({"result": None}, "survey.result"),
        ({"claims": ()}, "survey.claims"),
    ],
)
def test_a_ledger_that_says_otherwise_is_noticed(
    changes: dict[str, Any], rule: str
) -> None:
    """Other parties, another least batch, another result, no claims."""
    world, found, held = honest()
    with pytest.raises(PrivShareError) as caught:
        entry.check(world.survey, replace(held, **changes), found.to_bytes())
    assert caught.value.detail["rule"] == rule


@pytest.mark.parametrize("role", [LEADER, HELPER])
@pytest.mark.parametrize("field", ["commitment", "batch"])
def test_claims_other_than_entered_are_noticed(role: int, field: str) -> None:
    """Of either aggregator, in either half."""
    world, found, held = honest()
    claims = list(held.claims)
    other: Any = (
        "A" * 43
        if field == "commitment"
        else replace(claims[role].batch, transcript="A" * 43)
    )
    claims[role] = replace(claims[role], **{field: other})
    with pytest.raises(PrivShareError) as caught:
        entry.check(world.survey, replace(held, claims=tuple(claims)), found.to_bytes())
    assert caught.value.detail["rule"] == "survey.claims"
