"""popular stories come from an index; reads of before get their heat, as if all had come when the story went out

Revision ID: 0004
Revises: 0003

"""

import math
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EPOCH, HALF_LIFE = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=7)  # of models/heat.py when this was written


def heat(reads, at):
    at = at if at.tzinfo else at.replace(tzinfo=UTC)  # SQLite keeps UTC without saying so
    return (at - EPOCH) / HALF_LIFE + math.log2(reads)


def upgrade():
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_heat"))
        batch_op.create_index("ix_article_status_heat", ["status", "heat"], unique=False)

    article = sa.table(
        "article",
        sa.column("id", sa.Integer),
        sa.column("reads", sa.Integer),
        sa.column("heat", sa.Double),
        sa.column("published_at", sa.DateTime(timezone=True)),
    )
    connection = op.get_bind()
    read = sa.select(article.c.id, article.c.reads, article.c.published_at).where(
        article.c.reads > 0, article.c.heat == 0, article.c.published_at.is_not(None)
    )
    changes = [{"story": row.id, "warm": heat(row.reads, row.published_at)} for row in connection.execute(read).all()]
    if changes:
        warmed = sa.update(article).where(article.c.id == sa.bindparam("story")).values(heat=sa.bindparam("warm"))
        connection.execute(warmed, changes)


def downgrade():
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_status_heat")
        batch_op.create_index(batch_op.f("ix_article_heat"), ["heat"], unique=False)
