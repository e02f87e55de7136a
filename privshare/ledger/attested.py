"""What the state holds about measured programs and the evidence of their jobs.

    code/<digest>              who proposed a program, who approved it, since when
                               it is listed, and whether it was withdrawn
    appraisal/<agency>         which appraisal policy an agency has in force
    appraisal/<agency>/<n>     each one that it had
    attested/<job>             nonces, the digest of the evidence, a refusal, and
                               what was said of the evidence later

The ledger verifies no evidence: it holds digests, and the log gives them a
time. What decides is order: every nonce before the evidence, the evidence
before the result, and a program listed before it touches data
(docs/adr/0023-evidence-by-digest.md).

Implements docs/formats/entry.md, section 5.

>>> head = AppraisalHead(at=7, number=1, policy="A" * 43)
>>> AppraisalHead.from_json(head.to_json()) == head
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from privshare.ledger.values import Value

__all__ = [
    "MAX_APPROVALS",
    "MAX_REAPPRAISALS",
    "AppraisalHead",
    "AppraisalPolicy",
    "Approval",
    "Attestation",
    "Code",
    "Nonce",
    "Reappraisal",
    "Refusal",
    "Shown",
    "Status",
    "Withdrawal",
]

#: What an appraisal comes to, in the words of EAR that can be given.
Status = Literal["affirming", "warning", "contraindicated"]

MAX_APPROVALS = 256
MAX_REAPPRAISALS = 64


@dataclass(frozen=True, slots=True)
class Approval:
    """That an agency wants a program listed; the first is the proposer's."""

    agency: str
    at: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"agency": self.agency, "at": self.at}


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That an agency wants a program to run no more, and why."""

    agency: str
    at: int
    reason: str

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"agency": self.agency, "at": self.at, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """`code/<digest>`: a measured program.

    Attributes:
        abi: How it is called, such as `tee.run/v1`.
        module: What people call it.
        provenance: Digest of a document that says how it was made, or None.
        source: Where it comes from, in one line.
        approvals: In the order they came, each agency once.
        listed: Log index of the approval that listed it, or None.
        withdrawn: Who ended that, or None. Nothing lists it again.
    """

    abi: str
    module: str
    provenance: str | None
    source: str
    approvals: tuple[Approval, ...]
    listed: int | None = None
    withdrawn: Withdrawal | None = None

    @property
    def status(self) -> Literal["proposed", "listed", "withdrawn"]:
        """Where it stands now."""
        if self.withdrawn is not None:
            return "withdrawn"
        return "proposed" if self.listed is None else "listed"

    @property
    def proposer(self) -> str:
        """The agency that brought it."""
        return self.approvals[0].agency

    @property
    def approvers(self) -> tuple[str, ...]:
        """The agencies that approved it."""
        return tuple(one.agency for one in self.approvals)

    def listed_at(self, index: int) -> bool:
        """Whether it was listed right before the entry of this index."""
        if self.listed is None or self.listed >= index:
            return False
        return self.withdrawn is None or self.withdrawn.at >= index

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "abi": self.abi,
            "approvals": [one.to_json() for one in self.approvals],
            "listed": self.listed,
            "module": self.module,
            "provenance": {"digest": self.provenance, "text": self.source},
            "withdrawn": None if self.withdrawn is None else self.withdrawn.to_json(),
        }

    @classmethod
    def from_json(cls, obj: Value) -> Code:
        """Read the object back."""
        gone = obj["withdrawn"]
        return cls(
            abi=obj["abi"],
            module=obj["module"],
            provenance=obj["provenance"]["digest"],
            source=obj["provenance"]["text"],
            approvals=tuple(Approval(**one) for one in obj["approvals"]),
            listed=obj["listed"],
            withdrawn=None if gone is None else Withdrawal(**gone),
        )


@dataclass(frozen=True, slots=True)
class AppraisalHead:
    """`appraisal/<agency>`: the appraisal policy an agency has in force.

    Attributes:
        at: Log index of the entry that set it.
        number: The how-manieth of this agency, from 1.
        policy: Its digest, base64url.
    """

    at: int
    number: int
    policy: str

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"at": self.at, "number": self.number, "policy": self.policy}

    @classmethod
    def from_json(cls, obj: Value) -> AppraisalHead:
        """Read the object back."""
        return cls(**obj)


@dataclass(frozen=True, slots=True)
class AppraisalPolicy:
    """`appraisal/<agency>/<number>`: an appraisal policy, in force or not.

    Attributes:
        at: Log index of the entry that set it.
        policy: Its digest, base64url.
        until: Log index of the entry that set the next, or None.
    """

    at: int
    policy: str
    until: int | None = None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {"at": self.at, "policy": self.policy, "until": self.until}

    @classmethod
    def from_json(cls, obj: Value) -> AppraisalPolicy:
        """Read the object back."""
        return cls(**obj)


@dataclass(frozen=True, slots=True)
class Nonce:
    """A party's commitment to its nonce, and to the policy it will appraise by.

    Attributes:
        agency: The party.
        at: Log index.
        commitment: H(NONCE, job, party, nonce), base64url.
        policy: Digest of its appraisal policy; None of a coordinator without one.
        time: Unix seconds of its block.
    """

    agency: str
    at: int
    commitment: str
    policy: str | None
    time: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "agency": self.agency,
            "at": self.at,
            "commitment": self.commitment,
            "policy": self.policy,
            "time": self.time,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """That an agency whose machine runs the job showed evidence of it.

    Attributes:
        agency: Whose machine.
        at: Log index.
        bundle: Digest of the evidence, base64url.
        time: Unix seconds of its block.
    """

    agency: str
    at: int
    bundle: str
    time: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "agency": self.agency,
            "at": self.at,
            "bundle": self.bundle,
            "time": self.time,
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a party would not go on, why, and what had left it by then.

    Attributes:
        agency: The party.
        at: Log index.
        released: How many bytes of its data it had handed out, by its own count.
        rule: The rule that said no, such as `snp.debug`.
    """

    agency: str
    at: int
    released: int
    rule: str

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "agency": self.agency,
            "at": self.at,
            "released": self.released,
            "rule": self.rule,
        }


@dataclass(frozen=True, slots=True)
class Reappraisal:
    """What a party says of the evidence later; the first verdict stays as it was.

    Attributes:
        agency: The party.
        appraisal: Digest of the appraisal it came to, base64url.
        at: Log index.
        policy: Digest of the policy it appraised by, base64url.
        reason: In one line.
        status: What it came to.
    """

    agency: str
    appraisal: str
    at: int
    policy: str
    reason: str
    status: Status

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "agency": self.agency,
            "appraisal": self.appraisal,
            "at": self.at,
            "policy": self.policy,
            "reason": self.reason,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class Attestation:
    """`attested/<job>`: a measured job's evidence, in the order of the log.

    Its times are those of blocks: at them the evidence is verified, at the time
    as ever after.

    Attributes:
        nonces: One of each party, in the order they came.
        shown: Evidence of each machine that runs it, in the order it came.
        opened: Of the block in which the conclusion was announced, or None.
        refusal: Who would not go on, or None.
        reappraisals: What was said later, in order.
    """

    nonces: tuple[Nonce, ...] = ()
    shown: tuple[Shown, ...] = ()
    opened: int | None = None
    refusal: Refusal | None = None
    reappraisals: tuple[Reappraisal, ...] = ()

    def nonce(self, agency: str) -> Nonce | None:
        """The commitment of a party, or None."""
        return next((one for one in self.nonces if one.agency == agency), None)

    def of(self, agency: str) -> Shown | None:
        """The evidence of an agency's machine, or None."""
        return next((one for one in self.shown if one.agency == agency), None)

    @property
    def begun(self) -> int | None:
        """Unix seconds of the last nonce so far: by then, all were committed."""
        return self.nonces[-1].time if self.nonces else None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "nonces": [one.to_json() for one in self.nonces],
            "opened": self.opened,
            "reappraisals": [one.to_json() for one in self.reappraisals],
            "refusal": None if self.refusal is None else self.refusal.to_json(),
            "shown": [one.to_json() for one in self.shown],
        }

    @classmethod
    def from_json(cls, obj: Value) -> Attestation:
        """Read the object back."""
        refusal = obj["refusal"]
        return cls(
            nonces=tuple(Nonce(**one) for one in obj["nonces"]),
            shown=tuple(Shown(**one) for one in obj["shown"]),
            opened=obj["opened"],
            refusal=None if refusal is None else Refusal(**refusal),
            reappraisals=tuple(Reappraisal(**one) for one in obj["reappraisals"]),
        )
