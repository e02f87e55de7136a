"""A column of any length in bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from privshare.schemes.columns import EncryptedColumn
from privshare.schemes.paillier import PaillierPrivateKey

count = int(sys.argv[1])
private = PaillierPrivateKey.generate(2048)
column = private.public.encrypt((i & 0xFFFFF for i in range(count)))
assert len(column) == count
total = private.decrypt((column + column).sum())
assert total == 2 * sum(i & 0xFFFFF for i in range(count))
data = column.to_bytes()
del column
assert len(EncryptedColumn.from_bytes(data, private.public)) == count
# Not ru_maxrss: that of whoever started this process survives exec.
lines = Path("/proc/self/status").read_text().splitlines()
(peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
print(int(peak) >> 10)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc (Linux)"
)
def test_memory_is_that_of_the_ciphertexts() -> None:
    """An iterator is encrypted, added, summed, written and read.

    10 million values stay below 2 GB (PRIVSHARE_LONG=1), 100,000 below 200 MB.
    """
    long = os.environ.get("PRIVSHARE_LONG") == "1"
    count, limit_mb = (10_000_000, 2000) if long else (100_000, 200)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(count)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert 30 < int(done.stdout) < limit_mb
