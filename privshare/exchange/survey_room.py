"""What a node keeps of the surveys that it takes part in.

    room "survey:<id>"   document, secret, uploads, state of the batch, release

Everything that a survey needs after a crash is there before anything that
follows from it leaves the node. Keys and shares stand beside the node's rows:
whoever reads those reads these.

Implements docs/protocols/vdaf.md, section 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from privshare.errors import NotFound, StepNotAllowed
from privshare.exchange.node import Node
from privshare.exchange.survey_door import Door
from privshare.ledger import survey as held
from privshare.ledger.survey import Status
from privshare.rights import identifier
from privshare.schemes.hybrid_sealing import HybridKey
from privshare.schemes.hybrid_sealing import available as has_hybrid
from privshare.schemes.sealing import SealKey
from privshare.wire.canonical import Fields, b64u, decode, encode

if TYPE_CHECKING:
    from privshare.jobs.survey.batch import Keys
    from privshare.jobs.survey.task import Survey
    from privshare.schemes.recipient import Opener

__all__ = [
    "PREFIX",
    "Secret",
    "door",
    "entered",
    "find",
    "keys_of",
    "need_status",
    "role_of",
    "room_of",
    "rooms",
    "running",
    "secret_of",
]

PREFIX: Final = "survey:"


@dataclass(frozen=True, slots=True)
class Secret:
    """What a party of a survey must not tell.

    Attributes:
        seed: Of the key that others seal to.
        suite: Which kind of key.
        verify_key: The aggregators' common key, or None: not there yet.
        made: Unix seconds.
    """

    seed: bytes = field(repr=False)
    suite: str
    verify_key: bytes | None = field(repr=False)
    made: int

    @classmethod
    def new(cls, now: int, verify_key: bytes | None = None) -> Secret:
        """Draw a key: a hybrid one where it can be."""
        key = HybridKey.generate() if has_hybrid() else SealKey.generate()
        suite = "mlkem768-x25519" if isinstance(key, HybridKey) else "x25519"
        return cls(key.seed(), suite, verify_key, now)

    @property
    def opener(self) -> Opener:
        """The key itself."""
        kind = SealKey if self.suite == "x25519" else HybridKey
        return kind.from_seed(self.seed)

    def to_bytes(self) -> bytes:
        """For one's own storage."""
        return encode(
            {
                "made": self.made,
                "seed": b64u(self.seed),
                "suite": self.suite,
                "verify_key": None
                if self.verify_key is None
                else b64u(self.verify_key),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Secret:
        """Read what `to_bytes` wrote."""
        fields = Fields(decode(data), "secret")
        key = fields.nullable("verify_key", fields.bytes, 32)
        made = cls(
            fields.bytes("seed", 32), fields.str("suite"), key, fields.int("made", 0)
        )
        fields.end()
        return made


def room_of(survey: str) -> str:
    """Where a survey's blobs stand.

    Raises:
        EncodingError: Not an id.
    """
    return PREFIX + identifier.ID.check(survey, "survey")


def rooms(node: Node, *, all_: bool = False) -> list[str]:
    """The surveys that this node takes part in, by id.

    Args:
        node: This node.
        all_: Also what a crash left of one that never came to the ledger.
    """
    found = [one.removeprefix(PREFIX) for one in node.store.blob_jobs(PREFIX)]
    view = node.view()
    return [one for one in found if all_ or view.get(f"survey/{one}") is not None]


def running(node: Node) -> int:
    """How many surveys that this node takes part in have not ended."""
    ended = ("aborted", "done")
    return sum(entered(node, one).status not in ended for one in rooms(node))


def find(node: Node, survey: str) -> Survey:
    """The document of a survey that this node takes part in.

    Raises:
        NotFound: It takes part in no such survey.
    """
    from privshare.jobs.survey.task import Survey  # noqa: PLC0415 - brings numpy

    data = node.store.blob(room_of(survey), "document")
    if data is None:
        raise NotFound(
            "expected a survey that this node takes part in, found none by that id"
        )
    return Survey.from_bytes(data)


def entered(node: Node, survey: str) -> held.Survey:
    """What the ledger holds of a survey."""
    return held.survey(node.view(), survey)


def need_status(node: Node, survey: str, *allowed: Status) -> held.Survey:
    """What the ledger holds of a survey that must be so far.

    Raises:
        StepNotAllowed: It is not: rule survey.status.
    """
    found = entered(node, survey)
    if found.status not in allowed:
        raise StepNotAllowed(
            f"expected a survey that is {' or '.join(allowed)}, found one that is "
            f"{found.status}",
            detail={"rule": "survey.status"},
        )
    return found


def role_of(survey: Survey, agency: str) -> int | None:
    """Leader, helper, or neither."""
    agencies = [one.agency for one in survey.aggregators]
    return agencies.index(agency) if agency in agencies else None


def secret_of(node: Node, survey: str, part: str = "aggregator") -> Secret:
    """What this node must not tell of a survey, as `aggregator` or `collector`.

    Raises:
        NotFound: It has nothing.
    """
    data = node.store.blob(room_of(survey), part)
    if data is None:
        raise NotFound("expected the keys of this survey, found none")
    return Secret.from_bytes(data)


def keys_of(node: Node, id_: str, survey: Survey, role: int) -> Keys:
    """An aggregator's keys.

    Raises:
        StepNotAllowed: The leader has not handed the common key over yet.
    """
    from privshare.jobs.survey.batch import Keys  # noqa: PLC0415 - brings numpy

    secret = secret_of(node, id_)
    if secret.verify_key is None:
        raise StepNotAllowed(
            "expected the aggregators' common key, found none yet",
            fix="The leader hands it over when it accepts.",
            detail={"rule": "survey.key"},
        )
    return Keys(survey, role, secret.opener, secret.verify_key)


def door(node: Node, survey: str) -> Door:
    """The door of a survey at this node."""
    return node.doors.setdefault(survey, Door())
