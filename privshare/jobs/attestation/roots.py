"""The roots at which chains of certificates may end.

The makers' roots are in this file, each by the SHA-256 of its certificate.
Other roots come in documents that the reader keeps: manufacturers of TPMs,
which are enrolled, and roots for trying things out. A document holds the
certificate (where there is none, the public key) itself; its digest is computed
and its class is one that its family may have, so that a document cannot name a test
root hardware. `hardware-tee` is what only the roots of this file have.

    BUILT_IN ─┐
    documents ┴─► load_roots(production) ─► RootSet ─► verifiers

A production deployment loads no root of the classes `software` and
`simulated`: not by class, not by name, not by the digest of a known test root.

>>> [root.name for root in load_roots((), production=True).roots][:2]
['Intel SGX Root CA', 'AMD ARK Milan']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.jobs.attestation.evidence import MAX_ROOTS, Root, RootSet, TrustClass
from privshare.wire.canonical import Fields, Json, b64u, unb64u
from privshare.wire.digest import sha256

__all__ = [
    "BUILT_IN",
    "FAMILIES",
    "KEYS",
    "KNOWN_TEST_ROOTS",
    "TEST_NAMES",
    "load_roots",
    "root_document",
    "test_name",
]

_MAX_CERTIFICATE = 1 << 14
_NAME = re.compile(r"[ -~]{1,64}")

#: SHA-256 of the makers' self-signed certificates, DER. Where each is
#: published, docs/formats/evidence.md says.
BUILT_IN: Final = tuple(
    Root(name, family, bytes.fromhex(digest_hex), "hardware-tee")
    for name, family, digest_hex in (
        (
            "Intel SGX Root CA",
            "intel-sgx",
            "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
        ),
        (
            "AMD ARK Milan",
            "amd-milan",
            "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
        ),
        (
            "AMD ARK Genoa",
            "amd-genoa",
            "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
        ),
        (
            "AMD ARK Turin",
            "amd-turin",
            "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
        ),
        (
            "AWS Nitro Enclaves Root G1",
            "aws-nitro",
            "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b",
        ),
        (
            "NVIDIA Device Identity CA",
            "nvidia",
            "102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48",
        ),
    )
)

#: Families that a document may add to, and the classes that each may have.
FAMILIES: Final[Mapping[str, tuple[TrustClass, ...]]] = MappingProxyType(
    {
        "simulated": ("simulated",),
        "swtpm": ("software",),
        "tpm": ("hardware-tpm",),
        "tpm-enroller": ("hardware-tpm", "software"),
    }
)

#: Families whose roots are bare public keys.
KEYS: Final = frozenset({"simulated", "tpm-enroller"})

#: Test roots that somebody may meet, by digest, whatever they are called.
KNOWN_TEST_ROOTS: Final = frozenset(
    {
        # The simulator with 32 zero bytes as its seed, as our pages show it.
        bytes.fromhex(
            "139e3940e64b5491722088d9a0d741628fc826e09475d341a780acde3c4b8070"
        ),
    }
)

#: Words by which test roots name themselves, in certificates too.
TEST_NAMES: Final = ("simulated", "swtpm", "no security", "no hardware")


def test_name(text: str) -> str:
    """The word by which a name gives a test root away, or ""."""
    return next((word for word in TEST_NAMES if word in text.lower()), "")


def load_roots(documents: Iterable[object], *, production: bool) -> RootSet:
    """The makers' roots and those of documents.

    Args:
        documents: Decoded JSON, each as `root_document` lays one out.
        production: Whether the deployment holds real data. There is no way to
            load a test root into such a one.

    Raises:
        EncodingError: A document of another form.
        EvidenceInvalid: A root that must not be loaded: `root.class`,
            `root.name` or `root.test`.
    """
    roots = list(BUILT_IN)
    for document in documents:
        for root in _read(document, production=production):
            if root in roots:
                continue
            roots.append(root)
            if len(roots) > MAX_ROOTS:
                raise OutOfRange(f"expected up to {MAX_ROOTS} roots, found more")
    return RootSet(tuple(roots))


def root_document(
    roots: Iterable[tuple[str, str, TrustClass, bytes]],
) -> dict[str, Json]:
    """Lay roots out as a document.

    Args:
        roots: Name, family, class, and the certificate in DER (of `KEYS`, the
            public key).
    """
    laid: list[Json] = [
        {
            "certificate": b64u(certificate),
            "class": trust_class,
            "family": family,
            "name": name,
        }
        for name, family, trust_class, certificate in roots
    ]
    return {"roots": laid, "type": "privshare.roots", "v": 1}


def _read(document: object, *, production: bool) -> list[Root]:
    fields = Fields(document, "roots")
    fields.constant("v", 1)
    fields.constant("type", "privshare.roots")
    found = [
        _read_one(one, production=production) for one in fields.objs("roots", MAX_ROOTS)
    ]
    fields.end()
    return found


def _read_one(fields: Fields, *, production: bool) -> Root:
    name = fields.str("name", max=64, pattern=_NAME)
    family = fields.str("family", max=32)
    claimed = fields.str("class", max=32)
    certificate = unb64u(fields.str("certificate", max=2 * _MAX_CERTIFICATE))
    fields.end()
    trust_class = next(
        (one for one in FAMILIES.get(family, ()) if one == claimed), None
    )
    if trust_class is None:
        known = " or ".join(f"{f} ({', '.join(c)})" for f, c in FAMILIES.items())
        raise _refused(
            "class", f"expected {known}, found {family!a} with the class {claimed!a}"
        )
    if not 0 < len(certificate) <= _MAX_CERTIFICATE:
        raise EncodingError(
            f"roots: expected a certificate of 1 to {_MAX_CERTIFICATE} bytes, "
            f"found {len(certificate)}"
        )
    digest = sha256(certificate)
    if digest in KNOWN_TEST_ROOTS and (production or trust_class == "hardware-tpm"):
        raise _refused("test", f"expected no known test root, found {name!a}")
    if production and trust_class not in ("hardware-tee", "hardware-tpm"):
        raise _refused("class", f"expected a root of hardware, found {trust_class}")
    names = (name, *(() if family in KEYS else _certificate_names(certificate)))
    if trust_class == "hardware-tpm":
        for text in names:
            if word := test_name(text):
                raise _refused(
                    "name", f"expected a manufacturer's root, found the word {word}"
                )
    return Root(name, family, digest, trust_class)


def _refused(rule: str, message: str) -> EvidenceInvalid:
    return EvidenceInvalid(
        message,
        fix="A production deployment knows makers' roots and enrolled manufacturers "
        "of TPMs; nothing else can be loaded into it.",
        detail={"rule": f"root.{rule}"},
    )


def _certificate_names(certificate: bytes) -> tuple[str, ...]:
    """Subject, issuer, alternative names: where swtpm's tools write their name."""
    from cryptography import x509  # noqa: PLC0415 - only where roots are added

    try:
        read: Any = x509.load_der_x509_certificate(certificate)
        names = [read.subject.rfc4514_string(), read.issuer.rfc4514_string()]
    except Exception:  # whatever the parser finds wrong
        raise EncodingError(
            "roots.certificate: expected an X.509 certificate in DER, found other bytes"
        ) from None
    # Further names are looked for as bytes, so that no odd form hides them.
    names.append(certificate.decode("latin-1"))
    return tuple(names)
