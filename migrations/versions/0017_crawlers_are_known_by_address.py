"""search engines' crawlers: whether they are let in, who waits to be looked up, and what DNS has shown

Revision ID: 0017
Revises: 0016

"""

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "crawler_claim",
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("noted_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("who", name=op.f("pk_crawler_claim")),
    )
    op.create_table(
        "crawler_network",
        sa.Column("cidr", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("expires_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cidr", name=op.f("pk_crawler_network")),
    )
    for table, column in {"crawler_claim": "noted_at", "crawler_network": "expires_at"}.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.add_column(sa.Column("crawlers_read", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade():
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_column("crawlers_read")
    op.drop_table("crawler_network")
    op.drop_table("crawler_claim")
