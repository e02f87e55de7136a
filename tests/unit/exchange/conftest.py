"""The consortium that these tests share: a fresh one for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from exchange_kit import Consortium


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Consortium]:
    """Four agencies, no datasets."""
    consortium = Consortium(tmp_path)
    yield consortium
    consortium.close()
