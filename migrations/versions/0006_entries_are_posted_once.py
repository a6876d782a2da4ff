"""a liveblog's entry knows the form that posted it, so that it is posted once

Revision ID: 0006
Revises: 0005

"""

from alembic import op
import sqlalchemy as sa


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("live_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("once_key", sa.String(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_live_entry_once_key"), ["once_key"])


def downgrade():
    with op.batch_alter_table("live_entry", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_live_entry_once_key"), type_="unique")
        batch_op.drop_column("once_key")
