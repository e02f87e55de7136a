"""PySyft is an extra: nothing else of PrivShare imports it, or waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: What the extra brings, as modules.
BROUGHT = ("syft", "syft_rds", "syft_job", "syft_datasets", "syft_crypto_python")

PROGRAM = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BROUGHT!r}:
            raise ImportError(name + " is not there")

sys.meta_path.insert(0, Refuse())
"""

CORE = {
    "the package": "import privshare",
    "the SDK": "import privshare.sdk.client",
    "the node": "import privshare.service.app, privshare.service.server",
    "the commands": "from privshare.cli.application import application; application()",
    "the verifier": "import privshare.audit.command",
}


@pytest.mark.parametrize("what", CORE)
def test_nothing_but_the_bridge_imports_the_extra(what: str) -> None:
    """Each starts where none of it can be imported, and loads no bridge."""
    check = (
        "assert not [n for n in sys.modules if n.startswith('privshare.bridge.')"
        " and n.rpartition('.')[2] in "
        "('client', 'connection', 'desk', 'desk_repair', 'guard')]"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{PROGRAM}\n{CORE[what]}\n{check}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_core_installation_gains_nothing() -> None:
    """What `pip install .` brings is what it brought before there was an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {one.split("=")[0].split(">")[0] for one in project["dependencies"]}
    assert names == {
        "alembic",
        "cffi",
        "cryptography",
        "dcap-qvl",
        "flask",
        "gunicorn",
        "http-message-signatures",
        "httpx",
        "numpy",
        "phe",
        "prometheus-client",
        "pydantic",
        "pydantic-settings",
        "rich",
        "sqlmodel",
        "structlog",
        "typer",
        "wasmtime",
    }


def test_the_extra_is_pinned() -> None:
    """Exactly: these three pin each other, and older ones bring others down."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for one in project["optional-dependencies"]["syft"]:
        assert one.startswith("syft") and "==" in one, one
