"""Hashes: published digests, hashlib as the second opinion, both backends."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.bindings import hash as core

# FIPS 180-4 and FIPS 202 examples, as NIST prints them in "Examples with
# Intermediate Values" (csrc.nist.gov/projects/cryptographic-standards-and-guidelines).
ABC = b"abc"
EMPTY = b""
TWO_BLOCKS_256 = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
TWO_BLOCKS_512 = (
    b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
    b"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
)

SHA256 = [
    (EMPTY, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (ABC, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        TWO_BLOCKS_256,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    (
        b"a" * 10**6,
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ),
]
SHA512 = [
    (
        ABC,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    (
        TWO_BLOCKS_512,
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
    ),
]
SHA3_256 = [
    (EMPTY, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
    (ABC, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
]
SHA3_512 = [
    (
        EMPTY,
        "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
        "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
    ),
    (
        ABC,
        "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
        "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
    ),
]
SHAKE128 = [
    (EMPTY, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"),
]
SHAKE256 = [
    (EMPTY, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"),
]


@pytest.mark.parametrize(("data", "expected"), SHA256)
def test_sha256_examples(data: bytes, expected: str) -> None:
    """SHA-256 gives the digests that NIST prints."""
    assert expected == core.sha256(data).hex()


@pytest.mark.parametrize(("data", "expected"), SHA512)
def test_sha512_examples(data: bytes, expected: str) -> None:
    """SHA-512 gives the digests that NIST prints."""
    assert expected == core.sha512(data).hex()


@pytest.mark.parametrize(("data", "expected"), SHA3_256)
def test_sha3_examples(data: bytes, expected: str) -> None:
    """SHA3-256 gives the digests that NIST prints."""
    assert expected == core.sha3_256(data).hex()


@pytest.mark.parametrize(("data", "expected"), SHA3_512)
def test_sha3_512_examples(data: bytes, expected: str) -> None:
    """SHA3-512 gives the digests that NIST prints."""
    assert expected == core.sha3_512(data).hex()


@pytest.mark.parametrize(("data", "expected"), SHAKE128)
def test_shake_examples(data: bytes, expected: str) -> None:
    """SHAKE128 begins as NIST prints it."""
    assert expected == core.shake128(data, 32).hex()


@pytest.mark.parametrize(("data", "expected"), SHAKE256)
def test_shake256_examples(data: bytes, expected: str) -> None:
    """SHAKE256 begins as NIST prints it."""
    assert expected == core.shake256(data, 32).hex()


@pytest.mark.parametrize("length", [*range(0, 260), 1000, 4095, 4096, 4097])
def test_agrees_with_hashlib(length: int) -> None:
    """At every length around the block sizes, all of them agree with hashlib."""
    data = hashlib.shake_256(bytes([length % 256])).digest(length)
    assert hashlib.sha256(data).digest() == core.sha256(data)
    assert hashlib.sha512(data).digest() == core.sha512(data)
    assert hashlib.sha3_256(data).digest() == core.sha3_256(data)
    assert hashlib.sha3_512(data).digest() == core.sha3_512(data)
    assert hashlib.shake_128(data).digest(length) == core.shake128(data, length)
    assert hashlib.shake_256(data).digest(length) == core.shake256(data, length)


@given(st.lists(st.binary(max_size=200)))
def test_stream_equals_one_shot(pieces: list[bytes]) -> None:
    """A stream cut anywhere is the hash of the whole, asked at any time."""
    stream = core.Sha256()
    seen = b""
    for piece in pieces:
        stream.update(piece)
        seen += piece
        assert hashlib.sha256(seen).digest() == stream.digest()


def test_copies_go_their_own_way() -> None:
    """What one copy of a stream absorbs, the other does not see."""
    stream = core.Sha256(b"common ")
    twin = stream.copy()
    stream.update(b"one")
    twin.update(b"two")
    assert core.sha256(b"common one") == stream.digest()
    assert core.sha256(b"common two") == twin.digest()


def test_accepts_buffers() -> None:
    """A bytearray and a memoryview hash like the bytes they hold."""
    assert core.sha256(b"abc") == core.sha256(bytearray(b"abc"))
    assert core.sha256(b"abc") == core.sha256(memoryview(b"xabc")[1:])


REPORT = """
from privshare.bindings import hash as core
data = bytes(range(256)) * 5
print(core.backend_name())
print(*(core.sha256(data[:n]).hex() for n in range(0, 1280, 3)))
"""


def test_portable_backend_agrees() -> None:
    """With PRIVSHARE_PORTABLE=1 the portable code runs, and agrees."""
    reports = []
    for setting in ("0", "1"):
        environment = {**os.environ, "PRIVSHARE_PORTABLE": setting}
        done = subprocess.run(
            [sys.executable, "-c", REPORT],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        reports.append(done.stdout.splitlines())
    best, portable = reports
    assert portable[0] == "portable"
    assert best[0] in {"portable", "sha-ni", "avx512-ifma"}
    assert portable[1] == best[1]
