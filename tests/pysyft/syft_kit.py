"""Running both sides of a submission, and looking into what lay between."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import syft_crypto_python as crypto
import syft_party

import privshare

REPOSITORY = Path(__file__).parents[2]
#: Where this process has the package from: others take it from there, too.
SOURCE = Path(privshare.__file__).parents[1]
LIMIT_S = 240

STEWARD, ADA = "steward@tax.example", "ada@labour.example"


def play(sides: dict[str, dict[str, Any]], folder: Path) -> dict[str, Any]:
    """Start a process for each side and return what each found."""
    running = {}
    for role, settings in sides.items():
        file = folder / f"{role}.json"
        file.write_text(json.dumps(settings))
        file.chmod(0o600)
        with (folder / f"{role}.err").open("wb") as log:
            running[role] = subprocess.Popen(
                [sys.executable, syft_party.__file__, role, str(file)],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(SOURCE), "PRE_SYNC": "false"},
            )
    said = {}
    try:
        for role, process in running.items():
            said[role] = process.communicate(timeout=LIMIT_S)[0].decode()
    finally:
        for process in running.values():
            process.kill()
    ends = {role: process.returncode for role, process in running.items()}
    errors = [(folder / f"{role}.err").read_text()[-3000:] for role in sides]
    assert not any(ends.values()), (ends, *errors, said)
    return {role: json.loads(one.rpartition("DONE ")[2]) for role, one in said.items()}


def expect_done(found: dict[str, Any]) -> None:
    """Both sides saw the whole of it."""
    assert syft_party.JOB in found["steward"]["code"]
    assert found["steward"]["by"] == ADA
    assert found["ada"]["mock"] == [f"wage\n{syft_party.MOCK}\n"]
    states = {"total": "done", "later": "approved", "never": "rejected"}
    assert found["ada"]["states"] == states
    assert any(syft_party.RESULT in one for one in found["ada"]["outputs"])


def expect_sealed(files: dict[tuple[str, str, str], bytes]) -> None:
    """Nothing of the job or its result can be read in any box.

    Args:
        files: Bytes by (kind, what it is for, name).
    """
    messages = 0
    for (kind, other, name), data in files.items():
        for secret in (syft_party.JOB, syft_party.RESULT):
            for text in (data, *unzipped(data)):
                assert secret.encode() not in text, (kind, other, name)
        if ".tar.gz" in name or other == "rolling":
            crypto.parse_envelope(data)
            messages += 1
    kinds = {kind for kind, _, name in files if ".tar.gz" in name}
    # Ada's proposals were taken out of the inbox when they were taken in.
    assert messages and kinds >= {"outbox", "private"}
    shown = [data for (kind, _, _), data in files.items() if kind == "shown"]
    assert any(syft_party.MOCK.encode() in one for one in shown), "mock data is clear"


def unzipped(data: bytes) -> list[bytes]:
    """Whatever in some bytes is gzip's."""
    found, at = [], data.find(b"\x1f\x8b\x08")
    while at >= 0:
        with contextlib.suppress(OSError, EOFError, zlib.error):
            found.append(gzip.GzipFile(fileobj=io.BytesIO(data[at:])).read(1 << 24))
        at = data.find(b"\x1f\x8b\x08", at + 1)
    return found
