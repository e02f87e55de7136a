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
from privshare.jobs.requirement import SignedPart, signed_parts
from privshare.ledger import query
from privshare.ledger.values import Key
from privshare.schemes.keys import VerifyKey, verify_envelope
from privshare.wire.canonical import unb64u


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
    for index, transaction in sorted(case.transactions.items()):
        part = SignedPart(
            f"entry {index} ({transaction.kind})",
            transaction.account,
            transaction.envelope,
        )
        details += _check(case, part, index, rotates=transaction.kind == "key.rotate")
        agencies[part.agency] = None
    if case.operation == "job.result":
        for part in signed_parts(case.evidence(), case.trail, case.statement.job):
            details += _check(case, part, case.index)
            agencies[part.agency] = None
    count = len(details)
    who = ", ".join(sorted(agencies))
    sentence = (
        f"{counted(count, 'signature verifies', 'signatures verify')}, by "
        f"{who}, each under a key that the ledger listed for the signer at that time."
    )
    return [sentence], details


def _check(
    case: Case, part: SignedPart, index: int, *, rotates: bool = False
) -> list[str]:
    """Verify one envelope; a detail for each of its signatures."""
    what, agency = part.name, part.agency
    member = query.agency(case.state, agency)
    if member.at >= index:
        raise SignatureInvalid(
            f"{what}: expected a signer who was a member, found {agency}, a member "
            f"from index {member.at} on"
        )
    older = []

    def resolve(kid: str) -> VerifyKey:
        held = query.key(case.state, agency, kid)
        _check_counts(held, index, f"{what}: key {short(kid)} of {agency}", rotates)
        older.append(held.since < index)
        return VerifyKey(unb64u(held.pub, 32))

    verify_envelope(part.envelope, resolve)
    if not any(older):
        raise SignatureInvalid(
            f"{what}: expected a signature by a key from before, found none"
        )
    return [
        f"{what}: signed by {agency} with key {signature.keyid}"
        for signature in part.envelope.signatures
    ]


def _check_counts(held: Key, index: int, what: str, rotates: bool) -> None:
    """A rotation is signed by keys that it retires and by keys that it adds."""
    if (held.alg, held.use) != ("ed25519", "sign"):
        raise SignatureInvalid(f"{what}: expected a key for signing, found another")
    first, last = held.since, held.until
    early = index < first or (index == first and not rotates)
    late = last is not None and (index > last or (index == last and not rotates))
    if early or late:
        raise SignatureInvalid(
            f"{what}: expected a key that counted at index {index}, found one that "
            f"counts from {first} until {last}"
        )
