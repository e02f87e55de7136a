"""`privshare profile`: where to connect, with which key, trusting whom.

The trust policy is pinned here, once, by a person: from a file that came from
somebody trusted, or from the node after its fingerprint was compared with what
somebody else in the network reads out.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from privshare.cli.connection import DEFAULT_PROFILE, JsonOption
from privshare.cli.output import Report, show
from privshare.errors import ConfigError, VerificationError
from privshare.sdk.table import Table

app = typer.Typer(rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The profile.")]


@app.command()
def add(
    *,
    name: NameArgument,
    url: Annotated[
        str, typer.Option("--url", help="The node of your agency.", metavar="URL")
    ],
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Your key file.", metavar="FILE"),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust", help="The network's trust policy, as a file.", metavar="FILE"
        ),
    ] = None,
    fingerprint: Annotated[
        str,
        typer.Option(
            "--fingerprint",
            metavar="HEX",
            help="Take the trust policy from the node, if it is the one with this "
            "fingerprint.",
        ),
    ] = "",
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca", help="Certificate authorities for https, PEM.", metavar="FILE"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep where to connect, and pin whom to trust."""
    from privshare.sdk import client, transport, wallet  # noqa: PLC0415 - lazy

    transport.checked_url(url)
    if key is not None:
        wallet.public_key(key)  # there and readable, before anything is kept
    text = _trust(url, trust, fingerprint, ca)
    path = wallet.save_profile(
        wallet.Profile(name, url.rstrip("/"), key, text, ca), wallet.home()
    )
    word = "" if name == DEFAULT_PROFILE else f" --profile {name}"
    show(
        Report(
            f"kept profile {name} in {path}",
            {"profile": name, "fingerprint": client.fingerprint(text)},
            f"trust policy  {client.fingerprint(text)}",
            f"privshare dataset list{word}",
        ),
        as_json=as_json,
    )


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List all profiles."""
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    found = [
        wallet.load_profile(name, wallet.home())
        for name in wallet.profiles(wallet.home())
    ]
    rows = tuple((one.name, one.url, str(one.key or "")) for one in found)
    show(
        Report(
            f"{len(rows)} profile{'' if len(rows) == 1 else 's'}",
            {"profiles": [{"name": r[0], "url": r[1], "key": r[2]} for r in rows]},
            Table(("profile", "node", "key"), rows, empty="no profile yet"),
            "" if rows else "privshare profile add NAME --url URL --key FILE",
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(name: NameArgument = DEFAULT_PROFILE, as_json: JsonOption = False) -> None:
    """Show a profile and the fingerprint of its trust policy."""
    from privshare.sdk import client, wallet  # noqa: PLC0415 - lazy

    profile = wallet.load_profile(name, wallet.home())
    fingerprint = client.fingerprint(profile.trust) if profile.trust else ""
    body = (
        f"node          {profile.url}\n"
        f"key           {profile.key or 'none'}\n"
        f"trust policy  {fingerprint or 'none'}\n\n{profile.trust}"
    )
    show(
        Report(
            f"profile {name}",
            {
                "profile": name,
                "url": profile.url,
                "key": str(profile.key or ""),
                "fingerprint": fingerprint,
                "trust": profile.trust,
            },
            body.rstrip("\n"),
            "compare the fingerprint with what another agency reads out",
        ),
        as_json=as_json,
    )


@app.command()
def remove(name: NameArgument, as_json: JsonOption = False) -> None:
    """Forget a profile; the key file stays."""
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    wallet.remove_profile(name, wallet.home())
    show(Report(f"forgot profile {name}", {"profile": name}), as_json=as_json)


def _trust(url: str, file: Path | None, wanted: str, ca: Path | None) -> str:
    """The trust policy to pin, by file, by fingerprint, or by asking."""
    from privshare.sdk import client  # noqa: PLC0415 - lazy

    if file is not None:
        try:
            return client.checked_trust(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"expected a trust policy at {file}, found {type(error).__name__}"
            ) from None
    text = client.fetch_trust(url, ca)
    found = client.fingerprint(text)
    if wanted:
        if wanted.replace(" ", "").lower() != found.replace(" ", ""):
            raise VerificationError(
                "expected the trust policy of the given fingerprint, found "
                f"{found} at the node",
                fix="ask another agency of the network which one is right",
            )
        return text
    if not sys.stdin.isatty():
        raise ConfigError(
            "expected --trust FILE or --fingerprint HEX, found neither",
            fix=f"the node says {found}; compare it, and give it as --fingerprint",
        )
    print(f"{text}\nfingerprint of this trust policy:\n\n  {found}\n")
    if not typer.confirm("Is this what another agency of the network reads out?"):
        raise VerificationError(
            "expected a trust policy that you recognise, found none"
        )
    return text
