"""Statements: their bounds, their edges, and what each prover refuses."""

from __future__ import annotations

from typing import Any

import pytest
from proof_kit import CASES, CONTEXT, KEY, member_case, moved, opened, opening

from privshare.bindings import ristretto255 as group
from privshare.bindings.scalar import ORDER, from_int
from privshare.errors import EncodingError, OutOfRange, PrivShareError, ProofInvalid
from privshare.schemes.commitment import VALUE_BASE, Opening
from privshare.schemes.elgamal import Ciphertext, SecretKey, encrypt
from privshare.schemes.proof import (
    AtLeast,
    Decrypted,
    Encrypted,
    EqualLogarithms,
    EqualValues,
    InRange,
    Interval,
    KnowsOpening,
    LinearSum,
    MemberColumn,
    MemberOf,
    OneOfSet,
    Statement,
    Witness,
    make,
    statement_of,
    verify,
)

MOST = 2**53 - 1
IDENTITY = bytes(32)
C = opening(1, 70).commitment()
D = opening(2, 71).commitment()


def many(count: int) -> tuple[bytes, ...]:
    """So many different elements."""
    table = group.base_table()
    data = table.mul(b"".join(from_int(i + 1) for i in range(count))).encode()
    return tuple(data[i : i + 32] for i in range(0, len(data), 32))


ELEMENTS = many(257)

OUTSIDE: list[Any] = [
    lambda: EqualValues((C,)),
    lambda: EqualValues(ELEMENTS[:65]),
    lambda: EqualLogarithms((), ()),
    lambda: EqualLogarithms((C,), (C, D)),
    lambda: EqualLogarithms(ELEMENTS[:65], ELEMENTS[:65]),
    lambda: Decrypted(C, Ciphertext(C, D), MOST + 1),
    lambda: OneOfSet(C, (1,)),
    lambda: OneOfSet(C, tuple(range(65))),
    lambda: OneOfSet(C, (1, MOST + 1)),
    lambda: OneOfSet(VALUE_BASE, (1, 2)),  # the identity, once 1 is taken away
    lambda: LinearSum((), (), 0),
    lambda: LinearSum(ELEMENTS, (1,) * 257, 0),
    lambda: LinearSum((C, D), (1,), 0),
    lambda: LinearSum((C, D), (1, 0), 0),
    lambda: LinearSum((C, D), (1, MOST + 1), 0),
    lambda: LinearSum((C, D), (1, 1), MOST + 1),
    lambda: LinearSum((VALUE_BASE,), (3,), 3),  # nothing but public
    lambda: InRange(()),
    lambda: InRange((Interval(C, 0, 1),) * 17),
    lambda: Interval(C, 1, 0),
    lambda: Interval(C, 0, MOST + 1),
    lambda: Interval(C, -MOST - 1, 0),
    lambda: AtLeast(C, D, MOST + 1, 8),
    lambda: AtLeast(C, D, 0, 9),
    lambda: AtLeast(C, D, 0, 0),
    lambda: MemberColumn((C,), D),
    lambda: MemberColumn(ELEMENTS * 16, D),
    lambda: MemberOf(()),
    lambda: MemberOf((MemberColumn((C, D), C),) * 17),
    lambda: MemberOf((MemberColumn(ELEMENTS[:256] * 16, D),) * 5),
]

MALFORMED: list[Any] = [
    lambda: EqualValues((C, C)),
    lambda: LinearSum((C, C), (1, 1), 0),
    lambda: AtLeast(C, C, 0, 8),
    lambda: OneOfSet(C, (1, from_int(1))),
    lambda: OneOfSet(C, (-1, from_int(ORDER - 1))),
    lambda: OneOfSet(C, (1, b"\xff" * 32)),
    lambda: OneOfSet(C, (1, b"\1")),
    lambda: MemberOf((MemberColumn((C, D), C), MemberColumn((C, D, C), C))),
]

#: From one element to a statement that has it in some place.
PLACES: list[Any] = [
    KnowsOpening,
    lambda e: EqualValues((C, e)),
    lambda e: EqualLogarithms((e,), (C,)),
    lambda e: EqualLogarithms((C,), (e,)),
    lambda e: Encrypted(e, Ciphertext(C, D)),
    lambda e: Encrypted(C, Ciphertext(e, D)),
    lambda e: Encrypted(C, Ciphertext(C, e)),
    lambda e: Decrypted(e, Ciphertext(C, D), 1),
    lambda e: OneOfSet(e, (1, 2)),
    lambda e: LinearSum((C, e), (1, 1), 0),
    lambda e: InRange((Interval(e, 0, 1),)),
    lambda e: AtLeast(e, C),
    lambda e: AtLeast(C, e),
    lambda e: MemberOf((MemberColumn((C, e), D),)),
    lambda e: MemberOf((MemberColumn((C, D), e),)),
]


@pytest.mark.parametrize("build", OUTSIDE)
def test_counts_and_numbers_have_bounds(build: Any) -> None:
    """Every list and every number; and images that would say nothing."""
    with pytest.raises(OutOfRange):
        build()


@pytest.mark.parametrize("build", MALFORMED)
def test_lists_have_one_form(build: Any) -> None:
    """Nothing twice where once is meant, nothing that is no scalar."""
    with pytest.raises(EncodingError):
        build()


@pytest.mark.parametrize("build", PLACES)
@pytest.mark.parametrize(
    "element", [IDENTITY, b"\xff" * 32, b"\1" + bytes(31), VALUE_BASE[:31], b""]
)
def test_elements_are_canonical_and_not_the_identity(
    build: Any, element: bytes
) -> None:
    """In every place of every statement."""
    build(opening(9, 99).commitment())
    with pytest.raises(EncodingError):
        build(element)


def proven(statement: Statement, *openings: Opening, **parts: Any) -> None:
    verify(make(statement, Witness(openings, **parts), CONTEXT))


REFUSED = "expected a value from {} to {}, found one outside"


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 0), (0, 255), (0, 256), (-5, 5), (-MOST, MOST), (MOST, MOST), (1, 2**32)],
)
def test_intervals_are_proven_up_to_their_edges(low: int, high: int) -> None:
    """low and high are inside, what is next to them is not."""
    for value in {low, high, (low + high) // 2}:
        (one,), (c,) = opened(value)
        proven(InRange((Interval(c, low, high),)), one)
    for value in {low - 1, high + 1} & set(range(-3, 300)):
        (one,), (c,) = opened(value)
        with pytest.raises(OutOfRange, match=REFUSED.format(low, high)) as caught:
            proven(InRange((Interval(c, low, high),)), one)
        assert caught.value.detail == {"index": 0}


@pytest.mark.parametrize(
    ("width", "bits"),
    [(0, 8), (255, 8), (256, 16), (2**16, 32), (2**32 - 1, 32), (2**32, 64)],
)
def test_the_fewest_bits_are_used(width: int, bits: int) -> None:
    """The widest interval decides."""
    narrow, wide = Interval(C, 3, 4), Interval(C, -7, width - 7)
    assert InRange((narrow, wide)).bits == bits


def test_values_beyond_the_bits_are_not_in_range() -> None:
    """A value that fits 8 bits from below and not from above is not between."""
    (one,), (c,) = opened(201)
    with pytest.raises(OutOfRange):
        proven(InRange((Interval(c, 0, 200),)), one)
    proven(InRange((Interval(c, 0, 201),)), one)


@pytest.mark.parametrize(
    ("x", "y", "low", "bits"),
    [(5, 5, 0, 8), (255, 0, 0, 8), (-1, -128, -128, 8), (MOST, -MOST, -MOST, 64)],
)
def test_at_least(x: int, y: int, low: int, bits: int) -> None:
    """Equal is enough; both may be negative."""
    (one, two), (c, d) = opened(x, y)
    proven(AtLeast(c, d, low, bits), one, two)
    if x > y:
        with pytest.raises(OutOfRange, match="found that it is less"):
            proven(AtLeast(d, c, low, bits), two, one)


def test_at_least_has_its_interval() -> None:
    """Both values lie within it, or nothing is proven."""
    (one, two), (c, d) = opened(256, -1)
    with pytest.raises(OutOfRange, match="found one outside"):
        proven(AtLeast(c, d, 0, 16), one, two)
    with pytest.raises(OutOfRange, match="found one outside"):
        proven(AtLeast(c, d, -1, 8), one, two)
    proven(AtLeast(c, d, -1, 16), one, two)


def test_a_text_has_no_bounds() -> None:
    """The hash of a text is no number."""
    (one,), (c,) = opened(from_int(5))
    for statement in (InRange((Interval(c, 0, 9),)), AtLeast(c, D)):
        with pytest.raises(OutOfRange, match="found the hash of a text"):
            proven(statement, *[one] * len(statement.commitments))


def test_a_value_is_itself_as_integer_and_as_scalar() -> None:
    """An opening may spell its value either way, where no bound is meant."""
    (one, two), (c, d) = opened(42, 42)
    same = Opening(from_int(42), one.blinding)
    proven(KnowsOpening(c), same)
    proven(OneOfSet(c, (41, from_int(42))), same)
    proven(EqualValues((c, d)), same, two)


def test_different_values_are_not_equal() -> None:
    """The prover says so."""
    openings, commitments = opened(3, 3, 4)
    with pytest.raises(ProofInvalid, match="expected one value, found different"):
        proven(EqualValues(tuple(commitments)), *openings)
    proven(EqualValues(tuple(commitments[:2])), *openings[:2])


@pytest.mark.parametrize("place", range(4))
def test_any_place_of_a_set(place: int) -> None:
    """The value may be any of them, negative ones too; a fifth is refused."""
    values = (-7, 0, 5, from_int(2**100))
    (one, other), (c, d) = opened(values[place], 6)
    proven(OneOfSet(c, values), one)
    with pytest.raises(OutOfRange, match="expected one of 4 values, found another"):
        proven(OneOfSet(d, values), other)


def test_sums_and_their_errors() -> None:
    """Σ aᵢ·vᵢ = b, and nothing next to it; zero is a constant like any other."""
    openings, commitments = opened(10, -4, 3)
    proven(LinearSum(tuple(commitments), (1, 1, 1), 9), *openings)
    proven(LinearSum(tuple(commitments), (2, 5, 1), 3), *openings)
    proven(LinearSum(tuple(commitments[:2]), (2, 5), 0), *openings[:2])
    proven(LinearSum((commitments[0],), (-1,), -10), openings[0])
    for constant in (8, 10, -9):
        with pytest.raises(ProofInvalid, match="that satisfy the equation"):
            proven(LinearSum(tuple(commitments), (1, 1, 1), constant), *openings)


def test_a_sum_wraps_at_the_order() -> None:
    """It is modulo l: docs/formats/proof.md says to ask for ranges as well."""
    openings, commitments = opened(from_int(ORDER - 5), 8)
    proven(LinearSum(tuple(commitments), (1, 1), 3), *openings)


def test_logarithms() -> None:
    """One secret for all pairs; for one pair it is Schnorr's proof."""
    x = from_int(5)
    bases = ELEMENTS[:3]
    row = group.decode(b"".join(bases))
    data = group.mul(x * 3, row).encode()
    values = tuple(data[i : i + 32] for i in range(0, 96, 32))
    proven(EqualLogarithms(bases, values), secret=x)
    proven(EqualLogarithms(bases[:1], values[:1]), secret=x)
    for wrong in ((values[0], values[1], C), (values[1], values[0], values[2])):
        with pytest.raises(ProofInvalid, match="expected the secret of all values"):
            proven(EqualLogarithms(bases, wrong), secret=x)


def test_ciphertexts_and_their_errors() -> None:
    """Halves that belong together, the right key, the right number."""
    ciphertext, one = encrypt(KEY.public, 25)
    other, _ = encrypt(KEY.public, 25)
    stranger = SecretKey.generate()
    secret = KEY.to_bytes()
    proven(Encrypted(KEY.public, ciphertext), one)
    proven(Decrypted(KEY.public, ciphertext, 25), secret=secret)
    for key, c in (
        (KEY.public, Ciphertext(ciphertext.c, other.d)),
        (stranger.public, ciphertext),
    ):
        with pytest.raises(ProofInvalid, match="expected halves of one ciphertext"):
            proven(Encrypted(key, c), one)
    with pytest.raises(ProofInvalid, match="expected the number that the ciphertext"):
        proven(Decrypted(KEY.public, ciphertext, 26), secret=secret)
    with pytest.raises(ProofInvalid, match="expected the key, found another"):
        proven(Decrypted(KEY.public, ciphertext, 25), secret=stranger.to_bytes())
    zero, _ = encrypt(KEY.public, 0)
    proven(Decrypted(KEY.public, zero, 0), secret=secret)


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("rows", [2, 3, 5, 17])
def test_any_row_of_any_list(rows: int, columns: int) -> None:
    """Each place, in lists that fill their digits and in others."""
    for index in {0, rows // 2, rows - 1}:
        case = member_case(rows, columns, index)
        verify(make(case.statement, case.witness, CONTEXT))


def test_what_a_member_is_not() -> None:
    """Another row, another value, no fresh blinding, no row at all."""
    case = member_case()
    statement, openings = case.statement, case.witness.openings
    assert isinstance(statement, MemberOf)
    for index in (2, 5, 4096, None):
        with pytest.raises((ProofInvalid, OutOfRange)):
            make(statement, Witness(openings, index=index), CONTEXT)
    bare = [openings[0], openings[1], opening(301, 3), opening(301, 201)]
    column = MemberColumn(statement.columns[0].candidates, bare[2].commitment())
    with pytest.raises(ProofInvalid, match="to the row's values, found another value"):
        make(MemberOf((column, statement.columns[1])), Witness(bare, index=3), CONTEXT)
    same = MemberColumn(statement.columns[0].candidates, openings[0].commitment())
    with pytest.raises(OutOfRange, match="expected fresh blindings"):
        make(MemberOf((same,)), Witness([openings[0]] * 2, index=3), CONTEXT)


def test_a_row_is_one_row() -> None:
    """Cells of two rows do not make a member, though each is in its column."""
    one, two = member_case(5, 1, 1), member_case(5, 1, 2)
    case = member_case(5, 2, 1)
    statement = case.statement
    assert isinstance(statement, MemberOf)
    assert one.statement != two.statement
    # The first column's cell of row 1 and the second column's of row 2.
    cells = [opening(100, 2), opening(201, 5)]
    fresh = [opening(100, 210), opening(201, 211)]
    mixed = MemberOf(
        tuple(
            MemberColumn(column.candidates, new.commitment())
            for column, new in zip(statement.columns, fresh, strict=True)
        )
    )
    for index in (1, 2):
        with pytest.raises(PrivShareError):
            make(mixed, Witness(cells + fresh, index=index), CONTEXT)


def test_kinds_are_a_closed_list() -> None:
    """A name that is not in the table is refused, and shown in ASCII only."""
    with pytest.raises(EncodingError, match=r"found 'r\\xe4nge/v1'"):
        statement_of("ränge/v1", {})


def test_commitments_are_named_by_the_statement() -> None:
    """What a cell proof must find in its row."""
    assert CASES["range of two"].statement.commitments[0] == opened(42)[1][0]
    assert CASES["dleq"].statement.commitments == ()
    assert len(CASES["member"].statement.commitments) == 2
    assert moved(C) != C
