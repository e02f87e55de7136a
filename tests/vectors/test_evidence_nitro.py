"""Documents that AWS's hypervisors signed: exact registers, and every refusal.

Single-bit flips: none is accepted. Nothing of a document is ignored: it has
one form, its header is fixed, its payload and its chain are signed.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
from chain_kit import verify_document
from machine_kit import (
    P384_ORDER,
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
from privshare.jobs.attestation import cbor
from privshare.jobs.attestation.evidence import Claims, RootSet

VERIFIED = (
    "nitro/doc_release_nonce_2022.cbor",
    "nitro/doc_release_2025.cbor",
    "nitro/doc_debug_2022.cbor",
)
BROKEN = "nitro/doc_bad_signature.cbor"


class Recorded:
    """A document of the fixtures, and how to ask about it."""

    def __init__(self, place: Path, name: str) -> None:
        self.entry = expected(place, "aws-nitro")[name]
        self.document = (place / name).read_bytes()
        self.at = moment(self.entry.get("verify_at", "2022-11-09T22:52:00"))

    def verify(
        self, document: bytes | None = None, at: int = 0, roots: RootSet = ROOTS
    ) -> Claims:
        return verify_document(
            self.document if document is None else document, roots, at or self.at
        )


@pytest.fixture(scope="module")
def place(vectors: Path) -> Path:
    return folder(vectors)


def test_every_recorded_document_is_here(place: Path) -> None:
    """A document added to the fixtures must be added to these tables."""
    assert {*VERIFIED, BROKEN} == set(expected(place, "aws-nitro"))


@pytest.mark.parametrize("name", VERIFIED)
def test_registers_are_as_recorded(place: Path, name: str) -> None:
    """Every register, names, nonce, user data, and the leaf's window."""
    case = Recorded(place, name)
    claims, entry = case.verify(), case.entry
    for number in range(16):
        value = bytes.fromhex(entry["pcrs"].get(str(number), "00" * 48))
        assert claims.values[f"pcr.{number}"] == value, number
    assert claims.values["module_id"] == entry["module_id"]
    assert claims.values["nonce"] == bytes.fromhex(entry["nonce"])
    assert claims.report_data == bytes.fromhex(entry["user_data"])
    assert claims.debug is entry["debug"]
    assert claims.trust_class == "hardware-tee"
    start, end = (moment(text.removesuffix("+00:00")) for text in entry["leaf_valid"])
    assert (claims.not_before, claims.not_after) == (start, end)
    stamp = claims.values["timestamp"]
    assert isinstance(stamp, int)
    assert start <= stamp // 1000 <= end


def test_the_recorded_refusal(place: Path) -> None:
    """A signature that was broken is found broken."""
    assert rule_of(Recorded(place, BROKEN).verify) == "nitro.signature"


@pytest.mark.parametrize("name", VERIFIED)
def test_time_is_an_argument(place: Path, name: str) -> None:
    """A leaf lives three hours; before and after, the same bytes fail."""
    case = Recorded(place, name)
    claims = case.verify()
    assert case.verify(at=claims.not_before) == case.verify(at=claims.not_after)
    early, late = claims.not_before - 1, claims.not_after + 1
    assert rule_of(lambda: case.verify(at=early)) == "nitro.not-yet-valid"
    assert rule_of(lambda: case.verify(at=late)) == "nitro.expired"


@pytest.mark.parametrize("name", VERIFIED)
def test_another_root_is_refused(place: Path, name: str) -> None:
    """No root, and the roots of other makers."""
    case = Recorded(place, name)
    others = RootSet(tuple(r for r in ROOTS.roots if r.family != "aws-nitro"))
    assert rule_of(lambda: case.verify(roots=RootSet(()))) == "root.unknown"
    assert rule_of(lambda: case.verify(roots=others)) == "root.unknown"


@pytest.mark.parametrize("name", VERIFIED)
def test_the_document_has_one_form(place: Path, name: str) -> None:
    """A tag before, bytes behind, an open array, another length: refused."""
    case = Recorded(place, name)
    for changed in (
        b"\xd2" + case.document,
        case.document + b"\0",
        case.document[:-1],
        b"\x9f" + case.document[1:] + b"\xff",
        b"\x98\x04" + case.document[1:],
        b"",
    ):
        rule = rule_of(lambda c=changed: case.verify(c))
        assert rule == "nitro.encoding"


def edited(document: bytes, **fields: Any) -> bytes:
    """The document with fields of its payload replaced, or left out (None)."""
    items = cbor2.loads(document)
    payload = {**cbor2.loads(items[2]), **fields}
    items[2] = cbor2.dumps({k: v for k, v in payload.items() if v is not None})
    return cbor2.dumps(items)


@pytest.mark.parametrize("name", VERIFIED)
def test_no_field_can_be_edited(place: Path, name: str) -> None:
    """Another nonce, other user data, another register, another time."""
    case = Recorded(place, name)
    pcrs = cbor2.loads(cbor2.loads(case.document)[2])["pcrs"]
    for fields in (
        {"nonce": b"other"},
        {"user_data": b"other"},
        {"public_key": b"other"},
        {"pcrs": {**pcrs, 0: b"\1" * 48}},
        {"pcrs": {**pcrs, 8: b"\1" * 48}},
        {"module_id": "i-other"},
        {"timestamp": case.at * 1000 + 1},
    ):
        rule = rule_of(lambda f=fields: case.verify(edited(case.document, **f)))
        assert rule == "nitro.signature"


def test_certificates_of_another_document_are_refused(place: Path) -> None:
    """Leaf, or bundle, or both, of another genuine document."""
    case, other = Recorded(place, VERIFIED[0]), Recorded(place, VERIFIED[1])
    theirs = cbor2.loads(cbor2.loads(other.document)[2])
    for fields in (
        {"certificate": theirs["certificate"]},
        {"cabundle": theirs["cabundle"]},
        {"certificate": theirs["certificate"], "cabundle": theirs["cabundle"]},
    ):
        for at in (case.at, other.at):
            with pytest.raises(EvidenceInvalid):
                case.verify(edited(case.document, **fields), at=at)


@pytest.mark.parametrize("name", VERIFIED)
def test_without_any_one_certificate_nothing_is_accepted(
    place: Path, name: str
) -> None:
    """Fail closed: each link removed."""
    case = Recorded(place, name)
    bundle = cbor2.loads(cbor2.loads(case.document)[2])["cabundle"]
    for at in range(len(bundle)):
        less = bundle[:at] + bundle[at + 1 :]
        with pytest.raises(EvidenceInvalid):
            case.verify(edited(case.document, cabundle=less))


@pytest.mark.parametrize("name", VERIFIED)
def test_no_flipped_bit_is_accepted(place: Path, name: str) -> None:
    """The map of ignorable bits of a document is empty."""
    case = Recorded(place, name)
    for bit, changed in flips(case.document, how_many(350, 10_000), name):
        with pytest.raises(EvidenceInvalid):
            case.verify(changed)
            raise AssertionError(f"bit {bit} is ignored")


@pytest.mark.parametrize("name", VERIFIED)
def test_identity_is_of_the_signed_bytes(place: Path, name: str) -> None:
    """The structure that COSE has signed, as another encoder lays it out."""
    case = Recorded(place, name)
    items = cbor2.loads(case.document)
    signed = cbor2.dumps(["Signature1", items[0], b"", items[2]])
    assert case.verify().identity == sha256(signed).digest()


@pytest.mark.parametrize("name", VERIFIED)
def test_the_twin_of_a_signature_changes_no_identity(place: Path, name: str) -> None:
    """ECDSA has two signatures for one; replay is told by what was signed."""
    case = Recorded(place, name)
    other = twin(case.document[-96:], P384_ORDER)
    assert case.verify(case.document[:-96] + other) == case.verify()


@pytest.mark.parametrize("name", [*VERIFIED, BROKEN])
def test_two_readers_agree(place: Path, name: str) -> None:
    """Our reader of CBOR and another read the same items."""
    document = Recorded(place, name).document
    items = cbor.read(document)
    assert items == cbor2.loads(document)
    assert isinstance(items, list)
    assert isinstance(items[2], bytes)
    assert cbor.read(items[2], open_maps=True) == cbor2.loads(items[2])
