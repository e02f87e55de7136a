"""Reports of GPUs under a test root: each thing that can be wrong, alone."""

from __future__ import annotations

from typing import Any

import pytest
from chain_kit import AT, HOUR, NVIDIA, Report, blocks, change, opaque, verify_report

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Root, RootSet


def refused(report: Report, at: int = AT) -> str:
    with pytest.raises(EvidenceInvalid) as caught:
        report.verify(at)
    return str(caught.value.detail["rule"])


def test_a_sound_report_is_verified() -> None:
    """Nonce, measurements, versions; and that it does not suffice."""
    claims = Report().verify()
    assert claims.report_data == bytes(range(32))
    assert claims.values["measurement.3"] == bytes([3]) * 48
    assert claims.values["driver_version"] == "1.2.3"
    assert claims.values["firmware_id"] == bytes(range(48))
    assert claims.values["submodule_only"] is True
    assert (claims.not_before, claims.not_after) == (AT - HOUR, AT + HOUR)
    assert len(claims.instance) == 32


REPORTS: dict[str, tuple[dict[str, Any], str]] = {
    "another key": ({"signer": "device"}, "nvidia.signature"),
    "bytes behind": ({"tail": b"\0"}, "nvidia.report"),
    "another version": ({"request": b"\x12\xe0\x01\xff"}, "nvidia.report"),
    "another request": ({"request": b"\x11\xe1\x01\xff"}, "nvidia.report"),
    "unsigned": ({"request": b"\x11\xe0\x00\xff"}, "nvidia.report"),
    "one measurement alone": ({"request": b"\x11\xe0\x01\x01"}, "nvidia.report"),
    "no such slot": ({"slot": 8}, "nvidia.report"),
    "another response": ({"response": b"\x11\x61\0\0"}, "nvidia.report"),
    "fewer than announced": ({"count": 4}, "nvidia.report"),
    "more than announced": ({"count": 2}, "nvidia.report"),
    "none": ({"count": 0, "record": b""}, "nvidia.report"),
    "a block twice": ({"record": blocks(1) * 3}, "nvidia.report"),
    "a block cut": ({"record": blocks(3)[:-1]}, "nvidia.report"),
    "a block of another kind": (
        {"record": blocks(3).replace(b"\x01\x01\x33", b"\x01\x02\x33")},
        "nvidia.report",
    ),
    "a shorter digest": (
        {"count": 1, "record": b"\x01\x01\x04\x00\x01\x01\x00\xff"},
        "nvidia.report",
    ),
    "opaque data twice": ({"opaque": opaque((3, b""))}, "nvidia.report"),
    "opaque data cut": ({"opaque": opaque()[:-1]}, "nvidia.report"),
    "no firmware": ({"opaque": b""}, "nvidia.firmware"),
    "another firmware": (
        {"opaque": opaque().replace(bytes(range(48)), bytes(48))},
        "nvidia.firmware",
    ),
    "a chain cut at the leaf": ({"drop": 1}, "nvidia.chain"),
    "a chain cut to one": ({"drop": 4}, "nvidia.chain"),
}


@pytest.mark.parametrize("case", REPORTS)
def test_a_report_with_a_fault_is_refused(case: str) -> None:
    """Although the firmware's key signed it."""
    changes, expected = REPORTS[case]
    assert refused(Report(**changes)) == expected


CHAINS: dict[str, tuple[int, dict[str, Any], str]] = {
    "leaf expired": (0, {"window": (-HOUR, -1)}, "nvidia.expired"),
    "root not begun": (4, {"window": (60, HOUR)}, "nvidia.not-yet-valid"),
    "no authority": (1, {"ca": False}, "nvidia.authority"),
    "may not certify": (2, {"usage": "other"}, "nvidia.key-usage"),
    "another issuer": (1, {"signer": "other"}, "nvidia.signature"),
    "no firmware named": (0, {"extensions": ()}, "nvidia.firmware"),
}


@pytest.mark.parametrize("case", CHAINS)
def test_a_chain_with_a_fault_is_refused(case: str) -> None:
    """Every signature else is right."""
    at, fields, expected = CHAINS[case]
    assert refused(Report(links=change(NVIDIA, at, **fields))) == expected


def test_every_cut_is_refused() -> None:
    """No prefix of a report is a report."""
    report, pem, roots = Report().build()
    for size in range(len(report)):
        with pytest.raises(EvidenceInvalid) as caught:
            verify_report(report[:size], pem, roots)
        assert caught.value.detail["rule"] in {"nvidia.report", "nvidia.signature"}


def test_another_root_is_refused() -> None:
    """Also one that is known as another maker's."""
    report, pem, roots = Report().build()
    root = Root("other", "aws-nitro", roots.roots[0].sha256, "hardware-tee")
    with pytest.raises(EvidenceInvalid) as caught:
        verify_report(report, pem, RootSet((root,)))
    assert caught.value.detail["rule"] == "root.unknown"
