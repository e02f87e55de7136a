"""Evidence: how long it takes to verify, and on a TPM in software to make.

    python bench/evidence.py

Milliseconds on the clock. Verification is warm: the first one also loads
libraries. The TPM is swtpm on loopback; a TPM of hardware takes longer for its
quote (a signature on a slow processor), and its verification takes the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import machine

Row = tuple[str, float]


def median_ms(call: Callable[[], object], runs: int) -> float:
    """The median of some runs, after one that does not count."""
    call()
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        found.append(1e3 * (time.perf_counter() - began))
    return statistics.median(found)


def once_ms(call: Callable[[], object]) -> float:
    """One run."""
    began = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - began)


def tpm() -> list[Row]:
    """swtpm from manufacture to verdict."""
    from privshare.demo.software_tpm import available, start
    from privshare.jobs.attestation.collect.tpm_device import TpmCollector, enrol
    from privshare.jobs.attestation.evidence import Root, RootSet
    from privshare.jobs.attestation.tpm import verify
    from privshare.schemes.keys import SigningKey

    if not available() or importlib.util.find_spec("tpm2_pytss") is None:
        return [("tpm2: not measured, swtpm or tpm2-pytss is missing", 0.0)]
    key, at, report = SigningKey.generate(), int(time.time()), bytes(32)
    enroller = hashlib.sha256(key.verify_key.raw).digest()
    whole = began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        start(Path(folder) / "tpm") as running,
    ):
        made = 1e3 * (time.perf_counter() - began)
        known = Root("an enroller", "tpm-enroller", enroller, "software")
        roots = RootSet((running.root, known))
        began = time.perf_counter()
        with TpmCollector(running.tcti) as collector:
            connected = 1e3 * (time.perf_counter() - began)
            began = time.perf_counter()
            endorsements = enrol(collector, key, running.chain, roots, at)
            enrolled = 1e3 * (time.perf_counter() - began)
            measured = once_ms(lambda: collector.measure(bytes(32), "a module"))
            evidence = collector.collect(report)
            first = once_ms(lambda: verify(evidence, endorsements, roots, at))
            total = 1e3 * (time.perf_counter() - whole)
            quote = median_ms(lambda: collector.collect(report), 100)
            verified = median_ms(lambda: verify(evidence, endorsements, roots, at), 100)
    size = sum(len(data) for data in evidence.parts.values())
    return [
        ("tpm2: manufacture and start swtpm", made),
        ("tpm2: connect, make the attestation key", connected),
        ("tpm2: enrol, with credential activation", enrolled),
        ("tpm2: extend a register", measured),
        ("tpm2: quote and registers", quote),
        ("tpm2: verify, the first time", first),
        ("tpm2: verify", verified),
        ("tpm2: all of it, once", total),
        (f"tpm2: evidence, {size} bytes", 0.0),
    ]


MEASURES: tuple[Callable[[], list[Row]], ...] = (tpm,)


def main() -> None:
    """Print one line a measurement."""
    print(machine.describe())
    for measure in MEASURES:
        print()
        for name, milliseconds in measure():
            print(f"{name:<48}{milliseconds:>10.2f}" if milliseconds else name)


if __name__ == "__main__":
    main()
