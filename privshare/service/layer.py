"""Serves a route: the same checks in the same order, for every one of them.

    authenticate ─► authorise ─► rate ─► idempotency ─► validate ─► handle

Nothing of a body is read before the caller is known and permitted, and no
check can be left out, because a handler takes a `Call` and only this module
makes one. Whatever is raised leaves as a problem report.

Implements docs/rest.md; docs/adr/0004-route-layer.md.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from privshare.bindings.hash import sha256
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
    Unauthenticated,
    Unavailable,
    VerificationError,
)
from privshare.service import body, log, problems
from privshare.service.auth import Principal, has_body
from privshare.service.context import Context
from privshare.service.problems import Refusal
from privshare.service.route import JSON, Answer, Call, Route
from privshare.wire.canonical import Json, decode, encode

#: Request headers that handlers may read, and where WSGI keeps them.
PASSED_ON = {
    "if-none-match": "HTTP_IF_NONE_MATCH",
    "last-event-id": "HTTP_LAST_EVENT_ID",
}

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_ETAG = re.compile(r'"([\x21\x23-\x7e]{1,128})"')
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}
#: Answers that a browser or proxy must not keep.
_PRIVATE = {"Cache-Control": "no-store"}


class Layer:
    """Serves routes for one node.

    Args:
        context: The node's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._log = log.logger()

    def serve(self, route: Route, params: Mapping[str, str]) -> Response:
        """Answer the present request, whatever happens."""
        started = self._context.monotonic()
        trace = trace_id(request.environ.get("HTTP_TRACEPARENT", ""))
        principal: list[Principal] = []
        try:
            response = self._checked(route, params, principal)
        except Exception as error:
            response = self.refuse(error, trace, route.name)
        took = self._context.monotonic() - started
        self._context.metrics.observe(
            route.method, route.path, response.status_code, took
        )
        self._log.debug(
            "request",
            route=route.name,
            status=response.status_code,
            ms=round(took * 1000, 1),
            principal=principal[0].name if principal else "",
            trace=trace,
        )
        return response

    def refuse(self, error: BaseException, trace: str, where: str) -> Response:
        """Turn what was raised into an answer, and log what is our fault."""
        if isinstance(error, HTTPException):
            error = _of_http(error)
        problem = problems.problem_of(error, trace)
        if problem.status == 500:
            self._log.error(
                "fault",
                route=where,
                error=type(error).__name__,
                places=log.places(error),
                trace=trace,
            )
        response = Response(problem.body(), problem.status)
        response.headers["Content-Type"] = problems.CONTENT_TYPE
        response.headers.update({**_SECURITY, **_PRIVATE, **problem.headers})
        return response

    def _checked(
        self, route: Route, params: Mapping[str, str], seen: list[Principal]
    ) -> Response:
        now = self._context.node.clock()
        principal = self._authenticate(route, now)
        if principal is not None:
            seen.append(principal)
        _authorise(route, principal)
        self._rate(route, principal)
        if principal is None or route.method == "GET":
            return self._handle(route, params, principal, now)
        self._expect_started()
        with self._place():
            if route.idempotent and "Idempotency-Key" in request.headers:
                return self._once(route, params, principal, now)
            return self._handle(route, params, principal, now)

    def _authenticate(self, route: Route, now: int) -> Principal | None:
        if route.access.kind == "public":
            return None
        try:
            return self._context.authenticator.authenticate(request.environ, now)
        except Unauthenticated:
            self._take(self._context.public_rate, _address())
            raise

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold a place while a request may wait; refuse when all are taken."""
        places = self._context.places
        if not places.take():
            raise Unavailable(
                f"expected at most {places.most} changes under way, found more",
                fix="Try again in a moment.",
            )
        try:
            yield
        finally:
            places.give_back()

    def _expect_started(self) -> None:
        reason = self._context.starting()
        if reason:
            raise Unavailable(
                f"expected a node that has started, found: {reason}",
                fix="Try again in a moment.",
            )

    def _rate(self, route: Route, principal: Principal | None) -> None:
        if not route.limited:
            return
        if principal is None:
            self._take(self._context.public_rate, _address(), route.cost)
        else:
            self._take(self._context.people_rate, principal.name, route.cost)

    def _take(self, bucket: Any, name: str, cost: int = 1) -> None:
        wait_s = bucket.take(name, self._context.monotonic(), cost)
        if wait_s:
            raise problems.retry_after(
                Unavailable(
                    "expected fewer requests, found more than the rate allows",
                    fix="Wait as long as Retry-After says.",
                ),
                wait_s,
                429,
            )

    def _once(
        self,
        route: Route,
        params: Mapping[str, str],
        principal: Principal,
        now: int,
    ) -> Response:
        """Handle a request under its Idempotency-Key, or answer as before."""
        key = request.headers["Idempotency-Key"]
        if _IDEMPOTENCY_KEY.fullmatch(key) is None:
            raise EncodingError(
                "expected an Idempotency-Key of 1 to 128 visible characters, "
                "found another"
            )
        store, name = self._context.store, principal.name
        try:
            before = store.begin_request(
                name, key, _request_digest(), self._context.boot, now
            )
        except Conflict as error:
            raise Refusal(error, 409, {"Retry-After": "1"}) from None
        if before is not None:
            headers = cast(dict[str, str], decode(before.headers_json))
            response = Response(before.body, before.status)
            response.headers.update({**headers, "Idempotency-Replayed": "true"})
            return response
        try:
            response = self._handle(route, params, principal, now)
        except (PrivShareError, Refusal, HTTPException):
            store.release_request(name, key)
            raise
        kept: dict[str, Json] = dict(response.headers.items())
        data = response.get_data()
        store.finish_request(name, key, response.status_code, encode(kept), data)
        return response

    def _handle(
        self,
        route: Route,
        params: Mapping[str, str],
        principal: Principal | None,
        now: int,
    ) -> Response:
        with body.read(route.body, request, self._context.settings) as content:
            call = Call(
                context=self._context,
                principal=principal,
                path=request.path,
                params=route.read_params(params),
                query=body.read_query(route.query, request.query_string),
                body=content,
                if_match=_if_match(route),
                headers=_passed_on(request.environ),
                now=now,
            )
            made = route.handler(call)
        answer = made if isinstance(made, Answer) else Answer(made)
        return respond(route, answer)


def respond(route: Route, answer: Answer) -> Response:
    """Lay a handler's answer out as a response."""
    status = answer.status or route.status
    content = answer.body
    data: bytes | Iterator[bytes]
    if isinstance(content, bytes):
        data = content
    elif answer.media == JSON:
        data = b"" if status in (204, 304) else encode(cast(Json, content))
    else:
        data = iter(cast(Iterable[bytes], content))
    headers = {"Content-Type": answer.media, **_SECURITY}
    if route.access.kind != "public":
        headers |= _PRIVATE
    return Response(
        data, status, Headers(list((headers | dict(answer.headers)).items()))
    )


def trace_id(traceparent: str) -> str:
    """Take the caller's trace id (W3C Trace Context), or draw one."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return match[1] if match else secrets.token_hex(16)


def _authorise(route: Route, principal: Principal | None) -> None:
    if route.access.admits(principal):
        return
    if route.access.kind == "agency":
        raise NotPermitted(
            "expected another agency's node, found a person",
            fix="Ask your own node; it speaks with the others.",
            detail={"rule": "route.agency"},
        )
    roles = " or ".join(sorted(route.access.roles))
    raise NotPermitted(
        f"expected a person of this agency with the role {roles}, found another",
        fix="Ask the node's operator for the role.",
        detail={"rule": "route.role"},
    )


def _passed_on(environ: Mapping[str, Any]) -> dict[str, str]:
    return {name: environ.get(where, "") for name, where in PASSED_ON.items()}


def _if_match(route: Route) -> str | None:
    if not route.if_match:
        return None
    given = request.headers.get("If-Match", "")
    if not given:
        raise Refusal(
            Conflict(
                "expected If-Match with the ETag of what you have seen, found none",
                fix="GET it first, and send its ETag in If-Match.",
            ),
            428,
        )
    match = _ETAG.fullmatch(given)
    if match is None:
        raise EncodingError("expected If-Match with one strong ETag, found another")
    return match[1]


def _request_digest() -> bytes:
    """Digest what makes a request this request, the body by its own digest."""
    parts = [request.method, request.full_path]
    if has_body(request.environ):
        parts.append(request.headers.get("Content-Digest", ""))
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass"))


def _address() -> str:
    return f"address:{request.remote_addr or ''}"


def _of_http(error: HTTPException) -> Refusal:
    """Say what Flask and Werkzeug refuse in our own words."""
    code = error.code or 500
    if code == 404:
        return Refusal(
            NotFound(
                "expected a path of this node, found another",
                fix="GET /openapi.json lists the paths.",
            )
        )
    if code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return Refusal(
            StepNotAllowed(
                f"expected the method {allowed or 'of the path'}, found another",
                fix="GET /openapi.json lists the methods.",
            ),
            405,
            {"Allow": allowed} if allowed else {},
        )
    if code == 413:
        return body.too_large()
    if 400 <= code < 500:
        return Refusal(EncodingError("expected a complete HTTP request"), code)
    return Refusal(VerificationError("expected an answer, found a fault"), 500)
