"""`privshare key`: a person's key file.

key new ─► FILE (encrypted, mode 600), FILE.pub ─► the operator enrols it
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privshare.cli.connection import JsonOption, PassphraseOption, passphrase
from privshare.cli.output import Report, show
from privshare.wire.base64 import b64u

if TYPE_CHECKING:
    from privshare.schemes.keys import VerifyKey

app = typer.Typer(rich_markup_mode=None)

KeyArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The key file.", show_default=False)
]
RoleOption = Annotated[
    str,
    typer.Option(
        "--role",
        help="The role to ask the operator for: steward, analyst, auditor, "
        "regulator or operator.",
    ),
]


@app.command()
def new(
    file: KeyArgument,
    role: RoleOption = "analyst",
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an Ed25519 key and write it encrypted; print what to hand over."""
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    secret = passphrase(passphrase_file, str(file), twice=True)
    public = wallet.create_key(file, secret)
    show(_handover(f"made {file} and {file}.pub", public, role), as_json=as_json)


@app.command("show")
def show_(file: KeyArgument, as_json: JsonOption = False) -> None:
    """Show the public part of a key; needs no passphrase."""
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    public = wallet.public_key(file)
    show(_handover(f"{file} is a public key file", public, "analyst"), as_json=as_json)


@app.command()
def rotate(
    file: KeyArgument,
    role: RoleOption = "analyst",
    passphrase_file: PassphraseOption = None,
    new_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--new-passphrase-file",
            metavar="FILE",
            help="Protect the new key with another passphrase.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new key in the place of an old one, which is put aside."""
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    old = passphrase(passphrase_file, str(file))
    fresh = old if new_passphrase_file is None else passphrase(new_passphrase_file)
    before = wallet.open_key(file, old).verify_key.kid
    public = wallet.rotate_key(file, fresh, old)
    show(
        _handover(f"put {before} aside and made a new key", public, role),
        as_json=as_json,
    )


def _handover(done: str, public: VerifyKey, role: str) -> Report:
    text = b64u(public.raw)
    return Report(
        done,
        {"kid": public.kid, "public": text, "alg": "ed25519"},
        f"key id      {public.kid}\npublic key  {text}",
        f"the operator runs: privshare node enrol DIR --key {text} --role {role} "
        "--label NAME",
    )
