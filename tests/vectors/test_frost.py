"""RFC 9591, FROST(ristretto255, SHA-512): what a threshold signature asks.

PrivShare does not sign so; the scheme is written out here over the bindings and
every value of the vector is computed again, down to the signature.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.hash import sha512
from privshare.bindings.ristretto255 import Elements

CONTEXT = b"FROST-RISTRETTO255-SHA512-v1"

unhex = bytes.fromhex


def to_scalar(use: bytes, data: bytes) -> bytes:
    """H1, H2 and H3 of RFC 9591, 6.2."""
    return scalar.reduce_wide(sha512(CONTEXT + use + data))


def digest(use: bytes, data: bytes) -> bytes:
    """H4 and H5."""
    return sha512(CONTEXT + use + data)


def identifier(output: dict[str, Any]) -> bytes:
    return scalar.from_int(int(output["identifier"]))


def at(coefficients: list[bytes], x: bytes) -> bytes:
    """A polynomial at x, constant first."""
    return reduce(lambda sum_, a: scalar.mul_add(sum_, x, a), reversed(coefficients))


def coefficient(own: bytes, all_: list[bytes]) -> bytes:
    """Lagrange's at 0, 4.2."""
    result = scalar.ONE
    for other in all_:
        if other != own:
            quotient = scalar.mul(other, scalar.invert(scalar.sub(other, own)))
            result = scalar.mul(result, quotient)
    return result


def times_base(s: bytes) -> bytes:
    return group.base_table().mul(s).encode()


def test_the_signature(vector_json: Callable[[str], Any]) -> None:
    """Shares, nonces, commitments, binding factors, shares of the signature."""
    file = vector_json("rfc9591-frost/frost-ristretto255-sha512.json")
    inputs = file["inputs"]
    secret, message = unhex(inputs["group_secret_key"]), unhex(inputs["message"])
    public = unhex(inputs["group_public_key"])
    polynomial = [secret, *map(unhex, inputs["share_polynomial_coefficients"])]
    shares = {}
    assert times_base(secret) == public
    for share in inputs["participant_shares"]:
        found = at(polynomial, identifier(share))
        assert found == unhex(share["participant_share"])
        shares[identifier(share)] = found

    first = file["round_one_outputs"]["outputs"]
    assert [int(o["identifier"]) for o in first] == inputs["participant_list"]
    for output in first:
        for kind in ("hiding", "binding"):
            seed = unhex(output[f"{kind}_nonce_randomness"])
            nonce = to_scalar(b"nonce", seed + shares[identifier(output)])
            assert nonce == unhex(output[f"{kind}_nonce"])
            assert times_base(nonce) == unhex(output[f"{kind}_nonce_commitment"])

    commitments = b"".join(
        identifier(o)
        + unhex(o["hiding_nonce_commitment"])
        + unhex(o["binding_nonce_commitment"])
        for o in first
    )
    prefix = public + digest(b"msg", message) + digest(b"com", commitments)
    factors = {}
    for output in first:
        own = identifier(output)
        assert prefix + own == unhex(output["binding_factor_input"])
        factors[own] = to_scalar(b"rho", prefix + own)
        assert factors[own] == unhex(output["binding_factor"])

    hiding = group.decode(b"".join(unhex(o["hiding_nonce_commitment"]) for o in first))
    binding = group.decode(
        b"".join(unhex(o["binding_nonce_commitment"]) for o in first)
    )
    weights = scalar.ONE * len(first) + b"".join(factors.values())
    total = group.msm_vartime(weights, Elements.join([hiding, binding]))
    challenge = to_scalar(b"chal", total.encode() + public + message)
    z = scalar.ZERO
    for output, expected in zip(
        first, file["round_two_outputs"]["outputs"], strict=True
    ):
        own = identifier(output)
        nonce = scalar.mul_add(
            unhex(output["binding_nonce"]), factors[own], unhex(output["hiding_nonce"])
        )
        lagrange = coefficient(own, list(factors))
        share = scalar.mul(lagrange, shares[own])
        share = scalar.mul_add(share, challenge, nonce)
        assert share == unhex(expected["sig_share"])
        z = scalar.add(z, share)
    signature = total.encode() + z
    assert signature == unhex(file["final_output"]["sig"])

    right = group.mul_two_vartime(scalar.ONE, total, challenge, group.decode(public))
    assert group.base_table().mul(z) == right
