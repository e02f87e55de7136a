"""AWS Nitro Enclaves: verify an attestation document.

The Nitro hypervisor writes what it measured of an enclave (PCRs) and what the
enclave asked it to say (user data, nonce, public key) into a document and
signs it with a key whose certificate, good for three hours, ends at a root
that AWS publishes.

    enclave   NSM ─► document = COSE_Sign1(protected, {}, payload, signature)
    reader    verify(document) ─► Claims: pcr.N, user data as report data

The document is CBOR of one form only: no tag before it, nothing after it, no
field that we do not know. Inside the payload, which is signed, AWS writes
maps of definite or indefinite length, and both are read.

Implements the attestation document of the Nitro Enclaves documentation and
COSE_Sign1 with ES384 (RFC 9052, section 4.2; RFC 9053, section 2.1).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, TypeVar, cast

from privshare.errors import EncodingError
from privshare.jobs.attestation import cbor
from privshare.jobs.attestation.certificate import MAX_CHAIN, Certificate
from privshare.jobs.attestation.certificate_chain import (
    P384,
    refusal,
    verify_chain,
    verify_raw,
)
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
    Value,
)

__all__ = ["FAMILY", "verify"]

FAMILY: Final = "aws-nitro"
MAX_DOCUMENT: Final = 16 * 1024
MAX_MODULE_ID: Final = 256

_PROTECTED: Final = {1: -35}  # alg: ES384
_NEEDED: Final = frozenset(
    {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"}
)
#: Optional fields and their longest values, in bytes.
_OPTIONAL: Final = {"public_key": 1024, "user_data": 512, "nonce": 512}
_PCRS: Final = 32
_PCR_SIZE: Final = 48

T = TypeVar("T")


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify a Nitro attestation document.

    Args:
        evidence: Kind `aws-nitro`; part `document`.
        endorsements: None: the chain is in the document.
        roots: Family `aws-nitro`.
        at: Unix seconds; inside the window of every certificate.

    Returns:
        `report_data` is the user data, b"" without any. Values: `pcr.N` for
        each PCR, `module_id`, `nonce`, `public_key`, `timestamp`
        (milliseconds, as the hypervisor's clock had it).

    Raises:
        EvidenceInvalid: `detail["rule"]` is `root.unknown` or begins with
            `nitro.`: `encoding`, `algorithm`, `field`, `timestamp`, and the
            words of `verify_chain`.

    Source:
        AWS Nitro Enclaves, "Verifying the root of trust"; RFC 9052, section 4.4.
    """
    evidence.only(["document"])
    endorsements.only([])
    protected, payload, signature = _open(evidence.part("document"))
    fields = _fields(payload)
    bundle = cast(list[bytes], fields["cabundle"])
    chain = verify_chain(
        [cast(bytes, fields["certificate"]), *reversed(bundle)],
        roots,
        [FAMILY],
        at,
        suite=P384,
        scope="nitro",
    )
    signed = cbor.write(["Signature1", protected, b"", payload])
    verify_raw(
        chain.key,
        signature,
        signed,
        suite=P384,
        scope="nitro",
        what="the document",
    )
    _check_timestamp(cast(int, fields["timestamp"]), chain.leaf)
    values = _values(fields)
    return Claims(
        kind=evidence.kind,
        root=chain.root,
        report_data=cast("bytes | None", fields.get("user_data")) or b"",
        debug=not any(any(cast(bytes, values[f"pcr.{n}"])) for n in range(3)),
        values=values,
        identity=sha256(signed).digest(),
        instance=_instance(cast(str, fields["module_id"])),
        not_before=chain.not_before,
        not_after=chain.not_after,
    )


def _open(document: bytes) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature of the document."""
    if len(document) > MAX_DOCUMENT:
        raise refusal(
            "nitro",
            "encoding",
            f"expected a document of up to {MAX_DOCUMENT} bytes, found {len(document)}",
        )
    items = _read(document, open_maps=False)
    if not (
        isinstance(items, list)
        and len(items) == 4
        and items[1] == {}
        and all(isinstance(items[i], bytes) for i in (0, 2, 3))
    ):
        raise refusal(
            "nitro", "encoding", "expected a COSE_Sign1 of four items, found another"
        )
    protected, _, payload, signature = cast(list[bytes], items)
    if _read(protected, open_maps=False) != _PROTECTED:
        raise refusal(
            "nitro", "algorithm", "expected the algorithm ES384 alone, found another"
        )
    return protected, payload, signature


def _read(data: bytes, *, open_maps: bool) -> cbor.Cbor:
    try:
        return cbor.read(data, open_maps=open_maps)
    except EncodingError as error:
        raise refusal("nitro", "encoding", error.message) from None


def _fields(payload: bytes) -> dict[str, cbor.Cbor]:
    """The fields of the payload, each of the documented type and size."""
    fields = _read(payload, open_maps=True)
    if not isinstance(fields, dict):
        raise refusal("nitro", "field", "expected a map of fields, found another")
    for name in _NEEDED:
        if fields.get(name) is None:
            raise refusal("nitro", "field", f"expected the field {name}, found none")
    for key in fields:
        if key not in _NEEDED and key not in _OPTIONAL:
            raise refusal("nitro", "field", "expected known fields, found another")
    named = cast("dict[str, cbor.Cbor]", fields)
    _check_types(named)
    return named


def _check_types(fields: dict[str, cbor.Cbor]) -> None:
    module_id = _typed(fields["module_id"], str, "module_id")
    _expect(0 < len(module_id) <= MAX_MODULE_ID, "module_id")
    _expect(fields["digest"] == "SHA384", "digest")
    _expect(0 < _typed(fields["timestamp"], int, "timestamp") < 1 << 53, "timestamp")
    pcrs = _typed(fields["pcrs"], dict, "pcrs")
    _expect({0, 1, 2} <= set(pcrs) <= set(range(_PCRS)), "pcrs")
    for value in pcrs.values():
        _expect(len(_typed(value, bytes, "pcrs")) == _PCR_SIZE, "pcrs")
    _typed(fields["certificate"], bytes, "certificate")
    bundle = _typed(fields["cabundle"], list, "cabundle")
    _expect(0 < len(bundle) < MAX_CHAIN, "cabundle")
    for der in bundle:
        _typed(der, bytes, "cabundle")
    for name, size in _OPTIONAL.items():
        if fields.get(name) is not None:
            _expect(len(_typed(fields[name], bytes, name)) <= size, name)


def _typed(value: cbor.Cbor, wanted: type[T], name: str) -> T:
    _expect(isinstance(value, wanted) and not isinstance(value, bool), name)
    return cast(T, value)


def _expect(holds: bool, name: str) -> None:
    if not holds:
        raise refusal(
            "nitro", "field", f"expected {name} as AWS documents it, found another form"
        )


def _check_timestamp(milliseconds: int, leaf: Certificate) -> None:
    """The hypervisor's clock lies where its own certificate is valid."""

    start, end = leaf.not_before, leaf.not_after
    if not start <= milliseconds // 1000 <= end:
        raise refusal(
            "nitro",
            "timestamp",
            f"expected a time between {start} and {end}, found {milliseconds // 1000}",
        )


def _values(fields: dict[str, cbor.Cbor]) -> dict[str, Value]:
    values: dict[str, Value] = {
        f"pcr.{n}": value
        for n, value in sorted(cast("dict[int, bytes]", fields["pcrs"]).items())
    }
    values["module_id"] = cast(str, fields["module_id"])
    values["timestamp"] = cast(int, fields["timestamp"])
    for name in ("nonce", "public_key"):
        values[name] = cast("bytes | None", fields.get(name)) or b""
    return values


def _instance(module_id: str) -> bytes:
    """Names the parent instance: the module's name without its enclave."""
    return sha256(module_id.partition("-enc")[0].encode()).digest()
