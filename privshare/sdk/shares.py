"""Questions that three nodes compute on shares: `net.mpc`.

    net.mpc.mean("tax/deeds.price") ─► SharesQuery ─► explain · estimate
                                          └─► submit ─► Job · run ─► SharesResult

A column is written as `owner/dataset.column`, or as `owner.column` where one
dataset of that owner has it. Columns of several datasets are either the same
column, whose rows are put one after another, or columns of the same people, whose
rows are aligned: `aligned_by` says by which key both owners sorted them.

A result says which adversary it was computed against, in `model`, and how far the
least of the three machines can be trusted, in `trust_class`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from privshare.errors import ConfigError, EncodingError, EvidenceInvalid
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.dataset import Dataset
from privshare.sdk.document import Document
from privshare.sdk.grant import Grant, active_grants
from privshare.sdk.job import Job
from privshare.sdk.measured import SOFT, class_of
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

__all__ = ["Shares", "SharesQuery", "SharesResult"]

RUN = "run"
METHOD = "mpc"
_PREFIX = "mpc."
#: From the least to the most that a machine is worth.
_ORDER = ("simulated", "software", "hardware-tpm", "hardware-tee")


class SharesResult:
    """What a program on shares gave out.

    Args:
        receipt: The proof, verified.
        trust_class: Of the least trustworthy of the three machines.
        roots: Who vouches for each node's machine, by agency.

    Attributes:
        receipt: The proof.
        trust_class: `hardware-tee`, `hardware-tpm`, `software` or `simulated`.
        roots: Who vouches for each node's machine, by agency.
        program: Its name.
        model: The adversary it was computed against.
        k: No group with fewer rows is in it.
        value: The result document; numbers with fractions are text, exactly.
    """

    def __init__(
        self, receipt: Receipt, trust_class: str, roots: Mapping[str, str]
    ) -> None:
        evidence = receipt.statement.evidence or {}
        spec = Document(evidence["spec"], "spec")
        self.receipt = receipt
        self.trust_class = trust_class
        self.roots = dict(roots)
        self.program = spec.str("module").removeprefix(_PREFIX)
        self.model = spec.str("model")
        self.k = spec.int("k")
        self.value: dict[str, Any] = dict(
            cast("dict[str, Any]", (receipt.statement.result or {})["output"])
        )

    def __getitem__(self, name: str) -> Any:
        """A part of the result by its name."""
        return self.value[name]

    def __repr__(self) -> str:
        return f"<SharesResult of {self.program}, {self.model}, {self.trust_class}>"

    def __str__(self) -> str:
        lines = [f"  {name}  {shown}" for name, shown in sorted(self.value.items())]
        head = f"{self.program} on shares, {self.model}, machines {self.trust_class}"
        return "\n".join([head, *lines])

    def _repr_html_(self) -> str:
        rows = tuple((name, str(shown)) for name, shown in sorted(self.value.items()))
        return html_block(
            f"{self.program} on shares",
            (*rows, ("model", self.model), ("trust class", self.trust_class)),
        )


class SharesQuery(Bound[M]):
    """One question for three nodes; made by the verbs of `Shares`.

    Args:
        driver: Runs the verbs.
        session: The connection.
        program: Of the catalogue.
        columns: What the program calls each column, and where it stands: one or
            several references.
        parameters: Of the program, without its columns.
        aligned_by: The key by which all owners sorted their rows, or None:
            rows are put one after another.
        bounds: Least and greatest value of a column, in its smallest unit, where
            its schema declares none.
        purpose: Of the grants to use; None takes that of the grant found.
        nodes: Three agencies; none lets the node choose.
        model: `semi-honest` or `malicious-abort`; None leaves it to the program.
        k: No group with fewer rows; at least what the grants say.
        noise: A mechanism as docs/protocols/privacy.md has it, which the nodes add
            to the result; the grants' budgets are charged for it.
    """

    def __init__(
        self,
        driver: M,
        session: Session,
        program: str,
        columns: Mapping[str, Sequence[str]],
        parameters: Mapping[str, Json],
        *,
        aligned_by: str | None = None,
        bounds: Mapping[str, tuple[int, int]] | None = None,
        purpose: str | None = None,
        nodes: Sequence[str] = (),
        model: str | None = None,
        k: int | None = None,
        noise: Mapping[str, Json] | None = None,
    ) -> None:
        super().__init__(driver)
        self._session = session
        self.program = program
        self.columns = {name: tuple(refs) for name, refs in columns.items()}
        self.parameters = dict(parameters)
        self.aligned_by = aligned_by
        self.bounds = dict(bounds or {})
        self.purpose = purpose
        self.nodes = tuple(nodes)
        self.model = model
        self.k = k
        self.noise = None if noise is None else dict(noise)

    def __repr__(self) -> str:
        names = ", ".join(ref for refs in self.columns.values() for ref in refs)
        return f"<SharesQuery {self.program} of {names}>"

    @verb
    def explain(self) -> Call[Explanation]:
        """Say who would learn what, and which machines would be accepted.

        Raises:
            GrantMissing: No grant covers the program.
            PrivShareError: What else the node reports.
        """
        answer = yield from self._asked()
        return explanation_of(answer, answer.obj("trust").strs("words"))

    @verb
    def estimate(self) -> Call[Estimate]:
        """Say what it would cost.

        Raises:
            GrantMissing: No grant covers the program.
            PrivShareError: What else the node reports.
        """
        answer = yield from self._asked()
        return Estimate(
            answer.int("milliseconds"),
            answer.int("bytes", 0),
            answer.int("uses", 1),
            answer.json(),
        )

    @verb
    def submit(self, deadline_s: int = 600) -> Call[Job[M]]:
        """Start it, and return at once; `result_of` takes what came of it.

        Args:
            deadline_s: The job fails if it is not done by then.

        Raises:
            GrantMissing: No grant covers the program.
            PrivShareError: What else the node reports.
        """
        return (yield from self._submit(deadline_s))

    @verb
    def run(
        self,
        *,
        accept: Iterable[str] = (),
        timeout_s: float = 600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[SharesResult]:
        """Run it, wait, and return what came out, with its verified receipt.

        Args:
            accept: Trust classes of machines; none: those of hardware. A class
                of `measured.SOFT` must be named to be taken.
            timeout_s: Also the job's deadline.
            progress: Told what is being done, and who is waited for.

        Raises:
            GrantMissing: No grant covers the program.
            EvidenceInvalid: A machine is of a class that was not accepted: rule
                `accept.class`.
            PrivShareError: Why the job failed, or what in its receipt is not
                true.
        """
        job = yield from self._submit(max(1, int(timeout_s)))
        return (yield from self._result(job, accept, timeout_s, progress))

    @verb
    def result_of(
        self,
        job: Job[M],
        *,
        accept: Iterable[str] = (),
        timeout_s: float = 600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[SharesResult]:
        """Wait for a job that `submit` started; as `run`."""
        return (yield from self._result(job, accept, timeout_s, progress))

    def _submit(self, deadline_s: int) -> Call[Job[M]]:
        body = yield from self._body()
        body["deadline_s"] = max(MIN_DEADLINE_S, deadline_s)
        answer = yield from self._session.send("POST", "/v1/jobs", body)
        inputs = cast("list[dict[str, Json]]", body["inputs"])
        question: dict[str, Json] = {
            "datasets": [one["dataset"] for one in inputs],
            "operation": RUN,
        }
        return Job(self._driver, self._session, answer, question)

    def _result(
        self,
        job: Job[M],
        accept: Iterable[str],
        timeout_s: float,
        progress: Callable[[str], None] | None,
    ) -> Call[SharesResult]:
        receipt = yield from job._receipt(timeout_s, progress)
        spec = (receipt.statement.evidence or {}).get("spec", {})
        body = yield from self._body()
        asked = cast("dict[str, Json]", body["parameters"])
        same = spec.get("module") == _PREFIX + self.program
        if not same or not _is_answered(asked, spec.get("parameters")):
            raise EvidenceInvalid(
                f"expected the result of {self.program} as it was asked for, found "
                "another's",
                fix="do not rely on this node; tell its operator",
                detail={"job": job.id},
            )
        return _accepted(receipt, tuple(accept), self._session)

    def _asked(self) -> Call[Document]:
        body = yield from self._body()
        return (yield from self._session.send("POST", "/v1/jobs/estimate", body))

    def _body(self) -> Call[dict[str, Encodable]]:
        placed: dict[str, dict[str, str]] = {}
        for name, refs in self.columns.items():
            placed[name] = {}
            for ref in refs:
                dataset, column = yield from self._place(ref)
                placed[name][dataset] = column
        by_dataset: dict[str, set[str]] = {}
        for where in placed.values():
            for dataset, column in where.items():
                by_dataset.setdefault(dataset, set()).add(column)
        grants = yield from self._grants(sorted(by_dataset))
        rows: dict[str, Json] = {"kind": "appended"}
        if self.aligned_by is not None:
            rows = {"by": "sorted", "key": self.aligned_by, "kind": "aligned"}
        columns: list[Json] = []
        for name, where in placed.items():
            there: dict[str, Json] = dict(where)
            columns.append({"from": there, "name": name, **self._bound(name)})
        return {
            "inputs": [
                {
                    "columns": sorted(by_dataset[grant.dataset]),
                    "dataset": grant.dataset,
                    "grant": grant.id,
                    "group_by": [],
                }
                for grant in grants
            ],
            "k": self.k,
            "method": METHOD,
            "model": self.model,
            "module": _PREFIX + self.program,
            "noise": self.noise,
            "operation": RUN,
            "parameters": {**self.parameters, "columns": columns, "rows": rows},
            "parties": {"nodes": list(self.nodes)},
            "purpose": grants[0].purpose,
        }

    def _bound(self, name: str) -> dict[str, Json]:
        if name not in self.bounds:
            return {}
        low, high = self.bounds[name]
        return {"maximum": high, "minimum": low}

    def _place(self, ref: str) -> Call[tuple[str, str]]:
        """Where a column stands, from how it was written."""
        dataset, dot, column = ref.rpartition(".")
        if not dot or not column:
            raise ConfigError(
                f"expected a column such as tax/deeds.price, found {ref!r}",
                fix="Write owner/dataset.column, or owner.column.",
            )
        if "/" in dataset:
            return dataset, column
        found = yield from self._session.items(
            "/v1/datasets", {"query": column, "agency": dataset}, 200
        )
        sets = [Dataset(self._driver, self._session, one) for one in found]
        named = [one.name for one in sets if column in one.columns]
        if len(named) != 1:
            raise ConfigError(
                f"expected one dataset of {dataset} with a column {column}, found "
                f"{len(named)}",
                fix="Write owner/dataset.column.",
            )
        return named[0], column

    def _grants(self, datasets: Sequence[str]) -> Call[list[Grant[M]]]:
        """One grant for each dataset, all for one purpose."""
        chosen: list[Grant[M]] = []
        purpose = self.purpose
        for dataset in datasets:
            found = yield from active_grants(
                self._session, self._driver, dataset, RUN, purpose
            )
            chosen.append(found[0])
            purpose = chosen[0].purpose
        if not chosen:
            raise EncodingError("expected at least one column, found none")
        return chosen


def _is_answered(asked: Mapping[str, Json], found: Any) -> bool:
    """Whether parameters are those asked for; columns may be declared further."""
    if not isinstance(found, dict) or asked.keys() != found.keys():
        return False
    wanted = cast("list[dict[str, Json]]", asked["columns"])
    declared = found["columns"]
    if any(asked[name] != found[name] for name in asked if name != "columns"):
        return False
    return len(wanted) == len(declared) and all(
        one.items() <= other.items()
        for one, other in zip(wanted, declared, strict=True)
    )


def _accepted(
    receipt: Receipt, accept: tuple[str, ...], session: Session
) -> SharesResult:
    """The result, if all its machines are of classes that the caller takes."""
    from privshare.jobs.attestation.bundle import AttestedBundle  # noqa: PLC0415

    bundles = (receipt.statement.evidence or {})["bundles"]
    found: dict[str, tuple[str, str]] = {}
    for node, document in cast("dict[str, Json]", bundles).items():
        bundle = AttestedBundle.from_json(document)
        found[node] = class_of(receipt, bundle, session.roots)
    for node, (trust_class, root) in found.items():
        refused = trust_class not in accept if accept else trust_class in SOFT
        if refused:
            raise EvidenceInvalid(
                f"expected machines of class {' or '.join(accept) or 'hardware'}, "
                f"found that of {node} of class {trust_class}, vouched for by {root}",
                fix=f'accept=("{trust_class}",) takes it, for what it is worth',
                detail={"rule": "accept.class", "trust_class": trust_class},
            )
    least = min((one for one, _ in found.values()), key=_ORDER.index)
    return SharesResult(
        receipt, least, {node: root for node, (_, root) in found.items()}
    )


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

    def sum(self, *columns: str, **options: Any) -> SharesQuery[M]:
        """The sum of a column, over all datasets that are named."""
        return self.ask("sum", {"value": columns}, {"value": "value"}, **options)

    def mean(self, *columns: str, **options: Any) -> SharesQuery[M]:
        """The mean of a column, over all datasets that are named."""
        return self.ask("mean", {"value": columns}, {"value": "value"}, **options)

    def variance(self, *columns: str, **options: Any) -> SharesQuery[M]:
        """Mean and variance of a column."""
        return self.ask("variance", {"value": columns}, {"value": "value"}, **options)

    def covariance(self, columns: Sequence[str], **options: Any) -> SharesQuery[M]:
        """The covariance matrix of several columns of the same rows."""
        named = _named(columns)
        listed: list[Json] = list(named)
        return self.ask("covariance", named, {"values": listed}, **options)

    def group_sum(self, column: str, *, by: str, **options: Any) -> SharesQuery[M]:
        """Sums of a column by the words of another, which nobody sees."""
        named = {"key": by, "value": column}
        return self.ask("group_sum", named, {"key": "key", "value": "value"}, **options)

    def group_mean(self, column: str, *, by: str, **options: Any) -> SharesQuery[M]:
        """Means of a column by the words of another, which nobody sees."""
        named = {"key": by, "value": column}
        return self.ask(
            "group_mean", named, {"key": "key", "value": "value"}, **options
        )

    def histogram(
        self, *columns: str, edges: Sequence[int], **options: Any
    ) -> SharesQuery[M]:
        """How many values lie between edges, in the column's smallest unit."""
        listed: list[Json] = list(edges)
        return self.ask(
            "histogram",
            {"value": columns},
            {"edges": listed, "value": "value"},
            **options,
        )

    def linreg(self, *, y: str, X: Sequence[str], **options: Any) -> SharesQuery[M]:
        """A linear regression with standard errors: y on the columns of X.

        Columns of several datasets need `aligned_by`.
        """
        named = _named(X)
        listed: list[Json] = list(named)
        return self.ask(
            "linear_regression", {**named, "y": y}, {"X": listed, "y": "y"}, **options
        )


def _named(columns: Sequence[str]) -> dict[str, str]:
    """Names for columns in order: their own where they differ, else numbered."""
    short = [ref.rpartition(".")[2] for ref in columns]
    if len(set(short)) == len(short) and "y" not in short:
        return dict(zip(short, columns, strict=True))
    return {f"x{number}": ref for number, ref in enumerate(columns, 1)}
