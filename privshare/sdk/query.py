"""Questions on records that nobody may see: explained, estimated, run.

A query is a value; making one asks nobody anything. `explain` says who would
learn what and `estimate` what it would cost, before anything runs. `run` does
it and returns the numbers with their proof.

    sum(dataset, column, by=...) ─► Query ─► explain · estimate
                                         └─► submit ─► Job ─► Result
                                         └─► run ───────────► Result
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from privshare.errors import ConfigError, NotPermitted, OutOfRange
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.dataset import Dataset
from privshare.sdk.document import Document
from privshare.sdk.grant import Grant, active_grants
from privshare.sdk.job import Job
from privshare.sdk.result import Result
from privshare.sdk.table import MAX_VALUE, Table, html_block
from privshare.wire.canonical import Encodable, Json

Method = Literal["auto", "he"]

#: Techniques that this release has; `auto` takes the first that fits.
METHODS: tuple[Method, ...] = ("auto", "he")
MAX_DATASETS = 8

#: A node gives no job less time than this.
MIN_DEADLINE_S = 10


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen, and who would learn what.

    Attributes:
        technique: In words.
        parties: (agency, what it does, what it learns).
        sentences: What else is worth knowing: k, the right, its limits.
    """

    technique: str
    parties: tuple[tuple[str, str, str], ...]
    sentences: tuple[str, ...] = ()

    def table(self) -> Table:
        """Who learns what, to be shown."""
        return Table(
            ("agency", "does", "learns"), self.parties, self.technique, cut=MAX_VALUE
        )

    def __str__(self) -> str:
        return "\n".join([str(self.table()), *self.sentences])

    def _repr_html_(self) -> str:
        notes = tuple(("", sentence) for sentence in self.sentences)
        return self.table()._repr_html_() + (html_block("", notes) if notes else "")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What it would cost.

    Attributes:
        milliseconds: Wall time from start to receipt.
        sent_bytes: Bytes between the nodes.
        uses: Uses of the grants that it takes.
        document: Everything the node said.
    """

    milliseconds: int
    sent_bytes: int
    uses: int
    document: dict[str, Json] = field(repr=False, default_factory=dict)

    def __str__(self) -> str:
        return (
            f"about {self.milliseconds / 1000:.1f} s, "
            f"{self.sent_bytes / 1e6:.1f} MB between nodes, {self.uses} use"
            + ("" if self.uses == 1 else "s")
        )


class Query(Bound[M]):
    """One question.

    Args:
        operation: `sum`, `mean` or `count`.
        datasets: 1 to 8, whose columns are taken together.
        column: The column.
        by: The column that splits the result, or None.
        purpose: Of the grants to use; None takes that of the grant found.
        compute: The agency that adds up what it cannot read; None lets the
            node choose.
        custodian: The agency that opens the totals alone; None has the
            holders of the consortium's key open them together, if it has one.
        openers: Which of those holders; none lets the node choose.

    Raises:
        ConfigError: A dataset's name in place of a dataset.
        OutOfRange: None, or more than eight.
    """

    def __init__(
        self,
        operation: str,
        datasets: Dataset[M] | Sequence[Dataset[M]],
        column: str,
        *,
        by: str | None = None,
        purpose: str | None = None,
        compute: str | None = None,
        custodian: str | None = None,
        openers: Sequence[str] = (),
    ) -> None:
        taken = (datasets,) if isinstance(datasets, Dataset) else tuple(datasets)
        if isinstance(datasets, str) or not all(isinstance(d, Dataset) for d in taken):
            raise ConfigError(
                "expected a dataset, found something else",
                fix='take it from a connection: net["owner/name"]',
            )
        if not 1 <= len(taken) <= MAX_DATASETS:
            raise OutOfRange(
                f"expected 1 to {MAX_DATASETS} datasets, found {len(taken)}"
            )
        super().__init__(taken[0]._driver)
        self._session = taken[0]._session
        self.operation = operation
        self.datasets = taken
        self.column = column
        self.by = by
        self.purpose = purpose
        self.parties: dict[str, Encodable] = {
            "compute": compute,
            "custodian": custodian,
            "openers": list(openers),
        }

    def __repr__(self) -> str:
        names = ", ".join(dataset.name for dataset in self.datasets)
        by = f" by {self.by}" if self.by else ""
        return f"<Query {self.operation} of {self.column} in {names}{by}>"

    def _repr_html_(self) -> str:
        return html_block(
            f"{self.operation} of {self.column}"
            + (f" by {self.by}" if self.by else ""),
            tuple(("dataset", dataset.name) for dataset in self.datasets),
        )

    @verb
    def explain(self, method: Method = "auto") -> Call[Explanation]:
        """Say which technique would be used, and who would learn what.

        Args:
            method: Of `METHODS`.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: What else the node reports.
        """
        answer = yield from self._asked(method)
        return explanation_of(answer)

    @verb
    def estimate(self, method: Method = "auto") -> Call[Estimate]:
        """Say what it would cost.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: What else the node reports.
        """
        answer = yield from self._asked(method)
        return Estimate(
            answer.int("milliseconds"),
            answer.int("bytes", 0),
            answer.int("uses", len(self.datasets)),
            answer.json(),
        )

    @verb
    def submit(self, method: Method = "auto", deadline_s: int = 600) -> Call[Job[M]]:
        """Start it, and return at once.

        Args:
            method: Of `METHODS`.
            deadline_s: The job fails if it is not done by then.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: What else the node reports.
        """
        return (yield from self._submit(method, deadline_s))

    @verb
    def run(
        self,
        method: Method = "auto",
        timeout_s: float = 600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[Result]:
        """Do it, wait, and return the numbers with their verified receipt.

        Args:
            method: Of `METHODS`.
            timeout_s: Also the job's deadline.
            progress: Told what is being done, and who is waited for.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: Why the job failed, or what in its receipt is not
                true.
        """
        job = yield from self._submit(method, max(1, int(timeout_s)))
        return (yield from job._result(timeout_s, progress))

    def _submit(self, method: str, deadline_s: int) -> Call[Job[M]]:
        body = yield from self._body(method)
        body["deadline_s"] = max(MIN_DEADLINE_S, deadline_s)
        answer = yield from self._session.send("POST", "/v1/jobs", body)
        question: dict[str, Json] = {
            "column": self.column,
            "datasets": [dataset.name for dataset in self.datasets],
            "group_by": self.by,
            "operation": self.operation,
        }
        return Job(self._driver, self._session, answer, question)

    def _asked(self, method: str) -> Call[Document]:
        body = yield from self._body(method)
        return (yield from self._session.send("POST", "/v1/jobs/estimate", body))

    def _body(self, method: str) -> Call[dict[str, Encodable]]:
        """The question as the node takes it, with the grants that allow it."""
        if method not in METHODS:
            raise OutOfRange(
                f"expected a method of {', '.join(METHODS)}, found {method!r}"
            )
        grants = yield from self._grants()
        return {
            "operation": self.operation,
            "column": self.column,
            "group_by": self.by,
            "purpose": grants[0].purpose,
            "inputs": [
                {"dataset": grant.dataset, "grant": grant.id} for grant in grants
            ],
            "method": method,
            "parties": self.parties,
        }

    def _grants(self) -> Call[list[Grant[M]]]:
        """One grant for each dataset, all for one purpose."""
        chosen: list[Grant[M]] = []
        purpose = self.purpose
        for dataset in self.datasets:
            found = yield from active_grants(
                self._session, self._driver, dataset.name, self.operation, purpose
            )
            chosen.append(self._fitting(found))
            purpose = chosen[0].purpose
        return chosen

    def _fitting(self, found: Sequence[Grant[M]]) -> Grant[M]:
        """The first grant with the column and the split; the node decides."""
        for grant in found:
            if self.column in grant.columns and self.by in (None, *grant.group_by):
                return grant
        grant = found[0]
        wanted = f"{self.column}" + (f" by {self.by}" if self.by else "")
        raise NotPermitted(
            f"expected a grant on {wanted}, found one on {', '.join(grant.columns)}"
            + (f" by {', '.join(grant.group_by)}" if grant.group_by else ""),
            fix=f"ask for what you need: privshare grant request {grant.dataset}",
            detail={"grant": grant.id},
        )


def sum(
    dataset: Dataset[M] | Sequence[Dataset[M]],
    column: str,
    *,
    by: str | None = None,
    purpose: str | None = None,
    compute: str | None = None,
    custodian: str | None = None,
    openers: Sequence[str] = (),
) -> Query[M]:
    """Ask for the sum of a column.

    Args:
        dataset: One, or up to eight whose columns are added together.
        column: A number column.
        by: The column that splits the result.
        purpose: Of the grant to use, where there are several.
        compute: The agency that adds up what it cannot read; None lets the
            node choose.
        custodian: The agency that opens the totals alone; None has the
            holders of the consortium's key open them together, if it has one.
        openers: Which of those holders; none lets the node choose.

    Returns:
        A query; nothing was asked yet.
    """
    return Query(
        "sum",
        dataset,
        column,
        by=by,
        purpose=purpose,
        compute=compute,
        custodian=custodian,
        openers=openers,
    )


def mean(
    dataset: Dataset[M] | Sequence[Dataset[M]],
    column: str,
    *,
    by: str | None = None,
    purpose: str | None = None,
    compute: str | None = None,
    custodian: str | None = None,
    openers: Sequence[str] = (),
) -> Query[M]:
    """Ask for the mean of a column; arguments as for `sum`."""
    return Query(
        "mean",
        dataset,
        column,
        by=by,
        purpose=purpose,
        compute=compute,
        custodian=custodian,
        openers=openers,
    )


def count(
    dataset: Dataset[M] | Sequence[Dataset[M]],
    column: str,
    *,
    by: str | None = None,
    purpose: str | None = None,
    compute: str | None = None,
    custodian: str | None = None,
    openers: Sequence[str] = (),
) -> Query[M]:
    """Ask how many records have a value in a column; arguments as for `sum`."""
    return Query(
        "count",
        dataset,
        column,
        by=by,
        purpose=purpose,
        compute=compute,
        custodian=custodian,
        openers=openers,
    )


def explanation_of(answer: Document, more: Sequence[str] = ()) -> Explanation:
    """What a node said would happen."""
    return Explanation(
        answer.str("technique", "he"),
        tuple(
            (party.str("agency"), party.str("does", ""), party.str("learns", ""))
            for party in answer.objs("parties")
        ),
        (*answer.strs("notes"), *more),
    )
