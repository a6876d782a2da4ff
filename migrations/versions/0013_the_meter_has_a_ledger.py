"""the meter: a ledger of reads, stories that patrons read first or that are set free, and what the magazine asks

Revision ID: 0013
Revises: 0012

"""

import sqlalchemy as sa
from alembic import op

import models.base
from models.metering import Mode

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "meter_read",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_meter_read_article_id_article"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("reader", "period", "slot", name=op.f("pk_meter_read")),
        sa.UniqueConstraint("reader", "period", "article_id", name=op.f("uq_meter_read_reader_period_article_id")),
    )
    with op.batch_alter_table("meter_read", schema=None) as batch_op:
        batch_op.create_index("ix_meter_read_period", ["period"], unique=False)
        batch_op.create_index(batch_op.f("ix_meter_read_article_id"), ["article_id"], unique=False)
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("free_from", models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("set_free_at", models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_article_free_from", ["free_from"], unique=False)
    with op.batch_alter_table("publication", schema=None) as batch_op:
        mode = models.base.ShortEnum(Mode)
        batch_op.add_column(sa.Column("reading_mode", mode, nullable=False, server_default=Mode.METER.value))
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.alter_column("reading_mode", server_default=None)


def downgrade():
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_column("reading_mode")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_free_from")
        batch_op.drop_column("set_free_at")
        batch_op.drop_column("free_from")
    op.drop_table("meter_read")
