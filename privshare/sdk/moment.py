"""Times as people write them and as the ledger counts them.

>>> to_unix("2027-01-31", now=0)  # a day is meant to its last second
1801439999
>>> to_unix("90d", now=0)
7776000
>>> to_text(0)
'1970-01-01 00:00:00 UTC'
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from privshare.errors import EncodingError, OutOfRange

DAY_S = 86_400
_DAYS = re.compile(r"([1-9][0-9]{0,4})d")
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z


def to_unix(moment: date | datetime | str, now: float) -> int:
    """Seconds since 1970 of the end of a period.

    Args:
        moment: A day or a moment; as text "2027-01-31", "2027-01-31T12:00Z",
            or "90d" for days from now. A day is meant to its last second, and
            times without a zone are UTC.
        now: Unix seconds.

    Raises:
        EncodingError: Text of another form.
    """
    if isinstance(moment, str):
        days = _DAYS.fullmatch(moment)
        if days is not None:
            return int(now) + int(days[1]) * DAY_S
        moment = _parse(moment)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(23, 59, 59))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def to_text(seconds: int) -> str:
    """A moment for people, in UTC.

    Raises:
        OutOfRange: Before 1970 or after the year 9999.
    """
    if not 0 <= seconds <= _LAST_SECOND:
        raise OutOfRange(f"expected a time from 1970 to 9999, found {seconds}")
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _parse(text: str) -> date | datetime:
    try:
        return (
            date.fromisoformat(text)
            if len(text) == 10
            else datetime.fromisoformat(text)
        )
    except ValueError:
        raise EncodingError(
            f"expected a date such as 2027-01-31, a moment, or 90d; found {text[:40]!r}"
        ) from None
