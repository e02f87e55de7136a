"""Measured programs: run on machines that prove what they are.

    program("group", dataset, columns=..., by=...) ─► ProgramQuery
        ─► explain · estimate · submit ─► Job · run ─► ProgramResult

A result says how far its machine can be trusted, in `trust_class`: that of the
root at which the certificates in its receipt ended. Where that is `software`
or `simulated`, nothing is returned unless the caller has named the class.

Programs are proposed and approved at `net.programs`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from privshare.errors import (
    ConfigError,
    EvidenceInvalid,
    NotPermitted,
    OutOfRange,
)
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.dataset import Dataset
from privshare.sdk.document import Document
from privshare.sdk.grant import Grant, active_grants
from privshare.sdk.job import Job
from privshare.sdk.query import (
    MAX_DATASETS,
    MIN_DEADLINE_S,
    Estimate,
    Explanation,
    explanation_of,
)
from privshare.sdk.receipt import Receipt
from privshare.sdk.session import Session
from privshare.sdk.table import html_block
from privshare.wire.canonical import Encodable, Json, b64u, decode, unb64u

if TYPE_CHECKING:
    from privshare.audit.trust_root import EvidenceRoots
    from privshare.jobs.attestation.bundle import AttestedBundle

__all__ = ["SOFT", "ProgramQuery", "ProgramResult", "Programs", "program"]

RUN = "run"
METHOD = "tee"
_MAX_ROOTS = 1 << 20

#: Classes of which no result is returned unless the caller names them.
SOFT = ("simulated", "software")


class ProgramResult:
    """What a measured program gave out.

    Args:
        receipt: The proof, verified.
        trust_class: Of the machine that it ran on.
        root: Name of the root at which the machine's certificates ended.

    Attributes:
        receipt: The proof.
        trust_class: `hardware-tee`, `hardware-tpm`, `software` or `simulated`.
        root: Who vouches for the machine, by name.
        module: The program.
        k: No group with fewer rows is in it.
        output: The program's output, as it is.
    """

    def __init__(self, receipt: Receipt, trust_class: str, root: str) -> None:
        spec = Document((receipt.statement.evidence or {})["spec"], "spec")
        self.receipt = receipt
        self.trust_class = trust_class
        self.root = root
        self.module = spec.str("module")
        self.k = spec.int("k")
        self.output = unb64u(str((receipt.statement.result or {})["output"]))

    @property
    def value(self) -> Any:
        """The output read as JSON; numbers with fractions are text, exactly.

        Raises:
            ConfigError: The program's output is no JSON.
        """
        try:
            return json.loads(self.output, parse_float=Decimal)
        except ValueError:
            raise ConfigError(
                f"expected JSON from {self.module}, found other bytes",
                fix="read result.output",
            ) from None

    def __repr__(self) -> str:
        return f"<ProgramResult of {self.module}, {self.trust_class}>"

    def __str__(self) -> str:
        shown = self.output.decode("utf-8", "replace")
        return f"{self.module}, on a machine of class {self.trust_class}\n{shown}"

    def _repr_html_(self) -> str:
        return html_block(
            self.module,
            (
                ("trust class", self.trust_class),
                ("vouched for by", self.root),
                ("output", self.output.decode("utf-8", "replace")[:2_000]),
            ),
        )


class ProgramQuery(Bound[M]):
    """One run of a measured program.

    Args:
        module: A listed program's name, or its digest.
        datasets: 1 to 8, each handed to the program as a table.
        columns: The columns computed on.
        by: The columns by which the result is split.
        parameters: What the program is told.
        purpose: Of the grants to use; None takes that of the grant found.
        runner: The agency whose machine runs it; None lets the node choose.
        k: No group with fewer rows; at least what the grants say.

    Raises:
        ConfigError: A dataset's name in place of a dataset.
        OutOfRange: No dataset, more than eight, or no column.
    """

    def __init__(
        self,
        module: str,
        datasets: Dataset[M] | Sequence[Dataset[M]],
        *,
        columns: Sequence[str],
        by: Sequence[str] = (),
        parameters: Mapping[str, Json] | None = None,
        purpose: str | None = None,
        runner: str | None = None,
        k: int | None = None,
    ) -> None:
        taken = (datasets,) if isinstance(datasets, Dataset) else tuple(datasets)
        if isinstance(datasets, str) or not all(isinstance(d, Dataset) for d in taken):
            raise ConfigError(
                "expected a dataset, found something else",
                fix='take it from a connection: net["owner/name"]',
            )
        if not 1 <= len(taken) <= MAX_DATASETS or not columns:
            raise OutOfRange(
                f"expected 1 to {MAX_DATASETS} datasets and a column, found "
                f"{len(taken)} and {len(columns)}"
            )
        super().__init__(taken[0]._driver)
        self._session = taken[0]._session
        self.module = module
        self.datasets = taken
        self.columns = tuple(sorted(set(columns)))
        self.by = tuple(sorted({by} if isinstance(by, str) else set(by)))
        self.parameters = dict(parameters or {})
        self.purpose = purpose
        self.runner = runner
        self.k = k

    def __repr__(self) -> str:
        names = ", ".join(dataset.name for dataset in self.datasets)
        return f"<ProgramQuery {self.module} on {names}>"

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
            answer.int("uses", len(self.datasets)),
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
    ) -> Call[ProgramResult]:
        """Run it, wait, and return what it gave out, with its verified receipt.

        Args:
            accept: Trust classes of machines; none: those of hardware. A class
                of `SOFT` must be named to be taken.
            timeout_s: Also the job's deadline.
            progress: Told what is being done, and who is waited for.

        Raises:
            GrantMissing: No grant covers the program.
            EvidenceInvalid: The machine is of a class that was not accepted:
                rule `accept.class`.
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
    ) -> Call[ProgramResult]:
        """Wait for a job that `submit` started; as `run`."""
        return (yield from self._result(job, accept, timeout_s, progress))

    def _submit(self, deadline_s: int) -> Call[Job[M]]:
        body = yield from self._body()
        body["deadline_s"] = max(MIN_DEADLINE_S, deadline_s)
        answer = yield from self._session.send("POST", "/v1/jobs", body)
        question: dict[str, Json] = {
            "datasets": [dataset.name for dataset in self.datasets],
            "operation": RUN,
            "parameters": self.parameters,
        }
        return Job(self._driver, self._session, answer, question)

    def _result(
        self,
        job: Job[M],
        accept: Iterable[str],
        timeout_s: float,
        progress: Callable[[str], None] | None,
    ) -> Call[ProgramResult]:
        receipt = yield from job._receipt(timeout_s, progress)
        spec = (receipt.statement.evidence or {}).get("spec", {})
        if self.module not in (spec.get("module"), spec.get("code")):
            raise EvidenceInvalid(
                f"expected the output of {self.module}, found another program's",
                fix="do not rely on this node; tell its operator",
                detail={"job": job.id},
            )
        return _accepted(receipt, tuple(accept), self._session.roots)

    def _asked(self) -> Call[Document]:
        body = yield from self._body()
        return (yield from self._session.send("POST", "/v1/jobs/estimate", body))

    def _body(self) -> Call[dict[str, Encodable]]:
        grants = yield from self._grants()
        return {
            "columns": list(self.columns),
            "group_by": list(self.by),
            "inputs": [
                {"dataset": grant.dataset, "grant": grant.id} for grant in grants
            ],
            "k": self.k,
            "method": METHOD,
            "module": self.module,
            "operation": RUN,
            "parameters": self.parameters,
            "parties": {"compute": self.runner},
            "purpose": grants[0].purpose,
        }

    def _grants(self) -> Call[list[Grant[M]]]:
        """One grant for each dataset, all for one purpose."""
        chosen: list[Grant[M]] = []
        purpose = self.purpose
        for dataset in self.datasets:
            found = yield from active_grants(
                self._session, self._driver, dataset.name, RUN, purpose
            )
            chosen.append(self._fitting(found))
            purpose = chosen[0].purpose
        return chosen

    def _fitting(self, found: Sequence[Grant[M]]) -> Grant[M]:
        for grant in found:
            columns, by = set(grant.columns), set(grant.group_by)
            if columns >= set(self.columns) and by >= set(self.by):
                return grant
        raise NotPermitted(
            f"expected a grant on {', '.join((*self.columns, *self.by))}, found one on "
            f"{', '.join(found[0].columns)}",
            fix=f"ask for what you need: privshare grant request {found[0].dataset}",
            detail={"grant": found[0].id},
        )


class Programs(Bound[M]):
    """Measured programs, and this agency's policy for evidence.

    Args:
        driver: Runs the verbs.
        session: The connection.
    """

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def list(self) -> Call[list[Document]]:
        """Every program that was proposed: `code`, `module`, `status`, `approvals`."""
        answer = yield from self._session.get("/v1/code")
        return [*answer.objs("items")]

    @verb
    def propose(
        self,
        module: str,
        *,
        binary: bytes | None = None,
        closure: Mapping[str, Json] | None = None,
        source: str = "the library of PrivShare",
    ) -> Call[Document]:
        """Propose a program to the agencies, and approve it by that.

        Args:
            module: Of the library, or what people will call one's own.
            binary: A WebAssembly module; None: of the library.
            closure: What it is measured as; needed with `binary`.
            source: Where it comes from, in one line.

        Raises:
            Conflict: Somebody proposed it before.
            PrivShareError: What else the node reports.
        """
        body: dict[str, Encodable] = {"module": module, "source": source}
        if binary is not None:
            body |= {"binary": b64u(binary), "closure": dict(closure or {})}
        return (yield from self._session.send("POST", "/v1/code", body))

    @verb
    def keep(self, binary: bytes, closure: Mapping[str, Json]) -> Call[Document]:
        """Give this agency's node the bytes of a program, so that it can run it.

        Args:
            binary: The module.
            closure: What it is measured as.

        Raises:
            NotFound: Nobody proposed it.
            RunRefused: The closure names another module.
            PrivShareError: What else the node reports.
        """
        body: dict[str, Encodable] = {
            "binary": b64u(binary),
            "closure": dict(closure),
            "keep_only": True,
            "module": "kept",
        }
        return (yield from self._session.send("POST", "/v1/code", body))

    @verb
    def approve(self, code: str) -> Call[Document]:
        """Approve a program; more than half of the agencies list it.

        Args:
            code: Its digest.

        Raises:
            NotFound: Nobody proposed it.
            PrivShareError: What else the node reports.
        """
        return (yield from self._session.send("POST", f"{_path(code)}/approvals"))

    @verb
    def withdraw(self, code: str, reason: str) -> Call[Document]:
        """End a program's listing, for good.

        Args:
            code: Its digest.
            reason: One sentence, for the ledger.

        Raises:
            NotPermitted: This agency did not approve it.
            PrivShareError: What else the node reports.
        """
        path = f"{_path(code)}/withdrawal"
        return (yield from self._session.send("POST", path, {"reason": reason}))

    @verb
    def policy(self) -> Call[Document]:
        """The policy by which this agency appraises evidence.

        Raises:
            NotFound: It has none.
        """
        return (yield from self._session.get("/v1/appraisal-policy"))

    @verb
    def set_policy(self, policy: Mapping[str, Json]) -> Call[Document]:
        """Appraise evidence by this policy from now on.

        Args:
            policy: As docs/formats/appraisal-policy.md has it.

        Raises:
            EncodingError: Not an appraisal policy.
            EvidenceInvalid: It accepts test machines, and the node is in
                production.
        """
        body = dict(policy)
        return (yield from self._session.send("PUT", "/v1/appraisal-policy", body))


def program(
    module: str,
    dataset: Dataset[M] | Sequence[Dataset[M]],
    *,
    columns: Sequence[str],
    by: Sequence[str] = (),
    parameters: Mapping[str, Json] | None = None,
    purpose: str | None = None,
    runner: str | None = None,
    k: int | None = None,
) -> ProgramQuery[M]:
    """Ask for a run of a measured program; arguments as for `ProgramQuery`.

    Returns:
        A query; nothing was asked yet.
    """
    return ProgramQuery(
        module,
        dataset,
        columns=columns,
        by=by,
        parameters=parameters,
        purpose=purpose,
        runner=runner,
        k=k,
    )


def _path(code: str) -> str:
    return f"/v1/code/{quote(code, safe='')}"


def _accepted(
    receipt: Receipt, accept: tuple[str, ...], roots: EvidenceRoots | None
) -> ProgramResult:
    """The result, if its machine is of a class that the caller takes."""
    trust_class, root = _class_of(receipt, roots)
    refused = trust_class not in accept if accept else trust_class in SOFT
    if refused:
        raise EvidenceInvalid(
            f"expected a machine of class {' or '.join(accept) or 'hardware'}, found "
            f"one of class {trust_class}, vouched for by {root}",
            fix=f'accept=("{trust_class}",) takes it, for what it is worth',
            detail={"rule": "accept.class", "trust_class": trust_class},
        )
    return ProgramResult(receipt, trust_class, root)


def _class_of(receipt: Receipt, roots: EvidenceRoots | None) -> tuple[str, str]:
    """How far the machine of a verified receipt can be trusted, and who says so."""
    from privshare.jobs.attestation.bundle import AttestedBundle  # noqa: PLC0415

    statement = receipt.statement
    bundle = AttestedBundle.from_json((statement.evidence or {})["bundle"])
    return class_of(receipt, bundle, roots)


def class_of(
    receipt: Receipt, bundle: AttestedBundle, roots: EvidenceRoots | None
) -> tuple[str, str]:
    """How far one machine of a verified receipt can be trusted, and who says so."""
    from privshare.jobs.attestation.roots import load_roots  # noqa: PLC0415
    from privshare.jobs.attestation.verifier import verify  # noqa: PLC0415

    key, named = f"attested/{bundle.admission.job}", b64u(bundle.admitted().digest())
    state = receipt.statement.state
    held: Any = next(one.value for one in state if one.key == key)
    shown = next(one for one in held["shown"] if one["bundle"] == named)
    documents = () if roots is None else roots.documents
    known = load_roots(
        [decode(one, max_bytes=_MAX_ROOTS) for one in documents],
        production=roots is None or not roots.trial,
    )
    claims = verify(bundle.evidence, bundle.endorsements, known, shown["time"])
    return claims.trust_class, claims.root.name
