"""Event logs: replayed to the register's value, and to no other."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.jobs.attestation.event_log import (
    MAX_DESCRIPTION,
    MAX_EVENTS,
    Event,
    check_log,
    extend,
    read_log,
    replay,
    write_log,
)

ROOT = Path(__file__).parents[3]
ZERO = bytes(32)


def events(count: int, size: int = 32, register: str = "pcr.14") -> list[Event]:
    return [Event(register, bytes((n,)) * size, f"event {n}") for n in range(count)]


def rule(data: bytes, algorithm: str = "sha256") -> str:
    with pytest.raises(EvidenceInvalid) as refused:
        read_log(data, algorithm)  # type: ignore[arg-type]
    return str(refused.value.detail["rule"])


def test_extend_is_the_tpm_s() -> None:
    """H(old || digest), for both sizes of register."""
    assert extend("sha256", ZERO, ZERO) == hashlib.sha256(bytes(64)).digest()
    assert extend("sha384", bytes(48), bytes(48)) == hashlib.sha384(bytes(96)).digest()


def test_replay_of_nothing_is_the_start() -> None:
    """No event, no change."""
    assert replay("sha384", bytes(48), []) == bytes(48)


def test_a_log_is_written_in_one_way() -> None:
    """Canonical JSON, digests in lower-case hex."""
    expected = (
        b'[{"description":"event 0","digest":"' + b"0" * 64 + b'","register":"pcr.14"}]'
    )
    assert write_log(events(1)) == expected
    assert read_log(expected, "sha256") == tuple(events(1))
    assert read_log(b"[]", "sha384") == ()


def test_the_page_s_example() -> None:
    """docs/protocols/tpm.md shows a log as it is written."""
    page = (ROOT / "docs/protocols/tpm.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("\n```")[0].encode()
    digest = hashlib.sha256(b"module").digest()
    assert example == write_log([Event("pcr.14", digest, "module")])


@given(st.lists(st.binary(min_size=48, max_size=48), max_size=6))
def test_reading_is_the_inverse(digests: list[bytes]) -> None:
    """What was written is read, for RTMRs too."""
    log = [Event("rtmr.3", digest, "") for digest in digests]
    assert read_log(write_log(log), "sha384") == tuple(log)


def test_every_order_but_one_fails() -> None:
    """Four events, 24 orders, and each left out once."""
    log = events(4)
    quoted = {"pcr.14": replay("sha256", ZERO, log)}
    kept = [
        order
        for length in (3, 4)
        for order in itertools.permutations(log, length)
        if _holds(order, quoted)
    ]
    assert kept == [tuple(log)]


def _holds(log: tuple[Event, ...], quoted: dict[str, bytes]) -> bool:
    try:
        check_log("sha256", log, quoted)
    except EvidenceInvalid as refused:
        assert refused.detail["rule"] == "event_log.replay"
        return False
    return True


def test_registers_do_not_mix() -> None:
    """Each register has its own order; together the log keeps one."""
    log = [*events(2, register="pcr.8"), *events(3)]
    log = [log[2], log[0], log[3], log[1], log[4]]
    quoted = {
        "pcr.8": replay("sha256", ZERO, [log[1], log[3]]),
        "pcr.14": replay("sha256", ZERO, [log[0], log[2], log[4]]),
    }
    found = check_log("sha256", log, quoted)
    assert [name for name, _, _ in found] == [e.register for e in log]


def test_a_register_without_events_is_zero() -> None:
    """Else its only event was dropped."""
    assert check_log("sha256", [], {"pcr.14": ZERO}) == ()
    with pytest.raises(EvidenceInvalid) as refused:
        check_log("sha256", [], {"pcr.14": replay("sha256", ZERO, events(1))})
    assert refused.value.detail == {"rule": "event_log.replay", "register": "pcr.14"}


def test_only_owed_registers_have_events() -> None:
    """An event elsewhere would be believed by nobody's signature."""
    with pytest.raises(EvidenceInvalid) as refused:
        check_log("sha256", events(1, register="pcr.23"), {"pcr.14": ZERO})
    assert refused.value.detail["rule"] == "event_log.register"


ONE = write_log(events(1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b"[{}]",
        ONE + b" ",
        ONE.replace(b"pcr.14", b"pcr.014"),
        ONE.replace(b"pcr.14", b"rtmr.4"),
        ONE.replace(b"pcr.14", b"anything"),
        ONE.replace(b"event 0", b"event\\u0000"),
        ONE.replace(b"event 0", b"x" * (MAX_DESCRIPTION + 1)),
        ONE.replace(b'"register"', b'"registers"'),
        ONE.replace(b"0" * 64, b"0" * 63),
        ONE.replace(b"0" * 64, b"A" * 64),
        b"[" * 100,
    ],
)
def test_other_forms_are_refused(data: bytes) -> None:
    """Each with the rule of malformed logs."""
    assert rule(data) == "event_log.encoding"


def test_digests_have_the_register_s_size() -> None:
    """A TPM's log is not a TDX guest's."""
    assert rule(ONE, "sha384") == "event_log.encoding"


def test_a_log_has_a_longest_form() -> None:
    """Checked before its events are."""
    data = write_log(events(1) * (MAX_EVENTS + 1))
    assert rule(data) == "event_log.length"


@pytest.mark.parametrize(
    ("register", "digest", "description"),
    [("pcr.100", ZERO, ""), ("pcr.14", bytes(20), ""), ("pcr.14", ZERO, "é")],
)
def test_events_have_one_form(register: str, digest: bytes, description: str) -> None:
    """An event that no log takes cannot be made."""
    with pytest.raises(EncodingError):
        Event(register, digest, description)
