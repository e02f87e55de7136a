"""The verifier: one receipt, nine steps, one verdict.

    auditor   bytes + trust policy + time ─► verify ─► Verdict ─► report()

It takes everything as arguments: no clock, no file, no network. Whatever the
bytes are, it returns a verdict; it never raises because of them, and never
runs longer than their bounded size allows. A step that failed does not keep
the others from being taken, so that a reader learns all that is wrong; only a
receipt that cannot be read (step 1) ends at once.

Implements docs/formats/receipt.md, section 5: numbers here, there and in the
report are the same.

>>> verdict = verify(b"{}", None, now=0)
>>> verdict.outcome, verdict.step(1).outcome
('invalid', 'failed')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from privshare.audit.case import (
    Attachments,
    Case,
    Found,
    Missing,
    NotApplicable,
    open_case,
)
from privshare.audit.headline import headline, not_proven
from privshare.audit.headline_attested import said_of_class
from privshare.audit.inputs import check_inputs
from privshare.audit.log_proof import check_checkpoint, check_log
from privshare.audit.report import TITLES, Outcome, Step, Verdict, outcome_of
from privshare.audit.result import check_result
from privshare.audit.right import check_right
from privshare.audit.ring import check_named, check_signed
from privshare.audit.sentence import counted, plain
from privshare.audit.signature import check_signatures
from privshare.audit.since import Newer, check_since
from privshare.audit.trust_root import EvidenceRoots, TrustRoot, open_trust
from privshare.errors import PrivShareError
from privshare.jobs.receipt import Receipt
from privshare.wire.digest import sha256

if TYPE_CHECKING:
    from privshare.audit.attested import Judged

__all__ = ["Newer", "Verdict", "nothing_attached", "verify"]

_NO_TRUST = "No trust policy was given, so nobody vouches for this log."


def nothing_attached(name: str) -> bytes | None:
    """Find no attachment, whatever its name."""
    return None


def verify(
    receipt: bytes,
    trust: bytes | str | None,
    now: int,
    attachments: Attachments = nothing_attached,
    *,
    second_opinion: bool = False,
    newer: Newer | None = None,
    roots: EvidenceRoots | None = None,
) -> Verdict:
    """Judge a receipt.

    Args:
        receipt: The bytes of a `.psr` file, or any others.
        trust: A trust policy file, as bytes or text; None leaves step 4 open.
        now: Unix seconds for which the verdict is asked.
        attachments: Finds the bytes of an attachment by its name, or None.
        second_opinion: Check the arithmetic again by other code.
        newer: A newer checkpoint to compare with.
        roots: Roots beside the makers' at which a machine's evidence may end.

    Returns:
        The verdict. `valid` means that all nine steps were taken and none
        failed.
    """
    digest_hex = sha256(receipt).hex()
    try:
        opened = Receipt.from_bytes(receipt)
        case = open_case(opened, attachments, now)
    except Exception as error:
        return _unreadable(digest_hex, error)
    policy = trust.encode("utf-8", "replace") if isinstance(trust, str) else trust
    desk = _Desk(case, policy, newer, second_opinion, roots)
    steps = desk.steps()
    return Verdict(
        outcome=outcome_of(steps),
        operation=case.operation,
        network=opened.network,
        subject=opened.subject,
        digest_hex=digest_hex,
        headline=desk.headline(),
        steps=steps,
        not_proven=desk.not_proven(),
        facts={
            "account": case.subject.account,
            "height": case.closing.height,
            "index": case.index,
            "kind": case.subject.kind,
            "time": case.time,
            "transaction": case.subject.id,
            **({"trust": desk.trust.fingerprint} if desk.trust else {}),
            **({"trust_class": desk.judged.trust_class} if desk.judged else {}),
        },
    )


def _unreadable(digest_hex: str, error: Exception) -> Verdict:
    steps = [_step(1, "failed", (_said(error),))]
    for number in range(2, 10):
        steps.append(_step(number, "missing", ("Not checked, since step 1 failed.",)))
    return Verdict(
        outcome="invalid",
        operation="",
        network="",
        subject=None,
        digest_hex=digest_hex,
        headline=(),
        steps=tuple(steps),
        not_proven=not_proven(""),
    )


@dataclass(slots=True)
class _Desk:
    """A case with the tools that the caller brought."""

    case: Case
    trust_data: bytes | None
    newer: Newer | None
    second_opinion: bool
    roots: EvidenceRoots | None
    trust: TrustRoot | None = None
    problem: str = _NO_TRUST
    judged: Judged | None = None

    def __post_init__(self) -> None:
        if self.trust_data is None:
            return
        try:
            self.trust = open_trust(self.trust_data)
        except PrivShareError as error:
            self.problem = f"The trust policy cannot be read: {plain(error.message)}"

    def steps(self) -> tuple[Step, ...]:
        case = self.case
        checks: tuple[Callable[[], Found], ...] = (
            self._form,
            lambda: check_signatures(case),
            self._log,
            lambda: check_checkpoint(case, self.trust, self.problem),
            lambda: check_right(case),
            *self._checks_of_data(),
            self._since,
        )
        return tuple(_take(number, check) for number, check in enumerate(checks, 1))

    def _form(self) -> Found:
        receipt = self.case.receipt
        entries = counted(len(receipt.entries), "log entry", "log entries")
        values = counted(len(receipt.state), "value", "values")
        return [
            f"A receipt of operation {receipt.operation} in network {receipt.network}, "
            f"in its one canonical form, with exactly the {entries} and {values} that "
            "such a receipt must hold."
        ], [f"subject: entry {receipt.subject}, transaction {self.case.subject.id}"]

    def _log(self) -> Found:
        sentences, details = check_log(self.case)
        if self.second_opinion:
            from privshare.audit.second_opinion import check_tree  # noqa: PLC0415 - on request

            sentences.append(check_tree(self.case))
        return sentences, details

    def _checks_of_data(self) -> tuple[Callable[[], Found], ...]:
        """Steps 6 to 8; those of a job bring the arithmetic with them."""
        case = self.case
        if _is_measured(case):
            return self._checks_of_evidence()
        if case.operation != "job.result":
            return (
                lambda: check_inputs(case),
                self._technique,
                lambda: check_result(case),
            )
        if "conclusions" in case.evidence():
            return self._checks_of_join()
        if "run" in case.evidence():
            return self._checks_of_run()
        from privshare.audit import technique  # noqa: PLC0415 - other receipts need none of it

        def technique_itself() -> Found:
            sentences, details = technique.check_technique(case)
            if self.second_opinion:
                from privshare.audit.second_opinion import check_openings  # noqa: PLC0415 - on request

                sentences.append(check_openings(case))
            return sentences, details

        return (
            lambda: technique.check_job_inputs(case),
            technique_itself,
            lambda: technique.check_job_result(case),
        )

    def _checks_of_evidence(self) -> tuple[Callable[[], Found], ...]:
        """Steps 6 to 8 of measured jobs, of their evidence, and of refusals."""
        from privshare.audit import attested  # noqa: PLC0415 - other receipts need none of it

        case = self.case
        if "bundles" in case.evidence():
            return self._checks_of_shares()

        def technique_itself() -> Found:
            tools = attested.Tools(self.roots, self.trust)
            if case.operation == "job.refuse":
                return attested.check_refused(case, tools)
            found, self.judged = attested.check_evidence(case, tools)
            if self.second_opinion:
                found[0].append("No second reader of evidence is enclosed.")
            return found

        inputs, result = {
            "job.attest": (
                attested.check_evidence_inputs,
                attested.check_attested_result,
            ),
            "job.refuse": (check_inputs, check_result),
            "job.result": (attested.check_job_inputs, attested.check_job_result),
        }[case.operation]
        return (lambda: inputs(case), technique_itself, lambda: result(case))

    def _checks_of_shares(self) -> tuple[Callable[[], Found], ...]:
        """Steps 6 to 8 of the result of a job on shares."""
        from privshare.audit import attested, joint  # noqa: PLC0415 - other receipts need none of it

        case = self.case

        def technique_itself() -> Found:
            tools = attested.Tools(self.roots, self.trust)
            found, self.judged = joint.check_evidence(case, tools)
            if self.second_opinion:
                found[0].append("No second reader of evidence is enclosed.")
            return found

        return (
            lambda: joint.check_job_inputs(case),
            technique_itself,
            lambda: joint.check_job_result(case),
        )

    def _checks_of_join(self) -> tuple[Callable[[], Found], ...]:
        """Steps 6 to 8 of the result of a private join."""
        from privshare.audit import join  # noqa: PLC0415 - other receipts need none of it

        case = self.case

        def technique_itself() -> Found:
            found = join.check_joined(case)
            if self.second_opinion:
                found[0].append("No second reader of conclusions is enclosed.")
            return found

        return (
            lambda: join.check_inputs(case),
            technique_itself,
            lambda: join.check_result(case),
        )

    def _checks_of_run(self) -> tuple[Callable[[], Found], ...]:
        """Steps 6 to 8 of the result of submitted code."""
        from privshare.audit import submission  # noqa: PLC0415 - other receipts need none of it

        case = self.case

        def technique_itself() -> Found:
            found = submission.check_run(case)
            if self.second_opinion:
                found[0].append("No second reader of runs is enclosed.")
            return found

        return (
            lambda: submission.check_inputs(case),
            technique_itself,
            lambda: submission.check_result(case),
        )

    def _since(self) -> Found:
        sentences, details = check_since(self.case, self.trust, self.newer)
        if self.judged is not None:
            from privshare.audit.attested import since  # noqa: PLC0415 - loaded already

            sentences += since(self.case, self.judged)
        return sentences, details

    def _technique(self) -> Found:
        check = _TECHNIQUES.get(self.case.operation)
        if check is None:
            raise NotApplicable("Nothing was computed.")
        sentences, details = check(self.case)
        if self.second_opinion:
            from privshare.audit.second_statement import check_again  # noqa: PLC0415 - on request

            sentences.append(check_again(self.case))
        return sentences, details

    def headline(self) -> tuple[str, ...]:
        try:
            found = headline(self.case)
        except Exception:
            return ()
        if not _is_measured(self.case) or self.case.operation == "job.refuse":
            return found
        return (*found, said_of_class(self.judged))

    def not_proven(self) -> tuple[str, ...]:
        case = self.case
        trust_class = None if self.judged is None else self.judged.trust_class
        return not_proven(case.operation, case.receipt.evidence, trust_class)


def _is_measured(case: Case) -> bool:
    """Whether a machine's evidence is what the receipt rests on."""
    if case.operation == "job.result":
        return bool({"bundle", "bundles"} & set(case.evidence()))
    return case.operation in ("job.attest", "job.refuse")


def _proof(case: Case) -> Found:
    from privshare.audit.proof import check_proof  # noqa: PLC0415 - other receipts need none of it

    return check_proof(case)


def _survey(case: Case) -> Found:
    from privshare.audit.survey import check_added  # noqa: PLC0415 - other receipts need none of it

    return check_added(case)


#: Step 7 of what is neither a job nor a plain entry.
_TECHNIQUES: Mapping[str, Callable[[Case], Found]] = MappingProxyType(
    {
        "ring.opening": check_named,
        "statement.ring": check_signed,
        "statement.zk": _proof,
        "survey.result": _survey,
    }
)


def _take(number: int, check: Callable[[], Found]) -> Step:
    """Take one step; whatever a check raises is what it found."""
    try:
        sentences, details = check()
    except NotApplicable as reason:
        return _step(number, "not applicable", (str(reason),))
    except Missing as reason:
        return _step(number, "missing", (str(reason),))
    except Exception as error:
        return _step(number, "failed", (_said(error),))
    return _step(number, "ok", tuple(sentences), tuple(details))


def _step(
    number: int,
    outcome: Outcome,
    sentences: tuple[str, ...],
    details: tuple[str, ...] = (),
) -> Step:
    return Step(number, TITLES[number], outcome, sentences, details)


def _said(error: Exception) -> str:
    if isinstance(error, PrivShareError):
        return plain(f"{error.name}: {error.message}.")
    return f"A part has another form than it must have ({type(error).__name__})."
