"""Two tables joined on shares and summed by group: see `join`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import numpy.typing as npt

from privshare.jobs.mpc.aes import RoundKeys, blocks_of, draw_key, encrypt
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.programs.groups_run import one_hot, suppress
from privshare.jobs.mpc.programs.join import BATCH, Joined, duplicates
from privshare.jobs.mpc.programs.program import Plan
from privshare.jobs.mpc.programs.sharing import column_of
from privshare.jobs.mpc.ring import Limbs, Shared, concat
from privshare.jobs.mpc.shuffle import shuffle

__all__ = ["join_group_sum", "matches", "pseudonyms"]

#: Pseudonyms as two words: (rows, 2).
Pseudonyms = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


def join_group_sum(party: Party, plan: Plan, inputs: Mapping[str, Shared]) -> Shared:
    """Shuffle, name, match, gather; then sums by group."""
    detail: Joined = plan.detail
    keys = draw_key(party)
    named: dict[str, Pseudonyms] = {}
    payload: dict[str, Shared] = {}
    for dataset in (detail.unique, detail.many):
        # Blocks stand one after the other: identifiers, then the payload.
        width = detail.key_width
        table = inputs[dataset].reshape(width + 1, plan.rows[dataset])
        table = shuffle(party, table)
        named[dataset] = pseudonyms(party, plan, keys, table[:width])
        payload[dataset] = table[width]
    places, repeated = matches(named[detail.many], named[detail.unique])
    if repeated:
        column = plan.column(detail.key).of[detail.unique]
        raise duplicates(detail.unique, column, repeated, plan.rows[detail.unique])
    people, rows, sums = _by_person(payload[detail.many], places)
    return _by_group(party, plan, payload[detail.unique][people], rows, sums)


def pseudonyms(party: Party, plan: Plan, keys: RoundKeys, ids: Shared) -> Pseudonyms:
    """AES of each identifier, (width, rows), opened at all three nodes."""
    least = plan.column(plan.detail.key).minimum
    rows = ids.shape[1]
    made = np.empty((rows, 2), np.uint64)
    for start in range(0, rows, BATCH):
        part = ids[:, start : start + BATCH]
        if len(ids) == 1:
            part = party.add_public(part, -least)
        bits = encrypt(party, keys, blocks_of(party, part, plan.detail.key_bits))
        opened = party.open_bits(bits, "pseudonyms")
        made[start : start + part.shape[1]] = _values(opened, part.shape[1])
    return made


def _values(rows: Limbs, n: int) -> Pseudonyms:
    """128 rows of sliced bits as two words a value."""
    bits = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")[:, :n]
    packed = np.packbits(np.ascontiguousarray(bits.T), axis=1, bitorder="little")
    return cast(Pseudonyms, np.ascontiguousarray(packed).view(np.uint64))


def matches(many: Pseudonyms, unique: Pseudonyms) -> tuple[Places, int]:
    """Which row of `unique` each row of `many` belongs to, or -1.

    Returns:
        The places, and how many pseudonyms `unique` has more than once.
    """
    order = np.lexsort((unique[:, 1], unique[:, 0]))
    ordered = unique[order]
    again = (ordered[1:] == ordered[:-1]).all(axis=1)
    repeated = int(np.count_nonzero(again & ~np.append(False, again[:-1])))
    # First words are distinct but for chance; runs of equal ones are walked through.
    places = np.full(len(many), -1, np.int64)
    first = ordered[:, 0]
    at = np.searchsorted(first, many[:, 0])
    left = np.arange(len(many))
    while len(left):
        inside = at < len(first)
        left, at = left[inside], at[inside]
        same = first[at] == many[left, 0]
        left, at = left[same], at[same]
        found = ordered[at, 1] == many[left, 1]
        places[left[found]] = order[at[found]]
        left, at = left[~found], at[~found] + 1
    return places, repeated


def _by_person(values: Shared, places: Places) -> tuple[Places, Limbs, Shared]:
    """Rows of each person that was matched, and their values' total: no message."""
    matched = np.flatnonzero(places >= 0)
    order = matched[np.argsort(places[matched], kind="stable")]
    people, starts, counts = np.unique(
        places[order], return_index=True, return_counts=True
    )
    if not len(people):
        return people, counts.astype(np.uint64), values[:0]

    def total(piece: Limbs) -> Limbs:
        return cast(Limbs, np.add.reduceat(piece[order], starts))

    return (
        people,
        counts.astype(np.uint64),
        Shared(total(values.own), total(values.next), values.ring),
    )


def _by_group(
    party: Party, plan: Plan, codes: Shared, rows: Limbs, sums: Shared
) -> Shared:
    """Persons, totals and rows of each group, the small ones hidden."""
    detail: Joined = plan.detail
    groups = detail.groups
    persons = party.public([0] * groups)
    totals, counts = persons, persons
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        bits = party.from_bits(party.low_bits(codes[part], detail.group_bits))
        cells = one_hot(party, [bits[i] for i in range(detail.group_bits)])[:groups]
        persons = persons + cells.sum(1)
        counts = counts + cells.scale(rows[part]).sum(1)
        found = party.matmul(cells, column_of(sums[part]))
        totals = totals + found.reshape(groups)
    told = suppress(party, plan, persons, totals)
    kept = party.multiply(told[:groups], counts)
    return concat([told, kept])
