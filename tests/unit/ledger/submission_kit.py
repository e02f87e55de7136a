"""A bench with a wage register behind a gate, and short verbs for its parties.

`taxes` owns the rows, `housing` answers for an account and holds the right,
`labour` is a third member.
"""

from __future__ import annotations

from typing import Any

import pytest
from ledger_kit import SCHEMA, Bench, digest, parties

from privshare.errors import PrivShareError
from privshare.rights.identifier import submitted
from privshare.wire.canonical import b64u, unb64u

DATASET = "taxes/returns"
PURPOSE = "housing-policy"
CODE = digest("code")
PROGRAM = submitted(unb64u(CODE, 32))
ACCOUNT = digest("account")
GATE = digest("gate")


class Gate(Bench):
    """A network in which an account is enrolled and a rule published."""

    def __init__(
        self, programs: tuple[str, ...] = ("code.run/v1",), uses: int = 1
    ) -> None:
        super().__init__()
        self.admit_all()
        self.do(self.enrol())
        self.do(self.publish())
        self.grant = self.granted(
            operations=("run",), programs=programs, group_by=(), uses=uses
        )
        super().close()

    def enrol(self, who: str = "housing", account: str = ACCOUNT) -> bytes:
        """An agency answers for an account."""
        return self.scribe.tx("account.enrol", who, {"account": account})

    def end(self, who: str = "housing", account: str = ACCOUNT) -> bytes:
        """And no more."""
        body = {"account": account, "reason": "left"}
        return self.scribe.tx("account.end", who, body)

    def publish(self, who: str = "taxes", **changes: Any) -> bytes:
        """An owner publishes mock and rule."""
        body = {
            "dataset": DATASET,
            "gate": GATE,
            "mock": digest("mock"),
            "schema": b64u(SCHEMA),
            "version": 1,
        }
        return self.scribe.tx("mock.publish", who, body | changes)

    def approve(self, who: str = "taxes", **changes: Any) -> bytes:
        """An agency approves of the code."""
        body = {
            "account": ACCOUNT,
            "dataset": DATASET,
            "decision": "approve",
            "gate": GATE,
            "grantee": "housing",
            "purpose": PURPOSE,
            "reason": "read by two",
            "rule": None,
            "submission": CODE,
        }
        return self.scribe.tx("submission.decide", who, body | changes)

    def refuse(self, who: str = "taxes", **changes: Any) -> bytes:
        """An agency refuses it."""
        return self.approve(who, **({"decision": "refuse", "gate": None} | changes))

    def admit(self, who: str = "housing", **changes: Any) -> bytes:
        """The grantee admits a run."""
        fields: dict[str, Any] = {
            "operation": "run",
            "parties": parties(compute="taxes", nodes=["taxes"]),
            "program": PROGRAM,
        }
        return self.scribe.job(who, [self.grant], **(fields | changes))

    def begin(self, job: str, who: str = "taxes", spec: str = "spec") -> bytes:
        """The owner is about to run it."""
        body = {"aggregation": digest(spec), "job": job}
        return self.scribe.tx("job.open", who, body)

    def result(self, job: str, who: str = "taxes") -> bytes:
        """The owner commits to what left."""
        body = {"evidence": digest("e"), "job": job, "result": digest("r")}
        return self.scribe.tx("job.result", who, body)

    def abort(self, job: str, who: str = "taxes") -> bytes:
        """Somebody ends the job."""
        body = {"job": job, "reason": "run.memory: too much"}
        return self.scribe.tx("job.abort", who, body)

    def refused(self, data: bytes) -> tuple[type[PrivShareError], str]:
        """With which error and rule something is refused, without a trace."""
        before = self.machine.state.root()
        with pytest.raises(PrivShareError) as caught:
            self.do(data)
        assert self.machine.state.root() == before
        return type(caught.value), caught.value.detail.get("rule", "")
