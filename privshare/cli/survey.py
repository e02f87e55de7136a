"""`privshare survey`: ask many people; no agency sees an answer.

survey open ─► accept, by both aggregators ─► submit, by anybody, without an account
    └► show ─► close, or by itself when its time is over ─► result
"""

from __future__ import annotations

import datetime
import time
from typing import Annotated

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    SaveOption,
    connected,
    hint,
    profile_of,
)
from privshare.cli.output import Report, saved, show, verify_hint, word
from privshare.errors import EncodingError
from privshare.sdk.table import Table

app = typer.Typer(rich_markup_mode=None)

SurveyArgument = Annotated[
    str, typer.Argument(metavar="SURVEY", help="The survey's id.")
]
_HOUR_S = 3_600


@app.command("open")
def open_(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="One word for it.")],
    title: Annotated[
        str, typer.Option("--title", help="The question.", metavar="TEXT")
    ],
    leader: Annotated[
        str, typer.Option("--leader", help="Takes reports.", metavar="AGENCY")
    ],
    helper: Annotated[
        str, typer.Option("--helper", help="The other aggregator.", metavar="AGENCY")
    ],
    hours: Annotated[
        float,
        typer.Option("--hours", min=0.01, max=8_760, help="How long it is open."),
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--kind", help="An answer: count (0 or 1), sum, sum-vec or histogram."
        ),
    ] = "sum",
    bound: Annotated[
        int | None,
        typer.Option("--bound", min=1, help="Of sum and sum-vec: the largest number."),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(
            "--length", min=1, help="Of sum-vec and histogram: numbers, or buckets."
        ),
    ] = None,
    min_batch: Annotated[
        int, typer.Option("--min", min=2, help="Fewer answers are never added up.")
    ] = 100,
    max_batch: Annotated[
        int, typer.Option("--max", min=2, help="More answers are not taken.")
    ] = 1_000_000,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a survey: your agency gets the sums, and no answer."""
    with connected(profile, passphrase_file) as net:
        survey = net.surveys.open(
            name,
            title,
            leader=leader,
            helper=helper,
            closes=int(time.time() + hours * _HOUR_S),
            kind=kind,
            bound=bound,
            length=length,
            min_batch=min_batch,
            max_batch=max_batch,
        )
    show(
        Report(
            f"opened survey {survey}",
            {"survey": survey},
            next=f"stewards of {leader} and {helper} run: "
            f"privshare survey accept {word(survey)}",
        ),
        as_json=as_json,
    )


@app.command("list")
def list_(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the surveys that your node takes part in."""
    with connected(profile, passphrase_file) as net:
        found = net.surveys.list()
    rows = tuple(
        (one.str("survey"), one.str("status"), one.str("title")) for one in found
    )
    show(
        Report(
            f"{len(found)} surveys",
            {"surveys": [one.json() for one in found]},
            Table(("survey", "status", "title"), rows) if rows else None,
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    survey: SurveyArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a survey: who asks what, how far it is."""
    with connected(profile, passphrase_file) as net:
        found = net.surveys.show(survey)
    document = found.obj("document")
    rows = [
        ("question", document.str("title")),
        ("kind", document.obj("vdaf").str("circuit")),
        ("collector", found.str("collector")),
        ("leader", document.obj("leader").str("agency")),
        ("helper", document.obj("helper").str("agency")),
        ("accepted by", ", ".join(found.strs("accepted")) or "nobody yet"),
        ("closes", _time(document.int("closes"))),
        ("at least", f"{document.int('min_batch'):,} answers"),
    ]
    if found["batch"] is not None:
        rows.append(("added up", f"{found.obj('batch').int('count'):,} answers"))
    if found["reason"]:
        rows.append(("ended", found.str("reason")))
    done = hint(f"privshare survey result {word(survey)}", profile)
    show(
        Report(
            f"survey {survey}: {found.str('status')}",
            found.json(),
            Table(("", ""), tuple(rows)),
            done if found["receipt"] else "",
        ),
        as_json=as_json,
    )


@app.command()
def accept(
    survey: SurveyArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take part in a survey, as one of its two aggregators."""
    with connected(profile, passphrase_file) as net:
        net.surveys.accept(survey)
    show(
        Report(
            f"{profile} takes part in survey {survey}",
            {"survey": survey},
            next=hint(f"privshare survey show {word(survey)}", profile),
        ),
        as_json=as_json,
    )


@app.command()
def submit(
    survey: SurveyArgument,
    answer: Annotated[
        str,
        typer.Argument(
            metavar="ANSWER",
            help="A number; of a histogram the bucket, from 0; of a vector NUMBER,...",
        ),
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: JsonOption = False,
) -> None:
    """Answer a survey, without an account: no agency sees the answer."""
    from privshare.sdk import survey as answers  # noqa: PLC0415 - lazy

    at = profile if "://" in profile else profile_of(profile)
    answers.submit(survey, _answer(answer), at)
    show(
        Report(
            "answered; the two aggregators hold a random share each",
            {"survey": survey},
        ),
        as_json=as_json,
    )


@app.command()
def close(
    survey: SurveyArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a survey, as its leader; by itself it closes when its time is over."""
    with connected(profile, passphrase_file) as net:
        net.surveys.close(survey)
    show(
        Report(
            f"closed survey {survey}",
            {"survey": survey},
            next="an analyst of its collector runs: "
            f"privshare survey result {word(survey)}",
        ),
        as_json=as_json,
    )


@app.command()
def abort(
    survey: SurveyArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="For the ledger, where all see it.")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a survey without a result, as one of its parties."""
    with connected(profile, passphrase_file) as net:
        net.surveys.abort(survey, reason)
    show(Report(f"ended survey {survey}", {"survey": survey}), as_json=as_json)


@app.command()
def result(
    survey: SurveyArgument,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a survey's sums, at its collector's node, and verify their receipt."""
    with connected(profile, passphrase_file) as net:
        found = net.surveys.result(survey)
    note = saved(found.receipt, receipt)
    show(
        Report(
            f"{found.count:,} answers added up, receipt verified{note}",
            {
                "count": found.count,
                "refused": found.refused,
                "title": found.title,
                "values": [str(one) for one in found.values],
            },
            found.table(),
            verify_hint(receipt, profile),
        ),
        as_json=as_json,
    )


def _answer(text: str) -> int | list[int]:
    try:
        found = [int(one) for one in text.split(",")]
    except ValueError:
        raise EncodingError(
            f"expected whole numbers, found {text[:60]!r}",
            fix="give 1500, or 3,0,2 for several",
        ) from None
    return found if "," in text else found[0]


def _time(at: int) -> str:
    return datetime.datetime.fromtimestamp(at, tz=datetime.UTC).isoformat(" ")
