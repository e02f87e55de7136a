"""`privshare ring`: speak as one of many, and name an author together.

ring new-key ─► me.ring.pub ─► ring register ─► ring sign ─► ring verify, link
                                                   └─► ring post ─► ring open
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
    passphrase,
    profile_of,
)
from privshare.cli.output import Report, show, word
from privshare.errors import ConfigError
from privshare.sdk.table import Table
from privshare.wire.base64 import b64u

if TYPE_CHECKING:
    from privshare.sdk.document import Document
    from privshare.sdk.ring import Members, SignedStatement

app = typer.Typer(rich_markup_mode=None)

_MOST = 1 << 20

RingArgument = Annotated[
    str, typer.Argument(metavar="RING", help="Such as housing/officials.")
]
StatementArgument = Annotated[
    str, typer.Argument(metavar="STATEMENT", help="The statement's id.")
]
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A signed statement.")
]
MembersOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--ring",
        "-r",
        metavar="FILE",
        help="The ring, as `ring show --save` wrote it; the node is asked without.",
    ),
]


@app.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The key file.")],
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a ring member's key; hand FILE.pub to whoever registers the ring."""
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    public = ring.new_key(file, passphrase(passphrase_file, str(file), twice=True))
    show(
        Report(
            f"made {file} and {file}.pub",
            {"public": b64u(public), "alg": "ristretto255"},
            f"public key  {b64u(public)}",
            f"the ring's steward runs: privshare ring register NAME {file}.pub ...",
        ),
        as_json=as_json,
    )


@app.command()
def register(
    *,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The part behind the slash."),
    ],
    keys: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Members' public key files, .pub; a folder stands for those in it.",
            show_default=False,
        ),
    ],
    regulators: Annotated[
        str,
        typer.Option(
            "--regulators",
            metavar="A,B,C",
            help="Agencies that can name an author together; nobody can without.",
        ),
    ] = "",
    threshold: Annotated[
        int,
        typer.Option("--threshold", "-k", help="How many of them it takes."),
    ] = 0,
    repeat: Annotated[
        str,
        typer.Option(
            "--repeat",
            help="What becomes of a member's second statement in a scope: link or "
            "refuse.",
        ),
    ] = "link",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a ring of your agency, or its next list of members."""
    from privshare.sdk.ring_key_file import public_ring_key  # noqa: PLC0415 - lazy

    found = [public_ring_key(path) for path in _public_files(keys)]
    wanted = [one.strip() for one in regulators.split(",") if one.strip()]
    if bool(wanted) != bool(threshold):
        raise ConfigError(
            "expected --regulators with --threshold, or neither, found one of them"
        )
    with connected(profile, passphrase_file) as net:
        done = net.rings.register(
            name, found, regulators=wanted, threshold=threshold, repeat=repeat
        )
    full, epoch = done.str("ring"), done.int("epoch")
    show(
        Report(
            f"registered {full}, epoch {epoch}, {done.int('size')} members",
            {
                "ring": full,
                "epoch": epoch,
                "size": done.int("size"),
                "digest": done.str("digest"),
            },
            f"digest  {done.str('digest')}",
            hint(f"privshare ring show {full}", profile),
        ),
        as_json=as_json,
    )


@app.command("list")
def list_(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the rings of the network."""
    with connected(profile, passphrase_file) as net:
        found = net.rings.list()
    rows = tuple(
        (
            one.str("ring"),
            str(one["epoch"] or ""),
            str(one.int("size", 0)),
            _openers(one),
            one.str("repeat", ""),
        )
        for one in found
    )
    heads = ("ring", "epoch", "members", "can be opened by", "second statement")
    show(
        Report(
            f"{len(rows)} ring{'' if len(rows) == 1 else 's'}",
            {"rings": [dict(one) for one in found]},
            Table(heads, rows, empty="no ring yet"),
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    *,
    name: RingArgument,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Keep the ring, to verify with."),
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: JsonOption = False,
) -> None:
    """Show a ring's members and their digest; the node is given no name."""
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    members = ring.find(name, profile_of(profile))
    note = ""
    if save is not None:
        save.write_bytes(ring.save_members(members))
        note = f", saved in {save}"
    digest = b64u(members.ring.digest)
    regulators = members.regulators
    openers = b64u(regulators.digest) if regulators else None
    opened = (
        f"{regulators.threshold} of {len(regulators.keys)} regulators together, "
        f"digest {openers}"
        if regulators
        else "nobody"
    )
    keys = "\n".join(b64u(key) for key in members.ring.keys)
    show(
        Report(
            f"{name}, epoch {members.epoch}, {len(members.ring)} members{note}",
            {
                "ring": name,
                "epoch": members.epoch,
                "digest": digest,
                "keys": [b64u(key) for key in members.ring.keys],
                "regulators": openers,
                "threshold": regulators.threshold if regulators else None,
            },
            f"digest           {digest}\ncan be named by  {opened}\n\n{keys}",
            "compare with another member's: the list is your hiding place, and whose "
            "keys the regulators are is the node's word",
        ),
        as_json=as_json,
    )


@app.command()
def sign(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What to say, 64 KiB at most.")
    ],
    name: Annotated[str, typer.Option("--ring", "-r", help="Speak as one of this.")],
    scope: Annotated[
        str,
        typer.Option("--scope", help="Where two statements of yours are linked."),
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="Your ring key file.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="FILE.signed unless given."),
    ] = None,
    members: Annotated[
        Path | None,
        typer.Option(
            "--members",
            metavar="FILE",
            help="The ring, as `ring show --save` wrote it; the node is asked without.",
        ),
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a message as some member of a ring; nothing is sent."""
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    found = _members(members, name, profile)
    own = ring.open_key(key, passphrase(passphrase_file, str(key)))
    signed = ring.sign(_read(file), scope, ring=found, key=own)
    target = out or file.with_name(f"{file.name}.signed")
    _write(target, ring.save(signed))
    show(
        Report(
            f"signed as one of {len(found.ring)} members of {name}, in {target}",
            {
                "file": str(target),
                "statement": ring.statement_id(signed),
                "scope": scope,
                "size": len(found.ring),
            },
            f"statement  {ring.statement_id(signed)}\nscope      {scope}\n"
            f"network    {found.network}",
            hint(f"privshare ring post {target}", profile),
        ),
        as_json=as_json,
    )


@app.command()
def post(
    file: FileArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: JsonOption = False,
) -> None:
    """Put a signed statement on the ledger; the request has no name on it."""
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    posted = ring.post(ring.load(_read(file)), profile_of(profile))
    linked = (
        f", statement {posted.number} of this signer in this scope"
        if posted.number > 1
        else ""
    )
    show(
        Report(
            f"on the ledger as entry {posted.index}{linked}",
            {
                "statement": posted.id,
                "tx": posted.tx,
                "index": posted.index,
                "number": posted.number,
            },
            f"statement  {posted.id}",
            "the node knows the address this came from, and no more",
        ),
        as_json=as_json,
    )


@app.command()
def verify(
    file: FileArgument,
    members: MembersOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: JsonOption = False,
) -> None:
    """Check that some member of a ring signed."""
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    signed = ring.load(_read(file))
    found = _all_members(members, (signed,), profile)[0]
    tag = ring.verify(signed, found)
    place = signed.place
    show(
        Report(
            f"signed by one of the {len(found.ring)} members of {place.ring}, epoch "
            f"{place.epoch}",
            {
                "statement": ring.statement_id(signed),
                "ring": place.ring,
                "epoch": place.epoch,
                "scope": place.scope,
                "tag": b64u(tag),
            },
            f"scope      {place.scope}\ntag        {b64u(tag)}\n"
            f"statement  {ring.statement_id(signed)}",
        ),
        as_json=as_json,
    )


@app.command()
def link(
    first: FileArgument,
    second: Annotated[Path, typer.Argument(metavar="FILE", help="Another one.")],
    members: MembersOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    as_json: JsonOption = False,
) -> None:
    """Tell whether two statements of one scope have one author."""
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    a, b = ring.load(_read(first)), ring.load(_read(second))
    same = ring.link(a, b, _all_members(members, (a, b), profile))
    show(
        Report(
            "one author" if same else "two authors",
            {"same": same, "scope": a.place.scope},
        ),
        as_json=as_json,
    )


@app.command()
def statements(
    name: Annotated[
        str, typer.Argument(metavar="[RING]", help="Of this ring; of all without.")
    ] = "",
    scope: Annotated[str, typer.Option("--scope", help="In this scope alone.")] = "",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List anonymous statements, the newest first."""
    with connected(profile, passphrase_file) as net:
        found = net.rings.statements(name, scope)
    rows = tuple(
        (
            one.str("id"),
            one.str("ring"),
            one.str("scope"),
            one.str("tag")[:8],
            str(one.int("number")),
            _state(one),
        )
        for one in found
    )
    heads = ("statement", "ring", "scope", "signer", "number", "author")
    show(
        Report(
            f"{len(rows)} statement{'' if len(rows) == 1 else 's'}",
            {"statements": [dict(one) for one in found]},
            Table(heads, rows, empty="no statement yet"),
        ),
        as_json=as_json,
    )


@app.command()
def message(
    statement: StatementArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write it to a file."),
    ] = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a statement's text, as the ring's owner or a regulator."""
    with connected(profile, passphrase_file) as net:
        data = net.rings.message(statement)
    if out is not None:
        _write(out, data)
    show(
        Report(
            f"{len(data)} bytes, the ones that the statement commits to",
            {"message": data.decode("utf-8", "replace")},
            None if out is not None else data.decode("utf-8", "replace"),
            hint(f'privshare ring open --reason "..." {word(statement)}', profile),
        ),
        as_json=as_json,
    )


@app.command("open")
def open_(
    *,
    statement: StatementArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it goes on the ledger with the part.")
    ],
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give your agency's part of naming a statement's author."""
    with connected(profile, passphrase_file) as net:
        done = net.rings.open(statement, reason)
    member = done.str("member", "") if done["member"] is not None else ""
    missing = done.int("missing")
    show(
        Report(
            "the author is named"
            if member
            else f"given; {missing} more regulator{'' if missing == 1 else 's'} needed",
            {"statement": statement, "member": member or None, "missing": missing},
            f"public key  {member}" if member else None,
            "" if member else "another regulator runs the same command at its node",
        ),
        as_json=as_json,
    )


def _members(file: Path | None, name: str, profile: str) -> Members:
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    if file is not None:
        return ring.named(ring.load_members(_read(file)), name)
    return ring.find(name, profile_of(profile))


def _all_members(
    files: list[Path] | None, signed: tuple[SignedStatement, ...], profile: str
) -> list[Members]:
    from privshare.sdk import ring  # noqa: PLC0415 - lazy

    if files:
        return [ring.load_members(_read(file)) for file in files]
    at = profile_of(profile)
    return [ring.find(name, at) for name in {one.place.ring for one in signed}]


def _public_files(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.pub")) if path.is_dir() else [path]
    return found


def _openers(one: Document) -> str:
    if one["regulators"] is None:
        return "nobody"
    shown = one.obj("regulators")
    names = ", ".join(key.str("agency") for key in shown.objs("keys"))
    return f"{shown.int('threshold')} of {names}"


def _state(one: Document) -> str:
    if one["opening"] is None:
        return "cannot be named"
    opening = one.obj("opening")
    if opening["member"] is not None:
        return opening.str("member")[:8]
    return f"{opening.int('missing')} regulators from being named"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST + 1)  # a longer one is refused by its reader
    except OSError as error:
        raise ConfigError(
            f"expected a file at {path}, found {error.strerror or 'an error'}"
        ) from None


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError(
            f"expected to write {path}, found {error.strerror or 'an error'}"
        ) from None
