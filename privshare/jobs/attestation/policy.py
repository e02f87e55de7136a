"""What a relying party accepts: its policy for evidence.

Each agency has its own, puts its digest on the ledger, and judges evidence by
nothing else. A policy is a JSON document in canonical form. It must answer
every question of the kinds that it names, a field that it does not know is an
error, an empty list accepts nothing, and outside its period it accepts
nothing at all. There is no field that turns a check off.

    document ─► AppraisalPolicy.from_bytes ─► appraisal.appraise
                          └► digest ─► ledger

Implements docs/formats/appraisal-policy.md; the questions are in `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast, get_args

from privshare.errors import EncodingError
from privshare.jobs.attestation.evidence import TrustClass
from privshare.jobs.attestation.rule import Entry
from privshare.jobs.attestation.rules import RULES
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, decode, encode
from privshare.wire.digest import digest_json, digest_text, parse_digest

__all__ = [
    "MAX_POLICY",
    "AppraisalPolicy",
    "Code",
    "Instances",
    "Transparency",
]

MAX_POLICY = 1 << 18
MAX_CODE = 256
MAX_INSTANCES = 4096
MAX_SECONDS = 31 * 86_400

_ID = re.compile(r"[a-z][a-z0-9._\-]{0,63}")
_PROVENANCE = re.compile(r"[ -~]{0,256}")
_INSTANCE = re.compile(r"(?:[0-9a-f]{2}){16,64}")
_CLASSES: Final[tuple[TrustClass, ...]] = get_args(TrustClass)


@dataclass(frozen=True, slots=True)
class Code:
    """A program that may run.

    Attributes:
        digest: Of its closure, 32 bytes.
        provenance: Where it comes from, for people; at most 256 characters.
    """

    digest: bytes
    provenance: str


@dataclass(frozen=True, slots=True)
class Instances:
    """Which machines may run it.

    Attributes:
        allow: Machines by their instance; None for any, () for none.
        deny: Machines that may not. A machine whose maker hides which one it
            is passes neither list.
    """

    allow: tuple[bytes, ...] | None
    deny: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Transparency:
    """What must be on the log.

    Attributes:
        code_must_be_listed: The program was approved there.
        witnesses: How many witnesses cosigned the checkpoint, at least.
    """

    code_must_be_listed: bool
    witnesses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalPolicy:
    """A relying party's policy. Made by `from_json` and `from_bytes`.

    Attributes:
        id: Its name.
        version: Counted by its owner.
        not_before: Unix seconds, the first at which it accepts anything.
        not_after: The last one.
        accept_classes: Trust classes of roots.
        max_evidence_age_s: From the nonces on the log to the evidence.
        max_log_delay_s: From the evidence to its entry on the log.
        code: Programs that may run.
        runner: For each kind of evidence, what the runner's machine must be.
        instances: Machines.
        transparency: What must be on the log.
    """

    id: str
    version: int
    not_before: int
    not_after: int
    accept_classes: tuple[TrustClass, ...]
    max_evidence_age_s: int
    max_log_delay_s: int
    code: tuple[Code, ...]
    runner: Mapping[str, Entry]
    instances: Instances
    transparency: Transparency

    def digest(self) -> bytes:
        """Names the policy, on the ledger and in admissions."""
        return digest_json(domain.APPRAISAL_POLICY, self.to_json())

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return encode(self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the policy out."""
        allow = self.instances.allow
        return {
            "accept_classes": list(self.accept_classes),
            "code": [
                {"digest": digest_text(one.digest), "provenance": one.provenance}
                for one in self.code
            ],
            "debug": "forbid",
            "id": self.id,
            "instances": {
                "allow": None if allow is None else [one.hex() for one in allow],
                "deny": [one.hex() for one in self.instances.deny],
            },
            "max_evidence_age_s": self.max_evidence_age_s,
            "max_log_delay_s": self.max_log_delay_s,
            "not_after": self.not_after,
            "not_before": self.not_before,
            "runner": {
                kind: {rule.name: rule.write(entry[rule.name]) for rule in RULES[kind]}
                for kind, entry in self.runner.items()
            },
            "transparency": {
                "code_must_be_listed": self.transparency.code_must_be_listed,
                "witnesses": self.transparency.witnesses,
            },
            "type": "privshare.appraisal-policy",
            "v": 1,
            "version": self.version,
        }

    @classmethod
    def from_bytes(cls, data: bytes) -> AppraisalPolicy:
        """Read canonical bytes.

        Raises:
            EncodingError: Not canonical, or another form; says which field.
            OutOfRange: A number outside its interval.
        """
        return cls.from_json(decode(data, max_bytes=MAX_POLICY))

    @classmethod
    def from_json(cls, obj: object) -> AppraisalPolicy:
        """Read a document.

        Raises:
            EncodingError: Another form; says which field.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, "policy")
        fields.constant("v", 1)
        fields.constant("type", "privshare.appraisal-policy")
        fields.constant("debug", "forbid")
        made = cls(
            id=fields.str("id", max=64, pattern=_ID),
            version=fields.int("version", 1),
            not_before=fields.int("not_before", 0),
            not_after=fields.int("not_after", 0),
            accept_classes=_read_classes(fields),
            max_evidence_age_s=fields.int("max_evidence_age_s", 1, MAX_SECONDS),
            max_log_delay_s=fields.int("max_log_delay_s", 1, MAX_SECONDS),
            code=_read_code(fields),
            runner=_read_runner(fields.obj("runner")),
            instances=_read_instances(fields.obj("instances")),
            transparency=_read_transparency(fields.obj("transparency")),
        )
        fields.end()
        if made.not_after < made.not_before:
            raise EncodingError(
                "policy.not_after: expected not_before or later, found earlier",
                detail={"field": "policy.not_after"},
            )
        return made


def _read_classes(fields: Fields) -> tuple[TrustClass, ...]:
    words = fields.str_list(
        "accept_classes", len(_CLASSES), "|".join(_CLASSES), sorted_unique=True
    )
    return cast(tuple[TrustClass, ...], words)


def _read_code(fields: Fields) -> tuple[Code, ...]:
    found: list[Code] = []
    for one in fields.objs("code", MAX_CODE):
        text = one.str("digest", max=43)
        try:
            digest = parse_digest(text)
        except EncodingError as error:
            raise EncodingError(
                f"{one.where}.digest: {error.message}",
                detail={"field": f"{one.where}.digest"},
            ) from None
        found.append(Code(digest, one.str("provenance", max=256, pattern=_PROVENANCE)))
        one.end()
    texts = [digest_text(one.digest) for one in found]
    if texts != sorted(set(texts)):
        raise EncodingError(
            "policy.code: expected digests in order, each once, found another order",
            detail={"field": "policy.code"},
        )
    return tuple(found)


def _read_runner(fields: Fields) -> Mapping[str, Entry]:
    found: dict[str, Entry] = {}
    for kind in fields.names():
        if kind not in RULES:
            continue  # `end` refuses it with its place
        inner = fields.obj(kind)
        entry = {rule.name: rule.read(inner) for rule in RULES[kind]}
        inner.end()
        found[kind] = MappingProxyType(entry)
    fields.end()
    return MappingProxyType(found)


def _read_instances(fields: Fields) -> Instances:
    allow = fields.nullable(
        "allow", fields.str_list, MAX_INSTANCES, _INSTANCE, sorted_unique=True
    )
    deny = fields.str_list("deny", MAX_INSTANCES, _INSTANCE, sorted_unique=True)
    fields.end()
    return Instances(
        None if allow is None else tuple(map(bytes.fromhex, allow)),
        tuple(map(bytes.fromhex, deny)),
    )


def _read_transparency(fields: Fields) -> Transparency:
    made = Transparency(
        fields.bool("code_must_be_listed"), fields.int("witnesses", 0, 64)
    )
    fields.end()
    return made
