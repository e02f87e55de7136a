"""`privshare dataset`: publish tables and say who may use them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
from privshare.cli.output import Report, saved, show
from privshare.errors import ConfigError, EncodingError

app = typer.Typer(rich_markup_mode=None)

DatasetArgument = Annotated[
    str, typer.Argument(metavar="DATASET", help="Such as tax/deed-tax.")
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        help="The policy: which requests may be granted. Without it, none.",
        metavar="FILE.json",
    ),
]


@app.command()
def publish(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The table.")],
    name: Annotated[
        str,
        typer.Option("--name", help="What stands behind the slash.", metavar="NAME"),
    ],
    title: Annotated[
        str, typer.Option("--title", help="One line for other agencies.")
    ] = "",
    description: Annotated[
        str, typer.Option("--description", help="More, for other agencies.")
    ] = "",
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            help="The column that names a record; needed to share single ones.",
            metavar="COLUMN",
        ),
    ] = None,
    policy: PolicyOption = None,
    provable: Annotated[
        list[str] | None,
        typer.Option(
            "--provable",
            help="A column of which things can be proven later without showing a "
            "cell, such as an interval; may be given more than once.",
            metavar="COLUMN",
        ),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            "--columns",
            help="Which columns to publish, each with what differs from what the "
            "node infers; a JSON list.",
            metavar="FILE.json",
        ),
    ] = None,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish a table: rows stay in your node, commitments go on the ledger."""
    document = read_json(policy) if policy is not None else None
    if document is not None and not isinstance(document, dict):
        raise EncodingError(f"expected an object in {policy}, found something else")
    chosen = read_json(columns) if columns is not None else []
    if not isinstance(chosen, list):
        raise EncodingError(f"expected a list in {columns}, found something else")
    with connected(profile, passphrase_file) as net:
        dataset = net.publish(
            file,
            name,
            title=title or name,
            description=description,
            policy=document,
            key=key,
            columns=chosen,
            provable=provable or (),
        )
    show(
        Report(
            f"published {dataset.name}, version {dataset.version}, "
            f"{dataset.rows} records{saved(dataset.receipt, receipt)}",
            {"dataset": dataset.document},
            dataset.table(),
            hint(f"privshare dataset policy {dataset.name}", profile),
        ),
        as_json=as_json,
    )


@app.command("list")
def list_(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Words that all occur.")
    ] = "",
    agency: Annotated[
        str, typer.Option("--agency", help="Only of this owner.", metavar="AGENCY")
    ] = "",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find datasets of the whole network."""
    with connected(profile, passphrase_file) as net:
        found = net.catalog.search(text, agency=agency)
    count = len(found)
    show(
        Report(
            f"{count} dataset{'' if count == 1 else 's'}",
            {"datasets": [one.document for one in found]},
            found.table(),
            hint("privshare dataset show DATASET", profile) if found else "",
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    dataset: DatasetArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a dataset's columns and description."""
    with connected(profile, passphrase_file) as net:
        found = net.dataset(dataset)
    show(
        Report(
            f"{found.name}, version {found.version}, {found.status}",
            {"dataset": found.document},
            f"{found.table()}"
            + (f"\n{found.description}" if found.description else ""),
            hint(f"privshare grant request {found.name} --purpose PURPOSE", profile),
        ),
        as_json=as_json,
    )


@app.command()
def policy(
    *,
    dataset: DatasetArgument,
    replace: Annotated[
        Path | None,
        typer.Option("--set", help="Replace it by this document.", metavar="FILE.json"),
    ] = None,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a dataset's policy, or replace that of one of your own."""
    from privshare.wire.canonical import encode  # noqa: PLC0415 - lazy

    document = read_json(replace) if replace is not None else None
    if replace is not None and not isinstance(document, dict):
        raise EncodingError(f"expected an object in {replace}, found something else")
    with connected(profile, passphrase_file) as net:
        found = net.dataset(dataset)
        if document is not None:
            proof = found.set_policy(document)
            done = f"replaced the policy of {found.name}{saved(proof, receipt)}"
        else:
            done = f"policy of {found.name}"
        shown = found.policy()
    import json  # noqa: PLC0415 - lazy

    encode(shown)  # what a node sent is canonical JSON, or it is not shown
    show(
        Report(
            done,
            {"dataset": found.name, "policy": shown},
            json.dumps(shown, indent=2, ensure_ascii=True),
            hint(f"privshare dataset policy {found.name} --set FILE.json", profile),
        ),
        as_json=as_json,
    )


@app.command()
def privacy(
    *,
    dataset: DatasetArgument,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget",
            help="Open the account of a dataset of your own, or change what all "
            "grantees together may learn, in micro-rho.",
            min=0,
            metavar="N",
        ),
    ] = None,
    apart: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--apart",
            help="Two sets of rows that are far apart, as the log names them; with "
            "--rows.",
            metavar="SET SET",
        ),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows", help="How many rows lie between them.", min=1, metavar="N"
        ),
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a dataset's privacy account and what was asked, or open one."""
    if (apart is None) != (rows is None):
        raise EncodingError("expected --apart and --rows together, found one of them")
    with connected(profile, passphrase_file) as net:
        found = net.dataset(dataset)
        if budget is not None:
            found.set_privacy_budget(budget)
        if apart is not None and rows is not None:
            found.say_apart(*apart, rows=rows)
        shown = found.privacy()
    import json  # noqa: PLC0415 - lazy

    account = shown["account"]
    left = account["left"] if isinstance(account, dict) else None
    show(
        Report(
            f"privacy account of {found.name}: "
            + ("none" if left is None else f"{left} micro-rho left"),
            {"privacy": shown},
            json.dumps(shown, indent=2, ensure_ascii=True),
            hint(f"privshare dataset privacy {found.name} --budget N", profile),
        ),
        as_json=as_json,
    )


@app.command()
def retire(
    dataset: DatasetArgument,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a dataset of your own out of use, for good."""
    with connected(profile, passphrase_file) as net:
        found = net.dataset(dataset)
        proof = found.retire()
    show(
        Report(
            f"retired {found.name}{saved(proof, receipt)}",
            {"dataset": found.name},
            next="its receipts stay valid; nothing new can be asked of it",
        ),
        as_json=as_json,
    )


@app.command()
def erase(
    *,
    dataset: DatasetArgument,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Value of the key column.")],
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase one record of a dataset of your own, its salt included."""
    with connected(profile, passphrase_file) as net:
        found = net.dataset(dataset)
        proof = found.erase(key)
    show(
        Report(
            f"erased one record of {found.name}{saved(proof, receipt)}",
            {"dataset": found.name},
            next="copies and backups are beyond PrivShare: see docs/limits.md",
        ),
        as_json=as_json,
    )


def read_json(path: Path) -> Any:
    """Read a JSON document that a person wrote.

    Raises:
        ConfigError: There is no such file.
        EncodingError: It is not JSON as PrivShare reads it.
    """
    from privshare.wire.canonical import decode_loose  # noqa: PLC0415 - lazy

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"expected a JSON document at {path}, found {type(error).__name__}"
        ) from None
    try:
        return decode_loose(data)
    except EncodingError as error:
        raise EncodingError(f"{path}: {error.message}", fix=error.fix) from None
