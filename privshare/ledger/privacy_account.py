"""The privacy account of a dataset, and the log of what was asked of it.

The account counts what all grantees together may learn, in micro-ρ. What a use
takes is held when it is reserved, spent when it is settled (also when a job was
aborted after something was opened) and given back when it is released. So at
every index

    spent + held <= budget,    spent = what settled uses cost, exactly

The log of questions holds, for each column, of which rows an exact answer was
given or is under way. The same column is not answered exactly for other rows:
the difference of two answers is an answer about the rows between them.

    rules_use.hold_answers ─► hold ─► `privacy/`, `charge/`, `asked/`
    rules_use.end           ─► end

Implements docs/protocols/privacy.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from privshare.errors import NotPermitted
from privshare.ledger.rule import Context
from privshare.ledger.state_map import Value
from privshare.wire.canonical import b64u

#: Stands in the log for the number of rows, which is no column.
ROWS = "*"

#: Most subsets of one column that are told apart.
MAX_SUBSETS = 64

#: Operations whose answer does not tell how many rows it is of.
_WITHOUT_COUNT = ("sum",)


@dataclass(frozen=True, slots=True)
class Account:
    """`privacy/<owner>/<name>`: what may be learnt of a dataset, micro-ρ.

    Attributes:
        budget: What the owner allows in all.
        held: Taken by uses under way.
        spent: Taken by settled uses.
        at: Log index at which it was opened.
        changed: Log index at which the owner last said what it allows.
    """

    budget: int
    held: int
    spent: int
    at: int
    changed: int

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "at": self.at,
            "budget": self.budget,
            "changed": self.changed,
            "held": self.held,
            "spent": self.spent,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Account:
        """Read the object back."""
        return cls(**obj)


@dataclass(frozen=True, slots=True)
class Charge:
    """`charge/<use>`: what one use takes, and what it asked.

    Attributes:
        dataset: Of whose account.
        rho: Micro-ρ; 0 for an exact answer.
        subset: Digest of the rows of an exact answer, base64url, or None.
        columns: What the log holds of it; none for a noisy answer.
        status: `held`, `spent` or `released`.
        mechanism: Digest of the mechanism, base64url, or None.
    """

    dataset: str
    rho: int
    subset: str | None
    columns: tuple[str, ...]
    status: Literal["held", "released", "spent"]
    mechanism: str | None

    def to_json(self) -> Value:
        """The object as the state map holds it."""
        return {
            "columns": list(self.columns),
            "dataset": self.dataset,
            "mechanism": self.mechanism,
            "rho": self.rho,
            "status": self.status,
            "subset": self.subset,
        }

    @classmethod
    def from_json(cls, obj: Value) -> Charge:
        """Read the object back."""
        return cls(**{**obj, "columns": tuple(obj["columns"])})


def find(context: Context, dataset: str) -> Account | None:
    """The account of a dataset, if its owner opened one."""
    held = context.draft.get(f"privacy/{dataset}")
    return None if held is None else Account.from_json(held)


def write(context: Context, dataset: str, account: Account) -> None:
    """Put an account back."""
    context.draft.put(f"privacy/{dataset}", account.to_json())


def hold_noisy(
    context: Context, use_id: str, dataset: str, *, rho: int, mechanism: bytes
) -> None:
    """Hold the charge of a noisy answer.

    Raises:
        NotPermitted: Not enough is left (rule `privacy.budget`), or no account
            (rule `privacy.account`).
    """
    account = _account(context, dataset)
    left = account.budget - account.spent - account.held
    if rho > left:
        raise NotPermitted(
            f"expected a charge of at most {left} micro-rho to {dataset}, found {rho}",
            fix="Ask for a noisier answer, or the owner for a larger account.",
            detail={"rule": "privacy.budget", "left": left, "charge": rho},
        )
    write(context, dataset, replace(account, held=account.held + rho))
    charge = Charge(dataset, rho, None, (), "held", b64u(mechanism))
    context.draft.put(f"charge/{use_id}", charge.to_json())


def hold_exact(
    context: Context,
    use_id: str,
    dataset: str,
    *,
    operation: str,
    columns: tuple[str, ...],
    subset: bytes,
    k: int,
) -> None:
    """Enter an exact answer into the log.

    Args:
        context: Where the transaction stands.
        use_id: The use.
        dataset: Whose rows.
        operation: What is computed.
        columns: What is read.
        subset: Of which rows, in which parts (`privacy.subset_digest`).
        k: No two answers may differ by fewer rows.

    Raises:
        NotPermitted: Other rows were asked of before (rule
            `privacy.differencing`), or no account (rule `privacy.account`).
    """
    _account(context, dataset)
    counted = () if operation in _WITHOUT_COUNT and columns else (ROWS,)
    logged = tuple(sorted({*columns, *counted}))
    name = b64u(subset)
    for column in logged:
        asked = _asked(context, dataset, column)
        for other, uses in asked.items():
            if uses > 0 and other != name:
                _need_apart(context, dataset, column, name, other, k)
        if name not in asked and len(asked) >= MAX_SUBSETS:
            raise _differencing(dataset, column, f"at most {MAX_SUBSETS} sets of rows")
        _write_asked(context, dataset, column, asked | {name: asked.get(name, 0) + 1})
    charge = Charge(dataset, 0, name, logged, "held", None)
    context.draft.put(f"charge/{use_id}", charge.to_json())


def end(context: Context, use_id: str, *, spent: bool) -> None:
    """Spend or give back what a use took; a use that took nothing is left alone.

    An exact answer that was given stays in the log for ever; one that was not
    leaves it.
    """
    found = context.draft.get(f"charge/{use_id}")
    if found is None:
        return
    charge = Charge.from_json(found)
    account = _account(context, charge.dataset)
    moved = replace(
        account,
        held=account.held - charge.rho,
        spent=account.spent + (charge.rho if spent else 0),
    )
    write(context, charge.dataset, moved)
    if charge.subset is not None and not spent:
        for column in charge.columns:
            asked = _asked(context, charge.dataset, column)
            asked[charge.subset] -= 1
            left = {name: uses for name, uses in asked.items() if uses > 0}
            _write_asked(context, charge.dataset, column, left)
    ended = replace(charge, status="spent" if spent else "released")
    context.draft.put(f"charge/{use_id}", ended.to_json())


def apart_key(dataset: str, first: str, second: str) -> str:
    """Where the owner's word about two sets of rows stands, in either order."""
    low, high = sorted((first, second))
    return f"apart/{dataset}/{low}/{high}"


def _account(context: Context, dataset: str) -> Account:
    account = find(context, dataset)
    if account is None:
        raise NotPermitted(
            f"expected a privacy account of {dataset}, found none",
            fix="Its owner opens one (privacy.account).",
            detail={"rule": "privacy.account"},
        )
    return account


def _asked(context: Context, dataset: str, column: str) -> dict[str, int]:
    held = context.draft.get(f"asked/{dataset}/{column}")
    return {} if held is None else dict(held["subsets"])


def _write_asked(
    context: Context, dataset: str, column: str, asked: dict[str, int]
) -> None:
    value: Value = {"subsets": asked}
    context.draft.put(f"asked/{dataset}/{column}", value)


def _need_apart(
    context: Context, dataset: str, column: str, new: str, old: str, k: int
) -> None:
    word = context.draft.get(apart_key(dataset, new, old))
    if word is None or word["rows"] < k:
        found = "other rows" if word is None else f"{word['rows']} rows between"
        raise _differencing(dataset, column, f"the same rows, or {k} between", found)


def _differencing(
    dataset: str, column: str, expected: str, found: str = "more"
) -> NotPermitted:
    what = "number of rows" if column == ROWS else f"column {column}"
    return NotPermitted(
        f"expected an exact answer about the {what} of {dataset} to be of {expected}, "
        f"since one was given before; found {found}",
        fix="Ask for a noisy answer, or the owner to say how far they are apart.",
        detail={"rule": "privacy.differencing", "dataset": dataset, "column": column},
    )
