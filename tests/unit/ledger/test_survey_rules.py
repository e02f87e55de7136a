"""Surveys: two aggregators say the same of a batch before anything is released."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_kit import START, Bench, digest

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
)
from privshare.ledger.survey import Survey, survey
from privshare.rights.mechanism import Mechanism
from privshare.wire.canonical import b64u

WAGES = digest("survey of wages")
UNTIL = START + 10_000


def members() -> Bench:
    """Taxes leads, labour helps, housing collects."""
    bench = Bench()
    bench.admit_all()
    return bench


def opening(bench: Bench, who: str = "housing", **changes: Any) -> bytes:
    """Somebody opens the survey."""
    body: dict[str, Any] = {
        "collector": "housing",
        "helper": "labour",
        "leader": "taxes",
        "min_batch": 10,
        "noise": None,
        "survey": WAGES,
        "until": UNTIL,
    }
    return bench.scribe.tx("survey.open", who, body | changes)


def accept(bench: Bench, who: str) -> bytes:
    """An aggregator accepts."""
    return bench.scribe.tx("survey.accept", who, {"survey": WAGES})


def closing(bench: Bench, who: str, **changes: Any) -> bytes:
    """An aggregator says what it added up."""
    batch = {
        "count": 12,
        "id": b64u(bytes(16)),
        "reports": digest("ids"),
        "transcript": digest("messages"),
    }
    body = {
        "batch": batch | changes,
        "commitment": digest(f"share of {who}"),
        "survey": WAGES,
    }
    return bench.scribe.tx("survey.close", who, body)


def result(bench: Bench, who: str = "housing") -> bytes:
    """Somebody says what the result is."""
    return bench.scribe.tx(
        "survey.result", who, {"result": digest("sums"), "survey": WAGES}
    )


def abort(bench: Bench, who: str) -> bytes:
    """Somebody ends it."""
    return bench.scribe.tx("survey.abort", who, {"reason": "enough", "survey": WAGES})


def running() -> Bench:
    """A survey that both aggregators accepted."""
    bench = members()
    bench.do(opening(bench))
    bench.do(accept(bench, "labour"))
    bench.do(accept(bench, "taxes"))
    return bench


def held(bench: Bench) -> Survey:
    """The survey as the state has it."""
    return survey(bench.machine.state, WAGES)


def refused(bench: Bench, data: bytes) -> tuple[type[PrivShareError], str]:
    """With which error and rule a transaction is refused, without a trace."""
    before = bench.machine.state.root()
    with pytest.raises(PrivShareError) as caught:
        bench.do(data)
    assert bench.machine.state.root() == before
    return type(caught.value), caught.value.detail.get("rule", "")


def test_a_survey_goes_its_way() -> None:
    """Opened, accepted by both, closed by both, ended by a result."""
    bench = members()
    bench.do(opening(bench))
    assert refused(bench, closing(bench, "taxes")) == (StepNotAllowed, "survey.status")
    bench.do(accept(bench, "labour"))
    assert held(bench).status == "opened"
    assert refused(bench, accept(bench, "labour")) == (Conflict, "survey.accepted")
    bench.do(accept(bench, "taxes"))
    assert held(bench).status == "running"
    bench.do(closing(bench, "taxes"))
    assert refused(bench, result(bench)) == (StepNotAllowed, "survey.status")
    bench.do(closing(bench, "labour"))
    assert held(bench).status == "closed"
    assert refused(bench, result(bench, "taxes")) == (NotPermitted, "survey.party")
    bench.do(result(bench))
    done = held(bench)
    assert (done.status, done.result) == ("done", digest("sums"))
    assert [one.agency for one in done.claims] == ["taxes", "labour"]
    assert Survey.from_json(done.to_json()) == done
    assert refused(bench, result(bench)) == (StepNotAllowed, "survey.status")
    assert refused(bench, abort(bench, "taxes")) == (StepNotAllowed, "survey.status")


def test_the_leader_accepts_by_opening() -> None:
    """The helper's word is then the only one missing."""
    bench = members()
    bench.do(opening(bench, "taxes"))
    assert held(bench).accepted == ("taxes",)
    bench.do(accept(bench, "labour"))
    assert held(bench).status == "running"


@pytest.mark.parametrize(
    ("who", "changes", "error", "rule"),
    [
        ("labour", {}, NotPermitted, "survey.party"),
        ("registry", {}, NotPermitted, "survey.party"),
        ("housing", {"helper": "taxes"}, EncodingError, ""),
        ("housing", {"helper": "nobody"}, NotFound, ""),
        ("housing", {"min_batch": 1}, OutOfRange, ""),
        ("housing", {"until": START}, StepNotAllowed, "survey.until"),
        ("housing", {"until": START + 400 * 86_400}, StepNotAllowed, "survey.until"),
        ("housing", {"noise": "some"}, EncodingError, ""),
    ],
)
def test_other_openings_are_refused(
    who: str, changes: dict[str, Any], error: type[PrivShareError], rule: str
) -> None:
    """By others, of one aggregator, for strangers, for one person, for ever."""
    bench = members()
    assert refused(bench, opening(bench, who, **changes)) == (error, rule)


def test_a_survey_is_opened_once() -> None:
    """Its document's digest is its name."""
    bench = running()
    assert refused(bench, opening(bench, "taxes")) == (Conflict, "survey.known")


def test_noise_is_shown() -> None:
    """A mechanism stands in the state as it was declared."""
    noise = Mechanism(
        statistic="sum",
        mech="dgauss",
        level=50_000,
        delta=40,
        low=0,
        high=1_000,
        cells=1,
        rows=1,
        honest=1,
    ).to_json()
    bench = members()
    bench.do(opening(bench, noise=noise))
    assert held(bench).noise == noise


def test_a_small_batch_is_not_closed() -> None:
    """Fewer reports than the survey promises are never claimed."""
    bench = running()
    small = closing(bench, "taxes", count=9)
    assert refused(bench, small) == (NotPermitted, "survey.small")
    bench.do(closing(bench, "taxes", count=10))


@pytest.mark.parametrize(
    "change",
    [
        {"count": 13},
        {"id": b64u(bytes(15) + b"1")},
        {"reports": digest("other ids")},
        {"transcript": digest("other messages")},
    ],
)
def test_two_claims_are_alike(change: dict[str, Any]) -> None:
    """A batch of which the two say different things is not released."""
    bench = running()
    bench.do(closing(bench, "taxes"))
    assert refused(bench, closing(bench, "taxes")) == (Conflict, "survey.closed")
    other = closing(bench, "labour", **change)
    assert refused(bench, other) == (Conflict, "survey.claims")
    stranger = closing(bench, "housing")
    assert refused(bench, stranger) == (NotPermitted, "survey.party")
    bench.do(closing(bench, "labour"))


def test_nothing_is_released_after_the_last_second() -> None:
    """What is left then is to end it."""
    bench = running()
    bench.wait(20_000)
    late = closing(bench, "taxes")
    assert refused(bench, late) == (StepNotAllowed, "survey.until")
    assert refused(bench, abort(bench, "registry")) == (NotPermitted, "survey.party")
    bench.do(abort(bench, "labour"))
    assert (held(bench).status, held(bench).reason) == ("aborted", "enough")
    assert refused(bench, closing(bench, "taxes")) == (StepNotAllowed, "survey.status")


def test_an_unknown_survey_is_not_found() -> None:
    """Nor accepted."""
    bench = members()
    assert refused(bench, accept(bench, "taxes"))[0] is NotFound
