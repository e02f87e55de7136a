"""A whole attested job, checked by owners at the time and auditors later."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from appraisal_kit import AT, SIMULATED, claims, document, register
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EncodingError, EvidenceInvalid, PrivShareError
from privshare.jobs.attestation.binding import Admission, Conclusion, nonce_commitment
from privshare.jobs.attestation.bundle import AttestedBundle, part_digest, shared
from privshare.jobs.attestation.check import (
    Expected,
    check_admission,
    check_bundle,
    reappraise,
)
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    Root,
    RootSet,
)
from privshare.jobs.attestation.floors import Floors
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import BUILT_IN, load_roots, root_document
from privshare.log.checkpoint import Checkpoint
from privshare.wire import domain
from privshare.wire.digest import digest_json, digest_text

JOB = "J" * 42 + "A"
CLOSURE: Any = {"module": "m", "runtime": "wasmtime", "v": 1}
CODE = digest_json(domain.PROGRAM, CLOSURE)
NONCES = {"housing": register(1, 32), "tax": register(2, 32), "title": register(3, 32)}
ROOTS = RootSet(BUILT_IN)
FLOOR = "intel-tcb-eval/00806F050000"


def make_policy(**changed: Any) -> AppraisalPolicy:
    """A policy that names the code."""
    made = document("sev-snp")
    made["code"] = [{"digest": digest_text(CODE), "provenance": ""}]
    made.update(changed)
    return AppraisalPolicy.from_json(made)


POLICIES = (("tax", make_policy()), ("title", make_policy(id="title-policy")))
ADMISSION = Admission(
    network="demo.privshare",
    job=JOB,
    nonces=tuple(NONCES.items()),
    spec=register(4, 32),
    code=CODE,
    runner=register(1),
    policies=tuple((name, one.digest()) for name, one in POLICIES),
    hpke_public_key=register(5, 32),
    checkpoint=Checkpoint("demo.privshare/log", 99, register(6, 32)),
)
CHAIN = Endorsements({"vek": b"vek", "chain": b"chain" * 100})
FIRST = AttestedBundle(
    admission=ADMISSION,
    evidence=Evidence("sev-snp", {"report": b"first"}),
    endorsements=CHAIN,
    policies=POLICIES,
    closure=CLOSURE,
)
CONCLUSION = Conclusion(
    admission=ADMISSION.digest(),
    inputs=(("tax/returns", register(1, 32)),),
    output=register(2, 32),
    exit=0,
    fuel=1000,
    charge=0,
)
WHOLE = FIRST.concluded(CONCLUSION, Evidence("sev-snp", {"report": b"second"}), CHAIN)
EXPECTED = Expected(
    network="demo.privshare",
    origin="demo.privshare/log",
    job=JOB,
    spec=register(4, 32),
    code=CODE,
    commitments={
        party: nonce_commitment(JOB, party, nonce) for party, nonce in NONCES.items()
    },
    policies=dict(ADMISSION.policies),
    begun=AT - 20,
    attested=AT,
    opened=AT + 50,
    admitted=FIRST.digest(),
    concluded=CONCLUSION.digest(),
    listed=True,
    witnesses=2,
)


class Machine:
    """Stands in for the verifiers: what evidence of these bytes proves."""

    def __init__(self, **changed: Any) -> None:
        self.changed = changed
        self.asked: list[tuple[bytes, int]] = []

    def __call__(
        self, evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
    ) -> Claims:
        report = evidence.part("report")
        self.asked.append((report, at))
        bound = (
            ADMISSION.report_data("sev-snp")
            if report == b"first"
            else CONCLUSION.report_data("sev-snp")
        )
        identity = register(report[0], 32)
        base: dict[str, Any] = {"report_data": bound, "identity": identity}
        base.update(self.changed)
        return claims("sev-snp", **base)


def run(
    bundle: AttestedBundle = WHOLE, expected: Expected = EXPECTED, **changed: Any
) -> Any:
    """Check a bundle as production does."""
    told: dict[str, Any] = {
        "roots": ROOTS,
        "production": True,
        "verifier": Machine(),
        **changed,
    }
    return check_bundle(bundle, expected, **told)


def rule(
    bundle: AttestedBundle = WHOLE, expected: Expected = EXPECTED, **changed: Any
) -> str:
    """The rule that refuses it."""
    with pytest.raises(EvidenceInvalid) as caught:
        run(bundle, expected, **changed)
    found = caught.value.detail["rule"]
    assert isinstance(found, str)
    return found


def test_a_whole_job_is_accepted_at_the_times_of_the_log() -> None:
    """Evidence is verified at the entries' times, once a stage, for all parties."""
    machine = Machine()
    found = run(verifier=machine)
    assert machine.asked == [(b"first", AT), (b"second", AT + 50)]
    assert set(found.appraisals) == {"tax", "title"} == set(found.conclusion_appraisals)
    assert found.floors.numbers[FLOOR] == 17


def test_an_owner_judges_by_its_own_policy_alone() -> None:
    """Another party's policy is not its business, its presence in the log is."""
    lax = make_policy(accept_classes=[])
    policies = (("tax", lax), POLICIES[1])
    admission = replace(
        ADMISSION, policies=tuple((name, one.digest()) for name, one in policies)
    )
    bundle = replace(FIRST, admission=admission, policies=policies)
    expected = replace(
        EXPECTED, policies=dict(admission.policies), admitted=bundle.digest()
    )
    machine = Machine(report_data=admission.report_data("sev-snp"))
    told: dict[str, Any] = {"roots": ROOTS, "production": True, "verifier": machine}
    check_admission(bundle, expected, parties={"title"}, **told)
    with pytest.raises(EvidenceInvalid) as caught:
        check_admission(bundle, expected, parties={"tax"}, **told)
    assert caught.value.detail["rule"] == "appraisal.accept_classes"
    with pytest.raises(EvidenceInvalid) as caught:
        check_admission(bundle, expected, parties={"housing"}, **told)
    assert caught.value.detail["rule"] == "bundle.policy"


OTHER_NONCE = {**NONCES, "tax": register(9, 32)}
EXPECTATIONS: list[tuple[str, dict[str, Any]]] = [
    ("bundle.network", {"network": "other"}),
    ("bundle.log", {"origin": "demo.privshare/test-log"}),
    ("bundle.job", {"job": "K" * 42 + "A"}),
    ("bundle.spec", {"spec": bytes(32)}),
    ("bundle.code", {"code": bytes(32)}),
    ("bundle.nonces", {"commitments": {}}),
    (
        "bundle.nonces",
        {"commitments": {**EXPECTED.commitments, "police": bytes(32)}},
    ),
    (
        "bundle.nonces",
        {
            "commitments": {
                party: nonce_commitment(JOB, party, nonce)
                for party, nonce in OTHER_NONCE.items()
            }
        },
    ),
    ("bundle.policy", {"policies": {"tax": POLICIES[0][1].digest()}}),
    ("bundle.policy", {"policies": {**EXPECTED.policies, "tax": bytes(32)}}),
    ("bundle.time", {"begun": AT + 1}),
    ("bundle.time", {"opened": AT - 1}),
    ("bundle.conclusion", {"opened": None}),
    ("bundle.conclusion", {"concluded": bytes(32)}),
    ("bundle.digest", {"admitted": bytes(32)}),
    ("appraisal.max_evidence_age_s", {"begun": AT - 301}),
    ("appraisal.listed", {"listed": False}),
    ("appraisal.listed", {"listed": None}),
    ("appraisal.witnesses", {"witnesses": 1}),
    (
        "appraisal.policy_period",
        {"begun": AT + 5000, "attested": AT + 5000, "opened": AT + 5001},
    ),
]


@pytest.mark.parametrize(("name", "changed"), EXPECTATIONS, ids=lambda x: str(x)[:40])
def test_what_the_log_says_otherwise_is_refused(
    name: str, changed: dict[str, Any]
) -> None:
    """The bundle is held against the log, never the other way round."""
    assert rule(expected=replace(EXPECTED, **changed)) == name


# A field of the admission, changed; the digest in the log does not help.
ADMISSIONS: list[tuple[str, dict[str, Any]]] = [
    ("appraisal.report_data", {"hpke_public_key": register(9, 32)}),
    (
        "appraisal.report_data",
        {"checkpoint": Checkpoint("demo.privshare/log", 98, register(6, 32))},
    ),
    (
        "bundle.log",
        {"checkpoint": Checkpoint("test.log/x", 99, register(6, 32))},
    ),
    ("bundle.nonces", {"nonces": ADMISSION.nonces[1:]}),
    ("bundle.nonces", {"nonces": tuple(OTHER_NONCE.items())}),
    ("bundle.code", {"code": register(9, 32)}),
    ("bundle.runner", {"runner": register(9)}),
    ("bundle.policy", {"policies": ADMISSION.policies[:1]}),
]


@pytest.mark.parametrize(("name", "changed"), ADMISSIONS, ids=lambda x: str(x)[:40])
def test_another_admission_is_refused(name: str, changed: dict[str, Any]) -> None:
    """A swapped key, nonce, checkpoint or runner, though the bundle was logged."""
    bundle = replace(FIRST, admission=replace(ADMISSION, **changed))
    expected = replace(EXPECTED, admitted=bundle.digest())
    with pytest.raises(EvidenceInvalid) as caught:
        check_admission(
            bundle, expected, roots=ROOTS, production=True, verifier=Machine()
        )
    assert caught.value.detail["rule"] == name


def test_an_admission_that_was_not_logged_is_refused() -> None:
    """Any change gives another digest than the log's."""
    bundle = replace(FIRST, admission=replace(ADMISSION, hpke_public_key=bytes(32)))
    assert rule(bundle) == "bundle.digest"


# A field of the conclusion, changed.
CONCLUSIONS: list[dict[str, Any]] = [
    {"output": bytes(32)},
    {"inputs": (("tax/returns", bytes(32)),)},
    {"fuel": 1},
    {"charge": 5},
    {"exit": 1},
]


@pytest.mark.parametrize("changed", CONCLUSIONS, ids=str)
def test_another_conclusion_is_refused(changed: dict[str, Any]) -> None:
    """An output or input swapped: not on the log, and not what the machine said."""
    conclusion = replace(CONCLUSION, **changed)
    bundle = replace(WHOLE, conclusion=conclusion)
    assert rule(bundle) == "bundle.conclusion"
    logged = replace(EXPECTED, concluded=conclusion.digest())
    assert rule(bundle, logged) == "appraisal.report_data"


def test_a_result_without_its_admission_is_refused() -> None:
    """A conclusion names the admission that it was run under."""
    conclusion = replace(CONCLUSION, admission=bytes(32))
    logged = replace(EXPECTED, concluded=conclusion.digest())
    bundle = replace(WHOLE, conclusion=conclusion)
    assert rule(bundle, logged) == "bundle.conclusion"
    assert rule(FIRST) == "bundle.conclusion"


def test_one_evidence_does_not_serve_twice() -> None:
    """Told by what was signed: not the admission's again, nor one seen before."""
    assert rule(verifier=Machine(identity=register(7, 32))) == "bundle.replay"
    assert rule(seen={register(ord("f"), 32)}) == "bundle.replay"
    assert rule(seen={register(ord("s"), 32)}) == "bundle.replay"


def test_the_machine_stays_the_same() -> None:
    """Admitted here, concluded elsewhere is refused."""

    class Two(Machine):
        def __call__(self, evidence: Any, *rest: Any) -> Claims:
            found = super().__call__(evidence, *rest)
            first = evidence.part("report") == b"first"
            return found if first else replace(found, instance=b"\x01" * 32)

    assert rule(verifier=Two()) == "bundle.machine"


@pytest.mark.parametrize(
    ("name", "value"),
    [("report_id", b"\x01" * 32), ("module_id", "i-1-enc2"), ("reset_count", 2)],
)
def test_the_guest_stays_the_same(name: str, value: Any) -> None:
    """Another guest of the same chip, or one that was started again."""

    class Two(Machine):
        def __call__(self, evidence: Any, *rest: Any) -> Claims:
            found = super().__call__(evidence, *rest)
            if evidence.part("report") == b"first":
                return found
            return replace(found, values={**found.values, name: value})

    assert rule(verifier=Two()) == "bundle.machine"


@pytest.mark.parametrize("seconds", [-26, 1])
def test_a_machines_own_clock_must_fit_the_log(seconds: int) -> None:
    """Made before the nonces, or after it was logged."""
    made = claims("sev-snp", values={"timestamp": (AT + seconds) * 1000}).values
    machine = Machine(values={"timestamp": made["timestamp"]})
    assert rule(verifier=machine) == "bundle.time"


def test_collateral_numbers_never_fall() -> None:
    """Old collateral is refused once the log has seen newer."""
    assert rule(floors=Floors({FLOOR: 18})) == "floor.lowered"
    found = run(floors=Floors({FLOOR: 17, "amd-crl/Milan": 3}))
    assert dict(found.floors.numbers) == {"amd-crl/Milan": 3, FLOOR: 17}


def test_floors_read_back_and_rise() -> None:
    """There and back; the greater of two stays."""
    made = Floors({FLOOR: 18}).raised(claims("sev-snp"))
    assert made.numbers[FLOOR] == 18
    assert Floors.from_json(made.to_json()) == made
    for bad in ({"x": 1}, {"a/b": -1}, {"a/b": "1"}, {"a/b": True}, {"a/b": 2**53}):
        with pytest.raises(PrivShareError):
            Floors.from_json({**made.to_json(), "numbers": bad})


def test_the_policy_is_the_logs_not_the_bundles() -> None:
    """A document in the bundle that was widened is not the one on the ledger."""
    wide = make_policy(accept_classes=["hardware-tee", "simulated"])
    assert rule(replace(FIRST, policies=(("tax", wide), POLICIES[1]))) == (
        "bundle.digest"
    )
    bundle = replace(FIRST, policies=(("tax", wide), POLICIES[1]))
    logged = replace(EXPECTED, admitted=bundle.digest())
    assert rule(bundle, logged) == "bundle.policy"


def test_the_closure_is_the_codes() -> None:
    """Another closure document under the same digest does not pass."""
    bundle = replace(WHOLE, closure={"module": "other"})
    logged = replace(EXPECTED, admitted=bundle.admitted().digest())
    assert rule(bundle, logged) == "bundle.closure"


# Five attempts to pass simulated evidence for real.


def test_smuggling_by_relabelling() -> None:
    """Another kind on the evidence: the class follows the root all the same."""
    assert rule(verifier=Machine(root=SIMULATED)) == "appraisal.accept_classes"


def test_smuggling_by_adding_a_root() -> None:
    """A production root set takes no test root, by class, family or name."""
    key = bytes(range(32))
    for family, trust_class in (
        ("simulated", "simulated"),
        ("simulated", "hardware-tee"),
        ("amd-milan", "hardware-tee"),
    ):
        added = root_document([("AMD ARK Milan", family, trust_class, key)])  # type: ignore[list-item]
        with pytest.raises(EvidenceInvalid) as caught:
            load_roots([added], production=True)
        assert caught.value.detail["rule"] == "root.class"
    forged = Root("SIMULATED", "amd-milan", bytes(32), "hardware-tee")
    assert rule(verifier=Machine(root=forged)) == "appraisal.production"


def test_smuggling_by_editing_the_policy() -> None:
    """Even a policy that accepts the class, anchored, is not enough in production."""
    wide = make_policy(accept_classes=["hardware-tee", "simulated"])
    policies = (("tax", wide), ("title", wide))
    admission = replace(
        ADMISSION, policies=tuple((name, one.digest()) for name, one in policies)
    )
    bundle = replace(FIRST, admission=admission, policies=policies)
    expected = replace(
        EXPECTED, policies=dict(admission.policies), admitted=bundle.digest()
    )
    machine = Machine(root=SIMULATED, report_data=admission.report_data("sev-snp"))
    assert rule(bundle, expected, verifier=machine) == "appraisal.production"


def test_smuggling_by_another_log() -> None:
    """A bundle of a test log names that log, and the machine said so."""
    checkpoint = replace(ADMISSION.checkpoint, origin="SIMULATED/log")
    bundle = replace(FIRST, admission=replace(ADMISSION, checkpoint=checkpoint))
    expected = replace(EXPECTED, admitted=bundle.digest())
    assert rule(bundle, expected) == "bundle.log"


def test_smuggling_by_default() -> None:
    """Nothing accepts the class unless it is told to: not roots, not a policy."""
    assert all(
        root.trust_class == "hardware-tee"
        for root in load_roots((), production=False).roots
    )
    found = Machine(root=SIMULATED)
    assert rule(verifier=found, production=False) == "appraisal.accept_classes"
    with pytest.raises(TypeError):
        check_admission(FIRST, EXPECTED, roots=ROOTS)  # type: ignore[call-arg]


def test_two_verdicts() -> None:
    """A machine that is denied today was accepted then; the old verdict stays."""
    told: dict[str, Any] = {
        "roots": ROOTS,
        "production": True,
        "verifier": Machine(),
        "now": AT + 500,
    }
    before = reappraise(WHOLE, EXPECTED, **told)
    assert all(one.accepted for one in before.values())
    denied = make_policy(instances={"allow": None, "deny": [(b"\x07" * 32).hex()]})
    now = reappraise(WHOLE, EXPECTED, policies={"tax": denied}, **told)
    assert not now["tax"].accepted
    assert run().appraisals == before


def test_newer_endorsements_are_verified_now() -> None:
    """With what makers say today, at today's time, above what is known."""
    machine = Machine(not_after=AT + 9000, floors={FLOOR: 19})
    told: dict[str, Any] = {
        "roots": ROOTS,
        "production": True,
        "verifier": machine,
        "now": AT + 500,
        "endorsements": CHAIN,
    }
    found = reappraise(WHOLE, EXPECTED, **told)
    assert machine.asked == [(b"first", AT + 500)]
    assert found["tax"].at == AT + 500
    with pytest.raises(EvidenceInvalid) as caught:
        reappraise(WHOLE, EXPECTED, floors=Floors({FLOOR: 20}), **told)
    assert caught.value.detail["rule"] == "floor.lowered"


@pytest.mark.parametrize("made", [FIRST, WHOLE])
def test_a_bundle_reads_back(made: AttestedBundle) -> None:
    """With the archive inside, and with one elsewhere; one digest for both."""
    assert AttestedBundle.from_bytes(made.to_bytes()) == made
    slim = made.to_json(archive=False)
    assert AttestedBundle.from_json(slim, made.archive().get) == made
    assert AttestedBundle.from_json(slim, made.archive().get).digest() == made.digest()
    assert made.admitted().digest() == FIRST.digest()


def test_endorsements_are_archived_once() -> None:
    """Both stages, and many bundles, share the bytes of a chain."""
    other = replace(WHOLE, closure={"module": "other"})
    assert len(shared([WHOLE, other, FIRST])) == 2
    laid: Any = WHOLE.to_json()
    assert len(laid["archive"]) == 2


def test_an_endorsement_that_is_missing_or_altered_is_refused() -> None:
    """Removing or changing any archived part never gives acceptance."""
    for digest, data in WHOLE.archive().items():
        gone = {d: b for d, b in WHOLE.archive().items() if d != digest}
        with pytest.raises(EvidenceInvalid) as caught:
            AttestedBundle.from_json(WHOLE.to_json(archive=False), gone.get)
        assert caught.value.detail["rule"] == "bundle.archive"
        altered = {**WHOLE.archive(), digest: data + b"x"}
        with pytest.raises(EncodingError):
            AttestedBundle.from_json(WHOLE.to_json(archive=False), altered.get)
    laid: Any = WHOLE.to_json()
    laid["archive"][digest_text(part_digest(b"unused"))] = "dW51c2Vk"
    with pytest.raises(EncodingError):
        AttestedBundle.from_json(laid)


ODD = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.just({"a": 1}), st.just([])
)


@given(st.data())
def test_another_form_is_refused(data: st.DataObject) -> None:
    """A field gone or of another type: an error of ours, or another digest."""
    laid: Any = deepcopy(WHOLE.to_json())
    target = laid
    while True:
        name = data.draw(st.sampled_from(sorted(target)))
        if (
            not isinstance(target[name], dict)
            or not target[name]
            or data.draw(st.booleans())
        ):
            break
        target = target[name]
    if data.draw(st.booleans()):
        del target[name]
    else:
        target[name] = data.draw(ODD)
    try:
        read = AttestedBundle.from_json(laid)
    except PrivShareError:
        return
    # What stands in for the verifiers does not look into the last two.
    looked_at = replace(
        read,
        conclusion_evidence=WHOLE.conclusion_evidence if read.conclusion else None,
        conclusion_endorsements=CHAIN,
    )
    if looked_at != WHOLE:
        with pytest.raises(PrivShareError):
            run(read)


@given(st.binary(max_size=300))
def test_garbage_is_refused(data: bytes) -> None:
    """Bytes that are no bundle are an error of ours."""
    with pytest.raises(PrivShareError):
        AttestedBundle.from_bytes(data)
