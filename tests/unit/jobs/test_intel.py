"""Intel quotes of a synthetic platform: each thing that can be wrong, alone."""

from __future__ import annotations

import json
from hashlib import sha256, sha384
from typing import Any

import pytest
from intel_kit import AT, DAY, PPID, Platform, pack

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import intel, intel_quote
from privshare.jobs.attestation.certificate_chain import read_pem
from privshare.jobs.attestation.event_log import Event, write_log
from privshare.jobs.attestation.evidence import Evidence, Root, RootSet

SGX, TDX = Platform(tee="sgx"), Platform(tee="tdx")
BOTH = pytest.mark.parametrize("platform", [SGX, TDX], ids=["sgx", "tdx"])


def rule(caught: pytest.ExceptionInfo[EvidenceInvalid]) -> str:
    return str(caught.value.detail["rule"])


def refused(platform: Platform, at: int = AT, **parts: str) -> str:
    """The rule by which a platform is refused."""
    with pytest.raises(EvidenceInvalid) as caught:
        intel.verify(
            platform.evidence(), platform.endorsements(**parts), platform.roots, at
        )
    return rule(caught)


@BOTH
def test_a_sound_platform_is_verified(platform: Platform) -> None:
    """Registers, rating, window, floor, identity and instance are claimed."""
    claims = platform.verify()
    assert platform.kind == claims.kind
    assert bytes(range(64)) == claims.report_data
    assert not claims.debug
    assert claims.floors == {"intel-tcb-eval/30606A000000": 17}
    assert sha256(PPID).digest() == claims.instance
    assert sha256(platform.signed()).digest() == claims.identity
    assert (claims.not_before, claims.not_after) == (AT - DAY, AT + 29 * DAY - 1)
    assert claims.trust_class == "software"
    values = claims.values
    assert tuple(
        values[name] for name in ("tcb_status", "advisories", "fmspc", "tcb_eval")
    ) == ("UpToDate", (), "30606A000000", 17)
    assert tuple(
        values[name] for name in ("dynamic_platform", "cached_keys", "smt")
    ) == (True, False, True)


def test_registers_of_a_trust_domain_stand_where_they_should() -> None:
    """Each register is claimed under its own name."""
    values = TDX.verify().values
    for number, name in enumerate(
        ("mr_td", "mr_config_id", "mr_owner", "mr_owner_config", "rtmr.0", "rtmr.1"), 1
    ):
        assert bytes([number]) * 48 == values[name], name


def test_registers_of_an_enclave_stand_where_they_should() -> None:
    """Numbers are numbers, digests are bytes."""
    values = SGX.verify().values
    assert sha256(b"enclave").digest() == values["mr_enclave"]
    assert (values["isv_prod_id"], values["isv_svn"]) == (7, 3)


@BOTH
@pytest.mark.parametrize(
    "status",
    ["OutOfDate", "SWHardeningNeeded", "ConfigurationNeeded", "UpToDate"],
)
def test_a_rating_is_told_and_not_judged(platform: Platform, status: str) -> None:
    """Which ratings will do, the reader's policy says."""
    rated = Platform(tee=platform.tee, status=status, advisories=("INTEL-SA-00001",))
    values = rated.verify().values
    assert (status, ("INTEL-SA-00001",)) == (values["tcb_status"], values["advisories"])


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "revoked rating": ({"status": "Revoked"}, "intel.revoked"),
    "no level fits": ({"level_svn": 9}, "intel.tcb-level"),
    "level of another family": ({"level_fmspc": bytes(6)}, "intel.fmspc"),
    "revoked PCK": ({"revoked": "pck"}, "intel.crl.revoked"),
    "revoked authority": ({"revoked": "authority"}, "intel.crl.revoked"),
    "quote signed by another key": ({"signers": {"qe": "x"}}, "intel.signature"),
    "QE report by another key": ({"signers": {"pck": "x"}}, "intel.signature"),
    "PCK issued by another key": ({"signers": {"authority": "x"}}, "intel.signature"),
    "root signed by another key": ({"signers": {"root": "x"}}, "intel.signature"),
    "TCB info by another key": ({"signers": {"tcb": "x"}}, "intel.signature"),
    "root's list by another key": (
        {"signers": {"root-crl": "x"}},
        "intel.crl.signature",
    ),
    "PCK list by another key": (
        {"signers": {"authority-crl": "x"}},
        "intel.crl.signature",
    ),
    "another QE": ({"qe_signer": bytes(32)}, "intel.qe-identity"),
    "documents expired": ({"end": -1}, "intel.expired"),
    "documents not begun": ({"start": 60}, "intel.not-yet-valid"),
    "lists expired": ({"crl_end": -1}, "intel.crl.expired"),
    "lists not begun": ({"crl_start": 60}, "intel.crl.not-yet-valid"),
    "certificates expired": ({"certificates": (-DAY, -1)}, "intel.expired"),
    "certificates not begun": ({"certificates": (60, DAY)}, "intel.not-yet-valid"),
    "PCK expired": ({"pck_days": (-DAY, -1)}, "intel.expired"),
    "PCK not begun": ({"pck_days": (60, DAY)}, "intel.not-yet-valid"),
    "authority is none": ({"authority_is_ca": False}, "intel.authority"),
    "authority may not certify": ({"authority_usage": False}, "intel.key-usage"),
    "PCK is an authority": ({"pck_is_ca": True}, "intel.authority"),
    "unknown critical extension": ({"pck_critical": True}, "intel.critical"),
    "no PPID in the PCK": ({"pck_fields": False}, "intel.pck"),
}


@BOTH
@pytest.mark.parametrize("case", REFUSED)
def test_one_thing_wrong_is_refused(platform: Platform, case: str) -> None:
    """Every signature else is right, so the rule is the reason."""
    changes, expected = REFUSED[case]
    assert refused(Platform(tee=platform.tee, **changes)) == expected


def test_debug_is_refused() -> None:
    """A trust domain and an enclave in debug mode never pass as others."""
    assert refused(Platform(debug=True)) == "intel.debug"
    assert refused(Platform(tee="sgx", debug=True)) == "intel.debug"


@BOTH
def test_another_root_is_refused(platform: Platform) -> None:
    """The root comes from the reader: its digest, and its family."""
    digest = platform.roots.roots[0].sha256
    others = (
        Root("Intel", "intel-sgx", bytes(32), "hardware-tee"),
        Root("AMD", "amd-milan", digest, "hardware-tee"),
    )
    with pytest.raises(EvidenceInvalid) as caught:
        intel.verify(platform.evidence(), platform.endorsements(), RootSet(others), AT)
    assert rule(caught) == "root.unknown"


@BOTH
def test_collateral_under_another_root_is_refused(platform: Platform) -> None:
    """Even where the reader knows that root, too."""
    other = Platform(tee=platform.tee, root_name="TEST ONLY another root")
    both = RootSet((*platform.roots.roots, *other.roots.roots))
    for name in ("pck_crl_issuer_chain", "tcb_info_issuer_chain"):
        parts = {name: other.collateral()[name]}
        with pytest.raises(EvidenceInvalid) as caught:
            intel.verify(platform.evidence(), platform.endorsements(**parts), both, AT)
        assert rule(caught) in {"intel.crl.name", "intel.collateral"}


def test_the_kind_picks_no_other_parser() -> None:
    """A quote under the other kind's name is refused, as is none of these."""
    for platform, kind in ((SGX, "tdx-dcap"), (TDX, "sgx-dcap")):
        evidence = Evidence(kind, {"quote": platform.quote()})
        with pytest.raises(EvidenceInvalid) as caught:
            intel.verify(evidence, platform.endorsements(), platform.roots, AT)
        assert rule(caught) == "intel.kind"


@BOTH
@pytest.mark.parametrize(
    ("name", "expected"),
    [("tcb_info", "intel.signature"), ("qe_identity", "intel.signature")],
)
def test_an_edited_document_is_refused(
    platform: Platform, name: str, expected: str
) -> None:
    """A better rating, and a QE that is newer, written in by hand."""
    text = platform.collateral()[name].replace("17", "99")
    assert expected == refused(platform, **{name: text})


@BOTH
def test_lists_and_documents_swapped_are_refused(platform: Platform) -> None:
    """A part in another part's place is not what it says."""
    parts = platform.collateral()
    swaps = {
        ("root_ca_crl", "pck_crl"): "intel.crl.name",
        ("pck_crl", "root_ca_crl"): "intel.crl.name",
        ("tcb_info_signature", "qe_identity_signature"): "intel.signature",
        ("pck_crl_issuer_chain", "tcb_info_issuer_chain"): "intel.crl.name",
        ("tcb_info_issuer_chain", "pck_crl_issuer_chain"): "intel.authority",
    }
    for (name, other), expected in swaps.items():
        assert expected == refused(platform, **{name: parts[other]}), (name, other)


@BOTH
def test_without_any_one_part_nothing_is_accepted(platform: Platform) -> None:
    """Fail closed: a part missing, empty, cut or doubled is a refusal."""
    whole = platform.collateral()
    for name, text in whole.items():
        less = {other: value for other, value in whole.items() if other != name}
        for parts in (
            less,
            {**whole, name: ""},
            {**whole, name: text[:-2]},
            {**whole, name: text + text},
            {**whole, name: text.upper()},
            {**whole, name: text + " "},
        ):
            with pytest.raises(EvidenceInvalid):
                intel.verify(platform.evidence(), pack(parts), platform.roots, AT)


def test_collateral_of_another_form_is_refused() -> None:
    """Not JSON, not an object, one part too many, a part of another type."""
    whole = TDX.collateral()
    for data in (
        b"",
        b"[]",
        b"{",
        json.dumps({**whole, "more": ""}).encode(),
        json.dumps({**whole, "tcb_info": 1}).encode(),
        json.dumps({**whole, "tcb_info": "ä"}).encode(),
        json.dumps(whole).encode()[:-1] + b',"tcb_info":""}',
    ):
        endorsements = type(TDX.endorsements())({"collateral": data})
        with pytest.raises(EvidenceInvalid) as caught:
            intel.verify(TDX.evidence(), endorsements, TDX.roots, AT)
        assert rule(caught) == "intel.collateral"


def test_parts_are_exactly_these() -> None:
    """No quote, no collateral, a part too many: each is refused."""
    for evidence, endorsements in (
        (Evidence("tdx-dcap", {}), TDX.endorsements()),
        (TDX.evidence(), type(TDX.endorsements())({})),
        (TDX.evidence(more=b""), TDX.endorsements()),
        (SGX.evidence(event_log=b"[]"), SGX.endorsements()),
    ):
        with pytest.raises(EvidenceInvalid) as caught:
            intel.verify(evidence, endorsements, TDX.roots, AT)
        assert rule(caught) in {"evidence.missing", "evidence.parts"}


# The form of a quote


def form(data: bytes) -> str:
    with pytest.raises(EvidenceInvalid) as caught:
        intel_quote.parse(data)
    return rule(caught)


@pytest.mark.parametrize(
    ("at", "value", "expected"),
    [
        (0, 2, "intel.version"),
        (0, 6, "intel.version"),
        (2, 3, "intel.key-type"),
        (4, 1, "intel.version"),
        (12, 0, "intel.vendor"),
    ],
)
@BOTH
def test_a_header_of_another_kind_is_refused(
    platform: Platform, at: int, value: int, expected: str
) -> None:
    """Versions, key types, TEE types and vendors that we do not know."""
    data = bytearray(platform.quote())
    data[at] = value
    assert expected == form(bytes(data))


@BOTH
def test_every_cut_is_refused(platform: Platform) -> None:
    """No prefix of a quote is a quote."""
    quote = platform.quote()
    for size in range(0, len(quote), 7):
        assert form(quote[:size]).startswith("intel.")


@BOTH
def test_padding_is_zero(platform: Platform) -> None:
    """Zeros may follow a quote, since collectors pad it; nothing else may."""
    quote = platform.quote()
    endorsements = platform.endorsements()
    padded = Evidence(platform.kind, {"quote": quote + bytes(70)})
    claims = intel.verify(padded, endorsements, platform.roots, AT)
    assert platform.verify().identity == claims.identity
    longer = Evidence(platform.kind, {"quote": quote + b"\0\x01"})
    with pytest.raises(EvidenceInvalid) as caught:
        intel.verify(longer, endorsements, platform.roots, AT)
    assert rule(caught) == "intel.padding"


def test_reserved_bytes_are_zero() -> None:
    """A bit in a reserved register is refused before any signature."""
    data = bytearray(SGX.quote())
    data[48 + 20] = 1
    assert form(bytes(data)) == "intel.reserved"


def test_lengths_must_add_up() -> None:
    """Signature data one byte too short or too long, a huge one, and an old key."""
    quote = TDX.quote()
    at = 48 + 584
    size = int.from_bytes(quote[at : at + 4], "little")
    for other in (size - 1, size + 1, 0, 0xFFFFFFFF):
        data = quote[:at] + other.to_bytes(4, "little") + quote[at + 4 :]
        assert form(data) in {"intel.length", "intel.certification", "intel.pem"}
    assert form(quote + bytes(intel_quote.MAX_QUOTE)) == "intel.length"


def test_a_quote_without_its_certificates_is_refused() -> None:
    """One certificate too few, or armour of another form."""
    for edit in (
        lambda d: d.replace(b"-----BEGIN", b"----- BEGIN", 1),
        lambda d: d.replace(b"\nMI", b"\n MI", 1)[:-1],
        lambda d: d[:-1] + b"\x01",
    ):
        assert form(edit(TDX.quote())) in {"intel.pem", "intel.certification"}


def test_armour_has_one_form() -> None:
    """Text between certificates, short lines, another newline: refused."""
    pem = TDX.pem(TDX.pck, TDX.root).encode()
    assert len(read_pem(pem, "intel")) == 2
    for other in (
        b"subject=x\n" + pem,
        pem.replace(b"\n", b"\r\n"),
        pem + b"\n",
        pem.replace(b"=\n", b"\n"),
        pem.replace(b"\n-----END", b"\n\n-----END", 1),
        pem.replace(b"\nMI", b"\nM\nI", 1),
        b"\n" + pem,
        pem * 5,
    ):
        if other == pem:
            continue
        with pytest.raises(EvidenceInvalid) as caught:
            read_pem(other, "intel")
        assert rule(caught) == "intel.pem"


# The log of RTMR 3


def logged() -> tuple[Platform, list[Event]]:
    events = [
        Event("rtmr.3", sha384(text.encode()).digest(), text)
        for text in ("runner", "module", "job")
    ]
    value = bytes(48)
    for event in events:
        value = sha384(value + event.digest).digest()
    return Platform(rtmr3=value), events


def test_a_log_that_replays_is_claimed() -> None:
    """Register, digest and description of each event."""
    platform, events = logged()
    evidence = platform.evidence(event_log=write_log(events))
    claims = intel.verify(evidence, platform.endorsements(), platform.roots, AT)
    assert [(e.register, e.digest, e.description) for e in events] == list(
        claims.events
    )


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda log: log[1:], "event_log.replay"),
        (lambda log: log[:-1], "event_log.replay"),
        (lambda log: log[::-1], "event_log.replay"),
        (lambda log: [*log, log[0]], "event_log.replay"),
        (lambda log: [], "event_log.replay"),
        (
            lambda log: [Event("rtmr.3", bytes(48), "other"), *log[1:]],
            "event_log.replay",
        ),
        (
            lambda log: [Event("rtmr.2", log[0].digest, "moved"), *log[1:]],
            "event_log.register",
        ),
    ],
)
def test_an_edited_log_is_refused(edit: Any, expected: str) -> None:
    """An event dropped, moved, altered or added; a register that owes none."""
    platform, events = logged()
    evidence = platform.evidence(event_log=write_log(edit(events)))
    with pytest.raises(EvidenceInvalid) as caught:
        intel.verify(evidence, platform.endorsements(), platform.roots, AT)
    assert expected == rule(caught)


@pytest.mark.parametrize("raised", ["PanicException", "KeyboardInterrupt"])
def test_a_panic_of_native_code_is_a_refusal(
    raised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A panic is refused like an error; what is meant for us goes through."""
    panic = type("PanicException", (BaseException,), {})
    kind = panic if raised == "PanicException" else KeyboardInterrupt

    def broken(root: bytes) -> Any:
        raise kind("index out of bounds")

    monkeypatch.setattr(intel.dcap_qvl, "QuoteVerifier", broken)
    if kind is panic:
        assert refused(TDX) == "intel.refused"
    else:
        with pytest.raises(KeyboardInterrupt):
            TDX.verify()


def test_readers_that_disagree_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each field that both read, one of them read otherwise; or missing."""
    found = intel._second_reading(
        TDX.quote(),
        intel.intel_collateral.read(TDX.endorsements().part("collateral")),
        intel_quote.parse(TDX.quote()).chain[-1],
        AT,
    )
    for path in (
        ("header", "qe_svn"),
        ("report", "TD10", "mr_td"),
        ("report", "TD10", "rt_mr3"),
        ("report", "TD10", "report_data"),
        ("qe", "report", "mr_signer"),
        ("platform", "pck", "ppid"),
        ("platform", "pck", "fmspc"),
        ("latest_issue_date",),
        ("tcb", "status"),
        ("qe", "tcb_level"),
    ):
        other = json.loads(json.dumps(found))
        inner = other
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]
        monkeypatch.setattr(intel, "_second_reading", lambda *_, o=other: o)
        assert refused(TDX) == "intel.disagree", path
        if path[0] in ("header", "report", "platform"):
            inner[path[-1]] = 9 if path[0] == "header" else "00"
            assert refused(TDX) == "intel.disagree", path


def test_whatever_dcap_qvl_says_has_a_rule() -> None:
    """A rule of ours, and a bounded length."""
    for message, expected in (
        ("something new", "intel.refused"),
        ("x" * 9999, "intel.refused"),
        ("TCBInfo expired", "intel.expired"),
        ("QE MRSIGNER mismatch: expected 1", "intel.qe-identity"),
        ("TDX module MRSIGNER mismatch", "intel.tdx-module"),
    ):
        with pytest.raises(EvidenceInvalid) as caught:
            intel._refuse(message)
        assert expected == rule(caught)
        assert len(caught.value.message) < 300
