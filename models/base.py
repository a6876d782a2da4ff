"""The database handle, and the column types every table shares."""

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, Enum, MetaData, String, event
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

NAMES = {  # every constraint has a name, so that a migration can speak of it
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


MAPPED = f"mmap_size={2**30}"  # bytes of the file that are read from memory without a copy


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept as UTC. Refuses a time without a zone: SQLite would forget that it had none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ShortEnum(TypeDecorator[StrEnum]):
    """A StrEnum stored by value ("pending"), as text: a new member needs no migration."""

    impl = String(20)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.kind(value)


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={datetime: UtcDateTime(), Enum: String(20)},
    )


db = SQLAlchemy(model_class=Base)


def new_public_id() -> str:
    """128 random bits, safe in an address: names a row to the outside without telling how many there are."""
    return secrets.token_urlsafe(16)


def utcnow() -> datetime:
    """Now, aware. Only the edge and column defaults ask; rules are given `now`."""
    return datetime.now(UTC)


def begin_write(*, alone: bool = False) -> None:
    """Start the transaction that changes rows, ending the one that only read.

    SQLite takes its write lock here (BEGIN IMMEDIATE): a read that later turns into a write could otherwise be
    refused at once, with no waiting. Nothing slow may follow before `commit()`: no call out, no password hashing.

    `alone`: one statement is all there is to it. SQLite then holds its lock for that statement only, not for what
    Python does around it, and commits it by itself.
    """
    db.session.commit()
    db.session.connection(execution_options={"writes": True, "alone": alone})


@event.listens_for(Engine, "connect")
def _set_up_sqlite(connection: Any, _record: Any) -> None:
    if type(connection).__module__.partition(".")[0] != "sqlite3":
        return
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000", MAPPED):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        options = connection.get_execution_options()
        if options.get("writes") and not options.get("alone"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif not options.get("alone"):  # waits for nobody, so it cannot fail, and goes the short way
            connection.connection.driver_connection.execute("BEGIN")
