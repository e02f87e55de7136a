"""`privshare record`: one record that a grant allows, with its proof."""

from __future__ import annotations

from typing import Annotated

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    SaveOption,
    connected,
)
from privshare.cli.output import Report, saved, show, verify_hint

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Read one record that a grant allows."""


@app.command()
def get(
    *,
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="Such as tax/deed-tax.")
    ],
    key: Annotated[str, typer.Argument(metavar="KEY", help="Value of the key column.")],
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            "-c",
            help="May be repeated; all that the grant allows unless said.",
        ),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", help="Of the grant to use, if there are several."),
    ] = None,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Get one record, proven to be the one that its owner committed to."""
    with connected(profile, passphrase_file) as net:
        record = net.dataset(dataset).record(key, column or (), purpose=purpose)
    note = saved(record.receipt, receipt)
    show(
        Report(
            f"one record of {dataset}, the one that was committed to{note}",
            {"dataset": dataset, "record": dict(record)},
            record.table(),
            verify_hint(receipt, profile),
        ),
        as_json=as_json,
    )
