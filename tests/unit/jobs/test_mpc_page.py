"""The page docs/protocols/mpc.md says what the catalogue says."""

from __future__ import annotations

from pathlib import Path

from privshare.jobs.mpc import catalogue

PAGE = (Path(__file__).parents[3] / "docs/protocols/mpc.md").read_text()


def test_every_program_has_its_row() -> None:
    """Inputs, outputs, what leaks and the error, in the catalogue's words."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for entry in catalogue.table():
        told = [entry[name] for name in ("inputs", "outputs", "leaks", "error")]
        assert f"| `{entry['program']}` | {' | '.join(told)} |" in rows
