"""The node that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from service_kit import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One node for the tests of a module."""
    made = make_world(tmp_path_factory.mktemp("node"))
    yield made
    made.context.store.close()
    made.context.node.ledger.close()
