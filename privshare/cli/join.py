"""`privshare job join`: how many people are in both of two owners' tables.

job join LEFT RIGHT --on COLUMN ─► --estimate: who learns what, what it costs
    [--sum COLUMN] [--ids]       └► runs: table, receipt; --no-wait
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from privshare.errors import ConfigError
from privshare.sdk.table import Table

if TYPE_CHECKING:
    from privshare.sdk.call import Blocking
    from privshare.sdk.join import JoinQuery, JoinResult

__all__ = ["join"]


def join(
    *,
    left: Annotated[str, typer.Argument(metavar="LEFT", help="A dataset.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="Another owner's.")],
    on: Annotated[
        list[str],
        typer.Option(
            "--on",
            help="A column that names a person; LEFT=RIGHT where the names differ; may "
            "be repeated.",
            metavar="COLUMN",
        ),
    ],
    summed: Annotated[
        str | None,
        typer.Option(
            "--sum",
            help="A column of RIGHT that is added up over those in both.",
            metavar="COLUMN",
        ),
    ] = None,
    bound: Annotated[
        int | None,
        typer.Option(
            "--bound",
            min=1,
            help="What the sum is at most in size, in the column's smallest unit.",
        ),
    ] = None,
    ids: Annotated[
        bool,
        typer.Option("--ids", help="Which of one's own people are in the other table."),
    ] = False,
    step: Annotated[
        list[str] | None,
        typer.Option(
            "--steps",
            help="How identifiers are written alike, for each column in turn.",
            metavar="STEP,STEP...",
        ),
    ] = None,
    k: Annotated[
        int | None,
        typer.Option("--k", min=1, help="Fewer matches are not told; or as granted."),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", help="Of the grants, if there are several."),
    ] = None,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help="Say who learns what and what it costs; nothing runs."
        ),
    ] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout", help="Seconds to wait.", min=1, metavar="S")
    ] = 3_600.0,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the result.")
    ] = True,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count who is in two owners' tables; no identifier leaves in the clear."""
    if ids and summed is not None:
        raise ConfigError("expected --ids or --sum, found both")
    if bound is not None and summed is None:
        raise ConfigError("expected --bound with --sum, found it without")
    pairs = [_pair(one) for one in on]
    recipe = [one.split(",") for one in step] if step else None
    with connected(profile, passphrase_file) as net:
        both = net.join(left, right, on=pairs, purpose=purpose, recipe=recipe, k=k)
        if ids:
            query = both.ids()
        elif summed is not None:
            query = both.sum(summed, bound=bound)
        else:
            query = both.count()
        if estimate:
            _show_estimate(query, profile, as_json=as_json)
            return
        if not wait:
            job = query.submit(int(timeout_s))
            show(
                Report(
                    f"started job {job.id}",
                    {"job": job.document},
                    next=hint(f"privshare job show {word(job.id)}", profile),
                ),
                as_json=as_json,
            )
            return
        result = query.run(timeout_s, progress)
        progress("")
    note = saved(result.receipt, receipt)
    show(
        Report(
            f"{left} and {right} matched, receipt verified{note}",
            {
                "count": result.count,
                "found": [list(row) for row in result.found],
                "k": result.k,
                "sum": None if result.sum is None else f"{result.sum:f}",
                "withheld": result.withheld,
            },
            _table(result),
            verify_hint(receipt, profile),
        ),
        as_json=as_json,
    )


def _table(result: JoinResult) -> Table:
    if result.found:
        heads = tuple(f"field {place + 1}" for place in range(len(result.found[0])))
        return Table(heads, result.found)
    return Table(("", "value"), tuple((n, str(v)) for n, v in result.lines()))


def _show_estimate(query: JoinQuery[Blocking], profile: str, *, as_json: bool) -> None:
    told, cost = query.explain(), query.estimate()
    show(
        Report(
            f"it would take {cost}",
            {
                "bytes": cost.sent_bytes,
                "milliseconds": cost.milliseconds,
                "notes": list(told.sentences),
                "parties": [list(party) for party in told.parties],
                "technique": told.technique,
                "uses": cost.uses,
            },
            str(told),
            hint("the same without --estimate runs it", profile),
        ),
        as_json=as_json,
    )


def _pair(text: str) -> tuple[str, str]:
    """A column's name on both sides."""
    left, equals, right = text.partition("=")
    return left, right if equals else left
