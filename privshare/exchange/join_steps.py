"""A private join at its coordinator: both sets, then the join, then the result.

    committing ─► matching ─► finishing

The coordinator sees no row and no message. What it gets are two signed
conclusions, which must be the same, about the sets on the ledger.

Implements docs/protocols/psi.md, section "Through the nodes".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from privshare.errors import (
    Conflict,
    EncodingError,
    EvidenceInvalid,
    PrivShareError,
    Unavailable,
)
from privshare.exchange import join_party
from privshare.exchange.node import Node, open_statement
from privshare.exchange.tee_steps import Hands
from privshare.jobs.join.terms import Role
from privshare.jobs.join_spec import JoinSpec
from privshare.jobs.join_statement import (
    CONCLUSION,
    MAX_CONCLUSION,
    join_result,
    verify_conclusion,
)
from privshare.jobs.lifecycle import Advance, Beat, Job
from privshare.ledger import query
from privshare.ledger.joined import joined
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json, decode, encode, unb64u

__all__ = ["PHASES", "awaited", "conclude", "found", "local", "spec_of", "step"]


def spec_of(job: Job) -> JoinSpec:
    """The specification a join was submitted with."""
    return JoinSpec.from_json(decode(job.spec))


def step(hands: Hands, job: Job) -> bool:
    """Take a join one step further; whether it moved."""
    return PHASES[job.phase](hands, job, spec_of(job))


def local(
    node: Node, job: str, what: str, dataset: str, body: dict[str, Json]
) -> dict[str, Json]:
    """What the routes do, for a coordinator that owns one side."""
    try:
        if what == "set":
            return join_party.commit_set(node, node.agency, job, dataset, body)
        return join_party.match(node, node.agency, job, body)
    except PrivShareError as error:
        error.detail.setdefault("party", node.agency)
        raise


def awaited(hands: Hands, job: Job) -> str:
    """The owner whose answer is missing in this phase, or ""."""
    name = {"committing": "set", "matching": "match"}.get(job.phase, "")
    for item in spec_of(job).inputs:
        if name and hands.blob(job, f"{name}:{item.dataset}") is None:
            return item.owner
    return ""


def _committing(hands: Hands, job: Job, spec: JoinSpec) -> bool:
    """Each owner makes its set ready and commits to it on the ledger."""
    moved, done = False, 0
    for item in spec.inputs:
        name = f"set:{item.dataset}"
        if hands.blob(job, name) is None:
            answer = hands.ask(job, item.owner, "set", item.dataset, {})
            if answer.get("state") != "done":
                continue
            hands.keep(job, name, encode(answer.get("commitment")))
            moved = True
        done += 1
    if done < len(spec.inputs):
        if done > job.done:
            hands.take(job, Beat(hands.node.clock(), done, job.note))
        return moved
    sets = joined(hands.node.view(), job.ledger_id)
    missing = [one for one in spec.owners if sets.of(one) is None]
    if missing:
        raise Unavailable(
            "expected our copy of the ledger to have both sets, found one missing yet",
            detail={"party": missing[0]},
        )
    note = f"{' and '.join(spec.owners)} match their sets"
    hands.take(job, Advance("matching", hands.node.clock(), done, note))
    return True


def _matching(hands: Hands, job: Job, spec: JoinSpec) -> bool:
    """Both owners run the protocol with each other, and sign what came of it.

    They need each other, so both are told before any is waited for.
    """
    done = 0
    wrong: list[PrivShareError] = []
    for item in spec.inputs:
        name = f"match:{item.dataset}"
        if hands.blob(job, name) is None:
            try:
                answer = hands.ask(job, item.owner, "match", "", {})
            except PrivShareError as error:
                wrong.append(error)
                continue
            if answer.get("state") != "done":
                continue
            hands.keep(job, name, encode(_read(answer, item.owner)))
        done += 1
    # One that is gone is not the cause while the other may tell it.
    working = len(spec.inputs) - done - len(wrong)
    if wrong and not (working and all(map(_is_gone, wrong))):
        raise min(wrong, key=_consequence)
    if done == len(spec.inputs):
        note = "checking everything, committing the result"
        hands.take(job, Advance("finishing", hands.node.clock(), 1, note))
    elif done > job.done:
        hands.take(job, Beat(hands.node.clock(), done, job.note))
    return True  # it was waited for just now: ask again


def _is_gone(error: PrivShareError) -> bool:
    return error.detail.get("rule") == "join.gone"


def _consequence(error: PrivShareError) -> int:
    """How far an owner's error is from what went wrong: one of them has found
    something, the other that its partner is gone, or that nobody answers."""
    rule = str(error.detail.get("rule", ""))
    if rule in ("join.gone", "join.silent"):
        return 1
    return 2 if isinstance(error, (Conflict, Unavailable)) else 0


def _read(answer: dict[str, Json], party: str) -> dict[str, Json]:
    """What an owner answered, of a bounded size."""
    commit = answer.get("commit")
    if not isinstance(commit, str) or len(commit) > MAX_CONCLUSION:
        raise EncodingError(
            "expected an answer with commit, found another", detail={"party": party}
        )
    try:
        unb64u(commit)
        envelope = envelopes.from_json(answer.get("conclusion"))
    except PrivShareError as error:
        error.detail.setdefault("party", party)
        raise
    if len(envelope.payload) > MAX_CONCLUSION:
        raise EncodingError(
            f"expected a conclusion of at most {MAX_CONCLUSION} bytes, found a longer "
            "one",
            detail={"party": party},
        )
    return {"commit": commit, "conclusion": envelopes.to_json(envelope)}


PHASES: Mapping[str, Callable[[Hands, Job, JoinSpec], bool]] = MappingProxyType(
    {"committing": _committing, "matching": _matching}
)


def conclude(hands: Hands, job: Job) -> tuple[dict[str, Json], dict[str, Json]]:
    """Check what both owners signed, and draw result and evidence from it.

    Raises:
        EvidenceInvalid, SignatureInvalid: It is not true, or they do not agree.
    """
    spec, view = spec_of(job), hands.node.view()
    sets = joined(view, job.ledger_id)
    payloads: list[bytes] = []
    commits: dict[Role, bytes] = {}
    committed: dict[Role, tuple[bytes, int]] = {}
    evidence: dict[str, dict[str, Json]] = {"commits": {}, "conclusions": {}}
    for item in spec.inputs:
        kept = hands.kept(job, f"match:{item.dataset}")
        envelope = envelopes.from_json(kept["conclusion"])
        payloads.append(open_statement(view, item.owner, CONCLUSION, envelope))
        role, held = spec.role(item.owner), sets.of(item.owner)
        if held is None:
            raise EvidenceInvalid(
                "expected a set on the ledger, found none",
                detail={"party": item.owner, "rule": "join.sets"},
            )
        commits[role] = unb64u(str(kept["commit"]))
        committed[role] = (unb64u(held.commitment, 32), held.size)
        evidence["commits"][item.owner] = kept["commit"]
        evidence["conclusions"][item.owner] = kept["conclusion"]
    rows = {one.dataset: query.dataset(view, one.dataset).rows for one in spec.inputs}
    terms = spec.terms(job.ledger_id, rows)
    conclusion = verify_conclusion(
        terms, (payloads[0], payloads[1]), commits, committed
    )
    whole: dict[str, Any] = {**evidence, "spec": spec.to_json()}
    return join_result(job.ledger_id, conclusion), cast(dict[str, Json], whole)


def found(node: Node, job: Job, result: dict[str, Json]) -> dict[str, Json]:
    """The result as this node shows it: with who is in both sets, if it knows."""
    kept = node.store.blob(job.ledger_id, "found")
    if kept is None:
        return result
    return {**result, "found": decode(kept, max_bytes=join_party.MAX_FOUND)}
