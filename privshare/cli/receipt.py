"""`privshare receipt`: the proofs that your node keeps for you."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    connected,
    hint,
)
from privshare.cli.output import Report, progress, show, verify_hint
from privshare.sdk.moment import to_text
from privshare.sdk.table import Table

app = typer.Typer(rich_markup_mode=None)


@app.command("list")
def list_(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the receipts of your node, newest first."""
    with connected(profile, passphrase_file) as net:
        found = net.receipts()
    rows = tuple(
        (
            one.str("id")[:8],
            one.str("operation"),
            one.str("subject", ""),
            one.int("index"),
            to_text(one.int("made", 0)),
        )
        for one in found
    )
    show(
        Report(
            f"{len(rows)} receipt{'' if len(rows) == 1 else 's'}",
            {"receipts": [one.json() for one in found]},
            Table(("receipt", "operation", "about", "index", "made"), rows),
            hint("privshare receipt save RECEIPT FILE.psr", profile),
        ),
        as_json=as_json,
    )


@app.command()
def save(
    receipt: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="Its id, or the first letters.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE.psr", help="Where to.")],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a receipt with its attachments, verify it, and save it."""
    with connected(profile, passphrase_file) as net:
        found = net.receipt(receipt)
    path = found.save(file)
    show(
        Report(
            f"saved the receipt of {found.operation} at index {found.index}, valid",
            {"file": str(path), "operation": found.operation, "index": found.index},
            next=verify_hint(path, profile),
        ),
        as_json=as_json,
    )


@app.command()
def bundle(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="Where to.")],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify all receipts, and save them as one file for an auditor."""
    with connected(profile, passphrase_file) as net:
        data = net.bundle(progress=progress)
    progress("")
    file.write_bytes(data)
    show(
        Report(
            f"saved {file}, {len(data)} bytes, every receipt in it verified",
            {"file": str(file), "bytes": len(data)},
            next=verify_hint(file, profile),
        ),
        as_json=as_json,
    )
