"""Who may call what: the matrix, generated from the route table."""

from __future__ import annotations

import pytest
from service_kit import World, example_path, problem

from privshare.service.auth import ROLES
from privshare.service.route import Route
from privshare.service.routes import ROUTES

CALLERS = (*ROLES, "agency", "nobody")


def _permitted(route: Route, caller: str) -> bool:
    """The rule in one line, written apart from the service's own."""
    if route.access.kind == "public":
        return True
    if caller in ("agency", "nobody"):
        return caller == route.access.kind
    return route.access.kind == "person" and caller in route.access.roles


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_matrix(world: World, route: Route, caller: str) -> None:
    """Each route refuses exactly those whom the table does not name."""
    response = world.call(caller, route.method, example_path(route.path))
    if _permitted(route, caller):
        assert response.status_code not in (401, 403)
        assert response.status_code < 500 or response.status_code == 503
    elif caller == "nobody":
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Signature")
        problem(response)
    else:
        assert response.status_code == 403
        assert problem(response)["rule"] in ("route.role", "route.agency")


def test_every_route_says_who() -> None:
    """A route for people names roles; other routes name none."""
    for route in ROUTES:
        assert bool(route.access.roles) == (route.access.kind == "person"), route.name
        assert route.access.roles <= set(ROLES), route.name


def test_names_are_unique() -> None:
    """No two rows of the table answer the same request."""
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))


def test_no_role_does_everything() -> None:
    """Stewards run no jobs, analysts publish nothing, auditors change nothing.

    A regulator gives its part of naming an author, and changes nothing else.
    """
    may = {role: {r.name for r in ROUTES if role in r.access.roles} for role in ROLES}
    assert "POST /v1/jobs" not in may["steward"]
    assert "POST /v1/datasets" not in may["analyst"]
    assert "POST /v1/grants/{id}/decision" not in may["analyst"]
    own = {"auditor": set(), "regulator": {"POST /v1/statements/{id}/openings"}}
    for role, names in own.items():
        assert {n for n in may[role] if not n.startswith("GET ")} == names


def test_plaintext_is_for_analysts() -> None:
    """Records and results are not shown to auditors."""
    for name in ("/v1/receipts/{id}/attachments/{file}", "/v1/jobs/{id}/result"):
        route = next(route for route in ROUTES if route.path == name)
        assert route.access.roles == {"analyst"}
