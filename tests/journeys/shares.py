"""A job on shares on the network of the journeys: a regression over two agencies.

`network.Network` calls these; they are here because it is long. The engine is the
real one, at three nodes in threads; keys and seeds come from names, so the receipt
is the same every time. The machines are `privshare.simulation`, as in `measured`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import measured
from measured import PURPOSE, RUNNER

from privshare.jobs.attestation.binding import (
    Admission,
    Channel,
    Conclusion,
    nonce_commitment,
)
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.mpc import catalogue
from privshare.jobs.mpc.dealt import Dealt
from privshare.jobs.mpc.joint import Finished, Task, compute
from privshare.jobs.mpc.link import run3
from privshare.jobs.mpc.pieces import split
from privshare.jobs.mpc.programs.inputs import encode
from privshare.jobs.mpc_result import result_of
from privshare.jobs.mpc_spec import Model, MpcSpec
from privshare.jobs.mpc_statement import DEAL, Deal, Outcome, piece_commitment
from privshare.jobs.statement import evidence_digest, result_digest
from privshare.jobs.tee_spec import TeeInput
from privshare.ledger import query_attested
from privshare.ledger.api import Committed
from privshare.rights.dataset import metadata_digest
from privshare.rights.identifier import JOINT
from privshare.rights.identifier import measured as named
from privshare.rights.row import commit_rows
from privshare.rights.schema import Column, Schema
from privshare.simulation.simulator import Simulator
from privshare.wire import domain
from privshare.wire.canonical import b64u
from privshare.wire.digest import digest_json, digest_text, sha256

if TYPE_CHECKING:
    from network import Network

PROGRAM = "linear_regression"
MODULE = f"mpc.{PROGRAM}"
#: The engine's digest is made up, so that the receipt does not change with it.
CLOSURE = {"abi": JOINT, "engine": b64u(bytes(32)), "program": PROGRAM, "version": 1}
CODE = digest_json(domain.PROGRAM, CLOSURE)
NODES = ("registrar", "tax", "title")
TAXES, HOMES = "tax/deed-tax-2025", "title/homes-2025"
OWNERS = ("tax", "title")
ROWS = 24
AREAS = [40 + 3 * i + 7 * i % 11 for i in range(ROWS)]
SCHEMA = Schema(
    (
        Column("parcel", "string"),
        Column("area", "int", minimum=0, maximum=500),
    ),
    key="parcel",
)
HOME_ROWS = [[f"p-{i:03}", AREAS[i]] for i in range(ROWS)]
START = 1_795_341_600


def seed(*names: object) -> bytes:
    """The 32 bytes that everything with this name is made from."""
    return sha256(" ".join(map(str, names)).encode())


def machine(node: str, clock: Callable[[], int]) -> Simulator:
    """The machine of a node."""
    return Simulator(seed=seed("machine", node), measurement=RUNNER, clock=clock)


def root_entries() -> list[tuple[str, str, str, bytes]]:
    """For the file of test roots."""
    return [
        (f"SIMULATED of {node}", "simulated", "simulated", made.public_key)
        for node in NODES
        for made in (machine(node, lambda: 0),)
    ]


def policy(**changes: Any) -> AppraisalPolicy:
    """What both owners accept: this runner, this program, simulated."""
    code = [{"digest": digest_text(CODE), "provenance": "made up"}]
    return measured.policy(START, code=code, **changes)


def parameters() -> dict[str, Any]:
    """What the program is told."""
    return {
        "X": ["area"],
        "columns": [
            {
                "from": {HOMES: "area"},
                "maximum": 500,
                "minimum": 0,
                "name": "area",
                "scale": 0,
            },
            {
                "from": {TAXES: "tax_paid"},
                "maximum": 10_000_000,
                "minimum": 0,
                "name": "y",
                "scale": 2,
            },
        ],
        "rows": {"by": "sorted", "key": "parcel", "kind": "aligned"},
        "y": "y",
    }


def listed(network: Network) -> Committed:
    """The program, proposed and approved by three of four."""
    body = {
        "abi": JOINT,
        "code": b64u(CODE),
        "module": f"mpc.{PROGRAM}",
        "provenance": {"digest": None, "text": "Made up for tests."},
    }
    network.submit("code.list", "registrar", body)
    network.submit("code.approve", "tax", {"code": b64u(CODE)})
    return network.submit("code.approve", "title", {"code": b64u(CODE)})


def registered(network: Network) -> None:
    """Title's table of homes, once."""
    if network.ledger.view().get(f"dataset/{HOMES}") is not None:
        return
    salts = [seed("home", i) for i in range(ROWS)]
    committed = commit_rows(SCHEMA, HOME_ROWS, salts)
    metadata = {"description": "Made up.", "title": "Homes, 2025", "v": 1}
    body = network.commitments() | {
        "dataset": HOMES,
        "metadata": b64u(metadata_digest(metadata)),
        "root": b64u(committed.root),
        "rows": committed.rows,
        "schema": b64u(SCHEMA.digest()),
    }
    network.submit("dataset.register", "title", body)


def granted(network: Network, dataset: str, column: str) -> str:
    """A grant on the program, asked for by housing and given by the owner."""
    terms = network.terms(
        dataset=dataset,
        operations=("run",),
        programs=(named(CODE, JOINT),),
        columns=(column,),
        group_by=(),
    )
    body = {"terms": terms.to_json()}
    grant = network.submit("grant.request", "housing", body).id
    offer = {"grant": grant, "terms": terms.to_json()}
    network.submit("grant.offer", dataset.partition("/")[0], offer)
    return grant


@cache
def computed(
    model: Model, k: int, *dealt: tuple[bytes, bytes, bytes]
) -> list[tuple[Finished, bytes]]:
    """What three nodes come to, with their transcripts; the same from the same pieces.

    Args:
        model: Against whom.
        k: Of the specification.
        *dealt: The three pieces of the taxes, and those of the homes.
    """

    def work(link: Any) -> tuple[Finished, bytes]:
        i, after = link.index, (link.index + 1) % 3
        task = Task(
            program=PROGRAM,
            parameters=parameters(),
            k=k,
            model=model,
            inputs=[
                Dealt(dataset=name, rows=ROWS, own=parts[i], next=parts[after])
                for name, parts in zip((TAXES, HOMES), dealt, strict=True)
            ],
        )
        keys = [seed("pair", node) for node in NODES]
        return compute(link, keys[(i + 2) % 3], keys[i], task), link.settle()

    return run3(work)


@dataclass
class Job:
    """A job on shares under way: what its parties know, and short verbs.

    Attributes:
        id: Its id on the ledger.
        bundles: What each node's machine made so far.
    """

    network: Network
    spec: MpcSpec
    id: str
    nonces: Mapping[str, bytes]
    bundles: dict[str, AttestedBundle] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    parts: dict[str, tuple[bytes, bytes, bytes]] = field(default_factory=dict)
    outcome: Outcome | None = None
    pieces: tuple[bytes, ...] = ()

    def attest(self, node: str, **changes: Any) -> Committed:
        """A node binds its evidence to the job, and commits to it."""
        chosen = policy()
        made = machine(node, lambda: self.network.now)
        number = NODES.index(node)
        admission = Admission(
            network="demo.privshare",
            job=self.id,
            nonces=tuple(sorted(self.nonces.items())),
            spec=self.spec.digest(),
            code=CODE,
            runner=RUNNER,
            policies=tuple((owner, chosen.digest()) for owner in OWNERS),
            hpke_public_key=seed("hpke", node),
            checkpoint=measured.checkpoint(self.network),
            channel=Channel(f"127.0.0.1:{7501 + number}", seed("channel", node)),
        )
        admission = replace(admission, **changes)
        bundle = AttestedBundle(
            admission=admission,
            evidence=made.collect(admission.report_data(made.kind)),
            endorsements=made.endorsements,
            policies=tuple((owner, chosen) for owner in OWNERS),
            closure=CLOSURE,
        )
        self.bundles[node] = bundle
        body = {"bundle": b64u(bundle.digest()), "job": self.id}
        return self.network.submit("job.attest", node, body)

    def deal(self, dataset: str, **changes: Any) -> None:
        """An owner splits its column, and signs what it dealt."""
        item = self.spec.input(dataset)
        rows = {one.dataset: ROWS for one in self.spec.inputs}
        plan = catalogue.find(PROGRAM).plan(self.spec.parameters, rows, self.spec.k)
        (column,) = item.columns
        taken = [int(row[2]) for row in self.network.table]
        values = AREAS if dataset == HOMES else taken
        elements = encode(plan, dataset, {column: values})
        parts = split(elements, seed("one", dataset), seed("two", dataset))
        self.parts[dataset] = parts
        made = Deal(
            job=self.id,
            dataset=dataset,
            version=item.version,
            columns=item.all_columns,
            rows=ROWS,
            pieces=tuple(
                piece_commitment(seed("salt", dataset, number), number, part)
                for number, part in enumerate(parts)
            ),
            admissions=tuple(self.bundles[one].admission.digest() for one in NODES),
        )
        self.deals[dataset] = replace(made, **changes)

    def compute(self, **changes: Any) -> None:
        """Three nodes compute; what they say together, and the pieces."""
        held = [self.parts[name] for name in (TAXES, HOMES)]
        done = computed(self.spec.model, self.spec.k, held[0], held[1])
        first, transcript = done[0]
        made = Outcome(
            job=self.id,
            spec=self.spec.digest(),
            inputs=tuple(
                (name, one.commitment) for name, one in sorted(self.deals.items())
            ),
            model=self.spec.model,
            transcript=transcript,
            pieces=first.pieces,
            elements=first.elements,
            ring=first.ring,
            bounds=first.bounds,
        )
        self.pieces = tuple(one.own for one, _ in done)
        self.outcome = replace(made, **changes)

    def conclude(self, node: str, **changes: Any) -> None:
        """A node's machine says what it did."""
        assert self.outcome is not None
        bundle, made = self.bundles[node], machine(node, lambda: self.network.now)
        conclusion = Conclusion(
            admission=bundle.admission.digest(),
            inputs=self.outcome.inputs,
            output=self.outcome.digest(),
            exit=0,
            fuel=0,
            charge=0,
        )
        conclusion = replace(conclusion, **changes)
        self.bundles[node] = bundle.concluded(
            conclusion,
            made.collect(conclusion.report_data(made.kind)),
            made.endorsements,
        )

    def announce(self) -> None:
        """The first node names the outcome, before a piece of it leaves."""
        assert self.outcome is not None
        body = {"aggregation": b64u(self.outcome.digest()), "job": self.id}
        self.network.submit("job.open", NODES[0], body)

    def documents(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Result and evidence, as the coordinator makes them."""
        assert self.outcome is not None
        rows = {name: one.rows for name, one in self.deals.items()}
        result = result_of(self.id, self.spec, self.outcome, self.pieces, rows)
        evidence = {
            "bundles": {node: one.to_json() for node, one in self.bundles.items()},
            "outcome": self.outcome.to_json(),
            "pieces": [b64u(piece) for piece in self.pieces],
            "releases": [
                self.network._signed(one.owner, DEAL, one.to_bytes())
                for _, one in sorted(self.deals.items())
            ],
            "spec": self.spec.to_json(),
        }
        return evidence, result

    def finish(
        self, documents: tuple[dict[str, Any], dict[str, Any]] | None = None
    ) -> tuple[Committed, dict[str, Any], dict[str, Any]]:
        """The coordinator commits to the result."""
        evidence, result = documents or self.documents()
        body = {
            "evidence": b64u(evidence_digest(evidence)),
            "job": self.id,
            "result": b64u(result_digest(result)),
        }
        return self.network.submit("job.result", "housing", body), evidence, result


def begin(network: Network, model: Model = "malicious-abort") -> Job:
    """A job on shares with its nonces, before any evidence."""
    if not query_attested.is_listed(network.ledger.view(), b64u(CODE)):
        listed(network)
    registered(network)
    chosen = b64u(policy().digest())
    for owner in OWNERS:
        held = query_attested.appraisal(network.ledger.view(), owner)
        if held is None or held.policy != chosen:
            network.submit("appraisal.set", owner, {"policy": chosen})
    inputs = tuple(
        TeeInput(dataset, granted(network, dataset, column), 1, (column,), ())
        for dataset, column in ((TAXES, "tax_paid"), (HOMES, "area"))
    )
    spec = MpcSpec(
        module=MODULE,
        code=CODE,
        parameters=parameters(),
        inputs=inputs,
        k=3,
        purpose=PURPOSE,
        coordinator="housing",
        nodes=NODES,
        model=model,
        nonce=next(network._nonces).to_bytes(16, "big"),
    )
    body = {
        "deadline": network.now + 3_600,
        "inputs": [
            {
                "charge": 0,
                "columns": list(item.columns),
                "grant": item.grant,
                "group_by": [],
            }
            for item in inputs
        ],
        "operation": "run",
        "parties": spec.parties.roles(),
        "program": spec.program,
        "purpose": PURPOSE,
        "spec": b64u(spec.digest()),
    }
    job = network.submit("job.admit", "housing", body).id
    nonces = {name: seed("nonce", name) for name in ("housing", *OWNERS)}
    for party, nonce in nonces.items():
        said = {
            "commitment": b64u(nonce_commitment(job, party, nonce)),
            "job": job,
            "policy": chosen if party in OWNERS else None,
        }
        network.submit("job.nonce", party, said)
    return Job(network, spec, job, nonces)


def whole(network: Network, model: Model = "malicious-abort") -> Job:
    """A job on shares that needs but its coordinator's commitment."""
    job = begin(network, model)
    for node in NODES:
        job.attest(node)
    for dataset in (TAXES, HOMES):
        job.deal(dataset)
    job.compute()
    for node in NODES:
        job.conclude(node)
    job.announce()
    return job
