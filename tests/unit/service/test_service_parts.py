"""The small parts of the service: limits, problems, settings, logs, keys."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import structlog

from privshare import errors
from privshare.errors import ConfigError, PrivShareError
from privshare.service import config, log, node_keys, problems
from privshare.service.config import Settings
from privshare.service.limits import Places, RateLimit
from privshare.service.loop import Loop
from privshare.service.problems import STATUS, Refusal, problem_of, status_of


def test_a_bucket_fills_again() -> None:
    """Tokens come back with time, never above the burst."""
    limit = RateLimit(per_s=2, burst=4)
    assert [limit.take("a", 0.0) for _ in range(4)] == [0.0] * 4
    assert limit.take("a", 0.0) == 0.5
    assert limit.take("a", 0.5) == 0.0
    assert [limit.take("a", 100.0) for _ in range(5)][-1] == 0.5


def test_buckets_are_bounded() -> None:
    """Strangers cannot fill the memory."""
    limit = RateLimit(per_s=1, burst=1, max_names=10)
    for n in range(1000):
        limit.take(str(n), 0.0)
    assert len(limit._buckets) == 10


def test_streams_are_counted() -> None:
    """A place is free again when its stream ends."""
    limit = Places(1)
    assert limit.take()
    assert not limit.take()
    limit.give_back()
    assert limit.take()


def _all_errors() -> list[type[PrivShareError]]:
    return [
        thing
        for thing in vars(errors).values()
        if isinstance(thing, type) and issubclass(thing, PrivShareError)
    ]


@pytest.mark.parametrize("error", _all_errors(), ids=lambda cls: cls.__name__)
def test_every_error_has_a_status(error: type[PrivShareError]) -> None:
    """The nearest class decides, and the name leaves with it."""
    if error is PrivShareError:
        assert status_of(error("x")) == 500
        return
    assert any(cls in STATUS for cls in error.__mro__)
    problem = problem_of(error("expected a, found b", fix="do c"), "t")
    if error in (errors.NativeError, errors.ConfigError):
        assert problem.name is None
        assert problem.detail != "expected a, found b"
    else:
        assert problem.to_json()["title"] == error.__name__
        assert problem.to_json()["fix"] == "do c"


def test_foreign_exceptions_say_nothing() -> None:
    """What an exception of somebody else says stays inside."""
    report = problem_of(ValueError("a secret"), "t").to_json()
    assert report["status"] == 500
    assert "secret" not in json.dumps(report)


def test_a_report_is_always_json() -> None:
    """Whatever an error carries, a report leaves."""
    detail = {
        "big": 2**80,
        "bytes": b"x",
        "float": 1.5,
        "list": [1, b"x", {"a": object()}],
        "title": "Other",
        "lone": "\ud800",
    }
    body = problem_of(errors.NotFound("x", detail=detail), "t").body()
    assert json.loads(body)["title"] == "NotFound"
    del detail["lone"]
    report = json.loads(problem_of(errors.NotFound("x", detail=detail), "t").body())
    assert report["title"] == "NotFound"
    assert report["big"] == str(2**80)
    assert "bytes" not in report


def test_a_refusal_has_its_own_status() -> None:
    """HTTP may say more than the error does."""
    error = errors.OutOfRange("expected less, found more")
    problem = problem_of(Refusal(error, 413, {"Allow": "x"}), "t")
    assert (problem.status, problem.name) == (413, "OutOfRange")
    assert problem.headers["Allow"] == "x"
    late = problems.retry_after(errors.Unavailable("x"), 0.2, 429)
    assert late.headers["Retry-After"] == "1"


BASE = {
    "agency": "tax",
    "network": "demo",
    "role": "host",
    "url": "http://127.0.0.1:7101",
    "bind": "127.0.0.1:7101",
}


def test_settings_round_trip(tmp_path: Path) -> None:
    """What `write` wrote, `load` reads."""
    settings = config.checked({**BASE, "threads": 32})
    config.write(tmp_path, settings)
    assert config.load(tmp_path) == settings
    assert "rate_per_s" not in (tmp_path / config.FILE).read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agency", "Tax"), ("network", "X"), ("role", "guest"), ("url", "tax:7101"),
        ("url", "http://h:1/path"), ("bind", "7101"), ("bind", "h:0"),
        ("bind", "h:70000"), ("threads", 1), ("threads", "many"), ("rate_per_s", 0),
        ("log_level", "loud"), ("thread", 16),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_fit_stops_the_start(
    tmp_path: Path, name: str, value: Any
) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigError) as error:
        config.checked({**BASE, name: value})
    assert error.value.detail["setting"] == name
    assert name in error.value.message


def test_the_environment_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting of the environment wins over the file's."""
    monkeypatch.setenv("PRIVSHARE_NODE_THREADS", "8")
    settings = config.checked({**BASE, "threads": 32})
    assert settings.threads == 8
    assert settings.max_streams == 2


def test_a_directory_without_a_node(tmp_path: Path) -> None:
    """What is no node directory is named."""
    with pytest.raises(ConfigError, match=r"node\.toml"):
        config.load(tmp_path)
    (tmp_path / config.FILE).write_text("agency = [")
    with pytest.raises(ConfigError, match="TOML"):
        config.load(tmp_path)


def test_every_setting_is_documented() -> None:
    """services/node/settings.md names each setting with its default."""
    page = Path(__file__).parents[3] / "services" / "node" / "settings.md"
    text = page.read_text(encoding="utf-8")
    for name, info in Settings.model_fields.items():
        assert f"`{name}`" in text, name
        assert info.description and info.description in text, name


def test_logs_are_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """Fields that could hold secrets are dropped, bytes too."""
    event = {"passphrase": "x", "Signature": "y", "data": b"z", "long": "a" * 9999}
    clean = log.redact(None, "info", dict(event))
    assert clean["passphrase"] == clean["Signature"] == clean["data"] == "[redacted]"
    assert len(clean["long"]) < 600
    before = structlog.get_config()
    try:
        log.configure("info")
        log.logger().info("hello", secret="x", n=1)
        log.logger().debug("quiet")
    finally:
        structlog.configure(**before)
    line = capsys.readouterr().err
    assert json.loads(line)["secret"] == "[redacted]"


def test_keys_are_written_once_and_closed(tmp_path: Path) -> None:
    """A node's keys: encrypted, 0600, never overwritten, read back the same."""
    made = node_keys.generate(tmp_path, "pass", host=True)
    folder = tmp_path / node_keys.FOLDER
    names = {path.name for path in folder.iterdir()}
    uses = ("sign", "witness", "seal", "he", "open", "log")
    assert names == {f"{use}.key" for use in uses}
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert made.node.sign.seed() not in path.read_bytes()
    read = node_keys.load(tmp_path, "pass")
    assert read.public() == made.public()
    with pytest.raises(ConfigError):
        node_keys.generate(tmp_path, "pass", host=True)
    with pytest.raises(ConfigError, match="passphrase"):
        node_keys.load(tmp_path, "other")
    os.chmod(folder / "sign.key", 0o644)
    with pytest.raises(ConfigError, match="0644"):
        node_keys.load(tmp_path, "pass")


def test_passphrases_come_from_three_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, then the environment, then a terminal; else it is said."""
    monkeypatch.delenv(node_keys.PASSPHRASE_VARIABLE, raising=False)
    file = tmp_path / "pass"
    file.write_text("from a file\n")
    assert node_keys.read_passphrase(file) == "from a file"
    file.write_text("\n")
    with pytest.raises(ConfigError):
        node_keys.read_passphrase(file)
    with pytest.raises(ConfigError):
        node_keys.read_passphrase(tmp_path / "none")
    with open(os.devnull) as nobody, monkeypatch.context() as patched:
        patched.setattr("sys.stdin", nobody)
        with pytest.raises(ConfigError, match="terminal"):
            node_keys.read_passphrase()
    monkeypatch.setenv(node_keys.PASSPHRASE_VARIABLE, "from the environment")
    assert node_keys.read_passphrase() == "from the environment"


def test_a_loop_outlives_its_failures() -> None:
    """A round that fails is tried again, and the last error is kept."""
    import threading

    rounds: list[int] = []
    enough = threading.Event()

    def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise errors.Unavailable("away")
        if len(rounds) == 2:
            raise ZeroDivisionError
        enough.set()

    loop = Loop("test", 0.01, work)
    loop.start()
    assert enough.wait(10)
    loop.close()
    assert loop.error == ""
    assert loop.succeeded > 0
