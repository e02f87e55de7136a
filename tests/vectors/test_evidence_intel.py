"""Quotes that Intel's machines signed: exact registers, and every refusal.

Single-bit flips: none is accepted, neither in the quote nor in its
collateral. Of a quote, nothing is ignored: what follows it is zero, the copy
of the root is the pinned one, the armour has one form. Of the file of
collateral, only the layout of its JSON is free.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from machine_kit import (
    P256_ORDER,
    ROOTS,
    expected,
    flips,
    folder,
    how_many,
    moment,
    rule_of,
    twin,
)

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import intel, intel_quote
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
)

VERIFIED = (
    "sgx/quote_v3.bin",
    "tdx/quote_v4_td10.bin",
    "tdx/quote_v4_rtmr3.bin",
    "tdx/quote_v5_td15.bin",
)
REFUSED = {
    "tdx/quote_v5_td15_no_tcb_level.bin": "intel.tcb-level",
    "tdx/quote_v4_2023_no_tcb_level.bin": "intel.tcb-level",
    "tdx/quote_v4_debug_td.bin": "intel.debug",
}
#: Our names of the registers that `expected.json` lists.
NAMES = {
    "mr_enclave": "mr_enclave",
    "mr_signer": "mr_signer",
    "attributes": "attributes",
    "mr_td": "mr_td",
    "mr_seam": "mr_seam",
    "mr_config_id": "mr_config_id",
    "td_attributes": "td_attributes",
    **{f"rtmr{n}": f"rtmr.{n}" for n in range(4)},
}


class Recorded:
    """A quote of the fixtures, and how to ask about it."""

    def __init__(self, place: Path, name: str) -> None:
        self.place = place
        self.entry = expected(place, "sgx-dcap", "tdx-dcap")[name]
        self.quote = (place / name).read_bytes()
        self.collateral = (place / self.entry["collateral"]).read_bytes()
        self.at = moment(self.entry["verify_at"])

    def verify(
        self,
        *,
        quote: bytes | None = None,
        collateral: bytes | None = None,
        at: int | None = None,
        roots: RootSet = ROOTS,
    ) -> Claims:
        return intel.verify(
            Evidence(self.entry["kind"], {"quote": quote or self.quote}),
            Endorsements({"collateral": collateral or self.collateral}),
            roots,
            self.at if at is None else at,
        )

    def parts(self, **changed: str) -> bytes:
        """The collateral with some parts replaced."""
        return json.dumps({**json.loads(self.collateral), **changed}).encode()


@pytest.fixture(scope="module")
def place(vectors: Path) -> Path:
    return folder(vectors)


def test_every_recorded_quote_is_here(place: Path) -> None:
    """A quote added to the fixtures must be added to these tables."""
    assert {*VERIFIED, *REFUSED} == set(expected(place, "sgx-dcap", "tdx-dcap"))


@pytest.mark.parametrize("name", VERIFIED)
def test_registers_are_as_recorded(place: Path, name: str) -> None:
    """Every register, the rating and the advisories, at the quote's own time."""
    case = Recorded(place, name)
    claims, entry = case.verify(), case.entry
    assert entry["result"] == "verified"
    for field, ours in NAMES.items():
        if field in entry:
            assert bytes.fromhex(entry[field]) == claims.values[ours], field
    assert bytes.fromhex(entry["report_data"]) == claims.report_data
    assert entry["debug"] is claims.debug
    assert entry["tcb_status"] == claims.values["tcb_status"]
    assert tuple(entry["advisories"]) == claims.values["advisories"]
    assert entry["fmspc"] == claims.values["fmspc"]
    assert entry["quote_version"] == claims.values["quote_version"]
    assert claims.root.name == "Intel SGX Root CA"
    assert claims.trust_class == "hardware-tee"
    assert claims.not_before <= case.at <= claims.not_after
    assert 30 * 86400 >= claims.not_after - claims.not_before > 0
    assert list(claims.floors) == [f"intel-tcb-eval/{entry['fmspc']}"]


def test_evaluation_numbers_are_floors(place: Path) -> None:
    """Collateral of 2026 counts higher than that of 2025."""
    numbers = [
        next(iter(Recorded(place, n).verify().floors.values())) for n in VERIFIED
    ]
    assert numbers == [17, 17, 17, 18]


@pytest.mark.parametrize("name", REFUSED)
def test_recorded_refusals(place: Path, name: str) -> None:
    """Refused by the rule that names the recorded reason."""
    case = Recorded(place, name)
    assert case.entry["result"] == "rejected"
    assert rule_of(case.verify) == REFUSED[name]


@pytest.mark.parametrize("name", VERIFIED)
def test_time_is_an_argument(place: Path, name: str) -> None:
    """A day before the collateral, and after its end, the same bytes fail."""
    case = Recorded(place, name)
    claims = case.verify()
    assert case.verify(at=claims.not_before) == case.verify(at=claims.not_after)
    early, late = claims.not_before - 1, claims.not_after + 1
    assert rule_of(lambda: case.verify(at=early)) == "intel.not-yet-valid"
    # The list of the root ends before or after the documents do.
    assert rule_of(lambda: case.verify(at=late)) in {
        "intel.expired",
        "intel.crl.expired",
    }
    assert rule_of(lambda: case.verify(at=2_000_000_000)) == "intel.expired"


@pytest.mark.parametrize("name", VERIFIED)
def test_another_root_is_refused(place: Path, name: str) -> None:
    """No root, and the roots of other makers."""
    case = Recorded(place, name)
    assert rule_of(lambda: case.verify(roots=RootSet(()))) == "root.unknown"
    others = RootSet(ROOTS.roots[1:])
    assert rule_of(lambda: case.verify(roots=others)) == "root.unknown"


def test_collateral_of_another_platform_is_refused(place: Path) -> None:
    """Genuine, current, and of another family or kind."""
    sgx, tdx = Recorded(place, VERIFIED[0]), Recorded(place, VERIFIED[1])
    assert rule_of(lambda: sgx.verify(collateral=tdx.collateral)) == "intel.crl.name"
    other = Recorded(place, VERIFIED[3])
    assert rule_of(lambda: tdx.verify(collateral=other.collateral, at=other.at)) in {
        "intel.fmspc",
        "intel.tcb-level",
    }


def test_one_genuine_part_of_another_time_or_kind_is_refused(place: Path) -> None:
    """Each part taken from genuine collateral of another platform."""
    case, other = Recorded(place, VERIFIED[1]), Recorded(place, VERIFIED[0])
    theirs = json.loads(other.collateral)
    for name, text in json.loads(case.collateral).items():
        if theirs[name] == text:
            continue  # the same chain, the same list of the root
        with pytest.raises(EvidenceInvalid):
            case.verify(collateral=case.parts(**{name: theirs[name]}))


def test_an_edited_rating_is_refused(place: Path) -> None:
    """A status written to UpToDate, a number raised, a level removed."""
    case = Recorded(place, VERIFIED[0])
    tcb = json.loads(case.collateral)["tcb_info"]
    for edited in (
        tcb.replace("ConfigurationAndSWHardeningNeeded", "UpToDate"),
        tcb.replace('"tcbEvaluationDataNumber":17', '"tcbEvaluationDataNumber":99'),
        tcb + " ",
    ):
        assert edited != tcb
        rule = rule_of(lambda e=edited: case.verify(collateral=case.parts(tcb_info=e)))
        assert rule == "intel.signature"


@pytest.mark.parametrize("name", VERIFIED)
def test_without_any_one_part_nothing_is_accepted(place: Path, name: str) -> None:
    """Fail closed: each part removed, emptied, cut, doubled."""
    case = Recorded(place, name)
    whole = json.loads(case.collateral)
    for part, text in whole.items():
        less = {other: value for other, value in whole.items() if other != part}
        for changed in (
            less,
            {**whole, part: ""},
            {**whole, part: text[:-1]},
            {**whole, part: text[: len(text) // 2]},
            {**whole, part: text * 2},
        ):
            with pytest.raises(EvidenceInvalid):
                case.verify(collateral=json.dumps(changed).encode())


@pytest.mark.parametrize("name", VERIFIED)
def test_no_flipped_bit_of_a_quote_is_accepted(place: Path, name: str) -> None:
    """The map of ignorable bits of a quote is empty."""
    case = Recorded(place, name)
    for bit, changed in flips(case.quote, how_many(1_000, 10_000), name):
        with pytest.raises(EvidenceInvalid):
            case.verify(quote=changed)
            raise AssertionError(f"bit {bit} is ignored")


@pytest.mark.parametrize("name", VERIFIED)
def test_no_flipped_bit_of_collateral_is_accepted(place: Path, name: str) -> None:
    """Names, certificates, lists, documents, signatures: every bit counts."""
    case = Recorded(place, name)
    for bit, changed in flips(case.collateral, how_many(250, 10_000), name):
        with pytest.raises(EvidenceInvalid):
            case.verify(collateral=changed)
            raise AssertionError(f"bit {bit} is ignored")


@pytest.mark.parametrize("name", VERIFIED)
def test_identity_is_of_the_signed_bytes(place: Path, name: str) -> None:
    """What may differ between two copies of one quote changes no identity.

    The zero byte behind the certificates, the newline there, and zeros behind
    the quote are all that may; of collateral, the layout of the JSON.
    """
    case = Recorded(place, name)
    identity = case.verify().identity
    quote = intel_quote.parse(case.quote)
    assert sha256(quote.signed).digest() == identity
    bare = case.quote[: quote.size]
    assert case.verify(quote=bare).identity == identity
    assert case.verify(quote=bare + bytes(500)).identity == identity
    spaced = json.dumps(json.loads(case.collateral), indent=3).encode()
    assert case.verify(collateral=spaced).identity == identity


@pytest.mark.parametrize("name", VERIFIED)
def test_the_twin_of_a_signature_changes_no_identity(place: Path, name: str) -> None:
    """ECDSA has two signatures for one; replay is told by what was signed."""
    case = Recorded(place, name)
    at = len(intel_quote.parse(case.quote).signed) + 4
    other = twin(case.quote[at : at + 64], P256_ORDER)
    changed = case.quote[:at] + other + case.quote[at + 64 :]
    assert changed != case.quote
    assert case.verify(quote=changed) == case.verify()


def test_two_readers_agree_on_all_recorded_quotes(place: Path) -> None:
    """Even on those that are refused later."""
    dcap_qvl = pytest.importorskip("dcap_qvl")
    for name in expected(place, "sgx-dcap", "tdx-dcap"):
        data = (place / name).read_bytes()
        ours, theirs = intel_quote.parse(data), dcap_qvl.parse_quote(data)
        assert int.from_bytes(ours.header["version"], "little") == theirs.header.version
        for field in ("report_data", "mr_enclave", "mr_td", "rt_mr3", "mr_seam"):
            if field in ours.registers:
                assert ours.registers[field] == getattr(theirs.report, field), field
