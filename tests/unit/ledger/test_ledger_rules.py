"""Each rule: what it writes, who may ask for it, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ledger_kit import (
    POLICY,
    START,
    Bench,
    commitments,
    digest,
    enrol,
    key,
    parties,
    seal_key,
    terms,
    tx_id,
)

from privshare.errors import (
    Conflict,
    EncodingError,
    GrantExpired,
    GrantMissing,
    GrantRevoked,
    NotFound,
    NotPermitted,
    OutOfRange,
    PurposeMismatch,
    SignatureInvalid,
    StepNotAllowed,
    VerificationError,
)
from privshare.schemes.keys import VerifyKey
from privshare.wire.canonical import b64u, unb64u
from privshare.wire.envelope import to_json


@pytest.fixture
def bench() -> Bench:
    """A network of four with one dataset."""
    made = Bench()
    made.admit_all()
    return made


def agency_key(name: str, use: str = "sign") -> dict[str, str]:
    """A key as enrolments and rotations list it."""
    if use == "seal":
        return {"alg": "x25519", "pub": b64u(seal_key(name).public_key.raw), "use": use}
    return {"alg": "ed25519", "pub": b64u(key(name).verify_key.raw), "use": use}


# Members and keys


def test_an_admitted_agency_is_in_the_state(bench: Bench) -> None:
    """Admission writes the agency and each of its keys, with the index."""
    agency = bench.state("agency/taxes")
    assert agency["status"] == "active" and agency["roles"] == ["owner"]
    kid = key("taxes/sign").verify_key.kid
    held = bench.state(f"key/taxes/{kid}")
    assert held["use"] == "sign" and held["until"] is None
    assert held["from"] == agency["at"]


def test_only_the_operator_admits(bench: Bench) -> None:
    """Another member's admission is refused by rule org.operator."""
    body = {"enrolment": to_json(enrol("fire")), "roles": []}
    with pytest.raises(NotPermitted) as refused:
        bench.do(bench.scribe.tx("org.admit", "taxes", body))
    assert refused.value.detail["rule"] == "org.operator"


def test_an_agency_is_admitted_once(bench: Bench) -> None:
    """A second admission of one name is a conflict."""
    with pytest.raises(Conflict):
        bench.do(bench.scribe.admit("taxes"))


def test_an_enrolment_for_another_network_is_refused(bench: Bench) -> None:
    """The enrolment names the network it was made for."""
    body = {"enrolment": to_json(enrol("fire", network="other.net")), "roles": []}
    with pytest.raises(EncodingError, match="network"):
        bench.do(bench.scribe.tx("org.admit", "registry", body))


def test_an_enrolment_needs_its_own_signature(bench: Bench) -> None:
    """An enrolment signed by a key it does not list is refused."""
    envelope = enrol("fire")
    forged = replace(envelope, signatures=enrol("flood").signatures)
    body = {"enrolment": to_json(forged), "roles": []}
    with pytest.raises(SignatureInvalid):
        bench.do(bench.scribe.tx("org.admit", "registry", body))


def rotate(bench: Bench, add: list[str], retire: list[str], **changes: Any) -> bytes:
    """Taxes rotates signing keys; all new ones and the old one sign."""
    added = sorted((agency_key(name) for name in add), key=lambda k: _kid_of(k["pub"]))
    body: dict[str, Any] = {"add": added, "retire": sorted(retire), "url": None}
    keys = [key("taxes/sign"), *(key(name) for name in add)]
    return bench.scribe.tx(
        "key.rotate", "taxes", body | changes.pop("body", {}), changes.pop("keys", keys)
    )


def _kid_of(pub: str) -> str:
    return VerifyKey(unb64u(pub)).kid


def test_rotation_retires_the_old_key_and_the_new_one_signs(bench: Bench) -> None:
    """After a rotation the old key is refused and the new one accepted."""
    old = key("taxes/sign").verify_key.kid
    bench.do(rotate(bench, ["new"], [old]))
    assert bench.state(f"key/taxes/{old}")["until"] is not None
    body = {"dataset": "taxes/returns"}
    with pytest.raises(SignatureInvalid):
        bench.do(bench.scribe.tx("dataset.retire", "taxes", body))
    bench.do(bench.scribe.tx("dataset.retire", "taxes", body, [key("new")]))


def test_a_new_signing_key_must_sign(bench: Bench) -> None:
    """Nobody registers a signing key that it does not hold."""
    with pytest.raises(NotPermitted) as refused:
        bench.do(rotate(bench, ["new"], [], keys=[key("taxes/sign")]))
    assert refused.value.detail["rule"] == "key.possession"


def test_a_new_key_alone_does_not_rotate(bench: Bench) -> None:
    """A rotation needs a signature by a key that already counts."""
    with pytest.raises(SignatureInvalid):
        bench.do(rotate(bench, ["new"], [], keys=[key("new")]))


def test_the_last_signing_key_stays(bench: Bench) -> None:
    """An agency cannot lock itself out."""
    old = key("taxes/sign").verify_key.kid
    with pytest.raises(StepNotAllowed, match="signing key"):
        bench.do(rotate(bench, [], [old]))


def test_a_known_key_never_comes_back(bench: Bench) -> None:
    """A key that any agency has or had is refused."""
    with pytest.raises(Conflict):
        bench.do(rotate(bench, ["housing/sign"], []))


def test_a_second_witness_key_is_refused(bench: Bench) -> None:
    """One agency is one witness."""
    body = {"add": [agency_key("w2", "witness")], "retire": [], "url": None}
    with pytest.raises(StepNotAllowed, match="witness"):
        bench.do(bench.scribe.tx("key.rotate", "taxes", body))


def test_a_node_moves(bench: Bench) -> None:
    """A rotation without keys may change the address, and must change something."""
    body = {"add": [], "retire": [], "url": "https://taxes.example"}
    bench.do(bench.scribe.tx("key.rotate", "taxes", body))
    assert bench.state("agency/taxes")["url"] == "https://taxes.example"
    with pytest.raises(StepNotAllowed):
        bench.do(bench.scribe.tx("key.rotate", "taxes", body | {"url": None}))


def test_a_key_of_another_kind_is_refused(bench: Bench) -> None:
    """A use has one algorithm; a sealing key cannot be declared as Ed25519."""
    body = {"add": [agency_key("s") | {"use": "seal"}], "retire": [], "url": None}
    with pytest.raises(EncodingError):
        bench.do(bench.scribe.tx("key.rotate", "taxes", body))
    bench.do(
        bench.scribe.tx(
            "key.rotate", "taxes", body | {"add": [agency_key("s", "seal")]}
        )
    )


# Data


def test_a_dataset_is_registered_once_by_its_owner(bench: Bench) -> None:
    """Registration writes version 1; a second one and a stranger's are refused."""
    held = bench.state("dataset/taxes/returns")
    assert (held["version"], held["status"]) == (1, "registered")
    with pytest.raises(Conflict):
        bench.do(bench.scribe.register("taxes/returns"))
    body = commitments() | {"dataset": "taxes/other"}
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.tx("dataset.register", "housing", body))


def test_an_amendment_names_the_version_it_amends(bench: Bench) -> None:
    """Amending counts the version up; a stale version is a conflict."""
    body = commitments(rows=101) | {"dataset": "taxes/returns", "expected": 1}
    bench.do(bench.scribe.tx("dataset.amend", "taxes", body))
    held = bench.state("dataset/taxes/returns")
    assert (held["version"], held["rows"]) == (2, 101)
    with pytest.raises(Conflict) as stale:
        bench.do(bench.scribe.tx("dataset.amend", "taxes", body))
    assert stale.value.detail["version"] == 2


def test_a_retired_dataset_takes_no_further_step(bench: Bench) -> None:
    """Retired means: no amendment, no request, no use."""
    grant = bench.granted()
    bench.do(bench.scribe.tx("dataset.retire", "taxes", {"dataset": "taxes/returns"}))
    for data in (
        bench.scribe.tx("dataset.retire", "taxes", {"dataset": "taxes/returns"}),
        bench.scribe.request(terms()),
        bench.scribe.reserve(grant, "housing"),
    ):
        with pytest.raises(StepNotAllowed, match="registered"):
            bench.do(data)


def test_a_record_is_erased_once(bench: Bench) -> None:
    """An erasure is noted once, and only for a row that exists."""
    body = {"dataset": "taxes/returns", "row": 99}
    bench.do(bench.scribe.tx("record.erase", "taxes", body))
    assert "at" in bench.state("erased/taxes/returns/99")
    with pytest.raises(Conflict):
        bench.do(bench.scribe.tx("record.erase", "taxes", body))
    with pytest.raises(OutOfRange):
        bench.do(bench.scribe.tx("record.erase", "taxes", body | {"row": 100}))
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.tx("record.erase", "housing", body | {"row": 1}))


def test_leaves_stand_behind_their_transaction(bench: Bench) -> None:
    """A batch of three becomes four entries, and three anchors are counted."""
    before = bench.machine.size
    data, batch = bench.scribe.anchor("taxes", 3)
    bench.do(data, batch)
    assert bench.machine.size == before + 4
    assert bench.open[-3:] == [b"\x01" + batch[i : i + 32] for i in (0, 32, 64)]
    assert bench.machine.anchors == 3


def test_leaves_must_be_those_that_were_signed(bench: Bench) -> None:
    """Other leaves, missing leaves and leaves beside another kind are refused."""
    data, batch = bench.scribe.anchor("taxes", 3)
    with pytest.raises(VerificationError):
        bench.do(data, batch[32:] + batch[:32])
    with pytest.raises(EncodingError):
        bench.do(data, batch[32:])
    with pytest.raises(VerificationError):
        bench.do(bench.scribe.admit("fire"), batch)
    assert bench.machine.anchors == 0


# Rights


def test_the_terms_requested_become_active_when_offered(bench: Bench) -> None:
    """A request met with its own terms is in force at once."""
    held = bench.state(f"grant/{bench.granted()}")
    assert held["status"] == "active"
    assert held["offered"] == held["active"] > held["requested"]


def test_other_terms_wait_for_the_grantee(bench: Bench) -> None:
    """An offer with other terms is accepted by their digest, by the grantee."""
    wanted, given = terms(), terms(uses=1)
    grant = bench.do(bench.scribe.request(wanted))
    bench.do(bench.scribe.offer(grant, given))
    assert bench.state(f"grant/{grant}")["status"] == "offered"
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.accept(grant, given, "labour"))
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.accept(grant, wanted))
    bench.do(bench.scribe.accept(grant, given))
    assert bench.state(f"grant/{grant}")["status"] == "active"


def test_who_may_request_offer_and_refuse(bench: Bench) -> None:
    """Each step belongs to one side; the other and third parties are refused."""
    grant = bench.do(bench.scribe.request(terms()))
    refusal = {"grant": grant, "reason": "no", "rule": "policy.default"}
    for data in (
        bench.scribe.tx("grant.request", "labour", {"terms": terms().to_json()}),
        bench.scribe.offer(grant, terms(), "housing"),
        bench.scribe.tx("grant.refuse", "housing", refusal),
    ):
        with pytest.raises(NotPermitted):
            bench.do(data)
    bench.do(bench.scribe.tx("grant.refuse", "taxes", refusal))
    held = bench.state(f"grant/{grant}")
    assert (held["status"], held["rule"]) == ("refused", "policy.default")


def test_an_offer_follows_the_present_policy(bench: Bench) -> None:
    """Terms under a policy that was replaced are a conflict."""
    grant = bench.do(bench.scribe.request(terms()))
    body = commitments(policy=bytes(32)) | {"dataset": "taxes/returns", "expected": 1}
    bench.do(bench.scribe.tx("dataset.amend", "taxes", body))
    with pytest.raises(Conflict, match="policy"):
        bench.do(bench.scribe.offer(grant, terms(policy=POLICY)))
    bench.do(bench.scribe.offer(grant, terms(policy=bytes(32))))


def test_a_request_for_nothing_is_refused(bench: Bench) -> None:
    """The dataset must exist."""
    with pytest.raises(NotFound):
        bench.do(bench.scribe.request(terms(dataset="taxes/nothing")))


def test_revoking_ends_all_below_in_the_same_entry(bench: Bench) -> None:
    """The grant, its child and its grandchild end at one index; others stay."""
    top = bench.granted()
    child_terms = terms(grantee="labour", uses=2, delegable=1)
    child = bench.do(bench.scribe.delegate(top, child_terms, "housing"))
    bench.do(bench.scribe.accept(child, child_terms))
    below_terms = terms(grantee="registry", uses=1, delegable=0)
    below = bench.do(bench.scribe.delegate(child, below_terms, "labour"))
    other = bench.granted()
    bench.do(bench.scribe.revoke(top, "taxes"))
    ended = {g: bench.state(f"grant/{g}") for g in (top, child, below)}
    assert {held["status"] for held in ended.values()} == {"revoked"}
    assert len({held["ended"] for held in ended.values()}) == 1
    assert ended[below]["rule"] == "grant.parent"
    assert bench.state(f"grant/{other}")["status"] == "active"
    with pytest.raises(GrantRevoked):
        bench.do(bench.scribe.reserve(child, "labour"))
    with pytest.raises(GrantRevoked):
        bench.do(bench.scribe.accept(below, below_terms))


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("taxes", True), ("labour", True), ("housing", True), ("registry", False)],
)
def test_who_may_revoke_a_child(bench: Bench, who: str, allowed: bool) -> None:
    """Owner, grantee and the agency that delegated may; nobody else."""
    top = bench.granted()
    child_terms = terms(grantee="labour", delegable=1)
    child = bench.do(bench.scribe.delegate(top, child_terms, "housing"))
    if allowed:
        bench.do(bench.scribe.revoke(child, who))
    else:
        with pytest.raises(NotPermitted):
            bench.do(bench.scribe.revoke(child, who))


def test_a_child_is_inside_its_parent(bench: Bench) -> None:
    """Wider terms are refused, and so is a stranger's delegation."""
    top = bench.granted()
    with pytest.raises(NotPermitted, match="budget"):
        bench.do(
            bench.scribe.delegate(
                top, terms(grantee="labour", budget=101, delegable=0), "housing"
            )
        )
    narrow = terms(grantee="labour", delegable=0)
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.delegate(top, narrow, "taxes"))
    with pytest.raises(NotFound):
        bench.do(
            bench.scribe.delegate(top, replace(narrow, grantee="ghost"), "housing")
        )


# Uses and jobs


def test_a_use_is_reserved_and_settled_once(bench: Bench) -> None:
    """Counters move from held to spent, and a second settlement is refused."""
    grant = bench.granted()
    use = bench.do(bench.scribe.reserve(grant, "housing", charge=40))
    held = bench.state(f"grant/{grant}")
    assert (held["reserved"], held["held"], held["used"]) == (1, 40, 0)
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.settle(use, "housing"))
    bench.do(bench.scribe.settle(use, "taxes"))
    held = bench.state(f"grant/{grant}")
    assert (held["reserved"], held["held"], held["used"], held["spent"]) == (
        0,
        0,
        1,
        40,
    )
    for data in (bench.scribe.settle(use, "taxes"), bench.scribe.release(use, "taxes")):
        with pytest.raises(StepNotAllowed):
            bench.do(data)


def test_the_budget_cannot_be_spent_twice_at_once(bench: Bench) -> None:
    """What one reservation holds, the next cannot hold."""
    grant = bench.granted()
    bench.do(bench.scribe.reserve(grant, "housing", charge=60))
    with pytest.raises(NotPermitted) as refused:
        bench.do(bench.scribe.reserve(grant, "housing", charge=60))
    assert refused.value.detail["rule"] == "grant.budget"


def test_the_last_use_exhausts(bench: Bench) -> None:
    """With one use granted, its settlement ends the grant."""
    grant = bench.granted(uses=1)
    use = bench.do(bench.scribe.reserve(grant, "housing"))
    bench.do(bench.scribe.settle(use, "taxes"))
    assert bench.state(f"grant/{grant}")["status"] == "exhausted"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"purpose": "fraud"}, PurposeMismatch),
        ({"operation": "mean"}, PurposeMismatch),
        ({"columns": ["name"]}, PurposeMismatch),
        ({"group_by": ["income"]}, PurposeMismatch),
        ({"columns": ["income", "district"]}, EncodingError),
        ({"charge": -1}, OutOfRange),
        ({"charge": 101}, NotPermitted),
        ({"request": "short"}, EncodingError),
    ],
)
def test_a_use_outside_the_terms_is_refused(
    bench: Bench, changes: dict[str, Any], error: type[Exception]
) -> None:
    """Another purpose, operation, column or group, or too high a charge."""
    grant = bench.granted()
    before = bench.machine.state.root()
    with pytest.raises(error):
        bench.do(bench.scribe.reserve(grant, "housing", **changes))
    assert bench.machine.state.root() == before


def test_a_use_outside_its_time_is_refused(bench: Bench) -> None:
    """The block's time decides, before the period and after it."""
    early = bench.granted(not_before=START + 50)
    late = bench.granted(not_after=START + 20)
    with pytest.raises(GrantExpired):
        bench.do(bench.scribe.reserve(early, "housing"))
    bench.wait(30)
    with pytest.raises(GrantExpired):
        bench.do(bench.scribe.reserve(late, "housing"))


def test_a_requested_grant_permits_nothing(bench: Bench) -> None:
    """Silence is not yes."""
    grant = bench.do(bench.scribe.request(terms()))
    with pytest.raises(GrantMissing):
        bench.do(bench.scribe.reserve(grant, "housing"))


def test_a_use_of_a_child_counts_above(bench: Bench) -> None:
    """Reservation, settlement and exhaustion move up the whole lineage."""
    top = bench.granted(uses=1)
    child_terms = terms(grantee="labour", uses=1, delegable=0)
    child = bench.do(bench.scribe.delegate(top, child_terms, "housing"))
    bench.do(bench.scribe.accept(child, child_terms))
    use = bench.do(bench.scribe.reserve(child, "labour", charge=7))
    assert bench.state(f"grant/{top}")["held"] == 7
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.reserve(top, "housing", charge=7))
    bench.do(bench.scribe.settle(use, "taxes"))
    for grant in (top, child):
        assert bench.state(f"grant/{grant}")["status"] == "exhausted"


def test_a_grantee_releases_after_the_time_is_up(bench: Bench) -> None:
    """The owner may release at once, the grantee after use_timeout_s."""
    grant = bench.granted()
    first = bench.do(bench.scribe.reserve(grant, "housing"))
    second = bench.do(bench.scribe.reserve(grant, "housing"))
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.release(first, "labour"))
    with pytest.raises(StepNotAllowed):
        bench.do(bench.scribe.release(first, "housing"))
    bench.do(bench.scribe.release(first, "taxes"))
    bench.wait(1_000)
    bench.do(bench.scribe.release(second, "housing"))
    held = bench.state(f"grant/{grant}")
    assert (held["reserved"], held["held"], held["used"]) == (0, 0, 0)


def job_grants(bench: Bench) -> list[str]:
    """Two grants for jobs: labour's over taxes' and housing's data."""
    bench.do(bench.scribe.register("housing/homes"))
    fields = {"grantee": "labour", "programs": ("he.sum/v2",)}
    return [
        bench.granted(**fields),
        bench.granted(**fields, dataset="housing/homes"),
    ]


def test_a_job_reserves_all_its_inputs(bench: Bench) -> None:
    """Each input becomes a use named after the job; owners are listed."""
    grants = job_grants(bench)
    job = bench.do(bench.scribe.job("labour", grants))
    held = bench.state(f"job/{job}")
    assert held["inputs"] == [f"{job}.0", f"{job}.1"]
    assert held["parties"]["owners"] == ["housing", "taxes"]
    assert [bench.state(f"grant/{g}")["reserved"] for g in grants] == [1, 1]


def test_a_job_reserves_everything_or_nothing(bench: Bench) -> None:
    """When the second input is refused, the first holds nothing."""
    grants = job_grants(bench)
    bench.do(bench.scribe.revoke(grants[1], "housing"))
    before = bench.machine.state.root()
    with pytest.raises(GrantRevoked):
        bench.do(bench.scribe.job("labour", grants))
    assert bench.machine.state.root() == before


def test_a_job_result_settles_and_an_abort_releases(bench: Bench) -> None:
    """The coordinator's result spends all inputs; an abort gives them back."""
    grants = job_grants(bench)
    done = bench.do(bench.scribe.job("labour", grants))
    result = {"evidence": digest("e"), "job": done, "result": digest("r")}
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.tx("job.result", "taxes", result))
    bench.do(bench.scribe.tx("job.result", "labour", result))
    assert bench.state(f"job/{done}")["status"] == "done"
    assert bench.state(f"use/{done}.0")["status"] == "settled"
    assert [bench.state(f"grant/{g}")["used"] for g in grants] == [1, 1]
    dead = bench.do(bench.scribe.job("labour", grants))
    abort = {"job": dead, "reason": "silent party"}
    bench.do(bench.scribe.tx("job.abort", "taxes", abort))
    assert bench.state(f"job/{dead}")["status"] == "aborted"
    assert [bench.state(f"grant/{g}")["held"] for g in grants] == [0, 0]
    for kind, body in (("job.abort", abort), ("job.result", result | {"job": dead})):
        with pytest.raises(StepNotAllowed):
            bench.do(bench.scribe.tx(kind, "labour", body))


def test_a_result_after_revocation_or_deadline_is_refused(bench: Bench) -> None:
    """A right that ended while the job ran, or a late answer, settles nothing."""
    grants = job_grants(bench)
    job = bench.do(bench.scribe.job("labour", grants))
    late = bench.do(bench.scribe.job("labour", grants))
    bench.do(bench.scribe.revoke(grants[0], "taxes"))
    body = {"evidence": digest("e"), "job": job, "result": digest("r")}
    with pytest.raises(GrantRevoked):
        bench.do(bench.scribe.tx("job.result", "labour", body))
    bench.do(bench.scribe.tx("job.abort", "housing", {"job": job, "reason": "over"}))
    bench.wait(3_601)
    with pytest.raises(StepNotAllowed, match="deadline"):
        bench.do(bench.scribe.tx("job.result", "labour", body | {"job": late}))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"parties": parties(compute="housing", custodian="housing")}, NotPermitted),
        ({"parties": parties(compute="housing", custodian="labour")}, NotPermitted),
        ({"parties": parties(compute="ghost", custodian="registry")}, NotFound),
        ({"parties": parties(compute="housing", custodian="ghost")}, NotFound),
        ({"parties": parties(compute="housing")}, NotPermitted),
        ({"program": "he.mean/v1"}, PurposeMismatch),
        ({"deadline": START}, OutOfRange),
        ({"deadline": START + 400 * 86_400}, OutOfRange),
        ({"inputs": []}, OutOfRange),
    ],
)
def test_a_job_by_other_rules_is_refused(
    bench: Bench, changes: dict[str, Any], error: type[Exception]
) -> None:
    """Conflicted parties, another program, a deadline outside its interval."""
    grants = job_grants(bench)
    with pytest.raises(error):
        bench.do(bench.scribe.job("labour", grants, **changes))


def test_an_abort_belongs_to_the_parties(bench: Bench) -> None:
    """Somebody who is no party to a job cannot end it."""
    bench.do(bench.scribe.admit("fire"))
    job = bench.do(bench.scribe.job("labour", job_grants(bench)))
    with pytest.raises(NotPermitted):
        bench.do(bench.scribe.tx("job.abort", "fire", {"job": job, "reason": "no"}))


def test_a_job_input_cannot_be_settled_alone(bench: Bench) -> None:
    """An input's use ends with its job, not by use.settle."""
    job = bench.do(bench.scribe.job("labour", job_grants(bench)))
    with pytest.raises(EncodingError):
        bench.do(bench.scribe.settle(f"{job}.0", "taxes"))


def test_an_unknown_kind_is_refused(bench: Bench) -> None:
    """A kind that is no row of the table does not exist."""
    data = bench.scribe.tx("gov.propose", "taxes", {})
    assert len(tx_id(data)) == 43
    with pytest.raises(EncodingError, match="kind"):
        bench.do(data)
