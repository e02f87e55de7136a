"""The regression: three machines compute on columns that none of them may see.

The machines are simulated and protect nothing, which the story says: it shows the
protocol. Beside the coefficients stands what the plain columns give, by exact
fractions, which only this process can compute.

    Fit ─► program listed, owners' policies, grants ─► net.mpc ─► coefficients
        └► plain(fit) ─► the same, by hand
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from privshare.demo.attested import soon
from privshare.demo.cluster import HOST
from privshare.demo.drawer import StoryError
from privshare.demo.narrator import Narrator
from privshare.demo.scene import PROGRAM, PURPOSE, Fit, K, Scene
from privshare.demo.trio import TRUST_CLASS, Trio

if TYPE_CHECKING:
    from privshare.sdk.call import Blocking
    from privshare.sdk.client import Client
    from privshare.sdk.shares_result import SharesResult

__all__ = [
    "ROOTS_FILE",
    "Computed",
    "Term",
    "plain",
    "run_regression",
    "tell_regression",
]

ROOTS_FILE = "shares-roots.json"
#: How far a coefficient may be from the plain one, in parts of it or of its error.
TOLERANCE = 1e-5

Connect = Callable[[str, str], "Client[Blocking]"]


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a regression.

    Attributes:
        name: The column, or `intercept`.
        coefficient: How much more of y for one more of it.
        error: Its standard error.
    """

    name: str
    coefficient: float
    error: float


@dataclass(frozen=True, slots=True)
class Computed:
    """What came of the run.

    Attributes:
        terms: As the nodes computed them.
        result: With its receipt, verified.
        receipt: The file.
        seconds: From the question to the verified receipt.
    """

    terms: tuple[Term, ...]
    result: SharesResult
    receipt: Path
    seconds: float


def run_regression(
    trio: Trio, connect: Connect, scene: Scene, folder: Path
) -> Computed:
    """List the program, set the owners' policies, ask for rights, compute.

    Args:
        trio: The three machines.
        connect: Connects to an agency as somebody of a role.
        scene: With a regression to make.
        folder: Where receipt and roots go, apart from those of real evidence.
    """
    fit = scene.fit
    assert fit is not None
    code = connect(HOST, "operator").programs.propose(PROGRAM).str("code")
    owners = [bureau.agency for bureau in fit.bureaus]
    voters = [bureau.agency for bureau in scene.bureaus][: len(scene.bureaus) // 2 + 1]
    policy = trio.policy_for(code)

    def prepare(agency: str) -> None:
        steward = connect(agency, "steward")
        if agency in voters:
            soon(steward, code)
        if agency in owners:
            steward.programs.set_policy(policy)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(prepare, dict.fromkeys([*voters, *owners])))
    analyst = connect(scene.analyst, "analyst")
    analyst._session.roots = trio.roots
    wishes = [
        analyst.dataset(bureau.name).request(
            purpose=PURPOSE,
            operations=["run"],
            columns=fit.columns(bureau),
            k=K,
            programs=[code],
        )
        for bureau in fit.bureaus
    ]
    for wish in wishes:
        wish.wait(30)  # the policies let the owners' nodes grant it
    begun = time.monotonic()
    query = analyst.mpc.linreg(
        y=fit.ref(fit.y),
        X=[fit.ref(one) for one in fit.x],
        aligned_by=fit.aligned_by,
        bounds=bounds(fit),
        purpose=PURPOSE,
        nodes=trio.nodes,
    )
    result = query.run(accept=(TRUST_CLASS,))
    seconds = time.monotonic() - begun
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ROOTS_FILE).write_bytes(trio.roots.documents[0])
    file = result.receipt.save(folder / "regression.psr")
    terms = tuple(
        Term(one["name"], float(one["coefficient"]), float(one["standard_error"]))
        for one in result["terms"]
    )
    return Computed(terms, result, file, seconds)


def tell_regression(done: Computed, fit: Fit, tell: Narrator) -> str:
    """Show the coefficients beside those of the plain columns.

    Raises:
        StoryError: They differ by more than what the program promises.
    """
    rows: list[tuple[object, ...]] = []
    for found, truth in zip(done.terms, plain(fit), strict=True):
        for one, other in (
            (found.coefficient, truth.coefficient),
            (found.error, truth.error),
        ):
            if abs(one - other) > TOLERANCE * max(abs(other), truth.error):
                raise StoryError(f"{found.name}: expected {other}, found {one}")
        rows.append(
            (
                found.name,
                f"{found.coefficient:,.4f}",
                f"{truth.coefficient:,.4f}",
                f"{found.error:,.4f}",
                f"{truth.error:,.4f}",
            )
        )
    tell.table(
        f"{fit.y[1]} explained by {' and '.join(name for name, _ in fit.named())}",
        ("term", "on shares", "plain", "std. error", "plain"),
        rows,
    )
    nodes = ", ".join(done.result.roots)
    tell.good(
        f"{nodes} computed on pieces of {len(fit.bureaus)} bureaus' columns, two of "
        f"three each: random numbers ({done.result.model})"
    )
    tell.say(
        "SIMULATED machines: nothing is measured, nothing is protected; it shows the "
        "protocol"
    )
    return f"{len(rows)} terms equal to the plain ones; {done.seconds:.1f} s"


def bounds(fit: Fit) -> dict[str, tuple[int, int]]:
    """Public intervals: to the next power of ten, in each column's smallest unit."""
    found = {}
    for name, values in (("y", fit.values(fit.y)), *fit.named()):
        places = max(-int(value.as_tuple().exponent) for value in values)
        largest = max(abs(int(value.scaleb(places))) for value in values)
        top = 10 ** len(str(largest))
        found[name] = (0 if min(values) >= 0 else -top, top)
    return found


def plain(fit: Fit) -> tuple[Term, ...]:
    """The regression by hand: least squares in exact fractions."""
    y = list(map(Fraction, fit.values(fit.y)))
    columns = [[Fraction(1)] * len(y)]
    columns += [list(map(Fraction, values)) for _, values in fit.named()]
    products = [[_dot(one, other) for other in columns] for one in columns]
    inverse = _inverse(products)
    right = [_dot(one, y) for one in columns]
    beta = [_dot(row, right) for row in inverse]
    left = _dot(y, y) - _dot(beta, right)
    variance = left / (len(y) - len(beta))
    names = ["intercept", *(name for name, _ in fit.named())]
    return tuple(
        Term(name, float(b), sqrt(variance * inverse[i][i]))
        for i, (name, b) in enumerate(zip(names, beta, strict=True))
    )


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))


def _inverse(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """By elimination; the products of columns that are independent."""
    size = len(matrix)
    rows = [
        [*row, *(Fraction(i == j) for j in range(size))] for i, row in enumerate(matrix)
    ]
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = [one / pivot for one in rows[i]]
        for j in range(size):
            if j != i:
                factor = rows[j][i]
                rows[j] = [
                    b - factor * a for a, b in zip(rows[i], rows[j], strict=True)
                ]
    return [row[size:] for row in rows]
