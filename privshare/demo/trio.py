"""Three simulated machines that compute on shares, on this computer.

They protect nothing, and say so: `simulated`. The story shows the protocol.

    Trio.equip ─► three nodes' settings, everybody's roots ─► policy_for(programs)
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from privshare.audit.trust_root import EvidenceRoots
from privshare.demo.cluster import Cluster, Ports
from privshare.wire.canonical import Json, encode

__all__ = ["TRUST_CLASS", "Trio"]

TRUST_CLASS: Final = "simulated"
_TRIAL: Final = 'deployment = "trial"\n'


@dataclass(slots=True)
class Trio:
    """The machines of three nodes.

    Attributes:
        nodes: Whose.
        roots: For whoever lets their evidence count in a trial.
        measurements: What a policy asks of them.
    """

    nodes: tuple[str, str, str]
    roots: EvidenceRoots = field(default_factory=EvidenceRoots)
    measurements: list[Json] = field(default_factory=list)

    def equip(self, cluster: Cluster) -> None:
        """Write what the nodes need; before they start."""
        from privshare.jobs.attestation.roots import (  # noqa: PLC0415
            root_document,
        )
        from privshare.simulation.simulator import Simulator  # noqa: PLC0415

        made = {name: Simulator() for name in self.nodes}
        document = encode(
            root_document(
                [
                    (f"{one.root.name} of {name}", TRUST_CLASS, TRUST_CLASS, key)
                    for name, one in made.items()
                    for key in (one.public_key,)
                ]
            )
        )
        self.roots = EvidenceRoots((document,), trial=True)
        found = sorted({one.measurement.hex() for one in made.values()})
        self.measurements = list(found)
        ports = Ports(len(self.nodes))
        places = dict(zip(self.nodes, ports.numbers, strict=True))
        for member in cluster.members.values():
            home = member.folder / "attestation"
            (home / "roots").mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / "roots" / "shares.json").write_bytes(document)
            file = member.folder / "node.toml"
            held = file.read_text(encoding="utf-8")
            settings = "" if _TRIAL in held else _TRIAL
            if member.agency in made:
                (home / "simulated.key").write_bytes(made[member.agency].seed)
                settings += 'attestation = "simulated"\n'
                settings += f'compute = "127.0.0.1:{places[member.agency]}"\n'
            file.write_text(held + settings, encoding="utf-8")
        ports.release()

    def policy_for(self, *programs: str) -> dict[str, Json]:
        """The appraisal policy that takes these machines, for a trial.

        Args:
            *programs: Digests of the programs that may run.
        """
        now = int(time.time())
        code: list[Json] = [
            {"digest": one, "provenance": "the catalogue"} for one in sorted(programs)
        ]
        return {
            "accept_classes": [TRUST_CLASS],
            "code": code,
            "debug": "forbid",
            "id": "demo",
            "instances": {"allow": None, "deny": []},
            "max_evidence_age_s": 300,
            "max_log_delay_s": 60,
            "not_after": now + 86_400,
            "not_before": now - 3_600,
            "runner": {TRUST_CLASS: {"measurement": self.measurements}},
            "transparency": {"code_must_be_listed": True, "witnesses": 2},
            "type": "privshare.appraisal-policy",
            "v": 1,
            "version": 1,
        }
