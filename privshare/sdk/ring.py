"""Ring signatures: say something as one of many, without saying which.

    place  = ring.find("housing/officials", "misuse-2026", node)
    signed = ring.sign(b"...", "misuse-2026", ring="housing/officials", key=my_key)
    posted = ring.post(signed, node)          # nobody signs the request

What is signed is bound to a ring, its epoch and a scope. Two statements of one
member in one scope are linked, whoever she is; in two scopes they are not.
Nothing here speaks to a node under the caller's name: the list of members is
public, and a statement is posted without one.

Implements docs/protocols/ring.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from privshare.errors import EncodingError, NotFound, OutOfRange, VerificationError
from privshare.ledger import ring_statement
from privshare.ledger.ring_statement import Place, SignedStatement
from privshare.schemes.ring import Regulators, Ring
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import RingSignature
from privshare.sdk import wallet
from privshare.sdk.call import Call
from privshare.sdk.document import Document
from privshare.sdk.nameless import nameless
from privshare.sdk.ring_key_file import create_ring_key as new_key
from privshare.sdk.ring_key_file import open_ring_key as open_key
from privshare.sdk.session import Session
from privshare.wire.canonical import Encodable, Fields, b64u, decode, encode, unb64u

__all__ = [
    "Members",
    "Posted",
    "SignedStatement",
    "find",
    "link",
    "load",
    "load_members",
    "new_key",
    "open_key",
    "post",
    "save",
    "save_members",
    "sign",
    "verify",
]

MAX_FILE = 1 << 20
_MEMBERS = "privshare.ring"


@dataclass(frozen=True, slots=True)
class Members:
    """A ring as its network knows it: who may have spoken, who may name them.

    Attributes:
        network: The network's id.
        name: `<agency>/<name>`.
        epoch: Which list of members this is.
        ring: The members' keys.
        regulators: Who can open a statement together; None for nobody.
    """

    network: str
    name: str
    epoch: int
    ring: Ring
    regulators: Regulators | None

    def place(self, scope: str) -> Place:
        """What a signature by one of them is for."""
        return Place(self.network, self.name, self.epoch, scope)


@dataclass(frozen=True, slots=True)
class Posted:
    """A statement that is on the ledger.

    Attributes:
        id: The statement; `statement_id` computes it without asking anybody.
        tx: The transaction, and the receipt's id.
        index: Log index.
        number: 1 for the first of this signer in this scope, 2 for the next.
    """

    id: str
    tx: str
    index: int
    number: int


def sign(
    message: bytes | str,
    scope: str,
    *,
    ring: Members | str,
    key: RingKey,
    node: str | wallet.Profile = "default",
) -> SignedStatement:
    """Sign a message as some member of a ring.

    Args:
        message: At most 64 KiB; text is taken as UTF-8.
        scope: Where two statements of one member are linked: 1 to 128
            printable ASCII characters, agreed on by those who listen.
        ring: From `find`; or a name, and then `node` is asked for it.
        key: The member's.
        node: Profile or URL to ask for the ring; no name is given to it.

    Raises:
        NotFound: The key is none of the ring.
        OutOfRange, EncodingError: A message or scope of another form.

    Leaks:
        That one of the members spoke; to `threshold` regulators together,
        if the ring has any, which one. Docs/limits.md says what else can.
    """
    members = find(ring, node) if isinstance(ring, str) else ring
    data = message.encode() if isinstance(message, str) else message
    return ring_statement.sign(
        data, members.place(scope), members.ring, key, members.regulators
    )


def verify(signed: SignedStatement, members: Members) -> bytes:
    """Check that some member of a ring signed.

    Args:
        signed: From anywhere.
        members: Of the ring and epoch that it names.

    Returns:
        The tag: the same for all that this member says in this scope.

    Raises:
        SignatureInvalid: None of them did.
        VerificationError: It is about another ring, epoch or network.
    """
    place = signed.place
    named = (place.network, place.ring, place.epoch)
    if named != (members.network, members.name, members.epoch):
        raise VerificationError(
            f"expected a statement of {members.name}, epoch {members.epoch}, in "
            f"{members.network}; found one of {place.ring}, epoch {place.epoch}, in "
            f"{place.network}",
            fix=f"use the members of {place.ring}, epoch {place.epoch}",
        )
    digest = ring_statement.message_digest(signed.salt, signed.message)
    found = ring_statement.verify(
        signed.signature, digest, place, members.ring, members.regulators
    )
    return found.tag


def link(a: SignedStatement, b: SignedStatement, members: Sequence[Members]) -> bool:
    """Tell whether two statements of one scope have one author.

    Args:
        a: One.
        b: The other.
        members: The rings' members; the one that fits each is used.

    Raises:
        SignatureInvalid: One of them is signed by nobody of its ring.
        OutOfRange: They are of different scopes: nobody can tell.
        NotFound: No list of members fits.
    """
    tags = [verify(one, _fitting(one, members)) for one in (a, b)]
    if a.place.scope_bytes != b.place.scope_bytes:
        raise OutOfRange(
            "expected two statements of one ring and scope, found them in different "
            "ones: nobody can tell"
        )
    return tags[0] == tags[1]


def post(signed: SignedStatement, node: str | wallet.Profile = "default") -> Posted:
    """Put a statement on the ledger, through any node of the network.

    The request carries no name and no signature of a person. The node sees the
    address it comes from: docs/limits.md says what that means.

    Raises:
        SignatureInvalid: None of the ring's members signed.
        PrivShareError: What the node reports.
    """

    def call(session: Session) -> Call[Document]:
        return session.send("POST", "/v1/statements/ring", signed.to_json())

    answer = nameless(node, call)
    return Posted(
        answer.str("id"), answer.str("tx"), answer.int("index"), answer.int("number")
    )


def find(name: str, node: str | wallet.Profile = "default") -> Members:
    """Ask a node for a ring's members, without giving a name.

    The list decides how anonymous its members are, and a signature can be opened
    with the regulators' keys that the node shows, whoever has these. Save it and
    compare files, or `ring.digest` and `regulators.digest`, with somebody else in
    the ring who asked another node.

    Raises:
        NotFound: There is no such ring.
        EncodingError: What the node answers is none.
        VerificationError: It is another ring.
    """
    agency, _, rest = name.partition("/")
    path = f"/v1/rings/{agency}/{rest}"
    answer = nameless(node, lambda session: session.get(path))
    return named(members_of(answer), name)


def named(members: Members, name: str) -> Members:
    """Hold a ring to the name that was asked for.

    A signature is for the ring that it was made with, whatever the signer had
    in mind.

    Raises:
        VerificationError: It has another.
    """
    if members.name != name:
        raise VerificationError(
            f"expected the ring {name}, found {members.name}",
            fix="do not sign with it; ask another node for the ring",
        )
    return members


def members_of(answer: Document) -> Members:
    """Read a ring as a node shows it.

    Raises:
        NotFound: It has no members in force.
        EncodingError: Another form, or not the keys that it names.
    """
    if answer["epoch"] is None:
        raise NotFound(
            f"expected a ring in use, found {answer.str('ring')} without members",
        )
    ring = Ring([unb64u(key, 32) for key in answer.strs("keys")])
    if b64u(ring.digest) != answer.str("digest"):
        raise EncodingError("expected the keys of the ring's digest, found others")
    regulators = None
    if answer["regulators"] is not None:
        shown = answer.obj("regulators")
        keys = [unb64u(one.str("pub"), 32) for one in shown.objs("keys")]
        regulators = Regulators(shown.int("threshold"), keys)
    return Members(
        answer.str("network"),
        answer.str("ring"),
        answer.int("epoch"),
        ring,
        regulators,
    )


def save(signed: SignedStatement) -> bytes:
    """Lay a signed statement out as its file holds it, the message in it."""
    return encode(signed.to_json())


def load(data: bytes) -> SignedStatement:
    """Read what `save` wrote.

    Raises:
        EncodingError: Something else.
    """
    return SignedStatement.from_json(decode(data.strip(), max_bytes=MAX_FILE))


def save_members(members: Members) -> bytes:
    """Lay a ring out as a file, to verify with later and elsewhere."""
    regulators: Encodable = None
    if members.regulators is not None:
        regulators = {
            "keys": [b64u(key) for key in members.regulators.keys],
            "threshold": members.regulators.threshold,
        }
    return encode(
        {
            "epoch": members.epoch,
            "keys": [b64u(key) for key in members.ring.keys],
            "network": members.network,
            "regulators": regulators,
            "ring": members.name,
            "type": _MEMBERS,
            "v": 1,
        }
    )


def load_members(data: bytes) -> Members:
    """Read what `save_members` wrote.

    Raises:
        EncodingError: Something else.
        OutOfRange: A ring of fewer than 2 members, or of too many.
    """
    fields = Fields(decode(data.strip(), max_bytes=MAX_FILE), where="ring")
    fields.constant("type", _MEMBERS)
    fields.constant("v", 1)
    shown = fields.json("regulators")
    regulators = None
    if shown is not None:
        inner = Fields(shown, where="ring.regulators")
        listed = [unb64u(key, 32) for key in inner.str_list("keys", 16)]
        regulators = Regulators(inner.int("threshold", 2, 16), listed)
        inner.end()
    members = Members(
        fields.str("network", max=63),
        fields.str("ring", max=96),
        fields.int("epoch", 1),
        Ring([unb64u(key, 32) for key in fields.str_list("keys", 4096)]),
        regulators,
    )
    fields.end()
    return members


def tag_of(signed: SignedStatement) -> bytes:
    """The tag that a statement claims; `verify` says whether it is its own."""
    return RingSignature.from_bytes(signed.signature).tag


def statement_id(signed: SignedStatement) -> str:
    """The id under which every node of the network shows a statement."""
    digest = ring_statement.message_digest(signed.salt, signed.message)
    return ring_statement.statement_id(signed.place, tag_of(signed), digest)


def _fitting(signed: SignedStatement, members: Sequence[Members]) -> Members:
    place = signed.place
    for one in members:
        if (one.network, one.name, one.epoch) == (
            place.network,
            place.ring,
            place.epoch,
        ):
            return one
    raise NotFound(
        f"expected the members of {place.ring}, epoch {place.epoch}, found none"
    )
