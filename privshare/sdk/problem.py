"""Problem reports of a node, back as the errors they were.

A node answers a refusal with `application/problem+json`, whose title is the
name of the error class (docs/errors.md). Here the name becomes the class
again, so that `except GrantExpired` means the same on both sides of HTTP.

    Response ─► checked ─► Response          or the error it stands for

Implements RFC 9457.
"""

from __future__ import annotations

from privshare import errors
from privshare.errors import EncodingError, PrivShareError
from privshare.sdk.call import Response
from privshare.wire.canonical import Json, decode_loose

_MAX_BYTES = 1 << 20

# Titles of HTTP itself, and answers of proxies that know no title of ours.
_BY_STATUS: dict[int, type[PrivShareError]] = {
    401: errors.Unauthenticated,
    403: errors.NotPermitted,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.Conflict,
    422: errors.EncodingError,
    429: errors.Unavailable,
    428: errors.Conflict,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}


def checked(response: Response) -> Response:
    """Return a response that succeeded.

    Raises:
        PrivShareError: The error that the node reported. Its detail holds the
            report's further fields: `rule`, `errors`, `trace`, `status`, and
            `retry_after_s` where the node named a time.
    """
    if 200 <= response.status < 300:
        return response
    raise _error(response)


def retry_after_s(response: Response) -> int | None:
    """The seconds that a Retry-After header names; None without one."""
    text = response.headers.get("retry-after", "")
    return min(int(text), 3600) if text.isdecimal() and len(text) < 8 else None


def _error(response: Response) -> PrivShareError:
    report = _report(response)
    kind = _kind(str(report.get("title", "")), response.status)
    message = report.get("detail")
    fix = report.get("fix")
    detail = {
        key: value
        for key, value in report.items()
        if key not in ("type", "title", "detail", "fix", "status")
    }
    detail["status"] = response.status
    wait_s = retry_after_s(response)
    if wait_s is not None:
        detail["retry_after_s"] = wait_s
    return kind(
        message
        if isinstance(message, str) and message
        else f"expected success from the node, found HTTP status {response.status}",
        fix=fix if isinstance(fix, str) else "",
        detail=detail,
    )


def _report(response: Response) -> dict[str, Json]:
    media = response.headers.get("content-type", "").partition(";")[0].strip()
    if media != "application/problem+json":
        return {}
    try:
        report = decode_loose(response.body, max_bytes=_MAX_BYTES)
    except EncodingError:
        return {}
    return report if isinstance(report, dict) else {}


def _kind(title: str, status: int) -> type[PrivShareError]:
    named = getattr(errors, title, None) if title.isidentifier() else None
    if isinstance(named, type) and issubclass(named, PrivShareError):
        return named
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return errors.EncodingError if 400 <= status < 500 else errors.Unavailable
