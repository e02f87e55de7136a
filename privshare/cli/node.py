"""`privshare node`: run an agency's node.

node init (host) ─► node serve                       founds a network
node init (member) ─► enrolment.json ─► operator: node admit
node join ─► node serve                              mirrors and cosigns
node enrol                                           lets a person in
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    passphrase,
    profile_of,
)
from privshare.cli.output import Report, show
from privshare.errors import ConfigError, NotFound, Unavailable

app = typer.Typer(rich_markup_mode=None)

DirArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="The node's directory.")
]


@app.command()
def init(
    *,
    directory: DirArgument,
    agency: Annotated[
        str, typer.Option("--agency", help="This node's agency, such as tax.")
    ],
    network: Annotated[
        str, typer.Option("--network", help="The network to found or to join.")
    ],
    url: Annotated[
        str, typer.Option("--url", help="Where other agencies reach the node.")
    ],
    role: Annotated[
        Literal["host", "member"],
        typer.Option("--role", help="host keeps the log; member mirrors it."),
    ] = "member",
    bind: Annotated[
        str,
        typer.Option(
            "--bind",
            help="Address and port to listen on; those of the URL unless said.",
        ),
    ] = "",
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a node's directory: settings, keys, and a host's ledger."""
    from privshare.service import node_process  # noqa: PLC0415 - lazy

    secret = passphrase(passphrase_file, f"the keys of {directory}", twice=True)
    made = node_process.init(
        directory,
        agency=agency,
        network=network,
        url=url,
        passphrase=secret,
        bind=bind,
        host=role == "host",
    )
    if made.enrolment is None:
        body, following = (
            f"genesis  {made.genesis}\n\nMembers need this digest, from you and not "
            "from the network.",
            f"privshare node serve {directory}",
        )
    else:
        body, following = (
            f"enrolment  {made.enrolment}",
            f"hand it to the operator, who runs: privshare node admit DIR "
            f"{made.enrolment.name}",
        )
    show(
        Report(
            f"made the node of {agency} in {directory}",
            {
                "directory": str(directory),
                "genesis": made.genesis,
                "enrolment": str(made.enrolment or ""),
            },
            body,
            following,
        ),
        as_json=as_json,
    )


@app.command()
def admit(
    directory: DirArgument,
    enrolment: Annotated[
        Path,
        typer.Argument(metavar="ENROLMENT.json", help="What the member handed over."),
    ],
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Admit an agency to the network, as its operator."""
    from privshare.service import config, node_process  # noqa: PLC0415 - lazy

    secret = passphrase(passphrase_file, f"the keys of {directory}")
    done = node_process.admit(directory, enrolment, secret)
    settings = config.load(directory)
    host = settings.url if settings.role == "host" else settings.host_url
    show(
        Report(
            f"admitted the agency of {enrolment}, entry {done.index} of the log",
            {"id": done.id, "index": done.index},
            next=f"the member runs: privshare node join DIR --host {host} --genesis "
            f"{settings.genesis}",
        ),
        as_json=as_json,
    )


@app.command()
def join(
    directory: DirArgument,
    host: Annotated[
        str, typer.Option("--host", help="URL of the operator's node.", metavar="URL")
    ],
    genesis: Annotated[
        str,
        typer.Option("--genesis", help="The genesis digest, as the operator said it."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Tell a member's node where the log is, and which network to believe."""
    from privshare.service import node_process  # noqa: PLC0415 - lazy

    node_process.join(directory, genesis, host)
    show(
        Report(
            f"{directory} will follow the log at {host}, if it is the one believed",
            {"genesis": genesis, "host": host},
            next=f"privshare node serve {directory}",
        ),
        as_json=as_json,
    )


@app.command()
def enrol(
    directory: DirArgument,
    key: Annotated[
        str,
        typer.Option(
            "--key",
            help="The person's public key, or a .pub file.",
            metavar="KEY",
        ),
    ],
    role: Annotated[
        list[str],
        typer.Option(
            "--role",
            help="steward, analyst, auditor, regulator or operator; may be repeated.",
        ),
    ],
    label: Annotated[
        str, typer.Option("--label", help="For people to read, such as a name.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Let a person of this agency in, or change what the person may be."""
    from privshare.schemes.keys import VerifyKey  # noqa: PLC0415 - lazy
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy
    from privshare.service import config, node_process  # noqa: PLC0415 - lazy
    from privshare.wire.base64 import unb64u  # noqa: PLC0415 - lazy

    public = (
        wallet.public_key(Path(key))
        if key.endswith(wallet.PUBLIC_SUFFIX)
        else VerifyKey(unb64u(key, 32))
    )
    kid = node_process.enrol(directory, public, roles=role, label=label)
    url = config.load(directory).url
    show(
        Report(
            f"enrolled {label or kid} as {', '.join(role)}",
            {"kid": kid, "roles": list(role), "label": label},
            next=f"the person runs: privshare profile add {DEFAULT_PROFILE} "
            f"--url {url} --key FILE",
        ),
        as_json=as_json,
    )


@app.command()
def serve(directory: DirArgument, passphrase_file: PassphraseOption = None) -> None:
    """Run the node until it is stopped by SIGTERM or Ctrl-C."""
    from privshare.service import config, node_process  # noqa: PLC0415 - lazy

    settings = config.load(directory)
    secret = passphrase(passphrase_file, f"the keys of {directory}")
    print(
        f"serving {settings.agency} at {settings.bind}; Ctrl-C stops it",
        file=sys.stderr,
    )
    node_process.serve(directory, passphrase=secret)


@app.command()
def status(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="A node's directory; the profile's node unless given.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", "-p", help="Which profile.", metavar="NAME")
    ] = DEFAULT_PROFILE,
    wait_s: Annotated[
        float, typer.Option("--wait", help="Wait this many seconds until it is ready.")
    ] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Say whether a node runs, is ready, and how far its ledger is."""
    from privshare.sdk import client  # noqa: PLC0415 - lazy

    url, ca, live, ready, meta = _awaited(directory, profile, wait_s)
    if ready == "":
        meta["trust"] = client.fingerprint(client.fetch_trust(url, ca))
    show(
        Report(
            f"the node of {meta.get('agency', '?')} at {url} "
            + ("is ready" if ready == "" else f"runs, and is not ready: {ready}"),
            {"url": url, "live": live, "ready": ready == "", "meta": meta},
            "\n".join(f"{name:9}  {value}" for name, value in sorted(meta.items())),
            "look into its log" if ready else "privshare ledger status",
        ),
        as_json=as_json,
    )
    if ready:
        raise Unavailable(
            f"expected a node that is ready, found: {ready}",
            fix="wait for it, and look into its log",
        )


def _awaited(
    directory: Path | None, profile: str, wait_s: float
) -> tuple[str, Path | None, bool, str, dict[str, object]]:
    """Look until the node is ready, or the time is up: (url, ca, *_health)."""
    deadline = time.monotonic() + wait_s
    while True:
        last = time.monotonic() >= deadline
        try:
            url, ca = _address(directory, profile)
            live, ready, meta = _health(url, ca)
            if last or ready == "":
                return url, ca, live, ready, meta
        except Unavailable:
            if last:
                raise
        time.sleep(0.2)


def _address(directory: Path | None, profile: str) -> tuple[str, Path | None]:
    if directory is None:
        found = profile_of(profile)
        return found.url, found.ca
    from privshare.service import config, node_process  # noqa: PLC0415 - lazy

    settings = config.load(directory)
    if node_process.running(directory) is None:
        raise Unavailable(
            f"expected a running node in {directory}, found none",
            fix=f"privshare node serve {directory}",
        )
    return settings.url, None


def _health(url: str, ca: Path | None) -> tuple[bool, str, dict[str, object]]:
    """(live, why it is not ready or "", what it says of itself)."""
    from privshare.sdk import transport  # noqa: PLC0415 - lazy
    from privshare.sdk.session import Session  # noqa: PLC0415 - lazy

    driver = transport.blocking(transport.Signer(transport.checked_url(url), ca=ca))
    session = Session("")
    try:
        meta = driver.run(session.get("/v1/meta"))
        try:
            driver.run(session.get("/health/ready"))
        except Unavailable as error:
            return True, error.message, dict(meta.json())
        except NotFound:
            raise ConfigError(f"expected a PrivShare node at {url}") from None
        return True, "", dict(meta.json())
    finally:
        driver.close()
