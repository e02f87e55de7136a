"""Published and own Paillier vectors, straight against the core.

ISO/IEC 18033-6 Annex B, python-paillier's own test numbers, and cases made
with plain integers for this project. The small ones need keys below any
profile, which `unsafe_any_size` gives.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from privshare.bindings._convert import ffi, lib
from privshare.bindings.paillier import PROFILES, PrivateCore, PublicCore
from privshare.errors import (
    EncodingError,
    OutOfRange,
    ProofInvalid,
    VerificationError,
)

OWN = "own-paillier/cases.json"
SIZES = (512, 2048)

Read = Callable[[str], Any]


def number(text: str) -> int:
    return int(text, 16)


class Case:
    """One key of the own vectors, with its numbers decoded."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.bits = fields["bits"]
        self.n = number(fields["n"])
        p, q = number(fields["p"]), number(fields["q"])
        known = self.bits in PROFILES
        self.public = (
            PublicCore(self.n) if known else PublicCore.unsafe_any_size(self.n)
        )
        self.private = PrivateCore(p, q) if known else PrivateCore.unsafe_any_size(p, q)

    def rows(self, name: str, *fields: str) -> list[tuple[int, ...]]:
        return [
            tuple(number(row[field]) for field in fields) for row in self.fields[name]
        ]

    def ciphertext(self, c: int) -> bytes:
        return c.to_bytes(self.public.ciphertext_bytes, "big")


@pytest.fixture(scope="module", params=SIZES)
def case(request: pytest.FixtureRequest, vector_json: Read) -> Case:
    found = [row for row in vector_json(OWN) if row["bits"] == request.param]
    assert len(found) == 1
    return Case(found[0])


def test_iso_18033_6(vector_json: Read) -> None:
    """The 2048-bit example of the standard comes out bit for bit, both ways."""
    row = vector_json("paillier-iso18033-6/encrypt.json")
    m, r = number(row["m_hex"]), number(row["r_hex"])
    c = bytes.fromhex(row["c_hex"])
    public = PublicCore(number(row["n_hex"]))
    private = PrivateCore(number(row["p_hex"]), number(row["q_hex"]))
    assert c == public.encrypt(m, r)
    assert m == private.decrypt(c)
    assert (m, r) == private.recover(c)
    public.verify_opening(c, m, r)


def test_python_paillier() -> None:
    """The numbers of python-paillier's own tests: p = 293, q = 433."""
    public = PublicCore.unsafe_any_size(126869)
    private = PrivateCore.unsafe_any_size(293, 433)
    c = public.encrypt(10100, 74384)
    assert int.from_bytes(c, "big") == 935906717
    assert private.decrypt(c) == 10100
    assert private.recover(c) == (10100, 74384)


def test_encrypt(case: Case) -> None:
    """Every encryption is the one on file, singly and as a batch."""
    rows = case.rows("enc", "m", "r", "c")
    expected = [case.ciphertext(c) for _, _, c in rows]
    assert expected == [case.public.encrypt(m, r) for m, r, _ in rows]
    ms, rs = [row[0] for row in rows], [row[1] for row in rows]
    assert expected == case.public.encrypt_batch(ms, rs)


def test_decrypt_and_recover(case: Case) -> None:
    """Every ciphertext gives back its message and its randomness."""
    rows = case.rows("enc", "m", "r", "c")
    cs = [case.ciphertext(c) for _, _, c in rows]
    assert [m for m, _, _ in rows] == case.private.decrypt_batch(cs)
    assert [(m, r) for m, r, _ in rows] == case.private.recover_batch(b"".join(cs))


def test_openings(case: Case) -> None:
    """Each opening holds for its own ciphertext and not for the next."""
    rows = case.rows("enc", "m", "r", "c")
    for (m, r, c), (_, _, other) in pairwise(rows):
        case.public.verify_opening(case.ciphertext(c), m, r)
        with pytest.raises(ProofInvalid):
            case.public.verify_opening(case.ciphertext(other), m, r)


def test_add(case: Case) -> None:
    """Sums are the ciphertexts on file and decrypt to the sum on file."""
    for c1, c2, c, m in case.rows("add", "c1", "c2", "c", "m"):
        total = case.public.add(case.ciphertext(c1), case.ciphertext(c2))
        assert case.ciphertext(c) == total
        assert m == case.private.decrypt(total)


def test_scalar(case: Case) -> None:
    """Products with a plain number decrypt to the product on file."""
    for c, k, m in case.rows("scalar", "c", "k", "m"):
        product = case.public.mul_plain(case.ciphertext(c), k)
        assert case.ciphertext(pow(c, k, case.n**2)) == product
        assert m == case.private.decrypt(product)


def operations(case: Case, bad: bytes) -> list[Callable[[], object]]:
    """Every operation that takes a ciphertext, with a bad one in each place."""
    public, private = case.public, case.private
    good = public.encrypt(1, 2)
    return [
        lambda: public.check(bad),
        lambda: public.check(good + bad),
        lambda: public.add(good, bad),
        lambda: public.add(bad, good),
        lambda: public.sum(bad, 1),
        lambda: public.sum(good + bad + good, 3),
        lambda: public.negate(bad),
        lambda: public.add_plain(bad, 3),
        lambda: public.mul_plain(bad, 0),
        lambda: public.mul_plain(bad, -3),
        lambda: public.rerandomise(bad, 3),
        lambda: public.verify_opening(bad, 1, 2),
        lambda: private.decrypt(bad),
        lambda: private.decrypt_batch(good + bad),
        lambda: private.recover(bad),
    ]


def test_reject(case: Case) -> None:
    """What is no unit below n^2 is refused by every operation."""
    refused = 0
    for row in case.fields["reject"]:
        c = number(row["c"])
        if c < 0 or c.bit_length() > 8 * case.public.ciphertext_bytes:
            continue  # no bytes of the right length can say it
        for operation in operations(case, case.ciphertext(c)):
            with pytest.raises(VerificationError):
                operation()
        refused += 1
    assert refused >= 7


def test_reject_other_lengths(case: Case) -> None:
    """Bytes that are too short or too long are malformed."""
    good = case.public.encrypt(1, 2)
    for bad in (good[1:], b"\x00" + good):
        for operation in operations(case, bad):
            with pytest.raises(EncodingError):
                operation()


def importable(n: int, bits: int) -> bool:
    """What the core's check of a modulus says for any size."""
    length = (bits + 7) // 8
    if n < 0 or n.bit_length() > 8 * length:
        return False
    scratch = ffi.new("ps_limb[]", lib.PS_PAILLIER_SCRATCH_LIMBS)
    status = lib.ps_paillier_check_modulus_vartime(
        n.to_bytes(length, "big"), length, bits, scratch
    )
    return bool(status == lib.PS_OK)


def test_bad_public_keys(case: Case) -> None:
    """Moduli that cannot be keys are refused, by the profile and by the core."""
    assert importable(case.n, case.bits)
    for row in case.fields["bad_public_keys"]:
        n = number(row["n"])
        with pytest.raises(OutOfRange):
            PublicCore(n)
        # The vectors' "too short" key has 512 bits, which is right for that case.
        right_size = row["why"] == "too short" and n.bit_length() == case.bits
        assert importable(n, case.bits) == right_size, row["why"]
