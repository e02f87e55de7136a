"""The other arithmetic: it agrees, and notices when ours is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.audit.second_opinion import casting_out
from privshare.audit.verifier import verify
from privshare.jobs import packing

RECEIPTS = Path(__file__).parents[2] / "journeys" / "receipts"
M = (1 << 96) - 1


@given(
    st.one_of(
        st.sampled_from([0, M, -M, M // 2, -(M // 2), M // 2 + 1, M + 1]),
        st.integers(-(1 << 3070), 1 << 3070),
    )
)
def testcasting_out_gives_the_total(m: int) -> None:
    """Two ways to the residue that is nearest to 0."""
    assert casting_out(m) == packing.total(m)


def test_a_wrong_total_of_ours_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were our own residue wrong, the second opinion would say so."""
    pytest.importorskip("phe")
    data = (RECEIPTS / "job.result.psr").read_bytes()
    trust = (RECEIPTS / "trust.policy").read_text(encoding="utf-8")

    def judged() -> str:
        verdict = verify(
            data, trust, 1_795_400_000, lambda _: None, second_opinion=True
        )
        return f"{verdict.step(7).outcome}: {' '.join(verdict.step(7).sentences)}"

    assert judged().startswith("ok: ")
    true = packing.total
    monkeypatch.setattr(packing, "total", lambda m: true(m) + 1)
    said = judged()
    assert said.startswith("failed: ") and "(phe)" in said
