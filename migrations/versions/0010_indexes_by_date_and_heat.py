"""indexes that SQLite chooses well without statistics: by date and by heat before the status, which nearly all share

Revision ID: 0010
Revises: 0009

"""

from alembic import op


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_status_published_at")
        batch_op.drop_index("ix_article_status_heat")
        batch_op.create_index("ix_article_published_at_status", ["published_at", "status"], unique=False)
        batch_op.create_index("ix_article_heat_status", ["heat", "status"], unique=False)
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_comment_article_id_state_written_at", ["article_id", "state", "written_at"], unique=False
        )


def downgrade():
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.drop_index("ix_comment_article_id_state_written_at")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_published_at_status")
        batch_op.drop_index("ix_article_heat_status")
        batch_op.create_index("ix_article_status_published_at", ["status", "published_at"], unique=False)
        batch_op.create_index("ix_article_status_heat", ["status", "heat"], unique=False)
