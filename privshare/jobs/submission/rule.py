"""What an owner asks of submitted code: a document, and its digest.

Who approves it, what it may take while it runs, what its outputs may be, and
which noise is added to them. `gate` holds outputs to it.

    owner     GateRule ─► digest ─► mock.publish: the rule of a dataset
    auditor   GateRule.from_json ─► the same digest ─► gate.check_released

Implements docs/formats/gate.md.

>>> rule = GateRule(k=10, count="n", noise=Noise(
...     epsilon=500_000, sensitivity=1, fields=("mean",)))
>>> GateRule.from_json(rule.to_json()) == rule, len(rule.digest()), rule.charge
(True, 32, 500000)
>>> GateRule(k=1, numbers=1, texts=3, files=1, words=("mean", "result")).bits
60
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias, cast

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.submission import limits, output
from privshare.rights import identifier, privacy, terms
from privshare.schemes.noise import DiscreteLaplace
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json
from privshare.wire.digest import digest_json

__all__ = ["MAX_FILE_NAME", "GateRule", "Noise"]

_Bytes: TypeAlias = bytes

#: Characters of a file's name, without its ending.
MAX_FILE_NAME: Final = 60

_FORMATS: Final = ("csv", "json")
_MAX_APPROVALS: Final = 8
_MAX_FIELDS: Final = 64
_MAX_WORDS: Final = 1024
_MAX_PLACES: Final = 6
#: Bits of a visible character of Unicode 3.2, rounded up; and of a file's name.
_CHARACTER: Final = 17
_FILE_BITS: Final = 6 * MAX_FILE_NAME + 1
_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "people": (1, 4),
    "files": (1, 16),
    "bytes": (1, 1 << 20),
    "rows": (1, 100_000),
    "numbers": (1, 1_000_000),
    "texts": (1, 100_000),
    "digits": (1, output.PLACES),
    "k": terms.BOUNDS["k"],
    **{name: limits.BOUNDS[name] for name in ("seconds", "memory", "disk")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Discrete Laplace noise over the numbers of an output.

    All noised numbers together cost `epsilon`, whatever their number, as long
    as the sensitivity that people read out of the code is right.

    Attributes:
        epsilon: Micro-ε that a run is charged, 1 to 10^8.
        sensitivity: How much all noised numbers of all files together can
            change when the rows of one person do, in steps of 10^-places, as
            the program prints them; 1 or more.
        fields: Names of the columns and keys whose numbers are noised, sorted.
            No other number may leave, but for `GateRule.count`.
        places: Digits after the point that noised numbers have, 0 to 6. The
            program rounds to them: what has more is refused, since rounding
            after the review would change the sensitivity.

    Raises:
        EncodingError: No fields, or not in order.
        OutOfRange: A number outside its bounds, or noise out of reach.
    """

    epsilon: int
    sensitivity: int
    fields: tuple[str, ...]
    places: int = 0

    def __post_init__(self) -> None:
        _within("noise.epsilon", self.epsilon, 1, privacy.MAX_EPSILON)
        _within("noise.sensitivity", self.sensitivity, 1, 1 << 40)
        _within("noise.places", self.places, 0, _MAX_PLACES)
        if not self.fields:
            raise EncodingError("gate.noise.fields: expected some, found none")
        _check_texts(self.fields, _MAX_FIELDS, "gate.noise.fields")
        _ = self.law

    @property
    def law(self) -> DiscreteLaplace:
        """What is added to each number, in steps: of scale sensitivity/ε."""
        scale = Fraction(self.sensitivity * privacy.MICRO, self.epsilon)
        return DiscreteLaplace(scale.numerator, scale.denominator)

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "epsilon": self.epsilon,
            "fields": list(self.fields),
            "places": self.places,
            "sensitivity": self.sensitivity,
        }

    @classmethod
    def _from_fields(cls, fields: Fields) -> Noise:
        made = cls(
            epsilon=fields.int("epsilon"),
            sensitivity=fields.int("sensitivity"),
            fields=fields.str_list("fields", _MAX_FIELDS),
            places=fields.int("places"),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """What an owner asks of submitted code. Well formed from when it exists.

    Attributes:
        k: Rows that each line of an output rests on, at least; 1 to 10^6.
        count: The column or key that says how many rows a line is about; on
            every line of every file. Required where k is more than 1.
        approvals: Agencies that approve beside the owner, sorted, at most 8.
        people: Of the owner that confirm an approval, 1 to 4.
        formats: Of the outputs: csv, json or both, sorted.
        files: How many outputs, 1 to 16.
        bytes: Of all outputs together, at most; 1 to 2^20.
        rows: Lines of one output, at most.
        numbers: Numbers, truth values and empty cells of all outputs together,
            at most.
        texts: Texts, names of columns and keys, and names of files of all
            outputs together, at most.
        digits: Of a number that count, 1 to 15; the rest is rounded away.
        words: All texts, column names and file names (without their ending)
            that may leave beside `count` and the noised fields, sorted; None
            for any.
        seconds: As in `Limits`, like `memory` and `disk` (bytes).
        memory: See there.
        disk: See there.
        noise: How numbers are noised, or None: exact ones leave.

    Raises:
        EncodingError: A list that is not sorted, empty or of other words; a
            `count` missing.
        OutOfRange: A number outside its bounds.
    """

    k: int
    count: str | None = None
    approvals: tuple[str, ...] = ()
    people: int = 1
    formats: tuple[str, ...] = _FORMATS
    files: int = 4
    bytes: int = 64 << 10
    rows: int = 1_000
    numbers: int = 4_000
    texts: int = 2_000
    digits: int = 9
    words: tuple[str, ...] | None = None
    seconds: int = 60
    memory: int = 2 << 30
    disk: int = 64 << 20
    noise: Noise | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            _within(name, getattr(self, name), low, high)
        terms.check_set(
            self.approvals, identifier.AGENCY, _MAX_APPROVALS, "gate.approvals"
        )
        terms.check_order(self.formats, "gate.formats")
        if not self.formats or not set(self.formats) <= set(_FORMATS):
            raise EncodingError("gate.formats: expected csv, json or both, found other")
        if self.words is not None:
            if not self.words:
                raise EncodingError("gate.words: expected some or null, found none")
            _check_texts(self.words, _MAX_WORDS, "gate.words")
        self._check_count()

    def _check_count(self) -> None:
        if self.count is None:
            if self.k > 1:
                raise EncodingError(
                    "gate.count: expected the column that tells how many rows a line "
                    f"is about, since k is {self.k}, found null"
                )
            return
        _check_texts((self.count,), 1, "gate.count")
        if output.rounded(Decimal(self.k), self.digits) != self.k:
            raise OutOfRange(
                f"gate.k: expected a number of at most {self.digits} digits that "
                f"count, as gate.digits has it, found {self.k}"
            )
        noise = self.noise
        if noise is not None and self.count in noise.fields and noise.places:
            raise OutOfRange(
                "gate.noise.places: expected 0, since the count is noised and whole, "
                f"found {noise.places}"
            )

    @property
    def vocabulary(self) -> frozenset[str] | None:
        """All texts and names that may leave: words, count and noised fields."""
        if self.words is None:
            return None
        noised = () if self.noise is None else self.noise.fields
        return frozenset({*self.words, *noised, self.count or self.words[0]})

    @property
    def charge(self) -> int:
        """Micro-ε that a run is charged: ε of its noise, 0 without."""
        return 0 if self.noise is None else self.noise.epsilon

    @property
    def bits(self) -> int:
        """What all outputs of one run can tell at most, in bits.

        The logarithm of how many different outputs the rule lets pass, rounded
        up; each text as the longest, unless `words` lists them. Noise is not
        taken into account: of what it covers, `charge` is the better bound.
        """
        number = _ceil_log2(10**self.digits * 2 * 34 + 4)
        if self.vocabulary is None:
            text, name = output.MAX_TEXT * _CHARACTER, _FILE_BITS
        else:
            text = _ceil_log2(len(self.vocabulary))
            name = text + 1
        cells = self.numbers + self.texts
        shape = 2 + _ceil_log2(self.rows + 1) + _ceil_log2(cells + 1)
        free = self.numbers * number + self.texts * text + cells
        most = min(free, 8 * self.bytes)
        return most + self.files * (name + shape) + _ceil_log2(self.files)

    def to_json(self) -> dict[str, Json]:
        """Lay it out, as the owner publishes it."""
        return {
            "approvals": list(self.approvals),
            "bytes": self.bytes,
            "count": self.count,
            "digits": self.digits,
            "disk": self.disk,
            "files": self.files,
            "formats": list(self.formats),
            "k": self.k,
            "memory": self.memory,
            "noise": None if self.noise is None else self.noise.to_json(),
            "numbers": self.numbers,
            "people": self.people,
            "rows": self.rows,
            "seconds": self.seconds,
            "texts": self.texts,
            "v": 1,
            "words": None if self.words is None else list(self.words),
        }

    @classmethod
    def from_json(cls, obj: object, where: str = "gate") -> GateRule:
        """Read what `to_json` gave.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number outside its bounds.
        """
        fields = Fields(obj, where)
        fields.constant("v", 1)
        noise = fields.nullable("noise", fields.obj)
        made = cls(
            approvals=fields.str_list("approvals", _MAX_APPROVALS),
            count=fields.nullable("count", fields.str),
            formats=fields.str_list("formats", len(_FORMATS)),
            noise=None if noise is None else Noise._from_fields(noise),
            words=fields.nullable("words", fields.str_list, _MAX_WORDS),
            **{name: fields.int(name) for name in _BOUNDS},
        )
        fields.end()
        return made

    def digest(self) -> _Bytes:
        """The 32 bytes that name this rule on the ledger."""
        return digest_json(domain.GATE, self.to_json())


def _check_texts(texts: tuple[str, ...], most: int, where: str) -> None:
    if len(texts) > most:
        raise EncodingError(f"{where}: expected at most {most}, found {len(texts)}")
    for text in texts:
        if not output.is_text(text):
            raise EncodingError(
                f"{where}: expected 1 to {output.MAX_TEXT} visible characters that do "
                f"not begin like a formula, found {identifier.shown(text)}"
            )
    terms.check_order(texts, where)


def _within(name: str, value: int, low: int, high: int) -> None:
    if isinstance(cast(object, value), bool) or not low <= value <= high:
        raise OutOfRange(
            f"gate.{name}: expected {low} to {high}, found {value}",
            detail={"field": f"gate.{name}"},
        )


def _ceil_log2(number: int) -> int:
    return (number - 1).bit_length()
