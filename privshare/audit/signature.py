"""Step 2: every signature, by a key that counted when it was made.

The ledger's state holds each key with the log indexes from which and until
which it counts. A signature is judged at the index of the entry it stands in;
signatures inside a job's evidence at the index of `job.result`, whose
transaction commits to them.

    Case ─► check_signatures ─► sentences, or the signature that is wrong

Implements docs/formats/receipt.md, section 5, step 2.
"""

from __future__ import annotations

from privshare.audit.case import Case, Found
from privshare.audit.sentence import counted, short
from privshare.errors import SignatureInvalid
from privshare.jobs.requirement import signed_parts
from privshare.ledger import query
from privshare.ledger.values import Key
from privshare.schemes.keys import VerifyKey, verify_envelope
from privshare.wire.canonical import unb64u
from privshare.wire.envelope import Envelope


def check_signatures(case: Case) -> Found:
    """Verify every signature in the receipt.

    Returns:
        Sentences and details.

    Raises:
        SignatureInvalid: One that does not verify, or by a key that did not
            count.
        EncodingError, NotFound: Keys or envelopes of another form.
    """
    details: list[str] = []
    agencies: dict[str, None] = {}
    count = 0
    for index, transaction in sorted(case.transactions.items()):
        what = f"entry {index} ({transaction.kind})"
        count += _check(case, transaction.account, transaction.envelope, index, what)
        details += _told(transaction.account, transaction.envelope, what)
        agencies[transaction.account] = None
    if case.operation == "job.result":
        for part in signed_parts(case.evidence(), case.trail, case.statement.job):
            count += _check(case, part.agency, part.envelope, case.index, part.name)
            details += _told(part.agency, part.envelope, part.name)
            agencies[part.agency] = None
    who = ", ".join(sorted(agencies))
    sentence = (
        f"{counted(count, 'signature verifies', 'signatures verify')}, by "
        f"{who}, each under a key that the ledger listed for the signer at that time."
    )
    return [sentence], details


def _check(case: Case, agency: str, envelope: Envelope, index: int, what: str) -> int:
    member = query.agency(case.state, agency)
    if member.at > index:
        raise SignatureInvalid(
            f"{what}: expected a signer who was a member, found {agency}, a member "
            f"from index {member.at} on"
        )

    def resolve(kid: str) -> VerifyKey:
        held = query.key(case.state, agency, kid)
        _check_counts(held, index, f"{what}: key {short(kid)} of {agency}")
        return VerifyKey(unb64u(held.pub, 32))

    verify_envelope(envelope, resolve)
    return len(envelope.signatures)


def _check_counts(held: Key, index: int, what: str) -> None:
    """The transaction that retires a key may itself be signed with it."""
    if (held.alg, held.use) != ("ed25519", "sign"):
        raise SignatureInvalid(f"{what}: expected a key for signing, found another")
    if not held.since <= index or (held.until is not None and held.until < index):
        raise SignatureInvalid(
            f"{what}: expected a key that counted at index {index}, found one that "
            f"counts from {held.since} until {held.until}"
        )


def _told(agency: str, envelope: Envelope, what: str) -> list[str]:
    return [
        f"{what}: signed by {agency} with key {signature.keyid}"
        for signature in envelope.signatures
    ]
