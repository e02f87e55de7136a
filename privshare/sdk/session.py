"""What all verbs of one connection share: JSON in, JSON out, receipts checked.

A session turns a question into a `Request` and the `Response` into a
`Document` or an error. It repeats what may safely be repeated: reads, and
writes that carry an Idempotency-Key, which a node answers once however often
they arrive.

    verb ─► Session.get, .send ─► Request ─► Response ─► checked ─► Document
                 └► Session.receipt ─► Receipt, verified
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    PrivShareError,
    Unauthenticated,
    Unavailable,
)
from privshare.sdk.call import Bound, Call, M, Pause, Request, Response, fetch
from privshare.sdk.document import Document
from privshare.sdk.problem import checked
from privshare.sdk.receipt import Receipt, held_by_node
from privshare.wire.canonical import Encodable, Json, decode_loose, encode

if TYPE_CHECKING:
    from privshare.audit.trust_root import EvidenceRoots

T = TypeVar("T")

JSON = "application/json"
MAX_JSON_BYTES = 32 << 20

#: A question is put this often while nobody answers it.
ATTEMPTS = 3
_FIRST_PAUSE_S = 0.25

#: A receipt waits for the witnesses; this long, and then it is Unavailable.
RECEIPT_TIMEOUT_S = 60.0

#: Items a page, and pages that one listing follows.
PAGE = 200
MAX_PAGES = 500

#: Ids may be given by their first letters, this many at least.
MIN_BEGINNING = 6
ID_CHARS = 22


class Session:
    """One connection's settings.

    Args:
        trust: Text of the trust policy that receipts are judged by.
        clock: Unix seconds.
        tick: Monotonic seconds, for waiting.
        roots: Roots beside the makers' at which evidence of machines may end.
    """

    def __init__(
        self,
        trust: str,
        clock: Callable[[], float] = time.time,
        tick: Callable[[], float] = time.monotonic,
        roots: EvidenceRoots | None = None,
    ) -> None:
        self.trust = trust
        self.roots = roots
        self.clock = clock
        self.tick = tick

    def get(
        self, path: str, query: Mapping[str, str | int] | None = None
    ) -> Call[Document]:
        """Read a resource.

        Raises:
            PrivShareError: What the node reports.
        """
        response = yield from self.repeat(Request("GET", with_query(path, query or {})))
        return Document(read_json(response), path)

    def send(
        self,
        method: str,
        path: str,
        body: Encodable = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Call[Document]:
        """Change a resource; safe against being sent twice.

        Raises:
            PrivShareError: What the node reports.
        """
        request = Request(
            method,
            path,
            {
                **({"content-type": JSON} if body is not None else {}),
                "idempotency-key": secrets.token_urlsafe(18),
                **(headers or {}),
            },
            encode(body) if body is not None else b"",
        )
        response = yield from self.repeat(request)
        return Document(read_json(response) if response.body else {}, path)

    def upload(
        self, path: str, data: bytes | Path, media: str, name: str
    ) -> Call[Document]:
        """Send a file.

        Raises:
            PrivShareError: What the node reports.
        """
        request = Request(
            "POST",
            with_query(path, {"filename": name} if name else {}),
            {"content-type": media, "idempotency-key": secrets.token_urlsafe(18)},
            data if isinstance(data, bytes) else b"",
            data if isinstance(data, Path) else None,
        )
        response = yield from self.repeat(request)
        return Document(read_json(response), path)

    def items(
        self, path: str, query: Mapping[str, str | int], limit: int
    ) -> Call[list[Document]]:
        """Read a listing, page after page.

        Args:
            path: The listing.
            query: What to look for.
            limit: Most items to return.

        Raises:
            PrivShareError: What the node reports.
        """
        found: list[Document] = []
        next_path = with_query(path, {**query, "limit": min(limit, PAGE)})
        for _ in range(MAX_PAGES):
            response = yield from self.repeat(Request("GET", next_path))
            found.extend(Document(read_json(response), path).objs("items"))
            following = _next_page(response, path)
            if len(found) >= limit or following is None:
                break
            next_path = following
        return found[:limit]

    def receipt(
        self,
        receipt: str,
        operations: Sequence[str] = (),
        about: str = "",
        own: Mapping[str, bytes] | None = None,
    ) -> Call[Receipt]:
        """Fetch a receipt with what is attached to it, and verify it.

        Waits while the witnesses have not cosigned yet.

        Args:
            receipt: Its id.
            operations: What it must be a receipt of; empty for anything.
            about: A state key that it must prove; "" for any.
            own: Attachments that the caller has and the node has not.

        Raises:
            Unavailable: The witnesses did not cosign in time.
            VerificationError: It does not verify under the trust policy, or
                is about something else.
        """
        path = f"/v1/receipts/{quote(receipt, safe='')}"
        response = yield from self.until(
            lambda: self.once(Request("GET", path, {"accept": "*/*"})),
            RECEIPT_TIMEOUT_S,
        )
        attachments = dict(own or {})
        for name in held_by_node(response.body):
            if name in attachments:
                continue
            part = yield from self.repeat(
                Request(
                    "GET",
                    f"{path}/attachments/{quote(name, safe='')}",
                    {"accept": "*/*"},
                )
            )
            attachments[name] = part.body
        made = Receipt(response.body, attachments, self.trust, self.clock, self.roots)
        made.verify()
        made.is_of(receipt)
        return made.concerns(operations, about) if operations else made

    def complete(self, path: str, beginning: str) -> Call[str]:
        """Complete an id of which only the first letters were given.

        Args:
            path: The listing to look in.
            beginning: Six letters or more; a whole id is returned as it is.

        Raises:
            NotFound: Nothing, or more than one thing, begins so.
        """
        if len(beginning) >= ID_CHARS or len(beginning) < MIN_BEGINNING:
            return beginning
        items = yield from self.items(path, {}, MAX_PAGES * PAGE)
        found = [item.str("id") for item in items]
        fitting = [name for name in found if name.startswith(beginning)]
        if len(fitting) > 1:
            raise NotFound(
                f"expected one id that begins with {beginning}, found {len(fitting)}",
                fix="give more of its letters",
            )
        return fitting[0] if fitting else beginning

    def once(self, request: Request) -> Call[Response]:
        """Send a request, once.

        Raises:
            PrivShareError: What the node reports.
        """
        return checked((yield from fetch(request)))

    def repeat(self, request: Request) -> Call[Response]:
        """Send a request, and again while nobody is there.

        Raises:
            PrivShareError: What the node reports; Unavailable after
                `ATTEMPTS`.
        """
        pause_s = _FIRST_PAUSE_S
        for attempt in range(ATTEMPTS):
            try:
                return checked((yield from fetch(request)))
            except (Conflict, Unauthenticated, Unavailable) as error:
                if attempt == ATTEMPTS - 1 or not _passing(error, attempt):
                    raise
                asked = error.detail.get("retry_after_s", 0)
                if isinstance(error, Unauthenticated):
                    asked = 1
                yield Pause(max(pause_s, asked if isinstance(asked, int) else 0))
                pause_s *= 4
        raise Unavailable("expected an answer, found none")

    def until(self, ask: Callable[[], Call[T]], timeout_s: float) -> Call[T]:
        """Ask until the answer is there: Unavailable means not yet.

        Raises:
            Unavailable: It did not come in time.
        """
        deadline = self.tick() + timeout_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return (yield from ask())
            except Unavailable:
                if self.tick() + pause_s > deadline:
                    raise
            yield Pause(pause_s)
            pause_s = min(2.0, pause_s * 1.5)


class Live(Bound[M]):
    """A thing at the node that this connection can act on.

    Args:
        driver: Runs the verbs.
        session: The connection.
        document: The thing as the node showed it last.
    """

    def __init__(self, driver: M, session: Session, document: Document) -> None:
        super().__init__(driver)
        self._session = session
        self._document = document


def with_query(path: str, query: Mapping[str, str | int]) -> str:
    """A path with its query, percent-encoded."""
    wanted = {name: value for name, value in query.items() if value != ""}
    return f"{path}?{urlencode(wanted, quote_via=quote)}" if wanted else path


def read_json(response: Response) -> Json:
    """Read a JSON body.

    Raises:
        EncodingError: Another media type, or not JSON.
    """
    media = response.headers.get("content-type", "").partition(";")[0].strip()
    if media != JSON and not media.endswith("+json"):
        raise EncodingError(
            f"expected {JSON} from the node, found {media[:60] or 'no content type'}",
            fix="check that the address is that of a PrivShare node",
        )
    return decode_loose(response.body, max_bytes=MAX_JSON_BYTES)


def _passing(error: PrivShareError, attempt: int) -> bool:
    """Whether asking again may help.

    A Conflict helps only when we asked before: then the node is still busy
    with the first of two equal requests, and names a time to come back. A
    signature is stale when the node began to serve in this very second.
    """
    if isinstance(error, Unauthenticated):
        return attempt == 0 and error.detail.get("reason") == "stale"
    if isinstance(error, Conflict):
        return attempt > 0 and "retry_after_s" in error.detail
    return True


def _next_page(response: Response, path: str) -> str | None:
    """The path of the next page, when a Link header names one of this listing."""
    for link in response.headers.get("link", "").split(","):
        target, _, parameters = link.strip().partition(">")
        if 'rel="next"' in parameters.replace(" ", "") and target.startswith("<"):
            parts = urlsplit(target[1:])
            if parts.path == path:
                return f"{parts.path}?{parts.query}"
    return None
