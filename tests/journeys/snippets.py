"""Fenced blocks of the documentation, found and run.

A page's blocks run in order: `python` in one namespace, `console` in one shell
and one folder. In a console block a line that starts with `$ ` is a command
(lines of a here-document, or behind a backslash, belong to it); every other
line is sample output, of which only the first word is looked for, and of an
error its name. A command may end in `# exit N` when N is what the page expects.

    page ─► blocks ─► python: Interpreter.run
                  └─► console: commands ─► Shell.run
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]

#: Languages of blocks that are run, and of those that are not code.
RUN = frozenset({"console", "python"})
NOT_CODE = frozenset({"csv", "http", "json", "text", "toml"})

#: Pages whose blocks need an extra: tests/pysyft runs them, where it is installed.
EXTRA = frozenset({"docs/syft.md"})

COMMAND_TIMEOUT_S = 180.0

_FENCE = re.compile(r"^ *```(.*)$")
_HERE = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_EXIT = re.compile(r"\s+# exit (\d+)$")
_START = re.compile(r"error  \w+|[A-Za-z]+(?=\s|$)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PORT = re.compile(r"127\.0\.0\.1:(\d{4,5})")

# `make demo` without the set-up: the tests run where that is done.
_MAKE = """make() {
  command make -f "$PRIVSHARE_SOURCE/Makefile" VENV="$PRIVSHARE_VENV" \\
    -o "$PRIVSHARE_VENV/.ready" DEMO=--fast "$@"
}"""


class SnippetError(AssertionError):
    """What a page says does not happen."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        page: Path below the repository.
        line: Of its first line, counted from 1.
        language: The word behind the fence; "" for none.
        text: What is inside.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(slots=True)
class Command:
    """One command of a console block.

    Attributes:
        where: Page and line.
        text: What the shell gets.
        exit: The exit code that the page expects.
        sample: The lines of output that the page shows.
    """

    where: str
    text: str
    exit: int = 0
    sample: list[str] = field(default_factory=list)


def pages() -> list[str]:
    """The pages whose blocks are run, as paths below the repository."""
    found = [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]
    return sorted(str(page.relative_to(REPOSITORY)) for page in found if page.is_file())


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found: list[Block] = []
    language: str | None = None
    begun, inside = 0, list[str]()
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if fence is None:
            inside.append(line)
        elif language is None:
            language, begun, inside = fence[1].strip(), number + 1, []
        else:
            found.append(Block(page, begun, language, "\n".join(inside) + "\n"))
            language = None
    if language is not None:
        raise SnippetError(f"{page}:{begun}: a block that is not closed")
    return found


def links(page: str) -> list[str]:
    """Targets of a page's links that stay in the repository."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    prose = re.sub(r"(?ms)^```.*?^```$", "", text)
    return [target for target in _LINK.findall(prose) if "://" not in target]


def headings(path: Path) -> set[str]:
    """The anchors that a page's headings give."""
    found = re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in found
    }


def documents(block: Block) -> list[Any]:
    """What a JSON block holds: one document, or one on each line.

    A block with an ellipsis is shortened, and holds none.
    """
    if "…" in block.text:
        return []
    try:
        return [json.loads(block.text)]
    except ValueError:
        return [json.loads(line) for line in block.text.splitlines()]


def commands(block: Block) -> list[Command]:
    """The commands of a console block, each with the output it shows."""
    found: list[Command] = []
    lines = iter(enumerate(block.text.splitlines(), block.line))
    for number, line in lines:
        if line.startswith("$ "):
            found.append(_command(f"{block.page}:{number}", line[2:], lines))
        elif not found:
            raise SnippetError(f"{block}: expected a first line that starts with `$ `")
        else:
            found[-1].sample.append(line)
    return found


def _command(where: str, text: str, lines: Iterator[tuple[int, str]]) -> Command:
    """Take the lines that belong to a command."""
    here = _HERE.search(text)
    if here is not None:
        for _, line in lines:
            text += f"\n{line}"
            if line == here[1]:
                return Command(where, text)
        raise SnippetError(f"{where}: expected a line {here[1]}, found none")
    while text.endswith("\\"):
        text += f"\n{next(lines)[1]}"
    end = _EXIT.search(text)
    return (
        Command(where, text[: end.start()], int(end[1]))
        if end
        else Command(where, text)
    )


def ports(found: list[Block]) -> list[int]:
    """The ports on 127.0.0.1 that blocks name, each once, in order."""
    numbers = (int(n) for block in found for n in _PORT.findall(block.text))
    return list(dict.fromkeys(numbers))


def with_ports(text: str, replaced: Mapping[int, int]) -> str:
    """Text with other ports on 127.0.0.1."""

    def other(match: re.Match[str]) -> str:
        port = int(match[1])
        return f"127.0.0.1:{replaced.get(port, port)}"

    return _PORT.sub(other, text)


class Interpreter:
    """One namespace for the Python blocks of a page; `await` stands anywhere."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self.names: dict[str, object] = {"__name__": "__page__", **names}
        self._runner = asyncio.Runner()

    def run(self, block: Block, text: str) -> None:
        """Run a block; its errors point into the page."""
        code = compile(
            "\n" * (block.line - 1) + text,
            str(REPOSITORY / block.page),
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            dont_inherit=True,
        )
        pending = eval(code, self.names)
        if inspect.iscoroutine(pending):
            self._runner.run(pending)

    def close(self) -> None:
        """End the event loop."""
        self._runner.close()


class Shell:
    """One bash for the console blocks of a page; use it in a `with`.

    Leaving it ends what the page started in the background.

    Args:
        folder: Where it starts.
        environ: Beside PATH with this interpreter's commands in front.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        scripts = str(Path(sys.executable).parent)
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env={
                **os.environ,
                **environ,
                "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
                "PRIVSHARE_SOURCE": str(REPOSITORY),
                "PRIVSHARE_VENV": sys.prefix,
                "NO_COLOR": "1",
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._number = 0
        self._said(_MAKE)

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask what runs to end, wait a little, and end the rest."""
        with suppress(SnippetError):
            self._said("kill $(jobs -p) 2>/dev/null; wait", timeout_s=20)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def run(self, command: Command, text: str) -> str:
        """Run a command and hold it against what the page shows.

        Returns:
            What it printed.

        Raises:
            SnippetError: Another exit code, or a line of the sample that
                begins as no line that was printed.
        """
        code, said = self._said(text)
        if code != command.exit:
            raise SnippetError(
                f"{command.where}: expected exit code {command.exit}, found {code}\n"
                f"$ {text}\n{said}"
            )
        for line in command.sample:
            start = _START.match(line)
            if start is not None and not re.search(rf"(?m)^{start[0]}\b", said):
                raise SnippetError(
                    f"{command.where}: expected a line {line!r}, found none\n{said}"
                )
        return said

    def _said(self, text: str, timeout_s: float = COMMAND_TIMEOUT_S) -> tuple[int, str]:
        """(exit code, output) of a command."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._number += 1
        mark = f"\x01{self._number}:"
        script = f"{{ {text}\n}} </dev/null\nprintf '{mark}%d\\n' $?\n"
        try:
            self._process.stdin.write(script.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise SnippetError(f"expected a shell for: {text}, found none") from None
        said, deadline = b"", time.monotonic() + timeout_s
        end = re.compile(re.escape(mark.encode()) + rb"(\d+)\n")
        while (match := end.search(said)) is None:
            ready, _, _ = select.select(
                [self._process.stdout], [], [], max(0, deadline - time.monotonic())
            )
            piece = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
            said += piece
            if not piece:
                what = "an end" if ready else f"an end within {timeout_s:g} s"
                raise SnippetError(
                    f"expected {what} of: {text}\n{said.decode(errors='replace')}"
                )
        return int(match[1]), said[: match.start()].decode(errors="replace")
