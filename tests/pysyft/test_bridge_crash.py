"""The bridge killed at any write of PySyft, the store or itself goes on.

No submission runs twice, none is lost, nobody gets half an answer.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

import bridge_party
from syft_kit import ADA, LIMIT_S, SOURCE, STEWARD
from test_syft_guard import enrolment

from privshare.bridge.client import login_ds
from privshare.bridge.store import FolderStore

#: Writes at which CI kills it; all of them in the long form.
POINTS = 12
TORN = 12

CODE = "# privshare: dataset=tax/wages purpose=wage-study\nprint(1)\n"


def party(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start a bridge and wait for its end."""
    settings = root / "settings.json"
    settings.write_text(json.dumps({"account": STEWARD, "root": str(root)}))
    return subprocess.run(
        [sys.executable, bridge_party.__file__, str(settings), *words],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def ada(root: Path):  # type: ignore[no-untyped-def]
    """The scientist's client."""
    store = FolderStore(root / "boxes", ADA)
    with contextlib.redirect_stdout(io.StringIO()):
        return login_ds(ADA, root / "ada", store, enrolment(ADA, root / "ada"))


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada asks to be let in; the bridge was up once, and is down."""
    root = tmp_path_factory.mktemp("asked")
    assert party(root, "0").returncode == 0
    (root / "ada").mkdir()
    client = ada(root)
    client.add_peer(STEWARD, verbose=False)
    client.sync()
    return root


@pytest.fixture(scope="module")
def submitted(asked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """She was let in, and has submitted a job that still lies in the box."""
    root = tmp_path_factory.mktemp("submitted")
    shutil.copytree(asked, root, dirs_exist_ok=True)
    assert party(root, "0").returncode == 0
    submit(root)
    return root


def submit(root: Path) -> None:
    """Ada's job, by PySyft's own client."""
    client = ada(root)
    client.sync()
    script = root / "main.py"
    script.write_text(CODE)
    with contextlib.redirect_stdout(io.StringIO()):
        client.submit_python_job(STEWARD, str(script), job_name="total")


def points(before: Path, folder: Path, some: int) -> list[int]:
    """Which writes to be killed at."""
    root = folder / "count"
    shutil.copytree(before, root)
    done = party(root, "0")
    assert done.returncode == 0, done.stderr
    count = int(done.stdout.rpartition("DONE ")[2].split()[0])
    assert count > some
    if os.environ.get("PRIVSHARE_LONG") == "1":
        return list(range(1, count + 1))
    return [1 + number * (count - 1) // (some - 1) for number in range(some)]


def killed(before: Path, folder: Path, at: int, *words: str) -> Path:
    """A copy in which a bridge was killed, and another one has gone on."""
    root = folder / f"{at}{''.join(words)}"
    shutil.copytree(before, root)
    first = party(root, str(at), *words)
    assert first.returncode in (-signal.SIGKILL, 0), first.stderr
    second = party(root, "0")
    assert second.returncode == 0, (at, words, second.stderr)
    return root


def expect_answered(root: Path, about: object) -> None:
    """Ran once; the scientist has the result and its receipt, whole."""
    client = ada(root)
    client.sync()
    (job,) = client.jobs
    assert job.status == "done", about
    outputs = {path.name: path.read_bytes() for path in job.output_paths}
    outputs.pop("syft.pub.yaml", None)
    assert outputs == {
        "receipt.psr": bridge_party.RECEIPT,
        "total.csv": bridge_party.OUTPUT,
    }, about
    (dataset,) = client.datasets.get_all()
    assert dataset.mock_files[0].read_bytes() == bridge_party.MOCK
    ran = (root / "node" / "runs").read_text().splitlines()
    assert len(ran) == 1, about


@pytest.mark.once
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("words", [(), ("torn",)], ids=["before", "torn"])
def test_killed_while_a_job_is_carried(
    submitted: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """At writes from its start to its end; a torn file is one cut short."""
    for at in points(submitted, tmp_path, TORN if words else POINTS):
        root = killed(submitted, tmp_path, at, *words)
        expect_answered(root, (at, words))
        shutil.rmtree(root)


@pytest.mark.once
@pytest.mark.timeout(3600)
def test_killed_while_somebody_is_let_in(asked: Path, tmp_path: Path) -> None:
    """What she sends afterwards is taken all the same."""
    for at in points(asked, tmp_path, 6):
        root = killed(asked, tmp_path, at)
        submit(root)
        assert party(root, "0").returncode == 0
        expect_answered(root, at)
        shutil.rmtree(root)
