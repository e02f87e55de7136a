"""Reading what the ledger holds about submitted code, by name.

As `query`, of which it is the part for `submission`.

    rules, exchange, auditor ─► query_submission.mock(reader, dataset) ─► Mock

>>> from privshare.ledger.state_map import StateMap
>>> submission(StateMap(), "A" * 43).decisions
()
"""

from __future__ import annotations

from privshare.errors import NotFound
from privshare.ledger.query import Lister, Reader
from privshare.ledger.submission import About, Account, Mock, Submission

__all__ = [
    "account",
    "accounts",
    "approved_by",
    "find_account",
    "mock",
    "mocks",
    "submission",
    "submissions",
]


def find_account(reader: Reader, account_id: str) -> Account | None:
    """An enrolled account, or None.

    Args:
        reader: The state.
        account_id: Digest of its enrolment, base64url.
    """
    found = reader.get(f"account/{account_id}")
    return None if found is None else Account.from_json(found)


def account(reader: Reader, account_id: str) -> Account:
    """An enrolled account.

    Raises:
        NotFound: Nobody enrolled it; rule `account.unknown`.
    """
    found = find_account(reader, account_id)
    if found is None:
        raise NotFound(
            "expected an account that an agency enrolled, found another",
            fix="The account's own agency enrols it first.",
            detail={"rule": "account.unknown"},
        )
    return found


def accounts(reader: Lister) -> dict[str, Account]:
    """All accounts by id, in the order they were enrolled."""
    return {
        name.removeprefix("account/"): Account.from_json(value)
        for name, value in reader.items("account/")
    }


def mock(reader: Reader, dataset: str) -> Mock | None:
    """What was shown of a dataset, or None."""
    found = reader.get(f"mock/{dataset}")
    return None if found is None else Mock.from_json(found)


def mocks(reader: Lister) -> dict[str, Mock]:
    """All mocks by dataset, in the order they were published."""
    return {
        name.removeprefix("mock/"): Mock.from_json(value)
        for name, value in reader.items("mock/")
    }


def submission(reader: Reader, digest: str) -> Submission:
    """What was decided about a submission; empty if nothing was.

    Args:
        reader: The state.
        digest: Of all its files, base64url.
    """
    found = reader.get(f"submission/{digest}")
    return Submission() if found is None else Submission.from_json(found)


def submissions(reader: Lister) -> dict[str, Submission]:
    """All submissions by digest, in the order they were first decided on."""
    return {
        name.removeprefix("submission/"): Submission.from_json(value)
        for name, value in reader.items("submission/")
    }


def approved_by(
    reader: Reader, digest: str, *, dataset: str, grantee: str, purpose: str
) -> frozenset[str]:
    """Agencies that approve a submission now, for these rows, grantee and purpose.

    What they approved under a rule of the gate that is not in force does not count.
    """
    held = mock(reader, dataset)
    gate = None if held is None else held.gate
    about = About(dataset, grantee, purpose, gate)
    return submission(reader, digest).approved_by(about)
