"""An environment for each peer, from the package index.

    python bench/peers/environments.py [folder]

What cannot be set up here is reported with its reason and left out: the tables
print it as absent.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "peers"


@dataclass(frozen=True)
class Peer:
    """A library, what it is installed from, and the interpreters it knows."""

    name: str
    packages: tuple[str, ...]
    pythons: tuple[str, ...]
    bare: tuple[str, ...] = ()
    """Installed without what they pin: those pins do not build any more."""


PEERS = (
    Peer("phe", ("phe==1.5.0", "gmpy2==2.3.2"), ("3.11", "3.12", "3.13")),
    Peer("gmpy2", ("gmpy2==2.3.2",), ("3.11", "3.12", "3.13")),
    Peer("heu", ("sf-heu==0.5.2b0", "numpy"), ("3.11",)),
    Peer("ipcl", ("numpy", "gmpy2"), ("3.8",), bare=("ipcl-python==2.0.0",)),
    Peer("pypaillier", ("pypaillier==0.8.0",), ("3.11", "3.12", "3.13")),
)

LIBSODIUM = Peer("libsodium", ("rbcl==1.1.2",), ("3.11", "3.12", "3.13"))
"""The others are beside our Paillier, this one beside our ristretto255."""

OPENMINED = Peer("openmined", ("openmined-psi==2.0.6",), ("3.11", "3.13"))
SPU = Peer("spu", ("spu==0.9.5",), ("3.11",))
"""These two are beside our private joins, spu, which takes a gigabyte, beside
programs on shares as well."""

MPYC = Peer("mpyc", ("mpyc==0.11", "numpy", "gmpy2"), ("3.11", "3.13"))
"""Beside programs on shares."""


def interpreter(version: str) -> str | None:
    """A Python of this version: on PATH, or where pyenv keeps it."""
    roots = os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))
    kept = sorted(glob.glob(f"{roots}/versions/{version}.*/bin/python{version}"))
    for found in [*kept, shutil.which(f"python{version}")]:
        if (
            found
            and not subprocess.run(
                [found, "-c", "import venv, ensurepip"],
                capture_output=True,
                check=False,
            ).returncode
        ):
            return found
    return None


def python_of(peer: Peer, folder: Path = FOLDER) -> Path:
    """Where its interpreter is, or would be."""
    return folder / peer.name / "bin" / "python"


def set_up(peer: Peer, folder: Path = FOLDER) -> str:
    """Make its environment, once.

    Returns:
        "" or why there is none.
    """
    python, ready = python_of(peer, folder), folder / peer.name / ".ready"
    if ready.exists():
        return ""
    base = next(filter(None, map(interpreter, peer.pythons)), None)
    if base is None:
        return f"needs Python {' or '.join(peer.pythons)}"
    folder.mkdir(parents=True, exist_ok=True)
    install = [str(python), "-m", "pip", "install", "--quiet"]
    install.append("--disable-pip-version-check")
    steps = [[base, "-m", "venv", "--clear", str(folder / peer.name)]]
    if peer.bare:
        steps.append([*install, "--no-deps", *peer.bare])
    steps.append([*install, "--only-binary=:all:", *peer.packages])
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["cannot be installed"])[-1]
    ready.touch()
    return ""


def ask(peer: Peer, script: str, *arguments: str) -> dict[str, float] | str:
    """What a peer's program measured of itself, or why there is nothing.

    Args:
        peer: Whose environment to run it in; made where there is none.
        script: A file beside this one, which prints one JSON object.
        *arguments: For it.
    """
    reason = set_up(peer)
    if reason:
        return f"absent: {reason}"
    done = subprocess.run(
        [str(python_of(peer)), str(HERE / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        return f"failed: {done.stderr.strip()[-120:]}"
    found: dict[str, float] = json.loads(lines[-1])
    return found


def main() -> None:
    """Set all of them up and say how that went."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    for peer in (*PEERS, LIBSODIUM, OPENMINED, SPU, MPYC):
        reason = set_up(peer, folder)
        print(f"{peer.name:12}{'absent: ' + reason if reason else 'ready'}", flush=True)


if __name__ == "__main__":
    main()
