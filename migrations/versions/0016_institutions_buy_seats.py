"""institutions: seats by e-mail domain or by address

Revision ID: 0016
Revises: 0015

"""

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "institution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("ends_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
    )
    for table, column in {"institution_domain": "domain", "institution_range": "cidr"}.items():
        subdomains = [sa.Column("with_subdomains", sa.Boolean(), nullable=False)] if column == "domain" else []
        op.create_table(
            table,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("institution_id", sa.Integer(), nullable=False),
            sa.Column(column, sa.String(), nullable=False),
            *subdomains,
            owner(table),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint(column, name=op.f(f"uq_{table}_{column}")),
        )
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_institution_id"), ["institution_id"], unique=False)
    op.create_table(
        "seat",
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", models.base.UtcDateTime(timezone=True), nullable=False),
        owner("seat"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_seat_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("institution_id", "account_id", name=op.f("pk_seat")),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.create_index("ix_seat_account_id", ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_seat_last_used_at"), ["last_used_at"], unique=False)
    op.create_table(
        "day_reader",
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        owner("day_reader"),
        sa.PrimaryKeyConstraint("institution_id", "day", "reader", name=op.f("pk_day_reader")),
    )


def owner(table):
    return sa.ForeignKeyConstraint(
        ["institution_id"],
        ["institution.id"],
        name=op.f(f"fk_{table}_institution_id_institution"),
        ondelete="CASCADE",
    )


def downgrade():
    for table in ("day_reader", "seat", "institution_range", "institution_domain", "institution"):
        op.drop_table(table)
