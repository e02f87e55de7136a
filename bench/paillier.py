"""Paillier on one core: both our code paths, beside phe with gmpy2.

    python bench/paillier.py [bits ...]

Every figure is CPU time for one number, the best of some runs, of a vector of
1,024 through the Python API, conversions included; phe, which has no vectors,
runs a loop over fewer. Ratios of one run compare; a shared machine moves
absolute figures. The portable path runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

VECTOR = 1024
PHE_LOOP = 32
Row = dict[str, float]
OPERATIONS = ("key pair, ms", "encrypt", "decrypt", "recover m and r", "sum, a term")


def processor() -> str:
    """Its name, and whether it has the instructions that matter."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in text.splitlines()
        if ":" in line
    )
    family = f"family {fields.get('cpu family')} model {fields.get('model')}"
    ifma = "IFMA" if "avx512ifma" in fields.get("flags", "") else "no IFMA"
    return f"{fields.get('model name')} ({family}, {ifma})"


def best(work: Callable[[], object], runs: int, units: int) -> float:
    """Microseconds of CPU a unit, in the quickest run."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1e6 * min(times) / units


def mean_ms(work: Callable[[], object], runs: int) -> float:
    """Milliseconds on average: a search for primes varies."""
    started = time.process_time()
    for _ in range(runs):
        work()
    return 1e3 * (time.process_time() - started) / runs


def ours(bits: int) -> Row:
    """Our path, whichever this process has chosen."""
    from privshare.bindings import paillier as native
    from privshare.schemes.paillier import PaillierPublicKey

    p, q = native.generate(bits, secrets.token_bytes)
    public = PaillierPublicKey(p * q)
    values = [secrets.randbelow(2**53) - 2**52 for _ in range(VECTOR)]
    ciphertexts = public.encrypt_batch(values)
    with native.PrivateCore(p, q) as private:
        opened = private.decrypt_batch(ciphertexts)
        if opened != [value % public.n for value in values]:
            raise SystemExit("expected the values back, found others")
        return {
            "key pair, ms": mean_ms(
                lambda: native.generate(bits, secrets.token_bytes), 6
            ),
            "encrypt": best(lambda: public.encrypt_batch(values), 2, VECTOR),
            "decrypt": best(lambda: private.decrypt_batch(ciphertexts), 2, VECTOR),
            "recover m and r": best(
                lambda: private.recover_batch(ciphertexts), 2, VECTOR
            ),
            "sum, a term": best(lambda: public.sum(ciphertexts), 10, VECTOR),
        }


def beside(bits: int) -> Row:
    """The same with phe."""
    from phe import paillier as phe

    public, private = phe.generate_paillier_keypair(n_length=bits)
    values = [secrets.randbelow(2**53) - 2**52 for _ in range(PHE_LOOP)]
    numbers = [public.encrypt(value) for value in values]
    many = numbers * (VECTOR // PHE_LOOP)
    return {
        "key pair, ms": mean_ms(
            lambda: phe.generate_paillier_keypair(n_length=bits), 6
        ),
        "encrypt": best(lambda: [public.encrypt(x) for x in values], 2, PHE_LOOP),
        "decrypt": best(lambda: [private.decrypt(x) for x in numbers], 2, PHE_LOOP),
        "sum, a term": best(lambda: sum(many[1:], many[0]), 3, VECTOR),
    }


def measured(kind: str, bits: int, portable: bool) -> tuple[str, Row]:
    """A row from a process of its own, pinned to one core."""
    done = subprocess.run(
        [sys.executable, __file__, "--row", kind, str(bits)],
        env={**os.environ, "PRIVSHARE_PORTABLE": str(int(portable))},
        check=True,
        capture_output=True,
        text=True,
    )
    name, row = json.loads(done.stdout)
    return name, row


def row(kind: str, bits: int) -> None:
    """What `measured` starts."""
    from privshare.bindings.hash import backend_name

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if kind == "phe":
        from phe import util

        print(json.dumps(["phe" if util.HAVE_GMP else "phe (slow)", beside(bits)]))
    else:
        print(json.dumps([backend_name(), ours(bits)]))


def table(bits: int) -> None:
    """Microseconds, and how many times as fast as phe."""
    columns = [measured("ours", bits, False), measured("ours", bits, True)]
    peer, reference = measured("phe", bits, False)
    names = "".join(f"{name:>14}{'':8}" for name, _ in columns)
    print(f"\n{f'{bits} bits, us each':20}{names}{peer:>14}")
    for operation in OPERATIONS:
        cells = ""
        other = reference.get(operation)
        for _, figures in columns:
            times = f"{other / figures[operation]:6.1f} x" if other else " " * 8
            cells += f"{figures[operation]:14.2f}{times}"
        cells += f"{other:14.2f}" if other else f"{'-':>14}"
        print(f"{operation:20}{cells}", flush=True)


def main() -> None:
    """Print the machine, then a table for each size."""
    if sys.argv[1:2] == ["--row"]:
        row(sys.argv[2], int(sys.argv[3]))
        return
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(f"{processor()}, one core, load {load}, Python {platform.python_version()}")
    for bits in [int(x) for x in sys.argv[1:]] or [2048, 3072]:
        table(bits)


if __name__ == "__main__":
    main()
