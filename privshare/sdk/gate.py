"""Approved code, as a node's own people see it.

    steward   net.accounts.enrol("ann@example.org", key)      whose code is ours
    steward   net.mocks.publish("tax/wages", gate={...})      what may leave
    bridge    net.submissions.submit(files, entry, ...)       pending, or refused
    steward   net.submissions.show(digest), .approve(digest)
    bridge    net.submissions.run(digest, files)              outputs, a receipt

The gate is `net.submissions` of the node that has the data. Nothing here knows
which system the code came by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from privshare.errors import Unavailable
from privshare.sdk.call import Bound, Call, M, Pause, verb
from privshare.sdk.document import Document
from privshare.sdk.receipt import Receipt
from privshare.sdk.session import Session
from privshare.wire.canonical import Encodable, Json, b64u, unb64u

__all__ = ["Accounts", "Enrolled", "Mocks", "Result", "Submissions", "files_of"]

_ACCOUNTS = "/v1/accounts"
_MOCKS = "/v1/mocks"
_SUBMISSIONS = "/v1/submissions"
#: How long `run` waits for the end unless told.
RUN_TIMEOUT_S = 600.0
_FIRST_PAUSE_S = 0.5
_LAST_PAUSE_S = 5.0

Files = Mapping[str, bytes] | Path | Sequence[Json]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An account that an agency vouches for.

    Attributes:
        id: Digest of the document: what the ledger has.
        enrolment: The document, for the account's author to carry.
        receipt: Id of the receipt.
    """

    id: str
    enrolment: Mapping[str, Json] = field(repr=False)
    receipt: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a submission.

    Attributes:
        status: `done` or `refused`.
        outputs: What may leave, by name.
        job: The job's id on the ledger, or "".
        receipt: Id of the receipt, or "": the ledger took nothing.
        rule: Which rule refused it, or "".
        reason: In words, or "".
    """

    status: str
    outputs: Mapping[str, bytes] = field(repr=False)
    job: str
    receipt: str
    rule: str
    reason: str


def files_of(files: Files) -> list[Json]:
    """All files of a submission, as the node takes them.

    Args:
        files: Bytes by path, none of them executable; or a folder, of which
            every file is taken; or a list that is laid out already.

    Raises:
        OutOfRange: A folder with links, devices, or too much in it.
    """
    if not isinstance(files, Mapping | Path):
        return list(files)
    if isinstance(files, Path):
        from privshare.jobs.submission.tree import load  # noqa: PLC0415 - if asked

        loaded = load(files)
        modes = {one.path: one.executable for one in loaded.tree.files}
        contents: Mapping[str, bytes] = loaded.contents
    else:
        contents, modes = files, dict.fromkeys(files, False)
    return [
        {"bytes": b64u(contents[path]), "executable": modes[path], "path": path}
        for path in sorted(contents)
    ]


class Accounts(Bound[M]):
    """Accounts of another system that this agency vouches for."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def enrol(
        self, account: str, key: bytes, *, system: str = "syft"
    ) -> Call[Enrolled]:
        """Vouch for an account: what it submits is this agency's.

        Args:
            account: What the other system calls it.
            key: The 32 bytes by which the other system knows it.
            system: Which system.

        Raises:
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {
            "account": account,
            "key": b64u(key),
            "system": system,
        }
        answer = yield from self._session.send("POST", _ACCOUNTS, body)
        return Enrolled(
            answer.str("id"), answer.obj("enrolment").json(), answer.str("receipt")
        )

    @verb
    def list(self) -> Call[Sequence[Document]]:
        """List the accounts that this agency enrolled."""
        answer = yield from self._session.get(_ACCOUNTS)
        return answer.objs("items")

    @verb
    def show(self, account: str) -> Call[Document]:
        """What the ledger has of an enrolment: `agency`, `at`, `ended`.

        Args:
            account: The enrolment's id, of any agency.

        Raises:
            NotFound: Nobody enrolled it.
        """
        return (yield from self._session.get(f"{_ACCOUNTS}/{quote(account, safe='')}"))

    @verb
    def end(self, account: str, reason: str) -> Call[str]:
        """Vouch for an account no more; the receipt's id.

        Args:
            account: The enrolment's id.
            reason: For the ledger.

        Raises:
            PrivShareError: What the node reports.
        """
        path = f"{_ACCOUNTS}/{quote(account, safe='')}/end"
        answer = yield from self._session.send("POST", path, {"reason": reason})
        return answer.str("receipt")


class Mocks(Bound[M]):
    """Mock tables, and the rules by which results may leave."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def publish(self, dataset: str, gate: Mapping[str, Encodable]) -> Call[Document]:
        """Publish a mock of a dataset of this agency, made from its schema alone.

        Args:
            dataset: Which.
            gate: What may leave, as docs/rest.md has it.

        Returns:
            `dataset`, `gate`, `index`, `mock` (CSV), `receipt`, `version`.

        Raises:
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {"dataset": dataset, "gate": dict(gate)}
        return (yield from self._session.send("POST", _MOCKS, body))

    @verb
    def list(self) -> Call[Sequence[Document]]:
        """List the published mocks of the network."""
        answer = yield from self._session.get(_MOCKS)
        return answer.objs("items")

    @verb
    def show(self, dataset: str) -> Call[Document]:
        """Read the published mock of any dataset.

        Raises:
            NotFound: There is none.
        """
        return (yield from self._session.get(f"{_MOCKS}/{quote(dataset)}"))


class Submissions(Bound[M]):
    """Code that somebody submits, at the node that has the data."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def submit(
        self,
        files: Files,
        entry: str,
        *,
        enrolment: Mapping[str, Encodable] | None,
        key: bytes,
        name: str,
    ) -> Call[Document]:
        """Hand code in for its author.

        Args:
            files: All of it: bytes by path, or a folder.
            entry: The file that runs.
            enrolment: The document that its author carries, if there is one.
            key: The key by which the other system knows the author.
            name: What the author calls it.

        Returns:
            `submission`, `status` (`pending` or `refused`), `rule`, `reason`,
            `receipt`.

        Raises:
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {
            "enrolment": None if enrolment is None else dict(enrolment),
            "entry": entry,
            "files": files_of(files),
            "key": b64u(key),
            "name": name,
        }
        return (yield from self._session.send("POST", _SUBMISSIONS, body))

    @verb
    def list(self) -> Call[Sequence[Document]]:
        """List the submissions at this node, newest first."""
        answer = yield from self._session.get(_SUBMISSIONS)
        return answer.objs("items")

    @verb
    def show(self, submission: str) -> Call[Document]:
        """Show a submission, its files, and who has decided on it.

        Raises:
            NotFound: There is none by that digest.
        """
        return (yield from self._session.get(_path(submission)))

    @verb
    def approve(self, submission: str, *, gate: str | None = None) -> Call[Document]:
        """Approve these bytes under the gate's rule, as one person of this agency.

        Args:
            submission: Which.
            gate: Digest of the rule that was read, as `show` gives it; None: of
                whichever is in force.

        Returns:
            The submission; `approvals` says who is still missing.

        Raises:
            Conflict: Another rule has been published since.
            PrivShareError: What else the node reports.
        """
        path = f"{_path(submission)}/approve"
        return (yield from self._session.send("POST", path, {"gate": gate}))

    @verb
    def refuse(self, submission: str, reason: str) -> Call[Document]:
        """Refuse it, also after it was approved.

        Raises:
            PrivShareError: What the node reports.
        """
        path = f"{_path(submission)}/refuse"
        return (yield from self._session.send("POST", path, {"reason": reason}))

    @verb
    def run(
        self, submission: str, files: Files, *, timeout_s: float = RUN_TIMEOUT_S
    ) -> Call[Result]:
        """Run it, once, and wait for what comes of it.

        Asked again, also after a crash on either side, it is the same answer.

        Args:
            submission: Which.
            files: All its files as they are now.
            timeout_s: How long to wait.

        Raises:
            StepNotAllowed: Approvals are missing.
            Unavailable: It is still under way, or somebody is away: ask again.
            PrivShareError: What else the node reports.
        """
        laid = files_of(files)
        deadline = self._session.tick() + timeout_s
        pause_s = _FIRST_PAUSE_S
        while True:
            found = yield from self._ask(submission, laid)
            if found.status != "working":
                return found
            if self._session.tick() + pause_s > deadline:
                raise Unavailable(
                    f"expected the run to end within {timeout_s:g} s, found it going "
                    "on",
                    fix="Ask again: it goes on without anybody.",
                )
            yield Pause(pause_s)
            pause_s = min(_LAST_PAUSE_S, pause_s * 1.5)

    @verb
    def ask(self, submission: str, files: Files) -> Call[Result]:
        """Run it, or see how far it is; as `run`, without waiting.

        Returns:
            Its status may also be `working`.

        Raises:
            PrivShareError: What the node reports.
        """
        return (yield from self._ask(submission, files_of(files)))

    def _ask(self, submission: str, files: Sequence[Json]) -> Call[Result]:
        body: dict[str, Any] = {"files": list(files)}
        path = f"{_path(submission)}/run"
        return _result((yield from self._session.send("POST", path, body)))

    @verb
    def receipt(self, receipt: str) -> Call[Receipt]:
        """Fetch the receipt of a decision or of a run, and verify it.

        Raises:
            VerificationError: It does not verify.
        """
        return (yield from self._session.receipt(receipt))


def _result(answer: Document) -> Result:
    outputs = {
        one.str("name"): unb64u(one.str("bytes")) for one in answer.objs("outputs")
    }
    return Result(
        answer.str("status"),
        outputs,
        answer.str("job", ""),
        answer.str("receipt", ""),
        answer.str("rule", ""),
        answer.str("reason", ""),
    )


def _path(submission: str) -> str:
    return f"{_SUBMISSIONS}/{quote(submission, safe='')}"
