"""Datasets of the network, as a reader or their owner meets them.

    net.catalog.search("tax") ─► Listing
    net["tax/deed-tax"]       ─► Dataset ─► request, record, policy, retire, erase

Nothing here holds rows. What a dataset shows is what its owner published: the
schema, the description and the policy, whose digests stand on the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, overload
from urllib.parse import quote

from privshare.errors import EncodingError, NotFound
from privshare.sdk.call import Bound, Call, M, Request, verb
from privshare.sdk.document import Document
from privshare.sdk.grant import Grant, active_grants
from privshare.sdk.moment import to_unix
from privshare.sdk.record import Record
from privshare.sdk.session import Live, Session, read_json
from privshare.sdk.table import Table
from privshare.wire.canonical import Encodable, Json

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from privshare.sdk.receipt import Receipt

#: How long a right is asked for when nothing is said.
DEFAULT_DAYS = 30


class Dataset(Live[M]):
    """One dataset, as it was when it was read."""

    _receipt: Receipt | None = None
    _policy_tag = ""

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of its publication; None after a mere read."""
        return self._receipt

    @property
    def name(self) -> str:
        """Its id, `<owner>/<name>`."""
        return self._document.str("dataset")

    @property
    def owner(self) -> str:
        """The agency that owns it."""
        return self.name.partition("/")[0]

    @property
    def title(self) -> str:
        """What its owner calls it."""
        return self._document.obj("metadata").str("title", "")

    @property
    def description(self) -> str:
        """What its owner says of it."""
        return self._document.obj("metadata").str("description", "")

    @property
    def rows(self) -> int:
        """How many records it was registered with."""
        return self._document.int("rows")

    @property
    def version(self) -> int:
        """Rises when the owner amends it."""
        return self._document.int("version", 1)

    @property
    def status(self) -> str:
        """`registered` or `retired`."""
        return self._document.str("status", "registered")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns, in order."""
        return tuple(column.str("name") for column in self._columns())

    def scale(self, column: str) -> int:
        """Digits after the point of a column's numbers.

        Raises:
            NotFound: There is no such column.
        """
        for one in self._columns():
            if one.str("name") == column:
                return one.int("scale", 0) if one["scale"] else 0
        raise NotFound(f"expected a column of {self.name}, found {column[:63]!a}")

    @property
    def provable(self) -> tuple[str, ...]:
        """Names of the columns of which things can be proven unseen."""
        columns = self._columns()
        return tuple(c.str("name") for c in columns if c.bool("provable", False))

    @property
    def key(self) -> str | None:
        """The column that names a record, if there is one."""
        return self._document.obj("schema").str("key", "") or None

    @property
    def document(self) -> dict[str, Json]:
        """Everything the node said."""
        return self._document.json()

    def table(self) -> Table:
        """Its columns, to be shown."""
        provable = ("provable",) if self.provable else ()
        rows = tuple(
            (
                column.str("name"),
                column.str("type", ""),
                "key" if column.str("name") == self.key else "",
                column.bool("nullable", False),
                *(column.bool(name, False) for name in provable),
            )
            for column in self._columns()
        )
        caption = f"{self.name}: {self.title} ({self.rows} records, {self.status})"
        return Table(("column", "type", "key", "nullable", *provable), rows, caption)

    def __repr__(self) -> str:
        return f"<Dataset {self.name}, {self.rows} records, {self.status}>"

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> RichTable:
        return self.table().__rich__()

    @verb
    def request(
        self,
        *,
        purpose: str,
        operations: Sequence[str] = ("sum", "mean", "count"),
        columns: Sequence[str] = (),
        by: Sequence[str] = (),
        until: date | datetime | str | None = None,
        uses: int = 10,
        k: int = 10,
        programs: Sequence[str] = (),
        budget: int = 0,
    ) -> Call[Grant[M]]:
        """Ask the owner for a right.

        Args:
            purpose: Why; compared with the owner's policy letter by letter.
            operations: `sum`, `mean` and `count`, `run`, or `read` alone.
            columns: What to compute on or read; all columns when empty and
                the operation is `read`.
            by: What results may be split by.
            until: Last day or moment; a date is meant to its end. In
                `DEFAULT_DAYS` days unless said.
            uses: How many uses.
            k: No result on fewer records than this.
            programs: Measured programs to `run`, by name or digest.
            budget: What noisy answers may cost together, in micro-epsilon.

        Returns:
            The grant, requested; `wait` until it is decided.

        Raises:
            NotPermitted: The owner's policy prohibits it; `detail["rule"]`
                names the rule.
            PrivShareError: What else the node reports.
        """
        reading = list(operations) == ["read"]
        body: dict[str, Encodable] = {
            "dataset": self.name,
            "purpose": purpose,
            "operations": sorted(operations),
            "columns": sorted(columns or (self.columns if reading else ())),
            "group_by": sorted(by),
            "not_after": to_unix(until or f"{DEFAULT_DAYS}d", self._session.clock()),
            "uses": uses,
            "budget": budget,
            "k": 1 if reading else k,
            "programs": sorted(programs),
        }
        answer = yield from self._session.send("POST", "/v1/grants", body)
        grant = Grant(self._driver, self._session, answer)
        grant._receipt = yield from self._session.receipt(
            answer.str("receipt"), ("grant.request",), f"grant/{grant.id}"
        )
        return grant

    @verb
    def prove_range(
        self,
        key: str | int,
        column: str,
        low: int | Decimal | str,
        high: int | Decimal | str,
        *,
        purpose: str,
    ) -> Call[Receipt]:
        """Have one's own node prove that a cell lies between two bounds.

        The proof is about the row that was anchored, and goes on the ledger by
        its digest; its receipt holds all that a verifier needs, and neither the
        value nor any other cell.

        Args:
            key: The value of the key column; it is not shown.
            column: One that was published as provable.
            low: The least value, as the table has it.
            high: The greatest.
            purpose: What for; bound into the proof.

        Returns:
            The receipt, verified.

        Raises:
            OutOfRange: The value is not between them: that cannot be proven.
            NotFound: No such record or column.
            EncodingError: The column is not provable, or a bound is none of it.
            PrivShareError: What else the node reports.
        """
        body: dict[str, Encodable] = {
            "column": column,
            "dataset": self.name,
            "high": self._cell(column, high),
            "key": key,
            "low": self._cell(column, low),
            "purpose": purpose,
        }
        answer = yield from self._session.send("POST", "/v1/proofs", body)
        return (yield from self._proof(answer, "statement.zk"))

    def _cell(self, column: str, value: int | Decimal | str) -> int | str:
        """A bound as the column's cells have it: decimals are scaled."""
        if isinstance(value, str):
            return value
        found = {one.str("name"): one for one in self._columns()}
        if column not in found:
            raise NotFound(f"expected a column of {self.name}, found {column[:63]!a}")
        scale = self.scale(column)
        scaled = Decimal(value).scaleb(scale)
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise EncodingError(
                f"expected a bound with at most {scale} digits after the point, found "
                f"{value}"
            )
        return int(scaled)

    @verb
    def record(
        self,
        key: str | int,
        columns: Sequence[str] = (),
        *,
        purpose: str | None = None,
    ) -> Call[Record]:
        """Read one record that a grant allows.

        Args:
            key: The value of the key column.
            columns: Which columns; all that the grant allows when empty.
            purpose: Of the grant to use, where there are several.

        Returns:
            The record, proven to be the one that its owner committed to.

        Raises:
            NotPermitted: No grant covers it.
            NotFound: No such record, or it was erased.
            VerificationError: It is not the record that was committed to.
        """
        grant = yield from self._grant("read", purpose)
        wanted = sorted(columns) or list(grant.columns)
        body: dict[str, Encodable] = {
            "dataset": self.name,
            "grant": grant.id,
            "key": key,
            "columns": wanted,
        }
        answer = yield from self._session.send("POST", "/v1/records", body)
        receipt = yield from self._session.receipt(
            answer.str("receipt"), ("record.share",), f"grant/{grant.id}"
        )
        return Record.from_receipt(receipt, self.name, key, wanted)

    @verb
    def policy(self) -> Call[dict[str, Json]]:
        """Read the policy: which requests may be granted.

        Raises:
            PrivShareError: What the node reports.
        """
        seen = yield from self._session.repeat(Request("GET", f"{self._path}/policy"))
        self._policy_tag = seen.headers.get("etag", "")
        return Document(read_json(seen), "policy").json()

    @verb
    def set_policy(self, policy: Mapping[str, Encodable]) -> Call[Receipt]:
        """Replace the policy of a dataset of one's own.

        Grants that were given stay as they are. A policy that somebody else
        replaced since `policy` was called on this object is not overwritten.

        Args:
            policy: The whole document.

        Raises:
            Conflict: It was replaced since it was read.
            PrivShareError: What else the node reports.
        """
        if not self._policy_tag:
            yield from Dataset.policy.steps(self)
        answer = yield from self._session.send(
            "PUT",
            f"{self._path}/policy",
            dict(policy),
            headers={"if-match": self._policy_tag},
        )
        self._policy_tag = ""
        return (yield from self._proof(answer, "dataset.publish"))

    @verb
    def privacy(self) -> Call[dict[str, Json]]:
        """Read the privacy account, and the log of what was asked.

        Returns:
            `account` (micro-rho, or None), `asked` by column, and `uses`.

        Raises:
            PrivShareError: What the node reports.
        """
        seen = yield from self._session.repeat(Request("GET", f"{self._path}/privacy"))
        return Document(read_json(seen), "privacy").json()

    @verb
    def set_privacy_budget(self, budget: int) -> Call[dict[str, Json]]:
        """Open the privacy account of a dataset of one's own, or change it.

        From then on no exact answers about different rows are given, and noisy
        ones as long as the budget lasts.

        Args:
            budget: What all grantees together may learn, in micro-rho.

        Returns:
            As `privacy`.

        Raises:
            OutOfRange: Less than is spent and held already.
            PrivShareError: What else the node reports.
        """
        body: dict[str, Encodable] = {"budget": budget}
        found = yield from self._session.send("PUT", f"{self._path}/privacy", body)
        return found.json()

    @verb
    def say_apart(self, first: str, second: str, *, rows: int) -> Call[dict[str, Json]]:
        """Say how many rows lie between two sets of rows of one's own dataset.

        Args:
            first: A set, as `privacy` names it.
            second: Another.
            rows: At least so many are in one and not in the other.

        Returns:
            As `privacy`.

        Raises:
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {"first": first, "rows": rows, "second": second}
        path = f"{self._path}/privacy/apart"
        found = yield from self._session.send("POST", path, body)
        return found.json()

    @verb
    def retire(self) -> Call[Receipt]:
        """Retire a dataset of one's own: no new right and no new use.

        Raises:
            PrivShareError: What the node reports.
        """
        answer = yield from self._session.send("DELETE", self._path)
        return (yield from self._proof(answer, "dataset.retire"))

    @verb
    def erase(self, key: str | int) -> Call[Receipt]:
        """Erase one record of a dataset of one's own, for good.

        Args:
            key: The value of the key column.

        Raises:
            NotFound: No such record.
            PrivShareError: What else the node reports.
        """
        path = f"{self._path}/records/{quote(str(key), safe='')}"
        answer = yield from self._session.send("DELETE", path)
        return (yield from self._proof(answer, "record.erase"))

    @property
    def _path(self) -> str:
        return f"/v1/datasets/{self.name}"

    def _columns(self) -> tuple[Document, ...]:
        return self._document.obj("schema").objs("columns")

    def _proof(self, answer: Document, operation: str) -> Call[Receipt]:
        about = f"dataset/{self.name}"
        return self._session.receipt(answer.str("receipt"), (operation,), about)

    def _grant(self, operation: str, purpose: str | None) -> Call[Grant[M]]:
        found = yield from active_grants(
            self._session, self._driver, self.name, operation, purpose
        )
        return found[0]


class Listing(Sequence[Dataset[M]]):
    """Datasets that were found."""

    def __init__(self, datasets: Sequence[Dataset[M]]) -> None:
        self._datasets = tuple(datasets)

    @overload
    def __getitem__(self, index: int) -> Dataset[M]: ...

    @overload
    def __getitem__(self, index: slice) -> Listing[M]: ...

    def __getitem__(self, index: int | slice) -> Dataset[M] | Listing[M]:
        if isinstance(index, slice):
            return Listing(self._datasets[index])
        return self._datasets[index]

    def __len__(self) -> int:
        return len(self._datasets)

    def __iter__(self) -> Iterator[Dataset[M]]:
        return iter(self._datasets)

    def table(self) -> Table:
        """The list, to be shown."""
        return Table(
            ("dataset", "title", "records", "columns", "status"),
            tuple(
                (one.name, one.title, one.rows, one.columns, one.status)
                for one in self._datasets
            ),
            empty="no dataset was found",
        )

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __rich__(self) -> RichTable:
        return self.table().__rich__()


class Catalog(Bound[M]):
    """The datasets of the whole network."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def search(
        self, text: str = "", *, agency: str = "", limit: int = 200
    ) -> Call[Listing[M]]:
        """Find datasets.

        Args:
            text: What their names, titles or columns contain; "" for all.
            agency: Of this owner alone.
            limit: Most to return.

        Raises:
            PrivShareError: What the node reports.
        """
        found = yield from self._session.items(
            "/v1/datasets", {"query": text, "agency": agency}, limit
        )
        return Listing([Dataset(self._driver, self._session, one) for one in found])
