"""What a runner's agency does with sealed data: open it in memory, run, conclude.

    tables ─► module in its sandbox ─► output           one machine
    pieces ─► program with two other nodes ─► pieces    three (`mpc_node`)
    both ─► Conclusion ─► evidence ─► job.open ─► sealed for the coordinator

The result leaves after `job.open` is on the ledger, and what that names is
what the machine signed.

Implements docs/protocols/attested-job.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange import code
from privshare.exchange.admission import find_job
from privshare.exchange.attester import Work
from privshare.exchange.node import Node, open_statement, seal_key
from privshare.exchange.task import Task
from privshare.exchange.tee_admission import (
    TeeAdmitted,
    admitted,
    check_inputs,
    check_listed,
    log_job,
    release_info,
)
from privshare.exchange.tee_runner import Room, key_lost, room_of
from privshare.jobs.attestation.binding import Admission, Conclusion
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.mpc_statement import DEAL, Deal
from privshare.jobs.spec import MAX_INPUTS
from privshare.jobs.tee_statement import (
    RELEASE,
    SALT_BYTES,
    Release,
    output_commitment,
    table_commitment,
)
from privshare.ledger import query
from privshare.schemes.recipient import Opener
from privshare.schemes.sealing import seal
from privshare.wire import domain
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import tagged

__all__ = ["Done", "output_info", "run", "unsealed"]

_MAX_OUTCOME = 8 << 20
_MAX_WAIT_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a run.

    Attributes:
        output: For the coordinator, to be sealed. Secret.
        commitment: The 32 bytes that the machine says of it.
        fuel: Units of work done; 0 where nothing counts them.
        outcome: What the nodes of a job on shares say together, or None.
        announced: What job.open names; None for the conclusion's digest.
        sandbox: What held the process, in one word.
    """

    output: bytes = field(repr=False)
    commitment: bytes
    fuel: int
    sandbox: str
    outcome: Json = None
    announced: bytes | None = None


def output_info(job: str) -> bytes:
    """What an output is sealed for; the conclusion's digest goes beside it."""
    return tagged(domain.RELEASE, job.encode(), b"output")


def run(node: Node, caller: str, job: str, body: Json) -> dict[str, Json]:
    """Run the job's program, or say that it is under way.

    Args:
        node: This node, of a runner's agency.
        caller: The agency that signed the HTTP request.
        job: The job's id on the ledger.
        body: `{"bundles": evidence by agency, of a job on shares, else {},
            "index", "releases": [envelope] in the order of the inputs, "spec",
            "wait": seconds to wait for the end, 0 to 5}`.

    Returns:
        `{"state": "working"}` or `{"state": "done", "conclusion", "evidence",
        "endorsements", "outcome": of a job on shares, "output": sealed for the
        coordinator, "sandbox"}`.

    Raises:
        EvidenceInvalid: Data that is not what its owner signed for, a release
            of another job, or other evidence than the log names.
        NotPermitted: The program was stopped: `detail["rule"]` is one of
            `run.fuel`, `run.memory`, `run.import` and so on.
        Unavailable: Some data has not arrived yet.
        NotFound, StepNotAllowed, SignatureInvalid: As for `tee_runner.attest`.
    """
    fields = Fields(body, "body")
    known = admitted(node, caller, job, fields)
    sent = fields.list("releases", MAX_INPUTS)
    bundles = fields.json("bundles")
    wait = fields.int("wait", 0, _MAX_WAIT_S)
    fields.end()
    room = room_of(node, known)
    kept = node.store.blob(job, "outcome")
    if kept is None:
        statements = _statements(node, known, sent)
        task = node.tasks.start(
            f"{job}/run",
            lambda task: _run(node, known, room, statements, bundles, task),
        )
        if not task.wait(wait):
            return {"state": "working"}
        node.tasks.forget(f"{job}/run")
        if task.error is not None:
            raise task.error
        kept = node.store.blob(job, "outcome")
    if kept is None:
        raise Unavailable("expected the outcome to be kept, found none")
    answer = decode(kept, max_bytes=_MAX_OUTCOME)
    if not isinstance(answer, dict):
        raise EncodingError("expected an outcome as it was kept, found another value")
    return {**answer, "state": "done"}


def _statements(
    node: Node, known: TeeAdmitted, sent: list[Json]
) -> tuple[Release | Deal, ...]:
    """Verify and read what the owners signed, in the order of the inputs."""
    if len(sent) != len(known.spec.inputs):
        raise EvidenceInvalid(
            f"expected {len(known.spec.inputs)} releases, found {len(sent)}",
            detail={"party": known.spec.coordinator, "rule": "job.release"},
        )
    joint = isinstance(known.spec, MpcSpec)
    found: list[Release | Deal] = []
    for item, given in zip(known.spec.inputs, sent, strict=True):
        payload = open_statement(
            known.view,
            item.owner,
            DEAL if joint else RELEASE,
            envelopes.from_json(given),
        )
        made = Deal.from_bytes(payload) if joint else Release.from_bytes(payload)
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
    room: Room,
    statements: tuple[Release | Deal, ...],
    bundles: Json,
    task: Task,
) -> None:
    if node.store.blob(known.id, "outcome") is not None:
        return  # the same question, asked twice at the same moment
    outcome = "done"
    try:
        key = room.attester.keys.find(known.id)
        kept = node.store.blob(known.id, "bundle")
        if key is None or kept is None:
            raise key_lost(node)
        admission = AttestedBundle.from_bytes(kept).admission
        task.tell(1, 3)
        done = _computed(node, known, room, key, admission, statements, bundles)
        task.tell(2, 3)
        inputs = sorted((one.dataset, one.commitment) for one in statements)
        _conclude(node, known, room, admission, tuple(inputs), done)
        room.attester.keys.drop(known.id)
        node.store.drop_blobs(known.id, "sealed:")
    except PrivShareError as error:
        outcome = str(error.detail.get("rule", error.name))
        raise
    finally:
        log_job(node, known, "job.run", "", outcome)


def _computed(
    node: Node,
    known: TeeAdmitted,
    room: Room,
    key: Opener,
    admission: Admission,
    statements: tuple[Release | Deal, ...],
    bundles: Json,
) -> Done:
    spec = known.spec
    if isinstance(spec, MpcSpec):
        from privshare.exchange import mpc_node  # noqa: PLC0415 - brings numpy

        deals = tuple(one for one in statements if isinstance(one, Deal))
        return mpc_node.compute(node, known, spec, room, key, admission, deals, bundles)
    if room.engine is None:
        raise StepNotAllowed("expected a runner with an engine, found none")
    releases = (one for one in statements if isinstance(one, Release))
    tables = [
        (one.dataset, _table(node, known, key, admission, one)) for one in releases
    ]
    program = code.program(node, spec.code)
    outcome = room.engine.run(Work(spec, program.module, program.closure, tables))
    if len(outcome.output) > spec.limits.output:
        raise NotPermitted(
            f"expected an output of at most {spec.limits.output} bytes, found "
            f"{len(outcome.output)}",
            detail={"rule": "run.output"},
        )
    return Done(
        output=outcome.output,
        commitment=output_commitment(outcome.output),
        fuel=outcome.fuel,
        sandbox=outcome.sandbox,
    )


def unsealed(
    node: Node, known: TeeAdmitted, key: Opener, admission: bytes, dataset: str
) -> bytes:
    """Open what an owner sealed to this machine's key.

    Args:
        node: This node.
        known: The job.
        key: The job's.
        admission: Digest of what our evidence is bound to.
        dataset: Whose owner sealed it.

    Raises:
        Unavailable: It has not arrived yet.
        EvidenceInvalid: It does not open: rule `job.sealed`.
    """
    owner = dataset.partition("/")[0]
    sealed = bytearray()
    part = 0
    while (data := node.store.blob(known.id, f"sealed:{dataset}:{part}")) is not None:
        sealed += data
        part += 1
    if not sealed:
        raise Unavailable(
            f"expected the data of {dataset}, found none yet",
            detail={"party": owner},
        )
    try:
        return key.open(bytes(sealed), release_info(known.id, dataset), admission)
    except VerificationError:
        raise EvidenceInvalid(
            "expected data sealed to this job's key, found some that does not open",
            detail={"party": owner, "rule": "job.sealed"},
        ) from None


def _table(
    node: Node, known: TeeAdmitted, key: Opener, admission: Admission, made: Release
) -> bytes:
    """One owner's table, if it is what its owner signed for."""
    owner, digest = made.owner, admission.digest()
    if made.admission != digest:
        raise EvidenceInvalid(
            "expected a release to this runner's key, found one to another",
            detail={"party": owner, "rule": "job.release"},
        )
    opened = unsealed(node, known, key, digest, made.dataset)
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
    room: Room,
    admission: Admission,
    inputs: tuple[tuple[str, bytes], ...],
    done: Done,
) -> None:
    """Have the machine speak for the result; log that; only then hand it out."""
    conclusion = Conclusion(
        admission=admission.digest(),
        inputs=inputs,
        output=done.commitment,
        exit=0,
        fuel=done.fuel,
        charge=0,
    )
    evidence, endorsements = room.machine.speak(
        conclusion.report_data(room.machine.kind), known.spec.code
    )
    recipient = seal_key(known.view, known.spec.coordinator)
    sealed = seal(recipient, done.output, output_info(known.id), conclusion.digest())
    answer: dict[str, Json] = {
        "conclusion": conclusion.to_json(),
        "endorsements": endorsements.to_json(),
        "evidence": evidence.to_json(),
        "outcome": done.outcome,
        "output": b64u(sealed),
        "sandbox": done.sandbox,
    }
    _announce(node, known, done.announced or conclusion.digest())
    node.store.put_blob(known.id, "outcome", encode(answer))


def _announce(node: Node, known: TeeAdmitted, digest: bytes) -> None:
    """Have the ledger name what was concluded, once for all runners.

    Raises:
        StepNotAllowed: It names something else: rule `job.opened`.
    """
    view = node.view()
    held = find_job(node, known.id, view)
    check_inputs(node, view, held, known.spec)
    check_listed(view, known.spec)
    if query.job(view, known.id).opened is None:
        body: dict[str, Json] = {"aggregation": b64u(digest), "job": known.id}
        node.submit("job.open", body)
    named = query.job(node.view(), known.id).aggregation
    if named != b64u(digest):
        raise StepNotAllowed(
            "expected the ledger to name what this machine concluded, found another",
            detail={"party": node.agency, "rule": "job.opened"},
        )
