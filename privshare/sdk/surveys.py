"""Surveys, as a node's own people see them; `net.surveys`.

    analyst   net.surveys.open("wages", "What do you earn?", bound=10_000, ...)
    stewards  net.surveys.accept(id) at both aggregators' nodes
    steward   net.surveys.close(id) at the leader's; or it closes by itself
    analyst   net.surveys.result(id) ─► SurveyResult, with its receipt

To answer one there is `privshare.survey`: it gives the node no name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

from privshare.errors import EncodingError, StepNotAllowed
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.document import Document
from privshare.sdk.receipt import Receipt
from privshare.sdk.session import Session
from privshare.sdk.table import Table
from privshare.wire.canonical import Encodable, Json

__all__ = ["SurveyResult", "Surveys", "kind_of"]

_SURVEYS = "/v1/surveys"


class SurveyResult:
    """What a survey came to.

    Attributes:
        receipt: The proof, verified.
        count: How many reports were added up.
        values: The sums: one, or one a place or bucket.
        refused: Reports refused, by reason.
        title: The question.
    """

    def __init__(self, receipt: Receipt) -> None:
        from privshare.jobs.survey.release import Claim  # noqa: PLC0415 - lazy
        from privshare.wire import envelope  # noqa: PLC0415

        evidence, result = receipt.statement.evidence, receipt.statement.result
        document = Document((evidence or {})["document"], "document")
        found = Document(cast("dict[str, Json]", result or {}), "result")
        claim = Claim.from_bytes(
            envelope.from_json(cast("list[Json]", found["claims"])[0]).payload
        )
        self.receipt = receipt
        self.title = document.str("title")
        self.values = tuple(int(one) for one in found.strs("values"))
        self.count = claim.count
        self.refused = sum(sum(table) for table in claim.refused)

    @property
    def mean(self) -> float:
        """The sum by the number of reports, of a survey with one sum.

        Raises:
            EncodingError: It has several.
        """
        if len(self.values) != 1:
            raise EncodingError(f"expected one sum, found {len(self.values)}")
        return self.values[0] / self.count

    def __repr__(self) -> str:
        return f"<SurveyResult of {self.count} reports: {list(self.values)}>"

    def table(self) -> Table:
        """The sums, to be shown."""
        rows = tuple((str(i), f"{one:,}") for i, one in enumerate(self.values))
        return Table(("place", "sum"), rows, f"{self.title} ({self.count:,} reports)")

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def kind_of(kind: str, bound: int | None, length: int | None) -> dict[str, Json]:
    """A kind of report, as documents have it.

    Args:
        kind: `count` (0 or 1), `sum`, `sum-vec` or `histogram`.
        bound: Of `sum` and `sum-vec`: the largest number.
        length: Of `sum-vec` and `histogram`: how many numbers or buckets.

    Raises:
        EncodingError: Numbers that the kind does not have, or lacks.
    """
    needed = {
        "count": (False, False),
        "histogram": (False, True),
        "sum": (True, False),
        "sum-vec": (True, True),
    }
    if kind not in needed:
        raise EncodingError(f"expected a kind of {', '.join(needed)}, found {kind!r}")
    if (bound is not None, length is not None) != needed[kind]:
        raise EncodingError(
            f"expected of {kind} "
            + " and ".join(
                f"{'a' if there else 'no'} {name}"
                for name, there in zip(("bound", "length"), needed[kind], strict=True)
            )
            + ", found otherwise"
        )
    made: dict[str, Json] = {"circuit": kind}
    if bound is not None:
        made["bound"] = str(bound)
    if length is not None:
        bits = 1 if bound is None else max(1, bound.bit_length())
        made["length"] = length
        made["chunk"] = max(1, int((length * bits) ** 0.5))
    return made


class Surveys(Bound[M]):
    """What can be done with surveys under one's own name."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def open(
        self,
        name: str,
        title: str,
        *,
        leader: str,
        helper: str,
        closes: int,
        kind: str = "sum",
        bound: int | None = None,
        length: int | None = None,
        opens: int | None = None,
        min_batch: int = 100,
        max_batch: int = 1_000_000,
        precision: int = 60,
    ) -> Call[str]:
        """Open a survey: this agency gets the sums, and no answer.

        Args:
            name: One word for it.
            title: The question, for people.
            leader: The agency that takes reports.
            helper: The other aggregator.
            closes: Unix seconds after which no report is taken.
            kind: As `kind_of`.
            bound: The largest number.
            length: How many numbers or buckets.
            opens: Unix seconds; None: now.
            min_batch: Fewer reports are never added up.
            max_batch: More are not taken.
            precision: Seconds to which reports' times are rounded.

        Returns:
            The survey's id.

        Raises:
            EncodingError, OutOfRange: What no survey can have.
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {
            "closes": closes,
            "helper": helper,
            "leader": leader,
            "max_batch": max_batch,
            "min_batch": min_batch,
            "name": name,
            "opens": int(self._session.clock()) if opens is None else opens,
            "precision": precision,
            "title": title,
            "vdaf": kind_of(kind, bound, length),
        }
        answer = yield from self._session.send("POST", _SURVEYS, body)
        return answer.str("survey")

    @verb
    def list(self) -> Call[Sequence[Document]]:
        """List the surveys that this node takes part in."""
        answer = yield from self._session.get(_SURVEYS)
        return answer.objs("items")

    @verb
    def show(self, survey: str) -> Call[Document]:
        """Show a survey: its document, how far it is, its result.

        Raises:
            NotFound: This node takes part in none of that id.
        """
        return (yield from self._session.get(_path(survey)))

    @verb
    def accept(self, survey: str) -> Call[None]:
        """Take part as an aggregator.

        Raises:
            NotPermitted: This agency is no aggregator of it.
            PrivShareError: What else the node reports.
        """
        yield from self._session.send("POST", f"{_path(survey)}/accept")

    @verb
    def close(self, survey: str) -> Call[None]:
        """Close it, as its leader; by itself it closes when its time is over.

        Raises:
            NotPermitted: Too few reports, or not its leader.
            PrivShareError: What else the node reports.
        """
        yield from self._session.send("POST", f"{_path(survey)}/close")

    @verb
    def abort(self, survey: str, reason: str) -> Call[None]:
        """End it without a result, as one of its parties."""
        body: dict[str, Any] = {"reason": reason}
        yield from self._session.send("POST", f"{_path(survey)}/abort", body)

    @verb
    def result(self, survey: str) -> Call[SurveyResult]:
        """The sums, at the collector's node, with their verified receipt.

        Raises:
            StepNotAllowed: It has no result yet.
            PrivShareError: What in its receipt is not true.
        """
        shown = yield from self._session.get(_path(survey))
        receipt = shown.str("receipt", "")
        if not receipt:
            raise StepNotAllowed(
                f"expected a survey with a result, found one that is "
                f"{shown.str('status')}",
                fix="Both aggregators close it first: net.surveys.close at the leader.",
            )
        about = f"survey/{survey}"
        found = yield from self._session.receipt(receipt, ("survey.result",), about)
        return SurveyResult(found)


def _path(survey: str) -> str:
    return f"{_SURVEYS}/{quote(survey, safe='')}"
