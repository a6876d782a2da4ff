"""Run the migrations inside the application, on its own engine."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from models.base import ShortEnum, UtcDateTime

migrate = current_app.extensions["migrate"]
metadata = migrate.db.metadata


def plain_type(kind: str, item: Any, _context: Any) -> str | bool:
    """Write our column types as what the database keeps: a migration must not change when the models do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, ShortEnum):
        return "sa.String(length=20)"
    return False


def keep_children(connection: Connection, *, keep: bool) -> None:
    """Let a table be made anew on SQLite without its rows' children going with it.

    Dropping the old table counts as deleting its rows, and ON DELETE CASCADE would follow. The switch works outside a
    transaction only, so it goes past SQLAlchemy, which would begin one.
    """
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys={'OFF' if keep else 'ON'}")


def run() -> None:
    with migrate.db.engine.connect().execution_options(writes=True) as connection:
        keep_children(connection, keep=True)
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_item=plain_type,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        keep_children(connection, keep=False)


run()
