"""What the state map holds under each kind of key, as types.

The state map knows JSON objects; these are the same objects with names. Rules
read one, replace a field and put it back; `query` hands them to everybody else.
Grants are not here: `rights.grant.Grant` is the value and knows its JSON.

    state map  dict ─► Agency.from_json ─► dataclasses.replace ─► to_json ─► state map

Implements docs/formats/entry.md, section 5. Every "at", "changed", "from",
"until" and "ended" is the log index of the transaction that made the change.

>>> key = Key("ed25519", "sign", "cHVi", 0, None)
>>> Key.from_json(key.to_json()) == key
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from privshare.ledger.parties import Parties

Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Agency:
    """`agency/<id>`: a member of the network."""

    roles: tuple[str, ...]
    status: Literal["active"]
    url: str
    at: int
    changed: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "at": self.at,
            "changed": self.changed,
            "roles": list(self.roles),
            "status": self.status,
            "url": self.url,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Agency:
        """Read the object back."""
        return cls(
            tuple(obj["roles"]), obj["status"], obj["url"], obj["at"], obj["changed"]
        )


@dataclass(frozen=True, slots=True)
class Key:
    """`key/<agency>/<kid>`: a public key and the time it is good for.

    Attributes:
        alg: `ed25519`, `x25519`, `paillier` or `ristretto255`.
        use: `sign`, `witness`, `seal`, `he` or `open`.
        pub: base64url of the key; for Paillier of the modulus.
        since: Log index from which it counts ("from" in JSON).
        until: Log index from which it no longer counts, or None.
    """

    alg: str
    use: str
    pub: str
    since: int
    until: int | None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "alg": self.alg,
            "from": self.since,
            "pub": self.pub,
            "until": self.until,
            "use": self.use,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Key:
        """Read the object back."""
        return cls(obj["alg"], obj["use"], obj["pub"], obj["from"], obj["until"])


@dataclass(frozen=True, slots=True)
class Dataset:
    """`dataset/<owner>/<name>`: commitments to data that stays with its owner.

    Attributes:
        status: `registered` or `retired`.
        version: 1 at first, one more with each amendment.
        root: base64url of the tree root over the row commitments.
        rows: How many rows.
        schema: base64url digest of the columns.
        policy: base64url digest of the policy in force.
        metadata: base64url digest of the description.
        at: Log index of the registration.
        changed: Log index of the last change.
    """

    status: Literal["registered", "retired"]
    version: int
    root: str
    rows: int
    schema: str
    policy: str
    metadata: str
    at: int
    changed: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "at": self.at,
            "changed": self.changed,
            "metadata": self.metadata,
            "policy": self.policy,
            "root": self.root,
            "rows": self.rows,
            "schema": self.schema,
            "status": self.status,
            "version": self.version,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Dataset:
        """Read the object back."""
        return cls(**obj)


@dataclass(frozen=True, slots=True)
class Use:
    """`use/<id>`: one use of a grant, reserved first and settled or released.

    Attributes:
        grant: The grant's id.
        request: Digest of what it was reserved for, base64url.
        operation: What is done.
        columns: Which columns go in, in order.
        group_by: Which columns group the result, in order.
        purpose: What for.
        charge: Privacy budget, in micro-epsilon.
        status: `reserved`, `settled` or `released`.
        at: Log index of the reservation.
        ended: Log index of settlement or release, or None.
        result: Digest of the result, base64url, once settled.
        time: Unix seconds of the reservation's block.
    """

    grant: str
    request: str
    operation: str
    columns: tuple[str, ...]
    group_by: tuple[str, ...]
    purpose: str
    charge: int
    status: Literal["reserved", "settled", "released"]
    at: int
    ended: int | None
    result: str | None
    time: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "at": self.at,
            "charge": self.charge,
            "columns": list(self.columns),
            "ended": self.ended,
            "grant": self.grant,
            "group_by": list(self.group_by),
            "operation": self.operation,
            "purpose": self.purpose,
            "request": self.request,
            "result": self.result,
            "status": self.status,
            "time": self.time,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Use:
        """Read the object back."""
        lists = {name: tuple(obj[name]) for name in ("columns", "group_by")}
        return cls(**{**obj, **lists})


@dataclass(frozen=True, slots=True)
class Job:
    """`job/<id>`: a computation over one or more reserved uses.

    Attributes:
        coordinator: The agency that asked for it.
        program: What is computed, such as `he.sum/v2`.
        spec: Digest of the whole specification, base64url.
        inputs: Ids of its uses, `<job id>.<position>`.
        parties: Who else takes part.
        deadline: Unix seconds after which no result is accepted.
        status: `admitted`, `done` or `aborted`.
        at: Log index of the admission.
        ended: Log index of result or abort, or None.
        result: Digest of the result, base64url, once done.
        evidence: Digest of the technique's evidence, base64url, once done.
        reason: Why it was aborted, or None.
        opened: Log index at which whoever opens first said so, or None.
        aggregation: Digest of the one aggregation that is opened, base64url,
            once somebody said so.
    """

    coordinator: str
    program: str
    spec: str
    inputs: tuple[str, ...]
    parties: Parties
    deadline: int
    status: Literal["admitted", "done", "aborted"]
    at: int
    ended: int | None = None
    result: str | None = None
    evidence: str | None = None
    reason: str | None = None
    opened: int | None = None
    aggregation: str | None = None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "aggregation": self.aggregation,
            "at": self.at,
            "coordinator": self.coordinator,
            "deadline": self.deadline,
            "ended": self.ended,
            "evidence": self.evidence,
            "inputs": list(self.inputs),
            "opened": self.opened,
            "parties": self.parties.to_json(),
            "program": self.program,
            "reason": self.reason,
            "result": self.result,
            "spec": self.spec,
            "status": self.status,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Job:
        """Read the object back."""
        parties = Parties.from_json(obj["parties"])
        return cls(**{**obj, "inputs": tuple(obj["inputs"]), "parties": parties})
