"""A regression over two agencies' columns, which no machine sees.

The tax office knows what people earn, the land registry what their homes are like.
Both sorted their rows by the same citizens. Three nodes, of the tax office, of the
registry and of the registrar, compute on pieces of these columns: each has two
pieces of three, which are random numbers. The coefficients come with a receipt, and
beside them stands what the plain columns give.

The machines are simulated and protect nothing: the example shows the protocol.

    python examples/11_regression_on_shares.py
"""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from privshare.demo.cluster import HOST, Cluster
from privshare.demo.trio import TRUST_CLASS, Trio
from privshare.errors import EvidenceInvalid, NotFound

PURPOSE = "housing-policy"
ROWS = 300
RULE = {
    "automatic": True,
    "confirmations": 0,
    "effect": "permit",
    "grantees": ["*"],
    "group_by": [],
    "id": "regressions",
    "max_budget": 0,
    "max_days": 60,
    "max_delegable": 0,
    "max_uses": 90,
    "min_k": 10,
    "obligations": [],
    "operations": ["run"],
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


def main() -> None:
    """Publish, list, ask, compute, compare, verify."""
    draw = random.Random(11)
    area = [draw.randint(30, 200) for _ in range(ROWS)]
    age = [draw.randint(0, 90) for _ in range(ROWS)]
    wage = [
        1_000 + 9 * a - 4 * b + draw.randint(-50, 50)
        for a, b in zip(area, age, strict=True)
    ]
    homes = "citizen,area,age\n" + "".join(
        f"c-{i:04},{area[i]},{age[i]}\n" for i in range(ROWS)
    )
    wages = "citizen,wage\n" + "".join(f"c-{i:04},{wage[i]}\n" for i in range(ROWS))

    trio = Trio((HOST, "tax", "title"))
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder) / "nodes", ["title", "housing", "tax"]) as cluster,
    ):
        everybody = ("housing", "analyst"), ("title", "steward"), ("tax", "steward")
        cluster.build([*everybody, (HOST, "operator")])
        trio.equip(cluster)  # three nodes get simulated machines
        cluster.start()
        tax, title = (cluster.connect(one, "steward") for one in ("tax", "title"))

        # The program is listed once more than half of the agencies approved it.
        operator = cluster.connect(HOST, "operator")
        listed = operator.programs.propose("mpc.linear_regression")
        code, program = listed.str("code"), listed.str("program")
        for steward in (tax, title):
            soon(steward.programs.approve, code)
            steward.programs.set_policy(trio.policy_for(code))
        for owner, name, data, columns in (
            (tax, "wages", wages, ["wage"]),
            (title, "homes", homes, ["age", "area"]),
        ):
            rule = {**RULE, "columns": columns, "programs": [program]}
            policy = {
                "dataset": f"{owner.agency}/{name}",
                "default": "prohibit",
                "rules": [rule],
                "v": 1,
            }
            owner.publish(data.encode(), name, title=name, key="citizen", policy=policy)

        with cluster.connect("housing", "analyst", roots=trio.roots) as net:
            for name, columns in (
                ("tax/wages", ["wage"]),
                ("title/homes", ["age", "area"]),
            ):
                wish = soon(net.dataset, name).request(
                    purpose=PURPOSE,
                    operations=["run"],
                    columns=columns,
                    k=10,
                    programs=[program],
                )
                wish.wait(30)
            query = net.mpc.linreg(
                y="tax/wages.wage",
                X=["title/homes.area", "title/homes.age"],
                aligned_by="citizen",
                bounds={"y": (0, 10_000), "area": (0, 500), "age": (0, 150)},
                nodes=trio.nodes,
            )
            print(query.explain())
            print(query.estimate())
            job = query.submit()
            try:
                query.result_of(job)  # nobody named the class of a test machine
            except EvidenceInvalid as refused:
                print(f"without naming its class: {refused.message}")
            else:
                raise SystemExit("test machines were taken for real ones")
            result = query.result_of(job, accept=(TRUST_CLASS,))

        print(result)
        design = np.column_stack([np.ones(ROWS), area, age])
        plain = np.linalg.lstsq(design, np.array(wage), rcond=None)[0]
        print("plain columns give", [f"{one:.6f}" for one in plain])
        verdict = result.receipt.verify()
        print(verdict.report())
        assert verdict.outcome == "valid"
        return result.value, plain


if __name__ == "__main__":
    main()
