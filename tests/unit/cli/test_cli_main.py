"""The command line: what it says, and what it returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from privshare import errors
from privshare.cli import main as cli_main
from privshare.cli.main import exit_code, main
from privshare.cli.output import Report, complain, show, word
from privshare.sdk.table import Table

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "privshare", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PRIVSHARE_PASSPHRASE": "", **environ},
    )


def test_exit_codes_are_those_of_the_page() -> None:
    """docs/errors.md and `exit_code` say the same of every error."""
    said = 0
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and cells[3].isdecimal():
            kind = getattr(errors, cells[1].strip("`"))
            assert int(cells[3]) == exit_code(kind("x")), cells[1]
            said += 1
    assert said > 20


def test_an_error_prints_cause_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, cause, rule and fix, each on its line; control characters spelled."""
    error = errors.GrantExpired(
        "too late\x1b[2J", fix="ask again", detail={"rule": "grant.expired"}
    )
    complain(error, as_json=False)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "error  GrantExpired\ncause  too late\\x1b[2J\nrule   grant.expired\n"
        "fix    ask again\n"
    )


def test_an_error_is_json_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """One document on standard output, and nothing on the other."""
    assert main(["profile", "show", "none", "--json"]) == 1
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert (document["ok"], document["error"]) == (False, "NotFound")
    assert told.err == ""


def test_a_report_ends_with_result_and_next_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Body, result line, next step, without colours where no terminal is."""
    report = Report("did it", {"n": 1}, Table(("a",), (("b",),)), "privshare x")
    show(report, as_json=False)
    assert capsys.readouterr().out == "a\nb\nok    did it\nnext  privshare x\n"
    show(report, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document == {"ok": True, "done": "did it", "next": "privshare x", "n": 1}


@pytest.mark.parametrize(
    "words", [["nix"], ["key"], ["key", "nix"], ["key", "new"], ["grant", "show", "-z"]]
)
def test_mistakes_are_usage(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake on the command line is exit code 2, and points to the help."""
    assert main(words) == 2
    told = capsys.readouterr()
    assert "--help" in told.out + told.err


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` is exit code 0 everywhere."""
    for words in (["--help"], ["key", "--help"], ["key", "new", "--help"]):
        assert main(words) == 0
        assert "Usage: privshare" in capsys.readouterr().out


def test_our_own_faults_are_told_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unexpected exception is 70 and names its place, never its message."""
    import privshare.cli.application as application

    def fail(_: object) -> int:
        raise ValueError("s3cret")

    monkeypatch.setattr(application, "invoke", fail)
    monkeypatch.setenv(cli_main.DEBUG_VARIABLE, "1")
    assert main(["key"]) == cli_main.INTERNAL
    told = capsys.readouterr()
    assert "ValueError" in told.err
    assert "s3cret" not in told.err + told.out


def test_interruption_is_not_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C ends with 130 and no traceback."""
    import privshare.cli.application as application

    def stop(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(application, "invoke", stop)
    assert main(["key"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_ids_that_look_like_options_are_guarded() -> None:
    """An id that begins with a hyphen stands behind `--` in a next step."""
    assert (word("-abc"), word("abc")) == ("-- -abc", "abc")


def test_no_passphrase_and_no_terminal_is_said(tmp_path: Path) -> None:
    """Nothing waits for an answer that nobody can give."""
    done = run("key", "new", str(tmp_path / "a.key"))
    assert done.returncode == 2
    assert "--passphrase-file" in done.stderr
    assert not (tmp_path / "a.key").exists()


@pytest.mark.parametrize(
    ("words", "banned"),
    [
        (
            ["--help"],
            {"flask", "sqlmodel", "sqlalchemy", "httpx", "cryptography", "rich"},
        ),
        (["key", "--help"], {"flask", "sqlmodel", "sqlalchemy", "httpx", "rich"}),
        (["doctor", "--help"], {"flask", "sqlmodel", "sqlalchemy", "httpx"}),
        (["job", "--help"], {"flask", "sqlmodel", "sqlalchemy", "httpx"}),
        (["node", "--help"], {"flask", "sqlmodel", "sqlalchemy", "httpx"}),
        (["verify", "--help"], {"typer", "rich", "flask", "httpx", "sqlmodel"}),
    ],
)
def test_commands_start_without_what_they_do_not_need(
    words: list[str], banned: set[str]
) -> None:
    """Help comes without a web server, a database or an HTTP client."""
    code = (
        "import sys\n"
        "from privshare.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit:\n    pass\n"
        "print('loaded', *sys.modules, sep=' ')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.rsplit("loaded ", 1)[1].split())
    assert not banned & loaded


def test_importing_the_package_costs_nothing() -> None:
    """`import privshare` loads no dependency; its names come when used."""
    code = (
        "import sys, privshare\n"
        "heavy = {'httpx', 'cryptography', 'typer', 'flask', 'pandas', 'cffi'}\n"
        "print(heavy & set(sys.modules))\n"
        "assert privshare.errors.NotFound and callable(privshare.sum)\n"
        "assert callable(privshare.connect) and privshare.Client\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The package's lazy names are those of `__all__` and no others."""
    import privshare

    for name in privshare.__all__:
        assert getattr(privshare, name) is not None
    with pytest.raises(AttributeError):
        _ = privshare.nothing
