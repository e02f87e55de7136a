"""Recorded evidence: how long it takes to verify what machines signed.

    PRIVSHARE_VECTORS=../shared python bench/evidence_recorded.py

Processor time in milliseconds, the median of some runs; the first column is
the very first verification, which also loads libraries. The simulated machine
signs its evidence here.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import machine

from privshare.jobs.attestation.evidence import (
    Endorsements,
    Evidence,
    Root,
    RootSet,
)

RUNS = 50
ROOTS = RootSet(
    tuple(
        Root(family, family, bytes.fromhex(digest), "hardware-tee")
        for family, digest in (
            (
                "intel-sgx",
                "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
            ),
            (
                "aws-nitro",
                "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b",
            ),
            (
                "nvidia",
                "102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48",
            ),
        )
    )
)
QUOTES = (
    "sgx/quote_v3.bin",
    "tdx/quote_v4_td10.bin",
    "tdx/quote_v4_rtmr3.bin",
    "tdx/quote_v5_td15.bin",
)
DOCUMENTS = ("nitro/doc_release_nonce_2022.cbor", "nitro/doc_release_2025.cbor")

Case = tuple[str, Callable[[], object]]


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def timed(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return 1e3 * (time.process_time() - began)


def cases(place: Path) -> Iterator[Case]:
    """What is verified, each ready to call."""
    from privshare.jobs.attestation import intel, nitro, nvidia, simulated
    from privshare.simulation.simulator import Simulator

    entries = json.loads((place / "expected.json").read_bytes())
    for name in QUOTES:
        entry = entries[name]
        quote = Evidence(entry["kind"], {"quote": (place / name).read_bytes()})
        collateral = Endorsements(
            {"collateral": (place / entry["collateral"]).read_bytes()}
        )
        at = seconds(entry["verify_at"])
        yield name, lambda q=quote, c=collateral, t=at: intel.verify(q, c, ROOTS, t)
    nothing = Endorsements({})
    for name in DOCUMENTS:
        document = Evidence("aws-nitro", {"document": (place / name).read_bytes()})
        at = seconds(entries[name]["verify_at"])
        yield name, lambda d=document, t=at: nitro.verify(d, nothing, ROOTS, t)
    report = Evidence(
        "nvidia-gpu",
        {
            "report": bytes.fromhex((place / "gpu/hopper_report.txt").read_text()),
            "chain": (place / "gpu/hopper_cert_chain.txt").read_bytes(),
        },
    )
    at = seconds("2025-06-01")
    yield "gpu/hopper_report.txt", lambda: nvidia.verify(report, nothing, ROOTS, at)
    simulator = Simulator(clock=lambda: at)
    roots, said = RootSet((simulator.root,)), simulator.collect(bytes(64))
    yield "simulated", lambda: simulated.verify(said, nothing, roots, at)


def main() -> None:
    """Print one line a piece of evidence."""
    place = Path(os.environ["PRIVSHARE_VECTORS"]) / "fixtures" / "attestation"
    print(machine.describe())
    print(f"\n{'':<40}{'first':>10}{'then':>10}")
    for name, call in cases(place):
        first = timed(call)
        then = statistics.median(timed(call) for _ in range(RUNS))
        print(f"{name:<40}{first:>10.2f}{then:>10.2f}")


if __name__ == "__main__":
    main()
