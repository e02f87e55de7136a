"""What the engine's operations take on this machine, for estimates.

    node    speed() ─► estimate.cpu_seconds(plan.cost, model, speed)
    table   calibrate() ─► Seconds ─► plan.cost.seconds_by(Seconds)

Three nodes in threads of this process; about two seconds of work. CPU time is
that of all three, so it is a little more than what three machines take where
they wait for one another here.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable
from time import process_time, thread_time

from privshare.bindings import rss
from privshare.jobs.mpc.aes import blocks_of, draw_key, encrypt
from privshare.jobs.mpc.link import run3
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.programs.cost import SECONDS, Seconds
from privshare.jobs.mpc.programs.order_run import select
from privshare.jobs.mpc.programs.sharing import negative
from privshare.jobs.mpc.ring import Shared
from privshare.jobs.mpc.stream import Stream

__all__ = ["calibrate", "speed"]

_ONCE = threading.Lock()
_MANY, _FEW, _CUT, _BITS, _ID_BITS = 1 << 15, 64, 46, 4, 40
_Work = Callable[[Party, Shared], object]


def _pseudonyms(party: Party, x: Shared) -> object:
    keys = draw_key(party)
    return party.open_bits(
        encrypt(party, keys, blocks_of(party, x.reshape(1, x.size), _ID_BITS))
    )


_WORK: dict[str, _Work] = {
    "multiply": lambda party, x: party.multiply(x, x),
    "mac": lambda party, x: party.matmul(x.reshape(8, -1), x.reshape(-1, 8)),
    "sign": negative,
    "low-bits": lambda party, x: party.low_bits(x, _BITS),
    "convert": lambda party, x: party.from_bits(party.low_bits(x, _BITS), x.ring),
    "cut": lambda party, x: party.truncate(x, _CUT, 120),
    "pseudonym": _pseudonyms,
    "step": lambda party, x: select(party, party.low_bits(x, 1), [0]),
}


#: Seconds that `_typical` takes on the machine of `cost.SECONDS`.
_WORK_S = 6.2e-4


@functools.cache
def _speed() -> float:
    best = float("inf")
    for _ in range(25):
        start = thread_time()
        _typical()
        best = min(best, thread_time() - start)
    return best / _WORK_S


def _typical() -> None:
    """Of what every program is made: products, random numbers, digests."""
    stream = Stream(_key(1))
    for _ in range(8):  # small parts: what the system does for large ones varies
        x = stream.words((1 << 12,))
        z = rss.multiply((x, x, x, x), 1)
        z = rss.and_((x, z, x, z, x, z))
        hashlib.sha256(z.tobytes()).digest()


def speed() -> float:
    """How many times longer this machine takes than that of `cost.SECONDS`.

    Measured at the first call of a process, in some 30 ms of this thread alone.
    """
    with _ONCE:
        return _speed()


def calibrate(repeats: int = 2) -> Seconds:
    """Measure every operation in both rings.

    Args:
        repeats: Of each the fastest counts.

    Returns:
        CPU seconds of all three nodes, as `cost.SECONDS` holds them.
    """
    found: dict[str, dict[int, float]] = {name: dict(SECONDS[name]) for name in SECONDS}
    for ring in (64, 128):
        # A round's own cost is what is left of one with little work in it.
        found["round"][ring] = _taken("multiply", ring, _FEW, repeats)
        for name in _WORK:
            if name == "cut" and ring == 64:
                continue
            if name in ("pseudonym", "step") and ring == 128:
                continue
            units = {"mac": 8 * _MANY, "low-bits": _BITS * _MANY}.get(name, _MANY)
            found[name][ring] = _taken(name, ring, _MANY, repeats) / units
        # Bits become elements in all three; what remains is each one's own.
        bits = found["low-bits"][ring] * _BITS
        convert = max(found["convert"][ring] - bits, 0.0) / _BITS
        found["convert"][ring] = convert
        found["sign"][ring] = max(found["sign"][ring] - convert, 0.0)
        found["cut"][ring] = max(found["cut"][ring] - 5 * found["multiply"][ring], 0.0)
    return found


def _taken(name: str, ring: int, n: int, repeats: int) -> float:
    work = _WORK[name]

    def node(link: object) -> float:
        party = Party(link, _key(link.index), _key((link.index + 1) % 3))  # type: ignore[arg-type,attr-defined]
        x = party.random((n,), ring)
        best = float("inf")
        for _ in range(repeats):
            party.open(x[:1])
            start = process_time()
            work(party, x)
            party.open(x[:1])
            best = min(best, process_time() - start)
        return best

    return max(run3(node))


def _key(number: int) -> bytes:
    return bytes([number]) * 32
