"""What a runner's agency does before it computes: attest, take sealed tables.

    attest   nonces ─► Admission with a fresh key ─► evidence ─► job.attest (entry B)
    receive  sealed tables, part by part; nobody can open them but that key
    run      `tee_run` of a module, `mpc_node` of a program on shares

The key lives in this process and is dropped with the job. A runner that was
restarted in between cannot go on, and says so: rule `run.key`.

Implements docs/protocols/attested-job.md, sections 3 and 5.
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
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import code, drawer
from privshare.exchange.admission import find_job, seen
from privshare.exchange.appraisal import attester_of
from privshare.exchange.attester import Attester, Compute, Engine, Machine
from privshare.exchange.node import Node
from privshare.exchange.tee_admission import (
    TeeAdmitted,
    admitted,
    check_role,
    log_job,
)
from privshare.jobs.attestation.binding import (
    Admission,
    nonce_commitment,
)
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.tee_statement import (
    SALT_BYTES,
)
from privshare.ledger import query, query_attested
from privshare.log.checkpoint import parse_checkpoint
from privshare.rights import identifier
from privshare.schemes.recipient import MAX_OVERHEAD
from privshare.wire import note
from privshare.wire.canonical import Fields, Json, b64u, unb64u

__all__ = [
    "MAX_SEALED",
    "MAX_TABLE",
    "PART",
    "Room",
    "attest",
    "key_lost",
    "receive",
    "room_of",
]

#: Longest table of an owner, and longest part of a sealed one, in bytes.
MAX_TABLE = 64 << 20
PART = 1 << 20
MAX_SEALED = MAX_TABLE + SALT_BYTES + MAX_OVERHEAD
_MAX_PARTS = -(-MAX_SEALED // PART)


@dataclass(frozen=True, slots=True)
class Room:
    """What it takes to run a job here.

    Attributes:
        attester: What this node brings.
        machine: Its own.
        engine: Runs modules; None for a job on shares.
        compute: Computes on shares; None for a job in one machine.
    """

    attester: Attester
    machine: Machine
    engine: Engine | None
    compute: Compute | None


def room_of(node: Node, known: TeeAdmitted) -> Room:
    """What it takes to run this job here.

    Raises:
        NotPermitted: We do not run jobs of its kind: rule `attest.none`; or not
            this one: rule `job.party`.
    """
    check_role(node, known.spec.runners, "runs the job")
    attester = attester_of(node)
    joint = isinstance(known.spec, MpcSpec)
    ready = attester.compute if joint else attester.engine
    if attester.machine is None or ready is None:
        raise NotPermitted(
            f"expected {node.agency} to run attested jobs, found that it does not"
            + (f": {attester.silent}" if attester.silent else ""),
            fix="Set attestation in its node.toml.",
            detail={"party": node.agency, "rule": "attest.none"},
        )
    return Room(
        attester,
        attester.machine,
        None if joint else attester.engine,
        attester.compute if joint else None,
    )


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
    room = room_of(node, known)
    _check_nonces(known, nonces, policies)
    with node.tasks.exclusive(f"{job}/attestation"):
        kept = node.store.blob(job, "bundle")
        if kept is not None and room.attester.keys.find(job) is None:
            raise key_lost(node)
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
    room: Room,
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
        channel=None if room.compute is None else room.compute.channel(known.id),
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


def key_lost(node: Node) -> StepNotAllowed:
    """Say that a job cannot go on, for its key is gone: rule `run.key`."""
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
    runners = held.parties.runners
    if node.agency not in runners:
        raise NotPermitted(
            f"expected {' or '.join(runners) or 'none'}, which runs the job, found "
            f"{node.agency}",
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
        raise key_lost(node)
    if not 0 <= part < parts <= _MAX_PARTS or not 0 < len(data) <= PART:
        raise OutOfRange(
            f"expected a part of {_MAX_PARTS} at most, of up to {PART} bytes, found "
            f"part {part} of {parts} with {len(data)}"
        )
    node.store.put_blob(job, f"sealed:{dataset}:{part}", data)
    return {"bytes": len(data), "part": part}
