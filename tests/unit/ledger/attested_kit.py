"""Measured jobs on the small network of `ledger_kit`: short verbs for them."""

from __future__ import annotations

import hashlib
from typing import Any

from ledger_kit import Bench, Scribe, digest, parties, terms

from privshare.ledger import query_attested
from privshare.ledger.attested import Attestation, Code
from privshare.rights.identifier import measured
from privshare.wire.canonical import b64u

CODE_BYTES = hashlib.sha256(b"closure").digest()
CODE = b64u(CODE_BYTES)
PROGRAM = measured(CODE_BYTES)
#: Of the four agencies, two are half, three are more.
MEMBERS = ("registry", "taxes", "housing", "labour")


def list_code(scribe: Scribe, who: str, code: str = CODE, **changes: Any) -> bytes:
    """Somebody proposes a program."""
    body = {
        "abi": "tee.run/v1",
        "code": code,
        "module": "describe",
        "provenance": {"digest": None, "text": "native/wasm, by its script"},
    } | changes
    return scribe.tx("code.list", who, body)


def approve(scribe: Scribe, who: str, code: str = CODE) -> bytes:
    """Somebody approves it."""
    return scribe.tx("code.approve", who, {"code": code})


def withdraw(scribe: Scribe, who: str, code: str = CODE) -> bytes:
    """Somebody withdraws it."""
    return scribe.tx("code.withdraw", who, {"code": code, "reason": "a flaw"})


def appraise_by(scribe: Scribe, who: str, policy: str = "policy") -> bytes:
    """Somebody anchors an appraisal policy."""
    return scribe.tx("appraisal.set", who, {"policy": digest(policy)})


def measured_job(scribe: Scribe, who: str, grants: list[str], **changes: Any) -> bytes:
    """A coordinator admits a measured job, run by labour."""
    fields = {
        "operation": "run",
        "parties": parties(compute="labour"),
        "program": PROGRAM,
    }
    return scribe.job(who, grants, **(fields | changes))


def nonce(
    scribe: Scribe, who: str, job: str, policy: str | None = "policy", **changes: Any
) -> bytes:
    """A party commits to a nonce."""
    body = {
        "commitment": digest(f"{who} {job}"),
        "job": job,
        "policy": None if policy is None else digest(policy),
    } | changes
    return scribe.tx("job.nonce", who, body)


def attest(scribe: Scribe, who: str, job: str, bundle: str = "bundle") -> bytes:
    """The runner commits to its evidence."""
    return scribe.tx("job.attest", who, {"bundle": digest(bundle), "job": job})


def conclude(scribe: Scribe, who: str, job: str) -> bytes:
    """The runner says what its machine concluded."""
    body = {"aggregation": digest("conclusion"), "job": job}
    return scribe.tx("job.open", who, body)


def result(scribe: Scribe, who: str, job: str) -> bytes:
    """The coordinator commits to the result."""
    body = {"evidence": digest("e"), "job": job, "result": digest("r")}
    return scribe.tx("job.result", who, body)


def refuse(scribe: Scribe, who: str, job: str, **changes: Any) -> bytes:
    """A party would not go on."""
    body = {
        "job": job,
        "reason": "The machine can be looked into.",
        "released": 0,
        "rule": "snp.debug",
    } | changes
    return scribe.tx("job.refuse", who, body)


def reappraise(scribe: Scribe, who: str, job: str, **changes: Any) -> bytes:
    """A party says what it thinks of the evidence now."""
    body = {
        "appraisal": digest("appraisal"),
        "job": job,
        "policy": digest("policy"),
        "reason": "newer collateral",
        "status": "warning",
    } | changes
    return scribe.tx("job.reappraise", who, body)


def code_of(bench: Bench, code: str = CODE) -> Code:
    """What the state holds about a program."""
    return query_attested.code(bench.machine.state, code)


def attestation(bench: Bench, job: str) -> Attestation:
    """What the state holds about a job's evidence."""
    return query_attested.attestation(bench.machine.state, job)


def list_by_all(bench: Bench) -> None:
    """Three of four approve the program."""
    bench.do(list_code(bench.scribe, "labour"))
    bench.do(approve(bench.scribe, "taxes"))
    bench.do(approve(bench.scribe, "registry"))


def granted(bench: Bench, **changes: Any) -> str:
    """A grant that covers the program, to housing."""
    fields = {"operations": ("run",), "programs": (PROGRAM,)}
    return bench.granted(**(fields | changes))


def ready(**changes: Any) -> tuple[Bench, str]:
    """A listed program, an anchored policy, and a job that was admitted."""
    bench = Bench()
    bench.admit_all()
    list_by_all(bench)
    bench.do(appraise_by(bench.scribe, "taxes"))
    grant = granted(bench)
    bench.close()
    return bench, bench.do(measured_job(bench.scribe, "housing", [grant], **changes))


def to_nonces(bench: Bench, job: str) -> None:
    """Both parties commit to nonces."""
    bench.do(nonce(bench.scribe, "taxes", job))
    bench.do(nonce(bench.scribe, "housing", job, None))


__all__ = [
    "CODE",
    "CODE_BYTES",
    "MEMBERS",
    "PROGRAM",
    "appraise_by",
    "approve",
    "attest",
    "attestation",
    "code_of",
    "conclude",
    "granted",
    "list_by_all",
    "list_code",
    "measured_job",
    "nonce",
    "ready",
    "reappraise",
    "refuse",
    "result",
    "terms",
    "to_nonces",
    "withdraw",
]
