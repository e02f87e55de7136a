"""Options that commands share, and what they lead to: a connected client.

    --profile, --passphrase-file ─► Profile, passphrase ─► sdk.Client

A passphrase comes from `--passphrase-file`, else from PRIVSHARE_PASSPHRASE,
else from the terminal. Without any of them the command says so and stops; it
never waits for an answer that nobody can give.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privshare.errors import ConfigError

if TYPE_CHECKING:
    from privshare.sdk import Client
    from privshare.sdk.wallet import Profile

PROFILE_VARIABLE = "PRIVSHARE_PROFILE"
PASSPHRASE_VARIABLE = "PRIVSHARE_PASSPHRASE"  # noqa: S105 - a name, no secret

ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        "-p",
        envvar=PROFILE_VARIABLE,
        help="Which profile to connect with.",
        metavar="NAME",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of text.")
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="Read the key's passphrase from the first line of this file.",
        metavar="FILE",
    ),
]
SaveOption = Annotated[
    Path | None,
    typer.Option(
        "--receipt", help="Save the receipt under this name.", metavar="FILE.psr"
    ),
]

DEFAULT_PROFILE = "default"


def passphrase(file: Path | None, what: str = "the key", *, twice: bool = False) -> str:
    """Find the passphrase.

    Args:
        file: The option `--passphrase-file`.
        what: What it opens, for the prompt.
        twice: Ask a second time, because a new key is made with it.

    Raises:
        ConfigError: There is none, it is empty, or the two differ.
    """
    if file is not None:
        return _first_line(file)
    from_environment = os.environ.get(PASSPHRASE_VARIABLE)
    if from_environment:
        return from_environment
    if not sys.stdin.isatty():
        raise ConfigError(
            f"expected a passphrase for {what}, found none",
            fix=f"give --passphrase-file FILE, or set {PASSPHRASE_VARIABLE}",
        )
    import getpass  # noqa: PLC0415 - only on a terminal

    given = getpass.getpass(f"passphrase for {what}: ")
    if twice and getpass.getpass("the same again: ") != given:
        raise ConfigError("expected the same passphrase twice, found two")
    if not given:
        raise ConfigError(f"expected a passphrase for {what}, found an empty one")
    return given


def profile_of(name: str) -> Profile:
    """Read a profile.

    Raises:
        NotFound: There is none of that name.
    """
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    return wallet.load_profile(name, wallet.home())


def connected(name: str, passphrase_file: Path | None) -> Client:
    """Connect with a profile.

    Args:
        name: The profile.
        passphrase_file: The option `--passphrase-file`.

    Raises:
        PrivShareError: What keeps us from connecting.
    """
    from privshare import sdk  # noqa: PLC0415 - lazy

    profile = profile_of(name)
    secret = (
        passphrase(passphrase_file, str(profile.key))
        if profile.key is not None
        else None
    )
    return sdk.connect(profile, passphrase=secret)


def hint(command: str, profile: str) -> str:
    """Say a next command so that it speaks to the same node as this one.

    Args:
        command: A command that takes `--profile`.
        profile: The option of this command.
    """
    if profile == (os.environ.get(PROFILE_VARIABLE) or DEFAULT_PROFILE):
        return command
    words, dashes, rest = command.partition(" -- ")
    return f"{words} --profile {profile}{dashes}{rest}"


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            line = lines.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"expected a passphrase in {file}, found {type(error).__name__}"
        ) from None
    if not line:
        raise ConfigError(f"expected a passphrase in {file}, found an empty line")
    return line
