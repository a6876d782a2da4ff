"""Several lists in one question: the rows of a select as one value, which the database writes as JSON.

Each statement costs Python more than it costs the database; a story's page shows seven lists.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, String, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class json_row(GenericFunction[str]):  # named as SQL names functions
    """One row as a list."""

    type = String()
    inherit_cache = True


class json_rows(GenericFunction[str]):
    """All rows as a list of lists, in the order in which they come."""

    type = String()
    inherit_cache = True


SQL = {
    (json_row, "sqlite"): "json_array({})",
    (json_row, "postgresql"): "json_build_array({})",
    (json_rows, "sqlite"): "json_group_array({})",
    (json_rows, "postgresql"): "coalesce(json_agg({}), '[]')::text",
}


def _written(sql: str) -> Callable[..., str]:
    return lambda element, compiler, **more: sql.format(compiler.process(element.clauses, **more))


for (function, dialect), sql in SQL.items():
    compiles(function, dialect)(_written(sql))


def bundled(found: Select[Any]) -> ScalarSelect[str]:
    """The rows of a select as one column of another; `unbundled` reads it. Texts, numbers and moments only."""
    rows = found.subquery()
    return select(json_rows(json_row(*rows.c))).scalar_subquery()


def unbundled(value: str) -> list[list[Any]]:
    """The rows: a moment is still a text then, which `moment` reads, and SQLite's truth is 0 or 1."""
    rows: list[list[Any]] = json.loads(value)
    return rows


def moment(value: str) -> datetime:
    """A moment as it came. SQLite writes it in UTC and does not say so."""
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
