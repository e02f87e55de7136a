"""What the parts of a connection share: the store, its boxes, ids of files.

    BoxConnection ─┬─ OwnLog        events and checkpoints of one's own
                   ├─ Collections   mock data of an owner
                   └─ Boxed         this

An id of a file is its box and its name, and is checked as such when it comes
back. Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from typing import Any

from pydantic import ConfigDict, PrivateAttr
from syft.sync.connections.base_connection import SyftboxPlatformConnection
from syft.sync.events.file_change_event import FileChangeEventsMessageFileName

from privshare.bridge.store import Box
from privshare.errors import EncodingError, NotFound

__all__ = ["STATE", "Boxed", "box_id", "box_named", "dated"]

#: The box of small things that an account keeps for itself.
STATE = "state"


class Boxed(SyftboxPlatformConnection):  # type: ignore[misc]
    """A connection over a `Store`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: Any
    _lock: Any = PrivateAttr(default_factory=threading.RLock)

    @property
    def email(self) -> str:
        """The account."""
        account: str = self.store.account
        return account

    def get_authenticated_email(self) -> str:
        """The account."""
        return self.email

    def download_file(self, file_id: str) -> bytes:
        """A file by its id, if we may read it; threads call this at a time."""
        return self._read(*box_named(file_id))

    def _own(self, what: str) -> Box:
        return Box("private", self.email, what)

    def _inbox_of(self, owner: str) -> Box:
        return Box("inbox", owner, self.email)

    def _inbox_from(self, sender: str) -> Box:
        return Box("inbox", self.email, sender)

    def _outbox_to(self, reader: str) -> Box:
        return Box("outbox", self.email, reader)

    def _outbox_of(self, owner: str) -> Box:
        return Box("outbox", owner, self.email)

    def _shown_to(self, reader: str) -> Box:
        return Box("shown", self.email, reader)

    def _shown_by(self, owner: str) -> Box:
        return Box("shown", owner, self.email)

    def _read(self, box: Box, name: str) -> bytes:
        data: bytes | None = self.store.get(box, name)
        if data is None:
            raise NotFound("expected a file that is there, found none")
        return data

    def _events(self, box: Box, since: float | None) -> list[tuple[float, str]]:
        """(time, name) of the events in a box that are newer, the oldest first."""
        found = dated(
            lambda name: FileChangeEventsMessageFileName.from_string(name).timestamp,
            self.store.names(box),
        )
        return [one for one in found if since is None or one[0] > since]


def dated(time_of: Callable[[str], Any], names: list[str]) -> list[tuple[float, str]]:
    """Names with their times, the oldest first; others chose the names."""
    found = []
    for name in names:
        try:
            time = time_of(name)
        except Exception:  # noqa: S112 - a name of another kind
            continue
        if isinstance(time, float) and math.isfinite(time):
            found.append((time, name))
    return sorted(found)


def box_id(box: Box, name: str) -> str:
    """The id of a file."""
    return json.dumps([box.kind, box.owner, box.other, name])


def box_named(file_id: str) -> tuple[Box, str]:
    """The file of an id.

    Raises:
        EncodingError: Not an id.
    """
    try:
        match json.loads(file_id):
            case [str(kind), str(owner), str(other), str(name)]:
                return Box.of(kind, owner, other), name
    except (ValueError, RecursionError):
        pass
    raise EncodingError("expected the id of a file, found something else")
