"""`privshare syft` without PySyft, and what a reviewer is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from privshare.bridge import extra
from privshare.cli import main as cli
from privshare.cli import syft
from privshare.cli.reading import MAX_SHOWN, lines, readable
from privshare.errors import ConfigError
from privshare.jobs.submission.rule import GateRule
from privshare.sdk.document import Document
from privshare.wire.canonical import b64u, encode

ACCOUNT = "ada@labour.example"
DIGEST = "1WWncCxYh1oUdK3PfQpOsDjBvBc2KezWiGZQZ0UBKnA"


def run(*words: str) -> tuple[int, str, str]:
    """(exit code, output, errors) of a command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(words)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "bridge", "--account", ACCOUNT),
        ("key", ACCOUNT, "--folder", "ada"),
        ("enrol", ACCOUNT, "--folder", "ada"),
    ],
    ids=["serve", "key", "enrol"],
)
def test_without_pysyft_a_command_says_what_to_install(
    words: Sequence[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 2, the cause, the fix; nothing is written."""
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    code, out, err = run("syft", *words)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "error  ConfigError",
        "cause  expected PySyft, found that syft, syft_rds, syft_job is not installed",
        "fix    pip install 'privshare[syft]'",
    ]
    assert not list(tmp_path.iterdir())


def test_an_account_is_enrolled_by_one_of_two() -> None:
    """Key or folder: said before a passphrase is asked for."""
    for words in ((), ("--key", b64u(bytes(32)), "--folder", "ada")):
        code, _, err = run("syft", "enrol", ACCOUNT, *words)
        assert code == 2
        assert "expected the account's key or its folder" in err


RULE = GateRule(k=10, count="n")


class Net:
    """A node that has one submission."""

    def __init__(self, **changes: Any) -> None:
        self.document = {
            "account": "E1",
            "agency": "labour",
            "approvals": {
                "confirmed": 1,
                "given": [],
                "missing": ["tax", "title"],
                "people": 2,
            },
            "dataset": "tax/wages",
            "entry": "code/main.py",
            "files": [
                {
                    "bytes": b64u(b"print(1)\n# \xe2\x80\xae)2(tnirp\n"),
                    "executable": False,
                    "path": "code/main.py",
                }
            ],
            "gate": b64u(RULE.digest()),
            "job": None,
            "name": "mean\x1b[2J",
            "owner": "tax",
            "purpose": "wage-study",
            "reason": None,
            "receipt": None,
            "status": "pending",
            "submission": DIGEST,
            "user": ACCOUNT,
            **changes,
        }
        self.said: list[tuple[str, ...]] = []
        self.submissions = self.accounts = self.mocks = self

    def __enter__(self) -> Net:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def list(self) -> list[Document]:
        return [Document(self.document, "submission")]

    def show(self, digest: str) -> Document:
        if "/" in digest:
            return Document({"gate": RULE.to_json()}, "mock")
        self.said.append(("show", digest))
        return Document(self.document, "submission")

    def approve(self, digest: str, *, gate: str | None) -> Document:
        self.said.append(("approve", digest, *([gate] if gate else [])))
        return Document(self.document, "submission")

    def refuse(self, digest: str, reason: str) -> Document:
        self.said.append(("refuse", digest, reason))
        return Document(self.document | {"status": "refused"}, "submission")

    def publish(self, dataset: str, gate: dict[str, Any]) -> Document:
        self.said.append(("publish", dataset, encode(gate).decode()))
        made = {
            "dataset": dataset,
            "index": 7,
            "mock": "wage\n=1\x1b\n",
            "receipt": "r",
        }
        return Document(made, "mock")


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    """What commands connect to."""
    made = Net()
    monkeypatch.setattr(syft, "connected", lambda *_: made)
    return made


def test_pending_says_whom_it_waits_for(net: Net) -> None:
    """Agencies, and of one's own how many people; the next step."""
    code, out, _ = run("syft", "pending")
    assert code == 0
    assert "tax (1 of 2 people), title" in out
    assert "next  privshare syft show 1WWncCxYh1oU" in out
    net.document["status"] = "done"
    assert "0 submissions" in run("syft", "pending")[1]
    assert "1 submission" in run("syft", "pending", "--all")[1]


def test_show_prints_what_steers_a_terminal_as_numbers(net: Net) -> None:
    """The files, and what its author says of them."""
    code, out, _ = run("syft", "show", DIGEST[:8])
    assert code == 0 and net.said == [("show", DIGEST)]
    assert "\x1b" not in out and "\u202e" not in out
    assert "! 2  # \\u202e)2(tnirp" in out
    assert "--- code/main.py, 23 bytes, sha256 " in out
    assert json.loads(run("syft", "show", DIGEST, "--json")[1])["user"] == ACCOUNT


def test_a_beginning_of_a_digest_must_be_enough(net: Net) -> None:
    """Six letters, and of one submission."""
    for beginning in ("1WWnc", "nothing"):
        code, _, err = run("syft", "approve", beginning)
        assert code == 1 and "NotFound" in err
    assert not net.said
    assert run("syft", "approve", DIGEST[:6])[0] == 0
    assert net.said == [("approve", DIGEST)]


def test_a_rule_that_was_read_is_the_rule_approved(net: Net) -> None:
    """`show` names it, `approve` takes that; another one is approved by nobody."""
    _, out, _ = run("syft", "show", DIGEST)
    gate = b64u(RULE.digest())
    assert f"{gate[:12]}: 10 behind each line, 1,000 lines" in out
    assert f"syft approve {DIGEST} --gate {gate[:12]}" in out
    for wrong in (gate[:5], "A" * 12):
        code, _, err = run("syft", "approve", DIGEST, "--gate", wrong)
        assert code == 1 and "Conflict" in err, wrong
    net.said.clear()
    assert run("syft", "approve", DIGEST, "--gate", gate[:12])[0] == 0
    assert net.said == [("approve", DIGEST, gate)]


def test_refuse_needs_a_reason(net: Net) -> None:
    """It is told to its author."""
    assert run("syft", "refuse", DIGEST)[0] == 2
    assert run("syft", "refuse", DIGEST, "--reason", "no")[0] == 0
    assert net.said == [("refuse", DIGEST, "no")]


def test_publish_fills_in_what_is_usual(net: Net, tmp_path: Path) -> None:
    """A rule is what the file says; of the rest the usual; k must be said."""
    file = tmp_path / "gate.json"
    file.write_text('{"k": 10, "count": "n"}')
    code, out, _ = run("syft", "publish", "tax/wages", "--gate", str(file))
    assert code == 0 and "\x1b" not in out
    (_, dataset, gate) = net.said[0]
    assert dataset == "tax/wages"
    assert GateRule.from_json(json.loads(gate)) == GateRule(k=10, count="n")
    for text in ("{}", "[]", "k = 10", '{"k": 10}', '{"k": 1, "other": 2}'):
        file.write_text(text)
        assert run("syft", "publish", "tax/wages", "--gate", str(file))[0] != 0, text
    with pytest.raises(ConfigError):
        syft._rule(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "(empty)"),
        (b"a\n", "  1  a"),
        (b"a\n\nb", "  1  a\n  2\n  3  b\n(no line end)"),
        (b"a\rb\n", "! 1  a\\rb"),
        (b"\tx = 1\n", "  1      x = 1"),
        (b"\xff\xfe\n", "  1  \\xff\\xfe"),
        ("раypal\n".encode(), "! 1  раypal"),
        ("a\u2028b\u200bc\n".encode(), "! 1  a\\u2028b\\u200bc"),
        (b"\x1b[31mred\x08\x08\x07\n", "! 1  \\x1b[31mred\\x08\\x08\\x07"),
    ],
)
def test_lines_show_every_character(data: bytes, shown: str) -> None:
    """By its number where it cannot be seen; marked where it could be another's."""
    assert lines(data) == shown


def test_a_long_file_is_named_by_its_digest() -> None:
    """Nobody reads it on a terminal; what was not printed is said."""
    document = {
        "bytes": b64u(b"x" * (MAX_SHOWN + 1)),
        "executable": True,
        "path": "code/\x1b.py",
    }
    shown = readable([Document(document, "file")])
    assert "executable" in shown and "longer than" in shown and "\x1b" not in shown
    assert "not kept" in readable([])
