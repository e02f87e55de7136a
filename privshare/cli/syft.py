"""`privshare syft`: let data scientists who use PySyft ask with code of their own.

scientist's steward   syft key ─► syft enrol ─► the document her client signs in with
owner's steward       syft publish ─► a mock for all to see ─► syft pending ─► syft show
                      ─► syft approve, or syft refuse
owner's operator      syft serve DIR: carries submissions in, results and receipts out

`serve`, `key` and `enrol --folder` need PySyft: `pip install 'privshare[syft]'`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    SaveOption,
    connected,
    hint,
)
from privshare.cli.output import Report, saved, show, word
from privshare.errors import ConfigError, Conflict, NotFound
from privshare.sdk.table import Table, plain

if TYPE_CHECKING:
    from privshare.sdk import Client
    from privshare.sdk.document import Document
    from privshare.wire.canonical import Encodable

app = typer.Typer(rich_markup_mode=None)

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="The bridge's directory.")
]
AccountArgument = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="What PySyft calls it: an e-mail.")
]
SubmissionArgument = Annotated[
    str,
    typer.Argument(
        metavar="SUBMISSION", help="Its digest, or the first letters of it."
    ),
]
_INTERVAL_S = 2.0
_MIN_BEGINNING = 6


@app.command()
def key(
    *,
    account: AccountArgument,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where its client keeps its files.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Show the key of a PySyft account of yours, for its steward; made if missing."""
    from privshare.bridge.extra import need_extra  # noqa: PLC0415 - lazy
    from privshare.bridge.key import account_key  # noqa: PLC0415 - lazy
    from privshare.wire.canonical import b64u  # noqa: PLC0415 - lazy

    need_extra()
    found = b64u(account_key(folder, account))
    show(
        Report(
            f"{account} has the key {found}",
            {"account": account, "key": found},
            next=f"your steward runs: privshare syft enrol {account} --key={found}",
        ),
        as_json=as_json,
    )


@app.command()
def enrol(
    *,
    account: AccountArgument,
    key: Annotated[
        str, typer.Option("--key", help="As `syft key` shows it.", metavar="KEY")
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Take the key from there, on this computer."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where the document goes.")
    ] = Path("enrolment.json"),
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vouch for a PySyft account: what it submits, your agency submits."""
    from privshare.bridge.journal import write_whole  # noqa: PLC0415 - lazy
    from privshare.wire.canonical import encode, unb64u  # noqa: PLC0415 - lazy

    if bool(key) == (folder is not None):
        raise ConfigError(
            "expected the account's key or its folder, found "
            f"{'both' if key else 'neither'}",
            fix="its owner runs: privshare syft key ACCOUNT --folder DIR",
        )
    if folder is None:
        data = unb64u(key, 32)
    else:
        from privshare.bridge.extra import need_extra  # noqa: PLC0415 - lazy
        from privshare.bridge.key import account_key  # noqa: PLC0415 - lazy

        need_extra()
        data = account_key(folder, account)
    with connected(profile, passphrase_file) as net:
        done = net.accounts.enrol(account, data)
        proof = net.receipt(done.receipt) if receipt else None
    write_whole(out, encode(done.enrolment))
    show(
        Report(
            f"{account} is enrolled, its document is {out}{saved(proof, receipt)}",
            {"account": account, "enrolment": str(out), "id": done.id},
            next=f"hand {out} to {account}, whose client signs in with it",
        ),
        as_json=as_json,
    )


@app.command()
def accounts(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the accounts that your agency vouches for."""
    with connected(profile, passphrase_file) as net:
        found = net.accounts.list()
    rows = tuple(
        (
            one.obj("enrolment").str("account") if one["enrolment"] else "",
            one.str("id"),
            "stands" if one["ended"] is None else "ended",
        )
        for one in found
    )
    show(
        Report(
            f"{len(rows)} account{'' if len(rows) == 1 else 's'}",
            {"accounts": [one.json() for one in found]},
            Table(("account", "id", "enrolment"), rows) if rows else None,
        ),
        as_json=as_json,
    )


@app.command()
def end(
    enrolment: Annotated[
        str, typer.Argument(metavar="ID", help="As `syft accounts` shows it.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", help="For the ledger, where all see it.")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vouch for an account no more: no gate takes anything of it from now on."""
    with connected(profile, passphrase_file) as net:
        net.accounts.end(enrolment, reason)
    show(Report(f"ended {enrolment}", {"id": enrolment}), as_json=as_json)


@app.command()
def publish(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="Of yours, such as tax/wages.")
    ],
    gate: Annotated[
        Path,
        typer.Option(
            "--gate", help="What may leave, and who approves.", metavar="FILE"
        ),
    ],
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a dataset take submissions: invented rows for all to see, a gate's rule."""
    rule = _rule(gate)
    with connected(profile, passphrase_file) as net:
        done = net.mocks.publish(dataset, rule)
        proof = net.receipt(done.str("receipt")) if receipt else None
    index, mock = done.int("index"), done.str("mock")
    show(
        Report(
            f"{dataset} takes submissions, its mock is entry {index} of the log"
            f"{saved(proof, receipt)}",
            done.json(),
            "\n".join(plain(one) for one in mock.splitlines()[:6]),
            "privshare syft serve DIR shows it to scientists",
        ),
        as_json=as_json,
    )


@app.command()
def serve(
    *,
    folder: FolderArgument,
    account: Annotated[
        str, typer.Option("--account", help="Yours in PySyft, an e-mail address.")
    ],
    store: Annotated[
        Literal["node", "folder"],
        typer.Option("--store", help="Where messages wait: at nodes, or in a folder."),
    ] = "node",
    boxes: Annotated[
        Path | None,
        typer.Option("--boxes", help="That folder; DIR/boxes unless said."),
    ] = None,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, max=3_600, help="Seconds of pause.")
    ] = _INTERVAL_S,
    once: Annotated[
        bool, typer.Option("--once", help="One round; its failure is told.")
    ] = False,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Carry submissions from PySyft to your node, results and receipts back."""
    from privshare.bridge.extra import need_extra  # noqa: PLC0415 - lazy

    need_extra()
    from privshare.bridge import process  # noqa: PLC0415 - the extra

    with connected(profile, passphrase_file) as net:
        process.run(
            net,
            folder,
            account,
            boxes=(boxes or folder / "boxes") if store == "folder" else None,
            interval_s=interval,
            once=once,
        )


@app.command()
def pending(
    every: Annotated[
        bool, typer.Option("--all", help="Those that have an answer, too.")
    ] = False,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the submissions that wait for people: yours, and those asked of you."""
    with connected(profile, passphrase_file) as net:
        found = [
            one
            for one in net.submissions.list()
            if every or one.str("status") in ("pending", "approved", "working")
        ]
    rows = tuple(
        (
            one.str("submission")[:12],
            one.str("status"),
            _text(one, "user"),
            _text(one, "dataset"),
            _text(one, "purpose"),
            _missing(one),
        )
        for one in found
    )
    heads = ("submission", "status", "from", "dataset", "purpose", "waits for")
    following = (
        hint(f"privshare syft show {word(found[0].str('submission')[:12])}", profile)
        if found
        else ""
    )
    show(
        Report(
            f"{len(rows)} submission{'' if len(rows) == 1 else 's'}",
            {"submissions": [one.json() for one in found]},
            Table(heads, rows) if rows else None,
            following,
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    submission: SubmissionArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a submission with every file, characters that hide something escaped."""
    from privshare.cli.reading import readable  # noqa: PLC0415 - lazy

    with connected(profile, passphrase_file) as net:
        found = net.submissions.show(_one(net, submission).str("submission"))
        rule = net.mocks.show(_text(found, "dataset")) if found["gate"] else None
    digest = found.str("submission")
    heads = [
        ("status", found.str("status")),
        ("from", f"{_text(found, 'user')} of {_text(found, 'agency')}"),
        ("called", found.str("name")),
        ("dataset", _text(found, "dataset")),
        ("purpose", _text(found, "purpose")),
        ("runs", found.str("entry")),
        ("rule", "" if rule is None else _told(rule)),
        ("waits for", _missing(found)),
    ]
    if found["reason"]:
        heads.append(("reason", _text(found, "reason")))
    body = f"{Table(('', ''), tuple(heads), cut=120)}\n{readable(found.objs('files'))}"
    decide = f"privshare syft approve {word(digest)} --gate {_text(found, 'gate')[:12]}"
    show(
        Report(
            f"submission {digest}",
            found.json(),
            body,
            hint(decide, profile) if found.str("status") == "pending" else "",
        ),
        as_json=as_json,
    )


@app.command()
def approve(
    submission: SubmissionArgument,
    gate: Annotated[
        str,
        typer.Option(
            "--gate",
            help="The rule that you read, or its first letters: no other, if it "
            "was replaced since.",
            metavar="RULE",
        ),
    ] = "",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say yes to exactly these bytes, for this dataset, purpose and rule."""
    with connected(profile, passphrase_file) as net:
        one = _one(net, submission)
        found = net.submissions.approve(one.str("submission"), gate=_gate(one, gate))
    missing = _missing(found)
    show(
        Report(
            f"approved {found.str('submission')}, "
            f"{f'it waits for {missing}' if missing else 'it will run'}",
            found.json(),
            next=hint("privshare syft pending --all", profile),
        ),
        as_json=as_json,
    )


@app.command()
def refuse(
    submission: SubmissionArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="For its author and the ledger.")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say no, also after a yes, as long as it has not run."""
    with connected(profile, passphrase_file) as net:
        found = net.submissions.refuse(_one(net, submission).str("submission"), reason)
    digest = found.str("submission")
    show(Report(f"refused {digest}", found.json()), as_json=as_json)


def _text(one: Document, name: str) -> str:
    found = one[name]
    return found if isinstance(found, str) else ""


def _one(net: Client, beginning: str) -> Document:
    """The submission whose first letters are given, as it is listed.

    Raises:
        NotFound: None begins so, or several do.
    """
    found = [
        one
        for one in net.submissions.list()
        if one.str("submission").startswith(beginning)
    ]
    if len(found) != 1 or len(beginning) < _MIN_BEGINNING:
        raise NotFound(
            f"expected one submission that begins with {beginning!r}, found "
            f"{len(found)}",
            fix="privshare syft pending --all lists them; give six letters or more",
        )
    return found[0]


def _gate(one: Document, beginning: str) -> str | None:
    """The whole digest of the rule that somebody read, or None: not said.

    Raises:
        Conflict: It is not the rule in force.
    """
    now = _text(one, "gate")
    if not beginning:
        return None
    if len(beginning) < _MIN_BEGINNING or not now.startswith(beginning):
        raise Conflict(
            f"expected the rule in force, {now[:12]}, found {beginning!r}",
            fix="privshare syft show SUBMISSION shows the rule; six letters or more",
        )
    return now


def _told(shown: Document) -> str:
    """What a gate's rule lets leave, in a line, and the letters that name it."""
    from privshare.jobs.submission.rule import GateRule  # noqa: PLC0415 - lazy
    from privshare.wire.canonical import b64u  # noqa: PLC0415 - lazy

    rule = GateRule.from_json(shown.obj("gate").json())
    behind = f"{rule.k} behind each line, " if rule.count else ""
    noise = "noised" if rule.noise else "exact"
    return (
        f"{b64u(rule.digest())[:12]}: {behind}{rule.rows:,} lines, {rule.numbers:,} "
        f"numbers, {noise}, at most {rule.bits:,} bits a run"
    )


def _missing(one: Document) -> str:
    """Whom it waits for, in words."""
    if one["approvals"] is None:
        return ""
    given = one.obj("approvals")
    told = list(given.strs("missing"))
    owner, people = _text(one, "owner"), given.int("people")
    if owner in told and people > 1:
        left = people - given.int("confirmed")
        told[told.index(owner)] = f"{owner} ({left} of {people} people)"
    return ", ".join(told)


def _rule(file: Path) -> dict[str, Encodable]:
    """A gate's rule: what the file says, and of the rest what is usual."""
    from privshare.jobs.submission.rule import GateRule  # noqa: PLC0415 - lazy

    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"expected the rule of a gate in {file}, found {type(error).__name__}",
            fix="docs/syft.md has one to begin with",
        ) from None
    if not isinstance(found, dict) or "k" not in found:
        raise ConfigError(
            f"expected an object with at least k in {file}, found another",
            fix='{"k": 10, "count": "n"} asks for ten rows behind each line',
        )
    usual = GateRule(k=1).to_json()
    return dict(GateRule.from_json({**usual, **found}).to_json())
