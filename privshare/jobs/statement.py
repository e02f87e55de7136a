"""What the parties of an encrypted sum sign, each about the one before.

    owner       Contribution   subtotals of its ciphertexts, many values in each
    compute     Aggregation    products across the owners
    custodian   Opening        (m, r) of every product; m shows the total

What openers of a threshold key sign instead is `threshold_statement`.

Statements are values with one byte string each: what `to_bytes` writes is the
payload of the envelope, and `from_bytes` takes nothing else. `aggregate` makes
and checks them; signatures are verified before a payload comes here.

A group is a text: the value of the grouping column, or "" where the job has
none (and for rows in which that column is null).

Implements section 3 of docs/protocols/paillier-sum.md.

>>> opening = Opening(job="A" * 43, key="k", aggregation=bytes(32),
...     groups=(Opened("east", -7, b"\\1"),))
>>> Opening.from_bytes(opening.to_bytes()) == opening
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from privshare.errors import EncodingError
from privshare.jobs import packing
from privshare.jobs.spec import MAX_INPUTS
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u
from privshare.wire.digest import digest_json, tagged
from privshare.wire.envelope import media_type

__all__ = [
    "AGGREGATION",
    "CONTRIBUTION",
    "MAX_CIPHERTEXT",
    "MAX_GROUP",
    "MAX_GROUPS",
    "MAX_STATEMENT",
    "OPENING",
    "Aggregation",
    "Cell",
    "Contribution",
    "Opened",
    "Opening",
    "ciphertexts_digest",
    "evidence_digest",
    "result_digest",
]

CONTRIBUTION = media_type("contribution")
AGGREGATION = media_type("aggregation")
OPENING = media_type("opening")

MAX_GROUPS = 512
#: Longest name of a group, in characters.
MAX_GROUP = 128
#: Longest payload: what the 1 MiB of base64 in an envelope can carry.
MAX_STATEMENT = 3 << 18
MAX_SUPPRESSED = 1 << 14

_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,999}")
#: Bytes of a ciphertext under the longest key.
MAX_CIPHERTEXT = 768


@dataclass(frozen=True, slots=True)
class Cell:
    """A group with the ciphertext of its sum.

    Attributes:
        group: Its name.
        count: How many values were summed; null ones were not.
        ciphertext: The subtotal of one owner, or the total of all.
    """

    group: str
    count: int
    ciphertext: bytes

    def to_json(self, name: str) -> dict[str, Json]:
        """Lay the cell out; `name` is `subtotal` or `total`."""
        return {
            "count": self.count,
            "group": self.group,
            name: b64u(self.ciphertext),
        }

    @classmethod
    def read(cls, fields: Fields, name: str) -> Cell:
        """Read what `to_json` wrote."""
        made = cls(
            fields.str("group", max=MAX_GROUP),
            fields.int("count", 1),
            fields.bytes(name, max=MAX_CIPHERTEXT),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What an owner put in: its subtotals, and a digest of its ciphertexts.

    Attributes:
        job: The job's id on the ledger.
        dataset: Which input.
        version: The dataset's version.
        column: The column summed or counted.
        group_by: The column that split the rows, or None.
        key: Id of the key that the values are encrypted under.
        ciphertexts: `ciphertexts_digest` of the encrypted column.
        rows: How many values it holds: the sum of the counts.
        bound: No sum of these values is larger in size.
        scale: Digits after the point; 0 for integers and counts.
        groups: Sorted by name.
        suppressed: Names of groups with fewer than k values, sorted. Their
            values were never encrypted.
        proof: That the owner knows what the subtotals hide
            (`schemes.paillier_knowledge`), so that it copied nobody's.
    """

    job: str
    dataset: str
    version: int
    column: str
    group_by: str | None
    key: str
    ciphertexts: bytes
    rows: int
    bound: int
    scale: int
    groups: tuple[Cell, ...]
    suppressed: tuple[str, ...]
    proof: bytes = b""

    @property
    def owner(self) -> str:
        """Who signs it."""
        return identifier.owner_of(self.dataset)

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "bound": str(self.bound),
                "ciphertexts": b64u(self.ciphertexts),
                "column": self.column,
                "dataset": self.dataset,
                "group_by": self.group_by,
                "groups": [cell.to_json("subtotal") for cell in self.groups],
                "job": self.job,
                "key": self.key,
                "proof": b64u(self.proof),
                "rows": self.rows,
                "scale": self.scale,
                "suppressed": list(self.suppressed),
                "v": 2,
                "version": self.version,
            }
        )

    def digest(self) -> bytes:
        """The 32 bytes by which the next statement names this one."""
        return tagged(domain.TRANSCRIPT, self.to_bytes())

    def context(self) -> bytes:
        """What its proof is for: everything but the proof."""
        bare = replace(self, proof=b"")
        return tagged(domain.PROOF, b"contribution", bare.to_bytes())

    @classmethod
    def from_bytes(cls, payload: bytes) -> Contribution:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload, max_bytes=MAX_STATEMENT), "contribution")
        fields.constant("v", 2)
        made = cls(
            job=identifier.ID.check(fields.str("job"), "contribution.job"),
            dataset=identifier.DATASET.check(
                fields.str("dataset"), "contribution.dataset"
            ),
            version=fields.int("version", 1),
            column=fields.str("column"),
            group_by=fields.nullable("group_by", fields.str),
            key=fields.str("key"),
            ciphertexts=fields.digest("ciphertexts"),
            rows=fields.int("rows", 1),
            bound=_read_decimal(fields, "bound"),
            scale=fields.int("scale", 0, 15),
            groups=_read_cells(fields, "subtotal"),
            suppressed=_read_suppressed(fields),
            proof=fields.bytes("proof", max=2 * MAX_CIPHERTEXT),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """What the compute node made of the contributions.

    Attributes:
        job: The job's id.
        key: Id of the key that the values are encrypted under.
        contributions: `digest` of each, in the order of the inputs.
        groups: The totals, sorted by name.
    """

    job: str
    key: str
    contributions: tuple[bytes, ...]
    groups: tuple[Cell, ...]

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "contributions": [b64u(digest) for digest in self.contributions],
                "groups": [cell.to_json("total") for cell in self.groups],
                "job": self.job,
                "key": self.key,
                "v": 1,
            }
        )

    def digest(self) -> bytes:
        """The 32 bytes by which the next statement names this one."""
        return tagged(domain.TRANSCRIPT, self.to_bytes())

    @classmethod
    def from_bytes(cls, payload: bytes) -> Aggregation:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload, max_bytes=MAX_STATEMENT), "aggregation")
        fields.constant("v", 1)
        digests = fields.str_list("contributions", MAX_INPUTS, identifier.ID.pattern)
        made = cls(
            job=identifier.ID.check(fields.str("job"), "aggregation.job"),
            key=fields.str("key"),
            contributions=tuple(unb64u(text, 32) for text in digests),
            groups=_read_cells(fields, "total"),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True)
class Opened:
    """A group, opened.

    Attributes:
        group: Its name.
        m: The signed plaintext: the owners' plaintexts together, masked.
        r: What proves it (`PaillierPublicKey.verify_opening`), as long as n;
            so is m where it is written, in two's complement.
    """

    group: str
    m: int
    r: bytes

    @property
    def total(self) -> int:
        """The signed sum of the values in it."""
        return packing.total(self.m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the custodian opened: the totals of one aggregation, all of them.

    Attributes:
        job: The job's id.
        key: Id of its key.
        aggregation: `digest` of the aggregation.
        groups: In the aggregation's order.
        roots: That the key opens a ciphertext to one value only
            (`schemes.paillier_modulus`).
    """

    job: str
    key: str
    aggregation: bytes
    groups: tuple[Opened, ...]
    roots: bytes = b""

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "aggregation": b64u(self.aggregation),
                "groups": [
                    {
                        "group": one.group,
                        "m": b64u(one.m.to_bytes(len(one.r), "big", signed=True)),
                        "r": b64u(one.r),
                    }
                    for one in self.groups
                ],
                "job": self.job,
                "key": self.key,
                "roots": b64u(self.roots),
                "v": 2,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Opening:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
        """
        fields = Fields(decode(payload, max_bytes=MAX_STATEMENT), "opening")
        fields.constant("v", 2)
        made = cls(
            job=identifier.ID.check(fields.str("job"), "opening.job"),
            key=fields.str("key"),
            aggregation=fields.digest("aggregation"),
            groups=tuple(
                _read_opened(item) for item in fields.objs("groups", MAX_GROUPS)
            ),
            roots=fields.bytes("roots", max=3 * MAX_CIPHERTEXT),
        )
        fields.end()
        return made


def ciphertexts_digest(ciphertexts: bytes) -> bytes:
    """The 32 bytes that commit an owner to its encrypted column."""
    return tagged(domain.INPUT, ciphertexts)


def result_digest(document: Mapping[str, Json]) -> bytes:
    """What `job.result` puts on the ledger of the result."""
    return digest_json(domain.RESULT, document)


def evidence_digest(document: Mapping[str, Json]) -> bytes:
    """What `job.result` puts on the ledger of the evidence."""
    return digest_json(domain.EVIDENCE, document)


def _read_cells(fields: Fields, name: str) -> tuple[Cell, ...]:
    cells = tuple(Cell.read(item, name) for item in fields.objs("groups", MAX_GROUPS))
    names = [cell.group for cell in cells]
    if not names or names != sorted(set(names)):
        raise EncodingError(
            "groups: expected at least one, in order, each once; found otherwise"
        )
    return cells


def _read_suppressed(fields: Fields) -> tuple[str, ...]:
    names = fields.str_list("suppressed", MAX_SUPPRESSED, sorted_unique=True)
    for name in names:
        if len(name) > MAX_GROUP:
            raise EncodingError(
                f"suppressed: expected names of at most {MAX_GROUP} characters, "
                f"found {len(name)}"
            )
    return names


def _read_opened(fields: Fields) -> Opened:
    group = fields.str("group", max=MAX_GROUP)
    r = fields.bytes("r", max=MAX_CIPHERTEXT // 2)
    m = int.from_bytes(fields.bytes("m", len(r)), "big", signed=True)
    fields.end()
    return Opened(group, m, r)


def _read_decimal(fields: Fields, name: str) -> int:
    return int(fields.str(name, max=1000, pattern=_DECIMAL))
