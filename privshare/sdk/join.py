"""Private joins: how many people are in both of two owners' tables.

    net.join("title/parcels", "tax/deeds", on="citizen_id") ─► Join
      .count()        how many are in both
      .sum("amount")  and what a column of one side adds up to over them
      .ids()          which of our own they are; needs a right of its own
      each ─► JoinQuery ─► explain · estimate · submit · run ─► JoinResult

The two owners compare blinded identifiers with each other; no third machine sees
a row, and no identifier leaves in the clear. `on` names the columns that make up
an identifier: one name for both sides, several, or pairs of (left, right) where they
differ, as a list or as a mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from privshare.errors import ConfigError, EncodingError, EvidenceInvalid, NotPermitted
from privshare.jobs.join.normalise import MAX_FIELDS
from privshare.rights import identifier
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.dataset import Dataset
from privshare.sdk.document import Document
from privshare.sdk.grant import Grant, active_grants
from privshare.sdk.job import Job
from privshare.sdk.query import (
    MIN_DEADLINE_S,
    Estimate,
    Explanation,
    explanation_of,
)
from privshare.sdk.receipt import Receipt
from privshare.sdk.session import Session
from privshare.sdk.table import html_block
from privshare.wire.canonical import Encodable, Json

__all__ = ["Join", "JoinQuery", "JoinResult", "Joins"]

METHOD = "psi"
_PROGRAMS = {"count": "psi.count/v1", "ids": "psi.ids/v1", "sum": "psi.sum/v1"}


class JoinResult:
    """What a private join gave out.

    Attributes:
        receipt: The proof, verified.
        count: How many are in both; None if it was not told or not asked.
        sum: What the column adds up to over them, or None.
        withheld: Whether fewer than `k` are in both, so that nothing is told.
        k: The least number of matches that is told.
        found: Who is in both, field by field as the recipe writes them; of `ids`
            alone. One's own node says so: the receipt has a digest that hides them.
    """

    def __init__(
        self, receipt: Receipt, scale: int, found: Sequence[Sequence[str]] = ()
    ) -> None:
        spec = Document((receipt.statement.evidence or {})["spec"], "spec")
        output = Document((receipt.statement.result or {})["output"], "output")
        told = output.json()
        self.receipt = receipt
        self.k = spec.int("minimum")
        self.withheld = "withheld" in told
        self.count = output.int("count") if "count" in told else None
        self.sum: Decimal | None = None
        if "sum" in told:
            self.sum = Decimal(output.int("sum")).scaleb(-scale)
        self.found = tuple(tuple(row) for row in found)
        self.datasets = tuple(one.str("dataset") for one in spec.objs("inputs"))
        self.program = spec.str("program")

    def lines(self) -> tuple[tuple[str, object], ...]:
        """Names and values, to be shown."""
        if self.withheld:
            return (("in both", f"fewer than {self.k}; how many is not told"),)
        shown: list[tuple[str, object]] = []
        if self.count is not None:
            shown.append(("in both", self.count))
        if self.sum is not None:
            shown.append(("sum over them", f"{self.sum:f}"))
        if self.program == _PROGRAMS["ids"]:
            shown.append(("identifiers", len(self.found)))
        return tuple(shown)

    def __repr__(self) -> str:
        return f"<JoinResult {' · '.join(f'{n}: {v}' for n, v in self.lines())}>"

    def __str__(self) -> str:
        lines = [f"  {name}  {value}" for name, value in self.lines()]
        return "\n".join([" and ".join(self.datasets), *lines])

    def _repr_html_(self) -> str:
        return html_block(" and ".join(self.datasets), self.lines())


class JoinQuery(Bound[M]):
    """One question about two owners' tables; made by the verbs of `Join`.

    Args:
        driver: Runs the verbs.
        session: The connection.
        program: `count`, `sum` or `ids`.
        sides: Of each, the dataset and the columns that name a person.
        value: The column that is summed up, of the second side, or None.
        options: `purpose`, `recipe`, `receiver`, `bound`, `k`.
    """

    def __init__(
        self,
        driver: M,
        session: Session,
        program: str,
        sides: Sequence[tuple[str, tuple[str, ...]]],
        value: tuple[str, str] | None,
        options: dict[str, Any],
    ) -> None:
        super().__init__(driver)
        self._session = session
        self.program = program
        self.sides = tuple(sides)
        self.value = value
        self._options = options

    def __repr__(self) -> str:
        return f"<JoinQuery {self.program} of {' and '.join(d for d, _ in self.sides)}>"

    @verb
    def explain(self) -> Call[Explanation]:
        """Say which technique is used, and who would learn what.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: What else the node reports.
        """
        return explanation_of((yield from self._asked()))

    @verb
    def estimate(self) -> Call[Estimate]:
        """Say what it would cost.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: What else the node reports.
        """
        answer = yield from self._asked()
        return Estimate(
            answer.int("milliseconds"),
            answer.int("bytes", 0),
            answer.int("uses", 2),
            answer.json(),
        )

    @verb
    def submit(self, deadline_s: int = 3_600) -> Call[Job[M]]:
        """Start it, and return at once; `result_of` takes what came of it.

        Args:
            deadline_s: The job fails if it is not done by then.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: What else the node reports.
        """
        return (yield from self._submit(deadline_s))

    @verb
    def run(
        self,
        timeout_s: float = 3_600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[JoinResult]:
        """Do it, wait, and return what came out with its verified receipt.

        Args:
            timeout_s: Also the job's deadline.
            progress: Told what is being done, and who is waited for.

        Raises:
            GrantMissing: No grant covers the question.
            PrivShareError: Why the job failed, or what in its receipt is not
                true.
        """
        job = yield from self._submit(max(1, int(timeout_s)))
        return (yield from self._result(job, timeout_s, progress))

    @verb
    def result_of(
        self,
        job: Job[M],
        timeout_s: float = 3_600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[JoinResult]:
        """Wait for a job that `submit` started; as `run`."""
        return (yield from self._result(job, timeout_s, progress))

    def _submit(self, deadline_s: int) -> Call[Job[M]]:
        body = yield from self._body()
        body["deadline_s"] = max(MIN_DEADLINE_S, deadline_s)
        answer = yield from self._session.send("POST", "/v1/jobs", body)
        question: dict[str, Json] = {
            "datasets": [dataset for dataset, _ in self.sides],
            "program": _PROGRAMS[self.program],
        }
        return Job(self._driver, self._session, answer, question)

    def _result(
        self,
        job: Job[M],
        timeout_s: float,
        progress: Callable[[str], None] | None,
    ) -> Call[JoinResult]:
        receipt = yield from job._receipt(timeout_s, progress)
        other = self._other((receipt.statement.evidence or {})["spec"])
        if other is not None:
            raise EvidenceInvalid(
                f"expected the result of the question asked, found another {other}",
                fix="do not rely on this node; tell its operator",
                detail={"job": job.id},
            )
        found: list[list[str]] = []
        if self.program == "ids":
            shown = yield from self._session.get(f"{job._path}/result")
            found = _found(shown.json().get("found", []))
        scale = yield from self._scale()
        return JoinResult(receipt, scale, found)

    def _other(self, spec: Mapping[str, Any]) -> str | None:
        """What a verified specification has other than was asked, or None."""
        mine = [
            (dataset, list(on), self._summed(dataset)) for dataset, on in self.sides
        ]
        held = [(one["dataset"], one["on"], one["value"]) for one in spec["inputs"]]
        if spec["program"] != _PROGRAMS[self.program]:
            return "program"
        if held != mine:
            return "table or column"
        k = self._options.get("k")
        if k is not None and spec["minimum"] < k:
            return "k"
        for name in ("bound", "purpose", "receiver"):
            if self._options.get(name) not in (None, spec[name]):
                return name
        recipe = self._options.get("recipe")
        if recipe is not None and spec["recipe"] != [list(one) for one in recipe]:
            return "recipe"
        return None

    def _summed(self, dataset: str) -> str | None:
        """The column of a side that is summed up, or None."""
        mine = self.value is not None and self.value[0] == dataset
        return self.value[1] if self.value is not None and mine else None

    def _scale(self) -> Call[int]:
        """Digits after the point of the column that is summed up."""
        if self.value is None:
            return 0
        dataset, column = self.value
        described = yield from self._session.get(f"/v1/datasets/{dataset}")
        found = Dataset(self._driver, self._session, described)
        return found.scale(column)

    def _asked(self) -> Call[Document]:
        body = yield from self._body()
        return (yield from self._session.send("POST", "/v1/jobs/estimate", body))

    def _body(self) -> Call[dict[str, Encodable]]:
        grants = yield from self._grants()
        inputs: list[Encodable] = []
        for (dataset, on), grant in zip(self.sides, grants, strict=True):
            value = self._summed(dataset)
            inputs.append(
                {"dataset": dataset, "grant": grant.id, "on": list(on), "value": value}
            )
        options = {name: one for name, one in self._options.items() if one is not None}
        return {
            **options,
            "inputs": inputs,
            "method": METHOD,
            "module": self.program,
            "operation": self._operation,
            "purpose": grants[0].purpose,
        }

    @property
    def _operation(self) -> str:
        return "link" if self.program == "ids" else "match"

    def _grants(self) -> Call[list[Grant[M]]]:
        """One grant for each side, both for one purpose."""
        chosen: list[Grant[M]] = []
        purpose = cast("str | None", self._options.get("purpose"))
        for dataset, on in self.sides:
            found = yield from active_grants(
                self._session, self._driver, dataset, self._operation, purpose
            )
            needed = set(on)
            if self.value is not None and self.value[0] == dataset:
                needed.add(self.value[1])
            chosen.append(self._fitting(found, needed))
            purpose = chosen[0].purpose
        return chosen

    def _fitting(self, found: Sequence[Grant[M]], needed: set[str]) -> Grant[M]:
        """The first grant with the columns and the program."""
        program = _PROGRAMS[self.program]
        for grant in found:
            if needed <= set(grant.columns) and program in grant.programs:
                return grant
        grant = found[0]
        raise NotPermitted(
            f"expected a grant on {', '.join(sorted(needed))} for {program}, found one "
            f"on {', '.join(grant.columns)} for {', '.join(grant.programs)}",
            fix=f"ask for what you need: privshare grant request {grant.dataset}",
            detail={"grant": grant.id},
        )


class Join(Bound[M]):
    """Two owners' tables, and the columns by which their rows name people."""

    def __init__(
        self,
        driver: M,
        session: Session,
        sides: Sequence[tuple[str, tuple[str, ...]]],
        options: dict[str, Any],
    ) -> None:
        super().__init__(driver)
        self._session = session
        self.sides = tuple(sides)
        self._options = options

    def __repr__(self) -> str:
        return f"<Join of {' and '.join(dataset for dataset, _ in self.sides)}>"

    def count(self) -> JoinQuery[M]:
        """How many people are in both."""
        return self._query("count", None)

    def sum(self, column: str, *, bound: int | None = None) -> JoinQuery[M]:
        """How many are in both, and what a column adds up to over them.

        Args:
            column: Of the second table; or `owner/dataset.column`.
            bound: What the sum is at most in size, in the column's smallest unit;
                None takes it from the declared interval.

        Raises:
            ConfigError: A column of a third table.
        """
        dataset, dot, name = column.rpartition(".")
        where = dataset if dot else self.sides[1][0]
        if where not in [one for one, _ in self.sides]:
            raise ConfigError(
                f"expected a column of {' or '.join(d for d, _ in self.sides)}, found "
                f"{column!r}",
                fix="Write it as owner/dataset.column.",
            )
        return self._query("sum", (where, name), bound=bound)

    def ids(self) -> JoinQuery[M]:
        """Which of one's own people are in the other's table.

        One of both tables must be one's own agency's, and the grants must allow
        `link`: `count` and `sum` need `match`.
        """
        return self._query("ids", None)

    def _query(
        self, program: str, value: tuple[str, str] | None, **more: Any
    ) -> JoinQuery[M]:
        options = {**self._options, **more}
        return JoinQuery(
            self._driver, self._session, program, self.sides, value, options
        )


class Joins(Bound[M]):
    """What `net.join` is: matches two owners' tables by who is in them."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    def __call__(
        self,
        left: str | Dataset[M],
        right: str | Dataset[M],
        *,
        on: str | Sequence[str] | Sequence[tuple[str, str]] | Mapping[str, str],
        purpose: str | None = None,
        recipe: Sequence[Sequence[str]] | None = None,
        receiver: str | None = None,
        k: int | None = None,
    ) -> Join[M]:
        """Two tables and the columns that name a person; nothing is asked yet.

        Args:
            left: A dataset or its name.
            right: Another owner's.
            on: One column's name for both sides, several, or pairs of (left,
                right) where they differ, as a list or as a mapping.
            purpose: Of the grants to use; None takes that of the grant found.
            recipe: Steps by which identifiers are written alike, a list for each
                column; None takes those for the columns' types.
            receiver: The dataset whose owner counts; None lets the node choose.
            k: Fewer matches are not told; at least what the grants say.

        Raises:
            EncodingError: No column, one twice, or two tables of one owner.
        """
        names = [one if isinstance(one, str) else one.name for one in (left, right)]
        for name in names:
            identifier.DATASET.check(name, "dataset")
        if identifier.owner_of(names[0]) == identifier.owner_of(names[1]):
            raise EncodingError(
                f"expected tables of two owners, found {' and '.join(names)} of one",
                fix="an owner joins its own tables itself, and publishes what it needs",
            )
        pairs = _pairs(on)
        sides = [(names[side], tuple(pair[side] for pair in pairs)) for side in (0, 1)]
        options = {"k": k, "purpose": purpose, "receiver": receiver, "recipe": recipe}
        return Join(self._driver, self._session, sides, options)


def _pairs(on: object) -> list[tuple[str, str]]:
    """The columns of both sides that name a person, in order.

    Raises:
        EncodingError: None, one twice, or another form.
    """
    if isinstance(on, str):
        on = [on]
    listed = on.items() if isinstance(on, Mapping) else on
    pairs: list[tuple[str, str]] = []
    for one in listed if isinstance(listed, Iterable) else ():
        pair = (one, one) if isinstance(one, str) else one
        match pair:
            case (str(), str()) if len(pairs) < MAX_FIELDS:
                pairs.append((pair[0], pair[1]))
            case _:
                raise _unnamed("something else")
    if not pairs:
        raise _unnamed("none")
    for side in (0, 1):
        columns = [pair[side] for pair in pairs]
        for column in columns:
            identifier.COLUMN.check(column, "on")
        if len(set(columns)) < len(columns):
            raise _unnamed(f"one of {', '.join(columns)} twice")
    return pairs


def _unnamed(found: str) -> EncodingError:
    return EncodingError(
        f"expected 1 to {MAX_FIELDS} columns that name a person, found {found}",
        fix='on="citizen_id", or on=[("citizen_id", "owner_id")].',
    )


def _found(listed: Json) -> list[list[str]]:
    """The identifiers that a node says are in both, each a list of texts.

    Raises:
        EncodingError: Another form.
    """
    rows = listed if isinstance(listed, list) else [None]
    for row in rows:
        if not isinstance(row, list) or not all(isinstance(one, str) for one in row):
            raise EncodingError(
                "expected lists of texts as found from the node, found something else",
                fix="the node and this SDK may be of different versions",
            )
    return cast("list[list[str]]", rows)
