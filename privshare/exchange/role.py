"""Who does what in a job: who computes, and who opens.

    question ─► choose_parties ─► Parties ─► specification, job.admit

Totals are opened by holders of the consortium's threshold key together, if it
has one that enough of them accepted; else, or when a question names one, by a
custodian with a key of its own. The same question gets the same parties.

Implements section 1 of docs/protocols/paillier-sum.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from privshare.errors import NotPermitted
from privshare.exchange.node import Node
from privshare.ledger import query
from privshare.ledger.opener import check_openers, choose_openers
from privshare.ledger.parties import Parties
from privshare.ledger.shared_key import SharedKey

if TYPE_CHECKING:
    from privshare.exchange.plan import Question

__all__ = ["choose_parties"]


def choose_parties(node: Node, question: Question, owners: Sequence[str]) -> Parties:
    """Choose who computes and who opens, where the question does not say.

    Args:
        node: Of the coordinator.
        question: What is asked.
        owners: Of the inputs.

    Raises:
        NotPermitted: Rule `job.parties`, `job.openers` or `job.key`: nobody
            fits, or whom the question names does not.
    """
    if question.custodian is not None and question.openers:
        raise NotPermitted(
            "expected a custodian or openers, found both",
            fix="A custodian opens with its own key, openers with the consortium's.",
            detail={"rule": "job.parties"},
        )
    shared = query.threshold_key(node.view())
    if question.custodian is None and shared is not None:
        return _together(node, question, owners, shared)
    if question.openers:
        raise NotPermitted(
            "expected a threshold key that enough holders accepted, found none",
            fix="Deal one, or name a custodian.",
            detail={"rule": "job.key"},
        )
    return _alone(node, question, owners)


def _together(
    node: Node, question: Question, owners: Sequence[str], shared: SharedKey
) -> Parties:
    """Holders of the threshold key open; if it can be, none of them computes.

    Whoever computes sees single ciphertexts. With a share of its own it would
    need one other holder less to open them, whether it is asked to or not.
    """
    agencies, holders = _agencies(node), shared.agencies
    others = [one for one in agencies if one != node.agency]
    free = [one for one in others if one not in question.openers]
    compute = question.compute or _first(
        "an agency to compute",
        [one for one in free if one not in (*holders, *owners)],
        [one for one in free if one not in holders],
        [one for one in free if one not in owners],
        free,
        others,
        [node.agency],
    )
    parties = Parties(
        compute=compute,
        epoch=shared.epoch,
        openers=tuple(sorted(set(question.openers)))
        or choose_openers(
            query.threshold_openers(node.view(), shared),
            shared.threshold,
            compute=compute,
            coordinator=node.agency,
            owners=owners,
        ),
    )
    check_openers(node.view(), parties)
    return parties


def _alone(node: Node, question: Question, owners: Sequence[str]) -> Parties:
    """A custodian opens, with a key of its own.

    One input: its owner is custodian, for it knows its rows anyway. Several:
    an agency that neither asks nor computes nor, if there is one, owns.
    """
    view, agencies = node.view(), _agencies(node)
    custodian = question.custodian
    if custodian is None:
        with_key = [one for one in agencies if query.keys_of(view, one, "he")]
        custodian = _first(
            "a custodian with a Paillier key",
            list(owners[:1]) if len(owners) == 1 and owners[0] != node.agency else [],
            [one for one in with_key if one not in (node.agency, *owners)],
            [one for one in with_key if one != node.agency],
            avoid=(question.compute,),
        )
    compute = question.compute or _first(
        "an agency to compute",
        [one for one in agencies if one not in (node.agency, *owners)],
        [one for one in agencies if one != node.agency],
        [node.agency],
        avoid=(custodian,),
    )
    if custodian in (compute, node.agency):
        raise NotPermitted(
            f"expected a custodian that neither computes nor asks, found {custodian}",
            detail={"rule": "job.parties"},
        )
    return Parties(compute=compute, custodian=custodian)


def _agencies(node: Node) -> list[str]:
    """Members that are active, in the order they were admitted."""
    return [
        name
        for name, held in query.agencies(node.view()).items()
        if held.status == "active"
    ]


def _first(noun: str, *choices: Sequence[str], avoid: Sequence[str | None] = ()) -> str:
    for choice in choices:
        for one in choice:
            if one not in avoid:
                return one
    raise NotPermitted(
        f"expected {noun} among the agencies, found none",
        detail={"rule": "job.parties"},
    )
