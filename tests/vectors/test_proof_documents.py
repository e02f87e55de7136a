"""Proof documents of a file: read by the package, and by integers alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import make_proof_documents
import pytest
from proof_kit import CASES

from privshare import errors
from privshare.audit.second_document import is_document
from privshare.errors import PrivShareError
from privshare.schemes.proof import ProofDocument, verify, verify_many
from privshare.wire.canonical import b64u, decode, encode

VECTORS: Any = json.loads(make_proof_documents.FILE.read_text("ascii"))
PAGE = (Path(__file__).parents[2] / "docs/formats/proof.md").read_text("utf-8")


def test_the_file_is_what_its_program_makes() -> None:
    """Same cases, same randomness, same bytes."""
    assert json.loads(json.dumps(make_proof_documents.vectors())) == VECTORS


@pytest.mark.parametrize("name", CASES)
def test_a_document_holds(name: str) -> None:
    """By both verifiers, and its digest is the one of the file."""
    (vector,) = (one for one in VECTORS["valid"] if one["name"] == name)
    document = ProofDocument.from_bytes(encode(vector["document"]))
    verify(document)
    assert b64u(document.digest()) == vector["digest"]
    assert is_document(vector["document"])


def test_all_hold_together() -> None:
    """In one call."""
    verify_many([ProofDocument.from_json(one["document"]) for one in VECTORS["valid"]])


@pytest.mark.parametrize(
    "vector", VECTORS["faulty"], ids=lambda v: f"{v['name']}, {v['fault']}"
)
def test_a_fault_is_refused(vector: Any) -> None:
    """With the error that stands beside it; what is false also by integers."""
    with pytest.raises(PrivShareError) as caught:
        verify(ProofDocument.from_bytes(encode(vector["document"])))
    assert type(caught.value) is getattr(errors, vector["error"])
    if vector["error"] == "ProofInvalid":
        assert not is_document(vector["document"])


def test_the_example_of_the_page() -> None:
    """The page's document holds, and has the page's digest."""
    line = next(one for one in PAGE.splitlines() if one.startswith('{"context"'))
    document = ProofDocument.from_bytes(line.encode())
    verify(document)
    assert f"`{b64u(document.digest())}`" in PAGE
    assert is_document(decode(line.encode()))


def test_the_page_has_every_kind() -> None:
    """A kind without a line on the page would be one that nobody can check."""
    for case in CASES.values():
        assert f"| `{case.statement.kind}` |" in PAGE
