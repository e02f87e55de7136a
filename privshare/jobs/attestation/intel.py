"""Intel SGX and TDX: verify a DCAP quote.

A quote is signed by Intel's quoting enclave, whose key the platform's PCK
certificate vouches for; collateral says which firmware is how good, and what
is revoked. Two programs read every quote: dcap-qvl, which also matches the
firmware's level and the quoting enclave's identity, and our own reader
(`intel_quote`, `intel_collateral`), which verifies the signatures, the chains
and the lists once more. What one of them refuses is refused, and a register
counts when both read the same.

    machine   quote ───────► intel_quote.parse ─┬─► signatures, chains, lists
    archive   collateral ──► intel_collateral ──┤
                                                └─► dcap-qvl ─► compare ─► Claims

The verifier says how Intel rates the platform (`tcb_status`, `advisories`,
dates) and refuses none of it but what has no level at all, is revoked, or is
a trust domain in debug mode. Which ratings will do is the reader's policy.

Implements the Intel SGX and TDX DCAP verification flow; RTMR logs as in
docs/formats/evidence.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NoReturn, cast

import dcap_qvl

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import event_log, intel_collateral, intel_quote
from privshare.jobs.attestation.certificate import Certificate
from privshare.jobs.attestation.certificate_chain import P256, refusal, verify_chain
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
    Value,
)
from privshare.jobs.attestation.intel_collateral import FAMILY, Collateral
from privshare.jobs.attestation.intel_quote import SGX, TDX, Quote

__all__ = ["FAMILY", "verify"]

_TEE_TYPE: Final = {"sgx-dcap": SGX, "tdx-dcap": TDX}

#: Bit 1 of an enclave's attributes, bit 0 of a trust domain's: debug.
_DEBUG: Final = {SGX: ("attributes", 0x02), TDX: ("td_attributes", 0x01)}

#: Words of dcap-qvl's refusals, and our rule for each; the first that fits.
_RULES: Final = (
    ("Debug mode", "debug"),
    ("No matching TCB level", "tcb-level"),
    ("Revoked", "revoked"),
    ("in the future", "not-yet-valid"),
    ("NotValidYet", "not-yet-valid"),
    ("xpired", "expired"),
    ("RevocationStatus", "crl"),
    ("CRL", "crl"),
    ("Crl", "crl"),
    ("ignature", "signature"),
    ("certificate chain", "chain"),
    ("FMSPC", "fmspc"),
    ("Fmspc", "fmspc"),
    ("TDX module", "tdx-module"),
    ("SEAM", "tdx-module"),
    ("QE", "qe-identity"),
    ("TCB", "tcb-info"),
)

_SGX_VALUES: Final = {
    "mr_enclave": "mr_enclave",
    "mr_signer": "mr_signer",
    "attributes": "attributes",
    "cpu_svn": "cpu_svn",
}
_TDX_VALUES: Final = {
    "mr_td": "mr_td",
    "mr_seam": "mr_seam",
    "mr_signer_seam": "mr_signer_seam",
    "seam_attributes": "seam_attributes",
    "td_attributes": "td_attributes",
    "xfam": "xfam",
    "mr_config_id": "mr_config_id",
    "mr_owner": "mr_owner",
    "mr_owner_config": "mr_owner_config",
    "tee_tcb_svn": "tee_tcb_svn",
    **{f"rtmr.{n}": f"rt_mr{n}" for n in range(4)},
}

# Extensions of a PCK certificate, 1.2.840.113741.1.13.1.N: their encoding up
# to the value, and the value's size.
_SGX_EXTENSION: Final = "1.2.840.113741.1.13.1"
_PPID: Final = (bytes.fromhex("060a2a864886f84d010d0101 0410"), 16)
_FMSPC: Final = (bytes.fromhex("060a2a864886f84d010d0104 0406"), 6)


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Verify an SGX or TDX quote.

    Args:
        evidence: Kind `sgx-dcap` or `tdx-dcap`; part `quote`, and for TDX
            perhaps `event_log`, which must explain RTMR 3.
        endorsements: Part `collateral`.
        roots: Family `intel-sgx`.
        at: Unix seconds; inside the window of all certificates, lists and
            documents.

    Returns:
        Values: the registers; `fmspc`, `tcb_status`, `advisories`,
        `tcb_date` and `qe_tcb_date` (Unix seconds), `qe_tcb_status`,
        `tcb_eval`; `dynamic_platform`, `cached_keys`, `smt` where the PCK
        certificate says. Floor: `intel-tcb-eval/FMSPC`. The instance is the
        digest of the platform's PPID.

    Raises:
        EvidenceInvalid: `detail["rule"]` is `root.unknown`, one of
            `event_log`'s, or `intel.` and a word: of `intel_quote.parse`,
            `verify_chain`, `intel_collateral.check`, or `kind`, `debug`,
            `tcb-level`, `tcb-info`, `qe-identity`, `qe-key`, `tdx-module`,
            `fmspc`, `pck`, `padding`, `disagree`, `refused`.
    """
    tee_type = _TEE_TYPE[evidence.kind]
    evidence.only(["quote"], ["event_log"] if tee_type == TDX else [])
    endorsements.only(["collateral"])
    data = evidence.part("quote")
    quote = intel_quote.parse(data)
    if quote.tee_type != tee_type:
        raise refusal(
            "intel", "kind", f"expected {evidence.kind}, found the other kind"
        )
    chain = verify_chain(quote.chain, roots, [FAMILY], at, suite=P256, scope="intel")
    intel_quote.verify_signatures(quote, chain.key)
    ppid, fmspc = _platform(chain.leaf)
    collateral = intel_collateral.read(endorsements.part("collateral"))
    window = intel_collateral.check(collateral, quote.chain, roots, at)
    found = _second_reading(data[: quote.size], collateral, quote.chain[-1], at)
    _compare(quote, found, ppid, fmspc)
    start, end = _documents_window(found, at)
    _check_padding(data[quote.size :])
    register, bit = _DEBUG[tee_type]
    values = _values(quote, found, fmspc)
    return Claims(
        kind=evidence.kind,
        root=chain.root,
        report_data=quote.registers["report_data"],
        debug=bool(quote.registers[register][0] & bit),
        values=values,
        identity=sha256(quote.signed).digest(),
        instance=sha256(ppid).digest(),
        not_before=max(chain.not_before, window.not_before, start),
        not_after=min(chain.not_after, window.not_after, end),
        floors={f"intel-tcb-eval/{fmspc}": cast(int, values["tcb_eval"])},
        events=_events(evidence, quote),
    )


def _second_reading(
    data: bytes, collateral: Collateral, root: bytes, at: int
) -> Mapping[str, Any]:
    """What dcap-qvl finds in the same bytes, under the same root and time."""
    try:
        claims = dcap_qvl.QuoteVerifier(root).verify_with_policy(
            data,
            dcap_qvl.QuoteCollateralV3(
                collateral.pck_crl_issuer_chain,
                collateral.root_ca_crl,
                collateral.pck_crl,
                collateral.tcb_info_issuer_chain,
                collateral.tcb_info,
                collateral.tcb_info_signature,
                collateral.qe_identity_issuer_chain,
                collateral.qe_identity,
                collateral.qe_identity_signature,
            ),
            at,
            dcap_qvl.QuotePolicy.claims_only(at),
        )
        return cast(Mapping[str, Any], json.loads(claims.to_json()))
    except BaseException as error:
        # A panic of native code is no Exception, and still a refusal.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            _refuse(str(error))
        raise


def _refuse(message: str) -> NoReturn:
    """Say in our words what dcap-qvl refused."""
    word = next((rule for part, rule in _RULES if part in message), "refused")
    said = message.encode("ascii", "replace").decode()[:200]
    raise EvidenceInvalid(
        f"expected a quote that its collateral endorses, found: {said}",
        fix="The collateral must be of the quote's platform and time, and the "
        "platform one that Intel still rates.",
        detail={"rule": f"intel.{word}"},
    ) from None


def _platform(pck: Certificate) -> tuple[bytes, str]:
    """PPID and FMSPC, as the PCK certificate's extension has them."""
    extension = pck.extensions.get(_SGX_EXTENSION)
    data = b"" if extension is None else extension.value
    found = []
    for head, size in (_PPID, _FMSPC):
        before, _, after = data.partition(head)
        if before == data or head in after or len(after) < size:
            raise refusal(
                "intel", "pck", "expected one PPID and one FMSPC, found another number"
            )
        found.append(after[:size])
    return found[0], found[1].hex().upper()


def _compare(quote: Quote, found: Mapping[str, Any], ppid: bytes, fmspc: str) -> None:
    """Both readers read the same."""
    try:
        report = found["report"][quote.body]
        report = {**report.get("base", {}), **report}
        pairs = [
            (quote.header, found["header"]),
            (quote.registers, report),
            (quote.qe_report, found["qe"]["report"]),
        ]
        same = all(
            theirs[name] == _spelled_as(value, theirs[name])
            for ours, theirs in pairs
            for name, value in ours.items()
        )
        pck = found["platform"]["pck"]
        same = same and bytes(pck["ppid"]) == ppid
        same = same and bytes(pck["fmspc"]).hex().upper() == fmspc
    except (KeyError, TypeError, ValueError, AttributeError):
        same = False
    if not same:
        raise refusal(
            "intel", "disagree", "expected two readers to read the same, found not"
        )


def _spelled_as(ours: bytes, theirs: object) -> int | str:
    """A field of ours in the form of theirs: a number, or hex."""
    return int.from_bytes(ours, "little") if isinstance(theirs, int) else ours.hex()


def _documents_window(found: Mapping[str, Any], at: int) -> tuple[int, int]:
    """When TCB info and QE identity are valid; not at another time."""
    try:
        start = max(found["latest_issue_date"], found["qe_iden_latest_issue_date"])
        end = min(
            found["earliest_expiration_date"],
            found["qe_iden_earliest_expiration_date"],
        )
        current = start <= at <= end
    except (KeyError, TypeError):
        raise refusal(
            "intel", "disagree", "expected dates of the collateral, found none"
        ) from None
    if not current:
        word = "not-yet-valid" if at < start else "expired"
        raise refusal(
            "intel", word, f"expected a time from {start} to {end}, found {at}"
        )
    return start, end


def _check_padding(padding: bytes) -> None:
    if any(padding):
        raise refusal(
            "intel",
            "padding",
            "expected nothing but zeros behind the quote, found other bytes",
        )


def _values(quote: Quote, found: Mapping[str, Any], fmspc: str) -> dict[str, Value]:
    names = _SGX_VALUES if quote.tee_type == SGX else _TDX_VALUES
    values: dict[str, Value] = {
        name: quote.registers[field] for name, field in names.items()
    }
    if quote.tee_type == SGX:
        for name in ("isv_prod_id", "isv_svn"):
            values[name] = int.from_bytes(quote.registers[name], "little")
    if quote.body == "TD15":
        values["tee_tcb_svn2"] = quote.registers["tee_tcb_svn2"]
        values["mr_service_td"] = quote.registers["mr_service_td"]
    try:
        tcb, platform = found["tcb"], found["platform"]
        values |= {
            "fmspc": fmspc,
            "quote_version": quote.version,
            "advisories": tuple(str(word) for word in tcb["advisory_ids"]),
            "tcb_status": str(tcb["status"]),
            "tcb_eval": int(tcb["eval_data_number"]),
            "tcb_date": int(platform["tcb_date_tag"]),
            "qe_tcb_status": str(found["qe"]["tcb_level"]["tcbStatus"]),
        }
        pck = platform["pck"]
        for name, field in (
            ("dynamic_platform", "dynamic_platform"),
            ("cached_keys", "cached_keys"),
            ("smt", "smt_enabled"),
        ):
            if pck[field] in ("True", "False"):
                values[name] = pck[field] == "True"
    except (KeyError, TypeError, ValueError):
        raise refusal(
            "intel", "disagree", "expected a rating of the platform, found none"
        ) from None
    return values


def _events(evidence: Evidence, quote: Quote) -> tuple[tuple[str, bytes, str], ...]:
    """The log of RTMR 3, replayed, if there is one."""
    log = evidence.parts.get("event_log")
    if log is None:
        return ()
    return event_log.check_log(
        "sha384",
        event_log.read_log(log, "sha384"),
        {"rtmr.3": quote.registers["rt_mr3"]},
    )
