"""A consortium with a gate: tax has the rows, housing the author, title a say.

The sandbox is a function that a test may change; it counts how often it ran.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from exchange_kit import Asked, Consortium, permit

from privshare.audit.verifier import verify
from privshare.exchange import (
    gate_account,
    gate_admit,
    gate_decide,
    gate_hand,
    gate_mock,
    gate_run,
    gate_take,
    tick,
)
from privshare.exchange.gate_place import Gate
from privshare.exchange.node import Node
from privshare.exchange.task import Tasks
from privshare.jobs.submission.rule import GateRule
from privshare.ledger import query
from privshare.wire.canonical import Json, b64u

OWNER, GRANTEE, APPROVER = "tax", "housing", "title"
DATASET = "tax/wages"
PURPOSE = "wage-study"
KEY = hashlib.sha256(b"ann's key").digest()
SCRIPT = f"# privshare: dataset={DATASET} purpose={PURPOSE}\nprint(1)\n"
WAGES = "person,district,wage\n" + "".join(
    f"p-{i},{'east' if i % 2 else 'west'},{1000 + i}.50\n" for i in range(40)
)
OUTPUTS = {"means.csv": b"district,people,mean\neast,20,1020.5\nwest,20,1019.5\n"}


def gate_json(**changes: Any) -> dict[str, Json]:
    """A gate's rule: two lines of a table, each about at least ten."""
    rule = GateRule(
        k=10,
        count="people",
        files=2,
        bytes=4096,
        rows=10,
        numbers=100,
        texts=20,
        seconds=30,
    )
    return {**rule.to_json(), **changes}


@dataclass(frozen=True)
class Ran:
    """What a run left; as `jobs.submission.execute.Ran`."""

    outputs: dict[str, bytes]
    walls: str = "none"
    python: str = "3.11.0"
    packages: tuple[tuple[str, str], ...] = ()


@dataclass
class Walls:
    """A sandbox of no walls: says what a test wants, and counts."""

    runs: int = 0
    seen: list[bytes] = field(default_factory=list)
    outputs: dict[str, bytes] = field(default_factory=lambda: dict(OUTPUTS))
    before: Callable[[], None] = lambda: None

    def __call__(
        self,
        submission: Any,
        entry: str,
        rows: bytes,
        name: str,
        rule: GateRule,
        site: tuple[Path, ...],
    ) -> Ran:
        self.runs += 1
        self.seen.append(rows)
        assert entry in submission.contents and name == "wages"
        self.before()
        return Ran(self.outputs)


class GateConsortium(Consortium):
    """With a dataset, an account, and what runs code at its owner's node."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.walls = Walls()
        gate = Gate(most=2, sandbox=self.walls, ready=lambda: True)
        self.nodes[OWNER] = replace(self.nodes[OWNER], gate=gate)

    def answer(self, asked: Asked) -> Any:
        """The routes of submissions, and all others."""
        node = self.nodes[asked.agency]
        match urlsplit(asked.path).path.split("/")[3:]:
            case ["submissions"]:
                return gate_hand.take_handed(node, asked.caller, asked.body)
            case ["submissions", digest, "admit"]:
                return gate_admit.admit(node, asked.caller, digest, asked.body)
            case ["mocks", agency, name]:
                return gate_mock.served(node, f"{agency}/{name}")
            case _:
                return super().answer(asked)

    # Short verbs

    def open_gate(self, **gate: Any) -> None:
        """Publish the table and its mock."""
        self.publish(
            OWNER,
            "wages",
            WAGES,
            key="person",
            rules=[
                permit(
                    columns=["district", "wage"],
                    group_by=[],
                    max_budget=10_000_000,
                    min_k=1,
                    operations=["run"],
                    programs=["code.run/v1"],
                    purposes=["other-study", PURPOSE],
                )
            ],
        )
        self.show_mock(**gate)

    def show_mock(self, **gate: Any) -> None:
        """Publish the mock, with this rule."""
        rule = GateRule.from_json(gate_json(**gate))
        gate_mock.publish(self[OWNER], DATASET, rule)
        self.sync()

    def enrol(self, key: bytes = KEY, agency: str = GRANTEE) -> dict[str, Any]:
        """An account that an agency vouches for."""
        found: Any = gate_account.enrol(self[agency], "ann@example.org", key)
        self.sync()
        return {"document": found["enrolment"], "id": found["id"], "key": key}

    def right(self, **wanted: Any) -> str:
        """A grant to run submitted code, once unless told otherwise."""
        asked = {
            "columns": ["district", "wage"],
            "group_by": [],
            "k": 5,
            "operations": ["run"],
            "programs": ["code.run/v1"],
            "purpose": PURPOSE,
            "uses": 1,
            **wanted,
        }
        return self.grant(GRANTEE, DATASET, **asked)

    def submit(
        self, account: dict[str, Any] | None, script: str = SCRIPT, **more: str
    ) -> dict[str, Any]:
        """Hand a script in."""
        found: Any = gate_take.take(
            self[OWNER],
            enrolment=None if account is None else account["document"],
            entry="code/main.py",
            files=files(script, **more),
            key=KEY if account is None else account["key"],
            name="wages",
        )
        self.sync()
        return found

    def approve(
        self,
        submission: str,
        agency: str = OWNER,
        person: str = "p1",
        gate: str | None = None,
    ) -> Any:
        """One person says yes."""
        found = gate_decide.approve(self[agency], submission, person=person, gate=gate)
        self.sync()
        return found

    def run(  # type: ignore[override]
        self, submission: str, script: str = SCRIPT, **more: str
    ) -> dict[str, Any]:
        """Ask until there is an answer."""
        for _ in range(20):
            found: Any = gate_run.run(self[OWNER], submission, files(script, **more))
            self.sync()
            if found["status"] != "working":
                return found
        raise AssertionError("it never ended")

    def restart(self, agency: str, store: Any = None, **parts: Any) -> Node:
        """Another process, with the same storage."""
        node = self.nodes[agency]
        again = replace(node, store=store or node.store, tasks=Tasks(), **parts)
        self.nodes[agency] = again
        self.sync()
        return again

    def prove(self, receipt: str, agency: str = OWNER) -> str:
        """What an auditor says of a receipt; it holds."""
        kept = self[agency].store.receipt(receipt)
        assert kept is not None
        verdict = verify(kept.body, self.trust, self.clock())
        assert verdict.outcome == "valid", verdict.report()
        return str(verdict.report(explain=True))

    def tick(self, agency: str = OWNER) -> list[Any]:
        """What a node does by itself."""
        found = tick.node_tick(self[agency])
        self.sync()
        return found

    def counts(self, grant: str) -> tuple[int, int]:
        """Uses that are spent, and that are held."""
        found = query.grant(self.host.view(), grant)
        return found.used, found.reserved


def files(script: str, **more: str) -> list[Json]:
    """A submission as it is sent: a start script, a configuration, the code."""
    contents = {
        "code/main.py": script,
        "config.yaml": "name: wages\n",
        "run.sh": "python code/main.py\n",
        **more,
    }
    return [
        {"bytes": b64u(text.encode()), "executable": path == "run.sh", "path": path}
        for path, text in contents.items()
    ]


def pretty(found: Any) -> str:
    """For a failed assertion."""
    return json.dumps(found, indent=1, default=str)
