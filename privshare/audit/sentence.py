"""Words for people: times, lists, keys and counts as reports say them.

Where the verifier's findings become language. All text that comes out of a
receipt passes `plain`, so that no file can move the cursor of the terminal it
is read on or write a line that looks like ours.

>>> when(1_795_341_845)
'2026-11-22 10:04:05 UTC'
>>> listed(["title", "tax", "housing"])
'title, tax and housing'
>>> counted(2, "entry", "entries")
'2 entries'
"""

from __future__ import annotations

import time
from collections.abc import Iterable

_SHOWN = 8
_LONGEST = 300
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_LAST_SECOND = 253_402_300_799


def when(unix_s: int) -> str:
    """A moment in UTC."""
    if not 0 <= unix_s <= _LAST_SECOND:
        return f"second {unix_s} since 1970"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(unix_s))


def lasting(seconds: int) -> str:
    """A length of time, rounded down to its largest unit."""
    for size, one, many in (
        (86_400, "day", "days"),
        (3_600, "hour", "hours"),
        (60, "minute", "minutes"),
    ):
        if seconds >= size:
            return counted(seconds // size, one, many)
    return counted(seconds, "second", "seconds")


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def ordinal(number: int) -> str:
    """Which one of several, counted from 1.

    >>> ordinal(2), ordinal(11), ordinal(23)
    ('2nd', '11th', '23rd')
    """
    teen = number // 10 % 10 == 1
    return f"{number:,}{'th' if teen else _ENDINGS.get(number % 10, 'th')}"


def listed(words: Iterable[str]) -> str:
    """Words with commas and an "and", a few of many."""
    shown = [plain(word) for word in words]
    if not shown:
        return "none"
    if len(shown) > _SHOWN:
        rest = len(shown) - _SHOWN
        return f"{', '.join(shown[:_SHOWN])} and {rest} more"
    if len(shown) == 1:
        return shown[0]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def decimal(text: str, scale: int) -> str:
    """A scaled integer with its point.

    >>> decimal("-5", 2)
    '-0.05'
    """
    if not scale:
        return plain(text)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    digits = digits.rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def plain(text: str) -> str:
    """Text from a receipt as one printable line of bounded length."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "..."


def short(kid: str) -> str:
    """The start of a key id or digest, enough to compare by eye."""
    return f"{plain(kid[:10])}..."
