"""DER, as much of it as certificates need, read once and strictly.

A value in DER has one form. Whatever has two, such as a length written with
leading zeros or a default that is spelt out, is refused, so no byte of a
certificate can change without somebody noticing.

    bytes ─► Reader ─► certificate

Source: ITU-T X.690 (2021), sections 8 and 10 to 11.

>>> Reader(bytes.fromhex("0203010001"), "demo").integer()
65537
"""

from __future__ import annotations

import calendar
from typing import Final, NoReturn

from privshare.errors import EvidenceInvalid

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "ENUMERATED",
    "GENERALIZED_TIME",
    "IA5_STRING",
    "INTEGER",
    "OBJECT",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "UTC_TIME",
    "Reader",
    "context",
    "refuse",
]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT: Final = 0x06
ENUMERATED: Final = 0x0A
IA5_STRING: Final = 0x16
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

_MAX_INTEGER = 1024
_MAX_OBJECT = 32


def context(number: int, *, constructed: bool = True) -> int:
    """The tag of a field that a structure numbers itself."""
    return 0x80 | (0x20 if constructed else 0) | number


def refuse(scope: str, word: str, message: str, *, fix: str = "") -> NoReturn:
    """Refuse evidence.

    Raises:
        EvidenceInvalid: Always; `detail["rule"]` is `scope.word`.
    """
    raise EvidenceInvalid(message, fix=fix, detail={"rule": f"{scope}.{word}"})


class Reader:
    """The values within one value, in order.

    Args:
        data: The bytes.
        scope: As rules are named: the fault is `<scope>.certificate`.
    """

    __slots__ = ("_at", "_data", "_end", "_scope")

    def __init__(self, data: bytes, scope: str) -> None:
        self._data = data
        self._scope = scope
        self._at = 0
        self._end = len(data)

    @property
    def more(self) -> bool:
        """Whether something is left."""
        return self._at < self._end

    def fail(self, expected: str, found: object) -> NoReturn:
        """Refuse the bytes.

        Raises:
            EvidenceInvalid: Always (`certificate`).
        """
        refuse(
            self._scope,
            "certificate",
            f"expected {expected} before byte {self._at}, found {found}",
        )

    def peek(self) -> int:
        """The next tag, or 0 at the end."""
        return self._data[self._at] if self._at < self._end else 0

    def _header(self, tag: int) -> tuple[int, int]:
        """Where the next value starts and ends within the bytes."""
        data, at, end = self._data, self._at, self._end
        if at + 2 > end:
            self.fail(f"a value of tag 0x{tag:02x}", "the end")
        if data[at] != tag:
            self.fail(f"a value of tag 0x{tag:02x}", f"0x{data[at]:02x}")
        length = data[at + 1]
        start = at + 2
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 3 or start + size > end:
                self.fail("a length of up to three bytes", "another")
            length = int.from_bytes(data[start : start + size], "big")
            start += size
            if length < 0x80 or length >> 8 * (size - 1) == 0:
                self.fail("the shortest form of a length", "a longer one")
        if length > end - start:
            self.fail(f"{length} bytes", end - start)
        return start, start + length

    def take(self, tag: int) -> bytes:
        """The contents of the next value.

        Raises:
            EvidenceInvalid: Another tag, a length in another form or beyond
                the end (`certificate`).
        """
        start, stop = self._header(tag)
        self._at = stop
        return self._data[start:stop]

    def raw(self, tag: int) -> bytes:
        """The next value with its tag and length."""
        first = self._at
        _, stop = self._header(tag)
        self._at = stop
        return self._data[first:stop]

    def enter(self, tag: int) -> Reader:
        """Read within the next value."""
        return Reader(self.take(tag), self._scope)

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            EvidenceInvalid: Something does (`certificate`).
        """
        if self._at != self._end:
            self.fail("nothing more", f"{self._end - self._at} bytes")

    def integer(self) -> int:
        """A number of 0 or more, in its shortest form."""
        return self.number(INTEGER)

    def number(self, tag: int) -> int:
        """The same under another tag."""
        data = self.take(tag)
        if not 1 <= len(data) <= _MAX_INTEGER:
            self.fail(f"a number of 1 to {_MAX_INTEGER} bytes", len(data))
        if data[0] & 0x80:
            self.fail("a number of 0 or more", "a negative one")
        if len(data) > 1 and not data[0] and not data[1] & 0x80:
            self.fail("the shortest form of a number", "a longer one")
        return int.from_bytes(data, "big")

    def boolean(self) -> bool:
        """True alone: false is a default, and defaults are left out."""
        if self.take(BOOLEAN) != b"\xff":
            self.fail("true as 0xff, or nothing", "another form")
        return True

    def bits(self) -> bytes:
        """A string of whole bytes."""
        data = self.take(BIT_STRING)
        if not data or data[0]:
            self.fail("a string of whole bytes", "loose bits")
        return data[1:]

    def named_bits(self) -> frozenset[int]:
        """The numbers of the bits that are set, of up to 16.

        DER leaves out zeros at the end; AMD does not, and we let it pass, as
        somebody signed for them.
        """
        data = self.take(BIT_STRING)
        if not 2 <= len(data) <= 3 or data[0] > 7:
            self.fail("a list of named bits", "another form")
        value = int.from_bytes(data[1:], "big")
        if value & ((1 << data[0]) - 1):
            self.fail("unused bits of zero", "others")
        width = 8 * (len(data) - 1)
        return frozenset(i for i in range(width) if value >> (width - 1 - i) & 1)

    def object_id(self) -> str:
        """An object identifier, dotted."""
        data = self.take(OBJECT)
        if not 1 <= len(data) <= _MAX_OBJECT or data[-1] & 0x80:
            self.fail("an object identifier", "another form")
        arcs, value, fresh = [], 0, True
        for byte in data:
            if fresh and byte == 0x80:
                self.fail("the shortest form of an arc", "a longer one")
            value = value << 7 | byte & 0x7F
            fresh = not byte & 0x80
            if fresh:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def time(self) -> int:
        """A time to the second in UTC, as unix seconds.

        Two-digit years from 50 on are of the 1900s (RFC 5280, 4.1.2.5.1).
        """
        if self.peek() == UTC_TIME:
            text = self.take(UTC_TIME)
            century = b"19" if text[:2] >= b"50" else b"20"
            text = century + text
        else:
            text = self.take(GENERALIZED_TIME)
        if len(text) != 15 or text[14:] != b"Z" or not text[:14].isdigit():
            self.fail("a time to the second in UTC", "another form")
        parts = [int(text[:4]), *(int(text[i : i + 2]) for i in range(4, 14, 2))]
        year, month, day, hour, minute, second = parts
        if (
            not (1 <= month <= 12 and year > 0)
            or not 1 <= day <= calendar.monthrange(year, month)[1]
            or hour > 23
            or minute > 59
            or second > 59
        ):
            self.fail("a time of the calendar", "none")
        return calendar.timegm((year, month, day, hour, minute, second))
