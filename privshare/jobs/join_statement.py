"""What owners of a private join commit to and sign, checked from outside.

    owner    COMMIT message ─► digest ─► join.commit on the ledger
    ledger   both commitments ─► `sets_digest` ─► job.open
    owners   Conclusion, signed by both ─► coordinator, and later the auditor

Nobody but the owners saw the messages. What the coordinator and the auditor
check is that both owners signed the same conclusion, that it is about this job
under these terms, and that the sets in it are those committed to before the
join began. That the owners' rows are those of their datasets, nobody proves:
the protocol is for owners that follow it (docs/protocols/psi.md).

Implements docs/protocols/psi.md, section "Through the nodes".

>>> sets_digest({"tax": bytes(32), "title": bytes(32)}) == sets_digest(
...     {"title": bytes(32), "tax": bytes(32)})
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from privshare.errors import EncodingError, EvidenceInvalid
from privshare.jobs.join.terms import Conclusion, Operation, Role, Terms
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import digest_json, parse_digest, sha256
from privshare.wire.envelope import media_type

__all__ = [
    "CONCLUSION",
    "MAX_CONCLUSION",
    "commitment_of",
    "join_result",
    "read_conclusion",
    "sets_digest",
    "verify_conclusion",
]

CONCLUSION = media_type("join-conclusion")
#: Bytes of a conclusion: some digests and two numbers.
MAX_CONCLUSION = 8192

#: What follows the session in a COMMIT message (jobs.join.message, which brings
#: more with it than an auditor has): its kind, part 0 of 1, no rows.
_COMMIT_HEAD = bytes.fromhex("01 00000000 00000001 00000000")
#: The helper's key behind the root; zeros where there is none.
PUBLIC_BYTES = 32


def commitment_of(message: bytes) -> bytes:
    """What the ledger holds of an owner's COMMIT message, 32 bytes."""
    return sha256(message)


def sets_digest(commitments: Mapping[str, bytes]) -> bytes:
    """What both owners say in job.open: over both commitments, by agency."""
    ordered: Json = {who: b64u(one) for who, one in sorted(commitments.items())}
    return digest_json(domain.JOIN_SETS, ordered)


def join_result(job: str, conclusion: Conclusion) -> dict[str, Json]:
    """The result of a join, as `job.result` commits to it."""
    return {"job": job, "output": dict(conclusion.result), "v": 1}


def read_conclusion(terms: Terms, data: bytes) -> Conclusion:
    """Read a conclusion that must be about these terms.

    Raises:
        EncodingError: Not the canonical bytes of a conclusion.
        EvidenceInvalid: Other terms, rule join.terms; or streams or a result that
            this question cannot have, rule join.result.
    """
    fields = Fields(decode(data, max_bytes=MAX_CONCLUSION), "conclusion")
    fields.constant("v", 1)
    fields.constant("model", "semi-honest")
    said, result = fields.json("terms"), fields.json("result")
    streams = {}
    sides = fields.obj("streams")
    for role, kinds in _kinds(terms, result).items():
        side = sides.obj(role)
        streams[role] = {kind: parse_digest(side.str(kind)) for kind in kinds}
        side.end()
    sides.end()
    fields.end()
    if said != terms.to_json():
        _refuse("terms", "the terms of this job", "others")
    conclusion = Conclusion(terms, streams, _result(terms, result))
    if encode(conclusion.to_json()) != data:
        raise EncodingError("conclusion: expected its canonical bytes, found others")
    return conclusion


def verify_conclusion(
    terms: Terms,
    payloads: tuple[bytes, bytes],
    commits: Mapping[Role, bytes],
    committed: Mapping[Role, tuple[bytes, int]],
) -> Conclusion:
    """Check what both owners signed against what the ledger holds.

    Args:
        terms: Of this job, made from its specification and the ledger.
        payloads: What each of them signed; the signatures are verified already.
        commits: Each side's COMMIT message.
        committed: Each side's commitment and size, as the ledger has them.

    Returns:
        The conclusion, which both share.

    Raises:
        EncodingError: Not such bytes.
        EvidenceInvalid: They differ, belong to another job, or are about other
            sets than were committed to. Rules join.conclusion, join.terms,
            join.result, join.commitment.
    """
    first, second = payloads
    if first != second:
        _refuse("conclusion", "the same conclusion from both owners", "two")
    conclusion = read_conclusion(terms, first)
    for role in Role:
        commitment, size = committed[role]
        if commitment_of(commits[role]) != commitment:
            _refuse("commitment", "the set that was committed to", "another")
        if size != terms.rows(role):
            _refuse("commitment", f"a set of {terms.rows(role)}", f"one of {size}")
        root = conclusion.streams[role.value]["first"]
        head = terms.digest + _COMMIT_HEAD + root
        if commits[role][:-PUBLIC_BYTES] != head:
            _refuse("commitment", "these rows, under these terms", "others")
    return conclusion


def _kinds(terms: Terms, result: Json) -> dict[str, tuple[str, ...]]:
    """Which streams a run has; a sum that is withheld was never sent."""
    told = isinstance(result, dict) and "withheld" not in result
    summed = terms.operation is Operation.SUM and told
    return {
        Role.RECEIVER.value: ("first", "sum") if summed else ("first",),
        Role.HELPER.value: ("first", "second"),
    }


def _result(terms: Terms, found: Json) -> dict[str, Json]:
    """The result, if this question can have it."""
    if not isinstance(found, dict):
        _refuse("result", "a result", "other bytes")
    if found == {"withheld": "minimum"} and terms.minimum:
        return found
    most = min(terms.receiver_rows, terms.helper_rows)
    fields = Fields(found, "conclusion.result")
    match terms.operation:
        case Operation.IDS:
            parse_digest(fields.str("identifiers"))
        case Operation.COUNT:
            fields.int("count", terms.minimum, most)
        case Operation.SUM:
            fields.int("count", terms.minimum, most)
            fields.int("sum", -terms.bound, terms.bound)
    fields.end()
    return found


def _refuse(rule: str, expected: str, found: str) -> NoReturn:
    raise EvidenceInvalid(
        f"join: expected {expected}, found {found}",
        detail={"rule": f"join.{rule}"},
    )
