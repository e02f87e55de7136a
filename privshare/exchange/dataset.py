"""Describing, amending, retiring and erasing; publishing is `publication`.

    owner     amend_policy, retire, erase ─► ledger ─► receipt
    anybody   documents ─► own, kept, or fetched from the owner ─► compared

Documents (schema, metadata, policy) travel beside the ledger, which holds
their digests: whoever fetches one compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from privshare.errors import (
    NotFound,
    NotPermitted,
    Unavailable,
    VerificationError,
)
from privshare.exchange import drawer
from privshare.exchange.node import Node
from privshare.exchange.publication import (
    Draft,
    Published,
    import_csv,
    publish,
    read_policy,
    recover,
)
from privshare.ledger import query
from privshare.ledger.transaction import parse
from privshare.ledger.values import Dataset
from privshare.rights import identifier
from privshare.rights.dataset import metadata_digest
from privshare.rights.policy import Policy
from privshare.rights.schema import Cell, Schema
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = [
    "Documents",
    "Draft",
    "Published",
    "amend_policy",
    "catalogue",
    "columns",
    "documents",
    "erase",
    "import_csv",
    "publish",
    "recover",
    "retire",
]

_CATALOGUE_S = 2.0


@dataclass(frozen=True, slots=True)
class Documents:
    """What describes a dataset. Their digests were compared with the ledger.

    Attributes:
        dataset: Its id.
        state: What the ledger holds.
        schema: The columns.
        metadata: `title` and `description`.
        policy: The owner's rules.
    """

    dataset: str
    state: Dataset
    schema: Schema
    metadata: Mapping[str, Json]
    policy: Policy

    def to_json(self) -> dict[str, Json]:
        """The three documents as peers send them."""
        return {
            "metadata": dict(self.metadata),
            "policy": self.policy.to_json(),
            "schema": self.schema.to_json(),
        }


def amend_policy(
    node: Node,
    dataset: str,
    policy: Mapping[str, Json],
    *,
    expected_version: int,
    person: str = "",
) -> Published:
    """Change the rules of a dataset. Grants given under the old ones stay.

    Raises:
        NotFound: Not a dataset of this agency.
        Conflict: The dataset has another version by now.
        EncodingError: A policy of another form.
    """
    own = _own(node, dataset)
    rules = read_policy(dataset, policy, own.schema)
    node.store.put_documents({b64u(rules.digest()): encode(rules.to_json())})
    state = own.state
    committed = node.submit(
        "dataset.amend",
        {
            "dataset": dataset,
            "expected": expected_version,
            "metadata": state.metadata,
            "policy": b64u(rules.digest()),
            "root": state.root,
            "rows": state.rows,
            "schema": state.schema,
        },
    )
    node.store.log_use(
        node.clock(), node.agency, "dataset.amend", person=person, dataset=dataset
    )
    receipt = drawer.file(
        node,
        "dataset.publish",
        committed,
        dataset,
        evidence={**own.to_json(), "policy": rules.to_json()},
    )
    version = query.dataset(node.view(), dataset).version
    return Published(dataset, version, state.rows, receipt)


def retire(node: Node, dataset: str, *, person: str = "") -> Published:
    """Take a dataset out of use, for good. Its rows stay here.

    Raises:
        NotFound: Not a dataset of this agency.
        StepNotAllowed: It is retired already.
    """
    state = _own_state(node, dataset)
    committed = node.submit("dataset.retire", {"dataset": dataset})
    node.store.log_use(
        node.clock(), node.agency, "dataset.retire", person=person, dataset=dataset
    )
    receipt = drawer.file(node, "dataset.retire", committed, dataset)
    return Published(dataset, state.version, state.rows, receipt)


def erase(node: Node, dataset: str, key: str, *, person: str = "") -> Published:
    """Erase one record: its values and its salt are gone for good.

    The erasure itself is on the ledger first. What stays is the row's leaf
    hash, which says nothing without the salt; every other row can still be
    proven with it.

    Raises:
        NotFound: Not a dataset of this agency, or no record with this key
            (erased ones included).
    """
    state = _own_state(node, dataset)
    found = node.store.row_by_key(dataset, key)
    if found is None:
        raise NotFound("expected a record with this key, found none")
    index = found[0]
    known = query.erased(node.view(), dataset, index)
    if known is None:
        committed = node.submit("record.erase", {"dataset": dataset, "row": index})
        tx_id, at = committed.id, committed.index
    else:  # the ledger took it, and we were not told in time
        tx_id, at = parse(node.ledger.entry(known)).id, known
    node.store.erase_row(dataset, index)
    node.store.log_use(
        node.clock(), node.agency, "record.erase", person=person, dataset=dataset
    )
    receipt = drawer.file_at(node, "record.erase", tx_id, at, dataset)
    return Published(dataset, state.version, state.rows, receipt)


def documents(node: Node, dataset: str, *, timeout_s: float = 10.0) -> Documents:
    """The documents of any dataset: own, kept from before, or fetched.

    Args:
        node: This node.
        dataset: Which.
        timeout_s: How long its owner may take to answer; 0 does not ask.

    Raises:
        NotFound: The ledger has no such dataset.
        Unavailable: Its owner does not answer.
        VerificationError: What the owner sent is not what the ledger names.
    """
    state = query.dataset(node.view(), dataset)
    kept = _kept(node, state)
    if kept is None and timeout_s <= 0:
        raise Unavailable(f"expected the documents of {dataset} here, found none")
    if kept is None:
        owner = identifier.owner_of(dataset)
        if owner == node.agency:
            raise NotFound(f"expected the documents of {dataset} here, found none")
        kept = _fetch(node, owner, dataset, state, timeout_s)
    schema, metadata, policy = kept
    return Documents(
        dataset,
        state,
        Schema.from_json(decode(schema)),
        cast(dict[str, Json], decode(metadata)),
        Policy.from_json(decode(policy)),
    )


def served(node: Node, dataset: str) -> dict[str, Json]:
    """The documents of a dataset of ours, for a peer.

    Raises:
        NotFound: Not a dataset of this agency.
    """
    return _own(node, dataset).to_json()


def catalogue(
    node: Node, *, search: str = "", agency: str | None = None
) -> list[dict[str, Any]]:
    """Datasets that are in use, with what is known of them here.

    A dataset whose owner cannot be reached is listed without a title.

    Args:
        node: This node.
        search: Words that must all occur in id, title, description or column
            names.
        agency: Only those of this owner.
    """
    found = []
    words = search.lower().split()
    away: set[str] = set()
    for dataset, state in query.datasets(node.view(), agency).items():
        if state.status != "registered":
            continue
        entry: dict[str, Any] = {
            "dataset": dataset,
            "rows": state.rows,
            "version": state.version,
            "title": "",
            "description": "",
            "columns": [],
            "key": None,
        }
        owner = identifier.owner_of(dataset)
        try:
            # One owner that is away holds a list up once, and not for long.
            wait_s = 0.0 if owner in away else _CATALOGUE_S
            known = documents(node, dataset, timeout_s=wait_s)
        except Unavailable:
            away.add(owner)
        except (NotFound, VerificationError):
            pass
        else:
            entry |= {
                "title": known.metadata.get("title", ""),
                "description": known.metadata.get("description", ""),
                "columns": known.schema.to_json()["columns"],
                "key": known.schema.key,
            }
        names = [column["name"] for column in entry["columns"]]
        text = " ".join([dataset, entry["title"], entry["description"], *names])
        if all(word in text.lower() for word in words):
            found.append(entry)
    return found


def _own_state(node: Node, dataset: str) -> Dataset:
    if identifier.owner_of(dataset) != node.agency:
        raise NotFound(f"expected a dataset of {node.agency}, found {dataset}")
    return query.dataset(node.view(), dataset)


def _own(node: Node, dataset: str) -> Documents:
    _own_state(node, dataset)
    return documents(node, dataset)


def _kept(node: Node, state: Dataset) -> tuple[bytes, bytes, bytes] | None:
    schema = node.store.document(state.schema)
    metadata = node.store.document(state.metadata)
    policy = node.store.document(state.policy)
    if schema is None or metadata is None or policy is None:
        return None
    return schema, metadata, policy


def _fetch(
    node: Node, owner: str, dataset: str, state: Dataset, timeout_s: float
) -> tuple[bytes, bytes, bytes]:
    path = f"/v1/peer/datasets/{dataset}"
    answer = node.peers.call(owner, "GET", path, timeout_s=timeout_s)
    if not isinstance(answer, dict):
        raise VerificationError(f"expected the documents of {dataset}, found none")
    schema = Schema.from_json(answer.get("schema"))
    policy = Policy.from_json(answer.get("policy"))
    metadata = answer.get("metadata")
    if not isinstance(metadata, dict):
        raise VerificationError(f"expected the description of {dataset}, found none")
    found = {
        "schema": (b64u(schema.digest()), encode(schema.to_json())),
        "metadata": (b64u(metadata_digest(metadata)), encode(metadata)),
        "policy": (b64u(policy.digest()), encode(policy.to_json())),
    }
    for name, (digest, _) in found.items():
        if digest != getattr(state, name):
            raise VerificationError(
                f"expected the {name} of {dataset} that the ledger names, found "
                "another",
                fix="If the dataset was just amended, try again.",
                detail={"party": owner},
            )
    node.store.put_documents(dict(found.values()))
    return found["schema"][1], found["metadata"][1], found["policy"][1]


def need_registered(state: Dataset, dataset: str) -> Dataset:
    """Refuse a dataset that was retired.

    Raises:
        NotPermitted: It was: rule `dataset.status`.
    """
    if state.status != "registered":
        raise NotPermitted(
            f"expected a dataset in use, found {dataset}, which is {state.status}",
            detail={"rule": "dataset.status"},
        )
    return state


def columns(
    node: Node, dataset: str, names: Sequence[str]
) -> tuple[dict[str, list[Cell]], int]:
    """Columns of our rows as they are kept, and how many rows there are.

    Raises:
        NotFound: No such dataset of ours, or no such column.
    """
    schema = documents(node, dataset).schema
    places = [schema.index(name) for name in names]
    found: list[list[Cell]] = [[] for _ in names]
    rows = 0
    for batch in node.store.rows(dataset):
        written = [data for _, data, _ in batch]
        for row in json.loads(f"[{b','.join(written).decode()}]"):
            rows += 1
            for column, place in zip(found, places, strict=True):
                column.append(row[place])
    return dict(zip(names, found, strict=True)), rows
