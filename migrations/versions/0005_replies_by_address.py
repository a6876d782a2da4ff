"""Replies are found by the address that wrote them.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_comment_email"), "comment", ["email"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_comment_email"), table_name="comment")
