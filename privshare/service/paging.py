"""Lists in pages: a limit, a cursor, and a Link to the next page.

A cursor is opaque to the caller: the position behind the last item, in
base64url. It stays good while items come and go.

Implements RFC 8288 for `rel="next"`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar, cast
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field

from privshare.errors import EncodingError, PrivShareError
from privshare.service.route import Answer, Call, Model
from privshare.wire.canonical import Json, b64u, decode, encode, unb64u

T = TypeVar("T")

MAX_PAGE = 200
DEFAULT_PAGE = 50


def _digits(value: object) -> object:
    """Read the digits of a query; anything else stays text and is refused."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value) if len(value) < 10 else value
    return value


#: An integer in a query.
Number = Annotated[int, BeforeValidator(_digits)]
Limit = Annotated[Number, Field(ge=1, le=MAX_PAGE)]


class Page(Model):
    """How much of a list, and from where."""

    limit: Limit = Field(default=DEFAULT_PAGE, description="most items in the answer")
    cursor: str = Field(
        default="",
        max_length=256,
        pattern="^[A-Za-z0-9_-]*$",
        description="from the Link of the page before",
    )


def position(call: Call) -> Json:
    """Read where the page begins; null for the first.

    Raises:
        EncodingError: A cursor that no answer gave.
    """
    cursor = cast(Page, call.query).cursor
    if not cursor:
        return None
    try:
        return decode(unb64u(cursor))
    except PrivShareError:
        raise EncodingError("expected a cursor from a Link, found another") from None


def index_before(call: Call) -> int | None:
    """Read a cursor that is a number.

    Raises:
        EncodingError: A cursor of another list.
    """
    found = position(call)
    if found is None or (isinstance(found, int) and not isinstance(found, bool)):
        return found
    raise EncodingError("expected a cursor of this list, found another")


def page(
    call: Call,
    items: Sequence[T],
    show: Callable[[T], Json],
    after: Callable[[T], Json],
    last: T | None = None,
) -> Answer:
    """Lay out one page.

    Args:
        call: Its query is a `Page`.
        items: As many as the limit and one more, if there is one.
        show: Makes JSON of an item.
        after: The position behind an item.
        last: The last item that was looked at, where there may be more behind.
    """
    query = cast(Page, call.query)
    shown = items[: query.limit]
    headers = {}
    following = None
    if len(items) > query.limit or last is not None:
        end = shown[-1] if last is None else last
        following = b64u(encode(after(end)))
        fields = {
            name: value
            for name, value in query.model_dump().items()
            if value not in ("", None)
        }
        target = urlencode({**fields, "cursor": following})
        headers["Link"] = f'<{call.path}?{target}>; rel="next"'
    listed: list[Json] = [show(item) for item in shown]
    return Answer({"items": listed, "next": following}, headers=headers)


def window(call: Call, items: Sequence[T], key: Callable[[T], Json]) -> Sequence[T]:
    """Cut a page, and one item more, out of a list that is in memory.

    Args:
        call: Its query is a `Page`.
        items: The whole list, in the order of the ledger.
        key: Names an item; the cursor is the name of the last one shown.

    Raises:
        EncodingError: A cursor whose item is not in the list.
    """
    start = 0
    last = position(call)
    if last is not None:
        names = [key(item) for item in items]
        if last not in names:
            raise EncodingError("expected a cursor of this list, found another")
        start = names.index(last) + 1
    return items[start : start + cast(Page, call.query).limit + 1]
