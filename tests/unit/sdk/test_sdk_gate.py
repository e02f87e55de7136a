"""Accounts, mocks and submissions in the SDK: what is asked, what is made of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sdk_kit

from privshare.errors import OutOfRange, StepNotAllowed, Unavailable
from privshare.sdk.gate import files_of
from privshare.wire.canonical import b64u

DIGEST = "A" * 43
FILES = {"main.py": b"print(1)\n", "config.yaml": b""}
DONE = {
    "job": "J" * 43,
    "outputs": [{"bytes": b64u(b"n\n12\n"), "name": "n.csv"}],
    "reason": None,
    "receipt": "R" * 43,
    "rule": None,
    "status": "done",
}
WORKING = {**DONE, "job": None, "outputs": [], "receipt": None, "status": "working"}


def test_a_run_is_asked_for_until_it_ends() -> None:
    """Each time with all files; null counts as nothing."""
    path = f"POST /v1/submissions/{DIGEST}/run"
    node = sdk_kit.Node({path: [(200, WORKING), (200, WORKING), (200, DONE)]})
    with sdk_kit.blocking(node, sdk_kit.Clock()) as net:
        found = net.submissions.run(DIGEST, FILES)
    assert (found.status, found.outputs) == ("done", {"n.csv": b"n\n12\n"})
    assert (found.rule, found.reason) == ("", "")
    bodies = node.bodies(path)
    assert len(bodies) == 3 and bodies[0] == bodies[2]
    assert [one["path"] for one in bodies[0]["files"]] == ["config.yaml", "main.py"]


def test_a_run_that_does_not_end_in_time() -> None:
    """It goes on without anybody; asking again is what helps."""
    node = sdk_kit.Node({f"POST /v1/submissions/{DIGEST}/run": (200, WORKING)})
    with sdk_kit.blocking(node, sdk_kit.Clock()) as net, pytest.raises(Unavailable):
        net.submissions.run(DIGEST, FILES, timeout_s=0.0)


def test_what_the_node_refuses_is_raised() -> None:
    """As the error that the node named."""
    refusal = sdk_kit.problem(
        409, "StepNotAllowed", "missing", rule="submission.unapproved"
    )
    node = sdk_kit.Node({f"POST /v1/submissions/{DIGEST}/run": refusal})
    with (
        sdk_kit.blocking(node, sdk_kit.Clock()) as net,
        pytest.raises(StepNotAllowed) as caught,
    ):
        net.submissions.run(DIGEST, FILES)
    assert caught.value.detail["rule"] == "submission.unapproved"


def test_all_verbs_name_their_routes() -> None:
    """Bodies and paths, as docs/rest.md has them."""
    found = {"submission": DIGEST, "status": "pending"}
    enrolled = {"enrolment": {"v": 1}, "id": DIGEST, "receipt": DIGEST}
    answers: dict[str, Any] = {
        "POST /v1/accounts": (201, enrolled),
        f"POST /v1/accounts/{DIGEST}/end": (200, {"receipt": DIGEST}),
        "GET /v1/accounts": (200, {"items": [{"id": DIGEST}]}),
        "POST /v1/mocks": (201, {"dataset": "tax/wages"}),
        "GET /v1/mocks": (200, {"items": []}),
        "GET /v1/mocks/tax/wages": (200, {"mock": "a\n"}),
        "POST /v1/submissions": (200, found),
        "GET /v1/submissions": (200, {"items": [found]}),
        f"GET /v1/submissions/{DIGEST}": (200, found),
        f"POST /v1/submissions/{DIGEST}/approve": (200, found),
        f"POST /v1/submissions/{DIGEST}/refuse": (200, found),
    }
    node = sdk_kit.Node(answers)
    with sdk_kit.blocking(node, sdk_kit.Clock()) as net:
        assert net.accounts.enrol("ann@example.org", bytes(32)).id == DIGEST
        assert net.accounts.end(DIGEST, "left") == DIGEST
        assert len(net.accounts.list()) == 1
        net.mocks.publish("tax/wages", {"k": 1})
        assert net.mocks.list() == ()
        assert net.mocks.show("tax/wages")["mock"] == "a\n"
        done = net.submissions.submit(
            FILES, "main.py", enrolment=None, key=bytes(32), name="n"
        )
        assert done["status"] == "pending"
        assert len(net.submissions.list()) == 1
        net.submissions.show(DIGEST)
        net.submissions.approve(DIGEST, gate=DIGEST)
        net.submissions.refuse(DIGEST, "no")
    (sent,) = node.bodies("POST /v1/submissions")
    assert sent["enrolment"] is None and sent["key"] == b64u(bytes(32))
    assert node.bodies(f"POST /v1/submissions/{DIGEST}/approve") == [{"gate": DIGEST}]
    asked = {f"{one.method} {one.url.path}" for one in node.asked}
    assert set(answers) <= asked


def test_with_await() -> None:
    """The same verbs."""
    node = sdk_kit.Node({f"POST /v1/submissions/{DIGEST}/run": (200, DONE)})

    async def go() -> str:
        async with sdk_kit.awaiting(node, sdk_kit.Clock()) as net:
            return (await net.submissions.run(DIGEST, FILES)).status

    assert asyncio.run(go()) == "done"


def test_a_folder_is_taken_whole(tmp_path: Path) -> None:
    """Every file, and which of them may be executed; no link."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_bytes(b"print(1)\n")
    start = tmp_path / "run.sh"
    start.write_bytes(b"python code/main.py\n")
    start.chmod(0o700)
    found: Any = files_of(tmp_path)
    assert [(one["path"], one["executable"]) for one in found] == [
        ("code/main.py", False),
        ("run.sh", True),
    ]
    (tmp_path / "link").symlink_to(start)
    with pytest.raises(OutOfRange):
        files_of(tmp_path)
