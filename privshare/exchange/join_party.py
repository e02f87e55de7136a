"""What an owner does for a private join when the coordinator asks.

    set      identifiers, written as agreed ─► blinded, padded ─► join.commit
    match    job.open ─► messages to and from the other owner ─► Conclusion, signed
    message  one message of the other owner, in its turn

Nobody takes the coordinator's word: the job, the specification and the grants are
those of this node's own copy of the ledger. Nothing leaves before rows that do
not fit were found, both sets are committed to, and the ledger says that the join
begins.

Implements docs/protocols/psi.md, section "Through the nodes".
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from privshare.errors import (
    Conflict,
    EvidenceInvalid,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import dataset as datasets
from privshare.exchange import privacy
from privshare.exchange.admission import check_meant, find_job
from privshare.exchange.join_held import gone
from privshare.exchange.join_plan import check_grant, work_s
from privshare.exchange.node import Node
from privshare.exchange.task import Task
from privshare.jobs.join.terms import Operation, Role, Terms
from privshare.jobs.join_spec import JoinInput, JoinSpec
from privshare.jobs.join_statement import CONCLUSION, sets_digest
from privshare.ledger import query
from privshare.ledger.api import View
from privshare.ledger.joined import joined
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.rights.schema import Cell
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u

__all__ = ["MAX_BODY", "MAX_FOUND", "commit_set", "match", "message"]

MAX_BODY: Final = 64 << 10
#: Longest list of identifiers that a join gives out, in bytes.
MAX_FOUND: Final = 4 << 20
_SYNC_S: Final = 5.0
_WAIT_S: Final = 5.0
_SILENCE_S: Final = 60.0
_TRIES: Final = 4
_RETRY_S: Final = 0.1
#: Sets of more rows wait in files.
_IN_MEMORY: Final = 250_000


@dataclass(frozen=True, slots=True)
class JoinAdmitted:
    """A join that may go on, as our own copy of the ledger has it."""

    id: str
    job: Job
    spec: JoinSpec
    view: View

    @property
    def terms(self) -> Terms:
        """What both owners agree on."""
        rows = {
            item.dataset: query.dataset(self.view, item.dataset).rows
            for item in self.spec.inputs
        }
        return self.spec.terms(self.id, rows)


def admitted(node: Node, caller: str, job: str, fields: Fields) -> JoinAdmitted:
    """Everything that must hold before an owner does anything for a join.

    Raises:
        NotFound, StepNotAllowed: No such job, or one that has ended.
        NotPermitted: The caller does not coordinate it, or a grant is not in
            force any more; `detail["rule"]`.
        EvidenceInvalid: Another specification than the one admitted.
    """
    identifier.ID.check(job, "job")
    spec = JoinSpec.from_json(fields.json("spec"))
    node.ledger.sync(fields.int("index", 0), timeout_s=_SYNC_S)
    view = node.view()
    held = find_job(node, job, view)
    if caller != held.coordinator:
        raise NotPermitted(
            f"expected {held.coordinator}, which coordinates the job, found {caller}",
            detail={"rule": "job.coordinator"},
        )
    said = (b64u(spec.digest()), spec.program, spec.coordinator, spec.parties)
    meant = (held.spec, held.program, held.coordinator, held.parties.asked)
    if said != meant:
        raise EvidenceInvalid(
            "expected the specification that was admitted, found another",
            detail={"party": caller, "rule": "job.spec"},
        )
    check_inputs(node, view, held, spec)
    return JoinAdmitted(job, held, spec, view)


def check_inputs(node: Node, view: View, held: Job, spec: JoinSpec) -> None:
    """Each side has its reserved use, and its grant is in force now."""
    if len(held.inputs) != len(spec.inputs):
        raise _other_spec(held)
    for use_id, item in zip(held.inputs, spec.inputs, strict=True):
        use = query.use(view, use_id)
        grant = query.grant(view, use.grant)
        reserved = (use.grant, grant.terms.dataset, use.operation, use.purpose)
        asked = (item.grant, item.dataset, spec.operation, spec.purpose)
        if reserved != asked or (use.columns, use.group_by) != (item.columns, ()):
            raise _other_spec(held)
        check_grant(node, grant, item, spec.purpose, spec.program)
        if spec.minimum < grant.terms.k:
            raise NotPermitted(
                f"expected k of at least {grant.terms.k}, found {spec.minimum}",
                detail={"rule": "grant.k"},
            )
    privacy.check_join(view, spec)


# -- the set ------------------------------------------------------------------


def commit_set(
    node: Node, caller: str, job: str, dataset: str, body: Json
) -> dict[str, Json]:
    """Make our set ready and commit to it, or say that it is under way.

    Args:
        node: This node, of the owner.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        dataset: Which of its inputs.
        body: `{"index": log index, "spec": ...}`.

    Returns:
        `{"state": "working"}` or `{"state": "done", "commitment", "size"}`.

    Raises:
        OutOfRange: Rows that do not fit, with their column; or erased rows.
        StepNotAllowed: We committed before and hold the set no more: join.gone.
        NotFound, NotPermitted, EvidenceInvalid: As `admitted`.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    fields.end()
    check_meant(node, known.view, known.spec.input(dataset), dataset)
    mine = joined(known.view, job).of(node.agency)
    if mine is None:
        name = f"{job}/set"
        task = node.tasks.start(name, lambda _: _commit(node, known, dataset))
        if not task.wait(_WAIT_S):
            return {"state": "working"}
        node.tasks.forget(name)
        if task.error is not None:
            raise task.error
        mine = joined(node.view(), job).of(node.agency)
    if mine is None or b64u(node.matches.find(job).committed) != mine.commitment:
        gone()
    return {"commitment": mine.commitment, "size": mine.size, "state": "done"}


def _commit(node: Node, known: JoinAdmitted, dataset: str) -> None:
    from privshare.exchange.join_match import Match  # noqa: PLC0415 - brings numpy
    from privshare.jobs.join.owner import prepare  # noqa: PLC0415

    outcome = "done"
    item, terms = known.spec.input(dataset), known.terms
    role = known.spec.role(node.agency)

    def make() -> Match:
        if item is None:
            gone()
        texts, values = _rows(node, known, item, terms.rows(role))
        large = max(terms.receiver_rows, terms.helper_rows) > _IN_MEMORY
        folder = TemporaryDirectory(prefix="join-") if large else None
        own = prepare(
            terms,
            role,
            texts,
            values,
            seed=secrets.token_bytes(32),
            folder=None if folder is None else Path(folder.name),
        )
        return Match.begin(own, folder)

    try:
        held = node.matches.add(known.id, make)
        node.submit(
            "join.commit",
            {
                "commitment": b64u(held.committed),
                "job": known.id,
                "size": terms.rows(role),
            },
        )
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        if not isinstance(error, (Conflict, Unavailable)):
            node.matches.drop(known.id)
        raise
    finally:
        _log(node, known, "job.set", dataset, outcome)


def _rows(
    node: Node, known: JoinAdmitted, item: JoinInput, registered: int
) -> tuple[list[bytes], list[int] | None]:
    """Our identifiers, and the values that go with them."""
    from privshare.jobs.join.normalise import identifiers  # noqa: PLC0415

    columns, rows = datasets.columns(node, item.dataset, item.columns)
    if rows != registered:
        raise OutOfRange(
            f"expected the {registered} rows that {item.dataset} was registered "
            f"with, found {rows}: some were erased",
            fix="Publish a new version without them: privshare dataset amend.",
            detail={"dataset": item.dataset, "rule": "join.rows"},
        )
    texts = {
        name: [None if cell is None else str(cell) for cell in columns[name]]
        for name in item.on
    }
    try:
        found = identifiers(known.spec.names(item), texts)
    except OutOfRange as error:
        raise _unfit(node, known, item, error, rows) from None
    if item.value is None:
        return found, None
    return found, _values(item.value, columns[item.value], rows)


def _unfit(
    node: Node, known: JoinAdmitted, item: JoinInput, error: OutOfRange, rows: int
) -> OutOfRange:
    """Rows that the steps refuse. How many is for their owner alone: the asker
    chose the steps, and could count by them."""
    column = str(error.detail.get("column", ""))
    bad = error.detail.get("rows", 0)
    _log(node, known, "job.set", item.dataset, f"join.identifier: {bad} in {column}")
    return OutOfRange(
        f"column {column} of {item.dataset}: expected identifiers that the declared "
        f"steps take in all {rows} rows, found some missing or refused",
        fix="Its owner's log says how many: mend these rows, or publish without them.",
        detail={"column": column, "dataset": item.dataset, "rule": "join.identifier"},
    )


def _values(name: str, cells: Sequence[Cell], rows: int) -> list[int]:
    found = [cell for cell in cells if type(cell) is int]
    if len(found) != rows:
        raise OutOfRange(
            f"column {name}: expected a number in all {rows} rows, found some missing",
            fix="Mend these rows, or publish without them.",
            detail={"column": name, "rule": "join.values"},
        )
    return found


# -- the join -----------------------------------------------------------------


def match(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Run our side of the join, or say that it is under way.

    Args:
        node: This node, of an owner.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"index", "spec"}`.

    Returns:
        `{"state": "working"}` or `{"state": "done", "commit": our first message,
        "conclusion": envelope}`.

    Raises:
        StepNotAllowed: A set is missing, or the join is not held any more:
            join.sets, join.gone.
        Unavailable: The other owner is silent.
        VerificationError: It said something that is not true; `detail["party"]`.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    fields.end()
    if known.spec.of(node.agency) is None:
        raise NotFound(f"expected a dataset of {node.agency} that goes in, found none")
    kept = node.store.blob(job, "matched")
    if kept is None:
        name = f"{job}/match"
        task = node.tasks.find(name)
        if task is None:
            _begin(node, known, name)  # the other owner is to be told at once, too
            return {"state": "working"}
        if not task.wait(_WAIT_S / 10):
            return {"state": "working"}
        node.tasks.forget(name)
        if task.error is not None:
            raise task.error if job in node.matches.jobs else _over(task.error)
        kept = node.store.blob(job, "matched")
    if kept is None:
        raise Unavailable("expected the conclusion to be kept, found none")
    answer = decode(kept, max_bytes=MAX_BODY)
    return {**(answer if isinstance(answer, dict) else {}), "state": "done"}


def _over(error: PrivShareError) -> PrivShareError:
    """Why a join ended. An owner that was silent is not waited for again: what
    the join needs is gone."""
    if not isinstance(error, (Conflict, Unavailable)):
        return error
    return StepNotAllowed(
        error.message,
        fix="Ask again with a new job.",
        detail={"rule": "join.silent", **error.detail},
    )


def _begin(node: Node, known: JoinAdmitted, name: str) -> None:
    """Take messages of the other owner from now on, and start sending ours."""
    held, sets = node.matches.find(known.id), joined(known.view, known.id)
    other = _other(known.spec, node.agency)
    mine, theirs = sets.of(node.agency), sets.of(other)
    if mine is None or theirs is None or b64u(held.committed) != mine.commitment:
        raise StepNotAllowed(
            "expected both sets to be committed to, found that one is not",
            detail={"rule": "join.sets"},
        )
    held.expect(unb64u(theirs.commitment, 32))
    node.tasks.start(name, lambda task: _match(node, known, other, task))


def _match(node: Node, known: JoinAdmitted, other: str, task: Task) -> None:
    """Open the job, run the protocol, sign; in a thread of its own."""
    outcome, begun = "done", False
    try:
        if node.store.blob(known.id, "matched") is not None:
            return
        held = node.matches.find(known.id)
        _open(node, known)
        count = iter(range(1 << 32))

        def push(number: int, data: bytes) -> None:
            task.tell(next(count), 1 << 32)
            _push(node, known, other, number, data)

        begun = True
        try:
            found = held.run(push, _silence_s(known.terms))
        except PrivShareError as error:
            error.detail.setdefault("party", other)
            raise
        role = known.spec.role(node.agency)
        if known.spec.question is Operation.IDS and role is Role.RECEIVER:
            _keep_found(node, known, held.matched())
        signed = node.sign(CONCLUSION, encode(found.to_json()))
        answer: dict[str, Json] = {
            "commit": b64u(held.commits()[role]),
            "conclusion": envelopes.to_json(signed),
        }
        node.store.put_blob(known.id, "matched", encode(answer))
        node.matches.drop(known.id)
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        if begun or not isinstance(error, (Conflict, Unavailable)):
            node.matches.drop(known.id)  # else the ledger was away: ask again
        raise
    finally:
        item = known.spec.of(node.agency)
        _log(node, known, "job.match", item.dataset if item else "", outcome)


def _silence_s(terms: Terms) -> float:
    """How long a message may take that the other works on: a busy machine is five
    times as slow, and a search may take twice the average."""
    rows = terms.receiver_rows + terms.helper_rows
    return _SILENCE_S + 10 * work_s(terms.operation, rows, terms.bound)


def _open(node: Node, known: JoinAdmitted) -> None:
    """The last look; then the ledger says that the join begins."""
    view = node.view()
    held = find_job(node, known.id, view)
    check_inputs(node, view, held, known.spec)
    sets = joined(view, known.id).sets
    digest = sets_digest({one.agency: unb64u(one.commitment, 32) for one in sets})
    if held.opened is None:
        node.submit("job.open", {"aggregation": b64u(digest), "job": known.id})
    if query.job(node.view(), known.id).aggregation != b64u(digest):
        raise StepNotAllowed(
            "expected the ledger to name both sets, found something else",
            detail={"rule": "job.opened"},
        )


def _push(
    node: Node, known: JoinAdmitted, other: str, number: int, data: bytes
) -> None:
    """Hand one message to the other owner; once, however often it is sent.

    The other may not have been asked yet: the first message waits for that.
    """
    path = f"/v1/peer/jobs/{known.id}/message?number={number}"
    last = time.monotonic() + _SILENCE_S
    tries = 0
    while True:
        try:
            node.peers.call(other, "PUT", path, data, timeout_s=60.0)
            return
        except Unavailable:
            tries += 1
            if tries == _TRIES:
                raise
        except StepNotAllowed as error:
            early = number == 0 and error.detail.get("rule") == "join.order"
            if not early or time.monotonic() > last:
                raise
        time.sleep(_RETRY_S * 2**tries)


def message(
    node: Node, caller: str, job: str, number: int, data: bytes
) -> dict[str, Json]:
    """Take a message of the other owner.

    Returns:
        `{"taken": whether it was new}`.

    Raises:
        NotPermitted: The caller is not the other owner: rule `job.party`.
        StepNotAllowed, EncodingError, VerificationError: As `Match.deliver`.
    """
    identifier.ID.check(job, "job")
    held = find_job(node, job, node.view())
    pair = held.parties.nodes
    if not held.parties.joins or {caller, node.agency} != set(pair):
        raise NotPermitted(
            "expected the other owner of a join, found another agency",
            detail={"rule": "job.party"},
        )
    return {"taken": node.matches.find(job).deliver(number, data)}


# -- parts --------------------------------------------------------------------


def _keep_found(node: Node, known: JoinAdmitted, found: Sequence[bytes]) -> None:
    """Keep who is in both sets, field by field, for our own people alone."""
    from privshare.jobs.join.normalise import fields_of  # noqa: PLC0415

    data = encode([list(fields_of(one)) for one in found])
    if len(data) > MAX_FOUND:
        raise OutOfRange(
            f"expected a list of at most {MAX_FOUND} bytes, found {len(data)}",
            fix="Join smaller sets.",
            detail={"rule": "join.size"},
        )
    node.store.put_blob(known.id, "found", data)


def _other(spec: JoinSpec, agency: str) -> str:
    (found,) = set(spec.owners) - {agency}
    return found


def _other_spec(held: Job) -> EvidenceInvalid:
    return EvidenceInvalid(
        "expected the uses that were reserved, found others",
        detail={"party": held.coordinator, "rule": "job.spec"},
    )


def _log(
    node: Node, known: JoinAdmitted, action: str, dataset: str, outcome: str
) -> None:
    item = known.spec.input(dataset)
    node.store.log_use(
        node.clock(),
        known.spec.coordinator,
        action,
        dataset=dataset,
        grant=item.grant if item else "",
        subject=known.id,
        outcome=outcome[:80],
    )
