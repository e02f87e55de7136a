"""One true statement of each kind, with its witness, and ways to bend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.scalar import from_int
from privshare.schemes.commitment import Opening, combine
from privshare.schemes.elgamal import SecretKey, encrypt
from privshare.schemes.proof import (
    AtLeast,
    Context,
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
)
from privshare.wire.canonical import b64u, unb64u

CONTEXT = Context("taxes", "demo.privshare", "price band", bytes(range(16)))
RAND = bytes(range(32))
KEY = SecretKey.from_bytes(from_int(31337))


@dataclass(frozen=True)
class Case:
    """A statement and why it is true."""

    statement: Statement
    witness: Witness


def opening(value: int | bytes, number: int) -> Opening:
    """An opening whose blinding is its number, in a wide sense."""
    return Opening(value, scalar.reduce_wide(bytes([number + 1]) * 64))


def opened(*values: int | bytes, first: int = 0) -> tuple[list[Opening], list[bytes]]:
    """Openings and their commitments."""
    openings = [opening(value, first + i) for i, value in enumerate(values)]
    return openings, [one.commitment() for one in openings]


def member_case(rows: int = 5, columns: int = 2, index: int = 3) -> Case:
    """A list of rows of which one is meant."""
    cells = [
        [opening(100 * i + j, 2 * i + j) for i in range(rows)] for j in range(columns)
    ]
    fresh = [opening(100 * index + j, 200 + j) for j in range(columns)]
    return Case(
        MemberOf(
            tuple(
                MemberColumn(
                    tuple(one.commitment() for one in column), new.commitment()
                )
                for column, new in zip(cells, fresh, strict=True)
            )
        ),
        Witness([column[index] for column in cells] + fresh, index=index),
    )


def cases() -> dict[str, Case]:
    """By kind, and by what is special."""
    one, c_one = opened(42)
    three, c_three = opened(7, 7, 7, first=10)
    terms, c_terms = opened(10, -4, 3, first=20)
    text = from_int(2**200 + 5)
    word, c_word = opened(text, first=30)
    x, y = opened(900, -100, first=40)[0]
    ciphertext, encrypted = encrypt(KEY.public, 25, blinding=from_int(999))
    bases = [group.mul(from_int(i), group.base()).encode() for i in (2, 3, 5)]
    values = [group.mul(from_int(i * 77), group.base()).encode() for i in (2, 3, 5)]
    return {
        "opening": Case(KnowsOpening(c_one[0]), Witness(one)),
        "opening of a text": Case(KnowsOpening(c_word[0]), Witness(word)),
        "equal": Case(EqualValues(tuple(c_three)), Witness(three)),
        "dleq": Case(
            EqualLogarithms(tuple(bases), tuple(values)), Witness(secret=from_int(77))
        ),
        "elgamal-encryption": Case(
            Encrypted(KEY.public, ciphertext), Witness([encrypted])
        ),
        "elgamal-decryption": Case(
            Decrypted(KEY.public, ciphertext, 25), Witness(secret=KEY.to_bytes())
        ),
        "one-of-set": Case(OneOfSet(c_one[0], (-1, 42, 0)), Witness(one)),
        "one-of-set of texts": Case(OneOfSet(c_word[0], (from_int(2**99), text)),
                                    Witness(word)),
        "linear": Case(LinearSum(tuple(c_terms), (1, -2, 5), 33), Witness(terms)),
        "range": Case(InRange((Interval(c_one[0], 40, 200),)), Witness(one)),
        "range of two": Case(
            InRange(
                (Interval(c_one[0], -5, 42), Interval(c_terms[1], -4, 2**40))
            ),
            Witness([one[0], terms[1]]),
        ),
        "at-least": Case(
            AtLeast(x.commitment(), y.commitment(), -100, 16), Witness([x, y])
        ),
        "member": member_case(),
        "member of one column": member_case(4, 1, 0),
    }  # fmt: skip


CASES = cases()


def moved(element: bytes, by: int = 1) -> bytes:
    """Another element: the same, plus a multiple of the generator."""
    return combine([element], [1], by)


def is_element(text: Any) -> bool:
    """Whether a JSON value spells an element of the group."""
    if not isinstance(text, str) or len(text) != 43:
        return False
    try:
        group.decode(unb64u(text, 32))
    except Exception:
        return False
    return True


def variants(value: Any) -> Iterator[Any]:
    """A JSON value with one leaf changed, or one list out of order; each once."""
    if isinstance(value, dict):
        for name in value:
            for one in variants(value[name]):
                yield {**value, name: one}
    elif isinstance(value, list):
        for i, item in enumerate(value):
            for one in variants(item):
                yield [*value[:i], one, *value[i + 1 :]]
        if len(value) > 1 and value != value[::-1]:
            yield value[::-1]
        yield value[:-1]
    elif isinstance(value, bool) or value is None:
        yield not value
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif is_element(value):
        yield b64u(moved(unb64u(value)))
    elif isinstance(value, str):
        yield f"{'A' if value[:1] != 'A' else 'B'}{value[1:]}"
