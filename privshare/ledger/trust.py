"""The trust policy of a network: which witnesses, and how many of them.

A checkpoint is believed when the log's key and a quorum of the members'
witnesses signed it. The policy is a C2SP `tlog-policy` file made from what the
ledger itself holds; an auditor keeps a copy that was given to it once, and
takes no new one from a node.

    node      trust_policy(genesis, view, 2) ─► text ─► auditor's trust root
    auditor   log.witness.parse_policy(bytes) ─► TrustPolicy.check(checkpoint)

Source: C2SP tlog-policy; docs/formats/entry.md, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import OutOfRange
from privshare.ledger import query
from privshare.ledger.genesis import Genesis
from privshare.ledger.query import Lister
from privshare.wire import note
from privshare.wire.canonical import unb64u

_GROUP = "members"


@dataclass(frozen=True, slots=True)
class Witness:
    """A member whose node cosigns checkpoints.

    Attributes:
        agency: The member.
        vkey: Its key as signed notes know it.
        url: Where its node answers, or "".
    """

    agency: str
    vkey: note.Vkey
    url: str

    @property
    def prefix(self) -> str:
        """Where add-checkpoint stands below (C2SP: submission prefix), or ""."""
        return f"{self.url.rstrip('/')}/v1/witness" if self.url else ""


def witness_name(origin: str, agency: str) -> str:
    """The name under which an agency cosigns this log."""
    return f"{origin}/witness/{agency}"


def witness_vkey(origin: str, agency: str, public: bytes) -> note.Vkey:
    """An agency's witness key as signed notes know it."""
    name = witness_name(origin, agency)
    return note.Vkey(name, note.COSIGNATURE_V1, public)


def witnesses(genesis: Genesis, view: Lister) -> tuple[Witness, ...]:
    """The members that cosign, in the order of their names.

    The operator is not among them: it holds the log's own key, and its word
    that it showed one history adds nothing.
    """
    found = []
    for agency, member in query.agencies(view).items():
        if agency == genesis.operator:
            continue
        for key in query.keys_of(view, agency, "witness").values():
            vkey = witness_vkey(genesis.origin, agency, unb64u(key.pub, 32))
            found.append(Witness(agency, vkey, member.url))
    return tuple(sorted(found, key=lambda witness: witness.agency))


def trust_policy(genesis: Genesis, view: Lister, quorum: int | None) -> str:
    """Write a network's trust policy as the ledger holds it now.

    Args:
        genesis: The network; the log's key is in it.
        view: The state.
        quorum: How many witnesses must have cosigned; None for a majority.

    Returns:
        A C2SP tlog-policy file. Without any witness its quorum is `none`:
        then only the log's key speaks, and the host is believed.

    Raises:
        OutOfRange: A quorum below 0 or above the number of witnesses.
    """
    members = witnesses(genesis, view)
    if quorum is None:
        quorum = len(members) // 2 + 1 if members else 0
    if not 0 <= quorum <= len(members):
        raise OutOfRange(f"quorum: expected 0 to {len(members)}, found {quorum}")
    lines = [f"log {genesis.log_key}"]
    for member in members:
        lines.append(
            f"witness {member.vkey.name} {member.vkey} {member.prefix}".strip()
        )
    if quorum == 0:
        lines.append("quorum none")
    else:
        names = " ".join(member.vkey.name for member in members)
        lines += [f"group {_GROUP} {quorum} {names}", f"quorum {_GROUP}"]
    return "\n".join(lines) + "\n"
