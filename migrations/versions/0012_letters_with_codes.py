"""letters that sign in have a code as well, for the browser that asked

Revision ID: 0012
Revises: 0011

"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("sign_in_letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("browser_hash", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("code_hash", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("code_tries", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index(batch_op.f("ix_sign_in_letter_browser_hash"), ["browser_hash"], unique=False)


def downgrade():
    with op.batch_alter_table("sign_in_letter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_letter_browser_hash"))
        batch_op.drop_column("code_tries")
        batch_op.drop_column("code_hash")
        batch_op.drop_column("browser_hash")
