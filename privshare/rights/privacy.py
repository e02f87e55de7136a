"""Units of privacy, and how one is turned into the other: whole numbers only.

Two accounts are kept for a noisy answer, and both are charged:

    grant      micro-ε     what one grantee may learn of a dataset; its terms say
                           how much (`Terms.budget`), answers add up
    dataset    micro-ρ     what all grantees together may learn; the owner says
                           how much (`privacy.account`), answers add up

The dataset's account is kept in ρ, zero-concentrated privacy, because ρ of many
answers may simply be added and the sum still says something: 100 answers of
ρ = 0.005 are together ε = 7.9 at δ = 2^-40, and not 100 times 0.75.

    pure ε        ─► ρ = ε²/2
    ρ             ─► ε = ρ + 2·√(ρ·ln(1/δ)), with probability δ of more

Every conversion rounds up, so that an account never holds less than was spent.
δ is a power of two. Nothing here is a float: the state machine computes the
same numbers everywhere.

Source: Bun and Steinke, "Concentrated differential privacy", TCC 2016,
proposition 1.3 (ρ to ε and δ), proposition 1.4 (ε to ρ), lemma 1.7 (sums).

>>> rho_of_epsilon(1_000_000)           # ε = 1
500000
>>> epsilon_of_rho(5_000, 40)           # ρ = 0.005
749660
>>> epsilon_of_rho(100 * 5_000, 40)
7946595
"""

from __future__ import annotations

from math import isqrt

from privshare.errors import OutOfRange
from privshare.wire import domain
from privshare.wire.canonical import INTEGER_LIMIT, Json, encode
from privshare.wire.digest import digest_json, tagged

__all__ = [
    "MAX_DELTA_BITS",
    "MAX_EPSILON",
    "MAX_RHO",
    "MICRO",
    "MIN_DELTA_BITS",
    "epsilon_of_rho",
    "filter_tag",
    "rho_of_epsilon",
    "subset_digest",
]

#: Millionths of ε and of ρ to one.
MICRO = 1_000_000

#: Largest level of one answer, ε = 100 or ρ = 100: more hides nobody.
MAX_EPSILON = 100 * MICRO
MAX_RHO = 100 * MICRO

#: δ is 2 to minus this.
MIN_DELTA_BITS = 20
MAX_DELTA_BITS = 64

#: ln 2 · 10^9, rounded up.
_LN2_NANO = 693_147_181


def rho_of_epsilon(epsilon: int) -> int:
    """ρ of an answer that is ε-differentially private, rounded up.

    Args:
        epsilon: In micro-ε, 0 to `INTEGER_LIMIT`.

    Raises:
        OutOfRange: A number outside its interval, or a ρ that is.
    """
    _check("epsilon", epsilon, 0, INTEGER_LIMIT - 1)
    rho = -(-epsilon * epsilon // (2 * MICRO))
    return _check("rho", rho, 0, INTEGER_LIMIT - 1)


def epsilon_of_rho(rho: int, delta_bits: int) -> int:
    """ε of answers that are together ρ-zero-concentrated private, rounded up.

    ε = ρ + 2·√(ρ·ln(1/δ))

    Args:
        rho: In micro-ρ, 0 to `INTEGER_LIMIT`.
        delta_bits: δ is 2 to minus this.

    Returns:
        Micro-ε.

    Raises:
        OutOfRange: A number outside its interval, or an ε that is.
    """
    _check("rho", rho, 0, INTEGER_LIMIT - 1)
    _check("delta", delta_bits, MIN_DELTA_BITS, MAX_DELTA_BITS)
    # (2·√(ρ/10^6 · L/10^9) · 10^6)² = 4·ρ·L/10^3, with L = δ bits · ln 2 in 10^-9
    square = -(-4 * rho * delta_bits * _LN2_NANO // 1_000)
    root = isqrt(square)
    root += root * root < square
    return _check("epsilon", rho + root, 0, INTEGER_LIMIT - 1)


def filter_tag(key: bytes, row_filter: Json) -> bytes:
    """What the ledger holds of a filter: equal for equal filters, else nothing.

    A filter can be guessed ("district = Harbour"), so the ledger does not hold
    its digest but one under a key that the owner shares with its grantees.
    Owner and nodes compute the tag again before anything runs: who reserves
    with a tag of another filter gets no answer.

    Args:
        key: The dataset's 32 bytes for this purpose, off the ledger.
        row_filter: The filter as the specification has it; None for all rows.

    Raises:
        OutOfRange: A key of another length.
        EncodingError: A filter that has no canonical form.
    """
    if len(key) != 32:
        raise OutOfRange(f"expected a key of 32 bytes, found {len(key)}")
    return tagged(domain.FILTER, key, encode(row_filter))


def subset_digest(
    *,
    row_filter: bytes,
    inputs: list[tuple[str, int]],
    group_by: tuple[str, ...],
) -> bytes:
    """Name the rows, and their parts, that a statistic was asked of.

    Args:
        row_filter: The filter's tag.
        inputs: Each dataset of the question with its version, in any order.
        group_by: Columns by whose values the answer is split.
    """
    named: list[Json] = [[name, version] for name, version in sorted(inputs)]
    return digest_json(
        domain.SUBSET,
        {
            "filter": row_filter.hex(),
            "group_by": list(group_by),
            "inputs": named,
        },
    )


def _check(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise OutOfRange(f"expected {name} of {low} to {high}, found {value}")
    return value
