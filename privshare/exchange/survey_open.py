"""Opening a survey: keys offered, a document that all hold, both accept.

    collector   offer from both aggregators ─► Survey ─► survey.open ─► handed out
    leader      accept: document and ledger agree ─► key dealt ─► survey.accept
    helper      accept ─► survey.accept ─► the survey runs

Implements docs/protocols/vdaf.md, section 9.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange import drawer, survey_room, survey_run
from privshare.exchange.node import Node
from privshare.exchange.survey_room import Secret
from privshare.ledger import query
from privshare.rights import identifier
from privshare.wire.canonical import Fields, Json, b64u, unb64u

if TYPE_CHECKING:
    from privshare.jobs.survey.task import Survey

__all__ = [
    "Draft",
    "accept",
    "drop_unentered",
    "hand_out",
    "offer",
    "open_survey",
    "take_document",
    "take_key",
]

OFFERS: Final = "survey-offer:"
MAX_OFFERS: Final = 16
MAX_SURVEYS: Final = 256
_OFFER_S: Final = 86_400
MAX_DOCUMENT: Final = 1 << 16
#: The longest time between the last report and the last release, by default.
RELEASE_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a collector asks.

    Attributes:
        name, title: One word, and the question for people.
        vdaf: The kind of report, as the document has it.
        leader, helper: The aggregators.
        opens, closes, precision: Unix seconds; see `jobs.survey.task.Survey`.
        min_batch, max_batch: Least and most reports.
        until: Unix seconds after which nothing is released, or None: 30 days
            after it closes.
    """

    name: str
    title: str
    vdaf: Json
    leader: str
    helper: str
    opens: int
    closes: int
    precision: int
    min_batch: int
    max_batch: int
    until: int | None = None


def offer(node: Node, caller: str, body: Json) -> dict[str, Json]:
    """Offer keys for a survey that is being drawn up.

    Args:
        node: This node, of an agency that may aggregate.
        caller: Who draws it up.
        body: `{"role": "leader" or "helper"}`.

    Returns:
        `{"key", "seal", "verify_key"}`: the signing key, where to seal, and of a
        leader the commitment to the common key.

    Raises:
        Conflict: Too many offers are open to the caller.
    """
    from privshare.jobs.survey.task import key_commitment  # noqa: PLC0415
    from privshare.schemes.recipient import recipient_of  # noqa: PLC0415

    fields = Fields(body, "body")
    role = fields.str("role", pattern="leader|helper")
    fields.end()
    _drop_offers(node)
    prefix = f"{OFFERS}{identifier.AGENCY.check(caller, 'caller')}:"
    if len(node.store.blob_jobs(prefix)) >= MAX_OFFERS:
        raise Conflict(
            f"expected at most {MAX_OFFERS} open offers to an agency, found more",
            fix="Offers lapse after a day.",
            detail={"rule": "survey.offers"},
        )
    drawn = secrets.token_bytes(32) if role == "leader" else None
    secret = Secret.new(node.clock(), drawn)
    room = prefix + b64u(secrets.token_bytes(32))
    node.store.put_blob(room, "secret", secret.to_bytes())
    return {
        "key": b64u(node.keys.sign.verify_key.raw),
        "seal": recipient_of(secret.opener).to_json(),
        "verify_key": None if drawn is None else b64u(key_commitment(drawn)),
    }


def _drop_offers(node: Node) -> None:
    for room in node.store.blob_jobs(OFFERS):
        data = node.store.blob(room, "secret")
        if data is None or Secret.from_bytes(data).made + _OFFER_S < node.clock():
            node.store.drop_blobs(room)


def open_survey(node: Node, draft: Draft, *, person: str = "") -> str:
    """Open a survey, of which this agency gets the sums.

    Args:
        node: This node, of the collector.
        draft: What is asked.
        person: Who asked.

    Returns:
        The survey's id.

    Raises:
        EncodingError, OutOfRange: A document that no survey can have.
        NotFound: An aggregator that is no member.
        Unavailable: An aggregator that does not answer.
    """
    from privshare.jobs.survey import entry  # noqa: PLC0415 - brings numpy
    from privshare.jobs.survey.task import Survey  # noqa: PLC0415
    from privshare.schemes.recipient import recipient_of  # noqa: PLC0415

    _need_room(node)
    view = node.view()
    for agency in (draft.leader, draft.helper):
        if not query.is_active(view, agency):
            raise NotFound(
                f"expected an active agency, found {identifier.shown(agency)}"
            )
    offers = {
        role: _asked(node, agency, role)
        for role, agency in (("leader", draft.leader), ("helper", draft.helper))
    }
    commitment = offers["leader"].pop("verify_key", None)
    offers["helper"].pop("verify_key", None)
    secret = Secret.new(node.clock())
    document: dict[str, Any] = {
        "closes": draft.closes,
        "collector": recipient_of(secret.opener).to_json(),
        "helper": {"agency": draft.helper, **offers["helper"]},
        "leader": {"agency": draft.leader, **offers["leader"]},
        "max_batch": draft.max_batch,
        "min_batch": draft.min_batch,
        "name": draft.name,
        "network": node.network,
        "noise": "",
        "opens": draft.opens,
        "precision": draft.precision,
        "title": draft.title,
        "v": 1,
        "vdaf": draft.vdaf,
        "verify_key": commitment,
    }
    survey = Survey.read(Fields(document, "survey"))
    _check_keys(node, survey)
    _check_size(survey)
    id_ = b64u(survey.id)
    room = survey_room.room_of(id_)
    until = draft.until or draft.closes + RELEASE_S
    node.store.put_blob(room, "document", survey.to_bytes())
    node.store.put_blob(room, "collector", secret.to_bytes())
    try:
        committed = node.submit(
            "survey.open", entry.opening(survey, node.agency, until)
        )
    except Unavailable:
        raise  # it may have been entered all the same
    except PrivShareError:
        node.store.drop_blobs(room)
        raise
    drawer.file(node, "ledger.entry", committed, id_)
    node.store.log_use(
        node.clock(), node.agency, "survey.open", person=person, subject=id_
    )
    hand_out(node, id_)
    return id_


def _asked(node: Node, agency: str, role: str) -> dict[str, Json]:
    body: dict[str, Json] = {"role": role}
    if agency == node.agency:
        return offer(node, node.agency, body)
    answer = node.peers.call(agency, "POST", "/v1/peer/surveys/offer", body)
    if not isinstance(answer, dict) or set(answer) != {"key", "seal", "verify_key"}:
        raise EncodingError(
            "expected an offer of keys, found something else", detail={"party": agency}
        )
    return answer


def hand_out(node: Node, id_: str) -> bool:
    """Hand the document to aggregators that have not got it; whether all have."""
    survey, room = survey_room.find(node, id_), survey_room.room_of(id_)
    done = True
    for one in survey.aggregators:
        if node.store.blob(room, f"handed:{one.agency}") is not None:
            continue
        try:
            if one.agency == node.agency:
                take_document(node, node.agency, survey.to_json())
            else:
                node.peers.call(
                    one.agency, "POST", "/v1/peer/surveys", survey.to_json()
                )
        except PrivShareError:
            done = False  # it is handed out again
            continue
        node.store.put_blob(room, f"handed:{one.agency}", b"1")
    return done


def take_document(node: Node, caller: str, body: Json) -> dict[str, Json]:
    """Keep the document of a survey that this agency shall aggregate.

    Raises:
        NotPermitted: The caller is not its collector; or this node offered no such
            key: rule survey.offer.
        NotFound: The ledger has no such survey.
        VerificationError: The ledger says something else of it.
    """
    from privshare.jobs.survey import entry  # noqa: PLC0415 - brings numpy
    from privshare.jobs.survey.task import Survey  # noqa: PLC0415

    survey = Survey.read(Fields(body, "survey"))
    id_ = b64u(survey.id)
    room = survey_room.room_of(id_)
    entered = survey_room.entered(node, id_)
    if caller != entered.collector:
        raise NotPermitted(
            f"expected {entered.collector}, which collects, found {caller}",
            detail={"rule": "survey.party"},
        )
    entry.agree(survey, entered)
    role = survey_room.role_of(survey, node.agency)
    if role is None or survey.network != node.network:
        raise NotPermitted(
            "expected a survey of this network that this agency aggregates, found "
            "another",
            detail={"rule": "survey.party"},
        )
    _check_size(survey)
    if node.store.blob(room, "aggregator") is None:
        if survey_room.entered(node, id_).status != "opened":
            raise StepNotAllowed(
                "expected a survey that begins, found one that has begun or ended",
                detail={"rule": "survey.status"},
            )
        _need_room(node)
        name, data = _offered(node, survey.aggregators[role].seal)
        node.store.put_blob(room, "document", survey.to_bytes())
        node.store.put_blob(room, "aggregator", data)
        node.store.drop_blobs(name)
    return {"survey": id_}


def _offered(node: Node, seal: Any) -> tuple[str, bytes]:
    """The offer that a document names.

    Raises:
        NotPermitted: This node offered no such key: rule survey.offer.
    """
    for name in node.store.blob_jobs(OFFERS):
        data = node.store.blob(name, "secret")
        if data is not None and seal.matches(Secret.from_bytes(data).opener):
            return name, data
    raise NotPermitted(
        "expected a key that this node offered, found another",
        fix="Offers lapse after a day: open the survey anew.",
        detail={"rule": "survey.offer"},
    )


def accept(node: Node, id_: str, *, person: str = "") -> None:
    """Take part in a survey as an aggregator.

    Raises:
        NotPermitted: This agency is no aggregator of it.
        StepNotAllowed: It has begun, or ended.
        VerificationError: Document and ledger do not agree.
        Unavailable: The helper does not take the common key.
    """
    from privshare.jobs.survey import entry  # noqa: PLC0415 - brings numpy
    from privshare.jobs.survey.batch import deal_key  # noqa: PLC0415
    from privshare.jobs.survey.task import LEADER  # noqa: PLC0415

    survey = survey_room.find(node, id_)
    role = survey_room.role_of(survey, node.agency)
    if role is None:
        raise NotPermitted(
            f"expected an aggregator of the survey, found {node.agency}",
            detail={"rule": "survey.party"},
        )
    entered = survey_room.need_status(node, id_, "opened", "running")
    entry.agree(survey, entered)
    _check_keys(node, survey)
    if role == LEADER:
        secret = survey_room.secret_of(node, id_)
        sealed = deal_key(survey, secret.verify_key or b"")
        body: dict[str, Json] = {"sealed": b64u(sealed)}
        path = f"/v1/peer/surveys/{id_}/key"
        node.peers.call(survey.helper.agency, "POST", path, body)
    if node.agency not in entered.accepted:
        committed = node.submit("survey.accept", {"survey": id_})
        drawer.file(node, "ledger.entry", committed, id_)
        node.store.log_use(
            node.clock(), node.agency, "survey.accept", person=person, subject=id_
        )


def take_key(node: Node, caller: str, id_: str, body: Json) -> dict[str, Json]:
    """Keep the common key that the leader deals.

    Raises:
        NotPermitted: The caller is not the leader.
        VerificationError, ConfigError: It is not the key of this survey.
    """
    from privshare.jobs.survey.batch import take_key as opened  # noqa: PLC0415
    from privshare.jobs.survey.task import HELPER  # noqa: PLC0415

    survey, room = survey_room.find(node, id_), survey_room.room_of(id_)
    mine = survey_room.role_of(survey, node.agency)
    if (mine, caller) != (HELPER, survey.leader.agency):
        raise NotPermitted(
            "expected the survey's leader at its helper, found others",
            detail={"rule": "survey.party"},
        )
    fields = Fields(body, "body")
    sealed = unb64u(fields.str("sealed", max=4096))
    fields.end()
    secret = survey_room.secret_of(node, id_)
    key = opened(survey, sealed, secret.opener)
    with_key = Secret(secret.seed, secret.suite, key, secret.made)
    node.store.put_blob(room, "aggregator", with_key.to_bytes())
    return {"survey": id_}


def drop_unentered(node: Node, id_: str) -> bool:
    """Whether a survey never came to the ledger; after a day it is dropped."""
    if node.view().get(f"survey/{id_}") is not None:
        return False
    room = survey_room.room_of(id_)
    data = node.store.blob(room, "collector")
    if data is None or Secret.from_bytes(data).made + _OFFER_S < node.clock():
        node.store.drop_blobs(room)
    return True


def _need_room(node: Node) -> None:
    if survey_room.running(node) >= MAX_SURVEYS:
        raise Conflict(
            f"expected at most {MAX_SURVEYS} surveys at a time, found more",
            detail={"rule": "survey.rooms"},
        )


def _check_size(survey: Survey) -> None:
    """Refuse a survey whose reports no leader would take.

    Raises:
        OutOfRange: Rule survey.upload.
    """
    from privshare.jobs.survey.report import report_bytes  # noqa: PLC0415

    size = report_bytes(survey)
    if size > survey_run.MAX_UPLOAD:
        raise OutOfRange(
            f"survey.vdaf: expected reports of at most {survey_run.MAX_UPLOAD} bytes, "
            f"found {size}",
            fix="Ask for fewer numbers, or lower their bound.",
            detail={"rule": "survey.upload"},
        )


def _check_keys(node: Node, survey: Any) -> None:
    """The document's signing keys are those of its agencies on the ledger.

    Raises:
        VerificationError: One is not: rule survey.keys.
    """
    view = node.view()
    for one in survey.aggregators:
        known = query.keys_of(view, one.agency, "sign").values()
        if one.key.raw not in [unb64u(key.pub, 32) for key in known]:
            raise VerificationError(
                f"expected an active signing key of {one.agency}, found another",
                detail={"party": one.agency, "rule": "survey.keys"},
            )
