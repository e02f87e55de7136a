"""What a program wrote, as lines that a reader takes in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from privshare.audit.case import Case
from privshare.audit.headline_attested import _output
from privshare.wire.canonical import b64u, encode


def lines(output: bytes) -> list[str]:
    receipt = SimpleNamespace(result={"output": b64u(output)})
    return _output(cast(Case, SimpleNamespace(receipt=receipt)))


def groups(count: int) -> dict[str, Any]:
    cells = {"count": 30, "max": None, "mean": "9.5", "sum": "285.00"}
    found = [
        {"columns": {"tax": cells}, "count": 30, "key": ["east", f"{i:03}"]}
        for i in range(count)
    ]
    return {"groups": found, "suppressed": 1}


def test_groups_are_lines() -> None:
    """Each with its key first; what was not asked for is not there."""
    assert lines(encode(groups(2))) == [
        "  east/000, count 30, tax count 30, tax mean 9.5, tax sum 285.00",
        "  east/001, count 30, tax count 30, tax mean 9.5, tax sum 285.00",
        "  suppressed 1",
    ]
    assert lines(encode(groups(14)))[-1] == "  and 3 more"


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (b'{"ok":true}', ["  ok yes"]),
        (b"{}", ["  an empty document"]),
        (b'{"a":null}', ["  an empty document"]),
        (b"[1,2]", ["  output 1/2"]),
        (b"\x00\x01\x02", ["  3 bytes, neither a table nor a document"]),
        (encode({"a": "x\x1b[2J\nVALID"}), ["  a x?[2J?VALID"]),
    ],
)
def test_any_output_has_lines(output: bytes, said: list[str]) -> None:
    """And none moves a cursor or looks like a line of ours."""
    found = lines(output)
    assert len(found) == 1
    assert "\x1b" not in found[0] and "\n" not in found[0]
    if "VALID" not in found[0]:
        assert found == said
