"""A measured job on the network of the journeys, in a simulated machine.

`network.Network` calls these; they are here because it is long. The machine is
`privshare.simulation`: everything about it is real but the machine, and every
verdict on it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from privshare.jobs.attestation.binding import (
    Admission,
    Conclusion,
    nonce_commitment,
)
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.evidence import Endorsements, Evidence
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import root_document
from privshare.jobs.attestation.simulated import LABEL
from privshare.jobs.statement import evidence_digest, result_digest
from privshare.jobs.tee_spec import Limits, TeeInput, TeeSpec
from privshare.jobs.tee_statement import (
    RELEASE,
    Release,
    output_commitment,
    result_document,
    table_commitment,
)
from privshare.jobs.wasm import frame
from privshare.ledger import query_attested
from privshare.ledger.api import Committed
from privshare.log.checkpoint import Checkpoint, parse_checkpoint
from privshare.rights.identifier import measured
from privshare.simulation.simulator import Simulator
from privshare.wire import domain, note
from privshare.wire.canonical import b64u, encode
from privshare.wire.digest import digest_json, digest_text

if TYPE_CHECKING:
    from network import Network

CLOSURE = {"imports": [], "module": "made up", "runtime": "wasmtime"}
CODE = digest_json(domain.PROGRAM, CLOSURE)
RUNNER = bytes(range(48))
OUTPUT = frame.encode(
    [
        frame.Series("district", "category", ("east", "north", "west")),
        frame.Series("rows", "int", (11, 7, 6)),
        frame.Series("tax_paid", "decimal", (3_216_050, 1_734_100, -5), 2),
    ]
)
DATASET = "tax/deed-tax-2025"
PURPOSE = "housing-policy"


def machine(network: Network) -> Simulator:
    """The machine of the registrar, with the network's clock."""
    return Simulator(
        seed=bytes(31) + b"m", measurement=RUNNER, clock=lambda: network.now
    )


def roots() -> bytes:
    """The file of test roots that an auditor needs for a trial."""
    made = Simulator(seed=bytes(31) + b"m", measurement=RUNNER)
    entry = (LABEL, "simulated", "simulated", made.public_key)
    import shares

    return encode(root_document([entry, *shares.root_entries()]))


def policy(network_start: int, **changes: Any) -> AppraisalPolicy:
    """What tax accepts: this runner, this program, simulated."""
    fields = {
        "accept_classes": ["simulated"],
        "code": [{"digest": digest_text(CODE), "provenance": "made up"}],
        "debug": "forbid",
        "id": "trial",
        "instances": {"allow": None, "deny": []},
        "max_evidence_age_s": 600,
        "max_log_delay_s": 600,
        "not_after": network_start + 366 * 86_400,
        "not_before": network_start,
        "runner": {"simulated": {"measurement": [RUNNER.hex()]}},
        "transparency": {"code_must_be_listed": True, "witnesses": 2},
        "type": "privshare.appraisal-policy",
        "v": 1,
        "version": 1,
    }
    return AppraisalPolicy.from_json(fields | changes)


def listed(network: Network) -> Committed:
    """The program, proposed and approved by three of four; the listing entry."""
    state = network.ledger.view()
    if query_attested.is_listed(state, b64u(CODE)):
        return network.listed
    body = {
        "abi": "tee.run/v1",
        "code": b64u(CODE),
        "module": "describe",
        "provenance": {"digest": None, "text": "Made up for tests."},
    }
    network.submit("code.list", "registrar", body)
    network.submit("code.approve", "tax", {"code": b64u(CODE)})
    network.listed = network.submit("code.approve", "title", {"code": b64u(CODE)})
    return network.listed


def anchored(network: Network, chosen: AppraisalPolicy) -> Committed:
    """Tax's policy, in force; the newest entry that set it."""
    held = query_attested.appraisal(network.ledger.view(), "tax")
    if held is None or held.policy != b64u(chosen.digest()):
        body = {"policy": b64u(chosen.digest())}
        network.appraised = network.submit("appraisal.set", "tax", body)
    return network.appraised


def checkpoint(network: Network) -> Checkpoint:
    """The log's newest checkpoint, without extensions."""
    return parse_checkpoint(note.parse(network.ledger.own_checkpoint()))


class Machine(Protocol):
    """Whatever gives evidence."""

    @property
    def kind(self) -> str:
        """Of its evidence."""
        ...

    @property
    def endorsements(self) -> Endorsements:
        """What vouches for it."""
        ...

    def collect(self, report_data: bytes) -> Evidence:
        """Say these bytes."""
        ...


@dataclass
class Job:
    """A measured job under way: what its parties know, and short verbs.

    Attributes:
        id: Its id on the ledger.
        bundle: What the runner made so far.
    """

    network: Network
    spec: TeeSpec
    id: str
    policy: AppraisalPolicy
    nonces: Mapping[str, bytes]
    machine: Machine
    bundle: AttestedBundle | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    attested: Committed | None = None

    def collect(self, **changes: Any) -> AttestedBundle:
        """The runner binds its evidence to the job."""
        runner = self.machine
        admission = Admission(
            network="demo.privshare",
            job=self.id,
            nonces=tuple(sorted(self.nonces.items())),
            spec=self.spec.digest(),
            code=CODE,
            runner=RUNNER,
            policies=(("tax", self.policy.digest()),),
            hpke_public_key=bytes(31) + b"k",
            checkpoint=checkpoint(self.network),
        )
        admission = replace(admission, **changes)
        self.bundle = AttestedBundle(
            admission=admission,
            evidence=runner.collect(admission.report_data(runner.kind)),
            endorsements=runner.endorsements,
            policies=(("tax", self.policy),),
            closure=CLOSURE,
        )
        return self.bundle

    def attest(self, bundle: AttestedBundle | None = None) -> Committed:
        """The runner commits to its evidence."""
        made = bundle or self.collect()
        body = {"bundle": b64u(made.digest()), "job": self.id}
        self.attested = self.network.submit("job.attest", "registrar", body)
        return self.attested

    def release(self, **changes: Any) -> Release:
        """What tax signs about the table that it sealed."""
        assert self.bundle is not None
        item = self.spec.inputs[0]
        made = Release(
            job=self.id,
            dataset=item.dataset,
            version=item.version,
            columns=item.all_columns,
            rows=24,
            commitment=table_commitment(bytes(32), b"a table"),
            admission=self.bundle.admission.digest(),
        )
        return replace(made, **changes)

    def conclude(self, release: Release, **changes: Any) -> None:
        """The machine says what it did, and the runner announces it."""
        assert self.bundle is not None
        conclusion = Conclusion(
            admission=self.bundle.admission.digest(),
            inputs=((release.dataset, release.commitment),),
            output=output_commitment(OUTPUT),
            exit=0,
            fuel=1_000,
            charge=0,
        )
        conclusion = replace(conclusion, **changes)
        runner = self.machine
        self.bundle = self.bundle.concluded(
            conclusion,
            runner.collect(conclusion.report_data(runner.kind)),
            runner.endorsements,
        )
        body = {"aggregation": b64u(conclusion.digest()), "job": self.id}
        self.network.submit("job.open", "registrar", body)

    def finish(self, release: Release) -> tuple[Committed, dict[str, Any]]:
        """The coordinator commits to the result."""
        assert self.bundle is not None
        signed = self.network._signed("tax", RELEASE, release.to_bytes())
        self.evidence = {
            "bundle": self.bundle.to_json(),
            "releases": [signed],
            "spec": self.spec.to_json(),
        }
        result = result_document(self.id, OUTPUT)
        body = {
            "evidence": b64u(evidence_digest(self.evidence)),
            "job": self.id,
            "result": b64u(result_digest(result)),
        }
        return self.network.submit("job.result", "housing", body), result


def begin(
    network: Network,
    chosen: AppraisalPolicy | None = None,
    runner: Machine | None = None,
) -> Job:
    """A measured job with its nonces, before any evidence."""
    chosen = chosen or policy(1_795_341_600)
    listed(network)
    anchored(network, chosen)
    wanted = network.terms(operations=("run",), programs=(measured(CODE),))
    grant = network.granted(wanted)
    item = TeeInput(DATASET, grant, 1, ("tax_paid",), ("district",))
    spec = TeeSpec(
        module="describe",
        code=CODE,
        parameters={"column": "tax_paid", "group_by": "district"},
        inputs=(item,),
        k=3,
        purpose=PURPOSE,
        coordinator="housing",
        runner="registrar",
        limits=Limits(),
        nonce=next(network._nonces).to_bytes(16, "big"),
    )
    draw = {
        "charge": 0,
        "columns": ["tax_paid"],
        "grant": grant,
        "group_by": ["district"],
    }
    body = {
        "deadline": network.now + 3_600,
        "inputs": [draw],
        "operation": "run",
        "parties": spec.parties.roles(),
        "program": spec.program,
        "purpose": PURPOSE,
        "spec": b64u(spec.digest()),
    }
    job = network.submit("job.admit", "housing", body).id
    nonces = {"housing": bytes(31) + b"h", "tax": bytes(31) + b"t"}
    for party, own in (("housing", None), ("tax", b64u(chosen.digest()))):
        said = {
            "commitment": b64u(nonce_commitment(job, party, nonces[party])),
            "job": job,
            "policy": own,
        }
        network.submit("job.nonce", party, said)
    return Job(network, spec, job, chosen, nonces, runner or machine(network))


def refuse(job: Job, rule: str = "bundle.runner") -> Committed:
    """Tax does not go on."""
    body = {
        "job": job.id,
        "reason": "Another runner was measured.",
        "released": 0,
        "rule": rule,
    }
    return job.network.submit("job.refuse", "tax", body)
