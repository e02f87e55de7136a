"""Identifiers are written one way, and what cannot be is named."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.jobs.join.normalise import (
    PLAIN,
    STEPS,
    Field,
    Recipe,
    fit,
    identifiers,
)


def recipe(*steps: str) -> Recipe:
    return Recipe((Field("id", steps),))


def written(text: str | None, *steps: str) -> bytes:
    return identifiers(recipe(*steps), {"id": [text]})[0][2:]


@pytest.mark.parametrize(
    ("texts", "steps", "expected"),
    [
        (("Ａ１２", "a12", " A 1-2 ", "a.1/2"), PLAIN, b"a12"),
        (("STRASSE", "straße"), ("case",), b"strasse"),
        (("José  Ruiz ", "jose ruiz"), ("accents", "case", "trim"), b"jose ruiz"),
        (("007", "7", "0007"), ("digits", "unpadded"), b"7"),
        (("000",), ("unpadded",), b"0"),
        (
            ("31.12.1949", "31/12/1949", "1-1-1950"[:0] + "31-12-1949"),
            ("date-dmy",),
            b"19491231",
        ),
        (("1949-12-31", "19491231", "1949/12/31"), ("date-ymd",), b"19491231"),
        (("12/31/1949",), ("date-mdy",), b"19491231"),
        (
            ("11010519491231002x", "11010519491231002X"),
            ("mod-11-2",),
            b"11010519491231002X",
        ),
        (("440524188001010014",), ("mod-11-2",), b"440524188001010014"),
        (("79927398713",), ("luhn",), b"79927398713"),
        (
            ("GB82WEST12345698765432"[4:] + "GB82",),
            ("mod-97-10",),
            b"WEST12345698765432GB82",
        ),
    ],
)
def test_one_way_of_writing(texts, steps, expected):
    """Spellings of one identifier become the same bytes."""
    for text in texts:
        assert written(text, *steps) == expected


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (None, ()),
        ("", ()),
        ("  ", ("trim",)),
        ("12a", ("digits",)),
        ("１２", ("digits",)),
        ("110105194912310021", ("mod-11-2",)),
        ("X", ("mod-11-2",)),
        ("79927398710", ("luhn",)),
        ("WEST12345698765432GB83", ("mod-97-10",)),
        ("31.02.1949", ("date-dmy",)),
        ("12/31/1949", ("date-dmy",)),
        ("31.12.49", ("date-dmy",)),
        ("x" * 5000, ()),
    ],
)
def test_a_refused_cell_is_counted(text, steps):
    """What a step does not take is refused with its column and the row count."""
    with pytest.raises(OutOfRange) as caught:
        identifiers(recipe(*steps), {"id": ["123", text, text][1:]})
    detail = {"rule": "join.identifier", "column": "id", "rows": 2, "row": 0}
    assert caught.value.detail == detail
    assert fit(recipe(*steps), {"id": [text]}) == []


def test_every_wrong_check_digit_is_found():
    """Each change of one digit of a resident id or a card number is refused."""
    for good, step in (("11010519491231002X", "mod-11-2"), ("79927398713", "luhn")):
        for place in range(len(good)):
            for digit in "0123456789":
                text = good[:place] + digit + good[place + 1 :]
                assert (fit(recipe(step), {"id": [text]}) == [0]) is (text == good)


def test_fields_do_not_run_together():
    """("ab", "c") and ("a", "bc") are two identifiers."""
    two = Recipe((Field("a", ()), Field("b", ())))
    made = identifiers(two, {"a": ["ab", "a"], "b": ["c", "bc"]})
    assert made[0] != made[1]


def test_columns_that_do_not_fit():
    """A missing column and columns of two lengths are refused."""
    two = Recipe((Field("a", ()), Field("b", ())))
    for columns in ({"a": ["x"]}, {"a": ["x"], "b": []}):
        with pytest.raises(EncodingError) as caught:
            identifiers(two, columns)
        assert caught.value.detail["rule"] == "join.column"


def test_a_recipe_is_named_by_its_steps():
    """The digest depends on the steps and not on the columns' names."""
    assert recipe("case").digest != recipe("nfkc").digest
    assert Recipe((Field("x", ("case",)),)).digest == recipe("case").digest
    assert len({recipe(step).digest for step in STEPS}) == len(STEPS)
    for bad in ((), tuple(Field("a", ()) for _ in range(17))):
        with pytest.raises(OutOfRange):
            Recipe(bad)
    with pytest.raises(OutOfRange):
        Field("a", ("rot13",))
