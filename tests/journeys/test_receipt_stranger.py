"""A stranger's verifier: written from docs/formats/receipt.md, without our code.

It shares nothing with the package but the pages: the standard library and
`cryptography` do all the work. It takes steps 2 to 4 whole, and of step 8 the
digests. What it accepts and refuses must be what `privshare verify` does.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

RECEIPTS = Path(__file__).parent / "receipts"
FILES = sorted(RECEIPTS.glob("*.psr"))


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value: Any) -> bytes:
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def tagged(tag: str, *parts: bytes) -> bytes:
    name = b"privshare/v1/" + tag.encode()
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return sha(bytes([len(name)]) + name + framed)


def ed25519(public: bytes, sig: bytes, data: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(public).verify(sig, data)


def signatures(receipt: dict[str, Any], state: dict[str, Any]) -> None:
    """Step 2."""

    def envelope(item: dict[str, Any], agency: str, index: int) -> None:
        kind, payload = item["payloadType"], base64.b64decode(item["payload"])
        head = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode()
        assert item["signatures"]
        assert state[f"agency/{agency}"]["at"] < index
        for one in item["signatures"]:
            key = state[f"key/{agency}/{one['keyid']}"]
            public = unb64u(key["pub"])
            assert one["keyid"] == b64u(tagged("key-id", b"ed25519", public))
            assert key["use"] == "sign" and key["from"] < index
            assert key["until"] is None or index < key["until"]
            ed25519(public, base64.b64decode(one["sig"]), head + payload)

    for entry in receipt["entries"]:
        if "payload" in entry["entry"]:
            payload = json.loads(base64.b64decode(entry["entry"]["payload"]))
            assert payload["network"] == receipt["network"]
            envelope(entry["entry"], payload["account"], entry["index"])
    if receipt["operation"] == "job.result":
        job = next(v for k, v in state.items() if k.startswith("job/"))
        evidence = receipt["evidence"]
        for item in evidence["contributions"]:
            dataset = json.loads(base64.b64decode(item["payload"]))["dataset"]
            envelope(item, dataset.split("/")[0], receipt["subject"])
        for name, role in (("aggregation", "compute"), ("opening", "custodian")):
            envelope(evidence[name], job["parties"][role], receipt["subject"])


def inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, 2.1.3.2."""
    fn, sn, r = index, size - 1, leaf
    assert index < size
    for p in path:
        assert sn
        if fn & 1 or fn == sn:
            r = sha(b"\1" + p + r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


def log(receipt: dict[str, Any], size: int, root: bytes) -> None:
    """Step 3."""
    entries = {one["index"]: one for one in receipt["entries"]}
    for one in receipt["entries"]:
        leaf = sha(b"\0" + canonical(one["entry"]))
        path = [unb64u(step) for step in one["path"]]
        assert inclusion(leaf, one["index"], size, path) == root
    state_root = unb64u(entries[receipt["block"]]["entry"]["state_root"])
    for item in receipt["state"]:
        place = tagged("state-key", item["key"].encode())
        digest = tagged("state-leaf", place, sha(canonical(item["value"])))
        siblings = item["proof"]["siblings"]
        for depth in reversed(range(len(siblings))):
            other = unb64u(siblings[depth])
            right = int.from_bytes(place, "big") >> (255 - depth) & 1
            pair = (other, digest) if right else (digest, other)
            digest = tagged("state-node", *pair)
        assert digest == state_root


def checkpoint(receipt: dict[str, Any], policy: str) -> tuple[int, bytes]:
    """Step 4: the log and, here, all the witnesses of the policy."""
    text, _, below = receipt["checkpoint"].rpartition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    keys = {}
    for line in policy.splitlines():
        words = line.split(" ")
        if words[0] in ("log", "witness"):
            name, _, material = words[1 if words[0] == "log" else 2].split("+", 2)
            keys[name] = base64.b64decode(material)
    lines = below.splitlines()
    names = [line.split(" ")[1] for line in lines]
    assert names[0] == origin and names[1:] == sorted(set(names[1:]))
    assert set(names) == set(keys)
    for line in lines:
        _, name, blob = line.split(" ")
        data, public = base64.b64decode(blob), keys[name]
        assert data[:4] == sha(name.encode() + b"\n" + public)[:4]
        if public[0] == 1:
            ed25519(public[1:], data[4:], text.encode())
        else:
            time = int.from_bytes(data[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n{text}"
            ed25519(public[1:], data[12:], message.encode())
    return int(size), base64.b64decode(root)


def result(receipt: dict[str, Any], file: Path) -> None:
    """Step 8: digests."""
    subject = next(
        one for one in receipt["entries"] if one["index"] == receipt["subject"]
    )
    body = json.loads(base64.b64decode(subject["entry"]["payload"]))["body"]
    evidence = receipt["evidence"]
    if receipt["operation"] == "job.result":
        assert body["result"] == b64u(tagged("result", canonical(receipt["result"])))
        assert body["evidence"] == b64u(tagged("evidence", canonical(evidence)))
    elif receipt["operation"] == "dataset.publish":
        for name in ("metadata", "policy", "schema"):
            assert body[name] == b64u(tagged(name, canonical(evidence[name])))
    for item in receipt["attachments"]:
        data = (file.parent / f"{file.stem}.{item['name']}").read_bytes()
        assert item["digest"] == b64u(sha(data))
        if item["name"] == "record.json":
            assert body["result"] == b64u(tagged("result", data))
        else:
            leaf = tagged("attachment", unb64u(evidence["salt"]), sha(data))
            path = [unb64u(step) for step in evidence["path"]]
            found = inclusion(
                sha(b"\0" + leaf), evidence["position"], body["count"], path
            )
            assert found == unb64u(body["root"])


def verify(data: bytes, policy: str, file: Path) -> None:
    """Everything above."""
    receipt = json.loads(data)
    assert canonical(receipt) == data
    state = {item["key"]: item["value"] for item in receipt["state"]}
    signatures(receipt, state)
    size, root = checkpoint(receipt, policy)
    log(receipt, size, root)
    result(receipt, file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stranger_accepts_our_receipts(file: Path) -> None:
    """The pages are enough to write a verifier that agrees with ours."""
    verify(file.read_bytes(), (RECEIPTS / "trust.policy").read_text(), file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stranger_refuses_what_was_changed(file: Path) -> None:
    """A value of the state or a byte of the checkpoint, and the stranger says no."""
    policy = (RECEIPTS / "trust.policy").read_text()
    for path in (("state", 0, "value", "zz"), ("entries", 0, "entry", "zz")):
        receipt = json.loads(file.read_bytes())
        receipt[path[0]][path[1]][path[2]][path[3]] = 1
        with pytest.raises(AssertionError):
            verify(canonical(receipt), policy, file)
    receipt = json.loads(file.read_bytes())
    receipt["checkpoint"] = receipt["checkpoint"].replace("\n", "\n1", 1)
    with pytest.raises((InvalidSignature, AssertionError)):
        verify(canonical(receipt), policy, file)
