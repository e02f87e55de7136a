"""The specification of a measured job: which program, on what, in whose machine.

As `spec` for encrypted sums: written by the coordinator, digested onto the
ledger by `job.admit`, and compared with that digest by every party, by the
program's runner and by the auditor.

    analyst   TeeSpec ─► digest ─► job.admit ─► ledger
    runner    TeeSpec ─► evidence over its digest ─► owners appraise it
    auditor   TeeSpec in the evidence ─► digest equal to the one admitted

The program is named by the digest of its whole closure (module, runtime and its
version, engine settings, imports), so a right to run it is a right to run
these bytes.

Implements section 1 of docs/protocols/attestation.md (program `tee.run/v1`).

>>> spec = TeeSpec(
...     module="describe", code=bytes(32), parameters={"column": "income"},
...     inputs=(TeeInput("taxes/returns-2025", "A" * 43, 1, ("income",)),), k=20,
...     purpose="housing-policy", coordinator="housing", runner="registrar",
...     limits=Limits(), nonce=bytes(16))
>>> TeeSpec.from_json(spec.to_json()) == spec
True
>>> spec.owners, spec.parties.attested
(('taxes',), True)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.spec import MAX_INPUTS, MAX_K, NONCE_BYTES
from privshare.ledger.parties import Parties
from privshare.rights import identifier
from privshare.rights.terms import MAX_COLUMNS, check_set
from privshare.wire import domain
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u, encode
from privshare.wire.digest import digest_json

__all__ = [
    "METHOD",
    "OPERATION",
    "PROGRAM",
    "Limits",
    "TeeInput",
    "TeeSpec",
]

PROGRAM = identifier.MEASURED
METHOD = "tee"
#: The one operation of measured programs; which one it is, the closure says.
OPERATION = "run"

MAX_PARAMETERS = 16_384
_MODULE = r"[a-z][a-z0-9._-]{0,62}"

#: Bounds, ends included: fuel units, and bytes of memory and of output.
BOUNDS: Mapping[str, tuple[int, int]] = {
    "fuel": (1, INTEGER_LIMIT - 1),
    "memory": (1 << 16, 1 << 32),
    "output": (1, 1 << 20),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take before it is stopped.

    Attributes:
        fuel: Units of work, as the runtime counts them.
        memory: Bytes of the program's memory.
        output: Bytes of its output.
    """

    fuel: int = 10_000_000_000
    memory: int = 256 << 20
    output: int = 256 << 10

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not low <= value <= high:
                raise OutOfRange(
                    f"spec.limits.{name}: expected {low} to {high}, found {value}"
                )

    def to_json(self) -> dict[str, Json]:
        """Lay the limits out."""
        return {"fuel": self.fuel, "memory": self.memory, "output": self.output}

    @classmethod
    def read(cls, fields: Fields) -> Limits:
        """Read what `to_json` wrote, and close it."""
        made = cls(*(fields.int(name, *bounds) for name, bounds in BOUNDS.items()))
        fields.end()
        return made


@dataclass(frozen=True, slots=True)
class TeeInput:
    """One dataset that goes in: which columns of it, by which grant.

    Attributes:
        dataset: Its id.
        grant: Id of the coordinator's grant on it.
        version: The dataset's version that was meant.
        columns: The columns computed on, in order.
        group_by: The columns by whose values the result is split, in order. The
            program is handed both.
    """

    dataset: str
    grant: str
    version: int
    columns: tuple[str, ...]
    group_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        identifier.DATASET.check(self.dataset, "spec.inputs.dataset")
        identifier.ID.check(self.grant, "spec.inputs.grant")
        if isinstance(self.version, bool) or not 1 <= self.version < INTEGER_LIMIT:
            raise OutOfRange(
                f"spec.inputs.version: expected 1 or more, found {self.version}"
            )
        for name in ("columns", "group_by"):
            where = f"spec.inputs.{name}"
            check_set(getattr(self, name), identifier.COLUMN, MAX_COLUMNS, where)
        if not self.columns:
            raise EncodingError("spec.inputs.columns: expected at least one, found 0")

    @property
    def owner(self) -> str:
        """Whose data it is."""
        return identifier.owner_of(self.dataset)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column that the program is handed, in order, each once."""
        return tuple(sorted({*self.columns, *self.group_by}))

    def to_json(self) -> dict[str, Json]:
        """Lay the input out."""
        return {
            "columns": list(self.columns),
            "dataset": self.dataset,
            "grant": self.grant,
            "group_by": list(self.group_by),
            "version": self.version,
        }

    @classmethod
    def read(cls, fields: Fields) -> TeeInput:
        """Read one input of the list.

        Raises:
            EncodingError: Another form.
        """
        made = cls(
            dataset=fields.str("dataset"),
            grant=fields.str("grant"),
            version=fields.int("version", 1),
            columns=fields.str_list("columns", MAX_COLUMNS),
            group_by=fields.str_list("group_by", MAX_COLUMNS),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class TeeSpec:
    """What a measured job is. Well formed from the moment it exists.

    Attributes:
        module: What people call the program.
        code: Digest of its closure, 32 bytes.
        parameters: What the program is told; a JSON object of at most 16 KiB.
        inputs: 1 to 8 datasets, each once.
        k: No group with fewer rows may enter the result; the program is told.
        purpose: The declared purpose.
        coordinator: The agency that asks and gets the result.
        runner: The agency whose machine runs it.
        limits: What a run may take.
        nonce: 16 bytes that make two equal questions two jobs.

    Raises:
        EncodingError: An identifier of another form, a dataset twice, or
            parameters that are not canonical JSON.
        OutOfRange: A number outside its interval.
    """

    module: str
    code: bytes
    parameters: Mapping[str, Any] = field(hash=False)
    inputs: tuple[TeeInput, ...]
    k: int
    purpose: str
    coordinator: str
    runner: str
    limits: Limits
    nonce: bytes

    def __post_init__(self) -> None:
        identifier.measured(self.code)
        identifier.PURPOSE.check(self.purpose, "spec.purpose")
        identifier.AGENCY.check(self.coordinator, "spec.coordinator")
        _ = self.parties  # checks itself
        if isinstance(self.k, bool) or not 1 <= self.k <= MAX_K:
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
        if not isinstance(self.parameters, dict):
            raise EncodingError("spec.parameters: expected an object")
        if len(encode(self.parameters)) > MAX_PARAMETERS:
            raise OutOfRange(
                f"spec.parameters: expected up to {MAX_PARAMETERS} bytes, found more"
            )
        Fields({"module": self.module}, "spec").str("module", max=63, pattern=_MODULE)

    @property
    def program(self) -> str:
        """The program's name, as grants and the ledger hold it."""
        return identifier.measured(self.code)

    @property
    def owners(self) -> tuple[str, ...]:
        """Owners of the inputs, in order, each once."""
        return tuple(dict.fromkeys(item.owner for item in self.inputs))

    @property
    def parties(self) -> Parties:
        """Who takes part, as the ledger admits it."""
        return Parties(compute=self.runner)

    @property
    def runners(self) -> tuple[str, ...]:
        """The agencies whose machines must be attested: the one."""
        return (self.runner,)

    @property
    def relying(self) -> tuple[str, ...]:
        """Who commits to a nonce: the coordinator and every owner, in order."""
        return tuple(sorted({self.coordinator, *self.owners}))

    def input(self, dataset: str) -> TeeInput | None:
        """The input with this dataset, or None."""
        return next((item for item in self.inputs if item.dataset == dataset), None)

    def digest(self) -> bytes:
        """The 32 bytes that the ledger holds of this document."""
        return digest_json(domain.JOB_SPEC, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the specification out as it is digested and stored."""
        return {
            "code": b64u(self.code),
            "coordinator": self.coordinator,
            "inputs": [item.to_json() for item in self.inputs],
            "k": self.k,
            "limits": self.limits.to_json(),
            "method": METHOD,
            "module": self.module,
            "nonce": b64u(self.nonce),
            "operation": OPERATION,
            "parameters": dict(self.parameters),
            "program": PROGRAM,
            "purpose": self.purpose,
            "runner": self.runner,
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> TeeSpec:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: A field too few, too many or of another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, "spec")
        fields.constant("v", 1)
        fields.constant("program", PROGRAM)
        fields.constant("method", METHOD)
        fields.constant("operation", OPERATION)
        parameters = fields.json("parameters")
        if not isinstance(parameters, dict):
            raise EncodingError("spec.parameters: expected an object")
        made = cls(
            module=fields.str("module", max=63),
            code=fields.digest("code"),
            parameters=parameters,
            inputs=tuple(TeeInput.read(i) for i in fields.objs("inputs", MAX_INPUTS)),
            k=fields.int("k", 1, MAX_K),
            purpose=fields.str("purpose"),
            coordinator=fields.str("coordinator"),
            runner=fields.str("runner"),
            limits=Limits.read(fields.obj("limits")),
            nonce=fields.bytes("nonce", NONCE_BYTES),
        )
        fields.end()
        return made
