"""`privshare doctor`: check what PrivShare needs, and name each fix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from privshare.cli import prerequisite
from privshare.cli.connection import DEFAULT_PROFILE, JsonOption, ProfileOption
from privshare.cli.output import Report, show
from privshare.errors import NotFound
from privshare.sdk.table import Table


def doctor(
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            help="Where a node is or will be; the profiles' folder unless given.",
            metavar="DIR",
        ),
    ] = None,
    port: Annotated[
        list[int] | None,
        typer.Option(
            "--port",
            help="A port on 127.0.0.1 that should be free; may be repeated.",
            min=1,
            max=65535,
        ),
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: JsonOption = False,
) -> None:
    """Check what PrivShare needs, and name each fix."""
    where = _where(directory, tuple(port or ()), profile)
    found = [
        (check.__name__, *prerequisite.run(check, where))
        for check in prerequisite.CHECKS
    ]
    failed = [(name, text, fix) for name, good, text, fix in found if not good]
    rows = tuple(
        ("ok" if good else "FAILED", name, text) for name, good, text, _ in found
    )
    body = f"{Table(('', 'check', 'found'), rows)}"
    for name, text, fix in failed:
        body += f"\n\n{name}: {text}\n" + (f"fix: {fix}" if fix else "no fix is known")
    report = Report(
        f"{len(found) - len(failed)} of {len(found)} checks hold",
        {
            "checks": [
                {"name": name, "ok": good, "found": text, "fix": fix}
                for name, good, text, fix in found
            ],
        },
        body,
        "privshare demo" if not failed else "mend what failed, and run it again",
    )
    show(report, as_json=as_json, ok=not failed)
    if failed:
        raise typer.Exit(1)


def _where(
    directory: Path | None, ports: tuple[int, ...], name: str
) -> prerequisite.Where:
    from privshare.sdk import wallet  # noqa: PLC0415 - lazy

    folder = directory or wallet.home()
    try:
        profile = wallet.load_profile(name, wallet.home())
    except NotFound:
        return prerequisite.Where(folder, ports)
    return prerequisite.Where(
        folder, ports, profile.url, profile.ca, profile.key, profile.trust
    )
