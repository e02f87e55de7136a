"""A receipt in the user's hand: verified when it came, verifiable ever after.

A node's word is not enough: whatever receipt a verb returns was checked here
first, by the offline verifier and under the trust policy that the user pinned.
`save` writes the file that `privshare verify` reads, with what is attached to
it, so that somebody else can repeat the check without us.

    Session.receipt ─► Receipt.verify ─► Result.receipt ─► save ─► auditor

Implements docs/formats/receipt.md, as its reader.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from privshare.errors import (
    EncodingError,
    EvidenceInvalid,
    InclusionInvalid,
    NotPermitted,
    PrivShareError,
    ProofInvalid,
    SignatureInvalid,
    VerificationError,
)
from privshare.jobs import receipt as statement
from privshare.ledger.transaction import parse
from privshare.sdk.table import html_block

if TYPE_CHECKING:
    from privshare.audit.trust_root import EvidenceRoots
    from privshare.audit.verifier import Verdict

SUFFIX = ".psr"
_SAFE_NAME = re.compile(r"[a-z][a-z0-9.-]{0,63}")

# What a failed step says about the thing, docs/formats/receipt.md.
_ERRORS: Mapping[int, type[PrivShareError]] = {
    1: EncodingError,
    2: SignatureInvalid,
    3: InclusionInvalid,
    4: SignatureInvalid,
    5: NotPermitted,
    6: EvidenceInvalid,
    7: ProofInvalid,
    8: EvidenceInvalid,
}


class Receipt:
    """One receipt with its attachments.

    Args:
        data: The bytes of the `.psr` file.
        attachments: Contents by name.
        trust: Text of the trust policy to judge it by; "" for none.
        clock: Unix seconds.
        roots: Roots beside the makers' at which evidence of machines may end.

    Raises:
        EncodingError: Not a receipt.
    """

    __slots__ = ("_attachments", "_clock", "_data", "_roots", "_trust", "statement")

    statement: statement.Receipt
    """What the file says, parsed."""

    def __init__(
        self,
        data: bytes,
        attachments: Mapping[str, bytes],
        trust: str,
        clock: Callable[[], float] = time.time,
        roots: EvidenceRoots | None = None,
    ) -> None:
        self._roots = roots
        self.statement = statement.Receipt.from_bytes(data)
        self._data = data
        self._attachments = dict(attachments)
        self._trust = trust
        self._clock = clock

    @property
    def operation(self) -> str:
        """What was done: `job.result`, `record.share` and so on."""
        return self.statement.operation

    @property
    def network(self) -> str:
        """The network whose log holds it."""
        return self.statement.network

    @property
    def index(self) -> int:
        """Log index of the transaction that it is about."""
        return self.statement.subject

    @property
    def attachments(self) -> dict[str, bytes]:
        """What travels beside it, by name."""
        return dict(self._attachments)

    def __bytes__(self) -> bytes:
        """The bytes of the `.psr` file."""
        return self._data

    def __repr__(self) -> str:
        return f"<Receipt {self.operation} #{self.index} of {self.network}>"

    def _repr_html_(self) -> str:
        return html_block(
            "Receipt",
            (
                ("operation", self.operation),
                ("log index", self.index),
                ("network", self.network),
                ("attachments", sorted(self._attachments)),
            ),
        )

    def verify(self, trust: str | None = None, now: int | None = None) -> Verdict:
        """Check every one of the nine steps again.

        Args:
            trust: Text of another trust policy than the connection's.
            now: Unix seconds; the clock's unless given.

        Returns:
            The verdict, which is valid; `report()` says it in sentences.

        Raises:
            PrivShareError: A step failed: `detail["step"]` is its number, and
                the class says what kind of thing was not true.
            VerificationError: The proof is incomplete, for instance because
                no trust policy was given or no quorum cosigned.
        """
        from privshare.audit.verifier import verify  # noqa: PLC0415 - heavy

        policy = self._trust if trust is None else trust
        verdict = verify(
            self._data,
            policy.encode() if policy else None,
            int(self._clock()) if now is None else now,
            self._attachments.get,
            roots=self._roots,
        )
        if verdict.outcome != "valid":
            raise _refusal(verdict, f"{self.operation} #{self.index}")
        return verdict

    def is_of(self, transaction: str) -> Receipt:
        """Return this receipt if its subject is the transaction of this id.

        Raises:
            EvidenceInvalid: It is about another transaction.
        """
        for entry in self.statement.entries:
            if entry.index == self.index and parse(entry.data).id == transaction:
                return self
        raise EvidenceInvalid(
            f"expected the receipt of transaction {transaction}, found another",
            fix="do not rely on this node; tell its operator",
        )

    def concerns(self, operations: Sequence[str], key: str) -> Receipt:
        """Return this receipt if it is about the thing that was asked for.

        A receipt may be true and about something else; a node that answers
        with such a one is caught here.

        Args:
            operations: What it may be a receipt of.
            key: A state key that it must prove, `grant/<id>` for instance;
                "" where the operation has none.

        Raises:
            EvidenceInvalid: It is about something else.
        """
        proven = {item.key for item in self.statement.state}
        if self.operation not in operations or (key and key not in proven):
            raise EvidenceInvalid(
                f"expected a receipt of {' or '.join(operations)} about {key}, "
                f"found one of {self.operation} about something else",
                fix="do not rely on this node; tell its operator",
            )
        return self

    def save(self, path: str | Path) -> Path:
        """Write the receipt, and beside it what is attached.

        Attachments go into files of their own, under their own names behind
        the receipt's: `sum.psr` and `sum.record.json`.

        Args:
            path: The receipt's file; `.psr` is added where there is no suffix.

        Returns:
            The receipt's file.
        """
        file = Path(path)
        if not file.suffix:
            file = file.with_suffix(SUFFIX)
        file.write_bytes(self._data)
        for name, content in self._attachments.items():
            if _SAFE_NAME.fullmatch(name) is not None:
                file.with_name(f"{file.stem}.{name}").write_bytes(content)
        return file


def held_by_node(data: bytes) -> tuple[str, ...]:
    """Names of the attachments that the node which made a receipt can send.

    Raises:
        EncodingError: Not a receipt.
    """
    parts = statement.Receipt.from_bytes(data).attachments
    return tuple(part.name for part in parts if part.size is not None)


def _refusal(verdict: Verdict, name: str) -> PrivShareError:
    """The error that stands for a verdict that is not valid."""
    for step in verdict.steps:
        if step.outcome in ("failed", "missing"):
            error = _ERRORS.get(step.number, VerificationError)
            if step.outcome == "missing":
                error = VerificationError
            said = " ".join(step.sentences) or step.title
            return error(
                f"expected a receipt of {name} that verifies, found step "
                f"{step.number} ({step.title}) {step.outcome}: {said}",
                fix="do not rely on it; check the trust policy of your profile",
                detail={"step": step.number, "outcome": verdict.outcome},
            )
    return VerificationError(
        f"expected a receipt of {name} that verifies, found it {verdict.outcome}",
        detail={"outcome": verdict.outcome},
    )
