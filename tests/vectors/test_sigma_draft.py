"""The vectors of draft-irtf-cfrg-sigma-protocols, through PrivShare's engine.

Group and codec are the draft's (`sigma_kit`, `cfrg_kit`), everything else is
what proves and verifies over ristretto255. Each file of the family that is
there is read. What the draft's adversarial vectors are about is done here to
every valid vector as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import cfrg_kit as kit
import pytest
from sigma_kit import P256, Curve, bls12_381

from privshare.errors import EncodingError, OutOfRange, PrivShareError, ProofInvalid
from privshare.schemes.sigma.batch import sum_vanishes
from privshare.schemes.sigma.engine import Read, prove_with, read, verify_with
from privshare.schemes.sigma.relation import LinearRelation

Record = dict[str, Any]

P256_SUITE = "sigma-proofs_Shake128_P256"
BLS_SUITE = "sigma-proofs_Shake128_BLS12381"


@cache
def group_of(suite: str) -> Curve:
    return {P256_SUITE: lambda: P256, BLS_SUITE: bls12_381}[suite]()


def records(vectors: Path) -> list[Record]:
    files = sorted((vectors / "sigma-protocols").glob("sigma-proofs*.json"))
    if not files:
        pytest.skip("no test vectors sigma-protocols/sigma-proofs*")
    return [record for file in files for record in json.loads(file.read_bytes())]


def valid(vectors: Path, suite: str = P256_SUITE) -> list[Record]:
    """Those with a witness: whole protocols, both forms."""
    return [
        record
        for record in records(vectors)
        if record["Ciphersuite"] == suite and "Witness" in record
    ]


def codec(record: Record, nonce_tag: bytes = b"") -> kit.DraftCodec:
    group = group_of(record["Ciphersuite"])
    return kit.DraftCodec(group, record["Tag"].encode(), nonce_tag)


def relation(record: Record) -> LinearRelation:
    group = group_of(record["Ciphersuite"])
    return kit.read_relation(group, bytes.fromhex(record["Instance"]))


def verify(record: Record) -> None:
    proof, compact = bytes.fromhex(record["NargString"]), record["Flavor"] == "compact"
    verify_with(relation(record), proof, codec(record), compact=compact)


def accepted(record: Record) -> bool:
    """Only PrivShare's own errors count as refusal."""
    try:
        verify(record)
    except PrivShareError:
        return False
    return True


def test_every_verdict(vectors: Path) -> None:
    """Accept what is to be accepted, and nothing that is not."""
    for record in records(vectors):
        assert accepted(record) == (record["Expected"] == "accept"), record["Id"]


def test_no_relation_is_missing(vectors: Path) -> None:
    """Seven relations in two forms."""
    assert len({record["Id"] for record in valid(vectors)}) >= 14


def test_proofs_are_made_byte_for_byte(vectors: Path) -> None:
    """From witness and the draft's seeded randomness, over every suite."""
    for suite in (P256_SUITE, BLS_SUITE):
        for record in valid(vectors, suite):
            group, flavor = group_of(suite), record["Flavor"]
            tag = f"TestDRNG-SIGMA-PROOFS-{kit.FLAVORS[flavor]}-{suite}-"
            tag += record["Relation"]
            assert kit.session_id(record["Tag"].encode()).hex() == record["SessionId"]
            packed = bytes.fromhex(record["Witness"])
            size = group.scalar_bytes
            witness = [packed[i : i + size] for i in range(0, len(packed), size)]
            statement = relation(record)
            assert statement.encode().hex() == record["Instance"]
            proof = prove_with(
                statement,
                witness,
                codec(record, tag.encode()),
                b"",
                compact=flavor == "compact",
            )
            assert proof.hex() == record["NargString"], record["Id"]


def batch(chosen: list[Record]) -> bool:
    """Whether proofs hold together, weights drawn afresh."""
    proofs: list[Read] = []
    for record in chosen:
        narg = bytes.fromhex(record["NargString"])
        proofs.append(read(relation(record), narg, codec(record), compact=False))
    return sum_vanishes(P256, proofs, os.urandom)


def test_batches(vectors: Path) -> None:
    """All valid ones, each pair of them, and none with a bad one in it."""
    good = [record for record in valid(vectors) if record["Flavor"] == "batchable"]
    assert batch(good)
    for pair in combinations(good[:4], 2):
        assert batch(list(pair))
    for place in range(len(good)):
        bent = [*good]
        bent[place] = raised(good[place], -1)
        assert not batch(bent)
        bent[place] = good[place] | {"Tag": good[place]["Tag"] + "x"}
        assert not batch(bent)
    for record in records(vectors):
        if record["Ciphersuite"] != P256_SUITE or record["Flavor"] != "batchable":
            continue
        if record["Expected"] == "reject":
            assert refused_in_a_batch([good[0], record, good[1]]), record["Id"]


def refused_in_a_batch(chosen: list[Record]) -> bool:
    """Whether reading or adding up says no."""
    try:
        return not batch(chosen)
    except PrivShareError:
        return True


def raised(record: Record, at: int) -> Record:
    """The scalar that ends a proof (-1) or the compact challenge (0), plus one."""
    narg = bytes.fromhex(record["NargString"])
    size, order = P256.scalar_bytes, P256.order
    start = len(narg) - size if at else 0
    number = (int.from_bytes(narg[start : start + size], "big") + 1) % order
    changed = narg[:start] + number.to_bytes(size, "big") + narg[start + size :]
    return record | {"NargString": changed.hex()}


def bent_proofs(record: Record) -> Iterator[tuple[str, bytes]]:
    """What must never be accepted in a proof's place."""
    narg = bytes.fromhex(record["NargString"])
    size, order = P256.scalar_bytes, P256.order
    yield "longer", narg + b"\0"
    yield "shorter", narg[:-1]
    yield "empty", b""
    yield "zeros", bytes(len(narg))
    compact = record["Flavor"] == "compact"
    scalars = relation(record).scalars
    first = len(narg) - size * scalars
    for i in range(scalars):
        at = first + i * size
        number = int.from_bytes(narg[at : at + size], "big")
        for what, other in (("canonical", number + order), ("order", order)):
            if other < 256**size:
                changed = other.to_bytes(size, "big")
                yield f"{what} {i}", narg[:at] + changed + narg[at + size :]
    if compact:
        yield "challenge", bytes.fromhex(raised(record, 0)["NargString"])
        yield "challenge zero", bytes(size) + narg[size:]
        return
    for at in range(0, first, P256.element_bytes):
        x = narg[at + 1 : at + P256.element_bytes]
        for prefix in (0, 1, narg[at] ^ 1, 4, 5, 6, 7, 0x82):
            yield f"prefix {prefix}", narg[:at] + bytes((prefix,)) + narg[at + 1 :]
        lifted = (5 + P256.p).to_bytes(32, "big")
        for what, other in (("lifted", lifted), ("off", (1).to_bytes(32, "big"))):
            yield what, narg[:at] + narg[at : at + 1] + other + narg[at + 1 + len(x) :]
        other_element = P256.encode(P256.generator())
        yield "another", narg[:at] + other_element + narg[at + P256.element_bytes :]


def test_bent_proofs(vectors: Path) -> None:
    """Lengths, prefixes, what is not canonical, not on the curve, or not right."""
    for record in valid(vectors):
        assert accepted(record)
        for what, narg in bent_proofs(record):
            bent = record | {"NargString": narg.hex()}
            with pytest.raises(ProofInvalid):
                verify(bent)
            assert what


def test_bits_of_a_proof(vectors: Path) -> None:
    """One proof of each form, bits flipped all over it."""
    for record in [r for r in valid(vectors) if r["Relation"] == "dleq"]:
        narg = bytes.fromhex(record["NargString"])
        for bit in range(0, 8 * len(narg), 11):
            flipped = int.from_bytes(narg, "big") ^ 1 << bit
            bent = flipped.to_bytes(len(narg), "big").hex()
            assert not accepted(record | {"NargString": bent})


def test_other_tags_and_forms(vectors: Path) -> None:
    """A proof is good under its own tag, in its own form, for its own statement."""
    all_of_them = valid(vectors)
    for record in all_of_them:
        assert not accepted(record | {"Tag": record["Tag"] + "0"})
        assert not accepted(record | {"Tag": ""})
        for other in all_of_them:
            if other["Id"] != record["Id"]:
                mixed = record | {"NargString": other["NargString"]}
                assert not accepted(mixed)


def test_a_form_is_not_the_other(vectors: Path) -> None:
    """A batchable proof written as a compact one, and back, under its old tag."""
    for record in valid(vectors):
        statement, tag_codec = relation(record), codec(record)
        narg = bytes.fromhex(record["NargString"])
        size = P256.scalar_bytes * statement.scalars
        if record["Flavor"] == "batchable":
            challenge = read(statement, narg, tag_codec, compact=False).challenge
            mine = record | {
                "Flavor": "compact",
                "NargString": (challenge + narg[-size:]).hex(),
            }
            # Nothing but the tag tells the forms apart: the draft's tags do.
            assert accepted(mine)
            tag = record["Tag"].replace("DSFS", "CMPT")
            assert not accepted(mine | {"Tag": tag})


def bent_instances(data: bytes) -> Iterator[bytes]:
    """Every third byte changed, and the length."""
    for at in range(0, len(data), 3):
        yield data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :]
    yield data[:-1]
    yield data + b"\0"
    yield b""


def test_bent_instances(vectors: Path) -> None:
    """A statement that differs in one bit is another, or none."""
    for record in valid(vectors)[:4]:
        for data in bent_instances(bytes.fromhex(record["Instance"])):
            assert not accepted(record | {"Instance": data.hex()})


def test_equations_in_another_order(vectors: Path) -> None:
    """The same equations the other way round are another statement."""
    for record in valid(vectors):
        statement = relation(record)
        if len(statement.equations) > 1:
            turned = LinearRelation(
                P256, statement.encodings, statement.equations[::-1]
            )
            bent = record | {"Instance": turned.encode().hex()}
            assert not accepted(bent)


INSTANCES = {
    "no equation": ([], 0, OutOfRange),
    "no image": ([([], [(0, 0, 1)])], 0, OutOfRange),
    "no terms": ([([(1, 1)], [])], 1, OutOfRange),
    "an element that nobody gave": ([([(2, 1)], [(0, 0, 1)])], 1, OutOfRange),
    "an element that is not used": ([([(1, 1)], [(0, 0, 1)])], 2, OutOfRange),
    "a secret that is skipped": ([([(1, 1)], [(1, 0, 1)])], 1, OutOfRange),
    "an image that cancels": ([([(1, 1), (1, -1)], [(0, 0, 1)])], 1, OutOfRange),
    "an image times zero": ([([(1, 0)], [(0, 0, 1)])], 1, OutOfRange),
    "a column that cancels": (
        [([(1, 1)], [(0, 0, 1), (1, 0, 1), (1, 0, -1)])],
        1,
        OutOfRange,
    ),
    "a column times zero": ([([(1, 1)], [(0, 0, 1), (1, 0, 0)])], 1, OutOfRange),
    "an image that is G - G": ([([(1, 1), (0, -1)], [(0, 0, 1)])], 1, OutOfRange),
}


def number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def laid_out(equations: list[Any], elements: int) -> bytes:
    """Bytes of an instance, right or wrong; its elements are the generator."""
    out = number(len(equations))
    for image, terms in equations:
        out += number(len(image))
        for e, c in image:
            out += number(e) + P256.scalar(c)
        out += number(len(terms))
        for s, e, c in terms:
            out += number(s) + number(e) + P256.scalar(c)
    return out + elements * P256.encode(P256.generator())


@pytest.mark.parametrize("name", INSTANCES)
def test_instances_that_mean_nothing(name: str) -> None:
    """The draft's instance validation, check by check."""
    equations, elements, error = INSTANCES[name]
    with pytest.raises(error):
        kit.read_relation(P256, laid_out(equations, elements))


def test_an_instance_that_means_something() -> None:
    """The same without the fault is a relation."""
    found = kit.read_relation(P256, laid_out([([(1, 1)], [(0, 0, 1)])], 1))
    assert (found.scalars, len(found.equations)) == (1, 1)


@pytest.mark.parametrize("prefix", ["00", "04", "05", "06", "07", "ff"])
def test_elements_in_other_encodings(prefix: str) -> None:
    """Uncompressed, hybrid, zero: none stands in an instance."""
    good = laid_out([([(1, 1)], [(0, 0, 1)])], 1)
    bent = good[:-33] + bytes.fromhex(prefix) + good[-32:]
    with pytest.raises(EncodingError):
        kit.read_relation(P256, bent)


def test_coefficients_are_canonical() -> None:
    """A coefficient of the order or more is refused."""
    good = laid_out([([(1, 1)], [(0, 0, 1)])], 1)
    at = good.index(P256.scalar(1))
    for value in (P256.order, P256.order + 1, 2**256 - 1):
        bent = good[:at] + value.to_bytes(32, "big") + good[at + 32 :]
        with pytest.raises(EncodingError):
            kit.read_relation(P256, bent)


def test_bls12_381_g1() -> None:
    """The other ciphersuite's group, without vectors: encodings it must refuse."""
    group = group_of(BLS_SUITE)
    generator = group.encode(group.generator())
    assert group.decode(generator) == group.generator()
    low = bytes((generator[0] & 0x7F,)) + generator[1:]
    infinity = b"\xc0" + bytes(47)
    outside = b"\x80" + bytes(47)  # (0, 2): on the curve, not in the group
    for data in (low, infinity, outside, b"\x80" + bytes(46) + b"\1"):
        with pytest.raises(EncodingError):
            group.decode(data)
