"""The route for one record of another agency."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from privshare.exchange import record as records
from privshare.service.route import Body, Call, Model, Route, people
from privshare.wire.canonical import Json

Column = Annotated[str, Field(max_length=63)]


class RecordRequest(Model):
    """Which record, and by which right."""

    dataset: str = Field(max_length=96, description="whose dataset")
    key: Annotated[str, Field(min_length=1, max_length=4096)] | int = Field(
        description="value of the key column"
    )
    grant: str | None = Field(
        default=None, max_length=43, description="the grant to use, if several fit"
    )
    columns: list[Column] | None = Field(
        default=None, max_length=256, description="all that the grant names, if missing"
    )
    purpose: str | None = Field(default=None, max_length=64, description="what for")


class SharedRecord(Model):
    """A record, proven to be the one that its owner committed to."""

    grant: str = Field(description="the grant that was used")
    receipt: str = Field(description="id of the receipt")
    use: str = Field(description="id of the use")
    values: dict[str, Any] = Field(description="by column")


def post(call: Call) -> Json:
    """Get one record that a grant allows."""
    wanted: RecordRequest = call.body
    shared = records.fetch(
        call.context.node,
        wanted.dataset,
        str(wanted.key),
        grant=wanted.grant,
        columns=wanted.columns,
        purpose=wanted.purpose,
        person=call.person.kid,
    )
    return {
        "grant": shared.grant,
        "receipt": shared.receipt,
        "use": shared.use,
        "values": dict(shared.values),
    }


ROUTES = (
    Route(
        "POST",
        "/v1/records",
        post,
        people("analyst"),
        "Get one record that a grant allows.",
        body=Body(model=RecordRequest),
        answer=SharedRecord,
        status=201,
        idempotent=True,
    ),
)
