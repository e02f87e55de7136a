"""`privshare code`: measured programs, and who lets them run.

code propose ─► code approve at other agencies ─► listed ─► job run-module
            └─► code withdraw: it runs no more, for good
code measure FILE.wasm ─► closure ─► code propose, code keep at the runner's node
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from privshare.errors import ConfigError, EncodingError, NotFound
from privshare.sdk.table import Table

if TYPE_CHECKING:
    from privshare.sdk import Client
    from privshare.sdk.document import Document
    from privshare.wire.canonical import Json

app = typer.Typer(rich_markup_mode=None)

_MIN_BEGINNING = 6

#: Longest module, in bytes.
_MOST = 8 << 20

CodeArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROGRAM", help="Its digest, the first letters of it, or its name."
    ),
]


@app.command("list")
def list_(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the measured programs, and who approved each."""
    with connected(profile, passphrase_file) as net:
        found = net.programs.list()
    rows = tuple(
        (
            one.str("module"),
            one.str("code")[:12],
            one.str("status"),
            ", ".join(by.str("agency") for by in one.objs("approvals")),
        )
        for one in found
    )
    show(
        Report(
            f"{len(rows)} program{'' if len(rows) == 1 else 's'}",
            {"programs": [one.json() for one in found]},
            Table(("module", "digest", "status", "approved by"), rows, empty="none"),
            hint("privshare code propose MODULE", profile),
        ),
        as_json=as_json,
    )


@app.command()
def propose(
    *,
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="Of the library, or a new name.")
    ],
    binary: Annotated[
        Path | None,
        typer.Option("--binary", help="A module of one's own.", metavar="FILE.wasm"),
    ] = None,
    closure: Annotated[
        Path | None,
        typer.Option("--closure", help="What it is measured as.", metavar="FILE.json"),
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Where it comes from, in one line.")
    ] = "the library of PrivShare",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose a program to the agencies; more than half of them list it."""
    if (binary is None) != (closure is None):
        raise ConfigError(
            "expected a module together with its closure, found one of them",
            fix="privshare code propose NAME --binary FILE.wasm --closure FILE.json",
        )
    with connected(profile, passphrase_file) as net:
        done = net.programs.propose(
            module,
            binary=None if binary is None else _read(binary),
            closure=None if closure is None else _closure(closure),
            source=source,
        )
    _show(done, "proposed", "privshare code approve", profile, as_json=as_json)


@app.command()
def measure(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.wasm", help="A module.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the closure goes.")],
    abi: Annotated[
        str, typer.Option("--abi", help="privshare-frame/v1 or wasi-command/v1.")
    ] = "privshare-frame/v1",
    separate: Annotated[
        bool, typer.Option("--separate", help="Hand it its tables one by one.")
    ] = False,
    grant: Annotated[
        list[str] | None,
        typer.Option("--grant", help="clock_time_get or random_get; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a module of one's own: its closure, whose digest names it. Offline."""
    from privshare.jobs.wasm.closure import measure as measured  # noqa: PLC0415 - lazy
    from privshare.wire.canonical import b64u, encode  # noqa: PLC0415 - lazy

    found = measured(_read(file), abi, separate=separate, granted=grant or ())
    try:
        out.write_bytes(encode(found.to_json()))
    except OSError as error:
        raise ConfigError(
            f"expected to write {out}, found {error.strerror or 'an error'}"
        ) from None
    digest = b64u(found.digest())
    show(
        Report(
            f"measured {file}: closure in {out}",
            {"closure": found.to_json(), "code": digest},
            f"program  {digest}",
            next=f"privshare code propose NAME --binary {file} --closure {out}",
        ),
        as_json=as_json,
    )


@app.command()
def keep(
    binary: Annotated[
        Path, typer.Option("--binary", help="The module.", metavar="FILE.wasm")
    ],
    closure: Annotated[
        Path, typer.Option("--closure", help="Its closure.", metavar="FILE.json")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give your agency's node a proposed program's bytes, so that it can run it."""
    with connected(profile, passphrase_file) as net:
        done = net.programs.keep(_read(binary), _closure(closure))
    _show(done, "kept", "privshare code approve", profile, as_json=as_json)


@app.command()
def approve(
    code: CodeArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a program, as your agency."""
    with connected(profile, passphrase_file) as net:
        done = net.programs.approve(_digest(net, code))
    _show(done, "approved", "privshare job run-module", profile, as_json=as_json)


@app.command()
def withdraw(
    code: CodeArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="One sentence, for the ledger.")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a program, for good: it runs no more."""
    with connected(profile, passphrase_file) as net:
        done = net.programs.withdraw(_digest(net, code), reason)
    _show(done, "withdrew", "privshare code list", profile, as_json=as_json)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise ConfigError(
            f"expected a file at {path}, found {error.strerror or 'an error'}"
        ) from None
    if len(data) > _MOST:
        raise EncodingError(f"expected at most {_MOST:,} bytes in {path}, found more")
    return data


def _closure(path: Path) -> dict[str, Json]:
    from privshare.wire.canonical import decode  # noqa: PLC0415 - lazy

    found = decode(_read(path).strip())
    if not isinstance(found, dict):
        raise EncodingError(f"expected a closure in {path}, found something else")
    return found


def _digest(net: Client, name: str) -> str:
    """The digest of the one program that a person means."""
    found = {
        one.str("code")
        for one in net.programs.list()
        if name == one.str("module")
        or (len(name) >= _MIN_BEGINNING and one.str("code").startswith(name))
    }
    if len(found) != 1:
        raise NotFound(
            f"expected one program called {name}, found {len(found)}",
            fix="privshare code list",
        )
    return found.pop()


def _following(following: str, done: Document) -> str:
    """The next command: of a program on shares, how it is asked for."""
    name = done.str("module")
    if following.endswith("run-module"):
        if done.str("status") != "listed":
            return "privshare code list"
        if name.startswith("mpc."):
            return f"privshare job programs {name.removeprefix('mpc.')}"
    return following if following.endswith("list") else f"{following} {name}"


def _show(
    done: Document, did: str, following: str, profile: str, *, as_json: bool
) -> None:
    name = done.str("module")
    show(
        Report(
            f"{did} {name} ({done.str('code')[:12]}...); it is {done.str('status')}",
            {"program": done.json()},
            next=hint(_following(following, done), profile),
        ),
        as_json=as_json,
    )
