"""A second opinion on openings by several: Python's integers, and nothing of ours.

`phe` knows no threshold keys, so the key, the proofs and the combination are
computed here from the receipt's own JSON, with `pow`, `hashlib` and `json`. No
class, reader or hash of the package takes part; the equations are written down
once more from the page.

    Case ─► check_parts ─► a sentence, or who disagrees

Implements section 7 of docs/protocols/paillier-sum.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import factorial, gcd, prod
from typing import Any

from privshare.audit.case import Case
from privshare.audit.second_opinion import casting_out
from privshare.audit.second_transcript import Steps
from privshare.audit.sentence import counted
from privshare.errors import EvidenceInvalid

_ROOTS = 6
#: Bits of the largest plaintext, by the length of n in bytes.
_LARGEST = {256: 1626, 384: 2682}


def check_parts(case: Case) -> str:
    """Check the key, every opener's proof, the products and the totals again.

    Raises:
        EvidenceInvalid: The two implementations disagree.
    """
    evidence, state = case.evidence(), {i.key: i.value for i in case.receipt.state}
    job: Any = state[f"job/{case.statement.job}"]
    held: Any = state[f"threshold/{job['parties']['key']['epoch']}"]
    key = _Key.read(held["key"])
    aggregation = _payload(evidence["aggregation"])
    totals = [_bytes(cell["total"]) for cell in aggregation["groups"]]
    contributions = [_payload(one) for one in evidence["contributions"]]
    parts = [_payload(one) for one in evidence["partials"]]
    _agree(key.is_sound(), "on the threshold key")
    products = [
        _product(contributions, one["group"], key) for one in aggregation["groups"]
    ]
    _agree([int.from_bytes(c) for c in totals] == products, "on the products")
    for part in parts:
        _agree(key.is_proven(part, totals), "on every opener's proof")
    rows = (case.receipt.result or {})["rows"]
    found = key.combined(parts)
    _agree(all(abs(m) >> _LARGEST[key.size] == 0 for m in found), "on their size")
    sums = [str(casting_out(m)) for m in found]
    _agree(sums == [row["value"] for row in rows], "on every total")
    return (
        "A second implementation (Python's integers) agrees on the key, on "
        f"{counted(len(parts), 'proof', 'proofs')} and on "
        f"{counted(len(totals), 'total', 'totals')}."
    )


@dataclass(frozen=True)
class _Key:
    """A threshold key, from its JSON: the names are those of the page."""

    n: int
    k: int
    past: tuple[int, ...]
    commitments: tuple[int, ...]
    roots: bytes
    digest: bytes

    @classmethod
    def read(cls, key: Any) -> _Key:
        return cls(
            n=int.from_bytes(_bytes(key["n"])),
            k=key["threshold"],
            past=tuple(key["past"]),
            commitments=tuple(int.from_bytes(_bytes(v)) for v in key["commitments"]),
            roots=_bytes(key["roots"]),
            digest=_tagged(b"key-id", b"paillier-threshold", _canonical(key)),
        )

    @property
    def size(self) -> int:
        return (self.n.bit_length() + 7) // 8

    @property
    def square(self) -> int:
        return self.n**2

    @property
    def delta(self) -> int:
        return factorial(len(self.commitments))

    @property
    def factor(self) -> int:
        """F: 1 after dealing; each re-sharing adds the factorials of both sides."""
        counts = (*self.past, len(self.commitments))
        return prod(factorial(a) * factorial(b) for a, b in pairwise(counts))

    @cached_property
    def base(self) -> int:
        steps = Steps("paillier-threshold-base/v2")
        steps.absorb("n", self.n.to_bytes(self.size))
        r = int.from_bytes(steps.challenge("r", self.size + 16)) % self.n
        w = pow((1 + self.n) * pow(r, self.n, self.square), 2, self.square)
        return pow(w, prod(map(factorial, self.past)), self.square)

    @property
    def answer_bits(self) -> int:
        """z of a proof is shorter than this."""
        bits, counts = 2 * self.n.bit_length(), (*self.past, len(self.commitments))
        for old, new in pairwise(counts):
            scale = (new + 1) * factorial(new) * factorial(old) ** 2
            bits += scale.bit_length() + 132 + 1
            bits += (new**new).bit_length() + old.bit_length()
        return bits + self.delta.bit_length() + 256 + 128 + 1

    def is_sound(self) -> bool:
        """Openings are unique, and any k shares open rightly."""
        size, n = self.size, self.n
        steps = Steps("paillier-modulus/v2")
        steps.absorb("n", n.to_bytes(size))
        stream = steps.challenge("numbers", _ROOTS * (size + 16))
        numbers = [int.from_bytes(part) % n for part in _split(stream, size + 16)]
        powers = [pow(int.from_bytes(r), n, n) for r in _split(self.roots, size)]
        hidden = 2 * prod(map(factorial, self.past)) * self.delta**2 * self.factor
        first = range(1, self.k + 1)
        return (
            powers == numbers
            and self._at(first, 0) == (1 + hidden * n) % self.square
            and all(
                self._at(first, i)
                == pow(self.commitments[i - 1], self.delta, self.square)
                for i in range(self.k + 1, len(self.commitments) + 1)
            )
        )

    def _at(self, indices: range, at: int) -> int:
        return (
            prod(
                pow(
                    self.commitments[i - 1], self._lagrange(indices, i, at), self.square
                )
                for i in indices
            )
            % self.square
        )

    def _lagrange(self, indices: Sequence[int], i: int, at: int = 0) -> int:
        others = [j for j in indices if j != i]
        return self.delta * prod(at - j for j in others) // prod(i - j for j in others)

    def is_proven(self, part: Any, totals: list[bytes]) -> bool:
        """Whether the values of a part come from the opener's share."""
        index, values = part["index"], [_bytes(d) for d in part["values"]]
        bare = _canonical({**part, "proof": "", "values": []})
        steps = Steps("paillier-threshold-share/v2")
        steps.absorb("context", _tagged(b"proof", b"partial-opening", bare))
        steps.absorb("key", self.digest)
        steps.absorb("holder", index.to_bytes(8, "little"))
        steps.absorb("ciphertexts", b"".join(totals))
        steps.absorb("values", b"".join(values))
        stream = steps.challenge("weights", 16 * len(totals))
        weights = [int.from_bytes(t) for t in _split(stream, 16)]
        proof = _bytes(part["proof"])
        e, z = int.from_bytes(proof[:32]), int.from_bytes(proof[32:])
        c, d = self._weighted(totals, weights), self._weighted(values, weights)
        a = pow(c, 4 * z, self.square) * pow(d, -2 * e, self.square)
        b = pow(self.base, z, self.square) * pow(
            self.commitments[index - 1], -e, self.square
        )
        steps.absorb("a", (a % self.square).to_bytes(2 * self.size))
        steps.absorb("b", (b % self.square).to_bytes(2 * self.size))
        return (
            len(values) == len(totals)
            and all(gcd(int.from_bytes(d), self.n) == 1 for d in values)
            and z.bit_length() <= self.answer_bits
            and steps.challenge("e", 32) == proof[:32]
        )

    def _weighted(self, numbers: list[bytes], weights: list[int]) -> int:
        powers = (
            pow(int.from_bytes(x), t, self.square)
            for x, t in zip(numbers, weights, strict=True)
        )
        return prod(powers) % self.square

    def combined(self, parts: list[Any]) -> list[int]:
        """The plaintexts that k parts make."""
        indices = [part["index"] for part in parts]
        columns = zip(*(part["values"] for part in parts), strict=True)
        return [
            self._opened(indices, [_bytes(d) for d in values]) for values in columns
        ]

    def _opened(self, indices: list[int], values: list[bytes]) -> int:
        product = prod(
            pow(int.from_bytes(d), 2 * self._lagrange(indices, i), self.square)
            for i, d in zip(indices, values, strict=True)
        )
        quotient, rest = divmod(product % self.square, self.n)
        _agree(rest == 1, "on what the parts open together")
        m = quotient * pow(4 * self.delta**2 * self.factor, -1, self.n) % self.n
        return m if 2 * m < self.n else m - self.n


def _product(contributions: list[Any], group: str, key: _Key) -> int:
    return (
        prod(
            int.from_bytes(_bytes(cell["subtotal"]))
            for one in contributions
            for cell in one["groups"]
            if cell["group"] == group
        )
        % key.square
    )


def _agree(holds: bool, on: str) -> None:
    if not holds:
        raise EvidenceInvalid(
            f"expected a second implementation (Python's integers) to agree {on}, "
            "found that it does not"
        )


def _payload(envelope: Any) -> Any:
    return json.loads(base64.b64decode(envelope["payload"]))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    name = b"privshare/v1/" + tag
    framed = b"".join(len(part).to_bytes(8) + part for part in parts)
    return hashlib.sha256(bytes([len(name)]) + name + framed).digest()


def _canonical(value: Any) -> bytes:
    """Statements and keys have ASCII field names: plain sorting is enough."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
