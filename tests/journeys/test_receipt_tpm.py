"""Measured jobs on a TPM of paper: the class follows from the root, and is said.

The same quotes end at a maker that the auditor enrolled (hardware-tpm), or at a
test root (software): nothing in the receipt differs, the verdict does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import measured
import pytest
import tpm_kit as kit
from network import START, Filed, Network
from test_receipt_measured import failed, finish, judge

from privshare.audit.trust_root import EvidenceRoots
from privshare.jobs.attestation.event_log import Event
from privshare.jobs.attestation.evidence import Endorsements, Evidence
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import root_document
from privshare.wire.canonical import encode

PERIOD = {
    "start": datetime.fromtimestamp(START, UTC),
    "end": datetime.fromtimestamp(START, UTC) + timedelta(days=30),
}
CODE_EVENT = Event("pcr.14", measured.CODE, "the program")


class Maker(kit.Maker):
    """A maker whose certificates hold while the journey lasts."""

    def __init__(self) -> None:
        self.name = "maker"
        self.root_key, self.key = kit.new_key("P-256"), kit.new_key("P-256")
        self.root = kit.certificate(
            "maker", self.root_key, "maker", self.root_key, authority=1, **PERIOD
        )
        self.issuer = kit.certificate(
            "maker issuer", self.key, "maker", self.root_key, authority=0, **PERIOD
        )

    def certify(self, key: Any, **changes: Any) -> Any:
        """Its certificates, for as long."""
        return super().certify(key, **(PERIOD | changes))


@dataclass
class Machine:
    """A machine with such a TPM, which has taken in the program last."""

    tpm: kit.PaperTpm
    events: tuple[Event, ...] = (kit.EVENTS[0], CODE_EVENT)
    kind: str = "tpm2"

    def _scene(self, report_data: bytes) -> kit.Scene:
        values = kit.registers() | {14: kit.log_value(self.events)}
        message = kit.attest(values, report=report_data)
        return self.tpm.scene(message, values, self.events)

    def collect(self, report_data: bytes) -> Evidence:
        """A quote over these bytes."""
        return Evidence(self.kind, self._scene(report_data).evidence)

    @property
    def endorsements(self) -> Endorsements:
        """The endorsement key's certificates, and the enrolment; made once."""
        if not hasattr(self, "_made"):
            self._made = Endorsements(self._scene(bytes(32)).endorsements)
        return self._made

    def roots(self, *, trial: bool = False) -> EvidenceRoots:
        """What an auditor enrols, or admits for a trial."""
        family, trust_class = (
            ("swtpm", "software") if trial else ("tpm", "hardware-tpm")
        )
        document = root_document(
            [
                ("A maker", family, trust_class, kit.der(self.tpm.maker.root)),
                (
                    "An enroller",
                    "tpm-enroller",
                    trust_class,
                    self.tpm.enroller.verify_key.raw,
                ),
            ]
        )
        return EvidenceRoots((encode(document),), trial=trial)


def policy(*classes: str) -> AppraisalPolicy:
    """What tax accepts: this firmware and this program, of these classes."""
    runner = {
        "event_log_pcr": 14,
        "pcr": {"0": ["11" * 32], "7": ["77" * 32]},
    }
    return measured.policy(
        START, accept_classes=sorted(classes), runner={"tpm2": runner}
    )


@pytest.fixture(scope="module")
def machine() -> Machine:
    """One machine for all."""
    return Machine(kit.PaperTpm(maker=Maker()))


@pytest.fixture(scope="module")
def lenient(network: Network, machine: Machine) -> Iterator[Filed]:
    """A job whose owner accepts either class."""
    chosen = policy("hardware-tpm", "software")
    yield finish(measured.begin(network, chosen, machine))
    measured.anchored(network, measured.policy(START))


def test_an_enrolled_maker_makes_a_production_verdict(
    network: Network, machine: Machine, lenient: Filed
) -> None:
    """The whole receipt holds under production's rules; memory is not hidden."""
    verdict = judge(network, lenient, roots=machine.roots())
    assert verdict.outcome == "valid", verdict.report()
    assert verdict.facts["trust_class"] == "hardware-tpm"
    assert "trial" not in verdict.headline[-1]
    assert "can read the job's memory" in verdict.headline[-1]
    assert any("did not read the data" in one for one in verdict.not_proven)


def test_the_same_at_a_test_root_is_software(
    network: Network, machine: Machine, lenient: Filed
) -> None:
    """The receipt is the same; what it is worth depends on who vouches."""
    verdict = judge(network, lenient, roots=machine.roots(trial=True))
    assert verdict.outcome == "valid"
    assert verdict.facts["trust_class"] == "software"
    assert "proves nothing against the host's administrator" in verdict.headline[-1]
    makers = judge(network, lenient, roots=None)
    assert failed(makers) == [7] and "known root" in makers.step(7).line()
    bare = EvidenceRoots(machine.roots(trial=True).documents, trial=False)
    assert judge(network, lenient, roots=bare).step(7).outcome == "missing"


@pytest.mark.parametrize("trial", [False, True])
def test_the_owner_s_policy_names_classes(
    network: Network, machine: Machine, trial: bool
) -> None:
    """Who accepted one class alone is not held to have accepted the other."""
    wanted, other = (
        ("hardware-tpm", "software") if trial else ("software", "hardware-tpm")
    )
    receipt = finish(measured.begin(network, policy(wanted), machine))
    verdict = judge(network, receipt, roots=machine.roots(trial=trial))
    assert failed(verdict) == [7]
    assert f"{other}, policy wants {wanted}" in verdict.step(7).line()
    measured.anchored(network, measured.policy(START))


@pytest.mark.parametrize(
    "events",
    [
        (CODE_EVENT, kit.EVENTS[0]),
        (kit.EVENTS[0],),
        (Event("pcr.14", bytes(32), "another program"),),
    ],
    ids=["something after it", "not at all", "another"],
)
def test_the_program_is_what_the_machine_took_in_last(
    network: Network, machine: Machine, events: tuple[Event, ...]
) -> None:
    """A machine that measured something else convinces nobody."""
    other = Machine(machine.tpm, events)
    receipt = finish(measured.begin(network, policy("software"), other))
    verdict = judge(network, receipt, roots=machine.roots(trial=True))
    assert failed(verdict) == [7]
    assert "last event of pcr.14" in verdict.step(7).line()
    measured.anchored(network, measured.policy(START))


def test_relabelled_evidence_is_refused(network: Network, machine: Machine) -> None:
    """The kind picks a parser and grants nothing."""
    job = measured.begin(network, policy("software", "hardware-tpm"), machine)
    bundle = job.collect()
    document: dict[str, Any] = bundle.to_json()
    document["admission"]["evidence"]["kind"] = "tdx-dcap"
    job.bundle = type(bundle).from_json(document)
    verdict = judge(network, finish(job), roots=machine.roots(trial=True))
    assert failed(verdict) == [7]
    measured.anchored(network, measured.policy(START))
