"""The group ristretto255 and what is proved over it, beside others.

    python bench/proofs.py

Microseconds of processor time on one core, the best of some runs: the core's
own operations (`make -C native bench`), then proofs through the Python API.
libsodium runs here, in an environment of its own. The columns of dalek and
Monero are RESTATED: measured on 2026-11-22 on another machine (AMD EPYC, Zen
5, which multiplies twice as many lanes a cycle), not in this run.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import machine
import range_proof
import ring
from peers.environments import HERE, LIBSODIUM, python_of, set_up
from peers.timing import best, pin

from privshare.bindings.hash import backend_name
from privshare.schemes.range_proof import verify_batch
from privshare.schemes.ring_signature import verify_many

NATIVE = Path(__file__).resolve().parents[1] / "native"
Figures = dict[tuple[str, int], float]

# name, operation and count in native/bench/group.c, dalek 4.2.0 IFMA, Monero
GROUP = (
    ("multiply", "mul", 1, 10.7, 57.0),
    ("multiply, of 8", "mul", 8, None, None),
    ("multiply public", "mul_vartime", 1, None, None),
    ("two public terms", "mul_two_vartime", 1, 9.4, 49.0),
    ("two public terms, of 8", "mul_two_vartime", 8, None, None),
    ("fixed base", "table_mul", 1, 7.9, 17.0),
    ("fixed base, of 8", "table_mul", 8, None, None),
    ("decode", "decode", 1, 2.9, 4.0),
    ("decode, of 8", "decode", 8, None, None),
    ("encode", "encode", 1, None, None),
    ("encode, of 8", "encode", 8, None, None),
    ("from uniform bytes, of 8", "from_uniform", 8, None, None),
    ("secret sum of 64", "msm", 64, None, None),
    ("secret sum of 1,024", "msm", 1024, None, None),
    ("sum of 8", "msm_vartime", 8, None, None),
    ("sum of 64", "msm_vartime", 64, None, None),
    ("sum of 128", "msm_vartime", 128, 312.0, None),
    ("sum of 1,024", "msm_vartime", 1024, 1380.0, None),
    ("sum of 4,096", "msm_vartime", 4096, 5100.0, None),
)


def core(backend: str) -> Figures:
    """What native/bench/group.c says, in microseconds."""
    program = NATIVE / "build" / "gcc-O2" / "bench" / "group"
    subprocess.run(
        ["make", "-s", "-C", NATIVE, program.relative_to(NATIVE)], check=True
    )
    lines = subprocess.run(
        [program, backend], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return {(name, int(count)): float(ns) / 1e3 for name, count, ns in rows}


def libsodium() -> dict[str, float]:
    """Nothing when it is not there; why is printed."""
    reason = set_up(LIBSODIUM)
    if not reason:
        done = subprocess.run(
            [python_of(LIBSODIUM), HERE / "with_libsodium.py", "0"],
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.returncode:
            name, figures = json.loads(done.stdout.splitlines()[-1])
            print(f"beside: {name}")
            return dict(figures)
        reason = (done.stderr.strip().splitlines() or ["gave no figures"])[-1]
    print(f"absent: libsodium ({reason})")
    return {}


def cell(value: float | None) -> str:
    return f"{'-':>12}" if value is None else f"{value:>12.2f}"


def group() -> None:
    """One row an operation."""
    lanes, plain, sodium = core("best"), core("portable"), libsodium()
    heads = (backend_name(), "portable", "libsodium", "dalek *", "Monero *")
    print(f"\n{'':26}" + "".join(f"{head:>12}" for head in heads))
    for name, operation, count, dalek, monero in GROUP:
        mine, other = lanes[operation, count], plain[operation, count]
        peer = sodium.get(name.removesuffix(", of 8"))
        cells = (mine, other, peer, dalek, monero)
        print(f"{name:26}" + "".join(map(cell, cells)), flush=True)


def proofs() -> None:
    """One row a proof, ours beside what is restated."""
    one = range_proof.Made(64, 1)
    many = [range_proof.Made(64, 1) for _ in range(64)]
    small, large = ring.Made("lsag", 16), ring.Made("one-of-many", 1024)
    claims = [
        ring.Claim(large.sign(), ring.MESSAGE, ring.SCOPE, ring.CONTEXT)
        for _ in range(64)
    ]
    rows = (
        ("prove 64 bits", one.prove, 1, 3120.0, 11_700.0),
        ("verify 64 bits", one.verify, 1, 433.0, 1_950.0),
        (
            "verify 64 bits, of 64",
            lambda: verify_batch([made.claim() for made in many]),
            64,
            None,
            360.0,
        ),
        ("sign among 16", small.sign, 1, None, None),
        ("verify among 16", small.verify, 1, None, 2_360.0),
        ("sign among 1,024", large.sign, 1, None, None),
        ("verify among 1,024", large.verify, 1, None, None),
        (
            "verify among 1,024, of 64",
            lambda: verify_many(claims, large.ring),
            64,
            None,
            None,
        ),
    )
    print(f"\n{'':26}{'ours':>12}{'dalek *':>12}{'Monero *':>12}")
    for name, work, units, dalek, monero in rows:
        mine = best(work, units, 5)
        cells = (mine, dalek, monero)
        print(f"{name:26}" + "".join(map(cell, cells)), flush=True)
    print("\n* restated, from a machine with two products of eight lanes a cycle")


def main() -> None:
    """Print the machine, the group, the proofs."""
    pin()
    print(machine.describe())
    print(f"PRIVSHARE_PORTABLE={os.environ.get('PRIVSHARE_PORTABLE', '')}")
    group()
    proofs()


if __name__ == "__main__":
    main()
