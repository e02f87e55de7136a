"""The price band: a bureau proves where a price lies, and does not say it.

    one row of an anchored table ─► prove_range ─► receipt, without key or price

The plain table, which only this process knows, says what is true; a band that
the price is not in has to be refused by the prover.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from privshare.demo.narrator import Narrator
from privshare.errors import OutOfRange
from privshare.sdk.call import Blocking
from privshare.sdk.dataset import Dataset
from privshare.sdk.receipt import Receipt

PURPOSE = "price band of one deed"
_STEPS = 4  # the band is a quarter of the price's power of ten wide


class BandError(Exception):
    """A claim of this step did not hold."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One row of an anchored table.

    Attributes:
        key: The value of its key column.
        column: A provable column.
        value: What the plain table holds there.
    """

    key: str
    column: str
    value: Decimal

    @property
    def band(self) -> tuple[Decimal, Decimal]:
        """Round bounds around the value."""
        step = Decimal(10) ** max(self.value.adjusted(), 1) / _STEPS
        low = self.value // step * step
        return low, low + step


def prove_band(dataset: Dataset[Blocking], deed: Deed, tell: Narrator) -> Receipt:
    """Prove the band, and see that a false one cannot be proven.

    Returns:
        The receipt, verified; it holds neither key nor value.

    Raises:
        BandError: A claim did not hold.
        PrivShareError: What the node says.
    """
    low, high = deed.band
    receipt = dataset.prove_range(deed.key, deed.column, low, high, purpose=PURPOSE)
    tell.good(
        f"{dataset.name} proves that {deed.column} of one anchored row lies between "
        f"{low:,} and {high:,}"
    )
    shown = bytes(receipt)
    for secret in (deed.key, str(deed.value)):
        if f'"{secret}"'.encode() in shown:
            raise BandError("the receipt shows what was to stay hidden")
    try:
        dataset.prove_range(deed.key, deed.column, high + 1, high + 2, purpose=PURPOSE)
    except OutOfRange as error:
        tell.refused(f"a band that it is not in: {error.name}: {error.message}")
    else:
        raise BandError("a false band was proven")
    return receipt
