"""A second opinion: the arithmetic again, by code that shares nothing with ours.

The verifier hashes and multiplies in the project's own C core. On request it
asks others for the same answers: OpenSSL's SHA-256 through `hashlib` for the
tree and the state, `phe` for the Paillier openings, and Python's integers for
openings by several. Two implementations must agree before an auditor signs.

    Case ─► check_tree, check_openings ─► sentences, or who disagrees

Source: RFC 9162, section 2.1.3.2; Paillier, EUROCRYPT 1999; the state map's
equations in docs/formats/entry.md.
"""

from __future__ import annotations

import hashlib
import json
from math import prod
from typing import TYPE_CHECKING

from privshare.audit.case import Case, Missing
from privshare.audit.log_proof import open_checkpoint
from privshare.audit.sentence import counted
from privshare.errors import EvidenceInvalid
from privshare.jobs.receipt import Entry, StateItem
from privshare.ledger import query
from privshare.wire.canonical import unb64u

if TYPE_CHECKING:
    from privshare.audit.technique import Statements
    from privshare.jobs.statement import Opening

_PREFIX = b"privshare/v1/state-"


def check_tree(case: Case) -> str:
    """Check entries and values again with another SHA-256.

    Raises:
        EvidenceInvalid: The two implementations disagree.
    """
    checkpoint = open_checkpoint(case)
    for entry in case.receipt.entries:
        if _root_of(entry, checkpoint.size) != checkpoint.root:
            raise EvidenceInvalid(
                f"expected a second implementation to agree on entry {entry.index}, "
                "found that it does not"
            )
    for item in case.receipt.state:
        if item.value is None or _state_root(item) != case.block.state_root:
            raise EvidenceInvalid(
                "expected a second implementation to agree on the state, found that "
                "it does not"
            )
    return "A second SHA-256 agrees on every entry and value."


def check_openings(case: Case) -> str:
    """Check products and openings of a job again.

    A custodian's with `phe`; those of openers, which `phe` does not know, with
    Python's own integers (`second_threshold`).

    Raises:
        EvidenceInvalid: The two implementations disagree.
        Missing: `phe` is not installed.
    """
    from privshare.audit.technique import open_evidence  # noqa: PLC0415 - for jobs alone

    found = open_evidence(case)
    if found.opening is None:
        from privshare.audit.second_threshold import check_parts  # noqa: PLC0415 - for these

        return check_parts(case)
    return _check_with_phe(case, found, found.opening)


def _check_with_phe(case: Case, found: Statements, opening: Opening) -> str:
    try:
        import phe  # noqa: PLC0415 - only here, and slow to load
    except ImportError:
        raise Missing(
            "The second implementation (phe) is not installed: pip install phe."
        ) from None

    (custodian,) = found.spec.opened_by
    held = query.key(case.state, custodian, opening.key)
    n = int.from_bytes(unb64u(held.pub), "big")
    key = phe.PaillierPublicKey(n)
    for cell, opened in zip(found.aggregation.groups, opening.groups, strict=True):
        total = int.from_bytes(cell.ciphertext, "big")
        r = int.from_bytes(opened.r, "big")
        agrees = (
            total == _product(found, cell.group, n)
            and total == int(key.raw_encrypt(opened.m % n, r_value=r))
            and opened.total == casting_out(opened.m)
        )
        if not agrees:
            raise EvidenceInvalid(
                "expected a second implementation (phe) to agree on every total, "
                "found that it does not"
            )
    groups = counted(len(opening.groups), "total", "totals")
    return f"A second implementation (phe) agrees on {groups}."


def _product(found: Statements, group: str, n: int) -> int:
    return (
        prod(
            int.from_bytes(cell.ciphertext, "big")
            for one in found.contributions
            for cell in one.groups
            if cell.group == group
        )
        % n**2
    )


def casting_out(m: int) -> int:
    """The total of a plaintext: its digits to the base 2^96 added up, as one casts
    out nines; docs/protocols/paillier-sum.md, section 4."""
    nines = (1 << 96) - 1
    left = abs(m)
    while left > nines:
        left = (left & nines) + (left >> 96)
    if left > nines // 2:
        left -= nines
    return left if m >= 0 else -left


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _root_of(entry: Entry, size: int) -> bytes | None:
    """RFC 9162, 2.1.3.2, step by step."""
    if entry.index >= size:
        return None
    fn, sn = entry.index, size - 1
    r = _sha256(b"\0" + _canonical(entry.body))
    for p in entry.path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = _sha256(b"\1" + p + r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = _sha256(b"\1" + r + p)
        fn >>= 1
        sn >>= 1
    return r if sn == 0 else None


def _state_root(item: StateItem) -> bytes:
    path = _tagged(b"key", item.key.encode())
    digest = _tagged(b"leaf", path, _sha256(_canonical(item.value)))
    bits = int.from_bytes(path, "big")
    for depth, sibling in reversed(list(enumerate(item.proof.siblings))):
        right = bits >> (255 - depth) & 1
        pair = (sibling, digest) if right else (digest, sibling)
        digest = _tagged(b"node", *pair)
    return digest


def _tagged(name: bytes, *parts: bytes) -> bytes:
    tag = _PREFIX + name
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return _sha256(bytes((len(tag),)) + tag + framed)


def _canonical(value: object) -> bytes:
    """Values of the ledger have ASCII keys, for which plain sorting is enough."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
