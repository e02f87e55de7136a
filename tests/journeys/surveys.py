"""A survey of the journeys: tax and title aggregate, housing gets the sum.

`network.Network` calls these; they are here because it is long. Reports are drawn
anew each time, and with them the two shares of the sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from survey_kit import World, survey_of

from privshare.jobs.survey import entry
from privshare.jobs.survey.release import close
from privshare.jobs.survey.result import collect
from privshare.jobs.survey.task import HELPER, LEADER, Survey
from privshare.ledger.api import Committed
from privshare.schemes import prio3
from privshare.wire.canonical import decode

if TYPE_CHECKING:
    from network import Network

AGGREGATORS = ("tax", "title")
COLLECTOR = "housing"
HOURS = [38, 40, 0, 61, 20, 35, 40]


def document(network: Network) -> Survey:
    """What is asked; both aggregators sign with their keys of the ledger."""
    from network import signing_key

    drawn = survey_of(prio3.total(168), min_batch=3)
    leader, helper = (
        replace(one, agency=agency, key=signing_key(f"{agency}/sign").verify_key)
        for one, agency in zip(drawn.aggregators, AGGREGATORS, strict=True)
    )
    return replace(
        drawn,
        network=network.ledger.genesis.network,
        name="hours",
        title="How many hours did you work last week?",
        leader=leader,
        helper=helper,
        opens=network.now - 3_600,
        closes=network.now + 3_600,
    )


def course(network: Network) -> tuple[Committed, Survey, dict[str, Any]]:
    """From the opening to the result: its transaction, the document, the result."""
    from network import signing_key

    survey = document(network)
    opening = entry.opening(survey, COLLECTOR, survey.closes + 86_400)
    network.submit("survey.open", COLLECTOR, opening)
    for agency in AGGREGATORS:
        network.submit("survey.accept", agency, {"survey": opening["survey"]})
    world = World(survey)
    reports = world.uploads(HOURS, network.now)
    world.job([*reports, reports[0]], network.now)
    releases = []
    for role, agency in zip((LEADER, HELPER), AGGREGATORS, strict=True):
        key, salt = signing_key(f"{agency}/sign"), bytes([role]) * 32
        world.batches[role], made = close(survey, role, world.batches[role], key, salt)
        network.submit("survey.close", agency, entry.closing(made))
        releases.append(made)
    data = collect(survey, world.opening[2], *releases).to_bytes()
    at = network.submit("survey.result", COLLECTOR, entry.result_body(survey, data))
    found: Any = decode(data)
    return at, survey, found
