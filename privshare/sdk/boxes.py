"""Messages of one's accounts, through one's own node; `net.boxes`.

    net.boxes.put("ada@labour.example", box, "question.1", b"...", agency="tax")
    net.boxes.names("ada@labour.example", box, agency="tax") ─► ["answer.1"]

The node signs for its people and asks the node of `agency`, which keeps the
box. `privshare.bridge.node_store` makes of it what PySyft's clients need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from privshare.errors import EncodingError
from privshare.jobs.submission.box import Box, Kind
from privshare.sdk.call import Bound, Call, M, Request, verb
from privshare.sdk.document import Document
from privshare.sdk.session import MAX_PAGES, Session, read_json, with_query

__all__ = ["Boxes"]

_BOXES = "/v1/boxes"
_BYTES = "application/octet-stream"


class Boxes(Bound[M]):
    """What can be done with the boxes of an account of one's own."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def put(
        self, account: str, box: Box, name: str, data: bytes, *, agency: str = ""
    ) -> Call[None]:
        """Write a file, in place of an older one of that name.

        Args:
            account: One's own.
            box: Where to.
            name: Any text of up to `MAX_NAME` bytes.
            data: Up to `MAX_FILE` bytes.
            agency: Whose node keeps the box; "" for one's own.

        Raises:
            PrivShareError: What the node reports; `detail["rule"]` names why.
        """
        path = _path("/file", _fields(account, box, agency) | {"name": name})
        request = Request("PUT", path, {"content-type": _BYTES}, data)
        yield from self._session.repeat(request)

    @verb
    def get(
        self, account: str, box: Box, name: str, *, agency: str = ""
    ) -> Call[bytes]:
        """A file's bytes; arguments as `put`.

        Raises:
            NotFound: No such file (rule box.file), or no such owner.
            PrivShareError: What else the node reports.
        """
        path = _path("/file", _fields(account, box, agency) | {"name": name})
        response = yield from self._session.repeat(
            Request("GET", path, {"accept": "*/*"})
        )
        return response.body

    @verb
    def drop(self, account: str, box: Box, name: str) -> Call[None]:
        """Take a file out of a box of one's own account, if it is there.

        Raises:
            PrivShareError: What the node reports.
        """
        path = _path("/file", _fields(account, box, "") | {"name": name})
        yield from self._session.repeat(Request("DELETE", path))

    @verb
    def names(self, account: str, box: Box, *, agency: str = "") -> Call[Sequence[str]]:
        """Names of the files in a box, in order of code points.

        Raises:
            PrivShareError: What the node reports.
        """
        items = yield from self._items("", _fields(account, box, agency), "name")
        return [item.str("name") for item in items]

    @verb
    def others(
        self, account: str, kind: Kind, *, agency: str = ""
    ) -> Call[Mapping[str, str]]:
        """Accounts at the other end of one's boxes of a kind, with their agencies.

        Args:
            account: One's own.
            kind: Of the boxes.
            agency: At whose node; "" for one's own. Of `shown` and `outbox`
                those of its accounts that show something to this one.

        Returns:
            The agency of each account; "" where the node does not know it.

        Raises:
            PrivShareError: What the node reports.
        """
        fields = {"account": account, "kind": kind, "agency": agency}
        items = yield from self._items("/others", fields, "account")
        return {item.str("account"): _agency(item) for item in items}

    @verb
    def account(self, account: str, about: str) -> Call[Document]:
        """Whose an account is: its `agency` and its `enrolment`.

        Raises:
            NotFound: It has not shown its enrolment to one's own node.
            PrivShareError: What else the node reports.
        """
        path = _path("/account", {"account": account, "about": about})
        return (yield from self._session.get(path))

    def _items(
        self, path: str, fields: Mapping[str, str], by: str
    ) -> Call[list[Document]]:
        """Every page of a list."""
        found: list[Document] = []
        after = ""
        for _ in range(MAX_PAGES):
            target = _path(path, {**fields, "after": after})
            response = yield from self._session.repeat(Request("GET", target))
            page = Document(read_json(response), target)
            found += page.objs("items")
            following = page.str("next", "")
            if not following:
                return found
            if following <= after:
                break
            after = following
        raise EncodingError(
            f"expected a list by {by} that ends, found one that does not"
        )


def _agency(item: Document) -> str:
    return item.str("agency", "")


def _fields(account: str, box: Box, agency: str) -> dict[str, str]:
    return {
        "account": account,
        "agency": agency,
        "kind": box.kind,
        "other": box.other,
        "owner": box.owner,
    }


def _path(path: str, query: Mapping[str, str]) -> str:
    return with_query(f"{_BOXES}{path}", query)
