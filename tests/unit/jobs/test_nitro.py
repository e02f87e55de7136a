"""Nitro documents under a test root: each thing that can be wrong, alone."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from chain_kit import (
    AT,
    HOUR,
    NITRO,
    Document,
    change,
    fields_of,
    verify_document,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import cbor, nitro
from privshare.jobs.attestation.evidence import Endorsements, Evidence, Root, RootSet


def refused(document: Document, at: int = AT) -> str:
    with pytest.raises(EvidenceInvalid) as caught:
        document.verify(at)
    return str(caught.value.detail["rule"])


def test_a_sound_document_is_verified() -> None:
    """User data, registers, names and the window are claimed."""
    claims = Document().verify()
    assert claims.report_data == bytes(range(64))
    assert not claims.debug
    assert claims.values["pcr.15"] == bytes([16]) * 48
    assert claims.values["nonce"] == b"nonce"
    assert claims.values["public_key"] == b"key"
    assert claims.values["timestamp"] == AT * 1000 + 5
    assert (claims.not_before, claims.not_after) == (AT - HOUR, AT + HOUR)
    assert claims.instance == sha256(b"i-0123").digest()


def test_what_is_optional_may_be_missing() -> None:
    """Absent and null are the same: empty."""
    absent = Document(without=("nonce", "public_key", "user_data")).verify()
    null = Document(fields=dict.fromkeys(("nonce", "public_key", "user_data"))).verify()
    for claims in (absent, null):
        assert claims.report_data == b""
        assert claims.values["nonce"] == claims.values["public_key"] == b""


def test_an_enclave_in_debug_mode_says_so() -> None:
    """PCR 0, 1 and 2 all zero; one of them is not enough."""
    pcrs = fields_of([b"", b""])["pcrs"]
    zero = {**pcrs, **dict.fromkeys(range(3), bytes(48))}
    assert Document(fields={"pcrs": zero}).verify().debug
    assert not Document(fields={"pcrs": {**pcrs, 0: bytes(48)}}).verify().debug


def test_maps_left_open_are_read_inside_the_payload() -> None:
    """As the newer hypervisor writes them; signed, so of one form."""

    def opened(payload: bytes) -> bytes:
        return b"\xbf" + payload[1:] + b"\xff"

    assert Document(payload=opened).verify().report_data == bytes(range(64))


FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"module_id": ""}, "nitro.field"),
    "a long name": ({"module_id": "x" * 257}, "nitro.field"),
    "a name in bytes": ({"module_id": b"i-1"}, "nitro.field"),
    "another digest": ({"digest": "SHA256"}, "nitro.field"),
    "no time": ({"timestamp": 0}, "nitro.field"),
    "time is yes": ({"timestamp": True}, "nitro.field"),
    "time is huge": ({"timestamp": 2**53}, "nitro.field"),
    "time before the leaf": ({"timestamp": (AT - HOUR - 1) * 1000}, "nitro.timestamp"),
    "time after the leaf": ({"timestamp": (AT + HOUR + 1) * 1000}, "nitro.timestamp"),
    "no registers": ({"pcrs": {}}, "nitro.field"),
    "a register short": (
        {"pcrs": {0: bytes(32), 1: bytes(48), 2: bytes(48)}},
        "nitro.field",
    ),
    "a register too many": (
        {"pcrs": {n: bytes(48) for n in range(33)}},
        "nitro.field",
    ),
    "a register by name": (
        {"pcrs": {0: bytes(48), 1: bytes(48), 2: bytes(48), "a": bytes(48)}},
        "nitro.field",
    ),
    "registers 1 and 2 alone": ({"pcrs": {1: bytes(48), 2: bytes(48)}}, "nitro.field"),
    "no bundle": ({"cabundle": []}, "nitro.field"),
    "a bundle of text": ({"cabundle": ["x"]}, "nitro.field"),
    "a long bundle": ({"cabundle": [b"x"] * 8}, "nitro.field"),
    "a bundle of nothing": ({"cabundle": [b""]}, "root.unknown"),
    "a leaf of nothing": ({"certificate": b""}, "nitro.certificate"),
    "a leaf of noise": ({"certificate": b"\x30\x03\x02\x01\x01"}, "nitro.certificate"),
    "long user data": ({"user_data": bytes(513)}, "nitro.field"),
    "a long nonce": ({"nonce": bytes(513)}, "nitro.field"),
    "a long key": ({"public_key": bytes(1025)}, "nitro.field"),
    "text as nonce": ({"nonce": "nonce"}, "nitro.field"),
    "an unknown field": ({"more": 1}, "nitro.field"),
    "a field by number": ({7: 1}, "nitro.field"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_field_of_another_form_is_refused(case: str) -> None:
    """Although the enclave's key signed it."""
    fields, expected = FIELDS[case]
    assert refused(Document(fields=fields)) == expected


@pytest.mark.parametrize(
    "name", ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"]
)
def test_a_missing_field_is_refused(name: str) -> None:
    """Absent, or null."""
    assert refused(Document(without=(name,))) == "nitro.field"
    assert refused(Document(fields={name: None})) == "nitro.field"


CHAINS: dict[str, tuple[int, dict[str, Any], str]] = {
    "leaf after its three hours": (0, {"window": (-3 * HOUR, -1)}, "nitro.expired"),
    "leaf not begun": (0, {"window": (60, HOUR)}, "nitro.not-yet-valid"),
    "instance expired": (1, {"window": (-HOUR, -1)}, "nitro.expired"),
    "zone not begun": (2, {"window": (60, HOUR)}, "nitro.not-yet-valid"),
    "root expired": (4, {"window": (-HOUR, -1)}, "nitro.expired"),
    "an intermediate that is no authority": (2, {"ca": False}, "nitro.authority"),
    "no constraints": (1, {"constraints": False}, "nitro.authority"),
    "a path too long": (3, {"length": 1}, "nitro.path-length"),
    "the leaf is an authority": (0, {"ca": True}, "nitro.authority"),
    "an authority that may not certify": (2, {"usage": "other"}, "nitro.key-usage"),
    "an authority without usage": (1, {"usage": ""}, "nitro.key-usage"),
    "a leaf that may not sign": (0, {"usage": "other"}, "nitro.key-usage"),
    "a critical unknown extension": (1, {"critical": True}, "nitro.critical"),
    "another issuer's name": (1, {"issuer_name": "other"}, "nitro.name"),
    "another issuer's key": (1, {"signer": "other"}, "nitro.signature"),
    "the leaf signed by itself": (0, {"signer": "enclave"}, "nitro.signature"),
    "another hash": (1, {"hash_name": hashes.SHA256}, "nitro.algorithm"),
    "another curve in a leaf": (0, {"curve": ec.SECP256R1}, "nitro.algorithm"),
}


@pytest.mark.parametrize("case", CHAINS)
def test_a_chain_with_a_fault_is_refused(case: str) -> None:
    """Every signature else is right, so the rule is the reason."""
    at, fields, expected = CHAINS[case]
    assert refused(Document(links=change(NITRO, at, **fields))) == expected


def test_a_chain_cut_or_reordered_is_refused() -> None:
    """A link dropped, two swapped, the root left out."""
    document, roots = Document().build()
    payload = cbor.read(cbor.read(document)[2])  # type: ignore[index,arg-type]
    bundle = payload["cabundle"]  # type: ignore[index,call-overload]
    for changed, expected in (
        ([bundle[0], *bundle[2:]], "nitro.name"),
        ([bundle[0], bundle[2], bundle[1], bundle[3]], "nitro.name"),
        ([bundle[0]], "nitro.name"),
        (bundle[1:], "root.unknown"),
        (bundle[::-1], "root.unknown"),
    ):
        made = Document(fields={"cabundle": changed}).build()[0]
        with pytest.raises(EvidenceInvalid) as caught:
            verify_document(made, roots)
        assert str(caught.value.detail["rule"]) in {expected, "root.unknown"}


def test_another_root_is_refused() -> None:
    """Unknown, or known as another maker's."""
    document, roots = Document().build()
    for root in (
        Root("other", "aws-nitro", bytes(32), "hardware-tee"),
        Root("other", "nvidia", roots.roots[0].sha256, "hardware-tee"),
    ):
        with pytest.raises(EvidenceInvalid) as caught:
            verify_document(document, RootSet((root,)))
        assert caught.value.detail["rule"] == "root.unknown"


SIGNED: dict[str, tuple[dict[str, Any], str]] = {
    "another key": ({"signer": "instance"}, "nitro.signature"),
    "another context": ({"context": "Signature"}, "nitro.signature"),
    "another algorithm": ({"protected": cbor.write({1: -7})}, "nitro.algorithm"),
    "no algorithm": ({"protected": cbor.write({})}, "nitro.algorithm"),
    "a header more": ({"protected": cbor.write({1: -35, 4: b"k"})}, "nitro.algorithm"),
    "a header that is no map": ({"protected": b"\x01"}, "nitro.algorithm"),
    "an unprotected header": ({"unprotected": {4: b"k"}}, "nitro.encoding"),
    "unprotected is no map": ({"unprotected": []}, "nitro.encoding"),
    "a payload that is no map": ({"payload": lambda _: b"\x01"}, "nitro.field"),
    "a payload with a tail": ({"payload": lambda p: p + b"\0"}, "nitro.encoding"),
    "an empty payload": ({"payload": lambda _: b""}, "nitro.encoding"),
}


@pytest.mark.parametrize("case", SIGNED)
def test_what_is_signed_another_way_is_refused(case: str) -> None:
    """Algorithm, headers, context and key are fixed."""
    changes, expected = SIGNED[case]
    assert refused(Document(**changes)) == expected


def test_the_document_has_one_form() -> None:
    """A tag, a tail, an item more, an open array, a longer length: refused."""
    document, roots = Document().build()
    items = cbor.read(document)
    assert isinstance(items, list)
    for changed in (
        b"",
        b"\xd2" + document,
        b"\xd8\x12" + document,
        document + b"\0",
        document[:-1],
        b"\x9f" + document[1:] + b"\xff",
        b"\x98\x04" + document[1:],
        cbor.write([*items, None]),
        cbor.write(items[:3]),
        cbor.write([items[0], items[1], items[2], items[3][:95]]),  # type: ignore[index]
        cbor.write([items[0], items[1], items[2], bytes(96)]),
        cbor.write([items[0], items[1], None, items[3]]),
        cbor.write({0: 1}),
        b"\x84\x5b" + b"\xff" * 8,
        bytes(nitro.MAX_DOCUMENT + 1),
    ):
        with pytest.raises(EvidenceInvalid) as caught:
            verify_document(changed, roots)
        assert caught.value.detail["rule"] in {"nitro.encoding", "nitro.signature"}


def test_nonce_and_registers_cannot_be_swapped() -> None:
    """Another document's payload under this one's signature."""
    first, roots = Document().build()
    one = cbor.read(first)
    for fields in ({"nonce": b"other"}, {"user_data": bytes(64)}):
        two = cbor.read(Document(fields=fields).build()[0])
        assert isinstance(one, list)
        assert isinstance(two, list)
        mixed = cbor.write([one[0], one[1], two[2], one[3]])
        with pytest.raises(EvidenceInvalid) as caught:
            verify_document(mixed, roots)
        # The chain of the other payload was issued anew, so its root differs.
        assert caught.value.detail["rule"] in {"nitro.signature", "root.unknown"}


def test_parts_are_exactly_these() -> None:
    """A part too many, none, or endorsements that nobody reads."""
    document, roots = Document().build()
    for evidence, endorsements in (
        (Evidence("aws-nitro", {}), Endorsements({})),
        (
            Evidence("aws-nitro", {"document": document, "more": b""}),
            Endorsements({}),
        ),
        (
            Evidence("aws-nitro", {"document": document}),
            Endorsements({"chain": b""}),
        ),
    ):
        with pytest.raises(EvidenceInvalid) as caught:
            nitro.verify(evidence, endorsements, roots, AT)
        assert str(caught.value.detail["rule"]).startswith("evidence.")
