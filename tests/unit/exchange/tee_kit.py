"""The consortium of `exchange_kit` with attested jobs: who attests, who runs.

`registrar` runs jobs on a simulated machine, `housing` asks, `tax` and `title`
own. The engine is a stand-in in Python: what is tested here is the exchange.
Every byte that an owner sends to the runner is counted at the transport.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exchange_kit import AGENCIES, Asked, Consortium, permit

from privshare.errors import NotPermitted
from privshare.exchange import code, tee_party, tee_release, tee_run, tee_runner
from privshare.exchange.appraisal import set_policy
from privshare.exchange.attester import Attester, Outcome, Work
from privshare.exchange.code import Program
from privshare.exchange.tee_plan import TeeQuestion
from privshare.jobs.attestation.evidence import Endorsements, Evidence, Root, RootSet
from privshare.jobs.wasm import frame
from privshare.rights import identifier
from privshare.simulation.simulator import Simulator
from privshare.wire.canonical import b64u, encode

MEASUREMENT = b"\x17" * 48
PROGRAM = Program(b"\0asm", {"module": "sum of a column by another", "v": 1})
RETURNS, DEEDS = "tax/returns", "title/deeds"


class SimulatedMachine:
    """A simulated machine behind the seam of the exchange."""

    kind = "simulated"

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    @property
    def measurement(self) -> bytes:
        return self.simulator.measurement

    def speak(self, report_data: bytes, code: bytes) -> tuple[Evidence, Endorsements]:
        return self.simulator.collect(report_data), self.simulator.endorsements


class PythonEngine:
    """Adds up a column by another, as the module `group` would."""

    def __init__(self) -> None:
        self.ran = 0
        self.fault: str = ""

    def run(self, work: Work) -> Outcome:
        self.ran += 1
        if self.fault:
            raise NotPermitted(
                f"expected a run within its limits, found {self.fault}",
                detail={"rule": self.fault},
            )
        value, by = work.spec.parameters["value"], work.spec.parameters["by"]
        groups: dict[str, list[int]] = {}
        for _, table in work.tables:
            read = {series.name: series.cells for series in frame.decode(table)}
            for name, cell in zip(read[by], read[value], strict=True):
                groups.setdefault(str(name), []).append(int(str(cell)))
        rows = [
            {"count": len(found), "group": name, "sum": sum(found)}
            for name, found in sorted(groups.items())
            if len(found) >= work.spec.k
        ]
        return Outcome(encode({"rows": rows}), 1_000, "none")


@dataclass
class Sent:
    """What left an owner for the runner, as the transport saw it."""

    owner: str
    bytes: int


class AttestedConsortium(Consortium):
    """Four agencies that take part in attested jobs."""

    def __init__(self, directory: Path, *, production: bool = False) -> None:
        super().__init__(directory)
        self.engine = PythonEngine()
        self.simulator = Simulator(
            seed=b"\x07" * 32, measurement=MEASUREMENT, clock=self.clock
        )
        self.sent: list[Sent] = []
        self.roots = RootSet((self.simulator.root,))
        for agency in AGENCIES:
            runs = agency == "registrar"
            attester = Attester(
                roots=self.roots,
                production=production,
                machine=SimulatedMachine(self.simulator) if runs else None,
                engine=self.engine if runs else None,
            )
            self.nodes[agency] = replace(self.nodes[agency], attester=attester)

    @property
    def released(self) -> int:
        """Bytes of data that left any owner."""
        return sum(one.bytes for one in self.sent)

    def attester(self, agency: str, **changes: Any) -> None:
        """Change what a node brings to attested jobs."""
        node = self.nodes[agency]
        assert node.attester is not None
        self.nodes[agency] = replace(node, attester=replace(node.attester, **changes))

    def leave(self, agency: str) -> None:
        """Have a node take no part in attested jobs."""
        self.nodes[agency] = replace(self.nodes[agency], attester=None)

    def machine(self, **changes: Any) -> None:
        """Have the runner's machine say something else."""
        self.simulator = replace(self.simulator, **changes)
        self.attester("registrar", machine=SimulatedMachine(self.simulator))

    def answer(self, asked: Asked) -> Any:
        node = self.nodes[asked.agency]
        path, _, query = asked.path.partition("?")
        match path.split("/")[3:]:
            case ["jobs", job, "nonce"]:
                return tee_party.commit_nonce(node, asked.caller, job, asked.body)
            case ["jobs", job, "attestation"]:
                return tee_runner.attest(node, asked.caller, job, asked.body)
            case ["jobs", job, "appraisal"]:
                return tee_party.appraise(node, asked.caller, job, asked.body)
            case ["jobs", job, "releases", owner, name]:
                return tee_release.release(
                    node, asked.caller, job, f"{owner}/{name}", asked.body
                )
            case ["jobs", job, "sealed", owner, name]:
                self.sent.append(Sent(asked.caller, len(asked.body)))
                numbers = dict(pair.split("=") for pair in query.split("&"))
                return tee_runner.receive(
                    node,
                    asked.caller,
                    job,
                    f"{owner}/{name}",
                    part=int(numbers["part"]),
                    parts=int(numbers["parts"]),
                    data=asked.body,
                )
            case ["jobs", job, "run"]:
                return tee_run.run(node, asked.caller, job, asked.body)
            case _:
                return super().answer(asked)

    # Short verbs

    def list_code(self, program: Program = PROGRAM, module: str = "group") -> str:
        """Have a program listed: proposed by one, approved by two more."""
        code.propose(
            self["registrar"], program, module=module, source="written for this test"
        )
        self.sync()
        for agency in ("title", "tax"):
            code.approve(self[agency], b64u(program.code))
            self.sync()
        return b64u(program.code)

    def set_policies(self, *agencies: str, **changes: Any) -> None:
        """Give agencies an appraisal policy."""
        for agency in agencies or ("tax", "title"):
            set_policy(self[agency], policy(**changes))
            self.sync()


def policy(**changes: Any) -> dict[str, Any]:
    """A policy that takes the simulated machine."""
    return {
        "accept_classes": ["simulated"],
        "code": [{"digest": b64u(PROGRAM.code), "provenance": "this test"}],
        "debug": "forbid",
        "id": "trial",
        "instances": {"allow": None, "deny": []},
        "max_evidence_age_s": 300,
        "max_log_delay_s": 60,
        "not_after": 1_900_000_000,
        "not_before": 1_700_000_000,
        "runner": {"simulated": {"measurement": [MEASUREMENT.hex()]}},
        "transparency": {"code_must_be_listed": True, "witnesses": 2},
        "type": "privshare.appraisal-policy",
        "v": 1,
        "version": 1,
        **changes,
    }


def permit_run(program: Program = PROGRAM) -> dict[str, Any]:
    """A rule that permits runs of a program at once."""
    return permit(
        id="runs",
        operations=["run"],
        programs=[identifier.measured(program.code)],
    )


def wanted(program: Program = PROGRAM) -> dict[str, Any]:
    """What a grant for runs asks for."""
    return {
        "operations": ["run"],
        "programs": [identifier.measured(program.code)],
    }


GROUP = TeeQuestion(
    module="group",
    datasets=(RETURNS,),
    columns=("tax_paid",),
    group_by=("district",),
    parameters={"by": "district", "value": "tax_paid"},
    purpose="housing-policy",
    runner="registrar",
)

Change = Callable[[AttestedConsortium], Any]

__all__ = [
    "DEEDS",
    "GROUP",
    "MEASUREMENT",
    "PROGRAM",
    "RETURNS",
    "AttestedConsortium",
    "Change",
    "Root",
    "permit_run",
    "policy",
    "wanted",
]
