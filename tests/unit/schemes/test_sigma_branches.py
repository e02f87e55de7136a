"""Which branch of an Or is true: the core is asked the same whichever it is.

What an answer costs depends on the lengths and places that are asked for, so
those are noted here, call by call. That the bytes of proofs tell nothing either
is counted in test_sigma_exhaustive.py.
"""

from __future__ import annotations

from typing import Any

from sigma_kit import TinyGroup

from privshare.schemes.sigma import And, Branch, LinearRelation, Or, RelationBuilder
from privshare.schemes.sigma.engine import _answer, _plan, _split, commitments
from privshare.schemes.sigma.group import Entries
from privshare.schemes.sigma.statement import draws, pack


class Watched(TinyGroup):
    """Notes every call and all that is public in it: lengths and places."""

    def __init__(self) -> None:
        super().__init__(2**127 - 1, 16)
        self.calls: list[tuple[object, ...]] = []
        self.inside = False

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if not callable(found) or self.inside:
            return found

        def noted(*arguments: Any) -> Any:
            self.calls.append((name, *(public(name, one) for one in arguments)))
            self.inside = True
            try:
                return found(*arguments)
            finally:
                self.inside = False

        return noted


def public(name: str, argument: Any) -> object:
    """What everybody may know of an argument: places, lengths, constants."""
    if isinstance(argument, Entries):
        return tuple(argument.rows), tuple(argument.columns)
    if isinstance(argument, int):
        return argument
    if name in ("take", "sums") and isinstance(argument, tuple):
        return argument
    return len(argument)


def key(group: TinyGroup, *secrets: int) -> LinearRelation:
    """K_i = x_i·G for each secret."""
    b = RelationBuilder(group)
    for secret in secrets:
        image = b.element(group.scalar(secret))
        b.equation([(image, 1)], [(b.scalar(), b.generator, 1)])
    return b.relation()


def test_every_branch_takes_the_same_calls() -> None:
    """At any depth, with branches of different lengths, once the witness is packed."""
    group = Watched()
    inner = Or([key(group, 5), key(group, 6, 7)])
    statement = Or([key(group, 1, 2), key(group, 3), And([key(group, 4), inner])])

    def scalars(*values: int) -> list[bytes]:
        return [group.scalar(value) for value in values]

    witnesses = [
        Branch(0, scalars(1, 2)),
        Branch(1, scalars(3)),
        Branch(2, [scalars(4), Branch(0, scalars(5))]),
        Branch(2, [scalars(4), Branch(1, scalars(6, 7))]),
    ]
    traces = []
    for witness in witnesses:
        packed = pack(statement, witness)
        nonces = [group.scalar(i + 2) for i in range(draws(statement))]
        group.calls = []
        node = _plan(statement, _split(group, packed), iter(nonces), None)
        group.encode(commitments(node.claims, secret=True))
        _answer(node, group.scalar(2**100))
        traces.append(list(group.calls))
    assert len(traces[0]) > 50
    assert all(trace == traces[0] for trace in traces)
    assert not any("vartime" in str(call[0]) for call in traces[0])
