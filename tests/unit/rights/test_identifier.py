"""Identifiers: one spelling each."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError
from privshare.rights import identifier
from privshare.rights.identifier import Form
from privshare.wire.canonical import b64u

GOOD = [
    (identifier.AGENCY, "ab"),
    (identifier.AGENCY, "a" + "-" * 30),
    (identifier.DATASET, "taxes/0"),
    (identifier.DATASET, "taxes/" + "r" * 63),
    (identifier.COLUMN, "a"),
    (identifier.COLUMN, "a" + "_" * 62),
    (identifier.PURPOSE, "dpv:publicbenefit"),
    (identifier.PROGRAM, "he.sum/v2"),
    (identifier.PROGRAM, "psi/v9999"),
    (identifier.PROGRAM, "code.run/v1"),
    (identifier.PROGRAM, "code.run/v1:" + "A" * 43),
    (identifier.NETWORK, "a.b"),
    (identifier.OBLIGATION, "delete-after-use"),
    (identifier.RULE, "housing-totals"),
    (identifier.ID, b64u(bytes(32))),
    (identifier.ID, b64u(b"\xff" * 32)),
]

BAD = [
    (identifier.AGENCY, ""),
    (identifier.AGENCY, "a"),
    (identifier.AGENCY, "a" * 32),
    (identifier.AGENCY, "Taxes"),
    (identifier.AGENCY, "taxes\n"),
    (identifier.AGENCY, "tаxes"),  # a Cyrillic letter
    (identifier.DATASET, "taxes"),
    (identifier.DATASET, "taxes/"),
    (identifier.DATASET, "taxes/a/b"),
    (identifier.DATASET, "taxes/" + "r" * 64),
    (identifier.COLUMN, "1a"),
    (identifier.COLUMN, "a-b"),
    (identifier.PURPOSE, "*"),
    (identifier.PROGRAM, "he.sum"),
    (identifier.PROGRAM, "he.sum/v2:" + "A" * 43),
    (identifier.PROGRAM, "code.run/v1:"),
    (identifier.PROGRAM, "code.run/v1:" + "A" * 42),
    (identifier.PROGRAM, "code.run/v1:" + "A" * 42 + "B"),
    (identifier.PROGRAM, "code.run/v2:" + "A" * 43),
    (identifier.PROGRAM, "he.sum/v0"),
    (identifier.PROGRAM, "he.sum/v01"),
    (identifier.PROGRAM, "he.sum/v20000"),
    (identifier.NETWORK, "ab"),
    (identifier.ID, b64u(bytes(32)) + "A"),
    (identifier.ID, b64u(bytes(32))[:-1] + "B"),  # stray bits
]


@pytest.mark.parametrize(("form", "text"), GOOD)
def test_what_has_the_form_passes(form: Form, text: str) -> None:
    """A well-formed identifier comes back as it is."""
    assert text == form.check(text, "here")


@pytest.mark.parametrize(("form", "text"), BAD)
def test_what_has_not_the_form_is_refused(form: Form, text: str) -> None:
    """Anything else is refused, and the message names the place."""
    with pytest.raises(EncodingError, match=r"^here: expected an? .* such as"):
        form.check(text, "here")


def test_every_example_has_its_form() -> None:
    """The example in a message would itself pass."""
    forms = [value for value in vars(identifier).values() if isinstance(value, Form)]
    assert len(forms) == 11
    for form in forms:
        form.check(form.example, "example")


def test_foreign_text_is_shown_in_ascii_and_short() -> None:
    """A message quotes at most 40 characters, none of them foreign."""
    assert identifier.shown("t\u0430xes") == '"t\\u0430xes"'
    assert identifier.shown("x" * 1000) == '"' + "x" * 40 + '..."'


def test_submitted_code_is_named_by_its_tree() -> None:
    """It is no measured program, and its class names no bytes."""
    name = identifier.submitted(bytes(32))
    assert identifier.submission_of(name) == b64u(bytes(32))
    assert identifier.code_of(name) is None and not identifier.is_joint(name)
    for other in ("code.run/v1", "he.sum/v2", identifier.measured(bytes(32))):
        assert identifier.submission_of(other) is None
    with pytest.raises(EncodingError):
        identifier.submitted(bytes(31))


def test_operations_are_a_closed_list_in_order() -> None:
    """An operation outside the list is refused; the list names what leaves."""
    names = ["count", "link", "match", "mean", "read", "run", "sum"]
    assert list(identifier.OPERATIONS) == names
    assert identifier.check_operation("sum", "here") == "sum"
    with pytest.raises(EncodingError, match=f"expected one of {', '.join(names)}"):
        identifier.check_operation("median", "here")


def test_the_owner_stands_before_the_slash() -> None:
    """A dataset's name begins with its owner."""
    assert identifier.owner_of("taxes/returns-2025") == "taxes"
