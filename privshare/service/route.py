"""A route as a row of data: everything about it stands in one place.

Flask's rules, the checks of `layer`, the OpenAPI document, the matrix of roles
in docs/rest.md and the tests are all derived from these rows, so none of them
can say something else.

    ROUTES = (Route("GET", "/v1/me", handler=me, access=PEOPLE, summary="..."),)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from privshare.errors import NotFound
from privshare.rights import identifier
from privshare.service.auth import ROLES, Agency, Person, Principal
from privshare.wire.canonical import Encodable

if TYPE_CHECKING:
    from privshare.service.context import Context

JSON = "application/json"
MAX_JSON = 256 * 1024

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Model(BaseModel):
    """A body or a query: no field beyond those named, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route.

    Attributes:
        kind: `public` asks nobody for a signature; `person` is somebody of
            this agency, `agency` another agency's node.
        roles: A person has at least one of them.
    """

    kind: Literal["public", "person", "agency"]
    roles: frozenset[str] = frozenset()

    def admits(self, principal: Principal | None) -> bool:
        """Tell whether this principal may call the route."""
        if self.kind == "public":
            return True
        if self.kind == "agency":
            return isinstance(principal, Agency)
        return isinstance(principal, Person) and bool(self.roles & principal.roles)


PUBLIC = Access("public")
AGENCIES = Access("agency")


def people(*roles: str) -> Access:
    """People with one of these roles."""
    return Access("person", frozenset(roles))


EVERYBODY = people(*ROLES)


@dataclass(frozen=True, slots=True)
class Body:
    """What a route takes.

    Attributes:
        media: The content type; `*/*` takes any.
        model: Reads a JSON body; None hands on the decoded JSON or the bytes.
        max_bytes: Longer bodies are refused unread.
        stream: Hand on a file, held to its digest, in place of bytes.
        setting: A setting that lowers `max_bytes`, or "".
        optional: Whether the body may be missing; the handler gets None.
    """

    media: str = JSON
    model: type[Model] | None = None
    max_bytes: int = MAX_JSON
    stream: bool = False
    setting: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns.

    Attributes:
        body: JSON, bytes, or an iterator of bytes (an event stream).
        status: When it is not the route's own.
        headers: To send along.
        media: The content type where the body is not JSON.
    """

    body: Encodable | Iterable[bytes] = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way to a handler, every check behind it.

    Attributes:
        context: The node's parts.
        principal: Who asks; None on public routes.
        path: The request's path, for links.
        params: The path's parameters, of their forms.
        query: The route's query model, or None.
        body: The route's body: a model, JSON, bytes or a file.
        if_match: The ETag that the caller has seen, without quotes, or None.
        headers: The few others that handlers read, lower case.
        now: Unix seconds.
    """

    context: Context
    principal: Principal | None
    path: str
    params: Mapping[str, str]
    query: Any
    body: Any
    if_match: str | None
    headers: Mapping[str, str]
    now: int

    @property
    def person(self) -> Person:
        """The caller of a route for people."""
        if not isinstance(self.principal, Person):
            raise TypeError("this route is not for people")
        return self.principal

    @property
    def agency(self) -> Agency:
        """The caller of a route for agencies."""
        if not isinstance(self.principal, Agency):
            raise TypeError("this route is not for agencies")
        return self.principal

    @property
    def file(self) -> IO[bytes]:
        """The body of a route that streams."""
        return self.body  # type: ignore[no-any-return]


Handler = Callable[[Call], "Answer | Encodable"]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the route table.

    Attributes:
        method: The HTTP method.
        path: A template: `/v1/grants/{id}`.
        handler: Does the work.
        access: Who may call.
        summary: One sentence for the documents.
        body: What it takes, or None.
        query: Reads the query, or None for no query.
        answer: Describes a JSON answer; None for any JSON or another media.
        media: The content type of the answer.
        status: Of the answer when all went well.
        idempotent: Whether an Idempotency-Key is honoured.
        if_match: Whether If-Match is required.
        refusals: Statuses beyond those that every such route may give.
        limited: Whether the rate limit counts it.
        cost: As how many requests the rate limit counts it.
    """

    method: Method
    path: str
    handler: Handler
    access: Access
    summary: str
    body: Body | None = None
    query: type[Model] | None = None
    answer: type[BaseModel] | None = None
    media: str = JSON
    status: int = 200
    idempotent: bool = False
    if_match: bool = False
    refusals: tuple[int, ...] = ()
    limited: bool = True
    cost: int = 1

    @property
    def name(self) -> str:
        """Unique among routes: `POST /v1/grants`."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def flask_rule(self) -> str:
        """The path as Flask spells it."""
        return re.sub(r"{(key|path)}", r"<path:\1>", self.path).translate(_BRACES)

    def read_params(self, params: Mapping[str, str]) -> Mapping[str, str]:
        """Hold the path's parameters to their forms.

        Raises:
            NotFound: A parameter that names nothing.
        """
        for name, value in params.items():
            if PARAMETERS[name].pattern.fullmatch(value) is None:
                raise NotFound(f"expected {PARAMETERS[name].noun} in the path")
        return params


_BRACES = str.maketrans("{}", "<>")


@dataclass(frozen=True, slots=True)
class Parameter:
    """The form of a parameter in a path."""

    noun: str
    pattern: re.Pattern[str]
    example: str


def _form(form: identifier.Form, pattern: str | None = None) -> Parameter:
    compiled = re.compile(pattern) if pattern else form.pattern
    return Parameter(form.noun, compiled, form.example)


_NAME = Parameter(
    "a dataset's name", re.compile(r"[a-z0-9][a-z0-9-]{0,62}"), "returns-2025"
)
_ANY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

#: Every name that a path may hold.
PARAMETERS: Mapping[str, Parameter] = {
    "agency": _form(identifier.AGENCY),
    "name": _NAME,
    "id": Parameter("an id", _ANY_ID, "A" * 43),
    "job": Parameter("a job's id", _ANY_ID, "A" * 43),
    "submission": Parameter(
        "a submission's digest", re.compile(r"[A-Za-z0-9_-]{43}"), "A" * 43
    ),
    "survey": Parameter("a survey's id", _ANY_ID, "A" * 43),
    "key": Parameter("a row's key", re.compile(r"[^\x00-\x1f]{1,256}"), "R-100"),
    "file": Parameter(
        "an attachment", re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"), "record.json"
    ),
    "index": Parameter("a log index", re.compile(r"0|[1-9][0-9]{0,14}"), "0"),
    "code": Parameter("a program's digest", re.compile(r"[A-Za-z0-9_-]{43}"), "A" * 43),
    "epoch": Parameter("an epoch", re.compile(r"[1-9][0-9]{0,14}"), "1"),
    "path": Parameter(
        "a tile",
        re.compile(
            r"(?:[0-9]{1,2}|entries)/(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?"
        ),
        "0/000",
    ),
}
