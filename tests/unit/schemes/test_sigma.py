"""Proofs of statements with the challenge from the transcript.

Over ristretto255, and over the integers modulo a large prime, where the same
holds and nothing costs time. What must not be accepted is tried on relations
and on every composition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from sigma_kit import TinyGroup

from privshare.errors import EncodingError, OutOfRange, PrivShareError, ProofInvalid
from privshare.schemes.sigma import (
    RISTRETTO255,
    And,
    Branch,
    Claim,
    LinearRelation,
    Or,
    RelationBuilder,
    Statement,
    Witness,
    proof_bytes,
    prove,
    verify,
    verify_batch,
)
from privshare.schemes.sigma.engine import Claimed, commitments, prove_with, read
from privshare.schemes.sigma.group import Group
from privshare.schemes.sigma.proof import TranscriptCodec
from privshare.schemes.sigma.statement import encode, group_of
from privshare.schemes.transcript import Transcript

MERSENNE = TinyGroup(2**127 - 1, 16)
GROUPS: dict[str, Group] = {"ristretto255": RISTRETTO255, "integers": MERSENNE}
RAND = bytes(range(32))


@pytest.fixture(params=GROUPS)
def group(request: pytest.FixtureRequest) -> Group:
    found: Group = GROUPS[request.param]
    return found


def context(text: bytes = b"what this is for") -> Transcript:
    t = Transcript("test/v1")
    t.absorb("context", text)
    return t


def times(group: Group, *scalars: int, base: bytes | None = None) -> bytes:
    """The sum of the scalars, times the generator or a base."""
    row = group.decode(base) if base else group.generator()
    return group.encode(group.multiply(group.scalar(sum(scalars)), row))


def plus(group: Group, *elements: bytes) -> bytes:
    row = group.decode(b"".join(elements))
    return group.encode(group.sums(row, [len(elements)]))


X, R, SECOND = 12345, 2**90 + 7, 99


def other_base(group: Group) -> bytes:
    return times(group, 2**100 + 1)


def opening(group: Group, value: int = X) -> LinearRelation:
    """C = x·G + r·H."""
    h = other_base(group)
    c = plus(group, times(group, value), times(group, R, base=h))
    b = RelationBuilder(group)
    x, r = b.scalar(), b.scalar()
    b.equation([(b.element(c), 1)], [(x, b.generator, 1), (r, b.element(h), 1)])
    return b.relation()


def equal(group: Group, value: int = X) -> LinearRelation:
    """K = x·G and L - 3·K = x·H, with coefficients."""
    h = other_base(group)
    k, part = times(group, X), times(group, value, base=h)
    b = RelationBuilder(group)
    x, key = b.scalar(), b.element(k)
    image = b.element(plus(group, part, times(group, 3 * X)))
    b.equation([(key, 1)], [(x, b.generator, 1)])
    b.equation([(image, 1), (key, -3)], [(x, b.element(h), 1)])
    return b.relation()


def key(group: Group, secret: int) -> LinearRelation:
    b = RelationBuilder(group)
    b.equation([(b.element(times(group, secret)), 1)], [(b.scalar(), b.generator, 1)])
    return b.relation()


@dataclass
class Case:
    statement: Statement
    witness: Witness


def scalars(group: Group, *values: int) -> list[bytes]:
    return [group.scalar(value) for value in values]


def cases(group: Group) -> dict[str, Case]:
    """One true statement of each kind, with a witness."""
    w1, w2 = scalars(group, X, R), scalars(group, X)
    first, second = opening(group), equal(group)
    false = equal(group, X + 1)
    return {
        "relation": Case(first, w1),
        "two equations": Case(second, w2),
        "and": Case(And([first, second]), [w1, w2]),
        "or, first": Case(Or([second, false]), Branch(0, w2)),
        "or, last": Case(Or([false, first, second]), Branch(2, w2)),
        "nested": Case(
            And([Or([false, And([first, Or([key(group, 5), second])])]), second]),
            [Branch(1, [w1, Branch(1, w2)]), w2],
        ),
    }


KINDS = list(cases(MERSENNE))
FORMS = [False, True]


@pytest.mark.parametrize("compact", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_true_statements(group: Group, kind: str, compact: bool) -> None:
    """A proof holds, is as long as said, and both transcripts go on alike."""
    case = cases(group)[kind]
    ours, theirs = context(), context()
    proof = prove(case.statement, case.witness, ours, compact=compact)
    assert proof_bytes(case.statement, compact=compact) == len(proof)
    verify(case.statement, proof, theirs, compact=compact)
    assert ours.challenge("after", 16) == theirs.challenge("after", 16)
    with pytest.raises(ProofInvalid):
        verify(case.statement, proof, context(), compact=not compact)


@pytest.mark.parametrize("kind", KINDS)
def test_every_bit_of_a_proof(group: Group, kind: str) -> None:
    """In both forms; over the slower group an eighth of the bits of long ones."""
    case = cases(group)[kind]
    for compact in FORMS:
        proof = prove(case.statement, case.witness, context(), RAND, compact=compact)
        step = 1 if group is MERSENNE or len(proof) < 200 else 7
        for bit in range(0, 8 * len(proof), step):
            bent = int.from_bytes(proof, "little") ^ 1 << bit
            with pytest.raises(ProofInvalid):
                verify(
                    case.statement,
                    bent.to_bytes(len(proof), "little"),
                    context(),
                    compact=compact,
                )


@pytest.mark.parametrize("kind", KINDS)
def test_other_lengths(group: Group, kind: str) -> None:
    """Nothing, less, more, and only zeros."""
    case = cases(group)[kind]
    for compact in FORMS:
        proof = prove(case.statement, case.witness, context(), compact=compact)
        for bent in (b"", proof[:-1], proof + b"\0", bytes(len(proof)), proof * 2):
            with pytest.raises(ProofInvalid):
                verify(case.statement, bent, context(), compact=compact)


class Bent(Transcript):
    """A transcript into which one bit is absorbed wrongly."""

    def __init__(self, step: int, bit: int) -> None:
        super().__init__("test/v1")
        self.left, self.bit = step, bit
        self.absorb("context", b"what this is for")

    def absorb(self, label: str, data: bytes) -> None:
        if self.left == 0:
            at = self.bit // 8
            data = data[:at] + bytes((data[at] ^ 1 << self.bit % 8,)) + data[at + 1 :]
        self.left -= 1
        super().absorb(label, data)


@pytest.mark.parametrize("kind", KINDS)
def test_every_absorbed_part(group: Group, kind: str) -> None:
    """Context, group, form, statement and commitments, bit by bit: the verifier
    who absorbs something else refuses."""
    case = cases(group)[kind]
    proof = prove(case.statement, case.witness, context())
    first = len(proof) - len(read_rest(case.statement, proof))
    lengths = [
        len(b"what this is for"),
        len(group.name),
        len(b"batchable"),
        len(encode(case.statement)),
        first,
    ]
    for step, length in enumerate(lengths):
        for bit in range(0, 8 * length, 1 if length < 20 else 61):
            with pytest.raises(ProofInvalid):
                verify(case.statement, proof, Bent(step, bit))
    verify(case.statement, proof, Bent(len(lengths), 0))  # the responses: too late


def read_rest(statement: Statement, proof: bytes) -> bytes:
    codec = TranscriptCodec(group_of(statement), context())
    found = read(statement, proof, codec, compact=False)
    return proof[len(found.encoded) :]


@pytest.mark.parametrize("kind", KINDS)
def test_another_context(group: Group, kind: str) -> None:
    """A proof is good for what it was made for, and in its own place."""
    case = cases(group)[kind]
    proof = prove(case.statement, case.witness, context())
    chained = context()
    verify(case.statement, proof, chained)
    for other in (context(b""), context(b"another"), Transcript("test/v1"), chained):
        with pytest.raises(ProofInvalid):
            verify(case.statement, proof, other)


def altered(relation: LinearRelation) -> Iterator[LinearRelation]:
    """Each element, coefficient and index changed, where a relation remains."""
    group, one = relation.group, relation.group.scalar(1)
    for i, encoding in enumerate(relation.encodings):
        moved = plus(group, encoding, times(group, 1))
        encodings = [*relation.encodings]
        encodings[i] = moved
        yield LinearRelation(group, encodings, relation.equations)
    for i, equation in enumerate(relation.equations):
        others = []
        for j, (e, c) in enumerate(equation.image):
            image = [*equation.image]
            image[j] = (e, group.plus(c, one))
            others.append(replace(equation, image=tuple(image)))
        for j, (s, e, c) in enumerate(equation.terms):
            for changed in ((s, e, group.plus(c, one)), (s, 1 - min(e, 1), c)):
                terms = [*equation.terms]
                terms[j] = changed
                others.append(replace(equation, terms=tuple(terms)))
        others.append(replace(equation, image=equation.image * 2))
        for other in others:
            equations = [*relation.equations]
            equations[i] = other
            try:
                yield LinearRelation(group, relation.encodings, equations)
            except OutOfRange:
                continue
    if len(relation.equations) > 1:
        yield LinearRelation(group, relation.encodings, relation.equations[::-1])
        yield LinearRelation(group, relation.encodings, relation.equations * 2)


def variants(statement: Statement) -> Iterator[Statement]:
    """Statements that differ in one place, at any depth."""
    match statement:
        case And(parts) | Or(parts):
            kind = type(statement)
            for i, part in enumerate(parts):
                for other in variants(part):
                    yield kind([*parts[:i], other, *parts[i + 1 :]])
            if len(set(map(encode, parts))) > 1:
                yield kind(parts[::-1])
            yield kind([*parts, parts[0]])
            yield And(parts) if kind is Or else Or([*parts, parts[0]])
        case relation:
            yield from altered(relation)


@pytest.mark.parametrize("kind", KINDS)
def test_another_statement(group: Group, kind: str) -> None:
    """Every element, coefficient, index, order and connective is bound."""
    case = cases(group)[kind]
    proofs = {
        compact: prove(case.statement, case.witness, context(), compact=compact)
        for compact in FORMS
    }
    seen = 0
    for other in variants(case.statement):
        assert encode(other) != encode(case.statement)
        for compact, proof in proofs.items():
            with pytest.raises(ProofInvalid):
                verify(other, proof, context(), compact=compact)
        seen += 1
    assert seen >= 5


def test_no_two_statements_have_the_same_bytes(group: Group) -> None:
    """Not even those with the same relations in the same order."""
    a, b, c = key(group, 5), key(group, 6), key(group, 7)
    statements: list[Statement] = [
        And([a, b, c]),
        And([a, And([b, c])]),
        And([And([a, b]), c]),
        And([a, And([b]), c]),
        And([And([a]), b, c]),
        And([And([a, b, c])]),
        Or([a, b, c]),
        Or([a, Or([b, c])]),
        Or([Or([a, b]), c]),
        Or([a, And([b, c])]),
        And([a, Or([b, c])]),
    ]
    assert len(set(map(encode, statements))) == len(statements)


def test_a_commitment_after_the_challenge(group: Group) -> None:
    """Whoever picks the commitment to fit a challenge finds another challenge."""
    statement = equal(group, X + 1)  # false
    codec = TranscriptCodec(group, context())
    codec.begin(statement, False)
    challenge = codec.challenge()  # before any commitment
    proof = forged(statement, group.scalar(4711), challenge)
    with pytest.raises(ProofInvalid):
        verify(statement, proof, context())
    # Again and again: the challenge of what was just made is always another.
    for _ in range(4):
        found = read(statement, proof, TranscriptCodec(group, context()), compact=False)
        assert found.challenge != challenge
        challenge = found.challenge
        proof = forged(statement, group.scalar(4711), challenge)
        with pytest.raises(ProofInvalid):
            verify(statement, proof, context())


def forged(statement: LinearRelation, response: bytes, challenge: bytes) -> bytes:
    """T = M(z) - c·Y: right for this challenge, whatever the statement."""
    row = commitments([Claimed(statement, [response], challenge)], secret=False)
    return statement.group.encode(row) + response


def test_a_statement_after_the_challenge(group: Group) -> None:
    """Solving for an element of the statement, as where it is not hashed."""
    nonce, response = 2**80 + 3, group.scalar(2**70 + 11)
    first = times(group, nonce)
    target = key(group, 1)  # any statement, to draw a challenge that suits it
    found = read(target, first + response, TranscriptCodec(group, context()),
                 compact=False)  # fmt: skip
    # c·K = z·G - T has a solution K; its logarithm is known to nobody.
    c = found.challenge
    left = group.minus(response, group.scalar(nonce))
    solved = group.encode(group.multiply(left, group.generator()))
    b = RelationBuilder(group)
    b.equation([(b.element(solved), c)], [(b.scalar(), b.generator, c)])
    with pytest.raises(ProofInvalid):
        verify(b.relation(), first + response, context())


def test_a_false_witness_leaves_nothing(group: Group) -> None:
    """What does not hold is not handed out."""
    for kind, case in cases(group).items():
        for wrong in wrong_witnesses(group, case.witness):
            with pytest.raises(ProofInvalid, match="found none"):
                prove(case.statement, wrong, context())
        assert kind


def wrong_witnesses(group: Group, witness: Witness) -> Iterator[Witness]:
    """Each scalar one too large."""
    if isinstance(witness, Branch):
        for inner in wrong_witnesses(group, witness.witness):
            yield Branch(witness.index, inner)
        return
    for i, part in enumerate(witness):
        changed: list[bytes | Witness]
        if isinstance(part, bytes):
            changed = [group.plus(part, group.scalar(1))]
        else:
            changed = list(wrong_witnesses(group, part))
        for one in changed:
            yield [*witness[:i], one, *witness[i + 1 :]]


def test_the_wrong_branch_leaves_nothing(group: Group) -> None:
    """A branch that is not true cannot be pretended to be the one."""
    case = cases(group)["or, first"]
    with pytest.raises(ProofInvalid):
        prove(case.statement, Branch(1, scalars(group, X)), context())


def test_witnesses_of_another_shape(group: Group) -> None:
    """Too few, too many, no branch, a branch too far, scalars not canonical."""
    relation, either = opening(group), Or([opening(group), key(group, 5)])
    good = scalars(group, X, R)
    size = group.scalar_bytes
    wrong: list[tuple[Statement, Witness, type[PrivShareError]]] = [
        (relation, good[:1], OutOfRange),
        (relation, [*good, good[0]], OutOfRange),
        (relation, Branch(0, good), OutOfRange),
        (relation, [good[0], b"\xff" * size], EncodingError),
        (relation, [good[0], good[1] + b"\0"], EncodingError),
        (either, good, OutOfRange),
        (either, Branch(2, good), OutOfRange),
        (either, Branch(-1, good), OutOfRange),
        (either, Branch(1, good), OutOfRange),
        (And([relation, relation]), [good], OutOfRange),
    ]
    for statement, witness, error in wrong:
        with pytest.raises(error):
            prove(statement, witness, context())
    with pytest.raises(OutOfRange):
        prove(relation, good, context(), b"short")


def test_statements_of_another_shape(group: Group) -> None:
    """An Or of one, an And of none, two groups."""
    relation = key(group, 5)
    stranger = key(TinyGroup(2**61 - 1, 8), 5)
    with pytest.raises(OutOfRange):
        Or([relation])
    with pytest.raises(OutOfRange):
        And([])
    for kind in (And, Or):
        with pytest.raises(OutOfRange):
            kind([relation, stranger])


def refused(declare: Callable[[RelationBuilder], None], group: Group) -> type:
    b = RelationBuilder(group)
    declare(b)
    with pytest.raises((OutOfRange, EncodingError)) as caught:
        b.relation()
    return caught.type


def test_relations_that_mean_nothing(group: Group) -> None:
    """Unused secrets and elements, identities, and what is no element."""
    k = times(group, 7)
    identity = times(group, 0)
    size = group.element_bytes

    def equation(b: RelationBuilder, encoding: bytes = k) -> None:
        b.equation([(b.element(encoding), 1)], [(b.scalar(), b.generator, 1)])

    def unused_secret(b: RelationBuilder) -> None:
        equation(b)
        b.scalar()

    def unused_element(b: RelationBuilder) -> None:
        equation(b)
        b.element(times(group, 8))

    def free_secret(b: RelationBuilder) -> None:
        x, y = b.scalar(), b.scalar()
        e = b.element(k)
        b.equation([(e, 1)], [(x, 0, 1), (y, e, 2), (y, e, -2)])

    def free_by_logarithm(b: RelationBuilder) -> None:
        x, y = b.scalar(), b.scalar()
        e = b.element(k)
        b.equation([(e, 1)], [(x, 0, 1), (y, e, 1), (y, b.generator, -7)])

    def vanishing_image(b: RelationBuilder) -> None:
        e, f = b.element(k), b.element(times(group, 14))
        b.equation([(e, 2), (f, -1)], [(b.scalar(), b.generator, 1)])

    assert refused(lambda b: None, group) is OutOfRange
    assert refused(unused_secret, group) is OutOfRange
    assert refused(unused_element, group) is OutOfRange
    assert refused(free_secret, group) is OutOfRange
    assert refused(free_by_logarithm, group) is OutOfRange
    assert refused(vanishing_image, group) is OutOfRange
    assert refused(lambda b: equation(b, identity), group) is OutOfRange
    assert refused(lambda b: equation(b, b"\xff" * size), group) is EncodingError
    assert refused(lambda b: equation(b, k[:-1]), group) is EncodingError


def test_nonces_are_hedged(group: Group) -> None:
    """The same random bytes give another commitment for anything else that
    differs, and the same proof for nothing that does."""
    case = cases(group)["two equations"]
    first = prove(case.statement, case.witness, context(), RAND)
    size = 2 * group.element_bytes
    assert prove(case.statement, case.witness, context(), RAND) == first
    elsewhere = prove(case.statement, case.witness, context(b"else"), RAND)
    compact = prove(case.statement, case.witness, context(), RAND, compact=True)
    other_rand = prove(case.statement, case.witness, context(), bytes(32))
    assert elsewhere[:size] != first[:size] != other_rand[:size]
    assert compact[group.scalar_bytes :] != first[size:]
    relation = key(group, X)
    with_others = [relation, Or([relation, relation])]
    proofs = [
        prove(with_others[0], scalars(group, X), context(), RAND),
        prove(with_others[1], Branch(0, scalars(group, X)), context(), RAND),
        prove(with_others[1], Branch(1, scalars(group, X)), context(), RAND),
    ]
    assert len({proof[: group.element_bytes] for proof in proofs}) == 3


def test_nonces_depend_on_the_witness(group: Group) -> None:
    """Two openings of one commitment, which whoever knows the logarithm has."""
    relation = opening(group)
    shifted = scalars(group, X - 2**100 - 1, R + 1)
    first = prove(relation, scalars(group, X, R), context(), RAND)
    second = prove(relation, shifted, context(), RAND)
    assert first[: group.element_bytes] != second[: group.element_bytes]


def test_what_follows_depends_on_the_responses(group: Group) -> None:
    """So do the weights of a batch, and whatever is bound to a proof."""
    relation = opening(group)
    proof = prove(relation, scalars(group, X, R), context())
    bent = proof[: -group.scalar_bytes] + group.scalar(1)
    after = []
    for data in (proof, bent):
        t = context()
        read(relation, data, TranscriptCodec(group, t), compact=False)
        after.append(t.challenge("after", 16))
    assert after[0] != after[1]
    compact = prove(relation, scalars(group, X, R), context(), compact=True)
    t = context()
    verify(relation, compact, t, compact=True)
    assert t.challenge("after", 16) not in after


def test_fresh_randomness_each_time(group: Group) -> None:
    """Two proofs of one statement have nothing in common."""
    case = cases(group)["relation"]
    one, two = (prove(case.statement, case.witness, context()) for _ in range(2))
    assert one[: group.element_bytes] != two[: group.element_bytes]


def test_a_witness_has_no_face() -> None:
    """What is secret is in no repr."""
    assert repr(Branch(1, [b"secret"])) == "Branch()"


def claims(group: Group) -> list[Claim]:
    """All kinds, each in a context of its own."""
    found = []
    for i, case in enumerate(cases(group).values()):
        t = context(bytes((i,)))
        proof = prove(case.statement, case.witness, t)
        found.append(Claim(case.statement, proof, context(bytes((i,)))))
    return found


def again(found: list[Claim]) -> list[Claim]:
    """The same claims with transcripts that were not used."""
    return [
        replace(one, transcript=context(bytes((i,)))) for i, one in enumerate(found)
    ]


def test_a_batch_holds(group: Group) -> None:
    """All together, alone, none, and after each other in one transcript."""
    found = claims(group)
    verify_batch(found)
    verify_batch(again(found), RAND)
    verify_batch(again(found)[:1])
    verify_batch([])
    case, chained = cases(group)["and"], context()
    first, second = (prove(case.statement, case.witness, chained) for _ in range(2))
    one = context()
    verify_batch([Claim(case.statement, proof, one) for proof in (first, second)])
    assert one.challenge("after", 16) == chained.challenge("after", 16)


def test_a_bad_proof_at_each_place(group: Group) -> None:
    """Whatever is wrong with it, the batch fails and names it."""
    found = claims(group)
    for place in range(len(found)):
        good = found[place].proof
        size = group.element_bytes
        bad = [
            good[:-1] + bytes((good[-1] ^ 1,)),
            good[:-size] + group.scalar(1),
            good[:-1],
            b"\xff" * size + good[size:],
            bytes(size) + good[size:],
            times(group, 3) + good[size:],
        ]
        for proof in bad:
            bent = again(found)
            bent[place] = replace(bent[place], proof=proof)
            with pytest.raises(ProofInvalid) as caught:
                verify_batch(bent)
            assert caught.value.detail == {"index": place}
        bent = again(found)
        bent[place] = replace(bent[place], transcript=context(b"else"))
        with pytest.raises(ProofInvalid) as caught:
            verify_batch(bent)
        assert caught.value.detail == {"index": place}


def test_a_commitment_that_is_the_identity(group: Group) -> None:
    """A nonce of 0 makes the equation right and gives the secret away: refused, by
    itself and in a batch."""
    relation, x = key(group, X), group.scalar(X)
    first = times(group, 0)
    found = read(relation, first + x, TranscriptCodec(group, context()), compact=False)
    proof = first + group.times(found.challenge, x)
    with pytest.raises(ProofInvalid):
        verify(relation, proof, context())
    with pytest.raises(ProofInvalid) as caught:
        verify_batch([*claims(group), Claim(relation, proof, context())])
    assert caught.value.detail == {"index": len(claims(group))}


def test_two_faults_that_cancel(group: Group) -> None:
    """Without weights, two wrong proofs would make a right sum."""
    relation = key(group, X)
    nonces = scalars(group, 2**60 + 1)
    proofs = []
    for shift in (1, -1):
        codec = TranscriptCodec(group, context())
        proof = prove_with(relation, scalars(group, X), codec, nonces, compact=False)
        size = group.element_bytes
        moved = group.plus(proof[size:], group.scalar(shift))
        proofs.append(proof[:size] + moved)
    with pytest.raises(ProofInvalid) as caught:
        verify_batch([Claim(relation, proof, context()) for proof in proofs])
    assert caught.value.detail == {"index": 0}


def test_batches_of_another_shape(group: Group) -> None:
    """Two groups, or randomness of another length."""
    stranger = TinyGroup(2**61 - 1, 8)
    mixed = [*claims(group)[:1], *claims(stranger)[:1]]
    with pytest.raises(OutOfRange):
        verify_batch(mixed)
    with pytest.raises(OutOfRange):
        verify_batch([], b"short")


def test_a_compact_proof_is_for_no_batch(group: Group) -> None:
    """Its commitments are not in it."""
    case = cases(group)["and"]
    proof = prove(case.statement, case.witness, context(), compact=True)
    with pytest.raises(ProofInvalid):
        verify_batch([Claim(case.statement, proof, context())])
