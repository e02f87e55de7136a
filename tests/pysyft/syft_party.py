"""One side of a submission, in a process of its own.

    python syft_party.py steward SETTINGS.json
    python syft_party.py ada SETTINGS.json

Each does its part and waits for the other's, by syncing; it prints what it
found as one line of JSON. Nothing here is told what the other does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from privshare.bridge.client import login_do, login_ds
from privshare.bridge.node_store import NodeStore
from privshare.bridge.store import FolderStore, Store
from privshare.errors import NotFound
from privshare.sdk.client import connect

#: Texts that may stand in no box; the mock data may.
JOB = "zobelmarder"
RESULT = "quarzforelle-3000"
MOCK = "mockwage-1"
PATIENCE_S = 60.0
NAMES = ("total", "later", "never")

CODE = f"""\
# privshare: dataset=tax/wages purpose=wage-study
# {JOB}
import syft as sc
path = sc.resolve_dataset_file_path("wages")
print(len(open(path).read()))
"""


def store_of(settings: dict[str, Any]) -> Store:
    """Where messages wait."""
    account = settings["account"]
    if "boxes" in settings:
        return FolderStore(Path(settings["boxes"]), account)
    net = connect(
        settings["node"],
        key=settings["key"],
        passphrase=settings["passphrase"],
        trust=settings["trust"],
    )
    return NodeStore(net, account, settings["agencies"])


def until(client: Any, found: Callable[[], Any], sync: bool = True) -> Any:
    """Sync until something is there."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if sync:
            client.sync()
        client.load_peers()
        what = found()
        if what:
            return what
        time.sleep(0.2)
    raise SystemExit("expected the other side to do its part, found nothing in time")


def asked(client: Any, peer: str) -> bool:
    """Ask for a peer, whose account may not have signed in yet."""
    try:
        client.add_peer(peer)
    except NotFound as error:
        if error.detail.get("rule") != "account.owner":
            raise
        return False
    return True


def steward(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Accept a peer, publish mock data, answer a job."""
    client = login_do(
        settings["account"], folder, store_of(settings), settings.get("enrolment")
    )
    peer = settings["peer"]
    until(client, lambda: any(one.email == peer for one in client.peers))
    client.approve_peer_request(peer)
    mock, rows = folder / "mock.csv", folder / "rows.csv"
    mock.write_text(f"wage\n{MOCK}\n")
    rows.write_text("wage\n1000\n2000\n")
    client.create_dataset("wages", mock, rows, summary="wages", users=[peer])
    client.sync()
    until(client, lambda: len(client.jobs) == len(NAMES))
    jobs = {one.name: one for one in client.jobs}
    jobs["later"].approve()
    jobs["never"].reject("no right")
    job = jobs["total"]
    code = (job.job_submission_path / "code" / "main.py").read_text()
    outcome = folder / "result.json"
    outcome.write_text(json.dumps({"total": RESULT}))
    job.accept_by_depositing_result(str(outcome))
    job.share_outputs([peer])
    client.sync()
    return {"code": code, "by": job.submitted_by, "status": job.status}


def ada(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Ask for a peer, look at its data, submit a job, take the result."""
    client = login_ds(
        settings["account"], folder, store_of(settings), settings.get("enrolment")
    )
    peer = settings["peer"]
    until(client, lambda: asked(client, peer), sync=False)
    (dataset,) = until(client, client.datasets.get_all)
    mock = [Path(one).read_text() for one in dataset.mock_files]
    script = folder / "main.py"
    script.write_text(CODE)
    for name in NAMES:
        client.submit_python_job(
            peer, str(script), job_name=name, force_submission=True
        )
    (job,) = until(client, lambda: [one for one in client.jobs if one.status == "done"])
    states = {one.name: one.status for one in client.jobs}
    found = [one for path in job.output_paths for one in _files(Path(path))]
    return {
        "mock": mock,
        "outputs": [one.read_text() for one in found],
        "states": states,
    }


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[2]).read_text())
    place = Path(told["folder"])
    done = (steward if sys.argv[1] == "steward" else ada)(told, place)
    print("DONE " + json.dumps(done))
