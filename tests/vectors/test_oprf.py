"""RFC 9497, ristretto255-SHA512: what an oblivious function asks of the group.

The three modes are written out here over the bindings and
`schemes.hash_to_group`; `schemes.oprf`, which has the first two and works on
batches, is held to the same vectors. Every value of a vector is computed again,
the proofs' with the nonces that the vectors name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.bindings.hash import sha512
from privshare.bindings.ristretto255 import Elements
from privshare.errors import PrivShareError
from privshare.schemes import oprf
from privshare.schemes.hash_to_group import hash_to_group, hash_to_scalar

SUITE = "ristretto255-SHA512"
PLAIN, VERIFIABLE, PARTIAL = 0, 1, 2

unhex = bytes.fromhex


def sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


class Protocol:
    """One mode with its tags, RFC 9497, section 3.1."""

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.context = b"OPRFV1-" + bytes([mode]) + b"-" + SUITE.encode()

    def element(self, message: bytes) -> Elements:
        return hash_to_group(message, b"HashToGroup-" + self.context)

    def scalar(self, message: bytes, use: bytes = b"HashToScalar-") -> bytes:
        return hash_to_scalar(message, use + self.context)

    def derive(self, seed: bytes, info: bytes) -> bytes:
        """DeriveKeyPair, 3.2.1."""
        for counter in range(256):
            data = seed + sized(info) + bytes([counter])
            found = self.scalar(data, b"DeriveKeyPair")
            if found != scalar.ZERO:
                return found
        raise AssertionError("expected a key, found none")

    def composite(
        self, public: Elements, c: Elements, d: Elements
    ) -> tuple[Elements, Elements]:
        """ComputeComposites, 2.2.1: M and Z."""
        seed = sha512(sized(public.encode()) + sized(b"Seed-" + self.context))
        weights = b"".join(
            self.scalar(
                sized(seed)
                + i.to_bytes(2, "big")
                + sized(c[i].encode())
                + sized(d[i].encode())
                + b"Composite"
            )
            for i in range(len(c))
        )
        return group.msm_vartime(weights, c), group.msm_vartime(weights, d)

    def challenge(self, *elements: Elements) -> bytes:
        return self.scalar(b"".join(sized(e.encode()) for e in elements) + b"Challenge")

    def prove(
        self, key: bytes, public: Elements, c: Elements, d: Elements, r: bytes
    ) -> bytes:
        """GenerateProof, 2.2.1: log_G(public) = log_c(d), nonce r."""
        m, z = self.composite(public, c, d)
        t2, t3 = group.base_table().mul(r), group.mul(r, m)
        e = self.challenge(public, m, z, t2, t3)
        return e + scalar.sub(r, scalar.mul(e, key))

    def verify(self, public: Elements, c: Elements, d: Elements, proof: bytes) -> bool:
        """VerifyProof, 2.2.2."""
        e, s = scalar.check(proof[:32]), scalar.check(proof[32:])
        m, z = self.composite(public, c, d)
        t2 = group.mul_two_vartime(s, group.base(), e, public)
        t3 = group.mul_two_vartime(s, m, e, z)
        return self.challenge(public, m, z, t2, t3) == e

    def tweak(self, info: bytes) -> bytes:
        """3.3.3: what public information adds to the key."""
        return self.scalar(b"Info" + sized(info))


def each(text: str) -> list[bytes]:
    return [unhex(part) for part in text.split(",")]


def check_vector(protocol: Protocol, key: bytes, vector: dict[str, Any]) -> None:
    """Blind, evaluate, prove, verify, finalise."""
    inputs, blinds = each(vector["Input"]), each(vector["Blind"])
    points = Elements.join(protocol.element(x) for x in inputs)
    blinded = group.mul(b"".join(blinds), points)
    assert blinded.encode() == b"".join(each(vector["BlindedElement"]))
    used, info = key, unhex(vector.get("Info", ""))
    if protocol.mode == PARTIAL:
        used = scalar.invert(scalar.add(key, protocol.tweak(info)))
    evaluated = group.mul(used * len(blinds), blinded)
    assert evaluated.encode() == b"".join(each(vector["EvaluationElement"]))
    if protocol.mode != PLAIN:
        check_proof(protocol, used, blinded, evaluated, vector)
    for x, blind, element, output in zip(
        inputs, blinds, evaluated, each(vector["Output"]), strict=True
    ):
        issued = group.mul(scalar.invert(blind), element).encode()
        middle = sized(info) if protocol.mode == PARTIAL else b""
        found = sha512(sized(x) + middle + sized(issued) + b"Finalize")
        assert found == output


def check_proof(
    protocol: Protocol,
    key: bytes,
    blinded: Elements,
    evaluated: Elements,
    vector: dict[str, Any],
) -> None:
    """The proof of the vector, and that another is none."""
    c, d = blinded, evaluated
    if protocol.mode == PARTIAL:
        key, c, d = scalar.invert(key), evaluated, blinded
    public = group.base_table().mul(key)
    proof = unhex(vector["Proof"]["proof"])
    made = protocol.prove(key, public, c, d, unhex(vector["Proof"]["r"]))
    assert made == proof
    assert protocol.verify(public, c, d, proof)
    assert not protocol.verify(public, d, c, proof)
    assert not protocol.verify(group.add(public, group.base()), c, d, proof)


def test_every_suite(vector_json: Callable[[str], Any]) -> None:
    """Keys from seeds, and every vector of each mode that is there."""
    suites = [
        suite
        for suite in vector_json("rfc9497-oprf/vectors.json")
        if suite["identifier"] == SUITE
    ]
    assert {suite["mode"] for suite in suites} & {PLAIN, VERIFIABLE, PARTIAL}
    for suite in suites:
        protocol = Protocol(suite["mode"])
        key = protocol.derive(unhex(suite["seed"]), unhex(suite["keyInfo"]))
        assert key == unhex(suite["skSm"])
        if suite["mode"] != PLAIN:
            assert group.base_table().mul(key).encode() == unhex(suite["pkSm"])
        assert suite["vectors"]
        for vector in suite["vectors"]:
            check_vector(protocol, key, vector)


def the_suites(vector_json: Callable[[str], Any]) -> list[dict[str, Any]]:
    return [
        suite
        for suite in vector_json("rfc9497-oprf/vectors.json")
        if suite["identifier"] == SUITE and suite["mode"] in (PLAIN, VERIFIABLE)
    ]


def test_the_scheme_gives_the_vectors(vector_json: Callable[[str], Any]) -> None:
    """schemes.oprf: keys, blinded and evaluated elements, proofs and outputs."""
    suites = the_suites(vector_json)
    assert len(suites) == 2
    for suite in suites:
        mode = oprf.Mode(suite["mode"])
        key = oprf.derive_key(unhex(suite["seed"]), unhex(suite["keyInfo"]), mode)
        assert key == unhex(suite["skSm"])
        for vector in suite["vectors"]:
            inputs, blinds = each(vector["Input"]), b"".join(each(vector["Blind"]))
            blinded = oprf.blind(inputs, blinds, mode)
            assert blinded == b"".join(each(vector["BlindedElement"]))
            evaluated = oprf.evaluate(key, blinded)
            assert evaluated == b"".join(each(vector["EvaluationElement"]))
            outputs = each(vector["Output"])
            assert oprf.finalise(inputs, blinds, evaluated) == outputs
            assert oprf.evaluate_inputs(key, inputs, mode) == outputs
            if mode is oprf.Mode.VOPRF:
                public = oprf.public_key(key)
                assert public == unhex(suite["pkSm"])
                nonce = unhex(vector["Proof"]["r"])
                found, proof = oprf.evaluate_verifiable(key, blinded, nonce)
                assert (found, proof) == (evaluated, unhex(vector["Proof"]["proof"]))
                oprf.verify(public, blinded, evaluated, proof)


def test_every_changed_byte_is_refused(vector_json: Callable[[str], Any]) -> None:
    """A byte of a proof, an element or the key that changes is named or refused."""
    suite = next(s for s in the_suites(vector_json) if s["mode"] == VERIFIABLE)
    vector = suite["vectors"][-1]
    good = [
        unhex(suite["pkSm"]),
        b"".join(each(vector["BlindedElement"])),
        b"".join(each(vector["EvaluationElement"])),
        unhex(vector["Proof"]["proof"]),
    ]
    oprf.verify(*good)
    for which, data in enumerate(good):
        for place in range(len(data)):
            changed = bytearray(data)
            changed[place] ^= 1 << place % 8
            bad = [*good[:which], bytes(changed), *good[which + 1 :]]
            with pytest.raises(PrivShareError):
                oprf.verify(*bad)
