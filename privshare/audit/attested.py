"""Steps 6 to 8 of a measured job: its evidence, verified at the times of the log.

The functions are those that an owner called before it released anything, and
what they are told comes from the ledger's proven state: whose nonces, whose
policies, which program, and at which times. So the verdict is about then, and
the same whenever it is asked.

    nonces (A) ─► evidence ─► job.attest (B) ─► run ─► job.open (C) ─► result
    check_evidence: verify ─► appraise by every party's own policy, at B and at C

How far to trust the machine follows from the root at which its certificates
end. An auditor brings roots, and never finds them in the receipt.

A module of its own, loaded for measured jobs alone: other receipts need no
parser of evidence. Implements docs/formats/receipt.md, section 5, steps 6 to 8,
and docs/protocols/attestation.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.audit.case import Case, Found, Missing, NotApplicable, expect
from privshare.audit.committed import check_committed
from privshare.audit.inputs import check_version
from privshare.audit.log_proof import open_checkpoint
from privshare.audit.sentence import counted, listed, plain, short, when
from privshare.audit.trust_root import EvidenceRoots, TrustRoot
from privshare.errors import EvidenceInvalid, PrivShareError
from privshare.jobs import attested_spec
from privshare.jobs.attestation.appraisal import WORDS
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.check import (
    Checked,
    Expected,
    check_admission,
    check_bundle,
)
from privshare.jobs.attestation.evidence import RootSet, TrustClass
from privshare.jobs.attestation.expected import expect as expect_of
from privshare.jobs.attestation.roots import load_roots
from privshare.jobs.attested_spec import AttestedSpec
from privshare.jobs.requirement import signed_parts
from privshare.jobs.tee_spec import TeeSpec
from privshare.jobs.tee_statement import (
    RELEASE,
    Release,
    output_commitment,
    result_document,
)
from privshare.ledger import query, query_attested
from privshare.ledger.attested import Attestation, Code
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.schemes.key_id import key_id
from privshare.schemes.recipient import suite_of
from privshare.wire.canonical import Json, b64u, decode, unb64u

_MAX_ROOTS = 1 << 20


@dataclass(frozen=True, slots=True)
class Tools:
    """What the auditor brings.

    Attributes:
        roots: Beside the makers' roots; None for those alone.
        trust: The trust policy, by which witnesses are counted; or None.
    """

    roots: EvidenceRoots | None
    trust: TrustRoot | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What step 7 found, for the sentences at the head and the end.

    Attributes:
        trust_class: Of the root where the chain ended.
        root: That root's name.
        ended: Unix seconds until which the endorsements enclosed hold.
        trial: Whether test roots were admitted.
    """

    trust_class: TrustClass
    root: str
    ended: int
    trial: bool


def job_of(case: Case) -> tuple[str, Job, Attestation, Code]:
    """The measured job that a receipt is about, as the ledger has it."""
    job_id = case.statement.job
    job = query.job(case.state, job_id)
    code = query_attested.code(case.state, identifier.code_of(job.program) or "")
    return job_id, job, query_attested.attestation(case.state, job_id), code


def open_bundle(case: Case) -> AttestedBundle:
    """Read the bundle, which has one form.

    Raises:
        EncodingError, OutOfRange, EvidenceInvalid: Another form.
    """
    document = case.evidence()["bundle"]
    bundle = AttestedBundle.from_json(document)
    expect(bundle.to_json() == document, "the bundle in its one form", "another")
    return bundle


def open_spec(case: Case, job: Job) -> AttestedSpec:
    """Read the specification, which is the one admitted.

    Raises:
        EncodingError, OutOfRange: Another form.
        EvidenceInvalid: Another specification.
    """
    spec = attested_spec.read(case.evidence()["spec"])
    expect(b64u(spec.digest()) == job.spec, "the specification admitted", "another")
    expect(
        (spec.coordinator, spec.parties, spec.program)
        == (job.coordinator, job.parties.asked, job.program),
        "the job's parties and program",
        "others",
    )
    return spec


def releases_of(case: Case) -> tuple[Release, ...]:
    """What the owners signed; the signatures are step 2's."""
    found = []
    for part in signed_parts(case.evidence(), case.trail, case.statement.job):
        expect(
            part.envelope.payload_type == RELEASE,
            "an envelope with a release",
            "another type",
        )
        found.append(Release.from_bytes(part.envelope.payload))
    return tuple(found)


def check_evidence_inputs(case: Case) -> Found:
    """Step 6 of a runner's evidence: it is about the job that was specified."""
    _, job, _, _ = job_of(case)
    spec = open_spec(case, job)
    return [
        f"The evidence is about the job that was specified: {plain(spec.module)} over "
        f"{listed(one.dataset for one in spec.inputs)}. No data had gone in."
    ], [f"specification {job.spec}"]


def check_job_inputs(case: Case) -> Found:
    """Step 6 of a measured job: each owner signed what the machine took in.

    Raises:
        EvidenceInvalid: Other data, another question or other parties than the
            job on the ledger.
        EncodingError, OutOfRange: A document of another form.
    """
    _, job, _, _ = job_of(case)
    spec, bundle, releases = open_spec(case, job), open_bundle(case), releases_of(case)
    conclusion = bundle.conclusion
    if conclusion is None:
        raise EvidenceInvalid("expected what the machine concluded, found nothing")
    expect(len(spec.inputs) == len(job.inputs), "the job's inputs", "others")
    expect(
        tuple(one.dataset for one in releases)
        == tuple(one.dataset for one in spec.inputs),
        "a release of every input, in order",
        "others",
    )
    taken = dict(conclusion.inputs)
    expect(
        taken == {one.dataset: one.commitment for one in releases},
        "the tables that were released",
        "others in the conclusion",
    )
    admission, details = bundle.admission.digest(), [f"specification {job.spec}"]
    for use_id, item, release in zip(job.inputs, spec.inputs, releases, strict=True):
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
            (release.job, release.version, release.columns, release.admission)
            == (case.statement.job, item.version, item.all_columns, admission),
            f"a release of {item.dataset} to this machine",
            "another",
        )
        held = query.dataset(case.state, item.dataset)
        if held.version == item.version:
            expect(release.rows <= held.rows, f"at most {held.rows} rows", release.rows)
        details.append(check_version(case, item.dataset, item.version, job.at))
        details.append(f"{item.dataset}: table {b64u(release.commitment)}")
    owners = listed(spec.owners)
    rows = sum(one.rows for one in releases)
    return [
        f"{owners} signed the release of {counted(rows, 'row', 'rows')} to exactly "
        "this machine's key, of the versions and columns that were specified; the "
        "machine says that it took in these tables and no others."
    ], details


def check_evidence(case: Case, tools: Tools) -> tuple[Found, Judged]:
    """Step 7: verify the evidence, and appraise it by every party's policy.

    Returns:
        Sentences and details; and what the machine is worth.

    Raises:
        Missing: The roots cannot be read, or a policy asks for witnesses and
            there is no trust policy.
        EvidenceInvalid: Refused; as it was, or would have been, at the time.
    """
    _, job, _, _ = job_of(case)
    done = case.operation == "job.result"
    runner = job.parties.compute if done else case.subject.account
    told, details, judged = judge(case, tools, open_bundle(case), runner)
    sentences = [*told, told_class(judged), told_program(case)]
    return (sentences, details), judged


def judge(
    case: Case, tools: Tools, bundle: AttestedBundle, runner: str
) -> tuple[list[str], list[str], Judged]:
    """Verify one machine's evidence, and appraise it by every party's policy.

    Args:
        case: A receipt of a job's result, or of its evidence.
        tools: What the auditor brings.
        bundle: The evidence.
        runner: Whose machine.

    Returns:
        Sentences, details, and what the machine is worth.

    Raises:
        Missing, EvidenceInvalid: As for `check_evidence`.
    """
    expected, roots, trial = _prepare(case, tools, bundle, runner)
    done = case.operation == "job.result"
    check = check_bundle if done else check_admission
    checked = check(bundle, expected, roots=roots, production=not trial)
    claims = checked.claims
    judged = Judged(
        claims.trust_class,
        claims.root.name,
        min(one.not_after for one in (claims, checked.conclusion) if one is not None),
        trial,
    )
    told = [_told_machine(case, expected, checked)]
    return told, _details(expected, bundle, checked), judged


def check_refused(case: Case, tools: Tools) -> Found:
    """Step 7 of a refusal: look at the evidence again, if it is enclosed.

    Raises:
        NotApplicable: None is enclosed.
    """
    if case.receipt.evidence is None:
        raise NotApplicable("No evidence is enclosed.")
    _, _, held, _ = job_of(case)
    refusal = held.refusal
    named = refusal.rule if refusal is not None else "none"
    bundle = open_bundle(case)
    digest = b64u(bundle.digest())
    named_in_log = [one.bundle for one in held.shown]
    expect(digest in named_in_log, "the evidence that the log names", digest)
    runner = next(one.agency for one in held.shown if one.bundle == digest)
    expected, roots, trial = _prepare(case, tools, bundle, runner)
    try:
        check_admission(bundle, expected, roots=roots, production=not trial)
    except EvidenceInvalid as error:
        rule = str(error.detail.get("rule", "none"))
        same = "the same rule" if rule == named else f"rule {plain(rule)}"
        return [
            f"The evidence enclosed is refused here, too, by {same}: "
            f"{plain(error.message)}."
        ], [f"bundle {digest}"]
    return [
        "The evidence enclosed would be accepted here; whoever refused decided "
        "otherwise, or knew more."
    ], [f"bundle {digest}"]


def check_job_result(case: Case) -> Found:
    """Step 8 of a measured job: the result is the output of exactly this run.

    Raises:
        EvidenceInvalid: Result or evidence are not those committed to, or the
            machine concluded something else.
    """
    job_id, job, _, _ = job_of(case)
    result: dict[str, Json] = case.receipt.result or {}
    committed = check_committed(case)
    spec, conclusion = open_spec(case, job), open_bundle(case).conclusion
    if conclusion is None:
        raise EvidenceInvalid("expected what the machine concluded, found nothing")
    output = unb64u(str(result.get("output")))
    expect(result == result_document(job_id, output), "a result of this job", "another")
    expect(
        conclusion.output == output_commitment(output),
        "the output that the machine concluded with",
        "another",
    )
    expect(conclusion.exit == 0, "a program that ended well", conclusion.exit)
    if not isinstance(spec, TeeSpec):
        raise EvidenceInvalid("expected a job in one machine, found another")
    limits = spec.limits
    expect(conclusion.fuel <= limits.fuel, f"fuel up to {limits.fuel}", conclusion.fuel)
    expect(len(output) <= limits.output, f"up to {limits.output} bytes", len(output))
    most = committed.charge
    expect(conclusion.charge <= most, f"a charge up to {most}", conclusion.charge)
    return [
        f"The {counted(len(output), 'byte', 'bytes')} enclosed are the output that the "
        "machine committed to, and result and evidence are the ones committed to; the "
        "run kept within its limits."
    ], [
        committed.detail,
        f"fuel {conclusion.fuel:,} of {limits.fuel:,}",
    ]


def check_attested_result(case: Case) -> Found:
    """Step 8 of a runner's evidence: it is what the log names."""
    digest = b64u(open_bundle(case).digest())
    expect(digest == case.statement.bundle, "the evidence committed to", digest)
    return ["The evidence enclosed is the one whose digest is in the ledger."], [
        f"bundle {digest}"
    ]


def since(case: Case, judged: Judged | None) -> list[str]:
    """Step 9: what is known of the evidence by now."""
    if judged is None or case.now <= judged.ended:
        return []
    return [
        f"What vouched for the machine ran out on {when(judged.ended)}; it held when "
        "it was used. Newer endorsements were not compared."
    ]


def _prepare(
    case: Case, tools: Tools, bundle: AttestedBundle, runner: str
) -> tuple[Expected, RootSet, bool]:
    trial = tools.roots is not None and tools.roots.trial
    witnesses = _witnesses(case, tools.trust)
    if witnesses is None and any(
        one.transparency.witnesses for _, one in bundle.policies
    ):
        raise Missing(
            "A party's policy asks for witnesses, and without a trust policy that the "
            "checkpoint satisfies none is known."
        )
    expected = expect_of(
        case.state,
        case.receipt.network,
        case.statement.job,
        runner=runner,
        origin=open_checkpoint(case).origin,
        witnesses=witnesses,
    )
    return expected, _roots(tools.roots), trial


def _witnesses(case: Case, trust: TrustRoot | None) -> int | None:
    """How many witnesses cosigned; None where step 4 did not find it out."""
    if trust is None:
        return None
    try:
        data = case.receipt.checkpoint.encode()
        return len(trust.policy.check(data, strict=True).witnesses)
    except PrivShareError:
        return None


def _roots(brought: EvidenceRoots | None) -> RootSet:
    if brought is None:
        return load_roots((), production=True)
    try:
        documents = [decode(one, max_bytes=_MAX_ROOTS) for one in brought.documents]
        return load_roots(documents, production=not brought.trial)
    except PrivShareError as error:
        raise Missing(
            f"The roots that were brought cannot be used: {plain(error.message)}."
        ) from None


def _told_machine(case: Case, expected: Expected, checked: Checked) -> str:
    until = (
        f", and again at {when(expected.opened)}, when it had concluded"
        if checked.conclusion is not None and expected.opened is not None
        else ""
    )
    parties = listed(checked.appraisals)
    return (
        f"The evidence ({checked.claims.kind}) holds the nonces of "
        f"{listed(sorted(expected.commitments))}, all committed by "
        f"{when(expected.begun)}, and was in the log at {when(expected.attested)}. "
        f"Verified as of that time{until}, it is accepted by the appraisal "
        f"{'policy' if len(checked.appraisals) == 1 else 'policies'} that {parties} "
        "had anchored before."
    )


def told_class(judged: Judged) -> str:
    """How far to trust the machine, from where its certificates end."""
    said = (
        f"Its certificates end at {plain(judged.root)}, class {judged.trust_class}: "
        f"{WORDS[judged.trust_class]}."
    )
    if judged.trial:
        said += (
            " The auditor admitted test roots: this is a trial, and no verdict for "
            "production."
        )
    return said


def told_program(case: Case) -> str:
    """Which program it was, and who had listed it."""
    _, job, _, code = job_of(case)
    name = short(identifier.code_of(job.program) or "")
    members = counted(len(code.approvers), "member", "members")
    return (
        f"The machine measured the runner, and the runner measured the program "
        f"{plain(code.module)} ({name}), which {members} "
        f"had listed: {plain(code.source.rstrip('.'))}."
    )


def _details(expected: Expected, bundle: AttestedBundle, checked: Checked) -> list[str]:
    claims = checked.claims
    machine = claims.instance.hex() or "hidden"
    suite = suite_of(bundle.admission.hpke_public_key)
    period = f"{when(claims.not_before)} to {when(claims.not_after)}"
    told = [
        f"admission {b64u(bundle.admission.digest())}, key "
        f"{suite} {key_id(suite, bundle.admission.hpke_public_key)}",
        f"evidence {b64u(claims.identity)}, machine {machine}",
        f"root {claims.root.name}, SHA-256 {claims.root.sha256.hex()}",
        f"endorsements hold from {period}",
    ]
    for party, appraisal in checked.appraisals.items():
        told.append(
            f"{party}: {appraisal.status} by policy {b64u(appraisal.policy)}, "
            f"{len(appraisal.findings)} findings"
        )
    if expected.concluded is not None:
        told.append(f"conclusion {b64u(expected.concluded)}")
    for name, number in checked.floors.numbers.items():
        told.append(f"collateral {name}: {number}")
    return [plain(one) for one in told]
