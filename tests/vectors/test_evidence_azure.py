"""Recorded evidence of an Azure machine: three layers, and each fault's rule.

The files and what a verifier must answer are those of
`fixtures/attestation/expected.json`; its README says where each comes from.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded_kit import (
    ROOTS,
    SUMMER_2025,
    Read,
    accepted,
    flip_all,
    instant,
    reader,
    snp,
)

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation import azure, sev_snp
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
)
from privshare.wire import canonical


@pytest.fixture(scope="module")
def read(vectors: Path) -> Read:
    """Read one recorded file."""
    return reader(vectors)


@pytest.fixture(scope="module")
def expected(read: Read) -> dict[str, Any]:
    """What a verifier must answer."""
    return json.loads(read("expected.json"))


def registers(read: Read) -> bytes:
    """The recorded registers as our canonical JSON."""
    listed = json.loads(read("vtpm/azure_genoa_pcrs.json"))["sha256"]
    return canonical.encode({str(n): value for n, value in enumerate(listed)})


def genoa(read: Read, **changed: bytes) -> Evidence:
    """The recorded composite, with these parts instead."""
    usual = {
        "hcl_report": read("vtpm/azure_genoa_hcl_report.bin"),
        "quote": read("vtpm/azure_genoa_quote.msg"),
        "signature": read("vtpm/azure_genoa_quote.sig"),
        "pcrs": registers(read),
    }
    return Evidence("azure-snp-vtpm", usual | changed)


def endorsed(read: Read) -> Endorsements:
    """What AMD says of the recorded machine."""
    return Endorsements(
        {
            "vek": read("snp/genoa_vcek.pem"),
            "chain": read("snp/genoa_ask_ark_asvk.pem"),
        }
    )


def test_recorded_azure_composite(read: Read, expected: dict[str, Any]) -> None:
    """Three layers: AMD's report, the key it binds, the quote with 24 registers."""
    entry = expected["vtpm/azure_genoa_hcl_report.bin"]
    claims = azure.verify(genoa(read), endorsed(read), ROOTS, SUMMER_2025)
    assert entry["quote_nonce"] == claims.report_data.hex()
    listed = json.loads(read("vtpm/azure_genoa_pcrs.json"))["sha256"]
    for number in entry["pcr_selection"]:
        claim = claims.values.get(f"pcr.{number}")
        # Registers that anybody can reset are no claims.
        assert claim == (None if number in (16, 23) else bytes.fromhex(listed[number]))
    assert claims.values["product"] == "Genoa"
    assert claims.values["secure_boot"] is True
    assert claims.values["vmpl"] == 0
    assert claims.root.family == "amd-genoa"
    assert claims.kind == "azure-snp-vtpm"
    alone = snp(
        read, "genoa_report_v3", "genoa_vcek.pem", "genoa_ask_ark_asvk", SUMMER_2025
    )
    assert alone.instance == claims.instance
    assert alone.identity != claims.identity


def put(data: bytes, place: int, value: bytes) -> bytes:
    """The same bytes with others at a place."""
    return data[:place] + value + data[place + len(value) :]


def test_recorded_quote_of_another_tpm(read: Read) -> None:
    """The report is good, and the quote is by a key that it does not bind."""
    pems = read("vtpm/azure_milan_vcek.pem").split(b"-----END CERTIFICATE-----")
    vek = pems[0] + b"-----END CERTIFICATE-----\n"
    endorsements = Endorsements(
        {"vek": vek, "chain": read("snp/milan_ask_ark_asvk.pem")}
    )
    evidence = genoa(
        read,
        hcl_report=read("vtpm/azure_milan_hcl_report.bin"),
        quote=read("vtpm/azure_milan_other_ak_quote.msg"),
        signature=read("vtpm/azure_milan_other_ak_quote.sig"),
    )
    with pytest.raises(EvidenceInvalid) as caught:
        azure.verify(evidence, endorsements, ROOTS, instant("2024-01-01"))
    assert caught.value.detail["rule"] == "azure.signature"


JSON_AT = 32 + 1184 + 20


def _edit(part: str, place: int, value: bytes) -> Callable[[Read], dict[str, bytes]]:
    def make(read: Read) -> dict[str, bytes]:
        return {part: put(genoa(read).parts[part], place, value)}

    return make


def _pcrs(**changed: object) -> Callable[[Read], dict[str, bytes]]:
    def make(read: Read) -> dict[str, bytes]:
        found = dict(json.loads(registers(read)))
        for name, value in changed.items():
            found[name.removeprefix("pcr")] = value
        kept = {name: value for name, value in found.items() if value is not None}
        return {"pcrs": canonical.encode(kept)}

    return make


AZURE_CASES: dict[str, tuple[str, Callable[[Read], dict[str, bytes]]]] = {
    "other signature": ("azure.header", _edit("hcl_report", 0, b"h")),
    "other version": ("azure.header", _edit("hcl_report", 4, b"\3")),
    "other size": ("azure.header", _edit("hcl_report", 8, b"\0")),
    "other request": ("azure.header", _edit("hcl_report", 12, b"\1")),
    "status of an error": ("azure.header", _edit("hcl_report", 16, b"\1")),
    "reserved word": ("azure.header", _edit("hcl_report", 28, b"\1")),
    "size of runtime data": ("azure.header", _edit("hcl_report", 1216, b"\0")),
    "huge runtime data": ("azure.header", _edit("hcl_report", 1216, b"\xff\xff\xff")),
    "another hash": ("azure.header", _edit("hcl_report", 1228, b"\2")),
    "another kind of report": ("azure.header", _edit("hcl_report", 1224, b"\4")),
    "bytes behind": ("azure.header", _edit("hcl_report", 2599, b"\1")),
    "cut": (
        "azure.header",
        lambda read: {"hcl_report": genoa(read).parts["hcl_report"][:1200]},
    ),
    "empty": ("azure.header", lambda read: {"hcl_report": b""}),
    "too long": (
        "azure.header",
        lambda read: {
            "hcl_report": genoa(read).parts["hcl_report"].ljust(1 << 15, b"\0")
        },
    ),
    "runtime data edited": ("azure.runtime", _edit("hcl_report", JSON_AT + 900, b"0")),
    "report edited": ("snp.report-signature", _edit("hcl_report", 32 + 0x90, b"\0")),
    "report data edited": (
        "snp.report-signature",
        _edit("hcl_report", 32 + 0x50, b"\0"),
    ),
    "report of another kind": ("snp.version", _edit("hcl_report", 32, b"\1")),
    "quote edited": ("azure.signature", _edit("quote", 60, b"\xee")),
    "signature edited": ("azure.signature", _edit("signature", 9, b"\xee")),
    "short signature": ("azure.signature", lambda read: {"signature": b"\1" * 255}),
    "no signature": ("azure.signature", lambda read: {"signature": b""}),
    "no quote": ("azure.signature", lambda read: {"quote": b""}),
    "register edited": ("azure.pcr-digest", _pcrs(pcr4="00" * 32)),
    "register dropped": ("azure.pcr", _pcrs(pcr4=None)),
    "register of another form": ("azure.pcr", _pcrs(pcr4="00" * 31)),
    "register in capitals": ("azure.pcr", _pcrs(pcr4="AF" * 32)),
    "register that is a number": ("azure.pcr", _pcrs(pcr4=7)),
    "register 24": ("azure.pcr", _pcrs(pcr24="00" * 32)),
    "register 04": ("azure.pcr", _pcrs(pcr04="00" * 32)),
    "registers as a list": ("azure.pcr", lambda read: {"pcrs": b"[]"}),
    "no registers": ("azure.pcr", lambda read: {"pcrs": b"{}"}),
    "registers not canonical": ("azure.pcr", lambda read: {"pcrs": b' {"0":"00"}'}),
    "log of another start": (
        "event_log.replay",
        lambda read: {
            "event_log": canonical.encode(
                [{"description": "x", "digest": "00" * 32, "register": "pcr.14"}]
            )
        },
    ),
    "log of a register that can be reset": (
        "event_log.register",
        lambda read: {
            "event_log": canonical.encode(
                [{"description": "x", "digest": "00" * 32, "register": "pcr.16"}]
            )
        },
    ),
    "a part too many": ("evidence.parts", lambda read: {"other": b""}),
}


@pytest.mark.parametrize("case", sorted(AZURE_CASES))
def test_azure_faults_have_their_rule(case: str, read: Read) -> None:
    """One fault in the recorded composite, and the rule that refuses it."""
    rule, change = AZURE_CASES[case]
    evidence = genoa(read, **change(read))
    with pytest.raises(EvidenceInvalid) as caught:
        azure.verify(evidence, endorsed(read), ROOTS, SUMMER_2025)
    assert rule == caught.value.detail["rule"]


@pytest.mark.parametrize("part", ["hcl_report", "quote", "signature", "pcrs"])
def test_azure_without_a_part(part: str, read: Read) -> None:
    """Removing any part is no acceptance."""
    left = {name: data for name, data in genoa(read).parts.items() if name != part}
    with pytest.raises(EvidenceInvalid) as caught:
        azure.verify(Evidence(azure.KIND, left), endorsed(read), ROOTS, SUMMER_2025)
    assert caught.value.detail["rule"] == "evidence.missing"


def test_no_flipped_bit_of_a_recorded_composite_is_accepted(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 flips over the four parts of the composite: none is ignorable."""
    endorsements = endorsed(read)
    # The report's verdict is a function of its arguments: ask it once for each.
    once = functools.lru_cache(maxsize=4)(sev_snp.verify_guest)
    monkeypatch.setattr(azure, "verify_guest", once)

    def verify(parts: dict[str, bytes]) -> Claims:
        return azure.verify(
            Evidence(azure.KIND, parts), endorsements, ROOTS, SUMMER_2025
        )

    parts = dict(genoa(read).parts)
    assert accepted(lambda: verify(parts))
    assert flip_all(parts, 10_000, verify) == {}
