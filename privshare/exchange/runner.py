"""The runner: one thread that moves a node's jobs forward.

    contributing ─► aggregating ─► opening ─► finishing ─► done
          └─────────────┴─────────────┴────────────┴─► aborting ─► failed

The phases of an attested job between its admission and its end are in
`tee_steps`, those of a private join in `join_steps`.

Each turn takes one open job one step further. Everything a step needs is in
the storage, and every party answers the same question the same way, so a node
that restarts goes on where it was. A party that is away is asked again until
the deadline and is then named; a party whose statement is wrong ends the job
at once.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import drawer, join_steps, party, tee_conclusion, tee_steps
from privshare.exchange.conclusion import check_answer, check_room, conclude, kind_of
from privshare.exchange.job import (
    admission,
    admit,
    is_attested,
    is_join,
    keep,
    problem_of,
    spec_of,
)
from privshare.exchange.node import Node, one_line, open_statement
from privshare.exchange.opening import check_announced, open_totals
from privshare.jobs.lifecycle import Advance, Beat, End, Event, Fail, Job, Problem, step
from privshare.jobs.spec import Spec
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    Aggregation,
    evidence_digest,
    result_digest,
)
from privshare.ledger import query
from privshare.ledger import values as held
from privshare.ledger.transaction import parse
from privshare.rights import identifier
from privshare.wire import envelope as envelopes
from privshare.wire.canonical import Json, b64u, decode, encode

__all__ = ["Runner"]

_CALL_S = 60.0
_MAX_PAUSE_S = 5.0


class Runner:
    """Moves the jobs of one node.

    Args:
        node: The node.
        poll_s: How long to pause when nothing moves; doubles up to 5 s.
    """

    def __init__(self, node: Node, poll_s: float = 0.1) -> None:
        self._node = node
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._hands = tee_steps.Hands(node, self._ask, self._take)

    def start(self) -> None:
        """Start the thread; jobs that were open go on."""
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the thread after the step it is in."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def wake(self) -> None:
        """Look at the jobs now: one was submitted or cancelled."""
        self._wake.set()

    def run_until_idle(self, timeout_s: float = 60.0) -> None:
        """Move all jobs to their ends, in the caller's thread.

        Raises:
            Unavailable: Some job is still open when the time is up.
        """
        limit = time.monotonic() + timeout_s
        while self._node.store.open_jobs():
            if not self.turn():
                time.sleep(self._poll_s)
            if time.monotonic() > limit:
                raise Unavailable(f"expected all jobs to end in {timeout_s:g} s")

    def turn(self) -> bool:
        """Take every open job one step further.

        Returns:
            Whether any of them moved.
        """
        moved = False
        for job in self._node.store.open_jobs():
            if self._stop.is_set():
                break
            moved = self._turn(job) or moved
        return moved

    def _run(self) -> None:
        pause_s = self._poll_s
        while not self._stop.is_set():
            try:
                moved = self.turn()
            except Exception:  # storage is away: the thread must outlive it
                moved = False
            pause_s = self._poll_s if moved else min(2 * pause_s, _MAX_PAUSE_S)
            if self._wake.wait(0 if moved else pause_s):
                self._wake.clear()
                pause_s = self._poll_s

    # One job

    def _turn(self, job: Job) -> bool:
        if job.phase not in ("queued", "admitting"):
            return self._move(job)
        with admission(self._node, job):
            found = self._node.store.job(job.id)
            if found is None or found.phase != job.phase:
                return True  # its submitter was faster
            return self._move(found)

    def _move(self, job: Job) -> bool:
        try:
            self._check_end(job)
            return self._step(job)
        except (Unavailable, Conflict) as error:
            return self._wait(job, error)
        except PrivShareError as error:
            self._fail(job, problem_of(error))
        except Exception as error:  # ours to mend, and not to be retried for ever
            self._fail(
                job,
                Problem("NativeError", f"expected to go on: {type(error).__name__}"),
            )
        return True

    def _check_end(self, job: Job) -> None:
        """A job ends when somebody asked for it, or the ledger says so."""
        if job.phase in ("admitting", "aborting"):
            return  # what is on its way to the ledger may be there: first find out
        if job.cancelled:
            raise StepNotAllowed(
                f"cancelled: {job.cancelled}", detail={"rule": "job.cancelled"}
            )
        late = self._node.clock() > job.deadline
        if late and job.phase != "finishing":
            raise Unavailable("expected an end by the deadline, found none")
        if job.ledger_id and self._held(job).status == "aborted":
            reason = self._held(job).reason
            raise StepNotAllowed(
                f"expected the job to go on, found that a party aborted it: {reason}",
                detail={"rule": "job.status"},
            )

    def _step(self, job: Job) -> bool:
        if job.phase in tee_steps.PHASES:
            return tee_steps.step(self._hands, job)
        if job.phase in join_steps.PHASES:
            return join_steps.step(self._hands, job)
        return self._own_step(job)

    def _own_step(self, job: Job) -> bool:
        match job.phase:
            case "queued" | "admitting":
                admit(self._node, job)
                return True
            case "contributing":
                return self._contributing(job)
            case "aggregating":
                return self._aggregating(job)
            case "opening":
                return self._opening(job)
            case "finishing":
                return self._finishing(job)
            case _:
                return self._aborting(job)

    def _wait(self, job: Job, error: PrivShareError) -> bool:
        """A party is away: try again, until the deadline."""
        now = self._node.clock()
        silent = str(error.detail.get("party", "")) or self._awaited(job)
        if now > job.deadline and job.phase not in ("aborting", "finishing"):
            problem = Problem(
                "Unavailable",
                f"expected {silent or 'the ledger'} to answer by the deadline, found "
                "no answer",
                party=silent,
                rule="job.deadline",
            )
            self._fail(job, problem)
            return True
        note = f"waiting for {silent or 'the ledger'}: {error.message}"
        self._keep(replace(job, heartbeat=now, note=note[:500]))
        return False

    def _awaited(self, job: Job) -> str:
        """The party whose answer is missing in this phase."""
        if is_attested(job):
            return tee_steps.awaited(self._hands, job)
        if is_join(job):
            return join_steps.awaited(self._hands, job)
        spec = spec_of(job)
        if job.phase == "contributing":
            for item in spec.inputs:
                if self._blob(job, f"contribution:{item.dataset}") is None:
                    return identifier.owner_of(item.dataset)
        if job.phase == "opening":
            for opener in spec.opened_by:
                if self._blob(job, f"opening:{opener}") is None:
                    return opener
        return spec.compute if job.phase == "aggregating" else ""

    def _fail(self, job: Job, problem: Problem) -> None:
        now = self._node.clock()
        if job.phase == "aborting":  # the ledger refuses the abort: it is over
            self._take(job, Fail(now, job.problem or problem, final=True))
        else:
            self._take(job, Fail(now, problem, final=not job.ledger_id))

    # Phases

    def _contributing(self, job: Job) -> bool:
        spec, moved, done = spec_of(job), False, 0
        for item in spec.inputs:
            name = f"contribution:{item.dataset}"
            if self._blob(job, name) is not None:
                done += 1
                continue
            owner = identifier.owner_of(item.dataset)
            answer = self._ask(job, owner, "contributions", item.dataset, {})
            if answer.get("state") == "done":
                kept = self._read(answer, "contribution", owner, CONTRIBUTION)
                self._node.store.put_blob(job.ledger_id, name, kept)
                done += 1
                moved = True
            elif answer.get("state") != "working":
                raise EncodingError(
                    "expected a contribution or the progress of one, found neither",
                    detail={"party": owner},
                )
            else:
                parts = f"{answer.get('done')} of {answer.get('total')} parts"[:80]
                job = self._take(
                    job,
                    Beat(self._node.clock(), max(job.done, done), f"{owner}: {parts}"),
                )
        if done < len(spec.inputs):
            if done > job.done:
                self._take(job, Beat(self._node.clock(), done, job.note))
            return moved
        note = f"waiting for {spec.compute}"
        self._take(job, Advance("aggregating", self._node.clock(), 1, note))
        return True

    def _aggregating(self, job: Job) -> bool:
        spec = spec_of(job)
        body: dict[str, Json] = {"contributions": self._contributions(job, spec)}
        answer = self._ask(job, spec.compute, "aggregation", "", body)
        kept = self._read(answer, "aggregation", spec.compute, AGGREGATION)
        self._node.store.put_blob(job.ledger_id, "aggregation", kept)
        openers = spec.opened_by
        note = f"waiting for {', '.join(openers)}"
        self._take(job, Advance("opening", self._node.clock(), len(openers), note))
        return True

    def _opening(self, job: Job) -> bool:
        """Ask everybody who opens; one that is away holds no other up."""
        spec, moved, done = spec_of(job), False, 0
        body: dict[str, Json] = {
            "aggregation": self._statement(job, "aggregation"),
            "contributions": self._contributions(job, spec),
        }
        check_room(spec, lambda name: self._envelope(job, name))
        away: PrivShareError | None = None
        for opener in spec.opened_by:
            name = f"opening:{opener}"
            if self._blob(job, name) is None:
                self._check_announced(job)
                try:
                    kept = self._opened(job, spec, opener, body)
                except (Unavailable, Conflict) as error:
                    away = away or error
                    continue
                self._node.store.put_blob(job.ledger_id, name, kept)
                moved = True
            done += 1
            note = f"{opener} opened"
            job = self._take(job, Beat(self._node.clock(), max(job.done, done), note))
        if away is not None and not moved:
            raise away
        if away is None:
            note = "checking everything, committing the result"
            self._take(job, Advance("finishing", self._node.clock(), 1, note))
        return True

    def _opened(
        self, job: Job, spec: Spec, opener: str, body: dict[str, Json]
    ) -> bytes:
        """One opener's statement; a part that is wrong is found at once."""
        answer = self._ask(job, opener, "opening", "", body)
        kept = self._read(answer, "opening", opener, kind_of(spec))
        if spec.epoch is not None:
            check_answer(
                self._node.view(),
                spec,
                opener,
                self._envelope(job, "aggregation"),
                party.kept_envelope(kept),
            )
        return kept

    def _check_announced(self, job: Job) -> None:
        payload = self._envelope(job, "aggregation").payload
        check_announced(self._node, job.ledger_id, Aggregation.from_bytes(payload))

    def _finishing(self, job: Job) -> bool:
        node = self._node
        result, evidence = self._concluded(job)
        if self._held(job).status == "admitted":
            try:
                node.submit(
                    "job.result",
                    {
                        "evidence": b64u(evidence_digest(evidence)),
                        "job": job.ledger_id,
                        "result": b64u(result_digest(result)),
                    },
                )
            except Unavailable:
                if node.clock() > job.deadline and (
                    self._held(job).status == "admitted"
                ):
                    raise StepNotAllowed(
                        "expected the ledger to take the result by the deadline, "
                        "found no answer",
                        detail={"rule": "job.deadline"},
                    ) from None
                raise
        ended = self._held(job).ended
        if ended is None:
            raise Unavailable("expected our copy of the ledger to have the result")
        tx_id = parse(node.ledger.entry(ended)).id
        drawer.file_at(
            node,
            "job.result",
            tx_id,
            ended,
            job.ledger_id,
            evidence=evidence,
            result=result,
        )
        shown = join_steps.found(node, job, result)
        self._take(job, End(node.clock(), encode(shown), tx_id))
        node.store.drop_blobs(job.ledger_id)
        return True

    def _concluded(self, job: Job) -> tuple[dict[str, Json], dict[str, Json]]:
        """Check everything, and draw result and evidence from it."""
        if is_attested(job):
            return tee_conclusion.conclude(self._hands, job)
        if is_join(job):
            return join_steps.conclude(self._hands, job)
        self._check_announced(job)
        return conclude(
            self._node.view(),
            job.ledger_id,
            spec_of(job),
            lambda name: self._envelope(job, name),
        )

    def _aborting(self, job: Job) -> bool:
        node = self._node
        problem = job.problem or Problem("Unavailable", "the job was given up")
        if self._held(job).status == "admitted":
            named = f"{problem.party}: " if problem.party else ""
            reason = one_line(named + problem.reason)
            body: dict[str, Json] = {"job": job.ledger_id, "reason": reason}
            if is_attested(job) and tee_conclusion.is_refusal(problem):
                tee_conclusion.refuse(self._hands, job, body, problem)
            else:
                committed = node.submit("job.abort", body)
                drawer.file(node, "job.abort", committed, job.ledger_id)
        self._take(job, Fail(node.clock(), problem, final=True))
        node.store.drop_blobs(job.ledger_id)
        return True

    # Parts

    def _ask(
        self, job: Job, agency: str, what: str, dataset: str, body: dict[str, Json]
    ) -> dict[str, Json]:
        """Ask a party, which may be this node."""
        node = self._node
        full: dict[str, Json] = {
            **body,
            "index": self._seen(job),
            "spec": decode(job.spec),
        }
        if agency == node.agency:
            match what:
                case "contributions":
                    return party.contribute(node, agency, job.ledger_id, dataset, full)
                case "aggregation":
                    return party.aggregate(node, agency, job.ledger_id, full)
                case "opening":
                    return open_totals(node, agency, job.ledger_id, full)
                case "match" | "set":
                    return join_steps.local(node, job.ledger_id, what, dataset, full)
                case _:
                    return tee_steps.local(node, job.ledger_id, what, dataset, full)
        path = f"/v1/peer/jobs/{job.ledger_id}/{what}"
        if dataset:
            path += f"/{dataset}"
        try:
            answer = node.peers.call(agency, "POST", path, full, timeout_s=_CALL_S)
        except PrivShareError as error:
            if error.detail.setdefault("party", agency) != agency:
                # It blames somebody else; what it says is its word.
                error.message = f"{agency} reports: {error.message}"
            raise
        if not isinstance(answer, dict):
            raise EncodingError(
                "expected an object as answer, found something else",
                detail={"party": agency},
            )
        return answer

    def _seen(self, job: Job) -> int:
        """A log index that the party must have, too, before it answers.

        What happens in an attested job or a join between two questions is on the
        ledger.
        """
        if is_attested(job) or is_join(job):
            return self._node.view().block.index
        return self._held(job).at

    def _read(
        self, answer: dict[str, Json], name: str, agency: str, kind: str
    ) -> bytes:
        """A statement out of an answer, once its party's signature verifies."""
        try:
            envelope = envelopes.from_json(answer.get(name))
            open_statement(self._node.view(), agency, kind, envelope)
        except PrivShareError as error:
            error.detail.setdefault("party", agency)
            raise
        return envelopes.encode(envelope)

    def _contributions(self, job: Job, spec: Spec) -> list[Json]:
        return [
            self._statement(job, f"contribution:{item.dataset}") for item in spec.inputs
        ]

    def _statement(self, job: Job, name: str) -> dict[str, Json]:
        return envelopes.to_json(self._envelope(job, name))

    def _envelope(self, job: Job, name: str) -> envelopes.Envelope:
        data = self._blob(job, name)
        if data is None:
            raise NotFound(f"expected the {name.partition(':')[0]} to be kept here")
        return party.kept_envelope(data)

    def _blob(self, job: Job, name: str) -> bytes | None:
        return self._node.store.blob(job.ledger_id, name)

    def _held(self, job: Job) -> held.Job:
        return query.job(self._node.view(), job.ledger_id)

    def _take(self, job: Job, event: Event) -> Job:
        """One transition, kept."""
        return self._keep(step(job, event))

    def _keep(self, job: Job) -> Job:
        return keep(self._node, job)
