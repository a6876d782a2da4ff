"""the story on top is found without reading the others

Revision ID: 0007
Revises: 0006

"""

from alembic import op


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_article_is_lead_published_at"), ["is_lead", "published_at"], unique=False
        )


def downgrade():
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_is_lead_published_at"))
