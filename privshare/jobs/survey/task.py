"""A survey's document: what is asked, by whom, until when, and for whom.

Both aggregators, the collector and every submitter hold the same bytes; its
digest is part of every derivation, every sealed share and every signature.

    organiser    Survey ─► to_bytes ─► signed by all, on the log
    everybody    from_bytes ─► Survey.id, Survey.context

Implements docs/protocols/vdaf.md, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from privshare.errors import EncodingError, OutOfRange
from privshare.rights import identifier
from privshare.schemes import prio3
from privshare.schemes.keys import VerifyKey
from privshare.schemes.prio3 import Prio3
from privshare.schemes.recipient import Recipient
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import tagged
from privshare.wire.value import INTEGER_LIMIT

__all__ = [
    "HELPER",
    "LEADER",
    "MAX_BATCH",
    "ROLES",
    "Aggregator",
    "Survey",
    "key_commitment",
]

LEADER: Final = 0
HELPER: Final = 1
ROLES: Final = ("leader", "helper")

#: Reports that one batch can hold.
MAX_BATCH = 1 << 32
MAX_OUTPUTS = 4096
MAX_DOCUMENT = 1 << 16
MAX_TITLE = 500
MAX_NOISE = 120

_CONTEXT = b"privshare survey v1"
_NAME = r"[a-z][a-z0-9-]{0,62}"
_FORMS: Final[dict[str, tuple[str, ...]]] = {
    "count": (),
    "sum": ("bound",),
    "sum-vec": ("bound", "chunk", "length"),
    "histogram": ("chunk", "length"),
    "multihot": ("bound", "chunk", "length"),
}


def key_commitment(verify_key: bytes) -> bytes:
    """What the document says of the key that the aggregators share."""
    return tagged(domain.SURVEY_KEY, verify_key)


@dataclass(frozen=True, slots=True)
class Aggregator:
    """One of the two.

    Attributes:
        agency: Its name.
        key: With which it signs what it claims of a batch.
        seal: Where its shares are sealed to.
    """

    agency: str
    key: VerifyKey
    seal: Recipient

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "agency": self.agency,
            "key": b64u(self.key.raw),
            "seal": self.seal.to_json(),
        }

    @classmethod
    def read(cls, fields: Fields, where: str) -> Aggregator:
        """Read one of the two."""
        found = cls(
            identifier.AGENCY.check(fields.str("agency"), where),
            VerifyKey(fields.bytes("key", 32)),
            Recipient.read(fields.obj("seal")),
        )
        fields.end()
        return found


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What submitters, aggregators and collector agree on.

    Args:
        network: Where it is recorded.
        name: One word for it.
        title: The question, for people.
        vdaf: The kind of report; two aggregators.
        leader: Talks to submitters and to the helper.
        helper: Of another agency than the leader.
        collector: Whom aggregate shares are sealed to.
        verify_key: `key_commitment` of the key that the aggregators share.
        opens: First second of reports, seconds since 1970.
        closes: The second after the last.
        precision: Reports carry a time that is a multiple of so many seconds,
            so that a time says little about a submitter.
        min_batch: No aggregate of fewer reports is released.
        max_batch: No batch has more.
        noise: What each aggregator adds to its share, in words, or "".

    Raises:
        EncodingError: A field that no survey can have.
        OutOfRange: Numbers that do not fit together; sums that could wrap.
    """

    network: str
    name: str
    title: str
    vdaf: Prio3
    leader: Aggregator
    helper: Aggregator
    collector: Recipient
    verify_key: bytes
    opens: int
    closes: int
    precision: int
    min_batch: int
    max_batch: int
    noise: str = ""

    def __post_init__(self) -> None:
        if self.vdaf.circuit not in _FORMS or self.vdaf.shares != 2:
            raise EncodingError(
                "survey.vdaf: expected a published circuit and two aggregators, "
                "found another"
            )
        if self.leader.agency == self.helper.agency:
            raise EncodingError(
                "survey.helper: expected another agency than the leader, found the same"
            )
        if len({self.leader.key.raw, self.helper.key.raw}) < 2:
            raise EncodingError(
                "survey.helper: expected another key than the leader's, found the same"
            )
        if len(self.verify_key) != 32:
            raise EncodingError("survey.verify_key: expected 32 bytes, found others")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if not 0 <= self.opens < self.closes < INTEGER_LIMIT:
            raise OutOfRange("survey.closes: expected after it opens, found before")
        if not 1 <= self.precision <= 86_400:
            raise OutOfRange(
                f"survey.precision: expected 1 to 86400, found {self.precision}"
            )
        if not 2 <= self.min_batch <= self.max_batch <= MAX_BATCH:
            raise OutOfRange(
                f"survey.max_batch: expected {self.min_batch} to {MAX_BATCH}, and a "
                f"least batch of 2 or more, found {self.max_batch}"
            )
        if self.vdaf.outputs > MAX_OUTPUTS:
            raise OutOfRange(
                f"survey.vdaf: expected at most {MAX_OUTPUTS} sums, "
                f"found {self.vdaf.outputs}"
            )
        if self.max_batch * 2 > prio3.capacity(self.vdaf):
            raise OutOfRange(
                f"survey.max_batch: expected at most {prio3.capacity(self.vdaf) // 2} "
                f"reports of this bound, so that no sum wraps, found {self.max_batch}",
                fix="lower the bound or the largest batch",
            )

    @property
    def aggregators(self) -> tuple[Aggregator, Aggregator]:
        """Leader, helper."""
        return self.leader, self.helper

    @cached_property
    def id(self) -> bytes:
        """32 bytes that name the document."""
        return tagged(domain.SURVEY, self.to_bytes())

    @cached_property
    def context(self) -> bytes:
        """What every derivation of Prio3 absorbs."""
        return _CONTEXT + self.id

    def rounded(self, now: int) -> int:
        """A report's time: `now` rounded down."""
        return now - now % self.precision

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "closes": self.closes,
            "collector": self.collector.to_json(),
            "helper": self.helper.to_json(),
            "leader": self.leader.to_json(),
            "max_batch": self.max_batch,
            "min_batch": self.min_batch,
            "name": self.name,
            "network": self.network,
            "noise": self.noise,
            "opens": self.opens,
            "precision": self.precision,
            "title": self.title,
            "v": 1,
            "vdaf": _vdaf_json(self.vdaf),
            "verify_key": b64u(self.verify_key),
        }

    def to_bytes(self) -> bytes:
        """Its canonical bytes."""
        return encode(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes) -> Survey:
        """Read the canonical bytes, and only those.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        return cls.read(
            Fields(decode(data, max_bytes=MAX_DOCUMENT), "survey"),
        )

    @classmethod
    def read(cls, fields: Fields) -> Survey:
        """Read one that stands in another document."""
        fields.constant("v", 1)
        found = cls(
            network=fields.str("network", max=128, pattern=r"[a-z0-9][a-z0-9.-]*"),
            name=fields.str("name", pattern=_NAME),
            title=fields.str("title", max=MAX_TITLE),
            vdaf=_read_vdaf(fields.obj("vdaf")),
            leader=Aggregator.read(fields.obj("leader"), "survey.leader"),
            helper=Aggregator.read(fields.obj("helper"), "survey.helper"),
            collector=Recipient.read(fields.obj("collector")),
            verify_key=fields.digest("verify_key"),
            opens=fields.int("opens", 0),
            closes=fields.int("closes", 0),
            precision=fields.int("precision", 1),
            min_batch=fields.int("min_batch", 2, MAX_BATCH),
            max_batch=fields.int("max_batch", 2, MAX_BATCH),
            noise=fields.str("noise", max=MAX_NOISE),
        )
        fields.end()
        return found


def _vdaf_json(vdaf: Prio3) -> dict[str, Json]:
    document: dict[str, Json] = {"circuit": vdaf.circuit}
    for name in _FORMS[vdaf.circuit]:
        number = getattr(vdaf, name)
        # JSON numbers end at 2^53, bounds at 2^63.
        document[name] = str(number) if name == "bound" else number
    return document


def _read_vdaf(fields: Fields) -> Prio3:
    circuit = fields.str("circuit", max=32)
    if circuit not in _FORMS:
        raise EncodingError(
            f"{fields.where}.circuit: expected one of {', '.join(_FORMS)}, "
            "found another"
        )
    numbers: dict[str, Any] = {}
    for name in _FORMS[circuit]:
        if name == "bound":
            numbers[name] = int(fields.str(name, pattern=r"[1-9][0-9]{0,18}"))
        else:
            numbers[name] = fields.int(name, 1, prio3.MAX_ELEMENTS)
    fields.end()
    return Prio3(circuit, **numbers)
