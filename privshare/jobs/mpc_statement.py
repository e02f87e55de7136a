"""What parties of a job on shares commit to and sign.

    owner    Deal: this column of mine I split into three pieces, each of which
             goes, sealed, to the two nodes that hold it
    nodes    Outcome: what we computed together, from which inputs, how well
             checked, and commitments to the pieces of the result

A commitment to a piece is the same at both of its holders, so an owner that
deals different copies is found before anything is computed. The pieces of the
result are committed to by two nodes each before anyone learns it.

Implements sections 4 and 6 of docs/protocols/mpc.md.

>>> deal = Deal(job="A" * 43, dataset="taxes/returns", version=1,
...     columns=("income",), rows=100, pieces=(bytes(32),) * 3,
...     admissions=(bytes(32),) * 3)
>>> Deal.from_bytes(deal.to_bytes()) == deal
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from privshare.errors import EncodingError
from privshare.jobs.mpc_spec import MODELS, Model
from privshare.jobs.spec import MAX_INPUTS
from privshare.ledger.parties import NODES
from privshare.rights import identifier
from privshare.rights.terms import MAX_COLUMNS, check_set
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode, unb64u
from privshare.wire.digest import digest_json, tagged
from privshare.wire.envelope import media_type

__all__ = [
    "DEAL",
    "LENGTH_BYTES",
    "SALT_BYTES",
    "Deal",
    "Outcome",
    "piece_commitment",
    "result_document",
]

DEAL = media_type("deal")
SALT_BYTES = 32
#: How long the first of two pieces is, in front of it.
LENGTH_BYTES = 8
#: Most elements of a result, over all its outputs.
MAX_OUTPUT = 1 << 16


def piece_commitment(salt: bytes, number: int, piece: bytes) -> bytes:
    """The 32 bytes that commit to one piece of a sharing.

    H(PIECE, salt, number, piece). Both holders of a piece know salt and piece.

    Args:
        salt: 32 random bytes.
        number: Which piece, 0 to 2.
        piece: Its bytes, or the seed they come from.

    Raises:
        EncodingError: A salt of another length.
    """
    if len(salt) != SALT_BYTES:
        raise EncodingError(f"salt: expected {SALT_BYTES} bytes, found {len(salt)}")
    return tagged(domain.PIECE, salt, bytes([number]), piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """That an owner dealt its columns to the nodes.

    Attributes:
        job: The job's id on the ledger.
        dataset: Which input.
        version: The dataset's version.
        columns: Every column dealt, in order.
        rows: How many rows.
        pieces: `piece_commitment` of the three pieces.
        admissions: Digest of each node's admission, to whose key its pieces were
            sealed, in the order of the nodes.
    """

    job: str
    dataset: str
    version: int
    columns: tuple[str, ...]
    rows: int
    pieces: tuple[bytes, ...]
    admissions: tuple[bytes, ...]

    @property
    def owner(self) -> str:
        """Who signs it."""
        return identifier.owner_of(self.dataset)

    @property
    def commitment(self) -> bytes:
        """The 32 bytes that name all three pieces."""
        return tagged(domain.INPUT, *self.pieces)

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "admissions": [b64u(one) for one in self.admissions],
                "columns": list(self.columns),
                "dataset": self.dataset,
                "job": self.job,
                "pieces": [b64u(one) for one in self.pieces],
                "rows": self.rows,
                "v": 1,
                "version": self.version,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Deal:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload), "deal")
        fields.constant("v", 1)
        columns = fields.str_list("columns", 2 * MAX_COLUMNS)
        check_set(columns, identifier.COLUMN, 2 * MAX_COLUMNS, "deal.columns")
        made = cls(
            job=identifier.ID.check(fields.str("job"), "deal.job"),
            dataset=identifier.DATASET.check(fields.str("dataset"), "deal.dataset"),
            version=fields.int("version", 1),
            columns=columns,
            rows=fields.int("rows", 0),
            pieces=_digests(fields, "pieces"),
            admissions=_digests(fields, "admissions"),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What three nodes say together about a computation, each in its conclusion.

    Attributes:
        job: The job's id on the ledger.
        spec: Digest of its specification.
        inputs: Dataset and `Deal.commitment`, by name.
        model: The adversary it was run against.
        transcript: What all three agreed that they had sent each other.
        pieces: `piece_commitment` of the pieces of the result.
        elements: How many ring elements the result has.
        ring: Bits of each.
        bounds: What is not certain: names and negated binary logarithms of the
            chances that a check was passed by luck. Empty: nothing of the kind.
        noise: What was added to the result, or None.
        charge: Privacy budget spent, in micro-epsilon.
    """

    job: str
    spec: bytes
    inputs: tuple[tuple[str, bytes], ...]
    model: Model
    transcript: bytes
    pieces: tuple[bytes, ...]
    elements: int
    ring: int
    bounds: Mapping[str, int] = field(hash=False)
    noise: Mapping[str, Any] | None = field(default=None, hash=False)
    charge: int = 0

    def digest(self) -> bytes:
        """What each node's machine signs, and what the ledger holds."""
        return digest_json(domain.OUTCOME, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay the outcome out."""
        return {
            "bounds": dict(self.bounds),
            "charge": self.charge,
            "elements": self.elements,
            "inputs": {name: b64u(one) for name, one in self.inputs},
            "job": self.job,
            "model": self.model,
            "noise": None if self.noise is None else dict(self.noise),
            "pieces": [b64u(one) for one in self.pieces],
            "ring": self.ring,
            "spec": b64u(self.spec),
            "transcript": b64u(self.transcript),
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Outcome:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(obj, "outcome")
        fields.constant("v", 1)
        named = fields.obj("inputs")
        names = named.names()[: MAX_INPUTS + 1]
        inputs = tuple((name, named.digest(name)) for name in sorted(names))
        named.end()
        model = fields.str("model", max=32)
        if model not in MODELS:
            raise EncodingError("outcome.model: expected one of the models")
        bounds = fields.obj("bounds")
        noise = fields.json("noise")
        if noise is not None and not isinstance(noise, dict):
            raise EncodingError("outcome.noise: expected an object or null")
        made = cls(
            job=identifier.ID.check(fields.str("job"), "outcome.job"),
            spec=fields.digest("spec"),
            inputs=inputs,
            model=cast(Model, model),
            transcript=fields.digest("transcript"),
            pieces=_digests(fields, "pieces"),
            elements=fields.int("elements", 1, MAX_OUTPUT),
            ring=fields.int("ring", 64, 128),
            bounds={name: bounds.int(name, 0, 4096) for name in bounds.names()[:8]},
            noise=noise,
            charge=fields.int("charge", 0),
        )
        bounds.end()
        fields.end()
        return made


def result_document(job: str, output: Mapping[str, Json]) -> dict[str, Json]:
    """The result of a job on shares, as `job.result` commits to it."""
    return {"job": job, "output": dict(output), "v": 1}


def _digests(fields: Fields, name: str) -> tuple[bytes, ...]:
    texts = fields.str_list(name, NODES, identifier.ID.pattern)
    if len(texts) != NODES:
        raise EncodingError(f"{name}: expected {NODES} digests, found {len(texts)}")
    return tuple(unb64u(text, 32) for text in texts)
