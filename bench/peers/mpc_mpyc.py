"""mpyc: three processes over loopback, from shares to the opened result.

    python mpc_mpyc.py program rows

CPU is of all three, for the program and its opening, without the sharing of inputs.
Numbers are secint(32), labels and features fixed point of 40 bits, 20 after the point.
"""

import json
import subprocess
import sys
import time

import numpy as np
from mpc_cases import GROUPS, STEPS, group_sums, keys, recipe, table, wages

PARTY = "--party"


async def inputs(mpc, secure, *columns):
    """Columns as secret arrays, dealt by the first party; waits until they are."""
    shared = [mpc.input(secure.array(np.array(x)), senders=0) for x in columns]
    for one in shared:
        await mpc.gather(one)
    return shared


async def program(mpc, name, rows):
    """Inputs, then a function that computes the result."""
    secure = mpc.SecInt(32)
    values = wages(rows)
    if name == "inner":
        x, y = await inputs(mpc, secure, values, values[::-1])
        return lambda: mpc.np_matmul(x, y), int(values @ values[::-1])
    if name == "groups":
        x, k = await inputs(mpc, secure, values, keys(rows))

        def sums():
            same = [mpc.np_equal(k, secure.array(np.full(rows, g))) for g in groups]
            return mpc.np_matmul(mpc.np_stack(same), x)

        groups = range(GROUPS)
        return sums, group_sums(values, keys(rows)).tolist()
    if name == "logistic":
        return await logistic(mpc, rows)
    (x,) = await inputs(mpc, secure, values)
    if name == "sum":
        return lambda: mpc.np_sum(x), int(values.sum())
    if name == "squares":
        plain = [int(values.sum()), int(values @ values)]
        return lambda: [mpc.np_sum(x), mpc.np_matmul(x, x)], plain
    limit = secure.array(np.full(rows, 500))
    return lambda: mpc.np_sum(mpc.np_less(x, limit)), int((values < 500).sum())


async def logistic(mpc, rows):
    """Gradient descent with a cubic sigmoid."""
    secure = mpc.SecFxp(40, 20)
    plain_x, plain_y = table(rows)
    x, y = await inputs(mpc, secure, plain_x, plain_y)

    def steps():
        w = secure.array(np.zeros(plain_x.shape[1]))
        for _ in range(STEPS):
            z = mpc.np_matmul(x, w)
            cubed = mpc.np_multiply(mpc.np_multiply(z, z), z)
            h = z * 0.197 - cubed * 0.004 + 0.5
            w = w - mpc.np_matmul(mpc.np_transpose(x), h - y) * (1 / rows)
        return w

    return steps, recipe(plain_x, plain_y)


async def party():
    """One of three; the first says what came out."""
    from mpyc.runtime import mpc

    at = sys.argv.index(PARTY)
    name, rows = sys.argv[at + 1], int(sys.argv[at + 2])
    await mpc.start()
    compute, plain = await program(mpc, name, rows)
    await mpc.barrier()
    before, sent = time.process_time(), traffic(mpc)
    found = np.array(await mpc.output(compute()))
    spent = time.process_time() - before
    told = await mpc.transfer((spent, traffic(mpc) - sent))
    if mpc.pid == 0:
        answer = {
            "bytes": sum(one for _, one in told),
            "seconds": sum(one for one, _ in told),
        }
        if name == "logistic":
            answer["error"] = float(np.abs(found.astype(float) - plain).max())
        else:
            assert found.astype(int).tolist() == plain, (found, plain)
        print(json.dumps(answer), flush=True)
    await mpc.shutdown()


def traffic(mpc):
    """Bytes that this party sent so far."""
    return sum(p.protocol.nbytes_sent for p in mpc.parties if p.pid != mpc.pid)


def main():
    """Start three of this program."""
    name, rows = sys.argv[1:3]
    base = [sys.executable, __file__, "-M3", "--no-log"]
    done = subprocess.run(
        [*base, PARTY, name, rows], capture_output=True, text=True, check=False
    )
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr[-400:])
    sys.exit(done.returncode)


if __name__ == "__main__":
    if PARTY in sys.argv:
        from mpyc.runtime import mpc

        mpc.run(party())
    else:
        main()
