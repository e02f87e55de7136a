"""The stranger's part about private joins: docs/formats/receipt.md, psi.md.

As `test_receipt_stranger`, it shares nothing with the package. It makes the terms
from specification and set sizes, and holds both conclusions to them, to the sets on
the ledger and to each other.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

RECIPE = "join-identifier/v1"
COMMIT = bytes.fromhex("01000000000000000100000000")


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value: Any) -> bytes:
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def tagged(tag: str, document: Any) -> bytes:
    name, data = b"privshare/v1/" + tag.encode(), canonical(document)
    framed = len(data).to_bytes(8, "big") + data
    return hashlib.sha256(bytes([len(name)]) + name + framed).digest()


def body_at(receipt: dict[str, Any], index: int) -> Any:
    """What the transaction at an index of the log says."""
    (entry,) = (one["entry"] for one in receipt["entries"] if one["index"] == index)
    return json.loads(base64.b64decode(entry["payload"]))


def check(receipt: dict[str, Any], state: dict[str, Any]) -> None:
    """Steps 6 to 8 of a private join."""
    evidence, (job_key,) = receipt["evidence"], [k for k in state if k[:4] == "job/"]
    spec, name, job = evidence["spec"], job_key[4:], state[job_key]
    assert b64u(tagged("job-spec", spec)) == job["spec"]
    assert (spec["coordinator"], spec["program"]) == (
        job["coordinator"],
        job["program"],
    )
    owners = [one["dataset"].split("/")[0] for one in spec["inputs"]]
    assert sorted(owners) == sorted(job["parties"]["nodes"])
    sets = {one["agency"]: one for one in state[f"joined/{name}"]["sets"]}
    assert set(sets) == set(owners) == set(evidence["commits"])
    for use_id, item in zip(job["inputs"], spec["inputs"], strict=True):
        use = state[f"use/{use_id}"]
        held, mine = state[f"dataset/{item['dataset']}"], sets[owner_of(item)]
        value = [item["value"]] if item["value"] else []
        assert use["columns"] == sorted({*item["on"], *value})
        assert use["grant"] == item["grant"]
        assert spec["minimum"] >= state[f"grant/{use['grant']}"]["terms"]["k"]
        if held["version"] == item["version"]:
            assert mine["size"] == held["rows"]
        said = body_at(receipt, mine["at"])
        assert said["account"] == owner_of(item)
        assert job["at"] < mine["at"] < job["opened"]
        assert said["body"] == {
            "commitment": mine["commitment"],
            "job": name,
            "size": mine["size"],
        }
    opening = body_at(receipt, job["opened"])
    digest = tagged("join-sets", {who: one["commitment"] for who, one in sets.items()})
    assert opening["account"] in owners
    assert b64u(digest) == opening["body"]["aggregation"] == job["aggregation"]

    # Both said the same, under the terms that follow, of the sets on the ledger.
    first, second = (
        base64.b64decode(evidence["conclusions"][owner]["payload"]) for owner in owners
    )
    conclusion = json.loads(first)
    assert first == second == canonical(conclusion)
    assert set(conclusion) == {"model", "result", "streams", "terms", "v"}
    receiver = spec["receiver"].split("/")[0]
    roles = {one: "receiver" if one == receiver else "helper" for one in owners}
    terms = {
        "bound": spec["bound"],
        "job": name,
        "minimum": spec["minimum"],
        "operation": spec["program"].removesuffix("/v1"),
        "recipe": b64u(
            tagged("join-recipe", {"fields": spec["recipe"], "version": RECIPE})
        ),
        "rows": {roles[one]: sets[one]["size"] for one in owners},
        "v": 1,
    }
    assert conclusion["terms"] == terms
    for owner in owners:
        message = unb64u(evidence["commits"][owner])
        assert b64u(hashlib.sha256(message).digest()) == sets[owner]["commitment"]
        root = unb64u(conclusion["streams"][roles[owner]]["first"])
        assert message[:-32] == tagged("join-terms", terms) + COMMIT + root
    outcome = conclusion["result"]
    if outcome != {"withheld": "minimum"}:
        summed = spec["program"] == "psi.sum/v1"
        assert set(outcome) == ({"count", "sum"} if summed else {"count"})
        most = min(terms["rows"].values())
        assert spec["minimum"] <= outcome["count"] <= most
        assert abs(outcome.get("sum", 0)) <= spec["bound"]
    assert receipt["result"] == {"job": name, "output": outcome, "v": 1}


def owner_of(item: dict[str, Any]) -> str:
    """Whose dataset an input is."""
    return str(item["dataset"].split("/")[0])
