"""Reading what the ledger holds about measured programs, by name.

As `query`, of which it is the part for `attested`.

    rules, exchange, auditor ─► query_attested.code(reader, digest) ─► Code

>>> from privshare.ledger.state_map import StateMap
>>> is_listed(StateMap(), "A" * 43)
False
"""

from __future__ import annotations

from privshare.errors import NotFound
from privshare.ledger.attested import (
    AppraisalHead,
    AppraisalPolicy,
    Attestation,
    Code,
)
from privshare.ledger.query import Lister, Reader
from privshare.ledger.state_map import Value

__all__ = [
    "appraisal",
    "appraisal_number",
    "attestation",
    "code",
    "codes",
    "is_listed",
]


def _read(reader: Reader, key: str, noun: str) -> Value:
    value = reader.get(key)
    if value is None:
        raise NotFound(
            f"expected {noun} in the ledger, found none", detail={"key": key}
        )
    return value


def code(reader: Reader, digest: str) -> Code:
    """A measured program, listed or not.

    Args:
        reader: The state.
        digest: Of its closure, base64url.

    Raises:
        NotFound: Nobody proposed it.
    """
    found = _read(reader, f"code/{digest}", f"the program {digest[:10]}...")
    return Code.from_json(found)


def codes(reader: Lister) -> dict[str, Code]:
    """All programs by digest, in the order they were proposed."""
    return {
        name.removeprefix("code/"): Code.from_json(value)
        for name, value in reader.items("code/")
    }


def is_listed(reader: Reader, digest: str) -> bool:
    """Whether a program may run now."""
    found = reader.get(f"code/{digest}")
    return found is not None and Code.from_json(found).status == "listed"


def appraisal(reader: Reader, agency: str) -> AppraisalHead | None:
    """The appraisal policy that an agency has in force, or None."""
    found = reader.get(f"appraisal/{agency}")
    return None if found is None else AppraisalHead.from_json(found)


def appraisal_number(reader: Reader, agency: str, number: int) -> AppraisalPolicy:
    """One of the appraisal policies that an agency has or had.

    Raises:
        NotFound: It never had so many.
    """
    found = _read(
        reader,
        f"appraisal/{agency}/{number}",
        f"appraisal policy {number} of {agency}",
    )
    return AppraisalPolicy.from_json(found)


def attestation(reader: Reader, job: str) -> Attestation:
    """A measured job's nonces and evidence; there from its admission on.

    Raises:
        NotFound: No such job, or one that runs no measured program.
    """
    found = _read(reader, f"attested/{job}", f"a measured job {job[:10]}...")
    return Attestation.from_json(found)
