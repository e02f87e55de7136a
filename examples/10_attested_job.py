"""A program runs on a machine that proves what it is, before any data is released.

Three agencies run nodes on this computer. They list the program `group`: more than
half of them approve its digest. The tax office says, in a policy of its own, which
machines it accepts. When housing asks, the registrar's machine shows evidence; the
tax office's node verifies and appraises it, and only then seals its rows to the key
that the evidence holds. The result comes with a receipt that repeats all of it.

The machine is a TPM in software where swtpm is installed, or else a simulated one.
Neither protects anything: the example shows the protocol, and that nobody takes such
a machine for a real one by accident.

    python examples/10_attested_job.py
"""

from __future__ import annotations

import csv
import io
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import privshare as ps
from privshare.audit.verifier import verify
from privshare.demo.attested import Machine, policy_for
from privshare.demo.cluster import HOST, Cluster
from privshare.demo.scene import PURPOSE, K, made_up
from privshare.errors import EvidenceInvalid, NotFound


def soon(what, *arguments):
    """Do what another agency's node may not have heard of yet."""
    for _ in range(100):
        try:
            return what(*arguments)
        except NotFound:
            time.sleep(0.05)
    raise SystemExit("it did not arrive")


def main() -> None:
    """List, set a policy, ask, run, refuse, verify."""
    scene, machine = made_up(200), Machine()
    deeds = scene.total.bureau
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(machine),
        Cluster(Path(folder) / "nodes", ["title", "housing", "tax"]) as cluster,
    ):
        everybody = ("housing", "analyst"), ("title", "steward"), ("tax", "steward")
        cluster.build([*everybody, (HOST, "operator")])
        machine.equip(cluster)  # the registrar's node gets a machine
        cluster.start()
        print(f"the machine is {machine.words}")

        tax, title = (cluster.connect(one, "steward") for one in ("tax", "title"))
        rules = scene.policy(
            deeds
        )  # for this purpose, with this program, k at least 10
        tax.publish(
            deeds.data, deeds.dataset, title=deeds.title, key=deeds.key, policy=rules
        )

        # The program is listed once more than half of the agencies approved it.
        code = cluster.connect(HOST, "operator").programs.propose("group").str("code")
        for steward in (tax, title):
            soon(steward.programs.approve, code)
        tax.programs.set_policy(policy_for(machine))  # which machines tax accepts

        with cluster.connect("housing", "analyst", roots=machine.roots) as net:
            dataset = soon(net.dataset, deeds.name)
            wish = dataset.request(
                purpose=PURPOSE,
                operations=["run"],
                columns=["tax_paid"],
                by=["district"],
                k=K,
                programs=[code],
            )
            soon(lambda: tax.grant(wish.id).approve())
            wish.wait(30)

            query = ps.program(
                "group",
                dataset,
                columns=["tax_paid"],
                by=["district"],
                parameters={
                    "by": ["district"],
                    "columns": ["tax_paid"],
                    "extremes": False,
                },
                runner=HOST,  # whose machine runs it
            )
            print(query.explain())
            job = query.submit()
            try:
                query.result_of(job)  # nobody named the class of a test machine
            except EvidenceInvalid as refused:
                print(f"without naming its class: {refused.message}")
            else:
                raise SystemExit("a test machine was taken for a real one")
            result = query.result_of(job, accept=(machine.trust_class,))

        print(f"trust class {result.trust_class}, vouched for by {result.root}")
        plain: dict[str, list[Decimal]] = {}
        for row in csv.DictReader(io.StringIO(deeds.data.decode())):
            if row["tax_paid"]:
                plain.setdefault(row["district"], []).append(Decimal(row["tax_paid"]))
        for group in result.value["groups"]:
            (district,) = group["key"]
            total = Decimal(group["columns"]["tax_paid"]["sum"])
            assert total == sum(plain[district])
            print(f"{district:16} {total:>16,}")

        # An auditor with the makers' roots alone takes no machine of this kind.
        trial = result.receipt.verify()
        data, now = bytes(result.receipt), int(time.time())
        alone = verify(data, cluster.trust, now)
        print(trial.report())
        assert (trial.outcome, alone.outcome) == ("valid", "invalid")


if __name__ == "__main__":
    main()
