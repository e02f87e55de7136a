"""Steps 6 to 8 of a job on shares: three machines, one outcome, three pieces.

    step 6   every owner's deal ─► the grants, versions and columns specified
    step 7   each machine's evidence, as of one machine (`attested.judge`);
             all three say the same outcome, which the ledger names
    step 8   the pieces enclosed are those that the outcome commits to; they add
             up to the result enclosed

The result is computed again from its pieces. That the nodes computed these from
what the owners dealt is their word and their machines'; how far that was
checked among them, the outcome says.

Implements docs/formats/receipt.md, section 5, and docs/protocols/mpc.md,
section 7.
"""

from __future__ import annotations

from privshare.audit.attested import (
    Judged,
    Tools,
    job_of,
    judge,
    told_class,
    told_program,
)
from privshare.audit.case import Case, Found, expect
from privshare.audit.committed import check_committed
from privshare.audit.inputs import check_version
from privshare.audit.sentence import counted, listed
from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.mpc_result import check_pieces, result_of
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.mpc_statement import DEAL, Deal, Outcome
from privshare.jobs.requirement import signed_parts
from privshare.ledger import query
from privshare.ledger.values import Job
from privshare.wire.canonical import Json, b64u, unb64u

__all__ = ["check_evidence", "check_job_inputs", "check_job_result"]

#: From the least to the most that a machine is worth.
_ORDER = ("simulated", "software", "hardware-tpm", "hardware-tee")


def check_job_inputs(case: Case) -> Found:
    """Step 6: each owner signed what it dealt, to exactly these machines.

    Raises:
        EvidenceInvalid: Other data, another question or other parties than the
            job on the ledger.
        EncodingError, OutOfRange: A document of another form.
    """
    _, job, _, _ = job_of(case)
    spec, deals = _spec(case, job), _deals(case)
    expect(len(spec.inputs) == len(job.inputs), "the job's inputs", "others")
    expect(
        tuple(one.dataset for one in deals)
        == tuple(one.dataset for one in spec.inputs),
        "a deal of every input, in order",
        "others",
    )
    admissions = tuple(_bundle(case, node).admission.digest() for node in spec.nodes)
    details = [f"specification {job.spec}"]
    for use_id, item, deal in zip(job.inputs, spec.inputs, deals, strict=True):
        use = query.use(case.state, use_id)
        expect(use.grant == item.grant, "the grant specified", "another")
        grant = query.grant(case.state, use.grant)
        expect(grant.terms.dataset == item.dataset, item.dataset, grant.terms.dataset)
        expect(
            (use.columns, use.group_by) == (item.columns, item.group_by),
            "the columns specified",
            "others",
        )
        expect(
            (use.operation, use.purpose) == ("run", spec.purpose),
            "the operation and purpose specified",
            "others",
        )
        expect(spec.k >= grant.terms.k, f"k of at least {grant.terms.k}", spec.k)
        expect(
            (deal.job, deal.version, deal.columns, deal.admissions)
            == (case.statement.job, item.version, item.all_columns, admissions),
            f"a deal of {item.dataset} to these machines",
            "another",
        )
        held = query.dataset(case.state, item.dataset)
        if held.version == item.version:
            expect(deal.rows <= held.rows, f"at most {held.rows} rows", deal.rows)
        details.append(check_version(case, item.dataset, item.version, job.at))
        details.append(f"{item.dataset}: pieces {b64u(deal.commitment)}")
    rows = sum(one.rows for one in deals)
    return [
        f"{listed(spec.owners)} signed that {counted(rows, 'row', 'rows')} were split "
        f"into three pieces, two of them for each of the machines of "
        f"{listed(spec.nodes)}, of the versions and columns that were specified."
    ], details


def check_evidence(case: Case, tools: Tools) -> tuple[Found, Judged]:
    """Step 7: each machine's evidence holds, and all say one outcome.

    Returns:
        Sentences and details; and what the least of the machines is worth.

    Raises:
        Missing: The roots cannot be read, or a policy asks for witnesses and
            there is no trust policy.
        EvidenceInvalid: Refused; as it was, or would have been, at the time.
    """
    _, job, _, _ = job_of(case)
    spec, outcome = _spec(case, job), _outcome(case)
    _check_outcome(case, job, spec, outcome)
    sentences, details, judged = [], [], []
    for node in spec.nodes:
        bundle = _bundle(case, node)
        told, more, worth = judge(case, tools, bundle, node)
        _check_closure(bundle, spec)
        conclusion = bundle.conclusion
        if conclusion is None or conclusion.output != outcome.digest():
            raise EvidenceInvalid(f"expected the outcome in what {node} concluded")
        expect(
            (conclusion.inputs, conclusion.exit) == (outcome.inputs, 0),
            "what all nodes took in, and a good end",
            "something else",
        )
        sentences += [f"The machine of {node}: {one}" for one in told]
        details += [f"{node}: {one}" for one in more]
        judged.append(worth)
    least = min(judged, key=lambda one: _ORDER.index(one.trust_class))
    sentences += [told_class(least), told_program(case), _told_model(spec, outcome)]
    ended = min(one.ended for one in judged)
    worth = Judged(least.trust_class, least.root, ended, least.trial)
    details += [f"outcome {b64u(outcome.digest())}"]
    details += [f"transcript {b64u(outcome.transcript)}"]
    return (sentences, details), worth


def check_job_result(case: Case) -> Found:
    """Step 8: the result is what the pieces add up to.

    Raises:
        EvidenceInvalid: Result or evidence are not those committed to, or the
            pieces are others, or they add up to something else.
    """
    job_id, job, _, _ = job_of(case)
    result: dict[str, Json] = case.receipt.result or {}
    committed = check_committed(case)
    spec, outcome = _spec(case, job), _outcome(case)
    texts = case.evidence()["pieces"]
    expect(isinstance(texts, list), "a list of pieces", "something else")
    pieces = tuple(unb64u(str(text)) for text in texts)
    check_pieces(outcome, pieces)
    rows = {one.dataset: one.rows for one in _deals(case)}
    again = result_of(job_id, spec, outcome, pieces, rows)
    expect(again == result, "what the pieces add up to", "another result")
    expect(outcome.charge == spec.charge, f"a charge of {spec.charge}", outcome.charge)
    most = committed.charge
    expect(outcome.charge <= most, f"a charge up to {most}", outcome.charge)
    return [
        f"The three pieces enclosed, to which all machines are committed, add up to "
        f"the {counted(outcome.elements, 'number', 'numbers')} that the result "
        "enclosed says; result and evidence are the ones committed to."
    ], [committed.detail]


def _spec(case: Case, job: Job) -> MpcSpec:
    spec = MpcSpec.from_json(case.evidence()["spec"])
    expect(b64u(spec.digest()) == job.spec, "the specification admitted", "another")
    expect(
        (spec.coordinator, spec.parties, spec.program)
        == (job.coordinator, job.parties.asked, job.program),
        "the job's parties and program",
        "others",
    )
    return spec


def _outcome(case: Case) -> Outcome:
    document = case.evidence()["outcome"]
    outcome = Outcome.from_json(document)
    expect(outcome.to_json() == document, "the outcome in its one form", "another")
    return outcome


def _bundle(case: Case, node: str) -> AttestedBundle:
    bundles = case.evidence()["bundles"]
    document = bundles[node] if isinstance(bundles, dict) else None
    bundle = AttestedBundle.from_json(document)
    expect(bundle.to_json() == document, "a bundle in its one form", "another")
    return bundle


def _deals(case: Case) -> tuple[Deal, ...]:
    found = []
    for part in signed_parts(case.evidence(), case.trail, case.statement.job):
        kind = part.envelope.payload_type
        expect(kind == DEAL, "an envelope with a deal", "another type")
        found.append(Deal.from_bytes(part.envelope.payload))
    return tuple(found)


def _check_outcome(case: Case, job: Job, spec: MpcSpec, outcome: Outcome) -> None:
    bundles = case.evidence()["bundles"]
    expect(set(bundles) == set(spec.nodes), "the evidence of every node", "others")
    named = b64u(outcome.digest())
    expect(named == job.aggregation, "the outcome that the ledger names", named)
    deals = {one.dataset: one.commitment for one in _deals(case)}
    expect(
        (outcome.job, outcome.spec, dict(outcome.inputs), outcome.model)
        == (case.statement.job, spec.digest(), deals, spec.model),
        "an outcome of this job, of what was dealt",
        "another",
    )


def _check_closure(bundle: AttestedBundle, spec: MpcSpec) -> None:
    """The measured closure is of the program that the specification names.

    The engine's digest in it may be another release's; what a version of a
    program says does not change.
    """
    from privshare.jobs.mpc import catalogue  # noqa: PLC0415 - joint jobs alone

    found = bundle.closure
    version = catalogue.find(spec.name).version
    said = (
        (found.get("abi"), found.get("program"), found.get("version"))
        if isinstance(found, dict)
        else None
    )
    expect(
        said == (catalogue.ABI, spec.name, version),
        f"the closure of {spec.name}, version {version}",
        "another",
    )


def _told_model(spec: MpcSpec, outcome: Outcome) -> str:
    """Against whom it was computed, and what was left to chance."""
    chances = ", ".join(
        f"{name} at most one in 2^{bits}" for name, bits in outcome.bounds.items()
    )
    left = f" Left to chance: {chances}." if chances else ""
    if spec.model == "malicious-abort":
        return (
            "The nodes checked every product among them, so the result is right "
            f"unless two of the three worked together.{left}"
        )
    return (
        "The nodes checked every value they opened, and trusted each other to "
        f"multiply rightly (semi-honest).{left}"
    )
