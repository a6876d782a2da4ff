"""Databases for tests, with every table and no row, in as little time as can be."""

import atexit
import shutil
import tempfile
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


def empty(connection: sqlalchemy.Connection) -> None:
    """No row in any table, and numbers from 1 again. TRUNCATE makes new files: only of tables that have rows."""
    tables = db.metadata.sorted_tables
    asked = " UNION ALL ".join(f"SELECT '{t.name}' WHERE EXISTS (SELECT FROM \"{t.name}\")" for t in tables)
    filled = [name for (name,) in connection.exec_driver_sql(asked)]
    if filled:
        names = ", ".join(f'"{name}"' for name in filled)
        connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
