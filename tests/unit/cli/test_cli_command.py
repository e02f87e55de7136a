"""Words that begin with a hyphen and are ids."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer

from privshare.cli.application import GROUPS, application
from privshare.cli.command import Command

WHOLE = "-9" + "x" * 40 + "A"
TWO = "--" + "x" * 40 + "A"


def parsed(*words: str) -> dict[str, object]:
    """What a command of ours takes from words."""
    found: dict[str, object] = {}
    app = typer.Typer()

    @app.command(cls=Command)
    def _take(
        ids: Annotated[list[str], typer.Argument()],
        out: Annotated[str, typer.Option("--out", "-o")] = "",
        many: Annotated[list[str] | None, typer.Option("--many")] = None,
        long: Annotated[bool, typer.Option("--long")] = False,
    ) -> None:
        found.update(ids=ids, out=out, many=many, long=long)

    app(args=list(words), standalone_mode=False)
    return found


@pytest.mark.parametrize("word", [WHOLE, TWO, "-9xxxxx", "-_xxxx", WHOLE[:-1]])
@pytest.mark.parametrize("at", [0, 1, 2, 4])
def test_an_id_may_begin_with_a_hyphen(word: str, at: int) -> None:
    """Anywhere on the line: it is a value, and arrives as it was written."""
    words = ["job", "--long", "--many", "one"]
    words.insert(at, word)
    found = parsed(*words)
    assert word in found["ids"]  # type: ignore[operator]
    assert (found["long"], found["many"]) == (True, ["one"])


@pytest.mark.parametrize("word", [WHOLE, TWO, "-9xxxxx"])
def test_a_value_of_an_option_may_too(word: str) -> None:
    """Behind an option, once or many times."""
    found = parsed("job", "--out", word, "--many", word, f"--many={word}")
    assert found == {"ids": ["job"], "out": word, "many": [word, word], "long": False}


def test_options_stay_options() -> None:
    """Short ones with their value beside them; what nobody declared is refused."""
    assert parsed("job", "-ofolder1")["out"] == "folder1"
    for wrong in ("--unknown", "-x", "-9xxx", "--" + "x" * 39):
        with pytest.raises(typer.BadParameter.__mro__[2], match="No such option"):
            parsed("job", wrong)


def path_of(*words: str, exists: bool) -> object:
    """What a command takes for its file and folder."""
    found: list[object] = []
    app = typer.Typer()
    file = typer.Argument(exists=exists)
    out = typer.Option("--out", exists=exists)

    def take(file: Path, out: Path = Path()) -> None:
        found.append((file, out))

    take.__annotations__ = {"file": Annotated[Path, file], "out": Annotated[Path, out]}
    app.command(cls=Command)(take)
    app(args=list(words), standalone_mode=False)
    return found[0]


def test_a_file_that_looks_like_an_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option takes it as it is; an argument is written ./-file, as ever."""
    monkeypatch.chdir(tmp_path)
    Path("here").touch()
    Path("-folder").touch()
    wanted = (Path("here"), Path("-folder"))
    for exists in (False, True):
        assert path_of("here", "--out", "-folder", exists=exists) == wanted
        assert path_of("./-folder", exists=exists) == (Path("-folder"), Path())
        with pytest.raises(typer.BadParameter.__mro__[2], match="No such option"):
            path_of("-folder", exists=exists)


def test_every_command_is_of_the_class() -> None:
    """No group has a command that takes such an id for an option."""
    for name in GROUPS:
        group = next(
            one.typer_instance
            for one in application(name).registered_groups
            if one.name == name
        )
        assert group is not None and group.registered_commands
        assert all(each.cls is Command for each in group.registered_commands)
