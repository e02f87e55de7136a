"""What an owner keeps for itself: its events, checkpoints, rolling state.

    sync ─► event written ─► rolling state ─► every so often a checkpoint

PySyft's client encrypts all of it for itself before it comes here.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

from syft.sync.checkpoints.checkpoint import (
    CHECKPOINT_FILENAME_PREFIX,
    INCREMENTAL_CHECKPOINT_PREFIX,
    Checkpoint,
    IncrementalCheckpoint,
)

from privshare.bridge.connection_box import Boxed, box_id, dated

__all__ = ["CHECKPOINTS", "EVENTS", "ROLLING", "OwnLog"]

EVENTS, CHECKPOINTS, ROLLING = "events", "checkpoints", "rolling"


class OwnLog(Boxed):
    """The part of a connection that keeps its owner's log."""

    def owner_write_raw_bytes_to_syftbox(self, filename: str, data: bytes) -> str:
        """Keep events of our own."""
        self.store.put(self._own(EVENTS), filename, data)
        return box_id(self._own(EVENTS), filename)

    def owner_download_raw_bytes_by_id(self, file_id: str) -> bytes:
        """A file by its id."""
        return self.download_file(file_id)

    def owner_download_all_raw_events_from_syftbox(self) -> list[bytes]:
        """All events of our own."""
        box = self._own(EVENTS)
        return [self._read(box, name) for _, name in self._events(box, None)]

    def owner_get_all_accepted_event_file_ids(
        self, since_timestamp: float | None = None
    ) -> list[str]:
        """Their ids."""
        box = self._own(EVENTS)
        return [box_id(box, name) for _, name in self._events(box, since_timestamp)]

    def download_raw_events_since_timestamp(
        self, since_timestamp: float
    ) -> list[bytes]:
        """Events of our own that are newer."""
        box = self._own(EVENTS)
        found = self._events(box, since_timestamp)
        return [self._read(box, name) for _, name in found]

    def get_events_count_since_checkpoint(
        self, checkpoint_timestamp: float | None
    ) -> int:
        """How many events of our own are newer."""
        return len(self._events(self._own(EVENTS), checkpoint_timestamp))

    # -- checkpoints -----------------------------------------------------------

    def upload_raw_checkpoint(self, filename: str, data: bytes) -> str:
        """Keep a checkpoint; older ones go."""
        box = self._own(CHECKPOINTS)
        with self._lock:
            older = self._checkpoints(CHECKPOINT_FILENAME_PREFIX)
            self.store.put(box, filename, data)
            for name in older:
                if name != filename:
                    self.store.drop(box, name)
        return box_id(box, filename)

    def download_raw_latest_checkpoint(self) -> bytes | None:
        """The newest one, or None."""
        names = self._checkpoints(CHECKPOINT_FILENAME_PREFIX)
        known = dated(Checkpoint.filename_to_timestamp, names)
        if not known:
            return None
        return self._read(self._own(CHECKPOINTS), known[-1][1])

    def upload_raw_incremental_checkpoint(self, filename: str, data: bytes) -> str:
        """Keep a step between checkpoints."""
        self.store.put(self._own(CHECKPOINTS), filename, data)
        return box_id(self._own(CHECKPOINTS), filename)

    def download_all_raw_incremental_checkpoints(self) -> list[bytes]:
        """All steps."""
        box = self._own(CHECKPOINTS)
        names = self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX)
        return [self._read(box, one) for one in names]

    def get_incremental_checkpoint_count(self) -> int:
        """How many steps."""
        return len(self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX))

    def get_next_incremental_sequence_number(self) -> int:
        """What the next step is numbered."""
        numbers = (
            IncrementalCheckpoint.filename_to_sequence_number(name)
            for name in self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX)
        )
        return max((one for one in numbers if one is not None), default=0) + 1

    def delete_all_incremental_checkpoints(self) -> None:
        """Drop all steps."""
        for name in self._checkpoints(INCREMENTAL_CHECKPOINT_PREFIX):
            self.store.drop(self._own(CHECKPOINTS), name)

    def _checkpoints(self, prefix: str) -> list[str]:
        names = self.store.names(self._own(CHECKPOINTS))
        return [
            one
            for one in names
            if one.startswith(prefix)
            and (
                prefix == INCREMENTAL_CHECKPOINT_PREFIX
                or not one.startswith(INCREMENTAL_CHECKPOINT_PREFIX)
            )
        ]

    def upload_raw_rolling_state(self, filename: str, data: bytes) -> str:
        """Keep the rolling state in place of the last one."""
        box = self._own(ROLLING)
        with self._lock:
            self.store.put(box, ROLLING, data)
        return box_id(box, ROLLING)

    def download_raw_rolling_state(self) -> bytes | None:
        """The rolling state, or None."""
        data: bytes | None = self.store.get(self._own(ROLLING), ROLLING)
        return data

    def delete_rolling_state(self) -> None:
        """Drop it."""
        self.store.drop(self._own(ROLLING), ROLLING)
