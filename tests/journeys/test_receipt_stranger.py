"""A stranger's verifier: written from docs/formats/receipt.md, without our code.

It shares nothing with the package but the pages: the standard library and
`cryptography` do all the work. It takes steps 2 to 4 whole, of step 7 the
products and how they were opened, and of step 8 the digests and the totals;
of rings what `stranger_ring` says, of jobs on shares what `stranger_shares`
does. What it accepts and refuses must be what `privshare verify` does.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from itertools import pairwise
from math import factorial, gcd, prod
from pathlib import Path
from typing import Any

import pytest
import stranger_submissions
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from stranger_ring import Ring
from stranger_shares import check as check_shares

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
        for item in evidence.get("releases", []):
            dataset = json.loads(base64.b64decode(item["payload"]))["dataset"]
            envelope(item, dataset.split("/")[0], receipt["subject"])
        if "run" in evidence:
            envelope(evidence["run"], job["parties"]["compute"], receipt["subject"])
            return
        if "releases" in evidence:
            return
        for item in evidence["contributions"]:
            dataset = json.loads(base64.b64decode(item["payload"]))["dataset"]
            envelope(item, dataset.split("/")[0], receipt["subject"])
        parties = job["parties"]
        envelope(evidence["aggregation"], parties["compute"], receipt["subject"])
        if parties["custodian"] is not None:
            envelope(evidence["opening"], parties["custodian"], receipt["subject"])
        else:
            pairs = zip(parties["openers"], evidence["partials"], strict=True)
            for opener, item in pairs:
                envelope(item, opener, receipt["subject"])


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


def payload(envelope: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(envelope["payload"]))


def number(text: str) -> int:
    return int.from_bytes(unb64u(text), "big")


def step(op: int, label: str, n: int) -> bytes:
    return bytes([op, len(label)]) + label.encode() + n.to_bytes(8, "little")


def begun(protocol: str) -> bytes:
    name = protocol.encode()
    return step(0, "privshare/transcript/v1", len(name)) + name


def absorbed(label: str, data: bytes) -> bytes:
    return step(1, label, len(data)) + data


def drawn(steps: bytes, label: str, n: int) -> tuple[bytes, bytes]:
    """A challenge, and the transcript that goes on with it."""
    steps += step(2, label, n)
    return hashlib.shake_128(steps).digest(n), steps


def parts(data: bytes, length: int) -> list[int]:
    cut = (data[i : i + length] for i in range(0, len(data), length))
    return [int.from_bytes(part, "big") for part in cut]


def technique(receipt: dict[str, Any], state: dict[str, Any]) -> list[int]:
    """Step 7: the products, and what each of them hides."""
    (job_key,) = (key for key in state if key.startswith("job/"))
    evidence, job = receipt["evidence"], state[job_key]
    spec, aggregation = evidence["spec"], payload(evidence["aggregation"])
    contributions = [payload(one) for one in evidence["contributions"]]
    assert tagged("job-spec", canonical(spec)) == unb64u(job["spec"])
    digest = tagged("transcript", canonical(aggregation))
    assert digest == unb64u(job["aggregation"])
    assert [unb64u(one) for one in aggregation["contributions"]] == [
        tagged("transcript", canonical(one)) for one in contributions
    ]
    if job["parties"]["custodian"] is None:
        epoch = job["parties"]["key"]["epoch"]
        held = state[f"threshold/{epoch}"]
        n = number(held["key"]["n"])
        plaintexts = opened_together(held, job, epoch, aggregation, evidence, digest)
    else:
        opening = payload(evidence["opening"])
        custodian = job["parties"]["custodian"]
        n = number(state[f"key/{custodian}/{opening['key']}"]["pub"])
        assert unb64u(opening["aggregation"]) == digest
        plaintexts = opened_alone(opening, aggregation, n)
    for cell in aggregation["groups"]:
        subtotals = [
            group
            for one in contributions
            for group in one["groups"]
            if group["group"] == cell["group"]
        ]
        assert cell["count"] == sum(one["count"] for one in subtotals)
        assert all(one["count"] >= spec["k"] for one in subtotals)
        product = prod(number(one["subtotal"]) for one in subtotals)
        assert number(cell["total"]) == product % n**2
    largest = {2048: 1626, 3072: 2682}[n.bit_length()]
    assert all(abs(m) < 2**largest for m in plaintexts)
    modulus = 2**96 - 1
    totals = [(m + modulus // 2) % modulus - modulus // 2 for m in plaintexts]
    bound = sum(int(one["bound"]) for one in contributions)
    assert bound < 2**95 and all(abs(total) <= bound for total in totals)
    return totals


def opened_alone(opening: Any, aggregation: Any, n: int) -> list[int]:
    """Section 6 of the protocol, the custodian."""
    plaintexts = []
    for cell, one in zip(aggregation["groups"], opening["groups"], strict=True):
        m = int.from_bytes(unb64u(one["m"]), "big", signed=True)
        again = (1 + m * n) * pow(number(one["r"]), n, n**2) % n**2
        assert again == number(cell["total"])
        plaintexts.append(m)
    return plaintexts


def opened_together(
    held: Any, job: Any, epoch: int, aggregation: Any, evidence: Any, digest: bytes
) -> list[int]:
    """Section 6 of the protocol, openers; threshold-paillier.md, sections 1 to 3."""
    key, openers = held["key"], job["parties"]["openers"]
    n, k, past = number(key["n"]), key["threshold"], key["past"]
    square, size = n**2, (n.bit_length() + 7) // 8
    v_i = [number(one) for one in key["commitments"]]
    delta, counts = factorial(len(v_i)), (*past, len(v_i))
    f = prod(factorial(old) * factorial(new) for old, new in pairwise(counts))
    b = 16 * size
    for old, new in pairwise(counts):
        scale = (new + 1) * factorial(new) * factorial(old) ** 2
        b += 132 + scale.bit_length() + 1 + (new**new).bit_length() + old.bit_length()
    u = b + delta.bit_length() + 384

    # The key: it was in use, openings are unique, and any k shares open rightly.
    assert held["since"] < job["at"]
    assert held["until"] is None or job["at"] < held["until"]
    assert len(openers) == k
    steps = begun("paillier-modulus/v2") + absorbed("n", unb64u(key["n"]))
    stream, _ = drawn(steps, "numbers", 6 * (size + 16))
    numbers = [x % n for x in parts(stream, size + 16)]
    assert [pow(r, n, n) for r in parts(unb64u(key["roots"]), size)] == numbers
    steps = begun("paillier-threshold-base/v2") + absorbed("n", unb64u(key["n"]))
    stream, _ = drawn(steps, "r", size + 16)
    r = int.from_bytes(stream, "big") % n
    assert gcd(r * (r * r - 1), n) == 1
    w = pow((1 + n) * pow(r, n, square), 2, square)
    p = prod(map(factorial, past))
    v = pow(w, p, square)

    def lagrange(holders: Sequence[int], j: int, x: int = 0) -> int:
        others = [t for t in holders if t != j]
        return delta * prod(x - t for t in others) // prod(j - t for t in others)

    def at(x: int) -> int:
        first = range(1, k + 1)
        powers = (pow(v_i[j - 1], lagrange(first, j, x), square) for j in first)
        return prod(powers) % square

    assert at(0) == (1 + 2 * p * delta**2 * f * n) % square
    for x in range(k + 1, len(v_i) + 1):
        assert at(x) == pow(v_i[x - 1], delta, square)

    # Each part.
    named = tagged("key-id", b"paillier-threshold", canonical(key))
    ciphertexts = [unb64u(cell["total"]) for cell in aggregation["groups"]]
    cs = [int.from_bytes(c, "big") for c in ciphertexts]
    columns: dict[int, list[int]] = {}
    for opener, envelope in zip(openers, evidence["partials"], strict=True):
        part = payload(envelope)
        holder = [one["agency"] for one in held["holders"]].index(opener)
        assert held["holders"][holder]["accepted"] < job["at"]
        i, values = holder + 1, [unb64u(d) for d in part["values"]]
        assert (part["index"], part["epoch"]) == (i, epoch)
        assert part["job"] == aggregation["job"]
        assert part["key"] == aggregation["key"]
        assert unb64u(part["aggregation"]) == digest
        ds = [int.from_bytes(d, "big") for d in values]
        assert len(ds) == len(cs)
        assert all(len(d) == 2 * size for d in values)
        assert all(d < square and gcd(d, n) == 1 for d in ds)
        bare = canonical({**part, "proof": "", "values": []})
        context = tagged("proof", b"partial-opening", bare)
        steps = begun("paillier-threshold-share/v2") + absorbed("context", context)
        steps += absorbed("key", named) + absorbed("holder", i.to_bytes(8, "little"))
        steps += absorbed("ciphertexts", b"".join(ciphertexts))
        steps += absorbed("values", b"".join(values))
        stream, steps = drawn(steps, "weights", 16 * len(cs))
        weights = parts(stream, 16)
        c = prod(pow(x, y, square) for x, y in zip(cs, weights, strict=True))
        d = prod(pow(x, y, square) for x, y in zip(ds, weights, strict=True))
        proof = unb64u(part["proof"])
        e, z = int.from_bytes(proof[:32], "big"), int.from_bytes(proof[32:], "big")
        assert len(proof) == 32 + (u + 8) // 8 and z < 2 ** (u + 1)
        first = pow(c, 4 * z, square) * pow(d, -2 * e, square) % square
        second = pow(v, z, square) * pow(v_i[i - 1], -e, square) % square
        steps += absorbed("a", first.to_bytes(2 * size, "big"))
        steps += absorbed("b", second.to_bytes(2 * size, "big"))
        assert proof[:32] == drawn(steps, "e", 32)[0]
        columns[i] = ds

    # Together.
    plaintexts = []
    for j in range(len(cs)):
        powers = (
            pow(ds[j], 2 * lagrange(tuple(columns), i), square)
            for i, ds in columns.items()
        )
        whole = prod(powers) % square
        assert whole % n == 1
        m = whole // n * pow(4 * delta**2 * f, -1, n) % n
        plaintexts.append(m if 2 * m < n else m - n)
    return plaintexts


def result(receipt: dict[str, Any], file: Path, totals: list[int]) -> None:
    """Step 8: digests, and the totals."""
    subject = next(
        one for one in receipt["entries"] if one["index"] == receipt["subject"]
    )
    body = json.loads(base64.b64decode(subject["entry"]["payload"]))["body"]
    evidence = receipt["evidence"]
    if receipt["operation"] == "job.result":
        assert body["result"] == b64u(tagged("result", canonical(receipt["result"])))
        assert body["evidence"] == b64u(tagged("evidence", canonical(evidence)))
        if "outcome" in evidence or "run" in evidence:
            return
        if "releases" in evidence:
            output = unb64u(receipt["result"]["output"])
            concluded = evidence["bundle"]["conclusion"]["document"]
            assert concluded["output"] == b64u(tagged("result", output))
            return
        rows = receipt["result"]["rows"]
        assert [row["value"] for row in rows] == [str(total) for total in totals]
    elif receipt["operation"] == "dataset.publish":
        for name in ("metadata", "policy", "schema"):
            assert body[name] == b64u(tagged(name, canonical(evidence[name])))
    elif receipt["operation"] == "statement.zk":
        digest = tagged("proof-document", canonical(evidence["document"]))
        assert body["proof"] == b64u(digest)
    for item in receipt["attachments"]:
        data = (file.parent / f"{file.stem}.{item['name']}").read_bytes()
        assert item["digest"] == b64u(sha(data))
        if item["name"] == "record.json":
            assert body["result"] == b64u(tagged("result", data))
        elif item["name"] == "file":
            leaf = tagged("attachment", unb64u(evidence["salt"]), sha(data))
            path = [unb64u(step) for step in evidence["path"]]
            found = inclusion(
                sha(b"\0" + leaf), evidence["position"], body["count"], path
            )
            assert found == unb64u(body["root"])


def machine(receipt: dict[str, Any], state: dict[str, Any]) -> None:
    """Steps 6 and 7 of a job in one simulated machine."""
    (job,) = (value for key, value in state.items() if key.startswith("job/"))
    bundle = receipt["evidence"]["bundle"]
    shown(bundle, state, job["parties"]["compute"])
    assert bundle["admission"]["document"]["network"] == receipt["network"]
    if receipt["operation"] == "job.attest":
        return
    concluded = bundle["conclusion"]["document"]
    assert job["aggregation"] == b64u(tagged("conclusion", canonical(concluded)))
    admission = bundle["admission"]["document"]
    assert concluded["admission"] == b64u(tagged("admission", canonical(admission)))
    released = [payload(one) for one in receipt["evidence"]["releases"]]
    assert concluded["inputs"] == {
        one["dataset"]: one["commitment"] for one in released
    }
    assert all(one["admission"] == concluded["admission"] for one in released)
    assert concluded["exit"] == 0


def shown(bundle: dict[str, Any], state: dict[str, Any], agency: str) -> None:
    """What a simulated machine said, at the times of the state."""
    (job_key,) = (key for key in state if key.startswith("job/"))
    name, job = job_key[4:], state[job_key]
    held = state[f"attested/{name}"]
    (shown,) = (one for one in held["shown"] if one["agency"] == agency)
    bare = {key: value for key, value in bundle.items() if key != "archive"}
    assert shown["bundle"] == b64u(
        tagged("attestation", canonical({**bare, "conclusion": None}))
    )
    admission = bundle["admission"]["document"]
    code = job["program"].split(":")[1]
    assert (admission["job"], admission["spec"]) == (name, job["spec"])
    assert admission["code"] == code
    assert code == b64u(tagged("program", canonical(bundle["closure"])))
    listing = state[f"code/{code}"]
    assert listing["listed"] < shown["at"] and listing["withdrawn"] is None
    assert set(admission["nonces"]) == {one["agency"] for one in held["nonces"]}
    for one in held["nonces"]:
        nonce = unb64u(admission["nonces"][one["agency"]])
        parts = (name.encode(), one["agency"].encode(), nonce)
        assert one["commitment"] == b64u(tagged("nonce", *parts))
        assert one["at"] < shown["at"]
        if one["policy"] is not None:
            policy = bundle["policies"][one["agency"]]
            assert one["policy"] == b64u(tagged("appraisal-policy", canonical(policy)))
            assert "simulated" in policy["accept_classes"]
            assert code in [entry["digest"] for entry in policy["code"]]
    stages = [("admission", shown["time"])]
    if bundle["conclusion"] is not None:
        stages.append(("conclusion", held["opened"]))
    roots = json.loads((RECEIPTS / "trial-roots.json").read_bytes())["roots"]
    for stage, time in stages:
        document = bundle[stage]["document"]
        data, tag = canonical(document), f"privshare/v1/{stage}".encode()
        length = len(data).to_bytes(8, "big")
        said = hashlib.sha512(bytes([len(tag)]) + tag + length + data).hexdigest()
        parts = bundle[stage]["evidence"]["parts"]
        statement, key = unb64u(parts["statement"]), unb64u(parts["key"])
        assert key in [unb64u(root["certificate"]) for root in roots]
        signed = tagged("simulated", statement)
        ed25519(key, unb64u(parts["signature"]), signed)
        claims = json.loads(statement)
        assert claims["report_data"] == said and claims["debug"] is False
        assert claims["not_before"] <= time <= claims["not_after"]


def rings(receipt: dict[str, Any], state: dict[str, Any], file: Path) -> None:
    """Steps 5, 7 and 8 of what an unnamed member said, or of naming it."""
    ring = Ring(receipt, state)
    ring.signed()
    if receipt["operation"] == "ring.opening":
        ring.named()
    else:
        ring.said((file.parent / f"{file.stem}.message").read_bytes())


def verify(data: bytes, policy: str, file: Path) -> None:
    """Everything above."""
    receipt = json.loads(data)
    assert canonical(receipt) == data
    state = {item["key"]: item["value"] for item in receipt["state"]}
    signatures(receipt, state)
    size, root = checkpoint(receipt, policy)
    log(receipt, size, root)
    if receipt["operation"] in ("statement.ring", "ring.opening"):
        rings(receipt, state, file)
    if (receipt["evidence"] or {}).get("bundle") and receipt["operation"] != (
        "job.refuse"
    ):
        machine(receipt, state)
        result(receipt, file, [])
        return
    if "outcome" in (receipt["evidence"] or {}):
        check_shares(receipt, state, shown)
        result(receipt, file, [])
        return
    if receipt["operation"] == "submission.decide":
        stranger_submissions.decision(receipt, state)
    if "run" in (receipt["evidence"] or {}):
        stranger_submissions.check(receipt, state)
        result(receipt, file, [])
        return
    is_job = receipt["operation"] == "job.result"
    result(receipt, file, technique(receipt, state) if is_job else [])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stranger_accepts_our_receipts(file: Path) -> None:
    """The pages are enough to write a verifier that agrees with ours."""
    verify(file.read_bytes(), (RECEIPTS / "trust.policy").read_text(), file)


@pytest.mark.parametrize("field", ["values", "proof", "index", "epoch"])
@pytest.mark.parametrize("opener", [0, 1])
def test_a_stranger_refuses_a_wrong_part(field: str, opener: int) -> None:
    """What an opener did not make with its share proves nothing, whoever signed it."""
    receipt = json.loads((RECEIPTS / "job.result.together.psr").read_bytes())
    state = {item["key"]: item["value"] for item in receipt["state"]}
    envelope = receipt["evidence"]["partials"][opener]
    part = payload(envelope)
    part[field] = part[field] + 1 if type(part[field]) is int else part[field][::-1]
    envelope["payload"] = base64.b64encode(canonical(part)).decode()
    with pytest.raises((AssertionError, ValueError)):
        technique(receipt, state)


@pytest.mark.parametrize("field", ["signature", "digest", "scope"])
def test_a_stranger_refuses_another_signature(field: str) -> None:
    """Another signature, message or scope: the circle does not close."""
    file = RECEIPTS / "statement.ring.psr"
    receipt = json.loads(file.read_bytes())
    for one in receipt["entries"]:
        if one["index"] == receipt["subject"]:
            said = payload(one["entry"])
            said["body"][field] = said["body"][field][::-1]
            one["entry"]["payload"] = base64.b64encode(canonical(said)).decode()
    with pytest.raises((AssertionError, ValueError)):
        rings(receipt, {one["key"]: one["value"] for one in receipt["state"]}, file)


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
