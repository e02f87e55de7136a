"""What a use says of the answer that will leave: of which rows, how noisy.

An input of a use or of a job may carry an answer. Where the owner has opened
a privacy account for the dataset, it must.

    grantee   Answer ─► use.reserve, job.admit ─► ledger: account and query log
    owner     filter_tag(key, filter of the specification) == answer.row_filter

Implements docs/protocols/privacy.md, section 7.

>>> from privshare.rights.privacy import filter_tag
>>> exact = Answer(filter_tag(bytes(32), None), None)
>>> exact.to_json()["noise"] is None
True
>>> Answer.read(Fields(exact.to_json(), "answer")) == exact
True
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.rights.mechanism import Mechanism
from privshare.wire.canonical import Fields, Json, b64u

__all__ = ["Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as the ledger knows it.

    Attributes:
        row_filter: The tag of the filter of rows (`privacy.filter_tag`).
        noise: How it is made noisy, or None for an exact answer.
    """

    row_filter: bytes
    noise: Mechanism | None

    @classmethod
    def read(cls, fields: Fields) -> Answer:
        """Read the fields and close them.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        row_filter = fields.digest("filter")
        noise = fields.json("noise")
        fields.end()
        made = None
        if noise is not None:
            made = Mechanism.from_json(noise, f"{fields.where}.noise")
        return cls(row_filter, made)

    def to_json(self) -> dict[str, Json]:
        """Lay it out as transactions hold it."""
        noise = self.noise
        return {
            "filter": b64u(self.row_filter),
            "noise": None if noise is None else noise.to_json(),
        }
