"""The OpenAPI 3.1 document and the tables of docs/rest.md, from the routes.

ROUTES ─► document ─► GET /openapi.json
       └► role_table ─► docs/rest.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from privshare import errors
from privshare.service.auth import ROLES
from privshare.service.problems import CONTENT_TYPE, STATUS
from privshare.service.route import JSON, PARAMETERS, Route
from privshare.wire.canonical import Json

_REF = "#/components/schemas/{model}"

_PROBLEM: dict[str, Json] = {
    "type": "object",
    "description": "RFC 9457. `title` is the error's name in privshare.errors.",
    "required": ["type", "title", "status", "detail", "fix", "trace"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "fix": {"type": "string"},
        "trace": {"type": "string"},
        "rule": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}

_MEANING = {
    304: "not modified",
    400: "not the form that is described",
    401: "the request is not signed by a known key, in time and for this node",
    403: "the caller's role, or a right, says no",
    404: "no such thing",
    405: "no such method",
    409: "somebody was first, or it is done already",
    412: "what you have seen is no longer so",
    413: "too long",
    415: "another content type",
    422: "well formed, and not true",
    428: "If-Match is missing",
    429: "too many requests",
    500: "a fault of the node, or a split view of the log",
    503: "a party or a resource is away for the moment",
}


def document(routes: Sequence[Route], version: str) -> dict[str, Json]:
    """Describe the routes.

    Args:
        routes: The table.
        version: Of PrivShare.
    """
    models = {model for route in routes for model in _models(route)}
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in sorted(models, key=lambda m: m.__name__)
    ]
    _, schemas = models_json_schema(wanted, ref_template=_REF)
    paths: dict[str, dict[str, Json]] = {}
    for route in routes:
        operation = _operation(route)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PrivShare node",
            "version": version,
            "description": "Requests are signed by RFC 9421; see docs/rest.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,  # type: ignore[dict-item]
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {
                "signature": {
                    "type": "http",
                    "scheme": "signature",
                    "description": "HTTP Message Signatures, RFC 9421; "
                    "docs/adr/0005-request-signatures.md",
                }
            },
        },
    }


def refusals(route: Route) -> tuple[int, ...]:
    """List the statuses with which a route may refuse, in order."""
    found = {400, 404, 405, 500, 503, *route.refusals}
    if route.limited:
        found.add(429)
    if route.access.kind != "public":
        found |= {401, 403}
    if route.body is not None:
        found |= {413, 415, 422}
    if route.idempotent or route.method != "GET":
        found |= {409, 422}
    if route.if_match:
        found |= {412, 428}
    return tuple(sorted(found))


def role_table(routes: Iterable[Route]) -> str:
    """Write the matrix of roles and routes as Markdown."""
    head = [*ROLES, "agency", "anybody"]
    lines = [
        "| route | " + " | ".join(head) + " | |",
        "|---|" + "---|" * (len(head) + 1),
    ]
    for route in routes:
        marks = [
            "x" if role in route.access.roles or route.access.kind == "public" else ""
            for role in ROLES
        ]
        kind = route.access.kind
        marks.append("x" if kind in ("agency", "public") else "")
        marks.append("x" if kind == "public" else "")
        lines.append(f"| `{route.name}` | {' | '.join(marks)} | {route.summary} |")
    return "\n".join(lines) + "\n"


def error_table() -> str:
    """Write the map from errors to statuses as Markdown."""
    lines = ["| error | status |", "|---|---|"]
    for cls in vars(errors).values():
        if isinstance(cls, type) and cls in STATUS:
            lines.append(f"| `{cls.__name__}` | {STATUS[cls]} |")
    return "\n".join(lines) + "\n"


def _models(route: Route) -> Iterable[type[BaseModel]]:
    if route.body is not None and route.body.model is not None:
        yield route.body.model
    if route.answer is not None:
        yield route.answer


def _operation(route: Route) -> dict[str, Json]:
    operation: dict[str, Json] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
        "security": [] if route.access.kind == "public" else [{"signature": []}],
        "x-access": route.access.kind,
        "x-roles": list[Json](sorted(route.access.roles)),
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": not route.body.optional,
            "content": {route.body.media: {"schema": _body_schema(route)}},
        }
    return operation


def _operation_id(route: Route) -> str:
    words = route.path.replace("{", "by-").replace("}", "").replace(".", "-")
    return f"{route.method.lower()}-{words.strip('/').replace('/', '-')}"


def _parameters(route: Route) -> list[Json]:
    found: list[Json] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name].noun,
            "schema": {
                "type": "string",
                "pattern": f"^(?:{PARAMETERS[name].pattern.pattern})$",
            },
            "example": PARAMETERS[name].example,
        }
        for name in route.parameters
    ]
    if route.query is not None:
        schema = route.query.model_json_schema()
        for name, field in schema.get("properties", {}).items():
            found.append({"name": name, "in": "query", "schema": _flat(field)})
    if route.idempotent:
        found.append(_header("Idempotency-Key", False, "^[!-~]{1,128}$"))
    if route.if_match:
        found.append(_header("If-Match", True, '^"[!#-~]{1,128}"$'))
    return found


def _header(name: str, required: bool, pattern: str) -> Json:
    schema: Json = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": required, "schema": schema}


def _flat(field: dict[str, Any]) -> Json:
    """A query field that may be missing is never null on the wire."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    flat = dict(kinds[0]) if kinds else dict(field)
    flat.pop("default", None)
    flat.pop("title", None)
    return flat


def _responses(route: Route) -> dict[str, Json]:
    schema: Json = {}
    if route.answer is not None:
        schema = {"$ref": _REF.format(model=route.answer.__name__)}
    good: dict[str, Json] = {"description": "done"}
    if route.status != 204:
        good["content"] = {route.media: {"schema": schema}}
    responses: dict[str, Json] = {str(route.status): good}
    problem: Json = {"schema": {"$ref": _REF.format(model="Problem")}}
    for status in refusals(route):
        responses[str(status)] = {
            "description": _MEANING[status],
            "content": {CONTENT_TYPE: problem},
        }
    return responses


def _body_schema(route: Route) -> Json:
    if route.body is None or route.body.media != JSON:
        return {}
    if route.body.model is None:
        return {"type": "object"}
    return {"$ref": _REF.format(model=route.body.model.__name__)}
