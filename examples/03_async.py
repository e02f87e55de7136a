"""Two questions at once, with `await`.

A housing bureau's analyst asks the tax bureau for the sum of a column and for
its mean. Both jobs run side by side; the program waits for the two together,
which takes about as long as the slower of them.

    python examples/03_async.py
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import privshare as ps
from privshare.demo.cluster import Cluster
from privshare.demo.scene import PURPOSE, K, Scene, made_up

ROWS = 120


async def ask(cluster: Cluster, scene: Scene) -> None:
    """Ask for a right, then put two questions under it at once."""
    total = scene.total
    housing = cluster.members["housing"]
    net = await ps.connect_async(
        housing.url,
        key=housing.people["analyst"],
        passphrase=cluster.passphrase,
        trust=cluster.trust,
    )
    async with net:
        deeds = await net[total.bureau.name]
        right = await deeds.request(
            purpose=PURPOSE,
            operations=["sum", "mean"],
            columns=[total.column],
            by=[total.by],
            k=K,
        )
        await asyncio.gather(
            right.wait(60), asyncio.to_thread(approve, cluster, right.id)
        )

        begun = time.monotonic()
        sums, means = await asyncio.gather(
            ps.sum(deeds, total.column, by=total.by).run(),
            ps.mean(deeds, total.column, by=total.by).run(),
        )
        took = time.monotonic() - begun

    print(sums, means, sep="\n\n")
    for group, (count, truth) in total.groups().items():
        if count < K:
            assert group in sums.suppressed and group in means.suppressed
        else:
            assert sums[group] == truth
            assert means[group] == round(truth / count, 8)  # half to even
    for result in (sums, means):
        assert result.receipt.verify().outcome == "valid"
    print(f"\nBoth answers in {took:.1f} s, each with a valid receipt.")


def approve(cluster: Cluster, grant: str) -> None:
    """Let the tax bureau's steward say yes; he uses the blocking client."""
    with cluster.connect("tax", "steward") as net:
        deadline = time.monotonic() + 60
        while grant not in {one.id for one in net.grants()}:
            assert time.monotonic() < deadline, "the request did not arrive"
            time.sleep(0.1)
        net.grant(grant).approve()


def main() -> None:
    """Start three bureaus, publish, ask."""
    scene = made_up(ROWS)
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder) / "nodes", ["title", "housing", "tax"]) as cluster,
    ):
        cluster.build([("tax", "steward"), ("housing", "analyst")])
        cluster.start()
        tax = scene.total.bureau
        with cluster.connect("tax", "steward") as steward:
            steward.publish(
                tax.data,
                tax.dataset,
                title=tax.title,
                key=tax.key,
                policy=scene.policy(tax),
            )
        asyncio.run(ask(cluster, scene))


if __name__ == "__main__":
    main()
