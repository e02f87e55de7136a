"""A forger who holds every key: receipts that are proven, and untrue.

Bit flips only show that proofs are checked. To show that the *meaning* is
checked, this forger owns the log's key and all witnesses: it changes values,
transactions or block entries in a receipt and then makes the tree, the map
proofs, the checkpoint and the cosignatures anew, so that steps 1, 3 and 4
have nothing to complain about.

    forged = forge(network, filed.receipt, state={"grant/<id>": changed})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from network import MEMBERS, NETWORK, ORIGIN, Network, signing_key

from privshare.bindings import merkle
from privshare.jobs.receipt import Entry, Receipt, StateItem
from privshare.jobs.requirement import requirements
from privshare.jobs.trail import Trail
from privshare.ledger.block import is_block
from privshare.ledger.state_map import StateMap
from privshare.ledger.transaction import build, parse
from privshare.ledger.trust import witness_name
from privshare.log.checkpoint import Checkpoint, body, parse_checkpoint, sign_checkpoint
from privshare.log.cosignature import cosign
from privshare.wire import note
from privshare.wire.canonical import b64u, decode, encode
from privshare.wire.envelope import encode as encode_envelope

Change = Callable[[dict[str, Any]], None]


def forge(
    network: Network,
    receipt: Receipt,
    *,
    state: Mapping[str, Change | None] | None = None,
    payloads: Mapping[int, Change] | None = None,
    blocks: Change | None = None,
    evidence: Change | None = None,
) -> Receipt:
    """Change parts of a receipt, and prove the outcome.

    Args:
        network: Whose log, keys and witnesses are abused.
        receipt: A true one.
        state: By key, what to do to a value; None takes it out of the state.
        payloads: By log index, what to do to a transaction's payload; it is
            signed again by the account that it then names.
        blocks: What to do to each block entry.
        evidence: What to do to the evidence.
    """
    values = {item.key: dict(item.value or {}) for item in receipt.state}
    for key, change in (state or {}).items():
        if change is None:
            del values[key]
        else:
            change(values.setdefault(key, {}))
    bodies = {entry.index: dict(entry.body) for entry in receipt.entries}
    for index, change in (payloads or {}).items():
        bodies[index] = _signed_again(bodies[index], change)
    if payloads:
        values = _completed(network, receipt, bodies, values)
    tree = StateMap()
    for key, value in sorted(values.items()):
        tree.put(key, value)
    for index, entry in bodies.items():
        if is_block(encode(entry)):
            if blocks is not None:
                blocks(entry)
            if index == receipt.block:
                entry["state_root"] = b64u(tree.root())
    documents = None if receipt.evidence is None else dict(receipt.evidence)
    if evidence is not None and documents is not None:
        evidence(documents)
    size = parse_checkpoint(note.parse(receipt.checkpoint.encode())).size
    leaves = [
        encode(bodies[i]) if i in bodies else network.ledger.entry(i)
        for i in range(size)
    ]
    hashes = merkle.leaf_hashes(leaves)
    return replace(
        receipt,
        checkpoint=checkpoint(Checkpoint(ORIGIN, size, merkle.root(hashes)), network),
        entries=tuple(
            Entry(i, entry, tuple(merkle.inclusion_proof(hashes, i)))
            for i, entry in sorted(bodies.items())
        ),
        state=tuple(
            StateItem(key, value, tree.prove(key))
            for key, value in sorted(values.items())
        ),
        evidence=documents,
    )


def checkpoint(
    claimed: Checkpoint, network: Network, witnesses: tuple[str, ...] = MEMBERS
) -> str:
    """A checkpoint that the log signed and these witnesses cosigned."""
    lines = [sign_checkpoint(claimed, ORIGIN, signing_key("log"))]
    for agency in sorted(witnesses):
        name = witness_name(ORIGIN, agency)
        key = signing_key(f"{agency}/witness")
        lines.append(cosign(body(claimed), name, key, network.now))
    return note.format(note.Note(body(claimed), tuple(lines))).decode()


def _completed(
    network: Network,
    receipt: Receipt,
    bodies: dict[int, dict[str, Any]],
    values: dict[str, dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Hold the keys of whoever signs now, and those of nobody else."""
    view = network.ledger.view()

    class Both:
        def get(self, key: str) -> dict[str, Any] | None:
            return values.get(key, view.get(key))

    trail = Trail(Both(), lambda index: encode(bodies[index]))
    keys = requirements(
        receipt.operation, receipt.subject, receipt.evidence, trail
    ).keys
    return {key: Both().get(key) or {} for key in keys}


def _signed_again(entry: dict[str, Any], change: Change) -> dict[str, Any]:
    held = parse(encode(entry))
    payload: Any = decode(held.envelope.payload)
    change(payload)
    envelope = build(
        payload["kind"],
        payload["account"],
        payload["body"],
        NETWORK,
        held.nonce,
        payload["not_after"],
        [signing_key(f"{payload['account']}/sign")],
    )
    made: Any = decode(encode_envelope(envelope))
    return dict(made)
