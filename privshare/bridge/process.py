"""A bridge put together: the node of a profile, PySyft in a folder, the loop.

    DIR/syft             PySyft's files; DIR/syft-events beside it
    DIR/enrolment.json   the owner's own enrolment, where messages wait at nodes
    DIR/journal          what was handed in
    DIR/boxes            messages, where a folder carries them

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from privshare.bridge.desk import SyftDesk
from privshare.bridge.gate import Gate
from privshare.bridge.journal import Journal
from privshare.bridge.node_store import NodeStore
from privshare.bridge.owner import OwnerNode
from privshare.bridge.serve import alone, log_to_stderr, serve, stopped_by_signals
from privshare.bridge.store import FolderStore, Store
from privshare.errors import ConfigError, PrivShareError
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client
from privshare.wire.canonical import Json, decode

__all__ = ["ENROLMENT", "run"]

ENROLMENT: Final = "enrolment.json"
_MAX_ENROLMENT: Final = 4096


def run(
    net: Client[Blocking],
    folder: Path,
    account: str,
    *,
    boxes: Path | None,
    interval_s: float,
    once: bool = False,
) -> None:
    """Serve a folder until a signal says to end.

    Args:
        net: The owner's node.
        folder: The bridge's own.
        account: The owner's, in PySyft.
        boxes: The folder where messages wait; None: they wait at nodes.
        interval_s: Pause between rounds.
        once: One round.

    Raises:
        Conflict: Another bridge serves the folder.
        ConfigError: No enrolment of the account, where nodes ask for it.
        PrivShareError: What the start, or with `once` the round, raises.
    """
    os.environ["PRE_SYNC"] = "false"  # PySyft syncs when it is told to
    log_to_stderr()
    with alone(folder), stopped_by_signals() as stop:
        enrolment = _enrolment(folder, account, needed=boxes is None)
        store: Store = (
            NodeStore(net, account, {})
            if boxes is None
            else FolderStore(boxes, account)
        )
        made: list[Gate] = []

        def work() -> None:
            if not made:  # its first sync may fail as any other
                desk = SyftDesk(account, folder, store, enrolment)
                node = OwnerNode(net, net.trust)
                made.append(Gate(desk, node, Journal(folder / "journal")))
            made[0].round()

        serve(work, stop, interval_s=interval_s, once=once)


def _enrolment(folder: Path, account: str, *, needed: bool) -> dict[str, Json] | None:
    file = folder / ENROLMENT
    try:
        found = decode(file.read_bytes(), max_bytes=_MAX_ENROLMENT)
    except FileNotFoundError:
        if not needed:
            return None
        raise ConfigError(
            f"expected the enrolment of {account} in {file}, found none",
            fix=f"privshare syft enrol {account} --folder {folder / 'syft'} "
            f"--out {file}",
        ) from None
    except PrivShareError as error:
        raise ConfigError(f"expected an enrolment in {file}: {error.message}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"expected an enrolment in {file}, found something else")
    return found
