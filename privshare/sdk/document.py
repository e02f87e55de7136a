"""A reader for what a node answers.

Statements are read strictly (`wire.fields`); answers of the HTTP service are
not statements. A newer node may say more than this SDK knows, so a field that
is not asked for is ignored, and one that is must have its type.

>>> answer = Document({"rows": 3, "new": True}, "dataset")
>>> answer.int("rows"), answer.str("title", "")
(3, '')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn, TypeAlias, TypeVar, cast

from privshare.errors import EncodingError
from privshare.wire.value import Json, kind

T = TypeVar("T")

_Str: TypeAlias = str
_Int: TypeAlias = int
_Bool: TypeAlias = bool


class _Missing:
    """The default of a field that must be there."""


_MISSING = _Missing()


class Document(Mapping[str, Json]):
    """One JSON object of an answer.

    Args:
        value: What was decoded.
        where: Its place, as messages name it.

    Raises:
        EncodingError: Not an object.
    """

    __slots__ = ("_fields", "_where")

    def __init__(self, value: Json, where: _Str) -> None:
        if not isinstance(value, dict):
            raise EncodingError(
                f"expected an object as {where} from the node, found {kind(value)}"
            )
        self._fields = value
        self._where = where

    def __getitem__(self, name: _Str) -> Json:
        return self._fields[name]

    def __iter__(self) -> Iterator[_Str]:
        return iter(self._fields)

    def __len__(self) -> _Int:
        return len(self._fields)

    def __repr__(self) -> _Str:
        return f"Document({self._where}: {', '.join(sorted(self._fields))})"

    def str(self, name: _Str, default: _Str | _Missing = _MISSING) -> _Str:
        """Read a text; null counts as missing.

        Raises:
            EncodingError: Another type, or missing without a default.
        """
        return self._read(name, str, default)

    def int(self, name: _Str, default: _Int | _Missing = _MISSING) -> _Int:
        """Read an integer; as `str`."""
        return self._read(name, int, default)

    def bool(self, name: _Str, default: _Bool | _Missing = _MISSING) -> _Bool:
        """Read a boolean; as `str`."""
        return self._read(name, bool, default)

    def strs(self, name: _Str) -> tuple[_Str, ...]:
        """Read a list of texts; missing or null is none.

        Raises:
            EncodingError: Another type.
        """
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            self._refuse(name, "a list of texts", values)
        return tuple(cast(list[_Str], values))

    def obj(self, name: _Str) -> Document:
        """Read an object; missing or null is an empty one.

        Raises:
            EncodingError: Another type.
        """
        value = self._fields.get(name)
        return Document({} if value is None else value, f"{self._where}.{name}")

    def objs(self, name: _Str) -> tuple[Document, ...]:
        """Read a list of objects; missing or null is none.

        Raises:
            EncodingError: Another type.
        """
        where = f"{self._where}.{name}"
        return tuple(Document(value, where) for value in self._list(name))

    def json(self) -> dict[_Str, Json]:
        """The object as it came."""
        return dict(self._fields)

    def _list(self, name: _Str) -> list[Json]:
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self._refuse(name, "a list", value)
        return value

    def _read(self, name: _Str, wanted: type[T], default: T | _Missing) -> T:
        value = self._fields.get(name)
        if value is None:
            if isinstance(default, _Missing):
                self._refuse(name, "a value", None)
            return default
        if type(value) is not wanted:
            self._refuse(name, f"a value of type {wanted.__name__}", value)
        return value

    def _refuse(self, name: _Str, expected: _Str, found: Json) -> NoReturn:
        raise EncodingError(
            f"expected {expected} as {self._where}.{name} from the node, "
            f"found {kind(found)}",
            fix="the node and this SDK may be of different versions",
        )
