"""The curve under ristretto255, for vectors that are about it and not about us.

`Curve` puts questions to native/tests/edwards.c, which answers them with the
core's field, formulas and multiplications. It is made by `make -C native`,
beside the programs of `make check`; without a compiler the tests are skipped.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import TracebackType

import pytest

NATIVE = Path(__file__).resolve().parents[2] / "native"
PROGRAM = "build/vectors/check/edwards"

BASE = "5866666666666666666666666666666666666666666666666666666666666666"
IDENTITY = "01" + "00" * 31


def make_program() -> Path:
    """Build the program, or skip."""
    if not shutil.which("make") or not shutil.which("cc"):
        pytest.skip("no compiler for native/tests/edwards.c")
    subprocess.run(
        ["make", "-s", "-C", str(NATIVE), "BUILD=build/vectors", "CC=cc", PROGRAM],
        check=True,
    )
    return NATIVE / PROGRAM


class Curve:
    """Points as 32 bytes in hexadecimal, as RFC 8032 encodes them.

    A call gives None where a point is none.
    """

    def __init__(self, program: Path, backend: str) -> None:
        self._process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{backend}\n")

    def __enter__(self) -> Curve:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def ask(self, *words: str) -> str | None:
        """One line there, one line back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer.endswith("\n"), f"no answer to {words}"
        return None if answer == "-\n" else answer.strip()

    def sure(self, *words: str) -> str:
        """An answer that must not be None."""
        answer = self.ask(*words)
        assert answer is not None
        return answer

    def is_point(self, p: str) -> bool:
        """Whether 32 bytes are a point."""
        return self.ask("affine", p) is not None

    def affine(self, p: str) -> tuple[int, int]:
        """The coordinates x and y."""
        return self.numbers("affine", p)

    def numbers(self, *words: str) -> tuple[int, int]:
        """An answer that is two numbers, or the first two of more."""
        parts = self.sure(*words).split()
        x, y = (int.from_bytes(bytes.fromhex(part), "little") for part in parts[:2])
        return x, y
