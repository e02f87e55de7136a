"""The stranger's part about submitted code: docs/formats/receipt.md, entry.md.

As `test_receipt_stranger`, it shares nothing with the package. It hashes the files'
list, the enrolment, the rule and the specification again, counts who approved before
the run began, and looks at lines and small groups of the outputs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from typing import Any


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value: Any) -> bytes:
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def tagged(tag: str, document: Any) -> str:
    name, data = b"privshare/v1/" + tag.encode(), canonical(document)
    framed = len(data).to_bytes(8, "big") + data
    return b64u(hashlib.sha256(bytes([len(name)]) + name + framed).digest())


def said_at(receipt: dict[str, Any], index: int) -> Any:
    """What the transaction at an index of the log says."""
    (entry,) = (one["entry"] for one in receipt["entries"] if one["index"] == index)
    return json.loads(base64.b64decode(entry["payload"]))


def approving(decisions: list[Any], spec: dict[str, Any], before: int) -> set[str]:
    """Who approves at a log index, by everybody's last word."""
    latest: dict[str, str] = {}
    for one in decisions:
        wanted = (spec["dataset"], spec["coordinator"], spec["purpose"], spec["gate"])
        found = (one["dataset"], one["grantee"], one["purpose"], one["gate"])
        same = all(
            mine == theirs or (mine is None and one["decision"] == "refuse")
            for mine, theirs in zip(found, wanted, strict=True)
        )
        if same and one["at"] < before:
            latest[one["agency"]] = one["decision"]
    return {agency for agency, word in latest.items() if word == "approve"}


def decision(receipt: dict[str, Any], state: dict[str, Any]) -> None:
    """A decision about submitted code."""
    said = said_at(receipt, receipt["subject"])
    body, evidence = said["body"], receipt["evidence"]
    assert tagged("submission", evidence["tree"]) == body["submission"]
    if evidence["enrolment"] is not None:
        assert tagged("account", evidence["enrolment"]) == body["account"]
    held = state[f"submission/{body['submission']}"]["decisions"]
    (mine,) = (one for one in held if one["at"] == receipt["subject"])
    assert mine["agency"] == said["account"]
    assert mine["decision"] == body["decision"]


def check(receipt: dict[str, Any], state: dict[str, Any]) -> None:
    """Steps 5 to 8 of what submitted code released."""
    evidence, (job_key,) = receipt["evidence"], [k for k in state if k[:4] == "job/"]
    spec, gate, job = evidence["spec"], evidence["gate"], state[job_key]
    owner = spec["dataset"].split("/")[0]
    assert tagged("job-spec", spec) == job["spec"]
    assert tagged("submission", evidence["tree"]) == spec["submission"]
    assert tagged("account", evidence["enrolment"]) == spec["enrolment"]
    assert tagged("gate", gate) == spec["gate"]
    assert job["program"] == f"code.run/v1:{spec['submission']}"
    assert (job["coordinator"], job["parties"]["nodes"]) == (
        spec["coordinator"],
        [owner],
    )
    account = state[f"account/{spec['enrolment']}"]
    assert account["agency"] == evidence["enrolment"]["agency"] == spec["coordinator"]
    assert account["at"] < job["at"]

    held = state[f"submission/{spec['submission']}"]["decisions"]
    for one in held:
        said = said_at(receipt, one["at"])
        assert said["kind"] == "submission.decide" and said["account"] == one["agency"]
        assert said["body"]["submission"] == spec["submission"]
        for name in ("dataset", "decision", "gate", "grantee", "purpose"):
            assert said["body"][name] == one[name]
    assert {owner, *gate["approvals"]} <= approving(held, spec, job["opened"])
    opening = said_at(receipt, job["opened"])
    assert opening["account"] == owner
    assert opening["body"]["aggregation"] == job["spec"]

    run = json.loads(base64.b64decode(evidence["run"]["payload"]))
    assert run["class"] == "software"
    assert (run["job"], run["spec"]) == (job_key[4:], job["spec"])
    assert (run["submission"], run["gate"]) == (spec["submission"], spec["gate"])
    outputs = receipt["result"]["outputs"]
    assert tagged("submission-outputs", outputs) == run["outputs"]
    assert 0 < len(outputs) <= gate["files"]
    sizes = 0
    for item in outputs:
        data = unb64u(item["bytes"])
        sizes += len(data)
        assert item["name"].rsplit(".", 1)[1] in gate["formats"]
        lines = list(csv.DictReader(data.decode().splitlines()))
        assert len(lines) <= gate["rows"]
        assert all(int(line[gate["count"]]) >= gate["k"] for line in lines)
    assert sizes <= gate["bytes"]
