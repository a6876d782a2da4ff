"""Databases for tests, with every table and no row, in as little time as can be."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy

from models import db


@cache
def blank() -> Path:
    """An SQLite file with every table in it, to be copied: to make them anew takes longer than most tests."""
    file = Path(tempfile.mkdtemp(prefix="blank-")) / "masthead.db"
    atexit.register(shutil.rmtree, file.parent, ignore_errors=True)
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    db.metadata.create_all(engine.execution_options(writes=True))
    engine.dispose()
    return file


@contextmanager
def administer(server: str) -> Iterator[Callable[[str], object]]:
    """What runs a statement outside any transaction: a database is made and dropped so."""
    engine = sqlalchemy.create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection.exec_driver_sql
    engine.dispose()


def empty(whole: sqlalchemy.Engine) -> None:
    """No row in any table of this PostgreSQL, and numbers from 1 again; whoever was still connected is sent away.

    Rows are deleted from the tables that have some, which are few. TRUNCATE makes new files: ten times as long.
    """
    tables = db.metadata.sorted_tables
    asked = " UNION ALL ".join(f"SELECT '{t.name}' WHERE EXISTS (SELECT FROM \"{t.name}\")" for t in tables)
    with whole.begin() as connection:
        run = connection.exec_driver_sql
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        filled = [name for (name,) in run(asked)]
        run("SET LOCAL session_replication_role = replica")  # foreign keys do not look: all goes
        for name in filled:
            run(f'DELETE FROM "{name}"')
        run("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")
