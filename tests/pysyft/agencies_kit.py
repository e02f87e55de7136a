"""Two agencies with nodes of their own, a bridge beside one, a scientist of the other.

tax      has wages, publishes a mock and a gate's rule; `serve` runs there
labour   vouches for ada, holds the right
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import privshare
from privshare.bridge.client import login_ds
from privshare.bridge.key import account_key
from privshare.bridge.node_store import NodeStore
from privshare.bridge.store import FolderStore, Store
from privshare.demo.cluster import Cluster
from privshare.sdk import wallet
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client
from privshare.wire.canonical import Json, encode

REPOSITORY = Path(__file__).parents[2]
#: Where this process has the package from: others take it from there, too.
SOURCE = Path(privshare.__file__).parents[1]
STEWARD, ADA = "steward@tax.example", "ada@labour.example"
DATASET, PURPOSE, PROGRAM = "tax/wages", "wage-study", "code.run/v1"
PASSPHRASE = "two agencies and a bridge"
PATIENCE_S = 90.0

PEOPLE = (
    ("tax", "operator"),
    ("tax", "steward"),
    ("labour", "analyst"),
    ("labour", "steward"),
)
#: Invented wages: three districts, of forty, forty and three people.
ROWS = [
    ("north" if n < 40 else "south" if n < 80 else "islands", 2_000 + 7 * n)
    for n in range(83)
]
RULE: dict[str, Any] = {
    "approvals": [],
    "bytes": 4096,
    "count": "n",
    "formats": ["csv"],
    "k": 10,
    "seconds": 20,
}
HEAD = f"# privshare: dataset={DATASET} purpose={PURPOSE}\n"
CODE = (
    HEAD
    + """\
import csv
import syft as sc

totals = {}
with open(sc.resolve_dataset_file_path("wages")) as rows:
    for row in csv.DictReader(rows):
        n, total = totals.get(row["district"], (0, 0))
        totals[row["district"]] = (n + 1, total + int(row["wage"]))
with open("outputs/mean.csv", "w") as out:
    print("district,mean,n", file=out)
    for district, (n, total) in sorted(totals.items()):
        if n >= 10:
            print(f"{district},{total / n:.2f},{n}", file=out)
"""
)
RESULT = "district,mean,n\nnorth,2136.5,40\nsouth,2416.5,40\n"


@dataclass
class Agencies:
    """The two, running.

    Attributes:
        cluster: Their nodes, and the ledger's host.
        folder: For everything else.
        boxes: Where messages wait; None: at the nodes.
    """

    cluster: Cluster
    folder: Path
    boxes: Path | None
    enrolment: dict[str, Json] = field(default_factory=dict)
    _bridge: subprocess.Popen[str] | None = None

    def connect(self, agency: str, role: str) -> Client[Blocking]:
        """As one of its people."""
        return self.cluster.connect(agency, role)

    # -- what people do before -------------------------------------------------

    def prepare(self, rule: Mapping[str, Any] = RULE) -> None:
        """Enrol, publish, grant: everything that is done once."""
        with self.connect("labour", "steward") as net:
            key = account_key(self.folder / "ada", ADA)
            self.enrolment = dict(net.accounts.enrol(ADA, key).enrolment)
        with self.connect("tax", "steward") as net:
            table = "district,wage\n" + "".join(f"{d},{w}\n" for d, w in ROWS)
            net.publish(table.encode(), "wages", title="Wages", policy=self.policy())
            self.bridge_folder.mkdir(exist_ok=True)
            if self.boxes is None:
                key = account_key(self.bridge_folder / "syft", STEWARD)
                document = net.accounts.enrol(STEWARD, key).enrolment
                file = self.bridge_folder / "enrolment.json"
                file.write_bytes(encode(dict(document)))
            self.publish_gate(rule)

    def publish_gate(self, rule: Mapping[str, Any]) -> None:
        """Publish the mock and the rule, as its steward does by command."""
        file = self.folder / "gate.json"
        file.write_text(json.dumps(rule))
        self.command(
            "syft", "publish", DATASET, "--gate", str(file), profile="tax-steward"
        )

    def policy(self) -> dict[str, Any]:
        """Whoever asks for this purpose may get what the request says, by hand."""
        from privshare.rights.policy import Permission, Policy

        rule = Permission(
            id="submitted-code",
            purposes=("*",),
            grantees=("*",),
            operations=("run",),
            columns=("district", "wage"),
            group_by=(),
            programs=(PROGRAM,),
            min_k=10,
            max_days=365,
            max_uses=100,
            max_budget=0,
        )
        return Policy(DATASET, (rule,)).to_json()

    def grant(self, uses: int = 1, **terms: Any) -> str:
        """A right for the class of submitted code; its id."""
        with self.connect("labour", "analyst") as net:
            wish = until(lambda: net[DATASET]).request(
                purpose=terms.pop("purpose", PURPOSE),
                operations=["run"],
                columns=["district", "wage"],
                programs=[terms.pop("program", PROGRAM)],
                uses=uses,
                **terms,
            )
        with self.connect("tax", "steward") as net:
            until(lambda: net.grant(wish.id)).approve()
        with self.connect("labour", "analyst") as net:
            until(lambda: net.grant(wish.id).status == "active")
        return str(wish.id)

    # -- commands --------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """For commands: profiles, and no PySyft that syncs by itself."""
        home = self.folder / "home"
        if not home.exists():
            for agency, role in PEOPLE:
                member = self.cluster.members[agency]
                profile = wallet.Profile(
                    f"{agency}-{role}",
                    member.url,
                    member.people[role],
                    self.cluster.trust,
                )
                wallet.save_profile(profile, home)
        return {
            **os.environ,
            "PRIVSHARE_HOME": str(home),
            "PRIVSHARE_PASSPHRASE": PASSPHRASE,
            "PYTHONPATH": str(SOURCE),
            "PRE_SYNC": "false",
        }

    def command(self, *words: str, profile: str, code: int = 0) -> Any:
        """Give a command; what it says, as JSON."""
        at = words.index("--") if "--" in words else len(words)
        said = (*words[:at], "-p", profile, "--json", *words[at:])
        done = subprocess.run(
            [sys.executable, "-m", "privshare", *said],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return json.loads(done.stdout)

    # -- the bridge ------------------------------------------------------------

    @property
    def bridge_folder(self) -> Path:
        """Where it keeps what it has."""
        return self.folder / "bridge"

    def start(self) -> None:
        """Start `privshare syft serve`."""
        store = (
            ["--store", "node"]
            if self.boxes is None
            else ["--store", "folder", "--boxes", str(self.boxes)]
        )
        with (self.folder / "bridge.log").open("a") as log:
            self._bridge = subprocess.Popen(
                [
                    *(sys.executable, "-m", "privshare", "syft", "serve"),
                    *(str(self.bridge_folder), "--account", STEWARD, *store),
                    *("--interval", "0.3", "-p", "tax-operator"),
                ],
                env=self.environment(),
                stderr=log,
                stdout=log,
                text=True,
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, by a signal; its exit code."""
        assert self._bridge is not None
        bridge, self._bridge = self._bridge, None
        bridge.send_signal(number)
        return bridge.wait(60)

    def log(self) -> str:
        """What it has said."""
        file = self.folder / "bridge.log"
        return file.read_text() if file.exists() else ""

    # -- the scientist ---------------------------------------------------------

    def ada(self) -> Any:
        """Her client: PySyft's own."""
        store: Store
        if self.boxes is None:
            net = self.connect("labour", "analyst")
            store = NodeStore(net, ADA, {STEWARD: "tax"})
        else:
            store = FolderStore(self.boxes, ADA)
        with quiet():
            return login_ds(ADA, self.folder / "ada", store, self.enrolment)

    def submit(self, client: Any, name: str, code: str = CODE, **files: str) -> Path:
        """Hand a script in by PySyft's own call; its job's folder at hers."""
        folder = self.folder / f"code-{name}"
        folder.mkdir()
        (folder / "main.py").write_text(code)
        for file, text in files.items():
            (folder / f"{file}.py").write_text(text)
        with quiet():
            client.submit_python_job(STEWARD, str(folder), job_name=name)
        return Path(client.job_client.jobs[name].job_submission_path)

    def pending(self, name: str) -> str:
        """The digest of a submission that waits for people."""

        def look() -> str:
            found = self.command("syft", "pending", "--all", profile="tax-steward")
            for one in found["submissions"]:
                if one["name"] == name:
                    return str(one["submission"])
            return ""

        return str(until(look, self.log))

    def approve(self, digest: str) -> None:
        """As tax's steward, who has looked at it."""
        self.command("syft", "approve", "--", digest, profile="tax-steward")

    def ended(self, client: Any, name: str) -> Any:
        """Her job, once it has an answer."""

        def look() -> Any:
            with quiet():
                client.sync()
                job = client.job_client.jobs[name]
            return job if job.status in ("done", "rejected", "failed") else None

        return until(look, self.log)

    def verified(self, job: Any) -> str:
        """What `privshare verify` says of the receipt beside an answer."""
        outputs = Path(job.job_review_path) / "outputs"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "privshare", "verify"),
                *(str(outputs / "receipt.psr"), "--trust"),
                str(outputs / "trust.policy"),
            ],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextlib.contextmanager
def agencies(
    folder: Path, *, at_nodes: bool, kind: type[Agencies] | None = None
) -> Iterator[Agencies]:
    """Both, running; tax runs submitted code."""
    with Cluster(folder / "nodes", ["tax", "labour"], PASSPHRASE) as cluster:
        cluster.build(PEOPLE)
        settings = cluster.members["tax"].folder / "node.toml"
        settings.write_text(f'{settings.read_text()}\ngate = "on"\n')
        cluster.start()
        boxes = None if at_nodes else folder / "boxes"
        made = (kind or Agencies)(cluster, folder, boxes)
        (folder / "ada").mkdir()
        try:
            yield made
        finally:
            if made._bridge is not None:
                made.stop(signal.SIGKILL)


def until(
    look: Callable[[], Any],
    log: Callable[[], str] = str,
    patience_s: float = PATIENCE_S,
) -> Any:
    """Look until something is there."""
    deadline, said = time.monotonic() + patience_s, ""
    while time.monotonic() < deadline:
        try:
            found = look()
        except Exception as error:
            said = repr(error)
        else:
            if found:
                return found
        time.sleep(0.2)
    raise AssertionError(f"expected it in time, found nothing; {said}\n{log()[-4000:]}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what PySyft tells people."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
