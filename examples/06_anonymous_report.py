"""An official reports a misuse as one of eight; two of three regulators ask who.

Three agencies run nodes on this computer. The housing bureau registers the ring
keys of eight officials, and names the agencies that can find out an author
together. One official signs a report at home and posts it through another
agency's node, without giving a name. A second report of hers in the same scope
is linked to the first; a colleague's is not. Then two regulators read the
report, decide to hear its author, and give their reasons on the ledger. An
auditor checks all of it from two files.

    python examples/06_anonymous_report.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import privshare as ps
from privshare.demo.cluster import Cluster
from privshare.errors import NotFound
from privshare.schemes.ring_key import RingKey
from privshare.sdk.ring import Members
from privshare.wire.canonical import b64u

AGENCIES = ("title", "housing", "tax")
SCOPE = "misuse-2026"


def members(node: str) -> Members:
    """The ring, as soon as this node's copy of the ledger has it."""
    for _ in range(100):
        try:
            return ps.ring.find("housing/officials", node)
        except NotFound:
            time.sleep(0.1)
    raise SystemExit("the ring did not arrive")


def main() -> None:
    """Register, report, link, open, audit."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder) / "nodes", AGENCIES) as cluster,
    ):
        people = [("housing", "steward"), *((a, "regulator") for a in AGENCIES)]
        cluster.build(people)
        cluster.start()
        node = cluster.members["title"].url

        # Each official makes a key of her own and hands over the public part.
        officials = [RingKey.generate() for _ in range(8)]
        with cluster.connect("housing", "steward") as steward:
            steward.rings.register(
                "officials",
                [key.public for key in officials],
                regulators=AGENCIES,
                threshold=2,
            )
        ring = members(node)
        print(f"{ring.name}: {len(ring.ring)} members, epoch {ring.epoch}")

        # Signing happens offline; posting gives no name.
        text = b"Deeds of one family are looked up every evening."
        report = ps.ring.sign(text, SCOPE, ring=ring, key=officials[4])
        posted = ps.ring.post(report, node)
        again = ps.ring.sign("It happened again.", SCOPE, ring=ring, key=officials[4])
        other = ps.ring.sign("I saw it, too.", SCOPE, ring=ring, key=officials[1])
        assert ps.ring.post(again, node).number == 2
        assert ps.ring.post(other, node).number == 1
        assert ps.ring.link(report, again, [ring])
        assert not ps.ring.link(report, other, [ring])
        print(f"statement {posted.id[:8]}: its author's second one was linked to it")

        # One regulator learns nothing; two together learn the key.
        for agency in AGENCIES[:2]:
            with cluster.connect(agency, "regulator") as net:
                for _ in range(100):
                    try:
                        found = net.rings.statement(posted.id).obj("opening")
                    except NotFound:
                        found = None
                    parts = 0 if found is None else len(found.objs("partials"))
                    if found is not None and parts == AGENCIES.index(agency):
                        break
                    time.sleep(0.1)
                assert net.rings.message(posted.id) == text
                done = net.rings.open(posted.id, "heard by the review board")
                print(f"{agency}: {done['missing']} more needed")
                if agency == "title":  # whose node took the report
                    receipt = net.rings.receipt(posted.id, text)
        assert done["member"] == b64u(officials[4].public)
        print(receipt.verify().report())


if __name__ == "__main__":
    main()
