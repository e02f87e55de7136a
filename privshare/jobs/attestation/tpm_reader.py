"""Bytes of TPM structures, read once and in order.

Beneath `tpm_structure`: the marshalled form of TPM 2.0 (TCG, TPM 2.0 Library,
Part 2, section 4.4, and the TPM2B types of 10.4): unsigned integers,
big-endian, and byte strings behind two bytes of length. Nothing is guessed,
and nothing may be left over.

>>> reader = Reader(write_sized(b"name"), "a name")
>>> reader.sized(8)
b'name'
>>> reader.end()
"""

from __future__ import annotations

from typing import Final, NoReturn

from privshare.errors import EvidenceInvalid

__all__ = ["MAX_STRUCTURE", "Reader", "refuse", "write_sized"]

MAX_STRUCTURE: Final = 4096


def refuse(rule: str, expected: str, found: object) -> NoReturn:
    """Refuse evidence of a TPM.

    Raises:
        EvidenceInvalid: Always; `detail["rule"]` is `rule`.
    """
    raise EvidenceInvalid(f"expected {expected}, found {found}", detail={"rule": rule})


class Reader:
    """Big-endian fields of one structure, read once and in order.

    Args:
        data: The whole structure, up to `MAX_STRUCTURE` bytes.
        what: As messages name it.

    Raises:
        EvidenceInvalid: Longer (`tpm.length`).
    """

    __slots__ = ("_at", "_data", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        if len(data) > MAX_STRUCTURE:
            refuse("tpm.length", f"{what} of up to {MAX_STRUCTURE} bytes", len(data))
        self._data = data
        self._what = what
        self._at = 0

    def take(self, length: int) -> bytes:
        """Read this many bytes.

        Raises:
            EvidenceInvalid: There are fewer (`tpm.length`).
        """
        end = self._at + length
        if end > len(self._data):
            refuse("tpm.length", f"{self._what} of {end} bytes", len(self._data))
        found = self._data[self._at : end]
        self._at = end
        return found

    def uint(self, length: int) -> int:
        """Read an unsigned integer of this many bytes."""
        return int.from_bytes(self.take(length), "big")

    def sized(self, most: int) -> bytes:
        """Read a TPM2B: two bytes of length, then the bytes.

        Raises:
            EvidenceInvalid: Longer than `most`, or cut off (`tpm.length`).
        """
        length = self.uint(2)
        if length > most:
            refuse("tpm.length", f"a field of up to {most} bytes", length)
        return self.take(length)

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            EvidenceInvalid: Something does (`tpm.trailing`).
        """
        if self._at != len(self._data):
            refuse(
                "tpm.trailing",
                f"{self._what} of {self._at} bytes",
                len(self._data),
            )


def write_sized(data: bytes) -> bytes:
    """Lay a TPM2B out: two bytes of length, then the bytes."""
    return len(data).to_bytes(2, "big") + data
