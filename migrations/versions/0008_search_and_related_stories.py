"""search and related stories

Revision ID: 0008
Revises: 0007

The index is empty at first: `flask search-index` fills it, and so does the worker when it starts.
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# FTS5 keeps its words in the table beside it; triggers hold the two equal. A later migration that makes
# search_entry anew (batch_alter_table) has to make the triggers anew too: they go with the old table.
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5("
    "words, content='search_entry', content_rowid='place', tokenize='ascii', prefix='4 5')",
    "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN "
    "INSERT INTO search_index(rowid, words) VALUES (new.place, new.words); END",
    "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN "
    "INSERT INTO search_index(search_index, rowid, words) VALUES ('delete', old.place, old.words); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN "
    "INSERT INTO search_index(search_index, rowid, words) VALUES ('delete', old.place, old.words); "
    "INSERT INTO search_index(rowid, words) VALUES (new.place, new.words); END",
)


def is_postgresql():
    return op.get_bind().dialect.name == "postgresql"


def upgrade():
    op.create_table(
        "search_entry",
        sa.Column(
            "place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_search_entry_article_id_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("article_id", name=op.f("uq_search_entry_article_id")),
    )
    if is_postgresql():
        op.create_index("ix_search_entry_words", "search_entry", ["words"], postgresql_using="gin")
    else:
        for statement in SQLITE_INDEX:
            op.execute(statement)
    op.create_table(
        "search_word",
        sa.Column("word", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("is_name", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    )
    op.create_table(
        "related_story",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_related_story_article_id_article"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["article.id"], name=op.f("fk_related_story_other_id_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "other_id", name=op.f("pk_related_story")),
    )
    op.create_index(op.f("ix_related_story_other_id"), "related_story", ["other_id"])


def downgrade():
    op.drop_index(op.f("ix_related_story_other_id"), table_name="related_story")
    op.drop_table("related_story")
    op.drop_table("search_word")
    if is_postgresql():
        op.drop_index("ix_search_entry_words", table_name="search_entry")
    else:
        op.execute("DROP TABLE search_index")
    op.drop_table("search_entry")
