"""Ed25519 vectors: one verification rule, held on ordinary and edge cases.

Source: wycheproof's EdDSA cases and the edge cases of CCTV (small order,
non-canonical encodings, residues); provenance is beside the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from privshare.errors import EncodingError, SignatureInvalid
from privshare.schemes.keys import SigningKey, VerifyKey


def accepts(key: bytes, sig: bytes, msg: bytes) -> bool:
    """Whether our rule takes the signature; any other error is a failure."""
    try:
        VerifyKey(key).verify(sig, msg)
    except (EncodingError, SignatureInvalid):
        return False
    return True


def test_wycheproof(vector_json: Callable[[str], Any]) -> None:
    """Valid signatures verify; forged, malleable, truncated ones do not."""
    cases = 0
    for group in vector_json("wycheproof/ed25519_test.json")["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            sig, msg = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            assert accepts(key, sig, msg) == (test["result"] == "valid"), test["tcId"]
            cases += 1
    assert cases > 30


# What a flag of the edge cases means under our rule. Keys: canonical and of
# large order. Equation: without cofactor, R compared as bytes, so neither a
# residue of small order nor another encoding of R passes. A component of
# small order in a key of large order, or an R of small order, is allowed
# where the equation holds.
REFUSED = {
    "low_order_A",
    "non_canonical_A",
    "non_canonical_R",
    "low_order_residue",
    "reencoded_k",
}


def test_edge_cases(vector_json: Callable[[str], Any]) -> None:
    """The rule follows from the flags of each case, with no exception."""
    taken = 0
    for test in vector_json("ed25519-edge/ed25519vectors.json"):
        expected = not REFUSED & set(test["flags"] or ())
        found = accepts(
            bytes.fromhex(test["key"]), bytes.fromhex(test["sig"]), test["msg"].encode()
        )
        assert found == expected, (test["number"], test["flags"])
        taken += found
    assert taken > 0


def test_low_order_keys_are_refused_by_themselves(
    vector_json: Callable[[str], Any],
) -> None:
    """It is the key that is refused, before any signature is looked at."""
    for test in vector_json("ed25519-edge/ed25519vectors.json"):
        flags = set(test["flags"] or ())
        key = bytes.fromhex(test["key"])
        if flags & {"low_order_A", "non_canonical_A"}:
            with pytest.raises(EncodingError):
                VerifyKey(key)
        else:
            assert VerifyKey(key).raw == key


# RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("seed", "public", "msg", "sig"), RFC_8032)
def test_rfc_8032(seed: str, public: str, msg: str, sig: str) -> None:
    """Signing is deterministic and gives the published bytes."""
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.verify_key.raw.hex() == public
    assert key.sign(bytes.fromhex(msg)).hex() == sig
    key.verify_key.verify(bytes.fromhex(sig), bytes.fromhex(msg))
