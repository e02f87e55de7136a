"""What a command prints: its findings, a result line, and the next step.

Every command ends here, so that each of them answers "did it work, and what
now?" in the same place. With `--json` there is one JSON document on standard
output and nothing else. Colours are for terminals; `NO_COLOR` is heard.

    command ─► Report ─► show ─► standard output
    error   ───────────► complain ─► standard error
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from privshare.errors import PrivShareError
from privshare.sdk.table import Table, plain

if TYPE_CHECKING:
    from privshare.sdk.receipt import Receipt

_BOLD, _GREEN, _RED, _DIM = "1", "32", "31", "2"


@dataclass(frozen=True, slots=True)
class Report:
    """What a command has to say.

    Attributes:
        done: The result line: one sentence without a full stop.
        data: The same for programs.
        body: Findings above the result line: a table or text.
        next: The next step: a command, or a sentence.
    """

    done: str
    data: Mapping[str, Any] = field(default_factory=dict)
    body: Table | str | None = None
    next: str = ""


def show(
    report: Report, *, as_json: bool, ok: bool = True, out: TextIO | None = None
) -> None:
    """Print a report.

    Args:
        report: What to say.
        as_json: One JSON document instead of text.
        ok: False where a check came out badly.
        out: Standard output unless given.
    """
    out = out or sys.stdout
    if as_json:
        _json({"ok": ok, "done": report.done, "next": report.next, **report.data}, out)
        return
    if report.body is not None:
        text = str(report.body)
        if isinstance(report.body, Table) and report.body.rows:
            head, newline, rest = text.partition("\n")
            text = paint(head, _BOLD, out) + newline + rest
        if text:
            print(text, file=out)
    word = paint("ok", _GREEN, out) if ok else paint("no", _RED, out)
    print(f"{word}    {plain(report.done)}", file=out)
    if report.next:
        print(f"{paint('next', _DIM, out)}  {plain(report.next)}", file=out)


def complain(error: PrivShareError, *, as_json: bool) -> None:
    """Print an error: its name, its cause, its fix, and the rule that refused."""
    if as_json:
        document = {
            "ok": False,
            "error": error.name,
            "cause": error.message,
            "fix": error.fix,
            "detail": error.detail,
        }
        _json(document, sys.stdout)
        return
    out = sys.stderr
    progress("")
    print(f"{paint('error', _RED, out)}  {error.name}", file=out)
    print(f"cause  {plain(error.message)}", file=out)
    for name in ("rule", "step", "trace"):
        if name in error.detail:
            print(f"{name:5}  {plain(str(error.detail[name]))}", file=out)
    if error.fix:
        print(f"fix    {plain(error.fix)}", file=out)


def progress(text: str) -> None:
    """Say what is being waited for, on a terminal only; the line is rewritten."""
    out = sys.stderr
    if out.isatty():
        print(f"\r\x1b[K{plain(text)[:78]}", end="", file=out, flush=True)


def paint(text: str, code: str, out: TextIO) -> str:
    """Colour text where `out` is a terminal that shows colours."""
    coloured = (
        out.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
    return f"\x1b[{code}m{text}\x1b[0m" if coloured else text


def _json(document: Mapping[str, Any], out: TextIO) -> None:
    print(json.dumps(document, ensure_ascii=True, indent=1, default=str), file=out)


def word(text: str) -> str:
    """An id as a command takes it: behind `--` when it looks like an option."""
    return f"-- {text}" if text.startswith("-") else text


def verify_hint(receipt: Path | None, profile: str) -> str:
    """The next step behind a result: how somebody else repeats the check."""
    if receipt is None:
        return "--receipt FILE keeps the proof"
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    policy = wallet.trust_path(profile, wallet.home())
    return f"privshare verify {receipt} --trust {policy}"


def saved(receipt: Receipt | None, path: Path | None) -> str:
    """Save a receipt if that was asked for, and say so behind a comma.

    Args:
        receipt: Verified; None where there is none yet.
        path: The option `--receipt`.
    """
    if path is None:
        return ""
    if receipt is None:
        return ", without a receipt yet"
    return f", receipt in {receipt.save(path)}"
