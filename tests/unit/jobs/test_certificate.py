"""Certificates and their encoding: one form each, and times of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime

import attestation_kit as kit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import certificate, der
from privshare.jobs.attestation.revocation_list import read_crl


def read(hexed: str) -> der.Reader:
    """Read bytes given in hex."""
    return der.Reader(bytes.fromhex(hexed), "demo")


@pytest.mark.parametrize(
    ("hexed", "why"),
    [
        ("", "nothing"),
        ("02", "no length"),
        ("0201", "no contents"),
        ("0200", "no digit"),
        ("020180", "negative"),
        ("02020001", "longer than needed"),
        ("02810101", "length in a longer form"),
        ("0282000101", "length with a leading zero"),
        ("028001010000", "length that is not known"),
        ("0284000000010101", "length of four bytes"),
        ("030101", "another tag"),
    ],
)
def test_numbers_have_one_form(hexed: str, why: str) -> None:
    """A number in another form is refused."""
    with pytest.raises(EvidenceInvalid) as caught:
        read(hexed).integer()
    assert caught.value.detail["rule"] == "demo.certificate", why


@pytest.mark.parametrize("hexed", ["0101ff", "010101", "010100", "0102ffff"])
def test_true_has_one_form_and_false_none(hexed: str) -> None:
    """False is a default; only 0xff is true."""
    if hexed == "0101ff":
        assert read(hexed).boolean()
    else:
        with pytest.raises(EvidenceInvalid):
            read(hexed).boolean()


@pytest.mark.parametrize("hexed", ["0600", "060180", "06028001", "0603550480"])
def test_identifiers_have_one_form(hexed: str) -> None:
    """Arcs end, and have no leading zeros."""
    with pytest.raises(EvidenceInvalid):
        read(hexed).object_id()


@pytest.mark.parametrize(
    "dotted", ["0.0", "1.2.840.113549.1.1.10", "2.5.29.19", "2.999.3", kit.AMD + "3.10"]
)
def test_identifiers_come_back(dotted: str) -> None:
    """What another writes, we read."""
    assert dotted == der.Reader(kit.object_id(dotted), "demo").object_id()


@given(st.integers(min_value=-(1 << 31), max_value=(1 << 37)))
def test_times_are_those_of_the_calendar(at: int) -> None:
    """Both forms of a time agree with the calendar."""
    when = datetime.fromtimestamp(at, UTC)
    if when.year > 9999:
        return
    long = kit.tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").rjust(15, "0").encode())
    assert at == der.Reader(long, "demo").time()
    if 1950 <= when.year < 2050:
        short = kit.tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode())
        assert at == der.Reader(short, "demo").time()


@pytest.mark.parametrize(
    "text",
    [
        b"20250230000000Z",
        b"20251301000000Z",
        b"20250001000000Z",
        b"20250100000000Z",
        b"20250101240000Z",
        b"20250101006000Z",
        b"20250101000060Z",
        b"00000101000000Z",
        b"20250101000000",
        b"20250101000000+",
        b"2025010100000.Z",
        b"202501010000Z",
        b"2025 101000000Z",
    ],
)
def test_other_times_are_refused(text: bytes) -> None:
    """Neither days that are not, nor zones, nor fractions."""
    with pytest.raises(EvidenceInvalid):
        der.Reader(kit.tlv(0x18, text), "demo").time()


@given(st.binary(max_size=300))
def test_noise_is_refused_in_one_way(data: bytes) -> None:
    """Any bytes raise what evidence raises, and nothing else."""
    for reader in (certificate.read_certificate, read_crl):
        with pytest.raises(EvidenceInvalid):
            reader(data, "demo")
    if data:
        with pytest.raises(EvidenceInvalid):
            certificate.read_pem(data, "demo")


@given(st.data())
def test_altered_certificates_never_read_the_same(data: st.DataObject) -> None:
    """A byte changed is refused or read as something else: no two forms."""
    whole = kit.usual_vek("Milan", "VCEK")
    place = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda v: v != whole[place]))
    altered = whole[:place] + bytes([value]) + whole[place + 1 :]
    first = certificate.read_certificate(whole, "demo")
    try:
        second = certificate.read_certificate(altered, "demo")
    except EvidenceInvalid:
        return
    assert (first.tbs, first.signature) != (second.tbs, second.signature)


def test_a_list_reads_as_it_was_written() -> None:
    """Number, times and serial numbers."""
    crl = read_crl(kit.crl("Milan", 3, 0x10101, number=12), "demo")
    assert crl.number == 12
    assert crl.revoked == {3, 0x10101}
    assert crl.next_update - crl.this_update == 2 * 86_400
    assert not read_crl(kit.crl(), "demo").revoked
