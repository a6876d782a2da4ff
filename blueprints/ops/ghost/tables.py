"""What the first reading keeps of an export's tables but for the stories: in a temporary file of SQLite's."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from blueprints.ops.ghost.reading import Row

# The tables we look at, each with the column by which its rows are asked for.
ASKED_BY = {
    "posts_tags": "post_id",
    "posts_authors": "post_id",
    "posts_meta": "post_id",
    "comments": "post_id",
    "tags": "id",
    "users": "id",
    "members": "id",
    "settings": "key",
    "moments": "id",  # our own: when each post came out
}


class Tables:
    """The memory this takes does not grow with the export."""

    def __init__(self) -> None:
        self.file = sqlite3.connect("", isolation_level=None)  # gone when it is closed
        self.file.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000;"
            "CREATE TABLE line (place INTEGER PRIMARY KEY, name TEXT, owner TEXT, rank INTEGER, body TEXT);"
            "CREATE INDEX line_owner ON line (name, owner);"
        )

    def close(self) -> None:
        self.file.close()

    def add(self, name: str, row: Row) -> bool:
        """False when the table is none that we look at."""
        column = ASKED_BY.get(name)
        if column is None:
            return False
        order = row.get("sort_order")
        rank = order if isinstance(order, int) else 0
        owner = row.get(column)
        given = (name, "" if owner is None else str(owner), rank, json.dumps(row))
        self.file.execute("INSERT INTO line (name, owner, rank, body) VALUES (?, ?, ?, ?)", given)
        return True

    def of(self, name: str, owner: str) -> list[Row]:
        """The rows that belong to one, in their order."""
        found = self.file.execute(
            "SELECT body FROM line WHERE name = ? AND owner = ? ORDER BY rank, place", (name, owner)
        )
        return [json.loads(body) for (body,) in found.fetchall()]

    def one(self, name: str, owner: str) -> Row:
        """The only one, or an empty row."""
        return next(iter(self.of(name, owner)), {})

    def all(self, name: str) -> Iterator[Row]:
        last = 0
        while found := self.file.execute(
            "SELECT place, body FROM line WHERE name = ? AND place > ? ORDER BY place LIMIT 500", (name, last)
        ).fetchall():
            yield from (json.loads(body) for _, body in found)
            last = found[-1][0]

    def said(self, setting: str) -> str:
        """One of Ghost's settings, as text."""
        value: Any = self.one("settings", setting).get("value")
        return value if isinstance(value, str) else ""
