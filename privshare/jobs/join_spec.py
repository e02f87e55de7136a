"""The specification of a private join: whose sets, on which columns, for what.

As `mpc_spec`, with the two owners alone: no third machine sees a row, and what
they send each other says nothing of who is not in both sets.

    analyst   JoinSpec ─► digest ─► job.admit ─► ledger
    owners    JoinSpec and the ledger's rows ─► Terms, the same at both
    auditor   JoinSpec in the evidence ─► digest equal to the one admitted

Implements docs/formats/entry.md, section 4 (two nodes).

>>> spec = JoinSpec(
...     program="psi.count/v1", inputs=(
...         JoinInput("title/parcels", "A" * 43, 1, ("citizen_id",)),
...         JoinInput("tax/deeds", "E" * 43, 1, ("owner_id",))),
...     recipe=(("nfkc", "case", "alphanumeric"),), receiver="title/parcels",
...     minimum=20, bound=0, purpose="housing-policy", coordinator="housing",
...     nonce=bytes(16))
>>> JoinSpec.from_json(spec.to_json()) == spec
True
>>> spec.parties.nodes, spec.role("tax").value
(('tax', 'title'), 'helper')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.join.normalise import MAX_FIELDS, MAX_STEPS, Field, Recipe
from privshare.jobs.join.terms import Operation, Role, Terms
from privshare.jobs.spec import MAX_K, NONCE_BYTES
from privshare.ledger.parties import PAIR, Parties
from privshare.rights import identifier
from privshare.rights.terms import check_set
from privshare.schemes.elgamal import MAX_BOUND
from privshare.wire import domain
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u, unb64u
from privshare.wire.digest import digest_json

__all__ = ["METHOD", "JoinInput", "JoinSpec"]

METHOD = "psi"
VERSION = "/v1"


@dataclass(frozen=True, slots=True)
class JoinInput:
    """One owner's side: which dataset, by which grant, joined on what.

    Attributes:
        dataset: Its id.
        grant: Id of the coordinator's grant on it.
        version: The dataset's version that was meant.
        on: The columns that name a person, in the order of the recipe's fields.
        value: The column that is summed up, or None.
    """

    dataset: str
    grant: str
    version: int
    on: tuple[str, ...]
    value: str | None = None

    def __post_init__(self) -> None:
        identifier.DATASET.check(self.dataset, "spec.inputs.dataset")
        identifier.ID.check(self.grant, "spec.inputs.grant")
        if isinstance(self.version, bool) or not 1 <= self.version < INTEGER_LIMIT:
            raise OutOfRange(
                f"spec.inputs.version: expected 1 or more, found {self.version}"
            )
        if not self.on or len(set(self.on)) != len(self.on):
            raise EncodingError(
                "spec.inputs.on: expected one column or more, each once, found others"
            )
        where = "spec.inputs.columns"
        check_set(self.columns, identifier.COLUMN, MAX_FIELDS + 1, where)

    @property
    def owner(self) -> str:
        """Whose data it is."""
        return identifier.owner_of(self.dataset)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the join reads, in order, each once."""
        value = () if self.value is None else (self.value,)
        return tuple(sorted({*self.on, *value}))

    def to_json(self) -> dict[str, Json]:
        """Lay the input out."""
        return {
            "dataset": self.dataset,
            "grant": self.grant,
            "on": list(self.on),
            "value": self.value,
            "version": self.version,
        }

    @classmethod
    def read(cls, fields: Fields) -> JoinInput:
        """Read one input of the list, and close it.

        Raises:
            EncodingError: Another form.
        """
        made = cls(
            dataset=fields.str("dataset"),
            grant=fields.str("grant"),
            on=fields.str_list("on", MAX_FIELDS),
            value=fields.nullable("value", fields.str),
            version=fields.int("version", 1),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSpec:
    """What a private join is. Well formed from the moment it exists.

    Attributes:
        program: `psi.count/v1`, `psi.sum/v1` or `psi.ids/v1`.
        inputs: Two datasets of two owners.
        recipe: The steps of each field of an identifier (`join.normalise`).
        receiver: The dataset whose owner counts, or gets the identifiers. In a
            sum the other side holds the values.
        minimum: Fewer matches than these are not told; at least the grants' k.
        bound: For a sum: what it is at most in size.
        purpose: The declared purpose.
        coordinator: The agency that asks and gets the result.
        nonce: 16 bytes that make two equal questions two jobs.

    Raises:
        EncodingError: An identifier of another form, one owner on both sides, a
            value where none belongs, or fields that are not those of the recipe.
        OutOfRange: A number outside its interval, or no such step.
    """

    program: str
    inputs: tuple[JoinInput, ...]
    recipe: tuple[tuple[str, ...], ...]
    receiver: str
    minimum: int
    bound: int
    purpose: str
    coordinator: str
    nonce: bytes

    def __post_init__(self) -> None:
        if self.program not in identifier.JOINS:
            raise EncodingError(
                f"spec.program: expected one of {', '.join(identifier.JOINS)}, found "
                f"{identifier.shown(self.program)}"
            )
        identifier.PURPOSE.check(self.purpose, "spec.purpose")
        identifier.AGENCY.check(self.coordinator, "spec.coordinator")
        if len(self.inputs) != PAIR or len(self.owners) != PAIR:
            raise EncodingError(
                f"spec.inputs: expected {PAIR} datasets of {PAIR} owners, found "
                f"{len(self.inputs)} of {len(self.owners)}"
            )
        if self.input(self.receiver) is None:
            raise EncodingError("spec.receiver: expected one of the inputs")
        summed = self.question is Operation.SUM
        low, high = int(summed), MAX_BOUND if summed else 0
        for name, found, least, most in (
            ("minimum", self.minimum, 1, MAX_K),
            ("bound", self.bound, low, high),
        ):
            if isinstance(found, bool) or not least <= found <= most:
                raise OutOfRange(
                    f"spec.{name}: expected {least} to {most}, found {found}"
                )
        if len(self.nonce) != NONCE_BYTES:
            raise EncodingError(
                f"spec.nonce: expected {NONCE_BYTES} bytes, found {len(self.nonce)}"
            )
        for item in self.inputs:
            self._check_sides(item, summed)

    def _check_sides(self, item: JoinInput, summed: bool) -> None:
        valued = summed and item.dataset != self.receiver
        if valued != (item.value is not None):
            raise EncodingError(
                "spec.inputs.value: expected a column from the helper of a sum and "
                f"from nobody else, found otherwise at {item.dataset}",
                detail={"rule": "join.values"},
            )
        if self.question is Operation.IDS and (
            item.dataset == self.receiver and item.owner != self.coordinator
        ):
            raise EncodingError(
                "spec.receiver: expected the coordinator's own dataset, for "
                f"identifiers go to nobody else, found {item.dataset}",
                detail={"rule": "join.receiver"},
            )
        if len(self.names(item).fields) != len(item.on):
            raise EncodingError(
                f"spec.inputs.on: expected {len(self.recipe)} columns, one a field "
                f"of the recipe, found {len(item.on)} at {item.dataset}",
                detail={"rule": "join.recipe"},
            )

    @property
    def question(self) -> Operation:
        """The program, as the protocol calls it."""
        return Operation(self.program.removesuffix(VERSION))

    @property
    def operation(self) -> str:
        """What a grant must allow: match, or link."""
        return identifier.JOINS[self.program]

    @property
    def owners(self) -> tuple[str, ...]:
        """Owners of the inputs, in order, each once."""
        return tuple(dict.fromkeys(item.owner for item in self.inputs))

    @property
    def parties(self) -> Parties:
        """Who takes part, as the ledger admits it."""
        nodes = tuple(sorted(self.owners))
        return Parties(compute=nodes[0], nodes=nodes)

    def input(self, dataset: str) -> JoinInput | None:
        """The input with this dataset, or None."""
        return next((item for item in self.inputs if item.dataset == dataset), None)

    def of(self, owner: str) -> JoinInput | None:
        """The input of this owner, or None."""
        return next((item for item in self.inputs if item.owner == owner), None)

    def role(self, owner: str) -> Role:
        """Who counts and who answers."""
        own = identifier.owner_of(self.receiver) == owner
        return Role.RECEIVER if own else Role.HELPER

    def names(self, item: JoinInput) -> Recipe:
        """The recipe, over the columns of one side."""
        names = (*item.on, *[""] * len(self.recipe))
        steps = zip(names, self.recipe, strict=False)
        return Recipe(tuple(Field(name, one) for name, one in steps))

    def written(self) -> str:
        """The columns of each field and its steps, in words."""
        first, second = self.inputs
        fields = zip(first.on, second.on, self.recipe, strict=True)
        return "; ".join(
            f"{left if left == right else f'{left} and {right}'} by "
            f"{', '.join(steps) or 'no step'}"
            for left, right, steps in fields
        )

    def terms(self, job: str, rows: Mapping[str, int]) -> Terms:
        """What both owners agree on, from what the ledger holds.

        Args:
            job: The job's id on the ledger.
            rows: Of each dataset, how many the ledger registered.

        Raises:
            OutOfRange: More rows than a join takes, rule join.terms.
        """
        sides = {self.role(item.owner): rows[item.dataset] for item in self.inputs}
        return Terms(
            operation=self.question,
            job=unb64u(job, 32),
            recipe=self.names(self.inputs[0]).digest,
            receiver_rows=sides[Role.RECEIVER],
            helper_rows=sides[Role.HELPER],
            minimum=self.minimum,
            bound=self.bound,
        )

    def digest(self) -> bytes:
        """The 32 bytes that the ledger holds of this document."""
        return digest_json(domain.JOB_SPEC, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the specification out as it is digested and stored."""
        return {
            "bound": self.bound,
            "coordinator": self.coordinator,
            "inputs": [item.to_json() for item in self.inputs],
            "method": METHOD,
            "minimum": self.minimum,
            "nonce": b64u(self.nonce),
            "operation": self.operation,
            "program": self.program,
            "purpose": self.purpose,
            "receiver": self.receiver,
            "recipe": [list(steps) for steps in self.recipe],
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> JoinSpec:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: A field too few, too many or of another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, "spec")
        fields.constant("v", 1)
        fields.constant("method", METHOD)
        program = fields.str("program", max=63)
        fields.constant("operation", identifier.JOINS.get(program, "match"))
        made = cls(
            program=program,
            inputs=tuple(JoinInput.read(i) for i in fields.objs("inputs", PAIR)),
            recipe=_recipe(fields.json("recipe")),
            receiver=fields.str("receiver"),
            minimum=fields.int("minimum", 1, MAX_K),
            bound=fields.int("bound", 0, MAX_BOUND),
            purpose=fields.str("purpose"),
            coordinator=fields.str("coordinator"),
            nonce=fields.bytes("nonce", NONCE_BYTES),
        )
        fields.end()
        return made


def _recipe(found: Json) -> tuple[tuple[str, ...], ...]:
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_FIELDS:
        raise EncodingError(f"spec.recipe: expected 1 to {MAX_FIELDS} fields")
    made = []
    for one in found:
        if not isinstance(one, list) or len(one) > MAX_STEPS:
            raise EncodingError(f"spec.recipe: expected lists of up to {MAX_STEPS}")
        steps = [step for step in one if isinstance(step, str)]
        if len(steps) != len(one):
            raise EncodingError("spec.recipe: expected names of steps, found others")
        made.append(tuple(steps))
    return tuple(made)
