"""`privshare appraisal`: by which policy your agency appraises evidence."""

from __future__ import annotations

import json
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
from privshare.cli.output import Report, show
from privshare.errors import ConfigError

app = typer.Typer(rich_markup_mode=None)


@app.command("set")
def set_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.json", help="An appraisal policy.")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Appraise by this policy from now on; its digest goes onto the ledger."""
    try:
        policy = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"expected JSON in {file}, found: {error}") from None
    with connected(profile, passphrase_file) as net:
        done = net.programs.set_policy(policy)
    show(
        Report(
            f"appraising by policy {done.str('digest')[:12]}... from entry "
            f"{done.int('at')} on",
            {"appraisal": done.json()},
            next=hint("privshare appraisal show", profile),
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the policy that your agency appraises by."""
    with connected(profile, passphrase_file) as net:
        found = net.programs.policy()
    document = found.json()
    show(
        Report(
            f"policy {found.int('number')} of your agency, in force since entry "
            f"{found.int('at')}",
            {"appraisal": document},
            json.dumps(document["policy"], indent=2, sort_keys=True),
            hint("privshare appraisal set FILE.json", profile),
        ),
        as_json=as_json,
    )
