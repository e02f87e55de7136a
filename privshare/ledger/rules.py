"""Every kind of transaction, in one table.

A kind that is not a row here does not exist. Adding a row changes what a
network accepts, so it comes with a new `Params.version`.

    machine.check   RULES[kind].parse(body) ─► statement ─► .apply(context)

>>> sorted(RULES)[:3]
['account.end', 'account.enrol', 'anchor.batch']
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from privshare.errors import EncodingError
from privshare.ledger.rule import Rule
from privshare.ledger.rules_agency import KeyRotate, OrgAdmit
from privshare.ledger.rules_attest import (
    JobAttest,
    JobNonce,
    JobReappraise,
    JobRefuse,
)
from privshare.ledger.rules_code import (
    AppraisalSet,
    CodeApprove,
    CodeList,
    CodeWithdraw,
)
from privshare.ledger.rules_dataset import (
    AnchorBatch,
    DatasetAmend,
    DatasetRegister,
    DatasetRetire,
    RecordErase,
)
from privshare.ledger.rules_grant import (
    GrantAccept,
    GrantDelegate,
    GrantOffer,
    GrantRefuse,
    GrantRequest,
    GrantRevoke,
)
from privshare.ledger.rules_job import (
    JobAbort,
    JobAdmit,
    JobOpen,
    JobResult,
)
from privshare.ledger.rules_join import JoinCommit
from privshare.ledger.rules_privacy import PrivacyAccount, PrivacyApart
from privshare.ledger.rules_ring import RingExtend, RingRegister
from privshare.ledger.rules_statement import RegOpen, StatementRing, StatementZk
from privshare.ledger.rules_submission import (
    AccountEnd,
    AccountEnrol,
    MockPublish,
    SubmissionDecide,
)
from privshare.ledger.rules_survey import (
    SurveyAbort,
    SurveyAccept,
    SurveyClose,
    SurveyOpen,
    SurveyResult,
)
from privshare.ledger.rules_threshold import ThresholdAccept, ThresholdDeal
from privshare.ledger.rules_use import UseRelease, UseReserve, UseSettle
from privshare.ledger.transaction import Transaction
from privshare.rights import identifier
from privshare.wire.canonical import Fields

RULES: Mapping[str, type[Rule]] = MappingProxyType(
    {
        "account.end": AccountEnd,
        "account.enrol": AccountEnrol,
        "anchor.batch": AnchorBatch,
        "appraisal.set": AppraisalSet,
        "code.approve": CodeApprove,
        "code.list": CodeList,
        "code.withdraw": CodeWithdraw,
        "dataset.amend": DatasetAmend,
        "dataset.register": DatasetRegister,
        "dataset.retire": DatasetRetire,
        "grant.accept": GrantAccept,
        "grant.delegate": GrantDelegate,
        "grant.offer": GrantOffer,
        "grant.refuse": GrantRefuse,
        "grant.request": GrantRequest,
        "grant.revoke": GrantRevoke,
        "job.abort": JobAbort,
        "job.admit": JobAdmit,
        "job.attest": JobAttest,
        "job.nonce": JobNonce,
        "job.open": JobOpen,
        "job.reappraise": JobReappraise,
        "job.refuse": JobRefuse,
        "job.result": JobResult,
        "join.commit": JoinCommit,
        "key.rotate": KeyRotate,
        "mock.publish": MockPublish,
        "org.admit": OrgAdmit,
        "privacy.account": PrivacyAccount,
        "privacy.apart": PrivacyApart,
        "record.erase": RecordErase,
        "reg.open": RegOpen,
        "ring.extend": RingExtend,
        "ring.register": RingRegister,
        "statement.ring": StatementRing,
        "statement.zk": StatementZk,
        "submission.decide": SubmissionDecide,
        "survey.abort": SurveyAbort,
        "survey.accept": SurveyAccept,
        "survey.close": SurveyClose,
        "survey.open": SurveyOpen,
        "survey.result": SurveyResult,
        "threshold.accept": ThresholdAccept,
        "threshold.deal": ThresholdDeal,
        "use.release": UseRelease,
        "use.reserve": UseReserve,
        "use.settle": UseSettle,
    }
)


def parse_body(transaction: Transaction) -> Rule:
    """Read a transaction's body as the statement of its kind.

    Raises:
        EncodingError: An unknown kind, or a body of another form.
        OutOfRange: A number outside its interval.
        SignatureInvalid: An enrolment inside it does not verify.
    """
    rule = RULES.get(transaction.kind)
    if rule is None:
        raise EncodingError(
            f"tx.kind: expected one of {', '.join(sorted(RULES))}, "
            f"found {identifier.shown(transaction.kind)}"
        )
    fields = Fields(transaction.body, where=transaction.kind)
    statement = rule.parse(fields)
    fields.end()
    return statement
