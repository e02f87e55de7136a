"""The demonstration, as a newcomer starts it: real processes, real HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from privshare.demo import registry
from privshare.demo.cluster import Cluster
from privshare.demo.scene import from_folder, made_up
from privshare.errors import ConfigError

DEMO = [sys.executable, "-m", "privshare", "demo", "--fast"]
STEPS = [
    "start",
    "publish",
    "ask",
    "record",
    "sum",
    "attested",
    "shares",
    "join",
    "band",
    "report",
    "revoke",
    "cheat",
    "audit",
]

pytestmark = pytest.mark.server


def _processes(folder: Path) -> list[int]:
    """Processes whose command line names the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in line:
                found.append(int(entry.name))
    return found


def _gone(folder: Path, timeout_s: float = 15) -> bool:
    deadline = time.monotonic() + timeout_s
    while _processes(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _run(*options: str, cwd: Path, timeout_s: float = 120) -> dict[str, object]:
    done = subprocess.run(
        [*DEMO, "--json", *options],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


def test_fast_demo_holds_in_every_step(tmp_path: Path) -> None:
    """`privshare demo --fast --json` is ok, step by step, and leaves receipts."""
    report = _run("--out", str(tmp_path / "out"), cwd=tmp_path)
    assert report["ok"] is True
    assert [step["name"] for step in report["steps"]] == STEPS  # type: ignore[attr-defined]
    assert all(step["ok"] for step in report["steps"])  # type: ignore[attr-defined]
    receipts = [Path(str(path)) for path in report["receipts"]]  # type: ignore[attr-defined]
    assert len(receipts) >= 9
    assert all(path.is_file() for path in receipts)
    assert (tmp_path / "out" / "bundle.zip").is_file()
    assert _gone(tmp_path)

    verify = [sys.executable, "-m", "privshare", "verify"]
    for target in ("out/receipts", "out/bundle.zip"):
        trust = ["--trust", "out/receipts/trust.policy"]
        done = subprocess.run(
            [*verify, target, *trust], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout.decode()
    trial = ["out/trial/attested.psr", "--trial-roots", "out/trial/trial-roots.json"]
    shares = [
        "out/trial/regression.psr",
        "--trial-roots",
        "out/trial/shares-roots.json",
    ]
    cases = ((trial, 0), (trial[:1], 1), (shares, 0), (shares[:1], 1))
    for arguments, code in cases:
        done = subprocess.run(
            [*verify, *arguments], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == code, done.stdout.decode()

    # A second run starts clean, in the same folder.
    again = _run("--out", "out", cwd=tmp_path)
    assert again["ok"] is True


def test_a_busy_port_is_skipped(tmp_path: Path) -> None:
    """Somebody listens on the first port; the demonstration takes others."""
    with closing(socket.socket()) as other:
        try:
            other.bind(("127.0.0.1", 7100))
            other.listen()
        except OSError:
            pass  # somebody does already, which is the same
        assert _run("--out", "out", cwd=tmp_path)["ok"] is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, a polite end and a rude one: no node stays behind."""
    process = subprocess.Popen(
        [*DEMO, "--keep", "--out", str(tmp_path / "out")],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(_processes(tmp_path)) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(_processes(tmp_path)) >= 4
    os.kill(process.pid, number)
    process.wait(30)
    assert _gone(tmp_path)


def test_nodes_end_while_they_are_asked(tmp_path: Path) -> None:
    """Nodes that are busy answering end at once when they are told to."""
    ending = threading.Event()

    def ask(port: int) -> None:
        while not ending.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                for _ in range(50):
                    connection.request("GET", "/health/live")
                    connection.getresponse().read()

    for number in range(3):
        cluster = Cluster(tmp_path / str(number), ["title"])
        cluster.build([])
        cluster.start()
        port = cluster.members["title"].port
        asking = [threading.Thread(target=ask, args=(port,)) for _ in range(4)]
        for thread in asking:
            thread.start()
        time.sleep(0.5)
        cluster.stop()
        ending.set()
        for thread in asking:
            thread.join()
        ending.clear()
        assert not _processes(tmp_path / str(number))


def test_failure_leaves_no_process(tmp_path: Path) -> None:
    """A folder that does not serve is refused before any node starts."""
    (tmp_path / "data").mkdir()
    done = subprocess.run(
        [*DEMO, "--json", "--data", "data"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "3 to 6 CSV files" in done.stdout + done.stderr
    assert not _processes(tmp_path)


def test_a_foreign_folder_is_not_emptied(tmp_path: Path) -> None:
    """A folder that the demonstration did not make is left alone."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    done = subprocess.run(
        [*DEMO, "--out", "out"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_demo_runs_on_own_tables(tmp_path: Path) -> None:
    """`--data DIR` plays on the user's CSV files."""
    data = tmp_path / "data"
    data.mkdir()
    title, housing, tax = registry.registries(60, seed=5)
    for name, table in (("roads", title), ("schools", housing), ("taxes", tax)):
        (data / f"{name}.csv").write_bytes(table.csv())
    report = _run("--data", "data", "--out", "out", cwd=tmp_path)
    assert report["ok"] is True


def test_made_up_data_is_the_same_everywhere() -> None:
    """The same seed gives the same rows; identifiers are nobody's."""
    first, second = registry.registries(500, seed=3), registry.registries(500, seed=3)
    assert first == second
    citizens = [row[1] for row in first[0].rows]
    assert all(c.startswith("9947") and len(c) == 18 for c in citizens)
    assert all(registry.check_digit(c[:17]) == c[17] for c in citizens)


def test_a_scene_finds_its_columns(tmp_path: Path) -> None:
    """In a folder, the scene finds what to add, what to group by, what to share."""
    title, housing, tax = registry.registries(80, seed=1)
    for name, table in (("a-title", title), ("b-homes", housing), ("c-tax", tax)):
        (tmp_path / f"{name}.csv").write_bytes(table.csv())
    scene = from_folder(tmp_path)
    assert scene.total.column == "tax_paid"
    assert scene.total.by == "district"
    assert scene.shared.key == "parcel_id"
    assert scene.analyst not in (scene.total.bureau.agency, scene.shared.agency)


def test_a_scene_says_what_is_missing(tmp_path: Path) -> None:
    """Tables without anything to add up are refused with the reason."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}x.csv").write_text("id,word\n1,one\n2,two\n")
    with pytest.raises(ConfigError, match="numeric column"):
        from_folder(tmp_path)


def test_plain_answer_is_exact() -> None:
    """The demonstration's own check adds decimals, not floats."""
    total = made_up(60, seed=2).total
    groups = total.groups()
    assert sum(count for count, _ in groups.values()) == 60
    assert all(value == value.quantize(value) for _, value in groups.values())
