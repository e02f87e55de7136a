"""What a mirror does when the host signed what cannot be true: stop, and keep it.

The evidence is two notes: the checkpoint the mirror held, and the one the host
signed that contradicts it, or whose log breaks a rule. Both carry the log's
signature, so that anybody can be convinced by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from privshare.errors import SplitView, VerificationError
from privshare.wire.canonical import Fields, decode, encode


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why a mirror stopped.

    Attributes:
        error: `SplitView` or `VerificationError`.
        message: What was expected and what was found.
        ours: The checkpoint this mirror held, a note, or "".
        theirs: The checkpoint the host signed, a note: the evidence.
        time: Unix seconds by this node's clock.
    """

    error: str
    message: str
    ours: str
    theirs: str
    time: int

    def encode(self) -> bytes:
        """As the database keeps it."""
        names = ("error", "message", "ours", "theirs", "time")
        return encode({name: getattr(self, name) for name in names})

    @classmethod
    def decode(cls, data: bytes) -> Alarm:
        """What `encode` wrote."""
        fields = Fields(decode(data), "alarm")
        alarm = cls(
            fields.str("error"),
            fields.str("message", max=1 << 16),
            fields.str("ours", max=1 << 20),
            fields.str("theirs", max=1 << 20),
            fields.int("time"),
        )
        fields.end()
        return alarm

    def refuse(self) -> NoReturn:
        """Raise what was found, again."""
        kind = SplitView if self.error == "SplitView" else VerificationError
        raise kind(
            f"this mirror stopped: {self.message}",
            fix="Compare both checkpoints with the other members before going on.",
            detail={"ours": self.ours, "theirs": self.theirs, "time": self.time},
        )


class Misconduct(Exception):
    """The host signed what cannot be true; carries the error to raise."""

    def __init__(self, error: VerificationError | SplitView) -> None:
        super().__init__(error.message)
        self.error = error
