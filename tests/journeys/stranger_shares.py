"""The stranger's part about jobs on shares: docs/formats/receipt.md, mpc.md.

As `test_receipt_stranger`, it shares nothing with the package. It takes each
machine's evidence apart, holds the three to one outcome and the outcome to what the
owners dealt, adds the pieces up, and reads a regression's coefficients from the sum.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

MODELS = ("malicious-abort", "semi-honest")


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value: Any) -> bytes:
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def tagged(tag: str, *parts: bytes) -> str:
    name = b"privshare/v1/" + tag.encode()
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    made = hashlib.sha256(bytes([len(name)]) + name + framed).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def check(
    receipt: dict[str, Any],
    state: dict[str, Any],
    machine: Callable[[dict[str, Any], dict[str, Any], str], None],
) -> None:
    """Steps 6 to 8 of a job on shares.

    Args:
        receipt: The whole.
        state: Its values by key.
        machine: Verifies the evidence of one node's bundle.
    """
    evidence = receipt["evidence"]
    spec, outcome = evidence["spec"], evidence["outcome"]
    (job_key,) = (key for key in state if key.startswith("job/"))
    job = state[job_key]
    assert tagged("job-spec", canonical(spec)) == job["spec"]
    assert (
        set(evidence["bundles"]) == set(spec["nodes"]) == set(job["parties"]["nodes"])
    )
    digest = tagged("outcome", canonical(outcome))
    assert digest == job["aggregation"]
    admissions = []
    for node in spec["nodes"]:
        bundle = evidence["bundles"][node]
        machine(bundle, state, node)
        assert bundle["admission"]["document"]["network"] == receipt["network"]
        closure = bundle["closure"]
        assert spec["module"] == f"mpc.{closure['program']}"
        concluded = bundle["conclusion"]["document"]
        assert (concluded["output"], concluded["exit"]) == (digest, 0)
        assert concluded["inputs"] == outcome["inputs"]
        document = canonical(bundle["admission"]["document"])
        admissions.append(tagged("admission", document))
        assert concluded["admission"] == admissions[-1]
    deals = [
        json.loads(base64.b64decode(one["payload"])) for one in evidence["releases"]
    ]
    assert [one["dataset"] for one in deals] == [
        one["dataset"] for one in spec["inputs"]
    ]
    dealt = {}
    for one, item in zip(deals, spec["inputs"], strict=True):
        assert one["admissions"] == admissions
        assert (one["job"], one["version"]) == (job_key[4:], item["version"])
        assert one["columns"] == sorted([*item["columns"], *item["group_by"]])
        dealt[one["dataset"]] = tagged("input", *map(unb64u, one["pieces"]))
    assert outcome["inputs"] == dealt
    assert (outcome["job"], outcome["spec"]) == (job_key[4:], job["spec"])
    assert outcome["model"] == spec["model"] and outcome["model"] in MODELS
    assert (outcome["noise"], outcome["charge"]) == (None, 0)
    values = added_up(outcome, [unb64u(one) for one in evidence["pieces"]])
    regression(receipt["result"]["output"], values, spec, deals[0]["rows"])


def added_up(outcome: dict[str, Any], pieces: list[bytes]) -> list[int]:
    """What the pieces of a result add up to, as signed integers."""
    size, modulus = outcome["ring"] // 8, 1 << outcome["ring"]
    assert len(pieces) == 3
    total = [0] * outcome["elements"]
    for number, piece in enumerate(pieces):
        salt, data = piece[:32], piece[32:]
        committed = tagged("piece", salt, bytes([number]), data)
        assert outcome["pieces"][number] == committed
        assert len(data) == size * len(total)
        for place in range(len(total)):
            part = data[size * place : size * (place + 1)]
            total[place] += int.from_bytes(part, "little")
    signed = [one % modulus for one in total]
    return [one - modulus if one >= modulus // 2 else one for one in signed]


def regression(
    output: dict[str, Any], values: list[int], spec: dict[str, Any], rows: int
) -> None:
    """That a receipt's numbers are one another's, where they must be."""
    assert output["status"] == "solved" and output["rows"] == rows
    free = rows - len(output["terms"])
    assert output["degrees_of_freedom"] == free
    d = len(spec["parameters"]["X"])
    assert values[0] == 1 and len(values) == 6 + 3 * d
    left = Fraction(values[1 + 2 * d], values[2 + 2 * d])
    assert abs(1 - left - Fraction(output["r_squared"])) < Fraction(1, 10**9)
    wanted = ["intercept", *spec["parameters"]["X"]]
    assert [one["name"] for one in output["terms"]] == wanted
    for one in output["terms"]:
        t = Fraction(one["coefficient"]) / Fraction(one["standard_error"])
        assert abs(t - Fraction(one["t"])) < Fraction(1, 1_000) * (abs(t) + 1)
    # R squared follows from t of a single column: t²/(t² + n - 2).
    if len(wanted) == 2:
        t = Fraction(output["terms"][1]["t"])
        r = t * t / (t * t + free)
        assert abs(r - Fraction(output["r_squared"])) < Fraction(1, 100_000)
