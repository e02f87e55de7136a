"""spu: the intersection of two sets, both sides, in two processes over loopback.

    python join_spu.py rows ecdh|rr22

The receiver learns the identifiers: spu has no count without them.
"""

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from spu import libspu, psi

PORTS = (17_831, 17_832)


def party(rank, rows, protocol, folder, results):
    start = 0 if rank == 0 else rows // 2
    source, target = folder / f"in{rank}.csv", folder / f"out{rank}.csv"
    lines = "".join(f"{i:011d}\n" for i in range(start, start + rows))
    source.write_text("id\n" + lines, encoding="utf-8")
    desc = libspu.link.Desc()
    for i, port in enumerate(PORTS):
        desc.add_party(f"p{i}", f"127.0.0.1:{port}")
    link = libspu.link.create_brpc(desc, rank)
    config = psi.PsiExecuteConfig(
        protocol_conf=psi.PsiProtocolConfig(
            protocol=psi.parse_protocol(f"PROTOCOL_{protocol.upper()}"),
            receiver_rank=0,
            broadcast_result=False,
            ecdh_params=psi.EcdhParams(curve=psi.parse_curve_type("CURVE_25519")),
        ),
        input_params=psi.InputParams(
            path=str(source), selected_keys=["id"], keys_unique=True
        ),
        output_params=psi.OutputParams(path=str(target), disable_alignment=True),
    )
    before = used()
    report = psi.psi_execute(config, link)
    results.put((rank, used() - before, report.intersection_count))
    link.stop_link()
    time.sleep(0.2)


def used():
    """CPU of this process and of those that it started (it calls sort)."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    found = [resource.getrusage(kind) for kind in kinds]
    return sum(u.ru_utime + u.ru_stime for u in found)


def main():
    rows, protocol = int(sys.argv[1]), sys.argv[2]
    results = multiprocessing.Queue()
    with tempfile.TemporaryDirectory() as folder:
        both = [
            multiprocessing.Process(
                target=party, args=(rank, rows, protocol, Path(folder), results)
            )
            for rank in (0, 1)
        ]
        for one in both:
            one.start()
        answers = sorted(results.get(timeout=600) for _ in both)
        for one in both:
            one.join(60)
    assert answers[0][2] == rows - rows // 2, answers
    print(json.dumps({"seconds": sum(seconds for _, seconds, _ in answers)}))


if __name__ == "__main__":
    main()
