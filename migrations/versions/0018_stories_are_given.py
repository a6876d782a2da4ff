"""gift links and who opened a story by one; feeds of patrons' own

Revision ID: 0018
Revises: 0017

"""

import sqlalchemy as sa
from alembic import op

import models.base
from models.gift import GiftKind

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "gift_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("giver_id", sa.Integer(), nullable=True),
        sa.Column("kind", models.base.ShortEnum(GiftKind), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_gift_link_article_id_article"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["giver_id"], ["account.id"], name=op.f("fk_gift_link_giver_id_account"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_link")),
        sa.UniqueConstraint("public_id", name=op.f("uq_gift_link_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_gift_link_token_hash")),
    )
    with op.batch_alter_table("gift_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gift_link_article_id"), ["article_id"], unique=False)
        batch_op.create_index("ix_gift_link_giver_id_created_at", ["giver_id", "created_at"], unique=False)
    op.create_table(
        "gift_opening",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("gift_id", sa.Integer(), nullable=False),
        sa.Column("at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["gift_id"], ["gift_link.id"], name=op.f("fk_gift_opening_gift_id_gift_link"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reader", "gift_id", name=op.f("pk_gift_opening")),
    )
    with op.batch_alter_table("gift_opening", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gift_opening_gift_id"), ["gift_id"], unique=False)
    op.create_table(
        "private_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_private_feed_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_private_feed")),
        sa.UniqueConstraint("public_id", name=op.f("uq_private_feed_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_private_feed_token_hash")),
    )
    with op.batch_alter_table("private_feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_private_feed_account_id"), ["account_id"], unique=False)


def downgrade():
    op.drop_table("private_feed")
    op.drop_table("gift_opening")
    op.drop_table("gift_link")
