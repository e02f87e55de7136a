"""The attested step: a program runs on a machine that proves what it is.

On this computer that is a TPM in software, where swtpm is installed, or else a
machine that is simulated. Neither protects anything, and the story says so: it
shows the protocol, and what a real machine would be asked.

    Machine.equip ─► nodes' settings, roots ─► run_attested ─► sums, trust class
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from privshare.audit.trust_root import EvidenceRoots
from privshare.demo import software_tpm
from privshare.demo.cluster import HOST, Cluster
from privshare.demo.scene import MODULE, PURPOSE, K, Scene, program_code
from privshare.errors import NotFound, Unavailable
from privshare.sdk.measured import ProgramQuery
from privshare.wire.canonical import Json, b64u, encode
from privshare.wire.digest import sha256

if TYPE_CHECKING:
    from privshare.sdk.call import Blocking
    from privshare.sdk.client import Client

__all__ = [
    "ROOTS_FILE",
    "Machine",
    "Told",
    "grant_soon",
    "policy_for",
    "run_attested",
    "soon",
]

ROOTS_FILE = "trial-roots.json"

_WORDS = {
    "software": "a TPM in software: class software. It shows the protocol; whoever "
    "runs this computer could forge all of it",
    "simulated": "a SIMULATED machine: nothing is measured, nothing is protected. "
    "Install swtpm to see a TPM",
}


@dataclass(slots=True)
class Machine:
    """The machine of the host's node, and what endorses it.

    Attributes:
        trust_class: `software` or `simulated`.
        roots: For whoever lets its evidence count in a trial.
        entry: What a policy asks of it.
    """

    trust_class: str = "simulated"
    roots: EvidenceRoots = field(default_factory=EvidenceRoots)
    entry: dict[str, Json] = field(default_factory=dict)
    _closing: ExitStack = field(default_factory=ExitStack, repr=False)
    _enrolling: Future[tuple[str, bytes, bytes]] | None = field(
        default=None, repr=False
    )

    @property
    def words(self) -> str:
        """What it is worth, said plainly."""
        return _WORDS[self.trust_class]

    @property
    def kind(self) -> str:
        """Of its evidence."""
        return "tpm2" if self.trust_class == "software" else "simulated"

    def prepare(self, folder: Path) -> None:
        """Begin to start and enrol the TPM, while nodes are being made."""
        if software_tpm.available():
            folder.mkdir(parents=True, exist_ok=True)
            # The TPM dies with the thread that started it: this one stays.
            pool = ThreadPoolExecutor(1)
            self._closing.callback(pool.shutdown)
            self._enrolling = pool.submit(self._tpm, folder / "tpm")

    def equip(self, cluster: Cluster) -> None:
        """Write what the nodes need; before they start."""
        settings = 'attestation = "simulated"\n'
        if software_tpm.available():
            if self._enrolling is None:
                self.prepare(cluster.folder)
            assert self._enrolling is not None
            settings, document, endorsements = self._enrolling.result()
        else:
            document, endorsements = self._simulated(cluster), b""
        self.roots = EvidenceRoots((document,), trial=True)
        for member in cluster.members.values():
            home = member.folder / "attestation"
            (home / "roots").mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / "roots" / "test.json").write_bytes(document)
            here = member.agency == HOST
            if here and endorsements:
                (home / "endorsements.json").write_bytes(endorsements)
            with (member.folder / "node.toml").open("a", encoding="utf-8") as file:
                file.write('deployment = "trial"\n' + (settings if here else ""))

    def close(self) -> None:
        """Stop the TPM."""
        if self._enrolling is not None:
            self._enrolling.exception()  # it may still be starting
        self._closing.close()

    def _tpm(self, folder: Path) -> tuple[str, bytes, bytes]:
        from cryptography import x509  # noqa: PLC0415 - this machine alone
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
            Encoding,
        )

        from privshare.jobs.attestation.collect.tpm_device import (  # noqa: PLC0415
            TpmCollector,
            enrol,
        )
        from privshare.jobs.attestation.evidence import (  # noqa: PLC0415
            Root,
            RootSet,
        )
        from privshare.jobs.attestation.roots import (  # noqa: PLC0415
            root_document,
        )
        from privshare.schemes.keys import SigningKey  # noqa: PLC0415

        tpm = self._closing.enter_context(software_tpm.start(folder))
        enroller = SigningKey.generate()
        raw = enroller.verify_key.raw
        vouched = Root("enroller", "tpm-enroller", sha256(raw), "software")
        with TpmCollector(tpm.tcti) as collector:
            found = enrol(
                collector,
                enroller,
                tpm.chain,
                RootSet((tpm.root, vouched)),
                int(time.time()),
            )
        root = x509.load_pem_x509_certificates(tpm.chain)[-1]
        document = root_document(
            [
                (tpm.root.name, "swtpm", "software", root.public_bytes(Encoding.DER)),
                ("enroller", "tpm-enroller", "software", raw),
            ]
        )
        self.trust_class = "software"
        self.entry = {"event_log_pcr": 14, "pcr": {"0": ["00" * 32]}}
        settings = f'attestation = "tpm2"\nattestation_tcti = "{tpm.tcti}"\n'
        return settings, encode(document), encode(found.to_json())

    def _simulated(self, cluster: Cluster) -> bytes:
        from privshare.jobs.attestation.roots import (  # noqa: PLC0415
            root_document,
        )
        from privshare.simulation.simulator import Simulator  # noqa: PLC0415

        simulator = Simulator()
        home = cluster.members[HOST].folder / "attestation"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "simulated.key").write_bytes(simulator.seed)
        self.entry = {"measurement": [simulator.measurement.hex()]}
        return encode(
            root_document(
                [
                    (
                        simulator.root.name,
                        "simulated",
                        "simulated",
                        simulator.public_key,
                    )
                ]
            )
        )


def policy_for(machine: Machine) -> dict[str, Json]:
    """The appraisal policy that takes this machine, for a trial."""
    now = int(time.time())
    return {
        "accept_classes": [machine.trust_class],
        "code": [{"digest": b64u(program_code()), "provenance": "the library"}],
        "debug": "forbid",
        "id": "demo",
        "instances": {"allow": None, "deny": []},
        "max_evidence_age_s": 300,
        "max_log_delay_s": 60,
        "not_after": now + 86_400,
        "not_before": now - 3_600,
        "runner": {machine.kind: machine.entry},
        "transparency": {"code_must_be_listed": True, "witnesses": 2},
        "type": "privshare.appraisal-policy",
        "v": 1,
        "version": 1,
    }


@dataclass(frozen=True, slots=True)
class Told:
    """What came of the run.

    Attributes:
        groups: How many groups came out.
        suppressed: How many were too small.
        trust_class: Of the machine, as the receipt proves it.
        receipt: The file.
    """

    groups: int
    suppressed: int
    trust_class: str
    receipt: Path


def run_attested(
    machine: Machine,
    connect: Callable[[str, str], Client[Blocking]],
    scene: Scene,
    folder: Path,
) -> Told:
    """List the program, set the owner's policy, ask for a right, run.

    Args:
        machine: Of the host's node.
        connect: Connects to an agency as somebody of a role.
        scene: What is computed on.
        folder: Where receipt and roots go, apart from those of real evidence.
    """
    owner = scene.total.bureau.agency
    others = [b.agency for b in scene.bureaus if b.agency != owner]
    code = connect(HOST, "operator").programs.propose(MODULE).str("code")
    for agency in (owner, *others[:1]):
        steward = connect(agency, "steward")
        soon(steward, code)
    connect(owner, "steward").programs.set_policy(policy_for(machine))
    analyst = connect(scene.analyst, "analyst")
    analyst._session.roots = machine.roots
    dataset = analyst.dataset(scene.total.bureau.name)
    wish = dataset.request(
        purpose=PURPOSE,
        operations=["run"],
        columns=[scene.total.column],
        by=[scene.total.by],
        k=K,
        programs=[code],
    )
    grant_soon(connect(owner, "steward"), wish.id)
    wish.wait(30)
    query: ProgramQuery[Blocking] = ProgramQuery(
        MODULE,
        dataset,
        columns=[scene.total.column],
        by=[scene.total.by],
        parameters={
            "by": [scene.total.by],
            "columns": [scene.total.column],
            "extremes": False,
        },
        purpose=PURPOSE,
        runner=HOST,
    )
    result = query.run(accept=(machine.trust_class,))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ROOTS_FILE).write_bytes(machine.roots.documents[0])
    file = result.receipt.save(folder / "attested.psr")
    value = result.value
    return Told(len(value["groups"]), value["suppressed"], result.trust_class, file)


def soon(steward: Client[Blocking], code: str) -> None:
    """Approve a program that a mirror may not know of yet."""
    for _ in range(100):
        try:
            steward.programs.approve(code)
        except NotFound:
            time.sleep(0.05)
        else:
            return
    raise Unavailable("expected the program on every mirror, found it on some")


def grant_soon(steward: Client[Blocking], wish: str) -> None:
    """Grant a request that a mirror may not know of yet."""
    for _ in range(100):
        if any(one.id == wish for one in steward.grants()):
            steward.grant(wish).approve()
            return
        time.sleep(0.05)
    raise Unavailable("expected the request on every mirror, found it on some")
