"""What a receipt is about, in sentences, and what it does not prove.

The first lines a clerk reads and the last ones. Both depend on the operation
alone and on what the receipt says; whether that is true stands in the steps
between them.

    Case ─► headline(case) ─► sentences
    operation ─► not_proven(operation) ─► sentences

Implements docs/formats/receipt.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

from privshare.audit.case import Case, Missing
from privshare.audit.headline_attested import (
    ATTESTED,
    HEADLINES,
    measured_job,
    of_class,
)
from privshare.audit.inputs import Published
from privshare.audit.sentence import (
    counted,
    decimal,
    listed,
    ordinal,
    plain,
    short,
    when,
)
from privshare.jobs.receipt import Document
from privshare.jobs.requirement import MESSAGE, RECORD
from privshare.jobs.requirement_statement import subject_of
from privshare.ledger import query
from privshare.ledger.parties import Parties
from privshare.ledger.ring import Opening
from privshare.ledger.rules_statement import RegOpen, StatementRing, StatementZk
from privshare.ledger.values import Job
from privshare.rights.grant import Grant
from privshare.rights.terms import Terms

_ROWS = 12

#: What a private join's receipt does not show.
_JOINED = (
    "that the owners' sets are those of their datasets, or that either left nobody "
    "out: nothing ties a set to rows",
    "that both owners followed the protocol: one that did not may have learnt who "
    "else is in the other's set, or changed the number",
    "that nothing can be inferred from this result and others together",
    "what the receiver did with it afterwards",
)

#: What the receipt of submitted code does not show.
_RAN = (
    "that these bytes and no others ran, and on the rows of the dataset: it is the "
    "owner's word, and no machine vouches for it (class software)",
    "that whoever approved the code understood it, or that its outputs hide nothing: "
    "they keep the rule, which bounds how much they can hold",
    "that nothing can be inferred from this result and others together",
    "what the receiver did with it afterwards",
)


def headline(case: Case) -> tuple[str, ...]:
    """Say what the receipt is about."""
    return tuple(_HEADLINES[case.operation](case))


def not_proven(
    operation: str,
    evidence: Document | None = None,
    trust_class: str | None = None,
) -> tuple[str, ...]:
    """Say what a valid receipt of an operation does not show.

    Args:
        operation: The receipt's, or "" when it could not be read.
        evidence: The receipt's; of a job, it tells who opened the totals.
        trust_class: Of the machine that a measured job ran in, if proven.
    """
    found = set(evidence or {}) if operation == "job.result" else set()
    measured = {"bundle": "job.measured", "bundles": "job.joint"}
    named = next((measured[one] for one in measured if one in found), None)
    if named is not None or operation in ATTESTED:
        name = named or operation
        return (*ATTESTED[name], *of_class(name, trust_class), *_ALWAYS)
    if "conclusions" in found:
        return (*_JOINED, *_ALWAYS)
    if "run" in found:
        return (*_RAN, *_ALWAYS)
    together = operation == "job.result" and "partials" in (evidence or {})
    opened = _OPENED[together] if operation == "job.result" else ()
    return (*_OPEN.get(operation, ()), *opened, *_ALWAYS)


def _at(case: Case) -> str:
    return f"On {when(case.time)} the agency {case.subject.account}"


def _publish(case: Case) -> list[str]:
    body = cast(Published, case.statement)
    verb = "published" if case.subject.kind == "dataset.register" else "amended"
    rows = counted(body.commitments.rows, "row", "rows")
    return [
        f"{_at(case)} {verb} the dataset {body.dataset}: commitments to {rows}, its "
        "columns and its policy."
    ]


def _retire(case: Case) -> list[str]:
    return [
        f"{_at(case)} retired the dataset {case.statement.dataset}: no new use of it "
        "is admitted."
    ]


def _request(case: Case) -> list[str]:
    return [f"{_at(case)} asked for a right.", _terms(case.statement.terms)]


def _issue(case: Case) -> list[str]:
    grant = _grant_of(case)
    terms, name = grant.terms, short(case.statement.grant)
    what = f"the right to {listed(terms.operations)} in {terms.dataset}"
    if case.subject.kind == "grant.offer":
        said = f"granted {terms.grantee} {what}: grant {name}."
    else:
        said = f"accepted {what}: grant {name}."
    return [f"{_at(case)} {said}", _terms(terms)]


def _refuse(case: Case) -> list[str]:
    grant, body = _grant_of(case), case.statement
    what = "a request" if grant.offered is None else "an offer"
    rule = f", by its rule {body.rule}" if body.rule else ""
    return [
        f"{_at(case)} refused {what}{rule}: {plain(body.reason)}",
        _terms(grant.terms),
    ]


def _revoke(case: Case) -> list[str]:
    terms, name = _grant_of(case).terms, short(case.statement.grant)
    return [
        f"{_at(case)} revoked the right of {terms.grantee} to "
        f"{listed(terms.operations)} in {terms.dataset}, grant {name}: "
        f"{plain(case.statement.reason)}",
        _terms(terms),
    ]


def _share(case: Case) -> list[str]:
    from privshare.audit.record import open_record  # noqa: PLC0415 - seldom needed

    use = query.use(case.state, case.statement.use)
    terms = query.grant(case.state, use.grant).terms
    sentences = [
        f"{_at(case)} shared one record of {terms.dataset} with {terms.grantee}: the "
        f"columns {listed(use.columns)}, for the purpose {use.purpose}, allowed by "
        f"grant {short(use.grant)}."
    ]
    try:
        record = open_record(case.attachment(RECORD))
    except Missing:
        return sentences
    return [*sentences, f"It was asked for by the key {plain(str(record.key))}."]


def _erase(case: Case) -> list[str]:
    body = case.statement
    return [f"{_at(case)} declared that row {body.row:,} of {body.dataset} is erased."]


def _job(case: Case) -> list[str]:
    job = query.job(case.state, case.statement.job)
    if job.parties.attested:
        return measured_job(case)
    if job.parties.joins:
        return _join(case, job)
    if job.parties.gated:
        return _run(case)
    use = query.use(case.state, job.inputs[0])
    names = dict.fromkeys(
        query.grant(case.state, query.use(case.state, one).grant).terms.dataset
        for one in job.inputs
    )
    split = f" by {listed(use.group_by)}" if use.group_by else ""
    word = {"count": "a count", "mean": "a mean", "sum": "a sum"}[use.operation]
    return [
        f"{_at(case)} obtained {word} of {listed(use.columns)}{split} over "
        f"{listed(names)}, for the purpose {use.purpose}. The values stayed encrypted: "
        f"{job.parties.compute} computed, {_openers(job.parties)}.",
        *_rows(case),
    ]


def _join(case: Case, job: Job) -> list[str]:
    from privshare.audit.join import told  # noqa: PLC0415 - other receipts need none of it

    uses = [query.use(case.state, one) for one in job.inputs]
    names = [query.grant(case.state, one.grant).terms.dataset for one in uses]
    return [
        f"{_at(case)} had {listed(names)} matched, for the purpose "
        f"{uses[0].purpose}. Their owners compared blinded identifiers with each "
        "other; none left in the clear.",
        *told(case),
    ]


def _run(case: Case) -> list[str]:
    from privshare.audit.submission import told  # noqa: PLC0415 - other receipts need none of it

    first, *rest = told(case)
    return [f"{_at(case)} {first}", *rest]


def _decision(case: Case) -> list[str]:
    from privshare.audit.submission import told_decision  # noqa: PLC0415 - other receipts need none of it

    first, *rest = told_decision(case)
    return [f"{_at(case)} {first}", *rest]


def _openers(parties: Parties) -> str:
    if parties.custodian is not None:
        return f"{parties.custodian} opened the totals"
    return (
        f"and the totals were opened by {listed(parties.openers)} together; none of "
        "them can alone"
    )


def _rows(case: Case) -> list[str]:
    result = case.receipt.result or {}
    scale, rows = result["scale"], result["rows"]
    lines = []
    for row in rows[:_ROWS]:
        name = plain(row["group"]) or "all"
        count = counted(row["count"], "value", "values")
        lines.append(f"  {name}: {decimal(row['value'], scale)} ({count})")
    if len(rows) > _ROWS:
        lines.append(f"  and {len(rows) - _ROWS} more groups")
    if result["suppressed"]:
        lines.append(f"  too small to show: {listed(result['suppressed'])}")
    return lines


def _abort(case: Case) -> list[str]:
    return [
        f"{_at(case)} ended job {short(case.statement.job)} without a result: "
        f"{plain(case.statement.reason)}"
    ]


def _anchor(case: Case) -> list[str]:
    return [
        f"{_at(case)} anchored the digest of a file. The file existed by then, and "
        "is unchanged since."
    ]


def _entry(case: Case) -> list[str]:
    return [f"{_at(case)} made the ledger entry {case.index:,}: {case.subject.kind}."]


def _statement(case: Case) -> list[str]:
    body = cast(StatementRing, case.statement)
    held = query.ring_epoch(case.state, body.ring, body.epoch)
    sentences = [
        f"{_at(case)} handed in a statement by one of the {held.size:,} members of the "
        f"ring {body.ring}, in the scope {plain(body.scope)}. Nobody has to know which "
        f"member, {case.subject.account} included.",
        *_link(case),
    ]
    try:
        message = case.attachment(MESSAGE)
    except Missing:
        return sentences
    return [*sentences, _quoted(message)]


def _link(case: Case) -> list[str]:
    name, _ = subject_of(case.subject)
    number = query.statement(case.state, name).number
    if number == 1:
        return []
    return [f"It is the {ordinal(number)} by the same member in this scope."]


def _quoted(message: bytes) -> str:
    try:
        text = message.decode()
    except UnicodeDecodeError:
        return f"It is a file of {counted(len(message), 'byte', 'bytes')}."
    return f'It says: "{plain(" ".join(text.split()))}"'


def _opening(case: Case) -> list[str]:
    body = cast(RegOpen, case.statement)
    made = query.statement(case.state, body.statement)
    opening = query.opening(case.state, body.statement) or Opening()
    sentences = [
        f"{_at(case)} gave its part of naming who made the statement "
        f"{short(body.statement)} in the ring {made.ring}: {plain(body.reason)}"
    ]
    if opening.opened == case.index:
        sentences.append(
            f"With it the signer is named: the member with the key {opening.member}."
        )
    return sentences


def _proof(case: Case) -> list[str]:
    from privshare.audit.proof import told  # noqa: PLC0415 - seldom needed

    body = cast(StatementZk, case.statement)
    about = f" about {body.subject}" if body.subject is not None else ""
    return [f"{_at(case)} proved something{about} without showing it.", told(case)]


def _survey(case: Case) -> list[str]:
    from privshare.audit.survey import told  # noqa: PLC0415 - other receipts need none of it

    first, *rest = told(case)
    return [f"{_at(case)} obtained the sums of {first}", *rest]


def _grant_of(case: Case) -> Grant:
    return query.grant(case.state, case.statement.grant)


def _terms(terms: Terms) -> str:
    split = f" by {listed(terms.group_by)}" if terms.group_by else ""
    uses = counted(terms.uses, "use", "uses")
    least = f", at least {terms.k} records a result" if terms.output != "record" else ""
    return (
        f"{terms.grantee} may {listed(terms.operations)} the columns "
        f"{listed(terms.columns)}{split} of {terms.dataset}, for the purpose "
        f"{terms.purpose}, from {when(terms.not_before)} to {when(terms.not_after)}: "
        f"{uses}{least}."
    )


_ALWAYS = (
    "that the data was true when its owner put it in",
    "that the times are right to the second: they are the log host's clock; the "
    "witnesses' own times stand in step 4",
    "that nobody stole a private key before its theft was declared",
    "that a quorum of the witnesses and the log's host did not conspire",
    "what happened on the ledger after the checkpoint",
)

_NO_PERSON = "which person acted for an agency"
_HANDLING = "what the receiver did with it afterwards"

_OPEN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "anchor": (
            "who made the file, and that what it says is true",
            "that it did not exist long before",
        ),
        "dataset.publish": (
            "that the owner still holds rows for the commitments",
            "that the description fits the rows",
        ),
        "dataset.retire": ("that copies of the rows are gone",),
        "grant.issue": (_NO_PERSON, "that the purpose declared is the purpose meant"),
        "grant.refuse": (_NO_PERSON, "that the reason given is the real one"),
        "grant.request": ("that the purpose declared is the purpose meant",),
        "grant.revoke": (
            _NO_PERSON,
            "that results and records obtained before are given back",
        ),
        "job.abort": ("that the reason given is the real one",),
        "job.result": (
            "that the encrypted values are those of the anchored rows: the owner "
            "signed it, no proof ties ciphertexts to rows",
            "that nothing can be inferred from these totals and others together",
            _HANDLING,
        ),
        "ledger.entry": ("that the transaction was wise",),
        "record.erase": (
            "that the row, its salt and every copy are really gone: it is the owner's "
            "word",
        ),
        "record.share": (
            "that the receiver was the only one to see the record",
            _HANDLING,
            _NO_PERSON,
        ),
        "submission.decide": (
            _NO_PERSON,
            "that whoever decided read the files, or understood them",
            "that the reason given is the real one",
        ),
        "survey.result": (
            "that no report was left out, or that all who answered are who was asked: "
            "submitters have no names here",
            "that answers are true: a proof shows the range, no more",
            "that either aggregator checked the proofs and added up as it should: the "
            "reports are not enclosed, and one that is dishonest can shift the sums",
            "how many reports were refused, and why: it is the leader's word",
            "that the two aggregators did not put their shares of a report together: "
            "both of them know everything",
            _HANDLING,
        ),
        "ring.opening": (
            "which person holds the key that is named: whoever registered the ring "
            "may know it",
            "that the member gave its key to nobody else, and signed of its own will",
            "that the reason given is the real one",
        ),
        "statement.ring": (
            "that what the message says is true",
            "which member signed; but the fewer members would say it, the easier it is "
            "guessed, and what the message tells may give its author away",
            "that the keys of the ring belong to different people, or to people who "
            "know of it: its owner chose them",
            "that nobody saw from which network address it was handed in",
            "that the signer stays unnamed for ever: enough of the ring's regulators, "
            "if it has any, can name it together, and so could, one day, a quantum "
            "computer that finds the secret of a key",
        ),
        "statement.zk": (
            "that the hidden values were true when they were committed to",
            "anything about the hidden values but what is stated; yet statements about "
            "the same value, taken together, may give it away",
            "that a commitment which stands in no dataset means anything",
        ),
    }
)

#: Of a job, by whether openers opened together.
_OPENED: Mapping[bool, tuple[str, ...]] = MappingProxyType(
    {
        False: (
            "that the compute node and the custodian did not conspire: together they "
            "can read every encrypted value",
            "that the custodian's encryption key was made as it should be",
        ),
        True: (
            "that the compute node and enough holders of the threshold key to open "
            "with it did not conspire: together they can read every encrypted value",
            "that the dealer of the threshold key made it as it should be, and forgot "
            "it",
        ),
    }
)

_HEADLINES: Mapping[str, Callable[[Case], list[str]]] = MappingProxyType(
    {
        **HEADLINES,
        "anchor": _anchor,
        "dataset.publish": _publish,
        "dataset.retire": _retire,
        "grant.issue": _issue,
        "grant.refuse": _refuse,
        "grant.request": _request,
        "grant.revoke": _revoke,
        "job.abort": _abort,
        "job.result": _job,
        "ledger.entry": _entry,
        "record.erase": _erase,
        "record.share": _share,
        "ring.opening": _opening,
        "statement.ring": _statement,
        "statement.zk": _proof,
        "submission.decide": _decision,
        "survey.result": _survey,
    }
)
