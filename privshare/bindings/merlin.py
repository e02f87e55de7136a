"""Merlin transcripts (`ps_merlin.h`), for proofs that were made elsewhere.

Source: merlin.cool; transcripts over STROBE-128.

>>> t = Merlin(b"test protocol")
>>> t.append(b"some label", b"some data")
>>> t.challenge(b"challenge", 32).hex()[:16]
'd5a21972d0d5fe32'
"""

from __future__ import annotations

from typing import Any

from privshare.bindings._convert import ffi, lib, out, take
from privshare.errors import OutOfRange


class Merlin:
    """A transcript that goes with proofs of the dalek family.

    `native` is the `ps_merlin *` for other bindings.
    """

    __slots__ = ("native",)

    def __init__(self, label: bytes) -> None:
        self.native: Any = ffi.new("ps_merlin *")
        lib.ps_merlin_init(self.native, label, len(label))

    def append(self, label: bytes, data: bytes) -> None:
        """Append `data` under a label without zero bytes.

        Raises:
            OutOfRange: The label has a zero byte.
        """
        lib.ps_merlin_append(self.native, _checked(label), data, len(data))

    def challenge(self, label: bytes, n: int) -> bytes:
        """Draw `n` bytes that depend on everything so far.

        Raises:
            OutOfRange: The label has a zero byte.
        """
        drawn = out(n)
        lib.ps_merlin_challenge(drawn, n, self.native, _checked(label))
        return take(drawn)

    def fork(self) -> Merlin:
        """A second transcript that goes on from here."""
        twin = object.__new__(Merlin)
        twin.native = ffi.new("ps_merlin *", self.native[0])
        return twin


def _checked(label: bytes) -> bytes:
    if b"\0" in label:
        raise OutOfRange("expected a label without NUL, found one with it")
    return label
