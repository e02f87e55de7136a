"""A report that an H100 signed: its registers, and every refusal.

Single-bit flips: none is accepted. Nothing of report or chain is ignored, but
whether a newline ends the chain's file.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from chain_kit import verify_report
from machine_kit import (
    P384_ORDER,
    ROOTS,
    flips,
    folder,
    how_many,
    moment,
    rule_of,
    twin,
)

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Claims, RootSet

AT = moment("2025-06-01")
NONCE = "931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb"


class Recorded:
    """The report of the fixtures, and how to ask about it."""

    def __init__(self, place: Path) -> None:
        text = (place / "gpu" / "hopper_report.txt").read_text().strip()
        self.report = bytes.fromhex(text)
        self.chain = (place / "gpu" / "hopper_cert_chain.txt").read_bytes()

    def verify(
        self,
        report: bytes | None = None,
        chain: bytes | None = None,
        roots: RootSet = ROOTS,
        at: int = AT,
    ) -> Claims:
        return verify_report(report or self.report, chain or self.chain, roots, at)


@pytest.fixture(scope="module")
def case(vectors: Path) -> Recorded:
    return Recorded(folder(vectors))


def test_the_report_is_verified(case: Recorded) -> None:
    """Nonce, 64 measurements, versions; and that it does not suffice."""
    claims = case.verify()
    assert claims.report_data == bytes.fromhex(NONCE)
    assert claims.kind == "nvidia-gpu"
    assert claims.root.name == "NVIDIA Device Identity CA"
    assert claims.values["driver_version"] == "550.90.07"
    assert claims.values["submodule_only"] is True
    measured = [name for name in claims.values if name.startswith("measurement.")]
    assert measured == [f"measurement.{n}" for n in range(1, 65)]
    assert claims.identity == sha256(case.report[:-96]).digest()


def test_another_nonce_is_refused(case: Recorded) -> None:
    """Written into the report, it breaks the signature."""
    changed = case.report.replace(bytes.fromhex(NONCE), bytes(32))
    assert changed != case.report
    assert rule_of(lambda: case.verify(changed)) == "nvidia.signature"


def test_a_broken_signature_is_refused(case: Recorded) -> None:
    """Zeros, the halves swapped, one byte less."""
    signed, signature = case.report[:-96], case.report[-96:]
    for other in (bytes(96), signature[48:] + signature[:48]):
        assert rule_of(lambda o=other: case.verify(signed + o)) == "nvidia.signature"
    assert rule_of(lambda: case.verify(case.report[:-1])) == "nvidia.report"
    assert rule_of(lambda: case.verify(case.report + b"\0")) == "nvidia.report"


def test_a_chain_cut_or_reordered_is_refused(case: Recorded) -> None:
    """Fail closed: each of the five certificates removed; two swapped."""
    begin = b"-----BEGIN"
    links = [begin + text for text in (case.chain + b"\n").split(begin)[1:]]
    assert len(links) == 5
    for at in range(5):
        less = b"".join(links[:at] + links[at + 1 :])
        assert rule_of(lambda c=less: case.verify(chain=c)) == "nvidia.chain"
    swapped = b"".join([links[1], links[0], *links[2:]])
    assert rule_of(lambda: case.verify(chain=swapped)) == "nvidia.authority"
    twice = b"".join([links[0], *links[:4]])
    assert rule_of(lambda: case.verify(chain=twice)) == "root.unknown"


def test_time_and_root_are_arguments(case: Recorded) -> None:
    """Before the newest certificate, and without NVIDIA's root."""
    early = case.verify().not_before - 1
    assert rule_of(lambda: case.verify(at=early)) == "nvidia.not-yet-valid"
    others = RootSet(tuple(r for r in ROOTS.roots if r.family != "nvidia"))
    assert rule_of(lambda: case.verify(roots=others)) == "root.unknown"


def test_no_flipped_bit_of_the_report_is_accepted(case: Recorded) -> None:
    """The map of ignorable bits of a report is empty."""
    for bit, changed in flips(case.report, how_many(300, 10_000), "report"):
        with pytest.raises(EvidenceInvalid):
            case.verify(changed)
            raise AssertionError(f"bit {bit} is ignored")


def test_no_flipped_bit_of_the_chain_is_accepted(case: Recorded) -> None:
    """Armour, certificates, the copy of the root: every bit counts."""
    for bit, changed in flips(case.chain, how_many(300, 10_000), "chain"):
        with pytest.raises(EvidenceInvalid):
            case.verify(chain=changed)
            raise AssertionError(f"bit {bit} is ignored")


def test_the_twin_of_a_signature_changes_no_identity(case: Recorded) -> None:
    """ECDSA has two signatures for one; replay is told by what was signed."""
    other = twin(case.report[-96:], P384_ORDER)
    assert case.verify(case.report[:-96] + other) == case.verify()


def test_a_newline_at_the_end_changes_nothing(case: Recorded) -> None:
    """The recorded file has none; identity is of the report."""
    assert case.verify(chain=case.chain + b"\n") == case.verify()
