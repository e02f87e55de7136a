"""Reading the ledger's state by name instead of by key.

Everybody above this floor who wants to know what the ledger holds asks here:
rules while they apply, services for their pages, the exchange before it acts.
A `Reader` is anything that can get a key: a draft, the live map, a view, or an
auditor's handful of proven values.

    node    ledger.view() ─► query.grant(view, id) ─► Grant
    rules   context.draft ─► query.dataset(draft, id) ─► Dataset

>>> from privshare.ledger.state_map import StateMap
>>> state = StateMap()
>>> state.put("agency/taxes", {"at": 0, "changed": 0, "roles": [],
...     "status": "active", "url": ""})
>>> agency(state, "taxes").status
'active'
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from privshare.errors import NotFound
from privshare.ledger.ring import Opening, RingEpoch, RingHead, Statement, TagUse
from privshare.ledger.shared_key import EPOCHS, Epochs, SharedKey
from privshare.ledger.state_map import Value
from privshare.ledger.values import Agency, Dataset, Job, Key, Use
from privshare.rights.grant import Grant

#: In the key of a ring: `ring/<agency>/<name>`; that of an epoch has one more.
_RING_SLASHES = 2


class Reader(Protocol):
    """Anything that holds state."""

    def get(self, key: str) -> Value | None:
        """The value under a key, or None."""
        ...


class Lister(Reader, Protocol):
    """A reader that can also enumerate."""

    def items(self, prefix: str) -> Iterable[tuple[str, Value]]:
        """Keys with a prefix and their values, in a fixed order."""
        ...


def _read(reader: Reader, key: str, noun: str) -> Value:
    value = reader.get(key)
    if value is None:
        raise NotFound(
            f"expected {noun} in the ledger, found none", detail={"key": key}
        )
    return value


def agency(reader: Reader, agency_id: str) -> Agency:
    """A member of the network.

    Raises:
        NotFound: The ledger has no such agency.
    """
    key = f"agency/{agency_id}"
    return Agency.from_json(_read(reader, key, f"agency {agency_id}"))


def agencies(reader: Lister) -> dict[str, Agency]:
    """All members, in the order they were admitted."""
    return {
        key.removeprefix("agency/"): Agency.from_json(value)
        for key, value in reader.items("agency/")
    }


def is_active(reader: Reader, agency_id: str) -> bool:
    """Whether an agency is a member now."""
    found = reader.get(f"agency/{agency_id}")
    return found is not None and Agency.from_json(found).status == "active"


def key(reader: Reader, agency_id: str, kid: str) -> Key:
    """A key of an agency, active or retired.

    Raises:
        NotFound: The agency never had this key.
    """
    found = _read(reader, f"key/{agency_id}/{kid}", f"key {kid} of {agency_id}")
    return Key.from_json(found)


def keys_of(
    reader: Lister, agency_id: str, use: str | None = None, *, active: bool = True
) -> dict[str, Key]:
    """Keys of an agency by their ids.

    Args:
        reader: The state.
        agency_id: Whose keys.
        use: `sign`, `witness`, `seal`, `he` or `open`; None for all.
        active: Leave out those that were retired.
    """
    prefix = f"key/{agency_id}/"
    found = {
        name.removeprefix(prefix): Key.from_json(value)
        for name, value in reader.items(prefix)
    }
    return {
        kid: item
        for kid, item in found.items()
        if (use is None or item.use == use) and not (active and item.until is not None)
    }


def dataset(reader: Reader, dataset_id: str) -> Dataset:
    """A dataset's commitments.

    Raises:
        NotFound: The ledger has no such dataset.
    """
    found = _read(reader, f"dataset/{dataset_id}", f"dataset {dataset_id}")
    return Dataset.from_json(found)


def datasets(reader: Lister, owner: str | None = None) -> dict[str, Dataset]:
    """All datasets, or those of one owner, in the order of registration."""
    prefix = "dataset/" if owner is None else f"dataset/{owner}/"
    return {
        name.removeprefix("dataset/"): Dataset.from_json(value)
        for name, value in reader.items(prefix)
    }


def grant(reader: Reader, grant_id: str) -> Grant:
    """A grant in whatever state it is.

    Raises:
        NotFound: The ledger has no such grant.
    """
    return Grant.from_json(_read(reader, f"grant/{grant_id}", f"grant {grant_id}"))


def grants(reader: Lister) -> dict[str, Grant]:
    """All grants by id, in the order they appeared."""
    return {
        name.removeprefix("grant/"): Grant.from_json(value)
        for name, value in reader.items("grant/")
    }


def use(reader: Reader, use_id: str) -> Use:
    """A use of a grant.

    Raises:
        NotFound: The ledger has no such use.
    """
    return Use.from_json(_read(reader, f"use/{use_id}", f"use {use_id}"))


def uses(reader: Lister) -> dict[str, Use]:
    """All uses by id, in the order they appeared."""
    return {
        name.removeprefix("use/"): Use.from_json(value)
        for name, value in reader.items("use/")
    }


def job(reader: Reader, job_id: str) -> Job:
    """A job.

    Raises:
        NotFound: The ledger has no such job.
    """
    return Job.from_json(_read(reader, f"job/{job_id}", f"job {job_id}"))


def jobs(reader: Lister) -> dict[str, Job]:
    """All jobs by id, in the order they appeared."""
    return {
        name.removeprefix("job/"): Job.from_json(value)
        for name, value in reader.items("job/")
    }


def erased(reader: Reader, dataset_id: str, row: int) -> int | None:
    """The log index at which a record was erased, or None."""
    found = reader.get(f"erased/{dataset_id}/{row}")
    return None if found is None else int(found["at"])


def epochs(reader: Reader) -> Epochs:
    """Which threshold key is the newest, and which the active one."""
    return Epochs.from_json(reader.get(EPOCHS))


def threshold_key(reader: Reader) -> SharedKey | None:
    """The threshold key in use: the newest that enough holders accepted, or None."""
    active = epochs(reader).active
    return None if active is None else threshold_epoch(reader, active)


def threshold_epoch(reader: Reader, epoch: int) -> SharedKey:
    """A threshold key by its epoch, in use or not.

    Raises:
        NotFound: The ledger has no such epoch.
    """
    name = f"threshold/{epoch}"
    found = _read(reader, name, f"a threshold key of epoch {epoch}")
    return SharedKey.from_json(epoch, found)


def threshold_epochs(reader: Lister) -> dict[int, SharedKey]:
    """All threshold keys by epoch, oldest first."""
    found = (
        (int(name.removeprefix("threshold/")), value)
        for name, value in reader.items("threshold/")
    )
    return {epoch: SharedKey.from_json(epoch, value) for epoch, value in found}


def threshold_openers(reader: Reader, held: SharedKey) -> tuple[str, ...]:
    """Who may be asked to open: holders that accepted and are members still.

    An agency that left keeps its share, and the key's value says so; but nobody
    asks it any more. With fewer openers than `held.threshold`, the key must be
    re-shared, or dealt anew.
    """
    return tuple(agency for agency in held.accepted if is_active(reader, agency))


def ring(reader: Reader, ring_id: str) -> RingHead:
    """Which epochs a ring has; none of a ring that nobody registered."""
    return RingHead.from_json(reader.get(f"ring/{ring_id}"))


def rings(reader: Lister) -> dict[str, RingHead]:
    """All rings, in the order of their registration."""
    return {
        name.removeprefix("ring/"): RingHead.from_json(value)
        for name, value in reader.items("ring/")
        if name.count("/") == _RING_SLASHES
    }


def ring_epoch(reader: Reader, ring_id: str, epoch: int) -> RingEpoch:
    """One list of a ring's keys, in use or not.

    Raises:
        NotFound: The ledger has no such list.
    """
    name = f"ring/{ring_id}/{epoch}"
    found = _read(reader, name, f"epoch {epoch} of the ring {ring_id}")
    return RingEpoch.from_json(ring_id, epoch, found)


def statement(reader: Reader, statement_id: str) -> Statement:
    """What an unnamed member of a ring said.

    Raises:
        NotFound: The ledger has no such statement.
    """
    name = f"statement/{statement_id}"
    return Statement.from_json(_read(reader, name, f"statement {statement_id}"))


def opening(reader: Reader, statement_id: str) -> Opening | None:
    """How far a statement's signer is named; None if nobody ever can."""
    found = reader.get(f"opening/{statement_id}")
    return None if found is None else Opening.from_json(found)


def tag_use(reader: Reader, key: str) -> TagUse | None:
    """What one signer said in a scope, by `ring_statement.tag_key`; or None."""
    found = reader.get(key)
    return None if found is None else TagUse.from_json(found)
