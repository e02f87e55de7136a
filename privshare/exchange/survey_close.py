"""The end of a survey: both close, the collector adds up, or somebody aborts.

    leader      close ─► survey.close of the helper and its own
    collector   collect: both releases ─► the sums ─► survey.result ─► receipt
    tick        what is due by itself: hand out, aggregate, close, collect

A release leaves an aggregator once the ledger holds its claim, and to the
collector alone.

Implements docs/protocols/vdaf.md, sections 6 and 9.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from privshare.errors import (
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import drawer, survey_open, survey_room, survey_run
from privshare.exchange.node import Node, one_line
from privshare.ledger import survey as held
from privshare.ledger.transaction import parse
from privshare.wire.canonical import Fields, Json, b64u, decode, unb64u

if TYPE_CHECKING:
    from privshare.jobs.survey.release import Release
    from privshare.jobs.survey.task import Survey

__all__ = ["abort", "claim", "close", "collect", "released", "show", "tick"]

#: Seconds after the last report until a survey closes by itself: clocks differ.
GRACE_S = 60


def close(node: Node, id_: str, *, person: str = "") -> None:
    """Close a survey, as the leader: everything that came is added up first.

    Raises:
        NotPermitted: Not its leader; or too few reports: rule survey.small.
        StepNotAllowed: It does not run.
        Unavailable: The helper is away.
    """
    from privshare.jobs.survey.task import LEADER  # noqa: PLC0415

    survey = survey_room.find(node, id_)
    if survey_room.role_of(survey, node.agency) != LEADER:
        raise NotPermitted(
            f"expected {survey.leader.agency}, which leads the survey, found "
            f"{node.agency}",
            detail={"rule": "survey.party"},
        )
    survey_room.need_status(node, id_, "running")
    with survey_room.door(node, id_).moving:
        while survey_run.turn(node, id_):
            pass
        _need_enough(node, id_, survey)
        while not survey_run.shut(node, id_):
            survey_run.turn(node, id_)
    path = f"/v1/peer/surveys/{id_}/close"
    node.peers.call(survey.helper.agency, "POST", path, {}, timeout_s=60.0)
    _claim(node, id_, survey, LEADER)
    node.store.log_use(
        node.clock(), node.agency, "survey.close", person=person, subject=id_
    )


def claim(node: Node, caller: str, id_: str) -> dict[str, Json]:
    """Close, as the helper, when the leader says that all jobs are done.

    Raises:
        NotPermitted: Not the leader at the helper; or too few reports.
        StepNotAllowed: A job is open, or the survey does not run.
    """
    from privshare.jobs.survey.task import HELPER  # noqa: PLC0415

    survey = survey_room.find(node, id_)
    mine = survey_room.role_of(survey, node.agency)
    if (mine, caller) != (HELPER, survey.leader.agency):
        raise NotPermitted(
            "expected the survey's leader at its helper, found others",
            detail={"rule": "survey.party"},
        )
    survey_room.need_status(node, id_, "closed", "running")
    _need_enough(node, id_, survey)
    _claim(node, id_, survey, HELPER)
    return {"survey": id_}


def _need_enough(node: Node, id_: str, survey: Survey) -> None:
    state = survey_run.load(node, id_, survey)
    if state.job is not None:
        raise StepNotAllowed(
            "expected all jobs to be ended, found one that is open",
            detail={"rule": "survey.job"},
        )
    if state.batch.count < survey.min_batch:
        raise NotPermitted(
            f"expected at least {survey.min_batch} reports, found {state.batch.count}",
            fix="Wait for more reports, or abort the survey.",
            detail={"rule": "survey.small"},
        )


def _claim(node: Node, id_: str, survey: Survey, role: int) -> None:
    """Make the release, keep it, and enter its claim; once."""
    from privshare.jobs.survey import entry, release  # noqa: PLC0415

    room = survey_room.room_of(id_)
    door = survey_room.door(node, id_)
    with door.moving:
        data = node.store.blob(room, "release")
        state = survey_run.load(node, id_, survey)
        if data is None:
            batch, made = release.close(
                survey, role, state.batch, node.keys.sign, secrets.token_bytes(32)
            )
            data = made.to_bytes()
            node.store.put_blob(room, "release", data)
            survey_run.store(node, id_, replace(state, batch=batch))
        elif not state.batch.closed:  # a crash came between
            closed = replace(state.batch, closed=True)
            survey_run.store(node, id_, replace(state, batch=closed))
        if survey_room.entered(node, id_).claim_of(node.agency) is None:
            body = entry.closing(release.Release.from_bytes(data))
            committed = node.submit("survey.close", body)
            drawer.file(node, "ledger.entry", committed, id_)


def released(node: Node, caller: str, id_: str) -> dict[str, Json]:
    """Our release, for the collector, once the ledger holds our claim.

    Raises:
        NotPermitted: The caller is not the collector.
        StepNotAllowed: We have not closed.
    """
    entered = survey_room.entered(node, id_)
    if caller != entered.collector:
        raise NotPermitted(
            f"expected {entered.collector}, which collects, found {caller}",
            detail={"rule": "survey.party"},
        )
    data = node.store.blob(survey_room.room_of(id_), "release")
    if data is None or entered.claim_of(node.agency) is None:
        raise StepNotAllowed(
            "expected a survey that this agency has closed, found one that it has not",
            detail={"rule": "survey.status"},
        )
    return {"release": b64u(data)}


def collect(node: Node, id_: str) -> dict[str, Json]:
    """Open both shares, add them up, and enter the result.

    Returns:
        The result document.

    Raises:
        StepNotAllowed: The aggregators have not both closed.
        VerificationError, SignatureInvalid: What they released is not what they
            claimed, or not what they entered: rule survey.claims.
        Unavailable: One is away.
    """
    from privshare.jobs.survey import entry, result  # noqa: PLC0415 - brings numpy

    room = survey_room.room_of(id_)
    survey = survey_room.find(node, id_)
    data = node.store.blob(room, "result")
    if data is None:
        entered = survey_room.need_status(node, id_, "closed")
        secret = survey_room.secret_of(node, id_, "collector")
        both = [_release_of(node, id_, one.agency) for one in survey.aggregators]
        found = result.collect(survey, secret.opener, both[0], both[1])
        entry.check_claims(entered, found.claims)
        data = found.to_bytes()
        node.store.put_blob(room, "result", data)
    document = cast("dict[str, Json]", decode(data, max_bytes=result.MAX_RESULT))
    if survey_room.entered(node, id_).status == "closed":
        node.submit("survey.result", entry.result_body(survey, data))
    _file(node, id_, survey, document)
    return document


def _file(node: Node, id_: str, survey: Survey, document: dict[str, Json]) -> None:
    """File the receipt of a result that the ledger holds; once."""
    entered = survey_room.entered(node, id_)
    room = survey_room.room_of(id_)
    if entered.status != "done" or node.store.blob(room, "filed") is not None:
        return
    drawer.file_at(
        node,
        "survey.result",
        _ended_by(node, entered),
        entered.ended or 0,
        id_,
        evidence={"document": survey.to_json()},
        result=document,
    )
    node.store.put_blob(room, "filed", b"1")


def _ended_by(node: Node, entered: held.Survey) -> str:
    """The id of the transaction that ended a survey."""
    if entered.ended is None:
        raise Unavailable("expected our copy of the ledger to have the survey's end")
    return parse(node.ledger.entry(entered.ended)).id


def _release_of(node: Node, id_: str, agency: str) -> Release:
    from privshare.jobs.survey.release import MAX_RELEASE, Release  # noqa: PLC0415

    if agency == node.agency:
        answer: Any = released(node, agency, id_)
    else:
        path = f"/v1/peer/surveys/{id_}/release"
        answer = node.peers.call(agency, "GET", path, timeout_s=60.0)
    fields = Fields(answer, "answer")
    found = Release.from_bytes(unb64u(fields.str("release", max=2 * MAX_RELEASE)))
    fields.end()
    return found


def abort(node: Node, id_: str, reason: str, *, person: str = "") -> None:
    """End a survey without a result, as one of its parties.

    Raises:
        NotPermitted, StepNotAllowed: As the ledger's rules say.
    """
    body: dict[str, Json] = {"reason": one_line(reason) or "ended", "survey": id_}
    committed = node.submit("survey.abort", body)
    drawer.file(node, "ledger.entry", committed, id_)
    node.store.log_use(
        node.clock(), node.agency, "survey.abort", person=person, subject=id_
    )


def show(node: Node, id_: str) -> dict[str, Any]:
    """A survey for people: its document, how far it is, and its result."""
    survey = survey_room.find(node, id_)
    entered = survey_room.entered(node, id_)
    role = survey_room.role_of(survey, node.agency)
    data = node.store.blob(survey_room.room_of(id_), "result")
    counted: dict[str, Any] = {}
    if role is not None:
        batch = survey_run.load(node, id_, survey).batch
        counted = {"count": batch.count, "jobs": batch.jobs}
    return {
        "accepted": list(entered.accepted),
        "batch": counted or None,
        "collector": entered.collector,
        "document": survey.to_json(),
        "reason": entered.reason,
        "receipt": _ended_by(node, entered)
        if entered.status == "done" and entered.collector == node.agency
        else None,
        "result": None if data is None else decode(data, max_bytes=1 << 22),
        "status": entered.status,
        "survey": id_,
        "until": entered.until,
    }


def tick(node: Node) -> list[PrivShareError]:
    """What is due by itself, for every survey of this node; what went wrong."""
    wrong: list[PrivShareError] = []
    for id_ in survey_room.rooms(node, all_=True):
        try:
            if not survey_open.drop_unentered(node, id_):
                _due(node, id_)
        except PrivShareError as error:
            wrong.append(error)
    return wrong


def _due(node: Node, id_: str) -> None:
    survey, entered = survey_room.find(node, id_), survey_room.entered(node, id_)
    mine = entered.collector == node.agency
    if mine and entered.status == "opened":
        survey_open.hand_out(node, id_)
    if entered.status == "running" and entered.leader == node.agency:
        _lead(node, id_, survey, entered)
    if mine and entered.status in ("closed", "done"):
        _collect_once(node, id_)
    if entered.status in ("aborted", "done"):
        _tidy(node, id_)


def _collect_once(node: Node, id_: str) -> None:
    if node.store.blob(survey_room.room_of(id_), "filed") is None:
        collect(node, id_)


def _tidy(node: Node, id_: str) -> None:
    """Drop an ended survey's reports, and the keys that open them."""
    room = survey_room.room_of(id_)
    if node.store.blob(room, "tidy") is not None:
        return
    for prefix in ("up:", "ids:", "aggregator", "collector"):
        node.store.drop_blobs(room, prefix)
    node.store.put_blob(room, "tidy", b"1")


def _lead(node: Node, id_: str, survey: Survey, entered: held.Survey) -> None:
    now = node.clock()
    due = survey.closes + GRACE_S < now
    begun = node.store.blob(survey_room.room_of(id_), "closing") is not None
    if (due or begun) and now <= entered.until:
        close(node, id_)
        return
    survey_run.turn(node, id_)
