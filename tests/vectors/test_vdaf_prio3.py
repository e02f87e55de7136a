"""draft-irtf-cfrg-vdaf-20: Prio3, all 25 published vectors, 8 of them refused.

`vdaf_prio3_digests.json` holds parameters, inputs and digests of all of them.
Those that stand in the shared folder are compared byte by byte; a checkout of
the draft, named by PRIVSHARE_VDAF, adds the others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from privshare.bindings.prio3 import expand
from privshare.schemes.prio3 import (
    ACCEPTED,
    FALSE,
    FIELDS,
    Prepared,
    Prio3,
    Shares,
    aggregate,
    combine,
    shard_with,
    unshard,
    verify_init,
    verify_next,
)

RECORDED = json.loads(
    (Path(__file__).parent / "vdaf_prio3_digests.json").read_text("ascii")
)
PARAMETERS = {
    case["name"]: case["parameters"]
    for case in RECORDED["vectors"] + RECORDED["refused"]
}
CTX = b"some application"
KEY = NONCE = bytes(range(32))
SHARED = (
    "Prio3Count_0",
    "Prio3Count_1",
    "Prio3Count_bad_meas_share",
    "Prio3Sum_0",
    "Prio3Sum_1",
    "Prio3Histogram_0",
    "Prio3SumVec_0",
)

unhex = bytes.fromhex


def kind(name: str) -> Prio3:
    """The kind of report of a vector."""
    circuit, length, bound, chunk, shares, proofs = PARAMETERS[name]
    return Prio3(circuit, length, bound, chunk, shares, proofs)


def digest(*parts: bytes) -> str:
    """As the record says: each part after its length."""
    framed = (len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(b"".join(framed)).hexdigest()


def made(vdaf: Prio3, measurement: list[int]) -> Shares:
    """One report with the vectors' nonce and random bytes."""
    rand = bytes(i % 256 for i in range(vdaf.sizes.rand))
    return shard_with(vdaf, measurement, CTX, NONCE[:16], rand)


def inputs(vdaf: Prio3, shares: Shares) -> list[bytes]:
    """The input share of each aggregator."""
    size = vdaf.sizes.helper_share
    return [shares.leader] + [
        shares.helpers[i : i + size] for i in range(0, len(shares.helpers), size)
    ]


def prepared(vdaf: Prio3, shares: Shares) -> list[Prepared]:
    """Every aggregator's first step."""
    return [
        verify_init(vdaf, i, KEY, CTX, shares, share)
        for i, share in enumerate(inputs(vdaf, shares))
    ]


@pytest.mark.parametrize("case", RECORDED["vectors"], ids=lambda case: case["name"])
def test_recorded_vectors(case: dict[str, Any]) -> None:
    """Every share, message and sum of a published vector is what we compute."""
    vdaf = kind(case["name"])
    totals = [bytes(vdaf.sizes.aggregate)] * vdaf.shares
    parts: list[bytes] = []
    for measurement in case["measurements"]:
        shares = made(vdaf, measurement)
        sides = prepared(vdaf, shares)
        statuses = bytearray(1)
        message = combine(vdaf, [side.verifiers for side in sides], statuses, CTX)
        for side in sides:
            verify_next(vdaf, side.states, message, statuses)
        assert bytes([ACCEPTED]) == statuses
        totals = [
            aggregate(vdaf, side.states, statuses, onto)
            for side, onto in zip(sides, totals, strict=True)
        ]
        parts += [shares.public, *inputs(vdaf, shares)]
        parts += [*(side.verifiers for side in sides), message]
        parts += [side.states[: vdaf.sizes.aggregate] for side in sides]
    assert case["aggregate"] == unshard(vdaf, totals)
    assert case["sha256"] == digest(*parts, *totals)


def changed(vdaf: Prio3, shares: Shares, change: list[Any]) -> Shares:
    """A report with one share altered as the record says."""
    part, at, how = change
    data = {"public": shares.public, "leader": shares.leader, "helper": shares.helpers}
    if part in data:
        altered = bytearray(data[part])
        at %= len(altered)
        if how == "xor":
            altered[at] ^= 1
        else:
            size = vdaf.field_bytes
            old = int.from_bytes(altered[at : at + size], "little")
            new = (old + 1) % FIELDS[size]
            altered[at : at + size] = new.to_bytes(size, "little")
        data[part] = bytes(altered)
    return Shares(shares.nonces, data["public"], data["leader"], data["helper"])


@pytest.mark.parametrize("case", RECORDED["refused"], ids=lambda case: case["name"])
def test_recorded_refusals(case: dict[str, Any]) -> None:
    """A published false report is refused, where and why the draft says."""
    vdaf = kind(case["name"])
    shares = changed(vdaf, made(vdaf, case["measurement"]), case["changed"])
    assert case["sha256"] == digest(shares.public, *inputs(vdaf, shares))
    sides = prepared(vdaf, shares)
    statuses = bytearray(1)
    message = combine(vdaf, [side.verifiers for side in sides], statuses, CTX)
    if case["changed"][0] == "message":
        assert bytes([ACCEPTED]) == statuses
        verify_next(vdaf, sides[0].states, bytes(len(message)), statuses)
    assert bytes([FALSE]) == statuses


class Replay:
    """Carries out the operations of one vector's file."""

    def __init__(self, name: str, vector: dict[str, Any]) -> None:
        self.vdaf, self.vector = kind(name), vector
        self.states: dict[tuple[int, int], bytes] = {}

    def run(self) -> int:
        """All operations; how many there were."""
        assert unhex(self.vector["ctx"]) == CTX
        for step in self.vector["operations"]:
            report = self.vector["reports"][step.get("report_index", 0)]
            succeeded = getattr(self, step["operation"])(step, report)
            assert step["success"] == succeeded, step
        return len(self.vector["operations"])

    def shard(self, step: dict[str, Any], report: dict[str, Any]) -> bool:
        value = report["measurement"]
        numbers = [int(x) for x in (value if isinstance(value, list) else [value])]
        shares = shard_with(
            self.vdaf, numbers, CTX, unhex(report["nonce"]), unhex(report["rand"])
        )
        assert report["public_share"] == shares.public.hex()
        assert report["input_shares"] == [x.hex() for x in inputs(self.vdaf, shares)]
        return True

    def verify_init(self, step: dict[str, Any], report: dict[str, Any]) -> bool:
        index = step["aggregator_id"]
        shares = Shares(unhex(report["nonce"]), unhex(report["public_share"]), b"", b"")
        share = unhex(report["input_shares"][index])
        key = unhex(self.vector["verify_key"])
        side = verify_init(self.vdaf, index, key, CTX, shares, share)
        assert report["verifier_shares"][0][index] == side.verifiers.hex()
        self.states[step["report_index"], index] = side.states
        return side.statuses[0] == ACCEPTED

    def verifier_shares_to_message(
        self, step: dict[str, Any], report: dict[str, Any]
    ) -> bool:
        statuses = bytearray(1)
        parts = [unhex(x) for x in report["verifier_shares"][0]]
        message = combine(self.vdaf, parts, statuses, CTX)
        if statuses[0] == ACCEPTED:
            assert report["verifier_messages"][0] == message.hex()
        return statuses[0] == ACCEPTED

    def verify_next(self, step: dict[str, Any], report: dict[str, Any]) -> bool:
        index, statuses = step["aggregator_id"], bytearray(1)
        state = self.states[step["report_index"], index]
        verify_next(self.vdaf, state, unhex(report["verifier_messages"][0]), statuses)
        if statuses[0] == ACCEPTED:
            out = state[: self.vdaf.sizes.aggregate]
            assert "".join(report["out_shares"][index]) == out.hex()
        return statuses[0] == ACCEPTED

    def aggregate(self, step: dict[str, Any], _report: dict[str, Any]) -> bool:
        index, count = step["aggregator_id"], len(self.vector["reports"])
        states = b"".join(self.states[i, index] for i in range(count))
        share = aggregate(self.vdaf, states, bytes(count))
        assert self.vector["agg_shares"][index] == share.hex()
        return True

    def unshard(self, _step: dict[str, Any], _report: dict[str, Any]) -> bool:
        found = unshard(self.vdaf, [unhex(x) for x in self.vector["agg_shares"]])
        expected = self.vector["agg_result"]
        assert (expected if isinstance(expected, list) else [expected]) == found
        return True


@pytest.mark.parametrize("name", SHARED)
def test_shared_vectors(name: str, vector_json: Callable[[str], Any]) -> None:
    """The published files in the shared folder, byte by byte."""
    assert Replay(name, vector_json(f"vdaf/{name}.json")).run() > 0


def test_whole_checkout() -> None:
    """All 25 published files, from a checkout of the draft."""
    checkout = os.environ.get("PRIVSHARE_VDAF")
    if not checkout:
        pytest.skip("long form: PRIVSHARE_VDAF names a checkout of the draft")
    files = sorted((Path(checkout) / "test_vec" / "vdaf").glob("Prio3*.json"))
    assert sorted(PARAMETERS) == [file.stem for file in files]
    for file in files:
        assert Replay(file.stem, json.loads(file.read_text("ascii"))).run() > 0


def test_stream(vector_json: Callable[[str], Any]) -> None:
    """XofTurboShake128 gives the published seed and vector."""
    case = vector_json("vdaf/XofTurboShake128.json")
    given = (unhex(case["seed"]), unhex(case["dst"]), unhex(case["binder"]))
    assert case["derived_seed"] == expand(*given, 32, 0).hex()
    vector = expand(*given, case["length"], 16)
    assert case["expanded_vec_field128"] == vector.hex()
