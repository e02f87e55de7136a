"""`privshare job mpc` and `job programs`: three nodes compute on shares.

    job programs ─► what can be asked for, what each program tells and costs
    job mpc PROGRAM COLUMN... ─► --estimate: who learns what, what it costs
                              └► runs: table, receipt; --no-wait: job wait JOB

A column is `owner/dataset.column`. What a program takes by a word of its own (`--y`,
`--by`, `--unit`) and what else it is told (`--set`) stands in `job programs PROGRAM`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    SaveOption,
    connected,
    hint,
)
from privshare.cli.output import Report, progress, saved, show, verify_hint, word
from privshare.errors import ConfigError, EncodingError
from privshare.sdk.table import MAX_VALUE, Table

if TYPE_CHECKING:
    from privshare.sdk import Client
    from privshare.sdk.call import Blocking
    from privshare.sdk.shares import SharesQuery
    from privshare.sdk.shares_result import SharesResult

#: Longest file of roots, in bytes.
_MAX_ROOTS = 1 << 20
_CUT = 34
_BOUNDS = re.compile(r"([a-z][a-z0-9_]*)=(-?\d{1,16})\.\.(-?\d{1,16})")
_UNIT = re.compile(r"([a-z][a-z0-9_]*)=(-?\d{1,16})/(\d{1,16})")

AcceptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        help="A trust class to take, such as software; may be repeated. Those of "
        "hardware unless said.",
        metavar="CLASS",
    ),
]
RootsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--trial-roots",
        help="A file of test roots, to try things out; may be repeated.",
        metavar="FILE",
    ),
]


def programs(
    *,
    program: Annotated[
        str | None,
        typer.Argument(metavar="[PROGRAM]", help="All about one of them."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what three nodes compute on shares: columns, leaks, cost. Offline."""
    from privshare.sdk.shares_form import (  # noqa: PLC0415 - lazy
        SAMPLE_ROWS,
        form,
        rows,
    )

    found = rows(program)
    body: Table
    if program is None:
        heads = ("program", "columns", "settings", "nodes also learn", "cost")
        body = Table(
            heads,
            tuple(
                (
                    one["short"] or one["program"],
                    one["columns"].replace("COLUMN", "COL"),
                    one["settings"],
                    one["leaks"],
                    one["cost"],
                )
                for one in found
            ),
            cut=_CUT,
        )
        after = "privshare job programs PROGRAM"
    else:
        (one,) = found
        asked = form(program)
        lines = [
            ("program", one["program"]),
            ("in policies", one["name"]),
            ("takes", one["inputs"]),
            ("tells", one["outputs"]),
            ("nodes also learn", one["leaks"]),
            ("error", one["error"]),
            ("unless said", one["model"]),
            ("malicious-abort", one["checked"]),
            (f"cost, {SAMPLE_ROWS:,} rows", one["cost"]),
            *((f"--set {name}", text) for name, text in asked.needs.items()),
            *((f"[--set {name}]", text) for name, text in asked.may.items()),
        ]
        body = Table(("", one["short"] or one["program"]), tuple(lines), cut=MAX_VALUE)
        after = one["example"]
    show(
        Report(
            f"{len(found)} program{'' if len(found) == 1 else 's'}; cost is that of "
            f"all three nodes for {SAMPLE_ROWS:,} rows",
            {"programs": found, "sample_rows": SAMPLE_ROWS},
            body,
            after,
        ),
        as_json=as_json,
    )


def mpc(
    *,
    program: Annotated[
        str, typer.Argument(metavar="PROGRAM", help="As `job programs` lists them.")
    ],
    columns: Annotated[
        list[str],
        typer.Argument(metavar="COLUMN...", help="Each as owner/dataset.column."),
    ],
    y: Annotated[
        str | None,
        typer.Option("--y", help="Of a regression: what to explain.", metavar="COLUMN"),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            help="The column of words that splits the result; one a dataset.",
            metavar="COLUMN",
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            help="Of a join: the identifier, in each of two datasets; say it twice.",
            metavar="COLUMN",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="What else the program is told; may be repeated.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            "--unit",
            help="Of a logistic regression: what of a column becomes 0, and how much "
            "becomes 1; one a column.",
            metavar="NAME=CENTER/UNIT",
        ),
    ] = None,
    aligned_by: Annotated[
        str | None,
        typer.Option(
            "--aligned-by",
            help="The key by which all owners sorted the same rows. Rows are put one "
            "after another unless said.",
            metavar="KEY",
        ),
    ] = None,
    bounds: Annotated[
        list[str] | None,
        typer.Option(
            "--bounds",
            help="Least and greatest value of a column, in its smallest unit, where "
            "its schema has none; may be repeated.",
            metavar="NAME=LOW..HIGH",
        ),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", help="Of the grants, if there are several."),
    ] = None,
    node: Annotated[
        list[str] | None,
        typer.Option(
            "--node",
            help="One of the three agencies that compute; say it three times, or not.",
            metavar="AGENCY",
        ),
    ] = None,
    model: Annotated[
        Literal["semi-honest", "malicious-abort"] | None,
        typer.Option(
            "--model", help="Against whom; as the program has it unless said."
        ),
    ] = None,
    k: Annotated[
        int | None,
        typer.Option("--k", min=1, help="No group of fewer rows; or as granted."),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option("--noise", help="A mechanism that is added.", metavar="JSON"),
    ] = None,
    accept: AcceptOption = None,
    trial_roots: RootsOption = None,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help="Say who learns what and what it costs; nothing runs."
        ),
    ] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout", help="Seconds to wait.", min=1, metavar="S")
    ] = 600.0,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the result.")
    ] = True,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute on columns that no machine sees: three nodes, random pieces."""
    options: dict[str, Any] = {
        "y": y,
        "by": tuple(by or ()),
        "key": tuple(key or ()),
        "settings": dict(map(_setting, settings or ())),
        "units": _pairs(unit or (), _UNIT, "--unit area=100/25"),
        "aligned_by": aligned_by,
        "bounds": _pairs(bounds or (), _BOUNDS, "--bounds wage=0..10000"),
        "purpose": purpose,
        "nodes": tuple(node or ()),
        "model": model,
        "k": k,
        "noise": None if noise is None else _object(noise),
    }
    with connected(profile, passphrase_file) as net:
        use_roots(net, trial_roots)
        query = net.mpc.program(program, *columns, **options)
        if estimate:
            _show_estimate(query, profile, as_json=as_json)
            return
        if not wait:
            job = query.submit(int(timeout_s))
            show(
                Report(
                    f"started job {job.id}",
                    {"job": job.document},
                    next=hint(f"privshare job wait {word(job.id)}", profile),
                ),
                as_json=as_json,
            )
            return
        result = query.run(accept=accept or (), timeout_s=timeout_s, progress=progress)
        progress("")
    show_shares(result, receipt, profile=profile, as_json=as_json)


def use_roots(net: Client, files: Sequence[Path] | None) -> None:
    """Let evidence of test machines be verified, as a trial.

    Raises:
        ConfigError: A file that cannot be read.
    """
    from privshare.audit.trust_root import EvidenceRoots  # noqa: PLC0415 - lazy

    if files:
        net._session.roots = EvidenceRoots(tuple(map(_roots, files)), trial=True)


def show_shares(
    result: SharesResult, receipt: Path | None, *, profile: str, as_json: bool
) -> None:
    """Print what a program on shares gave out, and keep its receipt if asked to."""
    note = saved(result.receipt, receipt)
    show(
        Report(
            f"{result.program} on shares, {result.model}, on machines of class "
            f"{result.trust_class}, receipt verified{note}",
            {
                "k": result.k,
                "model": result.model,
                "program": result.program,
                "roots": result.roots,
                "trust_class": result.trust_class,
                "value": result.value,
            },
            "\n".join(str(one) for one in result.tables()),
            verify_hint(receipt, profile),
        ),
        as_json=as_json,
    )


def _show_estimate(
    query: SharesQuery[Blocking], profile: str, *, as_json: bool
) -> None:
    explanation, cost = query.explain(), query.estimate()
    show(
        Report(
            f"it would take {cost}",
            {
                "bytes": cost.sent_bytes,
                "milliseconds": cost.milliseconds,
                "notes": list(explanation.sentences),
                "parties": [list(party) for party in explanation.parties],
                "technique": explanation.technique,
                "uses": cost.uses,
            },
            str(explanation),
            hint("the same without --estimate runs it", profile),
        ),
        as_json=as_json,
    )


def _setting(text: str) -> tuple[str, Any]:
    """A name and its value: JSON, or a word as it stands."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise EncodingError(
            f"expected --set NAME=VALUE, found {text[:63]!r}",
            fix="--set at_least=5000, or --set edges=[0,100,1000]",
        )
    try:
        return name, json.loads(value, parse_float=str)
    except ValueError:
        return name, value


def _pairs(
    texts: Sequence[str], form: re.Pattern[str], example: str
) -> dict[str, tuple[int, int]]:
    found = {}
    for text in texts:
        match = form.fullmatch(text)
        if match is None:
            raise EncodingError(
                f"expected {example.partition(' ')[0]} with a name and two whole "
                f"numbers, found {text[:63]!r}",
                fix=example,
            )
        found[match[1]] = int(match[2]), int(match[3])
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise EncodingError(
            "expected --noise as a JSON object, found something else",
            fix="docs/protocols/privacy.md lists its fields",
        )
    return value


def _roots(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_ROOTS)
    except OSError as error:
        raise ConfigError(
            f"expected a file at {path}, found {error.strerror or 'an error'}"
        ) from None
