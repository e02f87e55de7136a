"""What all tests share: where the vectors are, and how to read them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent

# Laws hold on slow and shared machines too: speed is measured in bench/.
settings.register_profile(
    "privshare", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("privshare")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of third-party test vectors.

    From PRIVSHARE_VECTORS, else `../shared/vectors` beside the checkout; a
    folder that holds a `vectors` folder stands for that folder.
    """
    named = os.environ.get("PRIVSHARE_VECTORS")
    root = Path(named) if named else REPOSITORY.parent / "shared"
    if (root / "vectors").is_dir():
        root = root / "vectors"
    if not root.is_dir():
        pytest.skip("no test vectors: set PRIVSHARE_VECTORS to their folder")
    return root


@pytest.fixture(scope="session")
def vector_json(vectors: Path) -> Callable[[str], Any]:
    """Read one JSON file below the vectors; skip, saying so, where it is absent."""

    def read(path: str) -> Any:
        file = vectors / path
        if not file.is_file():
            pytest.skip(f"no test vectors {path}")
        return json.loads(file.read_bytes())

    return read
