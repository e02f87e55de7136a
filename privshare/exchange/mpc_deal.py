"""What an owner does for a job on shares: split its columns into three pieces.

    granted columns ─► ring elements, within their declared bounds
    ─► pieces 0 and 1: seeds; piece 2: what is missing ─► a commitment to each
    ─► node i gets pieces i and i + 1, sealed to the key of its evidence

A seed stands for as many random elements as there are values, so that two of
three pieces cost 32 bytes. Values outside their declared bounds never leave:
the owner's own node refuses them.

Implements docs/protocols/mpc.md, section 4.
"""

from __future__ import annotations

import secrets

from privshare.errors import OutOfRange
from privshare.exchange import dataset as datasets
from privshare.exchange import privacy
from privshare.exchange.node import Node
from privshare.exchange.tee_admission import TeeAdmitted, release_info
from privshare.exchange.tee_party import appraised
from privshare.exchange.tee_runner import MAX_TABLE
from privshare.jobs.mpc import catalogue, noise
from privshare.jobs.mpc.pieces import SEED_BYTES, split
from privshare.jobs.mpc.programs.column import check_schema
from privshare.jobs.mpc.programs.inputs import encode
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.mpc_statement import (
    DEAL,
    LENGTH_BYTES,
    SALT_BYTES,
    Deal,
    piece_commitment,
)
from privshare.jobs.tee_spec import TeeInput
from privshare.ledger import query
from privshare.ledger.parties import NODES

__all__ = ["deal"]


def deal(
    node: Node, known: TeeAdmitted, spec: MpcSpec, item: TeeInput
) -> tuple[dict[str, bytes], str, bytes]:
    """Split an input of ours, and seal two pieces for each node.

    Args:
        node: This node, of the owner.
        known: The job.
        spec: Its specification.
        item: Our input.

    Returns:
        Sealed bytes by agency; the statement's type and its payload.

    Raises:
        OutOfRange: A value outside what the specification declares, with its
            column and how many rows; or too much data.
        NotPermitted: The program named is not the one granted: `run.module`.
        StepNotAllowed: We have not appraised a node: rule `job.appraised`.
    """
    catalogue.check_code(spec.name, spec.code)
    names = item.all_columns
    columns, rows = datasets.columns(node, item.dataset, names)
    program = catalogue.find(spec.name)
    registered = {
        one.dataset: query.dataset(known.view, one.dataset).rows for one in spec.inputs
    }
    if rows != registered[item.dataset]:
        raise OutOfRange(
            f"expected the {registered[item.dataset]} rows that {item.dataset} was "
            f"registered with, found {rows}: some were erased",
            fix="Publish a new version without them: privshare dataset amend.",
            detail={"dataset": item.dataset, "rule": "mpc.rows"},
        )
    plan = program.plan(spec.parameters, registered, spec.k)
    catalogue.check_inputs(plan, spec.inputs)
    noise.check(plan, spec.noise)
    catalogue.check_model(plan, spec.model)
    schema = datasets.documents(node, item.dataset).schema
    check_schema(plan.columns, item.dataset, schema)
    privacy.check_bounds(known.view, item.dataset, plan.columns, schema)
    elements = encode(plan, item.dataset, columns)
    pieces = split(
        elements, secrets.token_bytes(SEED_BYTES), secrets.token_bytes(SEED_BYTES)
    )
    if len(pieces[-1]) > MAX_TABLE:
        raise OutOfRange(
            f"expected columns of at most {MAX_TABLE} bytes, found {len(pieces[-1])}",
            detail={"rule": "job.table"},
        )
    salts = [secrets.token_bytes(SALT_BYTES) for _ in pieces]
    runners = [appraised(node, known, one) for one in spec.nodes]
    made = Deal(
        job=known.id,
        dataset=item.dataset,
        version=item.version,
        columns=names,
        rows=rows,
        pieces=tuple(
            piece_commitment(salt, number, piece)
            for number, (salt, piece) in enumerate(zip(salts, pieces, strict=True))
        ),
        admissions=tuple(one.admission for one in runners),
    )
    info = release_info(known.id, item.dataset)
    sealed = {}
    for index, (agency, to) in enumerate(zip(spec.nodes, runners, strict=True)):
        after = (index + 1) % NODES
        own = pieces[index]
        data = b"".join(
            (
                salts[index],
                salts[after],
                len(own).to_bytes(LENGTH_BYTES, "big"),
                own,
                pieces[after],
            )
        )
        sealed[agency] = to.key.seal(data, info, to.admission)
    return sealed, DEAL, made.to_bytes()
