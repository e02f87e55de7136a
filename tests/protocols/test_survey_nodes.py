"""Surveys through the nodes: two aggregators, a collector, one ledger."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from survey_exchange_kit import COLLECTOR, HELPER, LEADER, SUM, SurveyConsortium

from privshare.audit.verifier import verify
from privshare.errors import (
    EncodingError,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import survey_close, survey_open, survey_room, survey_run
from privshare.wire.canonical import decode, encode

WAGES = [1_500, 2_250, 1_890, 3_100, 1_200, 2_000, 2_750]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[SurveyConsortium]:
    """Four agencies."""
    made = SurveyConsortium(tmp_path)
    yield made
    made.close()


def restart(network: SurveyConsortium, agency: str) -> None:
    """The node comes back with its storage and nothing else."""
    network.nodes[agency] = replace(network[agency], doors={})


CASES: list[tuple[Any, list[Any], list[int]]] = [
    ({"circuit": "count"}, [1, 0, 1, 1, 0, 1], [4]),
    (SUM, WAGES, [sum(WAGES)]),
    (
        {"bound": "10", "chunk": 2, "circuit": "sum-vec", "length": 3},
        [[1, 2, 3], [10, 0, 5], [0, 0, 0], [1, 1, 1], [2, 2, 2]],
        [14, 5, 11],
    ),
    (
        {"chunk": 2, "circuit": "histogram", "length": 4},
        [0, 3, 3, 1, 3, 0],
        [2, 1, 0, 3],
    ),
]


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all texts and numbers in a document."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*way, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from leaves(one, (*way, place))
    else:
        yield way


def altered(document: Any, way: tuple[Any, ...]) -> Any:
    """The document with another value at one place."""
    made = copy.deepcopy(document)
    at = made
    for step in way[:-1]:
        at = at[step]
    old = at[way[-1]]
    if isinstance(old, str):
        at[way[-1]] = old[:-2] + ("BA" if old[-2:] != "BA" else "AA") if old else "x"
    else:
        at[way[-1]] = 1 if old is None else old + 1
    return made


def test_the_receipt_proves_it_offline(network: SurveyConsortium) -> None:
    """And with anything altered in document or result it proves nothing."""
    id_ = network.begin()
    survey_run.upload(network[LEADER], id_, network.reports(id_, WAGES))
    network.finish(id_)
    (receipt,) = [
        one
        for one in network[COLLECTOR].store.receipts(500)
        if one.operation == "survey.result"
    ]
    found = verify(receipt.body, network.trust, network.clock())
    assert found.outcome == "valid", found.report()
    assert f"  sum: {sum(WAGES):,}" in found.headline
    document: Any = decode(receipt.body, max_bytes=8 << 20)
    tried = 0
    for part in ("evidence", "result"):
        for way in leaves(document[part], (part,)):
            changed = encode(altered(document, way))
            verdict = verify(changed, network.trust, network.clock())
            assert verdict.outcome != "valid", way
            tried += 1
    assert tried > 25


@pytest.mark.parametrize(("vdaf", "answers", "sums"), CASES)
def test_the_sums_and_nothing_else(
    network: SurveyConsortium, vdaf: Any, answers: list[Any], sums: list[int]
) -> None:
    """Count, sum, vector and histogram, in several uploads and jobs."""
    id_ = network.begin(vdaf)
    reports = network.reports(id_, answers)
    size = len(reports) // len(answers)
    said = survey_run.upload(network[LEADER], id_, reports[: 2 * size])
    assert said == {"accepted": 2, "refused": {}}
    assert survey_run.turn(network[LEADER], id_)
    survey_run.upload(network[LEADER], id_, reports[2 * size :])
    found = network.finish(id_)
    assert [int(one) for one in found["values"]] == sums
    shown = survey_close.show(network[COLLECTOR], id_)
    assert (shown["status"], shown["result"]) == ("done", found)
    assert survey_close.show(network[LEADER], id_)["batch"]["count"] == len(answers)


def test_bad_reports_are_counted_by_reason(network: SurveyConsortium) -> None:
    """Twice the same, another survey's, not whole, altered: none is added up."""
    id_ = network.begin()
    good = network.reports(id_, WAGES)
    size = len(good) // len(WAGES)
    survey_run.upload(network[LEADER], id_, good)
    again = survey_run.upload(network[LEADER], id_, good[:size])
    assert again == {"accepted": 0, "refused": {"replayed": 1}}
    with pytest.raises(EncodingError):
        survey_run.upload(network[LEADER], id_, good[:-1])
    with pytest.raises(EncodingError):
        survey_run.upload(network[LEADER], id_, b"")
    other = network.begin(name="others")
    with pytest.raises(PrivShareError):
        survey_run.upload(network[HELPER], id_, good[:size])
    foreign = network.reports(other, [5])
    said = survey_run.upload(network[LEADER], id_, foreign)
    assert said == {"accepted": 0, "refused": {"other": 1}}
    altered = bytearray(network.reports(id_, [7]))
    altered[-1] ^= 1
    survey_run.upload(network[LEADER], id_, bytes(altered))
    found = network.finish(id_)
    assert int(found["values"][0]) == sum(WAGES)


@pytest.mark.parametrize("agency", [LEADER, HELPER])
@pytest.mark.parametrize("kind", ["begin", "commit"])
def test_a_crash_counts_nothing_twice(
    network: SurveyConsortium, agency: str, kind: str
) -> None:
    """Before and after each message, of either: it goes on where it was."""
    id_ = network.begin()
    reports = network.reports(id_, WAGES)
    survey_run.upload(network[LEADER], id_, reports)
    for lost_before in (True, False):

        def lost(asked: Any, lost_before: bool = lost_before) -> Any:
            if not lost_before:
                network.answer(asked)
            raise Unavailable("expected an answer, found a crash")

        network.meddle[(HELPER, "surveys")] = lambda asked, lost=lost: (
            lost(asked) if asked.path.endswith(kind) else network.answer(asked)
        )
        with pytest.raises(Unavailable):
            survey_run.turn(network[LEADER], id_)
        network.meddle.clear()
        restart(network, agency)
        while survey_run.turn(network[LEADER], id_):
            pass
        more = network.reports(id_, [100])
        assert survey_run.upload(network[LEADER], id_, more)["accepted"] == 1
    size = len(reports) // len(WAGES)
    restart(network, LEADER)
    again = survey_run.upload(network[LEADER], id_, reports[:size])
    assert again["refused"] == {"replayed": 1}
    found = network.finish(id_)
    assert int(found["values"][0]) == sum(WAGES) + 200


def test_a_message_that_was_altered_is_refused(network: SurveyConsortium) -> None:
    """Or never changes the sum: each message, at some places."""
    for kind in ("begin", "commit"):
        for place in (3, 50, -1):
            id_ = network.begin(name=f"{kind}{place % 7}")
            survey_run.upload(network[LEADER], id_, network.reports(id_, WAGES))

            def alter(asked: Any, kind: str = kind, place: int = place) -> Any:
                if asked.path.endswith(kind):
                    data = bytearray(asked.body)
                    data[place] ^= 0x40
                    asked = replace(asked, body=bytes(data))
                return network.answer(asked)

            network.meddle[(HELPER, "surveys")] = alter
            try:
                survey_run.turn(network[LEADER], id_)
                network.meddle.clear()
                while survey_run.turn(network[LEADER], id_):
                    pass
                found = network.finish(id_)
            except PrivShareError as error:
                assert error.detail.get("rule", "").startswith("survey.") or (
                    isinstance(error, EncodingError)
                )
            else:
                assert int(found["values"][0]) <= sum(WAGES)
            network.meddle.clear()


def test_too_few_are_not_told(network: SurveyConsortium) -> None:
    """Not to the leader, not to the collector."""
    id_ = network.begin(min_batch=8)
    survey_run.upload(network[LEADER], id_, network.reports(id_, WAGES))
    with pytest.raises(NotPermitted) as refused:
        survey_close.close(network[LEADER], id_)
    assert refused.value.detail["rule"] == "survey.small"
    with pytest.raises(StepNotAllowed):
        survey_close.collect(network[COLLECTOR], id_)
    with pytest.raises(StepNotAllowed):
        survey_close.released(network[LEADER], COLLECTOR, id_)
    survey_close.abort(network[LEADER], id_, "too few took part")
    network.sync()
    assert survey_close.show(network[COLLECTOR], id_)["status"] == "aborted"


def test_who_may_do_what(network: SurveyConsortium) -> None:
    """The collector opens, aggregators accept, the leader takes reports."""
    id_ = network.begin()
    for work in (
        lambda: survey_open.accept(network["registrar"], id_),
        lambda: survey_open.accept(network[COLLECTOR], id_),
        lambda: survey_close.close(network[HELPER], id_),
        lambda: survey_close.released(network[LEADER], HELPER, id_),
        lambda: survey_run.answer_begin(network[HELPER], COLLECTOR, id_, b"x"),
        lambda: survey_run.answer_commit(network[LEADER], HELPER, id_, b"x"),
        lambda: survey_open.take_key(network[HELPER], COLLECTOR, id_, {"sealed": ""}),
        lambda: survey_close.claim(network[LEADER], LEADER, id_),
    ):
        with pytest.raises(PrivShareError):
            work()
    document = network.document(id_)
    for caller in (LEADER, "registrar"):
        with pytest.raises(NotPermitted):
            survey_open.take_document(network[HELPER], caller, document.to_json())


def test_it_goes_on_by_itself(network: SurveyConsortium) -> None:
    """Nodes aggregate, close and collect when it is time."""
    id_ = network.begin()
    survey_run.upload(network[LEADER], id_, network.reports(id_, WAGES))
    late = network.reports(id_, [5])
    for agency in (LEADER, HELPER, COLLECTOR):
        assert survey_close.tick(network[agency]) == []
    network.clock.now += 4_000
    for agency in (LEADER, HELPER, COLLECTOR):
        network.sync()
        assert survey_close.tick(network[agency]) == []
    network.sync()
    shown = survey_close.show(network[COLLECTOR], id_)
    assert int(shown["result"]["values"][0]) == sum(WAGES)
    with pytest.raises(StepNotAllowed):
        survey_run.upload(network[LEADER], id_, late)


def test_a_survey_is_full_at_its_largest_batch(network: SurveyConsortium) -> None:
    """A flood ends at the number that was declared."""
    id_ = network.begin(max_batch=10)
    survey_run.upload(network[LEADER], id_, network.reports(id_, [1] * 9))
    with pytest.raises(StepNotAllowed) as refused:
        survey_run.upload(network[LEADER], id_, network.reports(id_, [1, 1]))
    assert refused.value.detail["rule"] == "survey.full"
    assert survey_room.rooms(network[LEADER]) == [id_]
    assert encode(survey_close.show(network[LEADER], id_))
