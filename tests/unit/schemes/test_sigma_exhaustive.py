"""The sigma engine over groups so small that everything can be tried.

Elements are integers modulo a small prime and challenges come from the test, so
that what the theorems say can be counted: every honest proof holds; false
statements have one challenge at most for each commitment; and the proofs of an
Or are the same, each as often, whichever branch is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from sigma_kit import Scripted, TinyGroup

from privshare.errors import OutOfRange, ProofInvalid
from privshare.schemes.sigma import And, Branch, LinearRelation, Or, RelationBuilder
from privshare.schemes.sigma.engine import proof_bytes, prove_with, verify_with
from privshare.schemes.sigma.statement import (
    Statement,
    Witness,
    draws,
    pack,
    splits,
)

Transcripts = Counter[tuple[int, bytes]]


def schnorr(q: int, image: int) -> LinearRelation:
    """image = x·1."""
    b = RelationBuilder(TinyGroup(q))
    b.equation([(b.element(bytes((image,))), 1)], [(b.scalar(), b.generator, 1)])
    return b.relation()


def dleq(q: int, first: int, base: int, second: int) -> LinearRelation:
    """first = x·1 and second = x·base."""
    b = RelationBuilder(TinyGroup(q))
    x = b.scalar()
    images = b.element(bytes((first,))), b.element(bytes((second,)))
    b.equation([(images[0], 1)], [(x, b.generator, 1)])
    b.equation([(images[1], 1)], [(x, b.element(bytes((base,))), 1)])
    return b.relation()


def pedersen(q: int, base: int, commitment: int) -> LinearRelation:
    """commitment + 1·2 = (x + 3y)·1 + y·base, coefficients and all."""
    b = RelationBuilder(TinyGroup(q))
    x, y = b.scalar(), b.scalar()
    image = [(b.element(bytes((commitment,))), 1), (b.generator, 2)]
    h = b.element(bytes((base,)))
    b.equation(image, [(x, b.generator, 1), (y, b.generator, 3), (y, h, 1)])
    return b.relation()


def accepted(statement: Statement, proof: bytes, q: int, challenge: int) -> bool:
    codec = Scripted(TinyGroup(q), challenge)
    try:
        verify_with(statement, proof, codec, compact=False)
    except ProofInvalid:
        return False
    return True


def honest(
    statement: Statement, witness: Witness, q: int
) -> Iterator[tuple[int, bytes]]:
    """Every proof a prover can make: all nonces, all challenges."""
    for numbers in product(range(q), repeat=draws(statement)):
        nonces = [bytes((number,)) for number in numbers]
        for challenge in range(q):
            codec = Scripted(TinyGroup(q), challenge)
            try:
                proof = prove_with(statement, witness, codec, nonces, compact=False)
            except OutOfRange:
                continue  # a commitment is the identity
            yield challenge, proof


def all_accepted(statement: Statement, q: int) -> Iterator[tuple[int, bytes]]:
    """Every accepted transcript there is."""
    for numbers in product(range(q), repeat=proof_bytes(statement)):
        for challenge in range(q):
            if accepted(statement, bytes(numbers), q, challenge):
                yield challenge, bytes(numbers)


def scalars(*values: int) -> list[bytes]:
    return [bytes((value,)) for value in values]


@pytest.mark.parametrize("q", [2, 3, 5, 7, 11])
def test_schnorr_holds(q: int) -> None:
    """Every secret, nonce and challenge; and nothing else is accepted."""
    for x in range(1, q):
        statement = schnorr(q, x)
        found = Counter(honest(statement, scalars(x), q))
        assert all(
            accepted(statement, proof, q, challenge) for challenge, proof in found
        )
        assert found == Counter(all_accepted(statement, q))


def test_several_secrets_hold() -> None:
    """Every opening, nonce and challenge of a commitment with coefficients."""
    q = 5
    for base, x, y in product(range(1, q), range(q), range(q)):
        commitment = (x + 3 * y + y * base - 2) % q
        if commitment and (commitment + 2) % q and (3 + base) % q:
            statement = pedersen(q, base, commitment)
            for challenge, proof in honest(statement, scalars(x, y), q):
                assert accepted(statement, proof, q, challenge)


@pytest.mark.parametrize("q", [3, 5])
def test_dleq_is_sound(q: int) -> None:
    """A true statement: every challenge for the commitments in the map's image
    and none for others. A false one: at most one challenge for any commitment.
    """
    for first, base, second in product(range(1, q), repeat=3):
        statement = dleq(q, first, base, second)
        answers: dict[bytes, set[int]] = {}
        for challenge, proof in all_accepted(statement, q):
            answers.setdefault(proof[:2], set()).add(challenge)
        if first * base % q == second:
            assert all(answers[t] == set(range(q)) for t in answers)
            assert set(answers) == {bytes((r, r * base % q)) for r in range(1, q)}
        else:
            assert answers
            assert all(len(found) == 1 for found in answers.values())


def test_an_or_of_falsehoods_is_sound() -> None:
    """Two false branches: at most one challenge for any commitments."""
    q = 3
    statement = Or([dleq(q, 1, 1, 2), dleq(q, 1, 2, 1)])
    answers: dict[bytes, set[int]] = {}
    for challenge, proof in all_accepted(statement, q):
        answers.setdefault(proof[:4], set()).add(challenge)
    assert answers
    assert all(len(found) == 1 for found in answers.values())


def test_an_or_with_one_truth_is_complete() -> None:
    """One true branch: its holder answers every challenge."""
    q = 3
    statement = Or([dleq(q, 1, 1, 2), dleq(q, 2, 2, 1)])
    found = set(honest(statement, Branch(1, scalars(2)), q))
    assert found
    assert all(accepted(statement, proof, q, challenge) for challenge, proof in found)
    with pytest.raises(AssertionError):
        liar = honest(statement, Branch(0, scalars(1)), q)
        assert all(accepted(statement, proof, q, c) for c, proof in liar)


@pytest.mark.parametrize("q", [2, 3, 5])
def test_branches_look_alike(q: int) -> None:
    """Whichever branch is true, the same proofs, each as often, and all there are."""
    for x, y in product(range(1, q), repeat=2):
        statement = Or([schnorr(q, x), schnorr(q, y)])
        left = Counter(honest(statement, Branch(0, scalars(x)), q))
        right = Counter(honest(statement, Branch(1, scalars(y)), q))
        assert left == right
        assert set(left.values()) == {q}  # one drawn challenge is not used
        if q < 5:
            assert set(left) == set(all_accepted(statement, q))


NESTED = {
    "three": (
        Or([schnorr(3, 1), schnorr(3, 2), schnorr(3, 1)]),
        [Branch(0, scalars(1)), Branch(1, scalars(2)), Branch(2, scalars(1))],
    ),
    "or in or": (
        Or([Or([schnorr(3, 1), schnorr(3, 2)]), schnorr(3, 2)]),
        [
            Branch(0, Branch(0, scalars(1))),
            Branch(0, Branch(1, scalars(2))),
            Branch(1, scalars(2)),
        ],
    ),
    "and in or": (
        Or([And([schnorr(3, 1), schnorr(3, 2)]), dleq(3, 2, 2, 1)]),
        [Branch(0, [scalars(1), scalars(2)]), Branch(1, scalars(2))],
    ),
    "or in and": (
        And([schnorr(3, 2), Or([schnorr(3, 1), schnorr(3, 2)])]),
        [
            [scalars(2), Branch(0, scalars(1))],
            [scalars(2), Branch(1, scalars(2))],
        ],
    ),
    "or in and in or": (
        Or([schnorr(2, 1), And([schnorr(2, 1), Or([schnorr(2, 1), schnorr(2, 1)])])]),
        [
            Branch(0, scalars(1)),
            Branch(1, [scalars(1), Branch(0, scalars(1))]),
            Branch(1, [scalars(1), Branch(1, scalars(1))]),
        ],
    ),
}


def order(statement: Statement) -> int:
    match statement:
        case And(parts) | Or(parts):
            return order(parts[0])
    return statement.group.order


@pytest.mark.parametrize("name", NESTED)
def test_nested_branches_look_alike(name: str) -> None:
    """Or of three, Or in Or, And in Or, Or in And, Or in And in Or."""
    statement, witnesses = NESTED[name]
    q = order(statement)
    distributions: list[Transcripts] = [
        Counter(honest(statement, witness, q)) for witness in witnesses
    ]
    assert distributions[0]
    assert all(one == distributions[0] for one in distributions)
    assert all(
        accepted(statement, proof, q, challenge)
        for challenge, proof in distributions[0]
    )


@pytest.mark.parametrize("name", NESTED)
def test_a_packed_witness_has_one_length(name: str) -> None:
    """Layout, nonces and proof depend on the statement, not on the branch."""
    statement, witnesses = NESTED[name]
    assert len({len(pack(statement, witness)) for witness in witnesses}) == 1
    assert splits(statement) <= draws(statement)


def test_both_forms_carry_the_same() -> None:
    """A compact proof is the batchable one with the challenge in front instead."""
    q = 11
    group = TinyGroup(q)
    statement: Statement = Or([dleq(q, 2, 3, 6), schnorr(q, 5)])
    for numbers in product(range(0, q, 3), repeat=draws(statement)):
        nonces: Sequence[bytes] = scalars(*numbers)
        forms = []
        for compact in (False, True):
            codec = Scripted(group, 4)
            try:
                forms.append(
                    prove_with(
                        statement,
                        Branch(1, scalars(5)),
                        codec,
                        nonces,
                        compact=compact,
                    )
                )
            except OutOfRange:
                break
            codec = Scripted(group, 4)
            verify_with(statement, forms[-1], codec, compact=compact)
        else:
            batchable, compact_form = forms
            assert compact_form == b"\x04" + batchable[3:]
