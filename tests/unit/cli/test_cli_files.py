"""Commands that work on files: keys, profiles, checks."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from privshare.cli import prerequisite
from privshare.cli.main import main
from privshare.cli.prerequisite import Where
from privshare.errors import ConfigError
from privshare.schemes.keys import SigningKey
from privshare.sdk import client, wallet

Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and a passphrase."""
    monkeypatch.setenv("PRIVSHARE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRIVSHARE_PASSPHRASE", "correct horse")
    monkeypatch.delenv("PRIVSHARE_PROFILE", raising=False)
    return tmp_path


def policy_text() -> str:
    """A trust policy with no quorum."""
    from privshare.log.checkpoint import LogKey

    key = LogKey("demo.test/log", SigningKey.from_seed(bytes(32)).verify_key)
    return f"log {key}\nquorum none\n"


def told(capsys: Out, *words: str, code: int = 0) -> dict[str, Any]:
    """Run a command with --json and read what it says."""
    assert code == main([*words, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_key_is_made_shown_and_rotated(home: Path, capsys: Out) -> None:
    """The public part is the same in every command, until it is rotated."""
    file = str(home / "ana.key")
    made = told(capsys, "key", "new", file, "--role", "steward")
    assert "--role steward" in made["next"]
    shown = told(capsys, "key", "show", file)
    assert made["kid"] == shown["kid"]
    assert made["public"] == told(capsys, "key", "show", file + ".pub")["public"]
    turned = told(capsys, "key", "rotate", file)
    assert turned["kid"] != made["kid"]
    assert turned["kid"] == told(capsys, "key", "show", file)["kid"]
    again = told(capsys, "key", "new", file, code=1)
    assert again["error"] == "Conflict"


def test_a_passphrase_comes_from_a_file_first(home: Path, capsys: Out) -> None:
    """--passphrase-file wins over the environment; its first line counts."""
    secret = home / "secret"
    secret.write_text("from the file\nand more\n")
    file = home / "ana.key"
    told(capsys, "key", "new", str(file), "--passphrase-file", str(secret))
    assert wallet.open_key(file, "from the file")
    secret.write_text("\n")
    empty = told(
        capsys,
        "key",
        "new",
        str(home / "b.key"),
        "--passphrase-file",
        str(secret),
        code=2,
    )
    assert empty["error"] == "ConfigError"


def test_a_profile_pins_its_trust(home: Path, capsys: Out) -> None:
    """A profile keeps URL, key and policy, and shows the fingerprint."""
    told(capsys, "key", "new", str(home / "ana.key"))
    file = home / "trust.policy"
    file.write_text(policy_text())
    options = ["--url", "http://127.0.0.1:1/", "--trust", str(file)]
    key = ["--key", str(home / "ana.key")]
    made = told(capsys, "profile", "add", "tax", *options, *key)
    assert client.fingerprint(policy_text()) == made["fingerprint"]
    shown = told(capsys, "profile", "show", "tax")
    assert policy_text() == shown["trust"]
    assert shown["url"] == "http://127.0.0.1:1"
    listed = told(capsys, "profile", "list")["profiles"]
    assert [one["name"] for one in listed] == ["tax"]
    told(capsys, "profile", "remove", "tax")
    assert told(capsys, "profile", "list")["profiles"] == []


def test_nothing_is_pinned_unseen(home: Path, capsys: Out) -> None:
    """A broken policy, a foreign URL or a missing key leave no profile."""
    file = home / "trust.policy"
    file.write_text("nonsense\n")
    for words, code in (
        (["--url", "http://x", "--trust", str(file)], 1),
        (["--url", "http://x", "--trust", str(home / "none")], 2),
        (["--url", "ftp://x", "--trust", str(file)], 2),
        (["--url", "http://x", "--key", str(home / "none.key")], 1),
    ):
        told(capsys, "profile", "add", "tax", *words, code=code)
    assert told(capsys, "profile", "list")["profiles"] == []


def test_the_node_is_believed_by_fingerprint_alone(
    home: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal the fingerprint must be given, and must be right."""
    monkeypatch.setattr(client, "fetch_trust", lambda url, ca: policy_text())
    right = client.fingerprint(policy_text())
    url = ["--url", "http://127.0.0.1:1"]
    asked = told(capsys, "profile", "add", "tax", *url, code=2)
    assert right in asked["fix"]
    wrong = told(
        capsys, "profile", "add", "tax", *url, "--fingerprint", "00" * 32, code=1
    )
    assert wrong["error"] == "VerificationError"
    told(capsys, "profile", "add", "tax", *url, "--fingerprint", right.upper())


def test_without_a_profile_commands_say_how_to_make_one(capsys: Out) -> None:
    """Every command that connects names the missing profile and the fix."""
    for words in (
        ["dataset", "list"],
        ["grant", "list"],
        ["record", "get", "a/b", "1"],
        ["job", "list"],
        ["ledger", "status"],
        ["receipt", "list"],
        ["node", "status"],
    ):
        document = told(capsys, *words, code=1)
        assert document["error"] == "NotFound"
        assert "privshare profile add default" in document["fix"]


def test_a_node_that_is_away_is_exit_code_3(home: Path, capsys: Out) -> None:
    """Nobody listens there: unavailable, not refused."""
    file = home / "trust.policy"
    file.write_text(policy_text())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        told(capsys, "profile", "add", "default", "--url", url, "--trust", str(file))
        for words in (["ledger", "status"], ["dataset", "list"], ["node", "status"]):
            assert told(capsys, *words, code=3)["error"] == "Unavailable"


def test_doctor_finds_this_computer_fit(home: Path, capsys: Out) -> None:
    """Where the tests run, every check holds."""
    found = told(capsys, "doctor", "--dir", str(home))
    assert [check for check in found["checks"] if not check["ok"]] == []
    assert len(prerequisite.CHECKS) == len(found["checks"])


def test_doctor_names_each_failure_and_its_fix(home: Path, capsys: Out) -> None:
    """A taken port, an open key file and a missing policy, each with a fix."""
    key = home / "ana.key"
    wallet.create_key(key, "p")
    key.chmod(0o644)
    profile = wallet.Profile("default", "http://127.0.0.1:1", key, "")
    wallet.save_profile(profile, wallet.home())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found = told(capsys, "doctor", "--port", port, code=1)
    failed = {
        check["name"]: check["fix"] for check in found["checks"] if not check["ok"]
    }
    assert {"ports", "key", "trust", "node"} == failed.keys()
    assert all(failed.values())
    assert f"chmod 600 {key}" == failed["key"]
    assert not found["ok"]


def test_doctor_survives_a_check_that_breaks() -> None:
    """A check that raises something unforeseen is a failed check."""

    def broken(_: Where) -> str:
        raise RuntimeError("odd")

    good, found, _ = prerequisite.run(broken, Where(Path()))
    assert not good
    assert "RuntimeError" in found


def test_doctor_judges_old_parts(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """An old Python, an old SQLite, a wrong clock and missing packages fail."""
    where = Where(home)
    monkeypatch.setattr(prerequisite, "PYTHON", (9, 0))
    monkeypatch.setattr(prerequisite, "SQLITE", (9, 0, 0))
    monkeypatch.setattr(prerequisite, "MODULES", ("no_such_module",))
    monkeypatch.setattr(prerequisite, "SPACE_BYTES", 1 << 80)
    monkeypatch.setattr(prerequisite.time, "time", lambda: 0.0)
    for check in (
        prerequisite.python,
        prerequisite.sqlite,
        prerequisite.modules,
        prerequisite.writing,
        prerequisite.clock,
    ):
        with pytest.raises(ConfigError) as caught:
            check(where)
        assert caught.value.fix


def test_doctor_compares_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node's Date header far from our clock is named with its distance."""
    monkeypatch.setattr(prerequisite.time, "time", lambda: 1_000_000_000.0)
    assert prerequisite._skew("Sun, 09 Sep 2001 01:46:42 GMT") == ", clocks agree"
    assert prerequisite._skew("yesterday") == ""
    with pytest.raises(ConfigError, match="60 s"):
        prerequisite._skew("Sun, 09 Sep 2001 01:45:40 GMT")
