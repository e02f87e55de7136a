"""One question for three nodes that compute on shares.

    net.mpc ─► SharesQuery ─► explain · estimate
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

from privshare.errors import (
    ConfigError,
    EncodingError,
    EvidenceInvalid,
    GrantMissing,
    NotPermitted,
)
from privshare.rights.identifier import JOINT, measured
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
from privshare.sdk.session import Session
from privshare.sdk.shares_result import PREFIX, SharesResult, accepted
from privshare.wire.canonical import Encodable, Json, unb64u

__all__ = ["SharesQuery"]

RUN = "run"
METHOD = "mpc"


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
        joined: Whether rows of two datasets are matched by an identifier, inside
            the computation.
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
        joined: bool = False,
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
        self.joined = joined
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
        asked, _ = yield from self._parameters()
        same = spec.get("module") == PREFIX + self.program
        if not same or not _is_answered(asked, spec.get("parameters")):
            raise EvidenceInvalid(
                f"expected the result of {self.program} as it was asked for, found "
                "another's",
                fix="do not rely on this node; tell its operator",
                detail={"job": job.id},
            )
        return accepted(receipt, tuple(accept), self._session)

    def _asked(self) -> Call[Document]:
        body = yield from self._body()
        return (yield from self._session.send("POST", "/v1/jobs/estimate", body))

    def _parameters(self) -> Call[tuple[dict[str, Json], dict[str, set[str]]]]:
        """What the program is told, and which columns of which dataset."""
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
        rows: dict[str, Json] = {"kind": "appended"}
        if self.joined:
            rows = {"kind": "joined"}
        elif self.aligned_by is not None:
            rows = {"by": "sorted", "key": self.aligned_by, "kind": "aligned"}
        columns: list[Json] = []
        for name, where in placed.items():
            there: dict[str, Json] = dict(where)
            columns.append({"from": there, "name": name, **self._bound(name)})
        return {**self.parameters, "columns": columns, "rows": rows}, by_dataset

    def _body(self) -> Call[dict[str, Encodable]]:
        parameters, by_dataset = yield from self._parameters()
        grants = yield from self._grants(by_dataset)
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
            "module": PREFIX + self.program,
            "noise": self.noise,
            "operation": RUN,
            "parameters": parameters,
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

    def _grants(self, needed: Mapping[str, set[str]]) -> Call[list[Grant[M]]]:
        """One grant for each dataset, all for one purpose."""
        modules = yield from self._modules()
        chosen: list[Grant[M]] = []
        purpose = self.purpose
        for dataset in sorted(needed):
            found = yield from active_grants(
                self._session, self._driver, dataset, RUN, purpose
            )
            chosen.append(self._fitting(found, needed[dataset], modules))
            purpose = chosen[0].purpose
        if not chosen:
            raise EncodingError("expected at least one column, found none")
        return chosen

    def _modules(self) -> Call[dict[str, str]]:
        """The programs on shares that the ledger lists: their names, as grants have it.

        Raises:
            NotPermitted: This one is not among them: rule `run.unlisted`.
        """
        listed = yield from self._session.get("/v1/code")
        modules = {
            measured(unb64u(one.str("code")), JOINT): one.str("module")
            for one in listed.objs("items")
            if one.str("module").startswith(PREFIX)
        }
        wanted = PREFIX + self.program
        if wanted not in modules.values():
            raise NotPermitted(
                f"expected {wanted} among the programs on the ledger, found none",
                fix=f"privshare code propose {wanted}; other agencies then approve it",
                detail={"rule": "run.unlisted"},
            )
        return modules

    def _fitting(
        self, found: Sequence[Grant[M]], needed: set[str], modules: Mapping[str, str]
    ) -> Grant[M]:
        """The first grant on this program and on all of these columns.

        Raises:
            GrantMissing: There is none; says which there are.
        """
        wanted = PREFIX + self.program
        for grant in found:
            held = {modules.get(program) for program in grant.programs}
            if wanted in held and needed <= {*grant.columns, *grant.group_by}:
                return grant
        columns = " ".join(f"--column {name}" for name in sorted(needed))
        others = {
            f"{modules[program]} on {', '.join((*grant.columns, *grant.group_by))}"
            for grant in found
            for program in grant.programs
            if program in modules
        }
        raise GrantMissing(
            f"expected a grant to run {wanted} on {', '.join(sorted(needed))} of "
            f"{found[0].dataset}, found {'; '.join(sorted(others)) or 'another'}",
            fix=f"privshare grant request {found[0].dataset} --purpose "
            f"{found[0].purpose} --operation run --program {wanted} {columns}",
            detail={"dataset": found[0].dataset, "operation": RUN},
        )


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
