"""The description of the service: valid, complete, and true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from service_kit import World

from privshare.service.openapi import document, error_table, refusals, role_table
from privshare.service.routes import ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "rest.md"

#: Generated requests for each operation.
EXAMPLES = 25


@pytest.fixture(scope="module")
def described(world: World) -> dict[str, Any]:
    """The document as the node serves it."""
    return dict(json.loads(world.call("nobody", "GET", "/openapi.json").data))


def test_the_document_is_valid(described: dict[str, Any]) -> None:
    """OpenAPI 3.1, by an independent validator."""
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_every_route_is_described(described: dict[str, Any]) -> None:
    """Each row of the table is an operation, and there are no others."""
    found = {
        f"{method.upper()} {path}"
        for path, operations in described["paths"].items()
        for method in operations
    }
    assert found == {route.name for route in ROUTES}


def test_operations_have_one_id_each(described: dict[str, Any]) -> None:
    """Client generators need unique names."""
    names = [
        operation["operationId"]
        for operations in described["paths"].values()
        for operation in operations.values()
    ]
    assert len(names) == len(set(names))


def test_every_refusal_is_a_problem(described: dict[str, Any]) -> None:
    """Each error answer is described as application/problem+json."""
    for route in ROUTES:
        operation = described["paths"][route.path][route.method.lower()]
        for status in refusals(route):
            content = operation["responses"][str(status)].get("content", {})
            assert list(content) == ["application/problem+json"] or status == 304


def test_every_field_is_explained(described: dict[str, Any]) -> None:
    """Each field of each body has a description."""
    for name, schema in described["components"]["schemas"].items():
        if name == "Problem":
            continue
        for field, about in schema.get("properties", {}).items():
            assert about.get("description"), f"{name}.{field}"


def test_the_page_has_the_tables() -> None:
    """docs/rest.md holds the matrix and the errors as the table gives them."""
    text = PAGE.read_text(encoding="utf-8")
    assert role_table(ROUTES) in text
    assert error_table() in text


def test_the_document_does_not_need_a_node() -> None:
    """The description follows from the table alone."""
    assert document(ROUTES, "1")["info"]["version"] == "1"  # type: ignore[index,call-overload]


def test_generated_requests(world: World, described: dict[str, Any]) -> None:
    """Generated requests, good and bad, get answers that are described."""
    schema = schemathesis.openapi.from_dict(described)
    seen: set[int] = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path == "/v1/jobs/{id}/events":
            continue
        _try(world, operation, seen)
    assert 200 in seen or 201 in seen


def _try(world: World, operation: Any, seen: set[int]) -> None:
    from hypothesis import given

    definition = operation.definition.raw
    callers = definition["x-roles"] or (
        ["agency"] if definition["x-access"] == "agency" else ["nobody"]
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1:7101")
        body = _body(sent)
        headers = {
            str(k): str(v)
            for k, v in (sent.get("headers") or {}).items()
            if k.lower() in ("content-type", "if-match", "idempotency-key")
        }
        target = _target(sent)
        try:
            response = world.call(callers[0], case.method, target, body, headers)
        except UnicodeEncodeError:
            return  # no HTTP client can send it
        seen.add(response.status_code)
        described = definition["responses"]
        assert str(response.status_code) in described, (
            target,
            response.status_code,
            response.data[:300],
        )
        assert response.status_code != 500

    check()


def _body(sent: dict[str, Any]) -> bytes:
    if sent.get("json") is not None:
        return json.dumps(sent["json"]).encode()
    data = sent.get("data") or sent.get("content") or b""
    return data if isinstance(data, bytes) else str(data).encode()


def _target(sent: dict[str, Any]) -> str:
    import requests

    prepared = requests.Request(
        sent["method"], sent["url"], params=sent.get("params")
    ).prepare()
    return str(prepared.path_url)
