"""Interchange with phe and its tool pheutil: the real ones."""

# ruff: noqa: RUF005

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import phe
import pytest
from click.testing import CliRunner
from phe.command_line import cli

from privshare.errors import (
    EncodingError,
    OutOfRange,
    PrivShareError,
    VerificationError,
)
from privshare.schemes.columns import EncryptedColumn, EncryptedNumber
from privshare.schemes.columns.phe_json import (
    column_from_phe,
    column_to_phe,
    number_from_pheutil,
    number_to_pheutil,
)
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.schemes.paillier_jwk import (
    private_from_jwk,
    private_to_jwk,
    public_from_jwk,
    public_to_jwk,
)


def theirs(private: PaillierPrivateKey) -> tuple[Any, Any]:
    """The same key as phe has it."""
    public = phe.PaillierPublicKey(private.public.n)
    return public, phe.PaillierPrivateKey(public, private._p, private._q)


def basic_json(public: Any, numbers: list[Any]) -> str:
    """As phe's documentation writes it."""
    values = [(str(x.ciphertext()), x.exponent) for x in numbers]
    return json.dumps({"public_key": {"n": public.n}, "values": values})


def test_phe_reads_what_we_write(private: PaillierPrivateKey) -> None:
    """phe decrypts our column, and adds to it."""
    public, key = theirs(private)
    values = [1.5, -2.25, 0, 1000]
    column = private.public.encrypt(values, scale=16**4, packed=False)
    assert isinstance(column, EncryptedColumn)
    document = json.loads(column_to_phe(column))
    assert document["public_key"] == {"n": public.n}
    numbers = [phe.EncryptedNumber(public, int(c), e) for c, e in document["values"]]
    assert [key.decrypt(x) for x in numbers] == values
    assert key.decrypt(sum(numbers[1:], numbers[0])) == sum(values)
    ints = private.public.encrypt([7, -8], packed=False)
    assert isinstance(ints, EncryptedColumn)
    pairs = json.loads(column_to_phe(ints))["values"]
    assert [pair[1] for pair in pairs] == [0, 0]


def test_we_read_what_phe_writes(private: PaillierPrivateKey) -> None:
    """Values of different exponents come to one scale, exactly."""
    public, _ = theirs(private)
    values = [1, -0.1, 12345.678, 2.0**-30, 0.0, -7]
    text = basic_json(public, [public.encrypt(x) for x in values])
    column = column_from_phe(text, bound=10**6)
    assert list(private.decrypt(column)) == [Fraction(x) for x in values]
    assert private.decrypt(column.sum()) == sum(map(Fraction, values))
    with pytest.raises(OutOfRange) as caught:
        column_from_phe(text)
    assert "bound=" in caught.value.fix
    ints = column_from_phe(basic_json(public, [public.encrypt(x) for x in (5, -6)]))
    assert private.decrypt(ints).tolist() == [5, -6] and ints.scale == 1
    with pytest.raises(OutOfRange, match="stay within"):
        ints.sum()
    large = public.encrypt(phe.EncodedNumber.encode(public, 4096, precision=256))
    text = basic_json(public, [large, public.encrypt(1)])
    assert private.decrypt(column_from_phe(text, bound=10**4)).tolist() == [4096, 1]
    assert private.decrypt(column_from_phe(basic_json(public, []))).tolist() == []


def test_an_imported_bound_is_checked_when_opened(private: PaillierPrivateKey) -> None:
    """A value past the bound that the importer stated gives no number."""
    public, _ = theirs(private)
    text = basic_json(public, [public.encrypt(1000)])
    with pytest.raises(VerificationError):
        private.decrypt(column_from_phe(text, bound=999))


def test_pheutil_round_trip(tmp_path: Path) -> None:
    """Keys and ciphertexts go through the real tool and come back."""
    run = CliRunner()

    def do(*arguments: str) -> None:
        done = run.invoke(cli, list(arguments))
        assert done.exit_code == 0, done.output

    private_file, public_file = tmp_path / "private.json", tmp_path / "public.json"
    do("genpkey", str(private_file))
    do("extract", str(private_file), str(public_file))
    private = private_from_jwk(private_file.read_text())
    public = public_from_jwk(public_file.read_text())
    assert private.public == public
    cipher = tmp_path / "cipher.json"
    do("encrypt", "--output", str(cipher), str(public_file), "--", "-3.125")
    number = number_from_pheutil(cipher.read_text(), public, bound=100)
    assert private.decrypt(number) == Decimal("-3.125")
    ours = tmp_path / "ours.json"
    ours.write_text(number_to_pheutil(number * 2 + 1))
    total, plain = tmp_path / "total.json", tmp_path / "plain.txt"
    do("addenc", "--output", str(total), str(public_file), str(cipher), str(ours))
    do("decrypt", "--output", str(plain), str(private_file), str(total))
    assert float(plain.read_text()) == -8.375


def test_our_keys_in_pheutil(private: PaillierPrivateKey, tmp_path: Path) -> None:
    """pheutil encrypts and decrypts with keys that we wrote."""
    run = CliRunner()
    for name, text in (
        ("private.json", private_to_jwk(private)),
        ("public.json", public_to_jwk(private.public, "a comment")),
    ):
        (tmp_path / name).write_text(text)
    made = run.invoke(
        cli,
        [
            "encrypt",
            "--output",
            str(tmp_path / "c"),
            str(tmp_path / "public.json"),
            "2",
        ],
    )
    assert made.exit_code == 0
    number = number_from_pheutil((tmp_path / "c").read_text(), private.public, 10)
    assert private.decrypt(number) == 2
    (tmp_path / "d").write_text(number_to_pheutil(number - 5))
    opened = run.invoke(
        cli,
        ["decrypt", "--output", str(tmp_path / "o")]
        + [str(tmp_path / "private.json"), str(tmp_path / "d")],
    )
    assert opened.exit_code == 0 and float((tmp_path / "o").read_text()) == -3
    assert private_from_jwk(private_to_jwk(private)).public == private.public


def test_exports_that_phe_could_not_read(private: PaillierPrivateKey) -> None:
    """Packed columns, other scales and values past n/3 are refused."""
    public = private.public
    for column, fix in (
        (public.encrypt([1], scale=16), "packed=False"),
        (public.encrypt([1], scale=10, packed=False), "16**k"),
        (public.encrypt([1], scale=8, packed=False), "16**k"),
    ):
        assert isinstance(column, EncryptedColumn)
        with pytest.raises(OutOfRange) as caught:
            column_to_phe(column)
        assert fix in caught.value.fix
    large = public.encrypt([1], bound=2**2046 - 1, packed=False)
    assert isinstance(large, EncryptedColumn)
    if public.n // 3 < 2**2046:  # else the bound is within phe's limit
        with pytest.raises(OutOfRange, match="n/3"):
            column_to_phe(large)
    packed = public.encrypt([1, 2])
    single = public.encrypt([1, 2], packed=False)
    assert isinstance(packed, EncryptedColumn) and isinstance(single, EncryptedColumn)
    for number in (packed.sum(), single.mean(), public.encrypt(0.1)):
        assert isinstance(number, EncryptedNumber)
        with pytest.raises(OutOfRange):
            number_to_pheutil(number)


def test_weak_keys_are_refused(private: PaillierPrivateKey) -> None:
    """Sizes other than 2048 and 3072, even moduli and wrong factors."""
    n = private.public.n
    small, secret = phe.generate_paillier_keypair(n_length=1024)
    for wrong in (small.n, n + 1, n >> 1, 3 * (n // 3), 0, n**2):
        with pytest.raises(PrivShareError):
            column_from_phe(json.dumps({"public_key": {"n": wrong}, "values": []}))
        if wrong:
            jwk = json.loads(public_to_jwk(private.public))
            jwk["n"] = phe.util.int_to_base64(wrong)
            with pytest.raises(PrivShareError):
                public_from_jwk(json.dumps(jwk))
    document = json.loads(private_to_jwk(private))
    for p, q in ((secret.p, secret.q), (1, n), (private._p, private._p)):
        changed = {
            **document,
            "p": phe.util.int_to_base64(p),
            "q": phe.util.int_to_base64(q),
        }
        with pytest.raises(PrivShareError):
            private_from_jwk(json.dumps(changed))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("values"),
        lambda d: d.pop("public_key"),
        lambda d: d.update(extra=1),
        lambda d: d.update(values={}),
        lambda d: d["public_key"].update(g=5),
        lambda d: d["public_key"].update(h=5),
        lambda d: d["values"].append("1"),
        lambda d: d["values"].append(["1"]),
        lambda d: d["values"].append(["1", 0, 0]),
        lambda d: d["values"].append(["01", 0]),
        lambda d: d["values"].append(["-1", 0]),
        lambda d: d["values"].append(["0x1", 0]),
        lambda d: d["values"].append(["1", 0.5]),
        lambda d: d["values"].append(["1", True]),
        lambda d: d["values"].append(["1", 256]),
        lambda d: d["values"].append(["1", -256]),
        lambda d: d["values"].append(["9" * 2000, 0]),
        lambda d: d["values"].append(["9" * 5000, 0]),
    ],
)
def test_json_that_is_refused(public: PaillierPublicKey, change: Any) -> None:
    """Missing, surplus and malformed parts."""
    document = {"public_key": {"n": public.n}, "values": [["1", 0]]}
    assert len(column_from_phe(json.dumps(document))) == 1
    change(document)
    with pytest.raises((EncodingError, OutOfRange)):
        column_from_phe(json.dumps(document))


def test_numbers_that_are_no_ciphertexts(public: PaillierPublicKey) -> None:
    """0, n, multiples of n, n² and above."""
    n = public.n
    for c in (0, n, 2 * n, n * n, n * n + 1, 1 << 4096):
        for call in (
            lambda c=c: column_from_phe(
                json.dumps({"public_key": {"n": n}, "values": [[str(c), 0]]})
            ),
            lambda c=c: number_from_pheutil(json.dumps({"v": str(c), "e": 0}), public),
        ):
            with pytest.raises((VerificationError, EncodingError)):
                call()
    for text in ("", "[]", "{", '{"v":"1"}', '{"v":"1","e":0,"e":0}', "NaN"):
        with pytest.raises(EncodingError):
            number_from_pheutil(text, public)
