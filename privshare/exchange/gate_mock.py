"""Mock tables: what may be shown of a dataset before anybody has a right.

    steward   dataset, gate rule ─► mock from the schema ─► mock.publish ─► receipt
    anybody   show ─► own, kept, or asked from the owner ─► compared

A mock is made from the declared schema alone. The ledger has its digest, that
of the schema, and that of the rule by which results may leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from privshare.errors import NotFound, NotPermitted, OutOfRange, VerificationError
from privshare.exchange import dataset as datasets
from privshare.exchange import drawer
from privshare.exchange.node import Node
from privshare.jobs.submission.rule import GateRule
from privshare.ledger import query, query_privacy, query_submission
from privshare.ledger.api import View
from privshare.rights import identifier
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import sha256

if TYPE_CHECKING:
    from privshare.ledger.submission import Mock

__all__ = ["Shown", "listing", "publish", "published", "served", "show"]

#: Longest mock table, in bytes.
MAX_MOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A mock table with what was published beside it.

    Attributes:
        dataset: What it stands for.
        gate: The rule by which results may leave.
        mock: The table, CSV.
        index: Log index of the publication.
        version: Of the dataset, then.
        receipt: Of the publication; None: not filed at this node.
    """

    dataset: str
    gate: GateRule
    mock: bytes = field(repr=False)
    index: int
    version: int
    receipt: str | None = None

    def to_json(self) -> dict[str, Json]:
        """For people and programs."""
        return {
            "dataset": self.dataset,
            "gate": self.gate.to_json(),
            "index": self.index,
            "mock": self.mock.decode(),
            "receipt": self.receipt,
            "version": self.version,
        }


def publish(node: Node, dataset: str, gate: GateRule, *, person: str = "") -> Shown:
    """Publish a mock of a dataset of ours, with the rule of its gate.

    Published again, it is replaced: another rule, or a newer version.

    Raises:
        NotFound: Not a dataset of this agency.
        NotPermitted: It is retired, or it has a privacy account.
        OutOfRange: Its mock would be too large.
    """
    from privshare.jobs.submission import mock as mocks  # noqa: PLC0415 - owners alone

    if identifier.owner_of(dataset) != node.agency:
        raise NotFound(f"expected a dataset of {node.agency}, found {dataset}")
    known = datasets.documents(node, dataset)
    datasets.need_registered(known.state, dataset)
    if query_privacy.account(node.view(), dataset) is not None:
        raise NotPermitted(
            "expected a dataset without a privacy account, found one that has it: no "
            "code of one's own runs on it",
            detail={"rule": "privacy.answer"},
        )
    table = mocks.mock(known.schema)
    if len(table) > MAX_MOCK:
        raise OutOfRange(
            f"expected a mock of at most {MAX_MOCK} bytes, found {len(table)}",
            fix="Publish fewer columns, or categories with shorter words.",
            detail={"rule": "mock.size"},
        )
    digest = b64u(sha256(table))
    node.store.put_documents(
        {b64u(gate.digest()): encode(gate.to_json()), digest: table}
    )
    committed = node.submit(
        "mock.publish",
        {
            "dataset": dataset,
            "gate": b64u(gate.digest()),
            "mock": digest,
            "schema": known.state.schema,
            "version": known.state.version,
        },
    )
    node.store.log_use(
        node.clock(), node.agency, "mock.publish", person=person, dataset=dataset
    )
    receipt = drawer.file_kind(node, committed, dataset)
    return Shown(
        dataset=dataset,
        gate=gate,
        mock=table,
        index=committed.index,
        version=known.state.version,
        receipt=receipt,
    )


def published(node: Node, view: View, dataset: str) -> tuple[Mock, GateRule]:
    """What the ledger holds of a mock of ours, and the rule of its gate.

    Raises:
        NotFound: None was published.
    """
    held = query_submission.mock(view, dataset)
    kept = None if held is None else node.store.document(held.gate)
    if held is None or kept is None:
        raise NotFound(f"expected a published mock of {dataset}, found none")
    return held, GateRule.from_json(decode(kept))


def show(node: Node, dataset: str) -> Shown:
    """The published mock of any dataset.

    Raises:
        NotFound: There is no such dataset, or no mock of it.
        Unavailable: Its owner does not answer.
        VerificationError: It shows something else than it published.
    """
    view = node.view()
    query.dataset(view, dataset)
    held = query_submission.mock(view, dataset)
    if held is None:
        raise NotFound(f"expected a published mock of {dataset}, found none")
    owner = identifier.owner_of(dataset)
    if node.store.document(held.mock) is None or node.store.document(held.gate) is None:
        if owner == node.agency:
            raise NotFound(f"expected the mock of {dataset} here, found none")
        _fetch(node, owner, dataset, held)
    _, rule = published(node, view, dataset)
    return Shown(
        dataset=dataset,
        gate=rule,
        mock=node.store.document(held.mock) or b"",
        index=held.at,
        version=held.version,
    )


def served(node: Node, dataset: str) -> dict[str, Json]:
    """The published mock of a dataset of ours, for a peer.

    Raises:
        NotFound: Not ours, or none was published.
    """
    if identifier.owner_of(dataset) != node.agency:
        raise NotFound(f"expected a dataset of {node.agency}, found {dataset}")
    found = show(node, dataset)
    return {"gate": found.gate.to_json(), "mock": found.mock.decode()}


def listing(node: Node) -> list[dict[str, Any]]:
    """All published mocks, as the ledger has them."""
    view = node.view()
    found = []
    for name, state in query.datasets(view).items():
        held = query_submission.mock(view, name)
        if held is not None and state.status == "registered":
            found.append(
                {
                    "current": held.version == state.version,
                    "dataset": name,
                    "gate": held.gate,
                    "index": held.at,
                    "mock": held.mock,
                    "version": held.version,
                }
            )
    return found


def _fetch(node: Node, owner: str, dataset: str, held: Mock) -> None:
    answer = node.peers.call(owner, "GET", f"/v1/peer/mocks/{dataset}")
    fields = Fields(answer, "mock")
    rule = GateRule.from_json(fields.json("gate"))
    table = fields.str("mock", max=MAX_MOCK).encode()
    fields.end()
    if (b64u(rule.digest()), b64u(sha256(table))) != (held.gate, held.mock):
        raise VerificationError(
            f"expected the mock of {dataset} that the ledger names, found another",
            fix="If it was just published anew, try again.",
            detail={"party": owner},
        )
    node.store.put_documents({held.gate: encode(rule.to_json()), held.mock: table})
