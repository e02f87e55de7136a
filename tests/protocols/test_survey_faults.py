"""Surveys when nodes fall over, or somebody is false: nothing counted twice.

A node that falls over comes back with its storage and nothing else. Each run
ends in the sums of the reports that were accepted, or in a named refusal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from survey_exchange_kit import COLLECTOR, HELPER, LEADER, SurveyConsortium

from privshare.errors import (
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange import survey_close, survey_open, survey_room, survey_run
from privshare.wire.canonical import b64u, unb64u

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
HOURS = [38, 40, 0, 61, 20, 35]
SUMS = sum(HOURS)


class Fell(Exception):
    """The machine stops; nothing in the program may catch it."""


class Falling:
    """A store that falls over before or after one write."""

    def __init__(self, store: Any, at: int, *, after: bool) -> None:
        self._store, self._left, self._after = store, at, after
        self.fell = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_blob(self, job: str, name: str, data: bytes) -> None:
        """Write, unless this is the write."""
        self._left -= 1
        if self._left == 0 and not self._after:
            self.fell = True
            raise Fell
        self._store.put_blob(job, name, data)
        if self._left == 0:
            self.fell = True
            raise Fell


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SurveyConsortium]:
    """Four agencies; each test opens surveys of its own."""
    made = SurveyConsortium(tmp_path_factory.mktemp("surveys"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def tidy(network: SurveyConsortium) -> Iterator[None]:
    """No test leaves a liar behind."""
    yield
    network.meddle.clear()
    network.away.clear()


def restart(network: SurveyConsortium, agency: str, store: Any = None) -> None:
    """The node comes back with a storage and nothing else."""
    node = network[agency]
    network.nodes[agency] = replace(node, doors={}, store=store or node.store)


def refused(work: Callable[[], Any]) -> str:
    """The rule by which something is refused."""
    with pytest.raises(PrivShareError) as found:
        work()
    return str(found.value.detail.get("rule", found.value.name))


def whole_run(network: SurveyConsortium, id_: str, reports: bytes) -> None:
    """What is left to do of a survey, wherever it stands."""
    leader = network[LEADER]
    network.sync()
    entered = survey_room.entered(leader, id_)
    if entered.status == "running":
        room = survey_room.room_of(id_)
        if leader.store.blob(room, "closing") is None:
            survey_run.upload(leader, id_, reports)
        survey_close.close(leader, id_)
        network.sync()
    if survey_room.entered(leader, id_).status == "closed":
        survey_close.collect(network[COLLECTOR], id_)
        network.sync()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("agency", [LEADER, HELPER, COLLECTOR])
def test_falls_over_at_every_write(
    network: SurveyConsortium, agency: str, after: bool
) -> None:
    """Each write of each node, from first report to result: the same sum."""
    for at in range(1 + after, 40, 1 if LONG else 4):
        id_ = network.begin({"bound": "100", "circuit": "sum"}, name=f"w{at}")
        reports = network.reports(id_, HOURS)
        store = network[agency].store
        falling = Falling(store, at, after=after)
        restart(network, agency, falling)
        try:
            whole_run(network, id_, reports)
        except Fell:
            restart(network, agency, store)
            whole_run(network, id_, reports)
        restart(network, agency, store)
        shown = survey_close.show(network[COLLECTOR], id_)
        assert shown["result"]["values"] == [str(SUMS)], at
        assert survey_close.show(network[LEADER], id_)["batch"]["count"] == len(HOURS)
        if not falling.fell:
            break
    assert at > 1 and not falling.fell


@pytest.mark.parametrize("away", ["open", "document"])
def test_a_collector_that_falls_over_while_it_opens(
    network: SurveyConsortium, away: str
) -> None:
    """It goes on with what it has, or drops it; the list is never broken."""
    collector = network[COLLECTOR]
    store = collector.store
    before = survey_room.rooms(collector)
    at = {"open": 2, "document": 4}[away]
    restart(network, COLLECTOR, Falling(store, at, after=True))
    with pytest.raises(Fell):
        network.begin(name=f"o-{away}")
    restart(network, COLLECTOR, store)
    network.sync()
    listed = survey_room.rooms(network[COLLECTOR])
    assert all(survey_close.show(network[COLLECTOR], one) for one in listed)
    assert survey_close.tick(network[COLLECTOR]) == []
    new = set(listed) - set(before)
    if away == "open":
        assert not new
        return
    (id_,) = new
    for agency in (LEADER, HELPER):
        survey_open.accept(network[agency], id_)
        network.sync()
    whole_run(network, id_, network.reports(id_, HOURS))
    assert survey_close.show(network[COLLECTOR], id_)["status"] == "done"


def test_the_leader_falls_over_between_both_claims(network: SurveyConsortium) -> None:
    """The helper has claimed: no report is taken any more, and the survey ends."""
    id_ = network.begin(name="claims")
    leader = network[LEADER]
    survey_run.upload(leader, id_, network.reports(id_, HOURS))
    late = network.reports(id_, [9])

    def lost(asked: Any) -> Any:
        found = network.answer(asked)
        if asked.path.endswith("close"):
            raise Unavailable("expected an answer, found a crash")
        return found

    network.meddle[(HELPER, "surveys")] = lost
    with pytest.raises(Unavailable):
        survey_close.close(leader, id_)
    network.meddle.clear()
    network.sync()
    restart(network, LEADER)
    leader = network[LEADER]
    assert survey_room.entered(leader, id_).status == "running"
    assert refused(lambda: survey_run.upload(leader, id_, late)) == "survey.closed"
    assert survey_close.tick(leader) == []
    network.sync()
    assert survey_close.tick(network[COLLECTOR]) == []
    network.sync()
    shown = survey_close.show(network[COLLECTOR], id_)
    assert shown["result"]["values"] == [str(SUMS)]


def test_a_helper_that_is_away_for_a_while(network: SurveyConsortium) -> None:
    """Reports are taken all the same, and counted once it is back."""
    id_ = network.begin(name="away")
    leader = network[LEADER]
    network.away.add(HELPER)
    for hours in HOURS:
        survey_run.upload(leader, id_, network.reports(id_, [hours]))
        (wrong,) = survey_close.tick(leader)
        assert isinstance(wrong, Unavailable) and wrong.detail["party"] == HELPER
    network.away.clear()
    assert network.finish(id_)["values"] == [str(SUMS)]


def test_a_report_is_taken_while_the_helper_is_slow(network: SurveyConsortium) -> None:
    """No submitter waits for a call between the aggregators."""
    id_ = network.begin(name="slow")
    leader = network[LEADER]
    survey_run.upload(leader, id_, network.reports(id_, HOURS))
    more, taken = network.reports(id_, [7]), []

    def slow(asked: Any) -> Any:
        from exchange_kit import in_thread

        thread = in_thread(lambda: taken.append(survey_run.upload(leader, id_, more)))
        thread.join(20)
        network.meddle.clear()
        return network.answer(asked)

    network.meddle[(HELPER, "surveys")] = slow
    survey_run.turn(leader, id_)
    assert taken == [{"accepted": 1, "refused": {}}]
    assert network.finish(id_)["values"] == [str(SUMS + 7)]


MESSAGES = ("begin", "commit")
EVERY = (0, 4, 36, 52, 56, 88, 92, 97, 98, 120, 150, 200, -60, -2, -1)
PLACES = EVERY if LONG else (4, 56, 92, -1)


@pytest.mark.parametrize("kind", MESSAGES)
def test_each_message_altered_on_its_way(network: SurveyConsortium, kind: str) -> None:
    """There or back, at many places: refused by name; the true one still counts."""
    for there in (True, False):
        for place in PLACES:
            if kind == "commit" and not there:
                continue  # an empty answer
            id_ = network.begin(name=f"{kind}{place % 97}{'to' if there else 'fro'}")
            leader = network[LEADER]
            survey_run.upload(leader, id_, network.reports(id_, HOURS))
            network.meddle[(HELPER, "surveys")] = altering(network, kind, place, there)
            try:
                survey_run.turn(leader, id_)
            except PrivShareError as error:
                rule = str(error.detail.get("rule", error.name))
                assert rule.startswith(("survey.", "EncodingError")), rule
            network.meddle.clear()
            restart(network, LEADER)
            restart(network, HELPER)
            found = outcome(network, id_)
            assert found in ended_well(HOURS), (there, place, found)


def altering(network: SurveyConsortium, kind: str, place: int, there: bool) -> Any:
    """Somebody between the two who flips a bit."""

    def alter(asked: Any) -> Any:
        if not asked.path.endswith(kind):
            return network.answer(asked)
        if there:
            return network.answer(replace(asked, body=flipped(asked.body, place)))
        answer = network.answer(asked)
        return {"answer": b64u(flipped(unb64u(answer["answer"]), place))}

    return alter


def flipped(data: bytes, place: int) -> bytes:
    """With one bit changed."""
    found = bytearray(data)
    found[place % len(found)] ^= 0x10
    return bytes(found)


def outcome(network: SurveyConsortium, id_: str) -> tuple[int, int] | str:
    """Sum and count, or the rule by which the survey does not go on."""
    try:
        found = network.finish(id_)
    except PrivShareError as error:
        return str(error.detail.get("rule", error.name))
    counted = survey_close.show(network[LEADER], id_)["batch"]["count"]
    return int(found["values"][0]), counted


def ended_well(answers: list[int]) -> list[Any]:
    """All reports, all but one, or an end by name."""
    fewer = [(sum(answers) - one, len(answers) - 1) for one in answers]
    rules = ("survey.claims", "survey.codes", "survey.transcript")
    return [(sum(answers), len(answers)), *fewer, *rules]


@pytest.mark.parametrize("kind", MESSAGES)
def test_old_and_foreign_messages(network: SurveyConsortium, kind: str) -> None:
    """A message of the job before, of another survey, of the other kind."""
    ids = [network.begin(name=f"{kind}-{one}") for one in ("a", "b")]
    leader, helper = network[LEADER], network[HELPER]
    for id_ in ids:
        survey_run.upload(leader, id_, network.reports(id_, HOURS))
        survey_run.turn(leader, id_)
    sent = {
        (asked.path.split("/")[4], asked.path.split("/")[5]): asked.body
        for asked in network.calls
        if asked.path.endswith(MESSAGES)
    }
    take = {"begin": survey_run.answer_begin, "commit": survey_run.answer_commit}[kind]
    other = MESSAGES[1 - MESSAGES.index(kind)]
    for message in (
        sent[(ids[1], kind)],
        sent[(ids[0], other)],
        b"",
        b"\0" * 92,
        sent[(ids[0], kind)][:-1],
        *([sent[(ids[0], kind)]] if kind == "begin" else []),
    ):
        rule = refused(lambda m=message: take(helper, LEADER, ids[0], m))
        assert rule.startswith(("survey.transcript", "EncodingError")), rule
    if kind == "commit":  # the last one again: its answer was lost
        assert take(helper, LEADER, ids[0], sent[(ids[0], kind)]) == {"answer": ""}
    assert network.finish(ids[0])["values"] == [str(SUMS)]
    assert network.finish(ids[1])["values"] == [str(SUMS)]


def test_releases_that_were_not_entered(network: SurveyConsortium) -> None:
    """Altered, of another survey, or well made but another than was claimed."""
    from privshare.jobs.survey import release

    ids = [network.begin(name=f"release-{one}") for one in ("a", "b")]
    for id_ in ids:
        survey_run.upload(network[LEADER], id_, network.reports(id_, HOURS))
        survey_close.close(network[LEADER], id_)
        network.sync()
    helper, collector = network[HELPER], network[COLLECTOR]
    true = survey_close.released(helper, COLLECTOR, ids[0])["release"]
    foreign = survey_close.released(helper, COLLECTOR, ids[1])["release"]
    survey = survey_room.find(helper, ids[0])
    batch = replace(survey_run.load(helper, ids[0], survey).batch, closed=False)
    _, again = release.close(survey, 1, batch, helper.keys.sign, bytes(32))
    rules = []
    for false in (
        foreign,
        b64u(again.to_bytes()),
        *(b64u(flipped(unb64u(str(true)), at)) for at in (0, 60, 400, -20)),
        "",
    ):
        network.meddle[(HELPER, "surveys")] = lambda asked, one=false: {"release": one}
        rules.append(refused(lambda: survey_close.collect(collector, ids[0])))
        assert survey_room.entered(collector, ids[0]).status == "closed"
    assert rules[1] == "survey.claims"
    network.meddle.clear()
    assert survey_close.collect(collector, ids[0])["values"] == [str(SUMS)]


def test_reports_after_close_result_and_abort(network: SurveyConsortium) -> None:
    """Refused by name; the same report again as well."""
    id_ = network.begin(name="after")
    reports, late = network.reports(id_, HOURS), network.reports(id_, [1])
    survey_run.upload(network[LEADER], id_, reports)
    survey_close.close(network[LEADER], id_)
    network.sync()
    for one in (reports, late):
        rule = refused(lambda one=one: survey_run.upload(network[LEADER], id_, one))
        assert rule == "survey.status"
    survey_close.collect(network[COLLECTOR], id_)
    gone = network.begin(name="gone")
    survey_close.abort(network[HELPER], gone, "no longer wanted")
    network.sync()
    late = network.reports(gone, [1])
    assert (
        refused(lambda: survey_run.upload(network[LEADER], gone, late))
        == "survey.status"
    )
    for name in (LEADER, HELPER, COLLECTOR):
        survey_close.tick(network[name])
        for ended in (id_, gone):
            room = survey_room.room_of(ended)
            for kept in ("up:000000000000", "aggregator", "collector"):
                assert network[name].store.blob(room, kept) is None
            assert survey_close.show(network[name], ended)["survey"] == ended


def test_a_flood_is_bounded(
    network: SurveyConsortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the number declared, by bytes on disk, and by the size of one upload."""
    id_ = network.begin(name="flood")
    leader = network[LEADER]
    reports = network.reports(id_, HOURS)
    size = len(reports) // len(HOURS)
    monkeypatch.setattr(survey_run, "MAX_KEPT", 6 * size + 1)
    survey_run.upload(leader, id_, reports)
    more = network.reports(id_, [1])
    assert refused(lambda: survey_run.upload(leader, id_, more)) == "survey.full"
    many = more * (survey_run.MAX_REPORTS + 1)
    assert refused(lambda: survey_run.upload(leader, id_, many)) == "survey.malformed"
    for _ in range(20):
        survey_run.upload(leader, id_, reports)
    room = survey_room.room_of(id_)
    assert leader.store.blob(room, f"up:{1:012}") is None
    assert network.finish(id_)["values"] == [str(SUMS)]


def test_a_job_of_junk_does_not_hide_what_follows(
    network: SurveyConsortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports that nobody can open fill a job; those after it are counted."""
    monkeypatch.setattr(survey_run, "_JOB", 4)
    id_ = network.begin(name="junk")
    leader = network[LEADER]
    for _ in range(6):
        made = bytearray(network.reports(id_, [1]))
        survey = network.document(id_)
        at = len(made) - 200
        made[at : at + 100] = bytes(100)
        assert len(made) > 200 and survey.min_batch == 5
        assert survey_run.upload(leader, id_, bytes(made))["accepted"] == 1
    survey_run.upload(leader, id_, network.reports(id_, HOURS))
    assert network.finish(id_)["values"] == [str(SUMS)]


def test_a_survey_that_nobody_could_answer(network: SurveyConsortium) -> None:
    """Reports above the largest upload are refused before anything is entered."""
    before = survey_room.rooms(network[COLLECTOR])
    big = {
        "bound": str(2**40),
        "chunk": 256,
        "circuit": "sum-vec",
        "length": 4096,
    }
    with pytest.raises(OutOfRange) as found:
        network.begin(big, name="big")
    assert found.value.detail["rule"] == "survey.upload"
    assert survey_room.rooms(network[COLLECTOR]) == before


def test_false_documents_and_keys(network: SurveyConsortium) -> None:
    """Another document, another's offer, a key that is not the survey's."""
    id_ = network.begin(name="documents")
    survey, helper = network.document(id_), network[HELPER]
    body = survey.to_json()
    assert isinstance(body, dict)
    other = {**body, "title": "What do you think of us?"}
    with pytest.raises(NotFound):
        survey_open.take_document(helper, COLLECTOR, other)
    for broken in ({}, [], None, "x", {**body, "v": 2}, {**body, "more": 1}):
        with pytest.raises(PrivShareError):
            survey_open.take_document(helper, COLLECTOR, broken)
    for sealed in ("", "AAAA", b64u(bytes(80)), b64u(bytes(1200)), "!"):
        with pytest.raises(PrivShareError):
            survey_open.take_key(helper, LEADER, id_, {"sealed": sealed})
    with pytest.raises(NotPermitted):
        survey_open.take_key(helper, COLLECTOR, id_, {"sealed": ""})
    survey_run.upload(network[LEADER], id_, network.reports(id_, HOURS))
    assert network.finish(id_)["values"] == [str(SUMS)]


def test_offers_are_bounded_for_each_agency(network: SurveyConsortium) -> None:
    """One agency cannot take them all; they lapse after a day."""
    helper, role = network[HELPER], {"role": "helper"}
    for _ in range(survey_open.MAX_OFFERS):
        survey_open.offer(helper, "registrar", role)
    rule = refused(lambda: survey_open.offer(helper, "registrar", role))
    assert rule == "survey.offers"
    assert network.begin(name="bounded")
    network.clock.now += 86_401
    try:
        assert survey_open.offer(helper, "registrar", role)
    finally:
        network.clock.now -= 86_401
    for body in (None, [], {}, {"role": "boss"}, {"role": "leader", "more": 1}):
        with pytest.raises(PrivShareError):
            survey_open.offer(helper, COLLECTOR, body)


def test_a_signing_key_that_is_not_the_agencys(network: SurveyConsortium) -> None:
    """An offer with another key: the collector does not open it."""
    from privshare.schemes.keys import SigningKey

    def other(asked: Any) -> Any:
        found = network.answer(asked)
        if asked.path.endswith("offer"):
            found["key"] = b64u(SigningKey.generate().verify_key.raw)
        return found

    network.meddle[(HELPER, "surveys")] = other
    with pytest.raises(VerificationError) as found:
        network.begin(name="keys")
    assert found.value.detail == {"party": HELPER, "rule": "survey.keys"}
    network.meddle.clear()
    begun = network.begin(name="begun")
    with pytest.raises(StepNotAllowed):
        survey_close.collect(network[COLLECTOR], begun)
