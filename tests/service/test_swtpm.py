"""A live TPM, from its manufacture to the offline verdict.

swtpm answers here, through the code that would talk to a TPM of hardware. It
refuses what a TPM refuses; what none would sign is in
tests/unit/jobs/test_tpm_verifier.py.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import swtpm_kit
from swtpm_kit import Bench

from privshare.errors import EvidenceInvalid, Unavailable
from privshare.jobs.attestation.collect import tpm_device
from privshare.jobs.attestation.collect.endorsement_template import TEMPLATES
from privshare.jobs.attestation.collect.tpm_device import TpmCollector, enrol
from privshare.jobs.attestation.credential import Challenge
from privshare.jobs.attestation.enrolment import challenge
from privshare.jobs.attestation.event_log import Event, write_log
from privshare.jobs.attestation.evidence import Endorsements, Evidence, RootSet
from privshare.jobs.attestation.tpm import verify
from privshare.jobs.attestation.tpm_structure import parse_attest, parse_public
from privshare.schemes.keys import SigningKey

pytestmark = pytest.mark.server

STEP = 1 if os.environ.get("PRIVSHARE_LONG") == "1" else 7
REPORT = hashlib.sha256(b"a binding").digest()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from swtpm_kit.running_tpm(tmp_path_factory.mktemp("tpm") / "tpm")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from swtpm_kit.running_tpm(tmp_path_factory.mktemp("second") / "tpm")


@pytest.fixture(scope="module")
def journal() -> list[Event]:
    """What was measured into the module's TPM: it cannot be taken back."""
    return []


@pytest.fixture
def collector(bench: Bench, journal: list[Event]) -> Iterator[TpmCollector]:
    with TpmCollector(bench.tpm.tcti, log=journal) as connected:
        yield connected
        journal[:] = connected.events


@pytest.fixture
def endorsements(bench: Bench, collector: TpmCollector) -> Endorsements:
    return enrol(collector, bench.enroller, bench.tpm.chain, bench.roots, now())


def now() -> int:
    return int(time.time())


def with_parts(evidence: Evidence, **parts: bytes) -> Evidence:
    return Evidence(evidence.kind, {**evidence.parts, **parts})


def refusal(call: Any) -> str:
    with pytest.raises((EvidenceInvalid, Unavailable)) as refused:
        call()
    return str(refused.value.detail["rule"])


def test_the_whole_way(bench: Bench, journal: list[Event]) -> None:
    """Manufacture, enrolment, measurement, quote, verification: one verdict."""
    began = time.perf_counter()
    with TpmCollector(bench.tpm.tcti, log=journal) as collector:
        endorsements = enrol(
            collector, bench.enroller, bench.tpm.chain, bench.roots, now()
        )
        module = hashlib.sha256(b"module").digest()
        collector.measure(module, "module")
        quoted = time.perf_counter()
        evidence = collector.collect(REPORT)
        quote_s = time.perf_counter() - quoted
        journal[:] = collector.events
    claims = verify(evidence, endorsements, bench.roots, now())
    whole_s = bench.seconds + time.perf_counter() - began
    print(f"swtpm: {whole_s:.2f} s the whole way, a quote in {1e3 * quote_s:.1f} ms")
    assert claims.report_data == REPORT
    assert claims.trust_class == "software"
    assert claims.root.family == "swtpm"
    assert claims.events[-1] == ("pcr.14", module, "module")
    assert claims.values["ak_name"] == parse_public(evidence.part("ak_public")).name


def test_the_key_stays_the_same(bench: Bench, journal: list[Event]) -> None:
    """Its template makes it again, so an enrolment holds for later jobs."""
    found = set()
    for _ in range(2):
        with TpmCollector(bench.tpm.tcti, log=journal) as collector:
            found.add(collector.ak_public)
    assert len(found) == 1


@pytest.mark.parametrize(
    "template",
    [t for t in TEMPLATES if t.certificate != 0x01C0000A],
    ids=lambda t: hex(t.certificate),
)
@pytest.mark.parametrize("kept", [True, False])
def test_each_endorsement_key(
    bench: Bench,
    collector: TpmCollector,
    monkeypatch: pytest.MonkeyPatch,
    template: Any,
    kept: bool,
) -> None:
    """P-384 and RSA, where the maker kept the key and where it is made again."""
    if not kept:
        monkeypatch.setattr(collector, "_handles", _without_keys(collector))
    monkeypatch.setattr(tpm_device, "TEMPLATES", (template,))
    made = enrol(collector, bench.enroller, bench.tpm.chain, bench.roots, now())
    verify(collector.collect(REPORT), made, bench.roots, now())


def test_an_endorsement_key_of_p256(
    collector: TpmCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """swtpm certifies none; made from its template, it answers all the same."""
    template = TEMPLATES[1]
    monkeypatch.setattr(collector, "_template", lambda: template)
    with collector._endorsement_key(template) as key:
        public = bytes(collector._esys.read_public(key)[0].marshal())
    assert parse_public(public).curve == "P-256"
    pending = challenge(public, bytes(32), collector.ak_name)
    answer = collector.activate(pending.challenge)
    pending.conclude(answer, SigningKey.generate())


def _without_keys(collector: TpmCollector) -> Any:
    handles = collector._handles
    return lambda first: set() if first == 0x81000000 else handles(first)


def test_a_stale_quote_says_so(
    bench: Bench, collector: TpmCollector, endorsements: Endorsements
) -> None:
    """It verifies, and speaks of the report data of its time."""
    claims = verify(collector.collect(bytes(32)), endorsements, bench.roots, now())
    assert claims.report_data != REPORT


def test_all_bits_of_a_live_quote(
    bench: Bench, collector: TpmCollector, endorsements: Endorsements
) -> None:
    """None can be flipped; one in seven, unless the long form is asked for."""
    evidence = collector.collect(REPORT)
    message, at = evidence.part("attest"), now()
    accepted = 0
    for bit in range(0, 8 * len(message), STEP):
        flipped = bytearray(message)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            verify(
                with_parts(evidence, attest=bytes(flipped)),
                endorsements,
                bench.roots,
                at,
            )
            accepted += 1
        except EvidenceInvalid:
            pass
    assert (8 * len(message), accepted) == (1160, 0)


def test_events_bind(
    bench: Bench, collector: TpmCollector, endorsements: Endorsements
) -> None:
    """Dropped, altered, moved: the register knows."""
    for word in ("one", "two"):
        collector.measure(hashlib.sha256(word.encode()).digest(), word)
    evidence, events = collector.collect(REPORT), list(collector.events)
    last = events[-1]
    for spoilt in (
        events[:-1],
        events[1:],
        [*events[:-2], last, events[-2]],
        [*events[:-1], Event(last.register, bytes(32), last.description)],
        [],
    ):
        made = with_parts(evidence, event_log=write_log(spoilt))
        assert refusal(lambda m=made: verify(m, endorsements, bench.roots, now())) == (
            "event_log.replay"
        )


def test_somebody_else_s_event_stops_the_collector(
    bench: Bench, collector: TpmCollector
) -> None:
    """It hands over no log that does not explain the register."""
    hidden = collector._events.pop() if collector._events else None
    if hidden is None:
        collector.measure(bytes(32), "x")
        hidden = collector._events.pop()
    assert refusal(lambda: collector.collect(REPORT)) == "collect.log"
    collector._events.append(hidden)
    collector.collect(REPORT)


def test_another_tpm_s_key(
    bench: Bench,
    second: Bench,
    collector: TpmCollector,
    endorsements: Endorsements,
) -> None:
    """Evidence of one TPM under the endorsements of the other."""
    with TpmCollector(second.tpm.tcti) as other:
        theirs = other.collect(REPORT)
        their_ek = other.endorsement()
    roots = RootSet((*bench.roots.roots, second.tpm.root))
    assert refusal(lambda: verify(theirs, endorsements, roots, now())) == (
        "tpm.enrolment.ak"
    )
    moved = Endorsements(
        {
            **endorsements.parts,
            "ek_certificate": their_ek.certificate,
            "ek_chain": second.tpm.chain,
        }
    )
    mine = collector.collect(REPORT)
    assert refusal(lambda: verify(mine, moved, roots, now())) == "tpm.enrolment.ek"
    unknown = RootSet((second.tpm.root, bench.roots.roots[1]))
    assert refusal(lambda: verify(mine, endorsements, unknown, now())) == (
        "root.unknown"
    )


def test_swtpm_among_the_makers(bench: Bench, collector: TpmCollector) -> None:
    """Enrolled as hardware by mistake: its certificate says what it is."""
    root = dataclasses.replace(
        bench.tpm.root, name="a maker", family="tpm", trust_class="hardware-tpm"
    )
    roots = RootSet((root, bench.roots.roots[1]))
    assert refusal(
        lambda: enrol(collector, bench.enroller, bench.tpm.chain, roots, now())
    ) == ("tpm.ek.software")


def test_the_tpm_refuses_a_challenge_for_another(
    bench: Bench, second: Bench, collector: TpmCollector
) -> None:
    """For another AK, and for another EK."""
    ek = collector.endorsement()
    stranger = challenge(ek.public, bytes(32), b"\x00\x0b" + bytes(32))
    assert refusal(lambda: collector.activate(stranger.challenge)) == "collect.tpm"
    with TpmCollector(second.tpm.tcti) as other:
        theirs = other.endorsement()
    moved = challenge(theirs.public, bytes(32), collector.ak_name)
    assert refusal(lambda: collector.activate(moved.challenge)) == "collect.tpm"
    for blob in (b"", b"\xff\xff", bytes(2), bytes(3000)):
        noise = Challenge(blob, moved.challenge.secret)
        assert refusal(lambda n=noise: collector.activate(n)) == "collect.tpm"


def test_an_unrestricted_key_signs_anything(
    bench: Bench, collector: TpmCollector
) -> None:
    """Enrolled and honest in its quote, and refused all the same."""
    import tpm2_pytss as tss

    template = tss.TPM2B_PUBLIC.parse(
        "ecc256:ecdsa-sha256:null",
        objectAttributes=tss.TPMA_OBJECT(
            parse_public(collector.ak_public).attributes.bits
        )
        & ~tss.TPMA_OBJECT.RESTRICTED,
    )
    made, public, *_ = collector._esys.create_primary(
        tss.TPM2B_SENSITIVE_CREATE(), template, tss.ESYS_TR.ENDORSEMENT
    )
    kept = collector._ak, collector.ak_public
    try:
        collector._ak, collector.ak_public = made, bytes(public.marshal())
        loose = enrol(collector, bench.enroller, bench.tpm.chain, bench.roots, now())
        evidence = collector.collect(REPORT)
    finally:
        collector._esys.flush_context(made)
        collector._ak, collector.ak_public = kept
    assert refusal(lambda: verify(evidence, loose, bench.roots, now())) == (
        "tpm.ak.attributes"
    )


def test_register_14_cannot_be_reset_and_16_can(collector: TpmCollector) -> None:
    """Why jobs are measured into the one and never into the other."""
    import tpm2_pytss as tss

    esys = collector._esys
    with pytest.raises(tss.TSS2_Exception):
        esys.pcr_reset(tss.ESYS_TR.PCR14)
    esys.pcr_reset(tss.ESYS_TR.PCR16)
    esys.pcr_reset(tss.ESYS_TR.PCR23)


def test_a_quote_of_a_resettable_register(
    bench: Bench, collector: TpmCollector, endorsements: Endorsements
) -> None:
    """Signed by the TPM, and refused."""
    kept = collector._registers
    try:
        collector._registers = (0, 14, 16)
        evidence = collector.collect(REPORT)
    finally:
        collector._registers = kept
    assert refusal(lambda: verify(evidence, endorsements, bench.roots, now())) == (
        "tpm.resettable"
    )


def test_too_many_registers_for_one_answer(
    bench: Bench, collector: TpmCollector, endorsements: Endorsements
) -> None:
    """A TPM reads eight at a time; all of them are quoted and verified."""
    kept = collector._registers
    try:
        collector._registers = tuple(range(16))
        evidence = collector.collect(REPORT)
    finally:
        collector._registers = kept
    claims = verify(evidence, endorsements, bench.roots, now())
    assert {f"pcr.{n}" for n in range(16)} <= set(claims.values)


def test_a_collector_closes_once(bench: Bench, journal: list[Event]) -> None:
    """And again without harm; another connection finds the TPM free."""
    collector = TpmCollector(bench.tpm.tcti, log=journal)
    collector.close()
    collector.close()
    TpmCollector(bench.tpm.tcti, log=journal).close()


def test_many_threads_ask(bench: Bench, collector: TpmCollector) -> None:
    """They wait for one another; each gets its own report data."""
    with ThreadPoolExecutor(4) as pool:
        wanted = [hashlib.sha256(bytes((n,))).digest() for n in range(16)]
        found = list(pool.map(collector.collect, wanted))
    said = [parse_attest(e.part("attest")).extra_data for e in found]
    assert said == wanted


def test_no_tpm_at_the_other_end() -> None:
    """Says so, and does not wait."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        pytest.importorskip("tpm2_pytss", reason="tpm2-pytss is not installed")
        tcti = f"swtpm:host=127.0.0.1,port={port}"
        assert refusal(lambda: TpmCollector(tcti)) == "collect.provider"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The TPM ends with its block, and its keys are for its owner alone."""
    for bench in swtpm_kit.running_tpm(tmp_path / "tpm"):
        port = int(bench.tpm.tcti.rsplit("=", 1)[1])
        mode = (tmp_path / "tpm/authority/key.pem").stat().st_mode
        assert mode & 0o077 == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
