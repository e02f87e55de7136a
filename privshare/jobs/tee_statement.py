"""What parties of a measured job commit to and sign.

    owner       Release: this table of mine I sealed to the key of this machine
    machine     commitments to tables and output, in what it concludes

An owner signs its release after it has appraised the evidence itself, so the
receipt shows that it did, on which data, and to which machine.

Implements section 4 of docs/protocols/attestation.md.

>>> release = Release(job="A" * 43, dataset="taxes/returns", version=1,
...     columns=("income",), rows=100, commitment=bytes(32), admission=bytes(32))
>>> Release.from_bytes(release.to_bytes()) == release
True
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import EncodingError
from privshare.rights import identifier
from privshare.rights.terms import MAX_COLUMNS, check_set
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import tagged
from privshare.wire.envelope import media_type

__all__ = [
    "MAX_OUTPUT",
    "RELEASE",
    "Release",
    "output_commitment",
    "result_document",
    "table_commitment",
]

RELEASE = media_type("release")
SALT_BYTES = 32
MAX_OUTPUT = 1 << 20


def table_commitment(salt: bytes, table: bytes) -> bytes:
    """The 32 bytes that commit an owner to the table it releases.

    H(INPUT, salt, table); the salt travels with the table, sealed, so that
    nobody finds a small table by trying.

    Args:
        salt: 32 random bytes.
        table: As the program is handed it.

    Raises:
        EncodingError: A salt of another length.
    """
    if len(salt) != SALT_BYTES:
        raise EncodingError(f"salt: expected {SALT_BYTES} bytes, found {len(salt)}")
    return tagged(domain.INPUT, salt, table)


def output_commitment(output: bytes) -> bytes:
    """The 32 bytes that a machine's conclusion holds of the program's output."""
    return tagged(domain.RESULT, output)


def result_document(job: str, output: bytes) -> dict[str, Json]:
    """The result of a measured job, as `job.result` commits to it."""
    return {"job": job, "output": b64u(output), "v": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """That an owner released a table to an attested machine.

    Attributes:
        job: The job's id on the ledger.
        dataset: Which input.
        version: The dataset's version.
        columns: Every column in the table, in order.
        rows: How many rows it has.
        commitment: `table_commitment` of the table.
        admission: Digest of the admission whose key it was sealed to.
    """

    job: str
    dataset: str
    version: int
    columns: tuple[str, ...]
    rows: int
    commitment: bytes
    admission: bytes

    @property
    def owner(self) -> str:
        """Who signs it."""
        return identifier.owner_of(self.dataset)

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "admission": b64u(self.admission),
                "columns": list(self.columns),
                "commitment": b64u(self.commitment),
                "dataset": self.dataset,
                "job": self.job,
                "rows": self.rows,
                "v": 1,
                "version": self.version,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Release:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload), "release")
        fields.constant("v", 1)
        columns = fields.str_list("columns", 2 * MAX_COLUMNS)
        check_set(columns, identifier.COLUMN, 2 * MAX_COLUMNS, "release.columns")
        made = cls(
            job=identifier.ID.check(fields.str("job"), "release.job"),
            dataset=identifier.DATASET.check(fields.str("dataset"), "release.dataset"),
            version=fields.int("version", 1),
            columns=columns,
            rows=fields.int("rows", 0),
            commitment=fields.digest("commitment"),
            admission=fields.digest("admission"),
        )
        fields.end()
        return made
