"""The checks of a bundle, the same for an owner at the time and an auditor later.

What is expected comes from the reader's own copy of the log: which job, whose
nonces, whose policies, at which times. Nothing of that is taken from the
bundle, which could have been made to fit. Verification happens at the time of
the log's entry, so that a verdict does not depend on when it is asked.

    log: nonces (A) ≤ evidence ≤ job.attest (B) ≤ … ≤ job.open (C)
    AttestedBundle, Expected ─► check_admission (at B) ─► check_bundle (B and C)
    later ─► reappraise: the same evidence with what is known now
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.appraisal import MEASUREMENTS, Appraisal, appraise
from privshare.jobs.attestation.binding import (
    Admission,
    Conclusion,
    nonce_commitment,
)
from privshare.jobs.attestation.bundle import AttestedBundle
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
)
from privshare.jobs.attestation.floors import Floors
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.verifier import verify as verify_evidence
from privshare.wire import domain
from privshare.wire.digest import digest_json

__all__ = [
    "CLOCK_SKEW_S",
    "Checked",
    "Expected",
    "Verifier",
    "check_admission",
    "check_bundle",
    "reappraise",
]

#: How far a machine's own clock may be behind the log's, where evidence has one.
CLOCK_SKEW_S: Final = 5

#: Claims that a guest keeps from its start to its end, where its kind has them:
#: one chip, or one machine of a cloud, may hold several guests.
_KEPT: Final = ("ak_name", "module_id", "report_id", "reset_count", "vm_id")

#: `verifier.verify`, or what a test puts in its place.
Verifier = Callable[[Evidence, Endorsements, RootSet, int], Claims]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a reader knows of the job from the log, not from the bundle.

    Attributes:
        network: The network.
        origin: Of its log; None where the caller checks checkpoints itself.
        job: The job's id.
        spec: Digest of its specification.
        code: Digest of the program's closure that the job was admitted with.
        commitments: Agency and commitment to its nonce, of every party.
        policies: Agency and digest of the policy that it pinned.
        begun: Unix seconds of the last nonce's entry (A).
        attested: Of the entry job.attest (B); for an owner before that, of the
            newest block.
        opened: Of the entry job.open (C); None before.
        admitted: Digest of the bundle in job.attest; None before.
        concluded: Digest in job.open: of the conclusion; of a joint computation,
            of what its nodes concluded together, which each conclusion names as
            its output. None before.
        joint: Whether several machines computed on shares.
        listed: Whether the log approved the code then; None where not known.
        witnesses: How many cosigned; None where not known.
    """

    network: str
    job: str
    spec: bytes
    code: bytes
    commitments: Mapping[str, bytes]
    policies: Mapping[str, bytes]
    begun: int
    attested: int
    opened: int | None = None
    admitted: bytes | None = None
    concluded: bytes | None = None
    joint: bool = False
    origin: str | None = None
    listed: bool | None = None
    witnesses: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the checks found.

    Attributes:
        claims: What is proven of the machine before data was released.
        appraisals: Each party's own, all accepted.
        floors: Numbers of collateral from now on.
        conclusion: What is proven of it at the end; None before.
        conclusion_appraisals: Each party's own, all accepted.
    """

    claims: Claims
    appraisals: Mapping[str, Appraisal]
    floors: Floors
    conclusion: Claims | None = None
    conclusion_appraisals: Mapping[str, Appraisal] = field(
        default_factory=lambda: MappingProxyType({})
    )


def check_admission(
    bundle: AttestedBundle,
    expected: Expected,
    *,
    roots: RootSet,
    production: bool,
    parties: Container[str] | None = None,
    floors: Floors | None = None,
    seen: Container[bytes] = frozenset(),
    verifier: Verifier = verify_evidence,
) -> Checked:
    """Check everything that an owner checks before it releases data.

    Args:
        bundle: What the runner presents.
        expected: What the log says.
        roots: Roots that the reader knows.
        production: Whether the deployment holds real data.
        parties: By whose policies to appraise: an owner by its own alone; None
            for all.
        floors: Numbers of collateral that the reader has seen.
        seen: Identities of evidence that was used before.
        verifier: Finds the claims.

    Raises:
        EvidenceInvalid: Refused; `detail["rule"]` says by which rule.
    """
    _check_binding(bundle, expected)
    claims = verifier(bundle.evidence, bundle.endorsements, roots, expected.attested)
    if claims.identity in seen:
        raise _refused("replay", "expected evidence made for this job, found a copy")
    _check_made(claims, expected.begun, expected.attested)
    _check_runner(bundle, claims)
    known = floors if floors is not None else Floors({})
    known.check(claims)
    appraisals = _appraise_all(
        bundle,
        expected,
        claims,
        production,
        parties,
        at=expected.attested,
        age_s=expected.attested - expected.begun,
        bound=bundle.admission,
    )
    return Checked(claims=claims, appraisals=appraisals, floors=known.raised(claims))


def check_bundle(
    bundle: AttestedBundle,
    expected: Expected,
    *,
    roots: RootSet,
    production: bool,
    parties: Container[str] | None = None,
    floors: Floors | None = None,
    seen: Container[bytes] = frozenset(),
    verifier: Verifier = verify_evidence,
) -> Checked:
    """Check a whole attested job: its admission, then its conclusion.

    Args and errors are those of `check_admission`.
    """
    first = check_admission(
        bundle,
        expected,
        roots=roots,
        production=production,
        parties=parties,
        floors=floors,
        seen=seen,
        verifier=verifier,
    )
    conclusion, evidence = bundle.conclusion, bundle.conclusion_evidence
    if conclusion is None or evidence is None or expected.opened is None:
        raise _refused("conclusion", "expected a conclusion on the log, found none")
    if conclusion.admission != bundle.admission.digest():
        raise _refused("conclusion", "expected this admission's, found another's")
    said = conclusion.output if expected.joint else conclusion.digest()
    if expected.concluded not in (None, said):
        raise _refused("conclusion", "expected the one on the log, found another")
    if expected.opened < expected.attested:
        raise _refused("time", "expected the conclusion behind the admission")
    claims = verifier(evidence, bundle.conclusion_endorsements, roots, expected.opened)
    if claims.identity in seen or claims.identity == first.claims.identity:
        raise _refused("replay", "expected evidence made for the end, found a copy")
    if (claims.kind, claims.root, claims.instance) != (
        first.claims.kind,
        first.claims.root,
        first.claims.instance,
    ):
        raise _refused("machine", "expected the machine of the admission")
    for name in _KEPT:
        if claims.values.get(name) != first.claims.values.get(name):
            raise _refused("machine", f"expected the {name} of the admission")
    _check_made(claims, expected.attested, expected.opened)
    _check_runner(bundle, claims)
    first.floors.check(claims)
    appraisals = _appraise_all(
        bundle,
        expected,
        claims,
        production,
        parties,
        at=expected.opened,
        # It holds what came out, so it cannot be older than the run.
        age_s=0,
        bound=conclusion,
    )
    return Checked(
        claims=first.claims,
        appraisals=first.appraisals,
        floors=first.floors.raised(claims),
        conclusion=claims,
        conclusion_appraisals=appraisals,
    )


def reappraise(
    bundle: AttestedBundle,
    expected: Expected,
    *,
    roots: RootSet,
    production: bool,
    now: int,
    endorsements: Endorsements | None = None,
    policies: Mapping[str, AppraisalPolicy] | None = None,
    floors: Floors | None = None,
    verifier: Verifier = verify_evidence,
) -> Mapping[str, Appraisal]:
    """Judge an admission again, with what is known now. The old verdict stays.

    With newer endorsements the evidence is verified at `now`; without, at the
    time of its entry, since a certificate that has run out since says nothing
    of then. Newer policies are those in force now, with their deny lists.

    Args:
        bundle: The archived bundle.
        expected: What the log says.
        roots: Roots as they are known now.
        production: Whether the deployment holds real data.
        now: Unix seconds.
        endorsements: What makers say now; None for the archived ones.
        policies: By which to judge; None for the archived ones.
        floors: Numbers of collateral as they are known now.
        verifier: Finds the claims.

    Returns:
        Each party's appraisal, accepted or not.

    Raises:
        EvidenceInvalid: Not even proven any more.
    """
    _check_binding(bundle, expected)
    at = expected.attested if endorsements is None else now
    archived = endorsements is None
    claims = verifier(
        bundle.evidence,
        bundle.endorsements if endorsements is None else endorsements,
        roots,
        at,
    )
    if floors is not None and not archived:
        floors.check(claims)
    judged = dict(bundle.policies) if policies is None else dict(policies)
    return MappingProxyType(
        {
            party: appraise(
                claims,
                policy,
                at=expected.attested if policies is None and archived else at,
                production=production,
                report_data=bundle.admission.report_data(claims.kind),
                submodule_data=bundle.admission.report_data("nvidia-gpu"),
                code=expected.code,
                age_s=expected.attested - expected.begun,
                listed=expected.listed,
                witnesses=expected.witnesses,
            )
            for party, policy in sorted(judged.items())
        }
    )


def _check_binding(bundle: AttestedBundle, expected: Expected) -> None:
    """The admission is about this job, everybody's nonces and policies."""
    made = bundle.admission
    if expected.admitted is not None and bundle.admitted().digest() != (
        expected.admitted
    ):
        raise _refused("digest", "expected the bundle that the log names")
    for name in ("network", "job", "spec", "code"):
        if getattr(made, name) != getattr(expected, name):
            raise _refused(name, f"expected the {name} of the log, found another")
    if expected.origin is not None and made.checkpoint.origin != expected.origin:
        raise _refused("log", "expected a checkpoint of this log, found another's")
    if dict(made.nonces).keys() != expected.commitments.keys():
        raise _refused("nonces", "expected a nonce of every party and no other")
    for party, nonce in made.nonces:
        commitment = nonce_commitment(made.job, party, nonce)
        if commitment != expected.commitments[party]:
            raise _refused("nonces", f"expected the nonce that {party} committed to")
    if dict(made.policies) != dict(expected.policies):
        raise _refused("policy", "expected the policies that the log names")
    if {name: one.digest() for name, one in bundle.policies} != dict(made.policies):
        raise _refused("policy", "expected the documents of those policies")
    if digest_json(domain.PROGRAM, bundle.closure) != expected.code:
        raise _refused("closure", "expected the closure that the code's digest names")


def _check_made(claims: Claims, after: int, before: int) -> None:
    """The evidence was made between two entries of the log."""
    if before < after:
        raise _refused("time", "expected the evidence behind the nonces")
    stamp = claims.values.get("timestamp")
    if type(stamp) is not int:
        return
    made = stamp // 1000
    if not after - CLOCK_SKEW_S <= made <= before:
        raise _refused(
            "time",
            f"expected evidence made from {after} to {before}, found {made}",
        )


def _check_runner(bundle: AttestedBundle, claims: Claims) -> None:
    """The runner that the parties were told of is the one that was measured."""
    name = MEASUREMENTS.get(claims.kind)
    if name is not None and claims.values.get(name) != bundle.admission.runner:
        raise _refused("runner", "expected the runner that was announced")


def _appraise_all(
    bundle: AttestedBundle,
    expected: Expected,
    claims: Claims,
    production: bool,
    parties: Container[str] | None,
    *,
    at: int,
    age_s: int,
    bound: Admission | Conclusion,
) -> Mapping[str, Appraisal]:
    found: dict[str, Appraisal] = {}
    for party, policy in bundle.policies:
        if parties is not None and party not in parties:
            continue
        found[party] = appraise(
            claims,
            policy,
            at=at,
            production=production,
            report_data=bound.report_data(claims.kind),
            submodule_data=bound.report_data("nvidia-gpu"),
            code=expected.code,
            age_s=age_s,
            listed=expected.listed,
            witnesses=expected.witnesses,
        ).check()
    if not found:
        raise _refused("policy", "expected somebody's policy to judge by, found none")
    return MappingProxyType(found)


def _refused(rule: str, message: str) -> EvidenceInvalid:
    return EvidenceInvalid(
        f"bundle: {message}",
        fix="Nothing is released to it; ask the runner for new evidence.",
        detail={"rule": f"bundle.{rule}"},
    )
