"""Where the sandbox keeps what it knows: one SQLite file, one transaction for each request.

An object is stored as the JSON that Stripe would send. What the API never shows (secrets, the sum of a line
before its discount, what a test card will do) stands beside it in `hidden`.
"""

import json
import secrets
import sqlite3
import string
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .wire import API_VERSION, StripeError, Tree, missing_object

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL, created INTEGER NOT NULL,
    due INTEGER, body TEXT NOT NULL, hidden TEXT NOT NULL, UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS object_due ON object (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, seq);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL,
    status INTEGER, detail TEXT NOT NULL DEFAULT '', changed REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS delivery_event ON delivery (event);
CREATE TABLE IF NOT EXISTS reply (
    key TEXT PRIMARY KEY, path TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, request TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS chaos (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, method TEXT NOT NULL, prefix TEXT NOT NULL,
    status INTEGER NOT NULL, seconds REAL NOT NULL, remaining INTEGER NOT NULL
);
"""
_LETTERS = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))


class Store:
    """Hands out transactions. `clock` gives the time in seconds since the epoch."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path, self.clock = path, clock
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.RLock()
        self.after_commit: Callable[[], None] = lambda: None
        self._connection().executescript(SCHEMA)

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._local.connection = connection
            with self._guard:
                self._open.append(connection)
        return self._local.connection

    @contextmanager
    def reading(self) -> Iterator["Transaction"]:
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            yield Transaction(connection, self.clock)
        finally:
            connection.execute("ROLLBACK")

    @contextmanager
    def writing(self, request: str | None = None, key: str | None = None, tell: bool = True) -> Iterator["Transaction"]:
        """Commits unless an exception leaves the block; a StripeError that `keeps` commits too."""
        with self._writing:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection, self.clock, request, key)
            except StripeError as error:
                connection.execute("COMMIT" if error.keeps else "ROLLBACK")
                if error.keeps:
                    self.after_commit()
                raise
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            else:
                connection.execute("COMMIT")
        if tell:
            self.after_commit()

    def forget_thread(self) -> None:
        """Closes the calling thread's connection; for threads that end."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            del self._local.connection
            with self._guard:
                if connection in self._open:
                    self._open.remove(connection)
            connection.close()

    def close(self) -> None:
        with self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()


class Transaction:
    """Reads and writes objects. `request` and `key` are what events say caused them."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        clock: Callable[[], float],
        request: str | None = None,
        key: str | None = None,
    ) -> None:
        self.sql = connection.execute
        self.time = clock()
        self.now = int(self.time)
        self.request, self.key = request, key
        self.origin = ""  # scheme and host the caller used: the hosted pages live there too

    # Objects

    def insert(self, obj: Tree, hidden: Tree | None = None, due: int | None = None) -> Tree:
        self.sql(
            "INSERT INTO object (id, kind, created, due, body, hidden) VALUES (?, ?, ?, ?, ?, ?)",
            (
                obj["id"],
                obj["object"],
                obj.get("created", self.now),
                due,
                json.dumps(obj),
                json.dumps(hidden or {}),
            ),
        )
        return obj

    def save(self, obj: Tree) -> Tree:
        self.sql(
            "UPDATE object SET body = ? WHERE kind = ? AND id = ?",
            (json.dumps(obj), obj["object"], obj["id"]),
        )
        return obj

    def delete(self, kind: str, id: str) -> Tree:
        self.sql("DELETE FROM object WHERE kind = ? AND id = ?", (kind, id))
        return {"id": id, "object": kind, "deleted": True}

    def find(self, kind: str, id: str | None) -> Tree | None:
        row = self.sql("SELECT body FROM object WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return json.loads(row["body"]) if row else None

    def get(self, kind: str, id: str) -> Tree:
        """The object the URL names; 404 when there is none."""
        found = self.find(kind, id)
        if found is None:
            raise missing_object(kind, id, "id" if kind != "checkout.session" else "session", status=404)
        return found

    def named(self, kind: str, id: str, param: str) -> Tree:
        """The object a parameter names; 400 when there is none."""
        found = self.find(kind, id)
        if found is None:
            raise missing_object(kind, id, param)
        return found

    def hidden(self, obj: Tree) -> Tree:
        row = self.sql("SELECT hidden FROM object WHERE kind = ? AND id = ?", (obj["object"], obj["id"])).fetchone()
        return json.loads(row["hidden"])

    def hide(self, obj: Tree, **values: Any) -> None:
        hidden = json.dumps(self.hidden(obj) | values)
        self.sql("UPDATE object SET hidden = ? WHERE kind = ? AND id = ?", (hidden, obj["object"], obj["id"]))

    def due(self, obj: Tree, at: int | None) -> None:
        """When time alone will change this object (None: never)."""
        self.sql("UPDATE object SET due = ? WHERE kind = ? AND id = ?", (at, obj["object"], obj["id"]))

    def overdue(self) -> list[Tree]:
        rows = self.sql("SELECT body FROM object WHERE due <= ? ORDER BY due, seq LIMIT 50", (self.now,))
        return [json.loads(row["body"]) for row in rows.fetchall()]

    def where(self, kind: str, order: str = "ASC", **fields: Any) -> list[Tree]:
        """Objects whose fields have these values; `a__b` reaches into `a.b`."""
        clauses, values = conditions(fields)
        # Field names and order come from our own code; values are bound.
        rows = self.sql(
            f"SELECT body FROM object WHERE kind = ? {clauses} ORDER BY seq {order}",  # noqa: S608
            (kind, *values),
        )
        return [json.loads(row["body"]) for row in rows.fetchall()]

    # Events

    def emit(self, type: str, obj: Tree, previous: Tree | None = None) -> Tree:
        """Writes the event and one delivery for each endpoint that wants it; they go out after the commit."""
        data: Tree = {"object": obj}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": new_id("evt_1"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": self.request, "idempotency_key": self.key},
            "type": type,
        }
        self.insert(event)
        for endpoint in self.where("webhook_endpoint", status="enabled"):
            if wants(endpoint["enabled_events"], type):
                self.sql(
                    "INSERT INTO delivery (event, endpoint, due, changed) VALUES (?, ?, ?, ?)",
                    (event["id"], endpoint["id"], self.time, self.time),
                )
        return event


def wants(enabled: Iterable[str], type: str) -> bool:
    return any(name in ("*", type) for name in enabled)


def conditions(fields: Tree) -> tuple[str, list[Any]]:
    clauses, values = [], []
    for name, value in fields.items():
        path = "$." + ".".join(f'"{part}"' for part in name.split("__"))
        clauses.append(f"AND json_extract(body, '{path}') IS ?")
        values.append(int(value) if isinstance(value, bool) else value)
    return " ".join(clauses), values
