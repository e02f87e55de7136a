"""The specification of a measured job, and what owners sign in it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.spec import Input, Spec
from privshare.jobs.tee_spec import BOUNDS, PROGRAM, Limits, TeeInput, TeeSpec
from privshare.jobs.tee_statement import (
    Release,
    output_commitment,
    result_document,
    table_commitment,
)
from privshare.ledger.parties import Parties
from privshare.rights import identifier
from privshare.wire.canonical import b64u, encode

CODE = hashlib.sha256(b"closure").digest()
GRANT = "A" * 43


def spec(**changes: Any) -> TeeSpec:
    """A well-formed one."""
    fields: dict[str, Any] = {
        "module": "describe",
        "code": CODE,
        "parameters": {"column": "income", "group_by": ["district"]},
        "inputs": (
            TeeInput("taxes/returns", GRANT, 2, ("income",), ("district",)),
            TeeInput("labour/pay", GRANT, 1, ("pay", "sector")),
        ),
        "k": 20,
        "purpose": "housing-policy",
        "coordinator": "housing",
        "runner": "registrar",
        "limits": Limits(fuel=1_000, memory=1 << 20, output=1_000),
        "nonce": bytes(16),
    }
    return TeeSpec(**(fields | changes))


def release(**changes: Any) -> Release:
    """A well-formed one."""
    fields: dict[str, Any] = {
        "job": GRANT,
        "dataset": "taxes/returns",
        "version": 2,
        "columns": ("district", "income"),
        "rows": 100,
        "commitment": bytes(32),
        "admission": bytes(31) + b"\1",
    }
    return Release(**(fields | changes))


def test_what_is_written_is_read() -> None:
    """One value, one document, one digest."""
    made = spec()
    again = TeeSpec.from_json(made.to_json())
    assert again == made
    assert again.digest() == made.digest() != spec(k=21).digest()
    assert again.to_json()["method"] == "tee"
    assert again.program == identifier.measured(CODE) == f"{PROGRAM}:{b64u(CODE)}"
    assert identifier.code_of(again.program) == b64u(CODE)


def test_parties_follow_from_it() -> None:
    """The runner computes; the coordinator and the owners must be convinced."""
    made = spec()
    assert made.owners == ("taxes", "labour")
    assert made.relying == ("housing", "labour", "taxes")
    assert made.parties == Parties(compute="registrar") and made.parties.attested
    assert made.parties.opened_by == ("registrar",)
    assert made.inputs[0].all_columns == ("district", "income")
    assert made.input("labour/pay") == made.inputs[1]
    assert made.input("labour/none") is None


@pytest.mark.parametrize(
    "change",
    [
        {"module": "Describe"},
        {"code": bytes(31)},
        {"parameters": []},
        {"parameters": {"x": 0.5}},
        {"parameters": {"x": "y" * 16_384}},
        {"inputs": ()},
        {"inputs": (TeeInput("taxes/returns", GRANT, 2, ("income",)),) * 2},
        {"inputs": tuple(TeeInput(f"t{i}/x", GRANT, 1, ("a",)) for i in range(9))},
        {"k": 0},
        {"k": True},
        {"purpose": "Housing"},
        {"coordinator": "Housing"},
        {"runner": "R"},
        {"nonce": bytes(15)},
    ],
)
def test_another_form_is_refused(change: dict[str, Any]) -> None:
    """No such specification exists."""
    with pytest.raises((EncodingError, OutOfRange)):
        spec(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "returns"},
        {"grant": "A"},
        {"version": 0},
        {"version": True},
        {"columns": ()},
        {"columns": ("b", "a")},
        {"columns": ("A",)},
        {"group_by": ("a", "a")},
    ],
)
def test_an_input_of_another_form_is_refused(change: dict[str, Any]) -> None:
    """Nor does such an input."""
    with pytest.raises((EncodingError, OutOfRange)):
        replace(spec().inputs[0], **change)


@pytest.mark.parametrize("name", list(BOUNDS))
def test_limits_have_bounds(name: str) -> None:
    """Both ends are included, what lies beyond is not."""
    low, high = BOUNDS[name]
    for value in (low, high):
        Limits(**{name: value})
    for value in (low - 1, high + 1, True):
        with pytest.raises(OutOfRange):
            Limits(**{name: value})


@pytest.mark.parametrize("name", sorted(spec().to_json()))
def test_every_field_is_there_once_and_counts(name: str) -> None:
    """A field too few, one of another type, one too many: another document."""
    document = spec().to_json()
    without = {key: value for key, value in document.items() if key != name}
    for changed in (without, document | {name: None}, document | {"more": 1}):
        with pytest.raises(PrivShareError):
            TeeSpec.from_json(changed)


def test_the_two_methods_do_not_mix() -> None:
    """An encrypted sum has somebody who opens; a measured job has nobody."""
    with pytest.raises(EncodingError, match="neither"):
        Spec(
            operation="sum",
            column="income",
            group_by=None,
            inputs=(Input("taxes/returns", GRANT, 1),),
            k=1,
            purpose="x",
            coordinator="housing",
            compute="registrar",
            nonce=bytes(16),
        )
    with pytest.raises(EncodingError):
        Spec.from_json(spec().to_json())


def test_a_measured_program_has_one_name() -> None:
    """What is not a digest names no program."""
    assert identifier.code_of("he.sum/v2") is None
    assert identifier.code_of(PROGRAM) is None
    for text in (f"{PROGRAM}:", f"{PROGRAM}:{'A' * 42}", f"he.sum/v2:{'A' * 43}"):
        with pytest.raises(EncodingError):
            identifier.PROGRAM.check(text, "here")
    with pytest.raises(EncodingError):
        identifier.measured(bytes(33))


def test_a_release_is_one_byte_string() -> None:
    """What is signed is read back, and nothing else is."""
    made = release()
    assert Release.from_bytes(made.to_bytes()) == made and made.owner == "taxes"
    good = {
        "admission": b64u(bytes(32)),
        "columns": ["a"],
        "commitment": b64u(bytes(32)),
        "dataset": "taxes/returns",
        "job": GRANT,
        "rows": 0,
        "v": 1,
        "version": 1,
    }
    Release.from_bytes(encode(good))
    for change in (
        {"columns": ["b", "a"]},
        {"rows": -1},
        {"version": 0},
        {"job": "x"},
        {"dataset": "x"},
        {"commitment": "x"},
        {"v": 2},
        {"more": 1},
    ):
        with pytest.raises(PrivShareError):
            Release.from_bytes(encode(good | change))


def test_commitments_hide_and_differ() -> None:
    """A table's needs its salt; salt and table cannot be shifted."""
    first = table_commitment(bytes(32), b"a table")
    assert first != table_commitment(bytes(31) + b"\1", b"a table")
    assert first != table_commitment(bytes(32), b"a tablf")
    assert first != output_commitment(b"a table")
    with pytest.raises(EncodingError):
        table_commitment(bytes(31), b"\0a table")
    assert result_document(GRANT, b"\xff") == {"job": GRANT, "output": "_w", "v": 1}
