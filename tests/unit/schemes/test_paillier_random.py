"""Where the randomness of ciphertexts comes from."""

from __future__ import annotations

import gc
import secrets
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from privshare.errors import OutOfRange
from privshare.schemes import paillier_random
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.schemes.paillier_base import djn_base
from privshare.schemes.paillier_random import (
    DJN,
    TEXTBOOK,
    holder_randomness,
    public_randomness,
)


@pytest.fixture(scope="module")
def private() -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(2048)


def plain(key: PaillierPublicKey, *values: int) -> bytes:
    return b"".join((v % key.n).to_bytes(key.size, "big") for v in values)


@pytest.mark.parametrize("name", [DJN, TEXTBOOK, "holder"])
def test_every_kind_encrypts(private: PaillierPrivateKey, name: str) -> None:
    """Ciphertexts of one value differ, and all open to it."""
    key = private.public
    source = (
        holder_randomness(private) if name == "holder" else public_randomness(key, name)
    )
    values = [5, -5, 0, 5, key.half - 1, 1 - key.half]
    data = source.encrypt(plain(key, *values), len(values))
    cs = [data[i : i + 512] for i in range(0, len(data), 512)]
    assert len(set(cs)) == len(values)
    assert [private.decrypt(c) for c in cs] == values
    for c in cs:
        key.check(c)


def test_djn_is_its_equation(
    private: PaillierPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(1 + m·n) · h^(n·x) with x of half of n's bits from the operating system."""
    n, drawn = private.public.n, []

    def token(size: int) -> bytes:
        drawn.append(secrets.SystemRandom().randbytes(size))
        return drawn[-1]

    monkeypatch.setattr(paillier_random.secrets, "token_bytes", token)
    data = public_randomness(private.public, DJN).encrypt(
        plain(private.public, 7, -1), 2
    )
    (xs,) = drawn
    assert len(xs) == 2 * 128
    for i, m in enumerate((7, n - 1)):
        x = int.from_bytes(xs[128 * i : 128 * (i + 1)], "big")
        c = (1 + m * n) * pow(djn_base(n), n * x, n * n) % n**2
        assert data[512 * i : 512 * (i + 1)] == c.to_bytes(512, "big")


def test_a_table_is_built_once_and_goes_with_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Threads and equal keys share one table; without the key it is freed."""
    built: list[Any] = []
    table = paillier_random.EncryptionTable

    def build(*arguments: Any) -> Any:
        built.append(weakref.ref(made := Held(table(*arguments))))
        return made

    class Held:
        def __init__(self, inner: Any) -> None:
            self.inner = inner
            self.exponent_bytes = inner.exponent_bytes

        def encrypt(self, *arguments: Any) -> Any:
            return self.inner.encrypt(*arguments)

    monkeypatch.setattr(paillier_random, "EncryptionTable", build)

    def use(key: PaillierPublicKey) -> None:
        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(public_randomness, key, DJN) for _ in range(8)]
            assert len({id(job.result()) for job in jobs}) == len(built) == 1
        again = PaillierPublicKey(key.n)
        assert public_randomness(again, DJN) is public_randomness(key, DJN)
        assert len(built) == 1 and built[0]() is not None

    use(PaillierPrivateKey.generate(2048).public)
    gc.collect()
    assert built[0]() is None


def test_only_keys_of_known_factors_have_a_holders_table(
    private: PaillierPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours draw two exponents a value; keys from elsewhere encrypt with r^n."""
    drawn: list[int] = []

    def token(size: int) -> bytes:
        drawn.append(size)
        return secrets.SystemRandom().randbytes(size)

    foreign = PaillierPrivateKey(private._p, private._q)
    again = PaillierPrivateKey.from_bytes(private.to_bytes())
    monkeypatch.setattr(paillier_random.secrets, "token_bytes", token)
    for key, expected in ((private, [2 * 3 * 136]), (foreign, []), (again, [816])):
        column = key.encrypt([1, -2, 3], packed=False)
        assert private.decrypt(column).tolist() == [1, -2, 3]
        assert drawn == expected
        drawn.clear()


def test_other_names_are_refused(private: PaillierPrivateKey) -> None:
    """There are two kinds for everybody, and no default for a misspelt one."""
    for name in ("", "DJN", "short", "holder"):
        with pytest.raises(OutOfRange, match='"djn" or "textbook"'):
            public_randomness(private.public, name)
        with pytest.raises(OutOfRange):
            private.public.encrypt_batch([1], randomness=name)


def test_a_value_past_n_is_refused(private: PaillierPrivateKey) -> None:
    """Plaintexts are below n, for each kind."""
    key = private.public
    for source in (
        public_randomness(key, DJN),
        public_randomness(key, TEXTBOOK),
        holder_randomness(private),
    ):
        with pytest.raises(OutOfRange):
            source.encrypt(key.n.to_bytes(256, "big"), 1)
