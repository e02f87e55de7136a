"""What evidence is bound to: every field counts, and nothing can be mixed up."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.attestation.binding import Admission, Conclusion, nonce_commitment
from privshare.log.checkpoint import Checkpoint
from privshare.wire import domain
from privshare.wire.canonical import encode


def filled(n: int) -> bytes:
    """32 bytes of one value."""
    return bytes((n,)) * 32


ADMISSION = Admission(
    network="demo.privshare",
    job="-" + "A" * 42,
    nonces=(("housing", filled(1)), ("tax", filled(2)), ("title", filled(3))),
    spec=filled(4),
    code=filled(5),
    runner=bytes(48),
    policies=(("tax", filled(6)), ("title", filled(7))),
    hpke_public_key=filled(8),
    checkpoint=Checkpoint("demo.privshare/log", 99, filled(9)),
)
CONCLUSION = Conclusion(
    admission=ADMISSION.digest(),
    inputs=(("tax/returns-2025", filled(1)), ("title/owners", filled(2))),
    output=filled(3),
    exit=0,
    fuel=123_456,
    charge=0,
)
OTHERS: list[dict[str, Any]] = [
    {"network": "other.privshare"},
    {"job": "B" * 43},
    {"nonces": ADMISSION.nonces[:2]},
    {"nonces": (*ADMISSION.nonces[:2], ("title", filled(4)))},
    {"nonces": (*ADMISSION.nonces[:2], ("titles", filled(3)))},
    {"spec": filled(0)},
    {"code": filled(0)},
    {"runner": bytes(47)},
    {"policies": ADMISSION.policies[:1]},
    {"policies": (("tax", filled(7)), ("title", filled(6)))},
    {"hpke_public_key": filled(0)},
    {"checkpoint": Checkpoint("demo.privshare/log", 100, filled(9))},
    {"checkpoint": Checkpoint("demo.privshare/lo", 99, filled(9))},
    {"checkpoint": Checkpoint("demo.privshare/log", 99, filled(0))},
]
OTHER_ENDS: list[dict[str, Any]] = [
    {"admission": filled(0)},
    {"inputs": CONCLUSION.inputs[:1]},
    {"inputs": (("tax/returns-2025", filled(2)), ("title/owners", filled(1)))},
    {"output": filled(0)},
    {"exit": 1},
    {"fuel": 123_457},
    {"charge": 1},
]


@pytest.mark.parametrize("changed", OTHERS, ids=lambda x: str(x)[:40])
def test_each_field_of_an_admission_is_bound(changed: dict[str, Any]) -> None:
    """Another nonce, party, key, policy or checkpoint is other report data."""
    other = replace(ADMISSION, **changed)
    assert other.digest() != ADMISSION.digest()
    for kind in ("sev-snp", "tpm2"):
        assert other.report_data(kind) != ADMISSION.report_data(kind)


@pytest.mark.parametrize("changed", OTHER_ENDS, ids=lambda x: str(x)[:40])
def test_each_field_of_a_conclusion_is_bound(changed: dict[str, Any]) -> None:
    """Another input, output, charge or admission is other report data."""
    other = replace(CONCLUSION, **changed)
    for kind in ("tdx-dcap", "azure-snp-vtpm"):
        assert other.report_data(kind) != CONCLUSION.report_data(kind)


@pytest.mark.parametrize("made", [ADMISSION, CONCLUSION])
def test_documents_read_back(made: Admission | Conclusion) -> None:
    """There and back through JSON."""
    assert type(made).from_json(made.to_json()) == made


def test_report_data_as_the_page_says() -> None:
    """SHA-512 of tag and document, each with its length; SHA-256 of the same."""
    for made, tag in ((ADMISSION, domain.ADMISSION), (CONCLUSION, domain.CONCLUSION)):
        data = encode(made.to_json())
        laid = bytes((len(tag),)) + tag + len(data).to_bytes(8, "big") + data
        for kind in ("sev-snp", "tdx-dcap", "sgx-dcap", "aws-nitro", "simulated"):
            assert made.report_data(kind) == hashlib.sha512(laid).digest()
        for kind in ("tpm2", "azure-snp-vtpm", "nvidia-gpu"):
            assert made.report_data(kind) == hashlib.sha256(laid).digest()


def test_the_two_phases_never_meet() -> None:
    """The tag keeps an admission's report data from being a conclusion's."""
    assert domain.ADMISSION != domain.CONCLUSION
    assert ADMISSION.report_data("sev-snp") != CONCLUSION.report_data("sev-snp")


BAD: list[tuple[dict[str, Any], type[PrivShareError]]] = [
    ({"nonces": ()}, OutOfRange),
    ({"nonces": tuple((f"a{n:03}", filled(1)) for n in range(65))}, OutOfRange),
    ({"nonces": (("tax", filled(1)), ("housing", filled(1)))}, EncodingError),
    ({"nonces": (("tax", filled(1)), ("tax", filled(2)))}, EncodingError),
    ({"nonces": (("tax", bytes(31)),)}, EncodingError),
    ({"nonces": (("Tax", filled(1)),)}, EncodingError),
    ({"policies": ()}, OutOfRange),
    ({"spec": bytes(31)}, EncodingError),
    ({"code": b""}, EncodingError),
    ({"hpke_public_key": bytes(33)}, EncodingError),
    ({"hpke_public_key": bytes(1215)}, EncodingError),
    ({"runner": b""}, EncodingError),
    ({"runner": bytes(65)}, EncodingError),
    ({"network": ""}, EncodingError),
    ({"job": "a b"}, EncodingError),
    ({"checkpoint": Checkpoint("a/b", 1, filled(1), ("x",))}, EncodingError),
    ({"checkpoint": Checkpoint("a/b", 2**60, filled(1))}, EncodingError),
]


@pytest.mark.parametrize(("changed", "error"), BAD, ids=lambda x: str(x)[:40])
def test_an_admission_has_bounds(
    changed: dict[str, Any], error: type[PrivShareError]
) -> None:
    """What no admission can hold cannot be made."""
    with pytest.raises(error):
        replace(ADMISSION, **changed)


def test_a_conclusion_has_bounds() -> None:
    """Numbers, lengths, inputs."""
    for name in ("exit", "fuel", "charge"):
        for value in (-1, 2**53):
            with pytest.raises(OutOfRange):
                replace(CONCLUSION, **{name: value})
    with pytest.raises(OutOfRange):
        replace(CONCLUSION, inputs=())
    with pytest.raises(EncodingError):
        replace(CONCLUSION, output=b"")


@given(st.data())
def test_another_form_is_refused(data: st.DataObject) -> None:
    """A field gone, added or of another type is an error of ours."""
    made = data.draw(st.sampled_from((ADMISSION, CONCLUSION)))
    laid: Any = deepcopy(made.to_json())
    name = data.draw(st.sampled_from(sorted(laid)))
    value = data.draw(
        st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just({"a": 1}))
    )
    if data.draw(st.booleans()):
        del laid[name]
    else:
        laid[name] = value
    try:
        read = type(made).from_json(laid)
    except PrivShareError:
        return
    assert read.to_json() == laid


def test_nonces_are_committed_to_for_one_job_and_party() -> None:
    """The same nonce elsewhere has another commitment."""
    made = nonce_commitment("job-1", "tax", filled(1))
    assert made != nonce_commitment("job-2", "tax", filled(1))
    assert made != nonce_commitment("job-1", "title", filled(1))
    assert made != nonce_commitment("job-1", "tax", filled(2))
    assert nonce_commitment("ab", "c", filled(1)) != nonce_commitment(
        "a", "bc", filled(1)
    )
    with pytest.raises(OutOfRange):
        nonce_commitment("job-1", "tax", bytes(31))


def test_who_takes_part_can_be_asked() -> None:
    """Nonces and policies by party."""
    assert ADMISSION.nonce("tax") == filled(2)
    assert ADMISSION.nonce("police") is None
    assert ADMISSION.policy("title") == filled(7)
    assert ADMISSION.policy("housing") is None
