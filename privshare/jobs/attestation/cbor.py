"""CBOR as attestation documents use it: a strict reader, a small writer.

A document must be read before its signature can be checked, so the reader
knows little and forgives nothing: whole numbers, byte strings, text, arrays,
maps and the three simple values; no tags, no fractions, no reference to
anything before. Every length is checked against what is left, every number is
in its shortest form, and each key comes once.

    nitro   document ─► read ─► four items ─► payload ─► read ─► fields

Implements RFC 8949, sections 3 and 4.2.1; maps keep the order they came in.

>>> read(write({1: -35}))
{1: -35}
>>> read(bytes.fromhex("1800"))
Traceback (most recent call last):
privshare.errors.EncodingError: expected the shortest form of a number, found a \
longer one at byte 0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from privshare.errors import EncodingError

__all__ = ["Cbor", "read", "write"]

Cbor: TypeAlias = "int | bytes | str | bool | list[Cbor] | dict[int | str, Cbor] | None"

#: What can be written: sequences for arrays, mappings for maps.
Writable: TypeAlias = (
    "int | bytes | str | bool | Sequence[Writable] | Mapping[int | str, Writable]"
    " | None"
)

MAX_DEPTH: Final = 8

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _SIMPLE = 0, 1, 2, 3, 4, 5, 7
_SIMPLE_VALUES: Final = {20: False, 21: True, 22: None}
_BREAK: Final = 0xFF
_OPEN_MAP: Final = 0xBF


def read(data: bytes, *, open_maps: bool = False) -> Cbor:
    """Read one item that fills the bytes.

    Args:
        data: The item.
        open_maps: Also read maps of indefinite length, which some machines
            write inside what they sign. Never for bytes that nobody signed:
            there one value would have two forms.

    Raises:
        EncodingError: Another form, something left over, a key that comes
            twice, or nesting beyond `MAX_DEPTH`.
    """
    reader = _Reader(data, open_maps)
    value = reader.item(MAX_DEPTH)
    if reader.at != len(data):
        raise EncodingError(
            f"expected the end of the item at byte {reader.at}, found "
            f"{len(data) - reader.at} bytes more"
        )
    return value


def write(value: Writable) -> bytes:
    """Write an item in its shortest form, maps in the order given.

    Raises:
        EncodingError: A type that CBOR has no place for here.
    """
    if value is None or isinstance(value, bool):
        word = next(k for k, v in _SIMPLE_VALUES.items() if v is value)
        return bytes([_SIMPLE << 5 | word])
    if isinstance(value, int):
        return _head(_NEGATIVE, -1 - value) if value < 0 else _head(_UNSIGNED, value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(_TEXT, len(text)) + text
    if isinstance(value, Mapping):
        pairs = b"".join(write(k) + write(v) for k, v in value.items())
        return _head(_MAP, len(value)) + pairs
    return _head(_ARRAY, len(value)) + b"".join(write(item) for item in value)


def _head(major: int, argument: int) -> bytes:
    """The first byte of an item and its argument, in the shortest form."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | code]) + argument.to_bytes(size, "big")
    raise EncodingError("expected a number below 2^64, found a larger one")


class _Reader:
    """Where we are in the bytes."""

    def __init__(self, data: bytes, open_maps: bool) -> None:
        self.data = data
        self.at = 0
        self.open_maps = open_maps

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > len(self.data) - self.at:
            raise EncodingError(
                f"expected {size} bytes at byte {self.at}, found "
                f"{len(self.data) - self.at}"
            )
        start = self.at
        self.at += size
        return self.data[start : self.at]

    def head(self) -> tuple[int, int]:
        """Major type and argument of the next item."""
        start = self.at
        major, low = divmod(self.take(1)[0], 32)
        if low < 24:
            return major, low
        if low > 27 or major == _SIMPLE:
            raise EncodingError(
                f"expected an item of known kind and length, found another at "
                f"byte {start}"
            )
        size = 1 << low - 24
        argument = int.from_bytes(self.take(size), "big")
        if argument < (24 if size == 1 else 1 << 4 * size):
            raise EncodingError(
                "expected the shortest form of a number, found a longer one at "
                f"byte {start}"
            )
        return major, argument

    def item(self, depth: int) -> Cbor:
        """The next item, at most so many levels deep."""
        if depth < 0:
            raise EncodingError(f"expected up to {MAX_DEPTH} levels, found more")
        if self.open_maps and self.data[self.at : self.at + 1] == bytes([_OPEN_MAP]):
            self.at += 1
            return self.pairs(None, depth)
        major, argument = self.head()
        match major:
            case 0 | 1:
                value: Cbor = argument if major == _UNSIGNED else -1 - argument
            case 2:
                value = self.take(argument)
            case 3:
                value = self.text(argument)
            case 4:
                value = self.items(argument, depth)
            case 5:
                value = self.pairs(argument, depth)
            case _:
                value = self.simple(major, argument)
        return value

    def simple(self, major: int, argument: int) -> bool | None:
        """True, false or null; tags are refused here too."""
        if major != _SIMPLE or argument not in _SIMPLE_VALUES:
            raise EncodingError(
                f"expected no tag and no other simple value, found one before "
                f"byte {self.at}"
            )
        return _SIMPLE_VALUES[argument]

    def text(self, size: int) -> str:
        """So many bytes of UTF-8."""
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise EncodingError("expected text in UTF-8, found other bytes") from None

    def items(self, count: int, depth: int) -> list[Cbor]:
        """The items of an array. Each takes a byte at least, so none is a bomb."""
        if count > len(self.data) - self.at:
            raise EncodingError(f"expected {count} items, found an end before them")
        return [self.item(depth - 1) for _ in range(count)]

    def pairs(self, count: int | None, depth: int) -> dict[int | str, Cbor]:
        """The pairs of a map: so many, or up to the break."""
        found: dict[int | str, Cbor] = {}
        while count is None or len(found) < count:
            if count is None and self.data[self.at : self.at + 1] == bytes([_BREAK]):
                self.at += 1
                break
            key = self.item(0)
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise EncodingError("expected a number or text as key, found another")
            if key in found:
                raise EncodingError("expected each key once, found one again")
            found[key] = self.item(depth - 1)
        return found
