"""spu, ABY3: three processes over loopback, from shares to the opened result.

    python mpc_spu.py program rows

CPU is of all three, for the program and its opening; a first run, which is not
counted, warms up. Shares are of 64 bits, 18 of them after the point.
"""

import json
import multiprocessing
import sys
import time

import numpy as np
from mpc_cases import GROUPS, STEPS, group_sums, keys, recipe, table, wages

PORTS = (17_841, 17_842, 17_843)


def case(name, rows):
    """What is secret, the program, and the plain answer."""
    import jax.numpy as jnp

    values = wages(rows)
    if name == "inner":
        return (values, values[::-1].copy()), jnp.dot, int(values @ values[::-1])
    if name == "sum":
        return (values,), jnp.sum, int(values.sum())
    if name == "squares":
        found = [int(values.sum()), int(values @ values)]
        return (values,), lambda x: jnp.stack([jnp.sum(x), jnp.dot(x, x)]), found
    if name == "compare":
        return (values,), lambda x: jnp.sum(x >= 500), int((values >= 500).sum())
    if name == "groups":

        def sums(x, k):
            same = k[:, None] == jnp.arange(GROUPS)[None, :]
            return jnp.sum(jnp.where(same, x[:, None], 0), axis=0)

        return (values, keys(rows)), sums, group_sums(values, keys(rows)).tolist()

    x, y = table(rows)

    def steps(x, y):
        w = jnp.zeros(x.shape[1])
        for _ in range(STEPS):
            z = x @ w
            h = 0.5 + 0.197 * z - 0.004 * z * z * z
            w = w - (x.T @ (h - y)) / rows
        return w

    return (x, y), steps, recipe(x, y)


def settings():
    """Three parties, a ring of 64 bits."""
    from spu import libspu

    return libspu.RuntimeConfig(
        protocol=libspu.ProtocolKind.ABY3, field=libspu.FieldType.FM64
    )


def party(rank, name, rows, shares, results):
    """One of three."""
    import spu.utils.frontend as frontend
    from spu import api, libspu

    inputs, program, _ = case(name, rows)
    executable, _ = frontend.compile(
        frontend.Kind.JAX,
        program,
        inputs,
        {},
        [f"in{i}" for i in range(len(inputs))],
        [libspu.Visibility.VIS_SECRET] * len(inputs),
        lambda flat: [f"out{i}" for i in range(len(flat))],
    )
    desc = libspu.link.Desc()
    for i, port in enumerate(PORTS):
        desc.add_party(f"p{i}", f"127.0.0.1:{port}")
    link = libspu.link.create_brpc(desc, rank)
    runtime = api.Runtime(link, settings())
    for i, (meta, chunks) in enumerate(shares):
        share = libspu.Share()
        share.meta, share.share_chunks = meta, chunks
        runtime.set_var(f"in{i}", share)
    spent = []
    for _ in range(3):
        before = time.process_time()
        runtime.run(executable)
        spent.append(time.process_time() - before)
    out = runtime.get_var("out0")
    results.put((rank, min(spent[1:]), out.meta, list(out.share_chunks)))
    time.sleep(0.5)
    link.stop_link()


def main():
    """Deal, run, open, compare."""
    name, rows = sys.argv[1], int(sys.argv[2])
    from spu import api, libspu

    io = api.Io(3, settings())
    inputs, _, plain = case(name, rows)
    dealt = [io.make_shares(np.array(x), libspu.Visibility.VIS_SECRET) for x in inputs]
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    parties = [
        spawn.Process(
            target=party,
            args=(
                rank,
                name,
                rows,
                [(one[rank].meta, list(one[rank].share_chunks)) for one in dealt],
                results,
            ),
        )
        for rank in range(3)
    ]
    for one in parties:
        one.start()
    answers = sorted(results.get(timeout=600) for _ in parties)
    for one in parties:
        one.join(60)
    opened = []
    for _, _, meta, chunks in answers:
        share = libspu.Share()
        share.meta, share.share_chunks = meta, chunks
        opened.append(share)
    found = np.array(io.reconstruct(opened))
    told = {"seconds": sum(spent for _, spent, _, _ in answers)}
    if name == "logistic":
        told["error"] = float(np.abs(found - plain).max())
    else:
        assert found.tolist() == plain, (found, plain)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
