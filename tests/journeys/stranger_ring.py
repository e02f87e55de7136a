"""The stranger's part about rings: docs/formats/entry.md, docs/protocols/ring.md.

As `test_receipt_stranger`, it shares nothing with the package; curve, hash and
transcript are those of `ring_reference`. It checks who listed the keys, closes
the circle of the signature and adds up the parts of an opening; the proofs in
escrow and parts it leaves to others.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from ring_reference import (
    GENERATOR,
    L,
    Point,
    Transcript,
    add,
    decode,
    encode,
    scalar,
    scope_base,
    step,
    tagged,
    times,
)


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Ring:
    """What a receipt about a statement holds, by its names."""

    def __init__(self, receipt: dict[str, Any], state: dict[str, Any]) -> None:
        self.receipt, self.state = receipt, state
        self.transactions = {
            one["index"]: json.loads(base64.b64decode(one["entry"]["payload"]))
            for one in receipt["entries"]
            if "payload" in one["entry"]
        }
        self.subject = self.transactions[receipt["subject"]]
        ((name, self.statement),) = self.family("statement")
        self.name = name.split("/")[1]
        self.at = self.statement["at"]
        self.body = self.transactions[self.at]["body"]
        ((_, self.held),) = self.family("ring")
        self.keys = self.listed()
        self.signature = unb64u(self.body["signature"])
        self.tag, self.proof, self.escrow = self.cut()

    def family(self, family: str) -> list[tuple[str, Any]]:
        pairs = self.state.items()
        return [(key, value) for key, value in pairs if key.startswith(family + "/")]

    def listed(self) -> list[bytes]:
        """Section 5, step 5: the list was its owner's, and in force."""
        held, body, data = self.held, self.body, b""
        owner = body["ring"].split("/")[0]
        assert held["pages"] == sorted(set(held["pages"]))
        assert (held["at"], held["since"]) == (held["pages"][0], held["pages"][-1])
        assert held["since"] < self.at
        assert held["until"] is None or self.at < held["until"]
        for number, index in enumerate(held["pages"]):
            page = self.transactions[index]
            assert page["account"] == owner
            assert page["kind"] == ("ring.extend" if number else "ring.register")
            for field in ("ring", "epoch"):
                assert page["body"][field] == body[field]
            assert page["body"]["more"] == (index != held["pages"][-1])
            data += unb64u(page["body"]["keys"])
        first = self.transactions[held["at"]]["body"]
        assert (first["regulators"], first["repeat"]) == (
            held["regulators"],
            held["repeat"],
        )
        keys = [data[i : i + 32] for i in range(0, len(data), 32)]
        assert keys == sorted(set(keys)) and len(keys) == held["size"]
        assert unb64u(held["digest"]) == tagged(b"ring", data)
        return keys

    def cut(self) -> tuple[bytes, list[int], bytes]:
        """Bytes of a signature of form 1: tag, numbers, escrow."""
        data, n = self.signature, len(self.keys)
        assert data[0] == 1 and data[33:35] == (n + 1).to_bytes(2, "little")
        end = 35 + 32 * (n + 1)
        words = [scalar(data[i : i + 32]) for i in range(35, end, 32)]
        return data[1:33], words, data[end:]

    def open_keys(self) -> list[bytes]:
        """The regulators' keys, in order."""
        found = []
        for one in self.held["regulators"]["keys"]:
            key = self.state[f"key/{one['agency']}/{one['kid']}"]
            public = unb64u(key["pub"])
            assert key["use"] == "open" and key["from"] < self.held["at"]
            assert one["kid"] == b64u(tagged(b"key-id", b"ristretto255", public))
            found.append(public)
        return found

    def scope(self) -> bytes:
        names = (self.receipt["network"], self.body["ring"], self.body["scope"])
        return tagged(b"statement-scope", *(name.encode() for name in names))

    def signed(self) -> None:
        """Step 7: the circle closes, and the state says what was signed."""
        network, body = self.receipt["network"].encode(), self.body
        place = (network, body["ring"].encode(), str(body["epoch"]).encode())
        base, threshold = scope_base(self.scope()), self.held["regulators"]["threshold"]
        t = Transcript(b"ring/v1")
        for label, data in (
            (b"context", tagged(b"statement-context", *place)),
            (b"ring", tagged(b"ring", b"".join(self.keys))),
            (b"scope", self.scope()),
            (b"message", unb64u(body["digest"])),
            (b"tag", self.tag),
            (
                b"regulators",
                tagged(b"regulators", bytes([threshold]), b"".join(self.open_keys())),
            ),
            (b"escrow", self.escrow),
            (b"form", b"lsag/v1"),
            (b"ring", b"".join(self.keys)),
            (b"base", encode(base)),
            (b"tag", self.tag),
        ):
            t.absorb(label, data)
        first, *responses = self.proof
        c, point = first, decode(self.tag)
        for s, key in zip(responses, self.keys, strict=True):
            left = add(times(s, GENERATOR), times(c, decode(key)))
            c = step(t, left, add(times(s, base), times(c, point)))
        assert c == first
        parts = (*place, body["scope"].encode(), self.tag, unb64u(body["digest"]))
        assert self.name == b64u(tagged(b"statement", *parts))
        number = self.statement["number"]
        assert self.statement == {
            "account": self.transactions[self.at]["account"],
            "at": self.at,
            "digest": body["digest"],
            "epoch": body["epoch"],
            "escrow": b64u(self.escrow),
            "number": number,
            "ring": body["ring"],
            "scope": body["scope"],
            "tag": b64u(self.tag),
        }
        for key, use in self.family("tag"):
            assert key.split("/")[3:] == [b64u(self.scope()), b64u(self.tag)]
            assert (
                1 <= number <= use["count"] and use["first"] <= self.at <= use["last"]
            )

    def named(self) -> None:
        """Step 7 of an opening: the parts add up to a key of the list."""
        ((_, opening),) = self.family("opening")
        agencies = [one["agency"] for one in self.held["regulators"]["keys"]]
        parts: dict[int, Point] = {}
        for one in opening["partials"]:
            handed_in = self.transactions[one["at"]]
            assert handed_in["account"] == one["agency"]
            assert handed_in["body"]["statement"] == self.name
            assert handed_in["body"]["opening"] == one["opening"]
            data = unb64u(one["opening"])
            assert data[0] == agencies.index(one["agency"]) + 1
            parts[data[0]] = decode(data[1:33])
        assert len(parts) == self.held["regulators"]["threshold"]
        total = decode(self.escrow[2:34])
        for i, value in parts.items():
            weight = 1
            for m in parts:
                weight = weight * (m * pow(m - i, -1, L) if m != i else 1) % L
            total = add(total, times(-weight % L, value))
        assert encode(total) in self.keys
        assert opening["member"] == b64u(encode(total))

    def said(self, message: bytes) -> None:
        """Step 8: the message is the one that was signed."""
        salt = unb64u(self.receipt["evidence"]["salt"])
        digest = tagged(b"statement-message", salt, hashlib.sha256(message).digest())
        assert unb64u(self.body["digest"]) == digest
