"""What a crash can leave behind in PySyft's folders, set right before they open.

PySyft writes an event, then a digest, then the file, each in place. A process
that was killed in between leaves a file cut short, or one that an event speaks
of and that is not there, which the next sync would take for a deletion.

    events/*.json      cut short: dropped; what sent it is still in its box
    inbox files        rewritten from their last event
    state.yaml, permissions cut short: dropped; they are made anew

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import logging
from pathlib import Path

import yaml
from syft.sync.events.file_change_event import FileChangeEvent, FileChangeEventsMessage
from syft_permissions.spec.ruleset import PERMISSION_FILE_NAME

__all__ = ["repair"]

_INBOX = Path("app_data", "job", "inbox")

_LOG = logging.getLogger(__name__)


def repair(home: Path, account: str) -> None:
    """Set right what a crash may have left.

    Args:
        home: PySyft's folder; nobody else has it open.
        account: The owner's.
    """
    site = home / account
    for path, event in _last_events(home.parent / f"{home.name}-events").items():
        _restore(site, path, event)
    for name in ("state.yaml", PERMISSION_FILE_NAME):
        for file in site.glob(f"app_data/**/{name}"):
            if not _whole(file):
                _LOG.warning("dropped %s, cut short by a crash", file)
                file.unlink()


def _last_events(folder: Path) -> dict[Path, FileChangeEvent]:
    messages = []
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if not file.is_file():
            continue
        try:
            messages.append(
                FileChangeEventsMessage.model_validate_json(file.read_bytes())
            )
        except ValueError:
            _LOG.warning("dropped %s, cut short by a crash", file)
            file.unlink()
    last: dict[Path, FileChangeEvent] = {}
    for message in sorted(messages, key=lambda one: one.timestamp):
        for event in message.events:
            last[Path(event.path_in_datasite)] = event
    return last


def _restore(site: Path, path: Path, event: FileChangeEvent) -> None:
    """Write an inbox's file as its last event has it; others only if missing."""
    if event.is_deleted or event.content is None or ".." in path.parts:
        return
    content = event.content
    data = content.encode() if isinstance(content, str) else bytes(content)
    file = site / path
    if file.is_file() and (
        not path.is_relative_to(_INBOX) or file.read_bytes() == data
    ):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    _LOG.warning("restored %s after a crash", file)


def _whole(file: Path) -> bool:
    try:
        return isinstance(yaml.safe_load(file.read_text()), dict)
    except (OSError, ValueError, yaml.YAMLError):
        return False
