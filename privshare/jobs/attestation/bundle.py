"""What remains of an attested job, for owners at the time and auditors later.

A bundle holds the admission with its evidence, then the conclusion with its
own, the policies by which the parties judged, and the program's closure.
Endorsements are named by digest; their bytes are in the archive, each once,
however many bundles share them. Its digest does not change with where those
bytes are kept.

    runner    AttestedBundle (admission) ─► digest ─► log: job.attest
    runner    concluded(…)                        ─► log: job.open, receipt
    readers   from_json(obj, archive) ─► check.check_admission, check_bundle

It says nothing of when: times come from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.jobs.attestation.binding import MAX_PARTIES, Admission, Conclusion
from privshare.jobs.attestation.evidence import MAX_PART, Endorsements, Evidence
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u
from privshare.wire.digest import digest_json, digest_text, parse_digest, tagged

__all__ = ["MAX_BUNDLE", "Archive", "AttestedBundle", "no_archive", "part_digest"]

MAX_BUNDLE = 1 << 22
MAX_ARCHIVED = 128

#: Finds archived bytes by their digest, or None.
Archive = Callable[[bytes], bytes | None]


def no_archive(digest: bytes) -> bytes | None:
    """Find nothing: the document brings its own bytes."""
    return None


def part_digest(data: bytes) -> bytes:
    """Names one part of endorsements, as bundles share it; 32 bytes."""
    return tagged(domain.ENDORSEMENTS, b"part", data)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedBundle:
    """An attested job's evidence, whole.

    Attributes:
        admission: What the first evidence is bound to.
        evidence: Made before any data was released.
        endorsements: What makers said of its machine then.
        policies: Agency and policy document, by name.
        closure: The program's closure, as its digest has it.
        conclusion: What the second evidence is bound to; None before the end.
        conclusion_evidence: Made when the result was there.
        conclusion_endorsements: What makers said then.

    Raises:
        EncodingError: Policies out of order, or a conclusion without evidence.
    """

    admission: Admission
    evidence: Evidence
    endorsements: Endorsements
    policies: tuple[tuple[str, AppraisalPolicy], ...]
    closure: Json
    conclusion: Conclusion | None = None
    conclusion_evidence: Evidence | None = None
    conclusion_endorsements: Endorsements = field(
        default_factory=lambda: Endorsements({})
    )

    def __post_init__(self) -> None:
        names = [party for party, _ in self.policies]
        if names != sorted(set(names)) or len(names) > MAX_PARTIES:
            raise EncodingError("bundle.policies: expected each agency once, in order")
        if (self.conclusion is None) != (self.conclusion_evidence is None):
            raise EncodingError(
                "bundle.conclusion: expected it together with its evidence"
            )

    def admitted(self) -> AttestedBundle:
        """The bundle as it was before the conclusion."""
        return replace(
            self,
            conclusion=None,
            conclusion_evidence=None,
            conclusion_endorsements=Endorsements({}),
        )

    def concluded(
        self, conclusion: Conclusion, evidence: Evidence, endorsements: Endorsements
    ) -> AttestedBundle:
        """The bundle with its conclusion."""
        return replace(
            self,
            conclusion=conclusion,
            conclusion_evidence=evidence,
            conclusion_endorsements=endorsements,
        )

    def digest(self) -> bytes:
        """Names the bundle; the same with and without an archive inside."""
        return digest_json(domain.ATTESTATION, self.to_json(archive=False))

    def archive(self) -> dict[bytes, bytes]:
        """The bytes of all endorsements, each once, by digest."""
        parts = (
            *self.endorsements.parts.values(),
            *self.conclusion_endorsements.parts.values(),
        )
        return {part_digest(data): data for data in parts}

    def to_json(self, *, archive: bool = True) -> dict[str, Json]:
        """Lay the bundle out.

        Args:
            archive: Whether the bytes of endorsements go into the document.
        """
        laid: dict[str, Json] = {
            "admission": _stage(
                self.admission.to_json(), self.evidence, self.endorsements
            ),
            "closure": self.closure,
            "conclusion": None,
            "policies": {party: policy.to_json() for party, policy in self.policies},
            "type": "privshare.attested",
            "v": 1,
        }
        if self.conclusion is not None and self.conclusion_evidence is not None:
            laid["conclusion"] = _stage(
                self.conclusion.to_json(),
                self.conclusion_evidence,
                self.conclusion_endorsements,
            )
        if archive:
            laid["archive"] = {
                digest_text(digest): b64u(data)
                for digest, data in self.archive().items()
            }
        return laid

    def to_bytes(self) -> bytes:
        """The canonical bytes, with the archive."""
        return encode(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes, archive: Archive = no_archive) -> AttestedBundle:
        """Read canonical bytes; see `from_json`."""
        return cls.from_json(decode(data, max_bytes=MAX_BUNDLE), archive)

    @classmethod
    def from_json(cls, obj: object, archive: Archive = no_archive) -> AttestedBundle:
        """Read what `to_json` wrote.

        Args:
            obj: Decoded JSON.
            archive: Finds bytes that the document only names.

        Raises:
            EncodingError: Another form; an archived part under another's name.
            OutOfRange: Too much of something.
            EvidenceInvalid: A named part that nobody has (`bundle.archive`).
        """
        fields = Fields(obj, "bundle")
        fields.constant("v", 1)
        fields.constant("type", "privshare.attested")
        inside = _read_archive(fields) if "archive" in fields.names() else {}
        used: set[bytes] = set()

        def find(digest: bytes) -> bytes | None:
            used.add(digest)
            return inside[digest] if digest in inside else archive(digest)

        document, evidence, endorsements = _read_stage(fields.obj("admission"), find)
        admission = Admission.from_json(document)
        conclusion: Conclusion | None = None
        conclusion_evidence: Evidence | None = None
        conclusion_endorsements = Endorsements({})
        stage = fields.nullable("conclusion", fields.obj)
        if stage is not None:
            document, conclusion_evidence, conclusion_endorsements = _read_stage(
                stage, find
            )
            conclusion = Conclusion.from_json(document)
        if set(inside) - used:
            raise EncodingError("bundle.archive: expected parts that are named only")
        made = cls(
            admission=admission,
            evidence=evidence,
            endorsements=endorsements,
            policies=_read_policies(fields.obj("policies")),
            closure=fields.json("closure"),
            conclusion=conclusion,
            conclusion_evidence=conclusion_evidence,
            conclusion_endorsements=conclusion_endorsements,
        )
        fields.end()
        return made


def _stage(
    document: dict[str, Json], evidence: Evidence, endorsements: Endorsements
) -> dict[str, Json]:
    return {
        "document": document,
        "endorsements": {
            name: digest_text(part_digest(data))
            for name, data in endorsements.parts.items()
        },
        "evidence": evidence.to_json(),
    }


def _read_stage(fields: Fields, find: Archive) -> tuple[Json, Evidence, Endorsements]:
    document = fields.json("document")
    evidence = Evidence.from_json(fields.json("evidence"))
    named = fields.obj("endorsements")
    parts: dict[str, bytes] = {}
    for name in named.names()[:MAX_ARCHIVED]:
        digest = named.digest(name)
        data = find(digest)
        if data is None:
            raise EvidenceInvalid(
                f"expected the archived part {name[:64]} of the endorsements, found "
                "none",
                fix="Bring the archive that the bundle was kept with.",
                detail={"rule": "bundle.archive", "part": name[:64]},
            )
        if part_digest(data) != digest:
            raise EncodingError(
                f"{fields.where}.endorsements: expected the bytes that the digest "
                f"names, found others under {name[:64]}"
            )
        parts[name] = data
    named.end()
    fields.end()
    return document, evidence, Endorsements(parts)


def _read_archive(fields: Fields) -> dict[bytes, bytes]:
    inner = fields.obj("archive")
    names = inner.names()
    if len(names) > MAX_ARCHIVED:
        raise OutOfRange(
            f"bundle.archive: expected up to {MAX_ARCHIVED} parts, found {len(names)}"
        )
    found: dict[bytes, bytes] = {}
    for name in names:
        data = unb64u(inner.str(name, max=2 * MAX_PART))
        digest = parse_digest(name)
        if part_digest(data) != digest:
            raise EncodingError(
                "bundle.archive: expected the bytes that each digest names, found "
                "others"
            )
        found[digest] = data
    return found


def _read_policies(fields: Fields) -> tuple[tuple[str, AppraisalPolicy], ...]:
    names: Iterable[str] = fields.names()
    found = tuple(
        (party, AppraisalPolicy.from_json(fields.json(party))) for party in names
    )
    fields.end()
    return found


def shared(bundles: Iterable[AttestedBundle]) -> Mapping[bytes, bytes]:
    """One archive for many bundles: what they share is in it once."""
    found: dict[bytes, bytes] = {}
    for bundle in bundles:
        found.update(bundle.archive())
    return found
