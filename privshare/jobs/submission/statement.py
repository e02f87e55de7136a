"""What the owner of the data says of a run of submitted code.

    owner    Run, signed ─► evidence of job.result
    auditor  Run: this job, these bytes, this rule, these outputs

Of the class `software`: that these bytes ran, on these rows, is the owner's word.

Implements docs/formats/receipt.md, section 5.

>>> run = Run(job="A" * 43, spec=bytes(32), submission=bytes(32), gate=bytes(32),
...     rows=100, outputs=outputs_digest({"total.json": b"{}"}),
...     walls="bubblewrap+seccomp", python="3.11.2", packages=(), noise=None)
>>> Run.from_bytes(run.to_bytes()) == run
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from privshare.errors import EncodingError, OutOfRange
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json, b64u, decode, encode
from privshare.wire.digest import digest_json
from privshare.wire.envelope import media_type

__all__ = [
    "CLASS",
    "MAX_PACKAGES",
    "MAX_RUN",
    "RUN",
    "Run",
    "outputs_digest",
    "outputs_of",
    "result_document",
]

RUN: Final = media_type("submission-run")
CLASS: Final = "software"
MAX_RUN: Final = 32 << 10
MAX_PACKAGES: Final = 64
MAX_OUTPUTS: Final = 16
#: Bytes of one, at most: as much as a gate's rule may let out in all.
MAX_OUTPUT: Final = 1 << 20
_WORD: Final = r"[!-~]{1,80}"
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._ -]{0,119}"


def outputs_digest(outputs: Mapping[str, bytes]) -> bytes:
    """The 32 bytes that commit the owner to what it releases."""
    return digest_json(domain.OUTPUTS, _laid_out(outputs))


def result_document(job: str, outputs: Mapping[str, bytes]) -> dict[str, Json]:
    """The result of a job of submitted code, as `job.result` commits to it."""
    return {"job": job, "outputs": _laid_out(outputs), "v": 1}


def outputs_of(result: object, job: str) -> dict[str, bytes]:
    """What a result document holds.

    Raises:
        EncodingError: Another form, or another job.
    """
    fields = Fields(result, "result")
    fields.constant("v", 1)
    fields.constant("job", job)
    found: dict[str, bytes] = {}
    for item in fields.objs("outputs", MAX_OUTPUTS):
        name = item.str("name", max=120)
        if re.fullmatch(_NAME, name) is None:
            raise EncodingError("result.outputs.name: expected a plain name")
        found[name] = item.bytes("bytes", max=MAX_OUTPUT)
        item.end()
    fields.end()
    if _laid_out(found) != result["outputs"]:  # type: ignore[index]
        raise EncodingError("result.outputs: expected names in order, each once")
    return found


def _laid_out(outputs: Mapping[str, bytes]) -> list[Json]:
    return [
        {"bytes": b64u(data), "name": name} for name, data in sorted(outputs.items())
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """That approved bytes ran on the owner's rows, and what is released of it.

    Attributes:
        job: The job's id on the ledger.
        spec: Digest of its specification.
        submission: Digest of the files, hashed again right before the run.
        gate: Digest of the rule that the outputs keep.
        rows: How many rows the code was handed.
        outputs: `outputs_digest` of what is released.
        walls: What stood around it, such as "bubblewrap+seccomp".
        python: Version of the interpreter.
        packages: Name and version of each package that it could import.
        noise: What was added to the outputs, in words; None for nothing.
    """

    job: str
    spec: bytes
    submission: bytes
    gate: bytes
    rows: int
    outputs: bytes
    walls: str
    python: str
    packages: tuple[tuple[str, str], ...]
    noise: str | None

    def __post_init__(self) -> None:
        identifier.ID.check(self.job, "run.job")
        if isinstance(self.rows, bool) or not 0 <= self.rows < INTEGER_LIMIT:
            raise OutOfRange(f"run.rows: expected 0 or more, found {self.rows}")
        if len(self.packages) > MAX_PACKAGES:
            raise OutOfRange(f"run.packages: expected at most {MAX_PACKAGES}")
        words = (self.walls, self.python, *(w for pair in self.packages for w in pair))
        if not all(re.fullmatch(_WORD, word) for word in words):
            raise EncodingError("run: expected words of printable ASCII, found others")
        if list(self.packages) != sorted(set(self.packages)):
            raise EncodingError("run.packages: expected them in order, each once")

    def to_bytes(self) -> bytes:
        """The payload of its envelope."""
        return encode(
            {
                "class": CLASS,
                "gate": b64u(self.gate),
                "job": self.job,
                "noise": self.noise,
                "outputs": b64u(self.outputs),
                "packages": [list(pair) for pair in self.packages],
                "python": self.python,
                "rows": self.rows,
                "spec": b64u(self.spec),
                "submission": b64u(self.submission),
                "v": 1,
                "walls": self.walls,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Run:
        """Read a payload whose signature was verified.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        fields = Fields(decode(payload, max_bytes=MAX_RUN), "run")
        fields.constant("v", 1)
        fields.constant("class", CLASS)
        made = cls(
            job=fields.str("job"),
            spec=fields.digest("spec"),
            submission=fields.digest("submission"),
            gate=fields.digest("gate"),
            rows=fields.int("rows", 0),
            outputs=fields.digest("outputs"),
            walls=fields.str("walls", max=80),
            python=fields.str("python", max=80),
            packages=_packages(fields.json("packages")),
            noise=fields.nullable("noise", lambda name: fields.str(name, max=400)),
        )
        fields.end()
        return made


def _packages(found: Json) -> tuple[tuple[str, str], ...]:
    if not isinstance(found, list) or len(found) > MAX_PACKAGES:
        raise EncodingError(f"run.packages: expected a list of up to {MAX_PACKAGES}")
    made = []
    for pair in found:
        match pair:
            case [str(name), str(version)]:
                made.append((name, version))
            case _:
                raise EncodingError("run.packages: expected pairs of texts")
    return tuple(made)
