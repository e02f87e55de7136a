"""A quote's verifier: what it accepts, and each fault with its rule."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import tpm_kit as kit
from tpm_kit import AK_ATTRIBUTES, EVENTS, PaperTpm, Scene, attest, registers, u16

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.enrolment import MEDIA_TYPE, Pending
from privshare.jobs.attestation.event_log import Event, write_log
from privshare.schemes.keys import SigningKey, sign_envelope
from privshare.wire import canonical, envelope

TPM = PaperTpm()
GOOD = TPM.scene()
LONG = os.environ.get("PRIVSHARE_LONG") == "1"


@pytest.mark.parametrize("ek", ["P-256", "P-384", "RSA"])
@pytest.mark.parametrize("ak", ["P-256", "RSA"])
def test_each_kind_of_key(ek: str, ak: str) -> None:
    """Endorsement keys of three kinds, attestation keys of two."""
    tpm = PaperTpm(ek, ak)
    claims = tpm.scene().verify()
    assert (claims.trust_class, claims.report_data) == ("hardware-tpm", kit.REPORT)
    assert claims.values["ak_name"] == tpm.ak_name


def test_the_claims() -> None:
    """Every value that is verified has its name; the identity is what was signed."""
    claims = GOOD.verify()
    assert claims.values["pcr.14"] == kit.log_value()
    assert claims.values["pcr.7"] == b"\x77" * 32
    expected = {
        "clock": 1234,
        "reset_count": 2,
        "restart_count": 3,
        "safe": True,
        "firmware_version": (2**61 + 1).to_bytes(8, "big"),
    }
    assert expected == {name: claims.values[name] for name in expected}
    assert claims.identity == hashlib.sha256(GOOD.evidence["attest"]).digest()
    assert claims.events == tuple((e.register, e.digest, e.description) for e in EVENTS)
    assert (claims.not_before, claims.not_after) == (kit.AT - 86400, kit.AT + 86400)
    assert len(claims.instance) == 32 and not claims.debug


def test_the_class_is_the_root_s() -> None:
    """The same evidence under a test root is of class software."""
    roots = (
        kit.cert_root(TPM.maker.root, "swtpm", "software"),
        kit.key_root(TPM.enroller, "software"),
    )
    assert replace(GOOD, roots=roots).verify().trust_class == "software"


def test_the_instance_is_the_machine() -> None:
    """Another attestation key of the same TPM is the same machine."""
    other = PaperTpm(maker=TPM.maker, enroller=TPM.enroller)
    other.ek, other.ek_public, other.ek_certificate = (
        TPM.ek,
        TPM.ek_public,
        TPM.ek_certificate,
    )
    found = other.scene().verify()
    assert found.values["ak_name"] != TPM.ak_name
    assert found.instance == GOOD.verify().instance


@dataclass(frozen=True)
class Case:
    """One fault: its name, the rule it breaks, and how to make it."""

    name: str
    rule: str
    make: Callable[[], Scene]


CASES: list[Case] = []


def case(rule: str) -> Callable[[Callable[[], Scene]], Callable[[], Scene]]:
    def keep(make: Callable[[], Scene]) -> Callable[[], Scene]:
        CASES.append(Case(make.__name__, rule, make))
        return make

    return keep


def signed(message: bytes, values: dict[int, bytes] | None = None) -> Scene:
    """Evidence whose quote has a fault and a good signature."""
    values = registers() if values is None else values
    return GOOD.evidence_with(
        attest=message,
        signature=TPM.sign(message),
        pcrs=kit.write_registers(values),
    )


# The attestation key


def with_key(attributes: str = AK_ATTRIBUTES, **changes: object) -> Scene:
    """A key of another kind, enrolled all the same."""
    return PaperTpm(ak_attributes=attributes, **changes).scene()  # type: ignore[arg-type]


@case("tpm.ak.attributes")
def unrestricted_key() -> Scene:
    return with_key(AK_ATTRIBUTES.replace("restricted ", ""))


@case("tpm.ak.attributes")
def key_that_decrypts() -> Scene:
    return with_key(f"{AK_ATTRIBUTES} decrypt")


@case("tpm.ak.attributes")
def key_that_leaves_the_tpm() -> Scene:
    return with_key(AK_ATTRIBUTES.replace("fixedTPM ", ""))


@case("tpm.ak.attributes")
def key_that_changes_its_parent() -> Scene:
    return with_key(AK_ATTRIBUTES.replace("fixedParent ", ""))


@case("tpm.ak.attributes")
def key_made_outside() -> Scene:
    return with_key(AK_ATTRIBUTES.replace("sensitiveDataOrigin ", ""))


@case("tpm.ak.scheme")
def key_without_a_scheme() -> Scene:
    return with_key(ak_scheme=u16(0x0010))


@case("tpm.ak.scheme")
def key_of_another_curve() -> Scene:
    return with_key(ak_kind="P-384")


@case("tpm.ak.scheme")
def key_with_another_hash() -> Scene:
    return with_key(ak_scheme=u16(0x0018, 0x0004))


@case("tpm.ak.scheme")
def key_with_a_symmetric_half() -> Scene:
    return with_key(ak_aes=128)


@case("tpm.key")
def key_off_the_curve() -> Scene:
    tpm = PaperTpm()
    tpm.ak_public = tpm.ak_public[:-32] + bytes(31) + b"\x01"
    return tpm.scene()


@case("tpm.enrolment.ak")
def key_of_another_tpm() -> Scene:
    other = PaperTpm(maker=TPM.maker, enroller=TPM.enroller)
    return GOOD.evidence_with(**other.scene().evidence)


@case("tpm.value")
def key_with_reserved_attributes() -> Scene:
    area = bytearray(TPM.ak_public)
    area[6] |= 0x80
    return GOOD.evidence_with(ak_public=bytes(area))


# The quote


@case("tpm.signature")
def signature_by_another_key() -> Scene:
    other = PaperTpm(maker=TPM.maker)
    return GOOD.evidence_with(signature=other.sign(GOOD.evidence["attest"]))


@case("tpm.signature")
def signature_of_another_quote() -> Scene:
    return GOOD.evidence_with(signature=TPM.sign(attest(report=bytes(32))))


@case("tpm.signature")
def report_data_replaced() -> Scene:
    return GOOD.evidence_with(attest=attest(report=bytes(32)))


@case("tpm.scheme")
def signature_of_another_scheme() -> Scene:
    other = PaperTpm(ak_kind="RSA")
    return GOOD.evidence_with(signature=other.sign(GOOD.evidence["attest"]))


@case("tpm.trailing")
def signature_with_a_tail() -> Scene:
    return GOOD.evidence_with(signature=GOOD.evidence["signature"] + b"\0")


@case("tpm.magic")
def bytes_that_no_tpm_made() -> Scene:
    return signed(attest(magic=b"\xfeTCG"))


@case("tpm.type")
def a_certification_for_a_quote() -> Scene:
    return signed(attest(kind=0x8017))


@case("tpm.trailing")
def quote_with_a_tail() -> Scene:
    return signed(attest(tail=b"\0"))


@case("tpm.value")
def clock_beyond_all_numbers() -> Scene:
    good = attest()
    at = good.index((1234).to_bytes(8, "big"))
    return signed(good[:at] + b"\xff" + good[at + 1 :])


@case("tpm.value")
def flag_of_two() -> Scene:
    return signed(attest(safe=2))


@case("tpm.length")
def quote_cut_off() -> Scene:
    return signed(attest()[:-1])


@case("tpm.length")
def empty_quote() -> Scene:
    return signed(b"\xffTCG")


# The registers


@case("tpm.pcr_digest")
def register_s_value_changed() -> Scene:
    values = registers() | {7: bytes(32)}
    return GOOD.evidence_with(pcrs=kit.write_registers(values))


@case("tpm.selection")
def register_left_out() -> Scene:
    values = {n: v for n, v in registers().items() if n != 7}
    return GOOD.evidence_with(pcrs=kit.write_registers(values))


@case("tpm.selection")
def register_added() -> Scene:
    values = registers() | {8: bytes(32)}
    return GOOD.evidence_with(pcrs=kit.write_registers(values))


@case("tpm.selection")
def registers_of_sha1() -> Scene:
    return signed(attest(banks=(kit.selection(registers(), 0x0004),)))


@case("tpm.selection")
def registers_of_two_banks() -> Scene:
    banks = (kit.selection(registers()), kit.selection((0,), 0x0004))
    return signed(attest(banks=banks))


@case("tpm.value")
def one_bank_twice() -> Scene:
    return signed(attest(banks=(kit.selection((0, 7)), kit.selection((14,)))))


@case("tpm.selection")
def no_bank() -> Scene:
    return signed(attest(banks=()))


def resettable(number: int) -> Scene:
    values = {0: bytes(32), number: kit.log_value()}
    events = [Event(f"pcr.{number}", e.digest, e.description) for e in EVENTS]
    return TPM.scene(values=values, events=events, message=attest(values))


@case("tpm.resettable")
def debug_register_for_the_job() -> Scene:
    return resettable(16)


@case("tpm.resettable")
def application_register_for_the_job() -> Scene:
    return resettable(23)


@case("event_log.register")
def unquoted_register_for_the_job() -> Scene:
    return GOOD.evidence_with(event_log=write_log([Event("pcr.16", bytes(32), "x")]))


@case("event_log.register")
def firmware_s_register_for_the_job() -> Scene:
    return GOOD.evidence_with(event_log=write_log([Event("pcr.7", bytes(32), "x")]))


@case("event_log.register")
def rtmr_in_a_tpm_s_log() -> Scene:
    events = [*EVENTS, Event("rtmr.3", bytes(32), "x")]
    return GOOD.evidence_with(event_log=write_log(events))


@case("tpm.pcrs")
def registers_in_another_order() -> Scene:
    return GOOD.evidence_with(pcrs=GOOD.evidence["pcrs"].replace(b",", b", "))


@case("tpm.pcrs")
def register_of_another_name() -> Scene:
    return GOOD.evidence_with(pcrs=GOOD.evidence["pcrs"].replace(b'"7"', b'"07"'))


@case("tpm.pcrs")
def no_registers() -> Scene:
    return GOOD.evidence_with(pcrs=b"{}")


@case("tpm.pcrs")
def register_in_capitals() -> Scene:
    text = canonical.encode({str(n): v.hex().upper() for n, v in registers().items()})
    return GOOD.evidence_with(pcrs=text)


# The event log


def logged(events: list[Event] | tuple[Event, ...]) -> Scene:
    return GOOD.evidence_with(event_log=write_log(events))


@case("event_log.replay")
def first_event_dropped() -> Scene:
    return logged(EVENTS[1:])


@case("event_log.replay")
def last_event_dropped() -> Scene:
    return logged(EVENTS[:-1])


@case("event_log.replay")
def all_events_dropped() -> Scene:
    return logged([])


@case("event_log.replay")
def events_reordered() -> Scene:
    return logged([EVENTS[1], EVENTS[0], EVENTS[2]])


@case("event_log.replay")
def event_altered() -> Scene:
    return logged([EVENTS[0], replace(EVENTS[1], digest=bytes(32)), EVENTS[2]])


@case("event_log.replay")
def event_repeated() -> Scene:
    return logged([*EVENTS, EVENTS[2]])


@case("event_log.replay")
def register_extended_without_a_log() -> Scene:
    values = registers() | {8: b"\x88" * 32}
    return TPM.scene(values=values, message=attest(values))


@case("event_log.encoding")
def log_with_a_space() -> Scene:
    return GOOD.evidence_with(event_log=GOOD.evidence["event_log"] + b" ")


@case("event_log.encoding")
def log_of_sha384() -> Scene:
    return logged([Event("pcr.14", bytes(48), "x")])


@case("event_log.length")
def log_without_end() -> Scene:
    return logged([EVENTS[0]] * 513)


# The endorsement key's certificate


def certified(certificate: kit.x509.Certificate, chain: bytes | None = None) -> Scene:
    tpm = PaperTpm(maker=TPM.maker, enroller=TPM.enroller)
    tpm.ek, tpm.ek_public, tpm.ek_certificate = TPM.ek, TPM.ek_public, certificate
    scene = tpm.scene()
    return scene if chain is None else scene.endorsed_with(ek_chain=chain)


@case("tpm.enrolment.ek")
def certificate_of_another_tpm() -> Scene:
    other = PaperTpm(maker=TPM.maker)
    return GOOD.endorsed_with(ek_certificate=kit.der(other.ek_certificate))


@case("tpm.ek.key")
def certificate_of_another_key() -> Scene:
    return certified(PaperTpm(maker=TPM.maker).ek_certificate)


@case("tpm.ek.expired")
def certificate_expired() -> Scene:
    return replace(GOOD, at=kit.AT + 2 * 86400)


@case("tpm.ek.early")
def certificate_not_yet_valid() -> Scene:
    return replace(GOOD, at=kit.AT - 2 * 86400)


@case("tpm.ek.expired")
def leaf_shorter_than_its_issuer() -> Scene:
    leaf = TPM.maker.certify(TPM.ek, end=kit.later(days=1))
    return replace(certified(leaf), at=kit.AT + 1)


@case("root.unknown")
def root_not_known() -> Scene:
    other = kit.Maker()
    return replace(GOOD, roots=(kit.cert_root(other.root), GOOD.roots[1]))


@case("root.unknown")
def root_of_another_family() -> Scene:
    root = kit.cert_root(TPM.maker.root, "amd-milan", "hardware-tee")
    return replace(GOOD, roots=(root, GOOD.roots[1]))


@case("tpm.ek.chain")
def issuer_missing() -> Scene:
    return GOOD.endorsed_with(ek_chain=kit.pem(TPM.maker.root))


@case("root.unknown")
def root_missing() -> Scene:
    return GOOD.endorsed_with(ek_chain=kit.pem(TPM.maker.issuer))


@case("tpm.ek.chain")
def certificate_to_spare() -> Scene:
    chain = TPM.maker.chain + kit.pem(kit.Maker("other").root)
    return GOOD.endorsed_with(ek_chain=chain)


@case("tpm.ek.chain")
def root_twice() -> Scene:
    chain = TPM.maker.chain + kit.pem(TPM.maker.root)
    return GOOD.endorsed_with(ek_chain=chain)


@case("tpm.ek.encoding")
def no_chain() -> Scene:
    return GOOD.endorsed_with(ek_chain=b"")


@case("tpm.ek.encoding")
def text_around_the_chain() -> Scene:
    return GOOD.endorsed_with(ek_chain=b"hello\n" + TPM.maker.chain)


@case("tpm.ek.encoding")
def no_certificate() -> Scene:
    return GOOD.endorsed_with(ek_certificate=b"0\x03\x02\x01\x00")


@case("tpm.ek.encoding")
def certificate_without_end() -> Scene:
    return GOOD.endorsed_with(ek_certificate=bytes(9000))


@case("tpm.ek.chain")
def issuer_s_signature_broken() -> Scene:
    raw = bytearray(GOOD.endorsements["ek_certificate"])
    raw[-1] ^= 1
    return GOOD.endorsed_with(ek_certificate=bytes(raw))


@case("tpm.ek.software")
def software_under_a_root_of_hardware() -> Scene:
    """Somebody enrolled the authority of a software TPM among the makers."""
    return PaperTpm(maker=kit.Maker("swtpm-localca")).scene()


@case("tpm.ek.software")
def model_that_says_software() -> Scene:
    return certified(TPM.maker.certify(TPM.ek, model="swtpm"))


@case("tpm.ek.usage")
def certificate_for_another_use() -> Scene:
    return certified(TPM.maker.certify(TPM.ek, usage="1.3.6.1.5.5.7.3.1"))


@case("tpm.ek.usage")
def certificate_for_no_use() -> Scene:
    return certified(TPM.maker.certify(TPM.ek, usage=None))


@case("tpm.ek.usage")
def certificate_of_an_authority() -> Scene:
    return certified(TPM.maker.certify(TPM.ek, authority=0))


@case("tpm.ek.chain")
def certificate_with_an_unknown_demand() -> Scene:
    return certified(TPM.maker.certify(TPM.ek, critical=True))


@case("tpm.ek.chain")
def issuer_that_is_no_authority() -> Scene:
    maker, key = TPM.maker, kit.new_key("P-256")
    middle = kit.certificate("middle", key, maker.name, maker.root_key)
    leaf = kit.certificate("a TPM", TPM.ek, "middle", key, usage=kit.EK_USAGE)
    return certified(leaf, kit.pem(middle, maker.root))


@case("tpm.ek.chain")
def chain_longer_than_allowed() -> Scene:
    maker, key = TPM.maker, kit.new_key("P-256")
    middle = kit.certificate("middle", key, "maker issuer", maker.key, authority=0)
    leaf = kit.certificate("a TPM", TPM.ek, "middle", key, usage=kit.EK_USAGE)
    return certified(leaf, kit.pem(middle, maker.issuer, maker.root))


# The enrolment


def transcript(scene: Scene = GOOD) -> dict[str, object]:
    found = canonical.decode(envelope.decode(scene.endorsements["enrolment"]).payload)
    assert isinstance(found, dict)
    return dict(found)


def enrolled(key: SigningKey = TPM.enroller, **changes: object) -> Scene:
    """A transcript with changes that the enroller signed."""
    payload = canonical.encode(transcript() | changes)  # type: ignore[arg-type]
    made = envelope.encode(sign_envelope(MEDIA_TYPE, payload, [key]))
    return GOOD.endorsed_with(enrolment=made)


def text(data: bytes) -> str:
    return canonical.b64u(data)


@case("root.unknown")
def enroller_not_known() -> Scene:
    stranger = SigningKey.generate()
    return enrolled(stranger, enroller=text(stranger.verify_key.raw))


@case("root.unknown")
def software_key_with_a_transcript_of_its_own() -> Scene:
    """Anybody can play both parts of an activation for a genuine certificate."""
    forger = PaperTpm(maker=TPM.maker)
    forger.ek_public, forger.ek_certificate = TPM.ek_public, TPM.ek_certificate
    secret = bytes(32)
    digest = hashlib.sha256(kit.der(TPM.ek_certificate)).digest()
    rand = (5).to_bytes(48, "big")
    pending = Pending(TPM.ek_public, digest, forger.ak_name, secret, rand)
    made = pending.conclude(secret, forger.enroller)
    forger.enrol = lambda: made  # type: ignore[method-assign]
    return replace(forger.scene(), roots=GOOD.roots)


@case("tpm.enroller.class")
def software_enroller_for_a_maker_s_tpm() -> Scene:
    weak = kit.key_root(TPM.enroller, "software")
    return replace(GOOD, roots=(GOOD.roots[0], weak))


@case("tpm.enrolment.signature")
def transcript_signed_by_another() -> Scene:
    payload = canonical.encode(transcript())  # type: ignore[arg-type]
    other = sign_envelope(MEDIA_TYPE, payload, [SigningKey.generate()]).signatures[0]
    kid = TPM.enroller.verify_key.kid
    forged = envelope.Envelope(
        MEDIA_TYPE, payload, (envelope.Signature(kid, other.sig),)
    )
    return GOOD.endorsed_with(enrolment=envelope.encode(forged))


@case("tpm.enrolment.encoding")
def transcript_with_another_key_id() -> Scene:
    return enrolled(SigningKey.generate())


@case("tpm.enrolment.encoding")
def transcript_of_another_type() -> Scene:
    payload = canonical.encode(transcript())  # type: ignore[arg-type]
    made = sign_envelope("text/plain", payload, [TPM.enroller])
    return GOOD.endorsed_with(enrolment=envelope.encode(made))


@case("tpm.enrolment.encoding")
def transcript_with_a_field_more() -> Scene:
    return enrolled(note="hello")


@case("tpm.enrolment.challenge")
def credential_for_another_key() -> Scene:
    other = PaperTpm(maker=TPM.maker)
    return enrolled(ak_name=text(other.ak_name))


@case("tpm.enrolment.challenge")
def credential_for_another_tpm() -> Scene:
    other = PaperTpm(maker=TPM.maker)
    return enrolled(ek_public=text(other.ek_public))


@case("tpm.enrolment.challenge")
def another_answer() -> Scene:
    return enrolled(answer=text(bytes(32)))


@case("tpm.enrolment.challenge")
def another_randomness() -> Scene:
    return enrolled(rand=text((7).to_bytes(48, "big")))


@case("tpm.enrolment.encoding")
def randomness_of_zero() -> Scene:
    return enrolled(rand=text(bytes(48)))


@case("tpm.enrolment.commitment")
def commitment_to_something_else() -> Scene:
    return enrolled(commitment=text(bytes(32)))


@case("tpm.enrolment.commitment")
def transcript_moved_to_another_certificate() -> Scene:
    return enrolled(ek_certificate=text(bytes(32)))


@case("tpm.ek.attributes")
def endorsement_key_that_signs() -> Scene:
    area = bytearray(TPM.ek_public)
    area[7] |= 0x04  # the attribute sign, in the third byte of four
    return enrolled(ek_public=text(bytes(area)))


@case("tpm.enrolment.encoding")
def no_transcript() -> Scene:
    return GOOD.endorsed_with(enrolment=b"{}")


# The label


@case("evidence.kind")
def relabelled_simulated() -> Scene:
    return replace(GOOD, kind="simulated")


@case("evidence.kind")
def relabelled_tdx() -> Scene:
    return replace(GOOD, kind="tdx-dcap")


@case("evidence.parts")
def part_too_many() -> Scene:
    return GOOD.evidence_with(note=b"hello")


@pytest.mark.parametrize("given", CASES, ids=lambda c: c.name)
def test_each_fault_has_its_rule(given: Case) -> None:
    """Refused, and for the right reason."""
    with pytest.raises(EvidenceInvalid) as refused:
        given.make().verify()
    assert refused.value.detail["rule"] == given.rule
    assert "expected" in refused.value.message


def test_there_are_many_faults() -> None:
    """The list above is as long as it was."""
    assert len(CASES) >= 75


@pytest.mark.parametrize("part", sorted(GOOD.evidence))
def test_no_part_can_be_missing(part: str) -> None:
    """Evidence without one of its parts is refused."""
    left = {name: data for name, data in GOOD.evidence.items() if name != part}
    with pytest.raises(EvidenceInvalid) as refused:
        replace(GOOD, evidence=left).verify()
    assert refused.value.detail["rule"] == "evidence.missing"


@pytest.mark.parametrize("part", sorted(GOOD.endorsements))
def test_no_endorsement_can_be_missing(part: str) -> None:
    """Nor do endorsements do without one of theirs."""
    left = {name: data for name, data in GOOD.endorsements.items() if name != part}
    with pytest.raises(EvidenceInvalid) as refused:
        replace(GOOD, endorsements=left).verify()
    assert refused.value.detail["rule"] == "evidence.missing"


def test_a_stale_nonce_is_seen() -> None:
    """Report data are claims as signed: an old quote cannot claim new ones."""
    old = TPM.scene(message=attest(report=bytes(32)))
    assert old.verify().report_data == bytes(32)


def flips(data: bytes, step: int) -> list[bytes]:
    found = []
    for bit in range(0, 8 * len(data), step):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        found.append(bytes(flipped))
    return found


def accepts(scene: Scene) -> bool:
    try:
        scene.verify()
    except EvidenceInvalid:
        return False
    return True


def test_all_bits_of_the_quote() -> None:
    """No flipped bit of TPMS_ATTEST is accepted."""
    tried = flips(GOOD.evidence["attest"], 1)
    assert len(tried) == 1160
    assert not [m for m in tried if accepts(GOOD.evidence_with(attest=m))]


@pytest.mark.parametrize("part", ["ak_public", "pcrs", "signature"])
def test_bits_of_the_evidence(part: str) -> None:
    """Nor of the key, the registers and the signature."""
    tried = flips(GOOD.evidence[part], 1 if LONG else 5)
    assert not [m for m in tried if accepts(GOOD.evidence_with(**{part: m}))]


def test_bits_of_the_log() -> None:
    """Of the log nothing but descriptions, which nobody signs."""
    tried = flips(GOOD.evidence["event_log"], 1 if LONG else 11)
    for made in tried:
        scene = GOOD.evidence_with(event_log=made)
        if accepts(scene):
            assert [e[:2] for e in scene.verify().events] == [
                (e.register, e.digest) for e in EVENTS
            ]


@pytest.mark.parametrize("part", sorted(GOOD.endorsements))
def test_bits_of_the_endorsements(part: str) -> None:
    """An altered endorsement never gives acceptance."""
    tried = flips(GOOD.endorsements[part], 1 if LONG else 61)
    assert not [m for m in tried if accepts(GOOD.endorsed_with(**{part: m}))]


def noises(data: bytes) -> list[bytes]:
    half = len(data) // 2
    return [
        b"",
        b"\0",
        data[:half],
        data[half:],
        data + data,
        data[::-1],
        b"\xff" * 300,
    ]


@pytest.mark.parametrize("part", sorted(GOOD.evidence))
def test_noise_in_evidence(part: str) -> None:
    """Whatever a part holds, the refusal is of one kind."""
    for noise in noises(GOOD.evidence[part]):
        assert not accepts(GOOD.evidence_with(**{part: noise}))


@pytest.mark.parametrize("part", sorted(GOOD.endorsements))
def test_noise_in_endorsements(part: str) -> None:
    """Nor do other bytes of endorsements make another error."""
    for noise in noises(GOOD.endorsements[part]):
        assert not accepts(GOOD.endorsed_with(**{part: noise}))


@pytest.mark.parametrize("swap", sorted({*GOOD.evidence, *GOOD.endorsements}))
def test_parts_that_trade_places(swap: str) -> None:
    """The bytes of one part in the place of any other."""
    parts = {**GOOD.evidence, **GOOD.endorsements}
    for name in GOOD.evidence:
        if name != swap:
            assert not accepts(GOOD.evidence_with(**{name: parts[swap]}))
    for name in GOOD.endorsements:
        if name != swap:
            assert not accepts(GOOD.endorsed_with(**{name: parts[swap]}))
