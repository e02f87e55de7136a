"""The auditor runs from a bare install: no server, database, socket or console.

A fresh interpreter in which those cannot be imported verifies real receipts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECEIPTS = ROOT / "tests" / "journeys" / "receipts"
BANNED = (
    "alembic",
    "flask",
    "gunicorn",
    "http_message_signatures",
    "httpx",
    "numpy",
    "phe",
    "prometheus_client",
    "pydantic",
    "rich",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "sqlmodel",
    "ssl",
    "structlog",
    "typer",
)

PROGRAM = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BANNED!r}:
            raise ImportError(name + " is not there")

sys.meta_path.insert(0, Refuse())
from privshare.audit.command import main
code = main(sys.argv[1:])
loaded = [n for n in sys.modules if n.startswith("privshare.")]
bad = [n for n in loaded if n.split(".")[1] in
       ("store", "exchange", "sdk", "service", "demo")]
engines = [n for n in loaded if n.startswith("privshare.ledger.engines")]
assert not bad + engines, bad + engines
sys.exit(code)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an interpreter that lacks almost everything."""
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


def test_receipts_verify_from_a_bare_install() -> None:
    """Every operation's receipt is valid without any server library."""
    done = run(str(RECEIPTS), "--trial-roots", str(RECEIPTS / "trial-roots.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "25 receipts: 25 valid" in done.stdout


def test_a_damaged_receipt_is_invalid_from_a_bare_install(tmp_path: Path) -> None:
    """The exit code says so, without a traceback."""
    data = (RECEIPTS / "ledger.entry.psr").read_bytes()
    (tmp_path / "x.psr").write_bytes(data.replace(b'"subject":6', b'"subject":4'))
    done = run(str(tmp_path / "x.psr"), "--trust", str(RECEIPTS / "trust.policy"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_second_opinion_that_is_not_installed_is_missing() -> None:
    """Where `phe` is absent the verdict is incomplete, and says why."""
    done = run(str(RECEIPTS / "job.result.psr"), "--second-opinion")
    assert done.returncode == 2
    assert "(phe) is not installed" in done.stdout


def test_the_command_runs_as_a_module() -> None:
    """`python -m privshare.audit` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "privshare.audit", str(RECEIPTS / "anchor.psr")],
        capture_output=True,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("VALID  anchor")
    assert "\x1b" not in done.stdout
