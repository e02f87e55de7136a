"""The strict reader of objects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from privshare.errors import EncodingError, OutOfRange
from privshare.wire.canonical import Fields, b64u

DIGEST = bytes(range(32))


def one(value: Any) -> Fields:
    return Fields({"x": value}, where="grant.request")


def test_a_statement_is_read_field_by_field() -> None:
    """Each type has its reader, and `end` is content when all is read."""
    fields = Fields(
        {
            "id": b64u(DIGEST),
            "k": 5,
            "key": b64u(b"abc"),
            "open": False,
            "operations": ["count", "sum"],
            "owner": "housing",
            "terms": {"until": None},
            "keys": [{"alg": "ed25519"}],
            "v": 1,
            "values": [1, "a", None],
            "body": {"any": [1]},
        },
        where="grant",
    )
    fields.constant("v", 1)
    assert fields.digest("id") == DIGEST
    assert fields.int("k", 1, 10) == 5
    assert fields.bytes("key", 3) == b"abc"
    assert fields.bool("open") is False
    assert fields.str_list("operations", 2, "[a-z]+", sorted_unique=True) == (
        "count",
        "sum",
    )
    assert fields.str("owner", max=7, pattern=re.compile("[a-z]+")) == "housing"
    terms = fields.obj("terms")
    assert terms.nullable("until", terms.int, 0, max=9) is None
    terms.end()
    (key,) = fields.objs("keys", 1)
    assert key.str("alg") == "ed25519"
    key.end()
    assert fields.list("values", 3) == [1, "a", None]
    assert fields.json("body") == {"any": [1]}
    fields.end()


@pytest.mark.parametrize(
    ("value", "read", "message"),
    [
        (1, lambda f: f.str("x"), "expected a string, found an integer"),
        ("abc", lambda f: f.str("x", max=2), "expected at most 2 characters, found 3"),
        (
            "a\n",
            lambda f: f.str("x", pattern="[a-z]+"),
            "expected a string of the form",
        ),
        (None, lambda f: f.str("x"), "expected a string, found null"),
        (True, lambda f: f.int("x"), "expected an integer, found a boolean"),
        ("1", lambda f: f.int("x"), "expected an integer, found a string of 1"),
        (1, lambda f: f.bool("x"), "expected a boolean, found an integer"),
        (b64u(b"abc"), lambda f: f.bytes("x", 4), "expected 4 bytes"),
        (b64u(b"abcd"), lambda f: f.bytes("x", max=2), "at most 2 bytes, found more"),
        (b64u(b"abcdef"), lambda f: f.bytes("x", 4), "exactly 4 bytes, found more"),
        ("Zh", lambda f: f.bytes("x"), "expected canonical unpadded base64url"),
        (5, lambda f: f.bytes("x"), "expected bytes in base64url, found an integer"),
        (b64u(DIGEST[1:]), lambda f: f.digest("x"), "expected 32 bytes"),
        ("ab", lambda f: f.list("x"), "expected a list, found a string of 2"),
        ([1, 2], lambda f: f.list("x", 1), "expected at most 1 elements, found 2"),
        (["a", 1], lambda f: f.str_list("x", 9), "x[1]: expected a string, found an"),
        (
            ["b", "a"],
            lambda f: f.str_list("x", 9, sorted_unique=True),
            "x[1]: expected strings in order, each once",
        ),
        (
            ["a", "a"],
            lambda f: f.str_list("x", 9, sorted_unique=True),
            "x[1]: expected strings in order, each once",
        ),
        ([], lambda f: f.obj("x"), "x: expected an object, found a list of 0"),
        ([1], lambda f: f.objs("x"), "x[0]: expected an object, found an integer"),
        (2, lambda f: f.constant("x", 1), "expected 1, found another value"),
        (True, lambda f: f.constant("x", 1), "expected 1, found another value"),
        ("y", lambda f: f.int("z"), "z: expected the field, found none"),
        (1, lambda f: f.nullable("z", f.int), "z: expected the field, found none"),
        ("a", lambda f: f.nullable("x", f.int), "expected an integer, found a string"),
        (1, lambda f: f.end(), "expected no further field, found 'x'"),
    ],
)
def test_a_wrong_field_is_named(
    value: Any, read: Callable[[Fields], Any], message: str
) -> None:
    """The refusal says object, field, expected and found."""
    with pytest.raises(EncodingError) as refusal:
        read(one(value))
    assert refusal.value.message.startswith("grant.request")
    assert message in refusal.value.message


@pytest.mark.parametrize("value", [-1, 11])
def test_an_integer_outside_its_interval_is_out_of_range(value: int) -> None:
    """Both ends of the interval belong to it; the error carries the field."""
    assert one(0).int("x", 0, 10) == 0
    assert one(10).int("x", 0, 10) == 10
    with pytest.raises(OutOfRange) as refusal:
        one(value).int("x", 0, 10)
    assert refusal.value.detail == {"field": "grant.request.x"}


def test_a_field_is_read_once() -> None:
    """Reading a field twice is a mistake in the reader, and shows."""
    fields = one(1)
    assert fields.int("x") == 1
    with pytest.raises(EncodingError):
        fields.int("x")


@pytest.mark.parametrize("obj", [None, [], "a", 1])
def test_only_an_object_has_fields(obj: Any) -> None:
    """Any other value is refused under the name of the place."""
    with pytest.raises(EncodingError, match="receipt: expected an object, found"):
        Fields(obj, where="receipt")


def test_messages_do_not_show_values() -> None:
    """A field may hold a secret; only its name and length are told."""
    for read in (
        lambda f: f.int("x"),
        lambda f: f.bytes("x"),
        lambda f: f.str("x", max=3),
        lambda f: f.str("x", pattern="[0-9]"),
        lambda f: f.constant("x", "a"),
    ):
        with pytest.raises(EncodingError) as refusal:
            read(one("hunter2"))
        assert "hunter" not in str(refusal.value)
