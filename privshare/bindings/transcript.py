"""The transcript of a proof (`ps_transcript.h`).

Source: FIPS 202 for the sponge; docs/protocols/transcript.md for the layout.

>>> t = TranscriptCore(b"example/v1")
>>> t.absorb(b"message", b"hello")
>>> t.challenge(b"e", 8).hex()
'0a3a31ee3a71d7dd'
"""

from __future__ import annotations

from typing import Any

from privshare.bindings._convert import ffi, lib, out, take
from privshare.bindings.scalar import encoded
from privshare.errors import OutOfRange

MAX_LABEL_BYTES = 255


class TranscriptCore:
    """A sponge that C functions absorb into and draw challenges from.

    `native` is the `ps_transcript *` for bindings of schemes in the core.
    """

    __slots__ = ("native",)

    def __init__(self, protocol: bytes) -> None:
        self.native: Any = ffi.new("ps_transcript *")
        lib.ps_transcript_init(self.native, protocol, len(protocol))

    def absorb(self, label: bytes, data: bytes) -> None:
        """Absorb `data` under a label of 1 to 255 ASCII characters.

        Raises:
            OutOfRange: The label is none.
        """
        lib.ps_transcript_absorb(
            self.native, _checked(label), ffi.from_buffer(data), len(data)
        )

    def challenge(self, label: bytes, n: int) -> bytes:
        """Draw `n` bytes that depend on everything so far.

        Raises:
            OutOfRange: The label is none.
        """
        drawn = out(n)
        lib.ps_transcript_challenge(drawn, n, self.native, _checked(label))
        return take(drawn)

    def challenge_scalar(self, label: bytes) -> bytes:
        """Draw a scalar of ristretto255, 32 bytes.

        Raises:
            OutOfRange: The label is none.
        """
        scalar = ffi.new("ps_scalar *")
        lib.ps_transcript_challenge_scalar(scalar, self.native, _checked(label))
        return encoded(scalar, 1)

    def fork(self) -> TranscriptCore:
        """A second transcript that goes on from here."""
        twin = object.__new__(TranscriptCore)
        twin.native = ffi.new("ps_transcript *", self.native[0])
        return twin


def _checked(label: bytes) -> bytes:
    """A label as C wants it: no NUL within, none too long."""
    if not 1 <= len(label) <= MAX_LABEL_BYTES or b"\0" in label:
        raise OutOfRange(
            f"expected a label of 1 to {MAX_LABEL_BYTES} characters without NUL, "
            f"found {len(label)} bytes"
        )
    return label
