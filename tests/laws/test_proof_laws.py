"""Laws of proof documents: what is true is proven, what is false is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from privshare.errors import OutOfRange, PrivShareError, ProofInvalid
from privshare.schemes.commitment import Opening, draw_blinding
from privshare.schemes.proof import (
    AtLeast,
    Context,
    EqualValues,
    InRange,
    Interval,
    LinearSum,
    OneOfSet,
    ProofDocument,
    Statement,
    Witness,
    make,
    verify,
    verify_many,
)

MOST = 2**53 - 1
EDGES = (0, 1, -1, 255, 256, 2**32, MOST, -MOST)
NUMBERS = st.one_of(st.sampled_from(EDGES), st.integers(-MOST, MOST))
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=96)
CONTEXTS = st.builds(
    Context,
    TEXT,
    TEXT,
    TEXT.filter(bool),
    st.binary(min_size=16, max_size=32),
)
CONTEXT = Context("", "", "laws", bytes(16))


def opening(value: int) -> Opening:
    return Opening(value, draw_blinding())


def holds(statement: Statement, *openings: Opening) -> bool:
    """Whether a prover proves it; if so, it is verified as well."""
    try:
        document = make(statement, Witness(openings), CONTEXT)
    except (OutOfRange, ProofInvalid):
        return False
    verify(ProofDocument.from_bytes(document.to_bytes()))
    return True


@settings(max_examples=60)
@given(NUMBERS, NUMBERS, NUMBERS)
def test_an_interval_is_proven_when_the_value_is_in_it(
    value: int, low: int, high: int
) -> None:
    """low <= v <= high, for any three numbers of documents."""
    low, high = min(low, high), max(low, high)
    one = opening(value)
    statement = InRange((Interval(one.commitment(), low, high),))
    assert holds(statement, one) == (low <= value <= high)


@settings(max_examples=40)
@given(NUMBERS, NUMBERS)
def test_at_least_is_the_order_of_integers(x: int, y: int) -> None:
    """x >= y, negative ones too."""
    one, two = opening(x), opening(y)
    statement = AtLeast(one.commitment(), two.commitment(), -MOST, 64)
    assert holds(statement, one, two) == (x >= y)


@settings(max_examples=40)
@given(st.lists(NUMBERS, min_size=2, max_size=4))
def test_equal_is_equality(values: list[int]) -> None:
    """All of them, or not."""
    openings = [opening(value) for value in values]
    statement = EqualValues(tuple(one.commitment() for one in openings))
    assert holds(statement, *openings) == (len(set(values)) == 1)


@settings(max_examples=40)
@given(NUMBERS, st.sets(NUMBERS, min_size=2, max_size=6))
def test_one_of_set_is_membership(value: int, numbers: set[int]) -> None:
    """In, or not in."""
    one = opening(value)
    statement = OneOfSet(one.commitment(), tuple(numbers))
    assert holds(statement, one) == (value in numbers)


TERMS = st.tuples(st.integers(-(2**30), 2**30), st.integers(-999, 999).filter(bool))


@settings(max_examples=40)
@given(st.lists(TERMS, min_size=1, max_size=5), st.integers(-2, 2))
def test_linear_is_the_sum(terms: list[tuple[int, int]], off: int) -> None:
    """Σ aᵢ·vᵢ = b, and not b + 1."""
    openings = [opening(value) for value, _ in terms]
    total = sum(value * a for value, a in terms) + off
    statement = LinearSum(
        tuple(one.commitment() for one in openings), tuple(a for _, a in terms), total
    )
    assert holds(statement, *openings) == (off == 0)


@settings(max_examples=40)
@given(CONTEXTS, CONTEXTS)
def test_a_document_has_one_context(context: Context, other: Context) -> None:
    """Any two contexts are told apart, however alike they look."""
    assume(context != other)
    one = opening(5)
    document = make(OneOfSet(one.commitment(), (5, 6)), Witness([one]), context)
    verify(ProofDocument.from_bytes(document.to_bytes()))
    with pytest.raises(ProofInvalid):
        verify(replace(document, context=other))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=6))
def test_many_are_judged_as_each_is(picks: list[tuple[int, bool]]) -> None:
    """A batch holds when all hold, and names the first that does not."""
    documents = []
    for kind, good in picks:
        one, two = opening(7), opening(7)
        statement: Statement = (
            EqualValues((one.commitment(), two.commitment())),
            InRange((Interval(one.commitment(), 0, 9),)),
            OneOfSet(one.commitment(), (7, 8)),
            AtLeast(one.commitment(), two.commitment(), 0, 8),
        )[kind]
        witness = Witness([one, two][: len(statement.commitments)])
        document = make(statement, witness, CONTEXT)
        wrong = replace(CONTEXT, purpose="another")
        documents.append(document if good else replace(document, context=wrong))
    bad = [i for i, (_, good) in enumerate(picks) if not good]
    if not bad:
        verify_many(documents)
        return
    with pytest.raises(ProofInvalid) as caught:
        verify_many(documents)
    assert caught.value.detail["index"] == bad[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.data())
def test_no_document_raises_anything_unnamed(data: st.DataObject) -> None:
    """Whatever stands in the fields, the answer is an error of the tree."""
    one = opening(5)
    laid: dict[str, Any] = make(
        InRange((Interval(one.commitment(), 0, 9),)), Witness([one]), CONTEXT
    ).to_json()
    places: list[tuple[Any, Any]] = [(laid, key) for key in laid]
    places += [(laid["context"], key) for key in laid["context"]]
    interval = laid["public"]["intervals"][0]
    places += [(laid["public"], "intervals"), *((interval, key) for key in interval)]
    place, key = data.draw(st.sampled_from(places))
    place[key] = data.draw(JSON)
    try:
        document = ProofDocument.from_json(laid)
        verify(document)
    except PrivShareError:
        return
    assert document.to_json() == laid
