"""The examples at the head of the modules of commitments and proofs."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "commitment",
    "elgamal",
    "elgamal_threshold",
    "proof.context",
    "proof.document",
    "proof.table",
    "proof.witness",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    """Each does what it says."""
    module = importlib.import_module(f"privshare.schemes.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
