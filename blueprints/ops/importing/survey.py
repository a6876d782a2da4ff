"""What a first reading of an export leaves: short lines, kept in a temporary file of SQLite's, never a text.

So that the second reading can write each story at once, whatever follows it in the file: it knows where every old
address leads, what every medium says of itself, and which address each story gets. The memory this takes does not
grow with the export.
"""

import sqlite3
from collections.abc import Container, Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Any

TABLES = """
CREATE TABLE story (place INTEGER PRIMARY KEY, key TEXT UNIQUE, kind TEXT, number TEXT, title TEXT, wanted TEXT,
                    slug TEXT, is_known INTEGER DEFAULT 0);
CREATE TABLE taken (kind TEXT, slug TEXT, PRIMARY KEY (kind, slug)) WITHOUT ROWID;
CREATE TABLE address (old TEXT PRIMARY KEY, new TEXT) WITHOUT ROWID;
CREATE TABLE medium (number TEXT PRIMARY KEY, address TEXT, alt TEXT, caption TEXT, credit TEXT, parent TEXT,
                     title TEXT);
CREATE TABLE medium_address (address TEXT PRIMARY KEY, number TEXT) WITHOUT ROWID;
CREATE TABLE medium_used (address TEXT PRIMARY KEY, key TEXT, size TEXT, reason TEXT) WITHOUT ROWID;
CREATE TABLE part (number TEXT PRIMARY KEY, body TEXT);
CREATE TABLE former (place INTEGER, old TEXT, PRIMARY KEY (place, old)) WITHOUT ROWID;
CREATE TABLE attached (old TEXT PRIMARY KEY, parent TEXT) WITHOUT ROWID;
CREATE INDEX attached_parent ON attached (parent);
CREATE INDEX story_number ON story (number);
CREATE INDEX medium_parent ON medium (parent);
CREATE INDEX story_slug ON story (slug);
"""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Planned:
    """A story as the first reading saw it. `place` is its place in the file; `slug` the address it gets."""

    place: int
    key: str
    kind: str  # "article" or "page"
    number: str
    title: str
    wanted: str  # its old slug
    slug: str = ""
    is_known: bool = False  # imported before

    @property
    def path(self) -> str:
        return f"/articles/{self.slug}" if self.kind == "article" else f"/{self.slug}"


@dataclass(frozen=True, slots=True)
class Medium:
    """A picture, a recording, any file of the old site, and what is said of it there."""

    number: str
    address: str
    alt: str = ""
    caption: str = ""
    credit: str = ""
    parent: str = ""  # the number of the story it was uploaded for
    title: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """What became of a medium: a picture of ours, or the reason why not."""

    key: str = ""
    size: tuple[int, ...] = ()  # as `Picture.size` has it
    reason: str = ""


class Survey:
    """Every method is a look-up or an entry; entries never replace an earlier one."""

    def __init__(self) -> None:
        self.file = sqlite3.connect("", isolation_level=None)  # SQLite's own temporary file, gone when it is closed
        self.file.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000;" + TABLES)

    def close(self) -> None:
        self.file.close()

    # Stories

    def add_story(self, story: Planned) -> bool:
        """False when its key was there already."""
        row = (story.place, story.key, story.kind, story.number, story.title, story.wanted, story.slug)
        return self._add("story (place, key, kind, number, title, wanted, slug)", row)

    def story(self, place: int) -> Planned | None:
        return next(self._stories("place = ?", place), None)

    def story_of_key(self, key: str) -> Planned | None:
        return next(self._stories("key = ?", key), None)

    def story_at(self, path: str) -> Planned | None:
        """The story that gets this address: "/articles/boat"."""
        slug = path.rpartition("/")[2]
        return next((story for story in self._stories("slug = ?", slug) if story.path == path), None)

    def stories(self) -> Iterator[Planned]:
        """All, in the order of the file. Others may be entered meanwhile."""
        last = -1
        while rows := list(self._stories("place > ? ORDER BY place LIMIT ?", last, AT_ONCE)):
            yield from rows
            last = rows[-1].place

    def how_many(self) -> int:
        return int(self.file.execute("SELECT count(*) FROM story").fetchone()[0])

    def know(self, slugs: dict[str, str]) -> None:
        """These keys are here already, under these slugs."""
        self.file.executemany(
            "UPDATE story SET slug = ?, is_known = 1 WHERE key = ?", [(slug, key) for key, slug in slugs.items()]
        )

    def settle(self, place: int, slug: str) -> None:
        self.file.execute("UPDATE story SET slug = ? WHERE place = ?", (slug, place))

    def take(self, kind: str, slugs: Iterable[str]) -> None:
        """These slugs are not free."""
        self.file.executemany("INSERT OR IGNORE INTO taken VALUES (?, ?)", ((kind, slug) for slug in slugs))

    def is_taken(self, kind: str, slug: str) -> bool:
        found = self.file.execute("SELECT 1 FROM taken WHERE kind = ? AND slug = ?", (kind, slug))
        return found.fetchone() is not None

    def free_slug(self, kind: str, plain: str, reserved: Container[str] = ()) -> str:
        """`plain`, or with the first number that makes it free; it is taken then."""
        slug, number = plain, 1
        while slug in reserved or not self._add("taken (kind, slug)", (kind, slug)):
            number += 1
            slug = f"{plain}-{number}"
        return slug

    # Addresses

    def add_formers(self, place: int, olds: Iterable[str]) -> None:
        """The addresses that a story had."""
        for old in olds:
            self._add("former (place, old)", (place, old))

    def add_attached(self, olds: Iterable[str], parent: str) -> None:
        """The addresses of a page that showed a medium: it leads to the story with the number `parent`."""
        for old in olds:
            self._add("attached (old, parent)", (old, parent))

    def formers(self, story: Planned) -> list[str]:
        """All the addresses that lead to a story now."""
        rows = self.file.execute(
            "SELECT old FROM former WHERE place = ? UNION SELECT old FROM attached WHERE parent = ? AND parent != ''",
            (story.place, story.number),
        )
        return [old for (old,) in rows.fetchall() if old]

    def lead_all(self) -> None:
        """Every story has its slug: the addresses it had lead to it, its own first, then those of its media."""
        path = "CASE kind WHEN 'article' THEN '/articles/' ELSE '/' END || slug"
        for source in (
            "former JOIN story USING (place) ORDER BY place",
            "attached JOIN story ON story.number = attached.parent AND parent != '' ORDER BY place",
        ):
            self.file.execute(f"INSERT OR IGNORE INTO address SELECT old, {path} FROM {source}")  # noqa: S608

    def lead(self, old: str, new: str) -> None:
        """The first that claims an old address has it."""
        self._add("address (old, new)", (old, new))

    def target(self, old: str) -> str:
        row = self.file.execute("SELECT new FROM address WHERE old = ?", (old,)).fetchone()
        return str(row[0]) if row else ""

    # Media

    def add_medium(self, medium: Medium, addresses: Iterable[str]) -> None:
        """`addresses` in the form of `addresses.without_scheme`."""
        if self._add("medium (number, address, alt, caption, credit, parent, title)", astuple(medium)):
            for address in addresses:
                self._add("medium_address (address, number)", (address, medium.number))

    def medium(self, number: str) -> Medium | None:
        return next(self._media("number = ?", number), None)

    def medium_at(self, addresses: Iterable[str]) -> Medium | None:
        """The first that stood at one of these."""
        for address in addresses:
            row = self.file.execute("SELECT number FROM medium_address WHERE address = ?", (address,)).fetchone()
            if row:
                return self.medium(row[0])
        return None

    def media_of(self, parent: str) -> list[Medium]:
        return list(self._media("parent = ? ORDER BY rowid", parent))

    def use(self, address: str, used: Used) -> None:
        row = (address, used.key, " ".join(map(str, used.size)), used.reason)
        self.file.execute("INSERT OR REPLACE INTO medium_used VALUES (?, ?, ?, ?)", row)

    def used(self, address: str) -> Used | None:
        row = self.file.execute("SELECT * FROM medium_used WHERE address = ?", (address,)).fetchone()
        return Used(row[1], tuple(map(int, row[2].split())), row[3]) if row else None

    def unused_media(self) -> int:
        """How many became no picture of ours."""
        used = "SELECT address FROM medium_used WHERE key != ''"
        return int(self.file.execute(f"SELECT count(*) FROM medium WHERE address NOT IN ({used})").fetchone()[0])  # noqa: S608

    # Parts that several stories hold (WordPress's reusable blocks)

    def add_part(self, number: str, body: str) -> None:
        self._add("part (number, body)", (number, body))

    def part(self, number: str) -> str:
        row = self.file.execute("SELECT body FROM part WHERE number = ?", (number,)).fetchone()
        return str(row[0]) if row else ""

    def _add(self, where: str, row: tuple[Any, ...]) -> bool:
        marks = ", ".join("?" * len(row))
        return self.file.execute(f"INSERT OR IGNORE INTO {where} VALUES ({marks})", row).rowcount == 1  # noqa: S608

    def _stories(self, condition: str, *given: Any) -> Iterator[Planned]:
        columns = "place, key, kind, number, title, wanted, slug, is_known"
        for row in self.file.execute(f"SELECT {columns} FROM story WHERE {condition}", given).fetchall():  # noqa: S608
            yield Planned(*row)

    def _media(self, condition: str, *given: Any) -> Iterator[Medium]:
        columns = "number, address, alt, caption, credit, parent, title"
        for row in self.file.execute(f"SELECT {columns} FROM medium WHERE {condition}", given).fetchall():  # noqa: S608
            yield Medium(*row)
