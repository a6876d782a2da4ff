"""What is kept outside the database, and is looked into as answers are: cached pages, letters, files."""

import email
import email.policy
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from flask import Flask
from redis import Redis

from blueprints.ops.postman import send_due
from tests.canary.corpus import Magazine

# The database holds every text: that is what it is for. So does the index beside it, which is never served.
DATABASE = ("masthead.db", "masthead.db-wal", "masthead.db-shm")


def pages(app: Flask) -> Iterator[tuple[str, bytes]]:
    """What the page cache holds in this process.

    caching/bodies.py is left out: it keeps released texts on purpose, in this memory alone, and is asked by POST /read
    after the meter has decided, never by an address. That it is not shared is what `valkey` below shows.
    """
    memory = app.extensions["page_cache"].memory
    for shelf in (memory.pages, memory.asked):
        for key, (entry, _) in shelf.pages.items():
            where = f"page cache, {unquote(key[3])}: {key}"
            yield where, entry.plain or (entry.packed[0] if entry.packed else b"")
            yield where, repr(entry.headers).encode()


def valkey(url: str) -> Iterator[tuple[str, bytes]]:
    """Every key of a Valkey with its value, of whatever type."""
    server: Any = Redis.from_url(url)
    for name in server.scan_iter(count=1000):
        kind = server.type(name).decode()
        value = server.get(name) if kind == "string" else repr(server.hgetall(name)).encode()
        head, _, body = value.partition(b"\n")
        yield f"Valkey, {name.decode()}", name + b"\n" + head
        yield f"Valkey, {name.decode()}", body


def files(app: Flask) -> Iterator[tuple[str, bytes]]:
    """Every file of DATA but the database."""
    for file in sorted(app.config["DATA"].rglob("*")):
        if file.is_file() and file.name not in DATABASE:
            yield f"file {file.name}", file.name.encode() + b"\n" + file.read_bytes()


def letters(app: Flask) -> Iterator[tuple[str, bytes]]:
    """Every letter, as its reader's program shows it."""
    with app.app_context():
        while send_due():
            pass
    for file in sorted((app.config["DATA"] / "mail").glob("*.eml")):
        letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        yield f"letter {letter['Subject']!r}", f"{letter.items()}\n{letter.get_content()}".encode()


def leaks(magazine: Magazine, kept: Iterable[tuple[str, bytes]]) -> list[str]:
    """What is named in the name of its place may be said there: the page of a question says the question."""
    return [f"{where} holds {bird}" for where, data in kept for bird in magazine.aviary.heard(data, where)]
