"""The rule for private joins: `join.commit`.

    join.commit   each owner   size and digest of its set, before either is sent

Implements docs/formats/entry.md, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.errors import Conflict
from privshare.ledger import query
from privshare.ledger.joined import SetCommitment, joined, most
from privshare.ledger.rule import Context, need
from privshare.ledger.rules_grant import read_id
from privshare.ledger.rules_job import admitted, check_deadline
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u

__all__ = ["JoinCommit"]


@dataclass(frozen=True, slots=True)
class JoinCommit:
    """An owner commits to the set that it will send."""

    commitment: str
    job: str
    size: int

    @classmethod
    def parse(cls, fields: Fields) -> JoinCommit:
        """Read the body."""
        return cls(
            b64u(fields.digest("commitment")),
            read_id(fields, "job"),
            fields.int("size", 1, INTEGER_LIMIT - 1),
        )

    def apply(self, context: Context) -> None:
        """Enter it, once an owner; it has no more elements than it may."""
        job = admitted(context, self.job)
        held = joined(context.draft, self.job)
        need(
            context.account in job.parties.nodes,
            "job.party",
            f"expected one of {', '.join(job.parties.nodes)}, found {context.account}",
        )
        check_deadline(context, job)
        if held.of(context.account) is not None:
            raise Conflict(
                f"expected a set that {context.account} has not committed to yet, "
                "found one that it has",
                detail={"rule": "join.committed"},
            )
        room = most(self._rows(context, job.inputs))
        need(
            self.size <= room,
            "join.size",
            f"expected at most {room} elements, as many as the dataset has rows and "
            f"room for padding, found {self.size}",
        )
        mine = SetCommitment(context.account, context.index, self.commitment, self.size)
        context.draft.put(
            f"joined/{self.job}", replace(held, sets=(*held.sets, mine)).to_json()
        )

    def _rows(self, context: Context, inputs: tuple[str, ...]) -> int:
        """How many rows the account's own input is registered with."""
        for use_id in inputs:
            use = query.use(context.draft, use_id)
            terms = query.grant(context.draft, use.grant).terms
            if terms.owner == context.account:
                return query.dataset(context.draft, terms.dataset).rows
        return 0
