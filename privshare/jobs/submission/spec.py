"""The specification of a job of submitted code: which bytes, on which rows.

As `tee_spec`, with the owner of the data as the one who runs. It names what was
handed in by the digest of all its files, the rule that the outputs must keep,
and whose account it came from, so that an approval is for these and nothing else.

    owner's node    CodeSpec ─► the grantee's node signs job.admit over its digest
    auditor         CodeSpec in the evidence ─► digest equal to the one admitted

Implements docs/formats/entry.md, section 9.

>>> spec = CodeSpec(submission=bytes(32), dataset="tax/wages", grant="A" * 43,
...     version=1, columns=("wage",), gate=bytes(32), enrolment=bytes(32),
...     purpose="wage-study", coordinator="labour", nonce=bytes(16))
>>> CodeSpec.from_json(spec.to_json()) == spec
True
>>> spec.owner, spec.parties.gated
('tax', True)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.spec import NONCE_BYTES
from privshare.ledger.parties import Parties
from privshare.rights import identifier
from privshare.rights.terms import MAX_COLUMNS, check_set
from privshare.wire import domain
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u
from privshare.wire.digest import digest_json

__all__ = ["METHOD", "OPERATION", "CodeSpec"]

METHOD: Final = "code"
OPERATION: Final = "run"
_DIGESTS: Final = ("submission", "gate", "enrolment")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSpec:
    """What a job of submitted code is. Well formed from the moment it exists.

    Attributes:
        submission: Digest of all files handed in, 32 bytes.
        dataset: What it runs on.
        grant: Id of the coordinator's grant on it.
        version: The dataset's version that is meant.
        columns: Every column that the code is handed, in order.
        gate: Digest of the rule for its outputs, 32 bytes.
        enrolment: Id of the account that handed it in, 32 bytes.
        purpose: The declared purpose.
        coordinator: The agency whose right is used, and whose account it is.
        nonce: 16 bytes that make two equal questions two jobs.

    Raises:
        EncodingError: An identifier of another form.
        OutOfRange: A number outside its interval.
    """

    submission: bytes
    dataset: str
    grant: str
    version: int
    columns: tuple[str, ...]
    gate: bytes
    enrolment: bytes
    purpose: str
    coordinator: str
    nonce: bytes

    def __post_init__(self) -> None:
        for name in _DIGESTS:
            if len(getattr(self, name)) != 32:
                raise EncodingError(f"spec.{name}: expected 32 bytes, found others")
        if len(self.nonce) != NONCE_BYTES:
            raise EncodingError(
                f"spec.nonce: expected {NONCE_BYTES} bytes, found {len(self.nonce)}"
            )
        identifier.DATASET.check(self.dataset, "spec.dataset")
        identifier.ID.check(self.grant, "spec.grant")
        identifier.PURPOSE.check(self.purpose, "spec.purpose")
        identifier.AGENCY.check(self.coordinator, "spec.coordinator")
        if isinstance(self.version, bool) or not 1 <= self.version < INTEGER_LIMIT:
            raise OutOfRange(f"spec.version: expected 1 or more, found {self.version}")
        check_set(self.columns, identifier.COLUMN, MAX_COLUMNS, "spec.columns")
        if not self.columns:
            raise EncodingError("spec.columns: expected at least one, found none")

    @property
    def owner(self) -> str:
        """Whose data it is, and who runs it."""
        return identifier.owner_of(self.dataset)

    @property
    def parties(self) -> Parties:
        """Who takes part, as the ledger admits it."""
        return Parties(compute=self.owner, nodes=(self.owner,))

    @property
    def program(self) -> str:
        """The program's name, as grants and the ledger hold it."""
        return identifier.submitted(self.submission)

    def digest(self) -> bytes:
        """The 32 bytes that the ledger holds of this document."""
        return digest_json(domain.JOB_SPEC, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the specification out as it is digested and stored."""
        return {
            "columns": list(self.columns),
            "coordinator": self.coordinator,
            "dataset": self.dataset,
            "enrolment": b64u(self.enrolment),
            "gate": b64u(self.gate),
            "grant": self.grant,
            "method": METHOD,
            "nonce": b64u(self.nonce),
            "operation": OPERATION,
            "program": identifier.SUBMITTED,
            "purpose": self.purpose,
            "submission": b64u(self.submission),
            "v": 1,
            "version": self.version,
        }

    @classmethod
    def from_json(cls, obj: object) -> CodeSpec:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: A field too few, too many or of another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, "spec")
        fields.constant("v", 1)
        fields.constant("program", identifier.SUBMITTED)
        fields.constant("method", METHOD)
        fields.constant("operation", OPERATION)
        made = cls(
            submission=fields.digest("submission"),
            dataset=fields.str("dataset"),
            grant=fields.str("grant"),
            version=fields.int("version", 1),
            columns=fields.str_list("columns", MAX_COLUMNS),
            gate=fields.digest("gate"),
            enrolment=fields.digest("enrolment"),
            purpose=fields.str("purpose"),
            coordinator=fields.str("coordinator"),
            nonce=fields.bytes("nonce", NONCE_BYTES),
        )
        fields.end()
        return made
