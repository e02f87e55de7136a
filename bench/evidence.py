"""Evidence: how long it takes to verify, and on a TPM in software to make.

    python bench/evidence.py

Milliseconds on the clock. Verification is warm: the first one also loads
libraries. The TPM is swtpm on loopback; a TPM of hardware takes longer for its
quote (a signature on a slow processor), and its verification takes the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import machine

Row = tuple[str, float]


def median_ms(call: Callable[[], object], runs: int) -> float:
    """The median of some runs, after one that does not count."""
    call()
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        found.append(1e3 * (time.perf_counter() - began))
    return statistics.median(found)


def once_ms(call: Callable[[], object]) -> float:
    """One run."""
    began = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - began)


def tpm() -> list[Row]:
    """swtpm from manufacture to verdict."""
    from privshare.demo.software_tpm import available, start
    from privshare.jobs.attestation.collect.tpm_device import TpmCollector, enrol
    from privshare.jobs.attestation.evidence import Root, RootSet
    from privshare.jobs.attestation.tpm import verify
    from privshare.schemes.keys import SigningKey

    if not available() or importlib.util.find_spec("tpm2_pytss") is None:
        return [("tpm2: not measured, swtpm or tpm2-pytss is missing", 0.0)]
    key, at, report = SigningKey.generate(), int(time.time()), bytes(32)
    enroller = hashlib.sha256(key.verify_key.raw).digest()
    whole = began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        start(Path(folder) / "tpm") as running,
    ):
        made = 1e3 * (time.perf_counter() - began)
        known = Root("an enroller", "tpm-enroller", enroller, "software")
        roots = RootSet((running.root, known))
        began = time.perf_counter()
        with TpmCollector(running.tcti) as collector:
            connected = 1e3 * (time.perf_counter() - began)
            began = time.perf_counter()
            endorsements = enrol(collector, key, running.chain, roots, at)
            enrolled = 1e3 * (time.perf_counter() - began)
            measured = once_ms(lambda: collector.measure(bytes(32), "a module"))
            evidence = collector.collect(report)
            first = once_ms(lambda: verify(evidence, endorsements, roots, at))
            total = 1e3 * (time.perf_counter() - whole)
            quote = median_ms(lambda: collector.collect(report), 100)
            verified = median_ms(lambda: verify(evidence, endorsements, roots, at), 100)
    size = sum(len(data) for data in evidence.parts.values())
    return [
        ("tpm2: manufacture and start swtpm", made),
        ("tpm2: connect, make the attestation key", connected),
        ("tpm2: enrol, with credential activation", enrolled),
        ("tpm2: extend a register", measured),
        ("tpm2: quote and registers", quote),
        ("tpm2: verify, the first time", first),
        ("tpm2: verify", verified),
        ("tpm2: all of it, once", total),
        (f"tpm2: evidence, {size} bytes", 0.0),
    ]


def bundle() -> list[Row]:
    """A whole attested job of a simulated machine: read, verified, appraised."""
    from privshare.jobs.attestation.binding import Admission, Conclusion
    from privshare.jobs.attestation.binding import nonce_commitment as committed
    from privshare.jobs.attestation.bundle import AttestedBundle
    from privshare.jobs.attestation.check import Expected, check_bundle
    from privshare.jobs.attestation.evidence import Endorsements, RootSet
    from privshare.jobs.attestation.policy import AppraisalPolicy
    from privshare.log.checkpoint import Checkpoint
    from privshare.simulation.simulator import Simulator
    from privshare.wire import domain
    from privshare.wire.digest import digest_json, digest_text

    at, some, none = 1_760_000_000, bytes(32), Endorsements({})
    code = digest_json(domain.PROGRAM, {})
    document = {
        "v": 1,
        "type": "privshare.appraisal-policy",
        "id": "bench",
        "version": 1,
        "not_before": at,
        "not_after": at + 1000,
        "accept_classes": ["simulated"],
        "debug": "forbid",
        "max_evidence_age_s": 300,
        "max_log_delay_s": 60,
        "code": [{"digest": digest_text(code), "provenance": ""}],
        "runner": {"simulated": {"measurement": ["00" * 48]}},
        "instances": {"allow": None, "deny": []},
        "transparency": {"code_must_be_listed": True, "witnesses": 0},
    }
    parties = ("housing", "tax", "title")
    policies = tuple((name, AppraisalPolicy.from_json(document)) for name in parties)
    simulated = Simulator(seed=some, clock=lambda: at)
    admission = Admission(
        network="bench.privshare",
        job="job",
        nonces=tuple((name, some) for name in parties),
        spec=some,
        code=code,
        runner=bytes(48),
        policies=tuple((name, one.digest()) for name, one in policies),
        hpke_public_key=some,
        checkpoint=Checkpoint("bench/log", 1, some),
    )
    conclusion = Conclusion(
        admission=admission.digest(),
        inputs=(("tax/returns", some),),
        output=some,
        exit=0,
        fuel=0,
        charge=0,
    )
    whole = AttestedBundle(
        admission=admission,
        evidence=simulated.collect(admission.report_data("simulated")),
        endorsements=none,
        policies=policies,
        closure={},
    ).concluded(
        conclusion, simulated.collect(conclusion.report_data("simulated")), none
    )
    expected = Expected(
        network="bench.privshare",
        job="job",
        spec=some,
        code=code,
        commitments={name: committed("job", name, some) for name in parties},
        policies=dict(admission.policies),
        begun=at,
        attested=at,
        opened=at + 1,
        listed=True,
    )
    data, roots = whole.to_bytes(), RootSet((simulated.root,))

    def audit() -> object:
        read = AttestedBundle.from_bytes(data)
        return check_bundle(read, expected, roots=roots, production=False)

    return [
        (f"bundle of {len(data)} bytes, three parties: first", once_ms(audit)),
        ("bundle: read, verify twice, appraise six times", median_ms(audit, 100)),
    ]


def recorded() -> Path | None:
    """The folder of recorded evidence, if it is there."""
    named = os.environ.get("PRIVSHARE_VECTORS")
    root = Path(named) if named else Path(__file__).parents[2] / "shared"
    root = root.parent if root.name == "vectors" else root
    found = root / "fixtures" / "attestation"
    return found if found.is_dir() else None


def snp() -> list[Row]:
    """A recorded report of a Milan machine with its chain, and Azure's composite."""
    from privshare.jobs.attestation import azure, sev_snp
    from privshare.jobs.attestation.certificate import read_certificate, read_pem
    from privshare.jobs.attestation.evidence import (
        Endorsements,
        Evidence,
        Root,
        RootSet,
    )
    from privshare.wire import canonical

    folder = recorded()
    if folder is None:
        return [("sev-snp: not measured, no recorded evidence", 0.0)]
    rows: list[Row] = []

    def ready(product: str, vek: str) -> tuple[Endorsements, RootSet]:
        chain = (folder / f"snp/{product}_ask_ark_asvk.pem").read_bytes()
        parts = {"vek": (folder / f"snp/{vek}").read_bytes(), "chain": chain}
        ark = next(
            der
            for der in read_pem(chain, "snp")
            if read_certificate(der, "snp").common_name.startswith("ARK")
        )
        digest = hashlib.sha256(ark).digest()
        root = Root(product, f"amd-{product}", digest, "hardware-tee")
        return Endorsements(parts), RootSet((root,))

    report = Evidence(
        "sev-snp", {"report": (folder / "snp/milan_report_v2.bin").read_bytes()}
    )
    milan = ready("milan", "milan_vcek.der")
    at = 1_750_000_000
    rows.append(
        ("sev-snp: verify", median_ms(lambda: sev_snp.verify(report, *milan, at), 200))
    )
    genoa = ready("genoa", "genoa_vcek.pem")
    values = json.loads((folder / "vtpm/azure_genoa_pcrs.json").read_bytes())["sha256"]
    composite = Evidence(
        "azure-snp-vtpm",
        {
            "hcl_report": (folder / "vtpm/azure_genoa_hcl_report.bin").read_bytes(),
            "quote": (folder / "vtpm/azure_genoa_quote.msg").read_bytes(),
            "signature": (folder / "vtpm/azure_genoa_quote.sig").read_bytes(),
            "pcrs": canonical.encode({str(n): v for n, v in enumerate(values)}),
        },
    )
    rows.append(
        (
            "azure-snp-vtpm: verify",
            median_ms(lambda: azure.verify(composite, *genoa, at), 200),
        )
    )
    return rows


MEASURES: tuple[Callable[[], list[Row]], ...] = (tpm, snp, bundle)


def main() -> None:
    """Print one line a measurement."""
    print(machine.describe())
    for measure in MEASURES:
        print()
        for name, milliseconds in measure():
            print(f"{name:<48}{milliseconds:>10.2f}" if milliseconds else name)


if __name__ == "__main__":
    main()
