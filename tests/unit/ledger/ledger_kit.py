"""A small network for tests: three agencies with fixed keys, and short verbs.

The clock is a number that a test moves; keys come from seeds; nonces count up.
So two runs of a test make the same log, byte for byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from privshare.ledger import transaction
from privshare.ledger.enrolment import enrolment
from privshare.ledger.genesis import Genesis, Params, create_genesis
from privshare.ledger.machine import Machine
from privshare.ledger.rules_dataset import batch_root
from privshare.rights.terms import Terms
from privshare.schemes.keys import SealKey, SigningKey
from privshare.wire import note
from privshare.wire.canonical import b64u, decode
from privshare.wire.envelope import Envelope, encode, to_json

NETWORK = "test.privshare"
ORIGIN = "test.privshare/log"
START = 1_800_000_000
PARAMS = Params(tx_validity_s=600, use_timeout_s=1_000, max_block_tx=64)

POLICY = hashlib.sha256(b"policy").digest()
SCHEMA = hashlib.sha256(b"schema").digest()


def key(name: str) -> SigningKey:
    """The signing key of this name."""
    return SigningKey.from_seed(hashlib.sha256(name.encode()).digest())


def seal_key(name: str) -> SealKey:
    """The sealing key of this name."""
    return SealKey.from_seed(hashlib.sha256(name.encode()).digest())


LOG_KEY = key("log")
LOG_VKEY = note.encode_vkey(note.Vkey(ORIGIN, note.ED25519, LOG_KEY.verify_key.raw))


def enrol(agency: str, url: str = "", network: str = NETWORK) -> Envelope:
    """An agency's enrolment with a signing and a witness key."""
    sign, witness = key(f"{agency}/sign"), key(f"{agency}/witness")
    keys = [
        ("sign", "ed25519", sign.verify_key.raw),
        ("witness", "ed25519", witness.verify_key.raw),
    ]
    return enrolment(agency, network, url, keys, [sign])


def genesis(params: Params = PARAMS) -> Genesis:
    """A network whose operator is `registry`."""
    return create_genesis(NETWORK, ORIGIN, LOG_VKEY, enrol("registry"), params, START)


def digest(text: str) -> str:
    """Some digest, as statements spell it."""
    return b64u(hashlib.sha256(text.encode()).digest())


def leaves(count: int, label: str = "leaf") -> bytes:
    """Some leaf digests, concatenated."""
    return b"".join(
        hashlib.sha256(f"{label}{i}".encode()).digest() for i in range(count)
    )


@dataclass
class Scribe:
    """Writes transactions, each with a nonce of its own."""

    now: int = START + 1
    nonces: int = 0
    lifetime_s: int = 300
    seen: list[bytes] = field(default_factory=list)

    def tx(
        self,
        kind: str,
        account: str,
        body: Any,
        keys: list[SigningKey] | None = None,
        **changes: Any,
    ) -> bytes:
        """The bytes of a transaction."""
        self.nonces += 1
        fields: dict[str, Any] = {
            "network": NETWORK,
            "nonce": self.nonces.to_bytes(16, "big"),
            "not_after": self.now + self.lifetime_s,
        } | changes
        signing = keys if keys is not None else [key(f"{account}/sign")]
        envelope = transaction.build(
            kind,
            account,
            body,
            fields["network"],
            fields["nonce"],
            fields["not_after"],
            signing,
        )
        data = encode(envelope)
        self.seen.append(data)
        return data

    def admit(self, agency: str, url: str = "") -> bytes:
        """The operator admits an agency."""
        body = {"enrolment": to_json(enrol(agency, url)), "roles": ["owner"]}
        return self.tx("org.admit", "registry", body)

    def anchor(
        self, account: str, count: int, label: str = "leaf"
    ) -> tuple[bytes, bytes]:
        """A batch of leaves and its transaction."""
        batch = leaves(count, label)
        body = {"count": count, "root": b64u(batch_root(batch))}
        return self.tx("anchor.batch", account, body), batch

    def register(self, dataset: str, **changes: Any) -> bytes:
        """The owner registers a dataset of 100 rows."""
        body = commitments() | {"dataset": dataset} | changes
        return self.tx("dataset.register", dataset.split("/", maxsplit=1)[0], body)

    def request(self, terms: Terms) -> bytes:
        """The grantee asks for a right."""
        return self.tx("grant.request", terms.grantee, {"terms": terms.to_json()})

    def offer(self, grant: str, terms: Terms, account: str | None = None) -> bytes:
        """The owner answers with terms."""
        body = {"grant": grant, "terms": terms.to_json()}
        return self.tx("grant.offer", account or terms.owner, body)

    def accept(self, grant: str, terms: Terms, account: str | None = None) -> bytes:
        """The grantee accepts."""
        body = {"grant": grant, "terms": b64u(terms.digest())}
        return self.tx("grant.accept", account or terms.grantee, body)

    def delegate(self, parent: str, terms: Terms, account: str) -> bytes:
        """The grantee passes a part on."""
        body = {"parent": parent, "terms": terms.to_json()}
        return self.tx("grant.delegate", account, body)

    def revoke(self, grant: str, account: str) -> bytes:
        """Somebody ends a grant."""
        return self.tx("grant.revoke", account, {"grant": grant, "reason": "enough"})

    def reserve(
        self, grant: str, account: str, charge: int = 10, **changes: Any
    ) -> bytes:
        """The grantee reserves a use."""
        body = {
            "charge": charge,
            "columns": ["income"],
            "grant": grant,
            "group_by": [],
            "operation": "sum",
            "purpose": "housing-policy",
            "request": digest("request"),
        } | changes
        return self.tx("use.reserve", account, body)

    def settle(self, use: str, account: str) -> bytes:
        """The owner settles a use."""
        return self.tx("use.settle", account, {"result": digest("result"), "use": use})

    def release(self, use: str, account: str) -> bytes:
        """Somebody releases a use."""
        return self.tx("use.release", account, {"reason": "no answer", "use": use})

    def job(self, account: str, grants: list[str], **changes: Any) -> bytes:
        """A coordinator admits a job over several grants."""
        inputs = [
            {"charge": 10, "columns": ["income"], "grant": grant, "group_by": []}
            for grant in grants
        ]
        body = {
            "deadline": self.now + 3_600,
            "inputs": inputs,
            "operation": "sum",
            "parties": parties(compute="housing", custodian="registry"),
            "program": "he.sum/v2",
            "purpose": "housing-policy",
            "spec": digest("spec"),
        } | changes
        return self.tx("job.admit", account, body)


def parties(**fields: Any) -> dict[str, Any]:
    """Parties of a job, as `job.admit` has them."""
    return {"custodian": None, "key": None, "nodes": [], "openers": []} | fields


def commitments(policy: bytes = POLICY, rows: int = 100) -> dict[str, Any]:
    """A dataset's commitments."""
    return {
        "metadata": digest("metadata"),
        "policy": b64u(policy),
        "root": digest("root"),
        "rows": rows,
        "schema": b64u(SCHEMA),
    }


def terms(**changes: Any) -> Terms:
    """Terms of taxes/returns for housing."""
    fields: dict[str, Any] = {
        "dataset": "taxes/returns",
        "grantee": "housing",
        "right": "process",
        "purpose": "housing-policy",
        "operations": ("count", "sum"),
        "programs": (),
        "columns": ("district", "income"),
        "group_by": ("district",),
        "not_before": START,
        "not_after": START + 100_000,
        "uses": 3,
        "budget": 100,
        "output": "aggregate",
        "k": 10,
        "delegable": 2,
        "obligations": (),
        "policy": POLICY,
    }
    return Terms(**(fields | changes))


def tx_id(data: bytes) -> str:
    """The id of a transaction's bytes."""
    return transaction.parse(data).id


class Bench:
    """A machine, and the log it has made so far, block by block."""

    def __init__(self, params: Params = PARAMS) -> None:
        self.genesis = genesis(params)
        self.machine = Machine(self.genesis)
        self.scribe = Scribe()
        self.blocks: list[list[bytes]] = []
        self.open: list[bytes] = [self.genesis.encode()]
        self.close()

    def do(self, data: bytes, batch: bytes = b"") -> str:
        """Check and apply one transaction; its id is the answer."""
        checked = self.machine.check(data, batch, self.scribe.now)
        self.machine.apply(checked, self.scribe.now)
        self.open += checked.entries()
        return checked.transaction.id

    def close(self) -> bytes:
        """Close the block."""
        time = max(self.scribe.now, self.machine.time) if self.blocks else START
        block = self.machine.close_block(time)
        self.blocks.append([*self.open, block.data])
        self.open = []
        return block.data

    def wait(self, seconds: int) -> None:
        """Close the block if one is open, and let time pass."""
        if self.open:
            self.close()
        self.scribe.now += seconds

    def admit_all(self) -> None:
        """Taxes, housing and labour join, and taxes registers its returns."""
        for agency in ("taxes", "housing", "labour"):
            self.do(self.scribe.admit(agency))
        self.do(self.scribe.register("taxes/returns"))

    def granted(self, **changes: Any) -> str:
        """An active grant of taxes/returns."""
        wanted = terms(**changes)
        grant = self.do(self.scribe.request(wanted))
        self.do(self.scribe.offer(grant, wanted))
        return grant

    def state(self, key: str) -> dict[str, Any]:
        """What the state holds under a key."""
        found = self.machine.state.get(key)
        assert found is not None, key
        return found


def payload(data: bytes) -> Any:
    """The decoded payload of a transaction's bytes."""
    return decode(transaction.parse(data).envelope.payload)
