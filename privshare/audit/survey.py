"""Steps 5 to 8 of a survey's result: a document, two claims, two shares, the sums.

    step 5   the collector entered it, of a survey that both aggregators accepted
    step 6   the document is the one that was opened; each aggregator's claim is
             its own transaction, under a key that counted then
    step 7   both claims are signed, say the same, and commit to the shares that
             are enclosed
    step 8   the shares add up to the sums, and that is the result committed to

Anybody recomputes all of it without a secret. That no report was left out, and
that the two aggregators did not put their shares of a report together, is their
word.

Implements docs/formats/receipt.md, section 5, and docs/protocols/vdaf.md,
section 6.
"""

from __future__ import annotations

from typing import cast

from privshare.audit.case import Case, Found, expect
from privshare.audit.right_attested import need_account
from privshare.audit.sentence import counted, listed, plain
from privshare.jobs.survey import entry
from privshare.jobs.survey.result import Result
from privshare.jobs.survey.task import Survey
from privshare.ledger import query
from privshare.ledger.rules_survey import SurveyClose, SurveyOpen
from privshare.ledger.survey import BatchClaim
from privshare.ledger.survey import Survey as Entered
from privshare.ledger.survey import survey as entered_of
from privshare.wire import domain
from privshare.wire.canonical import Fields, b64u, encode, unb64u
from privshare.wire.digest import tagged

__all__ = ["check_added", "check_inputs", "check_result", "check_right", "told"]

_ROWS = 12


def check_right(case: Case) -> Found:
    """Step 5: who might enter the result.

    Raises:
        NotPermitted: Not the collector.
        EvidenceInvalid: The ledger has another result.
    """
    held = _entered(case)
    need_account(case, {held.collector}, "the collector")
    expect(held.status == "done", "a survey that is done", held.status)
    expect(
        (held.ended, held.result) == (case.index, case.statement.result),
        "the result itself",
        "another",
    )
    accepted = set(held.accepted) == set(held.aggregators)
    expect(accepted, "both aggregators' acceptance", "less")
    return [
        f"{listed(held.aggregators)} had accepted the survey; {held.collector}, for "
        "which it was made, entered the result."
    ], []


def check_inputs(case: Case) -> Found:
    """Step 6: the document, and what the aggregators claimed on the ledger.

    Raises:
        EvidenceInvalid: Another document or another claim than the ledger's.
        VerificationError: Document and ledger do not agree: rule survey.entry.
    """
    survey, held = _document(case), _entered(case)
    entry.agree(survey, held)
    opened = cast(SurveyOpen, case.trail.statement(held.at))
    signed = case.trail.transaction(held.at)
    expect(type(opened) is SurveyOpen, "a survey.open", signed.kind)
    expect(
        (signed.account, opened.survey, opened.leader, opened.helper, opened.collector)
        == (
            held.account,
            case.statement.survey,
            held.leader,
            held.helper,
            held.collector,
        ),
        "the survey that was opened",
        "another",
    )
    expect(len(held.claims) == len(held.aggregators), "two claims", "others")
    details = [f"survey {case.statement.survey}, opened at {held.at}"]
    for claim in held.claims:
        _check_claim(case, held, claim)
        details.append(f"claim of {claim.agency} at {claim.at}, {claim.commitment}")
    for one in survey.aggregators:
        _check_key(case, held, one.agency, one.key.kid)
    count = held.claims[0].batch.count
    return [
        f"{listed(held.aggregators)} each entered that "
        f"{counted(count, 'report was', 'reports were')} added up, the same ones, "
        "before the result was."
    ], details


def check_added(case: Case) -> Found:
    """Step 7: the shares are those claimed, and add up to sums that can be.

    Raises:
        SignatureInvalid, VerificationError, EncodingError: They are not.
    """
    survey, found = _checked(case)
    claim = found.claim
    lost = sum(sum(table) for table in claim.refused)
    return [
        f"Both aggregators signed the same claim: {claim.count:,} of "
        f"{claim.count + lost:,} reports, whose proofs of range they say they checked; "
        f"the shares enclosed are those that they committed to ({survey.vdaf.circuit})."
    ], [
        f"transcript {b64u(claim.transcript)}",
        f"reports {b64u(claim.reports)}",
    ]


def check_result(case: Case) -> Found:
    """Step 8: the result is what the shares add up to, and was committed to.

    Raises:
        EvidenceInvalid, VerificationError: It is not.
    """
    _checked(case)
    digest = b64u(entry.result_digest(encode(case.receipt.result)))
    expect(digest == case.statement.result, "the result committed to", digest)
    return [
        "The sums enclosed are what both shares add up to, and the document that the "
        "collector committed to."
    ], [f"result {digest}"]


def told(case: Case) -> list[str]:
    """What the receipt is about, in words."""
    survey, held = _document(case), _entered(case)
    values = (case.receipt.result or {})["values"]
    count = held.claims[0].batch.count
    lines = [
        f"the survey {plain(survey.name)} ({plain(survey.title)}), aggregated by "
        f"{listed(held.aggregators)}: {counted(count, 'report', 'reports')}."
    ]
    for place, value in enumerate(values[:_ROWS]):
        name = "sum" if len(values) == 1 else f"{place}"
        lines.append(f"  {name}: {int(value):,}")
    if len(values) > _ROWS:
        lines.append(f"  and {len(values) - _ROWS} more")
    return lines


def _entered(case: Case) -> Entered:
    return entered_of(case.state, case.statement.survey)


def _document(case: Case) -> Survey:
    found = case.evidence()["document"]
    survey = Survey.read(Fields(found, "evidence.document"))
    expect(survey.to_json() == found, "the document in its one form", "another")
    digest = b64u(tagged(domain.SURVEY, encode(found)))
    expect(digest == case.statement.survey, "the document of this survey", digest)
    expect(survey.network == case.receipt.network, "this network", survey.network)
    return survey


def _checked(case: Case) -> tuple[Survey, Result]:
    survey = _document(case)
    data = encode(case.receipt.result)
    return survey, entry.check(survey, _entered(case), data)


def _check_claim(case: Case, held: Entered, claim: BatchClaim) -> None:
    signed = case.trail.transaction(claim.at)
    body = cast(SurveyClose, case.trail.statement(claim.at))
    expect(type(body) is SurveyClose, "a survey.close", signed.kind)
    expect(
        (signed.account, body.survey, body.batch, body.commitment)
        == (claim.agency, case.statement.survey, claim.batch, claim.commitment),
        f"the claim of {claim.agency}",
        "another",
    )
    expect(held.at < claim.at < case.index, "a claim before the result", claim.at)


def _check_key(case: Case, held: Entered, agency: str, kid: str) -> None:
    """The document's key was the agency's when it claimed."""
    key = query.key(case.state, agency, kid)
    claim = held.claim_of(agency)
    at = held.at if claim is None else claim.at
    good = (
        key.use == "sign" and key.since < at and (key.until is None or at < key.until)
    )
    expect(good, f"a signing key of {agency} that counted at {at}", "another")
    expect(len(unb64u(key.pub)) == 32, "an Ed25519 key", "another")
