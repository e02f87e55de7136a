"""Steps 3 and 4: the entries are in the log, and the log is the one trusted.

Step 3 is arithmetic: every entry's path leads to the checkpoint's root, every
value's proof to the state root of the block entry. Step 4 is trust: the
checkpoint's signatures are by the keys that the auditor's own policy names,
enough of them, and none is there that the policy does not know.

    Case ─► check_log ─► Checkpoint ─► check_checkpoint ─► who saw it, and when

Implements docs/formats/receipt.md, section 5, steps 3 and 4; RFC 9162,
section 2.1.3; C2SP tlog-checkpoint and tlog-cosignature.
"""

from __future__ import annotations

from privshare.audit.case import Case, Found, Missing
from privshare.audit.sentence import counted, listed, plain, when
from privshare.audit.trust_root import TrustRoot
from privshare.bindings import merkle
from privshare.errors import VerificationError
from privshare.ledger.state_map import verify_map
from privshare.log.checkpoint import Checkpoint, parse_checkpoint
from privshare.log.policy import Verified
from privshare.wire import note
from privshare.wire.canonical import b64u

#: How far a witness' clock may be ahead of the auditor's.
TOLERANCE_S = 300


def open_checkpoint(case: Case) -> Checkpoint:
    """Read the checkpoint's text; step 4 is about its signatures.

    Raises:
        EncodingError: Not a checkpoint.
    """
    return parse_checkpoint(note.parse(case.receipt.checkpoint.encode()))


def check_log(case: Case) -> Found:
    """Check that entries and values are what the checkpoint commits to.

    Returns:
        Sentences and details.

    Raises:
        EncodingError: The checkpoint is none.
        InclusionInvalid: An entry or a value that is not there.
    """
    checkpoint = open_checkpoint(case)
    details = [
        f"checkpoint of {plain(checkpoint.origin)}, size {checkpoint.size}, root "
        f"{b64u(checkpoint.root)}",
        f"state root {b64u(case.block.state_root)} at height {case.block.height}, "
        f"entry {case.block.index}",
    ]
    for entry in case.receipt.entries:
        leaf = merkle.leaf_hash(entry.data)
        merkle.verify_inclusion(
            leaf, entry.index, checkpoint.size, entry.path, checkpoint.root
        )
        details.append(f"entry {entry.index}: leaf {b64u(leaf)}")
    for item in case.receipt.state:
        verify_map(case.block.state_root, item.key, item.value, item.proof)
        details.append(f"state {item.key}: {len(item.proof.siblings)} siblings")
    entries, values = len(case.receipt.entries), len(case.receipt.state)
    sentence = (
        f"{counted(entries, 'entry is', 'entries are')} in the log of "
        f"{plain(checkpoint.origin)}, which had {checkpoint.size:,} entries then; "
        f"{counted(values, 'value of its state is', 'values of its state are')} "
        f"proven at height {case.block.height:,}."
    )
    return [sentence], details


def check_checkpoint(case: Case, trust: TrustRoot | None, problem: str) -> Found:
    """Check that the log's key and the quorum of witnesses signed.

    Args:
        case: The receipt.
        trust: The auditor's policy, or None.
        problem: Why there is none.

    Raises:
        Missing: There is no policy, a line is by a key that it does not
            name, or the cosignatures are from the future.
        EncodingError: Not a note.
        VerificationError: A signature is missing, wrong or twice, or the
            quorum is not reached.
    """
    if trust is None:
        raise Missing(problem)
    data = case.receipt.checkpoint.encode()
    _check_order(note.parse(data))
    verified = _believed(trust, data)
    seen = sorted(verified.witnesses.items())
    details = [f"{plain(name)} cosigned at {when(time)}" for name, time in seen]
    details.append(f"trust policy with SHA-256 {trust.fingerprint}")
    if any(time > case.now + TOLERANCE_S for _, time in seen):
        raise Missing(
            f"The witnesses cosigned after {when(case.now)}, the time asked about."
        )
    return [_told(trust, seen)], details


def _believed(trust: TrustRoot, data: bytes) -> Verified:
    """Check the checkpoint strictly; tell an unknown key from an untruth."""
    try:
        return trust.policy.check(data, strict=True)
    except VerificationError as error:
        trust.policy.check(data)
        raise Missing(
            "The checkpoint also carries a signature by a key that the trust policy "
            f"does not name, so not every byte is accounted for: {error.message}"
        ) from None


def _told(trust: TrustRoot, seen: list[tuple[str, int]]) -> str:
    known = len(trust.policy.witnesses)
    if not seen:
        return (
            "The checkpoint is signed by the log's key. The trust policy asks for no "
            "witness, so the log's host could show others another history."
        )
    return (
        f"{len(seen)} of {counted(known, 'witness', 'witnesses')} cosigned the "
        f"checkpoint ({listed(name for name, _ in seen)}), the last at "
        f"{when(max(time for _, time in seen))}; the trust policy's quorum is met."
    )


def _check_order(checkpoint: note.Note) -> None:
    """The log's line first, then the witnesses by name: one order, one file."""
    names = [line.name for line in checkpoint.signatures]
    if names[1:] != sorted(set(names[1:])):
        raise VerificationError(
            "expected the log's signature first and the witnesses' in the order of "
            "their names, each once; found another order"
        )
