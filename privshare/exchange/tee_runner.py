"""What the runner's agency does: attest, take sealed tables, run, conclude.

    attest   nonces ─► Admission with a fresh key ─► evidence ─► job.attest (entry B)
    receive  sealed tables, part by part; nobody can open them but that key
    run      opened in memory ─► module ─► Conclusion ─► evidence ─► job.open
             ─► output, sealed for the coordinator

The key lives in this process and is dropped with the job. A runner that was
restarted in between cannot go on, and says so: rule `run.key`.

Implements docs/protocols/attested-job.md, sections 3, 5 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import (
    Conflict,
    EncodingError,
    EvidenceInvalid,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange import code, drawer
from privshare.exchange.admission import find_job, seen
from privshare.exchange.appraisal import attester_of
from privshare.exchange.attester import Attester, Engine, Machine, Outcome, Work
from privshare.exchange.node import Node, open_statement, seal_key
from privshare.exchange.task import Task
from privshare.exchange.tee_admission import (
    TeeAdmitted,
    admitted,
    check_inputs,
    check_listed,
    check_role,
    log_job,
    release_info,
)
from privshare.jobs.attestation.binding import (
    Admission,
    Conclusion,
    nonce_commitment,
)
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.spec import MAX_INPUTS
from privshare.jobs.tee_statement import (
    RELEASE,
    SALT_BYTES,
    Release,
    output_commitment,
    table_commitment,
)
from privshare.ledger import query, query_attested
from privshare.log.checkpoint import parse_checkpoint
from privshare.rights import identifier
from privshare.schemes.sealing import OVERHEAD_BYTES, SealKey, seal
from privshare.wire import domain, note
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u
from privshare.wire.digest import tagged

__all__ = ["MAX_SEALED", "MAX_TABLE", "PART", "attest", "output_info", "receive", "run"]

#: Longest table of an owner, and longest part of a sealed one, in bytes.
MAX_TABLE = 64 << 20
PART = 1 << 20
MAX_SEALED = MAX_TABLE + SALT_BYTES + OVERHEAD_BYTES
_MAX_PARTS = -(-MAX_SEALED // PART)
_MAX_BUNDLE = 4 << 20
_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class _Room:
    """What it takes to run a job here."""

    attester: Attester
    machine: Machine
    engine: Engine


def _room(node: Node, known: TeeAdmitted) -> _Room:
    check_role(node, (known.spec.runner,), "runs the job")
    attester = attester_of(node)
    if attester.machine is None or attester.engine is None:
        raise NotPermitted(
            f"expected {node.agency} to run attested jobs, found that it does not"
            + (f": {attester.silent}" if attester.silent else ""),
            fix="Set attestation in its node.toml.",
            detail={"party": node.agency, "rule": "attest.none"},
        )
    return _Room(attester, attester.machine, attester.engine)


# -- attest -------------------------------------------------------------------


def attest(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Make evidence for a job, bound to every party's nonce, and log it.

    Args:
        node: This node, of the runner's agency.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"index", "nonces": {agency: 32 bytes}, "policies": {agency:
            document}, "spec"}`.

    Returns:
        `{"bundle": ...}`, whose digest is on the ledger.

    Raises:
        NotPermitted: We run no jobs, the code is not listed, or the caller
            does not coordinate the job; `detail["rule"]`.
        EvidenceInvalid: A nonce or policy that its party did not commit to.
        NotFound: We do not have the module.
        Unavailable: The machine does not make evidence.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    nonces = _bytes_by_party(fields, "nonces")
    policies = _policies(fields)
    fields.end()
    room = _room(node, known)
    _check_nonces(known, nonces, policies)
    with node.tasks.exclusive(f"{job}/attestation"):
        kept = node.store.blob(job, "bundle")
        if kept is not None and room.attester.keys.find(job) is None:
            raise _key_lost(node)
        if kept is None:
            bundle = _bundle(node, known, room, nonces, policies)
            kept = bundle.to_bytes()
            node.store.put_blob(job, "bundle", kept)
            log_job(node, known, "job.attest", "")
        bundle = AttestedBundle.from_bytes(kept)
        held = query_attested.attestation(node.view(), job)
        if held.of(node.agency) is None:
            _log_evidence(node, known, bundle)
    return {"bundle": bundle.to_json()}


def _log_evidence(node: Node, known: TeeAdmitted, bundle: AttestedBundle) -> None:
    """Entry B: from now on nobody shows other evidence for this job."""
    body: dict[str, Json] = {"bundle": b64u(bundle.digest()), "job": known.id}
    try:
        committed = node.submit("job.attest", body)
    except Conflict as other:
        if other.detail.get("rule") != "job.attested":
            raise
        return
    evidence: dict[str, Json] = {
        "bundle": bundle.to_json(),
        "spec": known.spec.to_json(),
    }
    drawer.file_kind(node, committed, known.id, evidence=evidence)


def _bytes_by_party(fields: Fields, name: str) -> dict[str, bytes]:
    obj = fields.json(name)
    if not isinstance(obj, dict) or not all(isinstance(v, str) for v in obj.values()):
        raise EncodingError(f"body.{name}: expected an object of texts")
    return {party: unb64u(str(text), 32) for party, text in obj.items()}


def _policies(fields: Fields) -> dict[str, AppraisalPolicy]:
    obj = fields.json("policies")
    if not isinstance(obj, dict):
        raise EncodingError("body.policies: expected an object")
    return {party: AppraisalPolicy.from_json(value) for party, value in obj.items()}


def _check_nonces(
    known: TeeAdmitted, nonces: dict[str, bytes], policies: dict[str, AppraisalPolicy]
) -> None:
    """What the coordinator passes on is what each party committed to."""
    held = query_attested.attestation(known.view, known.id)
    if tuple(sorted(nonces)) != known.spec.relying:
        raise EvidenceInvalid(
            f"expected nonces of {', '.join(known.spec.relying)}, found others",
            detail={"party": known.spec.coordinator, "rule": "job.nonces"},
        )
    for party, nonce in nonces.items():
        committed = held.nonce(party)
        if committed is None:
            raise Unavailable(
                f"expected the nonce of {party} on the ledger, found none yet",
                detail={"party": party},
            )
        policy = policies.get(party)
        named = None if policy is None else b64u(policy.digest())
        found = b64u(nonce_commitment(known.id, party, nonce))
        if (committed.commitment, committed.policy) != (found, named):
            raise EvidenceInvalid(
                f"expected the nonce and the policy that {party} committed to, found "
                "others",
                detail={"party": known.spec.coordinator, "rule": "job.nonces"},
            )
    if set(policies) - set(nonces):
        raise EvidenceInvalid(
            "expected policies of the parties, found others",
            detail={"party": known.spec.coordinator, "rule": "job.nonces"},
        )


def _bundle(
    node: Node,
    known: TeeAdmitted,
    room: _Room,
    nonces: dict[str, bytes],
    policies: dict[str, AppraisalPolicy],
) -> AttestedBundle:
    """Have the machine speak for the job, and put together what it said."""
    program = code.program(node, known.spec.code)
    key = room.attester.keys.make(known.id)
    named = sorted((party, policy.digest()) for party, policy in policies.items())
    admission = Admission(
        network=node.network,
        job=known.id,
        nonces=tuple(sorted(nonces.items())),
        spec=known.spec.digest(),
        code=known.spec.code,
        runner=room.machine.measurement,
        policies=tuple(named),
        hpke_public_key=key.public_key.raw,
        checkpoint=parse_checkpoint(note.parse(node.ledger.checkpoint())),
    )
    evidence, endorsements = room.machine.speak(
        admission.report_data(room.machine.kind), known.spec.code
    )
    return AttestedBundle(
        admission=admission,
        evidence=evidence,
        endorsements=endorsements,
        policies=tuple(sorted(policies.items())),
        closure=program.closure,
    )


def _key_lost(node: Node) -> StepNotAllowed:
    return StepNotAllowed(
        "expected the key that this job's evidence is bound to, found that this "
        "runner was restarted since, which ends it",
        fix="Ask again: the job cost nothing.",
        detail={"party": node.agency, "rule": "run.key"},
    )


# -- receive ------------------------------------------------------------------


def receive(
    node: Node,
    caller: str,
    job: str,
    dataset: str,
    *,
    part: int,
    parts: int,
    data: bytes,
) -> dict[str, Json]:
    """Keep one part of a sealed table.

    Args:
        node: This node, of the runner's agency.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        dataset: Which of its inputs.
        part: The part's number, from 0.
        parts: How many there are.
        data: At most `PART` bytes.

    Raises:
        NotFound: No such input.
        Unavailable: Our copy of the ledger does not have the job yet.
        StepNotAllowed: The job has ended, or was not attested by this process.
        NotPermitted: Not our job, or not the caller's dataset.
        OutOfRange: Too large, or a part that no table has.
    """
    identifier.ID.check(job, "job")
    view = seen(node, job)
    held = find_job(node, job, view)
    if held.parties.compute != node.agency or identifier.code_of(held.program) is None:
        raise NotPermitted(
            f"expected {held.parties.compute}, which runs the job, found {node.agency}",
            detail={"rule": "job.party"},
        )
    if identifier.owner_of(dataset) != caller:
        raise NotPermitted(
            f"expected the owner of {dataset}, found {caller}",
            detail={"rule": "job.party"},
        )
    grants = [query.use(view, use).grant for use in held.inputs]
    if dataset not in {query.grant(view, one).terms.dataset for one in grants}:
        raise NotFound(f"expected an input of the job, found {dataset}")
    if attester_of(node).keys.find(job) is None:
        raise _key_lost(node)
    if not 0 <= part < parts <= _MAX_PARTS or not 0 < len(data) <= PART:
        raise OutOfRange(
            f"expected a part of {_MAX_PARTS} at most, of up to {PART} bytes, found "
            f"part {part} of {parts} with {len(data)}"
        )
    node.store.put_blob(job, f"sealed:{dataset}:{part}", data)
    return {"bytes": len(data), "part": part}


# -- run ----------------------------------------------------------------------


def output_info(job: str) -> bytes:
    """What an output is sealed for; the conclusion's digest goes beside it."""
    return tagged(domain.RELEASE, job.encode(), b"output")


def run(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Run the job's module on the tables, or say that it is under way.

    Args:
        node: This node, of the runner's agency.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"index", "releases": [envelope], "spec"}`, in the order of the
            inputs.

    Returns:
        `{"state": "working"}` or `{"state": "done", "conclusion", "evidence",
        "endorsements", "output": sealed for the coordinator, "sandbox"}`.

    Raises:
        EvidenceInvalid: A table that is not the one its owner signed for, or
            a release of another job.
        NotPermitted: The module was stopped: `detail["rule"]` is one of
            `run.fuel`, `run.memory`, `run.import` and so on.
        Unavailable: A table has not arrived yet.
        NotFound, StepNotAllowed, SignatureInvalid: As for `attest`.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    sent = fields.list("releases", MAX_INPUTS)
    fields.end()
    room = _room(node, known)
    kept = node.store.blob(job, "outcome")
    if kept is None:
        releases = _releases(node, known, sent)
        task = node.tasks.start(
            f"{job}/run", lambda task: _run(node, known, room, releases, task)
        )
        if not task.wait(_WAIT_S):
            return {"state": "working"}
        node.tasks.forget(f"{job}/run")
        if task.error is not None:
            raise task.error
        kept = node.store.blob(job, "outcome")
    if kept is None:
        raise Unavailable("expected the outcome to be kept, found none")
    answer = decode(kept, max_bytes=_MAX_BUNDLE)
    if not isinstance(answer, dict):
        raise EncodingError("expected an outcome as it was kept, found another value")
    return {**answer, "state": "done"}


def _releases(node: Node, known: TeeAdmitted, sent: list[Json]) -> tuple[Release, ...]:
    """Verify and read the releases, in the order of the inputs."""
    if len(sent) != len(known.spec.inputs):
        raise EvidenceInvalid(
            f"expected {len(known.spec.inputs)} releases, found {len(sent)}",
            detail={"party": known.spec.coordinator, "rule": "job.release"},
        )
    found = []
    for item, given in zip(known.spec.inputs, sent, strict=True):
        payload = open_statement(
            known.view, item.owner, RELEASE, envelopes.from_json(given)
        )
        made = Release.from_bytes(payload)
        meant = (known.id, item.dataset, item.version, item.all_columns)
        if (made.job, made.dataset, made.version, made.columns) != meant:
            raise EvidenceInvalid(
                "expected a release of this job's input, found another",
                detail={"party": item.owner, "rule": "job.release"},
            )
        found.append(made)
    return tuple(found)


def _run(
    node: Node,
    known: TeeAdmitted,
    room: _Room,
    releases: tuple[Release, ...],
    task: Task,
) -> None:
    if node.store.blob(known.id, "outcome") is not None:
        return  # the same question, asked twice at the same moment
    done = "done"
    try:
        key = room.attester.keys.find(known.id)
        kept = node.store.blob(known.id, "bundle")
        if key is None or kept is None:
            raise _key_lost(node)
        bundle = AttestedBundle.from_bytes(kept)
        tables = [
            (one.dataset, _open(node, known, key, bundle.admission, one))
            for one in releases
        ]
        program = code.program(node, known.spec.code)
        task.tell(1, 3)
        outcome = room.engine.run(
            Work(known.spec, program.module, program.closure, tables)
        )
        task.tell(2, 3)
        _conclude(node, known, room, bundle.admission, releases, outcome)
        room.attester.keys.drop(known.id)
        node.store.drop_blobs(known.id, "sealed:")
    except PrivShareError as error:
        done = str(error.detail.get("rule", error.name))
        raise
    finally:
        log_job(node, known, "job.run", "", done)


def _open(
    node: Node, known: TeeAdmitted, key: SealKey, admission: Admission, made: Release
) -> bytes:
    """One owner's table, if it is what its owner signed for."""
    owner = made.owner
    sealed = bytearray()
    part = 0
    while (
        data := node.store.blob(known.id, f"sealed:{made.dataset}:{part}")
    ) is not None:
        sealed += data
        part += 1
    if not sealed:
        raise Unavailable(
            f"expected the table of {made.dataset}, found none yet",
            detail={"party": owner},
        )
    digest = admission.digest()
    if made.admission != digest:
        raise EvidenceInvalid(
            "expected a release to this runner's key, found one to another",
            detail={"party": owner, "rule": "job.release"},
        )
    try:
        opened = key.open(bytes(sealed), release_info(known.id, made.dataset), digest)
    except VerificationError:
        raise EvidenceInvalid(
            "expected a table sealed to this job's key, found one that does not open",
            detail={"party": owner, "rule": "job.sealed"},
        ) from None
    salt, table = opened[:SALT_BYTES], opened[SALT_BYTES:]
    if len(salt) != SALT_BYTES or table_commitment(salt, table) != made.commitment:
        raise EvidenceInvalid(
            "expected the table that its owner committed to, found another",
            detail={"party": owner, "rule": "job.commitment"},
        )
    return table


def _conclude(
    node: Node,
    known: TeeAdmitted,
    room: _Room,
    admission: Admission,
    releases: tuple[Release, ...],
    outcome: Outcome,
) -> None:
    """Have the machine speak for the result; log that; only then hand it out."""
    if len(outcome.output) > known.spec.limits.output:
        raise NotPermitted(
            f"expected an output of at most {known.spec.limits.output} bytes, found "
            f"{len(outcome.output)}",
            detail={"rule": "run.output"},
        )
    conclusion = Conclusion(
        admission=admission.digest(),
        inputs=tuple(sorted((one.dataset, one.commitment) for one in releases)),
        output=output_commitment(outcome.output),
        exit=0,
        fuel=outcome.fuel,
        charge=0,
    )
    evidence, endorsements = room.machine.speak(
        conclusion.report_data(room.machine.kind), known.spec.code
    )
    recipient = seal_key(known.view, known.spec.coordinator)
    sealed = seal(recipient, outcome.output, output_info(known.id), conclusion.digest())
    answer: dict[str, Json] = {
        "conclusion": conclusion.to_json(),
        "endorsements": endorsements.to_json(),
        "evidence": evidence.to_json(),
        "output": b64u(sealed),
        "sandbox": outcome.sandbox,
    }
    view = node.view()
    check_inputs(node, view, find_job(node, known.id, view), known.spec)
    check_listed(view, known.spec)
    if query.job(view, known.id).opened is None:
        body: dict[str, Json] = {
            "aggregation": b64u(conclusion.digest()),
            "job": known.id,
        }
        node.submit("job.open", body)
    node.store.put_blob(known.id, "outcome", encode(answer))
