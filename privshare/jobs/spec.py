"""The specification of a job: what is to be computed, on what, by whom.

Written by the coordinator before anything runs, digested onto the ledger by
`job.admit`, and compared with that digest by every party before it lifts a
finger. A job is this document and nothing else: no party takes a parameter
from a message.

    analyst   Spec ─► digest ─► job.admit ─► ledger
    parties   bytes ─► Spec.from_json ─► digest equal to the ledger's ─► work
    auditor   Spec in the evidence ─► digest equal to the one admitted

Implements section 1 of docs/protocols/paillier-sum.md (program `he.sum/v2`).

>>> spec = Spec(
...     operation="sum", column="tax_paid", group_by="district",
...     inputs=(Input("taxes/returns-2025", "A" * 43, 1),), k=20,
...     purpose="housing-policy", coordinator="housing", compute="registrar",
...     custodian="taxes", nonce=bytes(16))
>>> Spec.from_json(spec.to_json()) == spec
True
>>> spec.owners
('taxes',)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from privshare.errors import EncodingError, OutOfRange
from privshare.ledger.parties import Parties
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u
from privshare.wire.digest import digest_json

__all__ = ["MAX_INPUTS", "METHOD", "PROGRAM", "Input", "Operation", "Spec"]

Operation = Literal["count", "mean", "sum"]

PROGRAM = "he.sum/v2"
METHOD = "he"
MAX_INPUTS = 8
MAX_K = 1_000_000
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Input:
    """One dataset that goes in, by the grant that allows it.

    Attributes:
        dataset: Its id.
        grant: Id of the coordinator's grant on it.
        version: The dataset's version that was meant.
    """

    dataset: str
    grant: str
    version: int

    def to_json(self) -> dict[str, Json]:
        """Lay the input out."""
        return {"dataset": self.dataset, "grant": self.grant, "version": self.version}

    @classmethod
    def read(cls, fields: Fields) -> Input:
        """Read one input of the list.

        Raises:
            EncodingError: Another form.
        """
        made = cls(
            identifier.DATASET.check(fields.str("dataset"), "spec.inputs.dataset"),
            identifier.ID.check(fields.str("grant"), "spec.inputs.grant"),
            fields.int("version", 1),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a job is. Well formed from the moment it exists.

    Attributes:
        operation: `sum`, `mean` or `count`.
        column: The column summed; for `count` the one whose values that are
            not null are counted.
        group_by: The column that splits the result, or None for one total.
        inputs: 1 to 8 datasets, each once. Their columns are summed together.
        k: No group of any input with fewer values enters the result.
        purpose: The declared purpose.
        coordinator: The agency that asks and gets the result.
        compute: The agency that multiplies ciphertexts.
        custodian: The agency whose own key the values are encrypted under, or
            None: then it is the consortium's threshold key.
        epoch: Of the threshold key, or None.
        openers: As many of its holders as it takes, in order; else none.
        nonce: 16 bytes that make two equal questions two jobs.

    Raises:
        EncodingError: An identifier of another form, a dataset twice, or not
            one way of opening.
        OutOfRange: `k` or the number of inputs outside its bounds.
    """

    operation: Operation
    column: str
    group_by: str | None
    inputs: tuple[Input, ...]
    k: int
    purpose: str
    coordinator: str
    compute: str
    custodian: str | None = None
    epoch: int | None = None
    openers: tuple[str, ...] = ()
    nonce: bytes

    def __post_init__(self) -> None:
        if self.operation not in get_args(Operation):
            raise EncodingError(
                f"spec.operation: expected one of {', '.join(get_args(Operation))}, "
                f"found {identifier.shown(self.operation)}"
            )
        identifier.COLUMN.check(self.column, "spec.column")
        if self.group_by is not None:
            identifier.COLUMN.check(self.group_by, "spec.group_by")
        identifier.PURPOSE.check(self.purpose, "spec.purpose")
        identifier.AGENCY.check(self.coordinator, "spec.coordinator")
        if self.parties.attested:
            raise EncodingError(
                "spec.parties: expected a custodian, or a threshold key and its "
                "openers, found neither"
            )
        if not 1 <= self.k <= MAX_K:
            raise OutOfRange(f"spec.k: expected 1 to {MAX_K}, found {self.k}")
        if not 1 <= len(self.inputs) <= MAX_INPUTS:
            raise OutOfRange(
                f"spec.inputs: expected 1 to {MAX_INPUTS}, found {len(self.inputs)}"
            )
        if len({item.dataset for item in self.inputs}) != len(self.inputs):
            raise EncodingError("spec.inputs: expected each dataset once, found more")
        if len(self.nonce) != NONCE_BYTES:
            raise EncodingError(
                f"spec.nonce: expected {NONCE_BYTES} bytes, found {len(self.nonce)}"
            )

    @property
    def owners(self) -> tuple[str, ...]:
        """Owners of the inputs, in order, each once."""
        return tuple(dict.fromkeys(identifier.owner_of(i.dataset) for i in self.inputs))

    @property
    def parties(self) -> Parties:
        """Who takes part, as the ledger admits it."""
        return Parties(
            compute=self.compute,
            custodian=self.custodian,
            epoch=self.epoch,
            openers=self.openers,
        )

    @property
    def opened_by(self) -> tuple[str, ...]:
        """Who opens the totals: the custodian, or all openers together."""
        return self.parties.opened_by

    @property
    def groups(self) -> tuple[str, ...]:
        """`group_by` as rights count it: no column or one."""
        return () if self.group_by is None else (self.group_by,)

    def input(self, dataset: str) -> Input | None:
        """The input with this dataset, or None."""
        return next((item for item in self.inputs if item.dataset == dataset), None)

    def digest(self) -> bytes:
        """The 32 bytes that the ledger holds of this document."""
        return digest_json(domain.JOB_SPEC, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the specification out as it is digested and stored."""
        return {
            "column": self.column,
            "coordinator": self.coordinator,
            "group_by": self.group_by,
            "inputs": [item.to_json() for item in self.inputs],
            "k": self.k,
            "method": METHOD,
            "nonce": b64u(self.nonce),
            "operation": self.operation,
            "parties": self.parties.roles(),
            "program": PROGRAM,
            "purpose": self.purpose,
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Spec:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: A field too few, too many or of another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, "spec")
        fields.constant("v", 1)
        fields.constant("program", PROGRAM)
        fields.constant("method", METHOD)
        parties = Parties.read(fields.obj("parties"))
        made = cls(
            operation=cast(Operation, fields.str("operation")),
            column=fields.str("column"),
            group_by=fields.nullable("group_by", fields.str),
            inputs=tuple(Input.read(i) for i in fields.objs("inputs", MAX_INPUTS)),
            k=fields.int("k", 1, MAX_K),
            purpose=fields.str("purpose"),
            coordinator=fields.str("coordinator"),
            compute=parties.compute,
            custodian=parties.custodian,
            epoch=parties.epoch,
            openers=parties.openers,
            nonce=fields.bytes("nonce", NONCE_BYTES),
        )
        fields.end()
        return made
