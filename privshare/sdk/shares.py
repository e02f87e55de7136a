"""Questions that three nodes compute on shares: `net.mpc`.

net.mpc.mean("tax/deeds.price") ─► SharesQuery ─► explain · estimate · run
net.mpc.result(job) ─► SharesResult
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from privshare.errors import ConfigError
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.job import Job
from privshare.sdk.session import Session
from privshare.sdk.shares_form import form, question
from privshare.sdk.shares_query import SharesQuery
from privshare.sdk.shares_result import PREFIX, SharesResult, accepted
from privshare.wire.canonical import Json

__all__ = ["Shares", "SharesQuery", "SharesResult"]


class Shares(Bound[M]):
    """Programs on shares, each a question; see docs/protocols/mpc.md.

    Args:
        driver: Runs the verbs of the questions.
        session: The connection.
    """

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    def ask(
        self,
        program: str,
        columns: Mapping[str, str | Sequence[str]],
        parameters: Mapping[str, Json] | None = None,
        **options: Any,
    ) -> SharesQuery[M]:
        """Ask for any program of the catalogue; the verbs below are short for it.

        Args:
            program: Its name.
            columns: What the program calls each column, and where it stands.
            parameters: Of the program, without its columns.
            **options: As for `SharesQuery`.
        """
        placed = {
            name: (refs,) if isinstance(refs, str) else tuple(refs)
            for name, refs in columns.items()
        }
        made: SharesQuery[M] = SharesQuery(
            self._driver, self._session, program, placed, parameters or {}, **options
        )
        return made

    def program(
        self,
        name: str,
        *columns: str,
        y: str | None = None,
        by: Sequence[str] = (),
        key: Sequence[str] = (),
        settings: Mapping[str, Json] | None = None,
        units: Mapping[str, tuple[int, int]] | None = None,
        **options: Any,
    ) -> SharesQuery[M]:
        """Ask for any program in the words of its form (`programs`).

        Args:
            name: Of the catalogue; `linreg` and `logreg` are short for the
                regressions.
            *columns: What it computes on; of a regression the columns X.
            y: Of a regression: what is explained.
            by: Of a sum by groups: the column of the words, in each dataset; of a
                join in one of them.
            key: Of a join: the identifier, in each of two datasets.
            settings: What else it is told, by name.
            units: Of a logistic regression, by name of a column: what becomes 0,
                and how much becomes 1.
            **options: As for `SharesQuery`.

        Raises:
            NotFound: No such program.
            ConfigError: Columns or settings that the program does not take, or
                that it lacks; says which.
        """
        asked = question(
            form(name),
            columns,
            y=y,
            by=by,
            key=key,
            settings=settings or {},
            units=units or {},
        )
        options["joined"] = form(name).key
        owners = {ref.rpartition(".")[0] for ref in (*columns, y or "") if ref}
        if form(name).rows and len(owners) > 1 and not options.get("aligned_by"):
            raise ConfigError(
                f"expected the key by which {' and '.join(sorted(owners))} sorted the "
                "same rows, found none",
                fix='aligned_by="KEY", or --aligned-by KEY among commands',
            )
        return self.ask(asked.program, asked.columns, asked.parameters, **options)

    @verb
    def result(
        self,
        job: Job[M],
        *,
        accept: Iterable[str] = (),
        timeout_s: float = 600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[SharesResult]:
        """Wait for a job on shares that was found again by its id.

        What was asked is what the receipt says; `SharesQuery.result_of` holds it
        to the question, too.

        Raises:
            ConfigError: The job is of another kind.
            EvidenceInvalid: A machine is of a class that was not accepted.
            PrivShareError: Why the job failed, or what in its receipt is not
                true.
        """
        receipt = yield from job._receipt(timeout_s, progress)
        spec = (receipt.statement.evidence or {}).get("spec", {})
        if not str(spec.get("module", "")).startswith(PREFIX):
            raise ConfigError(
                f"expected a job on shares, found one of {job.operation}",
                fix=f"privshare job wait {job.id}",
            )
        return accepted(receipt, tuple(accept), self._session)

    def sum(self, *columns: str, **options: Any) -> SharesQuery[M]:
        """The sum of a column, over all datasets that are named."""
        return self.program("sum", *columns, **options)

    def mean(self, *columns: str, **options: Any) -> SharesQuery[M]:
        """The mean of a column, over all datasets that are named."""
        return self.program("mean", *columns, **options)

    def variance(self, *columns: str, **options: Any) -> SharesQuery[M]:
        """Mean and variance of a column."""
        return self.program("variance", *columns, **options)

    def covariance(self, columns: Sequence[str], **options: Any) -> SharesQuery[M]:
        """The covariance matrix of several columns of the same rows."""
        return self.program("covariance", *columns, **options)

    def group_sum(self, column: str, *, by: str, **options: Any) -> SharesQuery[M]:
        """Sums of a column by the words of another, which nobody sees."""
        return self.program("group_sum", column, by=(by,), **options)

    def group_mean(self, column: str, *, by: str, **options: Any) -> SharesQuery[M]:
        """Means of a column by the words of another, which nobody sees."""
        return self.program("group_mean", column, by=(by,), **options)

    def histogram(
        self, *columns: str, edges: Sequence[int], **options: Any
    ) -> SharesQuery[M]:
        """How many values lie between edges, in the column's smallest unit."""
        settings: dict[str, Json] = {"edges": list(edges)}
        return self.program("histogram", *columns, settings=settings, **options)

    def linreg(self, *, y: str, X: Sequence[str], **options: Any) -> SharesQuery[M]:
        """A linear regression with standard errors: y on the columns of X.

        Columns of several datasets need `aligned_by`.
        """
        return self.program("linear_regression", *X, y=y, **options)
