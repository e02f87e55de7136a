"""A policy document: strict, canonical, named by its digest."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from appraisal_kit import KINDS, document, policy
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.attestation.policy import MAX_POLICY, AppraisalPolicy
from privshare.jobs.attestation.rules import RULES
from privshare.wire.canonical import encode

ALL = (*KINDS, "nvidia-gpu")


def whole() -> dict[str, Any]:
    """A policy with an entry for every kind."""
    made = document(*KINDS)
    made["runner"]["nvidia-gpu"] = {"driver_version": ["535.86"], "vbios_version": None}
    return made


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every field of a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*at, name)
            yield from paths(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*at, index))


def reach(value: Any, path: tuple[Any, ...]) -> Any:
    """What stands at the end of a way."""
    for step in path:
        value = value[step]
    return value


PATHS = list(paths(whole()))
#: What may be left out without leaving a question open: a kind, a product, a
#: register that nobody must list.
OPTIONAL = {("runner", kind) for kind in ALL} | {
    ("runner", kind, "tcb_min", product)
    for kind in ("sev-snp", "azure-snp-vtpm")
    for product in ("Milan", "Genoa")
}
OPTIONAL |= {
    ("runner", "azure-snp-vtpm", "pcr", "7"),
    ("runner", "tpm2", "pcr", "7"),
    ("runner", "tdx-dcap", "rtmr", "3"),
}


def test_a_policy_reads_back_what_it_writes() -> None:
    """Canonical bytes, there and back, and one digest."""
    made = AppraisalPolicy.from_json(whole())
    assert AppraisalPolicy.from_bytes(made.to_bytes()) == made
    assert made.to_json() == whole()
    assert len(made.digest()) == 32
    assert set(made.runner) == set(RULES)


def test_each_change_is_another_policy() -> None:
    """The digest covers every field."""
    other = whole()
    other["version"] = 8
    assert (
        AppraisalPolicy.from_json(other).digest()
        != AppraisalPolicy.from_json(whole()).digest()
    )


@pytest.mark.parametrize("path", PATHS, ids=lambda p: ".".join(map(str, p)))
def test_every_field_is_needed(path: tuple[Any, ...]) -> None:
    """Left out, it is an error that names the field."""
    made = whole()
    del reach(made, path[:-1])[path[-1]]
    if path in OPTIONAL:
        AppraisalPolicy.from_json(made)
        return
    with pytest.raises(EncodingError) as caught:
        AppraisalPolicy.from_json(made)
    assert str(path[-1]) in caught.value.message


@pytest.mark.parametrize("path", [(), *PATHS], ids=lambda p: ".".join(map(str, p)))
def test_an_unknown_field_is_an_error_wherever_it_stands(path: tuple[Any, ...]) -> None:
    """The message says where."""
    made = whole()
    target = reach(made, path)
    if not isinstance(target, dict):
        return
    target["debugg"] = "allow"
    with pytest.raises(EncodingError) as caught:
        AppraisalPolicy.from_json(made)
    assert "debugg" in caught.value.message


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.text(max_size=8),
    st.lists(st.one_of(st.integers(), st.text(max_size=4)), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


@given(st.sampled_from(PATHS), ODD)
def test_any_other_value_is_read_strictly_or_refused(
    path: tuple[Any, ...], value: Any
) -> None:
    """Never another exception; and what was read is what was written."""
    made = whole()
    reach(made, path[:-1])[path[-1]] = value
    try:
        read = AppraisalPolicy.from_json(made)
    except PrivShareError:
        return
    assert read.to_json() == made


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    """Bytes that are no policy are an error of ours."""
    with pytest.raises(PrivShareError):
        AppraisalPolicy.from_bytes(data)


CASES: list[tuple[tuple[Any, ...], Any, type[PrivShareError]]] = [
    (("v",), 2, EncodingError),
    (("type",), "privshare.policy", EncodingError),
    (("debug",), "allow", EncodingError),
    (("id",), "Health", EncodingError),
    (("version",), 0, OutOfRange),
    (("not_after",), 5, EncodingError),
    (("accept_classes",), ["hardware"], EncodingError),
    (("accept_classes",), ["software", "hardware-tee"], EncodingError),
    (("accept_classes",), ["software", "software"], EncodingError),
    (("max_evidence_age_s",), 0, OutOfRange),
    (("max_evidence_age_s",), 2**40, OutOfRange),
    (("max_log_delay_s",), 0, OutOfRange),
    (("code", 0, "digest"), "A" * 42, EncodingError),
    (("code", 0, "provenance"), "a\nb", EncodingError),
    (("instances", "allow"), ["07"], EncodingError),
    (("instances", "deny"), None, EncodingError),
    (("instances", "deny"), ["0A" * 32], EncodingError),
    (("transparency", "witnesses"), 65, OutOfRange),
    (("transparency", "code_must_be_listed"), 1, EncodingError),
    (("runner", "sev-snp", "measurement"), ["00" * 47], EncodingError),
    (("runner", "sev-snp", "measurement"), None, EncodingError),
    (("runner", "sev-snp", "vmpl_max"), 4, OutOfRange),
    (("runner", "sev-snp", "signer"), ["VSEK"], EncodingError),
    (("runner", "sev-snp", "smt"), "off", EncodingError),
    (("runner", "sev-snp", "crl"), "ignore", EncodingError),
    (("runner", "sev-snp", "tcb_min", "Milan", "snp"), 256, OutOfRange),
    (("runner", "sev-snp", "tcb_min", "Rome"), {}, EncodingError),
    (("runner", "sev-snp", "tcb_fields"), ["reportd"], EncodingError),
    (("runner", "tdx-dcap", "mr_td"), None, EncodingError),
    (("runner", "tdx-dcap", "rtmr", "4"), [], EncodingError),
    (("runner", "tdx-dcap", "tcb_status"), None, EncodingError),
    (("runner", "tdx-dcap", "min_tcb_eval"), -1, OutOfRange),
    (("runner", "sgx-dcap", "mr_signer"), None, EncodingError),
    (("runner", "sgx-dcap", "isv_prod_id"), [2, 1], EncodingError),
    (("runner", "tpm2", "event_log_pcr"), 16, OutOfRange),
    (("runner", "tpm2", "event_log_pcr"), 7, OutOfRange),
    (("runner", "tpm2", "pcr", "24"), [], EncodingError),
    (("runner", "aws-nitro", "pcr", "01"), [], EncodingError),
    (("runner", "tpm"), {}, EncodingError),
]


@pytest.mark.parametrize(("path", "value", "error"), CASES, ids=lambda x: str(x)[:50])
def test_bounds_and_forms(
    path: tuple[Any, ...], value: Any, error: type[PrivShareError]
) -> None:
    """Each field has a form; what does not fit is refused under its name."""
    made = whole()
    reach(made, path[:-1])[path[-1]] = value
    with pytest.raises(error) as caught:
        AppraisalPolicy.from_json(made)
    assert "policy" in caught.value.message


def test_lists_are_bounded() -> None:
    """A document cannot grow without end."""
    made = whole()
    made["instances"]["deny"] = [f"{n:064x}" for n in range(4097)]
    with pytest.raises(EncodingError):
        AppraisalPolicy.from_json(made)
    with pytest.raises(EncodingError):
        AppraisalPolicy.from_bytes(b" " * (MAX_POLICY + 1))


def test_code_stands_in_order_and_once() -> None:
    """Two lists that mean the same have one spelling."""
    made = whole()
    made["code"] *= 2
    with pytest.raises(EncodingError):
        AppraisalPolicy.from_json(made)


def test_an_empty_runner_is_a_policy_that_accepts_nothing() -> None:
    """It can be written, and says no to every kind."""
    made = document()
    assert AppraisalPolicy.from_json(made).runner == {}


def test_a_policy_cannot_be_changed_after_it_was_read() -> None:
    """What was read is frozen; the document that it came from may go on."""
    source = document("sev-snp")
    made = AppraisalPolicy.from_json(source)
    digest = made.digest()
    source["runner"]["sev-snp"]["measurement"].append("00" * 48)
    assert made.digest() == digest == policy("sev-snp").digest()
    with pytest.raises(TypeError):
        made.runner["sev-snp"]["measurement"] = ()  # type: ignore[index]


def test_bytes_must_be_canonical() -> None:
    """The digest names one spelling; another is refused."""
    data = encode(document("sev-snp"))
    assert AppraisalPolicy.from_bytes(data).to_bytes() == data
    with pytest.raises(EncodingError):
        AppraisalPolicy.from_bytes(data.replace(b'"v":1', b'"v": 1'))
    assert deepcopy(data) == data
