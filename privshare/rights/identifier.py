"""How agencies, datasets, rings, columns, purposes and programs are spelled.

Every identifier has one form, checked once where bytes become a statement;
behind that point a `str` in a field of that name is known to be well formed.
All forms are ASCII, so that nothing looks like something else, and none is
longer than 128 characters.

    bytes ─► wire.canonical.Fields ─► statement, whose fields pass `Form.check`

The list of operations stands here too, because it is closed: a new operation
is a new row in `OPERATIONS`, and with it a new meaning for every verifier.

>>> DATASET.check("taxes/returns-2025", "terms.dataset")
'taxes/returns-2025'
>>> owner_of("taxes/returns-2025")
'taxes'
>>> AGENCY.check("Taxes", "terms.grantee")
Traceback (most recent call last):
privshare.errors.EncodingError: terms.grantee: expected an agency such as \
"taxes", found "Taxes"
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from privshare.errors import EncodingError
from privshare.wire.base64 import b64u

_AGENCY = r"[a-z][a-z0-9-]{1,30}"
_OWNED = _AGENCY + r"/[a-z0-9][a-z0-9-]{0,62}"
_ID = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
_SHOWN = 40

#: What runs measured programs in one machine, and what runs them on shares among
#: three; the name of a program is either, a colon and the program's digest.
MEASURED = "tee.run/v1"
JOINT = "mpc.run/v1"
#: What runs submitted code at the owner of the data: this alone, as a class of
#: programs; or this, a colon and the digest of everything submitted.
SUBMITTED = "code.run/v1"
_RUN = "(?:" + "|".join(map(re.escape, (MEASURED, JOINT, SUBMITTED))) + ")"


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of identifier.

    Attributes:
        noun: How messages call it, with its article.
        pattern: Matches the whole identifier; longer input does not match.
        example: A well-formed one, for messages.
    """

    noun: str
    pattern: re.Pattern[str]
    example: str

    def check(self, text: str, where: str) -> str:
        """Return `text` if it has this form.

        Args:
            text: What was found.
            where: The field, as messages name it: `terms.grantee`.

        Raises:
            EncodingError: It has not.
        """
        if self.pattern.fullmatch(text) is None:
            raise EncodingError(
                f'{where}: expected {self.noun} such as "{self.example}", '
                f"found {shown(text)}",
                detail={"field": where},
            )
        return text


def shown(text: str) -> str:
    """Quote foreign text for a message: ASCII, and at most 40 characters."""
    quoted = ascii(text[:_SHOWN])[1:-1].replace("\\'", "'")
    return f'"{quoted}{"..." if len(text) > _SHOWN else ""}"'


AGENCY = Form("an agency", re.compile(_AGENCY), "taxes")
DATASET = Form("a dataset", re.compile(_OWNED), "taxes/returns-2025")
COLUMN = Form("a column", re.compile(r"[a-z][a-z0-9_]{0,62}"), "tax_paid")
RING = Form("a ring", re.compile(_OWNED), "housing/officials")
#: In which a member of a ring says something once without being recognised.
SCOPE = Form(
    "a scope of printable ASCII",
    re.compile(r"[!-~]([ -~]{0,126}[!-~])?"),
    "complaints 2026",
)
PURPOSE = Form("a purpose", re.compile(r"[a-z][a-z0-9:._-]{0,63}"), "housing-policy")
PROGRAM = Form(
    "a program",
    re.compile(rf"[a-z][a-z0-9.]{{0,62}}/v[1-9][0-9]{{0,3}}|{_RUN}:{_ID}"),
    "he.sum/v2",
)
NETWORK = Form("a network", re.compile(r"[a-z0-9][a-z0-9.-]{2,62}"), "demo.privshare")
OBLIGATION = Form(
    "an obligation", re.compile(r"[a-z][a-z0-9:._-]{0,63}"), "delete-after-use"
)
RULE = Form("a rule", re.compile(r"[a-z][a-z0-9._-]{0,63}"), "housing-totals")
#: A digest of 32 bytes in unpadded base64url; ids of grants, uses and jobs.
ID = Form(
    "an id of 43 characters",
    re.compile(_ID),
    "A" * 43,
)

Output = Literal["aggregate", "record"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the closed list.

    Attributes:
        output: What leaves: numbers about many rows, or rows themselves.
        meaning: One clause for consoles and reports.
    """

    output: Output
    meaning: str


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "count": Operation("aggregate", "how many rows"),
        "link": Operation("record", "which rows match those of another dataset"),
        "match": Operation(
            "aggregate", "how many rows match another dataset's, and their sum"
        ),
        "mean": Operation("aggregate", "the mean of a column"),
        "read": Operation("record", "single rows, in the clear"),
        "run": Operation("aggregate", "what a measured program computes"),
        "sum": Operation("aggregate", "the sum of a column"),
    }
)


#: Programs that join two owners' sets, and the operation that each is for.
JOINS: Mapping[str, str] = MappingProxyType(
    {"psi.count/v1": "match", "psi.ids/v1": "link", "psi.sum/v1": "match"}
)


def check_operation(text: str, where: str) -> str:
    """Return `text` if it is an operation of the closed list.

    Raises:
        EncodingError: It is not.
    """
    if text not in OPERATIONS:
        raise EncodingError(
            f"{where}: expected one of {', '.join(OPERATIONS)}, found {shown(text)}",
            detail={"field": where},
        )
    return text


def measured(code: bytes, runner: str = MEASURED) -> str:
    """Name a measured program by the digest of its closure.

    Grants and jobs hold this name, so a right covers these bytes and no others.

    >>> measured(bytes(32))
    'tee.run/v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

    Raises:
        EncodingError: Not 32 bytes.
    """
    if len(code) != 32:
        raise EncodingError(f"code: expected 32 bytes, found {len(code)}")
    return f"{runner}:{b64u(code)}"


def code_of(program: str) -> str | None:
    """The digest in a measured program's name, base64url; None in any other."""
    runner, _, code = program.partition(":")
    return code if runner in (MEASURED, JOINT) and code else None


def submitted(digest: bytes) -> str:
    """Name submitted code by the digest of all of its files.

    >>> submission_of(submitted(bytes(32))) == b64u(bytes(32))
    True

    Raises:
        EncodingError: Not 32 bytes.
    """
    return measured(digest, SUBMITTED)


def submission_of(program: str) -> str | None:
    """The digest in the name of submitted code, base64url; None in any other."""
    runner, _, digest = program.partition(":")
    return digest if runner == SUBMITTED and digest else None


def unlisted(programs: Iterable[str], listed: Collection[str]) -> set[str]:
    """The programs that no list covers: by name, or submitted code by its class.

    >>> unlisted([submitted(bytes(32)), "he.sum/v2"], ["code.run/v1"])
    {'he.sum/v2'}
    """
    found = set(programs).difference(listed)
    if SUBMITTED in listed:
        found = {one for one in found if submission_of(one) is None}
    return found


def is_joint(program: str) -> bool:
    """Whether a program runs on shares among three nodes."""
    return program.partition(":")[0] == JOINT


def owner_of(dataset: str) -> str:
    """Name the agency that owns a dataset or a ring: what stands before the slash."""
    return dataset.partition("/")[0]
