"""Routes of datasets: upload, publish, find, govern, erase.

Rows come in by `POST /v1/drafts` and never go out by any route here; what is
shown of a dataset are its three documents, whose digests the ledger holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import Field

from privshare.errors import Conflict
from privshare.exchange import dataset as datasets
from privshare.exchange.dataset import Documents, Published
from privshare.service.paging import Page, page, window
from privshare.service.problems import Refusal
from privshare.service.route import (
    EVERYBODY,
    JSON,
    Answer,
    Body,
    Call,
    Model,
    Route,
    people,
)
from privshare.wire.canonical import Json

CSV = "text/csv"
MAX_PUBLICATION = 1 << 20
MAX_UPLOAD = 1 << 30  # the setting max_upload_bytes is held to as well


class Upload(Model):
    """How a table is called."""

    filename: str = Field(default="", max_length=255, description="for people")


class Draft(Model):
    """A table that was read, with the schema proposed for it."""

    draft: str = Field(description="its id, for POST /v1/datasets")
    filename: str = Field(description="as it was uploaded")
    rows: int = Field(description="how many")
    schema_: dict[str, Any] = Field(alias="schema", description="as inferred")


class Publication(Model):
    """A draft to publish."""

    draft: str = Field(min_length=1, max_length=64, description="from POST /v1/drafts")
    name: str = Field(
        pattern="^[a-z0-9][a-z0-9-]{0,62}$", description="the part behind the slash"
    )
    title: str = Field(min_length=1, max_length=256, description="one line")
    description: str = Field(default="", max_length=4096, description="more of it")
    columns: list[dict[str, Any]] = Field(
        default=[],
        max_length=256,
        description="columns to publish, each with what differs from the proposal",
    )
    key: str | None = Field(
        default=None, max_length=63, description="the column that names a record"
    )
    policy: dict[str, Any] | None = Field(
        default=None, description="docs/formats/policy.md; without it all is refused"
    )
    provable: list[Annotated[str, Field(max_length=63)]] = Field(
        default=[],
        max_length=256,
        description="columns of which things can be proven without showing a cell",
    )


class Changed(Model):
    """A dataset after a change."""

    dataset: str = Field(description="its id")
    receipt: str = Field(description="id of the receipt")
    rows: int = Field(description="how many")
    version: int = Field(description="on the ledger")


class Search(Page):
    """Which datasets."""

    query: str = Field(default="", max_length=200, description="words that all occur")
    agency: str = Field(
        default="",
        max_length=31,
        pattern="^([a-z][a-z0-9-]{1,30})?$",
        description="only of this owner",
    )


def upload(call: Call) -> Json:
    """Read a CSV file into a draft."""
    draft = datasets.import_csv(
        call.context.node,
        cast(Any, call.file),
        filename=call.query.filename,
        max_bytes=call.context.settings.max_upload_bytes,
    )
    return {
        "draft": draft.id,
        "filename": draft.filename,
        "rows": draft.rows,
        "schema": draft.schema.to_json(),
    }


def publish(call: Call) -> Answer:
    """Publish a draft: its rows stay, its commitments go on the ledger."""
    wanted: Publication = call.body
    done = datasets.publish(
        call.context.node,
        wanted.draft,
        name=wanted.name,
        title=wanted.title,
        description=wanted.description,
        columns=wanted.columns,
        key=wanted.key,
        policy=wanted.policy,
        provable=wanted.provable,
        person=call.person.kid,
    )
    return Answer(_changed(done), headers={"Location": f"/v1/datasets/{done.dataset}"})


def listing(call: Call) -> Answer:
    """Find datasets that are in use."""
    wanted: Search = call.query
    found = datasets.catalogue(
        call.context.node, search=wanted.query, agency=wanted.agency or None
    )
    items = window(call, found, lambda entry: cast(Json, entry["dataset"]))
    return page(call, items, _entry, lambda entry: cast(Json, entry["dataset"]))


def show(call: Call) -> Json:
    """Show a dataset: its documents, and what the ledger holds."""
    found = datasets.documents(call.context.node, _dataset(call))
    return {
        "dataset": found.dataset,
        "metadata": dict(found.metadata),
        "policy": found.policy.to_json(),
        "root": found.state.root,
        "rows": found.state.rows,
        "schema": found.schema.to_json(),
        "status": found.state.status,
        "version": found.state.version,
    }


def policy(call: Call) -> Answer:
    """Show a dataset's policy; its ETag is the policy's digest."""
    found = datasets.documents(call.context.node, _dataset(call))
    headers = {"ETag": f'"{found.state.policy}"'}
    if call.headers["if-none-match"] == headers["ETag"]:
        return Answer(None, 304, headers)
    return Answer(found.policy.to_json(), headers=headers)


def put_policy(call: Call) -> Answer:
    """Replace a policy that the caller has seen."""
    dataset = _dataset(call)
    found = datasets.documents(call.context.node, dataset)
    if call.if_match != found.state.policy:
        raise _stale(found)
    try:
        done = datasets.amend_policy(
            call.context.node,
            dataset,
            cast(Mapping[str, Json], call.body),
            expected_version=found.state.version,
            person=call.person.kid,
        )
    except Conflict:
        raise _stale(found) from None
    now = datasets.documents(call.context.node, dataset)
    return Answer(_changed(done), headers={"ETag": f'"{now.state.policy}"'})


def retire(call: Call) -> Json:
    """Take a dataset out of use, for good."""
    done = datasets.retire(call.context.node, _dataset(call), person=call.person.kid)
    return _changed(done)


def erase(call: Call) -> Json:
    """Erase one record, its salt included."""
    done = datasets.erase(
        call.context.node, _dataset(call), call.params["key"], person=call.person.kid
    )
    return _changed(done)


def _dataset(call: Call) -> str:
    return f"{call.params['agency']}/{call.params['name']}"


def _stale(found: Documents) -> Refusal:
    return Refusal(
        Conflict(
            "expected the ETag of the policy in force, found another",
            fix="GET the policy again, and decide anew.",
            detail={"policy": found.state.policy},
        ),
        412,
    )


def _changed(done: Published) -> Json:
    return {
        "dataset": done.dataset,
        "receipt": done.receipt,
        "rows": done.rows,
        "version": done.version,
    }


def _entry(entry: Mapping[str, Any]) -> Json:
    """One line of the catalogue, in the shape of `show`."""
    return {
        "dataset": entry["dataset"],
        "metadata": {"description": entry["description"], "title": entry["title"]},
        "rows": entry["rows"],
        "schema": {"columns": entry["columns"], "key": entry["key"]},
        "status": "registered",
        "version": entry["version"],
    }


ROUTES = (
    Route(
        "POST",
        "/v1/drafts",
        upload,
        people("steward"),
        "Upload a CSV file as a draft.",
        body=Body(CSV, None, MAX_UPLOAD, stream=True, setting="max_upload_bytes"),
        query=Upload,
        answer=Draft,
        status=201,
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/datasets",
        publish,
        people("steward"),
        "Publish a draft.",
        body=Body(JSON, Publication, MAX_PUBLICATION),
        answer=Changed,
        status=201,
        idempotent=True,
    ),
    Route("GET", "/v1/datasets", listing, EVERYBODY, "Find datasets.", query=Search),
    Route(
        "GET",
        "/v1/datasets/{agency}/{name}",
        show,
        EVERYBODY,
        "A dataset's documents.",
    ),
    Route(
        "DELETE",
        "/v1/datasets/{agency}/{name}",
        retire,
        people("steward"),
        "Retire a dataset.",
        answer=Changed,
        idempotent=True,
    ),
    Route(
        "GET",
        "/v1/datasets/{agency}/{name}/policy",
        policy,
        EVERYBODY,
        "A dataset's policy, with its ETag.",
        refusals=(304,),
    ),
    Route(
        "PUT",
        "/v1/datasets/{agency}/{name}/policy",
        put_policy,
        people("steward"),
        "Replace a policy that you have seen.",
        body=Body(JSON, None, MAX_PUBLICATION),
        answer=Changed,
        idempotent=True,
        if_match=True,
    ),
    Route(
        "DELETE",
        "/v1/datasets/{agency}/{name}/records/{key}",
        erase,
        people("steward"),
        "Erase a record.",
        answer=Changed,
        idempotent=True,
    ),
)
