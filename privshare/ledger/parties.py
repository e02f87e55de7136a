"""Who takes part in a job besides its coordinator, and who opens its totals.

A result comes about in one of six ways, and a job says which before it runs:

    custodian           by the agency under whose key the values are encrypted
    key and openers     by k agencies together, each with its share of the
                        consortium's threshold key of that epoch
    none of them        inside the attested machine of the agency that computes:
                        the job runs a measured program (`method="tee"`)
    nodes               on shares, among the attested machines of three agencies:
                        the job runs a program of the catalogue (`method="mpc"`)
    two nodes           between the two owners of the data alone: the job joins
                        their sets (`method="psi"`)
    one node            at the owner of the data, in its own sandbox: the job runs
                        submitted code that was approved (`method="code"`)

The same five fields stand in a specification, in `job.admit` and in the state,
so that they are compared as one value.

Implements docs/formats/entry.md, section 4 (`parties`), and section 1 of
docs/protocols/paillier-sum.md.

>>> together = Parties(compute="registrar", epoch=1, openers=("tax", "title"))
>>> together.opened_by
('tax', 'title')
>>> Parties(compute="registrar", custodian="tax").opened_by
('tax',)
>>> Parties(compute="registrar").attested
True
>>> Parties(compute="lands", nodes=("lands", "tax", "title")).runners
('lands', 'tax', 'title')
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from privshare.errors import EncodingError
from privshare.rights import identifier
from privshare.wire.canonical import INTEGER_LIMIT, Fields, Json

__all__ = ["ALONE", "MAX_OPENERS", "NODES", "PAIR", "Parties"]

#: How many compute on shares, how many owners join their sets, and how many run
#: submitted code.
NODES = 3
PAIR = 2
ALONE = 1
#: As many as a threshold key may have holders (`schemes.threshold_key`).
MAX_OPENERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who takes part in a job besides its coordinator.

    Attributes:
        compute: The agency that computes; of a measured program, whose machine
            runs it.
        custodian: The agency whose own key it is, or None.
        epoch: Of the consortium's threshold key, or None.
        openers: The holders of that key who open, in order; else none.
        nodes: The three agencies that compute on shares, the two that join
            their sets, or the one that runs submitted code on its own data, in
            order, the first of them `compute`; else none.
        owners: The owners of the inputs, in order, each once; known once the
            ledger has admitted the job.

    Raises:
        EncodingError: Another form, or two ways of opening.
    """

    compute: str
    custodian: str | None = None
    epoch: int | None = None
    openers: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        identifier.AGENCY.check(self.compute, "parties.compute")
        together = self.epoch is not None
        twice = self.custodian is not None and together
        if twice or bool(self.openers) != together:
            raise EncodingError(
                "parties: expected either a custodian or a threshold key and its "
                "openers, or an attested machine, found otherwise"
            )
        self._check_nodes()
        for agency in self.opened_by:
            identifier.AGENCY.check(agency, "parties.openers")
        if list(self.openers) != sorted(set(self.openers)):
            raise EncodingError(
                "parties.openers: expected agencies in order, each once, found "
                "otherwise"
            )
        if len(self.openers) > MAX_OPENERS:
            raise EncodingError(
                f"parties.openers: expected at most {MAX_OPENERS}, found "
                f"{len(self.openers)}"
            )

    def _check_nodes(self) -> None:
        if not self.nodes:
            return
        if self.custodian is not None or self.epoch is not None:
            raise EncodingError(
                "parties.nodes: expected none beside somebody who opens, found some"
            )
        ordered = list(self.nodes) == sorted(set(self.nodes))
        if len(self.nodes) not in (ALONE, PAIR, NODES) or not ordered:
            raise EncodingError(
                f"parties.nodes: expected {ALONE} to {NODES} different agencies in "
                "order, found others"
            )
        if self.compute != self.nodes[0]:
            raise EncodingError(
                f"parties.compute: expected {self.nodes[0]}, the first node, found "
                f"{self.compute}"
            )

    @property
    def attested(self) -> bool:
        """Whether attested machines compute, and nobody opens anything."""
        nobody = self.custodian is None and self.epoch is None
        return nobody and not self.joins and not self.gated

    @property
    def joins(self) -> bool:
        """Whether two owners join their sets between themselves."""
        return len(self.nodes) == PAIR

    @property
    def gated(self) -> bool:
        """Whether the owner of the data runs approved code."""
        return len(self.nodes) == ALONE

    @property
    def runners(self) -> tuple[str, ...]:
        """Whose attested machines run the job: one, three, or none."""
        if not self.attested:
            return ()
        return self.nodes or (self.compute,)

    @property
    def opened_by(self) -> tuple[str, ...]:
        """Who opens: custodian, openers, the machines' owners, the pair, the owner."""
        if self.joins or self.gated:
            return self.nodes
        if self.attested:
            return self.runners
        return self.openers if self.custodian is None else (self.custodian,)

    @property
    def asked(self) -> Parties:
        """What was asked for, without the owners that follow from it."""
        return replace(self, owners=())

    def roles(self) -> dict[str, Json]:
        """The five fields as a specification and `job.admit` have them."""
        return {
            "compute": self.compute,
            "custodian": self.custodian,
            "key": None if self.epoch is None else {"epoch": self.epoch},
            "nodes": list(self.nodes),
            "openers": list(self.openers),
        }

    def to_json(self) -> dict[str, Any]:
        """The object as the state map holds it."""
        return {**self.roles(), "owners": list(self.owners)}

    @classmethod
    def from_json(cls, obj: dict[str, Any]) -> Parties:
        """Read the object of the state map back."""
        return cls(
            compute=obj["compute"],
            custodian=obj["custodian"],
            epoch=None if obj["key"] is None else obj["key"]["epoch"],
            openers=tuple(obj["openers"]),
            nodes=tuple(obj["nodes"]),
            owners=tuple(obj["owners"]),
        )

    @classmethod
    def read(cls, fields: Fields) -> Parties:
        """Read `roles` out of a document, and close it.

        Raises:
            EncodingError: Another form.
            OutOfRange: An epoch below 1.
        """
        key = fields.nullable("key", fields.obj)
        epoch = None
        if key is not None:
            epoch = key.int("epoch", 1, INTEGER_LIMIT - 1)
            key.end()
        made = cls(
            compute=fields.str("compute"),
            custodian=fields.nullable("custodian", fields.str),
            epoch=epoch,
            openers=fields.str_list("openers", MAX_OPENERS, sorted_unique=True),
            nodes=fields.str_list("nodes", NODES, sorted_unique=True),
        )
        fields.end()
        return made
