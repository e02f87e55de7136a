"""The consortium's threshold key, as its dealer and its holders use it.

    operator    deal(node, ...) ─► threshold.deal on the ledger
    holder      import_shares(node, files) ─► opened, held against the ledger's
                commitments, kept, and then: threshold.accept
    old holder  reshare(node, to, ...) ─► a public part, and one file for each
                new holder

A share leaves this module to `Shares` and in sealed files, and no other way.
It is kept before it is accepted: whoever counts on this agency can count on it.

Implements docs/formats/threshold.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange import drawer
from privshare.exchange.node import Node, seal_key
from privshare.ledger import query
from privshare.ledger.api import Committed, View
from privshare.ledger.sealed_share import (
    SealedPart,
    SealedShare,
    evidence,
    read_file,
    seal_parts,
)
from privshare.ledger.shared_key import SharedKey
from privshare.schemes.threshold import KeyShare
from privshare.schemes.threshold_reshare import assemble
from privshare.schemes.threshold_reshare import reshare as share_anew
from privshare.wire.canonical import Json, b64u, encode

__all__ = ["Imported", "deal", "import_shares", "reshare"]

_BLOCKS = 4
_BLOCK_S = 1.0


@dataclass(frozen=True, slots=True)
class Imported:
    """A share that this node has now.

    Attributes:
        epoch: Of the key.
        index: The share's number, from 1.
        accepted: Log index of this agency's acceptance.
        status: Of the key, as our copy of the ledger has it.
    """

    epoch: int
    index: int
    accepted: int
    status: str


def deal(node: Node, body: Mapping[str, Json], *, person: str = "") -> Committed:
    """Put a key on the ledger whose shares were sealed to their holders.

    Args:
        node: The operator's.
        body: Of `threshold.deal`.
        person: Who asked.

    Raises:
        PrivShareError: What the ledger's rules say.
    """
    committed = node.submit("threshold.deal", body)
    _note(node, "threshold.deal", committed, person)
    return committed


def import_shares(
    node: Node, files: Sequence[bytes | Json], *, person: str = ""
) -> Imported:
    """Take a share over: open it, check it, keep it, accept it.

    Done again with the same files it finishes what was left half done.

    Args:
        node: The holder's.
        files: One sealed share; or the sealed parts of one re-sharing, from as
            many old holders as the old key's threshold.
        person: Who asked.

    Raises:
        EncodingError: Other files.
        VerificationError: For another agency, network or key; altered; or not
            what the ledger commits to.
        NotFound: The ledger has no such key, or not yet.
        StepNotAllowed: Another key has taken its place.
        Conflict: It is here, and accepted; or another key's is in its place.
        Unavailable: The ledger does not answer; the share is kept, try again.
    """
    read = [read_file(file) for file in files]
    share, held = _open(node, read)
    accepted = _accepted(held, node.agency)
    if accepted is None and held.status not in ("dealt", "active"):
        raise StepNotAllowed(
            f"expected a key that is dealt or active, found epoch {held.epoch} "
            f"{held.status}",
            fix="ask the operator for a share of the newest key",
        )
    kept = node.share(held.epoch)
    if kept is None:
        node.shares.put(held.epoch, share)
    elif (kept.key, kept.index) != (share.key, share.index):
        raise Conflict(
            f"expected no share of another key here, found one of an epoch "
            f"{held.epoch} that this ledger does not hold",
            fix=f"move keys/share.{held.epoch}.key away, and start the node again",
        )
    elif accepted is not None:
        raise Conflict(
            f"expected no share of epoch {held.epoch} here, found one, accepted at "
            f"index {accepted}"
        )
    if accepted is None:
        done = node.submit("threshold.accept", {"epoch": held.epoch})
        _note(node, "threshold.accept", done, person)
        accepted = done.index
    now = query.threshold_epoch(node.view(), held.epoch)
    return Imported(held.epoch, share.index, accepted, now.status)


def reshare(
    node: Node,
    to: Sequence[str],
    threshold: int,
    *,
    by: Sequence[str] = (),
    person: str = "",
) -> dict[str, bytes]:
    """Share our share of the active key among new holders.

    Args:
        node: An old holder's.
        to: The new holders, in the order of their shares.
        threshold: How many of them it takes to open.
        by: The old holders who do this, as many as the key's threshold; all of
            them must name the same. The first that are members unless given.
        person: Who asked.

    Returns:
        Files by name: `resharing-…` for the operator, `part-…` one for each
        new holder.

    Raises:
        NotFound: No key is in use, or we have no share of it, or a new holder
            has no sealing key.
        NotPermitted: We are not among `by`.
        OutOfRange: Other numbers than there can be; or shares that would get
            too long.
    """
    view = node.view()
    held = query.threshold_key(view)
    if held is None:
        raise NotFound("expected a threshold key in use, found none")
    share = node.share(held.epoch)
    if share is None:
        raise NotFound(
            f"expected this node's share of epoch {held.epoch}, found none",
            fix="privshare threshold import FILE",
        )
    participants = _participants(view, held, by, node.agency)
    if len(set(to)) != len(to):
        raise OutOfRange("expected new holders each once, found one twice")
    for agency in to:
        query.agency(view, agency)
    resharing = share_anew(held.opened, share, participants, threshold, len(to))
    public, parts = seal_parts(
        resharing,
        by=node.agency,
        holders={agency: seal_key(view, agency) for agency in to},
        network=node.network,
        previous=held.epoch,
    )
    node.store.log_use(
        node.clock(),
        node.agency,
        "threshold.reshare",
        person=person,
        subject=b64u(public.statement.digest),
    )
    stem = f"{held.epoch}-{node.agency}"
    return {f"resharing-{stem}.json": encode(public.to_json())} | {
        f"part-{stem}-to-{part.agency}.json": encode(part.to_json()) for part in parts
    }


def _participants(
    view: View, held: SharedKey, by: Sequence[str], agency: str
) -> tuple[int, ...]:
    """The numbers of the old holders who do it; we are one of them."""
    able = query.threshold_openers(view, held)
    chosen = tuple(by) or able[: held.threshold]
    if len(set(chosen)) != held.threshold or not set(chosen) <= set(able):
        raise OutOfRange(
            f"expected {held.threshold} of {', '.join(able)}, who hold shares of epoch "
            f"{held.epoch}; found {', '.join(chosen) or 'none'}",
            fix="give --by with the names that all of them give",
        )
    if agency not in chosen:
        raise NotPermitted(
            f"expected a re-sharing by {agency} among others, found one by "
            f"{' and '.join(chosen)}",
            fix=f"--by with the names that all of them give, {agency} among them",
            detail={"rule": "threshold.participant"},
        )
    return tuple(sorted(held.agencies.index(name) + 1 for name in chosen))


def _open(
    node: Node, read: Sequence[SealedShare | SealedPart]
) -> tuple[KeyShare, SharedKey]:
    """What the files hold, checked against the ledger."""
    for one in read:
        network = one.network if isinstance(one, SealedShare) else one.public.network
        if (one.agency, network) != (node.agency, node.network):
            raise VerificationError(
                f"expected a share for {node.agency} in {node.network}, found one for "
                f"{one.agency} in {network}",
                fix=f"hand it to {one.agency}",
            )
    if len(read) == 1 and isinstance(read[0], SealedShare):
        return _open_dealt(node, read[0])
    if read and _are_parts(read):
        return _open_reshared(node, read)
    raise EncodingError(
        "expected one share, or the parts of one re-sharing, found "
        f"{len(read)} files that are neither",
        fix="import the files of one key at a time",
    )


def _are_parts(
    read: Sequence[SealedShare | SealedPart],
) -> TypeGuard[Sequence[SealedPart]]:
    return all(isinstance(one, SealedPart) for one in read)


def _open_dealt(node: Node, file: SealedShare) -> tuple[KeyShare, SharedKey]:
    def find(view: View) -> SharedKey:
        return query.threshold_epoch(view, file.epoch)

    held = _awaited(node, find)
    key = held.opened
    if key.digest != file.key or held.index(node.agency) != file.index:
        raise VerificationError(
            f"expected a share of the key that the ledger holds as epoch {held.epoch}, "
            "found one of another",
            fix="ask the operator for the file that was made with this key",
        )
    share = file.open(node.keys.seal)
    if share.index != file.index:
        raise VerificationError(
            f"expected share {file.index} in the file, found share {share.index}"
        )
    share.check(key)
    return share, held


def _open_reshared(
    node: Node, files: Sequence[SealedPart]
) -> tuple[KeyShare, SharedKey]:
    publics = [file.public for file in files]
    first = publics[0]
    former = query.threshold_epoch(node.view(), first.previous)
    for public in publics:
        index = public.statement.index
        if (public.previous, public.holders) != (first.previous, first.holders) or (
            former.index(public.by) != index
        ):
            raise VerificationError(
                f"expected the parts of one re-sharing of epoch {first.previous}, "
                f"found one by {public.by} of another",
                fix="import the files of one re-sharing",
            )
    indices = {public.statement.index for public in publics}
    if len(files) != former.threshold or len(indices) != len(files):
        raise EncodingError(
            f"expected the parts of {former.threshold} old holders, found those of "
            f"{len(indices)} in {len(files)} files",
            fix="import all files of the re-sharing at once",
        )
    digest = b64u(evidence(publics))

    def find(view: View) -> SharedKey:
        found = query.threshold_epochs(view).values()
        for one in found:
            if one.evidence == digest:
                return one
        raise NotFound(
            "expected this re-sharing on the ledger, found none like it",
            fix="the operator runs: privshare threshold deal --from DIR",
        )

    held = _awaited(node, find)
    number = held.index(node.agency)
    if number is None or held.agencies != first.holders:
        raise VerificationError(
            f"expected the holders of epoch {held.epoch}, found others in the files"
        )
    opened = [file.open(node.keys.seal) for file in files]
    key, share = assemble(former.opened, opened, number)
    if key != held.opened:
        raise VerificationError(
            f"expected the key that the ledger holds as epoch {held.epoch}, found "
            "that the parts make another",
            fix="refuse the key: it is not what its old holders shared",
        )
    return share, held


def _awaited(node: Node, find: Callable[[View], SharedKey]) -> SharedKey:
    """What the ledger holds, once our copy has it: it may be a block behind."""
    for _ in range(_BLOCKS):
        view = node.view()
        try:
            return find(view)
        except NotFound:
            try:
                node.ledger.sync(view.size, timeout_s=_BLOCK_S)
            except (OutOfRange, Unavailable):  # no further block, at the host or here
                break
    return find(node.view())


def _accepted(held: SharedKey, agency: str) -> int | None:
    return next(one.accepted for one in held.holders if one.agency == agency)


def _note(node: Node, action: str, committed: Committed, person: str) -> None:
    """Log who did it, and file the receipt."""
    node.store.log_use(
        node.clock(), node.agency, action, person=person, subject=committed.id
    )
    drawer.file(node, "ledger.entry", committed, committed.id)
