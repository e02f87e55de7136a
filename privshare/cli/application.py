"""The tree of commands, built as far as the command line asks.

Groups are named here with their one-line help; a group's module is imported
only when the first word names it, so that `privshare --help` and mistakes
cost nothing. `whole` builds everything, for the documentation's test.

    argv ─► application(first word) ─► group ─► command ─► exit code
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

import typer

from privshare.cli.command import Command
from privshare.cli.main import OK, USAGE

#: Groups of commands, in the order of a first day.
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "node": "Run an agency's node: init, admit, join, enrol, serve, status.",
        "key": "A person's key file: new, show, rotate.",
        "profile": "Where to connect, with which key, trusting whom.",
        "dataset": "Publish tables and say who may use them.",
        "grant": "Ask for rights, decide on them, end them.",
        "record": "Read one record that a grant allows.",
        "job": "Compute on records that nobody may see.",
        "code": "Measured programs: list, propose, approve, withdraw.",
        "appraisal": "By which policy your agency appraises evidence.",
        "proof": "Prove one thing about a value, and nothing else of it.",
        "evidence": "What machines say of themselves, verified offline.",
        "ring": "Speak as one of many; name an author together.",
        "survey": "Ask many people; no agency sees an answer.",
        "syft": "Code that scientists submit with PySyft, approved by its bytes.",
        "threshold": "The consortium's key: deal, import, reshare, show.",
        "ledger": "Look into the log, anchor files, audit it whole.",
        "receipt": "List and save receipts.",
    }
)

#: Single commands: module, function, one-line help.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "Three bureaus share on this computer; nothing leaves it.",
        "verify": "Verify a receipt or a bundle, offline.",
        "doctor": "Check what PrivShare needs, and name each fix.",
        "version": "Print the version and the code that runs.",
    }
)

_PASSED_ON = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


def application(first: str | None = None) -> typer.Typer:
    """Build the commands.

    Args:
        first: The first word of the command line; only this group is loaded.
            None loads all of them.
    """
    app = typer.Typer(
        name="privshare",
        help="Agencies compute on records they may not hand over; every operation "
        "ends in a receipt that an auditor verifies offline.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.command("demo", help=COMMANDS["demo"], context_settings=_PASSED_ON)(_demo)
    for name, text in GROUPS.items():
        wanted = first is None or first == name
        group = _load(name) if wanted else typer.Typer(help=text, rich_markup_mode=None)
        app.add_typer(group, name=name, help=text, no_args_is_help=True)
    app.command("verify", help=COMMANDS["verify"], context_settings=_PASSED_ON)(_verify)
    if first in (None, "doctor"):
        from privshare.cli.doctor import doctor  # noqa: PLC0415 - lazy

        app.command("doctor", help=COMMANDS["doctor"])(doctor)
    else:
        app.command("doctor", help=COMMANDS["doctor"])(_nothing)
    app.command("version", help=COMMANDS["version"])(version)
    return app


def invoke(argv: Sequence[str]) -> int:
    """Run a command line.

    Returns:
        The exit code of what went as planned; a usage error is told here.

    Raises:
        PrivShareError: What the command raises.
    """
    first = next((word for word in argv if not word.startswith("-")), "")
    # Click's own base of errors, wherever this version of typer keeps it.
    usage_error = cast(type[Exception], typer.BadParameter.__mro__[2])
    try:
        code = application(first)(
            args=list(argv), prog_name="privshare", standalone_mode=False
        )
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        print("aborted", file=sys.stderr)
        return USAGE
    except usage_error as error:
        return _usage(error)
    return code if isinstance(code, int) else OK


def version() -> None:
    """Print the version and the code that runs."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - lazy
    from importlib.metadata import version as of  # noqa: PLC0415 - lazy

    from privshare.bindings.hash import backend_name  # noqa: PLC0415 - lazy

    try:
        number = of("privshare")
    except PackageNotFoundError:
        number = "from a source tree"
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"privshare {number}, core {backend_name()}, Python {python}")


def _usage(error: Exception) -> int:
    """Tell a mistake on the command line; no words at all get the help."""
    text = cast(str, getattr(error, "format_message", lambda: str(error))())
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(text)
        return USAGE
    path = context.command_path if context is not None else "privshare"
    print(f"error  usage\ncause  {text}\nfix    {path} --help", file=sys.stderr)
    return USAGE


def _load(name: str) -> typer.Typer:
    app = cast(typer.Typer, importlib.import_module(f"privshare.cli.{name}").app)
    for each in app.registered_commands:
        each.cls = Command
    return app


def _demo(context: typer.Context) -> int:
    """Hand over to the demonstration's own application."""
    from privshare.cli.demo import app  # noqa: PLC0415 - lazy

    code = app(
        args=list(context.args), prog_name="privshare demo", standalone_mode=False
    )
    return code if isinstance(code, int) else OK


def _verify(context: typer.Context) -> int:
    """Hand over to the verifier; main goes there without passing here."""
    from privshare.cli import verify  # noqa: PLC0415 - lazy

    return verify.main(list(context.args))


def _nothing() -> None:
    """Stand for a command that this command line does not name."""
