"""Evidence that real machines signed: where it is, when it was good, its roots.

The files are not ours to copy; they stand beside the vectors, with what a
verifier must answer for each in `expected.json`.
"""

from __future__ import annotations

import calendar
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Claims, Root, RootSet

#: The makers' roots, by the SHA-256 of their certificates.
ROOTS = RootSet(
    tuple(
        Root(name, family, bytes.fromhex(digest), "hardware-tee")
        for name, family, digest in (
            (
                "Intel SGX Root CA",
                "intel-sgx",
                "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
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
)


#: Orders of the groups, SEC 2, sections 2.4.2 and 2.5.1.
P256_ORDER = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
P384_ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffff"
    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    16,
)


def twin(signature: bytes, order: int) -> bytes:
    """The other ECDSA signature that verifies wherever this one does."""
    half = len(signature) // 2
    s = order - int.from_bytes(signature[half:], "big")
    return signature[:half] + s.to_bytes(half, "big")


def folder(vectors: Path) -> Path:
    """Where the recorded evidence is; skips, saying so, where it is not."""
    found = vectors.parent / "fixtures" / "attestation"
    if not (found / "expected.json").is_file():
        pytest.skip("no recorded evidence beside the vectors")
    return found


def expected(place: Path, *kinds: str) -> dict[str, dict[str, Any]]:
    """What `expected.json` says of evidence of these kinds."""
    every = json.loads((place / "expected.json").read_bytes())
    return {name: entry for name, entry in every.items() if entry["kind"] in kinds}


def moment(text: str) -> int:
    """Unix seconds of a date, with or without a time of day."""
    form = "%Y-%m-%dT%H:%M:%S" if "T" in text else "%Y-%m-%d"
    return calendar.timegm(time.strptime(text, form))


def rule_of(verify: Callable[[], Claims]) -> str:
    """The rule by which this is refused."""
    with pytest.raises(EvidenceInvalid) as caught:
        verify()
    return str(caught.value.detail["rule"])


def how_many(short: int, long: int) -> int:
    """How many flips: a sample, or all that we promise in the long form."""
    return long if os.environ.get("PRIVSHARE_LONG") == "1" else short


def flips(data: bytes, count: int, seed: str) -> Iterator[tuple[int, bytes]]:
    """Copies of the data with one bit flipped: the bit's number, the copy.

    Without repetition, spread over the whole; the same for the same seed.
    """
    bits = len(data) * 8
    chosen = random.Random(seed).sample(range(bits), min(count, bits))
    for bit in sorted(chosen):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit, bytes(changed)
