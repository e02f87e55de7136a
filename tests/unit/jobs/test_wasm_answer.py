"""A runtime that was broken out of may answer anything; it gets a named refusal."""

from __future__ import annotations

import subprocess

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


def test_a_slow_start_is_no_reason_to_do_without_walls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """bubblewrap that does not answer in time ends the run, and is tried again."""
    tried = []

    def slow(*_: object, **__: object) -> None:
        tried.append(1)
        raise subprocess.TimeoutExpired("bwrap", 10)

    monkeypatch.setattr(sandbox.shutil, "which", lambda _: "/usr/bin/bwrap")
    monkeypatch.setattr(sandbox.subprocess, "run", slow)
    sandbox._wrapper.cache_clear()
    try:
        for _ in range(2):
            with pytest.raises(RunRefused) as refused:
                sandbox._wrapper()
            assert refused.value.detail["rule"] == "run.sandbox"
    finally:
        sandbox._wrapper.cache_clear()
    assert len(tried) == 2
