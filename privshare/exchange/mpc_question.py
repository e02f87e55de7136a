"""What an analyst wants computed on shares, as a request says it.

    request body ─► MpcQuestion ─► mpc_plan.plan ─► MpcSpec

>>> asked = MpcQuestion.from_json({"program": "sum", "purpose": "housing-policy",
...     "inputs": [{"dataset": "taxes/returns-2025", "columns": ["tax_paid"]}]})
>>> asked.inputs[0].columns
('tax_paid',)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from privshare.errors import EncodingError
from privshare.jobs.mpc_spec import MODELS, Model
from privshare.jobs.spec import MAX_INPUTS, MAX_K
from privshare.ledger.parties import NODES
from privshare.rights import identifier
from privshare.rights.mechanism import Mechanism
from privshare.rights.terms import MAX_COLUMNS
from privshare.wire.canonical import Fields, Json

__all__ = ["Asked", "MpcQuestion"]

DEADLINE_S = 600
MAX_DEADLINE_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Asked:
    """Columns of one dataset that a question is about.

    Attributes:
        dataset: Its id.
        columns: The columns computed on.
        group_by: The columns by which the result is split, or rows are matched.
    """

    dataset: str
    columns: tuple[str, ...]
    group_by: tuple[str, ...] = ()

    @classmethod
    def read(cls, fields: Fields) -> Asked:
        """Read one input of a question, and close it."""
        made = cls(
            identifier.DATASET.check(fields.str("dataset"), "question.inputs.dataset"),
            fields.str_list("columns", MAX_COLUMNS),
            fields.str_list("group_by", MAX_COLUMNS)
            if "group_by" in fields.names()
            else (),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class MpcQuestion:
    """What an analyst wants computed on shares.

    Attributes:
        program: Its name in the catalogue, or the digest of its closure.
        inputs: One or several datasets, each with its columns.
        parameters: What the program is told.
        purpose: What for.
        grants: One a dataset, or none: then fitting ones are found.
        nodes: Three agencies, or none: then those that say they compute.
        model: What a node may do without being a danger, or None: as the
            program has it.
        noise: What the nodes add to the result, or None.
        k: No group with fewer rows; at least what the grants say.
        deadline_s: Seconds until the job is given up.
    """

    program: str
    inputs: tuple[Asked, ...]
    purpose: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    grants: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    model: Model | None = None
    noise: Mechanism | None = None
    k: int | None = None
    deadline_s: int = DEADLINE_S

    @classmethod
    def from_json(cls, obj: object) -> MpcQuestion:
        """Read a request body; `program`, `inputs` and `purpose` are needed.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        if not isinstance(obj, dict):
            raise EncodingError("question: expected an object")
        defaults: dict[str, Json] = {
            "deadline_s": DEADLINE_S,
            "grants": [],
            "k": None,
            "model": None,
            "nodes": [],
            "noise": None,
            "parameters": {},
        }
        fields = Fields({**defaults, **cast(dict[str, Json], obj)}, "question")
        parameters, noise = fields.json("parameters"), fields.json("noise")
        if not isinstance(parameters, dict):
            raise EncodingError("question.parameters: expected an object")
        model = fields.nullable("model", fields.str)
        if model is not None and model not in MODELS:
            raise EncodingError(
                f"question.model: expected one of {', '.join(MODELS)}, found "
                f"{identifier.shown(model)}"
            )
        made = cls(
            program=fields.str("program", max=63),
            inputs=tuple(Asked.read(one) for one in fields.objs("inputs", MAX_INPUTS)),
            purpose=fields.str("purpose"),
            parameters=parameters,
            grants=fields.str_list("grants", MAX_INPUTS),
            nodes=fields.str_list("nodes", NODES),
            model=cast(Model | None, model),
            noise=None
            if noise is None
            else Mechanism.from_json(noise, "question.noise"),
            k=fields.nullable("k", fields.int, 1, MAX_K),
            deadline_s=fields.int("deadline_s", 10, MAX_DEADLINE_S),
        )
        fields.end()
        return made
