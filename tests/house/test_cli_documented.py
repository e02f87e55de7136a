"""Every command, argument and option stands in docs/cli.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from privshare.audit import command as verify_command
from privshare.cli import demo
from privshare.cli.application import application

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"

# Documented once for all commands.
COMMON = {"--help"}


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Each command with its words; groups are walked, not returned."""
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        yield from _walk(child, (*path, name))


def _commands() -> list[tuple[str, Any]]:
    return list(_walk(typer.main.get_command(application()), ("privshare",)))


def _options(name: str, command: Any) -> set[str]:
    """Long options of a command; two of them have parsers of their own."""
    if name == "privshare verify":
        actions = verify_command._parser()._actions
        found = {option for action in actions for option in action.option_strings}
    else:
        if name == "privshare demo":
            command = typer.main.get_command(demo.app)
        found = {
            option
            for parameter in command.params
            if parameter.param_type_name == "option"
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
    return {option for option in found if option.startswith("--")} - COMMON


def _sections() -> dict[str, str]:
    """Text of each `### privshare ...` section."""
    sections: dict[str, str] = {}
    title = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            title = line.lstrip("# ").strip("`")
            sections[title] = ""
        elif title:
            sections[title] += line + "\n"
    return sections


@pytest.mark.parametrize(("name", "command"), _commands(), ids=lambda x: str(x)[:40])
def test_a_command_is_documented_with_its_options(name: str, command: Any) -> None:
    """A section of the command's name holds each of its options."""
    sections = _sections()
    assert name in sections, f"docs/cli.md has no section `{name}`"
    missing = {o for o in _options(name, command) if f"`{o}`" not in sections[name]}
    assert not missing, f"{name}: {', '.join(sorted(missing))} not documented"


def test_no_section_outlives_its_command() -> None:
    """A section `privshare ...` belongs to a command that exists."""
    names = {name for name, _ in _commands()}
    told = {name for name in _sections() if name.startswith("privshare ")}
    assert told <= names


def test_exit_codes_are_documented() -> None:
    """The page lists every exit code of `cli.main`."""
    from privshare.cli import main

    text = PAGE.read_text(encoding="utf-8")
    for code in (
        main.OK,
        main.REFUSED,
        main.USAGE,
        main.AWAY,
        main.INTERNAL,
        main.INTERRUPTED,
    ):
        assert f"| {code} |" in text
