"""Intel collateral: what Intel said of its platforms, and until when.

Nine parts in one JSON file, as Intel's service and dcap-qvl name them: the
levels of a platform family's firmware (TCB info), the identity of the quoting
enclave, two revocation lists, and the chains that sign them. Each part is
checked here by our own rules before dcap-qvl applies its own.

    archive   collateral ─► read ─► Collateral ─► check(chain, root, at) ─► dcap-qvl

Implements the Intel SGX and TDX Provisioning Certification Service API,
version 4, and RFC 5280, section 5, for the lists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.attestation.certificate import (
    Certificate,
    check_time,
    read_certificate,
)
from privshare.jobs.attestation.certificate_chain import (
    P256,
    Chain,
    read_pem,
    refusal,
    verify_chain,
    verify_raw,
)
from privshare.jobs.attestation.evidence import RootSet
from privshare.jobs.attestation.revocation_list import check_crl, read_crl
from privshare.wire import canonical

__all__ = ["FAMILY", "Collateral", "Window", "check", "read"]

FAMILY: Final = "intel-sgx"

_HEX: Final = re.compile(r"(?:[0-9a-f]{2})+")
_IN_HEX: Final = (
    "root_ca_crl",
    "pck_crl",
    "tcb_info_signature",
    "qe_identity_signature",
)


@dataclass(frozen=True, slots=True)
class Collateral:
    """The nine parts, as `dcap_qvl.QuoteCollateralV3` takes them.

    Attributes:
        pck_crl_issuer_chain: PEM; the authority of PCK certificates, root.
        root_ca_crl: The root's revocation list, DER.
        pck_crl: The authority's revocation list, DER.
        tcb_info_issuer_chain: PEM; TCB signing certificate, root.
        tcb_info: JSON, as Intel signed it.
        tcb_info_signature: r and s.
        qe_identity_issuer_chain: PEM; TCB signing certificate, root.
        qe_identity: JSON, as Intel signed it.
        qe_identity_signature: r and s.
    """

    pck_crl_issuer_chain: str
    root_ca_crl: bytes
    pck_crl: bytes
    tcb_info_issuer_chain: str
    tcb_info: str
    tcb_info_signature: bytes
    qe_identity_issuer_chain: str
    qe_identity: str
    qe_identity_signature: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """When everything checked here is valid.

    Attributes:
        not_before: Unix seconds; the latest start.
        not_after: Unix seconds; the earliest end.
    """

    not_before: int
    not_after: int


def read(data: bytes) -> Collateral:
    """Read a file of collateral.

    Layout is free, since nobody signs it; names, types and lower-case hex are
    not.

    Raises:
        EvidenceInvalid: Another form (`intel.collateral`).
    """
    try:
        parts = canonical.decode_loose(data)
    except (EncodingError, OutOfRange) as error:
        raise refusal("intel", "collateral", error.message) from None
    names = {field.name for field in fields(Collateral)}
    if not isinstance(parts, dict) or set(parts) != names:
        raise refusal(
            "intel", "collateral", "expected the nine parts of collateral, found others"
        )
    made: dict[str, str | bytes] = {}
    for name, text in parts.items():
        if not isinstance(text, str) or not text.isascii():
            raise refusal("intel", "collateral", f"expected plain text in {name}")
        if name not in _IN_HEX:
            made[name] = text
        elif _HEX.fullmatch(text):
            made[name] = bytes.fromhex(text)
        else:
            raise refusal("intel", "collateral", f"expected lower-case hex in {name}")
    return Collateral(**made)  # type: ignore[arg-type]


def check(
    collateral: Collateral, pck_chain: Sequence[bytes], roots: RootSet, at: int
) -> Window:
    """Check who signed the collateral, and whom it revokes.

    Args:
        pck_chain: DER bytes: the quote's PCK certificate, its authority, root;
            verified by the caller.
        roots: Family `intel-sgx`.
        at: Unix seconds.

    Returns:
        The window of the chains and the revocation lists. Those of TCB info
        and QE identity are dcap-qvl's to read.

    Raises:
        EvidenceInvalid: `root.unknown` or, after `intel.`, a word of
            `verify_chain`, `collateral`; after `intel.crl.`, one of `check_crl`.
    """
    pck, authority, root = (read_certificate(der, "intel") for der in pck_chain)
    issuers = read_pem(collateral.pck_crl_issuer_chain.encode(), "intel")
    if tuple(issuers) != tuple(pck_chain[1:]):
        raise refusal(
            "intel.crl",
            "name",
            "expected the revocation list of the authority that issued the PCK "
            "certificate, found another's",
        )
    signers = [
        _check_signed(
            collateral.tcb_info_issuer_chain,
            collateral.tcb_info,
            collateral.tcb_info_signature,
            "TCB info",
            (pck_chain[-1], roots, at),
        ),
        _check_signed(
            collateral.qe_identity_issuer_chain,
            collateral.qe_identity,
            collateral.qe_identity_signature,
            "QE identity",
            (pck_chain[-1], roots, at),
        ),
    ]
    below_root = [authority, *(signer.leaf for signer in signers)]
    windows = [
        *(Window(signer.not_before, signer.not_after) for signer in signers),
        _check_crl(collateral.root_ca_crl, root, below_root, at),
        _check_crl(collateral.pck_crl, authority, [pck], at),
    ]
    return Window(
        max(window.not_before for window in windows),
        min(window.not_after for window in windows),
    )


def _check_signed(
    pem: str,
    document: str,
    signature: bytes,
    what: str,
    trust: tuple[bytes, RootSet, int],
) -> Chain:
    """A document that a TCB signing certificate signed, under the same root."""
    root, roots, at = trust
    certificates = read_pem(pem.encode(), "intel")
    if len(certificates) != 2 or certificates[-1] != root:
        raise refusal(
            "intel",
            "collateral",
            f"expected {what} to be signed under the quote's root, found another",
        )
    chain = verify_chain(certificates, roots, [FAMILY], at, suite=P256, scope="intel")
    verify_raw(
        chain.key,
        signature,
        document.encode(),
        suite=P256,
        scope="intel",
        what=what,
    )
    return chain


def _check_crl(
    der: bytes, issuer: Certificate, issued: list[Certificate], at: int
) -> Window:
    """The issuer's current list, on which none of these certificates stands."""
    crl = read_crl(der, "intel.crl")
    # A list ends when the next one is due: that second is the next one's.
    last = crl.next_update - 1
    check_crl(crl, issuer, issued, at, "intel.crl", P256.verify)
    check_time(crl.this_update, last, at, crl, "intel.crl")
    return Window(crl.this_update, last)
