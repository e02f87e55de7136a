"""Tables and results: shown without believing what is in them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EncodingError, NotFound, StepNotAllowed
from privshare.sdk.result import Result
from privshare.sdk.table import Table, html_block, plain

NASTY = "<script>alert(1)</script>\"'&\x1b[31m\r\n"


def document(**changes: object) -> dict[str, object]:
    """A result document."""
    return {
        "column": "tax_paid",
        "group_by": "district",
        "k": 10,
        "operation": "sum",
        "rows": [
            {"count": 12, "group": "Old Wall", "value": "-12050"},
            {"count": 20, "group": NASTY, "value": "7"},
        ],
        "scale": 2,
        "suppressed": ["Heron Hamlet"],
        "v": 1,
        **changes,
    }


def test_html_is_escaped() -> None:
    """Nothing from a cell, a heading or a caption becomes markup."""
    table = Table((NASTY,), ((NASTY,),), NASTY)
    for html in (table._repr_html_(), html_block(NASTY, ((NASTY, NASTY),))):
        assert "<script" not in html
        assert "\x1b" not in html
        assert "&lt;script&gt;" in html


@given(st.text())
def test_text_cannot_steer_a_terminal(text: str) -> None:
    """Whatever a cell holds, the table has its two lines and no control."""
    shown = str(Table(("a",), ((text,),)))
    assert len(shown.split("\n")) == 2
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert all(c.isprintable() for c in plain(text))


def test_rich_takes_no_markup_from_a_cell() -> None:
    """Square brackets are text in a terminal, too."""
    from rich.console import Console

    out = StringIO()
    Console(file=out, width=80).print(Table(("a",), (("[red]x[/red]\x1b",),)))
    assert "[red]x[/red]" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_numbers_are_exact() -> None:
    """Scaled integers become decimals with all their digits."""
    big = "9" * 300
    result = Result(document(rows=[{"count": 1, "group": "a", "value": big}]))
    assert big[:-2] + "." + big[-2:] == f"{result['a']:f}"


def test_a_result_is_a_table() -> None:
    """Columns, rows, groups by name, and what was suppressed."""
    result = Result(document())
    assert result.columns == ("district", "count", "sum")
    assert len(result) == 2
    assert Decimal("-120.50") == result["Old Wall"]
    assert {"district": "Old Wall", "count": 12, "sum": Decimal("-120.50")} == next(
        iter(result)
    )
    assert "suppressed: Heron Hamlet" in str(result)
    assert "<script" not in result._repr_html_()
    with pytest.raises(NotFound, match="suppressed"):
        result["Heron Hamlet"]
    with pytest.raises(NotFound, match="there is none"):
        result["Atlantis"]
    with pytest.raises(StepNotAllowed):
        _ = result.value
    with pytest.raises(StepNotAllowed):
        _ = result.receipt


def test_one_number_without_groups() -> None:
    """A question without groups has a value."""
    rows = [{"count": 3, "group": "", "value": "10"}]
    whole = Result(document(group_by=None, rows=rows, scale=0, suppressed=[]))
    assert Decimal(10) == whole.value
    assert whole.columns == ("count", "sum")
    counted = Result(document(group_by=None, rows=rows, operation="count"))
    assert counted.value == 3
    hidden = Result(document(group_by=None, rows=[], suppressed=[]))
    with pytest.raises(NotFound):
        _ = hidden.value


@given(
    total=st.integers(min_value=-(10**40), max_value=10**40),
    count=st.integers(min_value=1, max_value=10**9),
    scale=st.integers(min_value=0, max_value=15),
)
def test_means_are_rounded_once(total: int, count: int, scale: int) -> None:
    """A mean is the exact quotient to half a unit of its last digit."""
    rows = [{"count": count, "group": "", "value": str(total)}]
    mean = Result(
        document(operation="mean", group_by=None, rows=rows, scale=scale)
    ).value
    exact = Fraction(total, count * 10**scale)
    assert abs(Fraction(mean) - exact) * 2 <= Fraction(1, 10 ** (scale + 6))


@pytest.mark.parametrize("value", ["", "-", "1.5", "1e3", "٣", " 1", "--1", 7, None])
def test_other_numbers_are_refused(value: object) -> None:
    """A value is a decimal integer as text, and nothing else."""
    with pytest.raises(EncodingError):
        Result(document(rows=[{"count": 1, "group": "a", "value": value}]))


def test_pandas_takes_a_result() -> None:
    """A DataFrame has exact decimals, or floats when asked."""
    pandas = pytest.importorskip("pandas")
    frame = Result(document()).to_pandas()
    assert list(frame.columns) == ["district", "count", "sum"]
    assert Decimal("-120.50") == frame["sum"][0]
    floats = Result(document()).to_pandas(floats=True)
    assert floats["sum"][0] == -120.5
    assert pandas.api.types.is_float_dtype(floats["sum"])


def test_csv_comes_back() -> None:
    """The CSV of a result has its header and its rows."""
    text = Result(document(rows=[{"count": 1, "group": "a,b", "value": "5"}])).to_csv()
    assert text == 'district,count,sum\n"a,b",1,0.05\n'
