"""Proof documents of every kind, by the core and by Python's integers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from proof_kit import CASES, CONTEXT, variants

from privshare.audit.second_document import is_document
from privshare.errors import PrivShareError
from privshare.schemes.proof import ProofDocument, make, verify

DOCUMENTS = {name: make(c.statement, c.witness, CONTEXT) for name, c in CASES.items()}
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def laid(name: str) -> dict[str, Any]:
    """The document as any JSON reader has it."""
    found: dict[str, Any] = json.loads(DOCUMENTS[name].to_bytes())
    return found


@pytest.mark.parametrize("name", CASES)
def test_what_holds_holds_twice(name: str) -> None:
    """Every kind, and not in another context or as another kind."""
    document = laid(name)
    assert is_document(document)
    for field in ("account", "network", "purpose"):
        context = document["context"] | {field: document["context"][field] + "x"}
        assert not is_document(document | {"context": context})
    nonce = document["context"] | {"nonce": "A" * 22}
    assert not is_document(document | {"context": nonce})
    for kind in ("opening/v1", "range/v1", "member/v1", "none/v1"):
        assert (kind == document["kind"]) == is_document(document | {"kind": kind})


@pytest.mark.parametrize("name", CASES)
def test_both_refuse_a_changed_proof(name: str) -> None:
    """A character here and there."""
    document = laid(name)
    proof = document["proof"]
    for place in range(0, len(proof) - 1, max(1, len(proof) // 12)):
        other = BASE64URL[(BASE64URL.index(proof[place]) + 32) % 64]
        changed = document | {"proof": proof[:place] + other + proof[place + 1 :]}
        assert not is_document(changed)
    assert not is_document(document | {"proof": proof[:-43]})
    assert not is_document(document | {"proof": ""})


@pytest.mark.parametrize("name", CASES)
def test_both_refuse_changed_public_values(name: str) -> None:
    """Each public value in turn; where the reader takes it, neither accepts it."""
    document = laid(name)
    tried = 0
    for public in variants(document["public"]):
        if public == document["public"]:
            continue
        tried += 1
        changed = document | {"public": public}
        assert not is_document(changed)
        try:
            verify(ProofDocument.from_json(changed))
        except PrivShareError:
            continue
        raise AssertionError("expected the core to refuse it, found that it holds")
    assert tried


@pytest.mark.parametrize("wrong", [None, 1, [], {}, {"public": 1}, "text"])
def test_what_is_no_document_is_refused(wrong: object) -> None:
    """Anything may come; nothing is raised."""
    assert not is_document(wrong)
