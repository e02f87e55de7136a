"""The specification of a job on shares: which program, on what, at which nodes.

As `tee_spec`, with three machines of three agencies instead of one. Every
owner splits its columns into three pieces, and no node gets all of them.

    analyst   MpcSpec ─► digest ─► job.admit ─► ledger
    nodes     MpcSpec ─► evidence over its digest ─► owners appraise all three
    auditor   MpcSpec in the evidence ─► digest equal to the one admitted

The program is one of a closed catalogue. It is named by the digest of its
closure: its name and version, and what the engine that runs it is made of.

Implements section 2 of docs/protocols/mpc.md (program `mpc.run/v1`).

>>> spec = MpcSpec(
...     module="mpc.sum", code=bytes(32), parameters={"column": "income"},
...     inputs=(TeeInput("taxes/returns-2025", "A" * 43, 1, ("income",)),), k=20,
...     purpose="housing-policy", coordinator="housing",
...     nodes=("housing", "registrar", "taxes"), model="semi-honest",
...     nonce=bytes(16))
>>> MpcSpec.from_json(spec.to_json()) == spec
True
>>> spec.parties.runners
('housing', 'registrar', 'taxes')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.spec import MAX_INPUTS, MAX_K, NONCE_BYTES
from privshare.jobs.tee_spec import MAX_PARAMETERS, TeeInput
from privshare.ledger.parties import NODES, Parties
from privshare.rights import identifier
from privshare.rights.mechanism import Mechanism
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, encode
from privshare.wire.digest import digest_json

__all__ = [
    "METHOD",
    "MODELS",
    "OPERATION",
    "PREFIX",
    "PROGRAM",
    "Model",
    "MpcSpec",
]

PROGRAM = identifier.JOINT
METHOD = "mpc"
#: The one operation of measured programs; which one it is, the closure says.
OPERATION = "run"

#: What a node may do without learning more or falsifying the result: follow the
#: protocol and look, or do as it likes, which ends the job.
Model = Literal["malicious-abort", "semi-honest"]
MODELS: tuple[str, ...] = get_args(Model)

#: In front of a catalogue's name, where measured programs are called by name.
PREFIX = "mpc."
_MODULE = r"mpc\.[a-z][a-z0-9_-]{0,58}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MpcSpec:
    """What a job on shares is. Well formed from the moment it exists.

    Attributes:
        module: What people call the program: `mpc.` and its name.
        code: Digest of its closure, 32 bytes.
        parameters: What the program is told; a JSON object of at most 16 KiB.
        inputs: 1 to 8 datasets, each once.
        k: No group with fewer rows may enter the result; the program is told.
        purpose: The declared purpose.
        coordinator: The agency that asks and gets the result.
        nodes: The three agencies whose machines compute, in order.
        model: What a node may do without being a danger to result or secrecy.
        noise: What the nodes add to the result, or None.
        nonce: 16 bytes that make two equal questions two jobs.

    Raises:
        EncodingError: An identifier of another form, a dataset twice, other
            nodes than three, or parameters that are not canonical JSON.
        OutOfRange: A number outside its interval.
    """

    module: str
    code: bytes
    parameters: Mapping[str, Any] = field(hash=False)
    inputs: tuple[TeeInput, ...]
    k: int
    purpose: str
    coordinator: str
    nodes: tuple[str, ...]
    model: Model
    noise: Mechanism | None = None
    nonce: bytes

    def __post_init__(self) -> None:
        identifier.measured(self.code)
        identifier.PURPOSE.check(self.purpose, "spec.purpose")
        identifier.AGENCY.check(self.coordinator, "spec.coordinator")
        if len(self.nodes) != NODES:
            raise EncodingError(
                f"spec.nodes: expected {NODES} agencies, found {len(self.nodes)}"
            )
        _ = self.parties  # checks itself
        if self.model not in MODELS:
            raise EncodingError(
                f"spec.model: expected one of {', '.join(MODELS)}, found "
                f"{identifier.shown(str(self.model))}"
            )
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
    def name(self) -> str:
        """The program's name in the catalogue."""
        return self.module.removeprefix(PREFIX)

    @property
    def program(self) -> str:
        """The program's name, as grants and the ledger hold it."""
        return identifier.measured(self.code, identifier.JOINT)

    @property
    def charge(self) -> int:
        """What it costs of each grant's privacy budget, in micro-epsilon."""
        return 0 if self.noise is None else self.noise.charge_epsilon

    @property
    def runners(self) -> tuple[str, ...]:
        """The agencies whose machines must be attested."""
        return self.nodes

    @property
    def owners(self) -> tuple[str, ...]:
        """Owners of the inputs, in order, each once."""
        return tuple(dict.fromkeys(item.owner for item in self.inputs))

    @property
    def parties(self) -> Parties:
        """Who takes part, as the ledger admits it."""
        return Parties(compute=self.nodes[0], nodes=self.nodes)

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
            "method": METHOD,
            "model": self.model,
            "module": self.module,
            "nodes": list(self.nodes),
            "noise": None if self.noise is None else self.noise.to_json(),
            "nonce": b64u(self.nonce),
            "operation": OPERATION,
            "parameters": dict(self.parameters),
            "program": PROGRAM,
            "purpose": self.purpose,
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> MpcSpec:
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
        parameters, noise = fields.json("parameters"), fields.json("noise")
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
            nodes=fields.str_list("nodes", NODES, sorted_unique=True),
            model=cast(Model, fields.str("model", max=32)),
            noise=None if noise is None else Mechanism.from_json(noise, "spec.noise"),
            nonce=fields.bytes("nonce", NONCE_BYTES),
        )
        fields.end()
        return made
