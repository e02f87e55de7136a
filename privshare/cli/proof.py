"""`privshare proof`: prove one thing about a value, and nothing else of it.

proof commit ─► X.opening (secret) ─► proof make ─► X.proof ─► proof verify
proof cell: the same about a row of an anchored dataset, on the ledger
"""

from __future__ import annotations

import json
import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    SaveOption,
    connected,
)
from privshare.cli.output import Report, saved, show, verify_hint
from privshare.errors import ConfigError, Conflict, EncodingError
from privshare.wire.base64 import b64u

if TYPE_CHECKING:
    from privshare.schemes.commitment import Opening
    from privshare.schemes.proof import ProofDocument

app = typer.Typer(rich_markup_mode=None)

_MOST = 1 << 22

OpeningArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="OPENING...",
        help="Files of `proof commit`, in the order of the statement.",
        show_default=False,
    ),
]
PurposeOption = Annotated[
    str, typer.Option("--purpose", help="What the proof is for; bound into it.")
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE", help="Where the proof goes.")
]


@app.command()
def commit(
    *,
    value: Annotated[int, typer.Argument(metavar="VALUE", help="An integer.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The opening: keep it secret."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Commit to a value: print the commitment, keep what opens it."""
    from privshare.sdk import prove  # noqa: PLC0415 - lazy
    from privshare.wire.canonical import encode  # noqa: PLC0415 - lazy

    opening = prove.commit(value)
    _write_secret(out, encode(opening.to_json()))
    text = b64u(opening.commitment())
    show(
        Report(
            f"committed; {out} opens it",
            {"commitment": text, "file": str(out)},
            f"commitment  {text}",
            f"privshare proof make range {out} --low A --high B --purpose WHY -o FILE",
        ),
        as_json=as_json,
    )


@app.command()
def make(
    *,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="range, at-least, equal, one-of, or total (last = sum).",
        ),
    ],
    openings: OpeningArgument,
    purpose: PurposeOption,
    out: OutOption,
    low: Annotated[int | None, typer.Option("--low", help="Least value.")] = None,
    high: Annotated[int | None, typer.Option("--high", help="Greatest value.")] = None,
    values: Annotated[
        str, typer.Option("--values", metavar="A,B,C", help="The list of one-of.")
    ] = "",
    account: Annotated[
        str, typer.Option("--account", help="Who proves; bound into the proof.")
    ] = "",
    network: Annotated[
        str, typer.Option("--network", help="In which network; bound into it.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Prove one thing about committed values; they stay hidden."""
    from privshare.sdk import prove  # noqa: PLC0415 - lazy

    found = [_opening(path) for path in openings]
    context = prove.Context.fresh(purpose, account=account, network=network)
    document: ProofDocument
    if kind == "range":
        document = prove.range(
            _single(found),
            _given(low, "--low"),
            _given(high, "--high"),
            purpose=purpose,
            context=context,
        )
    elif kind == "at-least":
        if len(found) != 2:
            raise ConfigError(f"expected two openings, found {len(found)}")
        document = prove.at_least(*found, purpose=purpose, context=context)
    elif kind == "equal":
        document = prove.equal(*found, purpose=purpose, context=context)
    elif kind == "one-of":
        listed = _integers(values)
        document = prove.one_of(
            _single(found), listed, purpose=purpose, context=context
        )
    elif kind == "total":
        document = prove.total(found[:-1], found[-1], purpose=purpose, context=context)
    else:
        raise ConfigError(
            f"expected range, at-least, equal, one-of or total, found {kind[:40]!a}"
        )
    data = document.to_bytes()
    _write(out, data)
    show(
        Report(
            f"proven: {document.kind}, {len(data)} bytes in {out}",
            {"kind": document.kind, "file": str(out), "bytes": len(data)},
            None,
            f"privshare proof verify {out}",
        ),
        as_json=as_json,
    )


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proof.")],
    as_json: JsonOption = False,
) -> None:
    """Verify a proof, offline, and say what it proves."""
    from privshare.audit.proof_words import in_words  # noqa: PLC0415 - lazy
    from privshare.sdk import prove  # noqa: PLC0415 - lazy

    document = prove.verify(_read(file))
    shown = cast(dict[str, Any], document.to_json())
    statement = json.dumps(shown["public"], indent=1)
    told = in_words(document.statement)
    context = "\n".join(
        f"{name:8}  {text}" for name, text in shown["context"].items() if text
    )
    show(
        Report(
            f"proven: {told}",
            {
                "kind": document.kind,
                "statement": told,
                "public": shown["public"],
                "context": shown["context"],
            },
            f"{context}\n{statement}",
            "compare purpose, account and network with what you asked for",
        ),
        as_json=as_json,
    )


@app.command()
def cell(
    *,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Of your agency.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="Value of the key column.")],
    column: Annotated[str, typer.Option("--column", "-c", help="A provable column.")],
    low: Annotated[str, typer.Option("--low", help="Least value, as in the table.")],
    high: Annotated[str, typer.Option("--high", help="Greatest value.")],
    purpose: PurposeOption,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that a cell of an anchored row lies between two bounds."""
    with connected(profile, passphrase_file) as net:
        proof = net.dataset(dataset).prove_range(
            key, column, _bound(low), _bound(high), purpose=purpose
        )
    note = saved(proof, receipt)
    show(
        Report(
            f"{column} of {key} in {dataset} lies between {low} and {high}{note}",
            {"dataset": dataset, "column": column, "low": low, "high": high},
            None,
            verify_hint(receipt, profile),
        ),
        as_json=as_json,
    )


def _single(openings: list[Opening]) -> Opening:
    if len(openings) != 1:
        raise ConfigError(f"expected one opening, found {len(openings)}")
    return openings[0]


def _given(value: int | None, name: str) -> int:
    if value is None:
        raise ConfigError(f"expected {name}, found none")
    return value


def _integers(text: str) -> list[int]:
    try:
        return [int(one) for one in text.split(",")]
    except ValueError:
        raise ConfigError(
            "expected --values with integers and commas between them, found others"
        ) from None


def _bound(text: str) -> int | Decimal | str:
    """A bound as a table has it: an integer, a decimal, or a date."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return int(number) if number == number.to_integral_value() else number


def _opening(path: Path) -> Opening:
    from privshare.schemes.commitment import Opening  # noqa: PLC0415 - lazy
    from privshare.wire.canonical import decode  # noqa: PLC0415 - lazy

    return Opening.from_json(decode(_read(path).strip()))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise ConfigError(
            f"expected a file at {path}, found {error.strerror or 'an error'}"
        ) from None
    if len(data) > _MOST:
        raise EncodingError(f"expected at most {_MOST} bytes in {path}, found more")
    return data


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError(
            f"expected to write {path}, found {error.strerror or 'an error'}"
        ) from None


def _write_secret(path: Path, data: bytes) -> None:
    """Write what nobody else may read, and overwrite nothing."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(f"expected no file {path}, found one") from None
    except OSError as error:
        raise ConfigError(
            f"expected to write {path}, found {error.strerror or 'an error'}"
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
