"""Whether proven claims are good enough: a relying party's own judgement.

A verifier says who signed what; this says whether we accept it, and why, claim
by claim. Nothing is affirmed that was not asked and answered: an entry of the
trustworthiness vector begins as contraindicated, a claim that is missing stays
so, and what nobody told us (the time of the nonces, the code) is a warning
where things are tried out and a refusal in production.

    Claims, AppraisalPolicy, Given ─► appraise ─► Appraisal ─► check

The trust class is that of the root where the chain ended, and nothing else.
The result has the shape of an EAR (draft-ietf-rats-ear), for other programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import Claims, TrustClass
from privshare.jobs.attestation.finding import ASPECTS, Aspect, Finding, Verdict
from privshare.jobs.attestation.policy import AppraisalPolicy
from privshare.jobs.attestation.roots import test_name
from privshare.jobs.attestation.rule import Entry
from privshare.jobs.attestation.rules import RULES
from privshare.wire.canonical import Json, b64u
from privshare.wire.digest import digest_text

__all__ = ["MEASUREMENTS", "WORDS", "Appraisal", "appraise"]

#: Values of the vector for our verdicts, one in each tier of AR4SI.
TIERS: Final[Mapping[Verdict, int]] = MappingProxyType(
    {"affirming": 2, "warning": 32, "contraindicated": 96}
)

#: Which claim measures the program that measures the job.
MEASUREMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aws-nitro": "pcr.0",
        "azure-snp-vtpm": "measurement",
        "sev-snp": "measurement",
        "sgx-dcap": "mr_enclave",
        "simulated": "measurement",
        "tdx-dcap": "mr_td",
    }
)

#: The trust classes as reports say them.
WORDS: Final[Mapping[TrustClass, str]] = MappingProxyType(
    {
        "hardware-tee": "a processor that hides its memory from its owner said so, "
        "and its maker vouches for it",
        "hardware-tpm": "a chip that measures what was started said so; the owner "
        "of the machine can read its memory",
        "software": "a program that plays a chip said so; the owner of the machine "
        "could have it say anything",
        "simulated": "nobody vouches for this: a key for trying things out said so",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """What a relying party makes of one piece of evidence.

    Attributes:
        kind: Of the evidence.
        trust_class: Of the root where the chain ended.
        root: The name of that root.
        policy: Digest of the policy.
        identity: Of the evidence: SHA-256 of its signed bytes.
        at: Unix seconds for which it was appraised.
        findings: One or more for each question, in the order asked.
    """

    kind: str
    trust_class: TrustClass
    root: str
    policy: bytes
    identity: bytes
    at: int
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Verdict:
        """The worst entry of the vector."""
        worst = max(self.vector.values())
        return next(verdict for verdict, tier in TIERS.items() if tier == worst)

    @property
    def accepted(self) -> bool:
        """Whether nothing is contraindicated. To rely on it, call `check`."""
        return self.status != "contraindicated"

    @property
    def vector(self) -> dict[Aspect, int]:
        """The trustworthiness vector: contraindicated where nothing was found."""
        vector: dict[Aspect, int] = {}
        for aspect in ASPECTS:
            verdicts = [one.verdict for one in self.findings if one.aspect == aspect]
            if not verdicts:
                verdicts = ["contraindicated"]
            vector[aspect] = max(TIERS[verdict] for verdict in verdicts)
        return vector

    def check(self) -> Appraisal:
        """Go on with accepted evidence only.

        Raises:
            EvidenceInvalid: Something is contraindicated. `detail["rule"]` is
                the first such rule, `detail["findings"]` are all of them.
        """
        if self.accepted:
            return self
        bad = [one for one in self.findings if one.verdict == "contraindicated"]
        rule, sentence = (
            (bad[0].rule, bad[0].sentence)
            if bad
            else ("appraisal.default", "expected every aspect to be asked, found some")
        )
        raise EvidenceInvalid(
            f"expected evidence that the policy accepts, found: {sentence}",
            fix="Compare the findings with the policy; only its owner may widen it.",
            detail={"rule": rule, "findings": [one.to_json() for one in self.findings]},
        )

    def to_json(self) -> dict[str, Json]:
        """Lay the appraisal out in the shape of an EAR."""
        return {
            "ear.verifier-id": {"build": "1", "developer": "PrivShare"},
            "eat_profile": "tag:github.com,2023:veraison/ear",
            "iat": self.at,
            "submods": {
                self.kind: {
                    "ear.appraisal-policy-id": digest_text(self.policy),
                    "ear.status": self.status,
                    "ear.trustworthiness-vector": {
                        str(aspect): value for aspect, value in self.vector.items()
                    },
                    "privshare.findings": [one.to_json() for one in self.findings],
                    "privshare.identity": b64u(self.identity),
                    "privshare.root": self.root,
                    "privshare.trust-class": self.trust_class,
                }
            },
        }


def appraise(
    claims: Claims,
    policy: AppraisalPolicy,
    *,
    at: int,
    production: bool,
    report_data: bytes | None,
    code: bytes | None = None,
    age_s: int | None = None,
    listed: bool | None = None,
    witnesses: int | None = None,
    submodule_data: bytes | None = None,
) -> Appraisal:
    """Judge claims by a policy.

    What is None was not told; it is a warning, and contraindicated in
    production.

    Args:
        claims: What a verifier found.
        policy: The relying party's own.
        at: Unix seconds: the time of the log, or of the question.
        production: Whether the deployment holds real data.
        report_data: What the machine must have been given to say.
        code: Digest of the program's closure.
        age_s: Seconds from the nonces on the log to the evidence.
        listed: Whether the log approves the code.
        witnesses: How many cosigned the checkpoint.
        submodule_data: What submodules must have been given to say.

    Returns:
        The appraisal, accepted or not; `check` raises where it is not.
    """
    desk = _Desk(claims, policy, production)
    findings = (
        *desk.period(at),
        *desk.trust_class(),
        *desk.debug(),
        *desk.binding(report_data),
        *desk.code(code),
        *desk.listed(listed, witnesses),
        *desk.age(age_s),
        *desk.made(at),
        *desk.machine(),
        *desk.runner(code),
        *desk.submodules(submodule_data),
    )
    return Appraisal(
        kind=claims.kind,
        trust_class=claims.trust_class,
        root=claims.root.name,
        policy=policy.digest(),
        identity=claims.identity,
        at=at,
        findings=findings,
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """Claims beside a policy; each method asks one question."""

    claims: Claims
    policy: AppraisalPolicy
    production: bool

    def period(self, at: int) -> Iterator[Finding]:
        """Both the policy and what was verified are in their periods."""
        policy, claims = self.policy, self.claims
        yield _judged(
            policy.not_before <= at <= policy.not_after,
            ("policy_period", "policy", "configuration"),
            "the policy is in force",
            f"the policy is in force from {policy.not_before} to {policy.not_after}, "
            f"asked at {at}",
        )
        yield _judged(
            claims.not_before <= at <= claims.not_after,
            ("period", "not_after", "hardware"),
            "endorsements are in their period",
            f"endorsements hold from {claims.not_before} to {claims.not_after}, "
            f"asked at {at}",
        )

    def trust_class(self) -> Iterator[Finding]:
        """The class of the root is accepted, and fits the deployment."""
        name, found = self.claims.root.name, self.claims.trust_class
        wanted = " or ".join(self.policy.accept_classes) or "none at all"
        about: _About = ("accept_classes", "trust_class", "hardware")
        if found not in self.policy.accept_classes:
            yield _bad(
                about, f"the chain ends at {name}: {found}, policy wants {wanted}"
            )
        elif self.production and (why := self._test_root()):
            yield _bad(
                ("production", "trust_class", "hardware"),
                f"the chain ends at {name}, a test root ({why})",
            )
        elif found == "hardware-tee":
            yield _good(about, f"the chain ends at {name}: {found}")
            yield _good(("opaque", "trust_class", "runtime-opaque"), WORDS[found])
        else:
            yield _warn(about, f"the chain ends at {name}: {found}")
            yield _warn(("opaque", "trust_class", "runtime-opaque"), WORDS[found])

    def _test_root(self) -> str:
        """Why this root is none for production, or ""."""
        if self.claims.trust_class in ("software", "simulated"):
            return self.claims.trust_class
        texts = [self.claims.root.name]
        for name, value in self.claims.values.items():
            if name.startswith("ek_") and isinstance(value, str):
                texts.append(value)
        return next((word for text in texts if (word := test_name(text))), "")

    def debug(self) -> Iterator[Finding]:
        """Nobody can look inside."""
        yield _judged(
            self.claims.debug is False,
            ("debug", "debug", "configuration"),
            "debug is off",
            "debug is on: the owner of the machine can look inside",
        )

    def binding(self, expected: bytes | None) -> Iterator[Finding]:
        """The machine says what this job gave it to say."""
        about: _About = ("report_data", "report_data", "sourced-data")
        found = self.claims.report_data
        if expected is None:
            yield self._untold(about, "which report data the evidence must hold")
        elif found == expected and expected:
            yield _good(about, "the evidence is bound to this job")
        else:
            yield _bad(
                about,
                f"report data is {_hex(found)}, expected {_hex(expected)}",
            )

    def code(self, code: bytes | None) -> Iterator[Finding]:
        """The policy names the program."""
        about: _About = ("code", "code", "executables")
        names = [one.digest for one in self.policy.code]
        if code is None:
            yield self._untold(about, "which code runs")
        elif code in names:
            yield _good(about, f"the policy names the code {digest_text(code)[:12]}…")
        else:
            yield _bad(
                about,
                f"the code is {digest_text(code)[:12]}…, policy names "
                f"{len(names) or 'no'} other{'' if len(names) == 1 else 's'}",
            )

    def listed(self, listed: bool | None, witnesses: int | None) -> Iterator[Finding]:
        """The log approves the code, before enough witnesses."""
        wanted = self.policy.transparency
        if wanted.code_must_be_listed:
            about: _About = ("listed", "code", "executables")
            if listed is None:
                yield self._untold(about, "whether the code is listed on the log")
            else:
                yield _judged(
                    listed is True,
                    about,
                    "the code is listed on the log",
                    "the code is not listed on the log",
                )
        if wanted.witnesses:
            about = ("witnesses", "checkpoint", "sourced-data")
            if witnesses is None:
                yield self._untold(about, "how many witnesses cosigned")
            else:
                yield _judged(
                    witnesses >= wanted.witnesses,
                    about,
                    f"{witnesses} witnesses cosigned, policy wants {wanted.witnesses}",
                    f"{witnesses} witnesses cosigned, policy wants {wanted.witnesses}: "
                    f"{wanted.witnesses - witnesses} missing",
                )

    def age(self, age_s: int | None) -> Iterator[Finding]:
        """The evidence was made soon after the nonces."""
        about: _About = ("max_evidence_age_s", "age", "sourced-data")
        most = self.policy.max_evidence_age_s
        if age_s is None:
            yield self._untold(about, "when the nonces were on the log")
        elif age_s < 0:
            yield _bad(about, f"the evidence is {-age_s} s older than its nonces")
        else:
            yield _judged(
                age_s <= most,
                about,
                f"the evidence is {age_s} s old, policy allows {most}",
                f"the evidence is {age_s} s old, policy allows {most}: "
                f"{age_s - most} too many",
            )

    def made(self, at: int) -> Iterator[Finding]:
        """Where evidence says when it was made: not ahead of the log, nor long ago."""
        stamp = self.claims.values.get("timestamp")
        if stamp is None and self.claims.kind != "aws-nitro":
            return
        about: _About = ("max_log_delay_s", "timestamp", "sourced-data")
        most = self.policy.max_log_delay_s
        if type(stamp) is not int:
            yield _bad(about, "expected timestamp, found no such claim")
            return
        delay = at - stamp // 1000
        if delay < 0:
            yield _bad(about, f"the evidence was made {-delay} s after it was logged")
        else:
            yield _judged(
                delay <= most,
                about,
                f"the evidence was logged after {delay} s, policy allows {most}",
                f"the evidence was logged after {delay} s, policy allows {most}: "
                f"{delay - most} too many",
            )

    def machine(self) -> Iterator[Finding]:
        """This machine may run it."""
        about: _About = ("instances", "instance", "instance-identity")
        allow, deny = self.policy.instances.allow, self.policy.instances.deny
        instance = self.claims.instance
        if not instance and (deny or allow is not None):
            yield _bad(about, "the maker hides which machine it is, policy asks which")
        elif instance in deny:
            yield _bad(about, f"the machine {_hex(instance)} is denied")
        elif allow is None:
            yield _good(about, "any machine may run it")
        else:
            yield _judged(
                instance in allow,
                about,
                f"the machine {_hex(instance)} is one the policy names",
                f"the machine is {_hex(instance)}, policy names {len(allow)} others",
            )

    def runner(self, code: bytes | None) -> Iterator[Finding]:
        """The runner's machine is as the policy's entry for its kind says."""
        kind = self.claims.kind
        about: _About = ("kind", "kind", "executables")
        entry = self.policy.runner.get(kind)
        if kind == "nvidia-gpu":
            yield _bad(about, "a GPU alone says nothing of what runs beside it")
        elif entry is None:
            names = " or ".join(self.policy.runner) or "none at all"
            yield _bad(about, f"the evidence is {kind}, policy accepts {names}")
        else:
            yield _good(about, f"the policy has rules for {kind}")
            yield from _by_rules(entry, self.claims)
            if kind == "tpm2":
                yield from self._event(entry, code)

    def _event(self, entry: Entry, code: bytes | None) -> Iterator[Finding]:
        """The job's measurement is the last thing that the register took in."""
        about: _About = ("event", "events", "executables")
        register = f"pcr.{entry['event_log_pcr']}"
        digests = [digest for name, digest, _ in self.claims.events if name == register]
        if code is None:
            yield self._untold(about, "which code was measured")
        else:
            yield _judged(
                bool(digests) and digests[-1] == code,
                about,
                f"the last event of {register} is the code",
                f"the last event of {register} is "
                f"{_hex(digests[-1]) if digests else 'none'}, expected the code",
            )

    def submodules(self, expected: bytes | None) -> Iterator[Finding]:
        """What stands beside the processor is accepted, too, and bound to it."""
        for name, sub in self.claims.submodules.items():
            about: _About = ("submodule", name, "hardware")
            entry = self.policy.runner.get(sub.kind)
            if entry is None:
                yield _bad(about, f"there is {sub.kind}, policy has no rules for it")
            elif sub.trust_class not in self.policy.accept_classes or sub.debug:
                yield _bad(about, f"{sub.kind} ends at {sub.root.name}, not accepted")
            else:
                yield _good(about, f"{sub.kind} ends at {sub.root.name}")
                yield self._answers(sub, name, expected)
                yield from _by_rules(entry, sub)
        if "nvidia-gpu" in self.policy.runner and not any(
            sub.kind == "nvidia-gpu" for sub in self.claims.submodules.values()
        ):
            yield _bad(
                ("submodule", "nvidia-gpu", "hardware"),
                "policy asks for a GPU, found none beside the processor",
            )

    def _answers(self, sub: Claims, name: str, expected: bytes | None) -> Finding:
        """A submodule says what this job gave it to say."""
        about: _About = ("submodule_data", name, "sourced-data")
        if expected is None:
            return self._untold(about, f"which nonce {sub.kind} must hold")
        return _judged(
            bool(expected) and sub.report_data == expected,
            about,
            f"{sub.kind} is bound to this job",
            f"{sub.kind} says {_hex(sub.report_data)}, expected {_hex(expected)}",
        )

    def _untold(self, about: _About, what: str) -> Finding:
        """A question that nobody gave an answer for."""
        finding = _bad if self.production else _warn
        return finding(about, f"not judged: nobody said {what}")


#: Rule, claim, aspect of a finding.
_About = tuple[str, str, Aspect]


def _by_rules(entry: Entry, claims: Claims) -> Iterator[Finding]:
    for rule in RULES[claims.kind]:
        yield from rule.judge(entry, claims)


def _good(about: _About, sentence: str) -> Finding:
    return _finding(about, "affirming", sentence)


def _warn(about: _About, sentence: str) -> Finding:
    return _finding(about, "warning", sentence)


def _bad(about: _About, sentence: str) -> Finding:
    return _finding(about, "contraindicated", sentence)


def _judged(good: bool, about: _About, yes: str, no: str) -> Finding:
    return _good(about, yes) if good else _bad(about, no)


def _finding(about: _About, verdict: Verdict, sentence: str) -> Finding:
    rule, claim, aspect = about
    return Finding(f"appraisal.{rule}", claim, verdict, sentence, aspect)


def _hex(data: bytes) -> str:
    return f"{data.hex()[:32]}…" if len(data) > 16 else data.hex() or "empty"
