"""Tables from CSV: what is read, and every way in which a file is refused."""

from __future__ import annotations

import io
from typing import Any

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.rights.schema import Column, Schema
from privshare.rights.table import MAX_LINE, read_csv

HEADER = b"parcel,rooms,tax_paid,sold,district,heated\n"
ROW = b"a-1,3,12.50,2024-02-29,east,true\n"


def read(data: bytes, schema: Schema, **bounds: int) -> list[list[Any]]:
    return list(read_csv(io.BytesIO(data), schema, **bounds))


def test_fields_become_values(schema: Schema) -> None:
    """Each type is read in its one spelling; an empty field is null where allowed."""
    more = b'"a ""2"", b",0,-0.5,,west,false\n'
    assert read(HEADER + ROW + more, schema) == [
        ["a-1", 3, 1250, "2024-02-29", "east", True],
        ['a "2", b', 0, -50, None, "west", False],
    ]


def test_columns_may_stand_in_any_order(schema: Schema) -> None:
    """The header says where each column is; rows come in the schema's order."""
    data = b"heated,parcel,district,sold,tax_paid,rooms\ntrue,x,east,,1,2\n"
    assert read(data, schema) == [["x", 2, 100, None, "east", True]]


def test_layouts_that_are_no_trouble(schema: Schema) -> None:
    """A byte order mark, CRLF and a missing last line end change nothing."""
    expected = read(HEADER + ROW, schema)
    data = HEADER + ROW
    for other in (
        b"\xef\xbb\xbf" + data,
        data.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
        data.rstrip(b"\n"),
        data.replace(b"a-1", b'"a-1"'),
    ):
        assert read(other, schema) == expected


def test_a_line_break_may_stand_in_quotes() -> None:
    """A record may run over lines, and rows are counted as records."""
    schema = Schema((Column("note", "string"), Column("n", "int")))
    data = b'note,n\n"one\ntwo",1\nthree,x\n'
    rows = read_csv(io.BytesIO(data), schema)
    assert next(rows) == ["one\ntwo", 1]
    with pytest.raises(EncodingError, match="row 3, column n"):
        next(rows)


def test_an_empty_field_in_a_plain_string_column_is_a_string() -> None:
    """Only a nullable column holds null."""
    schema = Schema(
        (Column("a", "string"), Column("b", "string", nullable=True)), key="a"
    )
    assert read(b"a,b\n,\n", schema) == [["", None]]


def test_characters_of_every_plane_are_read() -> None:
    """UTF-8 is read as it stands; nothing is normalised."""
    schema = Schema((Column("a", "string"),))
    texts = ["地籍", "e\u0301", "\u00e9", "\U0001f3e0", "\ufeff"]
    data = "a\n" + "\n".join(texts) + "\n"
    assert read(data.encode(), schema) == [[text] for text in texts]


BAD_CELLS = [
    ("rooms", "", "an integer", "an empty field"),
    ("rooms", "three", "an integer", 'text of 5 characters, the 1st of which is "t"'),
    ("rooms", "1O", "an integer", 'text of 2 characters, the 2nd of which is "O"'),
    ("rooms", " 3", "an integer", 'text of 2 characters, the 1st of which is " "'),
    ("rooms", "3 ", "an integer", 'text of 2 characters, the 2nd of which is " "'),
    ("rooms", "+3", "an integer", 'text of 2 characters, the 1st of which is "+"'),
    ("rooms", "3.0", "an integer", "a number of 2 digits"),
    ("rooms", "1e3", "an integer", 'text of 3 characters, the 2nd of which is "e"'),
    ("rooms", "03", "an integer", "a number with a leading zero"),
    ("rooms", "--3", "an integer", "text of 3 characters"),
    ("rooms", "３", "an integer", "text of 1 character, the"),
    ("rooms", "9" * 5000, "an integer", "a number of 5000 digits"),
    ("rooms", "100", "0 to 99", "an integer outside"),
    ("rooms", "-1", "0 to 99", "an integer outside"),
    ("tax_paid", "1.255", "at most 2 digits after the point", "3 digits after it"),
    ("tax_paid", "1.250", "at most 2 digits after the point", "3 digits after it"),
    ("tax_paid", "1.", "a decimal", "a number of 1 digit"),
    ("tax_paid", ".5", "a decimal", "text of 2 characters"),
    ("tax_paid", "1.2.3", "a decimal", "text of 5 characters"),
    ("tax_paid", "NaN", "a decimal", 'the 1st of which is "N"'),
    ("tax_paid", "12 000", "a decimal", 'the 3rd of which is " "'),
    ("tax_paid", "99999999999999999", "a decimal", "a number of 17 digits"),
    ("tax_paid", "9999999999999999", "to 9007199254740991", "an integer outside"),
    ("sold", "2023-02-29", "a date YYYY-MM-DD", "a day that does not exist"),
    ("sold", "29.02.2024", "a date YYYY-MM-DD", "a string of 10 characters"),
    ("sold", "2024-2-9", "a date YYYY-MM-DD", "a string of 8 characters"),
    ("district", "north", "one of 2 categories", "a string of 5 characters"),
    ("district", "", "a category", "an empty field"),
    ("heated", "yes", "true or false", "text of 3 characters"),
    ("heated", "TRUE", "true or false", "text of 4 characters"),
    ("parcel", "x" * 4097, "a string of at most 4096", "a string of 4097 characters"),
]


@pytest.mark.parametrize(("column", "text", "expected", "found"), BAD_CELLS)
def test_a_bad_cell_is_refused(
    schema: Schema, column: str, text: str, expected: str, found: str
) -> None:
    """The error has the row, the column, what was expected and what was found."""
    cells = ROW.decode().rstrip("\n").split(",")
    cells[schema.index(column)] = text
    data = HEADER + b"a-0" + ROW[3:] + ",".join(cells).encode() + b"\n"
    with pytest.raises((EncodingError, OutOfRange)) as caught:
        read(data, schema)
    detail = caught.value.detail
    assert caught.value.message.startswith(f"row 3, column {column}: expected ")
    assert (detail["row"], detail["column"]) == (3, column)
    assert expected in detail["expected"] and expected in caught.value.message
    assert found in detail["found"] and found in caught.value.message


BAD_HEADERS = [
    (b"parcel,rooms\n", "tax_paid", "expected a column tax_paid, found none"),
    (HEADER[:-1] + b",rooms\n", "rooms", 'once, found "rooms" twice'),
    (HEADER[:-1] + b",zone\n", "zone", 'columns of the schema, found also "zone"'),
    (HEADER[:-1] + b",\n", "", 'found also ""'),
    (HEADER.replace(b"rooms", b"Rooms"), "rooms", "expected a column rooms"),
    (HEADER.replace(b"rooms", b" rooms"), "rooms", "expected a column rooms"),
    (b"\n" + HEADER, "parcel", "expected a column parcel, found none"),
]


@pytest.mark.parametrize(("header", "column", "message"), BAD_HEADERS)
def test_a_bad_header_is_refused(
    schema: Schema, header: bytes, column: str, message: str
) -> None:
    """The header names each column once; the error comes before any row."""
    with pytest.raises(EncodingError, match=message) as caught:
        read_csv(io.BytesIO(header + ROW), schema)
    assert caught.value.detail["row"] == 1
    assert caught.value.detail["column"] == column


@pytest.mark.parametrize(
    ("separator", "name"), [(b";", "semicolons"), (b"\t", "tabs"), (b"|", "bars")]
)
def test_another_separator_is_named(
    schema: Schema, separator: bytes, name: str
) -> None:
    """The fix says what the file seems to use instead of commas."""
    with pytest.raises(EncodingError) as caught:
        read_csv(io.BytesIO((HEADER + ROW).replace(b",", separator)), schema)
    assert name in caught.value.fix


BAD_FILES = [
    (b"", 1, "expected a header, found an empty file"),
    (b"\xef\xbb\xbf", 1, "expected a column parcel"),
    (HEADER, 1, "expected at least one row, found only the header"),
    (HEADER[:-1], 1, "expected at least one row, found only the header"),
    (HEADER + ROW + b"a-2,3\n", 3, "expected 6 fields, found 2 fields"),
    (HEADER + ROW[:-1] + b",x\n", 2, "expected 6 fields, found 7 fields"),
    (HEADER + ROW + b"\n", 3, "expected 6 fields, found an empty line"),
    (HEADER + b'a-1,"3\n', 2, "expected CSV as in RFC 4180"),
    (HEADER + b'a-1,"3"x,1,,east,true\n', 2, "expected CSV as in RFC 4180"),
    (HEADER + ROW.replace(b"\n", b"\r") * 2, 2, "expected CSV as in RFC 4180"),
    (HEADER + ROW + ROW, 3, "a key that no other row has, found the key of row 2"),
    (HEADER + b"x" * (MAX_LINE + 1), 2, f"lines of at most {MAX_LINE} bytes"),
    (HEADER + b"x" * 200_000 + b"\n", 2, "expected CSV as in RFC 4180"),
]


@pytest.mark.parametrize(("data", "row", "message"), BAD_FILES)
def test_a_bad_file_is_refused(
    schema: Schema, data: bytes, row: int, message: str
) -> None:
    """Empty, ragged, unclosed or repeated: each is refused at its row."""
    with pytest.raises(EncodingError, match=message) as caught:
        read(data, schema)
    assert caught.value.detail["row"] == row
    assert {"row", "expected", "found"} <= set(caught.value.detail)


def test_mixed_encodings_are_named_by_row_and_offset(schema: Schema) -> None:
    """One line in another encoding is found where it is, for any encoding."""
    good = HEADER + ROW
    for encoding in ("latin-1", "cp1252", "gb18030", "big5"):
        word = "é" if encoding in ("latin-1", "cp1252") else "地"
        bad = f"{word}-2,3,1,,east,true\n".encode(encoding)
        with pytest.raises(EncodingError, match="row 3: expected UTF-8") as caught:
            read(good + bad, schema)
        assert caught.value.detail["offset"] == len(good)
        assert "UTF-8" in caught.value.fix


def test_utf_16_is_refused(schema: Schema) -> None:
    """With a mark at its first byte, without one at its first NUL."""
    data = (HEADER + ROW).decode()
    for encoded, offset in (
        (data.encode("utf-16-le"), 1),
        (data.encode("utf-16-be"), 0),
        (b"\xff\xfe" + data.encode("utf-16-le"), 0),
    ):
        with pytest.raises(EncodingError) as caught:
            read(encoded, schema)
        assert caught.value.detail["offset"] == offset


def test_a_nul_byte_is_refused(schema: Schema) -> None:
    """Text has no NUL, quoted or not; the mark before it does not shift it."""
    data = b"\xef\xbb\xbf" + HEADER + b"a\0,3,1,,east,true\n"
    with pytest.raises(EncodingError, match="found a NUL byte") as caught:
        read(data, schema)
    assert caught.value.detail["offset"] == len(HEADER) + 4
    with pytest.raises(EncodingError) as first:
        read(b"\xef\xbb\xbf\0" + HEADER, schema)
    assert first.value.detail["offset"] == 3


def test_a_cut_character_at_the_end_is_refused(schema: Schema) -> None:
    """A file that ends in the middle of a character was cut."""
    with pytest.raises(EncodingError, match="expected UTF-8"):
        read(HEADER + "é".encode()[:1], schema)


def test_surrogates_in_utf_8_are_refused(schema: Schema) -> None:
    """Bytes that only look like UTF-8 are not."""
    for data in (b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"):
        with pytest.raises(EncodingError, match="expected UTF-8"):
            read(HEADER + data + ROW, schema)


def test_bounds_are_kept_to_the_byte_and_the_row(schema: Schema) -> None:
    """At the bound a file passes, one further it does not."""
    data = HEADER + ROW + b"a-2" + ROW[3:]
    assert len(read(data, schema, max_bytes=len(data), max_rows=2)) == 2
    with pytest.raises(OutOfRange, match=f"expected at most {len(data) - 1} bytes"):
        read(data, schema, max_bytes=len(data) - 1)
    with pytest.raises(OutOfRange, match="expected at most 1 rows") as caught:
        read(data, schema, max_rows=1)
    assert caught.value.detail["row"] == 3


def test_a_message_does_not_show_the_cell(schema: Schema) -> None:
    """Records are private and errors travel: one character of a cell at most."""
    secret = "Chrysanthemum"
    for column in ("rooms", "tax_paid", "sold", "district", "heated"):
        cells = ROW.decode().rstrip("\n").split(",")
        cells[schema.index(column)] = secret
        with pytest.raises(EncodingError) as caught:
            read(HEADER + ",".join(cells).encode() + b"\n", schema)
        told = f"{caught.value.message}{caught.value.detail}{caught.value.fix}"
        assert secret[:3] not in told
