"""What a program on shares gave out, with what it is worth.

    receipt, verified ─► accepted(classes) ─► SharesResult ─► value, table, receipt

The numbers are those that the receipt proves. `model` says against which adversary
they were computed, `trust_class` how far the least of the three machines can be
trusted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from privshare.errors import EvidenceInvalid
from privshare.sdk.document import Document
from privshare.sdk.measured import SOFT, class_of
from privshare.sdk.receipt import Receipt
from privshare.sdk.session import Session
from privshare.sdk.table import Table, html_block
from privshare.wire.canonical import Json

__all__ = ["PREFIX", "SharesResult", "accepted"]

#: In front of a program's name where it stands among all measured programs.
PREFIX = "mpc."
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?")
#: From the least to the most that a machine is worth.
_ORDER = ("simulated", "software", "hardware-tpm", "hardware-tee")


class SharesResult:
    """What a program on shares gave out.

    Args:
        receipt: The proof, verified.
        trust_class: Of the least trustworthy of the three machines.
        roots: Who vouches for each node's machine, by agency.

    Attributes:
        receipt: The proof.
        trust_class: `hardware-tee`, `hardware-tpm`, `software` or `simulated`.
        roots: Who vouches for each node's machine, by agency.
        program: Its name.
        model: The adversary it was computed against.
        k: No group with fewer rows is in it.
        value: The result document; numbers with fractions are text, exactly.
    """

    def __init__(
        self, receipt: Receipt, trust_class: str, roots: Mapping[str, str]
    ) -> None:
        evidence = receipt.statement.evidence or {}
        spec = Document(evidence["spec"], "spec")
        self.receipt = receipt
        self.trust_class = trust_class
        self.roots = dict(roots)
        self.program = spec.str("module").removeprefix(PREFIX)
        self.model = spec.str("model")
        self.k = spec.int("k")
        self.value: dict[str, Any] = dict(
            cast("dict[str, Any]", (receipt.statement.result or {})["output"])
        )

    def __getitem__(self, name: str) -> Any:
        """A part of the result by its name."""
        return self.value[name]

    def __repr__(self) -> str:
        return f"<SharesResult of {self.program}, {self.model}, {self.trust_class}>"

    def tables(self) -> tuple[Table, ...]:
        """Its parts to be shown: lists each as a table, then the single values."""
        found, single = [], []
        for name, part in sorted(self.value.items()):
            if _is_matrix(part, self.value.get("columns")):
                names = tuple(self.value["columns"])
                lines = tuple(
                    (head, *map(_shown, line))
                    for head, line in zip(names, part, strict=True)
                )
                found.append(Table(("", *names), lines, name))
                continue
            rows = _rows(part)
            if rows is None:
                single.append((name, _shown(part)))
                continue
            heads = tuple(dict.fromkeys(head for row in rows for head in row))
            heads = tuple(sorted(heads, key=lambda head: head not in _NAMES))
            cells = tuple(
                tuple(_shown(row.get(head)) for head in heads) for row in rows
            )
            found.append(Table(heads or (name,), cells, name, empty="none"))
        if single:
            found.append(Table(("", "value"), tuple(single)))
        return tuple(found)

    def __str__(self) -> str:
        head = f"{self.program} on shares, {self.model}, machines {self.trust_class}"
        return "\n".join([head, *(str(one) for one in self.tables())])

    def _repr_html_(self) -> str:
        about = (("model", self.model), ("trust class", self.trust_class))
        return html_block(f"{self.program} on shares", about) + "".join(
            one._repr_html_() for one in self.tables()
        )


#: Columns that name a row stand first.
_NAMES = ("name", "column", "key", "group", "from", "to", "quantile")


def _is_matrix(part: Any, names: Any) -> bool:
    """Whether a part has a line and a place in it for each named column."""
    if not (isinstance(part, list) and isinstance(names, list)):
        return False
    lines = [line for line in part if isinstance(line, list)]
    return len(part) == len(lines) == len(names) > 0 and all(
        len(line) == len(names) for line in lines
    )


def _rows(part: Any) -> list[dict[str, Any]] | None:
    """A list of objects, or None of anything else."""
    if isinstance(part, list) and part and all(isinstance(one, dict) for one in part):
        return part
    return None


def _shown(part: Any) -> Any:
    if part is None:
        return ""
    if isinstance(part, bool):
        return "yes" if part else "no"
    if isinstance(part, str) and _NUMBER.fullmatch(part):
        return Decimal(part)  # set to the right
    if isinstance(part, list):
        return ", ".join(str(_shown(one)) for one in part)
    return part


def accepted(
    receipt: Receipt, accept: tuple[str, ...], session: Session
) -> SharesResult:
    """The result, if all its machines are of classes that the caller takes.

    Args:
        receipt: Of a job on shares, verified.
        accept: Trust classes; none: those of hardware.
        session: Whose roots vouch for the machines.

    Raises:
        EvidenceInvalid: A machine is of another class: rule `accept.class`.
    """
    from privshare.jobs.attestation.bundle import AttestedBundle  # noqa: PLC0415

    bundles = (receipt.statement.evidence or {})["bundles"]
    found: dict[str, tuple[str, str]] = {}
    for node, document in cast("dict[str, Json]", bundles).items():
        bundle = AttestedBundle.from_json(document)
        found[node] = class_of(receipt, bundle, session.roots)
    for node, (trust_class, root) in found.items():
        refused = trust_class not in accept if accept else trust_class in SOFT
        if refused:
            raise EvidenceInvalid(
                f"expected machines of class {' or '.join(accept) or 'hardware'}, "
                f"found that of {node} of class {trust_class}, vouched for by {root}",
                fix=f'accept=("{trust_class}",), or --accept {trust_class} among '
                "commands, takes it, for what it is worth; the job is done and need "
                "not run again: privshare job wait",
                detail={"rule": "accept.class", "trust_class": trust_class},
            )
    least = min((one for one, _ in found.values()), key=_ORDER.index)
    return SharesResult(
        receipt, least, {node: root for node, (_, root) in found.items()}
    )
