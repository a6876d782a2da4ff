"""reading and discovery

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 03:49:05.054701

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    # Rows that are there already get a value; the models give new rows theirs.
    op.create_table(
        "contribution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution")),
    )
    op.create_table(
        "redirect",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redirect")),
        sa.UniqueConstraint("path", name=op.f("uq_redirect_path")),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("slug", name=op.f("uq_series_slug")),
    )
    op.create_table(
        "term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hanzi", sa.String(), nullable=False),
        sa.Column("pinyin", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint("hanzi", name=op.f("uq_term_hanzi")),
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_correction_article_id_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_article_id"), ["article_id"], unique=False)

    op.create_table(
        "read_story",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_read_story_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_read_story_article_id_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "article_id", name=op.f("pk_read_story")),
    )
    with op.batch_alter_table("read_story", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_read_story_article_id"), ["article_id"], unique=False)

    op.create_table(
        "saved_story",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_saved_story_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_saved_story_article_id_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "article_id", name=op.f("pk_saved_story")),
    )
    with op.batch_alter_table("saved_story", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_saved_story_article_id"), ["article_id"], unique=False)

    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("heat", sa.Double(), server_default=sa.text("0"), nullable=False))
        batch_op.add_column(sa.Column("series_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("series_position", sa.Integer(), server_default=sa.text("0"), nullable=False))
        batch_op.add_column(sa.Column("live_version", sa.Integer(), server_default=sa.text("0"), nullable=False))
        batch_op.create_index(batch_op.f("ix_article_heat"), ["heat"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_series_id"), ["series_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_article_series_id_series"), "series", ["series_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gated_in_feeds", sa.String(), server_default=sa.text("''"), nullable=False))

    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_comment_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_comment_state_written_at", ["state", "written_at"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_comment_account_id_account"), "account", ["account_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("live_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_pinned", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("correction", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False))

    with op.batch_alter_table("picture", schema=None) as batch_op:
        batch_op.add_column(sa.Column("widths", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("name", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("alt", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("caption", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("credit", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("source_url", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("licence", sa.String(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(
            sa.Column(
                "added_at", sa.DateTime(timezone=True), server_default=sa.text("'2026-11-24 00:00:00'"), nullable=False
            )
        )
        batch_op.add_column(sa.Column("imported_from", sa.String(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_picture_imported_from"), ["imported_from"])

    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("gated_in_feeds", sa.String(), server_default=sa.text("'teaser'"), nullable=False)
        )


def downgrade():
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.drop_column("gated_in_feeds")

    with op.batch_alter_table("picture", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_picture_imported_from"), type_="unique")
        batch_op.drop_column("imported_from")
        batch_op.drop_column("added_at")
        batch_op.drop_column("licence")
        batch_op.drop_column("source_url")
        batch_op.drop_column("credit")
        batch_op.drop_column("caption")
        batch_op.drop_column("alt")
        batch_op.drop_column("name")
        batch_op.drop_column("widths")

    with op.batch_alter_table("live_entry", schema=None) as batch_op:
        batch_op.drop_column("version")
        batch_op.drop_column("removed_at")
        batch_op.drop_column("correction")
        batch_op.drop_column("corrected_at")
        batch_op.drop_column("is_pinned")

    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_comment_account_id_account"), type_="foreignkey")
        batch_op.drop_index("ix_comment_state_written_at")
        batch_op.drop_index(batch_op.f("ix_comment_account_id"))
        batch_op.drop_column("account_id")
        batch_op.drop_column("source")

    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.drop_column("gated_in_feeds")

    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_article_series_id_series"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_article_series_id"))
        batch_op.drop_index(batch_op.f("ix_article_heat"))
        batch_op.drop_column("live_version")
        batch_op.drop_column("series_position")
        batch_op.drop_column("series_id")
        batch_op.drop_column("heat")

    with op.batch_alter_table("saved_story", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_saved_story_article_id"))

    op.drop_table("saved_story")
    with op.batch_alter_table("read_story", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_read_story_article_id"))

    op.drop_table("read_story")
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_correction_article_id"))

    op.drop_table("correction")
    op.drop_table("term")
    op.drop_table("series")
    op.drop_table("redirect")
    op.drop_table("contribution")
