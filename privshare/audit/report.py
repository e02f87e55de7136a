"""The verdict: nine steps, what each found, and what none of them can show.

Where a verification ends. A `Verdict` is plain data: `report` turns it into
sentences for people, `to_json` into an object for programs. Neither decides
anything any more.

    verifier.verify ─► Verdict ─► report() ─► terminal
                              └─► to_json() ─► --json

Step numbers are those of docs/formats/receipt.md, section 5, and never change.

>>> Step(3, "log", "ok", ("Entry 7 is in the log.",)).line()
' 3  ok             log: Entry 7 is in the log.'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from privshare.audit.sentence import plain

Outcome = Literal["ok", "failed", "missing", "not applicable"]
Result = Literal["valid", "invalid", "incomplete"]

#: The nine steps, as code, report and documents number them.
TITLES: Mapping[int, str] = MappingProxyType(
    {
        1: "form",
        2: "signatures",
        3: "log",
        4: "checkpoint",
        5: "right",
        6: "inputs",
        7: "technique",
        8: "result",
        9: "since then",
    }
)

_WORD: Mapping[Result, str] = MappingProxyType(
    {"valid": "VALID", "invalid": "NOT VALID", "incomplete": "INCOMPLETE"}
)
_WIDTH = 14


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found.

    Attributes:
        number: 1 to 9.
        title: Its word in `TITLES`.
        outcome: `ok`; `failed`: something is untrue; `missing`: it could not
            be checked for want of something; `not applicable`.
        sentences: For people.
        details: Digests, indexes and keys, for --explain.
    """

    number: int
    title: str
    outcome: Outcome
    sentences: tuple[str, ...]
    details: tuple[str, ...] = ()

    def line(self) -> str:
        """The step on one line."""
        said = " ".join(self.sentences)
        return f"{self.number:2}  {self.outcome:<{_WIDTH}} {self.title}: {said}"

    def to_json(self) -> dict[str, Any]:
        """The step for programs."""
        return {
            "details": list(self.details),
            "number": self.number,
            "outcome": self.outcome,
            "sentences": list(self.sentences),
            "title": self.title,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the verifier says of one receipt.

    Attributes:
        outcome: `invalid` when a step failed, else `incomplete` when one of
            the first eight could not be checked, else `valid`.
        operation: The receipt's operation; "" when it could not be read.
        network: The network's id, or "".
        subject: Log index of the transaction, or None.
        digest_hex: SHA-256 of the receipt's bytes.
        headline: What the receipt is about, in sentences. Said of an invalid
            receipt, they are what it claims.
        steps: All nine, in order.
        not_proven: What a valid receipt of this kind does not show.
        facts: Times, ids and numbers that programs may want.
    """

    outcome: Result
    operation: str
    network: str
    subject: int | None
    digest_hex: str
    headline: tuple[str, ...]
    steps: tuple[Step, ...]
    not_proven: tuple[str, ...]
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def step(self, number: int) -> Step:
        """One of the nine."""
        return self.steps[number - 1]

    def report(self, name: str = "", *, explain: bool = False) -> str:
        """Say the verdict in sentences.

        Args:
            name: What the file is called.
            explain: Show what each step looked at.

        Returns:
            Lines, each ending in a newline.
        """
        title = f"{_WORD[self.outcome]}  {self.operation or 'unreadable'}"
        lines = [f"{title}  {plain(name)}".rstrip(), ""]
        if self.headline:
            if self.outcome == "invalid":
                lines.append("The receipt claims, wrongly or without proof:")
            lines += [*self.headline, ""]
        for step in self.steps:
            lines.append(step.line())
            if explain:
                lines += [f"{'':{_WIDTH + 5}}{detail}" for detail in step.details]
        if self.outcome != "invalid":
            lines += ["", "What this does not prove:"]
            lines += [f"  - {sentence}" for sentence in self.not_proven]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """The verdict for programs: the same words, as data."""
        return {
            "facts": dict(self.facts),
            "headline": list(self.headline),
            "network": self.network,
            "not_proven": list(self.not_proven),
            "operation": self.operation,
            "outcome": self.outcome,
            "receipt": self.digest_hex,
            "steps": [step.to_json() for step in self.steps],
            "subject": self.subject,
            "type": "privshare.verdict",
            "v": 1,
        }


def outcome_of(steps: tuple[Step, ...]) -> Result:
    """Weigh nine steps: one that failed decides, then one that is missing.

    The ninth looks at what happened since and cannot make a verdict
    incomplete; only two histories that contradict each other make it fail.
    """
    if any(step.outcome == "failed" for step in steps):
        return "invalid"
    if any(step.outcome == "missing" and step.number < 9 for step in steps):
        return "incomplete"
    return "valid"
