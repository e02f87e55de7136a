"""A private join on the network of the journeys: title's parcels among tax's deeds.

The protocol is the real one, both owners in one process; keys and seeds come from
names, so the receipt is the same every time. `lies` are what the ledger takes and an
auditor must not: owners and coordinator sign them with their own keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from network import DATASET, PURPOSE, ROWS, Filed, Network, seed

from privshare.jobs.join.local import drive
from privshare.jobs.join.normalise import PLAIN, identifiers
from privshare.jobs.join.owner import Prepared, prepare
from privshare.jobs.join.party import conclusion, start
from privshare.jobs.join.terms import Conclusion, Role
from privshare.jobs.join_spec import JoinInput, JoinSpec
from privshare.jobs.join_statement import (
    CONCLUSION,
    commitment_of,
    join_result,
    sets_digest,
)
from privshare.jobs.statement import evidence_digest, result_digest
from privshare.ledger.api import Committed
from privshare.rights.row import commit_rows
from privshare.rights.schema import Column, Schema
from privshare.wire.canonical import b64u, encode

PARCELS = "title/parcels-2025"
SCHEMA = Schema((Column("lot", "string"),), key="lot")
#: Written otherwise than tax writes them; fourteen are in both.
LOTS = [f" P {number:03} " for number in range(10, 34)]
SHARED = range(10, 24)
BOUND = 10_000_000


def register(network: Network) -> None:
    """Title's table, once."""
    if network.ledger.view().get(f"dataset/{PARCELS}") is not None:
        return
    salts = [seed(f"lot {number}") for number in range(len(LOTS))]
    committed = commit_rows(SCHEMA, [[one] for one in LOTS], salts)
    body = network.commitments() | {
        "dataset": PARCELS,
        "root": b64u(committed.root),
        "rows": committed.rows,
        "schema": b64u(SCHEMA.digest()),
    }
    network.submit("dataset.register", "title", body)


def granted(network: Network, dataset: str, columns: tuple[str, ...]) -> str:
    """A grant on sums over those in both, to housing."""
    terms = network.terms(
        dataset=dataset,
        operations=("match",),
        programs=("psi.sum/v1",),
        columns=columns,
        group_by=(),
    )
    body = {"terms": terms.to_json()}
    grant = network.submit("grant.request", "housing", body).id
    offer = {"grant": grant, "terms": terms.to_json()}
    network.submit("grant.offer", dataset.partition("/")[0], offer)
    return grant


@dataclass
class Course:
    """A join under way: what its parties know, and short verbs.

    Attributes:
        spec: As it was admitted.
        id: Its id on the ledger.
        said: What each owner signs.
        commits: Each owner's first message.
        sets: What each side made ready.
        finished: The receipt, once there is one.
    """

    network: Network
    spec: JoinSpec
    id: str
    said: dict[str, Conclusion] = field(default_factory=dict)
    commits: dict[str, bytes] = field(default_factory=dict)
    sets: dict[Role, Prepared] = field(default_factory=dict)
    finished: Filed | None = None

    def prepare(self) -> None:
        """Both owners make their sets ready."""
        terms = self.spec.terms(self.id, {PARCELS: len(LOTS), DATASET: len(ROWS)})
        tables: dict[str, list[str | None]] = {
            "tax": [str(row[0]) for row in ROWS],
            "title": list(LOTS),
        }
        for owner in ("tax", "title"):
            item, role = self.spec.of(owner), self.spec.role(owner)
            assert item is not None
            names = identifiers(self.spec.names(item), {item.on[0]: tables[owner]})
            paid = [int(row[2]) for row in ROWS] if item.value else None
            drawn = seed(f"join of {owner}")
            self.sets[role] = prepare(terms, role, names, paid, seed=drawn)
            _, messages = start(self.sets[role])
            self.commits[owner] = next(iter(messages))

    def commit(self, owner: str, **changes: Any) -> Committed:
        """An owner commits to its set."""
        made = {
            "commitment": b64u(commitment_of(self.commits[owner])),
            "job": self.id,
            "size": {"tax": len(ROWS), "title": len(LOTS)}[owner],
        }
        return self.network.submit("join.commit", owner, made | changes)

    def open(self) -> None:
        """An owner says on the ledger that the join begins, with these sets."""
        held = {who: commitment_of(one) for who, one in self.commits.items()}
        body = {"aggregation": b64u(sets_digest(held)), "job": self.id}
        self.network.submit("job.open", "tax", body)

    def match(self) -> None:
        """Both owners match their sets, and conclude the same."""
        _, receiver, _ = drive(self.sets[Role.RECEIVER], self.sets[Role.HELPER])
        self.said = dict.fromkeys(("tax", "title"), conclusion(receiver))

    def say(self, **changes: Any) -> None:
        """Both owners sign something else than came out."""
        other = replace(self.said["tax"], **changes)
        self.said = dict.fromkeys(self.said, other)

    def documents(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Result and evidence, as the coordinator makes them."""
        evidence = {
            "commits": {who: b64u(one) for who, one in self.commits.items()},
            "conclusions": {
                who: self.network._signed(who, CONCLUSION, encode(one.to_json()))
                for who, one in self.said.items()
            },
            "spec": self.spec.to_json(),
        }
        return evidence, join_result(self.id, self.said["tax"])

    def finish(
        self, documents: tuple[dict[str, Any], dict[str, Any]] | None = None
    ) -> Filed:
        """The coordinator commits to the result; the receipt of that."""
        evidence, result = documents or self.documents()
        body = {
            "evidence": b64u(evidence_digest(evidence)),
            "job": self.id,
            "result": b64u(result_digest(result)),
        }
        at = self.network.submit("job.result", "housing", body)
        made = self.network.receipt("job.result", at, evidence=evidence, result=result)
        self.finished = Filed(made)
        return self.finished


def admit(network: Network, asked: dict[str, Any] | None = None, **said: Any) -> Course:
    """A join that was admitted.

    Args:
        network: Where.
        asked: Fields of the specification that are others.
        **said: Fields of the transaction that are others than the specification's.
    """
    register(network)
    tax = JoinInput(
        DATASET,
        granted(network, DATASET, ("parcel", "tax_paid")),
        1,
        ("parcel",),
        "tax_paid",
    )
    title = JoinInput(PARCELS, granted(network, PARCELS, ("lot",)), 1, ("lot",))
    fields: dict[str, Any] = {
        "program": "psi.sum/v1",
        "inputs": (title, tax),
        "recipe": (PLAIN,),
        "receiver": PARCELS,
        "minimum": 3,
        "bound": BOUND,
        "purpose": PURPOSE,
        "coordinator": "housing",
        "nonce": next(network._nonces).to_bytes(16, "big"),
    }
    spec = JoinSpec(**(fields | (asked or {})))
    inputs = [
        {
            "charge": 0,
            "columns": list(one.columns),
            "grant": one.grant,
            "group_by": [],
        }
        for one in (title, tax)
    ]
    body = {
        "deadline": network.now + 3_600,
        "inputs": inputs,
        "operation": spec.operation,
        "parties": spec.parties.roles(),
        "program": spec.program,
        "purpose": PURPOSE,
        "spec": b64u(spec.digest()),
    }
    job = network.submit("job.admit", "housing", body | said).id
    return Course(network, spec, job)


def ready(network: Network, asked: dict[str, Any] | None = None) -> Course:
    """A join whose owners have committed to their sets, and begun."""
    course = admit(network, asked)
    course.prepare()
    for owner in ("title", "tax"):
        course.commit(owner)
    course.open()
    return course


def whole(network: Network) -> Course:
    """A join that needs but its coordinator's commitment."""
    course = ready(network)
    course.match()
    return course
