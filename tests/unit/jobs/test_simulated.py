"""The simulated machine: the same way as a real one, and always told apart."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.jobs.attestation import simulated
from privshare.jobs.attestation.evidence import (
    Endorsements,
    Evidence,
    Root,
    RootSet,
)
from privshare.simulation.simulator import LIFE_S, Simulator
from privshare.wire import canonical

AT = 1_800_000_000
SEED = bytes(range(32))
MACHINE = Simulator(seed=SEED, measurement=b"m" * 48, clock=lambda: AT)
ROOTS = RootSet((MACHINE.root,))
DATA = bytes(range(64))


def rule(evidence: Evidence, roots: RootSet = ROOTS, at: int = AT) -> str:
    with pytest.raises(EvidenceInvalid) as caught:
        simulated.verify(evidence, Endorsements({}), roots, at)
    return str(caught.value.detail["rule"])


def test_what_it_says_is_verified_and_labelled() -> None:
    """The class is simulated, and the label says what that means."""
    claims = simulated.verify(MACHINE.collect(DATA), MACHINE.endorsements, ROOTS, AT)
    assert claims.report_data == DATA
    assert claims.values["measurement"] == b"m" * 48
    assert claims.values["label"] == "SIMULATED - NO SECURITY"
    assert claims.trust_class == "simulated"
    assert claims.root.name == "SIMULATED - NO SECURITY"
    assert (claims.not_before, claims.not_after) == (AT, AT + LIFE_S)
    assert not claims.debug


def test_it_is_deterministic() -> None:
    """The same seed, time and data: the same evidence."""
    assert MACHINE.collect(DATA) == MACHINE.collect(DATA)


def test_debug_is_claimed() -> None:
    """So that policies can be tried."""
    machine = Simulator(seed=SEED, clock=lambda: AT, debug=True)
    evidence = machine.collect(DATA)
    assert simulated.verify(evidence, Endorsements({}), ROOTS, AT).debug


def test_time_is_an_argument() -> None:
    """Before and after its ten minutes it is refused."""
    evidence = MACHINE.collect(DATA)
    assert rule(evidence, at=AT - 1) == "simulated.not-yet-valid"
    assert rule(evidence, at=AT + LIFE_S + 1) == "simulated.expired"


def test_its_root_is_simulated_or_nothing() -> None:
    """Under another class, another family or no root it is refused."""
    evidence, digest = MACHINE.collect(DATA), MACHINE.root.sha256
    for trust_class in ("hardware-tee", "hardware-tpm", "software"):
        dressed = RootSet((Root("real", "simulated", digest, trust_class),))  # type: ignore[arg-type]
        assert rule(evidence, dressed) == "simulated.class"
    assert rule(evidence, RootSet(())) == "root.unknown"
    other = RootSet((Root("x", "intel-sgx", digest, "simulated"),))
    assert rule(evidence, other) == "root.unknown"


def signed(statement: bytes) -> Evidence:
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    return Evidence(
        "simulated",
        {
            "key": key.public_key().public_bytes_raw(),
            "signature": key.sign(simulated.signed_message(statement)),
            "statement": statement,
        },
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "genuine"},
        {"v": 2},
        {"type": "privshare.evidence"},
        {"measurement": "00"},
        {"measurement": "A" * 96},
        {"report_data": "00"},
        {"debug": 0},
        {"not_before": -1},
        {"not_after": AT - 1},
        {"not_after": AT + simulated.MAX_LIFE_S + 1},
        {"more": 1},
    ],
    ids=str,
)
def test_a_statement_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    """Although the key signed it."""
    statement = json.loads(MACHINE.collect(DATA).part("statement"))
    evidence = signed(canonical.encode({**statement, **changes}))
    assert rule(evidence) == "simulated.statement"


def test_a_statement_laid_out_otherwise_is_refused() -> None:
    """Canonical bytes alone; and every field."""
    statement = MACHINE.collect(DATA).part("statement")
    assert rule(signed(statement + b" ")) == "simulated.statement"
    assert rule(signed(b"")) == "simulated.statement"
    for name in json.loads(statement):
        fields = json.loads(statement)
        del fields[name]
        assert rule(signed(canonical.encode(fields))) == "simulated.statement"


def test_signature_and_key_belong_together() -> None:
    """Another key, a short one, a signature of the bare statement."""
    parts = dict(MACHINE.collect(DATA).parts)
    other = Simulator(seed=bytes(32), clock=lambda: AT).collect(DATA)
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    for changes, expected in (
        ({"key": b"short"}, "simulated.key"),
        ({"key": other.part("key")}, "root.unknown"),
        ({"signature": other.part("signature")}, "simulated.signature"),
        ({"signature": b""}, "simulated.signature"),
        ({"signature": key.sign(parts["statement"])}, "simulated.signature"),
    ):
        assert rule(Evidence("simulated", {**parts, **changes})) == expected


def test_no_flipped_bit_is_accepted() -> None:
    """Of statement, signature and key: every bit, 3,000 and more."""
    parts = MACHINE.collect(DATA).parts
    for name, data in parts.items():
        for bit in range(8 * len(data)):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(EvidenceInvalid):
                simulated.verify(
                    Evidence("simulated", {**parts, name: bytes(changed)}),
                    Endorsements({}),
                    ROOTS,
                    AT,
                )


def test_a_machine_takes_what_it_should() -> None:
    """Report data, seeds and measurements of other lengths are refused."""
    with pytest.raises(EncodingError):
        MACHINE.collect(bytes(63))
    with pytest.raises(EncodingError):
        Simulator(seed=b"")
    with pytest.raises(EncodingError):
        Simulator(measurement=b"")


def test_a_machine_of_its_own_has_its_own_root() -> None:
    """Without a seed, one is drawn; nothing shows it."""
    one, two = Simulator(), Simulator()
    assert one.root != two.root
    assert one.seed.hex() not in repr(one)
    assert sha256(one.public_key).digest() == one.root.sha256
