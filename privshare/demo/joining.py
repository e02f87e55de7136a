"""The private join: two bureaus learn how many people are in both their tables.

No machine sees a row, and neither bureau learns who the other's people are: they
compare blinded identifiers. The plain answer stands beside it.

    Match ─► policies' rule, grants ─► net.join(...).count() ─► receipt
         └► plain(match) ─► the same, by hand
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from privshare.demo.drawer import StoryError
from privshare.demo.narrator import Narrator
from privshare.demo.scene import JOIN, PURPOSE, K, Match

if TYPE_CHECKING:
    from privshare.sdk.call import Blocking
    from privshare.sdk.client import Client
    from privshare.sdk.receipt import Receipt

__all__ = ["plain", "run_join"]


def run_join(
    match: Match | None,
    analyst: Client[Blocking],
    tell: Narrator,
    keep: Callable[[str, Receipt], None],
) -> str:
    """Ask for rights, join, and show the number beside the plain one.

    Args:
        match: Whose tables, and by which column; None: there are none.
        analyst: Who asks; learns the number and nothing else.
        tell: To whom.
        keep: Where the receipt goes.

    Raises:
        StoryError: The number is another.
    """
    if match is None:
        tell.say("no two tables here have a column of words in common")
        return "nothing to join"
    one, other = match.bureaus
    wishes = [
        analyst.dataset(bureau.name).request(
            purpose=PURPOSE,
            operations=["match"],
            columns=[match.column],
            k=K,
            programs=[JOIN],
        )
        for bureau in match.bureaus
    ]
    for wish in wishes:
        wish.wait(30)  # the policies let the owners' nodes grant it
    begun = time.monotonic()
    with tell.working("two sets committed to, blinded and compared"):
        query = analyst.join(one.name, other.name, on=match.column).count()
        result = query.run()
    seconds = time.monotonic() - begun
    truth = plain(match)
    if result.count != truth:
        raise StoryError(f"expected {truth} in both, found {result.count}")
    keep("join", result.receipt)
    tell.good(
        f"by {match.column}, {result.count:,} are in both {one.name} and {other.name}; "
        f"the plain tables say {truth:,}; neither bureau saw the other's"
    )
    return f"{result.count:,} in both, equal to the plain count; {seconds:.1f} s"


def plain(match: Match) -> int:
    """How many are in both, by hand."""
    one, other = (set(bureau.cells(match.column)) for bureau in match.bureaus)
    return len(one & other)
