"""Jobs: one computation, from its admission to its result.

    Query.submit ─► Job (queued … finishing) ─► wait ─► done ─► Result
                                             └► failed: the error, naming the party

A job runs at the node of one's own agency; closing the notebook does not stop
it. `net.job(id)` finds it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from privshare import errors
from privshare.errors import EvidenceInvalid, PrivShareError, Unavailable
from privshare.sdk.call import Call, M, Pause, verb
from privshare.sdk.document import Document
from privshare.sdk.moment import to_text
from privshare.sdk.receipt import Receipt
from privshare.sdk.result import Result
from privshare.sdk.session import Live, Session
from privshare.sdk.table import html_block
from privshare.wire.canonical import Json

DONE = "done"
FAILED = "failed"
ENDED = (DONE, FAILED)

#: Between two looks: a tenth of the time waited so far, within these bounds, so
#: that an end is seen soon and nobody is asked in vain too often.
_PAUSE_S = 0.05
_MAX_PAUSE_S = 3.0


class Job(Live[M]):
    """One job, as its coordinator's node showed it last.

    Args:
        driver: Runs the verbs.
        session: The connection.
        document: The job as the node showed it.
        question: Fields that the result's specification must have, where this
            connection asked the question itself.
    """

    def __init__(
        self,
        driver: M,
        session: Session,
        document: Document,
        question: Mapping[str, Json] | None = None,
    ) -> None:
        super().__init__(driver, session, document)
        self._question = question

    @property
    def id(self) -> str:
        """The node's own name for it."""
        return self._document.str("id")

    @property
    def phase(self) -> str:
        """queued, admitting, contributing, aggregating, opening, finishing,
        done, aborting or failed; a program's: nonces, attesting, releasing,
        running in place of the three in the middle."""
        return self._document.str("phase")

    @property
    def operation(self) -> str:
        """sum, mean or count; run of a measured program."""
        return self._document.str("operation", "")

    @property
    def program(self) -> str:
        """The measured program that it runs, such as mpc.sum; "" of a sum."""
        return self._document.obj("spec").str("module", "")

    @property
    def datasets(self) -> tuple[str, ...]:
        """What it computes on."""
        inputs = self._document.obj("spec").objs("inputs")
        return tuple(one.str("dataset", "") for one in inputs)

    @property
    def what(self) -> str:
        """What is computed, in a few words: the program, or the operation."""
        return self.program or self.operation

    @property
    def note(self) -> str:
        """What is being done, and who is waited for."""
        return self._document.str("note", "")

    @property
    def deadline(self) -> int:
        """The job fails if it is not done by then, Unix time."""
        return self._document.int("deadline", 0)

    @property
    def ended(self) -> bool:
        """Whether nothing will happen any more."""
        return self.phase in ENDED

    @property
    def document(self) -> dict[str, Json]:
        """Everything the node said."""
        return self._document.json()

    def __repr__(self) -> str:
        return f"<Job {self.id[:8]}… {self.phase}>"

    def _repr_html_(self) -> str:
        return html_block(f"Job {self.id}", self.lines())

    def lines(self) -> tuple[tuple[str, object], ...]:
        """Names and values, to be shown."""
        progress = self._document.obj("progress")
        problem = self._document.obj("problem")
        found: tuple[tuple[str, object], ...] = (
            ("id", self.id),
            ("operation", self.operation),
            ("program", self.program),
            ("datasets", self.datasets),
            ("phase", self.phase),
            ("steps", f"{progress.int('done', 0)} of {progress.int('total', 0)}"),
            ("note", self.note),
            ("deadline", to_text(self.deadline)),
            ("problem", problem.str("reason", "")),
            ("rule", problem.str("rule", "")),
            ("party", problem.str("party", "")),
        )
        return tuple(one for one in found if one[1] not in ("", ()))

    @verb
    def refresh(self) -> Call[Job[M]]:
        """Read it again.

        Raises:
            PrivShareError: What the node reports.
        """
        return (yield from self._read())

    @verb
    def wait(
        self,
        timeout_s: float = 600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[Job[M]]:
        """Wait until it has ended well.

        Args:
            timeout_s: Then give up waiting; the job goes on.
            progress: Told what is being done, and who is waited for.

        Raises:
            PrivShareError: Why the job failed; `detail["party"]` names who
                was silent or dishonest.
            Unavailable: It has not ended in time.
        """
        return (yield from self._wait(timeout_s, progress))

    @verb
    def result(
        self,
        timeout_s: float = 600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[Result]:
        """Wait for the result, and verify its receipt.

        Args:
            timeout_s: Then give up waiting; the job goes on.
            progress: Told what is being done.

        Returns:
            The numbers that the receipt proves.

        Raises:
            PrivShareError: Why the job failed, or what in its receipt is not
                true.
        """
        return (yield from self._result(timeout_s, progress))

    @verb
    def cancel(self, reason: str = "cancelled by the analyst") -> Call[Job[M]]:
        """Ask for its end; what it had reserved is released.

        Args:
            reason: One sentence, for the ledger.

        Raises:
            StepNotAllowed: It is past stopping.
        """
        yield from self._session.send("DELETE", self._path, {"reason": reason})
        return (yield from self._read())

    def _read(self) -> Call[Job[M]]:
        document = yield from self._session.get(self._path)
        return Job(self._driver, self._session, document, self._question)

    def _wait(
        self, timeout_s: float, progress: Callable[[str], None] | None
    ) -> Call[Job[M]]:
        begun = self._session.tick()
        job = yield from self._read()
        while not job.ended:
            if progress is not None:
                progress(f"{job.phase}: {job.note}" if job.note else job.phase)
            waited_s = self._session.tick() - begun
            pause_s = min(_MAX_PAUSE_S, max(_PAUSE_S, waited_s / 10))
            if waited_s + pause_s > timeout_s:
                raise Unavailable(
                    f"expected the job to end within {timeout_s:g} s, found it "
                    f"{job.phase}" + (f": {job.note}" if job.note else ""),
                    fix=f"it goes on; wait again: privshare job wait {job.id}",
                    detail={"job": job.id, "phase": job.phase},
                )
            yield Pause(pause_s)
            job = yield from self._read()
        if job.phase == FAILED:
            raise _problem(job)
        return job

    def _result(
        self, timeout_s: float, progress: Callable[[str], None] | None
    ) -> Call[Result]:
        receipt = yield from self._receipt(timeout_s, progress)
        return Result(receipt.statement.result or {}, receipt)

    def _receipt(
        self, timeout_s: float, progress: Callable[[str], None] | None
    ) -> Call[Receipt]:
        """Wait for the result's receipt, verify it, and hold it to the question."""
        job = yield from self._wait(timeout_s, progress)
        document = job._document
        receipt = yield from self._session.receipt(
            document.str("receipt"), ("job.result",), f"job/{document.str('ledger_id')}"
        )
        _check_answers(receipt, job)
        return receipt

    @property
    def _path(self) -> str:
        return f"/v1/jobs/{quote(self.id, safe='')}"


def _check_answers(receipt: Receipt, job: Job[M]) -> None:
    """Check that a verified receipt answers the question asked."""
    spec = (receipt.statement.evidence or {})["spec"]
    found = {**spec, "datasets": [item["dataset"] for item in spec["inputs"]]}
    for name, value in (job._question or {}).items():
        if found.get(name) != value:
            raise EvidenceInvalid(
                f"expected the result of the question asked, found another {name}",
                fix="do not rely on this node; tell its operator",
                detail={"job": job.id},
            )


def _problem(job: Job[M]) -> PrivShareError:
    """The error that a failed job ended with."""
    problem = job._document.obj("problem")
    name = problem.str("error", "Unavailable")
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, PrivShareError)):
        kind = Unavailable
    detail = {
        key: problem.str(key, "") for key in ("party", "rule") if problem.str(key, "")
    }
    party = f" (party: {detail['party']})" if "party" in detail else ""
    return kind(
        f"expected a result, found the job failed: "
        f"{problem.str('reason', 'no reason given')}{party}",
        fix="nothing was charged for a job that failed; try again",
        detail={"job": job.id, **detail},
    )
