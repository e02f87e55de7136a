"""The state map: what the ledger holds, under one root.

A map from text keys to JSON objects, kept as a compact sparse Merkle tree.
Each block entry carries its root, so that an auditor can check offline what
the ledger held at a height, and also what it did not hold ("no such
revocation", "never granted").

    machine   Draft ─► StateMap.put ─► root ─► block entry
    auditor   block entry + MapProof ─► verify_map ─► value, or proven absence

Layout. A key's path is the 256 bits of its hash, first bit first; a subtree
with one leaf *is* that leaf, and an empty one is 32 zero bytes:

    path  = H(STATE_KEY, key)
    leaf  = H(STATE_LEAF, path, SHA-256(canonical value))
    node  = H(STATE_NODE, left, right)
    empty = 0^32

Keys are written again but never removed, so that history stays provable.
Trees are immutable inside: a snapshot is one reference and costs nothing.

Source: Gao, Hu and Wu, "Jellyfish Merkle Tree", 2021, section 3, with a branch
factor of two; Dahlberg, Pulls and Peeters, "Efficient Sparse Merkle Trees",
NordSec 2016, for absence.

>>> state = StateMap()
>>> state.put("agency/tax", {"status": "active"})
>>> proof = state.snapshot().prove("agency/tax")
>>> verify_map(state.root(), "agency/tax", {"status": "active"}, proof)
>>> verify_map(state.root(), "agency/fire", None, state.snapshot().prove("agency/fire"))
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from privshare.errors import InclusionInvalid
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, encode, unb64u
from privshare.wire.digest import sha256, tagged

#: A JSON object as readers of the state get it: a fresh copy each time.
Value = dict[str, Any]

#: The root of a map that holds nothing.
EMPTY = bytes(32)

_BITS = 256


class _Leaf:
    """One key. The value is kept as canonical bytes, so that nobody alters it."""

    __slots__ = ("data", "digest", "key", "path")

    def __init__(self, key: str, path: int, data: bytes) -> None:
        self.key = key
        self.path = path
        self.data = data
        self.digest: bytes | None = None


class _Branch:
    """Two subtrees with at least two leaves between them."""

    __slots__ = ("digest", "left", "right")

    def __init__(self, left: _Node, right: _Node) -> None:
        self.left = left
        self.right = right
        self.digest: bytes | None = None


_Node = _Leaf | _Branch | None


@lru_cache(maxsize=1 << 16)  # members, keys and busy grants are asked for often
def _path(key: str) -> int:
    return int.from_bytes(tagged(domain.STATE_KEY, key.encode()), "big")


def _bit(path: int, depth: int) -> int:
    return path >> (_BITS - 1 - depth) & 1


def _leaf_digest(path: bytes, value_digest: bytes) -> bytes:
    return tagged(domain.STATE_LEAF, path, value_digest)


def _node_digest(left: bytes, right: bytes) -> bytes:
    return tagged(domain.STATE_NODE, left, right)


def _digest(node: _Node) -> bytes:
    """Hash what changed since the last call; the rest is remembered."""
    if node is None:
        return EMPTY
    if node.digest is None:
        if isinstance(node, _Leaf):
            path = node.path.to_bytes(32, "big")
            node.digest = _leaf_digest(path, sha256(node.data))
        else:
            node.digest = _node_digest(_digest(node.left), _digest(node.right))
    return node.digest


def _insert(node: _Node, leaf: _Leaf, depth: int) -> _Node:
    """Return the tree with `leaf` in it; the old tree stays as it was."""
    if node is None:
        return leaf
    if isinstance(node, _Leaf):
        return leaf if node.path == leaf.path else _split(node, leaf, depth)
    if _bit(leaf.path, depth):
        return _Branch(node.left, _insert(node.right, leaf, depth + 1))
    return _Branch(_insert(node.left, leaf, depth + 1), node.right)


def _split(old: _Leaf, new: _Leaf, depth: int) -> _Branch:
    """Put two leaves under as many branches as their paths share bits."""
    shared = _BITS - (old.path ^ new.path).bit_length()
    node: _Node
    pair = (old, new) if _bit(new.path, shared) else (new, old)
    node = _Branch(*pair)
    for level in range(shared - 1, depth - 1, -1):
        node = _Branch(None, node) if _bit(new.path, level) else _Branch(node, None)
    return node


def _find(node: _Node, path: int) -> _Leaf | None:
    depth = _BITS - 1
    while isinstance(node, _Branch):
        node = node.right if path >> depth & 1 else node.left
        depth -= 1
    return node if node is not None and node.path == path else None


@dataclass(frozen=True, slots=True)
class MapProof:
    """The neighbours on a key's path, and the leaf that stands in its place.

    Attributes:
        siblings: Digests beside the path, the root's children first.
        other_leaf: For absence only: (path, value digest) of the one leaf that
            the key's subtree holds, or None when that subtree is empty.
    """

    siblings: tuple[bytes, ...]
    other_leaf: tuple[bytes, bytes] | None = None

    def to_json(self) -> Json:
        """Lay the proof out (docs/formats/entry.md, "Map proofs")."""
        other: Json = None
        if self.other_leaf is not None:
            other = {
                "path": b64u(self.other_leaf[0]),
                "value": b64u(self.other_leaf[1]),
            }
        return {"other": other, "siblings": [b64u(s) for s in self.siblings]}

    @classmethod
    def from_json(cls, obj: Json) -> MapProof:
        """Read a proof.

        Raises:
            EncodingError: Not an object of this form, or more than 256
                siblings.
        """
        fields = Fields(obj, where="map proof")
        siblings = tuple(unb64u(s, 32) for s in fields.str_list("siblings", _BITS))
        other = fields.nullable("other", fields.obj)
        fields.end()
        if other is None:
            return cls(siblings)
        leaf = (other.digest("path"), other.digest("value"))
        other.end()
        return cls(siblings, leaf)


class Snapshot:
    """A map as it stood at one moment. Safe to read from any thread."""

    __slots__ = ("_families", "_root")

    def __init__(
        self, root: _Node, families: dict[str, tuple[list[tuple[str, int]], int]]
    ) -> None:
        self._root = root
        self._families = families

    def get(self, key: str) -> Value | None:
        """Return a fresh copy of the value, or None when there is none."""
        leaf = _find(self._root, _path(key))
        return None if leaf is None else _load(leaf.data)

    def items(
        self, prefix: str, *, newest_first: bool = False, after: str = ""
    ) -> Iterator[tuple[str, Value]]:
        """Yield keys that begin with `prefix`, in the order they first appeared.

        Args:
            prefix: Holds at least the family, the part before the first "/".
            newest_first: In the opposite order.
            after: Begin behind this key, without reading what is before it;
                nothing is yielded if it is not there.
        """
        family = prefix.split("/", 1)[0]
        keys, count = self._families.get(family, ([], 0))
        for position in reversed(range(count)) if newest_first else range(count):
            key, path = keys[position]
            if after:
                after = "" if key == after else after
            elif key.startswith(prefix):
                leaf = _find(self._root, path)
                if leaf is not None:
                    yield key, _load(leaf.data)

    def root(self) -> bytes:
        """The digest that a block entry carries."""
        return _digest(self._root)

    def prove(self, key: str) -> MapProof:
        """Prove what this map holds under `key`, or that it holds nothing."""
        path = _path(key)
        siblings: list[bytes] = []
        node = self._root
        while isinstance(node, _Branch):
            right = _bit(path, len(siblings))
            siblings.append(_digest(node.left if right else node.right))
            node = node.right if right else node.left
        if node is None or node.path == path:
            return MapProof(tuple(siblings))
        other = (node.path.to_bytes(32, "big"), sha256(node.data))
        return MapProof(tuple(siblings), other)


class StateMap:
    """The growing map. One writer; readers take snapshots."""

    __slots__ = ("_changed", "_families", "_root")

    def __init__(self) -> None:
        self._root: _Node = None
        self._families: dict[str, list[tuple[str, int]]] = {}
        self._changed: dict[str, bytes] = {}

    @classmethod
    def load(cls, rows: Iterable[tuple[str, bytes]]) -> StateMap:
        """Build a map from canonical values, in the order they first appeared."""
        state = cls()
        leaves: list[_Leaf] = []
        for key, data in rows:
            leaf = _Leaf(key, _path(key), data)
            leaves.append(leaf)
            state._family(key).append((key, leaf.path))
        leaves.sort(key=lambda leaf: leaf.path)
        state._root = _build(leaves, 0)
        return state

    def get(self, key: str) -> Value | None:
        """Return a fresh copy of the value, or None when there is none."""
        leaf = _find(self._root, _path(key))
        return None if leaf is None else _load(leaf.data)

    def put(self, key: str, value: Json) -> None:
        """Write a value.

        Args:
            key: `<family>/<rest>`.
            value: An object that `wire.canonical.encode` accepts.
        """
        self.put_data(key, encode(value))

    def put_data(self, key: str, data: bytes) -> None:
        """Write a value that is in canonical bytes already."""
        leaf = _Leaf(key, _path(key), data)
        if _find(self._root, leaf.path) is None:
            self._family(key).append((key, leaf.path))
        self._root = _insert(self._root, leaf, 0)
        self._changed[key] = data

    def items(self, prefix: str) -> Iterator[tuple[str, Value]]:
        """As `Snapshot.items`, over the map as it is now."""
        return self.snapshot().items(prefix)

    def root(self) -> bytes:
        """Hash the changed paths and return the root."""
        return _digest(self._root)

    def prove(self, key: str) -> MapProof:
        """As `Snapshot.prove`, over the map as it is now."""
        return self.snapshot().prove(key)

    def snapshot(self) -> Snapshot:
        """Hold the map as it is now. Constant cost; later writes do not show."""
        self.root()
        families = {name: (keys, len(keys)) for name, keys in self._families.items()}
        return Snapshot(self._root, families)

    def take_changes(self) -> dict[str, bytes]:
        """Hand over the canonical values written since the last call."""
        changed, self._changed = self._changed, {}
        return changed

    def _family(self, key: str) -> list[tuple[str, int]]:
        return self._families.setdefault(key.split("/", 1)[0], [])


def _build(leaves: list[_Leaf], depth: int) -> _Node:
    """Build the tree over leaves sorted by path, each once."""
    if not leaves:
        return None
    if len(leaves) == 1:
        return leaves[0]
    low, high = 0, len(leaves)
    while low < high:  # the first leaf whose bit at this depth is set
        middle = (low + high) // 2
        if _bit(leaves[middle].path, depth):
            high = middle
        else:
            low = middle + 1
    return _Branch(_build(leaves[:low], depth + 1), _build(leaves[low:], depth + 1))


def _load(data: bytes) -> Value:
    value: Value = json.loads(data)  # our own canonical bytes, checked on entry
    return value


def verify_map(root: bytes, key: str, value: Json | None, proof: MapProof) -> None:
    """Check what a map with this root holds under a key.

    Args:
        root: The state root of a block entry.
        key: The key asked for.
        value: The value that is claimed, or None for "holds nothing".
        proof: From `Snapshot.prove`.

    Raises:
        InclusionInvalid: The map holds something else.

    Source:
        The module's equations. The deepest sibling of a leaf is never empty,
        since a subtree with one leaf is that leaf; hence one proof per claim.
    """
    siblings = proof.siblings
    if len(siblings) > _BITS or any(len(s) != 32 for s in siblings):
        raise InclusionInvalid("expected at most 256 siblings of 32 bytes, found other")
    if siblings and siblings[-1] == EMPTY:
        raise InclusionInvalid("expected a compact proof, found an empty last sibling")
    path = tagged(domain.STATE_KEY, key.encode())
    digest = _bottom(path, value, proof)
    bits = int.from_bytes(path, "big")
    for depth in range(len(siblings) - 1, -1, -1):
        pair = (siblings[depth], digest)
        digest = _node_digest(*(pair if _bit(bits, depth) else pair[::-1]))
    if digest != root:
        raise InclusionInvalid(
            f"expected a proof for state root {b64u(root)}, found one for another",
            detail={"key": key},
        )


def _bottom(path: bytes, value: Json | None, proof: MapProof) -> bytes:
    """The digest at the end of the path, as the claim would have it."""
    if value is not None:
        if proof.other_leaf is not None:
            raise InclusionInvalid("expected a proof of presence, found one of absence")
        return _leaf_digest(path, sha256(encode(value)))
    if proof.other_leaf is None:
        return EMPTY
    other, value_digest = proof.other_leaf
    if len(other) != 32 or len(value_digest) != 32:
        raise InclusionInvalid("expected digests of 32 bytes, found other lengths")
    differing = int.from_bytes(other, "big") ^ int.from_bytes(path, "big")
    shared = _BITS - differing.bit_length()
    if differing == 0 or shared < len(proof.siblings):
        raise InclusionInvalid("expected another leaf on the key's path, found neither")
    return _leaf_digest(other, value_digest)
