"""Who may open a job's totals together: the rule, and the choice that keeps it.

    plan        holders ─► choose_openers ─► Spec
    job.admit   check_openers ─► admitted, or the rule that says no

Single ciphertexts are seen by the agency that computes and by nobody else. To
open one, it needs k shares; if it holds one itself, k - 1 others. So jobs are
computed by an agency without a share if there is one (`plan`), and one with a
share does not open where others can: each of the k who must be convinced then
checks somebody else's work.

Implements docs/formats/entry.md, section 4 (`job.admit`), and section 1 of
docs/protocols/paillier-sum.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from privshare.errors import NotPermitted
from privshare.ledger import query
from privshare.ledger.parties import Parties
from privshare.ledger.rule import need

__all__ = ["check_openers", "choose_openers"]


def choose_openers(
    holders: Sequence[str],
    threshold: int,
    *,
    compute: str,
    coordinator: str,
    owners: Sequence[str],
) -> tuple[str, ...]:
    """Choose as many openers as it takes; the same ones for the same job.

    Owners first, for they have most to lose by an opening that should not be;
    then holders without a part in the job, then the coordinator, and the
    agency that computes last. Equals stand in the order of the holders.

    Args:
        holders: Who may be asked (`query.threshold_openers`).
        threshold: How many it takes.
        compute: Who computes.
        coordinator: Who asks.
        owners: Whose data goes in.

    Returns:
        In order of names.

    Raises:
        NotPermitted: There are too few.
    """

    def rank(agency: str) -> int:
        if agency == compute:
            return 3
        if agency == coordinator:
            return 2
        return 0 if agency in owners else 1

    if len(holders) < threshold:
        raise NotPermitted(
            f"expected {threshold} holders who accepted a share, found {len(holders)}",
            detail={"rule": "job.openers"},
        )
    return tuple(sorted(sorted(holders, key=rank)[:threshold]))


def check_openers(state: query.Reader, parties: Parties) -> None:
    """Check that openers are as many holders of the active key as it takes.

    Args:
        state: The ledger.
        parties: Of a job with openers.

    Raises:
        NotFound: No such key.
        NotPermitted: Rule `job.key`: another key than the active one. Rule
            `job.openers`: too few or too many; one without a share that it
            accepted; the agency that computes, though the others are enough.
    """
    epoch = parties.epoch or 0
    shared, active = query.threshold_epoch(state, epoch), query.threshold_key(state)
    if active is None or active.epoch != epoch:
        raise NotPermitted(
            f"expected the key of epoch {active.epoch if active else 'none'}, which is "
            f"in use, found that of epoch {epoch}, which is {shared.status}",
            fix="Ask again: the key was dealt or re-shared meanwhile.",
            detail={"rule": "job.key"},
        )
    holders = query.threshold_openers(state, shared)
    openers = parties.openers
    need(
        set(openers) <= set(holders),
        "job.openers",
        f"expected openers of {', '.join(holders)}, who accepted a share, found "
        f"{', '.join(openers)}",
    )
    need(
        len(openers) == shared.threshold,
        "job.openers",
        f"expected {shared.threshold} openers, found {len(openers)}",
    )
    others = [one for one in holders if one != parties.compute]
    need(
        parties.compute not in openers or len(others) < shared.threshold,
        "job.openers",
        f"expected openers other than {parties.compute}, which computes, found it "
        "among them",
    )
