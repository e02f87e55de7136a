"""The examples at the head of each module of columns, and what loads numpy."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import privshare.schemes.columns as package

MODULES = [
    "privshare.schemes.paillier_jwk",
    "privshare.schemes.paillier_random",
    *(f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    """An example does what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_keys_do_not_load_numpy() -> None:
    """numpy comes with the first column, and not before."""
    program = (
        "import sys, privshare.sdk, privshare.audit.command;"
        "from privshare.schemes.paillier import PaillierPrivateKey;"
        "import privshare.schemes.paillier_jwk, privshare.schemes.columns;"
        "k = PaillierPrivateKey.generate(2048);"
        "k.decrypt(k.public.encrypt_batch([1]));"
        "assert 'numpy' not in sys.modules;"
        "assert k.decrypt(k.public.encrypt([1, 2]).sum()) == 3;"
        "assert 'numpy' in sys.modules;"
        "assert not {'pandas', 'polars'} & set(sys.modules)"
    )
    root = str(Path(__file__).parents[4])
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )
