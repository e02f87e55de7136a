"""The anonymous report: one of eight officials speaks, and two regulators ask who.

Played on running nodes, with what their users would use. The officials' keys
are made here, in memory; whoever is behind a statement is known to this
process alone, which is how it can check what the network says.

    register ─► sign ─► post ─► linked ─► open by two of three ─► the key that signed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from privshare.demo.narrator import Narrator
from privshare.errors import PrivShareError
from privshare.schemes.ring_key import RingKey
from privshare.sdk import ring
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client
from privshare.sdk.document import Document
from privshare.sdk.receipt import Receipt
from privshare.wire.canonical import b64u

OFFICIALS = 8
SCOPE = "misuse-2026"
NAME = "officials"
_SPEAKER, _OTHER = 4, 1
_TEXT = b"Deeds of one family are looked up every evening, and nobody asked for it."
_AGAIN = b"It happened again yesterday."
_OTHERS = b"I have seen it as well."


class ReportError(Exception):
    """A claim of this step did not hold."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the step is played on.

    Attributes:
        owner: The agency whose officials they are.
        regulators: Agencies that can open together.
        together: How many of them it takes.
        posting: URL of the first regulator's node.
        client: Connects to an agency as somebody of a role.
        until: Waits until something is true.
        keep: Files a receipt under a name.
        tell: To whom.
    """

    owner: str
    regulators: tuple[str, ...]
    together: int
    posting: str
    client: Callable[[str, str], Client[Blocking]]
    until: Callable[[Callable[[], bool]], None]
    keep: Callable[[str, Receipt], None]
    tell: Narrator


def report(stage: Stage) -> str:
    """Play it.

    Returns:
        What happened, in a clause.

    Raises:
        ReportError: A claim did not hold.
        PrivShareError: What a node says.
    """
    keys = [RingKey.generate() for _ in range(OFFICIALS)]
    members = _register(stage, keys)
    first = _say(stage, members, keys[_SPEAKER], _TEXT)
    stage.tell.good(
        f"somebody of {OFFICIALS} officials of {stage.owner} reports, through another "
        f"agency's node: statement {first.id[:8]}"
    )
    other = _say(stage, members, keys[_OTHER], _OTHERS)
    again = _say(stage, members, keys[_SPEAKER], _AGAIN)
    if (first.number, other.number, again.number) != (1, 1, 2):
        raise ReportError(
            f"expected statements 1, 1 and 2 of their signers, found {first.number}, "
            f"{other.number} and {again.number}"
        )
    stage.tell.good(
        "a second official's is another signer's; the first one's next is linked to "
        "the first, and nobody knows to whom"
    )
    _open(stage, first.id, keys[_SPEAKER])
    return (
        f"one of {OFFICIALS} spoke, the second statement was linked, "
        f"{stage.together} of {len(stage.regulators)} regulators named the author"
    )


def _register(stage: Stage, keys: list[RingKey]) -> ring.Members:
    steward = stage.client(stage.owner, "steward")
    done = steward.rings.register(
        NAME,
        [key.public for key in keys],
        regulators=stage.regulators,
        threshold=stage.together,
    )
    name = done.str("ring")
    stage.tell.say(
        f"{stage.owner} registers the ring {name}: {OFFICIALS} keys; any "
        f"{stage.together} of {', '.join(stage.regulators)} can name an author"
    )
    found: list[ring.Members] = []

    def known() -> bool:
        try:
            found.append(ring.find(name, stage.posting))
        except PrivShareError:
            return False
        return True

    stage.until(known)
    return found[-1]


def _say(stage: Stage, members: ring.Members, key: RingKey, text: bytes) -> ring.Posted:
    signed = ring.sign(text, SCOPE, ring=members, key=key)
    return ring.post(signed, stage.posting)


def _open(stage: Stage, statement: str, author: RingKey) -> None:
    """Two regulators read the text and name its author; one of them cannot."""
    reason = "the report names a living person: heard by the review board"
    answers: list[Mapping[str, object]] = []
    for agency in stage.regulators[: stage.together]:
        regulator = stage.client(agency, "regulator")

        def arrived(regulator: Client[Blocking] = regulator) -> bool:
            return _known(regulator, statement, len(answers))

        stage.until(arrived)
        if regulator.rings.message(statement) != _TEXT:
            raise ReportError(f"{agency} read another text than was written")
        done = regulator.rings.open(statement, reason)
        answers.append(done)
        if done["member"] is None:
            stage.tell.refused(
                f"{agency} alone opens nothing: {done.int('missing')} more needed"
            )
    last = answers[-1]
    if last["member"] != b64u(author.public):
        raise ReportError("the opening named another key than the one that signed")
    stage.tell.good(
        f"{' and '.join(stage.regulators[: stage.together])} together name the key "
        "that signed; their reason is on the ledger"
    )
    taker = stage.client(stage.regulators[0], "regulator")
    stage.keep("report", taker.rings.receipt(statement, _TEXT))
    opener = stage.client(stage.regulators[stage.together - 1], "regulator")
    stage.keep("named", opener.receipt(_opening_of(opener)))


def _known(client: Client[Blocking], statement: str, parts: int) -> bool:
    """Whether a node knows the statement and so many parts of its opening."""
    try:
        found: Document = client.rings.statement(statement)
    except PrivShareError:
        return False
    return len(found.obj("opening").objs("partials")) >= parts


def _opening_of(client: Client[Blocking]) -> str:
    for item in client.receipts():
        if item.str("operation") == "ring.opening":
            return item.str("id")
    raise ReportError("an opening left no receipt")
