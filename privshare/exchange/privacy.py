"""Privacy accounts of datasets: opened by their owners, respected by everybody.

    owner        open_account ─► ledger          query key ─► grantees, sealed
    coordinator  with_answers: tag of the rows, and noise ─► job.admit
    everybody    check_charges: the noise is that of the specification; the owner
                 also: so are the rows

The query key keeps the ledger from telling which rows were asked about. It is
drawn once for a dataset, stays at its owner, and is handed to agencies that hold
a grant on the dataset.

Implements docs/protocols/privacy.md, sections 6 and 7.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, cast

from privshare.errors import (
    GrantMissing,
    NotFound,
    NotPermitted,
    Unavailable,
    VerificationError,
)
from privshare.exchange.node import Node, seal_key
from privshare.jobs.attested_spec import AttestedSpec
from privshare.jobs.join_spec import JoinSpec
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.spec import Input, Spec
from privshare.jobs.tee_spec import TeeInput
from privshare.ledger import query, query_privacy
from privshare.ledger.api import Committed, View
from privshare.ledger.values import Job
from privshare.rights import identifier
from privshare.rights.answer import Answer
from privshare.rights.mechanism import Mechanism
from privshare.rights.privacy import filter_tag, subset_digest
from privshare.rights.schema import Schema
from privshare.schemes.sealing import OVERHEAD_BYTES, seal
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, unb64u
from privshare.wire.digest import tagged

if TYPE_CHECKING:
    from privshare.jobs.mpc.programs.column import Column

__all__ = [
    "ALL_ROWS",
    "AnySpec",
    "check_bounds",
    "check_charges",
    "check_join",
    "noise_of",
    "open_account",
    "row_filter",
    "say_apart",
    "serve_key",
    "show",
    "with_answers",
]

AnySpec = Spec | AttestedSpec

#: Programs on shares that speak of all rows at once: parameters choose none, and
#: the result is not split.
ALL_ROWS = frozenset(
    (
        "covariance",
        "linear_regression",
        "mean",
        "sum",
        "variance",
    )
)

KEY_BYTES = 32
_SETTING = "query-key:"


# -- the owner's part ---------------------------------------------------------


def open_account(
    node: Node, dataset: str, budget: int, *, person: str = ""
) -> Committed:
    """Open the privacy account of a dataset of ours, or say anew what it holds.

    Args:
        node: This node, of the owner.
        dataset: Which.
        budget: What all grantees together may learn, in micro-rho.
        person: Who asked for it.

    Raises:
        NotFound: No dataset of this agency.
        OutOfRange: Less than is spent and held already.
    """
    _need_ours(node, dataset)
    _own_key(node, dataset)
    committed = node.submit("privacy.account", {"budget": budget, "dataset": dataset})
    node.store.log_use(
        node.clock(), node.agency, "privacy.account", person=person, dataset=dataset
    )
    return committed


def say_apart(
    node: Node, dataset: str, first: str, second: str, rows: int, *, person: str = ""
) -> Committed:
    """Say how many rows lie between two sets of rows of a dataset of ours.

    Args:
        node: This node, of the owner.
        dataset: Which.
        first: A set, as the log names it.
        second: Another.
        rows: At least so many are in one and not in the other.
        person: Who says so.

    Raises:
        NotFound: No dataset of this agency.
        EncodingError: No digests, or one twice.
    """
    _need_ours(node, dataset)
    body: dict[str, Json] = {
        "dataset": dataset,
        "first": first,
        "rows": rows,
        "second": second,
    }
    committed = node.submit("privacy.apart", body)
    node.store.log_use(
        node.clock(), node.agency, "privacy.apart", person=person, dataset=dataset
    )
    return committed


def show(node: Node, dataset: str) -> dict[str, Any]:
    """The account of a dataset and what was asked of it, as the ledger has it.

    Raises:
        NotFound: No such dataset.
    """
    view = node.view()
    query.dataset(view, dataset)
    found = query_privacy.account(view, dataset)
    uses = []
    for name, charge in query_privacy.charges(view, dataset).items():
        use = query.use(view, name)
        uses.append(
            {
                "charge": charge.rho,
                "columns": list(charge.columns) or list(use.columns),
                "grant": use.grant,
                "grantee": query.grant(view, use.grant).terms.grantee,
                "noise": charge.mechanism is not None,
                "operation": use.operation,
                "purpose": use.purpose,
                "rows": charge.subset,
                "status": charge.status,
                "time": use.time,
                "use": name,
            }
        )
    return {
        "account": None
        if found is None
        else {**found.to_json(), "left": found.budget - found.spent - found.held},
        "asked": [
            {"column": column, "sets": sorted(sets)}
            for column, sets in sorted(query_privacy.asked(view, dataset).items())
        ],
        "dataset": dataset,
        "uses": uses,
    }


def serve_key(node: Node, caller: str, dataset: str) -> dict[str, Json]:
    """Give the query key of a dataset of ours to an agency with a grant on it.

    Returns:
        `{"sealed": to the caller's sealing key}`.

    Raises:
        NotFound: No dataset of this agency, or one without an account.
        GrantMissing: The caller has no right in force.
    """
    _need_ours(node, dataset)
    view = node.view()
    if query_privacy.account(view, dataset) is None:
        raise NotFound(f"expected a privacy account of {dataset}, found none")
    if not any(
        grant.status == "active"
        for grant in query.grants(view).values()
        if (grant.terms.dataset, grant.terms.grantee) == (dataset, caller)
    ):
        raise GrantMissing(
            f"expected a right of {caller} to {dataset}, found none in force",
            detail={"rule": "grant.missing"},
        )
    key = _own_key(node, dataset)
    return {"sealed": b64u(seal(seal_key(view, caller), key, _info(caller, dataset)))}


def _need_ours(node: Node, dataset: str) -> None:
    identifier.DATASET.check(dataset, "dataset")
    query.dataset(node.view(), dataset)
    if identifier.owner_of(dataset) != node.agency:
        raise NotFound(f"expected a dataset of {node.agency}, found {dataset}")


def _own_key(node: Node, dataset: str) -> bytes:
    """The query key of a dataset of ours, drawn the first time."""
    name = _SETTING + dataset
    with node.tasks.exclusive(name):
        kept = node.store.setting(name)
        if kept is None:
            kept = b64u(secrets.token_bytes(KEY_BYTES))
            node.store.put_setting(name, kept)
    return unb64u(kept, KEY_BYTES)


def _info(grantee: str, dataset: str) -> bytes:
    return tagged(domain.FILTER, b"key", grantee.encode(), dataset.encode())


# -- the coordinator's part ---------------------------------------------------


def with_answers(
    node: Node, spec: AnySpec | JoinSpec, inputs: list[Json]
) -> list[Json]:
    """The inputs of an admission, each with what leaves of it where that is asked.

    Args:
        node: This node, of the coordinator.
        spec: The specification.
        inputs: As `job.admit` has them, in the order of the specification.

    Raises:
        Unavailable: An owner does not hand out its query key.
        NotPermitted: A private join of a dataset with an account: nothing adds
            noise to it. Rule `privacy.join`.
    """
    view, made = node.view(), []
    if isinstance(spec, JoinSpec):
        check_join(view, spec)
        return inputs
    for item, given in zip(_inputs(spec), inputs, strict=True):
        entry = dict(given) if isinstance(given, dict) else {}
        if query_privacy.account(view, item.dataset) is not None:
            tag = filter_tag(
                _key(node, item.dataset), row_filter(view, spec, item.dataset)
            )
            entry["answer"] = Answer(tag, noise_of(spec)).to_json()
        made.append(entry)
    return list[Json](made)


def _inputs(spec: AnySpec) -> tuple[Input | TeeInput, ...]:
    return tuple[Input | TeeInput, ...](spec.inputs)


def noise_of(spec: AnySpec) -> Mechanism | None:
    """What the nodes of a job add to its result."""
    return spec.noise if isinstance(spec, MpcSpec) else None


def row_filter(view: View, spec: AnySpec, dataset: str) -> Json:
    """Which rows, or values, an answer is about: None for all rows.

    A program whose parameters choose among values (a count within an interval,
    say) tells something of fewer rows, so that its parameters are its filter, and
    the columns that it is given: nobody knows what a module does with them. A
    record that was erased is in no later answer, and would be the difference.
    """
    erased = sum(1 for _ in view.items(f"erased/{dataset}/"))
    chosen = _chosen(spec)
    return {"erased": erased, "filter": chosen} if erased else chosen


def _chosen(spec: AnySpec) -> Json:
    if isinstance(spec, Spec):
        return None
    if isinstance(spec, MpcSpec) and spec.name in ALL_ROWS:
        return None
    return {
        "code": b64u(spec.code),
        "columns": [[one.dataset, list(one.all_columns)] for one in spec.inputs],
        "parameters": cast(Json, dict(spec.parameters)),
    }


def _key(node: Node, dataset: str) -> bytes:
    """The query key of a dataset, ours or another's."""
    owner = identifier.owner_of(dataset)
    if owner == node.agency:
        return _own_key(node, dataset)
    answer = node.peers.call(owner, "GET", f"/v1/peer/datasets/{dataset}/query-key")
    fields = Fields(answer, "answer")
    sealed = fields.bytes("sealed", KEY_BYTES + OVERHEAD_BYTES)
    for key in node.keys.seal:
        try:
            opened = key.open(sealed, _info(node.agency, dataset))
        except VerificationError:
            continue
        if len(opened) == KEY_BYTES:
            return opened
    raise Unavailable(
        f"expected the query key of {dataset}, found something else",
        fix=f"Ask {owner}: without it the ledger cannot admit the job.",
        detail={"party": owner},
    )


# -- what parties check -------------------------------------------------------


def check_charges(node: Node, view: View, held: Job, spec: AnySpec) -> None:
    """Check that accounts were charged for what a specification does.

    Every party looks at the noise; the owner of an input also at the name under
    which the log of questions has its rows.

    Args:
        node: This node, of any party.
        view: The ledger.
        held: The job.
        spec: Its specification.

    Raises:
        NotPermitted: Noise was charged that is not added, or the other way
            round: rule `privacy.noise`; or the log names other rows: rule
            `privacy.filter`.
    """
    noise = noise_of(spec)
    named = None if noise is None else b64u(noise.digest())
    for use_id, item in zip(held.inputs, _inputs(spec), strict=True):
        charge = query_privacy.charge(view, use_id)
        if charge is None:
            continue
        if charge.mechanism != named:
            raise NotPermitted(
                f"expected the noise that the account of {item.dataset} was charged "
                "for, found another",
                detail={"party": held.coordinator, "rule": "privacy.noise"},
            )
        ours = identifier.owner_of(item.dataset) == node.agency
        if ours and charge.subset is not None:
            _check_rows(node, view, use_id, charge.subset, held, spec, item.dataset)


def check_join(view: View, spec: JoinSpec) -> None:
    """Check that no dataset of a private join has an account.

    Its coordinator looks before it asks; its owners, whatever was admitted.

    Raises:
        NotPermitted: One has: rule `privacy.join`.
    """
    for one in spec.inputs:
        if query_privacy.account(view, one.dataset) is not None:
            raise NotPermitted(
                f"expected a dataset without a privacy account, found "
                f"{one.dataset}: nothing adds noise to a private join",
                fix="Ask for a sum or a mean on shares, with noise.",
                detail={"dataset": one.dataset, "rule": "privacy.join"},
            )


def check_bounds(
    view: View, dataset: str, columns: tuple[Column, ...], schema: Schema
) -> None:
    """Check that a question takes the bounds that the owner declared.

    An owner's node refuses values outside the bounds of a question. Were they the
    asker's, each refusal would tell something of somebody, and cost nothing.

    Args:
        view: The ledger.
        dataset: One with an account, or it is left alone.
        columns: Of the program, as the question declares them.
        schema: Of the dataset.

    Raises:
        NotPermitted: Other bounds: rule `privacy.bounds`.
    """
    if query_privacy.account(view, dataset) is None:
        return
    for column in columns:
        if dataset not in column.of or not column.is_number:
            continue
        found = schema.column(column.of[dataset])
        if (column.minimum, column.maximum) != (found.minimum, found.maximum):
            raise NotPermitted(
                f"expected the bounds of column {found.name} that the schema of "
                f"{dataset} declares, found others",
                fix="Leave out minimum and maximum; without any in the schema, its "
                "owner publishes it anew with them.",
                detail={"column": found.name, "rule": "privacy.bounds"},
            )


def _check_rows(
    node: Node,
    view: View,
    use_id: str,
    subset: str,
    held: Job,
    spec: AnySpec,
    dataset: str,
) -> None:
    inputs = {(one.dataset, one.version) for one in _inputs(spec)}
    meant = subset_digest(
        row_filter=filter_tag(_own_key(node, dataset), row_filter(view, spec, dataset)),
        inputs=sorted(inputs),
        group_by=query.use(view, use_id).group_by,
    )
    if subset != b64u(meant):
        raise NotPermitted(
            f"expected the rows of {dataset} that are asked about in the log of "
            "questions, found others",
            fix="Ask again, with the query key that its owner hands out.",
            detail={"party": held.coordinator, "rule": "privacy.filter"},
        )
