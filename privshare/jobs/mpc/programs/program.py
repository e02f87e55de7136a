"""A program of the catalogue: what it is told, what it takes, what it says.

    everyone    parameters, rows of each dataset, k ─► Program.plan ─► Plan
    owner       Plan, its own columns ─► inputs.encode ─► ring elements ─► dealt
    node        Plan, shares ─► Program.run ─► shares of the outputs
    receiver    Plan, ring elements ─► Program.decode ─► result document
    tests       Plan, plain columns ─► Program.reference ─► the same document

The plan is the one place where bounds are checked. It is a function of public
values only, so owners, nodes and auditors come to the same one, and what could
leave the ring is refused before anybody splits a value. Nothing here needs
arrays; what a node computes is loaded when it computes.

Implements docs/protocols/mpc.md, "Programs".
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from privshare.errors import EncodingError, EvidenceInvalid, OutOfRange
from privshare.jobs.mpc.programs.column import Alignment, Column, Declared
from privshare.jobs.mpc.programs.cost import Cost
from privshare.jobs.mpc_spec import Model
from privshare.wire.canonical import Json

if TYPE_CHECKING:
    from privshare.jobs.mpc.party import Party
    from privshare.jobs.mpc.ring import Shared

__all__ = [
    "HEADROOM",
    "Block",
    "Noised",
    "Plain",
    "Plan",
    "Program",
    "assemble",
    "choose_ring",
    "not_an_output",
    "refuse_overflow",
    "signed",
]

#: Bits of a ring that no value may need, its sign among them: comparison and
#: exact truncation ask for them.
HEADROOM = 4

#: Plain columns by dataset and the name they have there.
Plain: TypeAlias = Mapping[str, Mapping[str, Sequence[int | str | None]]]


@dataclass(frozen=True, slots=True)
class Block:
    """How one column is laid out among an owner's ring elements.

    Attributes:
        column: The name the program calls it by.
        kind: "number": the scaled integer. "fixed": (x - center) / unit with
            `fraction_bits` bits after the point, rounded to the nearest; "coarse":
            the same, of a column that is "fixed", too. "code": the index of the
            category. "one-hot": a 0 or 1 for each category.
            "bucket": a 0 or 1 for each interval between `edges`.
            "digest": 128 bits of a text's digest, as two elements.
            "is": a 0 or 1, whether it is the category `center`.
        width: Elements of each row.
        fraction_bits: Of "fixed" and "coarse".
        center: Of these: what becomes 0, scaled as the column is.
        unit: Of these: what becomes 1, scaled as the column is.
        edges: Of "bucket": ascending; the last one belongs to its interval.
    """

    column: str
    kind: str
    width: int = 1
    fraction_bits: int = 0
    center: int = 0
    unit: int = 1
    edges: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Noised:
    """That the outputs must not leave without noise, and what it is drawn for.

    Attributes:
        statistic: As `rights.mechanism` names it.
        cells: How many outputs there are; noise is added to all of them.
        low: Least value of a row; 0 for counts.
        high: Greatest value of a row; 1 for counts.
    """

    statistic: str
    cells: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One program on these inputs, checked and laid out.

    Attributes:
        program: Name of the program.
        ring: Bits of a ring element, 64 or 128.
        columns: The declared columns.
        alignment: How rows of several datasets belong together.
        rows: Rows of each dataset, by name.
        k: Groups of fewer rows are not told.
        blocks: What owners encode, in this order.
        outputs: How many ring elements the result has.
        cost: What a run takes.
        detail: The program's own parameters, read.
        noised: What noise the outputs need, or None: they leave as they are.
    """

    program: str
    ring: int
    columns: tuple[Column, ...]
    alignment: Alignment
    rows: Mapping[str, int] = field(hash=False)
    k: int
    blocks: tuple[Block, ...]
    outputs: int
    cost: Cost
    detail: Any = None
    noised: Noised | None = None

    @property
    def elements(self) -> dict[str, int]:
        """How many ring elements each owner deals, by dataset."""
        return {
            dataset: rows * sum(block.width for block in self.layout(dataset))
            for dataset, rows in self.rows.items()
        }

    @property
    def n_rows(self) -> int:
        """Rows that the program sees: all together, or of each if aligned."""
        if self.alignment.aligned:
            return next(iter(self.rows.values()))
        return sum(self.rows.values())

    def column(self, name: str) -> Column:
        """The declared column of this name."""
        return next(column for column in self.columns if column.name == name)

    def layout(self, dataset: str) -> tuple[Block, ...]:
        """The blocks that the owner of this dataset encodes, in order.

        Raises:
            EncodingError: No input of this plan.
        """
        if dataset not in self.rows:
            raise EncodingError("dataset: expected an input of the plan, found none")
        return tuple(
            block for block in self.blocks if dataset in self.column(block.column).of
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An entry of the catalogue.

    Attributes:
        name: As in a specification's `module`.
        version: Raised by whatever changes a result or what leaks.
        inputs: In words: which columns, and how their owner encodes them.
        outputs: In words.
        leaks: In words: what nodes or receiver learn beyond the result.
        error: In words: how far the result may be from the exact one.
        plan: Parameters, rows by dataset and k to a plan.
        document: Plan and outputs, as signed integers, to the result document.
        reference: Plan and plain columns to the same document.
        runner: Module and function that compute it on shares.
        model: What its nodes are taken to do, unless a question says otherwise.
        checked: Whether its products can be checked (`malicious-abort`).
    """

    name: str
    version: int
    inputs: str
    outputs: str
    leaks: str
    error: str
    plan: Callable[[Mapping[str, Any], Mapping[str, int], int], Plan]
    document: Callable[[Plan, Sequence[int]], dict[str, Json]]
    reference: Callable[[Plan, Plain], dict[str, Json]]
    runner: str
    model: Model = "semi-honest"
    checked: bool = False

    def decode(self, plan: Plan, elements: Sequence[int]) -> dict[str, Json]:
        """What opened ring elements say.

        Args:
            plan: As at the nodes.
            elements: The outputs, each from 0 to 2^ring.

        Raises:
            EvidenceInvalid: Elements that the program does not put out.
        """
        if len(elements) != plan.outputs or not all(
            0 <= element < 1 << plan.ring for element in elements
        ):
            raise not_an_output(plan)
        return self.document(plan, [signed(one, plan.ring) for one in elements])

    def run(self, party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
        """Compute on shares, as one of three nodes.

        Args:
            party: This node, connected to the other two.
            plan: The same at all three.
            inputs: By dataset: shares of what `inputs.encode` laid out.

        Returns:
            Shares of `plan.outputs` ring elements, not opened.

        Raises:
            EncodingError: A dataset too few or too many, or of another length.
            VerificationError: Another node does not do its part.
        """
        if set(inputs) != set(plan.rows):
            raise EncodingError(
                f"inputs: expected {len(plan.rows)} datasets of the plan, found others"
            )
        for dataset, shared in inputs.items():
            expected = (plan.elements[dataset],)
            if shared.ring != plan.ring or shared.shape != expected:
                raise EncodingError(
                    f"input {dataset}: expected {expected[0]} elements of "
                    f"{plan.ring} bits, found {shared.shape} of {shared.ring}"
                )
        return cast("Shared", self.load()(party, plan, inputs))

    def load(self) -> Callable[..., Any]:
        """Import what computes on shares."""
        module, function = self.runner.split(":")
        return cast(
            Callable[..., Any], getattr(importlib.import_module(module), function)
        )


def choose_ring(largest: int, declared: Declared, names: Sequence[str]) -> int:
    """The smallest ring that holds every value of at most this size.

    Args:
        largest: No value of the computation is larger in size.
        declared: What it was computed from.
        names: The columns that make it so large.

    Raises:
        OutOfRange: Neither 64 nor 128 bits hold it; names columns and rows.
    """
    for ring in (64, 128):
        if largest < 1 << ring - HEADROOM:
            return ring
    raise refuse_overflow(largest, declared, names)


def refuse_overflow(
    largest: int, declared: Declared, names: Sequence[str]
) -> OutOfRange:
    """The error that says that a value might leave the ring."""
    bits, rows = largest.bit_length(), declared.n_rows
    return OutOfRange(
        f"column {', '.join(names)} of {rows} rows: expected values of at most "
        f"{128 - HEADROOM} bits in the computation, found up to {bits}",
        fix="Declare a narrower interval or a smaller scale, or take fewer rows.",
        detail={
            "rule": "mpc.overflow",
            "bits": bits,
            "columns": list(names),
            "rows": rows,
        },
    )


def not_an_output(plan: Plan) -> EvidenceInvalid:
    """The error that says that nobody who ran the program got these elements."""
    return EvidenceInvalid(
        f"result of {plan.program}: expected {plan.outputs} elements as the program "
        "puts them out, found others",
        detail={"rule": "mpc.result"},
    )


def signed(element: int, ring: int) -> int:
    """A ring element as the signed integer it stands for.

    >>> signed(2**64 - 1, 64)
    -1
    """
    return element - (1 << ring) if element >> ring - 1 else element


def assemble(plan: Plan, plain: Plain) -> dict[str, list[int]]:
    """Plain columns as a program sees them: whole, categories as indices.

    Appended rows stand in the order of the datasets' names, as shares do.
    """
    return {
        column.name: [
            _index(column, cell)
            for dataset in sorted(column.of)
            for cell in plain[dataset][column.of[dataset]]
        ]
        for column in plan.columns
    }


def _index(column: Column, cell: int | str | None) -> int:
    if isinstance(cell, str):
        return column.categories.index(cell)
    if cell is None:
        raise EncodingError(f"column {column.name}: expected no empty cell, found one")
    return cell
