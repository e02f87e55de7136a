"""What the child reports when a run stopped, as the errors of this house.

The report comes from a process that held foreign code: it is read with bounds,
and nothing of what the program itself says is passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privshare.jobs.wasm.closure import refuse
from privshare.wire.canonical import Json

#: Rule: what was expected, and what mends it.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "run.abi": (
        "expected the exports that its ABI asks for",
        "docs/modules.md lists them.",
    ),
    "run.cache": (
        "expected compiled code for this machine and runtime, found other code",
        "The entry was set aside; the next run compiles anew.",
    ),
    "run.exit": (
        "expected a program that ends with 0",
        "The table of exit codes is in docs/modules.md.",
    ),
    "run.fuel": (
        "expected an answer before its fuel was used up",
        "Raise the limit, if the program does end.",
    ),
    "run.import": (
        "expected imports that its closure names",
        "Build it without, or list it with the import if the ABI has it.",
    ),
    "run.input": ("expected a table that the program can read", ""),
    "run.memory": ("expected less memory than its limit", "Raise the limit."),
    "run.module": ("expected a WebAssembly module", ""),
    "run.output": ("expected less output than its limit", "Raise the limit."),
    "run.parameters": (
        "expected parameters that fit the table",
        "Check the names and types of the columns.",
    ),
    "run.trap": ("expected a program that runs to its end", ""),
}

#: What exit codes of the library's modules mean.
EXITS: Final[Mapping[int, str]] = {
    1: "parameters that do not fit the table",
    2: "a table that is not a frame",
    3: "more memory used than allowed",
    4: "a number too large to be told",
    5: "fewer rows than may be told of",
    6: "columns that depend on one another",
    7: "more groups than a module counts",
    8: "a row that weighs more than one in k, whose value could be told",
}


def raise_stopped(report: Mapping[str, Any]) -> None:
    """Raise what a report says, or return when the run went well.

    Raises:
        RunRefused: The report has a rule.
    """
    rule = report.get("rule")
    if rule is None:
        return
    if not isinstance(rule, str) or rule not in _WORDS:
        refuse("run.sandbox", "expected a report with a known rule, found another")
    expected, fix = _WORDS[rule]
    detail: dict[str, Json] = {}
    for name in ("exit", "fuel"):
        if isinstance(report.get(name), int):
            detail[name] = report[name]
    found = _found(rule, report)
    if rule == "run.import":
        detail["import"] = found
    refuse(rule, f"{expected}, found {found}" if found else expected, fix=fix, **detail)


def _found(rule: str, report: Mapping[str, Any]) -> str:
    if rule == "run.exit":
        code = report.get("exit")
        meaning = EXITS.get(code) if isinstance(code, int) else None
        return f"exit {code}: {meaning}" if meaning else f"exit {code}"
    text = str(report.get("found", ""))[:160]
    return "".join(c if c.isprintable() else "?" for c in text)
