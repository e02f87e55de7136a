"""The examples at the head of each module."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import privshare.rights

MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(privshare.rights.__path__, "privshare.rights.")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    """Each module opens with an example, and it does what it says."""
    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
