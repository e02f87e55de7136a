"""An attested job at its coordinator: one phase after the other.

    nonces ─► attesting ─► releasing ─► running ─► finishing

The runner of jobs (`runner`) calls one of these for a job in such a phase. The
coordinator asks and passes on; it carries no table, sealed or not. Every owner
has said yes to the evidence before the first is asked to release.

Implements docs/protocols/attested-job.md, sections 3 to 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from privshare.errors import Conflict, EncodingError, PrivShareError, Unavailable
from privshare.exchange import tee_party, tee_release, tee_run, tee_runner
from privshare.exchange.node import Node, open_statement
from privshare.exchange.tee_admission import spec_of
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attested_spec import AttestedSpec
from privshare.jobs.lifecycle import Advance, Beat, Event, Job
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.mpc_statement import DEAL
from privshare.jobs.tee_statement import RELEASE
from privshare.ledger import query_attested
from privshare.ledger.parties import NODES
from privshare.rights import identifier
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json, b64u, decode, encode, unb64u

__all__ = ["MAX_ANSWER", "PHASES", "Hands", "awaited", "local", "released", "step"]

MAX_ANSWER = 4 << 20
#: A part that is on its way has left.
_PART = tee_runner.PART
_MOST_RELEASED = NODES * tee_runner.MAX_SEALED
_RUN_WAIT_S = 2
_RAN = ("conclusion", "endorsements", "evidence", "outcome", "output", "sandbox")


class Ask(Protocol):
    """Asks a party, which may be this node."""

    def __call__(
        self, job: Job, agency: str, what: str, dataset: str, body: dict[str, Json]
    ) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class Hands:
    """What a phase may do.

    Attributes:
        node: Of the coordinator.
        ask: Asks a party.
        take: Takes one transition and keeps the job.
    """

    node: Node
    ask: Ask
    take: Callable[[Job, Event], Job]

    def blob(self, job: Job, name: str) -> bytes | None:
        """What is kept of a job."""
        return self.node.store.blob(job.ledger_id, name)

    def keep(self, job: Job, name: str, data: bytes) -> None:
        """Keep something of a job."""
        self.node.store.put_blob(job.ledger_id, name, data)

    def kept(self, job: Job, name: str) -> dict[str, Json]:
        """A JSON object that is kept.

        Raises:
            EncodingError: It is not there.
        """
        data = self.blob(job, name)
        value = None if data is None else decode(data, max_bytes=MAX_ANSWER)
        if not isinstance(value, dict):
            raise EncodingError(f"expected {name.partition(':')[0]} to be kept here")
        return value


def step(hands: Hands, job: Job) -> bool:
    """Take an attested job one step further; whether it moved."""
    return PHASES[job.phase](hands, job, spec_of(job))


def local(
    node: Node, job: str, what: str, dataset: str, body: dict[str, Json]
) -> dict[str, Json]:
    """What the routes do, for a coordinator that plays other parts, too."""
    try:
        if what == "releases":
            return tee_release.release(node, node.agency, job, dataset, body)
        return _LOCAL[what](node, node.agency, job, body)
    except PrivShareError as error:
        error.detail.setdefault("party", node.agency)
        raise


_LOCAL: Mapping[str, Callable[[Node, str, str, Json], dict[str, Json]]] = (
    MappingProxyType(
        {
            "appraisal": tee_party.appraise,
            "attestation": tee_runner.attest,
            "nonce": tee_party.commit_nonce,
            "run": tee_run.run,
        }
    )
)


def awaited(hands: Hands, job: Job) -> str:
    """The party whose answer is missing in this phase, or ""."""
    spec = spec_of(job)
    match job.phase:
        case "nonces":
            return _first(hands, job, "nonce", spec.relying)
        case "attesting":
            missing = _first(hands, job, "shown", spec.runners)
            pairs = _pairs(spec)
            return missing or _first(hands, job, "accepted", pairs).partition(":")[2]
        case "releasing":
            names = tuple(item.dataset for item in spec.inputs)
            return identifier.owner_of(_first(hands, job, "handed", names))
        case "running":
            return _first(hands, job, "ran", spec.runners)
        case _:
            return ""


def _first(hands: Hands, job: Job, name: str, among: tuple[str, ...]) -> str:
    missing = (one for one in among if hands.blob(job, f"{name}:{one}") is None)
    return next(missing, "")


def released(hands: Hands, job: Job) -> int:
    """Bytes of sealed tables that are known to have left their owners."""
    return sum(
        int(hands.blob(job, f"left:{item.dataset}") or b"0")
        for item in spec_of(job).inputs
    )


# -- phases -------------------------------------------------------------------


def _each(
    hands: Hands,
    job: Job,
    name: str,
    among: tuple[str, ...],
    work: Callable[[str], bytes | None],
) -> tuple[Job, bool, bool]:
    """Have some work done for each; one that is away holds no other up.

    Returns:
        The job, whether anything moved, and whether all are done.
    """
    moved, done = False, 0
    away: PrivShareError | None = None
    for one in among:
        if hands.blob(job, f"{name}:{one}") is None:
            try:
                made = work(one)
            except (Unavailable, Conflict) as error:
                away = away or error
                continue
            if made is None:
                continue
            hands.keep(job, f"{name}:{one}", made)
            moved = True
        done += 1
        job = hands.take(
            job, Beat(hands.node.clock(), max(job.done, done), f"{one}: {name}")
        )
    if away is not None and not moved:
        raise away
    return job, moved, done == len(among)


def _pairs(spec: AttestedSpec) -> tuple[str, ...]:
    """Every runner with everybody who appraises it, as `runner:agency`.

    Owners first: theirs are the policies, and theirs is what would be lost.
    """
    judges = tuple(dict.fromkeys((*spec.owners, *spec.relying)))
    return tuple(f"{runner}:{judge}" for runner in spec.runners for judge in judges)


def _nonces(hands: Hands, job: Job, spec: AttestedSpec) -> bool:
    """Everybody commits to a nonce: entry A."""

    def commit(agency: str) -> bytes:
        answer = _Answer(hands.ask(job, agency, "nonce", "", {}), agency)
        return encode(
            {
                "nonce": b64u(answer.bytes("nonce", 32)),
                "policy": answer.value("policy"),
            }
        )

    job, moved, done = _each(hands, job, "nonce", spec.relying, commit)
    if done:
        note = f"waiting for {' and '.join(spec.runners)} to attest"
        total = len(spec.runners) + len(_pairs(spec))
        hands.take(job, Advance("attesting", hands.node.clock(), total, note))
    return moved or done


def _attesting(hands: Hands, job: Job, spec: AttestedSpec) -> bool:
    """Each runner shows evidence (entry B); everybody appraises all of it."""
    told = {agency: hands.kept(job, f"nonce:{agency}") for agency in spec.relying}
    body: dict[str, Json] = {
        "nonces": {agency: one["nonce"] for agency, one in told.items()},
        "policies": {
            agency: one["policy"]
            for agency, one in told.items()
            if one["policy"] is not None
        },
    }

    def show(runner: str) -> bytes:
        answer = _Answer(hands.ask(job, runner, "attestation", "", body), runner)
        bundle = answer.bundle()
        held = query_attested.attestation(hands.node.view(), job.ledger_id)
        if held.of(runner) is None:
            raise Unavailable(
                "expected our copy of the ledger to have the evidence, found none yet",
                detail={"party": runner},
            )
        return encode(bundle.to_json())

    job, moved, done = _each(hands, job, "shown", spec.runners, show)
    if moved or not done:
        return moved

    def accept(pair: str) -> bytes:
        runner, _, agency = pair.partition(":")
        shown: dict[str, Json] = {
            "bundle": hands.kept(job, f"shown:{runner}"),
            "runner": runner,
        }
        answer = _Answer(hands.ask(job, agency, "appraisal", "", shown), agency)
        return encode({"appraisal": answer.value("appraisal")})

    job, moved, done = _each(hands, job, "accepted", _pairs(spec), accept)
    if done:
        note = "waiting for " + ", ".join(spec.owners)
        total = len(spec.inputs)
        hands.take(job, Advance("releasing", hands.node.clock(), total, note))
    return moved or done


def _releasing(hands: Hands, job: Job, spec: AttestedSpec) -> bool:
    """Every owner seals its data and hands it to the runners."""
    kind = DEAL if isinstance(spec, MpcSpec) else RELEASE

    def hand(dataset: str) -> bytes | None:
        owner = identifier.owner_of(dataset)
        try:
            answer = _Answer(hands.ask(job, owner, "releases", dataset, {}), owner)
        except PrivShareError as error:
            left = error.detail.get("released")
            if type(left) is int and 0 <= left <= _MOST_RELEASED:
                hands.keep(job, f"left:{dataset}", b"%d" % left)
            raise
        if answer.value("state") == "working":
            sent = answer.int("done") * _PART
            hands.keep(job, f"left:{dataset}", b"%d" % sent)
            return None
        envelope = answer.envelope("release")
        try:
            open_statement(hands.node.view(), owner, kind, envelope)
        except PrivShareError as error:
            error.detail.setdefault("party", owner)
            raise
        hands.keep(job, f"left:{dataset}", b"%d" % answer.int("bytes"))
        return envelopes.encode(envelope)

    names = tuple(item.dataset for item in spec.inputs)
    job, moved, done = _each(hands, job, "handed", names, hand)
    if done:
        note = f"waiting for {' and '.join(spec.runners)} to run {spec.module}"
        total = len(spec.runners)
        hands.take(job, Advance("running", hands.node.clock(), total, note))
    return moved or done


def _running(hands: Hands, job: Job, spec: AttestedSpec) -> bool:
    """The runners run the program, and have their machines sign what came of it.

    Those of a job on shares need each other, so all are told before any is
    waited for.
    """
    joint = isinstance(spec, MpcSpec)
    body: dict[str, Json] = {
        "bundles": {
            runner: hands.kept(job, f"shown:{runner}")
            for runner in spec.runners
            if joint
        },
        "releases": list(releases(hands, job)),
    }
    left = [one for one in spec.runners if hands.blob(job, f"ran:{one}") is None]
    last = left[-1] if left else ""

    def ran(runner: str) -> bytes | None:
        wait = _RUN_WAIT_S if runner == last else 0
        answer = hands.ask(job, runner, "run", "", {**body, "wait": wait})
        if answer.get("state") == "working":
            return None
        read = _Answer(answer, runner)
        return encode({name: read.value(name) for name in _RAN})

    job, moved, done = _each(hands, job, "ran", spec.runners, ran)
    if done:
        note = "checking everything, committing the result"
        hands.take(job, Advance("finishing", hands.node.clock(), 1, note))
        return True
    note = f"{' and '.join(left)} {'run' if len(left) > 1 else 'runs'} {spec.module}"
    hands.take(job, Beat(hands.node.clock(), job.done, note))
    return moved or joint  # a joint run was waited for just now: ask again


def releases(hands: Hands, job: Job) -> list[Json]:
    """The owners' signed releases, in the order of the inputs."""
    found: list[Json] = []
    for item in spec_of(job).inputs:
        kept = hands.blob(job, f"handed:{item.dataset}")
        if kept is None:
            raise EncodingError("expected a release to be kept here")
        found.append(envelopes.to_json(envelopes.decode(kept)))
    return found


PHASES: Mapping[str, Callable[[Hands, Job, AttestedSpec], bool]] = MappingProxyType(
    {
        "attesting": _attesting,
        "nonces": _nonces,
        "releasing": _releasing,
        "running": _running,
    }
)


class _Answer:
    """A party's answer, read field by field; faults name the party."""

    def __init__(self, answer: dict[str, Json], party: str) -> None:
        self._answer, self._party = answer, party

    def value(self, name: str) -> Json:
        if name not in self._answer:
            raise self._error(name)
        return self._answer[name]

    def bytes(self, name: str, size: int) -> bytes:
        text = self.value(name)
        if not isinstance(text, str):
            raise self._error(name)
        try:
            return unb64u(text, size)
        except EncodingError:
            raise self._error(name) from None

    def int(self, name: str) -> int:
        value = self.value(name)
        if type(value) is not int or not 0 <= value < 1 << 40:
            raise self._error(name)
        return value

    def envelope(self, name: str) -> envelopes.Envelope:
        try:
            return envelopes.from_json(self.value(name))
        except PrivShareError as error:
            error.detail.setdefault("party", self._party)
            raise

    def bundle(self) -> AttestedBundle:
        try:
            return AttestedBundle.from_json(self.value("bundle"))
        except PrivShareError as error:
            error.detail.setdefault("party", self._party)
            raise

    def _error(self, name: str) -> EncodingError:
        return EncodingError(
            f"expected an answer with {name}, found another",
            detail={"party": self._party},
        )
