"""Errors as HTTP problems: the only map from an error's name to a status.

Whatever goes wrong while a request is served ends here and leaves as
`application/problem+json` (RFC 9457). The `title` is always a name of
`privshare.errors`, so that a client raises what the node raised; the status
may say more (413 and 415 are an OutOfRange and an EncodingError of HTTP).

    handler raises ─► problem_of ─► Problem ─► to_json ─► the client's error

An exception that is not ours becomes a bare 500 with a trace id; the log has
the rest under the same id.

>>> problem_of(errors.NotFound("expected a dataset, found none"), "t").status
404
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from privshare import errors
from privshare.wire.canonical import Json, encode

CONTENT_TYPE = "application/problem+json"

#: The nearest class of an error decides.
STATUS: Mapping[type[errors.PrivShareError], int] = {
    errors.EncodingError: 400,
    errors.OutOfRange: 400,
    errors.VerificationError: 422,
    errors.NotPermitted: 403,
    errors.Unauthenticated: 401,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.StepNotAllowed: 409,
    errors.Unavailable: 503,
    errors.SplitView: 500,
    errors.ConfigError: 500,
    errors.NativeError: 500,
}

_TYPE = "urn:privshare:problem:"

#: What a stranger may not read: the message of an error that is our fault.
_OURS = (errors.NativeError, errors.ConfigError)


class Refusal(Exception):
    """An error that HTTP knows more about than the error does.

    Args:
        error: What to say.
        status: The status in place of the one in `STATUS`.
        headers: To send along, such as Retry-After or Allow.
    """

    def __init__(
        self,
        error: errors.PrivShareError,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.status = status
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem report.

    Attributes:
        name: The error's name, or None for a fault of the node.
        status: The HTTP status.
        detail: What was expected, then what was found.
        fix: What the caller can do, or "".
        extra: Members for programs: `rule`, `errors`, `index` and the like.
        trace: Names the log line of this request.
        headers: To send along.
    """

    name: str | None
    status: int
    detail: str
    fix: str
    trace: str
    extra: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Lay the report out as RFC 9457 describes it."""
        return {
            **self.extra,
            "type": _TYPE + self.name if self.name else "about:blank",
            "title": self.name or "Internal Server Error",
            "status": self.status,
            "detail": self.detail,
            "fix": self.fix,
            "trace": self.trace,
        }

    def body(self) -> bytes:
        """The bytes to send; never fails, whatever an error carried."""
        try:
            return encode(self.to_json())
        except errors.PrivShareError:
            bare = Problem(self.name, self.status, "", self.fix, self.trace)
            return encode(bare.to_json())


def status_of(error: errors.PrivShareError) -> int:
    """Return the HTTP status of an error: that of its nearest listed class."""
    for cls in type(error).__mro__:
        if cls in STATUS:
            return STATUS[cls]
    return 500


def problem_of(error: BaseException, trace: str) -> Problem:
    """Turn anything that was raised into a report that may leave the node.

    Args:
        error: One of ours, a `Refusal`, or any other exception.
        trace: The id under which the log has the request.
    """
    headers: dict[str, str] = {}
    status = None
    if isinstance(error, Refusal):
        headers, status, error = error.headers, error.status, error.error
    if not isinstance(error, errors.PrivShareError) or isinstance(error, _OURS):
        return Problem(
            None,
            500,
            "the node met an error of its own",
            "Tell the node's operator the trace id; retrying may help.",
            trace,
        )
    status = status or status_of(error)
    if status == 503:
        headers.setdefault("Retry-After", "1")
    if status == 401:
        headers.setdefault("WWW-Authenticate", 'Signature realm="privshare"')
    return Problem(
        error.name, status, error.message, error.fix, trace, _extra(error), headers
    )


def _extra(error: errors.PrivShareError) -> dict[str, Json]:
    """The error's data, as far as JSON carries it."""
    members: dict[str, Json] = {}
    for name, value in error.detail.items():
        plain = _plain(value)
        if isinstance(name, str) and plain is not _NOTHING:
            members[name] = plain  # type: ignore[assignment]
    return members


_NOTHING = object()


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, list | tuple):
        return [v for v in map(_plain, value) if v is not _NOTHING]
    if isinstance(value, Mapping):
        pairs = ((str(k), _plain(v)) for k, v in value.items())
        return {k: v for k, v in pairs if v is not _NOTHING}
    return _NOTHING


def retry_after(error: errors.PrivShareError, seconds: float, status: int) -> Refusal:
    """Refuse for now, and say when to come back."""
    return Refusal(error, status, {"Retry-After": str(max(1, round(seconds + 0.5)))})
