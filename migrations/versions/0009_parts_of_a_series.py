"""the published parts of a series come from one index

Revision ID: 0009
Revises: 0008

"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(
            "ix_article_series_id_status_published_at", ["series_id", "status", "published_at"], unique=False
        )
        batch_op.drop_index(batch_op.f("ix_article_series_id"))


def downgrade():
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_series_id"), ["series_id"], unique=False)
        batch_op.drop_index("ix_article_series_id_status_published_at")
