"""The first tables.

Revision 0001, 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of version 0.1."""
    op.create_table(
        "blob",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job", "name"),
    )
    op.create_table(
        "document",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("summary_json", sa.LargeBinary(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("staged", sa.Integer(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_draft_created", "draft", ["created"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("deadline", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("ledger_id", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("heartbeat", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.String(), nullable=False),
        sa.Column("problem_json", sa.LargeBinary(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_job_ledger_id", "job", ["ledger_id"], unique=False)
    op.create_index("ix_job_phase", "job", ["phase"], unique=False)
    op.create_index("job_by_age", "job", ["created", "id"], unique=False)
    op.create_table(
        "person",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kid"),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_receipt_index", "receipt", ["index"], unique=False)
    op.create_table(
        "request",
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers_json", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key"),
    )
    op.create_index("ix_request_created", "request", ["created"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("grant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("use_by_dataset", "use", ["dataset", "id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["receipt"], ["receipt.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("receipt", "name"),
    )
    op.create_table(
        "dataset",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("sheet", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sheet"],
            ["sheet.id"],
        ),
        sa.PrimaryKeyConstraint("dataset"),
    )
    op.create_table(
        "draft_row",
        sa.Column("draft", sa.String(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("fields_json", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["draft"], ["draft.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft", "idx"),
    )
    op.create_table(
        "row",
        sa.Column("sheet", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("values_json", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sheet"], ["sheet.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sheet", "idx"),
    )
    op.create_index("row_by_key", "row", ["sheet", "key"], unique=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("row")
    op.drop_table("draft_row")
    op.drop_table("dataset")
    op.drop_table("attachment")
    op.drop_table("use")
    op.drop_table("sheet")
    op.drop_table("setting")
    op.drop_table("request")
    op.drop_table("receipt")
    op.drop_table("person")
    op.drop_table("job")
    op.drop_table("draft")
    op.drop_table("document")
    op.drop_table("blob")
