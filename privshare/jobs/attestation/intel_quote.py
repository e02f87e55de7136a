"""Intel quotes: where every byte of an SGX or TDX quote stands.

A second reader beside dcap-qvl's, so that what we claim of a machine was read
by two programs. It knows the quotes that exist in the field (version 3 of SGX,
4 and 5 of TDX, keys on P-256, PCK certificates inside) and refuses the rest:
another vendor, a reserved byte that is not zero, a length that does not add
up, an armour laid out in another way.

    quote ─► parse ─► Quote (registers, signed bytes, PCK chain) ─► intel.verify

Implements the Intel SGX ECDSA QuoteLibraryReference, appendix A (version 3),
and the Intel TDX DCAP Quoting Library API, appendix A (versions 4 and 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from privshare.jobs.attestation.certificate_chain import (
    P256,
    read_pem,
    refusal,
    verify_raw,
)

__all__ = ["SGX", "TDX", "Quote", "parse", "verify_signatures"]

SGX: Final = 0x00
TDX: Final = 0x81
MAX_QUOTE: Final = 32 * 1024

_HEADER: Final = 48
_ECDSA_P256: Final = 2
_INTEL: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
_PCK_CHAIN, _QE_REPORT = 5, 6  # types of certification data
_SIGNATURE: Final = 64
_QE_REPORT_SIZE: Final = 384
_PCK_CERTIFICATES: Final = 3

#: A register: its name as dcap-qvl spells it, its place in the body, its size.
#: A name that begins with "reserved" must hold zeros.
_Layout = tuple[tuple[str, int], ...]

_ENCLAVE: Final[_Layout] = (
    ("cpu_svn", 16),
    ("misc_select", 4),
    ("reserved1", 28),
    ("attributes", 16),
    ("mr_enclave", 32),
    ("reserved2", 32),
    ("mr_signer", 32),
    ("reserved3", 96),
    ("isv_prod_id", 2),
    ("isv_svn", 2),
    ("reserved4", 60),
    ("report_data", 64),
)
_TD_10: Final[_Layout] = (
    ("tee_tcb_svn", 16),
    ("mr_seam", 48),
    ("mr_signer_seam", 48),
    ("seam_attributes", 8),
    ("td_attributes", 8),
    ("xfam", 8),
    ("mr_td", 48),
    ("mr_config_id", 48),
    ("mr_owner", 48),
    ("mr_owner_config", 48),
    ("rt_mr0", 48),
    ("rt_mr1", 48),
    ("rt_mr2", 48),
    ("rt_mr3", 48),
    ("report_data", 64),
)
_TD_15: Final[_Layout] = (*_TD_10, ("tee_tcb_svn2", 16), ("mr_service_td", 48))

#: Quote version, TEE type, body type (0 where the quote names none).
_BODIES: Final[Mapping[tuple[int, int, int], tuple[str, _Layout]]] = {
    (3, SGX, 0): ("SgxEnclave", _ENCLAVE),
    (4, TDX, 0): ("TD10", _TD_10),
    (5, TDX, 2): ("TD10", _TD_10),
    (5, TDX, 3): ("TD15", _TD_15),
}


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote, read.

    Attributes:
        version: 3, 4 or 5.
        tee_type: `SGX` or `TDX`.
        body: The layout's name: "SgxEnclave", "TD10", "TD15".
        header: Fields of the header, as dcap-qvl names them.
        registers: Fields of the body, as dcap-qvl names them.
        signed: Header and body: what the quoting enclave signed.
        signature: Over `signed`, r and s.
        key: The quoting enclave's key, x and y.
        qe_report: The quoting enclave's own report, which names `key`.
        qe_signature: Over `qe_report`, by the PCK certificate.
        qe_auth: Data that `qe_report` names together with `key`.
        chain: DER bytes: PCK certificate, its issuer, root.
        size: Where the quote ends; what follows is padding.
    """

    version: int
    tee_type: int
    body: str
    header: Mapping[str, bytes]
    registers: Mapping[str, bytes]
    signed: bytes
    signature: bytes
    key: bytes
    qe_report: Mapping[str, bytes]
    qe_signature: bytes
    qe_auth: bytes
    chain: tuple[bytes, ...]
    size: int


class _Cursor:
    """Where we are in a quote, and where it must end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.end = len(data)

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > self.end - self.at:
            raise refusal(
                "intel",
                "length",
                f"expected {size} bytes at byte {self.at}, found {self.end - self.at}",
            )
        start = self.at
        self.at += size
        return self.data[start : self.at]

    def number(self, size: int) -> int:
        """The next bytes as a number, the lowest first."""
        return int.from_bytes(self.take(size), "little")

    def shut(self, size: int) -> None:
        """From here, exactly so many bytes belong to the quote."""
        if size > self.end - self.at:
            raise refusal(
                "intel",
                "length",
                f"expected {size} bytes from byte {self.at}, "
                f"found {self.end - self.at}",
            )
        self.end = self.at + size

    def fields(self, layout: _Layout) -> dict[str, bytes]:
        """The next bytes, cut into registers; what is reserved is zero."""
        found = {name: self.take(size) for name, size in layout}
        for name, value in found.items():
            if name.startswith("reserved") and any(value):
                raise refusal(
                    "intel", "reserved", f"expected zeros in {name}, found others"
                )
        return found


def parse(data: bytes) -> Quote:
    """Read a quote. Nothing is verified; see `intel.verify`.

    Args:
        data: The quote; bytes after its end are left to the caller.

    Raises:
        EvidenceInvalid: `detail["rule"]` is `intel.` and `length`, `version`,
            `key-type`, `vendor`, `body`, `reserved`, `certification` or `pem`.
    """
    if len(data) > MAX_QUOTE:
        raise refusal(
            "intel",
            "length",
            f"expected a quote of up to {MAX_QUOTE} bytes, found {len(data)}",
        )
    cursor = _Cursor(data)
    header = _read_header(cursor)
    version = int.from_bytes(header["version"], "little")
    tee_type = int.from_bytes(header["tee_type"], "little")
    name, registers = _read_body(cursor, version, tee_type)
    signed = data[: cursor.at]
    cursor.shut(cursor.number(4))
    signature, key = cursor.take(_SIGNATURE), cursor.take(_SIGNATURE)
    if version > 3:
        _expect_data(cursor, _QE_REPORT)
    report = cursor.fields(_ENCLAVE)
    qe_signature = cursor.take(_SIGNATURE)
    auth = cursor.take(cursor.number(2))
    _expect_data(cursor, _PCK_CHAIN)
    return Quote(
        version=version,
        tee_type=tee_type,
        body=name,
        header=header,
        registers=registers,
        signed=signed,
        signature=signature,
        key=key,
        qe_report=report,
        qe_signature=qe_signature,
        qe_auth=auth,
        chain=_read_chain(cursor.take(cursor.end - cursor.at)),
        size=cursor.end,
    )


def verify_signatures(quote: Quote, pck: ec.EllipticCurvePublicKey) -> None:
    """Verify the two signatures of a quote and what joins them.

    The PCK certificate's key signs the quoting enclave's report; the report
    names the quoting enclave's key; that key signs header and body.

    Args:
        pck: The key of the PCK certificate, verified by the caller.

    Raises:
        EvidenceInvalid: `intel.signature` or `intel.qe-key`.
    """
    report = b"".join(quote.qe_report.values())
    verify_raw(
        pck,
        quote.qe_signature,
        report,
        suite=P256,
        scope="intel",
        what="the quoting enclave's report",
    )
    named = sha256(quote.key + quote.qe_auth).digest() + bytes(32)
    if quote.qe_report["report_data"] != named:
        raise refusal(
            "intel",
            "qe-key",
            "expected the quoting enclave's report to name its key, found another",
        )
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), b"\x04" + quote.key
        )
    except ValueError:
        raise refusal(
            "intel", "qe-key", "expected a point on P-256, found another"
        ) from None
    verify_raw(
        key,
        quote.signature,
        quote.signed,
        suite=P256,
        scope="intel",
        what="the quote",
    )


def _read_header(cursor: _Cursor) -> dict[str, bytes]:
    header = cursor.fields(
        (
            ("version", 2),
            ("attestation_key_type", 2),
            ("tee_type", 4),
            ("qe_svn", 2),
            ("pce_svn", 2),
            ("qe_vendor_id", 16),
            ("user_data", 20),
        )
    )
    if int.from_bytes(header["attestation_key_type"], "little") != _ECDSA_P256:
        raise refusal("intel", "key-type", "expected a key on P-256, found another")
    if header["qe_vendor_id"] != _INTEL:
        raise refusal(
            "intel", "vendor", "expected Intel's quoting enclave, found another"
        )
    return header


def _read_body(
    cursor: _Cursor, version: int, tee_type: int
) -> tuple[str, dict[str, bytes]]:
    known = {(v, t) for v, t, _ in _BODIES}
    if (version, tee_type) not in known:
        raise refusal(
            "intel",
            "version",
            f"expected version 3 of SGX, 4 or 5 of TDX, found version {version} "
            f"of type {tee_type:#x}",
        )
    body_type, size = (cursor.number(2), cursor.number(4)) if version > 4 else (0, None)
    name, layout = _BODIES.get((version, tee_type, body_type), ("", ()))
    length = sum(n for _, n in layout)
    if not name or size not in (None, length):
        raise refusal(
            "intel",
            "body",
            f"expected a body of a known type and size, found type {body_type}",
        )
    return name, cursor.fields(layout)


def _expect_data(cursor: _Cursor, kind: int) -> None:
    """The head of certification data of this kind, which fills what is left."""
    found, size = cursor.number(2), cursor.number(4)
    if found != kind or size != cursor.end - cursor.at:
        raise refusal(
            "intel",
            "certification",
            f"expected data of type {kind} that fills {cursor.end - cursor.at} bytes, "
            f"found type {found} of {size}",
        )


def _read_chain(data: bytes) -> tuple[bytes, ...]:
    """The certificates; Intel's library leaves one zero byte behind them."""
    chain = read_pem(data.removesuffix(b"\0"), "intel")
    if len(chain) != _PCK_CERTIFICATES:
        raise refusal(
            "intel",
            "certification",
            f"expected {_PCK_CERTIFICATES} certificates, found {len(chain)}",
        )
    return chain
