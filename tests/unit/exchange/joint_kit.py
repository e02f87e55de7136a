"""The consortium of `tee_kit` with jobs on shares: three nodes over real sockets.

`registrar`, `tax` and `title` compute, each on a simulated machine of its own;
`tax` and `title` own, `housing` asks. A node's part runs in a thread here, or in
the process that a node would start.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tee_kit import MEASUREMENT, AttestedConsortium, SimulatedMachine, policy

from privshare.exchange import code
from privshare.exchange.mpc_host import HostCompute
from privshare.exchange.mpc_question import Asked, MpcQuestion
from privshare.jobs.attestation.evidence import RootSet
from privshare.jobs.mpc import joint
from privshare.jobs.mpc.host import Host
from privshare.rights import identifier
from privshare.simulation.simulator import Simulator
from privshare.wire.canonical import b64u

NODES = ("registrar", "tax", "title")


class JointConsortium(AttestedConsortium):
    """Four agencies, three of which compute on shares."""

    def __init__(self, directory: Path, *, process: bool = False) -> None:
        super().__init__(directory)
        self.simulators = {
            name: Simulator(
                seed=bytes([number]) * 32, measurement=MEASUREMENT, clock=self.clock
            )
            for number, name in enumerate(NODES, 11)
        }
        self.hosts = {name: Host("127.0.0.1", 0) for name in NODES}
        roots = RootSet(tuple(one.root for one in self.simulators.values()))
        for agency in self.nodes:
            self.attester(agency, roots=roots, machine=None, engine=None)
        for name in NODES:
            self.attester(
                name,
                machine=SimulatedMachine(self.simulators[name]),
                compute=HostCompute(
                    self.hosts[name],
                    self.clock,
                    silence_s=3.0,
                    work=None if process else joint.work,
                ),
            )

    def close(self) -> None:
        for host in self.hosts.values():
            host.close()
        super().close()

    def prepare(self, *names: str) -> None:
        """Programs are listed, owners have policies."""
        programs = [code.of_library(f"mpc.{name}") for name in names]
        for name, program in zip(names, programs, strict=True):
            self.list_code(program, f"mpc.{name}")
        listed = [
            {"digest": digest, "provenance": "this release"}
            for digest in sorted(b64u(one.code) for one in programs)
        ]
        self.set_policies(**policy(code=listed))


def program_of(name: str) -> str:
    """A program on shares, as grants hold it."""
    return identifier.measured(code.of_library(f"mpc.{name}").code, identifier.JOINT)


def question(name: str, *inputs: Asked, **changes: Any) -> MpcQuestion:
    """A question for a program on shares."""
    fields: dict[str, Any] = {
        "program": f"mpc.{name}",
        "inputs": inputs,
        "purpose": "housing-policy",
        "nodes": NODES,
    }
    return MpcQuestion(**(fields | changes))


__all__ = ["NODES", "Asked", "JointConsortium", "program_of", "question", "replace"]
