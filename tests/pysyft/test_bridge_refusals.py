"""What is refused on the whole way, each with its reason and a receipt."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

from agencies_kit import (
    CODE,
    DATASET,
    HEAD,
    PROGRAM,
    RULE,
    STEWARD,
    Agencies,
    agencies,
    quiet,
    until,
)

pytestmark = [pytest.mark.server, pytest.mark.once, pytest.mark.timeout(900)]

OUT = "open('outputs/x.csv', 'w').write('n\\n20\\n')\n"

#: Code that is approved and then stopped: what it does, and the rule that says so.
STOPPED = {
    "network": ("import socket\nsocket.create_connection(('127.0.0.1', 80))\n", "run."),
    "outside": ("open('/etc/shadow').read()\n", "run."),
    "upwards": ("open('../../../../../etc/hostname').read()\n", "run."),
    "process": ("import subprocess\nsubprocess.run(['/bin/true'])\n", "run."),
    "forks": ("import os\nwhile True:\n    os.fork()\n", "run."),
    "endless": ("while True:\n    pass\n", "run.time"),
    "memory": ("held = b''\nwhile True:\n    held += bytes(1 << 28)\n", "run.memory"),
    "secret": (
        "import os\nassert 'PRIVSHARE_PASSPHRASE' in os.environ, dict(os.environ)\n",
        "run.exit",
    ),
    "silent": ("print('no output')\n", "output.files"),
    "small": ("open('outputs/x.csv', 'w').write('n\\n3\\n')\n", "output.k"),
    "rows": (
        "import syft as sc\nopen('outputs/x.csv', 'w').write("
        "open(sc.resolve_dataset_file_path('wages')).read())\n",
        "output.",
    ),
    "large": (
        "open('outputs/x.csv', 'w').write('n\\n' + '20\\n' * 100_000)\n",
        "output.",
    ),
    "binary": ("open('outputs/x.bin', 'wb').write(bytes(99))\n", "output."),
    "link": ("import os\nos.symlink('/etc/passwd', 'outputs/x.csv')\n", "run."),
}

#: What somebody changes once it is approved, below the job's folder.
CHANGED = {
    "code": ("code/main.py", "print(2)\n"),
    "start": ("run.sh", "#!/bin/sh\ncurl http://127.0.0.1\n"),
    "config": ("config.yaml", None),
    "more": ("code/extra.py", "print(3)\n"),
}

#: Refused at once: nobody has to look.
AT_ONCE = {
    "purpose": (CODE.replace("wage-study", "other-study"), "grant."),
    "dataset": (CODE.replace("tax/wages", "tax/deeds"), "mock.none"),
    "header": (HEAD + CODE, "submission.header"),
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    """Two agencies over a folder; a right for many uses comes with the first test."""
    with agencies(tmp_path_factory.mktemp("both"), at_nodes=False) as made:
        made.prepare({**RULE, "memory": 512 << 20, "seconds": 5, "words": ["x"]})
        made.start()
        yield made


@pytest.fixture(scope="module")
def ada(both: Agencies) -> Any:
    """The scientist, let in."""
    client = both.ada()
    with quiet():
        client.add_peer(STEWARD)

    def seen() -> Any:
        with quiet():
            client.sync()
        return client.dataset_manager.get_all()

    until(seen, both.log)
    return client


def expect_refused(both: Agencies, client: Any, name: str, rule: str) -> None:
    """Its author has the reason, and a receipt that verifies."""
    job = both.ended(client, name)
    assert job.status == "rejected", (name, job.status)
    assert job.review_reason.startswith(rule), (name, job.review_reason)
    assert "receipt.psr" in {path.name for path in job.files}
    assert "VALID" in both.verified(job), name


def test_no_right(both: Agencies, ada: Any) -> None:
    """Before anybody has granted anything."""
    both.submit(ada, "none")
    expect_refused(both, ada, "none", "grant.missing")
    both.grant(uses=60)


@pytest.mark.parametrize("name", AT_ONCE)
def test_refused_at_once(both: Agencies, ada: Any, name: str) -> None:
    """Another purpose, another dataset, two headers."""
    code, rule = AT_ONCE[name]
    both.submit(ada, name, code)
    expect_refused(both, ada, name, rule)


def test_a_shell_script(both: Agencies, ada: Any) -> None:
    """There is a Python file that runs, or nothing runs."""
    with quiet():
        ada.submit_bash_job(STEWARD, HEAD + "cat /etc/passwd", job_name="bash")
    expect_refused(both, ada, "bash", "run.entry")


def test_stopped_where_it_runs(both: Agencies, ada: Any) -> None:
    """Approved by somebody who did not look: the walls and the rule hold."""
    for name, (code, _) in STOPPED.items():
        both.submit(ada, name, HEAD + code + OUT * (name == "secret"))
    for name in STOPPED:
        both.approve(both.pending(name))
    for name, (_, rule) in STOPPED.items():
        expect_refused(both, ada, name, rule)


def test_changed_after_approval(both: Agencies, ada: Any) -> None:
    """By its author, through PySyft: any file, the start script, the configuration."""
    folders = {}
    for name in CHANGED:
        folders[name] = both.submit(ada, f"changed-{name}")
    digests = [both.pending(f"changed-{name}") for name in CHANGED]
    with quiet():
        ada.sync()  # what she changes next is a change, and no second beginning
    for name, (path, text) in CHANGED.items():
        file = folders[name] / path
        file.write_text(
            re.sub("type: python", "type: bash", file.read_text())
            if text is None
            else text
        )
        with quiet():
            ada.sync_engine.push_job_files(folders[name])
    theirs = both.bridge_folder / "syft" / STEWARD / "app_data" / "job" / "inbox"

    def taken_in() -> bool:
        return all(
            (
                theirs / folders[name].relative_to(_inbox(folders[name])) / path
            ).read_bytes()
            == (folders[name] / path).read_bytes()
            for name, (path, _) in CHANGED.items()
        )

    until(taken_in, both.log)
    for digest in digests:
        both.approve(digest)
    for name in CHANGED:
        expect_refused(both, ada, f"changed-{name}", "submission.changed")


def _inbox(folder: Path) -> Path:
    return next(one for one in folder.parents if one.name == "inbox")


def test_a_right_that_ends_before_it_runs(both: Agencies, ada: Any) -> None:
    """Approved in time, carried too late: the right is asked for again."""
    purpose, ends = "short-study", int(time.time()) + 25
    moment = datetime.fromtimestamp(ends, UTC).isoformat()
    both.grant(uses=5, purpose=purpose, until=moment)
    both.submit(ada, "short", CODE.replace("wage-study", purpose))
    digest = both.pending("short")
    assert both.stop() == 0
    both.approve(digest)
    time.sleep(max(0.0, ends + 2 - time.time()))
    both.start()
    expect_refused(both, ada, "short", "grant.")


def test_people_say_no(both: Agencies, ada: Any) -> None:
    """With a reason that its author sees."""
    both.submit(ada, "unwanted")
    digest = both.pending("unwanted")
    why = "It says who earns what."
    both.command(
        *("syft", "refuse", "--reason", why, "--", digest), profile="tax-steward"
    )
    job = both.ended(ada, "unwanted")
    assert job.review_reason == why
    assert "VALID" in both.verified(job)


def test_an_approval_in_pysyft_counts_for_nothing(both: Agencies, ada: Any) -> None:
    """Somebody edits PySyft's own state: the node has not been asked, nothing runs."""
    both.submit(ada, "aside", HEAD + OUT)
    digest = both.pending("aside")
    (state,) = (both.bridge_folder / "syft" / STEWARD).glob(
        "app_data/job/review/*/v1/aside/state.yaml"
    )
    state.write_text(state.read_text().replace("status: pending", "status: approved"))
    time.sleep(2)
    found = both.command("syft", "show", "--", digest, profile="tax-steward")
    assert found["status"] == "pending"
    both.approve(digest)
    assert both.ended(ada, "aside").status == "done"


def test_an_account_that_its_agency_ended(both: Agencies, ada: Any) -> None:
    """What she hands in afterwards is refused; it is the last test of this file."""
    (account,) = both.command("syft", "accounts", profile="labour-steward")["accounts"]
    reason = ("--reason", "She works elsewhere now.")
    both.command(
        *("syft", "end", *reason, "--", account["id"]), profile="labour-steward"
    )
    both.submit(ada, "late")
    expect_refused(both, ada, "late", "account.ended")


def test_nothing_was_run_that_no_right_paid_for(both: Agencies) -> None:
    """Each use of the right is one job that was opened; refusals cost none."""
    with both.connect("labour", "analyst") as net:
        grants = [one for one in net.grants() if one.purpose == "wage-study"]
        (grant,) = grants
    with both.connect("tax", "steward") as net:
        found = net.submissions.list()
    jobs = [one for one in found if one["job"] is not None]
    assert 60 - grant.uses_left == len(jobs) == len(STOPPED) + 1
    assert PROGRAM in str(grant.programs) and grant.dataset == DATASET
