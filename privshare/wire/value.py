"""The JSON values that a statement may hold, and their bounds.

The floor under `canonical` and `fields`: what exists (null, booleans,
integers, strings, lists, objects), how large a number may be and how deep a
value may nest. There is no float: a fraction travels as a scaled integer, a
big number as base64url (docs/formats/envelope.md).

>>> INTEGER_LIMIT == 2**53
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

#: What `decode` returns.
Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

#: What `encode` takes: the same values, tuples allowed for lists.
Encodable: TypeAlias = (
    "bool | int | str | Sequence[Encodable] | Mapping[str, Encodable] | None"
)

#: Integers lie strictly between -INTEGER_LIMIT and INTEGER_LIMIT, where a
#: reader that holds numbers as IEEE 754 doubles still has each of them exact.
INTEGER_LIMIT = 1 << 53

#: Lists and objects inside one another, the outermost counted.
MAX_DEPTH = 32

#: One canonical document, unless the caller says otherwise.
MAX_BYTES = 1 << 20


def kind(value: object) -> str:
    """Name a value's JSON type for a message, without showing the value."""
    match value:
        case None:
            name = "null"
        case bool():
            name = "a boolean"
        case int():
            name = "an integer"
        case str():
            name = f"a string of {len(value)} characters"
        case list() | tuple():
            name = f"a list of {len(value)}"
        case dict():
            name = "an object"
        case _:
            name = f"a {type(value).__name__}"
    return name
