"""Step 9: what the receipt itself knows of later times. A second verdict.

What was right stays right: a grant revoked since does not undo the use before.
But a reader wants to know. The state in a receipt may be younger than its
subject, and an auditor may bring a newer checkpoint of the same log.

    Case ─► check_since ─► sentences; only two histories make it fail

Implements docs/formats/receipt.md, section 5, step 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from privshare.audit.case import Case, Found, Missing
from privshare.audit.log_proof import open_checkpoint
from privshare.audit.ring import opening_since, statement_since
from privshare.audit.sentence import lasting, plain, short, when
from privshare.audit.trust_root import TrustRoot
from privshare.bindings import merkle
from privshare.errors import ConsistencyInvalid, EncodingError, OutOfRange, SplitView
from privshare.ledger.attested import AppraisalHead, Attestation, Code
from privshare.ledger.values import Dataset, Key
from privshare.log.checkpoint import Checkpoint
from privshare.rights.grant import Grant
from privshare.wire.base64 import unb64

_MAX_PROOF = 64 * 64

#: What else the state of some receipts tells.
_MORE: Mapping[str, Callable[[Case], list[str]]] = MappingProxyType(
    {"ring.opening": opening_since, "statement.ring": statement_since}
)


@dataclass(frozen=True, slots=True)
class Newer:
    """A newer checkpoint that the auditor brings, and how it is connected.

    Attributes:
        checkpoint: A signed note.
        proof: Consistency proof, one hash in base64 on each line.
    """

    checkpoint: bytes
    proof: bytes


def check_since(case: Case, trust: TrustRoot | None, newer: Newer | None) -> Found:
    """Say what happened after the subject, as far as is known.

    Returns:
        Sentences and details.

    Raises:
        Missing: A newer checkpoint was given, and cannot be judged.
        SplitView: It contradicts the receipt's.
    """
    known = case.block.time
    sentences = [f"The receipt knows the ledger's state of {when(known)}."]
    if case.now > known:
        sentences[0] = (
            f"{sentences[0][:-1]}, {lasting(case.now - known)} before "
            f"{when(case.now)}; of what came later it knows nothing."
        )
    sentences += _changes(case)
    if newer is None:
        return [*sentences, "No newer checkpoint was compared."], []
    return [*sentences, _compare(case, trust, newer)], []


def _changes(case: Case) -> list[str]:
    told = []
    for item in case.receipt.state:
        family, _, name = item.key.partition("/")
        if item.value is None:
            continue
        if family == "grant":
            told += _grant(case, name, Grant.from_json(item.value))
        elif family == "dataset":
            told += _dataset(case, name, Dataset.from_json(item.value))
        elif family == "key":
            told += _key(case, name, Key.from_json(item.value))
        elif family == "code":
            told += _code(case, Code.from_json(item.value))
        elif family == "attested":
            told += _attested(case, Attestation.from_json(item.value))
        elif family == "appraisal":
            told += _appraisal(case, AppraisalHead.from_json(item.value))
    return told + (_MORE[case.operation](case) if case.operation in _MORE else [])


def _grant(case: Case, name: str, grant: Grant) -> list[str]:
    if grant.ended is None or grant.ended <= case.index:
        return []
    reason = f" ({plain(grant.reason)})" if grant.reason else ""
    return [f"Grant {short(name)} was {grant.status} later{reason}."]


def _dataset(case: Case, name: str, held: Dataset) -> list[str]:
    if held.changed <= case.index:
        return []
    verb = (
        "retired" if held.status == "retired" else f"amended to version {held.version}"
    )
    return [f"Dataset {name} was {verb} later."]


def _key(case: Case, name: str, held: Key) -> list[str]:
    if held.until is None or held.until <= case.index:
        return []
    agency, _, kid = name.partition("/")
    return [f"Key {short(kid)} of {agency} was retired later; it counted then."]


def _code(case: Case, held: Code) -> list[str]:
    gone = held.withdrawn
    if gone is None or gone.at <= case.index:
        return []
    return [
        f"The program {plain(held.module)} was withdrawn later by {gone.agency} "
        f"({plain(gone.reason)})."
    ]


def _attested(case: Case, held: Attestation) -> list[str]:
    told = [
        f"{one.agency} appraised the evidence again later and calls it {one.status} "
        f"({plain(one.reason)}); what was said at the time stays."
        for one in held.reappraisals
        if one.at > case.index
    ]
    refusal = held.refusal
    if refusal is not None and refusal.at > case.index:
        told.append(f"{refusal.agency} refused to go on later, by rule {refusal.rule}.")
    return told


def _appraisal(case: Case, held: AppraisalHead) -> list[str]:
    if held.at <= case.index:
        return []
    return ["Another appraisal policy is in force by now."]


def _compare(case: Case, trust: TrustRoot | None, newer: Newer) -> str:
    if trust is None:
        raise Missing("A newer checkpoint cannot be judged without a trust policy.")
    mine = open_checkpoint(case)
    theirs = trust.policy.check(newer.checkpoint).checkpoint
    if theirs.origin != mine.origin:
        raise Missing(f"The newer checkpoint is of {plain(theirs.origin)}.")
    old, new = sorted((mine, theirs), key=lambda one: one.size)
    _check_consistent(old, new, _hashes(newer.proof))
    return (
        f"A checkpoint of {theirs.size:,} entries, signed as the trust policy asks, "
        "continues the same history."
    )


def _check_consistent(old: Checkpoint, new: Checkpoint, proof: list[bytes]) -> None:
    if old.size == new.size:
        if old.root != new.root:
            raise SplitView(
                f"expected one history, found two of {old.size} entries, both signed"
            )
        return
    try:
        merkle.verify_consistency(old.size, old.root, new.size, new.root, proof)
    except (ConsistencyInvalid, OutOfRange):
        raise Missing(
            f"The proof given does not show that {new.size:,} entries continue "
            f"{old.size:,}. It may be the wrong proof, or the log shows two "
            "histories: ask for another before you rely on this receipt."
        ) from None


def _hashes(proof: bytes) -> list[bytes]:
    if len(proof) > _MAX_PROOF:
        raise EncodingError(f"expected at most {_MAX_PROOF} bytes of proof, found more")
    try:
        lines = proof.decode("ascii").split()
    except UnicodeDecodeError:
        raise EncodingError("expected base64 lines as proof, found other") from None
    return [unb64(line, 32) for line in lines]
