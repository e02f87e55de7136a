"""Zero-knowledge proofs: what they are about, and that they hold.

The ledger has the digest of a proof document and who answers for it; the
receipt has the document. About a dataset it also has a disclosure of the row,
in which the cells spoken of are hidden: so a proof about commitments becomes
one about cells that were anchored.

    Case ─► check_cells (step 6) ─► check_proof (step 7) ─► told (headline)

A module of its own, loaded for proofs alone. Implements
docs/formats/receipt.md, section 5, and docs/formats/proof.md.
"""

from __future__ import annotations

from privshare.audit.case import Case, Found, expect
from privshare.audit.inputs import in_force
from privshare.audit.proof_words import in_words
from privshare.audit.sentence import listed, plain, short
from privshare.rights.anchored_row import bound_text
from privshare.rights.cell_proof import CellProof, CellStatement
from privshare.rights.provable import holder
from privshare.rights.schema import Column, Schema
from privshare.schemes.commitment import Value
from privshare.schemes.proof import (
    AtLeast,
    EqualValues,
    InRange,
    LinearSum,
    OneOfSet,
    ProofDocument,
    Statement,
    verify,
)
from privshare.wire import domain
from privshare.wire.canonical import b64u, unb64u

__all__ = ["check_cells", "check_proof", "told"]


def check_cells(case: Case) -> Found:
    """Step 6: the proof speaks of cells of a row that was anchored.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid, VerificationError, EncodingError, OutOfRange: It
            speaks of something else.
    """
    dataset = case.statement.subject
    found, version = _cells(case)
    beside = "Nothing of the row is shown."
    if found.opened:
        shown = listed(f"{name} {value}" for name, value in found.opened.items())
        beside = f"Shown beside is {shown}."
    return [
        f"The proof speaks of {listed(found.columns)} in row {found.row:,} of "
        f"{dataset}, version {version}, as its owner committed to it. {beside}"
    ], [f"row {found.row}, columns {', '.join(found.columns)}"]


def check_proof(case: Case) -> Found:
    """Step 7: the proof holds, for this account and network.

    Returns:
        Sentences and details.

    Raises:
        EvidenceInvalid, ProofInvalid, EncodingError, OutOfRange: It does not.
    """
    document = ProofDocument.from_json(case.evidence()["document"])
    expect(document.kind == case.statement.kind, case.statement.kind, document.kind)
    context = document.context
    expect(context.account == case.subject.account, "this account", "another")
    expect(context.network == case.receipt.network, "this network", "another")
    verify(document)
    return [
        f"The proof, of kind {document.kind}, holds: for {context.account}, in this "
        f"network, for the purpose {plain(context.purpose)}. It shows nothing else of "
        "what is hidden."
    ], [f"proof of {len(document.proof)} bytes, nonce {context.nonce.hex()}"]


def told(case: Case) -> str:
    """What is proven, in words."""
    document = ProofDocument.from_json(case.evidence()["document"])
    if case.statement.subject is not None:
        schema = Schema.from_json(case.evidence()["schema"])
        said = _of_cells(_cells(case)[0], schema)
        if said:
            return f"{said}; the cells themselves are not shown."
    return f"Proven is that {in_words(document.statement)}."


def _cells(case: Case) -> tuple[CellStatement, int]:
    """The cells that a proof speaks of, under the publication in force."""
    body, version = in_force(case, case.statement.subject, case.index)
    document, digest = case.document("schema", domain.SCHEMA)
    expect(digest == body.commitments.schema, "the dataset's schema", "another")
    proof = CellProof.from_json(
        {name: case.evidence()[name] for name in ("disclosure", "document")}
    )
    root, rows = unb64u(body.commitments.root, 32), body.commitments.rows
    return proof.verify(root, rows, Schema.from_json(document)), version


def _of_cells(found: CellStatement, schema: Schema) -> str:
    """A statement about cells, in the words of their columns."""
    statement: Statement = found.statement
    columns = [schema.column(name) for name in found.columns]
    where = f"in row {found.row:,}"
    match statement:
        case InRange():
            parts = [
                f"{column.name} is from {bound_text(column, one.low)} to "
                f"{bound_text(column, one.high)}"
                for column, one in zip(columns, statement.intervals, strict=True)
            ]
            return f"Proven is that {where} {listed(parts)}"
        case AtLeast():
            names = [column.name for column in columns]
            return f"Proven is that {where} {names[0]} is at least {names[1]}"
        case EqualValues():
            names = [column.name for column in columns]
            return f"Proven is that {where} {listed(names)} hold one value"
        case OneOfSet():
            names = [_value(columns[0], one) for one in statement.values]
            return (
                f"Proven is that {where} {columns[0].name} is one of {len(names)} "
                f"values: {listed(names)}"
            )
        case LinearSum():
            pairs = zip(statement.coefficients, columns, strict=True)
            return (
                f"Proven is that {where} {listed(_term(a, one) for a, one in pairs)} "
                f"add up to {statement.constant}"
            )
    return ""


def _value(column: Column, value: Value) -> str:
    """A value of a column in its words; of a text there is but a hash."""
    if isinstance(value, int):
        return bound_text(column, value)
    hold = holder(column)
    for word in column.categories:
        if hold(word) == value:
            return word
    return f"the text {short(b64u(value))}"


def _term(coefficient: int, column: Column) -> str:
    """What a sum has of a column, whose cells it counts in their last digit."""
    unit = {None: "", 0: "", 1: " (in tenths)", 2: " (in hundredths)"}.get(
        column.scale, f" (in units of 10^-{column.scale})"
    )
    times = "" if coefficient == 1 else f"{coefficient} times "
    return f"{times}{column.name}{unit}"
