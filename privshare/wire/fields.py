"""A strict reader for one JSON object.

Where a decoded object becomes a statement: each field is read once under its
name, its type and its bounds, and `end` refuses what nobody read. So a
statement's grammar stands in one place, the lines of its `open` or
`from_json`, and an unknown field never rides along unseen.

>>> fields = Fields({"rows": 3, "owner": "housing"}, where="dataset")
>>> fields.str("owner", max=32), fields.int("rows", 0, 1000)
('housing', 3)
>>> fields.end()

Messages name the object, the field, what was expected and what was found.
They never show a value: a field may hold a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Concatenate, NoReturn, ParamSpec, TypeAlias, TypeVar, cast

from privshare.errors import EncodingError, OutOfRange
from privshare.wire.base64 import unb64u
from privshare.wire.value import INTEGER_LIMIT, Json, kind

T = TypeVar("T")
P = ParamSpec("P")

# Inside the class the methods are called `str`, `int`, ... as the reader of a
# statement says them; annotations there need other names for the types.
_Str: TypeAlias = str
_Int: TypeAlias = int
_Bool: TypeAlias = bool
_Bytes: TypeAlias = bytes
_List: TypeAlias = list[Json]

#: A list or a text that names no bound of its own.
DEFAULT_MAX = 4096

DIGEST_BYTES = 32


class Fields:
    """The fields of one object, each to be read exactly once.

    Args:
        obj: What `canonical.decode` returned.
        where: The object's place, as messages name it: "grant.request".

    Raises:
        EncodingError: `obj` is not an object.
    """

    __slots__ = ("_obj", "_unread", "_where")

    def __init__(self, obj: object, where: _Str) -> None:
        if not isinstance(obj, dict):
            raise EncodingError(f"{where}: expected an object, found {kind(obj)}")
        self._obj = cast(dict[_Str, Json], obj)
        self._unread = set(self._obj)
        self._where = where

    @property
    def where(self) -> _Str:
        """The object's place, as messages name it."""
        return self._where

    def names(self) -> tuple[_Str, ...]:
        """The fields that nobody has read yet, sorted: where names are data."""
        return tuple(sorted(self._unread))

    def str(
        self,
        name: _Str,
        *,
        max: _Int = DEFAULT_MAX,
        pattern: _Str | re.Pattern[_Str] | None = None,
    ) -> _Str:
        """Read a string.

        Args:
            name: The field.
            max: The longest string allowed, in characters.
            pattern: A regular expression that the whole string must match.

        Raises:
            EncodingError: Missing, read before, of another type, too long,
                or not of the pattern.
        """
        value = self._take(name)
        if not isinstance(value, str):
            self._refuse(name, "a string", kind(value))
        return self._text(name, value, max, pattern)

    def int(
        self, name: _Str, min: _Int = 1 - INTEGER_LIMIT, max: _Int = INTEGER_LIMIT - 1
    ) -> _Int:
        """Read an integer with min <= value <= max.

        Raises:
            OutOfRange: An integer outside the interval.
            EncodingError: Missing, read before, or of another type.
        """
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(name, "an integer", kind(value))
        if not min <= value <= max:
            raise OutOfRange(
                f"{self._where}.{name}: expected {min} to {max}, found {value}",
                detail={"field": f"{self._where}.{name}"},
            )
        return value

    def bool(self, name: _Str) -> _Bool:
        """Read a boolean.

        Raises:
            EncodingError: Missing, read before, or of another type.
        """
        value = self._take(name)
        if not isinstance(value, bool):
            self._refuse(name, "a boolean", kind(value))
        return value

    def bytes(
        self, name: _Str, length: _Int | None = None, *, max: _Int | None = None
    ) -> _Bytes:
        """Read bytes spelled in unpadded base64url.

        Args:
            name: The field.
            length: The exact number of bytes, or None.
            max: The largest number of bytes where `length` is None;
                `DEFAULT_MAX` unless told.

        Raises:
            EncodingError: Missing, read before, of another type or length,
                or not canonical base64url.
        """
        value = self._take(name)
        if not isinstance(value, str):
            self._refuse(name, "bytes in base64url", kind(value))
        most = length if length is not None else max if max is not None else DEFAULT_MAX
        if len(value) > (most * 4 + 2) // 3:
            expected = "exactly" if length is not None else "at most"
            self._refuse(name, f"{expected} {most} bytes", "more")
        try:
            return unb64u(value, length)
        except EncodingError as error:
            raise self._error(name, error.message) from None

    def digest(self, name: _Str) -> _Bytes:
        """Read a digest: 32 bytes in base64url.

        Raises:
            EncodingError: Missing, read before, or not 32 bytes.
        """
        return self.bytes(name, DIGEST_BYTES)

    def list(self, name: _Str, max: _Int = DEFAULT_MAX) -> _List:
        """Read a list of at most `max` values; the caller reads each of them.

        Raises:
            EncodingError: Missing, read before, of another type, or longer.
        """
        value = self._take(name)
        if not isinstance(value, list):
            self._refuse(name, "a list", kind(value))
        if len(value) > max:
            self._refuse(name, f"at most {max} elements", f"{len(value)}")
        return value

    def str_list(
        self,
        name: _Str,
        max: _Int = DEFAULT_MAX,
        pattern: _Str | re.Pattern[_Str] | None = None,
        *,
        sorted_unique: _Bool = False,
    ) -> tuple[_Str, ...]:
        """Read a list of strings.

        Args:
            name: The field.
            max: The largest number of strings.
            pattern: A regular expression that each whole string must match.
            sorted_unique: The list stands for a set: each string once, in the
                order of code points.

        Raises:
            EncodingError: As for `list` and `str`, and a set out of order.
        """
        strings: list[_Str] = []
        for index, value in enumerate(self.list(name, max)):
            if not isinstance(value, str):
                self._refuse(f"{name}[{index}]", "a string", kind(value))
            text = self._text(f"{name}[{index}]", value, DEFAULT_MAX, pattern)
            if sorted_unique and strings and strings[-1] >= text:
                self._refuse(
                    f"{name}[{index}]", "strings in order, each once", "another order"
                )
            strings.append(text)
        return tuple(strings)

    def obj(self, name: _Str) -> Fields:
        """Read a nested object; the caller reads its fields and calls its `end`.

        Raises:
            EncodingError: Missing, read before, or of another type.
        """
        return Fields(self._take(name), f"{self._where}.{name}")

    def objs(self, name: _Str, max: _Int = DEFAULT_MAX) -> tuple[Fields, ...]:
        """Read a list of objects, each of which the caller reads to its `end`.

        Raises:
            EncodingError: As for `list`, and an element of another type.
        """
        return tuple(
            Fields(value, f"{self._where}.{name}[{index}]")
            for index, value in enumerate(self.list(name, max))
        )

    def json(self, name: _Str) -> Json:
        """Read any value as it stands, for a reader of its own.

        Raises:
            EncodingError: Missing or read before.
        """
        return self._take(name)

    def nullable(
        self,
        name: _Str,
        reader: Callable[Concatenate[_Str, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """Read a field that may be null: `f.nullable("until", f.int, 0)`.

        Null must be written; a missing field is an error as everywhere.

        Args:
            name: The field.
            reader: Another method of this object.
            *args: Passed on to the reader.
            **kwargs: Passed on to the reader.

        Raises:
            EncodingError: Missing, or what the reader raises.
        """
        if name in self._unread and self._obj[name] is None:
            self._take(name)
            return None
        return reader(name, *args, **kwargs)

    def constant(self, name: _Str, expected: _Str | _Int) -> None:
        """Read a field that can only have one value, such as "v": 1.

        Raises:
            EncodingError: Missing, read before, or another value.
        """
        value = self._take(name)
        if type(value) is not type(expected) or value != expected:
            self._refuse(name, repr(expected), "another value")

    def end(self) -> None:
        """Close the object.

        Raises:
            EncodingError: A field that nobody read.
        """
        if self._unread:
            name = min(self._unread)
            raise EncodingError(
                f"{self._where}: expected no further field, found {name[:64]!r}",
                detail={"field": f"{self._where}.{name[:64]}"},
            )

    def _take(self, name: _Str) -> Json:
        try:
            self._unread.remove(name)
        except KeyError:
            raise self._error(name, "expected the field, found none") from None
        return self._obj[name]

    def _text(
        self,
        name: _Str,
        value: _Str,
        max: _Int,
        pattern: _Str | re.Pattern[_Str] | None,
    ) -> _Str:
        if len(value) > max:
            self._refuse(name, f"at most {max} characters", f"{len(value)}")
        if pattern is not None and not re.fullmatch(pattern, value):
            form = pattern if isinstance(pattern, str) else pattern.pattern
            self._refuse(name, f"a string of the form {form}", kind(value))
        return value

    def _refuse(self, name: _Str, expected: _Str, found: _Str) -> NoReturn:
        raise self._error(name, f"expected {expected}, found {found}")

    def _error(self, name: _Str, message: _Str) -> EncodingError:
        return EncodingError(
            f"{self._where}.{name}: {message}",
            detail={"field": f"{self._where}.{name}"},
        )
