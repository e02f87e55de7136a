"""What an analyst wants matched between two owners, as a request says it.

    request body ─► JoinQuestion ─► join_plan.plan ─► JoinSpec

>>> asked = JoinQuestion.from_json({"program": "count", "purpose": "housing-policy",
...     "inputs": [{"dataset": "title/parcels", "on": ["citizen_id"]},
...                {"dataset": "tax/deeds", "on": ["owner_id"]}]})
>>> asked.program, asked.inputs[1].on
('psi.count/v1', ('owner_id',))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from privshare.errors import EncodingError
from privshare.jobs.join.normalise import MAX_FIELDS, MAX_STEPS
from privshare.jobs.spec import MAX_K
from privshare.ledger.parties import PAIR
from privshare.rights import identifier
from privshare.schemes.elgamal import MAX_BOUND
from privshare.wire.canonical import Fields, Json

__all__ = ["ASKED", "JoinAsked", "JoinQuestion"]

DEADLINE_S = 3600
MAX_DEADLINE_S = 7 * 86_400
#: What a request calls a program.
ASKED = {"count": "psi.count/v1", "ids": "psi.ids/v1", "sum": "psi.sum/v1"}


@dataclass(frozen=True, slots=True)
class JoinAsked:
    """One owner's side of a question.

    Attributes:
        dataset: Its id.
        on: The columns that name a person, in order.
        value: The column that is summed up, or None.
        grant: By which right, or None: then a fitting one is found.
    """

    dataset: str
    on: tuple[str, ...]
    value: str | None = None
    grant: str | None = None

    @classmethod
    def read(cls, fields: Fields) -> JoinAsked:
        """Read one input of a question, and close it."""
        names = fields.names()
        made = cls(
            identifier.DATASET.check(fields.str("dataset"), "question.inputs.dataset"),
            fields.str_list("on", MAX_FIELDS),
            fields.nullable("value", fields.str) if "value" in names else None,
            fields.nullable("grant", fields.str) if "grant" in names else None,
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinQuestion:
    """What an analyst wants matched.

    Attributes:
        program: `psi.count/v1`, `psi.sum/v1` or `psi.ids/v1`.
        inputs: Two datasets of two owners.
        purpose: What for.
        recipe: The steps of each field, or None: those for the columns' types.
        receiver: The dataset whose owner counts, or None: chosen.
        bound: For a sum: what it is at most in size; None: from the schema.
        k: Fewer matches are not told; at least what the grants say.
        deadline_s: Seconds until the job is given up.
    """

    program: str
    inputs: tuple[JoinAsked, ...]
    purpose: str
    recipe: tuple[tuple[str, ...], ...] | None = None
    receiver: str | None = None
    bound: int | None = None
    k: int | None = None
    deadline_s: int = DEADLINE_S

    @property
    def operation(self) -> str:
        """What a grant must allow: match, or link."""
        return identifier.JOINS[self.program]

    @classmethod
    def from_json(cls, obj: object) -> JoinQuestion:
        """Read a request body; `program`, `inputs` and `purpose` are needed.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        if not isinstance(obj, dict):
            raise EncodingError("question: expected an object")
        defaults: dict[str, Json] = {
            "bound": None,
            "deadline_s": DEADLINE_S,
            "k": None,
            "receiver": None,
            "recipe": None,
        }
        fields = Fields({**defaults, **cast(dict[str, Json], obj)}, "question")
        program = fields.str("program", max=63)
        if program not in ASKED:
            raise EncodingError(
                f"question.program: expected one of {', '.join(ASKED)}, found "
                f"{identifier.shown(program)}"
            )
        inputs = tuple(JoinAsked.read(one) for one in fields.objs("inputs", PAIR))
        made = cls(
            program=ASKED[program],
            inputs=inputs,
            purpose=fields.str("purpose"),
            recipe=_recipe(fields.json("recipe")),
            receiver=fields.nullable("receiver", fields.str),
            bound=fields.nullable("bound", fields.int, 1, MAX_BOUND),
            k=fields.nullable("k", fields.int, 1, MAX_K),
            deadline_s=fields.int("deadline_s", 1, MAX_DEADLINE_S),
        )
        fields.end()
        owners = {identifier.owner_of(one.dataset) for one in inputs}
        if len(inputs) != PAIR or len(owners) != PAIR:
            raise EncodingError(
                f"question.inputs: expected {PAIR} datasets of {PAIR} owners, found "
                f"{len(inputs)} of {len(owners)}"
            )
        return made


def _recipe(found: Json) -> tuple[tuple[str, ...], ...] | None:
    """Lists of names of steps; what they are is the specification's to check."""
    if found is None:
        return None
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_FIELDS:
        raise EncodingError(
            f"question.recipe: expected 1 to {MAX_FIELDS} lists of steps"
        )
    made = []
    for one in found:
        steps = list(one) if isinstance(one, list) else None
        if steps is None or len(steps) > MAX_STEPS:
            raise EncodingError(f"question.recipe: expected lists of {MAX_STEPS} steps")
        if not all(isinstance(step, str) for step in steps):
            raise EncodingError("question.recipe: expected names of steps")
        made.append(tuple(cast("list[str]", steps)))
    return tuple(made)
