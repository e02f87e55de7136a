"""One network for all journeys that only read its receipts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from network import Filed, Network


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A host with three witnesses, shared by the session."""
    made = Network(tmp_path_factory.mktemp("network"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def filed(network: Network) -> dict[str, Filed]:
    """One receipt of each operation."""
    return network.every_operation()
