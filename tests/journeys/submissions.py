"""Submitted code on the network of the journeys: housing's scientist, tax's rows.

Tax approves, and title, whom tax's rule names. Keys, salts and files come from names,
so the receipts are the same every time. What runs is stood in for by its outputs:
that the right bytes ran is the owner's word anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from network import DATASET, PURPOSE, ROWS, SCHEMA, Filed, Network, seed

from privshare.jobs.statement import evidence_digest, result_digest
from privshare.jobs.submission.account import Enrolment
from privshare.jobs.submission.gate import release
from privshare.jobs.submission.rule import GateRule
from privshare.jobs.submission.spec import CodeSpec
from privshare.jobs.submission.statement import (
    RUN,
    Run,
    outputs_digest,
    result_document,
)
from privshare.jobs.submission.tree import File, Tree
from privshare.ledger.api import Committed
from privshare.rights import identifier
from privshare.wire.canonical import b64u
from privshare.wire.digest import sha256

OWNER, GRANTEE, ADVISER = "tax", "housing", "title"
COLUMNS = ("district", "tax_paid")
RULE = GateRule(k=3, count="n", approvals=(ADVISER,), formats=("csv",))
FILES = {
    "code/main.py": b"# privshare: dataset=tax/deed-tax-2025\nprint('made up')\n",
    "config.yaml": b"name: totals\n",
    "run.sh": b"#!/bin/bash\npython code/main.py\n",
}
OUTPUTS = {"totals.csv": b"district,n,tax\neast,12,1234.50\nnorth,7,1000\nwest,5,900\n"}


def tree(files: dict[str, bytes] | None = None) -> Tree:
    """What was handed in."""
    return Tree(
        tuple(
            File(path, len(data), sha256(data), path == "run.sh")
            for path, data in sorted((files or FILES).items())
        )
    )


def enrolment(**changes: Any) -> Enrolment:
    """The scientist's account."""
    made = Enrolment(
        account="ada@housing.example",
        agency=GRANTEE,
        key=seed("keys of ada"),
        network="demo.privshare",
        salt=seed("salt of ada"),
    )
    return replace(made, **changes)


@dataclass
class Course:
    """A submission under way, and short verbs.

    Attributes:
        tree: What was handed in.
        account: From which account.
        rule: Which rule outputs must keep.
        grant: The right that is used.
        spec: As it was admitted, or is about to be.
        job: The job's id, once it is admitted.
        outputs: What is released.
    """

    network: Network
    tree: Tree = field(default_factory=tree)
    account: Enrolment = field(default_factory=enrolment)
    rule: GateRule = RULE
    grant: str = ""
    spec: CodeSpec | None = None
    job: str = ""
    outputs: dict[str, bytes] = field(default_factory=lambda: release(OUTPUTS, RULE))

    @property
    def id(self) -> str:
        """The account's id on the ledger."""
        return b64u(self.account.id())

    @property
    def submission(self) -> str:
        """What the ledger names the files by."""
        return b64u(self.tree.digest)

    def enrol(self, agency: str = GRANTEE) -> Committed:
        """The grantee enrols the account."""
        return self.network.submit("account.enrol", agency, {"account": self.id})

    def publish(self, rule: GateRule | None = None, **changes: Any) -> Committed:
        """The owner shows a mock, and the rule."""
        body = {
            "dataset": DATASET,
            "gate": b64u((rule or self.rule).digest()),
            "mock": b64u(seed("mock")),
            "schema": b64u(SCHEMA.digest()),
            "version": 1,
        }
        return self.network.submit("mock.publish", OWNER, body | changes)

    def granted(self, **changes: Any) -> str:
        """A right to have approved code run."""
        said: dict[str, Any] = {
            "operations": ("run",),
            "programs": (identifier.SUBMITTED,),
            "columns": COLUMNS,
            "group_by": (),
        }
        terms = self.network.terms(**(said | changes))
        body = {"terms": terms.to_json()}
        self.grant = self.network.submit("grant.request", GRANTEE, body).id
        offer = {"grant": self.grant, "terms": terms.to_json()}
        self.network.submit("grant.offer", OWNER, offer)
        return self.grant

    def decide(
        self, agency: str, decision: str = "approve", **changes: Any
    ) -> Committed:
        """An agency says what it thinks of the code."""
        body = {
            "account": self.id,
            "dataset": DATASET,
            "decision": decision,
            "gate": b64u(self.rule.digest()) if decision == "approve" else None,
            "grantee": GRANTEE,
            "purpose": PURPOSE,
            "reason": "read by two people",
            "rule": None,
            "submission": self.submission,
        }
        return self.network.submit("submission.decide", agency, body | changes)

    def admit(self, changes: dict[str, Any] | None = None, **said: Any) -> Committed:
        """The grantee reserves its right."""
        self.spec = CodeSpec(
            **{
                "submission": self.tree.digest,
                "dataset": DATASET,
                "grant": self.grant,
                "version": 1,
                "columns": COLUMNS,
                "gate": self.rule.digest(),
                "enrolment": self.account.id(),
                "purpose": PURPOSE,
                "coordinator": GRANTEE,
                "nonce": next(self.network._nonces).to_bytes(16, "big"),
                **(changes or {}),
            }
        )
        body = {
            "deadline": self.network.now + 3_600,
            "inputs": [
                {
                    "charge": self.rule.charge,
                    "columns": list(self.spec.columns),
                    "grant": self.grant,
                    "group_by": [],
                }
            ],
            "operation": "run",
            "parties": self.spec.parties.roles(),
            "program": self.spec.program,
            "purpose": PURPOSE,
            "spec": b64u(self.spec.digest()),
        }
        admitted = self.network.submit("job.admit", GRANTEE, body | said)
        self.job = admitted.id
        return admitted

    def open(self, **changes: Any) -> Committed:
        """The owner says that the code runs now."""
        assert self.spec is not None
        body = {"aggregation": b64u(self.spec.digest()), "job": self.job}
        return self.network.submit("job.open", OWNER, body | changes)

    def documents(self, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Evidence and result, as the owner makes them."""
        assert self.spec is not None
        run = Run(
            job=self.job,
            spec=self.spec.digest(),
            submission=self.spec.submission,
            gate=self.spec.gate,
            rows=len(ROWS),
            outputs=outputs_digest(self.outputs),
            walls="bubblewrap+seccomp",
            python="3.11.2",
            packages=(("numpy", "2.3.0"),),
            noise=None,
        )
        said = replace(run, **changes)
        evidence = {
            "enrolment": self.account.to_json(),
            "gate": self.rule.to_json(),
            "run": self.network._signed(OWNER, RUN, said.to_bytes()),
            "spec": self.spec.to_json(),
            "tree": self.tree.to_json(),
        }
        return evidence, result_document(self.job, self.outputs)

    def finish(
        self, documents: tuple[dict[str, Any], dict[str, Any]] | None = None
    ) -> Filed:
        """The owner commits to the result; the receipt of that."""
        evidence, result = documents or self.documents()
        body = {
            "evidence": b64u(evidence_digest(evidence)),
            "job": self.job,
            "result": b64u(result_digest(result)),
        }
        at = self.network.submit("job.result", OWNER, body)
        made = self.network.receipt("job.result", at, evidence=evidence, result=result)
        return Filed(made)

    def decided(self, at: Committed) -> Filed:
        """The receipt of a decision."""
        evidence = {"enrolment": self.account.to_json(), "tree": self.tree.to_json()}
        return Filed(self.network.receipt("submission.decide", at, evidence=evidence))


def begun(network: Network, name: str = "", **changes: Any) -> Course:
    """A submission that is enrolled, granted, and has a mock.

    Args:
        network: Where.
        name: Makes another account and other files of it.
        **changes: Of the course.
    """
    course = Course(network, **changes)
    if name:
        course.account = enrolment(salt=seed(f"salt {name}"))
        course.tree = tree(FILES | {"code/notes.txt": name.encode()})
    course.enrol()
    course.publish()
    course.granted()
    return course


def ready(network: Network, name: str = "", **changes: Any) -> Course:
    """A submission that everybody approved."""
    course = begun(network, name, **changes)
    course.decide(OWNER)
    course.decide(ADVISER)
    return course


def whole(network: Network, name: str = "", **changes: Any) -> Course:
    """A run that needs but its result."""
    course = ready(network, name, **changes)
    course.admit()
    course.open()
    return course
