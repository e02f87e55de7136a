"""docs/protocols/sigma.md: its example, and what it says about lengths."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from privshare.bindings import ristretto255, scalar
from privshare.schemes.sigma import (
    RISTRETTO255,
    LinearRelation,
    Or,
    RelationBuilder,
    proof_bytes,
    prove,
    verify,
)
from privshare.schemes.sigma.statement import encode
from privshare.schemes.transcript import Transcript

PAGE = (Path(__file__).parents[3] / "docs/protocols/sigma.md").read_text("utf-8")


def example() -> dict[str, bytes]:
    """The fields of the example, from its block."""
    (block,) = re.findall(r"```text\n(K .*?)```", PAGE, re.DOTALL)
    fields: dict[str, bytes] = {}
    name = ""
    for line in block.splitlines():
        head, data = line[:11].strip(), line[11:]
        name = head or name
        fields[name] = fields.get(name, b"") + bytes.fromhex(data)
    return fields


def transcript() -> Transcript:
    t = Transcript("example/v1")
    t.absorb("context", b"a question")
    return t


def relation(fields: dict[str, bytes]) -> LinearRelation:
    b = RelationBuilder()
    x, k = b.scalar(), b.element(fields["K"])
    h, image = b.element(fields["H"]), b.element(fields["L"])
    b.equation([(k, 1)], [(x, b.generator, 1)])
    b.equation([(image, 1)], [(x, h, 1)])
    return b.relation()


def test_the_example_is_what_it_says() -> None:
    """7·G, 7·H, the statement's bytes, and both proofs again from their bytes."""
    fields = example()
    g = ristretto255.base()
    derived = hashlib.sha3_512(g.encode()).digest()
    h, seven = ristretto255.from_uniform(derived), scalar.from_int(7)
    assert fields["H"] == h.encode()
    assert fields["K"] == ristretto255.mul(seven, g).encode()
    assert fields["L"] == ristretto255.mul(seven, h).encode()
    statement = relation(fields)
    assert fields["statement"] == encode(statement)
    rand = bytes(range(32))
    for form in ("batchable", "compact"):
        compact = form == "compact"
        verify(statement, fields[form], transcript(), compact=compact)
        made = prove(statement, [seven], transcript(), rand, compact=compact)
        assert fields[form] == made


def test_a_stranger_verifies_it() -> None:
    """Section 4 with hashlib; the equations with the group alone."""
    fields = example()

    def step(op: int, label: str, length: int, data: bytes = b"") -> bytes:
        head = bytes((op, len(label))) + label.encode()
        return head + length.to_bytes(8, "little") + data

    def absorbed(label: str, data: bytes) -> bytes:
        return step(1, label, len(data), data)

    proof = fields["batchable"]
    commitments, z = proof[:64], proof[64:]
    steps = step(0, "privshare/transcript/v1", 10, b"example/v1")
    steps += absorbed("context", b"a question")
    steps += absorbed("sigma/v1", b"ristretto255") + absorbed("form", b"batchable")
    steps += absorbed("statement", fields["statement"])
    steps += absorbed("commitments", commitments)
    steps += step(2, "challenge", 64)
    wide = hashlib.shake_128(steps).digest(64)
    c = scalar.neg(scalar.from_int(int.from_bytes(wide, "little")))
    for i, (base, image) in enumerate(
        ((ristretto255.base().encode(), fields["K"]), (fields["H"], fields["L"]))
    ):
        points = ristretto255.decode(base + image)
        first = ristretto255.msm(z + c, points).encode()
        assert first == commitments[32 * i : 32 * i + 32]


def test_the_lengths_in_the_table() -> None:
    """Each row, counted."""
    fields = example()

    def key() -> LinearRelation:
        b = RelationBuilder()
        b.equation([(b.element(fields["K"]), 1)], [(b.scalar(), b.generator, 1)])
        return b.relation()

    def opening() -> LinearRelation:
        b = RelationBuilder()
        v, r, h = b.scalar(), b.scalar(), b.element(fields["H"])
        terms = [(v, b.generator, 1), (r, h, 1)]
        b.equation([(b.element(fields["K"]), 1)], terms)
        return b.relation()

    def value(v: int) -> LinearRelation:
        b = RelationBuilder()
        image = [(b.element(fields["L"]), 1), (b.generator, -v)]
        b.equation(image, [(b.scalar(), b.element(fields["H"]), 1)])
        return b.relation()

    rows = [(key(), 64, 64), (opening(), 96, 96), (relation(fields), 96, 64)]
    rows += [(Or([value(v) for v in range(n)]), 96 * n - 32, 64 * n) for n in (2, 5)]
    for statement, batchable, compact in rows:
        assert proof_bytes(statement) == batchable
        assert proof_bytes(statement, compact=True) == compact
    assert RISTRETTO255.name in PAGE
