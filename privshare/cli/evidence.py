"""`privshare evidence`: what machines say of themselves, verified offline.

recorded files ─► evidence pack ─► X.evidence ─► evidence verify --policy P --at T

Pure checks of files: no node, no network, no clock. The time is an option.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from privshare.cli.connection import JsonOption
from privshare.cli.output import Report, show
from privshare.errors import ConfigError, EncodingError, PrivShareError
from privshare.sdk.table import plain

if TYPE_CHECKING:
    from privshare.jobs.attestation.appraisal import Appraisal
    from privshare.jobs.attestation.evidence import (
        Claims,
        Endorsements,
        Evidence,
        RootSet,
    )
    from privshare.jobs.attestation.policy import AppraisalPolicy

app = typer.Typer(rich_markup_mode=None)

_MOST = 1 << 22

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Evidence, as `evidence pack` wrote it.")
]
EndorsementsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--endorsements",
        "-e",
        metavar="FILE",
        help="What makers said of the machine; may be repeated.",
    ),
]


@app.command()
def verify(
    *,
    file: FileArgument,
    policy: Annotated[
        Path, typer.Option("--policy", metavar="FILE", help="What you accept.")
    ],
    at: Annotated[
        str,
        typer.Option("--at", metavar="TIME", help="Unix seconds, or 2025-07-04[T...]."),
    ],
    endorsements: EndorsementsOption = None,
    roots: Annotated[
        list[Path] | None,
        typer.Option("--roots", metavar="FILE", help="Further roots; may be repeated."),
    ] = None,
    report_data: Annotated[
        str, typer.Option("--report-data", metavar="HEX", help="What it must say.")
    ] = "",
    code: Annotated[
        str, typer.Option("--code", metavar="DIGEST", help="Which program runs.")
    ] = "",
    age: Annotated[
        int | None,
        typer.Option("--age", metavar="SECONDS", help="From the nonces to it."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--listed", help="The log approves the code.")
    ] = False,
    witnesses: Annotated[
        int | None, typer.Option("--witnesses", help="How many cosigned.")
    ] = None,
    gpu: Annotated[
        Path | None,
        typer.Option("--gpu", metavar="FILE", help="Evidence of a GPU beside it."),
    ] = None,
    gpu_nonce: Annotated[
        str, typer.Option("--gpu-nonce", metavar="HEX", help="What the GPU must say.")
    ] = "",
    production: Annotated[
        bool, typer.Option("--production", help="As a deployment with real data.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Verify evidence and appraise it by a policy, offline."""
    from privshare.jobs.attestation.appraisal import appraise  # noqa: PLC0415 - lazy
    from privshare.jobs.attestation.verifier import beside  # noqa: PLC0415 - lazy
    from privshare.jobs.attestation.verifier import (  # noqa: PLC0415 - lazy
        verify as verify_evidence,
    )
    from privshare.wire.digest import parse_digest  # noqa: PLC0415 - lazy

    when = _time(at)
    judged = _policy(policy)
    said = _hex(report_data) if report_data else None
    runs = parse_digest(code) if code else None
    nonce = _hex(gpu_nonce) if gpu_nonce else None
    known = _roots(roots or [], production=production)
    claims = verify_evidence(
        _evidence(file), _endorsements(endorsements or []), known, when
    )
    if gpu is not None:
        found = verify_evidence(_evidence(gpu), _endorsements([]), known, when)
        claims = beside(claims, "gpu", found)
    appraisal = appraise(
        claims,
        judged,
        at=when,
        production=production,
        report_data=said,
        code=runs,
        age_s=age,
        listed=True if listed else None,
        witnesses=witnesses,
        submodule_data=nonce,
    )
    show(
        Report(
            f"{appraisal.status}: {claims.kind}, {claims.trust_class}, "
            f"{'accepted' if appraisal.accepted else 'refused'} by the policy "
            f"{judged.id}, version {judged.version}",
            {"appraisal": appraisal.to_json(), "claims": _laid(claims)},
            _findings(appraisal),
            "" if appraisal.accepted else "only the policy's owner may widen it",
        ),
        as_json=as_json,
        ok=appraisal.accepted,
    )
    if not appraisal.accepted:
        raise typer.Exit(1)


@app.command("show")
def show_(
    file: FileArgument,
    endorsements: EndorsementsOption = None,
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="TIME", help="Verify at this time, and show the claims."
        ),
    ] = "",
    roots: Annotated[
        list[Path] | None,
        typer.Option("--roots", metavar="FILE", help="Further roots; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is in evidence; with a time also what is proven by it."""
    from privshare.jobs.attestation.verifier import (  # noqa: PLC0415 - lazy
        verify as verify_evidence,
    )
    from privshare.wire.digest import digest_text  # noqa: PLC0415 - lazy

    evidence = _evidence(file)
    data: dict[str, Any] = {
        "digest": digest_text(evidence.digest()),
        "kind": evidence.kind,
        "parts": {name: len(part) for name, part in evidence.parts.items()},
    }
    lines = [f"{name:24}  {len(part)} bytes" for name, part in evidence.parts.items()]
    done = f"{evidence.kind}, nothing of it verified"
    if at:
        claims = verify_evidence(
            evidence,
            _endorsements(endorsements or []),
            _roots(roots or [], production=False),
            _time(at),
        )
        data["claims"] = laid = _laid(claims)
        lines += [f"{name:24}  {_shown(value)}" for name, value in laid.items()]
        done = f"{evidence.kind}, verified up to {claims.root.name}: not appraised"
    show(
        Report(
            done,
            data,
            "\n".join(lines),
            f"privshare evidence verify {file} --policy FILE --at TIME",
        ),
        as_json=as_json,
    )


@app.command()
def pack(
    *,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="sev-snp, tdx-dcap, tpm2, ...")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where evidence goes.")
    ],
    part: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="NAME=FILE", help="A recorded file; repeat."),
    ] = None,
    endorsement: Annotated[
        list[str] | None,
        typer.Option(
            "--endorsement", metavar="NAME=FILE", help="A maker's file; repeat."
        ),
    ] = None,
    endorsements_out: Annotated[
        Path | None,
        typer.Option(
            "--endorsements-out",
            metavar="FILE",
            help="Where endorsements go; FILE.endorsements unless given.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Pack recorded files as evidence; nothing of them is checked."""
    from privshare.jobs.attestation.evidence import (  # noqa: PLC0415 - lazy
        Endorsements,
        Evidence,
    )
    from privshare.wire.canonical import encode  # noqa: PLC0415 - lazy

    evidence = Evidence(kind, _parts(part or []))
    _write(out, encode(evidence.to_json()))
    files = [str(out)]
    if endorsement:
        target = endorsements_out or out.with_name(f"{out.name}.endorsements")
        made = Endorsements(_parts(endorsement))
        _write(target, encode(made.to_json()))
        files.append(str(target))
    also = f" --endorsements {files[1]}" if len(files) > 1 else ""
    show(
        Report(
            f"packed {len(evidence.parts)} parts of {kind} in {' and '.join(files)}",
            {"files": files, "kind": kind},
            None,
            f"privshare evidence verify {out}{also} --policy FILE --at TIME",
        ),
        as_json=as_json,
    )


def _time(text: str) -> int:
    """Unix seconds out of an option."""
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            read = read.replace(tzinfo=UTC)
        seconds = int(read.timestamp())
    except (ValueError, OverflowError):
        seconds = -1
    if seconds < 0:
        raise ConfigError(
            f"expected a time such as 1751587200 or 2025-07-04T00:00:00, found "
            f"{text[:40]!a}"
        )
    return seconds


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ConfigError("expected report data in hex, found another form") from None


def _policy(path: Path) -> AppraisalPolicy:
    from privshare.jobs.attestation.policy import (  # noqa: PLC0415 - lazy
        AppraisalPolicy,
    )

    return AppraisalPolicy.from_json(_json(path))


def _evidence(path: Path) -> Evidence:
    from privshare.jobs.attestation.evidence import Evidence  # noqa: PLC0415 - lazy

    return Evidence.from_json(_json(path))


def _endorsements(paths: list[Path]) -> Endorsements:
    """All parts of all files; one name twice is refused."""
    from privshare.jobs.attestation.evidence import (  # noqa: PLC0415 - lazy
        Endorsements,
    )

    parts: dict[str, bytes] = {}
    for path in paths:
        for name, data in Endorsements.from_json(_json(path)).parts.items():
            if parts.setdefault(name, data) != data:
                raise EncodingError(
                    f"expected one part {name} of the endorsements, found two"
                )
    return Endorsements(parts)


def _roots(paths: list[Path], *, production: bool) -> RootSet:
    from privshare.jobs.attestation.roots import load_roots  # noqa: PLC0415 - lazy

    return load_roots(map(_json, paths), production=production)


def _parts(named: list[str]) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    for text in named:
        name, equals, file = text.partition("=")
        if not equals or not file or name in parts:
            raise ConfigError(
                f"expected NAME=FILE, each name once, found {text[:80]!a}"
            )
        parts[name] = _read(Path(file))
    return parts


def _findings(appraisal: Appraisal) -> str:
    """One line for each finding, the bad ones marked."""
    marks = {"affirming": " ", "warning": "?", "contraindicated": "x"}
    lines = [
        f"{marks[one.verdict]} {one.rule.removeprefix('appraisal.'):20}  "
        f"{plain(one.sentence)}"
        for one in appraisal.findings
    ]
    from privshare.jobs.attestation.appraisal import WORDS  # noqa: PLC0415 - lazy

    lines.append(f"\n{appraisal.trust_class}: {WORDS[appraisal.trust_class]}")
    return "\n".join(lines)


def _laid(claims: Claims) -> dict[str, Any]:
    """Claims as people and programs read them: bytes in hex."""
    laid: dict[str, Any] = {
        "root": claims.root.name,
        "trust_class": claims.trust_class,
        "debug": claims.debug,
        "report_data": claims.report_data.hex(),
        "identity": claims.identity.hex(),
        "instance": claims.instance.hex(),
        "not_before": claims.not_before,
        "not_after": claims.not_after,
    }
    for name, value in sorted(claims.values.items()):
        laid[name] = value.hex() if isinstance(value, bytes) else value
    for name, sub in claims.submodules.items():
        laid.update({f"{name}:{key}": value for key, value in _laid(sub).items()})
    return laid


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return plain(", ".join(map(str, value))) or "none"
    return plain(str(value))


def _json(path: Path) -> object:
    """Decoded JSON, in any layout: people write policies by hand."""
    from privshare.wire.canonical import decode_loose  # noqa: PLC0415 - lazy

    data = _read(path)
    try:
        return cast(object, decode_loose(data, max_bytes=_MOST))
    except PrivShareError as error:
        raise EncodingError(f"{path.name}: {error.message}") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST + 1)  # a longer one is refused by its reader
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or "an error"
        raise ConfigError(f"expected a file at {path}, found {text}") from None


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError(
            f"expected to write {path}, found {error.strerror or 'an error'}"
        ) from None
