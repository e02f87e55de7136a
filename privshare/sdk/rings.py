"""Rings and anonymous statements, as a node's own people see them; `net.rings`.

    steward    net.rings.register("officials", keys, regulators=[...], threshold=2)
    anybody    net.rings.statements("housing/officials")
    regulator  net.rings.message(id), net.rings.open(id, reason="...")

To speak as a member there is `privshare.ring`: it gives the node no name.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from privshare.errors import VerificationError
from privshare.ledger.ring_statement import message_digest
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.document import Document
from privshare.sdk.receipt import Receipt
from privshare.sdk.ring import Members, members_of, named
from privshare.sdk.session import Session
from privshare.wire.canonical import Encodable, b64u, unb64u

_RINGS = "/v1/rings"
_STATEMENTS = "/v1/statements"
_MOST = 10_000


class Rings(Bound[M]):
    """What can be done with rings under one's own name."""

    def __init__(self, driver: M, session: Session) -> None:
        super().__init__(driver)
        self._session = session

    @verb
    def list(self) -> Call[Sequence[Document]]:
        """List the rings of the network."""
        answer = yield from self._session.get(_RINGS)
        return answer.objs("items")

    @verb
    def __getitem__(self, name: str) -> Call[Members]:
        """Read a ring with its members' keys.

        Raises:
            NotFound: There is none of that name, or it has no members yet.
            VerificationError: The node gave another.
        """
        agency, _, rest = name.partition("/")
        path = f"{_RINGS}/{quote(agency, safe='')}/{quote(rest, safe='')}"
        return named(members_of((yield from self._session.get(path))), name)

    @verb
    def register(
        self,
        name: str,
        keys: Sequence[bytes],
        *,
        regulators: Sequence[str] = (),
        threshold: int = 0,
        repeat: str = "link",
    ) -> Call[Document]:
        """Register a ring of one's own agency, or its next epoch.

        Args:
            name: What stands behind the slash in the ring's name.
            keys: 2 to 4,096 members' public keys, in any order.
            regulators: Agencies that can name an author together, each by the
                `open` key that its node enrolled; none for nobody.
            threshold: How many of them it takes, 2 at least.
            repeat: `link` takes a member's second statement in a scope and
                says that it is one; `refuse` does not take it.

        Returns:
            `ring`, `epoch`, `size` and `digest`.

        Raises:
            EncodingError: A key that is none, or is there twice.
            OutOfRange: Too few or too many of something.
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {
            "keys": [b64u(key) for key in keys],
            "name": name,
            "regulators": [*regulators],
            "repeat": repeat,
            "threshold": threshold,
        }
        return (yield from self._session.send("POST", _RINGS, body))

    @verb
    def statements(self, ring: str = "", scope: str = "") -> Call[Sequence[Document]]:
        """List anonymous statements, the newest first."""
        query = {"ring": ring, "scope": scope}
        return (yield from self._session.items(_STATEMENTS, query, _MOST))

    @verb
    def statement(self, statement: str) -> Call[Document]:
        """What the ledger says about a statement.

        Raises:
            NotFound: There is none of that id.
        """
        return (yield from self._session.get(_path(statement)))

    @verb
    def message(self, statement: str) -> Call[bytes]:
        """Read the text of a statement, held against the ledger's digest.

        Raises:
            NotPermitted: We are neither its ring's owner nor a regulator.
            VerificationError: The node gave another text.
        """
        shown = yield from self._session.get(_path(statement))
        answer = yield from self._session.get(f"{_path(statement)}/message")
        message = unb64u(answer.str("message"))
        digest = message_digest(unb64u(answer.str("salt"), 32), message)
        if b64u(digest) != shown.str("digest"):
            raise VerificationError(
                "expected the text that the statement commits to, found another",
                fix="do not rely on this node; tell its operator",
            )
        return message

    @verb
    def open(self, statement: str, reason: str) -> Call[Document]:
        """Give this agency's part of naming a statement's author.

        Part and reason go on the ledger, for everybody to read; the part that
        makes enough names the author's key there.

        Returns:
            `member`, the author's public key or null, and `missing`: how many
            more regulators it takes.

        Raises:
            NotPermitted: This agency is no regulator of the ring.
            Conflict: It has given its part already.
        """
        path = f"{_path(statement)}/openings"
        return (yield from self._session.send("POST", path, {"reason": reason}))

    @verb
    def receipt(self, statement: str, message: bytes | None = None) -> Call[Receipt]:
        """Fetch and verify the receipt of a statement.

        Args:
            statement: Its id.
            message: Its text; the node is asked for it when it is not given.
        """
        shown = yield from self._session.get(_path(statement))
        if message is None:
            answer = yield from self._session.get(f"{_path(statement)}/message")
            message = unb64u(answer.str("message"))
        own = {"message": message}
        session, operations = self._session, ("statement.ring",)
        about = f"statement/{statement}"
        return (yield from session.receipt(shown.str("tx"), operations, about, own))


def _path(statement: str) -> str:
    return f"{_STATEMENTS}/{quote(statement, safe='')}"
