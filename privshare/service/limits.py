"""Rates: how often one caller may ask.

A token bucket for each principal, and for each address where nobody is
authenticated. A bucket holds `burst` tokens and gains `per_s` each second; a
request takes one. State is bounded: the fullest buckets are forgotten first,
which changes nothing for their owners.

>>> limit = RateLimit(per_s=1, burst=2)
>>> [limit.take("a", now=0.0) for _ in range(3)]
[0.0, 0.0, 1.0]
>>> limit.take("a", now=1.0)
0.0
"""

from __future__ import annotations

import threading
from collections import OrderedDict


class RateLimit:
    """Token buckets by name.

    Args:
        per_s: Tokens gained each second.
        burst: Tokens that a full bucket holds.
        max_names: Buckets kept; the one unused for longest goes first.
    """

    def __init__(self, per_s: float, burst: float, max_names: int = 10_000) -> None:
        self._per_s = per_s
        self._burst = burst
        self._max_names = max_names
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, now: float, tokens: float = 1.0) -> float:
        """Take tokens from a bucket.

        Args:
            name: Whose bucket.
            now: Monotonic seconds.
            tokens: How many; `burst` where that is less.

        Returns:
            0.0 when they were taken, else the seconds until they are there.
        """
        with self._lock:
            level, since = self._buckets.pop(name, (self._burst, now))
            level = min(self._burst, level + (now - since) * self._per_s)
            tokens = min(tokens, self._burst)
            missing = tokens - level
            self._buckets[name] = (level if missing > 0 else level - tokens, now)
            if len(self._buckets) > self._max_names:
                self._buckets.popitem(last=False)
        return 0.0 if missing <= 0 else missing / self._per_s


class Places:
    """Places for requests that take long, so that others find a thread.

    Event streams have some, and so have requests that may wait for the ledger
    or its witnesses: a witness that has to read our log before it answers
    must find somebody who serves it.

    Args:
        most: How many may be taken together.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self._free = threading.BoundedSemaphore(self.most)

    def take(self) -> bool:
        """Take a place; False when all are taken."""
        return self._free.acquire(blocking=False)

    def give_back(self) -> None:
        """Give a place back."""
        self._free.release()
