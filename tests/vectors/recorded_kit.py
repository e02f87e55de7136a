"""Recorded evidence: where it is, AMD's roots, and flips of bits."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.jobs.attestation import sev_snp
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    Root,
    RootSet,
)

Read = Callable[[str], bytes]

#: SHA-256 of AMD's roots, of which the fixtures' README gives the first.
ROOTS = RootSet(
    tuple(
        Root(
            f"AMD ARK {product}",
            f"amd-{product.lower()}",
            bytes.fromhex(digest),
            "hardware-tee",
        )
        for product, digest in (
            (
                "Milan",
                "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
            ),
            (
                "Genoa",
                "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
            ),
            (
                "Turin",
                "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
            ),
        )
    )
)


def instant(day: str) -> int:
    """Unix seconds of a day's start."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


SUMMER_2025 = instant("2025-06-01")


def folder(vectors: Path) -> Path:
    """The folder of recorded evidence; skip, saying so, where it is absent."""
    found = vectors.parent / "fixtures" / "attestation"
    if not found.is_dir():
        pytest.skip("no test vectors fixtures/attestation")
    return found


def reader(vectors: Path) -> Read:
    """Read one file of them."""
    found = folder(vectors)
    return lambda name: (found / name).read_bytes()


def snp(read: Read, report: str, vek: str, chain: str, at: int) -> Claims:
    """Verify a recorded report."""
    return sev_snp.verify(
        Evidence("sev-snp", {"report": read(f"snp/{report}.bin")}),
        Endorsements({"vek": read(f"snp/{vek}"), "chain": read(f"snp/{chain}.pem")}),
        ROOTS,
        at,
    )


def accepted(verify: Callable[[], Claims]) -> bool:
    """Whether it is accepted; refused in another way than evidence is an error."""
    try:
        verify()
    except (EvidenceInvalid, EncodingError, OutOfRange):
        return False
    return True


def flip_all(
    parts: dict[str, bytes], count: int, verify: Callable[[dict[str, bytes]], Claims]
) -> dict[str, list[int]]:
    """Flip `count` bits over all parts (the long form: each), list the accepted."""
    places = [
        (name, bit) for name, data in parts.items() for bit in range(8 * len(data))
    ]
    if os.environ.get("PRIVSHARE_LONG") != "1":
        places = random.Random(5).sample(places, min(count, len(places)))
    found: dict[str, list[int]] = {}
    for name, bit in places:
        raw = bytearray(parts[name])
        raw[bit // 8] ^= 1 << bit % 8
        altered = parts | {name: bytes(raw)}
        if accepted(lambda altered=altered: verify(altered)):
            found.setdefault(name, []).append(bit)
    return found
