"""A consortium of four agencies in one process, with peers one can program.

`registrar` hosts the ledger; `title`, `housing` and `tax` mirror and cosign it.
Each has a node; calls between nodes go straight to the other node's verbs,
through canonical bytes as on a wire. A test may put itself between two nodes:
`network.meddle[(agency, what)] = function` gets the call and may answer, alter
or refuse it.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from memory_store import MemoryStore
from threshold_kit import dealt

from privshare.errors import PrivShareError, Unavailable
from privshare.exchange import dataset, grant, party, privacy, record, threshold
from privshare.exchange.node import Node, NodeKeys, seal_key
from privshare.exchange.opening import open_totals
from privshare.exchange.runner import Runner
from privshare.jobs.statement import Contribution
from privshare.ledger import query
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.mirror import MirrorLedger
from privshare.ledger.enrolment import enrolment
from privshare.ledger.genesis import Genesis, Params, create_genesis
from privshare.ledger.sealed_share import seal_share
from privshare.ledger.transaction import build
from privshare.ledger.trust import trust_policy
from privshare.log.witness import parse_policy
from privshare.schemes.keys import SealKey, SigningKey
from privshare.schemes.paillier import PaillierPrivateKey
from privshare.schemes.paillier_knowledge import Known, prove
from privshare.wire import note
from privshare.wire.canonical import Json, decode, encode
from privshare.wire.envelope import Envelope, to_json
from privshare.wire.envelope import encode as encode_envelope

NETWORK = "demo.privshare"
ORIGIN = "demo.privshare/log"
START = 1_800_000_000
AGENCIES = ("registrar", "title", "housing", "tax")
HE_BITS = 2048


def seed(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


@lru_cache(maxsize=8)
def he_private(agency: str) -> PaillierPrivateKey:
    """One Paillier key an agency, made once a run."""
    return PaillierPrivateKey.generate(HE_BITS)


def keys_of(agency: str) -> NodeKeys:
    return NodeKeys(
        sign=SigningKey.from_seed(seed(f"{agency}/sign")),
        witness=SigningKey.from_seed(seed(f"{agency}/witness")),
        seal=(SealKey.from_seed(seed(f"{agency}/seal")),),
        he=(he_private(agency),),
    )


def enrol(agency: str) -> Envelope:
    keys = keys_of(agency)
    assert keys.witness is not None
    listed = [
        ("sign", "ed25519", keys.sign.verify_key.raw),
        ("witness", "ed25519", keys.witness.verify_key.raw),
        ("seal", "x25519", keys.seal[0].public_key.raw),
        ("he", "paillier", keys.he[0].public.to_bytes()),
    ]
    url = f"http://{agency}.example"
    return enrolment(agency, NETWORK, url, listed, [keys.sign])


def proven(contribution: Contribution) -> Contribution:
    """A contribution whose liar knows what it encrypted: the proof holds.

    Here the custodian's key tells; ciphertexts of no key are left unproven.
    """
    try:
        (key,) = (
            private
            for private in map(he_private, AGENCIES)
            if private.public.kid == contribution.key
        )
        known = []
        for cell in contribution.groups:
            m, r = key.open(cell.ciphertext)
            known.append(Known(cell.ciphertext, m, int.from_bytes(r, "big")))
    except (PrivShareError, ValueError):
        return contribution
    proof = prove(key.public.n, known, contribution.context())
    return replace(contribution, proof=proof)


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self) -> None:
        self.now = START + 10

    def __call__(self) -> int:
        return self.now


class Source:
    """The host's log, as a mirror reaches it."""

    def __init__(self, host: EmbeddedLedger) -> None:
        self._host = host

    def genesis(self) -> bytes:
        return self._host.genesis.encode()

    def checkpoint(self, size: int | None = None) -> bytes:
        return self._host.checkpoint(size)

    def tile(self, path: str) -> bytes:
        return self._host.tile(path)

    def submit(self, tx: bytes, leaves: bytes, timeout_s: float) -> Any:
        return self._host.submit(tx, leaves, timeout_s)


@dataclass
class Asked:
    """One call between two nodes."""

    caller: str
    agency: str
    method: str
    path: str
    body: Any

    def go_on(self, network: Consortium) -> Any:
        """Let the other node answer."""
        return network.answer(self)


Meddler = Callable[[Asked], Any]


class LocalPeers:
    """Peers without a wire."""

    def __init__(self, network: Consortium, caller: str) -> None:
        self._network, self._caller = network, caller

    def call(
        self,
        agency: str,
        method: str,
        path: str,
        body: Json | bytes = None,
        *,
        timeout_s: float = 30.0,
    ) -> Json:
        carried = (
            body
            if isinstance(body, bytes)
            else decode(encode(body), max_bytes=32 << 20)
        )
        asked = Asked(self._caller, agency, method, path, carried)
        self._network.calls.append(asked)
        if agency in self._network.away:
            raise Unavailable(
                f"expected {agency} to answer, found nobody", detail={"party": agency}
            )
        what = urlsplit(path).path.split("/")[3:]
        kind = what[2] if what[0] == "jobs" else what[0]
        meddler = self._network.meddle.get((agency, kind))
        answer = meddler(asked) if meddler else self._network.answer(asked)
        return decode(encode(answer), max_bytes=32 << 20)


class Consortium:
    """Four agencies with their nodes."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.calls: list[Asked] = []
        self.away: set[str] = set()
        self.meddle: dict[tuple[str, str], Meddler] = {}
        self._directory = directory
        log_key = SigningKey.from_seed(seed("log"))
        vkey = note.encode_vkey(note.Vkey(ORIGIN, note.ED25519, log_key.verify_key.raw))
        genesis = create_genesis(
            NETWORK, ORIGIN, vkey, enrol("registrar"), Params(), START
        )
        self._mirrors: dict[str, MirrorLedger] = {}
        self.host = self._found(directory, genesis, log_key)
        for agency in AGENCIES[1:]:
            self._admit(agency)
        self.sync()
        self.trust = trust_policy(genesis, self.host.view(), 2)
        self.nodes = {agency: self._node(agency) for agency in AGENCIES}

    def _found(
        self, directory: Path, genesis: Genesis, log_key: SigningKey
    ) -> EmbeddedLedger:
        """The host's ledger, and a mirror for every other agency."""
        host = EmbeddedLedger.create(
            directory / "registrar",
            genesis,
            log_key,
            clock=self.clock,
            connect=self._connect,
        )
        for agency in AGENCIES[1:]:
            self._mirrors[agency] = MirrorLedger.create(
                directory / agency,
                Source(host),
                genesis.digest,
                agency=agency,
                witness_key=keys_of(agency).witness,
                clock=self.clock,
            )
        return host

    def _admit(self, agency: str) -> None:
        body = {"enrolment": to_json(enrol(agency)), "roles": ["member"]}
        transaction = build(
            "org.admit",
            "registrar",
            body,
            NETWORK,
            seed(f"admit {agency}")[:16],
            self.clock() + 300,
            [keys_of("registrar").sign],
        )
        self.host.submit(encode_envelope(transaction))

    def _connect(self, witness: Any) -> Any:
        def client(request: bytes) -> bytes:
            mirror = self._mirrors.get(witness.agency)
            if mirror is None:
                raise Unavailable(f"{witness.agency} is not up")
            return mirror.handle_add_checkpoint(request)

        return client

    def _node(self, agency: str) -> Node:
        return Node(
            agency=agency,
            network=NETWORK,
            ledger=self._mirrors.get(agency, self.host),
            store=MemoryStore(),
            keys=keys_of(agency),
            peers=LocalPeers(self, agency),
            clock=self.clock,
            need=lambda: parse_policy(self.trust.encode()),
            commit_timeout_s=10.0,
            receipt_timeout_s=10.0,
        )

    def close(self) -> None:
        for mirror in self._mirrors.values():
            mirror.close()
        self.host.close()

    def __getitem__(self, agency: str) -> Node:
        return self.nodes[agency]

    def sync(self) -> None:
        """All mirrors follow the host."""
        for mirror in self._mirrors.values():
            mirror.refresh()

    def answer(self, asked: Asked) -> Any:
        """What the service's routes do: find the verb, hand over the body."""
        node = self.nodes[asked.agency]
        url = urlsplit(asked.path)
        match url.path.split("/")[3:]:
            case ["datasets", agency, name]:
                return dataset.served(node, f"{agency}/{name}")
            case ["datasets", agency, name, "query-key"]:
                return privacy.serve_key(node, asked.caller, f"{agency}/{name}")
            case ["records"]:
                return record.serve(node, asked.caller, asked.body)
            case ["jobs", job, "contributions", agency, name]:
                return party.contribute(
                    node, asked.caller, job, f"{agency}/{name}", asked.body
                )
            case ["jobs", job, "inputs", agency, name]:
                part = int(parse_qs(url.query)["part"][0])
                return party.receive(
                    node,
                    asked.caller,
                    job,
                    f"{agency}/{name}",
                    part=part,
                    data=asked.body,
                )
            case ["jobs", job, "aggregation"]:
                return party.aggregate(node, asked.caller, job, asked.body)
            case ["jobs", job, "opening"]:
                return open_totals(node, asked.caller, job, asked.body)
            case other:
                raise AssertionError(f"no route {other}")

    # Short verbs

    def share_key(
        self,
        count: int = 2,
        holders: tuple[str, ...] = ("title", "housing", "tax"),
        *,
        accepting: tuple[str, ...] | None = None,
        which: int = 0,
    ) -> int:
        """Deal a threshold key and hand it over; says its epoch.

        `accepting` are the holders who import their share: all unless given.
        """
        files = self.deal_key(count, holders, which=which)
        for agency in holders if accepting is None else accepting:
            threshold.import_shares(self[agency], [files[agency]])
            self.sync()
        return query.epochs(self.host.view()).newest

    def deal_key(
        self,
        count: int = 2,
        holders: tuple[str, ...] = ("title", "housing", "tax"),
        *,
        which: int = 0,
    ) -> dict[str, bytes]:
        """Deal a threshold key; the sealed file of each holder."""
        key, shares = dealt(count, len(holders), which)
        view = self.host.view()
        epoch = query.epochs(view).newest + 1
        sealed = {
            agency: seal_share(
                share,
                agency=agency,
                epoch=epoch,
                network=NETWORK,
                recipient=seal_key(view, agency),
            )
            for agency, share in zip(holders, shares, strict=True)
        }
        body = {
            "epoch": epoch,
            "evidence": None,
            "holders": list(holders),
            "key": key.to_json(),
            "previous": None,
        }
        threshold.deal(self["registrar"], body)  # type: ignore[arg-type]
        self.sync()
        return {agency: encode(file.to_json()) for agency, file in sealed.items()}

    def publish(
        self,
        owner: str,
        name: str,
        csv: str,
        *,
        key: str | None = None,
        rules: list[dict[str, Json]] | None = None,
        columns: list[Mapping[str, Json]] | None = None,
    ) -> str:
        """Publish a table; everybody's mirror has it then."""
        node = self[owner]
        draft = dataset.import_csv(node, io.BytesIO(csv.encode()), filename=name)
        done = dataset.publish(
            node,
            draft.id,
            name=name,
            title=f"The {name} of {owner}",
            key=key,
            columns=columns or [],
            policy={"rules": list(rules if rules is not None else [permit()])},
        )
        self.sync()
        return done.dataset

    def grant(self, grantee: str, on: str, **wanted: Any) -> str:
        """Ask for a right; the owner's policy answers."""
        done = grant.request(self[grantee], on, **{**QUESTION, **wanted})
        self.sync()
        owner = self[on.partition("/")[0]]
        grant.consider_all(owner)
        self.sync()
        return done.id

    def run(self, agency: str, timeout_s: float = 60.0) -> None:
        """Run an agency's jobs to their ends."""
        Runner(self[agency], poll_s=0.01).run_until_idle(timeout_s)
        self.sync()


QUESTION: dict[str, Any] = {
    "operations": ["count", "mean", "sum"],
    "columns": ["tax_paid"],
    "group_by": ["district"],
    "purpose": "housing-policy",
    "days": 30,
    "uses": 10,
    "k": 3,
}


def permit(**changes: Any) -> dict[str, Json]:
    """A rule that permits sums at once."""
    return {
        "automatic": True,
        "columns": ["tax_paid"],
        "confirmations": 0,
        "effect": "permit",
        "grantees": ["*"],
        "group_by": ["district"],
        "id": "totals",
        "max_budget": 0,
        "max_days": 366,
        "max_delegable": 0,
        "max_uses": 100,
        "min_k": 2,
        "obligations": [],
        "operations": ["count", "mean", "sum"],
        "programs": ["he.sum/v2"],
        "purposes": ["housing-policy"],
        "rights": ["process"],
        **changes,
    }


def permit_read(**changes: Any) -> dict[str, Json]:
    """A rule that permits single records at once."""
    return permit(
        **{
            "columns": ["district", "parcel", "tax_paid"],
            "group_by": [],
            "id": "records",
            "min_k": 1,
            "operations": ["read"],
            "programs": [],
            **changes,
        }
    )


def taxes(rows: int = 20, first: int = 0) -> str:
    """A table: parcel, district (east, west and one lonely north), tax_paid."""
    lines = ["parcel,district,tax_paid"]
    for i in range(first, first + rows):
        district = "north" if i == first else ("east", "west")[i % 2]
        lines.append(f"p-{i},{district},{i * 10}.25")
    return "\n".join(lines) + "\n"


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
