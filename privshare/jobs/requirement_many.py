"""What receipts of private joins and surveys must hold: how `requirement` walks.

    job.result      of a join: both sets as committed to, and when it began
    survey.result   the opening and both claims, the keys that the document names

Implements docs/formats/receipt.md, section 3.
"""

from __future__ import annotations

from typing import cast

from privshare.errors import EncodingError
from privshare.jobs.receipt import Document
from privshare.jobs.trail import Trail
from privshare.ledger import query
from privshare.ledger.joined import joined
from privshare.ledger.rules import parse_body
from privshare.ledger.rules_survey import SurveyResult
from privshare.ledger.survey import survey
from privshare.ledger.transaction import Transaction
from privshare.schemes.keys import VerifyKey
from privshare.wire.canonical import unb64u

__all__ = ["follow_joined", "follow_survey"]


def follow_joined(trail: Trail, job_id: str, opened: int | None) -> None:
    """Both sets as they were committed to, and when the join began."""
    for one in joined(trail, job_id).sets:
        trail.transaction(one.at)
    if opened is not None:
        trail.transaction(opened)


def follow_survey(
    trail: Trail, subject: Transaction, evidence: Document | None
) -> None:
    """Walk from a survey's result to its opening and both claims."""
    body = cast(SurveyResult, parse_body(subject))
    held = survey(trail, body.survey)
    trail.transaction(held.at)
    for claim in held.claims:
        trail.transaction(claim.at)
    document = (evidence or {})["document"]
    for role in ("leader", "helper"):
        named = document.get(role) if isinstance(document, dict) else None
        if not isinstance(named, dict) or not isinstance(named.get("key"), str):
            raise EncodingError("evidence.document: expected a survey, found another")
        agency = getattr(held, role)
        query.key(trail, agency, VerifyKey(unb64u(named["key"], 32)).kid)
