"""The route that proves something about an anchored row, and nothing else of it."""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import Field

from privshare.exchange import proof as proofs
from privshare.service.route import Body, Call, Model, Route, people
from privshare.wire.canonical import INTEGER_LIMIT, Json

Cell = (
    Annotated[int, Field(ge=1 - INTEGER_LIMIT, le=INTEGER_LIMIT - 1)]
    | Annotated[str, Field(min_length=1, max_length=32)]
)


class RangeWanted(Model):
    """Which cell, and between which bounds it is to be shown."""

    column: str = Field(max_length=63, description="a provable one")
    dataset: str = Field(max_length=96, description="of this agency")
    high: Cell = Field(description="the greatest value, as the column's cells")
    key: Annotated[str, Field(min_length=1, max_length=4096)] | int = Field(
        description="value of the key column"
    )
    low: Cell = Field(description="the least value, as the column's cells")
    purpose: str = Field(min_length=1, max_length=128, description="what for")


class Proven(Model):
    """A proof that is on the ledger."""

    index: int = Field(description="log index")
    receipt: str = Field(description="id of the receipt, with proof and row in it")


def post(call: Call) -> Json:
    """Prove that a cell of an anchored row lies between two bounds."""
    wanted: RangeWanted = call.body
    done = proofs.prove_range(
        call.context.node,
        wanted.dataset,
        str(wanted.key),
        wanted.column,
        cast(int, wanted.low),
        cast(int, wanted.high),
        purpose=wanted.purpose,
        person=call.person.kid,
    )
    return {"index": done.index, "receipt": done.tx}


ROUTES = (
    Route(
        "POST",
        "/v1/proofs",
        post,
        people("steward"),
        "Prove that a cell of an anchored row lies between two bounds.",
        body=Body(model=RangeWanted),
        answer=Proven,
        status=201,
        idempotent=True,
    ),
)
