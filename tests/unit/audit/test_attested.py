"""A measured job's receipt is judged without a network, on any day."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from privshare.audit.command import main
from privshare.audit.headline import not_proven
from privshare.audit.headline_attested import CLASSES
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import verify
from privshare.jobs.attestation.appraisal import WORDS

ROOT = Path(__file__).parents[3]
RECEIPTS = ROOT / "tests" / "journeys" / "receipts"
RECEIPT = (RECEIPTS / "job.result.attested.psr").read_bytes()
TRUST = (RECEIPTS / "trust.policy").read_bytes()
TEST_ROOTS = RECEIPTS / "trial-roots.json"
TRIAL = EvidenceRoots((TEST_ROOTS.read_bytes(),), trial=True)
SOON, LATE = 1_795_400_000, 2_500_000_000

PROGRAM = """
import json, socket, sys
devices = [line.split(":")[0].strip() for line in open("/proc/net/dev")][2:]
try:
    socket.create_connection(("192.0.2.1", 9), timeout=1).close()
    reached = True
except OSError:
    reached = False
del socket

import time
from pathlib import Path
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import verify

folder = Path(sys.argv[1])
roots = EvidenceRoots(((folder / "trial-roots.json").read_bytes(),), trial=True)
receipt = (folder / "job.result.attested.psr").read_bytes()
trust = (folder / "trust.policy").read_bytes()
verdict = verify(receipt, trust, int(sys.argv[2]), roots=roots)
loaded = sorted(
    name for name in ("cbor2", "dcap_qvl", "numpy", "wasmtime") if name in sys.modules
)
print(json.dumps({
    "devices": devices,
    "loaded": loaded,
    "reached": reached,
    "verdict": verdict.to_json(),
}))
"""


def _namespace() -> list[str]:
    """The command that starts another in an empty network namespace, or none."""
    found = shutil.which("unshare")
    for options in (["--net"], ["--net", "--map-root-user"]):
        if found is None:
            break
        tried = subprocess.run(
            [found, *options, "true"], capture_output=True, check=False, timeout=10
        )
        if tried.returncode == 0:
            return [found, *options]
    return []


def alone(now: int, start: list[str]) -> dict[str, Any]:
    """What a fresh interpreter without a network says at a time."""
    done = subprocess.run(
        [*start, sys.executable, "-c", PROGRAM, str(RECEIPTS), str(now)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_without_a_network_and_on_another_day_the_verdict_is_the_same() -> None:
    """An empty network namespace, two moments decades apart, one verdict."""
    start = _namespace()
    if not start:
        pytest.skip("the kernel permits no network namespace")
    soon, late = alone(SOON, start), alone(LATE, start)
    for said in (soon, late):
        assert not said["reached"]
        assert "eth0" not in said["devices"]
        assert said["loaded"] == []
        assert said["verdict"]["outcome"] == "valid"
        assert said["verdict"]["facts"]["trust_class"] == "simulated"
    first, second = soon["verdict"], late["verdict"]
    assert first["steps"][:8] == second["steps"][:8]
    assert first["headline"] == second["headline"]
    assert "ran out on" in second["steps"][8]["sentences"][-1]


def test_other_receipts_load_no_reader_of_evidence() -> None:
    """What judges machines is loaded for measured jobs alone."""
    program = (
        "import sys\n"
        "from privshare.audit.verifier import verify\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "verify(data, None, 1_795_400_000)\n"
        "bad = [n for n in sys.modules if n.startswith('privshare.jobs.attestation')]\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(RECEIPTS / "job.abort.psr")],
        capture_output=True,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_command_asks_for_test_roots_by_their_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without them the receipt is refused; as makers' roots they are none."""
    file = str(RECEIPTS / "job.result.attested.psr")
    at = ["--at", str(SOON)]
    assert main([file, *at]) == 1
    assert "Trust class: none." in capsys.readouterr().out
    assert main([file, *at, "--trial-roots", str(TEST_ROOTS)]) == 0
    said = capsys.readouterr().out
    assert "Trust class simulated: proves nothing" in said
    assert main([file, *at, "--roots", str(TEST_ROOTS)]) == 2
    assert "cannot be used" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([file, "--roots", "a", "--trial-roots", "b"])


def test_the_class_is_said_in_words() -> None:
    """Every class of root has its sentence, and the weak ones say so."""
    assert set(CLASSES) == set(WORDS)
    assert CLASSES["software"].endswith(
        "proves nothing against the host's administrator"
    )
    for trust_class, lines in (
        ("software", "anything against the administrator"),
        ("simulated", "anything about the machine"),
        ("hardware-tpm", "did not read the data"),
    ):
        said = not_proven("job.result", {"bundle": {}}, trust_class)
        assert any(lines in sentence for sentence in said)
    strong = not_proven("job.attest", {"bundle": {}}, "hardware-tee")
    assert not any("administrator" in sentence for sentence in strong)


def test_a_second_opinion_does_not_pretend() -> None:
    """There is one reader of evidence, and the report says that."""
    verdict = verify(RECEIPT, TRUST, SOON, roots=TRIAL, second_opinion=True)
    assert verdict.outcome == "valid"
    assert "No second reader" in verdict.step(7).line()
