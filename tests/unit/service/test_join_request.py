"""What a request for a private join may say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from privshare.errors import PrivShareError
from privshare.exchange.join_question import JoinQuestion
from privshare.service.routes.job_request import JobRequest, asked

SIDES: list[dict[str, Any]] = [
    {"dataset": "title/parcels", "on": ["citizen_id"]},
    {"dataset": "tax/deeds", "on": ["owner_id"]},
]


def read(**changes: Any) -> Any:
    """The question in a request."""
    body = {"operation": "match", "purpose": "housing-policy", "inputs": SIDES}
    request = JobRequest.model_validate({**body, **changes})
    call: Any = SimpleNamespace(body=request)
    return asked(call)


def test_the_least_and_the_most_that_is_said() -> None:
    """What is left out is chosen later; what is said arrives."""
    least = read()
    assert isinstance(least, JoinQuestion)
    assert (least.program, least.recipe, least.k) == ("psi.count/v1", None, None)
    assert read(operation="link").program == "psi.ids/v1"
    most = read(
        module="sum",
        method="psi",
        inputs=[SIDES[0], {**SIDES[1], "value": "amount", "grant": "A" * 43}],
        recipe=[["nfkc", "case"]],
        receiver="title/parcels",
        bound=1000,
        k=20,
        deadline_s=60,
    )
    assert most.program == "psi.sum/v1" and most.recipe == (("nfkc", "case"),)
    assert (most.inputs[1].value, most.inputs[1].grant) == ("amount", "A" * 43)
    assert (most.bound, most.k, most.deadline_s) == (1000, 20, 60)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "mpc"},
        {"operation": "sum", "method": "psi", "column": "amount"},
        {"operation": "sum", "column": "amount"},
        {"operation": "link", "module": "count"},
        {"module": "ids"},
        {"module": "mean"},
        {"column": "amount"},
        {"group_by": "district"},
        {"parameters": {"a": 1}},
        {"model": "semi-honest"},
        {"inputs": SIDES[:1]},
        {"inputs": [*SIDES, SIDES[0]]},
        {"inputs": [SIDES[0], {**SIDES[0], "on": ["other"]}]},
        {"inputs": [SIDES[0], {**SIDES[1], "columns": ["amount"]}]},
        {"inputs": [SIDES[0], {**SIDES[1], "dataset": "tax"}]},
        {"inputs": [SIDES[0], {**SIDES[1], "on": ["c"] * 17}]},
        {"recipe": []},
        {"recipe": [["nfkc"] * 17]},
        {"recipe": ["nfkc"]},
        {"recipe": [[1]]},
        {"bound": 0},
        {"bound": (1 << 40) + 1},
        {"k": 0},
        {"deadline_s": 0},
        {"receiver": "x" * 97},
        {"more": 1},
    ],
)
def test_what_makes_no_join_is_refused(changes: dict[str, Any]) -> None:
    """By its form alone, and by nothing but the errors that a client gets."""
    with pytest.raises((PrivShareError, ValidationError)):
        read(**changes)
