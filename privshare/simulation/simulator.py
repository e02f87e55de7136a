"""A simulated machine: evidence with a development key. SIMULATED - NO SECURITY.

Stands where a collector stands. What it says of itself is what it was told to
say, so its evidence proves that somebody holds the development key and no
more; the class `simulated` of its root says so wherever it is shown.

    development key ─► Simulator ─► collect(report_data) ─► Evidence
                            └─────► root ─► the reader's RootSet, for trials

>>> machine = Simulator(seed=bytes(32), measurement=bytes(48), clock=lambda: 1000)
>>> machine.collect(bytes(64)).kind
'simulated'
>>> machine.root.trust_class
'simulated'
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privshare.errors import EncodingError
from privshare.jobs.attestation.evidence import Endorsements, Evidence, Root
from privshare.jobs.attestation.simulated import FAMILY, LABEL, signed_message
from privshare.wire import canonical

__all__ = ["Simulator"]

LIFE_S = 600


def _now() -> int:
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Simulator:
    """A machine that says what it is told to say.

    Args:
        seed: The development key's 32 bytes. Not worth keeping secret: the
            class of its root already says that nothing is proven.
        measurement: What it says it runs, 48 bytes.
        clock: Unix seconds.
        debug: What it says of its debug mode.

    Raises:
        EncodingError: A seed or a measurement of another length.
    """

    kind: ClassVar[str] = "simulated"
    report_bytes: ClassVar[int] = 64

    seed: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    measurement: bytes = bytes(48)
    clock: Callable[[], int] = _now
    debug: bool = False

    def __post_init__(self) -> None:
        if len(self.seed) != 32 or len(self.measurement) != 48:
            raise EncodingError(
                f"expected a seed of 32 and a measurement of 48 bytes, found "
                f"{len(self.seed)} and {len(self.measurement)}"
            )

    @property
    def public_key(self) -> bytes:
        """The development key's public half, 32 bytes."""
        return self._key().public_key().public_bytes_raw()

    @property
    def root(self) -> Root:
        """The root at which its evidence ends, for a reader's trial."""
        return Root(LABEL, FAMILY, sha256(self.public_key).digest(), "simulated")

    @property
    def endorsements(self) -> Endorsements:
        """None: nobody endorses it."""
        return Endorsements({})

    def collect(self, report_data: bytes) -> Evidence:
        """Say these bytes.

        Args:
            report_data: 64 bytes, from `binding`.

        Raises:
            EncodingError: Another length.
        """
        if len(report_data) != self.report_bytes:
            raise EncodingError(
                f"expected {self.report_bytes} bytes of report data, "
                f"found {len(report_data)}"
            )
        now = self.clock()
        statement = canonical.encode(
            {
                "debug": self.debug,
                "label": LABEL,
                "measurement": self.measurement.hex(),
                "not_after": now + LIFE_S,
                "not_before": now,
                "report_data": report_data.hex(),
                "type": "privshare.simulated",
                "v": 1,
            }
        )
        signature = self._key().sign(signed_message(statement))
        return Evidence(
            self.kind,
            {
                "key": self.public_key,
                "signature": signature,
                "statement": statement,
            },
        )

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)
