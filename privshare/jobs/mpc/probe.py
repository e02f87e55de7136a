"""A program that computes nothing: what the links between three nodes can do.

An operator's first job with two other agencies: it shows that the nodes meet, how
long a round takes and how much goes through. It has no inputs.

    request {"rounds": 1000, "size": 8, "bytes": 1048576} ─► {"rounds_s", "bytes_s"}
"""

from __future__ import annotations

import json
import time

from privshare.errors import OutOfRange
from privshare.jobs.mpc.session_key import SessionKeys
from privshare.jobs.mpc.stream_link import StreamLink

__all__ = ["probe"]

_MAX_ROUNDS = 1_000_000
_MAX_BYTES = 1 << 30


def probe(link: StreamLink, _keys: SessionKeys, request: memoryview) -> bytes:
    """Measure the links.

    Args:
        link: To the two others.
        _keys: Not used.
        request: JSON: `rounds` of `size` bytes each way, then one round of
            `bytes` each way to both; the same at all three.

    Returns:
        JSON: seconds and processor seconds of either.

    Raises:
        OutOfRange: More rounds or bytes than a probe may take.
    """
    asked = json.loads(bytes(request))
    rounds, size, many = int(asked["rounds"]), int(asked["size"]), int(asked["bytes"])
    if not (0 <= rounds <= _MAX_ROUNDS and max(size, many) <= _MAX_BYTES):
        raise OutOfRange(f"expected up to {_MAX_ROUNDS} rounds and {_MAX_BYTES} bytes")
    link.round("probe-start", b"s", b"s", 1, 1)
    small = bytes(size)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(rounds):
        link.round("probe-round", small, small, size, size)
    rounds_s, rounds_cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    big = bytes(many)
    wall, cpu = time.perf_counter(), time.process_time()
    link.round("probe-bytes", big, big, many, many)
    bytes_s, bytes_cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    return json.dumps(
        {
            "bytes_cpu_s": bytes_cpu_s,
            "bytes_s": bytes_s,
            "rounds_cpu_s": rounds_cpu_s,
            "rounds_s": rounds_s,
        }
    ).encode()
