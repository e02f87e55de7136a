"""Collections: the mock data that an owner shows, and others see.

    owner    private "collections" ─► "shown" of each reader: files, then a list
    reader   "shown" of each owner: by its list ─► its own folder

A reader takes a collection once and does not look again, so it must never see
half of one: what counts is the list of its files, `<prefix>/<tag>/<hash>`, which
is put last and taken back first.

By PySyft's design mock data is not encrypted. A collection of private data is
refused: rows stay where they are, and no box ever holds them.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import json
from typing import Any

from syft.sync.connections.base_connection import FileCollection
from syft.sync.connections.collection_prefixes import (
    PRIVATE_DATASET_COLLECTION_PREFIX,
)

from privshare.bridge.connection_box import STATE, Boxed, box_id
from privshare.bridge.store import Box
from privshare.errors import EncodingError, NotFound, NotPermitted

__all__ = ["COLLECTIONS", "Collections"]

COLLECTIONS = "collections"


class Collections(Boxed):
    """The part of a connection that carries collections."""

    def owner_create_collection_folder(
        self, prefix: str, tag: str, content_hash: str, owner_email: str
    ) -> str:
        """Begin a collection."""
        if prefix == PRIVATE_DATASET_COLLECTION_PREFIX:
            raise NotPermitted(
                "expected mock data, found a collection of private data",
                fix="Create the dataset with upload_private=False.",
                detail={"rule": "box.private"},
            )
        with self._lock:
            known = self._collections()
            name = _collection(prefix, tag, content_hash)
            known.setdefault(name, {"any": False, "files": [], "readers": []})
            self._keep_collections(known)
        return box_id(self._own(COLLECTIONS), name)

    def owner_tag_collection_as_any(
        self, prefix: str, tag: str, content_hash: str
    ) -> None:
        """Note that every peer may have it."""
        with self._lock:
            known = self._collections()
            self._entry(known, prefix, tag, content_hash)["any"] = True
            self._keep_collections(known)

    def owner_share_collection(
        self, prefix: str, tag: str, content_hash: str, users: list[str]
    ) -> None:
        """Show it to accounts."""
        with self._lock:
            known = self._collections()
            entry = self._entry(known, prefix, tag, content_hash)
            entry["readers"] = sorted({*entry["readers"], *users})
            self._keep_collections(known)
            name = _collection(prefix, tag, content_hash)
            for user in users:
                self._show(name, entry["files"], user)

    def owner_upload_collection_files(
        self, prefix: str, tag: str, content_hash: str, files: dict[str, bytes]
    ) -> None:
        """Put files into it."""
        with self._lock:
            known = self._collections()
            entry = self._entry(known, prefix, tag, content_hash)
            name = _collection(prefix, tag, content_hash)
            for path, data in files.items():
                short = _plain(path.rpartition("/")[2])
                self.store.put(self._own(COLLECTIONS), f"{name}/{short}", data)
                entry["files"] = sorted({*entry["files"], short})
            self._keep_collections(known)
            for user in entry["readers"]:
                self._show(name, entry["files"], user)

    def _show(self, name: str, files: list[str], user: str) -> None:
        own, shown = self._own(COLLECTIONS), self._shown_to(user)
        for file in files:
            self.store.put(shown, f"{name}/{file}", self._read(own, f"{name}/{file}"))
        if files:
            self.store.put(shown, name, json.dumps(files).encode())

    def mend_collections(self, peers: list[str]) -> None:
        """Finish what a crash left half shown, or half taken back.

        Args:
            peers: Accounts that were accepted; they see what anybody may see.
        """
        with self._lock:
            known = self._collections()
            if not known:
                return
            for entry in known.values():
                if entry["any"]:
                    entry["readers"] = sorted({*entry["readers"], *peers})
            self._keep_collections(known)
            own = set(self.store.names(self._own(COLLECTIONS)))
            readers = {one for entry in known.values() for one in entry["readers"]}
            for user in sorted(readers):
                self._mend_shown(known, own, user)

    def _mend_shown(self, known: dict[str, Any], own: set[str], user: str) -> None:
        shown = self._shown_to(user)
        there = self.store.names(shown)
        for name in there:
            parts = name.split("/")
            if len(parts) > 2 and "/".join(parts[:3]) not in known:
                self.store.drop(shown, name)
        for name, entry in known.items():
            whole = own.issuperset(f"{name}/{one}" for one in entry["files"])
            if user in entry["readers"] and name not in there and whole:
                self._show(name, entry["files"], user)

    def owner_list_collections(self, prefix: str) -> list[str]:
        """Tags of our collections."""
        return [
            one.tag for one in self.owner_list_all_collections_with_permissions(prefix)
        ]

    def owner_list_all_collections_with_permissions(
        self, prefix: str
    ) -> list[FileCollection]:
        """Our collections."""
        found = []
        for name, entry in self._collections().items():
            kind, tag, content_hash = name.split("/")
            if kind == prefix:
                found.append(
                    FileCollection(
                        folder_id=box_id(self._own(COLLECTIONS), name),
                        tag=tag,
                        content_hash=content_hash,
                        has_any_permission=entry["any"],
                    )
                )
        return found

    def owner_delete_collection(self, prefix: str, tag: str) -> None:
        """Take it back from everybody, and drop it."""
        with self._lock:
            known = self._collections()
            for name in [one for one in known if one.startswith(f"{prefix}/{tag}/")]:
                entry = known.pop(name)
                for user in entry["readers"]:
                    self.store.drop(self._shown_to(user), name)
                for file in entry["files"]:
                    for user in entry["readers"]:
                        self.store.drop(self._shown_to(user), f"{name}/{file}")
                    self.store.drop(self._own(COLLECTIONS), f"{name}/{file}")
            self._keep_collections(known)

    def watcher_list_collections(self, prefix: str) -> list[dict[str, str]]:
        """Collections that owners show to us."""
        found = set()
        for owner in self.store.others("shown"):
            for name in self.store.names(self._shown_by(owner)):
                parts = name.split("/")
                if parts[0] == prefix and _is_collection(parts):
                    found.add((owner, parts[1], parts[2]))
        return [
            {"content_hash": content_hash, "owner_email": owner, "tag": tag}
            for owner, tag, content_hash in sorted(found)
        ]

    def watcher_download_collection(
        self, prefix: str, tag: str, content_hash: str, owner_email: str
    ) -> dict[str, bytes]:
        """Its files."""
        box, names = self._files_of(prefix, tag, content_hash, owner_email)
        return {name.rpartition("/")[2]: self._read(box, name) for name in names}

    def watcher_get_collection_file_metadatas(
        self, prefix: str, tag: str, content_hash: str, owner_email: str
    ) -> list[dict[str, str]]:
        """Its files, by id; an owner asks for its own when it starts anew."""
        box, names = self._files_of(prefix, tag, content_hash, owner_email)
        return [
            {"file_id": box_id(box, name), "file_name": name.rpartition("/")[2]}
            for name in names
        ]

    def watcher_download_collection_file(self, file_id: str) -> bytes:
        """One of its files."""
        return self.download_file(file_id)

    def _files_of(
        self, prefix: str, tag: str, content_hash: str, owner: str
    ) -> tuple[Box, list[str]]:
        """The box of a collection, and its files there."""
        name = _collection(prefix, tag, content_hash)
        if owner == self.email:
            # Of our own a crash may have left a part, which is no error.
            box = self._own(COLLECTIONS)
            there = set(self.store.names(box))
            entry = self._entry(self._collections(), prefix, tag, content_hash)
            files = [f"{name}/{one}" for one in entry["files"]]
            return box, [one for one in files if one in there]
        box = self._shown_by(owner)
        try:
            files = [_plain(one) for one in json.loads(self._read(box, name))]
        except (AttributeError, RecursionError, TypeError, ValueError):
            raise EncodingError(
                "expected the list of a collection's files, found another"
            ) from None
        return box, [f"{name}/{one}" for one in files]

    def _collections(self) -> dict[str, Any]:
        data = self.store.get(self._own(STATE), COLLECTIONS)
        return {} if data is None else dict(json.loads(data))

    def _keep_collections(self, known: dict[str, Any]) -> None:
        self.store.put(self._own(STATE), COLLECTIONS, json.dumps(known).encode())

    def _entry(
        self, known: dict[str, Any], prefix: str, tag: str, content_hash: str
    ) -> dict[str, Any]:
        entry = known.get(_collection(prefix, tag, content_hash))
        if entry is None:
            raise NotFound("expected a collection of ours, found none")
        return dict(entry) if not isinstance(entry, dict) else entry


def _collection(prefix: str, tag: str, content_hash: str) -> str:
    return "/".join(_plain(one) for one in (prefix, tag, content_hash))


def _is_collection(parts: list[str]) -> bool:
    """Whether a name is of a collection's list; others chose it, for our disk."""
    try:
        return len(parts) == 3 and all(map(_plain, parts))
    except EncodingError:
        return False


def _plain(part: str) -> str:
    """One part of a path, which leads nowhere else."""
    odd = part.startswith(".") or "\\" in part or not part.isprintable()
    if not part or odd or "/" in part:
        raise EncodingError("expected a plain name of a file, found another")
    return part
