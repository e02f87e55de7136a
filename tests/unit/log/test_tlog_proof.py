"""Proof files: layout, and the way from an entry to a trusted checkpoint."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError, InclusionInvalid, VerificationError
from privshare.log import merkle
from privshare.log.policy import parse_policy
from privshare.log.proof import TlogProof, decode, encode, verify
from privshare.wire.base64 import b64

HASH = b64(bytes(32)).encode()
HEAD = b"c2sp.org/tlog-proof@v1\n"


def made(small, index: int, size: int = 20, by: str = "xy") -> TlogProof:
    hashes = merkle.inclusion_proof(small.leaf_hashes(size), index)
    return TlogProof(index, tuple(hashes), small.note(size, by=by))


@pytest.fixture(scope="module")
def policy(small):
    return parse_policy(small.policy_text("group G 2 X Y Z\nquorum G").encode())


def test_a_proof_file_is_lines_of_text(small) -> None:
    """The layout of C2SP tlog-proof, there and back, with and without extra."""
    proof = made(small, 13)
    data = encode(proof)
    assert data.split(b"\n")[:2] == [HEAD[:-1], b"index 13"]
    assert data.endswith(b"\n\n" + small.note(by="xy"))
    assert decode(data) == proof
    extra = TlogProof(0, (), b"cp\n", b"\xff")
    assert encode(extra) == HEAD + b"extra /w==\nindex 0\n\ncp\n"
    assert decode(encode(extra)) == extra


def test_each_entry_is_proved(small, policy) -> None:
    """Every index of every small size verifies, at its own place only."""
    for size in range(1, 21):
        for index in range(size):
            proof = decode(encode(made(small, index, size)))
            leaf = merkle.leaf_hash(small.entries[index])
            verified = verify(proof, leaf, policy, strict=True)
            assert verified.checkpoint.size == size
            other = merkle.leaf_hash(small.entries[index + 1 if index == 0 else 0])
            with pytest.raises(InclusionInvalid):
                verify(proof, other, policy)


def test_an_untrusted_checkpoint_proves_nothing(small, policy) -> None:
    """The quorum is asked before the path."""
    leaf = merkle.leaf_hash(small.entries[3])
    with pytest.raises(VerificationError, match="reach the quorum"):
        verify(made(small, 3, by="x"), leaf, policy)


def test_every_bit_of_a_proof_file_counts(small, policy) -> None:
    """When strict, no flipped bit leaves a file that verifies."""
    data = encode(made(small, 13))
    leaf = merkle.leaf_hash(small.entries[13])
    verify(decode(data), leaf, policy, strict=True)
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises((EncodingError, VerificationError)):
            verify(decode(bytes(flipped)), leaf, policy, strict=True)


def test_extra_data_is_not_strict(small, policy) -> None:
    """It is authenticated by nothing, so a strict verifier does not take it."""
    proof = made(small, 13)
    extra = TlogProof(proof.index, proof.hashes, proof.checkpoint, b"hint")
    leaf = merkle.leaf_hash(small.entries[13])
    verify(extra, leaf, policy)
    with pytest.raises(EncodingError, match="no extra data"):
        verify(extra, leaf, policy, strict=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,
        HEAD + b"\ncp\n",
        HEAD + b"index 0\n",
        HEAD + b"index 0\n\n",
        HEAD + b"index 00\n\ncp\n",
        HEAD + b"index -0\n\ncp\n",
        HEAD + b"index 9223372036854775808\n\ncp\n",
        HEAD + b"Index 0\n\ncp\n",
        HEAD + b"index 0\nindex 0\n\ncp\n",
        HEAD + b"extra\nindex 0\n\ncp\n",
        HEAD + b"extra \nindex 0\n\ncp\n",
        HEAD + b"extra /w=\nindex 0\n\ncp\n",
        HEAD + b"extra /w==\n\ncp\n",
        HEAD + b"extra /w==\nextra /w==\nindex 0\n\ncp\n",
        HEAD + b"index 0\nextra /w==\n\ncp\n",
        HEAD + b"index 0\n" + HASH[:-1] + b"\n\ncp\n",
        HEAD + b"index 0\n" + (HASH + b"\n") * 64 + b"\ncp\n",
        HEAD.replace(b"v1", b"v2") + b"index 0\n\ncp\n",
        HEAD.replace(b"\n", b"\r\n") + b"index 0\n\ncp\n",
        b"\xef\xbb\xbf" + HEAD + b"index 0\n\ncp\n",
        HEAD + b"index 0\n\n" + b"c" * 1_000_001,
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    """Lines missing, repeated, out of order, or of another form."""
    with pytest.raises(EncodingError):
        decode(data)


@pytest.mark.parametrize(
    ("index", "hashes", "checkpoint", "extra"),
    [
        (-1, (), b"cp", None),
        (2**63, (), b"cp", None),
        (0, (bytes(31),), b"cp", None),
        (0, (bytes(32),) * 64, b"cp", None),
        (0, (), b"", None),
        (0, (), b"cp", b""),
        (0, (), b"cp", bytes(65537)),
    ],
)
def test_a_proof_cannot_be_built_wrong(index, hashes, checkpoint, extra) -> None:
    """The value checks itself."""
    with pytest.raises(EncodingError):
        TlogProof(index, hashes, checkpoint, extra)
