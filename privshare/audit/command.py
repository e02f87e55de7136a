"""The command: files in, sentences out, and one of three exit codes.

    privshare verify sum.psr
    python -m privshare.audit evidence.zip --trust trust.policy --explain

The only part of the verifier that reads files and the clock. It starts in a
fraction of a second, because it loads nothing that a verdict does not need.

Trust comes from --trust, else from the file that PRIVSHARE_TRUST names, else
from `trust.policy` beside the receipt or inside the bundle. In the last case
the report says so and shows the file's SHA-256, to be compared with one that
came another way.

Attachments are found by what they are: any file beside the receipt, or in a
folder of its name, whose SHA-256 is the one in the receipt.

Implements docs/formats/receipt.md, section 7.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from privshare.audit.report import Result, Verdict
from privshare.audit.sentence import plain
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import Newer, verify
from privshare.errors import PrivShareError
from privshare.jobs.receipt import MAX_ATTACHMENT, Receipt
from privshare.wire.digest import sha256

#: What the shell sees.
EXIT: dict[Result, int] = {"valid": 0, "invalid": 1, "incomplete": 2}

VARIABLE = "PRIVSHARE_TRUST"
BESIDE = "trust.policy"

_MAX_SMALL = 1 << 20
_MAX_BUNDLE = 256 << 20
_MAX_NEIGHBOURS = 2_000
_SUFFIXES = (".psr", ".zip")
_COLOURS = {
    "VALID": 32,
    "NOT VALID": 31,
    "INCOMPLETE": 33,
    "ok": 32,
    "failed": 31,
    "missing": 33,
    "not applicable": 2,
}
_COLOURED = re.compile(
    r"^(?P<lead>(?: ?\d\d?  )?)(?P<word>NOT VALID|VALID|INCOMPLETE|ok|failed|missing|"
    r"not applicable)(?=  | )"
)


_Find = Callable[[str], bytes | None]


class Unreadable(Exception):
    """A file that the user named cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust policy's bytes and where they are from, in words."""

    data: bytes | None
    source: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with the name of its file."""

    name: str
    trust: Trust
    verdict: Verdict


def main(argv: Sequence[str] | None = None) -> int:
    """Run `privshare verify`.

    Args:
        argv: The arguments after the command's name; the process' own if
            None.

    Returns:
        0 when everything is valid, 1 when something is invalid, else 2. With
        several files the worst counts, and invalid is worst.
    """
    options = _parser().parse_args(argv)
    code = 0
    judged: list[Judged] = []
    for name in options.files:
        try:
            judged += _judge(Path(name), options)
        except Unreadable as error:
            print(f"privshare verify: {plain(str(error))}", file=sys.stderr)
            code = EXIT["incomplete"]
    codes = {code, *(EXIT[one.verdict.outcome] for one in judged)}
    worst = 1 if 1 in codes else max(codes)
    if options.json:
        sys.stdout.write(_as_json(judged, worst))
    else:
        _write(judged, explain=options.explain)
    return worst


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="privshare verify",
        description="Check receipts and bundles, offline.",
        epilog="Exit code: 0 valid, 1 not valid, 2 incomplete or unreadable.",
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a receipt, a bundle, or a folder"
    )
    parser.add_argument(
        "--trust", metavar="FILE", help="the trust policy; default: trust.policy beside"
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        type=_moment,
        help="judge as of this time (RFC 3339 or unix seconds); default: now",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    parser.add_argument(
        "--explain", action="store_true", help="show what each step looked at"
    )
    parser.add_argument(
        "--second-opinion",
        action="store_true",
        help="check the arithmetic again with code that is not ours (slow)",
    )
    roots = parser.add_mutually_exclusive_group()
    roots.add_argument(
        "--roots",
        metavar="FILE",
        action="append",
        default=[],
        help="manufacturers' roots for evidence of machines, beside those built in",
    )
    roots.add_argument(
        "--trial-roots",
        metavar="FILE",
        action="append",
        default=[],
        help="test roots, to try things out; the verdict says so",
    )
    parser.add_argument(
        "--against", metavar="CHECKPOINT", help="a newer checkpoint of the same log"
    )
    parser.add_argument(
        "--consistency",
        metavar="PROOF",
        help="the proof that it continues the receipt's: hashes in base64, one a line",
    )
    return parser


def _moment(text: str) -> int:
    """Read --at.

    Raises:
        ValueError: Neither RFC 3339 nor seconds; argparse tells the user.
    """
    if re.fullmatch(r"[0-9]{1,12}", text):
        return int(text)
    from datetime import UTC, datetime  # noqa: PLC0415 - most calls need no calendar

    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _judge(path: Path, options: argparse.Namespace) -> Iterator[Judged]:
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix in _SUFFIXES)
        if not found:
            raise Unreadable(f"{path}: expected .psr or .zip files in it, found none")
        for one in found:
            yield from _judge(one, options)
        return
    data = _read(path, _MAX_BUNDLE)
    if data.startswith(b"PK"):
        yield from _judge_bundle(path, data, options)
        return
    trust = _trust(options, path.parent / BESIDE)
    neighbours = _Neighbours(path, data)
    yield _verdict(str(path), data, trust, neighbours.find, options)


def _judge_bundle(
    path: Path, data: bytes, options: argparse.Namespace
) -> Iterator[Judged]:
    from privshare.audit.bundle import open_bundle  # noqa: PLC0415 - zip is seldom needed

    try:
        bundle = open_bundle(data)
    except PrivShareError as error:
        raise Unreadable(f"{path}: {error.message}") from None
    trust = _trust(options, None)
    if trust.data is None:
        trust = Trust(bundle.trust, "trust.policy inside the bundle")
    for name, enclosed in bundle.receipts.items():
        yield _verdict(
            f"{path}: {name}", enclosed.data, trust, enclosed.attachment, options
        )


def _verdict(
    name: str,
    data: bytes,
    trust: Trust,
    find: _Find,
    options: argparse.Namespace,
) -> Judged:
    verdict = verify(
        data,
        trust.data,
        options.at if options.at is not None else int(time.time()),
        find,
        second_opinion=options.second_opinion,
        newer=_newer(options),
        roots=_roots(options),
    )
    return Judged(name, trust, verdict)


def _roots(options: argparse.Namespace) -> EvidenceRoots | None:
    names = options.roots or options.trial_roots
    if not names:
        return None
    data = tuple(_read(Path(name), _MAX_SMALL) for name in names)
    return EvidenceRoots(data, trial=bool(options.trial_roots))


def _newer(options: argparse.Namespace) -> Newer | None:
    if options.against is None:
        return None
    proof = b""
    if options.consistency is not None:
        proof = _read(Path(options.consistency), _MAX_SMALL)
    return Newer(_read(Path(options.against), _MAX_SMALL), proof)


def _trust(options: argparse.Namespace, beside: Path | None) -> Trust:
    named = options.trust or os.environ.get(VARIABLE)
    if named:
        return Trust(_read(Path(named), _MAX_SMALL), named)
    if beside is not None and beside.is_file():
        return Trust(_read(beside, _MAX_SMALL), f"{beside}, found beside the receipt")
    return Trust(None, "")


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from None
    if len(data) > most:
        raise Unreadable(f"{path}: expected at most {most} bytes, found more")
    return data


class _Neighbours:
    """Finds a receipt's attachments among the files around it."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data

    def find(self, name: str) -> bytes | None:
        """The bytes of an attachment, by digest; else a file of its name."""
        wanted = {
            one.name: one for one in Receipt.from_bytes(self._data).attachments
        }.get(name)
        for file in self._around():
            try:
                size = file.stat().st_size
                if wanted is None or size > MAX_ATTACHMENT:
                    continue
                if wanted.size in (None, size):
                    data = _read(file, MAX_ATTACHMENT)
                    if sha256(data) == wanted.digest:
                        return data
            except (OSError, Unreadable):
                continue
        return self._by_name(name)

    def _by_name(self, name: str) -> bytes | None:
        """A file that should be it, so that step 8 can say that it is not."""
        stem = self._path.stem
        folder = self._path.parent
        for file in (folder / stem / name, folder / f"{stem}.{name}", folder / name):
            if file.is_file():
                try:
                    return _read(file, MAX_ATTACHMENT)
                except Unreadable:
                    continue
        return None

    def _around(self) -> Iterable[Path]:
        folder = self._path.parent
        seen = 0
        for place in (folder / self._path.stem, folder, folder / "attachments"):
            if not place.is_dir():
                continue
            for file in sorted(place.iterdir()):
                seen += 1
                if seen > _MAX_NEIGHBOURS:
                    return
                if file.is_file() and file != self._path:
                    yield file


def _write(judged: list[Judged], *, explain: bool) -> None:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for position, one in enumerate(judged):
        text = one.verdict.report(one.name, explain=explain) + _told_trust(one)
        if coloured:
            text = "\n".join(map(_colour, text.split("\n")))
        separator = "\n" if position else ""
        data = (separator + text).encode("utf-8", "backslashreplace")
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    if len(judged) > 1:
        outcomes = [one.verdict.outcome for one in judged]
        counts = ", ".join(
            f"{outcomes.count(word)} {word}" for word in EXIT if word in outcomes
        )
        sys.stdout.write(f"\n{len(judged)} receipts: {counts}\n")
    sys.stdout.flush()


def _told_trust(one: Judged) -> str:
    if one.trust.data is None:
        return (
            "\nNo trust policy: give one with --trust FILE, in "
            f"{VARIABLE}, or as {BESIDE} beside the receipt.\n"
        )
    fingerprint = sha256(one.trust.data).hex()
    text = f"\nTrust policy: {plain(one.trust.source)}\n  SHA-256 {fingerprint}\n"
    if "beside" in one.trust.source or "inside" in one.trust.source:
        text += (
            "  It came with the receipt: compare this fingerprint with one that you "
            "got from\n  somebody else.\n"
        )
    return text


def _colour(line: str) -> str:
    found = _COLOURED.match(line)
    if not found:
        return line
    lead, word = found["lead"], found["word"]
    return f"{lead}\x1b[{_COLOURS[word]}m{word}\x1b[0m{line[found.end() :]}"


def _as_json(judged: list[Judged], worst: int) -> str:
    document: dict[str, Any] = {
        "outcome": next(word for word, code in EXIT.items() if code == worst),
        "type": "privshare.verdicts",
        "v": 1,
        "verdicts": [
            {
                "file": one.name,
                "trust": one.trust.source,
                **one.verdict.to_json(),
            }
            for one in judged
        ],
    }
    return json.dumps(document, sort_keys=True) + "\n"
