"""What settings make of attested jobs: production lets no test machine in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from privshare.errors import ConfigError
from privshare.jobs.attestation.roots import root_document
from privshare.service import config
from privshare.service.attesting import attester, read_roots
from privshare.simulation.simulator import Simulator
from privshare.wire.canonical import encode


def settings(**changes: Any) -> config.Settings:
    return config.checked(
        {
            "agency": "tax",
            "bind": "127.0.0.1:7101",
            "network": "test",
            "role": "member",
            "url": "http://127.0.0.1:7101",
            **changes,
        }
    )


def test_production_is_the_default(tmp_path: Path) -> None:
    """A node that was told nothing appraises for real, and runs nothing."""
    made = attester(tmp_path, settings(), clock=lambda: 0)
    assert (made.production, made.machine, made.engine) == (True, None, None)


def test_no_simulated_machine_in_production(tmp_path: Path) -> None:
    """The one setting does not go with the other."""
    with pytest.raises(ConfigError) as refused:
        attester(tmp_path, settings(attestation="simulated"), clock=lambda: 0)
    assert refused.value.detail["setting"] == "attestation"


def test_no_test_root_in_production(tmp_path: Path) -> None:
    """A file in the folder stops the start, and does nothing else."""
    simulator = Simulator(seed=bytes(32))
    document = root_document(
        [(simulator.root.name, "simulated", "simulated", simulator.public_key)]
    )
    (tmp_path / "test.json").write_bytes(encode(document))
    with pytest.raises(ConfigError):
        read_roots(tmp_path, production=True)
    assert simulator.root in read_roots(tmp_path, production=False).roots


def test_a_trial_has_a_machine(tmp_path: Path) -> None:
    """Its development key stays the same from start to start."""
    trial = settings(attestation="simulated", deployment="trial")
    keys = []
    for _ in range(2):
        made = attester(tmp_path, trial, clock=lambda: 1_000)
        assert made.machine is not None and made.engine is not None
        evidence, _ = made.machine.speak(bytes(64), bytes(32))
        keys.append(evidence.part("key"))
    assert keys[0] == keys[1]
    assert (tmp_path / "attestation" / "simulated.key").stat().st_mode & 0o077 == 0


def test_a_machine_that_is_away_stops_no_node(tmp_path: Path) -> None:
    """The node appraises all the same, and says why it runs nothing."""
    away = settings(attestation="tpm2", attestation_tcti="swtpm:port=1")
    made = attester(tmp_path, away, clock=lambda: 0)
    assert made.machine is None
    assert made.silent


def test_a_root_file_that_is_none(tmp_path: Path) -> None:
    """What cannot be read is named."""
    (tmp_path / "roots.json").write_bytes(b"{")
    with pytest.raises(ConfigError):
        read_roots(tmp_path, production=False)
