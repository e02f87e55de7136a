"""Importing, publishing, amending and retiring datasets."""

from __future__ import annotations

import io
from typing import Any

import pytest
from exchange_kit import Consortium, permit, taxes

from privshare.audit.verifier import verify
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange import dataset
from privshare.exchange.node import Node
from privshare.ledger import query


def imported(node: Node, csv: str | bytes) -> dataset.Draft:
    data = csv.encode() if isinstance(csv, str) else csv
    return dataset.import_csv(node, io.BytesIO(data), filename="t.csv")


def published(node: Node, csv: str = "", **changes: Any) -> dataset.Published:
    draft = imported(node, csv or taxes())
    wanted: dict[str, Any] = {"name": "returns", "title": "Returns", "key": "parcel"}
    return dataset.publish(node, draft.id, **{**wanted, **changes})


def outcome(network: Consortium, node: Node, receipt: str) -> str:
    kept = node.store.receipt(receipt)
    assert kept is not None
    verdict = verify(kept.body, network.trust, network.clock(), lambda _: None)
    assert verdict.outcome == "valid", verdict.report()
    return verdict.outcome


def test_import_proposes_a_schema(network: Consortium) -> None:
    """A draft has the rows that were read and the narrowest types."""
    draft = imported(network["tax"], taxes(25))
    types = {column.name: column.type for column in draft.schema.columns}
    assert draft.rows == 25
    assert types == {"parcel": "string", "district": "string", "tax_paid": "decimal"}


@pytest.mark.parametrize(
    "csv",
    [
        b"",
        b"a,b\n",
        b"a,b\n1\n",
        b"a,a\n1,2\n",
        b"a,b\n1,\xff\n",
        b"a,b\n1,\x00\n",
        b"A B,c\n1,2\n",
    ],
)
def test_an_import_that_fails_leaves_nothing(network: Consortium, csv: bytes) -> None:
    """A file that is no table is refused, and no draft stays."""
    with pytest.raises(EncodingError):
        imported(network["tax"], csv)
    assert network["tax"].store.drafts() == []


def test_an_import_that_breaks_off_leaves_nothing(network: Consortium) -> None:
    """An upload that breaks off in the middle leaves no draft."""

    class Broken(io.BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            if self.tell() > 100:
                raise ConnectionError
            return super().readline(size)

    with pytest.raises(ConnectionError):
        dataset.import_csv(network["tax"], Broken(taxes().encode()))
    assert network["tax"].store.drafts() == []


def test_publishing(network: Consortium) -> None:
    """Rows stay, commitments go on the ledger, the draft is gone, the receipt
    verifies."""
    tax = network["tax"]
    done = published(tax)
    state = query.dataset(tax.view(), "tax/returns")
    assert (done.version, done.rows, state.rows) == (1, 20, 20)
    assert tax.store.drafts() == []
    assert sum(len(batch) for batch in tax.store.rows("tax/returns")) == 20
    assert outcome(network, tax, done.receipt) == "valid"


def test_publishing_some_columns(network: Consortium) -> None:
    """Columns that are not published are not kept; others get the types and
    bounds that the owner wants."""
    tax = network["tax"]
    published(
        tax,
        columns=[
            {"name": "tax_paid", "minimum": 0, "maximum": 100_000},
            {
                "name": "district",
                "type": "category",
                "categories": ["east", "north", "west"],
            },
        ],
        key=None,
    )
    known = dataset.documents(tax, "tax/returns")
    assert known.schema.names == ("tax_paid", "district")
    assert known.schema.column("district").type == "category"
    (rows,) = tax.store.rows("tax/returns")
    assert rows[0][1] == b'[25,"north"]'
    assert not any(b"p-1" in data for _, data, _ in rows)


@pytest.mark.parametrize("way", ["named", "column"])
def test_publishing_provable_columns(network: Consortium, way: str) -> None:
    """A column can be made provable by its name, or where it is described."""
    tax = network["tax"]
    described = [{"name": "parcel"}, {"name": "tax_paid", "provable": True}]
    wanted = {"provable": ["tax_paid"]} if way == "named" else {"columns": described}
    done = published(tax, **wanted)
    known = dataset.documents(network["housing"], "tax/returns")
    assert known.schema.column("tax_paid").provable
    assert not known.schema.column("parcel").provable
    assert outcome(network, tax, done.receipt) == "valid"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"provable": ["rooms"]}, NotFound),
        ({"provable": ["tax_paid"], "columns": [{"name": "parcel"}]}, NotFound),
        (
            {
                "provable": ["tax_paid"],
                "columns": [
                    {"name": "parcel"},
                    {"name": "tax_paid", "nullable": True},
                ],
            },
            EncodingError,
        ),
        ({"columns": [{"name": "rooms"}]}, NotFound),
        ({"columns": [{"name": "district", "type": "int"}]}, EncodingError),
        ({"columns": [{"name": "district", "colour": "red"}]}, EncodingError),
        ({"key": "district"}, EncodingError),
        ({"name": "No Name"}, EncodingError),
        ({"title": "  "}, EncodingError),
        ({"policy": {"rules": [permit(columns=["rooms"])]}}, NotFound),
        ({"policy": {"dataset": "tax/other"}}, EncodingError),
        ({"policy": {"rules": [permit(effect="maybe")]}}, EncodingError),
    ],
)
def test_a_publication_that_fails_leaves_the_draft(
    network: Consortium, changes: Any, error: type[PrivShareError]
) -> None:
    """A refused publication changes nothing; the draft can be published after."""
    tax = network["tax"]
    with pytest.raises(error):
        published(tax, **changes)
    assert query.datasets(tax.view()) == {}
    assert tax.store.datasets() == []
    (draft,) = tax.store.drafts()
    assert draft.dataset == ""
    dataset.publish(tax, draft.id, name="again", title="Again")


def test_a_name_is_used_once(network: Consortium) -> None:
    """A second dataset of the same name is refused, before and by the ledger."""
    published(network["tax"])
    with pytest.raises(Conflict):
        published(network["tax"])
    with pytest.raises(NotFound):
        dataset.publish(network["tax"], "no-draft", name="x", title="x")


def test_publication_interrupted_after_the_ledger(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the ledger and the promotion is finished at the start."""
    tax = network["tax"]

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tax.store, "promote", crash)
        with pytest.raises(KeyboardInterrupt):
            published(tax)
    assert tax.store.dataset("tax/returns") is None
    dataset.recover(tax)
    assert tax.store.dataset("tax/returns") is not None
    assert tax.store.drafts() == []


def test_publication_interrupted_before_the_ledger(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication that did not reach the ledger is a draft again."""
    tax = network["tax"]

    def away(*_: Any) -> None:
        raise Unavailable("the ledger is away")

    with monkeypatch.context() as patch:
        patch.setattr(Node, "send", away)
        with pytest.raises(Unavailable):
            published(tax)
    (draft,) = tax.store.drafts()
    assert draft.dataset == "tax/returns"
    tax.store.create_draft("never finished", 0)
    dataset.recover(tax)
    (draft,) = tax.store.drafts()
    assert draft.dataset == "" and draft.ready
    dataset.publish(tax, draft.id, name="returns", title="Returns")


def test_unfinished_drafts_are_not_published(network: Consortium) -> None:
    """A draft that is still being read cannot be published."""
    draft = network["tax"].store.create_draft("x", 0)
    with pytest.raises(StepNotAllowed):
        dataset.publish(network["tax"], draft, name="x", title="x")


def test_documents_of_others(network: Consortium) -> None:
    """Documents are fetched once from their owner and compared with the ledger."""
    published(network["tax"])
    network.sync()
    known = dataset.documents(network["housing"], "tax/returns")
    assert known.metadata["title"] == "Returns"
    network.away.add("tax")
    assert dataset.documents(network["housing"], "tax/returns") == known
    with pytest.raises(Unavailable):
        dataset.documents(network["title"], "tax/returns")


@pytest.mark.parametrize("name", ["schema", "metadata", "policy"])
def test_documents_that_the_ledger_does_not_name(
    network: Consortium, name: str
) -> None:
    """An owner that shows another document than it committed to is found out."""
    published(network["tax"])
    network.sync()

    def lie(asked: Any) -> Any:
        said = asked.go_on(network)
        if name == "schema":
            said["schema"]["columns"][0]["nullable"] = True
            said["schema"]["key"] = None
        elif name == "metadata":
            said["metadata"]["title"] = "Other"
        else:
            said["policy"]["rules"] = [permit()]
        return said

    network.meddle["tax", "datasets"] = lie
    with pytest.raises(VerificationError) as refused:
        dataset.documents(network["housing"], "tax/returns")
    assert refused.value.detail["party"] == "tax"


def test_amending_the_policy(network: Consortium) -> None:
    """A policy is changed by whoever has seen the present one."""
    tax = network["tax"]
    published(tax)
    done = dataset.amend_policy(
        tax, "tax/returns", {"rules": [permit()]}, expected_version=1
    )
    assert done.version == 2
    assert len(dataset.documents(tax, "tax/returns").policy.rules) == 1
    assert outcome(network, tax, done.receipt) == "valid"
    with pytest.raises(Conflict):
        dataset.amend_policy(tax, "tax/returns", {}, expected_version=1)
    network.sync()
    with pytest.raises(NotFound):
        dataset.amend_policy(network["housing"], "tax/returns", {}, expected_version=2)


def test_retiring(network: Consortium) -> None:
    """A retired dataset is in no catalogue, and its receipt verifies."""
    tax = network["tax"]
    published(tax)
    done = dataset.retire(tax, "tax/returns")
    assert outcome(network, tax, done.receipt) == "valid"
    assert dataset.catalogue(tax) == []
    with pytest.raises(StepNotAllowed):
        dataset.retire(tax, "tax/returns")


def test_catalogue(network: Consortium) -> None:
    """Datasets are found by words in name, title and columns; an owner that is
    away does not hide its dataset."""
    published(network["tax"])
    network.sync()
    housing = network["housing"]
    for search in ("returns", "DISTRICT tax", ""):
        (entry,) = dataset.catalogue(housing, search=search)
        assert entry["dataset"] == "tax/returns"
    assert dataset.catalogue(housing, search="rooms") == []
    assert dataset.catalogue(housing, agency="title") == []
    network.away.add("tax")
    (entry,) = dataset.catalogue(network["title"])
    assert (entry["rows"], entry["title"]) == (20, "")


def test_erasure_interrupted_after_the_ledger(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An erasure that reached the ledger is finished at the next start."""
    tax = network["tax"]
    published(tax)

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tax.store, "erase_row", crash)
        with pytest.raises(KeyboardInterrupt):
            dataset.erase(tax, "tax/returns", "p-3")
    assert tax.store.row_by_key("tax/returns", "p-3") is not None
    dataset.recover(tax)
    assert tax.store.row_by_key("tax/returns", "p-3") is None
