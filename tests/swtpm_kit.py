"""A live TPM for tests: swtpm, one for each module that asks.

`running_tpm` starts it; where swtpm or tpm2-pytss is missing, the tests that
need it are skipped and say so. CI installs both, so a skip there is a failure.
"""

from __future__ import annotations

import hashlib
import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from privshare.demo.software_tpm import SoftwareTpm, available, start
from privshare.jobs.attestation.evidence import Root, RootSet
from privshare.schemes.keys import SigningKey


@dataclass(frozen=True)
class Bench:
    """A running TPM and an enroller that the reader knows.

    Attributes:
        seconds: What manufacturing and starting it took.
    """

    tpm: SoftwareTpm
    enroller: SigningKey
    seconds: float

    @property
    def roots(self) -> RootSet:
        digest = hashlib.sha256(self.enroller.verify_key.raw).digest()
        known = Root("an enroller", "tpm-enroller", digest, "software")
        return RootSet((self.tpm.root, known))


def running_tpm(folder: Path) -> Iterator[Bench]:
    """For a fixture: `yield from running_tpm(...)`."""
    if not available():
        pytest.skip("swtpm is not installed")
    if importlib.util.find_spec("tpm2_pytss") is None:
        pytest.skip("tpm2-pytss is not installed: pip install 'privshare[tpm]'")
    began = time.perf_counter()
    with start(folder) as tpm:
        yield Bench(tpm, SigningKey.generate(), time.perf_counter() - began)
