"""What every peer's script shares; runs on Python 3.8 and newer.

A script measures one library in an environment of its own and prints one JSON
object: CPU microseconds for one number, the best of some runs, all threads
counted; the key pair in milliseconds, the mean of some.
"""

import json
import os
import random
import sys
import time

COUNT = 128
FEW = 32
SEED = 7


def best(work, units, runs=3):
    """CPU microseconds a unit in the quickest run."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1e6 * min(times) / units


def mean_ms(work, runs=3):
    """CPU milliseconds on average."""
    started = time.process_time()
    for _ in range(runs):
        work()
    return 1e3 * (time.process_time() - started) / runs


def numbers(bits, count=COUNT, signed=False):
    """The same numbers for every library, of at most so many bits."""
    draw = random.Random(SEED)
    found = [draw.getrandbits(bits) for _ in range(count)]
    return [n if i % 2 or not signed else -n for i, n in enumerate(found)]


def bits():
    """The key's size that was asked for."""
    return int(sys.argv[1])


def pin():
    """Stay on one core, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def right(found, expected):
    """A figure counts only when the answer is right."""
    if found != expected:
        raise SystemExit("expected the right answer, found another")


def tell(name, figures):
    """Print the row."""
    print(json.dumps([name, figures]))
