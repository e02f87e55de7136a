"""Threshold keys for tests: dealt from primes that are typed in, so at once.

The primes are safe ones of 1,024 bits, drawn for this file; everybody who reads
it knows them.

    key, shares = dealt(2, 3)        the same key for everybody in one run
"""

from __future__ import annotations

import secrets
from functools import lru_cache

from privshare.schemes.threshold import KeyShare, ThresholdKey, deal_with

PRIMES = tuple(
    int(text, 16)
    for text in (
        "f8b675c8b03cc1e5bbe2739f7772d2796846c0c48d16bcad248709275c463883"
        "8172b421161e676747cdd61cdf7560922b58398b487c8fa8399585b7c9ef8ecb"
        "48c65cfef4c25bced26ce8b43a111fff74de735c47648ddad5d302733f902be0"
        "05656be8c4cf36016300dd1371d76c832a4592800b3f9c551100ad22cfff3dd7",
        "e0b9b329bffaf5d51fecbb954a7a22966296cad14e2f880a8f5058f3210dd9d7"
        "ec9e35853714fa07e27c486ede3f5103d0a61fe52217c6f268b1efeed866d501"
        "0d2c667cc6e02653b2546dbf155fee6432d5419b2888346c4e3c042c9d8a6463"
        "603d7008bd586eef88c76cf1df2be25aafa34a6180b28b6249ce6cacee1aa1c3",
        "f1712d71c8cceab1376b22e4c4997f400d0804723db3f3f30088fbffb8f6167b"
        "65ff72078b3099777ef0098154202747b0cb403f7cf332722ca95648393d36df"
        "4bb2fa5cbfd113b05e77f52fb841c28fe534c783dd1b613bd2ea009aa893acc0"
        "0514d6e37c1fcfdb0901ad58a1255e404b71cf4d8b9e7694ba867c3497462ce3",
    )
)


def dealt(
    threshold: int = 2, holders: int = 3, which: int = 0
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    """A key of 2048 bits; `which` from 0 to 2 names its modulus."""
    return _dealt(threshold, holders, which)


@lru_cache(maxsize=16)
def _dealt(
    threshold: int, holders: int, which: int
) -> tuple[ThresholdKey, tuple[KeyShare, ...]]:
    p, q = PRIMES[which], PRIMES[(which + 1) % 3]
    return deal_with(threshold, holders, p, q, secrets.randbelow)
