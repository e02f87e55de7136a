"""The dalek library's published range proofs, through the same equations.

Sixteen proofs that every version of that library must verify, with Merlin
transcripts and its generators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from privshare.bindings.merlin import Merlin
from privshare.errors import EncodingError, ProofInvalid
from privshare.schemes.range_proof import (
    BITS,
    Claim,
    proof_bytes,
    verify,
    verify_batch,
)
from privshare.schemes.transcript import Transcript

Read = Callable[[str], Any]
FILE = "bulletproofs/dalek_v1_range_proofs.json"
COUNTS = (1, 2, 4, 8)
REFUSED = (ProofInvalid, EncodingError)


class Published:
    """The file, with its hexadecimal read."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.label = fields["transcript_label"].encode()
        self.commitments = [bytes.fromhex(v) for v in fields["commitments"]]
        self.proofs = {
            (row["bits"], row["values"]): bytes.fromhex(row["proof"])
            for row in fields["proofs"]
        }

    def claim(self, bits: int, count: int) -> Claim:
        return Claim(
            self.commitments[:count],
            bits,
            self.proofs[bits, count],
            Merlin(self.label),
        )

    def check(self, bits: int, count: int, proof: bytes) -> None:
        verify(self.commitments[:count], bits, proof, Merlin(self.label))


@pytest.fixture(scope="module")
def published(vector_json: Read) -> Published:
    return Published(vector_json(FILE))


def test_all_sixteen_are_there(published: Published) -> None:
    """Every size and every aggregation."""
    assert {(n, m) for n in BITS for m in COUNTS} == set(published.proofs)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("bits", BITS)
def test_holds(published: Published, bits: int, count: int) -> None:
    """Each proof holds, and has the length that its shape gives."""
    proof = published.proofs[bits, count]
    assert proof_bytes(bits, count) == len(proof)
    published.check(bits, count, proof)


def test_all_at_once(published: Published) -> None:
    """All sixteen hold in one sum; with one false, that one is named."""
    shapes = [(n, m) for n in BITS for m in COUNTS]
    verify_batch([published.claim(n, m) for n, m in shapes])
    for i, (_, count) in enumerate(shapes):
        claims = [published.claim(n, m) for n, m in shapes]
        claims[i] = replace(claims[i], commitments=published.commitments[-count:])
        if count == len(published.commitments):
            claims[i] = replace(claims[i], commitments=published.commitments[::-1])
        with pytest.raises(ProofInvalid) as caught:
            verify_batch(claims)
        assert caught.value.detail == {"index": i}


# All bits of the small ones; of the large ones, one bit of each byte.
SMALL = 64


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("bits", BITS)
def test_no_flipped_bit_holds(published: Published, bits: int, count: int) -> None:
    """A proof with one bit changed is refused."""
    proof = published.proofs[bits, count]
    for i in range(len(proof)):
        for bit in range(8) if bits * count <= SMALL else (i % 8,):
            other = bytearray(proof)
            other[i] ^= 1 << bit
            with pytest.raises(REFUSED):
                published.check(bits, count, bytes(other))


def test_other_statements(published: Published) -> None:
    """No proof holds for another label, size, count, order or format."""
    V = published.commitments
    proof = published.proofs[8, 2]
    with pytest.raises(ProofInvalid):
        verify(V[:2], 8, proof, Merlin(published.label + b"."))
    with pytest.raises(ProofInvalid):
        verify(V[:1], 16, proof, Merlin(published.label))
    with pytest.raises(ProofInvalid):
        verify(V[1::-1], 8, proof, Merlin(published.label))
    with pytest.raises(ProofInvalid):
        verify(V[:2], 8, proof, Transcript(published.label.decode()))
    with pytest.raises(EncodingError):
        verify(V[:2], 8, proof + bytes(32), Merlin(published.label))
    with pytest.raises(EncodingError):
        verify(V[:2], 8, proof[:-1], Merlin(published.label))
