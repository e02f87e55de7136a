"""Every request meets the same checks in the same order."""

from __future__ import annotations

from typing import Any

import pytest
from service_kit import World, problem

from privshare.service.limits import Places, RateLimit

BAD = b'{"digests": "not a list"'


def test_nobody_is_told_about_the_body(world: World) -> None:
    """Without a signature a malformed body is not looked at: 401."""
    response = world.call("nobody", "POST", "/v1/anchors", BAD)
    assert response.status_code == 401
    assert problem(response)["title"] == "Unauthenticated"


def test_the_role_comes_before_the_body(world: World) -> None:
    """A person without the role gets 403, whatever the body."""
    response = world.call("auditor", "POST", "/v1/anchors", BAD)
    assert response.status_code == 403
    assert problem(response)["rule"] == "route.role"


def test_the_rate_comes_before_the_body(world: World) -> None:
    """Too many requests are refused before their bodies are read."""
    slow = world.with_context(people_rate=RateLimit(0.5, 2))
    seen = [
        slow.call("steward", "POST", "/v1/anchors", BAD).status_code for _ in range(3)
    ]
    assert seen == [400, 400, 429]
    response = slow.call("steward", "POST", "/v1/anchors", BAD)
    assert 1 <= int(response.headers["Retry-After"]) <= 3
    assert problem(response)["title"] == "Unavailable"


def test_rates_are_counted_for_each_principal(world: World) -> None:
    """One person's requests do not use up another's."""
    slow = world.with_context(people_rate=RateLimit(0.1, 1))
    assert slow.call("steward", "GET", "/v1/me").status_code == 200
    assert slow.call("steward", "GET", "/v1/me").status_code == 429
    assert slow.call("analyst", "GET", "/v1/me").status_code == 200


def test_unsigned_requests_are_limited_by_address(world: World) -> None:
    """Failed log-ins and public routes use up the address's bucket."""
    slow = world.with_context(public_rate=RateLimit(0.1, 2))
    assert slow.call("nobody", "GET", "/v1/me").status_code == 401
    assert slow.call("nobody", "GET", "/v1/meta").status_code == 200
    assert slow.call("nobody", "GET", "/v1/me").status_code == 429
    assert slow.call("nobody", "GET", "/health/live").status_code == 200


def test_a_body_too_long_is_refused_by_its_length(world: World) -> None:
    """413 comes before the JSON is parsed."""
    response = world.call("steward", "POST", "/v1/anchors", b"[" * 300_000)
    assert response.status_code == 413
    assert problem(response)["title"] == "OutOfRange"


def test_a_body_of_another_type_is_refused(world: World) -> None:
    """415 names the type that was expected."""
    response = world.call(
        "steward", "POST", "/v1/anchors", b"{}", {"content-type": "text/plain"}
    )
    assert response.status_code == 415
    assert "application/json" in problem(response)["detail"]


@pytest.mark.parametrize("charset", ["utf-16", "latin-1"])
def test_another_charset_is_refused(world: World, charset: str) -> None:
    """JSON is UTF-8."""
    media = f"application/json; charset={charset}"
    response = world.call(
        "steward", "POST", "/v1/anchors", b"{}", {"content-type": media}
    )
    assert response.status_code == 415


def test_a_method_that_is_not_there(world: World) -> None:
    """405 with Allow, as a problem."""
    response = world.call("nobody", "DELETE", "/v1/meta")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    problem(response)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/meta/", "//v1/meta", "/v1/%00"])
def test_a_path_that_is_not_there(world: World, path: str) -> None:
    """404 as a problem, and no redirect."""
    response = world.call("nobody", "GET", path)
    assert response.status_code == 404
    problem(response)


def test_a_parameter_of_another_form_names_nothing(world: World) -> None:
    """A malformed id in a path is 404, not a fault."""
    assert world.call("steward", "GET", "/v1/grants/a.b").status_code == 404


@pytest.mark.parametrize(
    "query", ["?x=1", "?limit=0", "?limit=201", "?limit=1&limit=2", "?limit=1.0",
              "?limit=+1", "?limit=%31_0", "?cursor=!!", "?cursor=AAAA", "?limit"],
)  # fmt: skip
def test_a_query_is_read_strictly(world: World, query: str) -> None:
    """Unknown, doubled, and malformed query fields are refused."""
    response = world.call("steward", "GET", "/v1/receipts" + query)
    assert response.status_code == 400
    problem(response)


def test_what_is_our_fault_is_500_and_says_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """An unexpected exception leaves as a bare 500 with the trace id."""
    secret = "tax number 4711"

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(type(world.context.store), "person", broken)
    trace = "0af7651916cd43dd8448eb211c80319c"
    response = world.call(
        "nobody", "GET", "/v1/me", None, {"traceparent": f"00-{trace}-{'b' * 16}-01"}
    )
    assert response.status_code == 401  # without a signature nothing is looked up
    response = world.call(
        "steward", "GET", "/v1/me", None, {"traceparent": f"00-{trace}-{'b' * 16}-01"}
    )
    report = problem(response)
    assert response.status_code == 500
    assert report["trace"] == trace
    assert secret not in response.get_data(as_text=True)
    out = capsys.readouterr()
    assert secret not in out.out + out.err
    assert trace in out.out + out.err


def test_a_node_that_starts_changes_nothing(world: World) -> None:
    """Until what was half done is mended, only reading is served."""
    starting = world.with_context(starting=lambda: "the log was not reached yet")
    assert starting.call("steward", "GET", "/v1/me").status_code == 200
    body = {"digests": ["A" * 43]}
    response = starting.call("steward", "POST", "/v1/anchors", body)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"


def test_not_ready_is_503(world: World) -> None:
    """Readiness says what is missing."""
    away = world.with_context(ready=lambda: "the log is not mirrored yet")
    response = away.call("nobody", "GET", "/health/ready")
    assert response.status_code == 503
    assert "mirrored" in problem(response)["detail"]


def test_metrics_name_routes_and_no_paths(world: World) -> None:
    """Counters go by template; ids stay out of them."""
    world.call("steward", "GET", "/v1/grants/" + "B" * 43)
    page = world.call("nobody", "GET", "/metrics").get_data(as_text=True)
    assert 'route="/v1/grants/{id}",status="404"' in page
    assert "BBBB" not in page


def test_changes_leave_threads_for_readers(world: World) -> None:
    """When all places for changes are taken, changes wait and readers do not."""
    full = world.with_context(places=Places(1))
    assert full.context.places.take()
    body = {"digests": ["A" * 43]}
    response = full.call("steward", "POST", "/v1/anchors", body)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert full.call("steward", "GET", "/v1/me").status_code == 200
    assert full.call("nobody", "GET", "/log/checkpoint").status_code == 200
    full.context.places.give_back()
    assert full.call("steward", "POST", "/v1/anchors", body).status_code == 201
    assert full.call("steward", "POST", "/v1/anchors", b"{").status_code == 400
    assert full.call("steward", "POST", "/v1/anchors", body).status_code == 201
