"""`privshare threshold`: the consortium's key, which nobody holds alone.

threshold deal ─► share-….json for each holder ─► threshold import at its node
threshold reshare ─► resharing-….json ─► threshold deal --from
                 └─► part-….json for each new holder ─► threshold import
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    connected,
    hint,
)
from privshare.cli.output import Report, progress, show
from privshare.errors import (
    ConfigError,
    Conflict,
    EncodingError,
    PrivShareError,
    Unavailable,
)

if TYPE_CHECKING:
    from privshare.sdk.document import Document
    from privshare.sdk.table import Table

app = typer.Typer(rich_markup_mode=None)

ThresholdOption = Annotated[
    int | None,
    typer.Option(
        "--threshold", "-k", help="How many holders it takes to open.", metavar="K"
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The folder for the files.", metavar="DIR"),
]


@app.command()
def deal(
    threshold: ThresholdOption = None,
    holders: Annotated[
        str,
        typer.Option(
            "--holders",
            help="The agencies that get shares, with commas between them.",
            metavar="A,B,C",
        ),
    ] = "",
    bits: Annotated[
        int, typer.Option("--bits", help="Of the modulus: 2048 or 3072.")
    ] = 2048,
    out: OutOption = None,
    public: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Put a re-sharing on the ledger: the folder of its resharing files.",
            metavar="DIR",
        ),
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deal a key to several agencies, as the network's operator.

    The key is made here and forgotten; each share is sealed to its agency. With
    --from nothing is made: the key that old holders re-shared goes on the
    ledger.
    """
    if public is not None:
        if threshold is not None or holders or out is not None:
            raise ConfigError(
                "expected --from alone, found options of a new deal beside it"
            )
        _deal_reshared(public, profile, passphrase_file, as_json=as_json)
        return
    names = _names(holders, "--holders")
    folder = _folder(out)
    written: list[Path] = []

    def keep(files: Mapping[str, bytes]) -> None:
        progress("putting the key on the ledger")
        written.extend(_save(folder, files))

    with connected(profile, passphrase_file) as net:
        progress("drawing safe primes")
        try:
            done = net.threshold.deal(_needed(threshold), names, keep=keep, bits=bits)
        except PrivShareError as error:
            if not isinstance(error, Unavailable):  # else it may be there
                for path in written:
                    path.unlink()
            raise
        finally:
            progress("")
    epoch = done.int("epoch")
    show(
        Report(
            f"dealt epoch {epoch}, {threshold} of {len(names)}, entry "
            f"{done.int('index')} of the log",
            {
                "epoch": epoch,
                "index": done.int("index"),
                "files": [str(path) for path in written],
            },
            "\n".join(map(str, written)),
            "hand each file to its agency, whose steward runs: privshare threshold "
            "import FILE",
        ),
        as_json=as_json,
    )


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A share; or the parts of one re-sharing, all of them.",
            show_default=False,
        ),
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over this agency's share, as its steward.

    The node opens the seal, holds the share against the ledger, keeps it under
    its passphrase and says on the ledger that it has it.
    """
    data = [_read(file) for file in files]
    with connected(profile, passphrase_file) as net:
        done = net.threshold.take(data)
    epoch, status = done.int("epoch"), done.str("status")
    show(
        Report(
            f"accepted share {done.int('index')} of epoch {epoch}; the key is {status}",
            {
                "epoch": epoch,
                "share": done.int("index"),
                "accepted": done.int("accepted"),
                "status": status,
            },
            next="delete the file: the node has the share, and it is of no further use",
        ),
        as_json=as_json,
    )


@app.command()
def reshare(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="The new holders, with commas between them.",
            metavar="A,B,C",
        ),
    ],
    threshold: ThresholdOption = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="The old holders who do it, as many as it takes now; the first that "
            "can unless given.",
            metavar="A,B",
        ),
    ] = "",
    out: OutOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Share this agency's share among new holders, as its steward.

    Each of the old holders does so, with the same --to, --threshold and --by.
    """
    names, folder = _names(to, "--to"), _folder(out)
    with connected(profile, passphrase_file) as net:
        written = _save(
            folder,
            net.threshold.reshare(
                names, _needed(threshold), by=_names(by, "--by") if by else ()
            ),
        )
    public = next(path for path in written if path.name.startswith("resharing-"))
    show(
        Report(
            f"shared this agency's share among {', '.join(names)}",
            {"public": str(public), "files": [str(path) for path in written]},
            "\n".join(map(str, written)),
            f"hand {public.name} to the operator, who runs: privshare threshold deal "
            "--from DIR; and each part to its agency",
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the consortium's keys: who holds shares, and which one is in use."""
    with connected(profile, passphrase_file) as net:
        epochs = net.threshold.epochs()
    active = next((one for one in epochs if one.str("status") == "active"), None)
    show(
        Report(
            _in_use(active),
            {
                "active": None if active is None else active.int("epoch"),
                "epochs": [dict(one) for one in epochs],
            },
            _table(epochs) if epochs else None,
            ""
            if active
            else hint(
                "privshare threshold deal --threshold 2 --holders A,B,C", profile
            ),
        ),
        as_json=as_json,
    )


def _in_use(active: Document | None) -> str:
    if active is None:
        return "no threshold key is in use"
    holders = [one.str("agency") for one in active.objs("holders")]
    return (
        f"epoch {active.int('epoch')} is in use: any {active.int('threshold')} of "
        f"{', '.join(holders)} open together"
    )


def _table(epochs: list[Document]) -> Table:
    from privshare.sdk.table import MAX_VALUE, Table  # noqa: PLC0415 - lazy

    rows: list[tuple[Any, ...]] = []
    for one in epochs:
        holders = [
            one_.str("agency")
            + ("" if one_.get("accepted") is not None else " (waiting)")
            for one_ in one.objs("holders")
        ]
        rows.append(
            (
                one.int("epoch"),
                one.str("status"),
                f"{one.int('threshold')} of {len(holders)}",
                one.int("bits"),
                ", ".join(holders),
                "yes" if one.bool("held") else "no",
            )
        )
    heads = ("epoch", "status", "opens", "bits", "holders", "share here")
    return Table(heads, tuple(rows), cut=MAX_VALUE)


def _deal_reshared(
    folder: Path, profile: str, passphrase_file: Path | None, *, as_json: bool
) -> None:
    files = sorted(folder.glob("resharing-*.json"))
    if not files:
        raise ConfigError(
            f"expected resharing-….json files in {folder}, found none",
            fix="put there what the old holders' `threshold reshare` wrote",
        )
    data = [_read(file) for file in files]
    with connected(profile, passphrase_file) as net:
        done = net.threshold.deal_reshared(data)
    epoch = done.int("epoch")
    show(
        Report(
            f"put the re-sharing on the ledger as epoch {epoch}, entry "
            f"{done.int('index')} of the log",
            {"epoch": epoch, "index": done.int("index")},
            next="each new holder's steward runs: privshare threshold import with all "
            "its part-….json files",
        ),
        as_json=as_json,
    )


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise ConfigError(
            f"expected names of agencies with commas between them, found {text!r}",
            fix=f"give {option} title,housing,tax",
        )
    return names


def _needed(threshold: int | None) -> int:
    if threshold is None:
        raise ConfigError(
            "expected how many holders it takes to open, found nothing",
            fix="give --threshold 2",
        )
    return threshold


def _folder(out: Path | None) -> Path:
    if out is None:
        raise ConfigError(
            "expected a folder for the files, found none", fix="give --out DIR"
        )
    return out


def _read(file: Path) -> bytes:
    from privshare.ledger.sealed_share import MAX_FILE  # noqa: PLC0415 - lazy

    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE + 2)
    except OSError as error:
        raise ConfigError(
            f"expected a file at {file}, found: {error.strerror}"
        ) from None
    return data.rstrip(b"\n")


def _save(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write new files; none of those that are there is touched.

    Raises:
        Conflict: One of them is there.
        ConfigError: The folder takes no files.
        EncodingError: A name that leads out of the folder: nodes send them.
    """
    for name in files:
        if name in ("", "..") or name != Path(name).name or "\0" in name:
            raise EncodingError(
                f"expected names of files in one folder, found {name!r}",
                fix="do not use this node: it tries to write elsewhere",
            )
    paths = [folder / name for name in files]
    for path in paths:
        if path.exists():
            raise Conflict(
                f"expected no file at {path}, found one",
                fix="give another --out, or move it away",
            )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, data in zip(paths, files.values(), strict=True):
            with path.open("xb") as file:
                file.write(data)
    except OSError as error:
        raise ConfigError(
            f"expected a folder to write to at {folder}, found: {error.strerror}",
            fix="give another --out",
        ) from None
    return paths
