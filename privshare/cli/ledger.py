"""`privshare ledger`: look into the log, anchor files, audit it whole.

`status`, `entry` and `audit` need no key: the log is public to its members,
and what it says is held against the trust policy of the profile.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    SaveOption,
    connected,
    profile_of,
)
from privshare.cli.output import Report, progress, show, verify_hint
from privshare.errors import ConfigError

if TYPE_CHECKING:
    from privshare.sdk.call import Blocking
    from privshare.sdk.log_audit import LogReport

app = typer.Typer(rich_markup_mode=None)

TrustOption = Annotated[
    Path | None,
    typer.Option(
        "--trust", help="A trust policy in place of the profile's.", metavar="FILE"
    ),
]


@app.command()
def status(
    profile: ProfileOption = DEFAULT_PROFILE,
    trust: TrustOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far the log is, and who cosigned its newest checkpoint."""
    from privshare.sdk import log_audit  # noqa: PLC0415 - lazy

    driver, policy = _public(profile, trust)
    found = driver.run(log_audit.checkpoint(policy))
    newest, witnesses = found.checkpoint, sorted(found.witnesses)
    show(
        Report(
            f"{newest.origin} has {newest.size} entries, cosigned by "
            f"{', '.join(witnesses) or 'nobody'}",
            {
                "origin": newest.origin,
                "size": newest.size,
                "root": newest.root.hex(),
                "witnesses": found.witnesses,
            },
            f"root  {newest.root.hex()}",
            "privshare ledger audit verifies every entry of it",
        ),
        as_json=as_json,
    )


@app.command()
def entry(
    index: Annotated[int, typer.Argument(metavar="INDEX", help="Its log index.")],
    profile: ProfileOption = DEFAULT_PROFILE,
    trust: TrustOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one entry of the log, proven to be in it."""
    import json  # noqa: PLC0415 - lazy

    from privshare.ledger.block import is_leaf  # noqa: PLC0415 - lazy
    from privshare.sdk import log_audit  # noqa: PLC0415 - lazy
    from privshare.wire.canonical import decode  # noqa: PLC0415 - lazy

    driver, policy = _public(profile, trust)
    data = driver.run(log_audit.proven_entry(index, policy))
    document = {"leaf": data[1:].hex()} if is_leaf(data) else _opened(decode(data))
    show(
        Report(
            f"entry {index} is in the log",
            {"index": index, "entry": document},
            json.dumps(document, indent=2, ensure_ascii=True),
            "privshare ledger audit verifies every entry of it",
        ),
        as_json=as_json,
    )


@app.command()
def anchor(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to anchor.")],
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Anchor a file: prove later that it existed now, unchanged.

    The file stays here; the node sees a salted digest. The receipt holds the
    salt and is saved as FILE.psr unless said otherwise.
    """
    if not file.is_file():
        raise ConfigError(f"expected a file at {file}, found none")
    target = receipt or file.with_name(file.name + ".psr")
    with connected(profile, passphrase_file) as net:
        proof = net.anchor(file)
    target.write_bytes(bytes(proof))
    show(
        Report(
            f"anchored {file} at index {proof.index}, receipt in {target}",
            {"index": proof.index, "receipt": str(target)},
            next=f"keep both: {verify_hint(target, profile)}",
        ),
        as_json=as_json,
    )


@app.command()
def audit(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="A node's directory or a copy of a log; the profile's node unless "
            "given.",
            show_default=False,
        ),
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    trust: TrustOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a whole log: hash every entry, do every transaction again."""
    from privshare.sdk import log_audit  # noqa: PLC0415 - lazy

    if directory is not None:
        driver = log_audit.folder(directory)
        policy = _policy(profile, trust)
    else:
        driver, policy = _public(profile, trust)
    started = time.monotonic()
    found = driver.run(log_audit.audit_log(policy, progress))
    progress("")
    took_ms = round((time.monotonic() - started) * 1000)
    show(
        Report(
            f"the log of {found.network} is whole: {found.transactions} transactions "
            f"in {found.height + 1} blocks follow the rules",
            {**_fields(found), "milliseconds": took_ms},
            "\n".join(f"{name:12}  {value}" for name, value in _fields(found).items()),
            "compare size and root with another agency's: privshare ledger status",
        ),
        as_json=as_json,
    )


def _fields(found: LogReport) -> dict[str, object]:
    return {
        "origin": found.origin,
        "entries": found.size,
        "root": found.root.hex(),
        "height": found.height,
        "transactions": found.transactions,
        "anchors": found.anchors,
        "state_root": found.state_root.hex(),
        "witnesses": ", ".join(found.witnesses) or "none",
    }


def _public(name: str, trust: Path | None) -> tuple[Blocking, str]:
    """A driver that signs nothing, and the trust policy."""
    from privshare.sdk import transport  # noqa: PLC0415 - lazy

    profile = profile_of(name)
    signer = transport.Signer(transport.checked_url(profile.url), ca=profile.ca)
    return transport.blocking(signer), _policy(name, trust)


def _policy(name: str, trust: Path | None) -> str:
    if trust is not None:
        try:
            return trust.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"expected a trust policy at {trust}, found {type(error).__name__}"
            ) from None
    policy = profile_of(name).trust
    if not policy:
        raise ConfigError(
            f"expected a trust policy in profile {name}, found none",
            fix="give --trust FILE",
        )
    return policy


def _opened(document: object) -> object:
    """A transaction's envelope with its payload readable beside it."""
    from privshare.wire.canonical import decode, unb64  # noqa: PLC0415 - lazy

    if isinstance(document, dict) and isinstance(document.get("payload"), str):
        return {**document, "payload": decode(unb64(document["payload"]))}
    return document
