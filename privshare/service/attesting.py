"""What a node's settings make of attested jobs: roots, machine, engine.

    node.toml   deployment, attestation ─► attester ─► Node.attester
    DIR/attestation/roots/*.json        roots beside the makers', as they were given
    DIR/attestation/endorsements.json   what endorses this machine: its enrolment
    DIR/attestation/cache/, cache.key   compiled modules and what vouches for them

A node in production loads no test root and starts on no simulated machine,
whatever else is set. One whose machine does not answer starts all the same: it
appraises, and says why it runs nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from privshare.errors import ConfigError, PrivShareError, Unavailable
from privshare.exchange.attester import Attester, Compute, Engine, Machine
from privshare.jobs.attestation.evidence import Endorsements, Evidence, RootSet
from privshare.jobs.attestation.roots import load_roots
from privshare.service.config import Settings
from privshare.wire.canonical import Json, decode_loose
from privshare.wire.digest import sha256

if TYPE_CHECKING:
    from privshare.jobs.attestation.collect.collector import Collector
    from privshare.jobs.attestation.collect.tpm_device import TpmCollector
    from privshare.simulation.simulator import Simulator

__all__ = ["FOLDER", "attester", "read_roots"]

FOLDER = "attestation"
ROOTS = "roots"
ENDORSEMENTS = "endorsements.json"
SEED = "simulated.key"
CACHE = "cache"
CACHE_KEY = "cache.key"

_MAX_FILE = 4 << 20
_MAX_ROOT_FILES = 64


def attester(
    directory: Path, settings: Settings, *, clock: Callable[[], int]
) -> Attester:
    """Make what a node brings to attested jobs.

    Args:
        directory: The node directory.
        settings: Of the node.
        clock: Unix seconds.

    Raises:
        ConfigError: A file of another form, or a test root or a simulated
            machine in production.
    """
    production = settings.deployment == "production"
    folder = directory / FOLDER
    roots = read_roots(folder / ROOTS, production=production)
    if settings.attestation == "none":
        return Attester(roots, production)
    if settings.attestation == "simulated" and production:
        raise ConfigError(
            'expected a machine that proves something, as deployment is "production", '
            'found attestation = "simulated"',
            fix='Set deployment = "trial" to try the protocol without protection.',
            detail={"setting": "attestation"},
        )
    try:
        machine = _machine(folder, settings, clock)
    except Unavailable as error:
        return Attester(roots, production, silent=error.message)
    return Attester(
        roots, production, machine, _engine(folder), _compute(settings, clock)
    )


def _compute(settings: Settings, clock: Callable[[], int]) -> Compute | None:
    """This node's part in jobs on shares, if it has one."""
    if not settings.compute:
        return None
    from privshare.exchange.mpc_host import HostCompute  # noqa: PLC0415 - nodes that compute
    from privshare.jobs.mpc.host import Host  # noqa: PLC0415

    host, _, port = settings.compute.rpartition(":")
    listening = Host(host.strip("[]"), int(port), settings.compute_address)
    return HostCompute(listening, clock, memory=settings.compute_memory_bytes)


def read_roots(folder: Path, *, production: bool) -> RootSet:
    """The makers' roots, and those in a folder.

    Raises:
        ConfigError: A file of another form, or a test root in production.
    """
    files = sorted(folder.glob("*.json"))[:_MAX_ROOT_FILES] if folder.is_dir() else []
    try:
        return load_roots([_read(file) for file in files], production=production)
    except PrivShareError as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"{folder}: {error.message}",
            fix="Keep test roots out of a deployment with real data."
            if production
            else error.fix,
            detail={"setting": "deployment", **error.detail},
        ) from None


def _read(file: Path) -> Json:
    try:
        return decode_loose(file.read_bytes(), max_bytes=_MAX_FILE)
    except (OSError, PrivShareError) as error:
        raise ConfigError(f"expected JSON in {file}, found: {error}") from None


def _machine(folder: Path, settings: Settings, clock: Callable[[], int]) -> Machine:
    if settings.attestation == "simulated":
        return _simulated(folder, clock)
    endorsements = _endorsements(folder / ENDORSEMENTS)
    if settings.attestation == "tpm2":
        from privshare.jobs.attestation.collect.tpm_device import (  # noqa: PLC0415
            TpmCollector,
        )

        tpm = TpmCollector(settings.attestation_tcti)
        return TpmMachine(tpm, endorsements)
    from privshare.jobs.attestation.collect.collector import detect  # noqa: PLC0415

    found = detect()
    if found is None:
        raise Unavailable("expected a platform that attests, found none")
    try:
        measurement = bytes.fromhex(settings.attestation_measurement)
    except ValueError:
        measurement = b""
    if not measurement:
        raise ConfigError(
            "expected the measurement of this machine's image, found none",
            fix="Set attestation_measurement, in hex.",
            detail={"setting": "attestation_measurement"},
        )
    return DeviceMachine(found, endorsements, measurement)


def _endorsements(file: Path) -> Endorsements:
    if not file.exists():
        return Endorsements({})
    try:
        return Endorsements.from_json(_read(file))
    except PrivShareError as error:
        raise ConfigError(f"{file}: {error.message}") from None


def _simulated(folder: Path, clock: Callable[[], int]) -> Machine:
    from privshare.simulation.simulator import Simulator  # noqa: PLC0415 - not loaded

    seed = _secret(folder / SEED)
    return SimulatedMachine(Simulator(seed=seed, clock=clock))


def _secret(file: Path) -> bytes:
    """32 random bytes that stay the same, drawn the first time."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        drawn = os.urandom(32)
        with open(
            file, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)
        ) as out:
            out.write(drawn)
        return drawn


def _engine(folder: Path) -> Engine:
    from privshare.exchange.engine import WasmEngine  # noqa: PLC0415 - runners alone

    return WasmEngine(folder / CACHE, _secret(folder / CACHE_KEY))


@dataclass(frozen=True, slots=True)
class SimulatedMachine:
    """A machine that says what it is told to. No security."""

    simulator: Simulator

    @property
    def kind(self) -> str:
        """Of the evidence it makes."""
        return self.simulator.kind

    @property
    def measurement(self) -> bytes:
        """What its evidence will say that it runs."""
        return self.simulator.measurement

    def speak(self, report_data: bytes, code: bytes) -> tuple[Evidence, Endorsements]:
        """Say these bytes."""
        return self.simulator.collect(report_data), self.simulator.endorsements


@dataclass(frozen=True, slots=True)
class TpmMachine:
    """A TPM: each time, the code is measured into its log before it quotes."""

    collector: TpmCollector
    endorsements: Endorsements
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def kind(self) -> str:
        """Of the evidence it makes."""
        return "tpm2"

    @property
    def measurement(self) -> bytes:
        """Names the attestation key; what runs is in the event log."""
        return sha256(self.collector.ak_name)

    def speak(self, report_data: bytes, code: bytes) -> tuple[Evidence, Endorsements]:
        """Measure the code, then have the TPM quote."""
        with self._lock:
            self.collector.measure(code, "code of an attested job")
            return self.collector.collect(report_data), self.endorsements


@dataclass(frozen=True, slots=True)
class DeviceMachine:
    """A machine with a TEE, through whichever device it has."""

    collector: Collector
    endorsements: Endorsements
    measurement: bytes
    _kind: list[str] = field(default_factory=list, repr=False)

    @property
    def kind(self) -> str:
        """Of the evidence it makes: asked once, over zeros."""
        if not self._kind:
            probe = self.collector.collect(bytes(self.collector.report_bytes))
            self._kind.append(probe.kind)
        return self._kind[0]

    def speak(self, report_data: bytes, code: bytes) -> tuple[Evidence, Endorsements]:
        """Have the device report, with what endorses it."""
        found = self.collector.gather(report_data)
        parts = {**self.endorsements.parts, **found.endorsements}
        return found.evidence, Endorsements(parts)
