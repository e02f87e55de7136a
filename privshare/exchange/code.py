"""Measured programs: proposed, approved, listed; and their bytes, kept here.

    anybody   module ─► closure ─► code.list ─► ledger
    agencies  code.approve … more than half: listed ─► runners run it
    anybody who approved it   code.withdraw: it runs no more

The ledger has digests. The bytes of the modules of the library come with
PrivShare; others are kept by the nodes that were given them.

Implements docs/protocols/attested-job.md, section 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    NotFound,
    NotPermitted,
)
from privshare.exchange import drawer
from privshare.exchange.node import Node
from privshare.jobs.mpc_spec import PREFIX
from privshare.jobs.spec import PROGRAM as SUMS
from privshare.jobs.tee_spec import OPERATION, PROGRAM
from privshare.ledger import query_attested
from privshare.ledger.api import Committed
from privshare.ledger.attested import Code
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import Json, b64u, decode, encode, unb64u
from privshare.wire.digest import digest_json

__all__ = [
    "MAX_MODULE",
    "Program",
    "approve",
    "describe",
    "find_code",
    "keep",
    "of_library",
    "own",
    "program",
    "programs",
    "propose",
    "withdraw",
]

#: Longest module, in bytes.
MAX_MODULE = 8 << 20


@dataclass(frozen=True, slots=True)
class Program:
    """A program's bytes, and the document whose digest names them.

    Attributes:
        module: As the runtime takes it; empty of a program on shares, which
            the engine of this release has.
        closure: Module, runtime, its settings and imports, each measured; of a
            program on shares, the engine that runs it.
    """

    module: bytes
    closure: Json

    @property
    def code(self) -> bytes:
        """What names the program on the ledger."""
        return digest_json(domain.PROGRAM, self.closure)

    @property
    def runner(self) -> str:
        """What runs it: a machine (`tee.run/v1`), or three on shares."""
        return PROGRAM if self.module else identifier.JOINT


def keep(node: Node, made: Program) -> str:
    """Keep a program's bytes here, so that this node can run it.

    Returns:
        The digest of its closure, base64url.
    """
    digest = b64u(made.code)
    document: dict[str, Json] = {"closure": made.closure, "module": b64u(made.module)}
    node.store.put_documents({digest: encode(document)})
    return digest


def program(node: Node, code: bytes) -> Program:
    """A program that is here.

    Raises:
        NotFound: Its bytes are not: rule `run.module`.
    """
    kept = node.store.document(b64u(code))
    if kept is None:
        for made in _library():
            if made.code == code:
                return made
        raise NotFound(
            f"expected the module {b64u(code)[:10]}... at {node.agency}, found none",
            fix="Give it to the runner's node, too: privshare code keep.",
            detail={"party": node.agency, "rule": "run.module"},
        )
    value: Any = decode(kept, max_bytes=2 * MAX_MODULE)
    made = Program(unb64u(value["module"]), value["closure"])
    if made.code != code:
        raise EvidenceInvalid(
            "expected the module that was listed, found another",
            detail={"party": node.agency, "rule": "run.module"},
        )
    return made


def own(binary: bytes, closure: object) -> Program:
    """A program of one's own, with the closure that measures it.

    Args:
        binary: The module.
        closure: As `privshare code measure` writes it.

    Raises:
        EncodingError: A closure of another form.
        RunRefused: It names another module (`run.module`), or a runtime that
            runners of this version do not have (`run.abi`).
    """
    from privshare.jobs.wasm.closure import (  # noqa: PLC0415 - programs of one's own
        Closure,
        check_module,
    )

    measured = Closure.from_json(closure)
    check_module(measured, binary)
    return Program(binary, measured.to_json())


def of_library(name: str) -> Program:
    """A program of the library that comes with PrivShare.

    Raises:
        NotFound: There is none of this name.
    """
    from privshare.jobs.mpc import catalogue  # noqa: PLC0415 - programs alone
    from privshare.jobs.wasm import library  # noqa: PLC0415 - reads modules

    joint = [PREFIX + one for one in catalogue.names()]
    if name in joint:
        return Program(b"", catalogue.closure(name.removeprefix(PREFIX)))
    if name not in library.names():
        raise NotFound(
            f"expected a module of the library, {', '.join(library.names())}, or a "
            f"program on shares, {', '.join(joint)}, found {identifier.shown(name)}"
        )
    found = library.module(name)
    return Program(found.binary, found.closure.to_json())


def _library() -> Iterator[Program]:
    from privshare.jobs.mpc import catalogue  # noqa: PLC0415 - programs alone
    from privshare.jobs.wasm import library  # noqa: PLC0415 - reads modules

    for name in library.names():
        yield of_library(name)
    for name in catalogue.names():
        yield of_library(PREFIX + name)


def propose(
    node: Node,
    made: Program,
    *,
    module: str,
    source: str,
    provenance: bytes | None = None,
    person: str = "",
) -> Committed:
    """Propose a program to the agencies, and keep its bytes.

    Args:
        node: Of the agency that proposes it, and approves it by that.
        made: The program.
        module: What people will call it.
        source: Where it comes from, in one line.
        provenance: Digest of a document that says how it was made, or None.
        person: Who asked.

    Raises:
        Conflict: Somebody proposed it before: rule `code.known`.
    """
    digest = keep(node, made)
    body: dict[str, Json] = {
        "abi": made.runner,
        "code": digest,
        "module": module,
        "provenance": {
            "digest": None if provenance is None else b64u(provenance),
            "text": source,
        },
    }
    return _say(node, "code.list", body, digest, person)


def approve(node: Node, code: str, *, person: str = "") -> Committed:
    """Approve a program. The approval that makes more than half lists it.

    Raises:
        NotFound: Nobody proposed it.
        StepNotAllowed, Conflict: It was withdrawn; or we approved it before.
    """
    return _say(node, "code.approve", {"code": code}, code, person)


def withdraw(node: Node, code: str, *, reason: str, person: str = "") -> Committed:
    """End a program's listing, for good.

    Raises:
        NotFound: Nobody proposed it.
        NotPermitted: We did not approve it.
        StepNotAllowed: It was withdrawn before.
    """
    body: dict[str, Json] = {"code": code, "reason": reason}
    return _say(node, "code.withdraw", body, code, person)


def _say(
    node: Node, kind: str, body: dict[str, Json], code: str, person: str
) -> Committed:
    committed = node.submit(kind, body)
    drawer.file_kind(node, committed, code)
    node.store.log_use(node.clock(), node.agency, kind, person=person, subject=code)
    return committed


def describe(node: Node, code: str, held: Code | None = None) -> dict[str, Any]:
    """A program for people.

    Raises:
        NotFound: Nobody proposed it.
    """
    found = held or query_attested.code(node.view(), code)
    return {
        "approvals": [one.to_json() for one in found.approvals],
        "code": code,
        "listed": found.listed,
        "module": found.module,
        "program": f"{found.abi}:{code}",
        "provenance": {"digest": found.provenance, "text": found.source},
        "status": found.status,
        "withdrawn": None if found.withdrawn is None else found.withdrawn.to_json(),
    }


def find_code(node: Node, name: str, runner: str) -> tuple[bytes, str]:
    """The closure's digest and the name of a listed program.

    Args:
        node: This node.
        name: What people call it, or its digest in base64url.
        runner: What is to run it: `tee.run/v1` or `mpc.run/v1`.

    Raises:
        NotFound: Nobody proposed it.
        NotPermitted: It is not listed (`run.unlisted`), or several are under
            this name (`job.code`).
    """
    known = {
        digest: one
        for digest, one in query_attested.codes(node.view()).items()
        if one.abi == runner
    }
    named = {
        digest: one
        for digest, one in known.items()
        if name in (digest, one.module) and one.status != "withdrawn"
    }
    listed = {digest: one for digest, one in named.items() if one.status == "listed"}
    if len(listed) == 1:
        ((digest, found),) = listed.items()
        return unb64u(digest, 32), found.module
    if listed:
        raise NotPermitted(
            f"expected one listed program of the name {identifier.shown(name)}, found "
            f"{len(listed)}",
            fix="Name it by its digest: privshare code list.",
            detail={"rule": "job.code"},
        )
    if name in known or any(one.module == name for one in known.values()):
        raise NotPermitted(
            f"expected a program that the agencies have listed, found "
            f"{identifier.shown(name)}, which they have not",
            fix="More than half of the agencies approve it: privshare code approve.",
            detail={"rule": "run.unlisted"},
        )
    raise NotFound(
        f"expected a listed program, found none called {identifier.shown(name)}",
        fix="privshare code list",
    )


def programs(
    node: Node, operations: Sequence[str], named: Sequence[str]
) -> tuple[str, ...]:
    """The programs that a right is for: of sums, of joins, and those to run.

    Args:
        node: This node.
        operations: Of the right.
        named: Programs to run: by name, by digest, or as grants hold them; and
            which joins, all of an operation's if none is named.

    Raises:
        EncodingError: None named to run, or some and nothing to run; or a join
            that none of the operations is about.
        NotFound, NotPermitted: As for `find_code`.
    """
    joins = {name for name in named if name in identifier.JOINS}
    run = [name for name in named if name not in joins]
    if bool(run) != (OPERATION in operations):
        raise EncodingError(
            f"programs: expected some exactly with the operation {OPERATION}, found "
            f"{'some' if run else 'none'}"
        )
    found = {_program_name(node, name) for name in run}
    matching = set(operations) & set(identifier.JOINS.values())
    for name in joins:
        if identifier.JOINS[name] not in matching:
            raise EncodingError(
                f"programs: expected those of {', '.join(sorted(operations))}, found "
                f"{name}, which is of {identifier.JOINS[name]}"
            )
    for operation in matching:
        of = {name for name, one in identifier.JOINS.items() if one == operation}
        found |= of & joins or of
    if set(operations) - {OPERATION} - matching:
        found.add(SUMS)
    return tuple(sorted(found))


def _program_name(node: Node, name: str) -> str:
    """A program as grants hold it."""
    if ":" in name or name == identifier.SUBMITTED:
        return name
    held = query_attested.codes(node.view()).get(name)
    joint = name.startswith(PREFIX) if held is None else held.abi == identifier.JOINT
    runner = identifier.JOINT if joint else PROGRAM
    return identifier.measured(find_code(node, name, runner)[0], runner)
