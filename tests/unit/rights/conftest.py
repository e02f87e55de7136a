"""Terms, grants and rows that the tests of this floor start from."""

from __future__ import annotations

import pytest

from privshare.rights.schema import Column, Schema
from privshare.rights.terms import Terms


@pytest.fixture
def terms() -> Terms:
    """Terms with something in every field."""
    return Terms(
        dataset="taxes/returns-2025",
        grantee="housing",
        right="process",
        purpose="housing-policy",
        operations=("count", "sum"),
        programs=("he.sum/v2", "mpc.sum/v1"),
        columns=("income", "tax_paid"),
        group_by=("district",),
        not_before=1_000,
        not_after=2_000,
        uses=3,
        budget=1_000,
        output="aggregate",
        k=20,
        delegable=2,
        obligations=("delete-after-use",),
        policy=bytes(range(32)),
    )


@pytest.fixture
def schema() -> Schema:
    """One column of each type, and one that may be null."""
    return Schema(
        (
            Column("parcel", "string"),
            Column("rooms", "int", minimum=0, maximum=99),
            Column("tax_paid", "decimal", scale=2),
            Column("sold", "date", nullable=True),
            Column("district", "category", categories=("east", "west")),
            Column("heated", "bool"),
        ),
        key="parcel",
    )
