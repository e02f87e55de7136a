"""What receipts about measured jobs are about, in sentences, and do not prove.

As `headline`, of which it is the part for programs, evidence and refusals. How
far a machine is to be trusted is said in words wherever a result is shown, and
only after the evidence was verified.

    Case ─► HEADLINES[operation] ─► sentences
    Judged ─► said_of_class ─► the sentence under them

Implements docs/formats/receipt.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from privshare.audit.case import Case
from privshare.audit.sentence import counted, decimal, listed, plain, short, when
from privshare.errors import PrivShareError
from privshare.ledger import query, query_attested
from privshare.ledger.rules_attest import JobAttest, JobRefuse
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.wire.canonical import Json, decode, unb64u

if TYPE_CHECKING:
    from privshare.audit.attested import Judged

__all__ = [
    "ATTESTED",
    "CLASSES",
    "HEADLINES",
    "measured_job",
    "of_class",
    "said_of_class",
]

_ROWS = 12

#: Names in the output of ready modules that say nothing to a reader.
_UNSAID = ("columns", "groups", "key")

#: What a class of root is worth, in one sentence at the head of a report.
CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "hardware-tee": "hardware-tee: the processor hides the job from the owner of "
        "the machine, and its maker vouches for it",
        "hardware-tpm": "hardware-tpm: a chip vouches for what was started; the "
        "owner of the machine can read the job's memory",
        "software": "software: proves nothing against the host's administrator",
        "simulated": "simulated: proves nothing; a key for trying things out stands "
        "where a machine should be",
    }
)


def said_of_class(judged: Judged | None) -> str:
    """How far to trust the machine, or that nothing of it is proven."""
    if judged is None:
        return "Trust class: none. The machine's evidence is not accepted here."
    trial = " This is a trial." if judged.trial else ""
    return f"Trust class {CLASSES[judged.trust_class]}.{trial}"


def of_class(operation: str, trust_class: str | None) -> tuple[str, ...]:
    """What is not proven because of the class of the machine's root."""
    if operation not in ("job.attest", "job.joint", "job.measured"):
        return ()
    return _BY_CLASS.get(trust_class or "", ())


def _at(case: Case) -> str:
    return f"On {when(case.time)} the agency {case.subject.account}"


def _program(case: Case, job: Job) -> str:
    digest = identifier.code_of(job.program) or ""
    return plain(query_attested.code(case.state, digest).module)


def measured_job(case: Case) -> list[str]:
    """The result of a measured job."""
    job = query.job(case.state, case.statement.job)
    uses = [query.use(case.state, one) for one in job.inputs]
    names = (query.grant(case.state, one.grant).terms.dataset for one in uses)
    columns = sorted({name for one in uses for name in (*one.columns, *one.group_by)})
    where = (
        f"It was computed on pieces, two of three for each of the machines of "
        f"{listed(job.parties.nodes)}, which"
        if job.parties.nodes
        else f"It ran in a machine of {job.parties.compute}, which"
    )
    return [
        f"{_at(case)} obtained what the program {_program(case, job)} computes from "
        f"{listed(columns)} of {listed(dict.fromkeys(names))}, for the purpose "
        f"{uses[0].purpose}. {where} showed every owner evidence before any data was "
        "released.",
        *_output(case),
    ]


def _output(case: Case) -> list[str]:
    """The first lines of what the program wrote: a table, or a document."""
    from privshare.jobs.wasm import frame  # noqa: PLC0415 - for these alone

    written = (case.receipt.result or {})["output"]
    if isinstance(written, dict):
        return _document(written)
    output = unb64u(written)
    try:
        return _document(decode(output))
    except PrivShareError:
        pass
    try:
        columns = frame.decode(output)
    except PrivShareError:
        size = counted(len(output), "byte", "bytes")
        return [f"  {size}, neither a table nor a document"]
    rows = len(columns[0].cells) if columns else 0
    lines = [
        ", ".join(f"{one.name} {_cell(one.cells[row], one.scale)}" for one in columns)
        for row in range(min(rows, _ROWS))
    ]
    return _first(lines, rows) or ["  a table without rows"]


def _document(found: Json) -> list[str]:
    """A document as lines: one for each element of its lists, one for the rest."""
    fields = found if isinstance(found, dict) else {"output": found}
    lines, rest = [], {}
    for name, value in fields.items():
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            lines += [", ".join(_leaves("", _plain_first(one))) for one in value]
        else:
            rest[name] = value
    said = ", ".join(_leaves("", rest))
    lines += [said] if said else []
    return _first(lines[:_ROWS], len(lines)) or ["  an empty document"]


#: What names a line stands first in it.
_NAMES = ("group", "key", "name")


def _plain_first(one: Json) -> Json:
    """An element with what names it ahead of what it holds."""
    if not isinstance(one, dict):
        return one
    return dict(
        sorted(
            one.items(), key=lambda it: (isinstance(it[1], dict), it[0] not in _NAMES)
        )
    )


def _leaves(name: str, value: Json) -> Iterator[str]:
    """What a document says, each with its place; nothing of what is not there."""
    match value:
        case None:
            return
        case dict():
            for key, inner in value.items():
                place = "" if key in _UNSAID else key
                yield from _leaves(f"{name} {place}".strip(), inner)
        case list():
            inside = [said for one in value for said in _leaves("", one)]
            yield f"{name} {'/'.join(inside)}".strip()
        case bool():
            yield f"{name} {'yes' if value else 'no'}".strip()
        case _:
            yield f"{name} {value}".strip()


def _first(lines: list[str], count: int) -> list[str]:
    shown = [f"  {plain(line)}" for line in lines]
    return shown + (
        [f"  and {count - len(lines):,} more"] if count > len(lines) else []
    )


def _cell(value: object, scale: int | None) -> str:
    """A cell as people write it; a decimal is its scaled integer."""
    if value is None:
        return "none"
    return decimal(str(value), scale or 0)


def _attest(case: Case) -> list[str]:
    body = cast(JobAttest, case.statement)
    job = query.job(case.state, body.job)
    return [
        f"{_at(case)} showed evidence of the machine in which it is about to run the "
        f"program {_program(case, job)}, for job {short(body.job)} of "
        f"{job.coordinator} with data of {listed(job.parties.owners)}."
    ]


def _refuse(case: Case) -> list[str]:
    body = cast(JobRefuse, case.statement)
    left = (
        "no byte of data had left"
        if body.released == 0
        else f"{counted(body.released, 'byte', 'bytes')} of data had left"
    )
    return [
        f"{_at(case)} refused to go on with job {short(body.job)}, by the rule "
        f"{body.rule}: {plain(body.reason)}",
        f"By its own count {left} (bytes released: {body.released:,}).",
    ]


def _code(case: Case) -> list[str]:
    code = query_attested.code(case.state, case.statement.code)
    name = f"the program {plain(code.module)} ({short(case.statement.code)})"
    if case.subject.kind == "code.withdraw":
        reason = plain(case.statement.reason)
        return [f"{_at(case)} withdrew {name}: {reason} It runs no more."]
    verb = "proposed" if case.subject.kind == "code.list" else "approved"
    listing = (
        "With it, more than half of the members approved: it is listed from then on."
        if code.listed == case.index
        else "It was listed before."
        if code.listed is not None and code.listed < case.index
        else "It was not listed by that yet."
    )
    return [f"{_at(case)} {verb} {name}: {plain(code.source)} {listing}"]


def _appraisal(case: Case) -> list[str]:
    return [
        f"{_at(case)} anchored the policy by which it judges evidence of machines from "
        "then on."
    ]


HEADLINES: Mapping[str, Callable[[Case], list[str]]] = MappingProxyType(
    {
        "appraisal.set": _appraisal,
        "code.list": _code,
        "job.attest": _attest,
        "job.refuse": _refuse,
    }
)

_MACHINE = (
    "that nobody with the machine in hand listened on its wires, or measured what it "
    "gives away by its timing",
    "that the machine's maker was right about it, and kept its own keys",
    "that the program computes what its name says: its digest is listed, and members "
    "approved it",
)

#: What is not proven, by operation; a measured job's result stands for itself.
ATTESTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "appraisal.set": ("that the policy is a good one",),
        "code.list": (
            "that the program is harmless: members approved its digest, each for "
            "reasons of its own",
            "that the program was built from the sources that are named",
        ),
        "job.attest": (*_MACHINE, "that the machine did anything with the job"),
        "job.joint": (
            "that no two of the three nodes put their pieces together: two of them "
            "know everything",
            *_MACHINE,
            "that what was split into pieces is what the anchored rows hold: the owner "
            "signed it, no proof ties pieces to rows",
            "that nothing can be inferred from this result and others together",
            "what the receiver did with it afterwards",
        ),
        "job.measured": (
            *_MACHINE,
            "that the tables released are those of the anchored rows: the owner signed "
            "it, no proof ties tables to rows",
            "that nothing can be inferred from this result and others together",
            "what the receiver did with it afterwards",
        ),
        "job.refuse": (
            "that no more data left than the party says: it counted itself",
            "that the reason given is the real one",
        ),
    }
)

_BY_CLASS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "hardware-tpm": (
            "that the administrator of the machine did not read the data: its memory "
            "is not hidden from it",
        ),
        "simulated": ("anything about the machine: the evidence is simulated",),
        "software": (
            "anything against the administrator of the machine: the chip is a program "
            "under its control",
        ),
    }
)
