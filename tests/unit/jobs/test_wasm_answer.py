"""A runtime that was broken out of may answer anything; it gets a named refusal."""

from __future__ import annotations

import pytest

from privshare.errors import RunRefused
from privshare.jobs.wasm import sandbox, stopped


@pytest.mark.parametrize(
    "report",
    [b"[" * 60_000, b'{"walls":[],"rule":[]}', b'{"walls":[],"rule":{}}', b"[]"],
    ids=["deep", "list", "object", "no-object"],
)
def test_a_hostile_report_is_refused_by_name(report: bytes) -> None:
    data = len(report).to_bytes(8, "little") + report
    with pytest.raises(RunRefused) as refused:
        stopped.raise_stopped(sandbox._read_answer(data, 100, wrapped=True).report)
    assert refused.value.detail["rule"] == "run.sandbox"
