"""Plain numbers in the slots of a column, ready to be added to it.

Plaintexts are made chunk by chunk, by the thread that adds them: a whole
column of them would be half as long as the column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from privshare.schemes.columns.encoding import Ints
from privshare.schemes.columns.operand import repeated
from privshare.schemes.columns.packing import pack
from privshare.schemes.columns.run import Run

if TYPE_CHECKING:
    from privshare.schemes.columns.column import EncryptedColumn

__all__ = ["plaintexts"]


def plaintexts(column: EncryptedColumn, units: Ints) -> Callable[[int, int], bytes]:
    """What gives the plaintexts for ciphertexts [start, stop) of a column.

    Args:
        column: To which something is added.
        units: Scaled integers: one for all values, or one for each.
    """
    layout, n, width = column._layout, column.public.n, column.public.size

    def part(run: Run, taken: int, start: int, stop: int) -> bytes:
        """Ciphertexts [start, stop) of a run whose values begin at `taken`."""
        first = max(start * layout.slots - run.lo, 0)
        last = min(stop * layout.slots - run.lo, run.length)
        if len(units) == 1:
            values = repeated(int(units[0]), last - first)
        else:
            values = units[taken + first : taken + last]
        return pack(values, layout, n, 0 if start else run.lo)

    if len(column._runs) == 1:
        (only,) = column._runs
        return lambda start, stop: part(only, 0, start, stop)
    whole: list[bytes] = []
    taken = 0
    for run in column._runs:
        whole.append(part(run, taken, 0, run.ciphertexts(layout.slots)))
        taken += run.length
    ready = b"".join(whole)
    return lambda start, stop: ready[start * width : stop * width]
