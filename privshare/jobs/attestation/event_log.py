"""The event log of a register that only grows: what happened, in which order.

A register of a TPM or of a TDX guest holds one digest, and each event changes
it for good. The log says which events those were; replaying it must give the
register's quoted value, so no event can be dropped, altered, or moved.

    runner    extend(register, digest) and Event ─► log ─► Evidence
    reader    read_log ─► check_log against the quoted registers ─► Claims

The rule is that of TPM2_PCR_Extend (TPM 2.0 Part 3, section 22.2) and of
TDX's RTMRs alike:

    value' = H(value || digest),   value_0 = 0

with SHA-256 for a TPM's bank and SHA-384 for RTMRs. Implements
docs/formats/evidence.md, "Event log".

>>> events = [Event("pcr.14", bytes(32), "start")]
>>> read_log(write_log(events), "sha256") == tuple(events)
True
>>> replay("sha256", bytes(32), events).hex()[:16]
'f5a5fd42d16a2030'
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.wire import canonical
from privshare.wire.canonical import Json

__all__ = [
    "DIGEST_BYTES",
    "MAX_EVENTS",
    "Event",
    "check_log",
    "extend",
    "read_log",
    "replay",
    "write_log",
]

Algorithm = Literal["sha256", "sha384"]

DIGEST_BYTES: Final[Mapping[str, int]] = {"sha256": 32, "sha384": 48}

MAX_EVENTS: Final = 512
MAX_DESCRIPTION: Final = 200

_REGISTER = re.compile(r"pcr\.(0|[1-9][0-9]?)|rtmr\.[0-3]")
_DESCRIPTION = re.compile(r"[ -~]*")


@dataclass(frozen=True, slots=True)
class Event:
    """One extension of one register.

    Args:
        register: `pcr.14`, `rtmr.3`, and the like.
        digest: What the register was extended with: 32 or 48 bytes.
        description: Says to people what the digest is of. Nobody signs it:
            printable ASCII, up to `MAX_DESCRIPTION` characters.

    Raises:
        EncodingError: Another form.
    """

    register: str
    digest: bytes
    description: str

    def __post_init__(self) -> None:
        if not _REGISTER.fullmatch(self.register):
            raise EncodingError("event: expected a register, found another word")
        if len(self.digest) not in DIGEST_BYTES.values():
            raise EncodingError(
                f"event: expected a digest of 32 or 48 bytes, found {len(self.digest)}"
            )
        text = self.description
        if len(text) > MAX_DESCRIPTION or not _DESCRIPTION.fullmatch(text):
            raise EncodingError(
                f"event: expected up to {MAX_DESCRIPTION} printable characters, "
                "found others"
            )


def write_log(events: Iterable[Event]) -> bytes:
    """Lay a log out: canonical JSON, digests in hex."""
    laid_out: list[Json] = [
        {
            "description": event.description,
            "digest": event.digest.hex(),
            "register": event.register,
        }
        for event in events
    ]
    return canonical.encode(laid_out)


def read_log(data: bytes, algorithm: Algorithm) -> tuple[Event, ...]:
    """Read what `write_log` wrote.

    Args:
        data: The part `event_log` of evidence.
        algorithm: Whose digests the events carry.

    Raises:
        EvidenceInvalid: Another form (`event_log.encoding`), or more than
            `MAX_EVENTS` events (`event_log.length`).
    """
    try:
        found = canonical.decode(data)
        if not isinstance(found, list):
            raise EncodingError("event_log: expected a list")
        if len(found) > MAX_EVENTS:
            raise EvidenceInvalid(
                f"expected up to {MAX_EVENTS} events, found {len(found)}",
                detail={"rule": "event_log.length"},
            )
        return tuple(_event(item, DIGEST_BYTES[algorithm]) for item in found)
    except (EncodingError, OutOfRange) as error:
        raise EvidenceInvalid(
            error.message, detail={"rule": "event_log.encoding"}
        ) from None


def _event(item: Json, size: int) -> Event:
    fields = canonical.Fields(item, "event")
    digest = fields.str("digest", pattern=f"[0-9a-f]{{{2 * size}}}")
    event = Event(
        register=fields.str("register", max=8),
        digest=bytes.fromhex(digest),
        description=fields.str("description", max=MAX_DESCRIPTION),
    )
    fields.end()
    return event


def extend(algorithm: Algorithm, value: bytes, digest: bytes) -> bytes:
    """A register's value after one more event: H(value || digest)."""
    return hashlib.new(algorithm, value + digest).digest()


def replay(algorithm: Algorithm, initial: bytes, events: Iterable[Event]) -> bytes:
    """A register's value after these events, all of them its own.

    Args:
        algorithm: Of the register.
        initial: The value before the first event; zeros after a reset.
        events: In order, of one register.
    """
    value = initial
    for event in events:
        value = extend(algorithm, value, event.digest)
    return value


def check_log(
    algorithm: Algorithm,
    events: Iterable[Event],
    quoted: Mapping[str, bytes],
) -> tuple[tuple[str, bytes, str], ...]:
    """Check that the log explains each of the quoted registers, from zero.

    Args:
        algorithm: Of the registers.
        events: From `read_log`.
        quoted: The registers that owe a log, with their signed values. One
            without an event must be zero: so the only event cannot be dropped
            either.

    Returns:
        The events as `Claims` holds them.

    Raises:
        EvidenceInvalid: An event of a register that is not among them
            (`event_log.register`); or a replay that ends elsewhere
            (`event_log.replay`): an event is missing, altered or moved.
    """
    by_register: dict[str, list[Event]] = {register: [] for register in quoted}
    events = tuple(events)
    for event in events:
        if event.register not in by_register:
            raise EvidenceInvalid(
                f"expected events of {', '.join(sorted(quoted)) or 'no register'}, "
                f"found one of {event.register}",
                fix="A job's events go into a register that is quoted and that "
                "nobody can reset: pcr.8 to pcr.15, or an RTMR.",
                detail={"rule": "event_log.register", "register": event.register},
            )
        by_register[event.register].append(event)
    initial = bytes(DIGEST_BYTES[algorithm])
    for register, own in by_register.items():
        value = replay(algorithm, initial, own)
        if value != quoted[register]:
            raise EvidenceInvalid(
                f"expected {register} to be {value.hex()[:16]} after "
                f"{len(own)} events, found {quoted[register].hex()[:16]}",
                fix="An event is missing, altered, or in another place.",
                detail={"rule": "event_log.replay", "register": register},
            )
    return tuple((event.register, event.digest, event.description) for event in events)
