"""The threshold key by commands alone: three agencies, three node processes."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_cli_nodes import Town
from threshold_kit import dealt

import privshare.sdk.threshold
from privshare import sdk
from privshare.cli.threshold import _save
from privshare.errors import ConfigError, Conflict, EncodingError
from privshare.schemes.threshold import KeyShare, combine
from privshare.service import node_keys

pytestmark = pytest.mark.server

PEOPLE = (
    ("registrar", "operator"),
    ("registrar", "steward"),
    ("title", "steward"),
    ("tax", "steward"),
    ("tax", "analyst"),
)
OPERATOR = ("-p", "registrar-operator")
ALL = "registrar,title,tax"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A network of three, running; keys come from typed-in primes."""
    made = Town(tmp_path_factory.mktemp("threshold"), PEOPLE)
    drawn: list[Any] = []

    def draw(threshold: int, holders: int, _bits: int) -> Any:
        drawn.append(dealt(threshold, holders, len(drawn)))
        return drawn[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVSHARE_HOME", str(made.folder / "home"))
        patch.setenv("PRIVSHARE_PASSPHRASE", "correct horse")
        patch.setattr(sys, "stdin", io.StringIO())
        patch.setattr(privshare.sdk.threshold, "deal_key", draw)
        try:
            made.found()
            made.serve()
            made.pin()
            yield made
        finally:
            made.close()


def steward(agency: str) -> tuple[str, str]:
    """The profile of an agency's steward."""
    return ("-p", f"{agency}-steward")


def test_options_are_asked_for(town: Town) -> None:
    """What is missing is named before anything is drawn."""
    for words in (
        ("--holders", ALL, "--out", "x"),
        ("--threshold", "2", "--out", "x"),
        ("--threshold", "2", "--holders", ALL),
        ("--threshold", "2", "--holders", "title,,tax", "--out", "x"),
        ("--from", ".", "--threshold", "2"),
        ("--from", "."),
    ):
        found = town.run("threshold", "deal", *words, *OPERATOR, code=2)
        assert found["error"] == "ConfigError", words
    found = town.run("threshold", "show", "-p", "tax-analyst")
    assert found["active"] is None and found["epochs"] == []
    assert "deal" in found["next"]


def test_only_the_operator_deals(town: Town) -> None:
    """A steward is refused, and no file is left; a stranger holds nothing."""
    words = ("threshold", "deal", "-k", "2", "--out", "refused")
    found = town.run(*words, "--holders", ALL, *steward("tax"), code=1)
    assert found["error"] == "NotPermitted"
    assert not list((town.folder / "refused").iterdir())
    found = town.run(*words, "--holders", "title,fire", *OPERATOR, code=1)
    assert found["error"] == "NotFound" and "fire" in found["cause"]


def test_a_key_is_dealt_and_taken_over(town: Town) -> None:
    """One sealed file a holder; two acceptances, and it is the key."""
    words = ("threshold", "deal", "-k", "2", "--holders", ALL, "--out", "shares")
    made = town.run(*words, *OPERATOR)
    names = [Path(file).name for file in made["files"]]
    assert names == [f"share-1-{agency}.json" for agency in ALL.split(",")]
    for file in made["files"]:
        assert json.loads((town.folder / file).read_bytes())["network"] == "cli.test"

    def take(file: str, agency: str, code: int = 0) -> Any:
        return town.run("threshold", "import", file, *steward(agency), code=code)

    assert take("shares/share-1-title.json", "title")["status"] == "dealt"
    wrong = take("shares/share-1-registrar.json", "tax", 1)
    assert wrong["error"] == "VerificationError"
    assert wrong["fix"] == "hand it to registrar"
    assert take("shares/none.json", "tax", 2)["error"] == "ConfigError"
    assert take("tax-steward.key", "tax", 1)["error"] == "EncodingError"
    done = take("shares/share-1-tax.json", "tax")
    assert (done["status"], done["share"], done["epoch"]) == ("active", 3, 1)
    assert take("shares/share-1-tax.json", "tax", 1)["error"] == "Conflict"

    found = town.run("threshold", "show", "-p", "tax-analyst")
    assert found["active"] == 1
    (epoch,) = found["epochs"]
    waiting = [one["agency"] for one in epoch["holders"] if one["accepted"] is None]
    assert waiting == ["registrar"] and epoch["held"] is True
    text = town.run("threshold", "show", *OPERATOR, json_out=False)
    assert "registrar (waiting)" in text and "any 2 of" in text


def test_the_key_is_reshared(town: Town) -> None:
    """Title and tax share it among registrar and tax, who both must open."""
    for agency in ("title", "tax"):
        words = ("--to", "registrar,tax", "-k", "2", "--by", "title,tax")
        made = town.run(
            "threshold", "reshare", *words, "--out", "parts", *steward(agency)
        )
        assert Path(made["public"]).name == f"resharing-1-{agency}.json"
    again = ("--to", "registrar,tax", "-k", "2", "--by", "title,tax", "--out", "parts")
    assert (
        town.run("threshold", "reshare", *again, *steward("tax"), code=1)["error"]
        == "Conflict"
    )
    done = town.run("threshold", "deal", "--from", "parts", *OPERATOR)
    assert done["epoch"] == 2
    for agency in ("registrar", "tax"):
        files = [f"parts/part-1-{old}-to-{agency}.json" for old in ("title", "tax")]
        few = town.run("threshold", "import", files[0], *steward(agency), code=1)
        assert few["error"] == "EncodingError"
        done = town.run("threshold", "import", *files, *steward(agency))
    assert done["status"] == "active"
    epochs = town.run("threshold", "show", *OPERATOR)["epochs"]
    assert [one["status"] for one in epochs] == ["active", "superseded"]
    assert epochs[0]["kid"] == epochs[1]["kid"]


def test_shares_outlive_the_process(town: Town) -> None:
    """A node that is started again has its shares; its log never named them."""
    process = town.processes[2]
    process.send_signal(signal.SIGTERM)
    assert process.wait(45) == 0
    del town.processes[2]
    log = (town.folder / "tax.log").read_bytes()
    secrets = node_keys.load(town.folder / "tax", "correct horse")
    first, second = secrets.shares.get(1), secrets.shares.get(2)
    assert isinstance(first, KeyShare) and isinstance(second, KeyShare)
    assert (first.index, second.index) == (3, 2)
    other = node_keys.load(town.folder / "registrar", "correct horse").shares.get(2)
    assert other is not None and other.index == 1
    for share in (first, second, other):
        digits = str(share.value).encode()
        assert digits[:40] not in log and share.to_bytes()[:200] not in log
    with sdk.connect("registrar-operator") as net:
        key = net.threshold.key(2)
    total = key.public.encrypt_batch([42])
    partials = [share.partial(key, [total], b"") for share in (second, other)]
    assert combine(key, [total], partials) == [42]


@pytest.mark.parametrize("name", ["../x.json", "/tmp/x.json", "a/b.json", "..", ""])
def test_a_node_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    """Names of files come from the node; none leads out of the folder."""
    out = tmp_path / "out"
    with pytest.raises(EncodingError):
        _save(out, {"part.json": b"{}", name: b"{}"})
    assert not list(tmp_path.rglob("*.json"))


def test_no_file_is_written_over(tmp_path: Path) -> None:
    """Neither one that is there, nor what a link points to, nor a file for a folder."""
    (tmp_path / "part.json").write_bytes(b"old")
    with pytest.raises(Conflict):
        _save(tmp_path, {"part.json": b"new"})
    (tmp_path / "link.json").symlink_to(tmp_path / "target")
    with pytest.raises(ConfigError):
        _save(tmp_path, {"link.json": b"new"})
    with pytest.raises(ConfigError):
        _save(tmp_path / "part.json", {"new.json": b"new"})
    assert (tmp_path / "part.json").read_bytes() == b"old"
    assert not (tmp_path / "target").exists()
