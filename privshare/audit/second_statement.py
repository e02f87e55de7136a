"""A second opinion on proofs, on statements of unnamed members and who named one.

A proof is verified again from its JSON (`second_document`). The ring
signature, the escrow in it and each regulator's part are verified again in
Python's integers (`second_ring`), from the bytes in the receipt's transactions
and state; nothing of the core, or of what reads them for it, is asked. What
they must be about is taken from docs/formats/entry.md, section 8.

    Case ─► check_again ─► a sentence, or who disagrees
"""

from __future__ import annotations

import hashlib
from typing import Any

from privshare.audit.case import Case
from privshare.audit.second_document import is_document
from privshare.audit.second_ring import (
    Regulators,
    Signed,
    escrow_of,
    is_partial,
    is_ring_signature,
    member,
)
from privshare.audit.sentence import counted
from privshare.errors import EvidenceInvalid
from privshare.wire.base64 import b64u, unb64u

__all__ = ["check_again"]


def check_again(case: Case) -> str:
    """Check a proof, a ring signature or the parts of an opening, again.

    Raises:
        EvidenceInvalid: The two implementations disagree.
    """
    if case.operation == "survey.result":
        return "No second reader of surveys is enclosed."
    if case.operation != "statement.zk":
        return _check_statement(case)
    if not is_document(case.evidence()["document"]):
        raise _disagrees("the proof")
    return "A second implementation agrees that the proof holds."


def _check_statement(case: Case) -> str:
    """Check a ring signature, and the parts of an opening, again.

    Raises:
        EvidenceInvalid: The two implementations disagree.
    """
    body = case.subject.body
    index = case.index
    if case.operation == "ring.opening":
        index = _held(case, f"statement/{body['statement']}")["at"]
    said = case.transactions[index].body
    held = _held(case, f"ring/{said['ring']}/{said['epoch']}")
    signed = _signed(case, said, held)
    signature = unb64u(said["signature"])
    if not is_ring_signature(signature, signed):
        raise _disagrees("the ring signature")
    if case.operation != "ring.opening":
        return (
            "A second implementation agrees on the signature of the ring of "
            f"{len(signed.keys):,}."
        )
    parts = _check_parts(case, body["statement"], held, signed, signature)
    return (
        f"A second implementation agrees on the signature and on "
        f"{counted(parts, 'part', 'parts')} of the opening."
    )


def _signed(case: Case, said: dict[str, Any], held: dict[str, Any]) -> Signed:
    keys = b"".join(
        unb64u(case.transactions[page].body["keys"]) for page in held["pages"]
    )
    network, ring = case.receipt.network.encode(), said["ring"].encode()
    return Signed(
        message=unb64u(said["digest"]),
        scope=_tagged(b"statement-scope", network, ring, said["scope"].encode()),
        context=_tagged(
            b"statement-context", network, ring, str(said["epoch"]).encode()
        ),
        keys=[keys[i : i + 32] for i in range(0, len(keys), 32)],
        regulators=_regulators(case, held),
    )


def _regulators(case: Case, held: dict[str, Any]) -> Regulators | None:
    found = held["regulators"]
    if found is None:
        return None
    keys = [
        unb64u(_held(case, f"key/{one['agency']}/{one['kid']}")["pub"])
        for one in found["keys"]
    ]
    return Regulators(found["threshold"], keys)


def _check_parts(
    case: Case,
    statement: str,
    held: dict[str, Any],
    signed: Signed,
    signature: bytes,
) -> int:
    """Verify every part again, and what enough of them make; how many there are."""
    opening = _held(case, f"opening/{statement}")
    escrow, regulators = escrow_of(signature), signed.regulators
    agencies = [one["agency"] for one in held["regulators"]["keys"]]
    parts = []
    for one in opening["partials"]:
        body = case.transactions[one["at"]].body
        part = unb64u(body["opening"])
        names = (case.receipt.network, statement, one["agency"], body["reason"])
        context = _tagged(b"opening", *(name.encode() for name in names))
        agrees = (
            regulators is not None
            and part[0] == agencies.index(one["agency"]) + 1
            and is_partial(part, escrow, regulators, context)
        )
        if not agrees:
            raise _disagrees(f"the part of {one['agency']}")
        parts.append(part)
    named = None
    if regulators is not None and len(parts) == regulators.threshold:
        named = b64u(member(escrow, parts))
    if opening["member"] != named:
        raise _disagrees("the member named")
    return len(parts)


def _held(case: Case, key: str) -> dict[str, Any]:
    found = case.state.get(key)
    if found is None:
        raise EvidenceInvalid("expected a value in the state, found none")
    return found


def _disagrees(what: str) -> EvidenceInvalid:
    return EvidenceInvalid(
        f"expected a second implementation to agree on {what}, found that it does not"
    )


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    name = b"privshare/v1/" + tag
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(bytes((len(name),)) + name + framed).digest()
