"""Evidence, what endorses it, and what a verifier finds in it.

Evidence is what a machine says of itself; endorsements are what its maker says
of the machine. A verifier turns both into `Claims`, and it is pure: the time
and the roots are arguments, and nothing is fetched. Whether the claims are
good enough is another question, for `appraisal`.

    machine   collect(report_data) ─► Evidence ─┐
    archive   Endorsements, by digest ──────────┼─► verify ─► Claims ─► appraise
    reader    RootSet, time from the log ───────┘

The kind of evidence picks a parser and grants nothing: how far to trust the
machine follows from the root at which its certificates end.

>>> evidence = Evidence("sev-snp", {"report": b"..."})
>>> Evidence.from_json(evidence.to_json()) == evidence
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, unb64u
from privshare.wire.digest import digest_json

__all__ = [
    "KINDS",
    "MAX_PART",
    "Claims",
    "Endorsements",
    "Evidence",
    "Root",
    "RootSet",
    "TrustClass",
    "Value",
]

TrustClass = Literal["hardware-tee", "hardware-tpm", "software", "simulated"]

#: A claim: bytes of a register, a number, a word, yes or no, several words.
Value: TypeAlias = bytes | int | str | bool | tuple[str, ...]

KINDS: Final = (
    "aws-nitro",
    "azure-snp-vtpm",
    "nvidia-gpu",
    "sev-snp",
    "sgx-dcap",
    "simulated",
    "tdx-dcap",
    "tpm2",
)

MAX_PART = 1 << 18
MAX_PARTS = 32
MAX_ROOTS = 256

_NAME = re.compile(r"[a-z][a-z0-9_.\-]{0,63}")


@dataclass(frozen=True, slots=True)
class _Parts:
    """Named byte strings, in the order of their names."""

    parts: Mapping[str, bytes]

    def _check(self, where: str) -> None:
        if not len(self.parts) <= MAX_PARTS:
            raise OutOfRange(
                f"{where}: expected up to {MAX_PARTS} parts, found {len(self.parts)}"
            )
        for name, data in self.parts.items():
            if not _NAME.fullmatch(name):
                raise EncodingError(f"{where}: expected a name of a part, found none")
            if len(data) > MAX_PART:
                raise OutOfRange(
                    f"{where}.{name}: expected up to {MAX_PART} bytes, "
                    f"found {len(data)}"
                )
        ordered = MappingProxyType(dict(sorted(self.parts.items())))
        object.__setattr__(self, "parts", ordered)

    def part(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            EvidenceInvalid: It is missing; `detail["rule"]` is
                `evidence.missing`.
        """
        data = self.parts.get(name)
        if data is None:
            raise EvidenceInvalid(
                f"expected the part {name}, found none",
                detail={"rule": "evidence.missing", "part": name},
            )
        return data

    def only(self, needed: Iterable[str], allowed: Iterable[str] = ()) -> None:
        """Check which parts are there.

        Raises:
            EvidenceInvalid: One too few (`evidence.missing`) or too many
                (`evidence.parts`).
        """
        needed = tuple(needed)
        for name in needed:
            self.part(name)
        for name in self.parts:
            if name not in needed and name not in tuple(allowed):
                raise EvidenceInvalid(
                    f"expected no part {name}, found one",
                    detail={"rule": "evidence.parts", "part": name},
                )


def _read_parts(fields: Fields) -> dict[str, bytes]:
    obj = fields.json("parts")
    if not isinstance(obj, dict):
        raise EncodingError("parts: expected an object")
    found = {}
    for name, text in obj.items():
        if not isinstance(text, str):
            raise EncodingError(f"parts.{name[:64]}: expected text")
        found[name] = unb64u(text)
    return found


@dataclass(frozen=True, slots=True)
class Evidence(_Parts):
    """What a machine says of itself.

    Args:
        parts: Named byte strings; which ones, the kind's verifier says.
        kind: One of `KINDS`. Picks the parser, grants no trust.

    Raises:
        EncodingError: An unknown kind, a name of another form.
        OutOfRange: Too many parts, or one too long.
    """

    kind: str = ""

    def __init__(self, kind: str, parts: Mapping[str, bytes]) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "parts", parts)
        if kind not in KINDS:
            raise EncodingError(f"evidence.kind: expected one of {', '.join(KINDS)}")
        self._check("evidence")

    def __hash__(self) -> int:
        return hash((self.kind, tuple(self.parts.items())))

    def digest(self) -> bytes:
        """Names these bytes. No identity: unsigned bytes can be altered."""
        return digest_json(domain.ATTESTATION, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the evidence out."""
        parts: dict[str, Json] = {name: b64u(d) for name, d in self.parts.items()}
        return {
            "kind": self.kind,
            "parts": parts,
            "type": "privshare.evidence",
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Evidence:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: Too many parts, or one too long.
        """
        fields = Fields(obj, "evidence")
        fields.constant("v", 1)
        fields.constant("type", "privshare.evidence")
        made = cls(fields.str("kind", max=32), _read_parts(fields))
        fields.end()
        return made


@dataclass(frozen=True, slots=True)
class Endorsements(_Parts):
    """What makers of machines said: certificates, revocations, reference values.

    Archived beside the evidence by its digest, so that an auditor sees what
    was known then.

    Args:
        parts: Named byte strings; which ones, the kind's verifier says.

    Raises:
        EncodingError: A name of another form.
        OutOfRange: Too many parts, or one too long.
    """

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        object.__setattr__(self, "parts", parts)
        self._check("endorsements")

    def __hash__(self) -> int:
        return hash(tuple(self.parts.items()))

    def digest(self) -> bytes:
        """Names these endorsements."""
        return digest_json(domain.ENDORSEMENTS, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the endorsements out."""
        parts: dict[str, Json] = {name: b64u(d) for name, d in self.parts.items()}
        return {"parts": parts, "type": "privshare.endorsements", "v": 1}

    @classmethod
    def from_json(cls, obj: object) -> Endorsements:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: Too many parts, or one too long.
        """
        fields = Fields(obj, "endorsements")
        fields.constant("v", 1)
        fields.constant("type", "privshare.endorsements")
        made = cls(_read_parts(fields))
        fields.end()
        return made


@dataclass(frozen=True, slots=True)
class Root:
    """Where chains of certificates end, and what that says of a machine.

    Attributes:
        name: As reports spell it, such as "AMD ARK Milan".
        family: Which evidence may end here, such as "amd-milan".
        sha256: SHA-256 of the certificate's DER bytes (for `simulated`, of the
            public key), 32 bytes.
        trust_class: What a chain that ends here is worth.
    """

    name: str
    family: str
    sha256: bytes
    trust_class: TrustClass

    def __post_init__(self) -> None:
        if len(self.sha256) != 32 or self.trust_class not in get_args(TrustClass):
            raise EncodingError(
                "root: expected 32 bytes and a trust class, found another form"
            )


@dataclass(frozen=True, slots=True)
class RootSet:
    """The roots that a reader knows. Made by `roots`, which knows the makers'.

    Attributes:
        roots: Each once.
    """

    roots: tuple[Root, ...]

    def __post_init__(self) -> None:
        if len(self.roots) > MAX_ROOTS:
            raise OutOfRange(
                f"expected up to {MAX_ROOTS} roots, found {len(self.roots)}"
            )
        if len({root.sha256 for root in self.roots}) != len(self.roots):
            raise EncodingError("expected each root once, found one more often")

    def find(self, sha256: bytes, families: Iterable[str]) -> Root:
        """The root with this digest, if evidence of this kind may end there.

        Raises:
            EvidenceInvalid: None such; `detail["rule"]` is `root.unknown`.
        """
        families = tuple(families)
        for root in self.roots:
            if root.sha256 == sha256 and root.family in families:
                return root
        raise EvidenceInvalid(
            f"expected a chain that ends at a known root of {' or '.join(families)}, "
            f"found one that ends at {sha256.hex()[:16]}",
            fix="Check which machine made the evidence; roots are never taken from it.",
            detail={"rule": "root.unknown"},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is proven of a machine. Made by verifiers alone.

    Attributes:
        kind: Of the evidence.
        root: Where the chain ended. Its class is the machine's.
        report_data: What the machine was given to say: 64 bytes for `sgx-dcap`,
            `tdx-dcap` and `sev-snp`; `user_data` for `aws-nitro`; `extraData`
            for `tpm2` and `azure-snp-vtpm`.
        debug: Whether its owner can look inside.
        values: Everything else, under the names of docs/formats/evidence.md.
        identity: SHA-256 of the signed bytes: the same evidence again has the
            same identity, whatever was done to bytes that nobody signed.
        instance: Names the machine (a digest of chip id, PPID or key name); b""
            where the maker hides it.
        not_before: Unix seconds; the latest start of what was verified.
        not_after: Unix seconds; its earliest end.
        floors: Numbers of collateral that must not fall in later evidence, such
            as {"intel-tcb-eval/B0C06F000000": 17}.
        events: The replayed event log: (register, digest, description).
        submodules: Claims that never suffice alone (a GPU), by name.
    """

    kind: str
    root: Root
    report_data: bytes
    debug: bool
    values: Mapping[str, Value]
    identity: bytes
    instance: bytes
    not_before: int
    not_after: int
    floors: Mapping[str, int] = field(default_factory=dict)
    events: tuple[tuple[str, bytes, str], ...] = ()
    submodules: Mapping[str, Claims] = field(default_factory=dict)

    @property
    def trust_class(self) -> TrustClass:
        """The class of the root where the chain ended."""
        return self.root.trust_class
