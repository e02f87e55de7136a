"""`privshare grant`: ask for rights, decide on them, end them.

Grants may be named by the first letters of their ids, six at least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

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
from privshare.cli.output import Report, progress, saved, show, word
from privshare.rights.identifier import is_joint
from privshare.sdk.table import MAX_VALUE, Table

if TYPE_CHECKING:
    from privshare.sdk.call import Blocking
    from privshare.sdk.grant import Grant

app = typer.Typer(rich_markup_mode=None)

GrantArgument = Annotated[
    str, typer.Argument(metavar="GRANT", help="Its id, or the first letters of it.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="One sentence, for the ledger.")
]
UsesOption = Annotated[
    int | None, typer.Option("--uses", help="How many uses.", min=1, metavar="N")
]
KOption = Annotated[
    int | None,
    typer.Option("--k", help="No result on fewer records.", min=1, metavar="N"),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until", help="Last day such as 2027-01-31, or 90d.", metavar="DATE"
    ),
]


@app.command()
def request(
    *,
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="Such as tax/deed-tax.")
    ],
    purpose: Annotated[
        str,
        typer.Option("--purpose", help="Why; compared letter by letter."),
    ],
    operation: Annotated[
        list[str] | None,
        typer.Option(
            "--operation",
            "-o",
            help="sum, mean, count, run (may be repeated), or read alone. "
            "The first three unless said.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            "-c",
            help="To compute on or to read; may be repeated. All of them for read "
            "unless said.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="What results may be split by; may be repeated."),
    ] = None,
    program: Annotated[
        list[str] | None,
        typer.Option(
            "--program", help="A measured program to run, by name; with -o run."
        ),
    ] = None,
    until: UntilOption = None,
    uses: UsesOption = None,
    k: KOption = None,
    budget: Annotated[
        int,
        typer.Option(
            "--budget",
            help="What noisy answers may cost together, in micro-epsilon.",
            min=0,
            metavar="N",
        ),
    ] = 0,
    wait_s: Annotated[
        float,
        typer.Option("--wait", help="Wait this many seconds for the decision."),
    ] = 0.0,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the owner of a dataset for a right."""
    with connected(profile, passphrase_file) as net:
        grant = net.dataset(dataset).request(
            purpose=purpose,
            operations=operation or ("sum", "mean", "count"),
            columns=column or (),
            by=by or (),
            until=until,
            uses=uses or 10,
            k=k or 10,
            programs=program or (),
            budget=budget,
        )
        note = saved(grant.receipt, receipt)
        if wait_s > 0 or grant.status == "refused":
            grant = grant.wait(wait_s, progress)  # says who refused, and why
            progress("")
    _show(
        grant,
        f"asked for a right on {grant.dataset}{note}; it is {grant.status}",
        _use(grant, profile)
        if grant.status == "active"
        else hint(f"privshare grant show {word(grant.id)}", profile),
        as_json=as_json,
    )


@app.command("list")
def list_(
    status: Annotated[
        str, typer.Option("--status", help="Only in this state.", metavar="STATUS")
    ] = "",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the grants given by your agency or to it, newest first."""
    with connected(profile, passphrase_file) as net:
        found = [one for one in net.grants() if status in ("", one.status)]
        own = f"{net.agency}/"
    rows = tuple(
        (
            one.id[:8],
            one.dataset,
            one.grantee,
            one.operations,
            one.purpose,
            one.status,
            one.uses_left,
        )
        for one in found
    )
    columns = ("grant", "dataset", "to", "operations", "purpose", "status", "uses left")
    waiting = any(
        one.status == "requested" and one.dataset.startswith(own) for one in found
    )
    show(
        Report(
            f"{len(rows)} grant{'' if len(rows) == 1 else 's'}",
            {"grants": [one.document for one in found]},
            Table(columns, rows, empty="no grant"),
            hint(f"privshare grant {'approve' if waiting else 'show'} GRANT", profile),
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    grant: GrantArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a grant: what it permits, and what is left of it."""
    with connected(profile, passphrase_file) as net:
        found = net.grant(grant)
    following = {
        "requested": f"the owner's steward: privshare grant approve {word(found.id)}",
        "offered": f"the grantee: privshare grant accept {word(found.id)}",
        "active": _use(found, profile),
    }.get(
        found.status,
        hint(f"privshare grant request {found.dataset} --purpose PURPOSE", profile),
    )
    _show(
        found, f"grant on {found.dataset}: {found.status}", following, as_json=as_json
    )


@app.command()
def approve(
    *,
    grant: GrantArgument,
    until: UntilOption = None,
    uses: UsesOption = None,
    k: KOption = None,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grant what was asked for, or less; a steward of the owner decides."""
    from privshare.sdk.moment import to_unix  # noqa: PLC0415 - lazy

    with connected(profile, passphrase_file) as net:
        found = net.grant(grant)
        terms: dict[str, Any] = {}
        if until is not None:
            import time  # noqa: PLC0415 - lazy

            terms["not_after"] = to_unix(until, time.time())
        if uses is not None:
            terms["uses"] = uses
        if k is not None:
            terms["k"] = k
        found = found.approve(terms or None)
    _show(
        found,
        f"decided; the grant is {found.status}{saved(found.receipt, receipt)}",
        {
            "requested": "another steward confirms: privshare grant approve "
            + word(found.id),
            "offered": f"the grantee: privshare grant accept {word(found.id)}",
        }.get(
            found.status,
            "to end it: " + hint(f"privshare grant revoke {word(found.id)}", profile),
        ),
        as_json=as_json,
    )


@app.command()
def refuse(
    *,
    grant: GrantArgument,
    reason: ReasonOption,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a request, or turn down an offer, with a reason."""
    with connected(profile, passphrase_file) as net:
        found = net.grant(grant).refuse(reason)
    _show(
        found,
        f"refused{saved(found.receipt, receipt)}",
        hint("privshare grant list --status requested", profile),
        as_json=as_json,
    )


@app.command()
def accept(
    grant: GrantArgument,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept the terms that an owner offered."""
    with connected(profile, passphrase_file) as net:
        found = net.grant(grant).accept()
    _show(
        found,
        f"accepted; the grant is {found.status}{saved(found.receipt, receipt)}",
        _use(found, profile),
        as_json=as_json,
    )


@app.command()
def revoke(
    *,
    grant: GrantArgument,
    reason: ReasonOption = "",
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a grant; it admits nothing from the next entry of the log on."""
    with connected(profile, passphrase_file) as net:
        found = net.grant(grant).revoke(reason)
    _show(
        found,
        f"revoked{saved(found.receipt, receipt)}",
        "earlier uses keep their receipts",
        as_json=as_json,
    )


def _use(grant: Grant[Blocking], profile: str) -> str:
    """The command that uses a grant."""
    if "read" in grant.operations:
        return hint(f"privshare record get {grant.dataset} KEY", profile)
    if "run" in grant.operations:
        joint = any(map(is_joint, grant.programs))
        return hint(
            "privshare job programs"
            if joint
            else f"privshare job run-module MODULE {grant.dataset}",
            profile,
        )
    return hint(f"privshare job sum {grant.dataset} COLUMN", profile)


def _show(grant: Grant[Blocking], done: str, following: str, *, as_json: bool) -> None:
    show(
        Report(
            done,
            {"grant": grant.document},
            Table(("field", "value"), grant.lines(), cut=MAX_VALUE),
            following,
        ),
        as_json=as_json,
    )
