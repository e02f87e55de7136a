"""A column that lies on several machines: encrypted and summed by Dask.

Two worker processes of a local cluster hold four parts of a column of taxes.
They encrypt their parts, add them up by district, and the private key opens
the totals, which are what pandas says.

    python examples/05_dask.py [--rows 200000]       needs privshare[dask]
"""

from __future__ import annotations

import argparse
import time
from decimal import Decimal

import numpy as np
import pandas as pd
from dask.distributed import Client, LocalCluster

from privshare.schemes.paillier import PaillierPrivateKey
from privshare.sdk import distributed

PARTS = 4
DISTRICTS = ("centre", "east", "north", "west")


def taxes(rows: int) -> pd.DataFrame:
    """Made up, the same in each run."""
    draw = np.random.default_rng(2026)
    return pd.DataFrame(
        {
            "district": draw.choice(DISTRICTS, rows),
            "tax_cents": draw.integers(0, 5_000_000, rows),
        }
    )


def main() -> None:
    """Encrypt, add, open, compare."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--rows", type=int, default=200_000)
    rows = reader.parse_args().rows
    table = taxes(rows)
    parts = [table.iloc[part] for part in np.array_split(np.arange(rows), PARTS)]
    private = PaillierPrivateKey.generate(2048)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        started = time.perf_counter()
        column = distributed.encrypt(
            client,
            private.public,
            [part["tax_cents"].to_numpy() for part in parts],
            by=[part["district"].to_numpy() for part in parts],
            bound=5_000_000,
        )
        encrypted = time.perf_counter()
        groups = column.groupby_sum()
        total = private.decrypt(groups)
        opened = time.perf_counter()
    expected = table.groupby("district")["tax_cents"].sum()
    if {name: int(total[name]) for name in total} != dict(expected):
        raise SystemExit("expected what pandas says, found something else")
    print(f"{column!r} on two workers")
    print(
        f"encrypted in {encrypted - started:.2f} s, added in {opened - encrypted:.2f} s"
    )
    for name in sorted(total):
        print(f"  {name:8}{Decimal(int(total[name])) / 100:>18,.2f}")
    print("pandas says the same")


if __name__ == "__main__":
    main()
