"""The owner's node over its REST, as the bridge asks it.

    Handed ─► net.submissions ─► Answer, with the receipt that `privshare verify` reads

The profile is that of an operator: it hands in, and has no say.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from privshare.bridge.files import Files
from privshare.bridge.gate import Answer, Caller, Handed, Shown, Status
from privshare.errors import EvidenceInvalid, NotFound, PrivShareError
from privshare.jobs.submission.account import Enrolment
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client
from privshare.sdk.document import Document
from privshare.wire.canonical import Json, b64u, decode

__all__ = ["OwnerNode"]

#: How long what the node listed is taken for what it would say now.
_FRESH_S: Final = 1.0
_MAX_ENROLMENT: Final = 4096
_RECEIPT: Final = "receipt.psr"
_TRUST: Final = "trust.policy"


class OwnerNode:
    """A node, as `gate.Node` has it.

    Args:
        net: A connection to it.
        trust: The trust policy that goes with receipts, for whoever has none.
        clock: Seconds.
    """

    def __init__(
        self,
        net: Client[Blocking],
        trust: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._net = net
        self._trust = trust
        self._clock = clock
        self._listed: dict[str, Document] = {}
        self._listed_at = -_FRESH_S
        self._shown: dict[str, Shown] = {}

    def enrolled(self, caller: Caller) -> bool:
        """Whether an enrolment that stands covers this account and these keys."""
        document = _document(caller.enrolment)
        if document is None:
            return False
        try:
            enrolment = Enrolment.from_json(document)
        except PrivShareError:
            return False
        if (enrolment.account, enrolment.key) != (caller.account, caller.key):
            return False
        return self._stands(enrolment)

    def _stands(self, enrolment: Enrolment) -> bool:
        try:
            found = self._net.accounts.show(b64u(enrolment.id()))
        except NotFound:
            return False
        return found.str("agency") == enrolment.agency and found["ended"] is None

    def submit(self, handed: Handed) -> Answer:
        """Hand a submission in."""
        caller = handed.caller
        found = self._net.submissions.submit(
            handed.files.to_json(),
            handed.entry,
            enrolment=_document(caller.enrolment),
            key=caller.key or bytes(32),
            name=handed.name,
        )
        self._listed_at = -_FRESH_S
        return self._answer(
            found.str("submission"),
            found.str("status"),
            found.str("rule", ""),
            found.str("reason", ""),
            found.str("receipt", ""),
        )

    def state(self, submission: str) -> Answer | None:
        """How far it is; None for one that was never handed in."""
        now = self._clock()
        if now - self._listed_at >= _FRESH_S:
            found = self._net.submissions.list()
            self._listed = {one.str("submission"): one for one in found}
            self._listed_at = now
        one = self._listed.get(submission)
        if one is None:
            return None
        rule, receipt = one.str("rule", ""), one.str("receipt", "")
        status = one.str("status")
        if status == "refused" and not rule and not receipt:
            status = "pending"  # somebody said no; the node is about to enter it
        return self._answer(submission, status, rule, one.str("reason", ""), receipt)

    def run(self, submission: str, files: Files) -> Answer:
        """Run it, if these are still the files; the first answer stands."""
        self._listed_at = -_FRESH_S
        try:
            found = self._net.submissions.ask(submission, files.to_json())
        except EvidenceInvalid as error:
            if error.detail.get("rule") != "submission.changed":
                raise
            # It ran before they changed. What came of it is still its author's.
            kept = self._net.submissions.show(submission)
            same = [one.json() for one in kept.objs("files")]
            found = self._net.submissions.ask(submission, same)
        return self._answer(
            submission,
            found.status,
            found.rule,
            found.reason,
            found.receipt,
            found.outputs,
        )

    def published(self) -> Sequence[Shown]:
        """Datasets of this agency that take submissions."""
        found = []
        for one in self._net.mocks.list():
            name, digest = one.str("dataset"), one.str("mock")
            if name.partition("/")[0] != self._net.agency:
                continue
            if digest not in self._shown:
                mock = self._net.mocks.show(name).str("mock").encode()
                self._shown[digest] = Shown(name, mock, f"{name}: invented rows")
            found.append(self._shown[digest])
        return found

    def _answer(
        self,
        submission: str,
        status: str,
        rule: str,
        reason: str,
        receipt: str,
        outputs: Mapping[str, bytes] | None = None,
    ) -> Answer:
        ended = status in ("done", "refused")
        beside = self._beside(receipt) if ended and receipt else {}
        return Answer(
            cast(Status, status), submission, rule, reason, outputs or {}, beside
        )

    def _beside(self, receipt: str) -> dict[str, bytes]:
        """A receipt as files, with all that verifying it takes."""
        proof = self._net.submissions.receipt(receipt)
        with tempfile.TemporaryDirectory() as place:
            proof.save(Path(place) / _RECEIPT)
            files = {one.name: one.read_bytes() for one in Path(place).iterdir()}
        return files | ({_TRUST: self._trust.encode()} if self._trust else {})


def _document(enrolment: bytes) -> dict[str, Json] | None:
    """What an account showed, if it is a document at all."""
    try:
        found = decode(enrolment, max_bytes=_MAX_ENROLMENT)
    except PrivShareError:
        return None
    return found if isinstance(found, dict) else None
