"""The structures of TPM 2.0: what is read, and what is refused as malformed."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
import tpm_kit as kit
from tpm_kit import PaperTpm, attest, sized, u16

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.tpm_reader import Reader, write_sized
from privshare.jobs.attestation.tpm_structure import (
    Attributes,
    parse_attest,
    parse_public,
    parse_signature,
)

TPM = PaperTpm()
AREA = TPM.ak_public[2:]


def rule(call: object, data: bytes) -> str:
    with pytest.raises(EvidenceInvalid) as refused:
        call(data)  # type: ignore[operator]
    return str(refused.value.detail["rule"])


def test_a_quote_is_read() -> None:
    """Each field where Part 2 puts it."""
    found = parse_attest(attest())
    assert found.extra_data == kit.REPORT
    assert found.selection == ((0x000B, (0, 7, 14)),)
    assert (found.clock, found.reset_count, found.restart_count) == (1234, 2, 3)
    assert found.safe is True and found.firmware_version == 2**61 + 1
    assert found.signer == b"\x00\x0b" + bytes(32)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("azure_genoa_quote.msg", range(24)), ("azure_milan_other_ak_quote.msg", ())],
)
def test_recorded_quotes_are_read(
    vectors: Path, name: str, numbers: range | tuple[int, ...]
) -> None:
    """Of a vTPM of Azure, whose key is RSA: their selection and their length."""
    file = vectors.parent / "fixtures/attestation/vtpm" / name
    if not file.is_file():
        pytest.skip(f"no test vectors {name}")
    found = parse_attest(file.read_bytes())
    assert len(found.pcr_digest) == 32
    (algorithm, selected), *others = found.selection
    assert algorithm == 0x000B and not others
    if numbers:
        assert selected == tuple(numbers)


def test_every_beginning_is_refused() -> None:
    """A quote, a key or a signature cut off anywhere."""
    for parse, whole in (
        (parse_attest, attest()),
        (parse_public, TPM.ak_public),
        (parse_public, PaperTpm("RSA").ek_public),
        (parse_signature, TPM.sign(b"")),
    ):
        for length in range(len(whole)):
            with pytest.raises(EvidenceInvalid):
                parse(whole[:length])
        assert rule(parse, whole + b"\0") == "tpm.trailing"


def test_noise_is_refused_in_one_way() -> None:
    """Whatever the bytes, no other exception comes out."""
    draw = random.Random(5)
    wholes = (attest(), TPM.ak_public, TPM.ek_public, TPM.sign(b""))
    for _ in range(3000):
        data = bytearray(draw.choice(wholes))
        for _ in range(draw.randrange(1, 8)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        for parse in (parse_attest, parse_public, parse_signature):
            try:
                parse(bytes(data))
            except EvidenceInvalid as refused:
                assert str(refused.detail["rule"]).startswith("tpm.")


def test_lengths_are_bounded() -> None:
    """A structure, and each field in it, has a longest form."""
    assert rule(parse_attest, attest() + bytes(5000)) == "tpm.length"
    assert rule(parse_attest, attest(report=bytes(65))) == "tpm.length"
    assert rule(parse_public, sized(bytes(5000))) == "tpm.length"
    assert rule(lambda data: Reader(data, "it").sized(4), sized(bytes(5))) == (
        "tpm.length"
    )


@pytest.mark.parametrize("banks", [5, 2**32 - 1])
def test_banks_are_bounded(banks: int) -> None:
    """The number of banks is checked before they are read."""
    good = attest(banks=())
    at = len(good) - 34 - 4
    data = good[:at] + banks.to_bytes(4, "big") + good[at + 4 :]
    assert rule(parse_attest, data) == "tpm.value"


@pytest.mark.parametrize(
    "bank",
    [
        u16(0x0012) + b"\x03" + bytes(3),
        u16(0x000B) + b"\x00",
        u16(0x000B) + b"\x05" + bytes(5),
    ],
)
def test_banks_have_one_form(bank: bytes) -> None:
    """Of a known hash, one to four bytes long."""
    assert rule(parse_attest, attest(banks=(bank,))) == "tpm.value"


def test_the_name_is_the_digest_of_the_area() -> None:
    """Name algorithm, then the digest (Part 1, section 16)."""
    expected = b"\x00\x0b" + hashlib.sha256(AREA).digest()
    assert parse_public(TPM.ak_public).name == expected
    ek = PaperTpm("P-384").ek_public
    assert parse_public(ek).name == b"\x00\x0c" + hashlib.sha384(ek[2:]).digest()


def replaced(at: int, data: bytes) -> bytes:
    return write_sized(AREA[:at] + data + AREA[at + len(data) :])


@pytest.mark.parametrize(
    ("at", "data", "expected"),
    [
        (0, u16(0x0008), "tpm.value"),  # a keyed hash
        (2, u16(0x0004), "tpm.value"),  # a name of SHA-1
        (2, u16(0x0000), "tpm.value"),
        (4, b"\x80\x00\x00\x00", "tpm.value"),  # reserved attributes
        (10, u16(0x0006), "tpm.value"),  # AES of 24 bits
        (12, u16(0x0016), "tpm.value"),  # RSAPSS
        (16, u16(0x0020), "tpm.value"),  # another curve
        (18, u16(0x0022), "tpm.value"),  # a key derivation
        (
            20,
            sized(bytes(31)) + sized(bytes(32)),
            "tpm.value",
        ),  # a coordinate too short
        (20, u16(33), "tpm.length"),  # or too long
    ],
)
def test_public_areas_have_one_form(at: int, data: bytes, expected: str) -> None:
    """Algorithms that we do not read are refused, not skipped."""
    assert rule(parse_public, replaced(at, data)) == expected


def test_rsa_keys_have_one_form() -> None:
    """2048, 3072 or 4096 bits, all of them, and exponent 65537."""
    area = PaperTpm("RSA").ek_public[2:]
    at = len(area) - 258 - 6
    for place, data in (
        (at, u16(1024)),
        (at + 2, (3).to_bytes(4, "big")),
        (at + 8, b"\x00"),
    ):
        spoilt = area[:place] + data + area[place + len(data) :]
        assert rule(parse_public, write_sized(spoilt)) == "tpm.value"


def test_a_point_off_the_curve_is_no_key() -> None:
    """Found when the key is used."""
    public = parse_public(write_sized(AREA[:-1] + bytes((AREA[-1] ^ 1,))))
    assert rule(lambda _: public.ecc_key(), b"") == "tpm.key"
    assert rule(lambda _: public.rsa_key(), b"") == "tpm.key"
    rsa = parse_public(PaperTpm("RSA").ek_public)
    assert rule(lambda _: rsa.ecc_key(), b"") == "tpm.key"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (u16(0x0016, 0x000B) + sized(bytes(256)), "tpm.value"),
        (u16(0x0018, 0x0012) + 2 * sized(bytes(32)), "tpm.value"),
        (u16(0x0018, 0x000B) + 2 * sized(bytes(49)), "tpm.length"),
        (u16(0x0014, 0x000B) + sized(bytes(513)), "tpm.length"),
    ],
)
def test_signatures_have_one_form(data: bytes, expected: str) -> None:
    """ECDSA or RSASSA, with a hash that we know."""
    assert rule(parse_signature, data) == expected


@pytest.mark.parametrize("half", [b"", bytes(32), b"\xff" * 32])
def test_signatures_of_nothing(half: bytes) -> None:
    """Zero, nothing and too much verify nothing, and break nothing."""
    signature = parse_signature(u16(0x0018, 0x000B) + 2 * sized(half))
    key = parse_public(TPM.ak_public)
    assert rule(lambda data: signature.verify(key, data), b"x") == "tpm.signature"


def test_a_signature_needs_sha256() -> None:
    """A key that signs with SHA-1 is not asked."""
    tpm = PaperTpm(ak_scheme=u16(0x0018, 0x0004))
    signature = parse_signature(u16(0x0018, 0x0004) + 2 * sized(bytes(32)))
    key = parse_public(tpm.ak_public)
    assert rule(lambda data: signature.verify(key, data), b"x") == "tpm.scheme"


def test_attributes_have_names() -> None:
    """By the bits of Part 2, section 8.3."""
    found = Attributes(1 << 16 | 1 << 18)
    assert found.has("restricted") and found.has("sign") and not found.has("decrypt")
