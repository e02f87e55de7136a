"""A survey while it runs: reports taken in, verified by both, added up.

    submitter   reports ─► upload ─► kept, then answered
    leader      turn ─► begin ─► helper ─► answer ─► commit ─► helper
    helper      begin, commit: each step kept before its answer leaves

After a crash the message that was kept is sent again, and never made again. A
report whose id was there before is not taken twice, by either.

Implements docs/protocols/vdaf.md, sections 3 to 5 and 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from privshare.errors import (
    EncodingError,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    VerificationError,
)
from privshare.exchange import survey_room
from privshare.exchange.node import Node
from privshare.exchange.survey_door import Door
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u
from privshare.wire.digest import sha256

if TYPE_CHECKING:
    from privshare.jobs.survey.aggregator import HelperJob, LeaderJob
    from privshare.jobs.survey.batch import Batch
    from privshare.jobs.survey.task import Survey

__all__ = [
    "MAX_KEPT",
    "MAX_UPLOAD",
    "State",
    "answer_begin",
    "answer_commit",
    "load",
    "shut",
    "store",
    "turn",
    "upload",
]

#: Reports in one upload, and its bytes.
MAX_REPORTS: Final = 256
MAX_UPLOAD: Final = 1 << 20
#: Bytes of reports that a node keeps of one survey.
MAX_KEPT: Final = 1 << 32
#: Bytes of a message between aggregators.
MAX_MESSAGE: Final = 8 << 20
#: How many refused reports are counted, of each reason: a message has 32 bits.
MOST_COUNTED: Final = 1 << 31
#: Reports in one job, as far as a message holds them.
_JOB: Final = 2048


@dataclass(frozen=True, slots=True)
class State:
    """Where an aggregator stands.

    Attributes:
        batch: What it added up.
        job: What it waits with for the other's message, or None.
        commit: Of the leader: what the helper has not confirmed yet, or b"".
            Of the helper: the digest of the last one that it took.
        next: Of the leader: the first upload that no job has.
        carried: Of the leader: reports refused without a job, by reason.
    """

    batch: Batch = field(repr=False)
    job: LeaderJob | HelperJob | None = field(default=None, repr=False)
    commit: bytes = field(default=b"", repr=False)
    next: int = 0
    carried: tuple[int, ...] = ()


def load(node: Node, id_: str, survey: Survey) -> State:
    """Where this aggregator stands."""
    from privshare.jobs.survey.batch import NONE_REFUSED, Batch, start  # noqa: PLC0415
    from privshare.jobs.survey.keep import unpack  # noqa: PLC0415

    data = node.store.blob(survey_room.room_of(id_), "state")
    if data is None:
        return State(start(survey, survey.id[:16]), carried=NONE_REFUSED)
    fields = Fields(decode(data, max_bytes=1 << 30), "state")
    batch = unpack(unb64u(fields.str("batch", max=1 << 30)), survey)
    job = fields.nullable("job", lambda name: fields.str(name, max=1 << 30))
    carried = fields.json("carried")
    made = State(
        cast(Batch, batch),
        None if job is None else cast(Any, unpack(unb64u(job), survey)),
        unb64u(fields.str("commit", max=1 << 28)),
        fields.int("next", 0),
        tuple(cast(list[int], carried)),
    )
    fields.end()
    return made


def store(node: Node, id_: str, state: State) -> None:
    """Keep where this aggregator stands; one write."""
    from privshare.jobs.survey.keep import pack  # noqa: PLC0415

    document: dict[str, Json] = {
        "batch": b64u(pack(state.batch)),
        "carried": list(state.carried),
        "commit": b64u(state.commit),
        "job": None if state.job is None else b64u(pack(state.job)),
        "next": state.next,
    }
    node.store.put_blob(survey_room.room_of(id_), "state", encode(document))


# -- reports ------------------------------------------------------------------


def upload(node: Node, id_: str, data: bytes) -> dict[str, Json]:
    """Take reports in, as the leader; kept before it is answered.

    Args:
        node: This node, of the leader.
        id_: The survey's id.
        data: One report or several, one after the other.

    Returns:
        `{"accepted": how many, "refused": {reason: how many}}`.

    Raises:
        NotFound: No survey that this node leads.
        StepNotAllowed: It does not run, closes, or is full.
        EncodingError: Not whole reports, none, or too many.
    """
    from privshare.jobs.survey.batch import plus, take_in  # noqa: PLC0415
    from privshare.jobs.survey.message import REASONS  # noqa: PLC0415
    from privshare.jobs.survey.report import report_bytes  # noqa: PLC0415
    from privshare.jobs.survey.task import LEADER  # noqa: PLC0415

    survey = survey_room.find(node, id_)
    if survey_room.role_of(survey, node.agency) != LEADER:
        raise NotPermitted(
            f"expected reports at {survey.leader.agency}, which leads the survey, "
            f"found them at {node.agency}",
            fix="Send them to the leader's node.",
            detail={"rule": "survey.party"},
        )
    survey_room.need_status(node, id_, "running")
    size = report_bytes(survey)
    count, odd = divmod(len(data), size)
    if odd or not 1 <= count <= MAX_REPORTS:
        raise EncodingError(
            f"expected 1 to {MAX_REPORTS} reports of {size} bytes each, found "
            f"{len(data)} bytes",
            detail={"rule": "survey.malformed"},
        )
    door = _door(node, id_, survey)
    with door.lock:
        _need_open(node, id_)
        whole = [data[at : at + size] for at in range(0, len(data), size)]
        intake = take_in(survey, whole, node.clock(), door.seen)
        most = min(survey.max_batch, MAX_KEPT // size)
        if len(door.seen) + len(intake.reports) > most:
            raise StepNotAllowed(
                f"expected at most {most} reports in all, found more",
                detail={"rule": "survey.full"},
            )
        if intake.reports:
            kept = b"".join(one.to_bytes() for one in intake.reports)
            room = survey_room.room_of(id_)
            node.store.put_blob(room, f"up:{door.next:012}", kept)
            door.next += 1
            door.seen.update(one.id for one in intake.reports)
        door.refused = plus(door.refused, intake.refused)
    named = {name: n for name, n in zip(REASONS, intake.refused, strict=True) if n}
    return {"accepted": len(intake.reports), "refused": cast(Json, named)}


def _need_open(node: Node, id_: str) -> None:
    """Refuse a report that no job would have any more."""
    if node.store.blob(survey_room.room_of(id_), "closing") is not None:
        raise StepNotAllowed(
            "expected a survey that takes reports, found one that closes",
            detail={"rule": "survey.closed"},
        )


def shut(node: Node, id_: str) -> bool:
    """Take no more reports, once each that was taken is in a job; whether it is so.

    The caller holds what moves jobs. It outlasts a crash: what follows, each
    aggregator's claim, counts nothing that comes later.
    """
    survey = survey_room.find(node, id_)
    door = _door(node, id_, survey)
    with door.lock:
        state = load(node, id_, survey)
        if state.job is not None or state.commit or state.next != door.next:
            return False
        node.store.put_blob(survey_room.room_of(id_), "closing", b"1")
    return True


def _door(node: Node, id_: str, survey: Survey) -> Door:
    """What this node remembers of reports; built again after a restart."""
    from privshare.jobs.survey.batch import NONE_REFUSED  # noqa: PLC0415
    from privshare.jobs.survey.report import (  # noqa: PLC0415
        ID_BYTES,
        Report,
        report_bytes,
    )

    door = survey_room.door(node, id_)
    with door.lock:
        if door.ready:
            return door
        room, size = survey_room.room_of(id_), report_bytes(survey)
        while (data := node.store.blob(room, f"up:{door.next:012}")) is not None:
            for at in range(0, len(data), size):
                door.seen.add(Report.from_bytes(data[at : at + size], survey).id)
            door.next += 1
        number = 0
        while (ids := node.store.blob(room, f"ids:{number:012}")) is not None:
            door.seen.update(
                ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)
            )
            number += 1
        door.refused = NONE_REFUSED
        door.ready = True
    return door


# -- the leader's turn --------------------------------------------------------


def turn(node: Node, id_: str) -> bool:
    """Take the leader's part one job further; whether anything moved.

    Raises:
        Unavailable: The helper is away; the same is sent again.
        VerificationError: The helper is out of step; the survey cannot go on.
    """
    survey = survey_room.find(node, id_)
    door = _door(node, id_, survey)
    with door.moving:
        state = load(node, id_, survey)
        if state.commit:
            _send(node, id_, survey, "commit", state.commit)
            state = replace(state, commit=b"")
            store(node, id_, state)
            return True
        if state.job is None:
            before, state = state.next, _begun(node, id_, survey, state, door)
            if state.job is None:  # nothing there, or nothing that opens
                return state.next != before
        return _finish(node, id_, survey, state)


def _begun(node: Node, id_: str, survey: Survey, state: State, door: Door) -> State:
    """Make a job of uploads that no job has; kept before anything leaves."""
    from privshare.jobs.survey.aggregator import leader_begin  # noqa: PLC0415
    from privshare.jobs.survey.batch import NONE_REFUSED, Intake, plus  # noqa: PLC0415
    from privshare.jobs.survey.report import Report, report_bytes  # noqa: PLC0415
    from privshare.jobs.survey.task import LEADER  # noqa: PLC0415

    room, size = survey_room.room_of(id_), report_bytes(survey)
    reports: list[Report] = []
    with door.lock:
        end, refused_here = door.next, door.refused
    at, most = state.next, min(_JOB, MAX_MESSAGE // (2 * size))
    while len(reports) < most and at < end:
        data = node.store.blob(room, f"up:{at:012}") or b""
        reports += [
            Report.from_bytes(data[one : one + size], survey)
            for one in range(0, len(data), size)
        ]
        at += 1
    if not reports:
        return state
    counted = plus(state.carried, refused_here)
    carried = tuple(min(one, MOST_COUNTED) for one in counted)
    keys = survey_room.keys_of(node, id_, survey, LEADER)
    try:
        job, _ = leader_begin(
            survey, keys, state.batch, Intake(tuple(reports), carried)
        )
        state = replace(state, job=job, next=at, carried=NONE_REFUSED)
    except StepNotAllowed as error:
        refused = error.detail.get("refused")
        if error.detail.get("rule") != "survey.empty" or not isinstance(refused, list):
            raise
        state = replace(state, next=at, carried=plus(carried, tuple(refused)))
    store(node, id_, state)
    with door.lock:
        late = zip(door.refused, refused_here, strict=True)
        door.refused = tuple(now - then for now, then in late)
    return state


def _finish(node: Node, id_: str, survey: Survey, state: State) -> bool:
    from privshare.jobs.survey.aggregator import leader_finish  # noqa: PLC0415

    job = cast("LeaderJob", state.job)
    answer = _send(node, id_, survey, "begin", job.begin)
    batch, commit = leader_finish(survey, state.batch, job, answer)
    state = replace(state, batch=batch, job=None, commit=commit)
    store(node, id_, state)
    _send(node, id_, survey, "commit", commit)
    store(node, id_, replace(state, commit=b""))
    return True


def _send(node: Node, id_: str, survey: Survey, what: str, data: bytes) -> bytes:
    """Hand a message to the helper; what it answers."""
    path = f"/v1/peer/surveys/{id_}/{what}"
    agency = survey.helper.agency
    try:
        answer = node.peers.call(agency, "POST", path, data, timeout_s=60.0)
        fields = Fields(answer, "answer")
        found = unb64u(fields.str("answer", max=4 * MAX_MESSAGE))
        fields.end()
    except PrivShareError as error:
        error.detail.setdefault("party", agency)
        raise
    return found


# -- the helper's answers -----------------------------------------------------


def answer_begin(node: Node, caller: str, id_: str, data: bytes) -> dict[str, Json]:
    """Verify the reports of a job, as the helper; kept before it is answered.

    Raises:
        NotPermitted: Not the leader at the helper.
        VerificationError: It does not continue our batch: survey.transcript.
        StepNotAllowed: The survey does not run, or there is no common key yet.
    """
    from privshare.jobs.survey.aggregator import helper_answer  # noqa: PLC0415
    from privshare.jobs.survey.task import HELPER  # noqa: PLC0415

    survey = _helped(node, caller, id_)
    survey_room.need_status(node, id_, "running")
    door = _door(node, id_, survey)
    with door.moving:
        state = load(node, id_, survey)
        if state.job is not None:
            kept = cast("HelperJob", state.job)
            if kept.begin != data:
                raise VerificationError(
                    "expected the message that this job began with, found another",
                    detail={"rule": "survey.transcript"},
                )
            return {"answer": b64u(kept.answer)}
        keys = survey_room.keys_of(node, id_, survey, HELPER)
        job, answer = helper_answer(
            survey, keys, state.batch, data, node.clock(), door.seen
        )
        store(node, id_, replace(state, job=job))
        return {"answer": b64u(answer)}


def answer_commit(node: Node, caller: str, id_: str, data: bytes) -> dict[str, Json]:
    """Add up what both accept, as the helper.

    Raises:
        NotPermitted: Not the leader at the helper.
        VerificationError: It ends another job, or takes what we refused.
    """
    from privshare.jobs.survey.aggregator import helper_finish  # noqa: PLC0415
    from privshare.jobs.survey.report import ID_BYTES  # noqa: PLC0415

    survey = _helped(node, caller, id_)
    door = _door(node, id_, survey)
    with door.moving:
        state = load(node, id_, survey)
        if state.job is None:
            if sha256(data) != state.commit:
                raise VerificationError(
                    "expected the end of a job that began, found another",
                    detail={"rule": "survey.transcript"},
                )
            return {"answer": ""}
        job = cast("HelperJob", state.job)
        batch = helper_finish(survey, state.batch, job, data)
        room = survey_room.room_of(id_)
        node.store.put_blob(room, f"ids:{state.batch.jobs:012}", job.ids)
        store(node, id_, replace(state, batch=batch, job=None, commit=sha256(data)))
        door.seen.update(
            job.ids[at : at + ID_BYTES] for at in range(0, len(job.ids), ID_BYTES)
        )
        return {"answer": ""}


def _helped(node: Node, caller: str, id_: str) -> Survey:
    from privshare.jobs.survey.task import HELPER  # noqa: PLC0415

    survey = survey_room.find(node, id_)
    mine = survey_room.role_of(survey, node.agency)
    if (mine, caller) != (HELPER, survey.leader.agency):
        raise NotPermitted(
            "expected the survey's leader at its helper, found others",
            detail={"rule": "survey.party"},
        )
    return survey
