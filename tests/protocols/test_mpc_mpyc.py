"""Small questions get the same answers from mpyc, another engine altogether."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from mpc_program_kit import DATASET, asked, category, number, same

from privshare.jobs.mpc.programs import groups, moments

PROGRAM = Path(__file__).with_name("mpyc_programs.py")
ROWS, GROUPS, K = 24, 5, 4


@pytest.mark.skipif(
    importlib.util.find_spec("mpyc") is None, reason="mpyc is not installed"
)
def test_statistics_equal_mpyc(tmp_path: Path) -> None:
    """Sum, variance, covariance, threshold, count and sums by secret keys."""
    random.seed(20260701)
    x = [random.randint(-500, 900) for _ in range(ROWS)]
    y = [random.randint(-9, 9) for _ in range(ROWS)]
    keys = [min(random.randrange(GROUPS + 2), GROUPS - 1) for _ in range(ROWS)]
    question = {
        "x": x,
        "y": y,
        "key": keys,
        "groups": GROUPS,
        "k": K,
        "t": sum(x),
        "low": -100,
        "high": x[0],
    }
    path = tmp_path / "asked.json"
    path.write_text(json.dumps(question), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "-M3", "--no-log", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout.strip().splitlines()[-1])
    words = [f"group {i}" for i in range(GROUPS)]
    plain = {"x": x, "y": y, "key": [words[i] for i in keys]}
    u, v = number("x", -500, 900), number("y", -9, 9)
    sums = same(
        moments.COVARIANCE,
        asked([u, v], values=["x", "y"]),
        {DATASET: {"x": x, "y": y}},
    ).outputs
    signed = [one - 2**64 if one >> 63 else one for one in sums]
    x1, xx, y1, yy, xy = theirs["moments"]
    assert [x1, y1, xx, xy, yy] == signed
    only = {DATASET: {"x": x}}
    reached = same(moments.THRESHOLD, asked([u], value="x", at_least=sum(x)), only)
    assert [theirs["threshold"]] == reached.outputs
    inside = asked([u], value="x", at_least=-100, at_most=x[0])
    assert theirs["inside"] == same(groups.COUNT, inside, only).outputs[1]
    del plain["y"]
    split = asked(
        [u, category("key", words)], value="x", key="key", complementary=False
    )
    found = same(groups.GROUP_SUM, split, {DATASET: plain}, K).outputs
    assert theirs["group_sum"] == [one - 2**64 if one >> 63 else one for one in found]
