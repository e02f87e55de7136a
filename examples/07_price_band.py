"""Prove one thing about a hidden number, and nothing else of it.

Two agencies hold prices. One shows that a price lies in a band, that two
records hold the same price, that one is at least another, that quarterly
figures add up to a yearly one: each time with a file that anybody verifies
offline, and that says nothing more. What is not true cannot be proven.

    python examples/07_price_band.py
"""

from __future__ import annotations

import privshare as ps
from privshare.errors import OutOfRange, PrivShareError, ProofInvalid


def refused(claim: str, error: type[PrivShareError], attempt: object) -> None:
    """Say that something false could not be proven."""
    assert callable(attempt)
    try:
        attempt()
    except error as found:
        print(f"  {claim}: {found.name}")
    else:
        raise SystemExit(f"{claim}: was proven")


def main() -> None:
    """Commit, prove, verify, tamper."""
    price = ps.prove.commit(182_000)  # keep it: it opens the commitment
    print(f"commitment {price.commitment().hex()[:16]}…, 32 bytes, says nothing")

    band = ps.prove.range(price, 150_000, 200_000, purpose="price band")
    data = band.to_bytes()
    print(f"150,000 <= price <= 200,000: {len(data)} bytes of proof")
    ps.prove.verify(data)
    refused(
        "190,000 <= price",
        OutOfRange,
        lambda: ps.prove.range(price, 190_000, 200_000, purpose="price band"),
    )

    same = ps.prove.commit(182_000)  # another agency's record
    ps.prove.verify(ps.prove.equal(price, same, purpose="same price"))
    asked = ps.prove.commit(175_000)
    ps.prove.verify(ps.prove.at_least(price, asked, purpose="not below the offer"))
    refused(
        "two prices are equal that are not",
        ProofInvalid,
        lambda: ps.prove.equal(price, asked, purpose="same price"),
    )

    quarters = [ps.prove.commit(n) for n in (40, 35, 52, 61)]
    year = ps.prove.commit(188)
    ps.prove.verify(ps.prove.total(quarters, year, purpose="yearly report"))
    kind = ps.prove.commit(3)
    ps.prove.verify(ps.prove.one_of(kind, [1, 2, 3, 5], purpose="zoning"))
    print("equal, at least, adds up, one of a list: proven and verified")

    changed = bytearray(data)
    changed[len(changed) // 2] ^= 1
    refused("one bit changed", PrivShareError, lambda: ps.prove.verify(bytes(changed)))


if __name__ == "__main__":
    main()
