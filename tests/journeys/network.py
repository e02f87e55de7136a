"""A whole network in one process: a host, three mirrors, and every operation.

The host is a real `EmbeddedLedger`; `title`, `housing` and `tax` hold real
mirrors of it, which replay every block and cosign every checkpoint. Keys come
from seeds and the clock is a number, so what a test sees does not depend on
the day. Only the Paillier key is drawn anew.

    network = Network(folder)            # members admitted, a dataset published
    case = network.record_share()        # real transactions, a real receipt
    verify(case.data, network.trust, network.now, case.attachments.get)

`tests/journeys/test_receipt_mutations.py` shows each operation at work.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from math import prod
from pathlib import Path
from typing import Any

import measured
import proofs
import rings
import shares
import surveys
from statement_kit import ring_key
from threshold_kit import dealt

from privshare.audit.trust_root import EvidenceRoots
from privshare.bindings import merkle
from privshare.exchange.receipts import assemble
from privshare.jobs import aggregate as he
from privshare.jobs import packing, threshold
from privshare.jobs.anchor import leaf_of, receipt_of
from privshare.jobs.receipt import Receipt
from privshare.jobs.spec import Input, Spec
from privshare.jobs.statement import (
    AGGREGATION,
    CONTRIBUTION,
    OPENING,
    Aggregation,
    Cell,
    Contribution,
    ciphertexts_digest,
    evidence_digest,
    result_digest,
)
from privshare.jobs.threshold_statement import PARTIAL_OPENING
from privshare.ledger import query
from privshare.ledger.api import Committed
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.mirror import MirrorLedger
from privshare.ledger.enrolment import enrolment
from privshare.ledger.genesis import Params, create_genesis
from privshare.ledger.shared_key import SharedKey
from privshare.ledger.transaction import build
from privshare.ledger.trust import Witness, trust_policy
from privshare.log.policy import parse_policy
from privshare.rights.dataset import metadata_digest
from privshare.rights.disclosure import disclose
from privshare.rights.policy import Permission, Policy, Prohibition
from privshare.rights.row import commit_rows
from privshare.rights.schema import Column, Schema
from privshare.rights.terms import Terms
from privshare.schemes.keys import SealKey, SigningKey, sign_envelope
from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey
from privshare.schemes.paillier_knowledge import Known, prove
from privshare.wire import domain, note
from privshare.wire.canonical import b64u, encode
from privshare.wire.digest import digest_json
from privshare.wire.envelope import Envelope, to_json
from privshare.wire.envelope import encode as encode_envelope

NETWORK = "demo.privshare"
ORIGIN = "demo.privshare/log"
START = 1_795_341_600
MEMBERS = ("housing", "tax", "title")
#: Of the threshold key, in the order of their shares.
HOLDERS = ("title", "housing", "tax")
DATASET = "tax/deed-tax-2025"
PURPOSE = "housing-policy"
K = 3

SCHEMA = Schema(
    (
        Column("parcel", "string"),
        Column("district", "category", categories=("east", "north", "west")),
        Column("tax_paid", "decimal", scale=2, minimum=0, maximum=10_000_000),
    ),
    key="parcel",
)
METADATA = {"description": "Made up.", "title": "Deed tax, 2025", "v": 1}
ROWS = [
    [f"p-{i:03}", ("east", "north", "west")[i % 3 if i < 20 else 0], 1_000 + 137 * i]
    for i in range(24)
]
POLICY = Policy(
    DATASET,
    (
        Prohibition("no-names", purposes=("marketing",)),
        Permission(
            "totals",
            purposes=(PURPOSE,),
            grantees=("*",),
            operations=("count", "mean", "sum"),
            columns=("tax_paid",),
            group_by=("district",),
            programs=("he.sum/v2",),
            min_k=K,
            max_days=366,
            max_uses=100,
            max_budget=0,
            confirmations=1,
            max_delegable=1,
        ),
        Permission(
            "single-records",
            purposes=(PURPOSE,),
            grantees=("*",),
            operations=("read",),
            columns=("district", "parcel", "tax_paid"),
            group_by=(),
            programs=(),
            min_k=1,
            max_days=366,
            max_uses=100,
            max_budget=0,
            confirmations=1,
            max_delegable=1,
        ),
    ),
)


def seed(name: str) -> bytes:
    """The 32 bytes that everything with this name is made from."""
    return hashlib.sha256(name.encode()).digest()


def signing_key(name: str) -> SigningKey:
    """The Ed25519 key of this name, such as "tax/sign"."""
    return SigningKey.from_seed(seed(name))


@dataclass(frozen=True)
class Filed:
    """A receipt with what travels beside it."""

    receipt: Receipt
    attachments: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The bytes of the `.psr` file."""
        return self.receipt.to_bytes()


class _Source:
    """The host, as a mirror in the same process sees it."""

    def __init__(self, host: EmbeddedLedger) -> None:
        self._host = host

    def genesis(self) -> bytes:
        return self._host.entry(0)

    def checkpoint(self, size: int | None = None) -> bytes:
        return self._host.own_checkpoint()

    def tile(self, path: str) -> bytes:
        return self._host.tile(path)

    def submit(self, tx: bytes, leaves: bytes, timeout_s: float) -> Committed:
        return self._host.submit(tx, leaves, timeout_s)


class Network:
    """A host, its mirrors, and short verbs for whole operations.

    Args:
        folder: Where the ledgers live; empty.
        quorum: How many of the three witnesses must cosign.

    Attributes:
        trust: The trust policy file of the network.
        roots: Test roots, for the evidence of its simulated machine.
        ledger: The host's ledger.
        now: The clock. Each transaction moves it by five seconds.
    """

    def __init__(self, folder: Path, quorum: int = 3) -> None:
        self.now = START
        self._nonces: Iterator[int] = count(1)
        self.he = PaillierPrivateKey.generate(2048)
        log_key = signing_key("log")
        vkey = note.Vkey(ORIGIN, note.ED25519, log_key.verify_key.raw)
        genesis = create_genesis(
            NETWORK,
            ORIGIN,
            str(vkey),
            self._enrolment("registrar"),
            Params(),
            START,
        )
        self.mirrors: dict[str, MirrorLedger] = {}
        self.ledger = EmbeddedLedger.create(
            folder / "registrar",
            genesis,
            log_key,
            clock=lambda: self.now,
            connect=self._connect,
        )
        for agency in MEMBERS:
            self.mirrors[agency] = MirrorLedger.create(
                folder / agency,
                _Source(self.ledger),
                genesis.digest,
                agency=agency,
                witness_key=signing_key(f"{agency}/witness"),
                clock=lambda: self.now,
            )
        for agency in MEMBERS:
            body = {"enrolment": to_json(self._enrolment(agency)), "roles": ["owner"]}
            self.admitted = self.submit("org.admit", "registrar", body)
        self.roots = EvidenceRoots((measured.roots(),), trial=True)
        self.trust = trust_policy(genesis, self.ledger.view(), quorum).encode()
        self.need = parse_policy(self.trust)
        self.table = ROWS
        self.salts = [seed(f"row {i}") for i in range(len(ROWS))]
        self.rows = commit_rows(SCHEMA, ROWS, self.salts)
        self.registered = self.submit(
            "dataset.register", "tax", {"dataset": DATASET, **self.commitments()}
        )

    def close(self) -> None:
        """Stop all ledgers."""
        self.ledger.close()
        for mirror in self.mirrors.values():
            mirror.close()

    def _connect(self, witness: Witness) -> Any:
        mirror = self.mirrors.get(witness.agency)
        return None if mirror is None else mirror.handle_add_checkpoint

    def _enrolment(self, agency: str) -> Envelope:
        sign = signing_key(f"{agency}/sign")
        witness = signing_key(f"{agency}/witness")
        seal = SealKey.from_seed(seed(f"{agency}/seal"))
        keys = [
            ("sign", "ed25519", sign.verify_key.raw),
            ("witness", "ed25519", witness.verify_key.raw),
            ("seal", "x25519", seal.public_key.raw),
            ("open", "ristretto255", ring_key(f"{agency}/open").public),
        ]
        if agency == "title":
            keys.append(("he", "paillier", self.he.public.to_bytes()))
        return enrolment(agency, NETWORK, "", keys, [sign])

    # Transactions.

    def submit(
        self,
        kind: str,
        account: str,
        body: Any,
        leaves: bytes = b"",
        keys: list[SigningKey] | None = None,
    ) -> Committed:
        """Sign and commit one transaction, five seconds after the last."""
        self.now += 5
        envelope = build(
            kind,
            account,
            body,
            NETWORK,
            next(self._nonces).to_bytes(16, "big"),
            self.now + 600,
            keys or [signing_key(f"{account}/sign")],
        )
        return self.ledger.submit(encode_envelope(envelope), leaves)

    def commitments(self, policy: Policy = POLICY) -> dict[str, Any]:
        """The five fields of `dataset.register` and `dataset.amend`."""
        return {
            "metadata": b64u(metadata_digest(METADATA)),
            "policy": b64u(policy.digest()),
            "root": b64u(self.rows.root),
            "rows": self.rows.rows,
            "schema": b64u(SCHEMA.digest()),
        }

    def terms(self, **changes: Any) -> Terms:
        """Terms that the policy permits: totals for housing."""
        terms = Terms(
            dataset=DATASET,
            grantee="housing",
            right="process",
            purpose=PURPOSE,
            operations=("count", "mean", "sum"),
            programs=("he.sum/v2",),
            columns=("tax_paid",),
            group_by=("district",),
            not_before=START,
            not_after=START + 30 * 86_400,
            uses=10,
            budget=0,
            output="aggregate",
            k=K,
            delegable=1,
            obligations=(),
            policy=POLICY.digest(),
        )
        return replace(terms, **changes)

    def reading(self, **changes: Any) -> Terms:
        """Terms that the policy permits: single records for housing."""
        return self.terms(
            **{
                "operations": ("read",),
                "programs": (),
                "columns": ("district", "parcel", "tax_paid"),
                "group_by": (),
                "output": "record",
                "k": 1,
                **changes,
            }
        )

    def granted(self, terms: Terms, asked: Terms | None = None) -> str:
        """A grant in force: requested, offered, and accepted if it differs."""
        body = {"terms": (asked or terms).to_json()}
        grant = self.submit("grant.request", terms.grantee, body).id
        offer = {"grant": grant, "terms": terms.to_json()}
        self.issued = self.submit("grant.offer", "tax", offer)
        if asked is not None:
            accept = {"grant": grant, "terms": b64u(terms.digest())}
            self.issued = self.submit("grant.accept", terms.grantee, accept)
        return grant

    def delegated(self, parent: str, terms: Terms, by: str = "housing") -> str:
        """A part of a grant passed on, and accepted."""
        body = {"parent": parent, "terms": terms.to_json()}
        grant = self.submit("grant.delegate", by, body).id
        accept = {"grant": grant, "terms": b64u(terms.digest())}
        self.issued = self.submit("grant.accept", terms.grantee, accept)
        return grant

    # Receipts.

    def receipt(self, operation: str, at: Committed | int, **parts: Any) -> Receipt:
        """The receipt of a transaction, from the host's ledger."""
        index = at if isinstance(at, int) else at.index
        return assemble(
            self.ledger, operation, index, need=self.need, timeout_s=30.0, **parts
        )

    def dataset_publish(self) -> Filed:
        """The dataset's registration."""
        evidence = {
            "metadata": METADATA,
            "policy": POLICY.to_json(),
            "schema": SCHEMA.to_json(),
        }
        return Filed(
            self.receipt("dataset.publish", self.registered, evidence=evidence)
        )

    def dataset_retire(self) -> Filed:
        """Another dataset, registered and taken out of use."""
        body = {"dataset": "tax/old", **self.commitments()}
        self.submit("dataset.register", "tax", body)
        at = self.submit("dataset.retire", "tax", {"dataset": "tax/old"})
        return Filed(self.receipt("dataset.retire", at))

    def grant_request(self) -> Filed:
        """A request that nobody has answered."""
        body = {"terms": self.terms().to_json()}
        at = self.submit("grant.request", "housing", body)
        return Filed(self.receipt("grant.request", at))

    def grant_issue(self, *, accepted: bool = False) -> Filed:
        """A grant that was offered as asked, or narrowed and accepted."""
        asked = self.terms(uses=20) if accepted else None
        self.granted(self.terms(), asked)
        return self.issue_receipt()

    def issue_receipt(self) -> Filed:
        """The receipt of the grant put in force last."""
        evidence = {"policy": POLICY.to_json()}
        return Filed(self.receipt("grant.issue", self.issued, evidence=evidence))

    def grant_refuse(self, rule: str | None = "no-names") -> Filed:
        """A request for marketing, which the policy prohibits."""
        terms = self.terms(purpose="marketing")
        grant = self.submit("grant.request", "housing", {"terms": terms.to_json()}).id
        body = {"grant": grant, "reason": "Not for marketing.", "rule": rule}
        at = self.submit("grant.refuse", "tax", body)
        evidence = {"policy": POLICY.to_json()} if rule else None
        return Filed(self.receipt("grant.refuse", at, evidence=evidence))

    def grant_revoke(self) -> Filed:
        """A grant that its owner ended."""
        grant = self.granted(self.terms())
        body = {"grant": grant, "reason": "The project is over."}
        return Filed(
            self.receipt("grant.revoke", self.submit("grant.revoke", "tax", body))
        )

    def record_share(
        self, grant: str | None = None, reader: str = "housing", row: int = 7
    ) -> Filed:
        """One record read under a grant: reserved, answered, settled."""
        grant = grant or self.granted(self.reading())
        columns = ["district", "parcel", "tax_paid"]
        request = {
            "columns": columns,
            "dataset": DATASET,
            "grant": grant,
            "key": ROWS[row][0],
            "salt": b64u(seed("request")),
            "v": 1,
        }
        reserve = {
            "charge": 0,
            "columns": columns,
            "grant": grant,
            "group_by": [],
            "operation": "read",
            "purpose": PURPOSE,
            "request": b64u(digest_json(domain.JOB_REQUEST, request)),
        }
        use = self.submit("use.reserve", reader, reserve).id
        path = merkle.inclusion_proof(self.rows.leaf_hashes, row)
        shown = disclose(
            SCHEMA, ROWS[row], self.salts[row], columns, index=row, path=path
        )
        record = {
            "disclosure": shown.to_json(),
            "request": request,
            "type": "privshare.record",
            "v": 1,
        }
        settle = {"result": b64u(digest_json(domain.RESULT, record)), "use": use}
        at = self.submit("use.settle", "tax", settle)
        attachments = {"record.json": encode(record)}
        self.shared = at
        return Filed(
            self.receipt(
                "record.share",
                at,
                evidence={"schema": SCHEMA.to_json()},
                attachments=attachments,
            ),
            attachments,
        )

    def record_erase(self, row: int = 11) -> Filed:
        """A record that its owner declared erased."""
        at = self.submit("record.erase", "tax", {"dataset": DATASET, "row": row})
        return Filed(self.receipt("record.erase", at))

    def job(
        self, grant: str, operation: str = "sum", **opened: Any
    ) -> tuple[str, Spec]:
        """A job that was admitted; title opens it unless told otherwise."""
        spec = Spec(
            operation=operation,  # type: ignore[arg-type]
            column="tax_paid",
            group_by="district",
            inputs=(Input(DATASET, grant, 1),),
            k=K,
            purpose=PURPOSE,
            coordinator="housing",
            compute="registrar",
            nonce=next(self._nonces).to_bytes(16, "big"),
            **(opened or {"custodian": "title"}),
        )
        body = {
            "deadline": self.now + 3_600,
            "inputs": [
                {
                    "charge": 0,
                    "columns": ["tax_paid"],
                    "grant": grant,
                    "group_by": ["district"],
                }
            ],
            "operation": operation,
            "parties": spec.parties.roles(),
            "program": "he.sum/v2",
            "purpose": PURPOSE,
            "spec": b64u(spec.digest()),
        }
        return self.submit("job.admit", "housing", body).id, spec

    def job_result(self, operation: str = "sum", grant: str | None = None) -> Filed:
        """An encrypted sum by district, opened by title alone."""
        job, spec = self.job(grant or self.granted(self.terms()), operation)
        contribution = self._contribution(job, spec, self.he.public)
        total = he.aggregate(spec, job, [contribution], self.he.public)
        self._announce("title", total)
        opening = he.open_totals(total, self.he, he.check_bounds([contribution]))
        totals = [one.total for one in opening.groups]
        signed = self._signed("title", OPENING, opening.to_bytes())
        return self._concluded(spec, contribution, total, [signed], totals)

    def job_result_together(
        self, operation: str = "sum", grant: str | None = None
    ) -> Filed:
        """An encrypted sum by district, opened by tax and title with their shares."""
        shared = self.shared_key()
        job, spec = self.job(
            grant or self.granted(self.terms()),
            operation,
            epoch=shared.epoch,
            openers=("tax", "title"),
        )
        key = shared.opened.public
        contribution = self._contribution(job, spec, key)
        total = he.aggregate(spec, job, [contribution], key)
        self._announce("tax", total)
        _, shares = dealt(2, 3)
        parts = {
            opener: threshold.open_part(total, shared, shares[HOLDERS.index(opener)])
            for opener in spec.openers
        }
        totals = threshold.combine(total, shared, list(parts.values()))
        signed = [
            self._signed(opener, PARTIAL_OPENING, part.to_bytes())
            for opener, part in parts.items()
        ]
        return self._concluded(spec, contribution, total, signed, totals)

    def shared_key(self) -> SharedKey:
        """The consortium's threshold key, dealt when it is first asked for."""
        if query.threshold_key(self.ledger.view()) is None:
            key, _ = dealt(2, 3)
            body = {
                "epoch": 1,
                "evidence": None,
                "holders": list(HOLDERS),
                "key": key.to_json(),
                "previous": None,
            }
            self.submit("threshold.deal", "registrar", body)
            for holder in HOLDERS:
                self.submit("threshold.accept", holder, {"epoch": 1})
        return query.threshold_epoch(self.ledger.view(), 1)

    def _announce(self, opener: str, total: Aggregation) -> None:
        body = {"aggregation": b64u(total.digest()), "job": total.job}
        self.submit("job.open", opener, body)

    def _concluded(
        self,
        spec: Spec,
        contribution: Contribution,
        total: Aggregation,
        openings: list[dict[str, Any]],
        totals: list[int],
    ) -> Filed:
        """The result of a job on the ledger, and its receipt."""
        evidence = he.evidence(
            spec,
            [self._signed("tax", CONTRIBUTION, contribution.to_bytes())],
            self._signed("registrar", AGGREGATION, total.to_bytes()),
            openings,
        )
        result = he.result(spec, [contribution], total, totals)
        body = {
            "evidence": b64u(evidence_digest(evidence)),
            "job": total.job,
            "result": b64u(result_digest(result)),
        }
        self.finished = self.submit("job.result", "housing", body)
        receipt = self.receipt(
            "job.result", self.finished, evidence=evidence, result=result
        )
        return Filed(receipt)

    def _contribution(
        self, job: str, spec: Spec, key: PaillierPublicKey
    ) -> Contribution:
        by_group: dict[str, array[int]] = {}
        for _, district, paid in ROWS:
            value = 1 if spec.operation == "count" else int(paid)
            by_group.setdefault(str(district), array("q")).append(value)
        cells, column, known = [], b"", []
        for name, values in sorted(by_group.items()):
            masked, *others = packing.pack(values, key.bits)
            plaintexts = [packing.hide(masked, key.bits), *others]
            ciphertexts, rand = key.encrypt_batch_known(plaintexts)
            column += ciphertexts
            total = key.sum(ciphertexts)
            cells.append(Cell(name, len(values), total))
            known.append(Known(total, sum(plaintexts), prod(rand) % key.n))
        made = Contribution(
            job=job,
            dataset=DATASET,
            version=1,
            column=spec.column,
            group_by=spec.group_by,
            key=key.kid,
            ciphertexts=ciphertexts_digest(column),
            rows=len(ROWS),
            bound=len(ROWS) * 10_000_000,
            scale=0 if spec.operation == "count" else 2,
            groups=tuple(cells),
            suppressed=(),
        )
        return replace(made, proof=prove(key.n, known, made.context()))

    @staticmethod
    def _signed(agency: str, kind: str, payload: bytes) -> dict[str, Any]:
        key = signing_key(f"{agency}/sign")
        return to_json(sign_envelope(kind, payload, [key]))

    def job_abort(self) -> Filed:
        """A job that the custodian ended."""
        job, _ = self.job(self.granted(self.terms()))
        body = {"job": job, "reason": "The owner did not answer."}
        return Filed(self.receipt("job.abort", self.submit("job.abort", "title", body)))

    def job_result_attested(self) -> Filed:
        """What a program computed in a simulated machine."""
        job = measured.begin(self)
        job.attest()
        release = job.release()
        job.conclude(release)
        at, result = job.finish(release)
        return Filed(
            self.receipt("job.result", at, evidence=job.evidence, result=result)
        )

    def job_result_shares(self) -> Filed:
        """A regression that three nodes computed on pieces of two columns."""
        at, evidence, result = shares.whole(self).finish()
        return Filed(self.receipt("job.result", at, evidence=evidence, result=result))

    def job_attest(self) -> Filed:
        """A simulated machine's evidence, before any data was released."""
        job = measured.begin(self)
        at, bundle = job.attest(), job.bundle
        assert bundle is not None
        evidence = {"bundle": bundle.to_json(), "spec": job.spec.to_json()}
        return Filed(self.receipt("job.attest", at, evidence=evidence))

    def job_refuse(self) -> Filed:
        """Evidence about another runner than was announced, and refused."""
        job = measured.begin(self)
        bundle = job.collect(runner=bytes(48))
        job.attest(bundle)
        evidence = {"bundle": bundle.to_json()}
        return Filed(
            self.receipt("job.refuse", measured.refuse(job), evidence=evidence)
        )

    def code_list(self) -> Filed:
        """The approval that listed a program."""
        return Filed(self.receipt("code.list", measured.listed(self)))

    def appraisal_set(self) -> Filed:
        """The policy by which tax judges evidence."""
        chosen = measured.policy(START)
        at = measured.anchored(self, chosen)
        evidence = {"policy": chosen.to_json()}
        return Filed(self.receipt("appraisal.set", at, evidence=evidence))

    def anchor(self, content: bytes = b"A contract.\n") -> Filed:
        """A file whose salted digest is the second of three in a batch."""
        digest, salt = hashlib.sha256(content).digest(), seed("salt")
        leaves = [seed("a"), leaf_of(salt, digest), seed("b")]
        hashes = merkle.leaf_hashes(leaves)
        body = {"count": len(leaves), "root": b64u(merkle.root(hashes))}
        at = self.submit("anchor.batch", "housing", body, b"".join(leaves))
        receipt = receipt_of(
            self.receipt("ledger.entry", at),
            file_digest=digest,
            salt=salt,
            position=1,
            path=merkle.inclusion_proof(hashes, 1),
        )
        return Filed(receipt, {"file": content})

    def statement_ring(self, member: int = 4, message: bytes = rings.MESSAGE) -> Filed:
        """What a member of a ring said, handed in by tax."""
        _, made, at = rings.say(self, member, message)
        return Filed(
            self.receipt(
                "statement.ring",
                at,
                evidence={"salt": b64u(made.salt)},
                attachments={"message": made.message},
            ),
            {"message": made.message},
        )

    def ring_opening(self) -> Filed:
        """The second part, which names who said it."""
        name, _, _ = rings.say(self, 2, b"The fee was paid twice.\n")
        rings.open_by(self, name, "title")
        return Filed(self.receipt("ring.opening", rings.open_by(self, name, "housing")))

    def statement_zk(self) -> Filed:
        """That a price lies in a band, proven by title of its deeds."""
        anchored = proofs.register(self).index
        proof = proofs.price_band(NETWORK)
        body = proofs.body(proof.document, proofs.DATASET)
        at = self.submit("statement.zk", "title", body)
        evidence = proofs.evidence(proof, anchored, None)
        return Filed(self.receipt("statement.zk", at, evidence=evidence))

    def survey_result(self) -> Filed:
        """The sum of seven answers, of which one was sent twice."""
        at, document, result = surveys.course(self)
        evidence = {"document": document.to_json()}
        return Filed(
            self.receipt("survey.result", at, evidence=evidence, result=result)
        )

    def job_result_submitted(self) -> Filed:
        """What approved code released."""
        import submissions  # it imports this file

        return submissions.whole(self, "result").finish()

    def submission_decide(self) -> Filed:
        """That a submission is refused, by a rule."""
        import submissions  # it imports this file

        course = submissions.begun(self, "decision")
        said = {"reason": "reads more than it says", "rule": "submission.changed"}
        return course.decided(course.decide("tax", "refuse", **said))

    def ledger_entry(self) -> Filed:
        """The admission of a member."""
        return Filed(self.receipt("ledger.entry", self.admitted))

    def every_operation(self) -> dict[str, Filed]:
        """One receipt of each operation, by name; of a job, one of each kind."""
        return {
            "anchor": self.anchor(),
            "appraisal.set": self.appraisal_set(),
            "code.list": self.code_list(),
            "dataset.publish": self.dataset_publish(),
            "dataset.retire": self.dataset_retire(),
            "grant.issue": self.grant_issue(),
            "grant.refuse": self.grant_refuse(),
            "grant.request": self.grant_request(),
            "grant.revoke": self.grant_revoke(),
            "job.abort": self.job_abort(),
            "job.attest": self.job_attest(),
            "job.refuse": self.job_refuse(),
            "job.result": self.job_result(),
            "job.result.attested": self.job_result_attested(),
            "job.result.shares": self.job_result_shares(),
            "job.result.submitted": self.job_result_submitted(),
            "job.result.together": self.job_result_together(),
            "ledger.entry": self.ledger_entry(),
            "record.erase": self.record_erase(),
            "record.share": self.record_share(),
            "ring.opening": self.ring_opening(),
            "statement.ring": self.statement_ring(),
            "statement.zk": self.statement_zk(),
            "submission.decide": self.submission_decide(),
            "survey.result": self.survey_result(),
        }
