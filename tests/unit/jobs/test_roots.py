"""Roots: the makers' are built in, others are enrolled, test roots stay outside."""

from __future__ import annotations

import warnings
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from privshare.errors import EncodingError, EvidenceInvalid, PrivShareError
from privshare.jobs.attestation import roots
from privshare.jobs.attestation.roots import (
    BUILT_IN,
    load_roots,
    root_document,
)
from privshare.simulation.simulator import Simulator
from privshare.wire.digest import sha256

KEY = bytes(range(32))


def certificate(subject: str, other: str = "") -> bytes:
    """A self-signed certificate in DER; another name as alternative."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2034, 1, 1, tzinfo=UTC))
    )
    if other:
        names = x509.SubjectAlternativeName([x509.DNSName(other)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def maker() -> bytes:
    """A manufacturer's root."""
    return certificate("Infineon OPTIGA TPM 2.0 Root CA")


@pytest.fixture(scope="module")
def local() -> bytes:
    """What swtpm's tools make."""
    return certificate("swtpm-localca-rootca")


def rule(documents: list[Any], *, production: bool) -> str:
    """The rule that refuses these documents."""
    with pytest.raises(EvidenceInvalid) as caught:
        load_roots(documents, production=production)
    found = caught.value.detail["rule"]
    assert isinstance(found, str)
    return found


FILES = {
    "intel-sgx": "vectors/attestation-evidence/intel-root/trusted_root.pem",
    "amd-milan": "fixtures/attestation/snp/milan_ask_ark_asvk.pem",
    "amd-genoa": "fixtures/attestation/snp/genoa_ask_ark_asvk.pem",
    "amd-turin": "fixtures/attestation/snp/turin_ask_ark_asvk.pem",
    "aws-nitro": "fixtures/attestation/nitro/aws_nitro_root_g1.pem",
    "nvidia": "fixtures/attestation/gpu/nvidia_device_root.pem",
}


@pytest.mark.parametrize("root", BUILT_IN, ids=lambda root: root.family)
def test_the_makers_digests_are_those_of_their_certificates(
    root: roots.Root, vectors: Path
) -> None:
    """Recomputed from recorded certificates; each is its own issuer."""
    file = vectors.parent / FILES[root.family]
    if not file.is_file():
        pytest.skip(f"no test vectors {FILES[root.family]}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # serial numbers of makers' certificates
        read = x509.load_pem_x509_certificates(file.read_bytes())
    own = [one for one in read if one.subject == one.issuer]
    assert [one.fingerprint(hashes.SHA256()) for one in own] == [root.sha256]
    assert root.trust_class == "hardware-tee"


def test_without_documents_there_are_the_makers() -> None:
    """In both kinds of deployment."""
    for production in (False, True):
        assert load_roots((), production=production).roots == BUILT_IN


def test_a_manufacturer_can_be_enrolled(maker: bytes) -> None:
    """Its digest is computed from the certificate; twice is once."""
    document = root_document([("Infineon", "tpm", "hardware-tpm", maker)])
    found = load_roots([document, document], production=True)
    assert found.roots[-1].sha256 == sha256(maker)
    assert found.roots[-1].trust_class == "hardware-tpm"
    assert len(found.roots) == len(BUILT_IN) + 1


def test_test_roots_load_where_things_are_tried_out(local: bytes) -> None:
    """And have the class that their family has."""
    document = root_document(
        [
            ("swtpm", "swtpm", "software", local),
            ("SIMULATED - NO SECURITY", "simulated", "simulated", KEY),
            ("enroller", "tpm-enroller", "software", KEY[::-1]),
        ]
    )
    found = load_roots([document], production=False)
    classes = [root.trust_class for root in found.roots[-3:]]
    assert classes == ["software", "simulated", "software"]
    assert found.find(sha256(KEY), ("simulated",)).name.startswith("SIMULATED")
    with pytest.raises(EvidenceInvalid):
        found.find(sha256(KEY), ("tpm", "amd-milan"))


@pytest.mark.parametrize(
    ("family", "trust_class"),
    [("swtpm", "software"), ("simulated", "simulated"), ("tpm-enroller", "software")],
)
def test_production_loads_no_test_root(
    family: str, trust_class: Any, local: bytes
) -> None:
    """By class."""
    data = local if family == "swtpm" else KEY
    document = root_document([("test", family, trust_class, data)])
    assert rule([document], production=True) == "root.class"


@pytest.mark.parametrize("production", [False, True])
@pytest.mark.parametrize(
    ("family", "trust_class"),
    [
        ("tpm", "hardware-tee"),
        ("swtpm", "hardware-tpm"),
        ("swtpm", "hardware-tee"),
        ("simulated", "hardware-tee"),
        ("simulated", "software"),
        ("tpm-enroller", "hardware-tee"),
        ("amd-milan", "hardware-tee"),
        ("intel-sgx", "hardware-tee"),
        ("nvidia", "hardware-tpm"),
        ("tpm", "software"),
    ],
)
def test_a_document_cannot_raise_a_class(
    family: str, trust_class: Any, production: bool, maker: bytes
) -> None:
    """No document makes a root of a maker of processors, or renames a class."""
    document = root_document([("root", family, trust_class, maker)])
    assert rule([document], production=production) == "root.class"


@pytest.mark.parametrize("production", [False, True])
def test_a_test_root_under_a_manufacturers_name_is_refused(
    local: bytes, production: bool
) -> None:
    """The certificate gives it away, in its subject or any other name."""
    document = root_document([("Infineon", "tpm", "hardware-tpm", local)])
    assert rule([document], production=production) == "root.name"
    hidden = certificate("Infineon", other="swtpm.example")
    document = root_document([("Infineon", "tpm", "hardware-tpm", hidden)])
    assert rule([document], production=production) == "root.name"


def test_a_name_alone_gives_a_test_root_away(maker: bytes) -> None:
    """Whoever calls it so means it."""
    for name in ("SIMULATED root", "my SwTPM", "NO SECURITY"):
        document = root_document([(name, "tpm", "hardware-tpm", maker)])
        assert rule([document], production=True) == "root.name"
    document = root_document([("swtpm enroller", "tpm-enroller", "hardware-tpm", KEY)])
    assert rule([document], production=True) == "root.name"


def test_known_test_roots_are_refused_by_digest(
    maker: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it calls itself."""
    monkeypatch.setattr(roots, "KNOWN_TEST_ROOTS", frozenset({sha256(maker)}))
    document = root_document([("Infineon", "tpm", "hardware-tpm", maker)])
    assert rule([document], production=True) == "root.test"


def test_the_simulators_root_is_known() -> None:
    """The one that our pages show; it is refused under any name and family."""
    machine = Simulator(seed=bytes(32), measurement=bytes(48), clock=lambda: 1)
    assert machine.root.sha256 in roots.KNOWN_TEST_ROOTS
    document = root_document(
        [("enroller", "tpm-enroller", "hardware-tpm", machine.public_key)]
    )
    for production in (False, True):
        assert rule([document], production=production) == "root.test"


def test_another_form_is_refused(maker: bytes) -> None:
    """Unknown fields, other types, what is no certificate."""
    good: Any = root_document([("Infineon", "tpm", "hardware-tpm", maker)])
    changes: list[tuple[str, Any]] = [
        ("certificate", "AAAA"),
        ("certificate", ""),
        ("certificate", None),
        ("certificate", "!" * 8),
        ("certificate", "A" * 70_000),
        ("name", ""),
        ("name", "x" * 65),
        ("family", 3),
        ("class", None),
        ("extra", 1),
    ]
    for name, value in changes:
        bad = deepcopy(good)
        bad["roots"][0][name] = value
        with pytest.raises(EncodingError):
            load_roots([bad], production=True)
    for bad in (None, [], {}, {"v": 1}, {**good, "v": 2}, {**good, "extra": 1}):
        with pytest.raises(EncodingError):
            load_roots([bad], production=False)


def test_roots_are_bounded() -> None:
    """A document cannot grow without end."""
    many = [(f"k{n}", "simulated", "simulated", bytes((n,))) for n in range(1, 256)]
    document = root_document(many)  # type: ignore[arg-type]
    with pytest.raises(PrivShareError):
        load_roots([document], production=False)


def test_one_certificate_under_two_names_is_refused(maker: bytes) -> None:
    """A root is there once."""
    document = root_document(
        [("a", "tpm", "hardware-tpm", maker), ("b", "tpm", "hardware-tpm", maker)]
    )
    with pytest.raises(EncodingError):
        load_roots([document], production=True)
