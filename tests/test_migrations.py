"""What the migrations build is what the models declare, on both databases."""

from datetime import UTC, datetime
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import MetaData, Table

from app import create_app
from models import Article, Comment, db
from models.search_index import is_of_one_database

STATES = {"kind": "article", "status": "published", "access": "free", "source_format": "markdown"}


def site(data: Path, database_url: str) -> Flask:
    return create_app(
        {
            "DATA": data,
            "DATABASE_URL": database_url,
            "SECRET_KEY": "for tests only",
            "STRIPE_SECRET_KEY": "sk_test_masthead",
            "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
        }
    )


def declared(name: str | None, _kind: str, _parents: object) -> bool:
    """What finds words is made for each database in its own way, which no model declares."""
    return not is_of_one_database(name)


def test_migrations_build_what_the_models_declare(tmp_path: Path, empty_database_url: str) -> None:
    app = site(tmp_path, empty_database_url)
    folder = str(Path(app.root_path, "migrations"))
    with app.app_context():
        upgrade(folder)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": declared})
            assert compare_metadata(context, db.metadata) == []
        downgrade(folder, revision="base")
        with db.engine.connect() as connection:
            assert set(db.inspect(connection).get_table_names()) <= {"alembic_version"}
        db.engine.dispose()


def test_the_second_migration_keeps_what_a_running_magazine_has(tmp_path: Path, empty_database_url: str) -> None:
    """SQLite makes a table anew to change it: what hangs on its rows must not go with the old one."""
    app = site(tmp_path, empty_database_url)
    folder = str(Path(app.root_path, "migrations"))
    with app.app_context():
        upgrade(folder, revision="0001")
        with db.engine.begin() as connection:
            old = MetaData()
            old.reflect(connection, only=["category", "author", "article", "byline", "comment", "live_entry"])
            for name, given in {
                "category": {"id": 1},
                "author": {"id": 1},
                "article": {"id": 1, "category_id": 1, "slug": "kept"} | STATES,
                "byline": {"article_id": 1, "author_id": 1},
                "comment": {"id": 1, "article_id": 1, "state": "approved"},
                "live_entry": {"id": 1, "article_id": 1},
            }.items():
                connection.execution_options(writes=True)
                connection.execute(old.tables[name].insert(), filled(old.tables[name], given))
        upgrade(folder)
        story = db.session.scalars(db.select(Article)).one()
        assert (story.slug, story.heat, story.live_version, story.series) == ("kept", 0, 0, None)
        assert [len(rows) for rows in (story.bylines, story.entries, Comment.query.all())] == [1, 1, 1]
        db.session.remove()
        db.engine.dispose()


def filled(table: Table, given: dict[str, object]) -> dict[str, object]:
    """A row with a value of the right kind in every column that wants one."""
    plain = {str: "x", int: 0, bool: False, datetime: datetime(2026, 11, 1, tzinfo=UTC)}
    wanted = [column for column in table.columns if not column.nullable and column.name not in given]
    return {column.name: plain[column.type.python_type] for column in wanted} | given
